"""Nothing grows: not with what callers make up, not while nobody reads the log."""

import os
import threading
import time

import pytest

from harness.configuration import configuration, environment, mock, write
from harness.daemon import Daemon
from harness.flood import flood
from harness.raw_client import fetch

MIB = 1 << 20

# `make flood` asks for a million.
REQUESTS = int(os.environ.get("SIGNALBOX_FLOOD_REQUESTS", "50000"))
PARTS = 10
BLOCKED_SECONDS = 10


def series(daemon: Daemon) -> set:
    return {(sample.name, frozenset(sample.labels.items())) for sample in daemon.metrics().samples}


class Listener(Daemon):
    """A daemon whose log is not read while `hears` is cleared, and not kept unless it `keeps_requests`."""

    def __init__(self, *arguments, **settings):
        self.hears = threading.Event()
        self.hears.set()
        self.keeps_requests = True
        super().__init__(*arguments, **settings)

    def _take_line(self, text: str) -> None:
        self.hears.wait()
        if self.keeps_requests or '"llm_request_failed"' not in text:
            super()._take_line(text)


@pytest.fixture
def daemon(tmp_path):
    settings = configuration(mock("stand-in"))
    path = write(settings, tmp_path)
    daemon = Listener(("serve", "--config", str(path)), tmp_path, environment(settings))
    try:
        yield daemon.wait_until_listening()
        daemon.stop()
    finally:
        daemon.hears.set()
        daemon.kill()


def test_random_model_names_leave_series_and_memory_flat(daemon):
    daemon.keeps_requests = False
    address = daemon.addresses("server")[0]
    before, begin = series(daemon), time.monotonic()
    peaks = []
    for part in range(PARTS):
        flood(address, REQUESTS // PARTS, seed=part)
        peaks.append(daemon.peak_memory() / MIB)
    took = time.monotonic() - begin
    print(f"{REQUESTS} requests in {took:.1f} s, peaks of memory after each tenth:")
    print(", ".join(f"{peak:.1f}" for peak in peaks), "MiB")
    assert series(daemon) == before
    metrics = daemon.metrics()
    assert metrics.value("llm_client_requests_total", route="other", outcome="invalid") == REQUESTS
    assert metrics.value("signalbox_series_dropped_total") == 0
    # The log's buffer is the largest of those that are still filled: 4 MiB, and as much being written.
    assert peaks[-1] - peaks[0] < 8


def test_a_log_that_nobody_reads_blocks_nobody_and_says_afterwards_what_was_lost(daemon):
    address = daemon.addresses("server")[0]
    sent = 0

    def burst(count: int) -> None:
        nonlocal sent
        flood(address, count, seed=sent)
        sent += count

    def dropped() -> float:
        return daemon.metrics().value("signalbox_log_lines_dropped_total")

    burst(1_000)
    daemon.hears.clear()
    begin = time.monotonic()
    while dropped() == 0:
        burst(2_000)
        assert time.monotonic() - begin < 60, "the log's buffer has no end"
    # The buffer is full: from here on nothing may grow, and nobody may wait.
    memory, begin, slowest = daemon.forget_peak_memory(), time.monotonic(), 0.0
    while time.monotonic() - begin < BLOCKED_SECONDS:
        burst(400)
        asked = time.monotonic()
        assert fetch(daemon.url + "/v1/models").status == 200
        slowest = max(slowest, time.monotonic() - asked)
    assert daemon.peak_memory() - memory < 4 * MIB
    assert slowest < 1
    lost = dropped()
    assert lost > 0
    daemon.hears.set()
    notice = daemon.wait_for_log(lambda line: line["message"] == "log_lines_dropped", timeout=60)
    assert notice["level"] == "warning"
    # Everything is accounted for: what was written and what was lost is what was asked.
    daemon.stop()
    told = sum(line["count"] for line in daemon.logged("log_lines_dropped"))
    assert told == lost
    assert len(daemon.logged("llm_request_failed")) + told == sent
