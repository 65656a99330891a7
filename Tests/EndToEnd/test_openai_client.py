"""The official `openai` client, unmodified, must not notice that it talks to a router."""

import asyncio
import time
import uuid

import openai
import pytest

from harness import behaviours, chat, contract
from harness.configuration import configuration, key_value, model_of, provider, token_value

MESSAGES = [{"role": "user", "content": contract.PROMPT}]


@pytest.fixture
def daemon(start_daemon, alpha):
    return start_daemon(configuration(provider("alpha", alpha)))


@pytest.fixture
def client(daemon, connect):
    return connect(daemon)


def ask(client: openai.OpenAI, model: str = "chat", **more):
    return client.chat.completions.create(model=model, messages=MESSAGES, **more)


def text_of(stream) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream if chunk.choices)


def test_a_plain_answer_arrives_with_its_usage(client, alpha):
    answer = ask(client)
    assert answer.choices[0].message.content == chat.GREETING
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == chat.USAGE["total_tokens"]
    request = alpha.wait_for_exchange(1).request
    assert request.path == "/v1/chat/completions"
    assert request.json["model"] == model_of("alpha")
    assert request.header("authorization") == f"Bearer {key_value('alpha')}"


def test_the_answer_says_who_gave_it(client, daemon):
    request_id = f"caller-{uuid.uuid4()}"
    answer = client.chat.completions.with_raw_response.create(
        model="chat", messages=MESSAGES, extra_headers={contract.REQUEST_ID_HEADER: request_id})
    assert answer.headers[contract.REQUEST_ID_HEADER] == request_id
    assert answer.headers[contract.PROVIDER_HEADER] == "alpha"
    assert answer.headers[contract.MODEL_HEADER] == model_of("alpha")
    assert answer.headers[contract.ATTEMPTS_HEADER] == "1"
    assert daemon.request_log(request_id)["message"] == contract.COMPLETED


def test_a_request_id_is_made_where_the_caller_sends_none_or_nonsense(client):
    ids = set()
    for sent in ({}, {contract.REQUEST_ID_HEADER: "x" * 4000}, {contract.REQUEST_ID_HEADER: 'a"b c'}):
        answer = client.chat.completions.with_raw_response.create(
            model="chat", messages=MESSAGES, extra_headers=sent)
        ids.add(answer.headers[contract.REQUEST_ID_HEADER])
        assert answer.headers[contract.REQUEST_ID_HEADER] not in sent.values()
    assert len(ids) == 3


def test_a_stream_arrives_delta_by_delta(client, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.stream(4, gates={1: gate}))
    deltas = (chunk.choices[0].delta.content for chunk in ask(client, stream=True))
    assert next(filter(None, deltas)) == "word0 "
    gate.open()
    assert "".join(filter(None, deltas)) == "word1 word2 word3 "


def test_a_stream_says_who_gave_it(client, alpha):
    alpha.play(behaviours.stream(2))
    with client.chat.completions.with_streaming_response.create(
        model="chat", messages=MESSAGES, stream=True
    ) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        assert answer.headers[contract.PROVIDER_HEADER] == "alpha"
        assert answer.headers[contract.MODEL_HEADER] == model_of("alpha")
        assert contract.REQUEST_ID_HEADER in answer.headers


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_200_parallel_requests_each_get_their_own_answer(daemon, alpha, streaming):
    alpha.play(behaviours.stream(20) if streaming else behaviours.echo())

    async def one(client: openai.AsyncOpenAI, words: str) -> str:
        answer = await client.chat.completions.create(
            model="chat", messages=[{"role": "user", "content": words}], stream=streaming)
        if not streaming:
            return answer.choices[0].message.content
        return "".join([chunk.choices[0].delta.content or "" async for chunk in answer])

    async def all_of_them() -> list[str]:
        async with openai.AsyncOpenAI(
            base_url=daemon.base_url, api_key="any", max_retries=0, timeout=30
        ) as client:
            return await asyncio.gather(*(one(client, f"words {number}") for number in range(200)))

    expected = [behaviours.streamed_text(20) if streaming else f"words {number}" for number in range(200)]
    assert asyncio.run(all_of_them()) == expected
    assert alpha.request_count == 200


