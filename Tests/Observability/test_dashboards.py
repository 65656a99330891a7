"""The dashboards' form: current, provisionable, and as Grafana's dashboard-linter wants them."""

import json
import re
import subprocess
import sys
from collections import Counter
from itertools import combinations

import promql_parser
import pytest

import dashboards
import promql
import rules
from catalogue import ROOT
from render.questions import panels

UNITS = {"reqps", "ops", "s", "percentunit", "bytes", "Bps", "short", "none"}
# Neither is about one instance: rules sum over instances, and alerts have what their rules keep.
WITHOUT_INSTANCE = {dashboards.ALERT_SERIES} | {rule.name for rule in rules.recordings()}
# What happens now, and sums over the chosen time.
RANGES = {"$__rate_interval", "$__range"}

each_dashboard = pytest.mark.parametrize(
    "dashboard", dashboards.dashboards(), ids=lambda dashboard: dashboard["uid"])
each_query = pytest.mark.parametrize("asked", dashboards.queries(), ids=str)


def variables_of(dashboard: dict) -> dict[str, dict]:
    return {each["name"]: each for each in dashboard["templating"]["list"]}


def test_what_is_committed_is_what_the_source_makes():
    done = subprocess.run([sys.executable, "-m", "source", "--check"], cwd=ROOT / "dashboards",
                          capture_output=True, text=True, timeout=60, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_there_are_these_dashboards_and_no_other():
    assert {path.stem for path in (ROOT / "dashboards").glob("*.json")} == set(dashboards.NAMES)
    uids = {each["uid"] for each in dashboards.dashboards()}
    assert uids == {f"signalbox-{name}" for name in dashboards.NAMES}
    for each in dashboards.dashboards():
        assert len(each["uid"]) <= 40


@each_dashboard
def test_a_file_can_be_provisioned(dashboard):
    """Grafana imports a file as it is: no inputs to be asked for, no id of another database."""
    assert dashboard["id"] is None and not dashboard["editable"]
    text = json.dumps(dashboard)
    assert "__inputs" not in text and "__requires" not in text and "DS_PROMETHEUS" not in text
    assert dashboard["description"] and dashboard["tags"] == ["signalbox"]


@each_dashboard
def test_data_source_job_and_instance_are_chosen_at_the_head(dashboard):
    variables = variables_of(dashboard)
    assert list(variables)[:3] == ["datasource", "job", "instance"]
    source = variables["datasource"]
    assert (source["type"], source["query"], source["label"]) == ("datasource", "prometheus", "Data source")
    for name in ("job", "instance"):
        assert (variables[name]["label"], variables[name]["allValue"]) == (name.capitalize(), ".+")
    for each in dashboard["templating"]["list"][1:]:
        assert each["datasource"]["uid"] == "${datasource}" and each["type"] == "query"
        assert each["multi"] and each["includeAll"] and each["refresh"] == 2


@each_dashboard
def test_a_variables_values_are_those_of_a_label_that_is_there(dashboard):
    for each in dashboard["templating"]["list"][1:]:
        metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", each["query"]["query"]).groups()
        filled = re.sub(r"\$\w+", ".*", metric)
        assert label in promql.labels(filled, dashboards.series()), each["name"]


@each_dashboard
def test_variables_that_are_used_are_defined_and_those_defined_are_used(dashboard):
    asked = [each for each in dashboards.queries() if each.dashboard == dashboard["uid"]]
    chosen = [each["query"]["query"] for each in dashboard["templating"]["list"] if each["type"] == "query"]
    used = set().union(*(dashboards.variables_in(each.expression) for each in asked))
    defined = set(variables_of(dashboard))
    assert used <= defined
    assert defined - used == {"datasource"}, "a choice that changes nothing"
    assert dashboards.variables_in(json.dumps(dashboard)) <= defined
    assert set().union(*map(dashboards.variables_in, chosen)) <= defined


@each_dashboard
def test_every_panel_says_what_it_shows_what_is_bad_and_what_to_do(dashboard):
    titles = [panel["title"] for panel in panels(dashboard)]
    assert len(titles) == len(set(titles))
    for panel in panels(dashboard):
        shows, bad, then, *empty = panel["description"].split("\n\n")
        assert shows.endswith(".") and len(shows) > 20, panel["title"]
        assert bad.startswith("**Bad:** ") and bad.endswith("."), panel["title"]
        assert then.startswith("**Next:** ") and then.endswith("."), panel["title"]
        for each in empty:
            assert each.startswith("**Empty:** ") and each.endswith("."), panel["title"]
        assert len(empty) <= 1


@each_dashboard
def test_every_panel_has_a_unit_and_words_for_nothing(dashboard):
    for panel in panels(dashboard):
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] in UNITS, panel["title"]
        assert defaults["noValue"], panel["title"]
        for override in panel["fieldConfig"]["overrides"]:
            for each in override["properties"]:
                assert each["id"] != "unit" or each["value"] in UNITS


