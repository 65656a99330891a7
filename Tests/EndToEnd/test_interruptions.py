"""What a route may do against answers that break off or do not come: hold, go on elsewhere, ask twice."""

import asyncio
import json

import pytest

from harness import behaviours, chat, contract
from harness.acts import Act
from harness.configuration import configuration, provider
from harness.connection import Exchange
from harness.failure_case import FALLBACK, STREAM, Ending, case, exhausted, interrupted, pairs
from harness.raw_client import RawClient, Response, fetch, request
from harness.upstream import Behaviour

CHAT = "/v1/chat/completions"
HASTE = {"first_token": "500ms", "idle": "500ms"}
SECONDS_TO_CLOSE = 5
HOLD = {"on_interrupt": "hold"}
CONTINUE = {"on_interrupt": "continue"}
WHOLE = behaviours.streamed_text(5)
SUCCESS = Ending("success", deltas=5)


def held(name: str, behaviour: Behaviour, attempts: str, ending: Ending, **more):
    return case(name, {"alpha": Act(name, behaviour)}, attempts, ending, modes=(STREAM,), **more)


CASES = [
    held("whole", behaviours.stream(5), "alpha", SUCCESS, route=HOLD),
    held("cut", behaviours.cut_stream(2), "alpha interrupted, beta", FALLBACK, route=HOLD),
    held("reset", behaviours.cut_stream(2, by_reset=True), "alpha interrupted, beta", FALLBACK, route=HOLD),
    held("stalled", behaviours.stalled_stream(2), "alpha interrupted, beta", FALLBACK, route=HOLD,
         timeouts=HASTE, wall=(0.5, 5)),
    held("an error event", behaviours.error_event(2, code=429), "alpha interrupted, beta", FALLBACK,
         route=HOLD),
    held("nobody else", behaviours.cut_stream(2), "alpha interrupted", exhausted(502), route=HOLD, beta=None),
    held("one attempt", behaviours.cut_stream(2), "alpha interrupted", exhausted(502, reason="attempts"),
         route=HOLD | {"attempts_max": 1}),
    held("not for long", behaviours.stalled_stream(2), "alpha interrupted", interrupted(2), timeouts=HASTE,
         route=HOLD | {"hold": {"time": "100ms"}}, wall=(0.5, 5)),
]


@pytest.mark.parametrize(("mode", "case"), pairs(CASES), ids=str)
def test_an_answer_held_back(play, mode, case):
    play(mode, case)


def ask(daemon, stream: bool = True, **more) -> Response:
    body = {"model": "chat", "stream": stream, "messages": [{"role": "user", "content": contract.PROMPT}]}
    return fetch(daemon.url + CHAT, "POST", json.dumps(body | more).encode())


def events(response: Response) -> list[str]:
    return [line[len("data: "):] for line in response.body.decode().splitlines() if line.startswith("data: ")]


def test_what_is_held_beyond_its_bytes_goes_out(start_daemon, alpha, beta):
    gate = alpha.gate()
    alpha.play(behaviours.stream(200, gates={150: gate}))
    daemon = start(start_daemon, alpha, beta, **HOLD, hold={"bytes_max": "8KiB"})
    with RawClient(daemon.addresses("server")[0]) as client:
        body = {"model": "chat", "stream": True, "messages": [{"role": "user", "content": contract.PROMPT}]}
        client.send(request("POST", CHAT, json.dumps(body).encode()))
        head = client.head()
        assert head.headers["x-signalbox-provider"] == "alpha"
        assert b"word0 " in client.chunk()
        gate.open()
        assert any(b"[DONE]" in chunk for chunk in client.chunks())
    assert daemon.metrics().value("llm_holds_total", outcome="bytes") == 1


def start(start_daemon, *upstreams, kind: str = "openai-compatible", **route):
    """The last of the upstreams is of that kind."""
    names = ("alpha", "beta", "gamma")
    kinds = ["openai-compatible"] * (len(upstreams) - 1) + [kind]
    providers = [provider(name, each, kind=kind) for name, each, kind in zip(names, upstreams, kinds)]
    settings = configuration(*providers)
    settings["routes"][0] |= route
    return start_daemon(settings)


# Asked twice.

def test_a_slow_provider_is_overtaken_and_its_connection_closed(start_daemon, alpha, beta):
    alpha.play(behaviours.silence())
    beta.play(behaviours.reply("overtaken"))
    daemon = start(start_daemon, alpha, beta, hedge_after="100ms")
    response = ask(daemon, stream=False)
    assert response.json["choices"][0]["message"]["content"] == "overtaken"
    assert response.headers["x-signalbox-provider"] == "beta"
    assert response.headers["x-signalbox-attempts"] == "2"
    alpha.wait_for_exchange(1).wait_until_peer_left(SECONDS_TO_CLOSE)
    metrics = daemon.metrics()
    assert metrics.value("llm_hedges_total", outcome="won") == 1
    assert metrics.value("llm_request_errors_total", provider="alpha", error_type="cancelled") == 1
    assert metrics.value("llm_inflight_requests") == 0
    line = daemon.request_log(response.headers["x-request-id"])
    assert [each["provider"] for each in line["attempts"]] == ["alpha", "beta"]
    assert line["overhead_ms"] < line["latency_ms"] / 2


def test_a_stream_that_has_begun_is_not_overtaken(start_daemon, alpha, beta):
    async def pace(exchange: Exchange) -> None:
        model = exchange.request.model
        await exchange.send_head(200, behaviours.CHUNKED, behaviours.EVENT_STREAM)
        for number in range(5):
            await exchange.send_chunk(chat.delta_event(model, f"word{number} "))
            await asyncio.sleep(0.1)
        await exchange.send_chunk(chat.finish_event(model) + chat.DONE_EVENT)
        await exchange.end_chunks()

    alpha.play(pace)
    daemon = start(start_daemon, alpha, beta, hedge_after="250ms")
    assert events(ask(daemon))[-1] == "[DONE]"
    assert beta.request_count == 0


