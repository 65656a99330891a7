"""Clients that are slow, fall silent or keep their connection: ended in time, or served as HTTP promises."""

import json
import resource

import pytest

from harness import behaviours, chat, contract
from harness.configuration import configuration, provider
from harness.raw_client import RawClient, fetch, request
from harness.waiting import Deadline, scraped_until

CHAT = "/v1/chat/completions"
GOOD = json.dumps({"model": "chat", "messages": [{"role": "user", "content": contract.PROMPT}]}).encode()
# Each limit is a second; the daemon may take until its next tick, and the machine is loaded.
LIMITS = {"header_timeout": "1s", "body_timeout": "1s", "idle_timeout": "1s"}
PATIENCE_SECONDS = 5


@pytest.fixture
def daemon(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha), server=LIMITS))
    yield daemon
    alpha.play(behaviours.reply())
    assert fetch(daemon.url + CHAT, "POST", GOOD).status == 200


@pytest.fixture
def raw(daemon):
    with RawClient(daemon.addresses("server")[0]) as client:
        yield client


BEGINNINGS = {
    "nothing": b"",
    "half a request line": b"POST /v1/cha",
    "half a header": b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nConte",
    "a head without its end": b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n",
    "a head without its body": request("POST", CHAT, headers={"Content-Length": "50"}),
    "half a body": request("POST", CHAT, headers={"Content-Length": str(len(GOOD))}) + GOOD[:20],
    "half a chunk": request(
        "POST", CHAT, headers={"Transfer-Encoding": "chunked", "Content-Length": ""}) + b"40\r\n" + GOOD[:20],
}


@pytest.mark.parametrize("beginning", BEGINNINGS.values(), ids=BEGINNINGS.keys())
def test_silence_after_a_beginning_ends_the_connection(raw, alpha, beginning: bytes):
    raw.send(beginning)
    assert raw.closes(within := PATIENCE_SECONDS), f"still open after {within} s"
    assert alpha.request_count == 0


@pytest.mark.parametrize("beginning", [
    b"GET /v1/models HTTP/1.1\r\nX-Slow: ", request("POST", CHAT, headers={"Content-Length": "100000"}),
], ids=["head", "body"])
def test_a_slow_drip_ends_with_the_limit_for_the_whole(raw, alpha, beginning: bytes):
    raw.send(beginning)
    raw.send_slowly(b"x" * 10_000, seconds_between=0.05, timeout=PATIENCE_SECONDS)
    assert raw.closes(PATIENCE_SECONDS)
    assert alpha.request_count == 0


def test_half_a_body_and_a_hang_up_costs_nothing(daemon, alpha):
    for _ in range(20):
        with RawClient(daemon.addresses("server")[0]) as raw:
            raw.send(request("POST", CHAT, headers={"Content-Length": "5000"}) + GOOD)
            raw.reset()
    assert fetch(daemon.url + CHAT, "POST", GOOD).status == 200
    assert alpha.request_count == 1


def test_an_idle_connection_is_closed(raw):
    raw.send(request("GET", "/v1/models"))
    assert raw.response().status == 200
    assert raw.closes(PATIENCE_SECONDS)


def test_a_slow_provider_is_not_a_slow_client(daemon, raw, alpha):
    """The client's limits do not run while it waits for its answer."""
    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate))
    raw.send(request("POST", CHAT, GOOD))
    alpha.wait_for_exchange(1)
    assert not raw.closes(2.5)
    gate.open()


def test_silent_connections_do_not_keep_others_out(start_daemon, alpha):
    daemon = start_daemon(configuration(
        provider("alpha", alpha), server=LIMITS | {"connections_max": 20}))
    silent = [RawClient(daemon.addresses("server")[0]) for _ in range(40)]
    deadline = Deadline(PATIENCE_SECONDS)
    answered = False
    while not answered and not deadline.passed:
        with RawClient(daemon.addresses("server")[0]) as raw:
            raw.send(request("GET", "/v1/models"))
            response = raw.response(timeout=max(deadline.remaining, 0.1))
            answered = response is not None and response.status == 200
    assert answered
    for client in silent:
        client.close()


