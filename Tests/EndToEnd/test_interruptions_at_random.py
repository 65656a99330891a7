"""Providers are slow, break off and fail at random, under every remedy at once: nothing is left behind."""

import asyncio
import json
import random
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness import behaviours, chat, contract
from harness.configuration import configuration, provider
from harness.connection import Exchange
from harness.raw_client import RawClient, Response, request
from harness.upstream import Behaviour
from harness.waiting import scraped_until

CHAT = "/v1/chat/completions"
REQUESTS = 240
CLIENTS = 24
WORDS = [f"word{number} " for number in range(6)]
WHOLE = "".join(WORDS)
# How often a client hangs up soon after it has asked.
LEAVING = 0.1


def erratic(seed: int) -> Behaviour:
    """Answers late or at once, whole or in part, or with an error; goes on where it is asked to."""
    draw = random.Random(seed)

    async def behave(exchange: Exchange) -> None:
        await asyncio.sleep(draw.choice([0, 0, 0.01, 0.02, 0.05]))
        if draw.random() < 0.15:
            return await exchange.respond(draw.choice([500, 429, 400]), chat.error(500, "no"))
        last = exchange.request.json["messages"][-1]
        begun = last["content"] if last["role"] == "assistant" else ""
        model = exchange.request.model
        if not exchange.request.is_streaming:
            return await exchange.respond(200, chat.completion(model, WHOLE))
        await exchange.send_head(200, behaviours.CHUNKED, behaviours.EVENT_STREAM)
        await exchange.send_chunk(chat.role_event(model))
        rest = WHOLE[len(begun):]
        for piece in ([begun] if begun else []) + [rest[at:at + 5] for at in range(0, len(rest), 5)]:
            await asyncio.sleep(draw.choice([0, 0, 0, 0.01]))
            if draw.random() < 0.08:
                return exchange.close()
            await exchange.send_chunk(chat.delta_event(model, piece))
        await exchange.send_chunk(chat.finish_event(model) + chat.DONE_EVENT)
        await exchange.end_chunks()
    return behave


def ask(address: str, number: int) -> tuple[bool, Response | None]:
    """Whether it streamed, and the answer; None where the client left."""
    draw = random.Random(number)
    is_stream = draw.random() < 0.7
    body = {"model": "chat", "stream": is_stream, "messages": [{"role": "user", "content": contract.PROMPT}]}
    with RawClient(address) as client:
        client.send(request("POST", CHAT, json.dumps(body).encode()))
        if draw.random() < LEAVING:
            return is_stream, None
        return is_stream, client.response()


def told(response: Response) -> tuple[str, str]:
    """The text of a stream, and its last event."""
    data = [line[6:] for line in response.body.decode().splitlines() if line.startswith("data: ")]
    choices = [json.loads(each).get("choices") for each in data[:-1]]
    return "".join(each[0]["delta"].get("content") or "" for each in choices if each), data[-1]


@pytest.mark.parametrize("remedy", ["hold", "continue"])
def test_nothing_is_lost_doubled_or_left_behind(start_daemon, start_upstream, remedy):
    names = ("alpha", "beta", "gamma")
    upstreams = [start_upstream() for _ in names]
    for number, upstream in enumerate(upstreams):
        upstream.play(erratic(number))
    patient = {"failures": 1000, "error_rate": 1.0, "requests_min": 1000}
    settings = configuration(*(
        provider(name, upstream, kind="mistral", breaker=patient)
        for name, upstream in zip(names, upstreams)))
    settings["routes"][0] |= {
        "hedge_after": "10ms", "on_interrupt": remedy, "attempts_max": 6, "strategy": "round-robin"}
    daemon = start_daemon(settings)
    with ThreadPoolExecutor(CLIENTS) as clients:
        address = daemon.addresses("server")[0]
        answers = list(clients.map(lambda number: ask(address, number), range(REQUESTS)))
    whole = 0
    for is_stream, response in answers:
        if response is None or response.status != 200:
            continue
        if not is_stream:
            assert response.json["choices"][0]["message"]["content"] == WHOLE
            continue
        text, last = told(response)
        if last == "[DONE]":
            whole += 1
            assert text == WHOLE
        else:
            assert remedy == "continue" and json.loads(last)["error"]["code"] == "stream_interrupted"
            assert WHOLE.startswith(text)
    assert whole > REQUESTS / 4
    def inflight() -> float:
        return daemon.metrics().value("llm_inflight_requests")

    scraped_until(inflight, lambda count: count == 0, "nothing in flight")
    metrics = daemon.metrics()
    assert metrics.value("llm_client_requests_total") == REQUESTS
    assert metrics.value("llm_hedges_total", outcome="won") > 0
    assert metrics.value("llm_hedges_total", outcome="lost") > 0
