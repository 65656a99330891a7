"""From the first log line to the last: listening, health, metrics, and an end that loses nothing."""

import gzip
import json
import socket

import pytest

from harness import behaviours, contract
from harness.configuration import configuration, mock, provider
from harness.metrics import Metrics
from harness.raw_client import RawClient, fetch, request, split_address
from harness.waiting import scraped_until

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": contract.PROMPT}]
GOOD = json.dumps({"model": "chat", "messages": MESSAGES}).encode()
STREAMED = json.dumps({"model": "chat", "messages": MESSAGES, "stream": True}).encode()


def accepts_connections(address: str) -> bool:
    try:
        socket.create_connection(split_address(address), timeout=2).close()
        return True
    except ConnectionError:
        return False


def wait_until_refused(address: str) -> None:
    scraped_until(lambda: accepts_connections(address), lambda accepts: not accepts, "a refused connection")


def begin_stream(raw: RawClient) -> None:
    """Asks for a stream and reads it up to its first delta."""
    raw.send(request("POST", CHAT, STREAMED))
    assert raw.head().status == 200
    received = b""
    while b"word0" not in received:
        received += raw.chunk()


# Up.

def test_the_addresses_are_logged_and_written(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    written = json.loads((daemon.directory / "data" / "addresses.json").read_text())
    for listener in ("server", "admin"):
        assert written[listener] == daemon.addresses(listener)
        host, port = split_address(written[listener][0])
        assert host == "127.0.0.1" and port > 0


def test_every_log_line_says_when_how_grave_and_what(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    fetch(daemon.url + CHAT, "POST", GOOD, {contract.REQUEST_ID_HEADER: "logged"})
    assert daemon.request_log("logged")["level"] == "info"
    for line in daemon.lines:
        assert {"timestamp", "level", "message"} <= line.keys()


def test_ipv4_and_ipv6_are_served_side_by_side(start_daemon, alpha):
    daemon = start_daemon(
        configuration(provider("alpha", alpha), server={"listen": ["127.0.0.1:0", "[::1]:0"]}), listeners=3)
    addresses = daemon.addresses("server")
    assert [address.rpartition(":")[0] for address in addresses] == ["127.0.0.1", "[::1]"]
    for address in addresses:
        assert fetch(f"http://{address}{CHAT}", "POST", GOOD).status == 200


def test_health_and_readiness_are_told_on_both_listeners(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    for url in (daemon.url, daemon.admin_url):
        for path in ("/healthz", "/readyz"):
            assert fetch(url + path).status == 200, (url, path)


def test_the_metrics_are_what_prometheus_reads(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    response = daemon.admin("/metrics")
    assert response.status == 200
    assert response.headers["content-type"].startswith("text/plain; version=0.0.4")
    metrics = Metrics(response.body.decode())
    assert metrics.value("signalbox_build_info") == 1
    assert metrics.value("process_resident_memory_bytes") > 1_000_000
    # Known label sets start at 0, so that a first failure is an increase.
    assert "llm_requests_total" in metrics.names and metrics.value("llm_requests_total") == 0
    assert "llm_client_requests_total" in metrics.names

    fetch(daemon.url + CHAT, "POST", GOOD)
    metrics = scraped_until(daemon.metrics, lambda metrics: metrics.value(
        "llm_client_requests_total", outcome="success") == 1, "one request")
    assert metrics.value("llm_request_latency_seconds_count", provider="alpha") == 1
    assert metrics.value("llm_overhead_seconds_count", route="chat") == 1
    assert metrics.value("llm_inflight_requests", provider="alpha") == 0


def test_requests_in_flight_are_counted_while_they_last(start_daemon, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate))
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    with RawClient(daemon.addresses("server")[0]) as raw:
        raw.send(request("POST", CHAT, GOOD))
        alpha.wait_for_exchange(1)
        assert daemon.metrics().value("llm_inflight_requests", provider="alpha") == 1
        gate.open()
        assert raw.response().status == 200
    scraped_until(daemon.metrics, lambda metrics: metrics.value(
        "llm_inflight_requests", provider="alpha") == 0, "none in flight")


def test_the_metrics_are_packed_when_asked(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    packed = daemon.admin("/metrics", {"Accept-Encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert Metrics(gzip.decompress(packed.body).decode()).names == daemon.metrics().names
    assert "content-encoding" not in daemon.admin("/metrics").headers


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_a_mock_provider_answers_without_a_network(start_daemon, connect, streaming):
    daemon = start_daemon(configuration(mock("stand-in", latency="20ms", chunks=10, chunk_interval="5ms")))
    answer = connect(daemon).chat.completions.create(model="chat", messages=MESSAGES, stream=streaming)
    if streaming:
        deltas = [chunk.choices[0].delta.content for chunk in answer if chunk.choices]
        assert len([delta for delta in deltas if delta]) == 10
    else:
        assert answer.choices[0].message.content


# Down.

def test_the_end_waits_for_a_stream_and_refuses_new_clients(start_daemon, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.stream(3, gates={1: gate}))
    daemon = start_daemon(configuration(provider("alpha", alpha), server={"drain_timeout": "15s"}))
    address = daemon.addresses("server")[0]
    with RawClient(address) as raw:
        begin_stream(raw)
        daemon.terminate()
        wait_until_refused(address)
        assert daemon.is_alive
        gate.open()
        rest = b"".join(raw.chunks())
        assert b"word2" in rest and rest.rstrip().endswith(b"data: [DONE]")
    daemon.stop()


def test_the_end_waits_for_a_plain_answer_too(start_daemon, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate))
    daemon = start_daemon(configuration(provider("alpha", alpha), server={"drain_timeout": "15s"}))
    address = daemon.addresses("server")[0]
    with RawClient(address) as raw:
        raw.send(request("POST", CHAT, GOOD, {contract.REQUEST_ID_HEADER: "last-one"}))
        alpha.wait_for_exchange(1)
        daemon.terminate()
        wait_until_refused(address)
        gate.open()
        assert raw.response().status == 200
    daemon.stop()
    assert len(daemon.request_logs("last-one")) == 1


def test_the_end_does_not_wait_for_idle_connections(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha), server={"drain_timeout": "60s"}))
    with RawClient(daemon.addresses("server")[0]) as used, RawClient(daemon.addresses("server")[0]):
        used.send(request("POST", CHAT, GOOD))
        assert used.response().status == 200
        daemon.stop(timeout=5)


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_the_end_does_not_wait_for_ever(start_daemon, alpha, streaming):
    alpha.play(behaviours.stream(3, gates={1: alpha.gate()}) if streaming else behaviours.silence())
    daemon = start_daemon(configuration(provider("alpha", alpha), server={"drain_timeout": "1s"}))
    with RawClient(daemon.addresses("server")[0]) as raw:
        if streaming:
            begin_stream(raw)
        else:
            raw.send(request("POST", CHAT, GOOD))
            alpha.wait_for_exchange(1)
        daemon.stop(timeout=6)
        if not streaming:
            response = raw.response()
            assert response is None or response.status in contract.EXHAUSTED_STATUSES
        else:
            try:
                rest = b"".join(raw.chunks())
            except (AssertionError, ValueError, ConnectionResetError):
                rest = b""  # Cut off: as good as an error event.
            assert b"[DONE]" not in rest
    alpha.wait_for_exchange(1).wait_until_peer_left(within=1)
