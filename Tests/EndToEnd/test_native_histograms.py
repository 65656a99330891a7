"""Prometheus scrapes protobuf, and its quantiles of native histograms are as near as buckets promise."""

import math
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Iterator

import pytest

from harness.configuration import configuration, mock
from harness.daemon import Daemon
from harness.prometheus import Prometheus, job
from harness.raw_client import fetch

pytestmark = pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed")

# What Prometheus 2.42 sends with the feature flag, to the letter.
ACCEPT = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited,"
    "application/openmetrics-text;version=1.0.0;q=0.8,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1")
# Schema 3: eight buckets to a doubling. A quantile's answer lies in the bucket of the true one.
GROWTH = 2 ** (1 / 8)
CUT_OFF = 1e-6
LATENCIES_MS = (0, 2, 5, 9, 14, 25, 40, 60, 95, 130)
REQUESTS_EACH = 30
HOSTILE = 'a "quoted" \\ back\\nslash {le="1.0"} # EOF 日本語'


@pytest.fixture(scope="module")
def daemon(start_shared_daemon) -> Daemon:
    """Its providers differ in how long they take, and each has answered."""
    names = [f"takes-{latency}" for latency in LATENCIES_MS]
    mocks = [mock(name, latency=f"{latency}ms") for name, latency in zip(names, LATENCIES_MS)]
    settings = configuration(*mocks)
    settings["routes"] = [{"model": name, "targets": [name]} for name in names]
    settings["routes"].append({"model": HOSTILE, "targets": [names[0]]})
    daemon = start_shared_daemon(settings)
    with ThreadPoolExecutor(8) as pool:
        def ask(name: str) -> int:
            body = b'{"model":"%s"}' % name.encode()
            return fetch(daemon.base_url + "/chat/completions", "POST", body).status
        assert set(pool.map(ask, names * REQUESTS_EACH)) == {200}
    return daemon


@pytest.fixture(scope="module")
def observed(daemon) -> list[float]:
    """The seconds that every attempt took, in order, as the log tells them: cut off to whole microseconds."""
    lines = daemon.logged("llm_request_completed")
    assert len(lines) == len(LATENCIES_MS) * REQUESTS_EACH
    return sorted(attempt["ms"] / 1000 for line in lines for attempt in line["attempts"])


@pytest.fixture(scope="module")
def prometheus(daemon, tmp_path_factory) -> Iterator[Prometheus]:
    jobs = [job("signalbox", daemon.addresses("admin")[0])]
    directory = tmp_path_factory.mktemp("prometheus")
    with Prometheus(directory, jobs, features=("native-histograms",)) as prometheus:
        target = prometheus.target("signalbox")
        assert (target["health"], target["lastError"]) == ("up", "")
        yield prometheus


def test_what_it_asks_for_is_answered_with_protobuf(daemon):
    response = daemon.admin("/metrics", {"Accept": ACCEPT})
    assert response.status == 200
    assert response.headers["content-type"] == (
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited")


ALL = 'sum(llm_request_latency_seconds{job="signalbox"})'


def test_the_native_histogram_has_every_observation(prometheus, observed):
    assert prometheus.value_once(f"histogram_count({ALL})", lambda count: count > 0) == len(observed)
    answer = prometheus.value(f"histogram_sum({ALL})")
    assert sum(observed) - 1e-9 <= answer <= sum(observed) + CUT_OFF * len(observed)
    # A native histogram takes the place of the classic one.
    assert prometheus.query("llm_request_latency_seconds_bucket") == []


@pytest.mark.parametrize("quantile", [0.01, 0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 1])
def test_a_quantile_is_answered_within_its_bucket(prometheus, observed, quantile):
    answer = prometheus.value_once(f"histogram_quantile({quantile}, {ALL})", lambda value: value > 0)
    exact = observed[math.ceil(quantile * len(observed)) - 1]
    assert exact / GROWTH <= answer <= (exact + CUT_OFF) * GROWTH, (answer, exact)


@pytest.mark.parametrize("bound", [0.0047, 0.011, 0.03, 0.0801, 0.15])
def test_a_fraction_below_a_bound_is_right(prometheus, observed, bound):
    answer = prometheus.value_once(f"histogram_fraction(0, {bound}, {ALL})", lambda value: value >= 0)
    surely = sum(value < bound / GROWTH for value in observed) / len(observed)
    possibly = sum(value <= bound * GROWTH for value in observed) / len(observed)
    assert surely - 1e-9 <= answer <= possibly + 1e-9


def test_counters_and_gauges_come_through_protobuf_as_through_text(prometheus, daemon):
    histograms = {family.name for family in daemon.metrics().families if family.type == "histogram"}
    parts = {name + ending for name in histograms for ending in ("_bucket", "_sum", "_count", "_created")}
    ours = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for sample in daemon.metrics().samples
        if sample.name.startswith("llm_") and sample.name not in parts
    }
    theirs = {}
    for labels, value in prometheus.query('{__name__=~"llm_.+",__name__!~".+_seconds"}'):
        kept = {key: text for key, text in labels.items() if key not in ("__name__", "job", "instance")}
        theirs[labels["__name__"], frozenset(kept.items())] = value
    assert theirs == ours
    assert HOSTILE in prometheus.get("label/route/values")
    assert prometheus.complaints == []
