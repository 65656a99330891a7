"""Embeddings on the chat's pipeline, and streams whose usage is metered unasked."""

import json

import openai
import pytest

from harness import behaviours, chat
from harness.configuration import configuration, key_value, model_of, provider
from harness.connection import Exchange
from harness.raw_client import fetch

VECTOR = [0.25, -1.0, 0.5]


def embeddings():
    async def behave(exchange: Exchange) -> None:
        body = {
            "object": "list", "model": exchange.request.model,
            "data": [{"object": "embedding", "index": 0, "embedding": VECTOR}],
            "usage": {"prompt_tokens": 7, "total_tokens": 7},
        }
        await exchange.respond(200, json.dumps(body).encode())
    return behave


@pytest.fixture
def daemon(start_daemon, alpha, beta):
    return start_daemon(configuration(provider("alpha", alpha), provider("beta", beta)))


def post(daemon, body: bytes, path: str = "/embeddings"):
    return fetch(daemon.base_url + path, "POST", body)


def test_the_official_client_gets_its_vectors(daemon, alpha, connect):
    alpha.play(embeddings())
    answer = connect(daemon).embeddings.create(model="chat", input=["one", "two"], encoding_format="float")
    assert answer.data[0].embedding == VECTOR
    assert answer.usage.prompt_tokens == 7
    request = alpha.wait_for_exchange(1).request
    assert request.path == "/v1/embeddings"
    assert request.json["model"] == model_of("alpha")
    assert request.header("authorization") == f"Bearer {key_value('alpha')}"


def test_the_callers_bytes_are_kept_but_for_the_model(daemon, alpha):
    alpha.play(embeddings())
    body = b'{ "input" :["a"],"model":"chat", "x_unknown":{"z":1.50,"a":[ ]} }'
    assert post(daemon, body).status == 200
    sent = alpha.wait_for_exchange(1).request.body
    assert sent == body.replace(b'"chat"', f'"{model_of("alpha")}"'.encode())


def test_embeddings_fall_back_and_are_metered(daemon, alpha, beta):
    alpha.play(behaviours.json_but_not_chat(b'{"object":"list","data":[]}'))
    beta.play(embeddings())
    response = post(daemon, b'{"model":"chat","input":"a"}')
    assert response.status == 200
    assert response.headers["x-signalbox-provider"] == "beta"
    metrics = daemon.metrics()
    assert metrics.value("llm_tokens_total", provider="beta", type="prompt") == 7
    operations = metrics.labels("gen_ai_client_operation_duration_seconds_count")
    assert "embeddings" in {labels["gen_ai_operation_name"] for labels in operations}


@pytest.mark.parametrize(("body", "code"), [
    (b"", "missing_body"), (b"{", "invalid_json"), (b'{"input":"a"}', "missing_required_parameter"),
    (b'{"model":"chat"}', "missing_required_parameter"),
    (b'{"model":"chat","input":null}', "missing_required_parameter"),
])
def test_a_request_that_cannot_be_one_is_refused(daemon, alpha, body, code):
    response = post(daemon, body)
    assert response.status == 400
    assert response.json["error"]["code"] == code
    assert alpha.request_count == 0


def test_a_mistake_of_the_callers_goes_back_to_it(daemon, alpha, connect):
    alpha.play(behaviours.status(400, message="`dimensions` is too large"))
    with pytest.raises(openai.BadRequestError, match="dimensions"):
        connect(daemon).embeddings.create(model="chat", input="a")
    assert fetch(daemon.base_url + "/embeddings").status == 405


def stream_with_usage():
    async def behave(exchange: Exchange) -> None:
        model = exchange.request.model
        await exchange.send_head(200, behaviours.CHUNKED, behaviours.EVENT_STREAM)
        await exchange.send_chunk(chat.delta_event(model, "a"))
        await exchange.send_chunk(chat.finish_event(model))
        usage = {"id": "1", "object": "chat.completion.chunk", "created": 1, "model": model, "choices": [],
                 "usage": chat.USAGE}
        await exchange.send_chunk(b"data: " + json.dumps(usage).encode() + b"\n\n")
        await exchange.send_chunk(chat.DONE_EVENT)
        await exchange.end_chunks()
    return behave


@pytest.mark.parametrize("asked", [True, False])
def test_a_streams_usage_is_metered_always_and_shown_on_demand(daemon, alpha, asked):
    alpha.play(stream_with_usage())
    options = b',"stream_options":{"include_usage":true}' if asked else b""
    text = post(daemon, b'{"model":"chat","stream":true%s}' % options, "/chat/completions").body
    assert (b'"usage"' in text) == asked
    assert alpha.wait_for_exchange(1).request.json["stream_options"] == {"include_usage": True}
    completion = daemon.metrics().value("llm_tokens_total", provider="alpha", type="completion")
    assert completion == chat.USAGE["completion_tokens"]
