"""What a dashboard asks: every query of every panel, with its variables filled in."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Json = dict[str, Any]
ROOT = Path(__file__).resolve().parents[3]
DASHBOARDS = ROOT / "dashboards"
PANEL_PIXELS_PER_COLUMN = 66


@dataclass(frozen=True)
class Window:
    """The time that is looked at, in seconds since 1970, and how often Prometheus scrapes."""

    start: float
    end: float
    scrape_interval: float = 15

    @property
    def seconds(self) -> float:
        return self.end - self.start

    def step(self, columns: int) -> int:
        """$__interval in whole seconds: one point a pixel, and never more often than is scraped."""
        return max(round(self.seconds / (columns * PANEL_PIXELS_PER_COLUMN)), round(self.scrape_interval), 1)

    def rate_interval(self, step: int) -> int:
        """As Grafana has it: four scrapes, and never less than a step and a scrape."""
        return round(max(step + self.scrape_interval, 4 * self.scrape_interval))


@dataclass(frozen=True)
class Question:
    """One query, ready to be sent."""

    dashboard: str
    panel: int
    title: str
    ref: str
    expression: str
    instant: bool
    step: int
    # Whether the panel says that it is empty at times; else no data is news.
    may_be_empty: bool = False

    def __str__(self) -> str:
        return f"{self.dashboard} / {self.title} / {self.ref}: {self.expression}"

    @property
    def type(self) -> str:
        return "vector" if self.instant else "matrix"


@dataclass(frozen=True)
class Choice:
    """What is chosen of the variables, by name; what is not named is All."""

    values: dict[str, list[str]] = field(default_factory=dict)


def load(directory: Path = DASHBOARDS) -> list[Json]:
    """The dashboards that are committed, the overview first."""
    found = [json.loads(path.read_text()) for path in sorted(directory.glob("*.json"))]
    return sorted(found, key=lambda each: each["uid"] != "signalbox-overview")


def panels(dashboard: Json) -> Iterator[Json]:
    """Every panel that shows something, in order; headings of rows do not."""
    for panel in dashboard["panels"]:
        if panel["type"] != "row":
            yield panel
        yield from panel.get("panels", [])


def questions(dashboard: Json, window: Window, choice: Choice = Choice()) -> Iterator[Question]:
    for panel in panels(dashboard):
        step = window.step(panel["gridPos"]["w"])
        for target in panel["targets"]:
            yield Question(
                dashboard["uid"], panel["id"], panel["title"], target["refId"],
                fill(target["expr"], variables(dashboard, choice), window, step), target["instant"], step,
                "**Empty:**" in panel["description"])
    for annotation in dashboard["annotations"]["list"]:
        step = window.step(24)
        yield Question(
            dashboard["uid"], 0, annotation["name"], "annotation",
            fill(annotation["expr"], variables(dashboard, choice), window, step), False, step,
            may_be_empty=True)


def variables(dashboard: Json, choice: Choice = Choice()) -> dict[str, str]:
    """Each variable as Grafana puts it into a regular expression."""
    return {
        each["name"]: pattern(each, choice.values.get(each["name"]))
        for each in dashboard["templating"]["list"] if each["type"] == "query"
    }


def choices(dashboard: Json, window: Window, choice: Choice = Choice()) -> dict[str, str]:
    """What each variable asks for its values, by its name."""
    chosen = variables(dashboard, choice)
    return {
        each["name"]: fill(each["query"]["query"], chosen, window, window.step(24))
        for each in dashboard["templating"]["list"] if each["type"] == "query"
    }


def pattern(variable: Json, chosen: list[str] | None) -> str:
    if not chosen:
        return variable["allValue"]
    # Twice: what Grafana escapes for the expression stands in a string of PromQL.
    escaped = [re.sub(r"([\\^$*+?.()|\[\]{}])", r"\\\\\1", value) for value in chosen]
    return escaped[0] if len(escaped) == 1 else f"({'|'.join(escaped)})"


def fill(expression: str, variables: dict[str, str], window: Window, step: int) -> str:
    """An expression with nothing left to fill in. Raises KeyError for a variable that nobody defines."""
    known = variables | {
        "__rate_interval": f"{window.rate_interval(step)}s", "__interval": f"{step}s",
        "__range": f"{round(window.seconds)}s", "__range_s": str(round(window.seconds)),
    }
    return re.sub(r"\$(?:(\w+)|\{(\w+)\})", lambda found: known[found[1] or found[2]], expression)
