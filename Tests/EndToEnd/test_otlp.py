"""Export over OTLP/HTTP: what arrives, what is sent again, what is given up, and how all of it is counted."""

import random
from collections import Counter, defaultdict

import pytest

from harness import configuration, contract, otlp
from harness.configuration import mock
from harness.otlp import points, records, request_ids, spans
from harness.raw_client import fetch
from harness.waiting import scraped_until

BATCH = 4
SIGNALS = ("metrics", "traces", "logs")
RETRIED = {fate.name: fate.retried for fate in (otlp.ACCEPT, *otlp.FAILURES)}


def plan(seed: int, length: int = 60) -> list[otlp.Fate]:
    """Each way to fail once, and as many of them again as make thirty in a hundred."""
    chance = random.Random(seed)
    failures = list(otlp.FAILURES) + chance.choices(otlp.FAILURES, k=round(length * 0.3) - len(otlp.FAILURES))
    fates = failures + [otlp.ACCEPT] * (length - len(failures))
    chance.shuffle(fates)
    return fates


def export_to(receiver, **more):
    return {
        "endpoint": receiver.url, "headers": {"x-collector-key": "env:COLLECTOR_KEY"}, "retry_delay": "20ms",
        "metrics": {"interval": "100ms"},
        "traces": {"delay": "20ms", "batch": BATCH}, "logs": {"delay": "20ms", "batch": BATCH},
    } | more


@pytest.fixture
def start(start_daemon):
    def start(receiver, **more):
        settings = configuration.configuration(mock("alpha"), otlp=export_to(receiver, **more))
        return start_daemon(settings, more_environment={"COLLECTOR_KEY": "key-of-the-collector"})
    return start


def ask(daemon, request_id: str) -> None:
    body = b'{"model":"chat","messages":[{"role":"user","content":"' + contract.PROMPT.encode() + b'"}]}'
    headers = {"x-request-id": request_id}
    assert fetch(daemon.base_url + "/chat/completions", "POST", body, headers=headers).status == 200


COUNT = {"metrics": lambda message: len(points(message)), "traces": lambda message: len(spans(message)),
         "logs": lambda message: len(records(message))}


def total(receiver, signal: str, *fates: str) -> int:
    return sum(COUNT[signal](each.message) for each in receiver.of(signal) if each.fate in fates)


EXPORTED = {"metrics": "otel_sdk_exporter_metric_data_point_exported_total",
            "traces": "otel_sdk_exporter_span_exported_total", "logs": "otel_sdk_exporter_log_exported_total"}


def test_what_may_be_sent_again_arrives_and_what_may_not_is_counted(start, start_receiver):
    receiver = start_receiver({signal: plan(seed) for seed, signal in enumerate(SIGNALS)})
    daemon = start(receiver)
    asked = 0
    while any(receiver.plans[signal] for signal in SIGNALS[1:]):
        for _ in range(BATCH):
            asked += 1
            ask(daemon, f"request-{asked}")
        # No faster than they go out: this is not about full queues.
        receiver.wait_for_request_id(f"request-{asked}")
    scraped_until(lambda: receiver.plans["metrics"], lambda rest: not rest, "every metric export", timeout=60)

    def settled(metrics):
        return all(metrics.value(name) == 0 for name in (
            "otel_sdk_exporter_span_inflight", "otel_sdk_exporter_log_inflight",
            "otel_sdk_processor_span_queue_size", "otel_sdk_processor_log_queue_size"))
    metrics = scraped_until(daemon.metrics, settled, "nothing under way", timeout=30)
    told = {line["request_id"] for line in daemon.logged(contract.COMPLETED)}
    assert len(told) == asked

    # Metrics go out for as long as it runs; the end of it is the end of counting.
    daemon.stop()
    for signal in SIGNALS:
        check_retries(receiver.of(signal))
    lost = {record_id for each in receiver.of("logs") if not RETRIED[each.fate] and each.fate not in (
        otlp.ACCEPT.name, otlp.PARTIAL.name) for record_id in request_ids(each.message)}
    arrived = [request_id for message in receiver.accepted("logs") for request_id in request_ids(message)]
    assert set(arrived) | lost >= told
    assert lost.isdisjoint(arrived)
    assert max(Counter(arrived).values()) == 1, "accepted twice"
    for signal in SIGNALS:
        check_counts(receiver, signal, metrics)




def check_retries(deliveries) -> None:
    """The same request comes again after what may be retried, no sooner than asked, and never otherwise."""
    attempts = defaultdict(list)
    for each in deliveries:
        attempts[each.body].append(each)
    for sent in attempts.values():
        fates = [each.fate for each in sent]
        assert all(RETRIED[fate] for fate in fates[:-1]), fates
        assert not RETRIED[fates[-1]], f"given up after {fates}"
        for first, second in zip(sent, sent[1:]):
            waited = second.request.arrived_at - first.request.arrived_at
            assert waited >= first.wait, f"{first.fate}: sent again after {waited} s"


def check_counts(receiver, signal: str, metrics) -> None:
    name = EXPORTED[signal]
    partial = [each for each in receiver.of(signal) if each.fate == otlp.PARTIAL.name]
    assert partial
    assert metrics.value(name, error_type="rejected") == len(partial)
    assert metrics.value(name, error_type="400") == total(receiver, signal, otlp.REFUSE.name) > 0
    assert metrics.value(name, error_type="500") == total(receiver, signal, otlp.BROKEN.name) > 0
    bloated = total(receiver, signal, otlp.BLOATED.name)
    assert metrics.value(name, error_type="response_too_large") == bloated > 0
    arrived = total(receiver, signal, otlp.ACCEPT.name, otlp.PARTIAL.name) - len(partial)
    assert metrics.value(name, error_type="") <= arrived  # The end of the daemon is still to be told.
    assert metrics.value("signalbox_otlp_retries_total", signal=signal) > 0
