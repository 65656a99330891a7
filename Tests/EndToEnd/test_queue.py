"""Requests that find every provider at a limit of ours wait in line: the urgent first, nobody for ever."""

import heapq
import os
import random
import statistics
import time
from collections import Counter
from contextlib import ExitStack
from datetime import datetime

import pytest

from harness import behaviours, contract
from harness.configuration import configuration, mock, provider
from harness.crowd import PRIORITIES, Answered, ask, besiege, chat_request
from harness.daemon import Daemon
from harness.flood import CHAT
from harness.raw_client import RawClient, Response
from harness.upstream import Upstream
from harness.waiting import scraped_until

MIB = 1 << 20
# A place that is waited for with all patience.
PATIENT = {"max": 1000, "wait": "60s", "aging": "60s"}

CROWD = int(os.environ.get("SIGNALBOX_QUEUE_REQUESTS", "1500"))
CONCURRENCY = 16
SERVICE_SECONDS = 0.02
# A class of priority is worth this much waiting.
AGING_SECONDS = 0.5
# From a request's arrival until it stands in line, on a loaded machine.
SLACK_SECONDS = 0.3


class Line:
    """A daemon in front of an upstream, or several, with one place each, and the clients that wait there."""

    def __init__(self, start_daemon, *upstreams: Upstream, queue: dict, **settings: dict):
        providers = [
            provider(name, upstream, **{"limits": {"concurrency": 1}} | settings)
            for name, upstream in zip(("alpha", "beta"), upstreams)
        ]
        self.daemon: Daemon = start_daemon(configuration(*providers, routing={"queue": queue}))
        self.upstreams = upstreams
        self.clients: dict[str, RawClient] = {}
        self._stack = ExitStack()

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_) -> None:
        self._stack.close()

    def send(self, name: str, priority: str = "normal") -> None:
        client = self._stack.enter_context(RawClient(self.daemon.addresses("server")[0]))
        assert client.send(chat_request(priority, name))
        self.clients[name] = client

    def join(self, name: str, priority: str = "normal") -> None:
        """Sends a request and returns when it stands in line."""
        before = self.depth()
        self.send(name, priority)
        scraped_until(self.depth, lambda depth: depth > before, f"{name} in line")

    def occupy(self) -> None:
        """Sends a request to each upstream, which has no place for others until it is answered."""
        for number, upstream in enumerate(self.upstreams):
            self.send(f"first {number}")
            upstream.wait_for_exchange(1)

    def answer(self, name: str) -> Response:
        response = self.clients[name].response(timeout=30)
        assert response is not None, f"{name} was not answered"
        return response

    def depth(self, **labels: str) -> float:
        return self.daemon.metrics().value("llm_queue_depth", **labels)

    def served(self) -> list[str]:
        """Who came through to the upstreams, in this order."""
        return [words_of(exchange) for upstream in self.upstreams for exchange in upstream.exchanges]


def assert_told_to_come_back(response: Response, status: int) -> None:
    assert response.status == status, response.body
    assert int(response.headers["retry-after"]) >= 1
    assert response.error["message"]


def words_of(exchange) -> str:
    return exchange.request.json["messages"][-1]["content"]


def test_the_urgent_go_first_and_equals_as_they_came(start_daemon, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate), behaviours.reply())
    with Line(start_daemon, alpha, queue=PATIENT) as line:
        line.occupy()
        came = ["low", "normal", "critical", "high", "low", "critical", "normal", "high"]
        for number, priority in enumerate(came):
            line.join(f"{priority} {number}", priority)
        for priority in PRIORITIES:
            assert line.depth(provider="alpha", priority=priority) == 2
        gate.open()
        for name in line.clients:
            assert line.answer(name).status == 200
        assert line.served() == [
            "first 0", "critical 2", "critical 5", "high 3", "high 7", "normal 1", "normal 6", "low 0",
            "low 4",
        ]
        metrics = line.daemon.metrics()
        assert metrics.value("llm_queue_depth") == 0
        for priority in PRIORITIES:
            assert metrics.value("llm_queue_wait_seconds_count", priority=priority) == 2
        assert metrics.value("signalbox_queue_rejections_total") == 0
        logs = [log for log in line.daemon.logged(contract.COMPLETED) if "queue_ms" in log]
        assert len(logs) == len(came) and all(0 < log["queue_ms"] <= log["latency_ms"] for log in logs)


def test_who_has_waited_long_goes_before_the_urgent(start_daemon, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate), behaviours.reply())
    with Line(start_daemon, alpha, queue=PATIENT | {"aging": "20ms"}) as line:
        line.occupy()
        line.join("patient", "low")
        joined = time.monotonic()
        scraped_until(lambda: (line.depth(), time.monotonic())[1], lambda now: now - joined > 0.1, "a pause")
        line.join("urgent", "critical")
        gate.open()
        assert line.answer("patient").status == line.answer("urgent").status == 200
        assert line.served() == ["first 0", "patient", "urgent"]


