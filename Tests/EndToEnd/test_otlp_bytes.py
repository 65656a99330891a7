"""What our bytes mean to OpenTelemetry's official protobufs: each golden file, field by field."""

import base64
import math
import struct
from pathlib import Path

import pytest
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceRequest
from opentelemetry.proto.collector.metrics.v1.metrics_service_pb2 import ExportMetricsServiceRequest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, ArrayValue, KeyValue, KeyValueList
from opentelemetry.proto.logs.v1.logs_pb2 import LogRecord
from opentelemetry.proto.metrics.v1.metrics_pb2 import Metric
from opentelemetry.proto.trace.v1.trace_pb2 import Span

GOLDEN = Path(__file__).resolve().parents[1] / "SignalboxTelemetryTests" / "Golden"
NOW = 1_700_000_000_123_456_789
TRACE = bytes.fromhex("0123456789abcdeffedcba9876543210")
SPAN = bytes.fromhex("1111222233334444")
FILES = {
    "traces": ExportTraceServiceRequest, "logs": ExportLogsServiceRequest,
    "metrics-explicit": ExportMetricsServiceRequest, "metrics-exponential": ExportMetricsServiceRequest,
}


def read(name: str):
    return FILES[name].FromString(base64.b64decode((GOLDEN / f"{name}.base64").read_text()))


def value(plain) -> AnyValue:
    match plain:
        case None: return AnyValue()
        case bool(): return AnyValue(bool_value=plain)
        case int(): return AnyValue(int_value=plain)
        case float(): return AnyValue(double_value=plain)
        case str(): return AnyValue(string_value=plain)
        case list(): return AnyValue(array_value=ArrayValue(values=map(value, plain)))
        case dict(): return AnyValue(kvlist_value=KeyValueList(values=pairs(plain)))


def pairs(plain: dict) -> list[KeyValue]:
    return [KeyValue(key=key, value=value(each)) for key, each in plain.items()]


@pytest.mark.parametrize("name", FILES)
def test_nothing_is_unknown_and_nothing_is_lost(name):
    message = read(name)
    assert FILES[name].FromString(message.SerializeToString()) == message
    known = FILES[name].FromString(message.SerializeToString())
    known.DiscardUnknownFields()
    assert known.ByteSize() == message.ByteSize()
    # No zeros that the official encoder would leave out, no field twice.
    assert message.ByteSize() == len(base64.b64decode((GOLDEN / f"{name}.base64").read_text()))


@pytest.mark.parametrize("name", FILES)
def test_the_resource_says_who_sends(name):
    (envelope,) = next(iter(read(name).ListFields()))[1]
    found = {pair.key: pair.value.string_value for pair in envelope.resource.attributes}
    version = found["service.version"]
    assert found == {
        "service.name": "tower", "deployment.environment.name": "test", "service.instance.id": "instance-1",
        "service.version": version, "telemetry.sdk.name": "signalbox", "telemetry.sdk.language": "swift",
        "telemetry.sdk.version": version,
    }


def test_spans():
    plain, full = read("traces").resource_spans[0].scope_spans
    assert (plain.scope.name, plain.scope.version) == ("test", "")
    assert [span.name for span in plain.spans] == ["plain", "plain"]
    assert plain.spans[0] == Span(
        trace_id=struct.pack(">QQ", 1, 2), span_id=struct.pack(">Q", 3), name="plain",
        kind=Span.SPAN_KIND_INTERNAL, start_time_unix_nano=1, end_time_unix_nano=2, flags=0x101)
    assert (full.scope.name, full.scope.version) == ("app", "2.1")
    expected = Span(
        trace_id=TRACE, span_id=SPAN, trace_state="vendor=1,other=2",
        parent_span_id=bytes.fromhex("ffff000000000001"), flags=0x301, name="chat gpt-4o",
        kind=Span.SPAN_KIND_CLIENT, start_time_unix_nano=NOW, end_time_unix_nano=NOW + 1_500_000_000,
        attributes=pairs({
            "gen_ai.operation.name": "chat", "empty": "", "zero": 0, "negative": -5, "false": False,
            "true": True, "double": -0.25, "strings": ["a", "", "日本語"], "bools": [True, False],
            "ints": [-2**63, 0, 2**63 - 1], "doubles": [0.0, math.inf], "none": [], "long": "é" * 200,
        }), dropped_attributes_count=1, dropped_events_count=2, dropped_links_count=3)
    event = expected.events.add(time_unix_nano=NOW, name="first chunk", dropped_attributes_count=4)
    event.attributes.extend(pairs({"n": 1}))
    link = expected.links.add(
        trace_id=struct.pack(">QQ", 1, 2), span_id=struct.pack(">Q", 3), dropped_attributes_count=5,
        flags=0x300)
    link.attributes.extend(pairs({"l": "m"}))
    expected.status.code = 2
    expected.status.message = "upstream said no"
    assert list(full.spans) == [expected]


def record(level: str, number: int, body: str, event: str = "", **more) -> LogRecord:
    return LogRecord(
        time_unix_nano=NOW, observed_time_unix_nano=NOW, severity_number=number, severity_text=level,
        body=value(body), event_name=event, **more)


