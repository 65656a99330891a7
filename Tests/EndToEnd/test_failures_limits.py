"""What bounds a request: its attempts, its deadline, and the patience of its caller."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Callable

import pytest

from harness import behaviours, contract
from harness.acts import FINE, RESET, SERVER_ERROR, SILENCE, Act, rate_limit, refusal
from harness.configuration import configuration, provider
from harness.connection import Exchange
from harness.failure_case import FALLBACK, STREAM, Ending, case, exhausted, pairs
from harness.failure_table import judge_record
from harness.raw_client import RawClient, Response, fetch
from harness.upstream import Behaviour

BODY = json.dumps({"model": "chat", "messages": [{"role": "user", "content": contract.PROMPT}]}).encode()
KEPT = 8
HASTE = {"first_token": "400ms"}
DEADLINE = 1.0
# How soon a provider's connection is closed once nobody waits for its answer.
LEAVES_WITHIN = 2.0
LEFT = Ending("cancelled")
LATE_HTML = Act("HTML after 0.4 s", behaviours.late(0.4, behaviours.html()))
HALF = Act("sends half and stalls", behaviours.stalled_reply(), behaviours.stalled_stream(2))

THREE = {"alpha": SERVER_ERROR, "beta": SERVER_ERROR, "gamma": SERVER_ERROR}
LIMITED = rate_limit(retry_after="30")
MANY = {
    "keys": {name: 3 for name in THREE}, "models": {name: ("large", "small") for name in THREE},
    # Its limits are of models, so that a key which is limited may do for the next one.
    "settings": {"kind": "openai"},
}
# The three keys of one model.
ALL_KEYS = "{0}/{1} rate_limited, {0}-1/{1} rate_limited, {0}-2/{1} rate_limited"
OVER = {"route": {"request_timeout": f"{DEADLINE:g}s"}, "wall": (DEADLINE, DEADLINE + 4)}

LIMITS = [
    # One budget for the whole request, repetitions included.
    case("budget of 4, all 500", THREE,
         "alpha overloaded, alpha overloaded, beta overloaded, beta overloaded",
         exhausted(503, reason="attempts"), route={"attempts_max": 4}),
    case("budget of 3, all 500", THREE, "alpha overloaded, alpha overloaded, beta overloaded",
         exhausted(503, reason="attempts"), route={"attempts_max": 3}),
    case("budget of 1, all 500", THREE, "alpha overloaded", exhausted(503, reason="attempts"),
         route={"attempts_max": 1}),
    case("budget of 4, all reset", {name: RESET for name in THREE},
         "alpha unreachable, alpha unreachable, beta unreachable, beta unreachable",
         exhausted(503, reason="attempts"), route={"attempts_max": 4}),
    case("budget by default, 18 candidates rate limited", {name: LIMITED for name in THREE},
         ", ".join([ALL_KEYS.format("alpha", "large"), ALL_KEYS.format("alpha", "small"),
                    "beta/large rate_limited, beta-1/large rate_limited"]),
         exhausted(429, 30, reason="attempts"), **MANY),
    # One deadline for the whole request.
    case("deadline over silence", {name: SILENCE for name in THREE} | {"delta": FINE},
         "alpha timeout, beta timeout, gamma timeout", exhausted(504, reason="deadline"), beta=None,
         timeouts=HASTE, **OVER),
    case("deadline over slow failures", {name: LATE_HTML for name in THREE} | {"delta": FINE},
         "alpha malformed_reply, beta malformed_reply, gamma timeout", exhausted(504, reason="deadline"),
         beta=None, **OVER),
    case("deadline at the last candidate", {"alpha": SERVER_ERROR, "beta": SILENCE},
         "alpha overloaded, alpha overloaded, beta timeout", exhausted(504, reason="deadline"), **OVER),
    case("deadline before the pause is over",
         {"alpha": refusal(503, retry_after="2", name="503, Retry-After: 2")}, "alpha overloaded, beta",
         FALLBACK, route={"request_timeout": "1s"}),
]
# A caller that goes away once the provider has got so far.
LEAVES = [
    case("caller leaves before the answer", {"alpha": SILENCE}, "alpha cancelled", LEFT),
    case("caller leaves in mid-answer", {"alpha": HALF}, "alpha cancelled", LEFT),
    case("caller leaves in the pause", {"alpha": refusal(503, retry_after="2", name="503, Retry-After: 2")},
         "alpha overloaded", LEFT),
]
CASES = LIMITS + LEAVES


@pytest.mark.parametrize(("mode", "case"), pairs(LIMITS), ids=str)
def test_a_request_has_limits(play, mode, case):
    play(mode, case)


@pytest.mark.parametrize(("mode", "case"), pairs(LEAVES), ids=str)
def test_a_caller_that_leaves(scenes, record_row, mode, case):
    """The provider's connection is closed soon, nobody else is asked, and it is no failure of the route."""
    scene = scenes(mode)
    with RawClient(scene.daemon.addresses("server")[0]) as client:
        scene.send(client, case, request_id := scene.request_id(case))
        exchange = scene.upstream(case, "alpha").wait_for_exchange(1)
        if mode == STREAM and case.script["alpha"] is HALF:
            assert client.head().status == 200
            while b"word1" not in client.chunk():
                pass
        else:
            exchange.wait_until_bytes_stand_still(0.05)
    left_at = time.monotonic()
    found = scene.observe(case, request_id, None, time.monotonic() - left_at)
    record_row(mode, case, found)
    assert found.seconds < LEAVES_WITHIN
    if case.attempts[-1].error_type == "cancelled":
        assert exchange.wait_until_peer_left(within=LEAVES_WITHIN) - left_at < LEAVES_WITHIN
    judge_record(scene, case, found)


# Kept connections.

@pytest.fixture
def warm(start_daemon, alpha, beta) -> Callable[[Behaviour], Response]:
    """Asks once more after alpha has answered eight at once, whose connections are kept on one loop."""
    daemon = start_daemon(configuration(
        provider("alpha", alpha), provider("beta", beta), server={"threads": 1}))

    def ask() -> Response:
        return fetch(daemon.url + "/v1/chat/completions", "POST", BODY)

    gate = alpha.gate()
    alpha.play(behaviours.held_reply(gate))
    with ThreadPoolExecutor(KEPT) as pool:
        asked = [pool.submit(ask) for _ in range(KEPT)]
        alpha.wait_for_exchange(KEPT)
        gate.open()
        assert {each.result().status for each in asked} == {200}

    def again(behaviour: Behaviour) -> Response:
        alpha.play(behaviour)
        return ask()
    return again


def test_a_request_is_never_sent_more_often_than_it_is_counted(warm, alpha):
    """A provider that reads a request and hangs up may have billed it: kept connections are no free tries."""
    response = warm(behaviours.reset())
    assert response.headers[contract.ATTEMPTS_HEADER] == "3"
    assert response.headers[contract.PROVIDER_HEADER] == "beta"
    assert alpha.request_count == KEPT + 2


def test_dead_kept_connections_cost_one_attempt(warm, alpha):
    """As after a restart that nobody was told of: the second attempt goes over a connection of its own."""
    old = list(alpha.connections)

    async def behave(exchange: Exchange) -> None:
        await (behaviours.reset() if exchange.connection in old else behaviours.reply())(exchange)

    response = warm(behave)
    assert response.headers[contract.ATTEMPTS_HEADER] == "2"
    assert response.headers[contract.PROVIDER_HEADER] == "alpha"
