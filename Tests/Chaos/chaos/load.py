"""Tenants' clients: plain and streamed, some of which hang up. Each writes down what it was told."""

import asyncio
import itertools
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

from .speech import DEEDS, MARK, deed_of, make_nonce, tells_usage, text_of
from .wire import BUFFER_BYTES, Cut, Message, read_head, read_pieces, request_bytes, reset

CHAT = "/v1/chat/completions"
# Nothing that the run does lets an answer take so long: who waits longer has met a hang.
PATIENCE_SECONDS = 40
THINK_SECONDS = 0.03
RETRY_SECONDS = 0.05
# Of the upstream's pause: a daemon that looks ten times a second has seen by its end that somebody left.
EARLY_SECONDS = 1.0
# Of requests, in the order in which they are made.
NUMBERS = itertools.count(1)


@dataclass(frozen=True)
class Leave:
    """When a client hangs up: so many seconds after it has asked, or with so many of the answer's pieces."""

    seconds: float | None = None
    pieces: int | None = None


@dataclass(frozen=True)
class Ask:
    """A request. `request_id` is None where the client leaves naming it to the daemon."""

    number: int
    nonce: str
    tenant: str
    model: str
    streams: bool
    wants_usage: bool
    request_id: str | None
    leave: Leave | None


@dataclass
class Told:
    """What became of a request, as its client saw it.

    `ended` is `whole` (an obligation), `refused` (a whole error), `broken` (less than a whole answer, or a
    stream that ended in an error), `left` (the client hung up) or `unsent`."""

    ask: Ask
    ended: str = "unsent"
    status: int = 0
    request_id: str | None = None
    provider: str | None = None
    attempts: int = 0
    code: str | None = None
    complaints: list[str] = field(default_factory=list)
    at: float = 0.0
    # From asking to the end, or to leaving.
    seconds: float = 0.0


class Client:
    """One caller with a connection that it keeps while it can."""

    def __init__(self, port: int, tokens: dict[str, str], patience: float = PATIENCE_SECONDS):
        self.port, self.tokens, self.patience = port, tokens, patience
        self.path = CHAT
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def perform(self, ask: Ask) -> Told:
        told, began = Told(ask, request_id=ask.request_id), time.monotonic()
        try:
            async with asyncio.timeout(self.patience):
                await self._perform(ask, told)
        except TimeoutError:
            told.complaints.append(f"no end within {self.patience:g} s")
            self.close()
        except (Cut, ConnectionError):
            self.close()
        told.at, told.seconds = time.time(), time.monotonic() - began
        return told

    def close(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None

    async def _perform(self, ask: Ask, told: Told) -> None:
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port, limit=BUFFER_BYTES)
        reader, writer = self._streams
        told.ended = "broken"  # From now on it may have been heard.
        writer.write(self._bytes(ask))
        await writer.drain()
        leave = ask.leave
        if leave and leave.seconds is not None:
            try:
                async with asyncio.timeout(leave.seconds):
                    await self._read(reader, told, None)
            except TimeoutError:
                self._hang_up(told)
        elif not await self._read(reader, told, leave.pieces if leave else None):
            self._hang_up(told)

    def _hang_up(self, told: Told) -> None:
        told.ended = "left"
        reset(self._streams[1])
        self._streams = None

    def _bytes(self, ask: Ask) -> bytes:
        body: dict[str, Any] = {
            "model": ask.model, "messages": [{"role": "user", "content": f"{MARK} {ask.nonce}"}]}
        if ask.streams:
            body["stream"] = True
            if ask.wants_usage:
                body["stream_options"] = {"include_usage": True}
        headers = {
            "Content-Type": "application/json", "Authorization": f"Bearer {self.tokens[ask.tenant]}"}
        if ask.request_id:
            headers["x-request-id"] = ask.request_id
        return request_bytes("POST", self.path, json.dumps(body).encode(), headers)

    async def _read(self, reader: asyncio.StreamReader, told: Told, pieces_max: int | None) -> bool:
        """False where the client has had enough pieces."""
        head = await read_head(reader)
        if head is None:
            raise Cut("closed without an answer")
        self._note_head(head, told)
        streams = head.headers.get("content-type", "").startswith("text/event-stream")
        body, count = bytearray(), 0
        async for piece in read_pieces(reader, head):
            body += piece
            count += 1
            if streams and told.ended != "whole" and b"data: [DONE]\n\n" in body[-64 - len(piece):]:
                self._judge(told, bytes(body), streams)
            if pieces_max is not None and count >= pieces_max and told.ended != "whole":
                return False
        if told.ended != "whole":
            self._judge(told, bytes(body), streams)
        if head.headers.get("connection", "").lower() == "close":
            self.close()
        return True

    def _note_head(self, head: Message, told: Told) -> None:
        told.status = head.status
        given = head.headers.get("x-request-id")
        if told.ask.request_id and given != told.ask.request_id:
            told.complaints.append(f"the request {told.ask.request_id} came back as {given}")
        told.request_id = given or told.request_id
        told.provider = head.headers.get("x-signalbox-provider")
        told.attempts = int(head.headers.get("x-signalbox-attempts", "0"))

    def _judge(self, told: Told, body: bytes, streams: bool) -> None:
        """A whole body was read: is it an answer?"""
        if told.status != 200:
            told.ended = "refused"
            told.code = (json.loads(body).get("error") or {}).get("code") if body else None
            return
        text, usage, done = _stream_parts(body) if streams else _plain_parts(body)
        if not done:
            told.ended = "broken"
            return
        told.ended = "whole"
        if streams != told.ask.streams:
            told.complaints.append("a stream for a plain answer, or the other way round")
        if text != text_of(told.ask.nonce):
            told.complaints.append(f"the text {text!r} of another request")
        told.complaints += _usage_complaints(told.ask, usage)


