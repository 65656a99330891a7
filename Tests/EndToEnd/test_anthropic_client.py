"""The official `anthropic` client, unmodified, in front of Anthropic and of OpenAI's dialect."""

import asyncio
import json
import uuid
from contextlib import ExitStack
from typing import Any, Callable, Iterator

import anthropic
import openai
import pytest

from harness import behaviours, chat, contract, messages
from harness.configuration import configuration, key_value, model_of, provider, token_value

MESSAGES = [{"role": "user", "content": contract.PROMPT}]
TOOL = {
    "name": "departures", "description": "Trains that leave a station.",
    "input_schema": {"type": "object", "properties": {"station": {"type": "string"}}},
}


def anthropic_provider(name: str, upstream: Any, **more: Any) -> dict[str, Any]:
    return provider(name, upstream, kind="anthropic", **more)


@pytest.fixture
def through_anthropic(start_daemon, alpha):
    alpha.play(messages.message())
    return start_daemon(configuration(anthropic_provider("alpha", alpha)))


@pytest.fixture
def through_openai(start_daemon, beta):
    return start_daemon(configuration(provider("beta", beta)))


@pytest.fixture
def client_of() -> Iterator[Callable[..., anthropic.Anthropic]]:
    with ExitStack() as stack:
        def make(daemon, **settings: Any) -> anthropic.Anthropic:
            chosen = {"api_key": "any", "max_retries": 0, "timeout": 20} | settings
            return stack.enter_context(anthropic.Anthropic(base_url=daemon.url, **chosen))
        yield make


def ask(client: anthropic.Anthropic, **more: Any):
    return client.messages.create(**({"model": "chat", "max_tokens": 100, "messages": MESSAGES} | more))


def streamed(client: anthropic.Anthropic, **more: Any):
    """The events' types in their order, and the message that the client puts together."""
    settings = {"model": "chat", "max_tokens": 100, "messages": MESSAGES} | more
    with client.messages.stream(**settings) as stream:
        kinds = [event.type for event in stream]
        return kinds, stream.get_final_message()


def openai_call(arguments: str) -> dict[str, Any]:
    return {"id": "call_1", "type": "function", "function": {"name": "departures", "arguments": arguments}}


def openai_answer(choice_message: dict[str, Any], finish_reason: str):
    async def behave(exchange) -> None:
        body = json.loads(chat.completion(exchange.request.model))
        body["choices"][0] = {
            "index": 0, "finish_reason": finish_reason, "message": {"role": "assistant"} | choice_message}
        await exchange.respond(200, json.dumps(body).encode())
    return behave


def openai_stream(*chunks: dict[str, Any]):
    async def behave(exchange) -> None:
        await exchange.send_head(200, behaviours.CHUNKED, behaviours.EVENT_STREAM)
        for chunk in chunks:
            await exchange.send_chunk(b"data: " + json.dumps(
                {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1,
                 "model": exchange.request.model, "choices": []} | chunk).encode() + b"\n\n")
        await exchange.send_chunk(chat.DONE_EVENT)
        await exchange.end_chunks()
    return behave


