"""Official clients against every kind of provider: they must not notice who answers."""

import asyncio
import json

import anthropic
import openai
import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI

from harness.fakes import answer, route
from harness.raw_client import fetch

WORDS = "which tracks, Crewe?"
MESSAGES = [{"role": "user", "content": WORDS}]
SCHEMA = {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}
TOOLS = [{"type": "function", "function": {
    "name": "timetable", "description": "Departures of a place.", "parameters": SCHEMA}}]
PICTURE = "data:image/png;base64,iVBORw0KGgo="


@pytest.fixture
def client(vendors, connect):
    return connect(vendors)


def with_tools(kind: str) -> None:
    if kind == "mock":
        pytest.skip("the mock has no tools")


def test_a_plain_answer(client, kind):
    got = client.chat.completions.create(model=route(kind), messages=MESSAGES)
    assert got.choices[0].message.content == answer(kind, WORDS)
    assert got.choices[0].message.role == "assistant"
    assert got.choices[0].finish_reason == "stop"
    expected = (10, 20) if kind == "mock" else (3, 4)
    assert (got.usage.prompt_tokens, got.usage.completion_tokens) == expected
    assert got.usage.total_tokens == sum(expected)


def test_a_streamed_answer(client, kind):
    chunks = list(client.chat.completions.create(
        model=route(kind), messages=MESSAGES, stream=True, stream_options={"include_usage": True}))
    choices = [chunk.choices[0] for chunk in chunks if chunk.choices]
    pieces = [choice.delta.content for choice in choices if choice.delta.content]
    assert "".join(pieces) == answer(kind, WORDS)
    assert len(pieces) > 1, "it came in one piece"
    assert [choice.finish_reason for choice in choices if choice.finish_reason] == ["stop"]
    usages = [chunk.usage for chunk in chunks if chunk.usage]
    assert usages[-1].total_tokens == (30 if kind == "mock" else 7)


def test_a_tool_is_called_and_its_result_taken(client, kind):
    with_tools(kind)
    asked = {"model": route(kind, "tools"), "tools": TOOLS}
    first = client.chat.completions.create(messages=MESSAGES, **asked).choices[0]
    assert first.finish_reason == "tool_calls"
    [call] = first.message.tool_calls
    assert call.function.name == "timetable"
    assert json.loads(call.function.arguments) == {"place": WORDS}
    last = client.chat.completions.create(messages=[
        *MESSAGES, first.message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": call.id, "content": "platform 5"},
    ], **asked).choices[0]
    assert last.message.content == f"Echo: {WORDS} [result: platform 5]"


def test_a_streamed_tool_call(client, kind):
    with_tools(kind)
    with client.chat.completions.stream(
        model=route(kind, "tools"), messages=MESSAGES, tools=TOOLS
    ) as stream:
        final = stream.get_final_completion().choices[0]
    [call] = final.message.tool_calls
    assert (call.function.name, json.loads(call.function.arguments)) == ("timetable", {"place": WORDS})
    assert call.id
    assert final.finish_reason == "tool_calls"


def test_the_async_client(vendors, kind):
    async def all_of_them() -> list[str]:
        async with openai.AsyncOpenAI(
            base_url=vendors.base_url, api_key="any", max_retries=0, timeout=20
        ) as client:
            async def plain(words: str) -> str:
                got = await client.chat.completions.create(
                    model=route(kind), messages=[{"role": "user", "content": words}])
                return got.choices[0].message.content

            async def streamed(words: str) -> str:
                stream = await client.chat.completions.create(
                    model=route(kind), messages=[{"role": "user", "content": words}], stream=True)
                return "".join([
                    chunk.choices[0].delta.content or "" async for chunk in stream if chunk.choices])

            return await asyncio.gather(*(ask(f"number {n}") for n in range(5) for ask in (plain, streamed)))

    expected = [answer(kind, f"number {n}") for n in range(5) for _ in range(2)]
    assert asyncio.run(all_of_them()) == expected


def test_a_picture_is_seen_or_refused_by_name(client, kind):
    asked = {"model": route(kind), "messages": [{"role": "user", "content": [
        {"type": "text", "text": WORDS}, {"type": "image_url", "image_url": {"url": PICTURE}}]}]}
    try:
        got = client.chat.completions.create(**asked).choices[0].message.content
    except openai.BadRequestError as refusal:
        assert "image_url" in refusal.body["param"]
    else:
        # Ollama is sent no type: it looks at the bytes.
        kept = "" if kind == "ollama" else "image/png"
        seen = "" if kind == "mock" else f" [image {kept}, 12 characters of Base64]"
        assert got == answer(kind, WORDS) + seen