def test_one_too_many_is_told_to_come_back_and_those_in_line_are_served(start_daemon, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate), behaviours.reply())
    with Line(start_daemon, alpha, queue=PATIENT | {"max": 2}) as line:
        line.occupy()
        for name in ("one", "two"):
            line.join(name)
        line.send("one too many", "critical")
        assert_told_to_come_back(line.answer("one too many"), 503)
        assert line.daemon.metrics().value("signalbox_queue_rejections_total", reason="full") == 1
        gate.open()
        for name in ("one", "two"):
            assert line.answer(name).status == 200
        assert line.served() == ["first 0", "one", "two"]


def test_without_a_queue_nobody_waits(start_daemon, alpha):
    alpha.play(behaviours.held_reply(gate := alpha.gate()), behaviours.reply())
    with Line(start_daemon, alpha, queue={"max": 0}) as line:
        line.occupy()
        line.send("second")
        assert_told_to_come_back(line.answer("second"), 503)
        gate.open()
        assert line.answer("first 0").status == 200


def test_who_has_waited_for_too_long_is_told_to_come_back(start_daemon, alpha):
    alpha.play(behaviours.held_reply(gate := alpha.gate()), behaviours.reply())
    with Line(start_daemon, alpha, queue={"wait": "300ms"}) as line:
        line.occupy()
        sent = time.monotonic()
        line.send("late", "critical")
        assert_told_to_come_back(line.answer("late"), 503)
        assert 0.3 <= time.monotonic() - sent < 5
        metrics = line.daemon.metrics()
        assert metrics.value("signalbox_queue_rejections_total", reason="late") == 1
        assert metrics.value("llm_queue_wait_seconds_sum", priority="critical") >= 0.3
        assert metrics.value("llm_queue_depth") == 0
        gate.open()
        assert line.answer("first 0").status == 200
        assert line.served() == ["first 0"]


def test_a_full_window_that_opens_too_late_is_a_rate_limit(start_daemon, alpha):
    with Line(start_daemon, alpha, queue={"wait": "200ms"}, limits={"rpm": 2}) as line:
        for name in ("one", "two"):
            line.send(name)
            assert line.answer(name).status == 200
        line.send("three")
        response = line.answer("three")
        assert_told_to_come_back(response, 429)
        # A window is kept by the second, and rounded up.
        assert 50 <= int(response.headers["retry-after"]) <= 61
        assert line.served() == ["one", "two"]


@pytest.mark.parametrize("leaves", [RawClient.close, RawClient.reset], ids=["close", "reset"])
def test_a_client_that_leaves_leaves_the_line_and_its_provider_is_never_asked(start_daemon, alpha, leaves):
    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate), behaviours.reply())
    with Line(start_daemon, alpha, queue=PATIENT) as line:
        line.occupy()
        line.join("leaver", "critical")
        line.join("stayer", "low")
        leaves(line.clients["leaver"])
        scraped_until(line.depth, lambda depth: depth == 1, "a shorter line")
        gate.open()
        assert line.answer("stayer").status == 200
        assert line.served() == ["first 0", "stayer"]
        metrics = line.daemon.metrics()
        assert metrics.value("llm_client_requests_total", outcome="cancelled") == 1
        assert metrics.value("llm_queue_wait_seconds_count") == 2


def test_a_free_provider_is_taken_before_a_line_and_the_first_that_is_free_in_line(
    start_daemon, alpha, beta,
):
    gates = [alpha.gate(), beta.gate()]
    for upstream, gate in zip((alpha, beta), gates):
        upstream.play(behaviours.held_reply(gate), behaviours.reply())
    with Line(start_daemon, alpha, beta, queue=PATIENT) as line:
        # Its first provider is busy with the first, so the second goes to the other at once.
        line.occupy()
        line.join("waits for both")
        assert line.depth(provider="alpha") == 1
        gates[1].open()
        assert line.answer("waits for both").headers["x-signalbox-provider"] == "beta"
        assert line.depth() == 0
        gates[0].open()
        assert line.answer("first 0").status == line.answer("first 1").status == 200


def test_who_waits_for_providers_that_all_break_is_told_so_at_once(start_daemon, alpha, beta):
    gates = [alpha.gate(), beta.gate()]
    breaker = {"failures": 1, "cooldown": "60s"}
    for upstream, gate in zip((alpha, beta), gates):
        upstream.play(behaviours.held(gate, behaviours.json_but_not_chat()), behaviours.reply())
    with Line(start_daemon, alpha, beta, queue=PATIENT, breaker=breaker) as line:
        line.occupy()
        line.join("waiter", "critical")
        for gate in gates:
            gate.open()
        assert line.answer("waiter").status == 503
        assert line.served() == ["first 0", "first 1"]
        assert line.depth() == 0


# A crowd.

def crowd_of(count: int) -> list[str]:
    """As many of each class, in an order that is always the same."""
    crowd = [PRIORITIES[number % len(PRIORITIES)] for number in range(count)]
    random.Random(1).shuffle(crowd)
    return crowd


def milliseconds(seconds: float) -> str:
    return f"{seconds * 1000:.0f}ms"


def waits(answers: list[Answered], priority: str) -> list[float]:
    return [answer.seconds for answer in answers if answer.priority == priority]


