"""The fake vendors are what their vendors' own clients expect: their bytes parse, their errors are known.

No daemon here: what these tests hold is what all tests with fakes stand on.
"""

import anthropic
import cerebras.cloud.sdk as cerebras
import gigachat
import gigachat.models
import groq
import ollama
import openai
import pytest
from google import genai
from google.genai import errors as genai_errors
from mistralai.client import Mistral
from mistralai.client import errors as mistral_errors

WORDS = "which tracks, Crewe?"
ECHO = f"Echo: {WORDS}"
MESSAGES = [{"role": "user", "content": WORDS}]
FUNCTION = {
    "name": "timetable", "description": "Departures of a place.",
    "parameters": {"type": "object", "properties": {"place": {"type": "string"}}, "required": ["place"]}}
TOOLS = [{"type": "function", "function": FUNCTION}]
FAMILY = (
    "openai", "openai-compatible", "groq", "cerebras", "mistral", "deepseek", "xai", "openrouter", "together")


@pytest.fixture
def present(fakes):
    def need(kind: str) -> str:
        if kind not in fakes.base_urls:
            pytest.skip(f"{kind} HAS NO FAKE: nothing of it is tested")
        return fakes.origin(kind)
    return need


def talk_openai(client, errors, limited=True) -> None:
    """Every client that was made from OpenAI's description has the same shape."""
    create = client.chat.completions.create
    plain = create(model="ok", messages=MESSAGES)
    assert plain.choices[0].message.content == ECHO
    assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (3, 4)
    chunks = list(create(model="ok", messages=MESSAGES, stream=True))
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices) == ECHO
    [call] = create(model="tools", messages=MESSAGES, tools=TOOLS).choices[0].message.tool_calls
    assert call.function.name == "timetable"
    pieces = [
        piece for chunk in create(model="tools", messages=MESSAGES, tools=TOOLS, stream=True)
        if chunk.choices for piece in chunk.choices[0].delta.tool_calls or []]
    assert "".join(piece.function.arguments or "" for piece in pieces) == call.function.arguments
    with pytest.raises(errors.RateLimitError):
        create(model="fail-429", messages=MESSAGES)
    with pytest.raises((errors.InternalServerError, errors.APIStatusError)):
        create(model="fail-500", messages=MESSAGES)


@pytest.mark.parametrize("kind", FAMILY)
def test_openais_client(present, fakes, kind):
    present(kind)
    with openai.OpenAI(
        base_url=fakes.base_urls[kind], api_key="good-key", max_retries=0, timeout=10
    ) as client:
        talk_openai(client, openai)
    with openai.OpenAI(
        base_url=fakes.base_urls[kind], api_key="bad-key", max_retries=0, timeout=10
    ) as client, pytest.raises((openai.AuthenticationError, openai.BadRequestError)):
        client.chat.completions.create(model="ok", messages=MESSAGES)


def test_groqs_client(present):
    with groq.Groq(base_url=present("groq"), api_key="good-key", max_retries=0) as client:
        talk_openai(client, groq)


def test_cerebras_client(present):
    with cerebras.Cerebras(
        base_url=present("cerebras"), api_key="good-key", max_retries=0, warm_tcp_connection=False
    ) as client:
        talk_openai(client, cerebras)


def test_mistrals_client(present):
    with Mistral(server_url=present("mistral"), api_key="good-key") as client:
        plain = client.chat.complete(model="ok", messages=MESSAGES)
        assert plain.choices[0].message.content == ECHO
        assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (3, 4)
        with client.chat.stream(model="ok", messages=MESSAGES) as stream:
            text = "".join(event.data.choices[0].delta.content or "" for event in stream)
        assert text == ECHO
        [call] = client.chat.complete(
            model="tools", messages=MESSAGES, tools=TOOLS).choices[0].message.tool_calls
        assert call.function.name == "timetable"
        with pytest.raises(mistral_errors.MistralError) as caught:
            client.chat.complete(model="fail-429", messages=MESSAGES)
        assert caught.value.status_code == 429


