"""The alerts: their form, their pages, their cases, and that they ask for nothing that nobody counts."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import contract
import promql
import rules

SEVERITIES = {"critical", "warning", "info"}
ANNOTATIONS = {"summary", "description", "runbook_url"}
HEADINGS = ["## Means", "## Look at", "## Do", "## No problem when", "## Why these numbers"]
KNOWN = rules.series()
ALERT_NAMES = sorted({rule.name for rule in rules.alerts()})

needs_promtool = pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
each_alert = pytest.mark.parametrize("rule", rules.alerts(), ids=lambda rule: rule.title)
each_rule = pytest.mark.parametrize("rule", rules.rules(), ids=lambda rule: rule.title)
each_name = pytest.mark.parametrize("name", ALERT_NAMES)


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["promtool", *map(str, arguments)], capture_output=True, text=True, timeout=300)


def shown_as(name: str) -> str:
    """What docs/alerts.md shows as the file of that name."""
    page = (rules.RUNBOOKS.parent / "alerts.md").read_text()
    (shown,) = re.findall(rf"(?s)<!-- {re.escape(name)} -->\n```yaml\n(.*?)```", page)
    return shown


@needs_promtool
def test_promtool_finds_nothing_to_say_about_the_rules():
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", *rules.RULE_FILES)
    said = [line for line in done.stdout.splitlines()
            if line.strip() and not re.match(r"Checking |  SUCCESS: \d+ rules found", line)]
    assert (done.returncode, said, done.stderr) == (0, [], "")


@needs_promtool
@pytest.mark.parametrize("path", rules.TEST_FILES, ids=lambda path: path.stem)
def test_the_rules_do_what_their_tests_say(path):
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


@needs_promtool
def test_the_configuration_that_the_page_shows_loads_the_rules(tmp_path):
    (tmp_path / "prometheus.yml").write_text(shown_as("prometheus.yml"))
    (tmp_path / "alerts").symlink_to(rules.ALERTS)
    done = promtool("check", "config", tmp_path / "prometheus.yml")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.count("rules found") == len(rules.RULE_FILES)


@pytest.mark.skipif(not shutil.which("amtool"), reason="prometheus-alertmanager is not installed")
def test_the_inhibitions_that_the_page_shows_are_alertmanagers(tmp_path):
    path = tmp_path / "alertmanager.yml"
    path.write_text(shown_as("alertmanager.yml"))
    done = subprocess.run(["amtool", "check-config", path], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stdout + done.stderr
    named = set(re.findall(r"Signalbox\w+", path.read_text()))
    assert named and named <= set(ALERT_NAMES)


def test_every_file_of_rules_has_tests():
    assert [path.name for path in rules.TEST_FILES] == [path.name for path in rules.RULE_FILES]


@each_alert
def test_an_alert_has_a_case_in_which_it_fires(rule):
    firing = [expected for case in rules.cases() if case.alert == rule.name for expected in case.expected
              if rule.labels.items() <= expected["exp_labels"].items()]
    assert firing, f"alerts/tests never sees {rule.title} fire"
    for expected in firing:
        assert set(expected["exp_annotations"]) == ANNOTATIONS


@each_alert
def test_an_alert_has_a_case_in_which_it_does_not_fire(rule):
    asked = {chosen.name for chosen in promql.selections(rule.expression)}
    raw = {name for name in asked if ":" not in name} | {
        chosen.name for other in rules.recordings() if other.name in _recorded_below(asked)
        for chosen in promql.selections(other.expression)}
    silent = [case for case in rules.cases() if case.alert == rule.name and case.series & raw
              and not any(rule.labels.items() <= each["exp_labels"].items() for each in case.expected)]
    assert silent, f"alerts/tests never sees {rule.title} silent while there are series that it looks at"


def _recorded_below(names: set[str]) -> set[str]:
    """Recorded series, and those that they are made of."""
    found = {name for name in names if ":" in name}
    while more := {chosen.name for rule in rules.recordings() if rule.name in found
                   for chosen in promql.selections(rule.expression) if ":" in chosen.name} - found:
        found |= more
    return found


@each_alert
def test_an_alert_says_who_is_to_do_what(rule):
    assert re.fullmatch(r"Signalbox([A-Z][a-z]+)+", rule.name)
    assert rule.labels["severity"] in SEVERITIES
    assert set(rule.annotations) == ANNOTATIONS
    summary = rule.annotations["summary"]
    assert summary.endswith(".") and "{{" not in summary, "a summary is one sentence that is always the same"
    assert "{{" in rule.annotations["description"] or not promql.labels(rule.expression, KNOWN)
    assert rule.annotations["runbook_url"] == f"docs/runbooks/{rule.name}.md"


@each_alert
def test_an_alert_tells_only_labels_that_it_has(rule):
    has = promql.labels(rule.expression, KNOWN) | set(rule.labels)
    told = set(re.findall(r"\$labels\.(\w+)", rule.annotations["description"]))
    assert told <= has, f"{sorted(told - has)} would be empty"


@each_rule
def test_a_rule_asks_for_what_is_counted(rule):
    assert contract.mistakes(rule.expression, KNOWN) == []


@each_rule
def test_a_rule_keeps_the_job(rule):
    assert "job" in promql.labels(rule.expression, KNOWN), "two installations would be one"


@pytest.mark.parametrize("rule", rules.recordings(), ids=lambda rule: rule.title)
def test_a_recording_is_named_by_level_metric_and_operations(rule):
    level, metric, operations = rule.name.split(":")
    assert set(level.split("_")) == promql.labels(rule.expression, KNOWN)
    assert re.fullmatch(r"[a-z][a-z_]*[a-z]", metric)
    assert re.fullmatch(r"(ratio_)?rate\d+[mhd]", operations)


def test_every_recording_is_made_of_those_before_it():
    seen: set[str] = set()
    for rule in rules.rules():
        asked = {chosen.name for chosen in promql.selections(rule.expression) if ":" in chosen.name}
        assert asked <= seen or rule.is_alert
        seen.add(rule.name)


@each_name
def test_an_alert_has_a_page_for_the_night(name):
    page = (rules.RUNBOOKS / f"{name}.md").read_text()
    assert page.startswith(f"# {name}\n")
    assert re.findall(r"(?m)^## .*$", page) == HEADINGS


def test_every_page_has_an_alert_and_stands_in_the_index():
    pages = {path.stem for path in rules.RUNBOOKS.glob("*.md")} - {"README"}
    assert pages == set(ALERT_NAMES)
    index = (rules.RUNBOOKS / "README.md").read_text()
    listed = re.findall(r"(?m)^\| \[(\w+)\]\((\w+)\.md\) \| ([\w, ]+) \|", index)
    severities = {name: sorted({rule.labels["severity"] for rule in rules.alerts() if rule.name == name})
                  for name in ALERT_NAMES}
    assert {name: sorted(words.split(", ")) for name, page, words in listed if name == page} == severities


@pytest.mark.parametrize("path", [*sorted(rules.RUNBOOKS.glob("*.md")), rules.RUNBOOKS.parent / "alerts.md"],
                         ids=lambda path: path.stem)
def test_every_query_of_a_page_asks_for_what_is_counted(path):
    blocks = re.findall(r"(?ms)^```promql\n(.*?)^```", path.read_text())
    queries = [query for block in blocks for query in re.split(r"\n(?=\S)", block.strip())]
    assert {query: contract.mistakes(query, KNOWN) for query in queries} == {query: [] for query in queries}
    assert queries or path.stem == "README"


@pytest.mark.parametrize(("expression", "words"), [
    ("rate(llm_provider_health[5m])", "a gauge"),
    ("avg_over_time(llm_tokens_total[5m])", "a counter"),
    ("llm_client_requests_total{outcome=\"lost\"}", "outcome='lost'"),
    ("llm_client_requests_total{outcome=~\"success|lost\"}", "outcome='lost'"),
    ("llm_key_state{state=\"good\"}", "state='good'"),
    ("llm_overhead_seconds_bucket{le=\"0.3\"}", "le='0.3'"),
    ("sum by (job) (rate(llm_cost_total[5m]))", "currency"),
    ("sum by (job) (llm_budget_spent)", "kind"),
    ("up / llm_inflight_requests", "joins"),
    ("llm_budget_spent / llm_budget_limit", "may be 0"),
    ("llm_tokens_totals", "no such series"),
])
def test_the_contract_finds(expression, words):
    (mistake,) = contract.mistakes(expression, KNOWN)
    assert words in mistake


@pytest.mark.parametrize("expression", [
    "sum by (currency) (rate(llm_cost_total[5m]))", "llm_budget_spent / (llm_budget_limit > 0)",
    "sum by (job) (llm_inflight_requests) / 2", "max_over_time(llm_provider_health[5m])",
    "rate(llm_overhead_seconds_bucket{le=\"0.25\"}[5m])",
])
def test_the_contract_passes(expression):
    assert contract.mistakes(expression, KNOWN) == []