def test_log_records():
    (scope,) = read("logs").resource_logs[0].scope_logs
    assert scope.scope.name == "signalbox"
    levels = [("trace", 1), ("debug", 5), ("info", 9), ("notice", 10), ("warning", 13), ("error", 17),
              ("critical", 18)]
    assert list(scope.log_records[:7]) == [
        record(level, number, "llm_sample", "llm_sample") for level, number in levels]
    assert scope.log_records[7] == record(
        "info", 9, "llm_sample", "llm_sample", trace_id=TRACE, span_id=SPAN, attributes=pairs({
            "request_id": "r-1", "quoted": 'a "b" \\ \n é', "secret": "•••", "header": "Bearer •••",
            "int": -7, "double": 0.5, "nan": None, "yes": True, "ms": 1.5,
            "attempts": [{"provider": "p1", "status": 501}, {"provider": "p2", "status": 502}],
        }))
    assert scope.log_records[8] == record(
        "warning", 13, "A sentence, from a library.",
        attributes=pairs({"label": "app", "trace_id": "no trace's name"}))
    assert len(scope.log_records) == 9


def metrics(name: str) -> dict[str, Metric]:
    (scope,) = read(name).resource_metrics[0].scope_metrics
    assert scope.scope.name == "signalbox"
    return {metric.name: metric for metric in scope.metrics}


@pytest.mark.parametrize("name", ["metrics-explicit", "metrics-exponential"])
def test_numbers(name):
    found = metrics(name)
    things = Metric(name="things_total", description="Things.")
    things.sum.aggregation_temporality, things.sum.is_monotonic = 2, True
    times = {"start_time_unix_nano": NOW, "time_unix_nano": NOW + 60_000_000_000}
    first = things.sum.data_points.add(as_int=3, attributes=pairs({"kind": "a"}), **times)
    first.exemplars.add(time_unix_nano=NOW, as_double=3, span_id=SPAN, trace_id=TRACE)
    things.sum.data_points.add(as_int=0, attributes=pairs({"kind": "b", "way": 'x"\\\n'}), **times)
    assert found["things_total"] == things

    cost = Metric(name="cost_total", description="Money.")
    cost.sum.aggregation_temporality, cost.sum.is_monotonic = 2, True
    cost.sum.data_points.add(as_double=0.25, **times)
    assert found["cost_total"] == cost

    now = times["time_unix_nano"]
    ratio = Metric(name="headroom_ratio", description="What is left.", unit="1")
    ratio.gauge.data_points.add(as_double=-0.5, time_unix_nano=now)
    assert found["headroom_ratio"] == ratio

    info = Metric(name="build_info", description="The build.")
    info.gauge.data_points.add(as_double=1, time_unix_nano=now, attributes=pairs({"version": "1.2.3"}))
    assert found["build_info"] == info

    door = Metric(name="door_state", description="The door.")
    for state, current in (("open", 1), ("closed", 0)):
        door.gauge.data_points.add(
            as_double=current, time_unix_nano=now, attributes=pairs({"door": "front", "state": state}))
    assert found["door_state"] == door


def test_metrics_of_the_conventions_go_by_the_conventions_names():
    exported = metrics("metrics-explicit")["otel.sdk.exporter.span.exported"]
    assert exported.unit == "{span}" and exported.sum.is_monotonic
    assert list(exported.sum.data_points[0].attributes) == pairs({
        "otel.component.name": "otlp_http_span_exporter/0", "otel.component.type": "otlp_http_span_exporter",
        "server.address": "h", "server.port": 4318, "error.type": "503",
    })


OBSERVED = [0, 0.05, 0.1, 0.5, 3, 3.5, 100, 0.75]


def test_explicit_histograms():
    metric = metrics("metrics-explicit")["wait_seconds"]
    assert (metric.unit, metric.histogram.aggregation_temporality) == ("s", 2)
    empty, full = metric.histogram.data_points
    assert list(full.attributes) == pairs({"route": "r"})
    assert (full.count, full.sum) == (8, math.fsum(OBSERVED))
    assert (list(full.explicit_bounds), list(full.bucket_counts)) == ([0.1, 1, 10], [3, 2, 2, 1])
    assert (full.start_time_unix_nano, full.time_unix_nano) == (NOW, NOW + 60_000_000_000)
    (exemplar,) = full.exemplars
    assert (exemplar.as_double, exemplar.trace_id, exemplar.span_id) == (0.75, TRACE, SPAN)
    assert (empty.count, list(empty.bucket_counts)) == (0, [0, 0, 0, 0])


def test_exponential_histograms():
    metric = metrics("metrics-exponential")["wait_seconds"]
    assert metric.exponential_histogram.aggregation_temporality == 2
    empty, full = metric.exponential_histogram.data_points
    assert (full.count, full.sum, full.zero_count) == (8, math.fsum(OBSERVED), 1)
    base = 2 ** (2 ** -full.scale)
    counts = {full.positive.offset + place: count
              for place, count in enumerate(full.positive.bucket_counts) if count}
    # A bucket of index i holds what is above base^i, up to and with base^(i+1).
    expected: dict[int, int] = {}
    for one in OBSERVED[1:]:
        # Rounded, as a logarithm need not be exact where the bound is.
        index = math.ceil(round(math.log(one, base), 9)) - 1
        expected[index] = expected.get(index, 0) + 1
    assert counts == expected
    assert 0 < full.zero_threshold < 1e-6
    assert list(full.attributes) == pairs({"route": "r"})
    assert len(full.exemplars) == 1
    assert empty.count == 0
