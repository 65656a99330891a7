"""The bodies that a well-behaved OpenAI-compatible provider sends."""

import json

GREETING = "The points are set."
USAGE = {"prompt_tokens": 11, "completion_tokens": 5, "total_tokens": 16}


def completion(model: str, content: str = GREETING) -> bytes:
    return _encoded({
        "id": "chatcmpl-1", "object": "chat.completion", "created": 1_700_000_000, "model": model,
        "choices": [{
            "index": 0, "message": {"role": "assistant", "content": content}, "finish_reason": "stop",
        }],
        "usage": USAGE,
    })


def role_event(model: str) -> bytes:
    """The first chunk of a stream, which holds no content yet: falling back after it goes unnoticed."""
    return _event(model, {"role": "assistant", "content": ""})


def delta_event(model: str, content: str) -> bytes:
    return _event(model, {"content": content})


def finish_event(model: str) -> bytes:
    return _event(model, {}, finish_reason="stop")


def usage_event(model: str) -> bytes:
    """The last chunk for who asked with `stream_options`: no choices, and the count."""
    return b"data: " + _encoded({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model,
        "choices": [], "usage": USAGE,
    }) + b"\n\n"


DONE_EVENT = b"data: [DONE]\n\n"


_ERROR_TYPES = {400: "invalid_request_error", 401: "invalid_request_error", 402: "billing_error",
                403: "permission_error", 404: "invalid_request_error", 408: "timeout",
                422: "invalid_request_error", 429: "rate_limit_error"}


def error(status: int, message: str, code: str | None = None, kind: str | None = None) -> bytes:
    kind = kind or _ERROR_TYPES.get(status, "server_error")
    return _encoded({"error": {"message": message, "type": kind, "param": None, "code": code or str(status)}})


def models(*names: str) -> bytes:
    return _encoded({"object": "list", "data": [
        {"id": name, "object": "model", "created": 1_700_000_000, "owned_by": "upstream"} for name in names
    ]})


def _event(model: str, delta: dict, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": finish_reason}
    return b"data: " + _encoded({
        "id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1_700_000_000, "model": model,
        "choices": [choice],
    }) + b"\n\n"


def _encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