def delta(finish_reason: str | None = None, **members: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": members, "finish_reason": finish_reason}]}


# In front of a provider in OpenAI's dialect.

def test_a_plain_answer_is_translated_both_ways(through_openai, client_of, beta):
    answer = ask(client_of(through_openai), system="Be brief.", stop_sequences=["END"],
                 extra_body={"temperature": 0.25})
    assert answer.content[0].text == chat.GREETING
    assert (answer.role, answer.stop_reason, answer.model) == ("assistant", "end_turn", model_of("beta"))
    assert answer.usage.input_tokens == chat.USAGE["prompt_tokens"]
    assert answer.usage.output_tokens == chat.USAGE["completion_tokens"]
    request = beta.wait_for_exchange(1).request
    assert request.path == "/v1/chat/completions"
    assert request.json == {
        "model": model_of("beta"), "max_tokens": 100, "temperature": 0.25, "stop": ["END"],
        "messages": [{"role": "system", "content": "Be brief."}, *MESSAGES],
    }


def test_a_stream_is_translated_event_by_event(through_openai, client_of, beta):
    beta.play(openai_stream(
        delta(role="assistant", content=""), delta(reasoning_content="Hm. "), delta(content="The points "),
        delta(content="are set."), delta("stop"), {"usage": chat.USAGE}))
    kinds, answer = streamed(client_of(through_openai))
    assert [block.type for block in answer.content] == ["thinking", "text"]
    assert answer.content[0].thinking == "Hm. "
    assert answer.content[1].text == chat.GREETING
    assert answer.stop_reason == "end_turn"
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (11, 5)
    raw = [kind for kind in kinds if kind.startswith(("message_", "content_block_"))]
    assert raw == [
        "message_start", "content_block_start", "content_block_delta", "content_block_stop",
        "content_block_start", "content_block_delta", "content_block_delta", "content_block_stop",
        "message_delta", "message_stop",
    ]
    assert beta.wait_for_exchange(1).request.json["stream_options"] == {"include_usage": True}


def test_tools_are_called_and_answered(through_openai, client_of, beta):
    beta.play(
        openai_answer(
            {"content": None, "tool_calls": [openai_call('{"station": "Crewe"}')]}, "tool_calls"),
        behaviours.reply())
    client = client_of(through_openai)
    choice = {"type": "tool", "name": "departures", "disable_parallel_tool_use": True}
    answer = ask(client, tools=[TOOL], tool_choice=choice)
    assert answer.stop_reason == "tool_use"
    call = answer.content[0]
    assert (call.type, call.id, call.name, call.input) == (
        "tool_use", "call_1", "departures", {"station": "Crewe"})
    asked = beta.wait_for_exchange(1).request.json
    assert asked["tools"][0]["function"]["parameters"] == TOOL["input_schema"]
    assert asked["tool_choice"] == {"type": "function", "function": {"name": "departures"}}
    assert asked["parallel_tool_calls"] is False
    result = {"type": "tool_result", "tool_use_id": call.id, "content": "the 5:17"}
    ask(client, tools=[TOOL], messages=[
        *MESSAGES, {"role": "assistant", "content": answer.content}, {"role": "user", "content": [result]}])
    sent = beta.wait_for_exchange(2).request.json["messages"]
    assert [message["role"] for message in sent] == ["user", "assistant", "tool"]
    assert json.loads(sent[1]["tool_calls"][0]["function"]["arguments"]) == {"station": "Crewe"}
    assert sent[2] == {"role": "tool", "tool_call_id": "call_1", "content": "the 5:17"}


def test_streamed_tool_calls_come_in_pieces(through_openai, client_of, beta):
    def piece(index: int, arguments: str, **more: Any) -> dict[str, Any]:
        function = {"arguments": arguments} | {key: more.pop(key) for key in ("name",) if key in more}
        return delta(tool_calls=[{"index": index, "type": "function", "function": function} | more])
    beta.play(openai_stream(
        piece(0, "", id="call_a", name="departures"), piece(0, '{"station":'), piece(0, '"Crewe"}'),
        piece(1, '{"station":"Ely"}', id="call_b", name="departures"), delta("tool_calls")))
    _, answer = streamed(client_of(through_openai), tools=[TOOL])
    assert answer.stop_reason == "tool_use"
    assert [(block.id, block.input) for block in answer.content] == [
        ("call_a", {"station": "Crewe"}), ("call_b", {"station": "Ely"})]


def test_a_stream_that_breaks_ends_with_an_error_and_not_with_message_stop(
    through_openai, client_of, beta
):
    beta.play(behaviours.error_event(after=2))
    kinds: list[str] = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        for event in ask(client_of(through_openai), stream=True):
            kinds.append(event.type)
    assert caught.value.body["error"]["type"] == "api_error"
    assert caught.value.body["error"]["code"] == "stream_interrupted"
    assert kinds[0] == "message_start" and kinds.count("content_block_delta") == 2
    assert "message_stop" not in kinds and "message_delta" not in kinds


def test_what_only_anthropic_has_is_refused_by_name_or_dropped(start_daemon, client_of, beta):
    search = {"type": "web_search_20250305", "name": "web_search"}
    strict = start_daemon(configuration(provider("beta", beta)))
    with pytest.raises(anthropic.BadRequestError) as caught:
        ask(client_of(strict), tools=[search])
    assert caught.value.body["error"]["param"] == "tools[0]"
    assert beta.request_count == 0
    lenient = start_daemon(configuration(provider("beta", beta, drop_unsupported=True)))
    assert ask(client_of(lenient), tools=[search]).content[0].text == chat.GREETING
    assert "tools" not in beta.wait_for_exchange(1).request.json


@pytest.mark.parametrize(("status", "kind", "raised"), [
    (400, "invalid_request_error", anthropic.BadRequestError),
    (429, "rate_limit_error", anthropic.RateLimitError),
    (503, "overloaded_error", anthropic.InternalServerError),
])
def test_errors_have_anthropics_shape(through_openai, client_of, beta, status, kind, raised):
    beta.play(behaviours.status(status, retry_after="7" if status == 429 else None))
    request_id = f"caller-{uuid.uuid4()}"
    with pytest.raises(raised) as caught:
        ask(client_of(through_openai), extra_headers={contract.REQUEST_ID_HEADER: request_id})
    assert caught.value.body["type"] == "error"
    assert caught.value.body["error"]["type"] == kind
    assert caught.value.body["error"]["attempts"][0]["provider"] == "beta"
    assert caught.value.body["request_id"] == caught.value.request_id == request_id
    if status == 429:
        assert caught.value.response.headers["retry-after"] == "7"


def test_an_unknown_model_and_a_wrong_key_are_told_in_anthropics_words(start_daemon, client_of, beta):
    daemon = start_daemon(configuration(provider("beta", beta), tenants=("acme",)))
    with pytest.raises(anthropic.AuthenticationError) as caught:
        ask(client_of(daemon))
    assert caught.value.body["error"]["type"] == "authentication_error"
    with pytest.raises(anthropic.NotFoundError) as caught:
        ask(client_of(daemon, api_key=token_value("acme")), model="no-such-model")
    assert caught.value.body["error"]["type"] == "not_found_error"


@pytest.mark.parametrize("header", ["x-api-key", "authorization"])
def test_a_tenants_key_is_taken_from_either_header(start_daemon, client_of, beta, header):
    daemon = start_daemon(configuration(provider("beta", beta), tenants=("acme",)))
    value = token_value("acme")
    headers = {header: value if header == "x-api-key" else f"Bearer {value}"}
    if header == "x-api-key":
        headers["authorization"] = anthropic.omit
    answer = ask(client_of(daemon), extra_headers=headers)
    assert answer.content[0].text == chat.GREETING
    assert value not in str(beta.wait_for_exchange(1).request.headers)


def test_counting_tokens_is_refused_clearly(through_openai, client_of):
    with pytest.raises(anthropic.NotFoundError) as caught:
        client_of(through_openai).messages.count_tokens(model="chat", messages=MESSAGES)
    assert "counted" in caught.value.body["error"]["message"]


# In front of Anthropic itself.

def test_anthropic_gets_the_callers_own_bytes_with_the_model_replaced(through_anthropic, client_of, alpha):
    sent: list[bytes] = []
    with anthropic.DefaultHttpxClient(
        event_hooks={"request": [lambda request: sent.append(request.content)]}
    ) as http:
        answer = ask(
            client_of(through_anthropic, http_client=http),
            system=[{"type": "text", "text": "Be brief.", "cache_control": {"type": "ephemeral"}}],
            tools=[{"type": "web_search_20250305", "name": "web_search"}],
            extra_headers={"anthropic-beta": "a-feature-2026-01-01"})
    assert answer.content[0].text == messages.GREETING
    request = alpha.wait_for_exchange(1).request
    assert request.path == "/v1/messages"
    assert request.header("x-api-key") == key_value("alpha")
    assert request.header("authorization") is None
    assert request.header("anthropic-version") == "2023-06-01"
    assert request.header("anthropic-beta") == "a-feature-2026-01-01"
    ours, theirs = b'"model":"chat"', f'"model":"{model_of("alpha")}"'.encode()
    assert sent[0].count(ours) == 1
    assert request.body == sent[0].replace(ours, theirs)


def test_anthropics_answer_comes_as_it_was_sent(through_anthropic, client_of, alpha):
    alpha.play(messages.message(messages.THOUGHT, messages.TEXT))
    answer = client_of(through_anthropic).messages.with_raw_response.create(
        model="chat", max_tokens=100, messages=MESSAGES)
    body = json.loads(answer.text())
    assert body["content"] == [messages.THOUGHT, messages.TEXT]
    assert body["usage"] == messages.USAGE
    assert answer.headers[contract.PROVIDER_HEADER] == "alpha"
    assert answer.headers[contract.ATTEMPTS_HEADER] == "1"
    assert answer.headers[contract.REQUEST_ID_HEADER] == answer.headers["request-id"]


def test_anthropics_stream_comes_as_it_was_sent(through_anthropic, client_of, alpha):
    blocks = (messages.THOUGHT, messages.TEXT, messages.CALL)
    alpha.play(messages.stream(*blocks, stop_reason="tool_use"))
    _, answer = streamed(client_of(through_anthropic))
    assert [block.type for block in answer.content] == ["thinking", "text", "tool_use"]
    assert answer.content[0].signature == "c2lnbmVk"
    assert answer.content[2].input == {"station": "Crewe"}
    assert (answer.usage.cache_read_input_tokens, answer.usage.output_tokens) == (5, 7)


def test_anthropics_broken_stream_ends_with_an_error(through_anthropic, client_of, alpha):
    alpha.play(messages.stream(breaks=True))
    kinds: list[str] = []
    with pytest.raises(anthropic.APIStatusError):
        for event in ask(client_of(through_anthropic), stream=True):
            kinds.append(event.type)
    assert "content_block_delta" in kinds and "message_stop" not in kinds


def test_an_exhausted_anthropic_falls_back_to_a_provider_in_openais_dialect(
    start_daemon, client_of, alpha, beta
):
    alpha.play(messages.error(400, "invalid_request_error", "Your credit balance is too low."))
    daemon = start_daemon(configuration(anthropic_provider("alpha", alpha), provider("beta", beta)))
    answer = client_of(daemon).messages.with_raw_response.create(
        model="chat", max_tokens=100, messages=MESSAGES)
    assert answer.headers[contract.PROVIDER_HEADER] == "beta"
    assert answer.parse().content[0].text == chat.GREETING


# OpenAI's client in front of Anthropic.

def test_openais_client_gets_answers_from_anthropic(through_anthropic, connect, alpha):
    alpha.play(messages.message(messages.THOUGHT, messages.TEXT, messages.CALL, stop_reason="tool_use"))
    answer = connect(through_anthropic).chat.completions.create(
        model="chat", messages=[{"role": "system", "content": "Be brief."}, *MESSAGES])
    choice = answer.choices[0]
    assert (choice.message.content, choice.finish_reason) == (messages.GREETING, "tool_calls")
    assert choice.message.reasoning_content == "Let me see."
    assert json.loads(choice.message.tool_calls[0].function.arguments) == {"station": "Crewe"}
    assert (answer.usage.prompt_tokens, answer.usage.completion_tokens) == (11, 7)
    assert answer.usage.prompt_tokens_details.cached_tokens == 5
    asked = alpha.wait_for_exchange(1).request.json
    assert asked["system"] == "Be brief."
    assert asked["max_tokens"] > 0


def test_openais_client_gets_streams_from_anthropic(through_anthropic, connect, alpha):
    alpha.play(messages.stream(messages.TEXT, messages.CALL, stop_reason="tool_use"))
    chunks = list(connect(through_anthropic).chat.completions.create(
        model="chat", messages=MESSAGES, stream=True, stream_options={"include_usage": True}))
    deltas = [chunk.choices[0].delta for chunk in chunks if chunk.choices]
    assert "".join(delta.content or "" for delta in deltas) == messages.GREETING
    calls = [call for delta in deltas for call in delta.tool_calls or []]
    assert calls[0].function.name == "departures"
    assert json.loads("".join(call.function.arguments for call in calls)) == {"station": "Crewe"}
    assert [chunk.choices[0].finish_reason for chunk in chunks if chunk.choices][-1] == "tool_calls"
    assert chunks[-1].usage.total_tokens == 18


def test_what_anthropic_cannot_express_is_refused_by_name(through_anthropic, connect, alpha):
    with pytest.raises(openai.BadRequestError) as caught:
        connect(through_anthropic).chat.completions.create(model="chat", messages=MESSAGES, seed=7)
    assert caught.value.param == "seed"
    assert alpha.request_count == 0


# Asynchronously, against both.

@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
@pytest.mark.parametrize("kind", ["anthropic", "openai-compatible"])
def test_50_parallel_requests_of_the_asynchronous_client(start_daemon, alpha, kind, streaming):
    if kind == "anthropic":
        alpha.play(messages.stream() if streaming else messages.message())
        expected = messages.GREETING
    else:
        alpha.play(behaviours.stream(8) if streaming else behaviours.reply())
        expected = behaviours.streamed_text(8) if streaming else chat.GREETING
    daemon = start_daemon(configuration(provider("alpha", alpha, kind=kind)))

    async def one(client: anthropic.AsyncAnthropic) -> str:
        settings = {"model": "chat", "max_tokens": 100, "messages": MESSAGES}
        if not streaming:
            return (await client.messages.create(**settings)).content[0].text
        async with client.messages.stream(**settings) as stream:
            return "".join([text async for text in stream.text_stream])

    async def all_of_them() -> list[str]:
        async with anthropic.AsyncAnthropic(
            base_url=daemon.url, api_key="any", max_retries=0, timeout=30
        ) as client:
            return await asyncio.gather(*(one(client) for _ in range(50)))

    assert asyncio.run(all_of_them()) == [expected] * 50
