"""The dashboards as they are committed, and what of them stands in relation to others."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

import promql
import rules
from render.questions import Window, fill, load, panels, variables

Json = dict[str, Any]
# For reading queries alone: any length will do.
WINDOW = Window(start=0, end=3600)
STEP = 15
# What Prometheus itself writes about alerts; the labels are those of ours.
ALERT_SERIES = "ALERTS"
NAMES = ("overview", "providers", "keys", "usage-and-billing", "runtime")


@dataclass(frozen=True)
class Asked:
    """One query of a panel, or of an annotation."""

    dashboard: str
    title: str
    ref: str
    expression: str  # as it is written, with variables
    filled: str

    def __str__(self) -> str:
        return f"{self.dashboard}/{self.title}/{self.ref}"


@cache
def dashboards() -> tuple[Json, ...]:
    found = tuple(load())
    assert found, "no dashboards"
    return found


@cache
def queries() -> tuple[Asked, ...]:
    return tuple(_queries())


def _queries() -> Iterator[Asked]:
    for dashboard in dashboards():
        chosen = variables(dashboard)
        asked = [(panel["title"], target["refId"], target["expr"])
                 for panel in panels(dashboard) for target in panel["targets"]]
        asked += [(each["name"], "annotation", each["expr"]) for each in dashboard["annotations"]["list"]]
        for title, ref, expression in asked:
            yield Asked(dashboard["uid"], title, ref, expression, fill(expression, chosen, WINDOW, STEP))


@cache
def series() -> dict[str, frozenset[str]]:
    """What a panel may name: the daemon's series, what rules record of them, and alerts."""
    told = {label for rule in rules.alerts() for label in rule.labels}
    kept = {label for rule in rules.alerts() for label in promql.labels(rule.expression, rules.series())}
    return rules.series() | {ALERT_SERIES: frozenset({"alertname", "alertstate"} | told | kept)}


def variables_in(text: str) -> set[str]:
    """The variables that a text uses, Grafana's own (`__…`) left out."""
    found = {a or b for a, b in re.findall(r"\$(?:(\w+)|\{(\w+)(?::\w+)?\})", text)}
    return {name for name in found if not name.startswith("__")}
