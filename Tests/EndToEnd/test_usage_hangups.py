"""A client that hangs up is metered all the same: by the provider's count, or by a guess that says so."""

import json

import pytest

from harness import behaviours, chat
from harness.configuration import configuration, provider
from harness.ledger import lines, usage
from harness.raw_client import RawClient, request
from harness.waiting import scraped_until

CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": "Say something long. " * 20}]


def body(stream: bool) -> bytes:
    return json.dumps({"model": "chat", "stream": stream, "messages": MESSAGES}).encode()


def records(daemon) -> list[dict]:
    return lines(usage(daemon.directory, "list", "--format", "json"))


def noticed(daemon) -> None:
    scraped_until(
        daemon.metrics, lambda metrics: metrics.value("signalbox_usage_drains_in_flight") == 1,
        "a client that has left")


def drains(daemon, result: str) -> None:
    scraped_until(
        daemon.metrics, lambda metrics: metrics.value("signalbox_usage_drains_total", result=result) == 1,
        f"a drain that ended as {result}")


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_the_provider_s_count_is_waited_for(start_daemon, alpha, stream):
    gate = alpha.gate()
    alpha.play(behaviours.stream(3, gates={1: gate}, usage=True) if stream else behaviours.held_reply(gate))
    daemon = start_daemon(configuration(provider("alpha", alpha), usage={"drain": {"time": "60s"}}))
    with RawClient(daemon.addresses("server")[0]) as client:
        client.send(request("POST", CHAT, body(stream)))
        alpha.wait_for_exchange(1)
        if stream:
            assert client.head().status == 200
            while b"word0" not in client.chunk():
                pass
        client.reset()
    noticed(daemon)
    gate.open()
    drains(daemon, "usage")
    [record] = records(daemon)
    assert record["outcome"] == "cancelled" and not record["success"]
    assert record["usage_source"] == "provider"
    assert record["prompt_tokens"] == chat.USAGE["prompt_tokens"]
    assert record["completion_tokens"] == chat.USAGE["completion_tokens"]


@pytest.mark.parametrize("time", ["0s", "200ms"])
def test_a_provider_that_takes_too_long_is_left_and_its_count_guessed(start_daemon, alpha, time):
    alpha.play(behaviours.stream(3, gates={2: alpha.gate()}))
    daemon = start_daemon(configuration(provider("alpha", alpha), usage={"drain": {"time": time}}))
    with RawClient(daemon.addresses("server")[0]) as client:
        client.send(request("POST", CHAT, body(True)))
        assert client.head().status == 200
        while b"word1" not in client.chunk():
            pass
        client.reset()
    alpha.wait_for_exchange(1).wait_until_peer_left(within=5)
    drains(daemon, "refused" if time == "0s" else "estimate")
    [record] = records(daemon)
    assert record["outcome"] == "cancelled" and record["usage_source"] == "estimated"
    assert 40 <= record["prompt_tokens"] <= 160 and 1 <= record["completion_tokens"] <= 10


def test_bytes_are_bounded_too(start_daemon, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.stream(5_000, gates={2: gate}))
    daemon = start_daemon(configuration(
        provider("alpha", alpha), usage={"drain": {"time": "60s", "bytes_max": "16KiB"}}))
    with RawClient(daemon.addresses("server")[0]) as client:
        client.send(request("POST", CHAT, body(True)))
        assert client.head().status == 200
        client.reset()
    noticed(daemon)
    gate.open()
    drains(daemon, "estimate")
    [record] = records(daemon)
    assert record["usage_source"] == "estimated" and 10 < record["completion_tokens"] < 5_000