def test_a_rate_limit_is_told_with_its_wait(client, kind):
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model=route(kind, "fail-429"), messages=MESSAGES)
    wait = int(caught.value.response.headers["retry-after"])
    assert wait == 1 if kind == "mock" else 5 <= wait <= 7


@tool
def timetable(place: str) -> str:
    """Departures of a place."""
    return f"none from {place}"


def test_a_langchain_chain(vendors, kind):
    # Left to itself, it keeps its asynchronous client for later event loops, which cannot use it.
    model = ChatOpenAI(
        model=route(kind), base_url=vendors.base_url, api_key="any", max_retries=0,
        http_async_client=openai.DefaultAsyncHttpxClient())
    chain = ChatPromptTemplate.from_messages([
        ("system", "Be brief."), ("user", "{question}")]) | model | StrOutputParser()
    question = {"question": WORDS}
    assert chain.invoke(question) == answer(kind, WORDS)
    assert "".join(chain.stream(question)) == answer(kind, WORDS)
    assert asyncio.run(chain.ainvoke(question)) == answer(kind, WORDS)


def test_langchain_calls_tools(vendors, kind):
    with_tools(kind)
    model = ChatOpenAI(
        model=route(kind, "tools"), base_url=vendors.base_url, api_key="any", max_retries=0)
    bound = model.bind_tools([timetable])
    for message in (bound.invoke(WORDS), *[sum_of(bound.stream(WORDS))]):
        [call] = message.tool_calls
        assert (call["name"], call["args"]) == ("timetable", {"place": WORDS})


def sum_of(chunks):
    first, *rest = chunks
    for chunk in rest:
        first += chunk
    return first


# Anthropic's client, in front of any vendor.


@pytest.fixture(scope="module")
def messages_url(vendors):
    """Where Anthropic's client finds its API."""
    probe = fetch(f"{vendors.url}/v1/messages", method="POST", body=b"{}")
    if probe.status == 404:
        pytest.skip("POST /v1/messages IS NOT BUILT: nothing of it is tested")
    return vendors.url


@pytest.fixture
def claude(messages_url):
    with anthropic.Anthropic(
        base_url=messages_url, api_key="any", max_retries=0, timeout=20
    ) as client:
        yield client


def test_anthropics_client_gets_a_plain_answer(claude, kind):
    got = claude.messages.create(model=route(kind), max_tokens=100, messages=MESSAGES)
    assert [block.text for block in got.content if block.type == "text"] == [answer(kind, WORDS)]
    assert got.stop_reason == "end_turn"
    expected = (10, 20) if kind == "mock" else (3, 4)
    assert (got.usage.input_tokens, got.usage.output_tokens) == expected


def test_anthropics_client_gets_a_stream(claude, kind):
    with claude.messages.stream(model=route(kind), max_tokens=100, messages=MESSAGES) as stream:
        pieces = list(stream.text_stream)
        final = stream.get_final_message()
    assert "".join(pieces) == answer(kind, WORDS)
    assert len(pieces) > 1, "it came in one piece"
    assert final.stop_reason == "end_turn"
    assert final.usage.output_tokens == (20 if kind == "mock" else 4)


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_anthropics_client_calls_tools(claude, kind, streaming):
    with_tools(kind)
    asked = {
        "model": route(kind, "tools"), "max_tokens": 100,
        "tools": [{"name": "timetable", "description": "Departures.", "input_schema": SCHEMA}],
    }
    if streaming:
        with claude.messages.stream(messages=MESSAGES, **asked) as stream:
            got = stream.get_final_message()
    else:
        got = claude.messages.create(messages=MESSAGES, **asked)
    assert got.stop_reason == "tool_use"
    [use] = [block for block in got.content if block.type == "tool_use"]
    assert (use.name, use.input) == ("timetable", {"place": WORDS})
    last = claude.messages.create(messages=[
        *MESSAGES,
        {"role": "assistant", "content": [
            {"type": "tool_use", "id": use.id, "name": use.name, "input": use.input}]},
        {"role": "user", "content": [
            {"type": "tool_result", "tool_use_id": use.id, "content": "platform 5"}]},
    ], **asked)
    assert last.content[0].text == f"Echo: {WORDS} [result: platform 5]"


def test_anthropics_async_client(messages_url, kind):
    async def ask() -> str:
        async with anthropic.AsyncAnthropic(
            base_url=messages_url, api_key="any", max_retries=0, timeout=20
        ) as client:
            async with client.messages.stream(
                model=route(kind), max_tokens=100, messages=MESSAGES
            ) as stream:
                return "".join([text async for text in stream.text_stream])

    assert asyncio.run(ask()) == answer(kind, WORDS)
