"""What scrapers are given: two formats, chosen and packed as they ask, held to the parsers of others."""

import gzip
import math
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from harness.configuration import configuration, model_of, provider
from harness.daemon import Daemon
from harness.raw_client import RawClient, Response, request

TEXT = "text/plain; version=0.0.4; charset=utf-8"
OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
PARSERS = {TEXT: read_text, OPENMETRICS: read_openmetrics}
ACCEPTS = {TEXT: "text/plain", OPENMETRICS: "application/openmetrics-text; version=1.0.0"}

# To the letter what these send.
PROMETHEUS_2_42 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,"
    "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2")

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
    ("", TEXT), ("*/*", TEXT), ("text/html,*/*;q=0.8", TEXT), (";;q=,,nonsense/", TEXT),
    ("application/openmetrics-text;version=0.0.1", TEXT),
    ("application/openmetrics-text;q=0.1,text/plain;q=0.2", TEXT),
])
def test_the_format_is_the_one_that_the_scraper_likes_best(daemon, accept, expected):
    response = scrape(daemon, accept)
    assert response.headers["content-type"] == expected
    assert response.headers["vary"] == "Accept, Accept-Encoding"
    assert response.body.endswith(b"\n# EOF\n") == (expected == OPENMETRICS)
    assert list(PARSERS[expected](response.body.decode()))


MOVING = ("process_", "signalbox_event_loop_lag_seconds_", "signalbox_scrape", "signalbox_exposition_")


def without_time(samples: dict) -> dict:
    """Without what moves between two scrapes."""
    return {key: value for key, value in samples.items() if not key[0].startswith(MOVING)}


def samples(content_type: str, response: Response) -> dict:
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in PARSERS[content_type](response.body.decode()) for sample in family.samples
    }


def test_both_formats_say_the_same(daemon):
    text, openmetrics = (samples(kind, scrape(daemon, ACCEPTS[kind])) for kind in (TEXT, OPENMETRICS))
    assert text.keys() == openmetrics.keys()
    assert without_time(text) == without_time(openmetrics)
    assert all(not math.isnan(value) for value in text.values())


@pytest.mark.parametrize("kind", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
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
@pytest.mark.parametrize("kind", [TEXT, OPENMETRICS], ids=["text", "openmetrics"])
def test_head_answers_the_header_alone(daemon, kind, encoding):
    response = scrape(daemon, ACCEPTS[kind], encoding, method="HEAD")
    assert response.headers["content-type"] == kind
    assert int(response.headers["content-length"]) > (1_000 if encoding else 40_000)
    assert response.headers.get("content-encoding", "") == encoding
