"""The rule files in alerts/, as Prometheus loads them, and their tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

import catalogue
import promql

ALERTS = catalogue.ROOT / "alerts"
RUNBOOKS = catalogue.ROOT / "docs" / "runbooks"
RULE_FILES = sorted(ALERTS.glob("*.yaml"))
TEST_FILES = sorted((ALERTS / "tests").glob("*.yaml"))


@dataclass(frozen=True)
class Rule:
    """An alert or a recording rule."""

    file: Path
    group: str
    fields: dict[str, Any]

    @property
    def is_alert(self) -> bool:
        return "alert" in self.fields

    @property
    def name(self) -> str:
        return self.fields["alert" if self.is_alert else "record"]

    @property
    def expression(self) -> str:
        return self.fields["expr"]

    @property
    def labels(self) -> dict[str, str]:
        return self.fields.get("labels", {})

    @property
    def annotations(self) -> dict[str, str]:
        return self.fields.get("annotations", {})

    @property
    def title(self) -> str:
        """Tells it from others of its name."""
        return "-".join([self.name, *self.labels.values()])


@dataclass(frozen=True)
class Case:
    """What one test expects of one alert at one time."""

    file: Path
    alert: str
    series: frozenset[str]
    expected: tuple[dict[str, Any], ...]


@cache
def rules() -> tuple[Rule, ...]:
    found = [Rule(path, group["name"], fields) for path in RULE_FILES
             for group in yaml.safe_load(path.read_text())["groups"] for fields in group["rules"]]
    assert found, f"{ALERTS} holds no rules"
    return tuple(found)


def alerts() -> list[Rule]:
    return [rule for rule in rules() if rule.is_alert]


def recordings() -> list[Rule]:
    return [rule for rule in rules() if not rule.is_alert]


@cache
def cases() -> tuple[Case, ...]:
    return tuple(_cases())


def _cases() -> Iterator[Case]:
    for path in TEST_FILES:
        for test in yaml.safe_load(path.read_text())["tests"]:
            names = frozenset(series["series"].split("{")[0] for series in test.get("input_series", ()))
            for case in test.get("alert_rule_test", ()):
                yield Case(path, case["alertname"], names, tuple(case.get("exp_alerts") or ()))


@cache
def series() -> dict[str, frozenset[str]]:
    """What a query may name: the daemon's series, and what the recording rules make of them."""
    known = dict(catalogue.series())
    for rule in recordings():
        assert rule.name not in known, f"{rule.name} is recorded twice"
        known[rule.name] = promql.labels(rule.expression, known) | frozenset(rule.labels)
    return known
