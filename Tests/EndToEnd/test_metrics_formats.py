"""What scrapers are given: three formats, chosen and packed as they ask, held to the parsers of others."""

import gzip
import math
import shutil
import subprocess
from datetime import datetime, timezone

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from harness import contract, prometheus_protobuf
from harness.configuration import configuration, model_of, provider
from harness.daemon import Daemon
from harness.raw_client import RawClient, Response, request
from harness.waiting import scraped_until

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PROTOBUF = (
    "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")
PARSERS = {TEXT: read_text, OPENMETRICS: read_openmetrics}
ACCEPTS = {
    TEXT: "text/plain", OPENMETRICS: "application/openmetrics-text; version=1.0.0", PROTOBUF: PROTOBUF}
KINDS = pytest.mark.parametrize("kind", list(ACCEPTS), ids=["text", "openmetrics", "protobuf"])

# To the letter what these send.
PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2")

# With the feature or the setting for native histograms.
PROMETHEUS_2_42_NATIVE = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
PROMETHEUS_3_NATIVE = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.6,"
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,text/plain;version=0.0.4;q=0.2,*/*;q=0.1")

# A label value with all that a format gives a meaning: a route's name, in which only line ends are refused.
HOSTILE = 'a "quoted" \\ back\\nslash {le="1.0"} # EOF 日本語 ' + "é" * 20

# So many that the text is more than one buffer of a connection.
ROUTES = 20


@pytest.fixture(scope="module")
def daemon(start_shared_daemon) -> Daemon:
    """It has answered nobody yet: its metrics are those that are known from the start."""
    settings = configuration(provider("alpha", "http://127.0.0.1:9/v1"))
    names = [HOSTILE, *(f"chat-{number}" for number in range(ROUTES))]
    settings["routes"] += [{"model": name, "targets": [f"alpha/{model_of('alpha')}"]} for name in names]
    return start_shared_daemon(settings)


def scrape(daemon: Daemon, accept: str = "", encoding: str = "", method: str = "GET") -> Response:
    with RawClient(daemon.addresses("admin")[0]) as client:
        client.send(request(method, "/metrics", headers={"Accept": accept, "Accept-Encoding": encoding}))
        response = client.response(to_head=method == "HEAD")
        assert response is not None and response.status == 200, response
        # Nothing but the answer: the next one on this connection is whole as well.
        client.send(request("GET", "/healthz"))
        assert client.response().status == 200
        return response


@pytest.mark.parametrize(("accept", "expected"), [
    (PROMETHEUS_2_42, OPENMETRICS), (PROMETHEUS_3, OPENMETRICS),
    (PROMETHEUS_2_42_NATIVE, PROTOBUF), (PROMETHEUS_3_NATIVE, PROTOBUF),
    (PROTOBUF + ";q=0.1, text/plain;q=0.2", TEXT), ("application/vnd.google.protobuf", TEXT),
    ("", TEXT), ("*/*", TEXT), ("text/html,*/*;q=0.8", TEXT), (";;q=,,nonsense/", TEXT),
    ("application/openmetrics-text;version=0.0.1", TEXT),
    ("application/openmetrics-text;q=0.1,text/plain;q=0.2", TEXT),
])
def test_the_format_is_the_one_that_the_scraper_likes_best(daemon, accept, expected):
    response = scrape(daemon, accept)
    assert response.headers["content-type"] == expected
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert response.body.endswith(b"\n# EOF\n") == (expected == OPENMETRICS)
    assert samples(expected, response)


MOVING = ("process_", "signalbox_event_loop_lag_seconds_", "signalbox_scrape", "signalbox_exposition_")


def without_time(samples: dict) -> dict:
    """Without what moves between two scrapes."""
    return {key: value for key, value in samples.items() if not key[0].startswith(MOVING)}


def samples(content_type: str, response: Response) -> dict:
    if content_type == PROTOBUF:
        return prometheus_protobuf.samples(response.body)
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in PARSERS[content_type](response.body.decode()) for sample in family.samples
    }


def test_all_formats_say_the_same(daemon):
    text, openmetrics, protobuf = (samples(kind, scrape(daemon, ACCEPTS[kind])) for kind in ACCEPTS)
    assert text.keys() == openmetrics.keys() == protobuf.keys()
    assert without_time(text) == without_time(openmetrics) == without_time(protobuf)
    assert all(not math.isnan(value) for value in text.values())


@KINDS
def test_a_hostile_label_value_is_read_as_it_was_written(daemon, kind):
    routes = {dict(labels).get("route") for _, labels in samples(kind, scrape(daemon, ACCEPTS[kind]))}
    assert HOSTILE in routes


def test_openmetrics_names_types_and_units_as_its_specification_says(daemon):
    families = {
        family.name: family
        for family in read_openmetrics(scrape(daemon, ACCEPTS[OPENMETRICS]).body.decode())
    }
    assert families["llm_requests"].type == "counter"
    assert families["signalbox_build"].type == "info"
    assert families["llm_request_latency_seconds"].type == "histogram"
    assert families["llm_request_latency_seconds"].unit == "seconds"
    assert families["process_cpu_seconds"].unit == "seconds"
    assert families["process_resident_memory_bytes"].unit == "bytes"
    assert not [family.name for family in families.values() if family.type == "unknown"]


def test_protobuf_names_types_and_units_as_prometheus_reads_them(daemon):
    families = {
        family.name: family
        for family in prometheus_protobuf.families(scrape(daemon, ACCEPTS[PROTOBUF]).body)
    }
    kinds = {name: prometheus_protobuf.kind(family) for name, family in families.items()}
    assert kinds["llm_requests_total"] == "counter"
    assert kinds["signalbox_build_info"] == "gauge"
    assert kinds["llm_request_latency_seconds"] == "histogram"
    assert families["llm_request_latency_seconds"].unit == "seconds"
    assert families["process_cpu_seconds_total"].unit == "seconds"
    assert families["llm_requests_total"].unit == ""
    assert all(family.help for family in families.values())
    began = families["llm_requests_total"].metric[0].counter.created_timestamp.ToDatetime()
    assert abs((datetime.now(timezone.utc).replace(tzinfo=None) - began).total_seconds()) < 600


def test_native_histograms_hold_the_same_observations_as_classic_ones(start_daemon, connect, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    client = connect(daemon)
    for _ in range(20):
        client.chat.completions.create(model="chat", messages=[{"role": "user", "content": contract.PROMPT}])
    scraped_until(
        daemon.metrics, lambda metrics: metrics.value("llm_request_latency_seconds_count") == 20,
        "twenty attempts")
    for family in prometheus_protobuf.families(scrape(daemon, PROMETHEUS_3_NATIVE).body):
        for metric in family.metric:
            if prometheus_protobuf.kind(family) != "histogram":
                continue
            histogram = metric.histogram
            native = prometheus_protobuf.native_buckets(histogram)
            assert histogram.schema == 3 and 0 < histogram.zero_threshold < 1e-6
            assert sum(native.values()) == histogram.sample_count
            assert histogram.bucket[-1].upper_bound == math.inf
            assert histogram.bucket[-1].cumulative_count == histogram.sample_count
            # What is in a native bucket is at most 9.1 % smaller than its bound.
            bounds = sum(bound * count for bound, count in native.items())
            zeros = histogram.zero_threshold * histogram.zero_count
            assert (bounds - zeros) / 1.091 <= histogram.sample_sum <= bounds * 1.000001
            for bucket in histogram.bucket:
                surely = sum(count for bound, count in native.items() if bound <= bucket.upper_bound)
                assert surely <= bucket.cumulative_count


@pytest.mark.skipif(not shutil.which("promtool"), reason="promtool is not installed")
def test_promtool_finds_nothing_to_complain_about(daemon):
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=scrape(daemon).body, capture_output=True, timeout=30)
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, b"", b"")


@pytest.mark.parametrize(("encoding", "is_packed"), [
    ("gzip", True), ("gzip, deflate, br", True), ("*", True), ("gzip;q=0.1", True),
    ("", False), ("gzip;q=0", False), ("gzip;q=0, *", False), ("identity, gzip;q=0.5", False), ("br", False),
])
def test_packing_is_the_scrapers_choice(daemon, encoding, is_packed):
    response = scrape(daemon, PROMETHEUS_3, encoding)
    assert response.headers.get("content-encoding") == ("gzip" if is_packed else None)
    body = gzip.decompress(response.body) if is_packed else response.body
    assert body.endswith(b"\n# EOF\n")


@pytest.mark.parametrize("encoding", ["", "gzip"], ids=["plain", "packed"])
@KINDS
def test_head_answers_the_header_alone(daemon, kind, encoding):
    response = scrape(daemon, ACCEPTS[kind], encoding, method="HEAD")
    assert response.headers["content-type"] == kind
    assert int(response.headers["content-length"]) > (1_000 if encoding else 40_000)
    assert response.headers.get("content-encoding", "") == encoding
