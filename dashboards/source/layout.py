"""Panels and dashboards as a person writes them, and the JSON that Grafana reads.

A dashboard is rows of panels that flow from left to right over 24 columns. `@` in a query stands for the
matchers of job and instance, which every query has.
"""

from dataclasses import dataclass, field
from typing import Any

SCOPE = 'job=~"$job", instance=~"$instance"'
# What rules record has no instance: the rules are about the service, not about one of its processes.
RECORDED = 'job=~"$job"'
DATASOURCE = {"type": "prometheus", "uid": "${datasource}"}
SCHEMA_VERSION = 39
COLUMNS = 24

GREEN, YELLOW, ORANGE, RED, BLUE, GREY = "green", "yellow", "orange", "red", "blue", "#808080"
# Where a value becomes what: the colour below the first number, then number and colour by turns.
Steps = tuple[str | float, ...]
Json = dict[str, Any]


@dataclass
class Query:
    """One query. In a table `column` is the heading of its values; elsewhere `legend` names each series."""

    expr: str
    legend: str = ""
    column: str = ""
    unit: str | None = None
    steps: Steps | None = None
    states: dict[float, tuple[str, str]] | None = None

    @property
    def filled(self) -> str:
        return self.expr.replace("@", SCOPE)


@dataclass
class Panel:
    """One panel: `shows` says what it shows, `bad` what is bad, `then` what to do next, and `empty` when a
    query brings nothing although requests are answered as on any day."""

    type: str
    title: str
    shows: str
    bad: str
    then: str
    queries: list[Query]
    unit: str
    width: int
    height: int
    options: Json
    defaults: Json = field(default_factory=dict)
    overrides: list[Json] = field(default_factory=list)
    transformations: list[Json] = field(default_factory=list)
    # What stands in place of nothing.
    nothing: str = "No data"
    empty: str = ""
    links: list[Json] = field(default_factory=list)
    instant: bool = False

    @property
    def description(self) -> str:
        said = [self.shows, f"**Bad:** {self.bad}", f"**Next:** {self.then}"]
        return "\n\n".join([*said, f"**Empty:** {self.empty}"] if self.empty else said)

    def json(self, number: int, x: int, y: int) -> Json:
        defaults: Json = {"unit": self.unit, "noValue": self.nothing} | self.defaults
        if self.links:
            defaults["links"] = self.links
        panel: Json = {
            "id": number, "type": self.type, "title": self.title,
            "description": self.description,
            "datasource": DATASOURCE,
            "gridPos": {"h": self.height, "w": self.width, "x": x, "y": y},
            "fieldConfig": {"defaults": defaults, "overrides": self.overrides},
            "options": self.options,
            "targets": [self._target(query, index) for index, query in enumerate(self.queries)],
        }
        if self.transformations:
            panel["transformations"] = self.transformations
        return panel

    def _target(self, query: Query, index: int) -> Json:
        return {
            "refId": chr(ord("A") + index), "datasource": DATASOURCE, "editorMode": "code",
            "expr": query.filled, "legendFormat": query.legend or "__auto",
            "instant": self.instant, "range": not self.instant,
            "format": "table" if self.type == "table" else "time_series",
        }


@dataclass
class Row:
    """A heading, and the panels under it."""

    title: str
    panels: list[Panel]


@dataclass
class Variable:
    """A choice at a dashboard's head: values of a label, several at once, or all."""

    name: str
    label: str
    query: str
    every: str = ".*"

    def json(self) -> Json:
        return {
            "type": "query", "name": self.name, "label": self.label, "datasource": DATASOURCE,
            "query": {"qryType": 1, "query": self.query, "refId": f"variable-{self.name}"},
            "refresh": 2, "sort": 1, "multi": True, "includeAll": True,
            "allValue": self.every, "current": {"selected": True, "text": ["All"], "value": ["$__all"]},
            "hide": 0, "skipUrlSync": False, "options": [], "regex": "",
        }


@dataclass
class Dashboard:
    name: str
    title: str
    description: str
    variables: list[Variable]
    rows: list[Row]

    def json(self) -> Json:
        return {
            "id": None, "uid": f"signalbox-{self.name}", "title": f"Signalbox / {self.title}",
            "description": self.description, "tags": ["signalbox"], "editable": False, "graphTooltip": 1,
            "schemaVersion": SCHEMA_VERSION, "version": 1, "timezone": "", "fiscalYearStartMonth": 0,
            "liveNow": False, "weekStart": "", "refresh": "30s",
            "time": {"from": "now-1h", "to": "now"},
            "annotations": {"list": [_reloads()]},
            "links": [{
                "type": "dashboards", "title": "Signalbox", "tags": ["signalbox"], "asDropdown": False,
                "includeVars": True, "keepTime": True, "targetBlank": False, "icon": "external link",
                "tooltip": "", "url": "",
            }],
            "templating": {"list": [_datasource()] + [each.json() for each in self.variables]},
            "panels": self._panels(),
        }

    def _panels(self) -> list[Json]:
        panels: list[Json] = []
        top = 0
        for row in self.rows:
            panels.append({
                "id": len(panels) + 1, "type": "row", "title": row.title, "collapsed": False, "panels": [],
                "gridPos": {"h": 1, "w": COLUMNS, "x": 0, "y": top},
            })
            top, x, height = top + 1, 0, 0
            for panel in row.panels:
                if x + panel.width > COLUMNS:
                    top, x, height = top + height, 0, 0
                panels.append(panel.json(len(panels) + 1, x, top))
                x, height = x + panel.width, max(height, panel.height)
            top += height
        return panels


def _datasource() -> Json:
    return {
        "type": "datasource", "name": "datasource", "label": "Data source", "query": "prometheus",
        "current": {"selected": True, "text": "default", "value": "default"}, "hide": 0,
        "includeAll": False, "multi": False, "refresh": 1, "regex": "", "skipUrlSync": False, "options": [],
    }


def _reloads() -> Json:
    """A line in every chart where a configuration was loaded."""
    reload = "signalbox_config_last_reload_success_timestamp_seconds"
    return {
        "name": "Configuration loaded", "datasource": DATASOURCE, "enable": True, "hide": False,
        "iconColor": BLUE, "expr": f"changes({reload}{{{SCOPE}}}[$__rate_interval]) > 0",
        "titleFormat": "Configuration loaded", "textFormat": "{{instance}}",
    }


JOB = Variable("job", "Job", "label_values(signalbox_build_info, job)", every=".+")
INSTANCE = Variable(
    "instance", "Instance", 'label_values(signalbox_build_info{job=~"$job"}, instance)', every=".+")
ROUTE = Variable("route", "Route", f"label_values(llm_client_requests_total{{{SCOPE}}}, route)")
PROVIDER = Variable("provider", "Provider", f"label_values(llm_provider_health{{{SCOPE}}}, provider)")
MODEL = Variable(
    "model", "Model", f'label_values(llm_requests_total{{{SCOPE}, provider=~"$provider"}}, model)')
TENANT = Variable("tenant", "Tenant", f"label_values(llm_client_requests_total{{{SCOPE}}}, tenant)")