def _plain_parts(body: bytes) -> tuple[str, dict | None, bool]:
    reply = json.loads(body)
    return reply["choices"][0]["message"]["content"], reply.get("usage"), True


def _stream_parts(body: bytes) -> tuple[str, dict | None, bool]:
    """Its text, its usage, and whether it ended as answers end."""
    text, usage, done = "", None, False
    for event in body.decode().split("\n\n"):
        data = event.removeprefix("data: ")
        if not event.startswith("data: "):
            continue
        if data == "[DONE]":
            done = True
            continue
        chunk = json.loads(data)
        if "error" in chunk:
            return text, usage, False
        usage = chunk.get("usage") or usage
        text += "".join(choice["delta"].get("content") or "" for choice in chunk["choices"])
    return text, usage, done


def _usage_complaints(ask: Ask, usage: dict | None) -> list[str]:
    if ask.streams and not ask.wants_usage:
        return ["was told usage that it did not ask for"] if usage else []
    if usage is None and tells_usage(ask.nonce):
        return ["was told no usage"]
    return []


@dataclass(frozen=True)
class Mix:
    """What is asked for. `leaving` of the clients hang up, `unnamed` leave the request's name to the
    daemon, and `twins` use the name of the request before."""

    tenants: tuple[str, ...]
    deeds: dict[str, int] = field(default_factory=lambda: dict(DEEDS))
    streams: float = 0.5
    leaving: float = 0.12
    unnamed: float = 0.1
    twins: float = 0.02


class Crowd:
    """Clients that ask until they are told to stop; `book` hears of every request when it has ended."""

    def __init__(self, mix: Mix, port: int, tokens: dict[str, str], seed: str, book: list[Told]):
        self.mix, self.port, self.tokens, self.seed, self.book = mix, port, tokens, seed, book
        self.waiting: set[int] = set()
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task] = []

    def start(self, clients: int) -> None:
        self._tasks = [asyncio.create_task(self._run(number)) for number in range(clients)]

    async def stop(self) -> None:
        """Returns when every request has ended."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    async def _run(self, number: int) -> None:
        source = random.Random(f"{self.seed} client {number}")
        client = Client(self.port, self.tokens)
        tenant = self.mix.tenants[number % len(self.mix.tenants)]
        before: Ask | None = None
        while not self._stopping.is_set():
            ask = self._make(source, tenant, before)
            before = ask
            told = await client.perform(ask)
            while told.ended == "unsent" and not self._stopping.is_set():
                await asyncio.sleep(RETRY_SECONDS)
                told = await client.perform(ask)
            if told.ended != "unsent":
                self.book.append(told)
            await asyncio.sleep(source.expovariate(1 / THINK_SECONDS))
        client.close()

    def _make(self, source: random.Random, tenant: str, before: Ask | None) -> Ask:
        nonce = make_nonce(source, self.mix.deeds)
        streams = source.random() < self.mix.streams
        leave = self._leave(source, streams) if source.random() < self.mix.leaving else None
        chance = source.random()
        name: str | None = f"run-{source.getrandbits(60):015x}"
        if leave is None and chance < self.mix.unnamed:
            name = None
        elif before is not None and before.request_id and chance > 1 - self.mix.twins:
            name = before.request_id
        return Ask(
            next(NUMBERS), nonce, tenant, f"chat-{tenant}", streams, source.random() < 0.5, name, leave)

    def _leave(self, source: random.Random, streams: bool) -> Leave:
        if streams and source.random() < 0.6:
            return Leave(pieces=source.randint(1, 8))
        return Leave(seconds=source.choice([0.0, 0.005, 0.05, 0.3, 0.8]))


def is_certain_to_be_early(told: Told) -> bool:
    """Whether the client left while the upstream paused, long before its answer could be whole."""
    ask = told.ask
    is_paused = ask.streams and deed_of(ask.nonce) == "pause"
    return told.ended == "left" and is_paused and told.seconds < EARLY_SECONDS