def test_a_crowd_is_served_by_priority_and_nobody_is_lost(start_daemon):
    settings = configuration(
        mock("stand-in", latency=milliseconds(SERVICE_SECONDS)) | {"limits": {"concurrency": CONCURRENCY}},
        server={"connections_max": 20_000},
        routing={"queue": {"max": 100_000, "wait": "110s", "aging": milliseconds(AGING_SECONDS)}})
    daemon = start_daemon(settings)
    address = daemon.addresses("server")[0]
    ask(address, ["normal"] * CONCURRENCY, within=10)
    before = daemon.forget_peak_memory()
    begin = time.monotonic()
    answers = ask(address, crowd_of(CROWD), within=110)
    took = time.monotonic() - begin
    peak, after = daemon.peak_memory(), daemon.memory()
    print(f"{CROWD} requests at {CONCURRENCY} places of {SERVICE_SECONDS} s in {took:.1f} s")
    for priority in PRIORITIES:
        seconds = waits(answers, priority)
        print(f"{priority:>8}: mean {statistics.fmean(seconds):.2f} s, longest {max(seconds):.2f} s")
    print(f"resident: {before / MIB:.1f} MiB before, {peak / MIB:.1f} at the peak, {after / MIB:.1f} after")

    assert Counter(answer.status for answer in answers) == {200: CROWD}
    means = [statistics.fmean(waits(answers, priority)) for priority in PRIORITIES]
    assert means == sorted(means)
    assert_nobody_starved([Served(line) for line in daemon.logged(contract.COMPLETED)[CONCURRENCY:]])
    metrics = daemon.metrics()
    assert metrics.value("llm_queue_depth") == 0
    assert metrics.value("llm_inflight_requests") == 0
    assert metrics.value("signalbox_queue_rejections_total") == 0
    assert metrics.value("llm_requests_total", status="success") == CROWD + CONCURRENCY
    # For each that waits its connection, its request and its task; and not once more for the next crowd.
    assert peak - before < CROWD * (48 << 10) + 16 * MIB
    again = ask(address, crowd_of(CROWD), within=110)
    assert Counter(answer.status for answer in again) == {200: CROWD}
    print(f"the same crowd again: {daemon.peak_memory() / MIB:.1f} MiB at the peak")
    assert daemon.peak_memory() - peak < 16 * MIB


class Served:
    """When a request came, when its attempt began, and its order in line, by its log line, in seconds."""

    def __init__(self, line: dict):
        ended = datetime.fromisoformat(line["timestamp"]).timestamp()
        self.came = ended - line["latency_ms"] / 1000
        self.began = ended - line["attempts"][-1]["ms"] / 1000
        self.order = self.came + PRIORITIES.index(line["priority"]) * AGING_SECONDS


def assert_nobody_starved(requests: list[Served]) -> None:
    """Nobody who waited was overtaken by one whose turn in line was later."""
    arrivals = sorted(requests, key=lambda request: request.came)
    arrived, line = 0, []
    for request in sorted(requests, key=lambda request: request.began):
        while arrived < len(arrivals) and arrivals[arrived].came + SLACK_SECONDS < request.began:
            heapq.heappush(line, (arrivals[arrived].order, arrivals[arrived].began))
            arrived += 1
        while line and line[0][1] < request.began + SLACK_SECONDS:
            heapq.heappop(line)
        assert not line or line[0][0] >= request.order - SLACK_SECONDS, "somebody was overtaken"


def test_a_crowd_that_the_line_has_no_room_for_is_sent_away_at_once(start_daemon):
    room = 100
    settings = configuration(
        mock("stand-in", latency="50ms") | {"limits": {"concurrency": 2}},
        server={"connections_max": 20_000},
        routing={"queue": {"max": room, "wait": "60s"}})
    daemon = start_daemon(settings)
    answers = ask(daemon.addresses("server")[0], crowd_of(500), within=60)
    counts = Counter(answer.status for answer in answers)
    print(counts)
    assert set(counts) == {200, 503} and counts[200] >= room
    assert all(answer.retry_after for answer in answers if answer.status == 503)
    metrics = daemon.metrics()
    assert metrics.value("signalbox_queue_rejections_total", reason="full") == counts[503]
    assert metrics.value("llm_requests_total", status="success") == counts[200]
    assert metrics.value("llm_queue_depth") == 0


def test_a_siege_of_the_urgent_holds_nobody_up_for_ever(start_daemon):
    settings = configuration(
        mock("stand-in", latency=milliseconds(SERVICE_SECONDS)) | {"limits": {"concurrency": 2}},
        routing={"queue": {"wait": "60s", "aging": "300ms"}})
    daemon = start_daemon(settings)
    answers, besiegers = besiege(
        daemon.addresses("server")[0], "critical", 16, ["low"] * 4 + ["normal"] * 4, within=60)
    for priority, aging in (("normal", 0.6), ("low", 0.9)):
        seconds = waits(answers, priority)
        print(f"{priority}: {min(seconds):.2f} to {max(seconds):.2f} s, among {besiegers} of the urgent")
        assert min(seconds) > aging - 0.1, "it was not held up at all"
        assert max(seconds) < aging + 2
