"""An upstream that speaks Anthropic's dialect: its bodies, and the behaviours that send them."""

import json

from .behaviours import CHUNKED, EVENT_STREAM
from .connection import Exchange
from .upstream import Behaviour

GREETING = "The signal is clear."
USAGE = {
    "input_tokens": 4, "cache_creation_input_tokens": 2, "cache_read_input_tokens": 5, "output_tokens": 7,
}
CALL = {"type": "tool_use", "id": "toolu_1", "name": "departures", "input": {"station": "Crewe"}}
THOUGHT = {"type": "thinking", "thinking": "Let me see.", "signature": "c2lnbmVk"}
TEXT = {"type": "text", "text": GREETING}


def message(*blocks: dict, stop_reason: str = "end_turn") -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.respond(200, _encoded(_message(
            exchange.request.model, content=list(blocks or [TEXT]), stop_reason=stop_reason)))
    return behave


def stream(*blocks: dict, stop_reason: str = "end_turn", breaks: bool = False) -> Behaviour:
    """The blocks in pieces; `breaks` ends the connection in the middle of them."""
    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(200, CHUNKED, EVENT_STREAM)
        for name, event in events(exchange.request.model, list(blocks or [TEXT]), stop_reason):
            if breaks and name == "content_block_stop":
                return exchange.reset()
            await exchange.send_chunk(f"event: {name}\ndata: {json.dumps(event)}\n\n".encode())
        await exchange.end_chunks()
    return behave


def error(status: int, kind: str, text: str, headers: dict[str, str] | None = None) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        body = {"type": "error", "error": {"type": kind, "message": text}, "request_id": "req_upstream"}
        await exchange.respond(status, _encoded(body), headers)
    return behave


def events(model: str, blocks: list[dict], stop_reason: str) -> list[tuple[str, dict]]:
    sent: list[tuple[str, dict]] = []

    def send(name: str, **members: object) -> None:
        sent.append((name, {"type": name} | members))

    usage = USAGE | {"output_tokens": 1}
    send("message_start", message=_message(model, content=[], stop_reason=None, usage=usage))
    send("ping")
    for index, block in enumerate(blocks):
        start, deltas = _pieces(block)
        send("content_block_start", index=index, content_block=start)
        for delta in deltas:
            send("content_block_delta", index=index, delta=delta)
        send("content_block_stop", index=index)
    send("message_delta", delta={"stop_reason": stop_reason, "stop_sequence": None},
         usage={"output_tokens": USAGE["output_tokens"]})
    send("message_stop")
    return sent


def _pieces(block: dict) -> tuple[dict, list[dict]]:
    match block["type"]:
        case "text":
            words = block["text"].split(" ")
            texts = [word + " " for word in words[:-1]] + words[-1:]
            return {"type": "text", "text": ""}, [{"type": "text_delta", "text": text} for text in texts]
        case "thinking":
            return {"type": "thinking", "thinking": "", "signature": ""}, [
                {"type": "thinking_delta", "thinking": block["thinking"]},
                {"type": "signature_delta", "signature": block["signature"]},
            ]
        case "tool_use":
            text = json.dumps(block["input"])
            pieces = [text[:5], text[5:]]
            return block | {"input": {}}, [
                {"type": "input_json_delta", "partial_json": piece} for piece in pieces]
        case kind:
            raise ValueError(f"no pieces of a {kind}")


def _message(model: str, content: list[dict], stop_reason: str | None, usage: dict = USAGE) -> dict:
    return {
        "id": "msg_1", "type": "message", "role": "assistant", "model": model, "content": content,
        "stop_reason": stop_reason, "stop_sequence": None, "usage": usage,
    }


def _encoded(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()
