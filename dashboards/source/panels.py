"""The kinds of panels, and the shapes of query that most of them have."""

from typing import Any

from .layout import GREEN, Json, Panel, Query, Steps

RATE = "[$__rate_interval]"
# One reading of each state, wherever it is shown.
HEALTH = {1.0: ("healthy", "green"), 0.5: ("degraded", "yellow"), 0.0: ("unhealthy", "red")}
CIRCUIT = {0.0: ("closed", "green"), 1.0: ("half-open", "yellow"), 2.0: ("open", "red")}


def rate(metric: str, where: str = "", by: str = "") -> str:
    """Events a second; `where` are further matchers, `by` the labels that are kept."""
    return f"sum{_by(by)}(rate({metric}{{{_matchers(where)}}}{RATE}))"


def quantile(share: float, metric: str, where: str = "", by: str = "") -> str:
    """Of a histogram, by its classic buckets: they are there whatever format was scraped."""
    kept = f"le, {by}" if by else "le"
    return f"histogram_quantile({share}, sum by ({kept}) (rate({metric}_bucket{{{_matchers(where)}}}{RATE})))"


def quantiles(metric: str, where: str = "", shares: tuple[float, ...] = (0.5, 0.95, 0.99)) -> list[Query]:
    return [Query(quantile(share, metric, where), f"p{share * 100:.0f}") for share in shares]


def _by(labels: str) -> str:
    return f" by ({labels}) " if labels else ""


def _matchers(where: str) -> str:
    return f"@, {where}" if where else "@"


def series(
    title: str, *queries: Query, shows: str, bad: str, then: str, unit: str, width: int = 8, height: int = 8,
    stack: bool = False, steps: Steps | None = None, colors: dict[str, str] | None = None,
    links: list[Json] | None = None, nothing: str = "No data", empty: str = "", low: float | None = 0,
    high: float | None = None, logarithmic: bool = False,
) -> Panel:
    """Lines over time; stacked, areas. `steps` draws lines where the value becomes bad."""
    custom: Json = {
        "drawStyle": "line", "lineInterpolation": "linear", "lineWidth": 1, "showPoints": "never",
        "fillOpacity": 40 if stack else 8, "spanNulls": False,
        "stacking": {"mode": "normal" if stack else "none", "group": "A"},
        "scaleDistribution": {"type": "log", "log": 10} if logarithmic else {"type": "linear"},
    }
    defaults: Json = {"color": {"mode": "palette-classic"}, "custom": custom}
    if steps:
        custom["thresholdsStyle"] = {"mode": "dashed"}
        defaults["thresholds"] = thresholds(steps)
    if low is not None and not logarithmic:
        defaults["min"] = low
    if high is not None:
        defaults["max"] = high
    return Panel(
        "timeseries", title, shows, bad, then, list(queries), unit, width, height, {
            "legend": {
                "displayMode": "table", "placement": "bottom", "showLegend": True,
                "calcs": ["mean", "max", "lastNotNull"], "sortBy": "Last *", "sortDesc": True,
            },
            "tooltip": {"mode": "multi", "sort": "desc"},
        },
        defaults, [_colored(name, color) for name, color in (colors or {}).items()],
        nothing=nothing, empty=empty, links=links or [])