def test_connections_beyond_the_last_descriptor_are_closed_and_counted(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (60, 60))
    clients = [RawClient(daemon.addresses("server")[0]) for _ in range(100)]
    try:
        # Without a spare descriptor they would wait for ever, and wake the daemon all the time.
        assert clients[-1].response(timeout=PATIENCE_SECONDS) is None
    finally:
        for client in clients:
            client.close()
    scraped_until(
        daemon.metrics,
        lambda metrics: metrics.value("signalbox_requests_rejected_total", reason="connection_limit") > 0,
        "refused connections counted")
    assert fetch(daemon.url + "/v1/models").status == 200


def test_a_connection_is_kept_for_the_next_request(raw):
    for _ in range(5):
        raw.send(request("POST", CHAT, GOOD))
        response = raw.response()
        assert response.status == 200 and response.json["choices"][0]["message"]["content"] == chat.GREETING
        assert response.headers.get("connection", "").lower() != "close"


def test_an_error_keeps_the_connection_too(raw):
    raw.send(request("POST", CHAT, b"{}"))
    assert raw.response().status == 400
    raw.send(request("POST", CHAT, GOOD))
    assert raw.response().status == 200


def test_a_connection_is_closed_where_the_client_asks_for_it(raw):
    raw.send(request("POST", CHAT, GOOD, {"Connection": "close"}))
    assert raw.response().status == 200
    assert raw.closes(0.8)


def test_pipelined_requests_are_answered_in_their_order(raw, alpha):
    alpha.play(behaviours.echo())
    bodies = [GOOD.replace(contract.PROMPT.encode(), b"words %d" % number) for number in range(10)]
    raw.send(b"".join(request("POST", CHAT, body) for body in bodies))
    answers = [raw.response().json["choices"][0]["message"]["content"] for _ in bodies]
    assert answers == [f"words {number}" for number in range(10)]


def test_a_request_in_many_small_packets_is_one_request(raw, alpha):
    for byte in request("POST", CHAT, GOOD):
        assert raw.send(bytes([byte]))
    assert raw.response().status == 200
    assert alpha.wait_for_exchange(1).request.json["messages"][0]["content"] == contract.PROMPT


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_http_1_0_is_answered_without_chunks(raw, alpha, streaming: bool):
    alpha.play(behaviours.stream(3) if streaming else behaviours.reply())
    body = GOOD[:-1] + b',"stream":true}' if streaming else GOOD
    raw.send(request("POST", CHAT, body, version="1.0"))
    response = raw.response()
    assert response.status == 200
    assert "transfer-encoding" not in response.headers
    assert (b"data: [DONE]" if streaming else chat.GREETING.encode()) in response.body
    assert raw.closes(0.8)


def test_a_client_that_asks_first_may_go_on(raw):
    raw.send(request("POST", CHAT, headers={"Expect": "100-continue", "Content-Length": str(len(GOOD))}))
    assert raw.response(timeout=0.9).status == 100
    raw.send(GOOD)
    assert raw.response().status == 200


def test_a_client_that_asks_first_is_told_when_its_body_is_too_large(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha), server={"body_max": "1MiB"}))
    with RawClient(daemon.addresses("server")[0]) as raw:
        raw.send(request("POST", CHAT, headers={"Expect": "100-continue", "Content-Length": "9000000"}))
        response = raw.response()
        assert response is None or response.status in (413, 417)


def test_a_chunked_body_is_accepted(raw, alpha):
    head = request("POST", CHAT, headers={"Transfer-Encoding": "chunked", "Content-Length": ""})
    pieces = [GOOD[place:place + 7] for place in range(0, len(GOOD), 7)]
    raw.send(head + b"".join(b"%X;note=1\r\n%s\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n")
    assert raw.response().status == 200
    assert alpha.wait_for_exchange(1).request.json["model"] == "alpha-model"