def test_unknown_request_fields_reach_the_provider_byte_for_byte(daemon, connect, alpha):
    sent: list[bytes] = []
    with openai.DefaultHttpxClient(
        event_hooks={"request": [lambda request: sent.append(request.content)]}
    ) as http:
        ask(connect(daemon, http_client=http), temperature=0.25, extra_body={
            "a_field_of_tomorrow": {"nested": [1, 2.50, "größer", None]}, "thinking": {"budget": 10_000},
        })
    ours, theirs = b'"model":"chat"', f'"model":"{model_of("alpha")}"'.encode()
    assert sent[0].count(ours) == 1
    assert alpha.wait_for_exchange(1).request.body == sent[0].replace(ours, theirs)


def test_models_are_listed(client):
    assert "chat" in [model.id for model in client.models.list()]


def test_a_bad_request_stays_the_callers_own(client, alpha):
    alpha.play(behaviours.status(400, "bad_temperature", message="temperature must be at most 2"))
    with pytest.raises(openai.BadRequestError, match="temperature must be at most 2") as caught:
        ask(client, temperature=99)
    assert caught.value.code == "bad_temperature"
    assert alpha.request_count == 1


def test_a_wrong_token_is_refused(start_daemon, connect, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha), tenants=("tenant-123",)))
    with pytest.raises(openai.AuthenticationError) as caught:
        ask(connect(daemon, api_key="wrong-token"))
    assert "wrong-token" not in str(caught.value)
    assert alpha.request_count == 0
    right = connect(daemon, api_key=token_value("tenant-123"))
    assert ask(right).choices[0].message.content == chat.GREETING
    assert alpha.wait_for_exchange(1).request.header("authorization") == f"Bearer {key_value('alpha')}"


def test_an_unknown_model_is_not_found(client, alpha):
    with pytest.raises(openai.NotFoundError) as caught:
        ask(client, model="no-such-model")
    assert caught.value.code == "model_not_found"
    assert contract.REQUEST_ID_HEADER in caught.value.response.headers
    assert alpha.request_count == 0


def test_rate_limits_everywhere_are_passed_on_with_their_retry_after(client, alpha):
    alpha.play(behaviours.status(429, "rate_limit_exceeded", retry_after="30"))
    with pytest.raises(openai.RateLimitError) as caught:
        ask(client)
    assert 28 <= int(caught.value.response.headers["retry-after"]) <= 30


@pytest.mark.parametrize("code", [500, 502, 503, 529])
def test_a_failing_provider_is_a_server_error(client, alpha, code):
    alpha.play(behaviours.status(code))
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client)
    assert caught.value.status_code in contract.EXHAUSTED_STATUSES
    assert caught.value.body["attempts"]
    assert key_value("alpha") not in caught.value.response.text


def test_a_client_that_times_out_frees_the_provider(daemon, connect, alpha):
    alpha.play(behaviours.silence())
    with pytest.raises(openai.APITimeoutError):
        ask(connect(daemon, timeout=0.5))
    left = time.monotonic()
    assert alpha.wait_for_exchange(1).wait_until_peer_left(within=5) - left < 1


def test_a_client_that_leaves_in_mid_stream_frees_the_provider(client, daemon, alpha):
    alpha.play(behaviours.stream(9, gates={2: alpha.gate()}))
    stream = ask(client, stream=True, extra_headers={contract.REQUEST_ID_HEADER: "left-in-mid-stream"})
    deltas = (chunk.choices[0].delta.content for chunk in stream)
    assert next(filter(None, deltas)) == "word0 "
    exchange = alpha.wait_for_exchange(1)
    assert exchange.connection.peer_left_at is None
    stream.close()
    left = time.monotonic()
    assert exchange.wait_until_peer_left(within=5) - left < 1
    assert daemon.request_log("left-in-mid-stream")["attempts"][-1]["error_type"] == "cancelled"


def test_a_client_that_leaves_before_the_first_byte_frees_the_provider(daemon, connect, alpha):
    alpha.play(behaviours.headers_then_silence(streaming=True))
    with pytest.raises(openai.APITimeoutError):
        text_of(ask(connect(daemon, timeout=0.5), stream=True))
    left = time.monotonic()
    assert alpha.wait_for_exchange(1).wait_until_peer_left(within=5) - left < 1


def test_connections_to_the_provider_are_reused(client, alpha):
    for _ in range(20):
        ask(client)
    connections = {exchange.connection for exchange in alpha.exchanges}
    assert len(connections) <= 2, "at most one for each of the daemon's two threads"
