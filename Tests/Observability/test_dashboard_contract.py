"""Dashboards and alerts ask for what the daemon counts, and nothing that it counts goes unseen."""

import re

import pytest

import catalogue
import contract
import dashboards
import promql
import rules
from unused import DELIBERATELY_UNUSED


def metric_of(name: str) -> str | None:
    """The metric that a series belongs to; None for what others write."""
    return next((metric.name for metric in catalogue.metrics().values() if name in metric.series()), None)


def used() -> set[str]:
    """Metrics that a panel or a rule looks at."""
    expressions = [asked.filled for asked in dashboards.queries()]
    expressions += [rule.expression for rule in rules.rules()]
    named = {chosen.name for each in expressions for chosen in promql.selections(each)}
    return {metric for name in named if (metric := metric_of(name))}


@pytest.mark.parametrize("asked", dashboards.queries(), ids=str)
def test_a_panel_asks_for_what_is_counted(asked):
    assert contract.mistakes(asked.filled, dashboards.series()) == []


def test_every_metric_is_looked_at_or_is_unused_on_purpose():
    assert set(catalogue.metrics()) - used() - set(DELIBERATELY_UNUSED) == set()


def test_what_is_unused_on_purpose_is_there_and_unused():
    assert set(DELIBERATELY_UNUSED) <= set(catalogue.metrics())
    assert set(DELIBERATELY_UNUSED) & used() == set()
    assert all(len(reason) > 20 for reason in DELIBERATELY_UNUSED.values())


def test_every_recorded_series_that_a_panel_shows_is_recorded():
    shown = {chosen.name for asked in dashboards.queries() for chosen in promql.selections(asked.filled)
             if ":" in chosen.name}
    assert shown and shown <= {rule.name for rule in rules.recordings()}


@pytest.mark.parametrize(("recorded", "alert"), [
    ("job:client_failures_per_answer_due", "SignalboxAvailabilityBudgetBurn"),
    ("job:client_slow_answers_per_answer", "SignalboxLatencyBudgetBurn"),
])
def test_a_burn_rate_is_of_the_budget_that_the_alert_has(recorded, alert):
    shown = {match for asked in dashboards.queries()
             for match in re.findall(rf"{recorded}\S+ / ([\d.]+)", asked.expression)}
    promised = {match for rule in rules.alerts() if rule.name == alert
                for match in re.findall(r"> [\d.]+ \* ([\d.]+)", rule.expression)}
    assert shown == promised and len(shown) == 1


def test_states_of_keys_are_all_drawn():
    allowed = catalogue.values()["llm_key_state", "state"]
    for asked in dashboards.queries():
        for chosen in promql.selections(asked.filled):
            drawn = {value for label, _, value in chosen.matchers if label == "state"}
            assert all(set(promql.alternatives(each) or ()) <= allowed for each in drawn)
    (timeline,) = [asked for asked in dashboards.queries() if asked.title == "States of keys"]
    assert {value for chosen in promql.selections(timeline.filled)
            for label, _, value in chosen.matchers if label == "state"} == allowed
