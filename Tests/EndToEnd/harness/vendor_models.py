"""What vendors' own packages say a request must look like."""

from collections.abc import Iterable
from typing import Any, Callable, Union

from pydantic import BaseModel, TypeAdapter

Body = dict[str, Any]
Judge = Callable[[dict[str, Any]], None]


def params(*types: type, also: frozenset[str] = frozenset()) -> Judge:
    """A request's body must be one of these typed dictionaries, with no field that none of them knows.

    `also`: fields that the vendor took before its newest package forgot them.
    """
    adapter = TypeAdapter(Union[types])
    known = {name for each in types for name in each.__annotations__} | also

    def judge(request: dict[str, Any]) -> None:
        body = request["json"]
        assert not set(body) - known, f"the vendor knows no {set(body) - known}"
        exhaust(adapter.validate_python(body))
    return judge


def exhaust(value: Any) -> None:
    """Iterables in a typed dictionary are only judged while they are gone through."""
    if isinstance(value, dict):
        for each in value.values():
            exhaust(each)
    elif isinstance(value, Iterable) and not isinstance(value, (str, bytes)):
        for each in value:
            exhaust(each)


def model(chosen: Callable[[Body], type[BaseModel]]) -> Judge:
    """A request's body must be the model that is chosen for it, with no field that it does not know."""
    def judge(request: dict[str, Any]) -> None:
        body, kind = request["json"], chosen(request["json"])
        kind.model_validate(body)
        names = {name for name, field in kind.model_fields.items()}
        names |= {field.alias for field in kind.model_fields.values() if field.alias}
        assert not set(body) - names, f"the vendor knows no {set(body) - names}"
    return judge


def openai() -> Judge:
    from openai.types.chat import completion_create_params as own
    return params(own.CompletionCreateParamsNonStreaming, own.CompletionCreateParamsStreaming)


def anthropic() -> Judge:
    from anthropic.types import message_create_params as own
    return params(
        own.MessageCreateParamsNonStreaming, own.MessageCreateParamsStreaming,
        also=frozenset({"temperature", "top_p", "top_k"}))


def groq() -> Judge:
    from groq.types.chat.completion_create_params import CompletionCreateParams
    return params(CompletionCreateParams, also=frozenset({"stream_options"}))


def cerebras() -> Judge:
    from cerebras.cloud.sdk.types.chat.completion_create_params import CompletionCreateParams
    return params(CompletionCreateParams)


def mistral() -> Judge:
    from mistralai.client import models as own
    return model(
        lambda body: own.ChatCompletionStreamRequest if body.get("stream") else own.ChatCompletionRequest)


def gigachat() -> Judge:
    from gigachat.models import Chat
    return model(lambda body: Chat)


def ollama() -> Judge:
    from ollama._types import ChatRequest
    return model(lambda body: ChatRequest)


def gemini() -> Judge:
    from google.genai import types as own
    parts: dict[str, Callable[[Any], Any]] = {
        "contents": lambda value: [own.Content.model_validate(each) for each in value],
        "systemInstruction": own.Content.model_validate,
        "tools": lambda value: [own.Tool.model_validate(each) for each in value],
        "toolConfig": own.ToolConfig.model_validate,
        "generationConfig": own.GenerationConfig.model_validate,
        "safetySettings": lambda value: [own.SafetySetting.model_validate(each) for each in value],
    }

    def judge(request: dict[str, Any]) -> None:
        for name, value in request["json"].items():
            assert name in parts, f"the vendor knows no {name}"
            parts[name](value)
    return judge


# A vendor without a package of its own is called with OpenAI's, as its documentation says.
JUDGES: dict[str, Callable[[], Judge]] = {
    "openai": openai, "openai-compatible": openai, "anthropic": anthropic, "gemini": gemini, "groq": groq,
    "cerebras": cerebras, "mistral": mistral, "deepseek": openai, "xai": openai, "openrouter": openai,
    "together": openai, "gigachat": gigachat, "ollama": ollama,
}
