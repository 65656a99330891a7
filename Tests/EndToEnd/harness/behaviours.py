"""The ways in which an upstream answers, or does not: each function returns one for `Upstream.play`."""

import asyncio
import gzip
import json
import os
import zlib

from . import chat
from .connection import Exchange
from .upstream import Behaviour, Gate

CHUNKED = {"Transfer-Encoding": "chunked"}
EVENT_STREAM = "text/event-stream"
MEBIBYTE = 1024 * 1024
# A character that nothing around it contains, so that it can be counted.
FILLER = "~"


# Well-behaved.

def reply(
    content: str = chat.GREETING, headers: dict[str, str] | None = None, model: str | None = None,
) -> Behaviour:
    """`model` answers in the name of another model than the one asked for."""
    async def behave(exchange: Exchange) -> None:
        await exchange.respond(200, chat.completion(model or exchange.request.model, content), headers)
    return behave


def echo() -> Behaviour:
    """Answers with the last message's own words, so that mixed-up answers are seen."""
    async def behave(exchange: Exchange) -> None:
        words = exchange.request.json["messages"][-1]["content"]
        await exchange.respond(200, chat.completion(exchange.request.model, words))
    return behave


def held(gate: Gate, behaviour: Behaviour) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.unless_peer_leaves(gate.wait())
        await behaviour(exchange)
    return behave


def held_reply(gate: Gate) -> Behaviour:
    return held(gate, reply())


def gzip_reply(content: str = chat.GREETING) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        body = gzip.compress(chat.completion(exchange.request.model, content))
        await exchange.respond(200, body, {"Content-Encoding": "gzip"})
    return behave


def stream(
    count: int = 5, gates: dict[int, Gate] | None = None, terminator: bool = True, finish: bool = True,
    content: str = "word", malformed_at: int | None = None, malformed_count: int = 1, end: str = "well",
    usage: bool = False,
) -> Behaviour:
    """`count` deltas "word0 ", "word1 ", …; the gate `gates[n]` is waited for before delta `n`.

    `end` is of the connection: "well", "cut", "reset" or "stalled".
    """
    async def behave(exchange: Exchange) -> None:
        model = exchange.request.model
        await exchange.send_head(200, CHUNKED, EVENT_STREAM)
        await exchange.send_chunk(chat.role_event(model))
        for number in range(count):
            if gates and number in gates:
                await exchange.unless_peer_leaves(gates[number].wait())
            if number == malformed_at:
                for _ in range(malformed_count):
                    await exchange.send_chunk(b'data: {"choices":[{"delta":{"content":"torn\n\n')
            await exchange.send_chunk(chat.delta_event(model, f"{content}{number} "))
        if finish:
            await exchange.send_chunk(chat.finish_event(model))
        if usage:
            await exchange.send_chunk(chat.usage_event(model))
        if terminator:
            await exchange.send_chunk(chat.DONE_EVENT)
        match end:
            case "well": await exchange.end_chunks()
            case "cut": exchange.close()
            case "reset": exchange.reset()
            case "stalled": await exchange.until_peer_leaves()
    return behave


def streamed_text(count: int = 5, content: str = "word") -> str:
    return "".join(f"{content}{number} " for number in range(count))


# Failing in words.

def status(
    code: int, word: str | None = None, retry_after: str | None = None, message: str = "The upstream says no",
    headers: dict[str, str] | None = None,
) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        fields = {"Retry-After": retry_after} if retry_after else {}
        await exchange.respond(code, chat.error(code, message, word), fields | (headers or {}))
    return behave


def json_reply(code: int, body: dict) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.respond(code, json.dumps(body).encode())
    return behave


def html(code: int = 200) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.respond(code, b"<!doctype html><h1>Welcome to nginx!</h1>", kind="text/html")
    return behave


def json_but_not_chat(body: bytes = b'{"hello":"world"}') -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.respond(200, body)
    return behave


def empty_body() -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.respond(200, b"")
    return behave


def garbage_gzip() -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.respond(200, b"\x1f\x8b\x08\x00" + os.urandom(600), {"Content-Encoding": "gzip"})
    return behave


def error_event(after: int, code: int = 500) -> Behaviour:
    """A stream that turns into an error event after so many deltas."""
    async def behave(exchange: Exchange) -> None:
        await _begin_stream(exchange, after)
        await exchange.send_chunk(b"data: " + chat.error(code, "The upstream broke.") + b"\n\n")
        await exchange.end_chunks()
    return behave


# Failing without words.

def reset() -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        exchange.reset()
    return behave


def late(seconds: float, behaviour: Behaviour) -> Behaviour:
    """Does it after so long, if anyone still waits."""
    async def behave(exchange: Exchange) -> None:
        await exchange.unless_peer_leaves(asyncio.sleep(seconds))
        await behaviour(exchange)
    return behave


def hang_up() -> Behaviour:
    """Closes in good order, but says nothing."""
    async def behave(exchange: Exchange) -> None:
        exchange.close()
    return behave


def silence() -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.until_peer_leaves()
    return behave


def headers_then_silence(streaming: bool = False) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        if streaming:
            await exchange.send_head(200, CHUNKED, EVENT_STREAM)
        else:
            await exchange.send_head(200, {"Content-Length": "500"})
        await exchange.until_peer_leaves()
    return behave


