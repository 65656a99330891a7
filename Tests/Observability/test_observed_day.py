"""The demonstration's day under a real Prometheus with our rules, and a real Alertmanager with a receiver.

Time is compressed as `make observe` does it: a day of minutes, and the rules' durations divided. What fires
in the course of the day reaches the receiver, and so does its end; then every query of every panel is asked.
"""

import os
import sys
import time
from pathlib import Path

from render.answers import Answer
from render.prometheus import Prometheus, Refused
from render.questions import ROOT, Window, choices, load, questions

sys.path.insert(0, str(ROOT / "scripts"))

from observe import Observation, compressed  # noqa: E402

DAY_SECONDS = 150
# From the last trouble on, the longest `for` and window that resolve take less; the next day must not begin
# what this one has ended.
PATIENCE_SECONDS = 2 * DAY_SECONDS

# Fired by the day's troubles (docs/demo.md), with labels that say which.
EXPECTED = [
    ("SignalboxProviderUnhealthy", {"provider": "amber"}),
    ("SignalboxCircuitStuckOpen", {"provider": "amber"}),
    ("SignalboxKeyInvalid", {"provider": "birch", "key": "birch-1"}),
    ("SignalboxKeyOutOfCredit", {"provider": "cedar", "key": "cedar-0"}),
    ("SignalboxProviderWithoutValidKey", {"provider": "cedar"}),
    ("SignalboxExhaustions", {"route": "chat"}),
    ("SignalboxProviderRateLimited", {"provider": "birch"}),
    ("SignalboxStreamsInterrupted", {"route": "chat"}),
    ("SignalboxWebhookBacklog", {"endpoint": "globex"}),
    ("SignalboxAvailabilityBudgetBurn", {"severity": "critical"}),
]
# Fired, and not over at the day's end: a dead letter waits for somebody, a price is missing, a budget is used
# up.
LASTING = [
    ("SignalboxDeadLetters", {"endpoint": "globex"}),
    ("SignalboxUnpricedModel", {"provider": "workshop"}),
    ("SignalboxBudgetNearlySpent", {"tenant": "initech"}),
]
# Nothing of the day may look like these. (SignalboxDown may: compressed, it waits less than Prometheus takes
# to its first scrape.)
NEVER = {
    "SignalboxTargetDown", "SignalboxUsageRecordsLost", "SignalboxConfigReloadFailed", "SignalboxRestarting",
}

# Queries that have an answer only where something happened that does not happen on this day, by what they
# ask.
NOT_ON_THIS_DAY = {
    "signalbox_connections_refused_total": "no listener had too many connections",
    "signalbox_config_last_reload_success_timestamp_seconds": "nothing was loaded again",
    "signalbox_series_dropped_total": "no metric has too many series",
    "signalbox_series_removed_total": "no subject was taken out of the configuration",
}


def test_the_day_fires_and_resolves_its_alerts_and_every_panel_has_data(tmp_path: Path) -> None:
    binary = os.environ.get("SIGNALBOX_BINARY")
    assert binary, "SIGNALBOX_BINARY must name the signalbox executable"
    day = Observation(
        str(Path(binary).resolve(strict=True)), tmp_path, day=f"{DAY_SECONDS}s", seed=1)
    try:
        start = time.time()
        for name, labels in EXPECTED + LASTING:
            wait_for(day, "firing", name, labels)
        for name, labels in EXPECTED:
            wait_for(day, "resolved", name, labels)
        assert not NEVER & day.receiver.names("firing")
        ask_everything(Prometheus(f"http://{day.prometheus}"), Window(start, time.time(), scrape_interval=1))
    finally:
        day.stop()


def wait_for(day: Observation, status: str, name: str, labels: dict[str, str]) -> None:
    def is_there() -> bool:
        return any(
            alert["status"] == status and alert["labels"]["alertname"] == name
            and labels.items() <= alert["labels"].items() for alert in day.receiver.alerts)

    with day.receiver.change:
        came = day.receiver.change.wait_for(is_there, PATIENCE_SECONDS)
        seen = sorted({(alert["labels"]["alertname"], alert["status"]) for alert in day.receiver.alerts})
    assert came, f"{name} {labels} is not {status} within {PATIENCE_SECONDS} s; there were {seen}"


def ask_everything(prometheus: Prometheus, window: Window) -> None:
    """Each query is answered, with the type that its panel expects, and with data."""
    empty: list[str] = []
    mistakes: list[str] = []
    count = 0
    for dashboard in load():
        for name, query in choices(dashboard, window).items():
            if not prometheus.values(query, window):
                empty.append(f"{dashboard['uid']} / variable {name}: {query}")
        for question in questions(dashboard, window):
            count += 1
            try:
                answer: Answer = prometheus.ask(question, window)
            except Refused as refused:
                mistakes.append(f"{question}: {refused}")
                continue
            if answer.mistake:
                mistakes.append(answer.mistake)
            if answer.is_empty:
                empty.append(str(question))
    assert not mistakes, "\n".join(mistakes)
    absent = {name for name in NOT_ON_THIS_DAY if any(name in each for each in empty)}
    assert absent == NOT_ON_THIS_DAY.keys(), "has data after all: take it out of the list"
    empty = [each for each in empty if not any(name in each for name in NOT_ON_THIS_DAY)]
    assert not empty, f"{len(empty)} of {count} queries have no data:\n" + "\n".join(empty)


def test_durations_are_divided_and_nothing_else() -> None:
    rules = (
        "  - record: job:llm_requests:ratio_rate5m\n"
        "    expr: sum(rate(llm_requests_total[5m] offset 1h)) > 300\n"
        "    for: 15m\n"
        "      summary: for 15m and longer\n"
        "    # after 2h\n")
    assert compressed(rules, 60) == (
        "  - record: job:llm_requests:ratio_rate5m\n"
        "    expr: sum(rate(llm_requests_total[5s] offset 60s)) > 300\n"
        "    for: 15s\n"
        "      summary: for 15m and longer\n"
        "    # after 2h\n")


def test_no_duration_becomes_too_short_for_a_rate() -> None:
    assert compressed("    for: 1m\n    expr: rate(a[2m])\n    for: 0s\n", 60) == (
        "    for: 3s\n    expr: rate(a[3s])\n    for: 0s\n")


def test_the_age_of_records_is_divided_too() -> None:
    rule = "max by (job) (last_over_time(llm_usage_outbox_oldest_seconds[5m])) > 2700\n"
    assert compressed(rule, 60) == "max by (job) (last_over_time(llm_usage_outbox_oldest_seconds[5s])) > 45\n"
