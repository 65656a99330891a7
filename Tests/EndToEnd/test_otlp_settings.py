"""Export over OTLP/HTTP: what each setting does, and that a receiver in trouble troubles nobody."""

import re
import time
from pathlib import Path

import pytest

from harness import configuration, contract, otlp
from harness.certificates import make_authority
from harness.configuration import mock
from harness.daemon import run
from harness.otlp import attributes, points, records, spans
from harness.raw_client import fetch
from harness.waiting import scraped_until

ROOT = Path(__file__).resolve().parents[2]
SOON = {"metrics": {"interval": "100ms"}, "traces": {"delay": "20ms"}, "logs": {"delay": "20ms"}}


@pytest.fixture
def start(start_daemon):
    def start(otlp_section, environment=None, **more):
        section = {"otlp": otlp_section} if otlp_section is not None else {}
        settings = configuration.configuration(mock("alpha"), **section, **more)
        return start_daemon(settings, more_environment=environment)
    return start


def ask(daemon, request_id: str = "asked", headers=None) -> None:
    body = b'{"model":"chat","messages":[{"role":"user","content":"' + contract.PROMPT.encode() + b'"}]}'
    response = fetch(
        daemon.base_url + "/chat/completions", "POST", body,
        headers={"x-request-id": request_id} | (headers or {}))
    assert response.status == 200


def wait_for(receiver, signal: str, holds=bool, timeout: float = 10):
    """The first message of that signal of which `holds` is true."""
    return receiver.watched.wait_until(
        lambda: next((each for each in receiver.of(signal) if holds(each.message)), None), timeout,
        f"such delivery of {signal}")


def test_everything_arrives_as_it_is_and_says_who_sent_it(start, start_receiver):
    receiver = start_receiver()
    daemon = start(
        {"endpoint": receiver.url, "headers": {"x-collector-key": "env:COLLECTOR_KEY"},
         "resource": {"service.name": "tower"}} | SOON,
        {"COLLECTOR_KEY": "key-of-the-collector", "OTEL_RESOURCE_ATTRIBUTES": "team=rail"})
    trace_id, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
    ask(daemon, headers={"traceparent": f"00-{trace_id}-{parent}-01"})

    def is_asked(record) -> bool:
        return attributes(record.attributes).get("request_id") == "asked"
    logs = wait_for(receiver, "logs", lambda message: any(map(is_asked, records(message))))
    traces = wait_for(receiver, "traces", lambda message: any(
        span.parent_span_id.hex() == parent for span in spans(message)))
    metrics = wait_for(receiver, "metrics", lambda message: any(
        metric.name == "llm_requests_total" and point.as_int == 1 for metric, _, point in points(message)))
    for each in (logs, traces, metrics):
        assert each.request.header("x-collector-key") == "key-of-the-collector"
        assert each.request.header("content-encoding") == "gzip"
        assert re.fullmatch(r"Signalbox-OTLP-Exporter-Swift/\d+\.\d+\.\d+", each.request.header("user-agent"))
        (envelope,) = next(iter(each.message.ListFields()))[1]
        resource = attributes(envelope.resource.attributes)
        assert (resource["service.name"], resource["team"]) == ("tower", "rail")
        assert len(resource["service.instance.id"]) == 36
        assert contract.PROMPT.encode() not in each.body

    record = next(record for record in records(logs.message) if is_asked(record))
    line = daemon.request_log("asked")
    assert (record.body.string_value, record.event_name) == (contract.COMPLETED, contract.COMPLETED)
    assert (record.severity_number, record.severity_text) == (9, "info")
    assert record.trace_id.hex() == line["trace_id"] == trace_id
    assert record.span_id.hex() == line["span_id"]
    found = attributes(record.attributes)
    assert found["status"] == 200 and found["outcome"] == "success"
    assert [each.kvlist_value.values[0].value.string_value for each in found["attempts"].values] == ["alpha"]

    server = next(span for span in spans(traces.message) if span.parent_span_id.hex() == parent)
    assert server.trace_id.hex() == trace_id
    assert server.span_id == record.span_id
    assert server.flags & 0x301 == 0x301, "sampled, and its parent known to be elsewhere"
    assert server.start_time_unix_nano < server.end_time_unix_nano


def test_metrics_are_those_of_a_scrape(start, start_receiver):
    receiver = start_receiver()
    daemon = start({"endpoint": receiver.url, "signals": ["metrics"]} | SOON)
    ask(daemon)
    delivery = wait_for(receiver, "metrics", lambda message: any(
        metric.name == "llm_requests_total" and point.as_int == 1 for metric, _, point in points(message)))
    scraped = daemon.metrics()
    names = {metric.name for metric, _, _ in points(delivery.message)}
    known = {family.name for family in scraped.families}
    own = {name for name in names if "." not in name}
    assert {name.removesuffix("_total") for name in own} <= known
    assert {name for name in known if name.startswith("llm_")} <= {
        name.removesuffix("_total") for name in own}
    assert {"gen_ai.client.operation.duration", "otel.sdk.exporter.metric_data_point.inflight"} <= names
    for metric, kind, point in points(delivery.message):
        if metric.name == "llm_request_latency_seconds":
            assert (kind, metric.unit) == ("histogram", "s")
            assert sum(point.bucket_counts) == point.count
            assert point.start_time_unix_nano < point.time_unix_nano
    assert not receiver.of("logs") and not receiver.of("traces")