def stalled_reply() -> Behaviour:
    """Half of an answer, and the other half never comes."""
    async def behave(exchange: Exchange) -> None:
        body = chat.completion(exchange.request.model)
        await exchange.send_head(200, {"Content-Length": str(len(body))})
        await exchange.send(body[: len(body) // 2])
        await exchange.until_peer_leaves()
    return behave


def cut_reply(chunked: bool = False, by_reset: bool = False) -> Behaviour:
    """Half of an answer, then nothing."""
    async def behave(exchange: Exchange) -> None:
        body = chat.completion(exchange.request.model)
        half = body[: len(body) // 2]
        if chunked:
            await exchange.send_head(200, CHUNKED)
            await exchange.send_chunk(half)
        else:
            await exchange.send_head(200, {"Content-Length": str(len(body))})
            await exchange.send(half)
        exchange.reset() if by_reset else exchange.close()
    return behave


def cut_stream(after: int, gate: Gate | None = None, by_reset: bool = False) -> Behaviour:
    """Cut after so many deltas; 0 is after the role chunk and before any content."""
    async def behave(exchange: Exchange) -> None:
        await _begin_stream(exchange, after)
        if gate:
            await exchange.unless_peer_leaves(gate.wait())
        exchange.reset() if by_reset else exchange.close()
    return behave


def cleanly_ended_stream(after: int) -> Behaviour:
    """Ends as HTTP should, but without a finish reason or a terminator: not a whole answer."""
    return stream(after, terminator=False, finish=False)


def stalled_stream(after: int) -> Behaviour:
    async def behave(exchange: Exchange) -> None:
        await _begin_stream(exchange, after)
        await exchange.until_peer_leaves()
    return behave


def dripped_stream(seconds_between: float) -> Behaviour:
    """Deltas without end, none of them late."""
    async def behave(exchange: Exchange) -> None:
        await _begin_stream(exchange, 0)
        while True:
            await exchange.send_chunk(chat.delta_event(exchange.request.model, "drip "))
            await asyncio.sleep(seconds_between)
    return behave


def commented_stream(seconds_between: float) -> Behaviour:
    """A head, and signs of life for ever, but no event."""
    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(200, CHUNKED, EVENT_STREAM)
        while True:
            await exchange.send_chunk(b": PROCESSING\n\n")
            await asyncio.sleep(seconds_between)
    return behave


def slow_drip(seconds_between: float = 0.05) -> Behaviour:
    """A good answer, a byte at a time: never idle, never soon done."""
    async def behave(exchange: Exchange) -> None:
        body = chat.completion(exchange.request.model, "drip " * 2000)
        await exchange.send_head(200, {"Content-Length": str(len(body))})
        for byte in body:
            await exchange.send(bytes([byte]))
            await asyncio.sleep(seconds_between)
    return behave


# Too much.

def gzip_bomb(mebibytes: int) -> Behaviour:
    """A body of zeros inside one JSON string: a thousandth of its size on the wire."""
    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(200, CHUNKED | {"Content-Encoding": "gzip"})
        squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
        head, tail = chat.completion(exchange.request.model, "@@").split(b"@@")
        for piece in [head, *[b"0" * MEBIBYTE] * mebibytes, tail]:
            if squeezed := squeeze.compress(piece):
                await exchange.send_chunk(squeezed)
        await exchange.send_chunk(squeeze.flush())
        await exchange.end_chunks()
    return behave


def endless_body(length: int | None = None) -> Behaviour:
    """A JSON string that does not end before the peer hangs up, or `length` bytes have gone."""
    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(200, {"Content-Length": str(length)} if length else CHUNKED)
        send = exchange.send if length else exchange.send_chunk
        await send(b'{"id":"')
        while True:
            await send(b"0" * SLAB_BYTES)
    return behave


SLAB_BYTES = 64 * 1024


def endless_event() -> Behaviour:
    """A stream whose first event never ends."""
    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(200, CHUNKED, EVENT_STREAM)
        await exchange.send_chunk(b'data: {"choices":[{"delta":{"content":"')
        while True:
            await exchange.send_chunk(b"0" * SLAB_BYTES)
    return behave


def large_stream(count: int, delta_bytes: int) -> Behaviour:
    """`count` deltas of `delta_bytes` each, as fast as the peer takes them."""
    async def behave(exchange: Exchange) -> None:
        model = exchange.request.model
        await exchange.send_head(200, CHUNKED, EVENT_STREAM)
        event = chat.delta_event(model, FILLER * delta_bytes)
        for _ in range(count):
            await exchange.send_chunk(event)
        await exchange.send_chunk(chat.finish_event(model) + chat.DONE_EVENT)
        await exchange.end_chunks()
    return behave


def raw(data: bytes, repeat: bytes | None = None) -> Behaviour:
    """Bytes instead of HTTP; `repeat` follows them for ever."""
    async def behave(exchange: Exchange) -> None:
        await exchange.send(data)
        while repeat:
            await exchange.send(repeat)
        exchange.close()
    return behave


async def _begin_stream(exchange: Exchange, deltas: int) -> None:
    model = exchange.request.model
    await exchange.send_head(200, CHUNKED, EVENT_STREAM)
    await exchange.send_chunk(chat.role_event(model))
    for number in range(deltas):
        await exchange.send_chunk(chat.delta_event(model, f"word{number} "))
