"""A provider in OpenAI's dialect, as a process: what it does to a request is written in the request's
nonce.

Two providers share it, /alpha/v1 and /beta/v1. `python -m chaos.upstream` prints its port and ends with its
input."""

import asyncio
import json
from collections import Counter

from . import worker
from .speech import MARK, deed_of, pieces_of, tells_usage, text_of, usage_of
from .wire import BUFFER_BYTES, Cut, Message, read_message, reply_bytes, reset

SLOW_SECONDS = 0.25
PAUSE_SECONDS = 1.5
EVENT_STREAM = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
JSON = {"Content-Type": "application/json"}


class Left(Exception):
    """The upstream ends the connection, as it was told to."""


class Upstream:
    def __init__(self):
        self._visits: Counter[tuple[str, str]] = Counter()
        self.done: Counter[str] = Counter()

    async def start(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=BUFFER_BYTES, backlog=1024)
        return server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_message(reader)) is not None:
                await self._answer(request, writer)
        except Left:
            reset(writer)
        except (Cut, ConnectionError):
            self.done["left"] += 1
        except asyncio.CancelledError:
            pass  # The run is over; asyncio would complain of the connection.
        finally:
            writer.close()

    async def _answer(self, request: Message, writer: asyncio.StreamWriter) -> None:
        provider = request.path.split("/")[1]
        if request.first[0] != "POST":
            writer.write(reply_bytes(200, b'{"object":"list","data":[]}', JSON))
            return
        asked = request.json
        content = asked["messages"][-1]["content"]
        nonce = content.removeprefix(MARK + " ")
        self._visits[provider, nonce] += 1
        deed = self._deed(provider, nonce)
        self.done[f"{provider} {deed}"] += 1
        await self._meet(deed, writer)
        if asked.get("stream"):
            await self._stream(provider, nonce, asked["model"], deed, writer)
        else:
            self._reply(provider, nonce, asked["model"], deed, writer)
        await writer.drain()

    def _deed(self, provider: str, nonce: str) -> str:
        """What is to be done this time."""
        whom, _, deed = deed_of(nonce).rpartition("-")
        spared = (whom == "alpha" and provider != "alpha") or (
            whom == "once" and (self._visits[provider, nonce] > 1 or provider != "alpha"))
        return "fine" if spared else deed

    async def _meet(self, deed: str, writer: asyncio.StreamWriter) -> None:
        """What comes before the answer, or in place of it."""
        if deed == "slow":
            await asyncio.sleep(SLOW_SECONDS)
        elif deed == "reset":
            raise Left
        elif deed == "error":
            writer.write(reply_bytes(500, b'{"error":{"message":"broken","type":"server_error"}}', JSON))

    def _reply(self, provider: str, nonce: str, model: str, deed: str, writer: asyncio.StreamWriter) -> None:
        if deed == "error":
            return
        message = {"role": "assistant", "content": text_of(nonce)}
        reply = {
            "id": "chatcmpl-chaos", "object": "chat.completion", "created": 1_700_000_000, "model": model,
            "choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}
        if tells_usage(nonce):
            reply["usage"] = usage_of(provider, nonce).json
        body = json.dumps(reply).encode()
        if deed == "cut":
            writer.write(reply_bytes(200, body[:len(body) // 2], JSON, length=len(body)))
            raise Left
        writer.write(reply_bytes(200, body, JSON))

    async def _stream(
        self, provider: str, nonce: str, model: str, deed: str, writer: asyncio.StreamWriter,
    ) -> None:
        if deed == "error":
            return
        writer.write(EVENT_STREAM)
        events = stream_events(provider, nonce, model, merged=deed == "merged")
        for place, event in enumerate(events):
            if place == len(events) // 2:
                if deed == "cut":
                    await writer.drain()
                    raise Left
                if deed == "pause":
                    await writer.drain()
                    await asyncio.sleep(PAUSE_SECONDS)
            writer.write(b"%x\r\n%s\r\n" % (len(event), event))
            await writer.drain()
        writer.write(b"0\r\n\r\n")


def stream_events(provider: str, nonce: str, model: str, merged: bool) -> list[bytes]:
    """`merged`: usage comes with the last choice, not in an event of its own."""
    def event(choices: list, **more) -> bytes:
        chunk = {
            "id": "chatcmpl-chaos", "object": "chat.completion.chunk", "created": 1_700_000_000,
            "model": model, "choices": choices}
        return b"data: " + json.dumps(chunk | more).encode() + b"\n\n"

    def choice(delta: dict, reason: str | None = None) -> list:
        return [{"index": 0, "delta": delta, "finish_reason": reason}]

    usage = {"usage": usage_of(provider, nonce).json} if tells_usage(nonce) else {}
    events = [event(choice({"role": "assistant", "content": ""}))]
    events += [event(choice({"content": piece})) for piece in pieces_of(nonce)]
    events.append(event(choice({}, "stop"), **(usage if merged else {})))
    if usage and not merged:
        events.append(event([], **usage))
    return events + [b"data: [DONE]\n\n"]


async def main() -> None:
    upstream = Upstream()
    port = await upstream.start()

    async def obey(command: dict) -> dict:
        return {"done": upstream.done}
    await worker.attend({"port": port}, obey)


if __name__ == "__main__":
    asyncio.run(main())
