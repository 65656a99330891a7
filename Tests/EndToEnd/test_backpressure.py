"""A slow reader slows its own upstream, and memory stays where it was."""

import json

import pytest

from harness import behaviours, contract
from harness.configuration import configuration, provider
from harness.raw_client import RawClient, fetch, request
from harness.waiting import scraped_until

MEBIBYTE = 1024 * 1024
CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": contract.PROMPT}]
STREAMED = json.dumps({"model": "chat", "messages": MESSAGES, "stream": True}).encode()
DELTA_BYTES = 8 * 1024
DELTAS = 96 * MEBIBYTE // DELTA_BYTES
# Two loopback sockets' buffers at the kernel's most generous, and what lies between them.
IN_TRANSIT = 24 * MEBIBYTE


@pytest.fixture
def daemon(start_daemon, alpha):
    alpha.play(behaviours.large_stream(DELTAS, DELTA_BYTES))
    # Shorter than the client's pause: a pause of ours is not the provider's silence.
    return start_daemon(configuration(
        provider("alpha", alpha, reply_max="1GiB", timeouts={"idle": "500ms"})))


def begin(raw: RawClient) -> None:
    raw.send(request("POST", CHAT, STREAMED, {contract.REQUEST_ID_HEADER: "slow-reader"}))
    assert raw.head().status == 200


def test_a_client_that_stops_reading_pauses_its_upstream_and_may_go_on_later(daemon, alpha):
    base = daemon.forget_peak_memory()
    with RawClient(daemon.addresses("server")[0], receive_buffer=16 * 1024) as raw:
        begin(raw)
        exchange = alpha.wait_for_exchange(1)
        exchange.wait_until_bytes_stand_still(1.5)
        assert exchange.bytes_taken < IN_TRANSIT
        assert not exchange.is_finished

        received, tail = 0, b""
        for chunk in raw.chunks():
            received += chunk.count(behaviours.FILLER.encode())
            tail = (tail + chunk)[-200:]
        assert received == DELTAS * DELTA_BYTES
        assert tail.rstrip().endswith(b"data: [DONE]")
    assert daemon.peak_memory() - base < 32 * MEBIBYTE
    assert daemon.request_log("slow-reader")["message"] == contract.COMPLETED


def test_others_are_served_while_one_client_does_not_read(daemon, alpha):
    slow = [RawClient(daemon.addresses("server")[0], receive_buffer=16 * 1024) for _ in range(8)]
    base = daemon.forget_peak_memory()
    for raw in slow:
        begin(raw)
    for exchange in [alpha.wait_for_exchange(number + 1) for number in range(len(slow))]:
        exchange.wait_until_bytes_stand_still(0.3)
        assert exchange.bytes_taken < IN_TRANSIT
    alpha.play(behaviours.reply())
    for _ in range(10):
        assert fetch(daemon.url + CHAT, "POST", STREAMED.replace(b"true", b"false")).status == 200
    assert daemon.peak_memory() - base < 64 * MEBIBYTE
    for raw in slow:
        raw.reset()
    for exchange in alpha.exchanges[:len(slow)]:
        exchange.wait_until_peer_left(within=2)


def test_a_client_that_never_reads_again_is_given_up(start_daemon, alpha):
    alpha.play(behaviours.large_stream(DELTAS, DELTA_BYTES))
    daemon = start_daemon(configuration(provider("alpha", alpha), server={"write_timeout": "1s"}))
    with RawClient(daemon.addresses("server")[0], receive_buffer=16 * 1024) as raw:
        begin(raw)
        exchange = alpha.wait_for_exchange(1)
        exchange.wait_until_peer_left(within=10)
        assert exchange.bytes_taken < IN_TRANSIT


def test_a_client_that_leaves_while_paused_frees_its_upstream(daemon, alpha):
    with RawClient(daemon.addresses("server")[0], receive_buffer=16 * 1024) as raw:
        begin(raw)
        exchange = alpha.wait_for_exchange(1)
        exchange.wait_until_bytes_stand_still(0.3)
        raw.reset()
    exchange.wait_until_peer_left(within=1)


def test_500_bodies_of_150_kb_at_once_stay_within_300_mib_and_are_given_back(start_daemon, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate))
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    base = daemon.forget_peak_memory()
    body = json.dumps({"model": "chat", "messages": MESSAGES, "user": "x" * 150_000}).encode()
    clients = [RawClient(daemon.addresses("server")[0]) for _ in range(500)]
    try:
        for client in clients:
            assert client.send(request("POST", CHAT, body))
        alpha.wait_for_exchange(500, timeout=30)
        gate.open()
        for client in clients:
            assert client.response(timeout=30).status == 200
    finally:
        for client in clients:
            client.close()
    assert daemon.peak_memory() < 300 * MEBIBYTE
    scraped_until(
        lambda: daemon.metrics() and daemon.memory(), lambda memory: memory < base + 64 * MEBIBYTE,
        "memory given back")