def test_the_first_answer_after_all_closes_the_second_connection(start_daemon, alpha, beta):
    gate = alpha.gate()
    alpha.play(behaviours.held(gate, behaviours.stream(5)))
    beta.play(behaviours.stalled_stream(0))
    daemon = start(start_daemon, alpha, beta, hedge_after="50ms")
    with RawClient(daemon.addresses("server")[0]) as client:
        body = {"model": "chat", "stream": True, "messages": [{"role": "user", "content": contract.PROMPT}]}
        client.send(request("POST", CHAT, json.dumps(body).encode()))
        exchange = beta.wait_for_exchange(1)
        gate.open()
        assert client.head().headers["x-signalbox-provider"] == "alpha"
        assert any(b"[DONE]" in chunk for chunk in client.chunks())
    exchange.wait_until_peer_left(SECONDS_TO_CLOSE)
    assert daemon.metrics().value("llm_hedges_total", outcome="lost") == 1


def test_a_client_that_leaves_closes_both_connections(start_daemon, alpha, beta):
    alpha.play(behaviours.silence())
    beta.play(behaviours.silence())
    daemon = start(start_daemon, alpha, beta, hedge_after="50ms")
    with RawClient(daemon.addresses("server")[0]) as client:
        body = {"model": "chat", "messages": [{"role": "user", "content": contract.PROMPT}]}
        client.send(request("POST", CHAT, json.dumps(body).encode()))
        beta.wait_for_exchange(1)
    for upstream in (alpha, beta):
        upstream.wait_for_exchange(1).wait_until_peer_left(SECONDS_TO_CLOSE)


# Gone on with.

def going_on(*pieces: str, repeats: bool = True) -> Behaviour:
    """Says the words that it was given once more, as Mistral does, and goes on."""
    async def behave(exchange: Exchange) -> None:
        last = exchange.request.json["messages"][-1]
        assert last["role"] == "assistant" and last["prefix"] is True
        model = exchange.request.model
        await exchange.send_head(200, behaviours.CHUNKED, behaviours.EVENT_STREAM)
        await exchange.send_chunk(chat.role_event(model))
        for piece in ([last["content"]] if repeats else []) + list(pieces):
            await exchange.send_chunk(chat.delta_event(model, piece))
        await exchange.send_chunk(chat.finish_event(model) + chat.DONE_EVENT)
        await exchange.end_chunks()
    return behave


@pytest.mark.parametrize("broken", [
    behaviours.cut_stream(2), behaviours.error_event(2), behaviours.cleanly_ended_stream(2)],
    ids=["cut", "error event", "no finish reason"])
@pytest.mark.parametrize("repeats", [True, False])
def test_another_provider_goes_on(start_daemon, alpha, beta, broken, repeats):
    alpha.play(broken)
    beta.play(going_on(" word2 ", "word3 ", "word4 ", repeats=repeats))
    daemon = start(start_daemon, alpha, beta, kind="mistral", **CONTINUE)
    response = ask(daemon)
    *chunks, done = events(response)
    assert done == "[DONE]"
    choices = [json.loads(chunk)["choices"][0] for chunk in chunks]
    assert "".join(each["delta"].get("content") or "" for each in choices) == WHOLE
    assert [each["delta"]["role"] for each in choices if "role" in each["delta"]] == ["assistant"]
    assert [each["finish_reason"] for each in choices if each["finish_reason"]] == ["stop"]
    assert len({json.loads(chunk)["id"] for chunk in chunks}) == 1
    given = beta.wait_for_exchange(1).request.json["messages"][-1]
    assert given["content"] == "word0 word1"
    metrics = daemon.metrics()
    assert metrics.value("llm_continuations_total", outcome="continued") == 1
    assert metrics.value("llm_client_requests_total", outcome="fallback") == 1


def test_a_refused_prefill_never_becomes_the_callers_error(start_daemon, alpha, beta):
    alpha.play(behaviours.cut_stream(2))
    beta.play(behaviours.status(400, message="This model does not support assistant message prefill."))
    daemon = start(start_daemon, alpha, beta, kind="mistral", **CONTINUE)
    *_, last = events(ask(daemon))
    error = json.loads(last)["error"]
    assert error["code"] == "stream_interrupted" and "prefill" not in error["message"]
    assert daemon.metrics().value("llm_client_requests_total", outcome="interrupted") == 1


def test_a_provider_that_cannot_go_on_is_not_asked_to(start_daemon, alpha, beta):
    alpha.play(behaviours.cut_stream(2))
    daemon = start(start_daemon, alpha, beta, **CONTINUE)
    *_, last = events(ask(daemon))
    assert json.loads(last)["error"]["code"] == "stream_interrupted"
    assert beta.request_count == 0
    assert daemon.metrics().value("llm_continuations_total", outcome="failed") == 1


def test_a_caller_in_anthropics_dialect_is_told_of_the_break(start_daemon, alpha, beta):
    alpha.play(behaviours.cut_stream(2))
    daemon = start(start_daemon, alpha, beta, kind="mistral", **CONTINUE)
    body = {"model": "chat", "stream": True, "max_tokens": 9, "messages": [{"role": "user", "content": "a"}]}
    said = fetch(daemon.url + "/v1/messages", "POST", json.dumps(body).encode()).body
    assert b"event: error" in said and b"message_stop" not in said
    assert beta.request_count == 0
    assert daemon.metrics().value("llm_continuations_total", outcome="impossible") == 1