def stat(
    title: str, expr: str, *, shows: str, bad: str, then: str, unit: str, steps: Steps = (GREEN,),
    width: int = 3, height: int = 4, nothing: str = "No data", empty: str = "",
    links: list[Json] | None = None,
    decimals: int | None = None, states: dict[float, tuple[str, str]] | None = None,
    line: bool = False,
) -> Panel:
    """One number now, coloured by `steps`; with `line` what it was before as well."""
    defaults: Json = {
        "color": {"mode": "thresholds"}, "thresholds": thresholds(steps), "mappings": mappings(states)}
    if decimals is not None:
        defaults["decimals"] = decimals
    return Panel(
        "stat", title, shows, bad, then, [Query(expr)], unit, width, height, {
            "colorMode": "value", "graphMode": "area" if line else "none", "justifyMode": "auto",
            "orientation": "auto", "textMode": "auto",
            "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        }, defaults, nothing=nothing, empty=empty, links=links or [], instant=not line)


def timeline(
    title: str, *queries: Query, shows: str, bad: str, then: str, states: dict[float, tuple[str, str]],
    width: int = 12, height: int = 8, links: list[Json] | None = None, nothing: str = "No data",
    empty: str = "",
) -> Panel:
    """One bar a series, coloured by its state."""
    return Panel(
        "state-timeline", title, shows, bad, then, list(queries), "none", width, height, {
            "alignValue": "left", "mergeValues": True, "rowHeight": 0.8, "showValue": "auto",
            "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
            "tooltip": {"mode": "single", "sort": "none"},
        }, {
            "color": {"mode": "thresholds"}, "mappings": mappings(states),
            "thresholds": thresholds((GREEN,)), "custom": {"fillOpacity": 80, "lineWidth": 0},
        }, nothing=nothing, empty=empty, links=links or [])


def table(
    title: str, *columns: Query, shows: str, bad: str, then: str, labels: dict[str, str],
    width: int = 24, height: int = 8, nothing: str = "No data", empty: str = "",
    links: dict[str, Json] | None = None,
    unit: str = "short",
) -> Panel:
    """A line for each set of labels: `labels` are its first columns and their headings, then each query's
    value. Queries keep those labels alone; one without a `column` brings labels only."""
    renamed = dict(labels)
    hidden: dict[str, bool] = {"Time": True}
    overrides: list[Json] = [
        _override(labels[label], {"id": "links", "value": [link]}) for label, link in (links or {}).items()]
    for index, query in enumerate(columns):
        # Grafana calls the values of a lone query plainly "Value".
        value = f"Value #{chr(ord('A') + index)}" if len(columns) > 1 else "Value"
        if not query.column:
            hidden[value] = True
            continue
        renamed[value] = query.column
        overrides.append(_override(query.column, *_of_column(query)))
    order = {name: index for index, name in enumerate(renamed)}
    return Panel(
        "table", title, shows, bad, then, list(columns), unit, width, height,
        {"cellHeight": "sm", "showHeader": True, "footer": {"show": False, "reducer": ["sum"], "fields": ""}},
        {"custom": {"align": "auto", "filterable": False}, "color": {"mode": "thresholds"},
         "thresholds": thresholds((GREEN,))},
        [each for each in overrides if each["properties"]],
        [{"id": "merge", "options": {}},
         {"id": "organize",
          "options": {"excludeByName": hidden, "indexByName": order, "renameByName": renamed}}],
        nothing=nothing, empty=empty, instant=True)


def link(title: str, dashboard: str, *variables: str) -> Json:
    """To another dashboard of ours, with the same time, data source, job and instance; a variable that is
    given as `provider=from` is set to that label's value."""
    kept = "&".join(f"${{{name}:queryparam}}" for name in ("datasource", "job", "instance"))
    chosen = "".join(
        f"&var-{name}=${{__field.labels.{label or name}}}"
        for name, _, label in (each.partition("=") for each in variables))
    return {
        "title": title, "targetBlank": False,
        "url": f"/d/signalbox-{dashboard}?{kept}{chosen}&${{__url_time_range}}",
    }


def cell_link(title: str, dashboard: str, variable: str) -> Json:
    """The same from a table's cell, which holds the variable's value."""
    return link(title, dashboard) | {
        "url": link(title, dashboard)["url"].replace(
            "&${__url_time_range}", f"&var-{variable}=${{__value.text}}&${{__url_time_range}}")}


def thresholds(steps: Steps) -> Json:
    listed: list[Json] = [{"color": steps[0], "value": None}]
    listed += [{"color": steps[at + 1], "value": steps[at]} for at in range(1, len(steps), 2)]
    return {"mode": "absolute", "steps": listed}


def mappings(states: dict[float, tuple[str, str]] | None) -> list[Json]:
    if not states:
        return []
    return [{"type": "value", "options": {
        f"{value:g}": {"text": text, "color": color, "index": index}
        for index, (value, (text, color)) in enumerate(states.items())}}]


def _of_column(query: Query) -> list[Json]:
    properties: list[Json] = []
    if query.unit:
        properties.append({"id": "unit", "value": query.unit})
    if query.states:
        properties.append({"id": "mappings", "value": mappings(query.states)})
    if query.steps:
        properties.append({"id": "thresholds", "value": thresholds(query.steps)})
    if query.steps or query.states:
        properties.append({"id": "custom.cellOptions", "value": {"type": "color-text"}})
    return properties


def _override(name: str, *properties: Any) -> Json:
    return {"matcher": {"id": "byName", "options": name}, "properties": list(properties)}


def _colored(name: str, color: str) -> Json:
    return _override(name, {"id": "color", "value": {"mode": "fixed", "fixedColor": color}})