def test_histograms_can_be_exponential(start, start_receiver):
    receiver = start_receiver()
    daemon = start({"endpoint": receiver.url, "metrics": {"interval": "100ms", "histograms": "exponential"}})
    ask(daemon)

    def latency(message):
        return [point for metric, kind, point in points(message)
                if metric.name == "llm_request_latency_seconds" and kind == "exponential_histogram"
                and point.count]
    delivery = wait_for(receiver, "metrics", latency)
    (point,) = latency(delivery.message)
    assert point.count == 1 == point.zero_count + sum(point.positive.bucket_counts)
    if not point.zero_count:
        base = 2 ** (2 ** -point.scale)
        assert base ** point.positive.offset < point.sum <= base ** (point.positive.offset + 1) * (1 + 1e-9)


def test_the_environment_alone_switches_it_on_and_off(start, start_receiver):
    receiver = start_receiver()
    variables = {
        "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT": receiver.url + "/v1/logs",
        "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
        "OTEL_BLRP_SCHEDULE_DELAY": "20", "OTEL_SERVICE_NAME": "from the environment",
    }
    start(None, variables)
    delivery = wait_for(receiver, "logs")
    assert delivery.request.header("content-encoding") is None
    assert b"from the environment" in delivery.body
    count = len(receiver.deliveries)
    daemon = start(None, variables | {"OTEL_SDK_DISABLED": "true"})
    ask(daemon)
    daemon.stop()
    assert len(receiver.deliveries) == count and not receiver.of("metrics")


def test_what_waits_is_sent_at_the_end(start, start_receiver):
    receiver = start_receiver()
    hour = {"metrics": {"interval": "1h"}, "traces": {"delay": "1h"}, "logs": {"delay": "1h"}}
    daemon = start({"endpoint": receiver.url} | hour)
    ask(daemon)
    assert receiver.deliveries == []
    daemon.stop()
    assert [len(receiver.of(signal)) for signal in ("metrics", "traces", "logs")] == [1, 1, 1]
    assert "asked" in receiver.request_ids


def test_a_receiver_that_is_not_there_holds_up_neither_requests_nor_the_end(start):
    daemon = start({"endpoint": "http://127.0.0.1:9", "flush_timeout": "500ms"} | SOON)
    for number in range(50):
        ask(daemon, f"request-{number}")

    def retried(metrics):
        return metrics.value("signalbox_otlp_retries_total") > 0
    scraped_until(daemon.metrics, retried, "a retry")
    began = time.monotonic()
    daemon.stop()
    assert time.monotonic() - began < 5


def test_a_receiver_that_does_not_answer_costs_records_which_are_counted(start, start_receiver):
    receiver = start_receiver()
    gate = receiver.gate()

    async def wait(_receiver, exchange, _signal):
        await exchange.unless_peer_leaves(gate.wait())
        await exchange.respond(200, b"", kind=otlp.PROTOBUF)
    receiver.plans = {"logs": [otlp.Fate("held", False, wait, accepts=True)]}
    daemon = start({"endpoint": receiver.url, "signals": ["logs"], "logs": {
        "delay": "10ms", "queue": 8, "batch": 4}})
    wait_for(receiver, "logs")
    for number in range(40):
        ask(daemon, f"request-{number}")
    metrics = daemon.metrics()
    assert metrics.value("otel_sdk_processor_log_queue_size") == 8
    assert metrics.value("otel_sdk_processor_log_queue_capacity") == 8
    dropped = metrics.value("otel_sdk_processor_log_processed_total", error_type="queue_full")
    assert 0 < dropped < 40
    gate.open()
    scraped_until(
        daemon.metrics, lambda now: now.value("otel_sdk_processor_log_queue_size") == 0, "an empty queue")
    assert len(receiver.request_ids) == 40 - dropped


def test_a_receiver_that_wants_to_know_who_asks_is_told(start, start_receiver, authority, tmp_path):
    client = make_authority(tmp_path / "client")
    context = authority.context()
    context.verify_mode = 2  # CERT_REQUIRED
    context.load_verify_locations(client.ca_file)
    receiver = start_receiver(tls=context)
    section = {"endpoint": receiver.url, "ca_file": str(authority.ca_file)} | SOON
    start(section | {
        "client_certificate": str(client.certificate_file), "client_key": str(client.key_file)})
    wait_for(receiver, "logs")
    count = len(receiver.deliveries)
    stranger = start(section | {"flush_timeout": "0s"})
    scraped_until(
        stranger.metrics, lambda metrics: metrics.value("signalbox_otlp_retries_total") > 0, "a refusal")
    assert count > 0


def examples() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```\n", (ROOT / "docs/otlp.md").read_text(), re.DOTALL)


@pytest.mark.parametrize("example", examples())
def test_the_pages_examples_are_good(example, tmp_path):
    (tmp_path / "signalbox.yaml").write_text(example)
    variables = {name: "v" for name in re.findall(r"env:([A-Z_]+)", example)}
    result = run("check", directory=tmp_path, environment=variables)
    assert result.returncode == 0, result.stderr


def test_a_wrong_variable_is_refused_by_its_name(tmp_path):
    (tmp_path / "signalbox.yaml").write_text(examples()[0])
    result = run("check", directory=tmp_path, environment={"OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"})
    assert result.returncode == contract.EXIT_WRONG_CONFIGURATION
    assert "OTEL_EXPORTER_OTLP_PROTOCOL" in result.stdout + result.stderr
    assert "http/protobuf" in result.stdout + result.stderr
