"""The metrics as docs/metrics.md lists them, which a test of the daemon's holds to what it exports.

What dashboards and alerts may name is read from there, so that neither can ask for what nobody counts.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "metrics.md"
KEYS_PAGE = ROOT / "docs" / "keys.md"
TYPES = {"counter", "gauge", "histogram", "info", "stateset"}
HISTOGRAM_SUFFIXES = {"_bucket": frozenset({"le"}), "_sum": frozenset(), "_count": frozenset()}

# Set by Prometheus on every series that it scrapes.
TARGET_LABELS = frozenset({"job", "instance"})
# Series that Prometheus itself writes for every target.
TARGET_SERIES = ("up", "scrape_duration_seconds", "scrape_samples_scraped")


@dataclass(frozen=True)
class Metric:
    """One row of the page's table."""

    name: str
    type: str  # one of TYPES
    labels: frozenset[str]
    help: str
    buckets: str = ""  # of a histogram: what the page calls their bounds

    def series(self) -> dict[str, frozenset[str]]:
        """The names under which it is scraped, each with its labels but those of the target."""
        if self.type != "histogram":
            return {self.name: self.labels}
        return {self.name + suffix: self.labels | more for suffix, more in HISTOGRAM_SUFFIXES.items()}


def rows(text: str, header: tuple[str, ...]) -> Iterator[list[str]]:
    """The cells of each row of every table with these headings."""
    inside = False
    for line in text.splitlines():
        if not line.startswith("|"):
            inside = False
            continue
        cells = [cell.strip().replace(r"\|", "|") for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]
        if tuple(cells) == header:
            inside = True
        elif inside and not set("".join(cells)) <= set("-: "):
            assert len(cells) == len(header), f"a row of {len(cells)} cells: {line}"
            yield cells


def read_metrics(text: str) -> dict[str, Metric]:
    """Every metric of a page like docs/metrics.md, by its name."""
    metrics: dict[str, Metric] = {}
    for name, kind, labels, words in rows(text, ("metric", "type", "labels", "is")):
        assert re.fullmatch(r"`[a-z][a-z0-9_]*`", name), f"{name} is no metric's name"
        base, _, buckets = kind.partition(", ")
        metric = Metric(
            name.strip("`"), base, frozenset(part for part in labels.split(", ") if part), words, buckets)
        assert metric.type in TYPES, f"{name} has the type {metric.type}"
        assert metric.name not in metrics, f"{name} stands there twice"
        metrics[metric.name] = metric
    return metrics


def read_values(text: str) -> dict[tuple[str, str], frozenset[str]]:
    """The closed lists of label values, by metric and label."""
    closed: dict[tuple[str, str], frozenset[str]] = {}
    for label, names, values in rows(text, ("label", "of", "values")):
        for name in names.split(", "):
            closed[name.strip("`"), label.strip("`")] = frozenset(values.split(", "))
    return closed


def read_key_states(text: str) -> frozenset[str]:
    """The states of a key, of a page like docs/keys.md."""
    return frozenset(state for states, _, _ in rows(text, ("state", "means", "older code"))
                     for state in re.findall(r"`(\w+)`", states))


def read_buckets(text: str) -> dict[str, tuple[float, ...]]:
    """The upper bounds of buckets, by what the page calls them; +Inf is left out."""
    lists = re.findall(r"(?m)^(\w+ (?:times|tokens)): ([\d., ]+)\.$", text)
    return {name[0].lower() + name[1:] if not name.startswith("GenAI") else name:
            tuple(float(bound) for bound in bounds.split(", ")) for name, bounds in lists}


@cache
def metrics() -> dict[str, Metric]:
    found = read_metrics(PAGE.read_text())
    assert found, f"{PAGE} has no table of metrics"
    return found


@cache
def values() -> dict[tuple[str, str], frozenset[str]]:
    """The closed lists, by the name of a series (a histogram's have its list too) and label."""
    states = read_key_states(KEYS_PAGE.read_text())
    closed = read_values(PAGE.read_text()) | {
        ("llm_key_state", "state"): states, ("llm_key_checks_total", "result"): states}
    return {(series, label): allowed for (name, label), allowed in closed.items()
            for series in metrics()[name].series()}


@cache
def bounds() -> dict[str, frozenset[str]]:
    """What `le` may be, as it is scraped, of each histogram's buckets whose bounds the page has."""
    lists = read_buckets(PAGE.read_text())
    return {f"{metric.name}_bucket": frozenset(str(bound) for bound in lists[metric.buckets]) | {"+Inf"}
            for metric in metrics().values() if metric.buckets}


@cache
def series() -> dict[str, frozenset[str]]:
    """Every series that a query may name, with all its labels."""
    known = {name: labels | TARGET_LABELS for metric in metrics().values()
             for name, labels in metric.series().items()}
    return known | {name: TARGET_LABELS for name in TARGET_SERIES}