def test_anthropics_client(present):
    asked = {"max_tokens": 100, "messages": MESSAGES}
    with anthropic.Anthropic(base_url=present("anthropic"), api_key="good-key", max_retries=0) as client:
        plain = client.messages.create(model="ok", **asked)
        assert plain.content[0].text == ECHO
        assert (plain.usage.input_tokens, plain.usage.output_tokens) == (3, 4)
        with client.messages.stream(model="ok", **asked) as stream:
            assert "".join(stream.text_stream) == ECHO
            assert stream.get_final_message().usage.output_tokens == 4
        with client.messages.stream(model="tools", **asked, tools=[
            {"name": "timetable", "input_schema": FUNCTION["parameters"]}
        ]) as stream:
            final = stream.get_final_message()
        assert final.content[-1].input == {"place": WORDS}
        for model, error in [
            ("fail-429", anthropic.RateLimitError), ("fail-model", anthropic.NotFoundError),
            ("fail-overloaded", anthropic.APIStatusError),
        ]:
            with pytest.raises(error):
                client.messages.create(model=model, **asked)
    with anthropic.Anthropic(
        base_url=present("anthropic"), api_key="bad-key", max_retries=0
    ) as client, pytest.raises(anthropic.AuthenticationError):
        client.messages.create(model="ok", **asked)


def test_geminis_client(present):
    client = genai.Client(
        api_key="good-key", http_options=genai.types.HttpOptions(
            base_url=present("gemini"), api_version="v1beta"))
    plain = client.models.generate_content(model="ok", contents=WORDS)
    assert plain.text == ECHO
    counts = plain.usage_metadata
    assert (counts.prompt_token_count, counts.candidates_token_count) == (3, 4)
    stream = client.models.generate_content_stream(model="ok", contents=WORDS)
    assert "".join(chunk.text or "" for chunk in stream) == ECHO
    declaration = genai.types.FunctionDeclaration(
        name="timetable", description="Departures.", parameters_json_schema=FUNCTION["parameters"])
    called = client.models.generate_content(
        model="tools", contents=WORDS, config=genai.types.GenerateContentConfig(
            tools=[genai.types.Tool(function_declarations=[declaration])],
            automatic_function_calling=genai.types.AutomaticFunctionCallingConfig(disable=True)))
    [call] = called.function_calls
    assert (call.name, call.args) == ("timetable", {"place": WORDS})
    with pytest.raises(genai_errors.ClientError) as caught:
        client.models.generate_content(model="fail-429", contents=WORDS)
    assert caught.value.code == 429
    client.close()


def test_ollamas_client(present):
    client = ollama.Client(host=present("ollama"), headers={"authorization": "Bearer good-key"})
    plain = client.chat(model="ok", messages=MESSAGES)
    assert plain.message.content == ECHO
    assert (plain.prompt_eval_count, plain.eval_count) == (3, 4)
    stream = client.chat(model="ok", messages=MESSAGES, stream=True)
    assert "".join(chunk.message.content or "" for chunk in stream) == ECHO
    [call] = client.chat(model="tools", messages=MESSAGES, tools=TOOLS).message.tool_calls
    assert (call.function.name, call.function.arguments) == ("timetable", {"place": WORDS})
    with pytest.raises(ollama.ResponseError) as caught:
        client.chat(model="fail-model", messages=MESSAGES)
    assert caught.value.status_code == 404


def test_gigachats_client(present, fakes):
    tokens = present("gigachat") + "/api/v2/oauth"
    with gigachat.GigaChat(
        base_url=fakes.base_urls["gigachat"], auth_url=tokens, credentials="good-key",
        scope="GIGACHAT_API_PERS", max_retries=0,
    ) as client:
        chat = {"model": "ok", "messages": MESSAGES}
        plain = client.chat(chat)
        assert plain.choices[0].message.content == ECHO
        assert (plain.usage.prompt_tokens, plain.usage.completion_tokens) == (3, 4)
        assert "".join(chunk.choices[0].delta.content or "" for chunk in client.stream(chat)) == ECHO
        called = client.chat({**chat, "model": "tools", "functions": [FUNCTION]})
        assert called.choices[0].message.function_call.arguments == {"place": WORDS}
        with pytest.raises(gigachat.RateLimitError):
            client.chat({**chat, "model": "fail-429"})