@each_dashboard
def test_every_panel_asks_the_chosen_data_source(dashboard):
    for panel in panels(dashboard):
        assert panel["targets"], panel["title"]
        for each in [panel, *panel["targets"]]:
            assert each["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
        refs = [target["refId"] for target in panel["targets"]]
        assert len(refs) == len(set(refs))


@each_dashboard
def test_panels_stand_beside_each_other(dashboard):
    places = [(each["id"], each["gridPos"]) for each in dashboard["panels"]]
    assert len({number for number, _ in places}) == len(places)
    for (_, one), (_, other) in combinations(places, 2):
        beside = one["x"] + one["w"] <= other["x"] or other["x"] + other["w"] <= one["x"]
        apart = one["y"] + one["h"] <= other["y"] or other["y"] + other["h"] <= one["y"]
        assert beside or apart, (one, other)
    assert all(0 <= at["x"] and at["x"] + at["w"] <= 24 for _, at in places)


@each_dashboard
def test_links_lead_to_dashboards_and_variables_that_are_there(dashboard):
    (among,) = dashboard["links"]
    assert among["tags"] == ["signalbox"] and among["includeVars"] and among["keepTime"]
    heads = {each["uid"]: set(variables_of(each)) for each in dashboards.dashboards()}
    links = re.findall(r'"url": "(/d/[^"]+)"', json.dumps(dashboard))
    for url in links:
        uid, query = re.fullmatch(r"/d/([\w-]+)\?(.*)", url).groups()
        assert uid in heads and query.endswith("${__url_time_range}")
        assert set(re.findall(r"var-(\w+)=", url)) <= heads[uid], url


def test_the_overview_leads_to_the_providers():
    (overview,) = [each for each in dashboards.dashboards() if each["uid"] == "signalbox-overview"]
    assert "/d/signalbox-providers?" in json.dumps(overview)


@each_dashboard
def test_a_data_links_label_is_one_that_its_series_have(dashboard):
    for panel in panels(dashboard):
        asked = [each for each in dashboards.queries()
                 if (each.dashboard, each.title) == (dashboard["uid"], panel["title"])]
        used = set(re.findall(r"__field\.labels\.(\w+)", json.dumps(panel["fieldConfig"])))
        for each in asked:
            assert used <= promql.labels(each.filled, dashboards.series()), panel["title"]


@each_dashboard
def test_a_legend_names_labels_that_its_series_have(dashboard):
    asked = {(each.title, each.ref): each for each in dashboards.queries()
             if each.dashboard == dashboard["uid"]}
    for panel in panels(dashboard):
        for target in panel["targets"]:
            has = promql.labels(asked[panel["title"], target["refId"]].filled, dashboards.series())
            told = set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]))
            assert told <= has, panel["title"]
            if panel["type"] in ("timeseries", "state-timeline"):
                assert has <= told, f"{panel['title']}: lines of one name"


@each_dashboard
def test_a_tables_columns_are_labels_and_values_that_are_there(dashboard):
    for panel in panels(dashboard):
        if panel["type"] != "table":
            continue
        organize = panel["transformations"][-1]["options"]
        has = {label for each in dashboards.queries() if each.title == panel["title"]
               for label in promql.labels(each.filled, dashboards.series())}
        values = [f"Value #{target['refId']}" for target in panel["targets"]]
        values = values if len(values) > 1 else ["Value"]
        assert set(organize["renameByName"]) <= has | set(values), panel["title"]
        assert has <= set(organize["renameByName"]), f"{panel['title']}: a column without a heading"
        hidden = {name for name, is_hidden in organize["excludeByName"].items() if is_hidden}
        assert hidden <= {"Time", *values}


@each_query
def test_a_query_looks_at_the_chosen_job_and_instance(asked):
    for chosen in promql.selections(asked.expression.replace("$__rate_interval", "1m")
                                    .replace("$__range", "1h")):
        assert ("job", "=~", "$job") in chosen.matchers
        if chosen.name not in WITHOUT_INSTANCE:
            assert ("instance", "=~", "$instance") in chosen.matchers


@each_query
def test_a_range_is_grafanas_own(asked):
    assert set(re.findall(r"\[([^\]]+)\]", asked.expression)) <= RANGES
    # Over the chosen time only sums make sense; what happens now is a rate over the rate interval.
    for function, inside in re.findall(r"(\w+)\([^()\[]*\[([^\]]+)\]", asked.expression):
        assert inside == "$__rate_interval" or function == "increase"


def bare_counters(expression: str) -> list[str]:
    """Counters whose values are read as they are."""
    nodes: list[promql_parser.Expr] = []
    promql_parser.walk(promql.parse(expression), lambda node: nodes.append(node))
    named = Counter(node.name for node in nodes if isinstance(node, promql_parser.VectorSelector))
    ranged = Counter(
        node.vector_selector.name for node in nodes if isinstance(node, promql_parser.MatrixSelector))
    return [name for name in named - ranged if re.search(r"_(total|bucket|sum|count)$", name)]


@each_query
def test_a_counter_is_seen_as_a_rate(asked):
    assert bare_counters(asked.filled) == []


def test_a_bare_counter_is_found():
    assert bare_counters("sum(a_total) + sum(rate(b_total[5m]))") == ["a_total"]
    assert bare_counters("histogram_quantile(0.5, a_bucket)") == ["a_bucket"]


@each_dashboard
def test_a_description_names_files_and_settings_that_are_there(dashboard):
    settings = set(re.findall(r"`(\w+)", (ROOT / "docs" / "configuration.md").read_text()))
    for panel in panels(dashboard):
        paths = re.findall(r"\b(?:docs|alerts)/[\w./-]*\w", panel["description"])
        assert [path for path in paths if not (ROOT / path).exists()] == [], panel["title"]
        rest = re.sub("|".join(map(re.escape, paths)) or "$", "", panel["description"])
        assert set(re.findall(r"\b([a-z_]+)\.[a-z_]+\b", rest)) <= settings, panel["title"]
