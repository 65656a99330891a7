"""Thousands of requests at once, each on a connection of its own, for what must wait in line."""

import asyncio
import json
import time
from dataclasses import dataclass

from .flood import CHAT
from .raw_client import split_address

PRIORITIES = ("critical", "high", "normal", "low")
# Connections that are being opened at one time: more than a listener's backlog would be refused.
OPENING_MAX = 128


@dataclass(frozen=True)
class Answered:
    """One request's fate. Status 0: closed without an answer."""

    priority: str
    status: int
    retry_after: str | None
    sent_at: float
    seconds: float


def chat_request(priority: str, content: str, model: str = "chat") -> bytes:
    body = json.dumps({"model": model, "messages": [{"role": "user", "content": content}]}).encode()
    head = (
        f"POST {CHAT} HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nConnection: close\r\n"
        f"x-signalbox-priority: {priority}\r\nContent-Length: {len(body)}\r\n\r\n")
    return head.encode() + body


def ask(address: str, priorities: list[str], within: float) -> list[Answered]:
    """Opens a connection for each, then sends every request, in this order, and waits for all answers."""
    async def run() -> list[Answered]:
        async with asyncio.timeout(within):
            return await _Crowd(address).ask(priorities)
    return asyncio.run(run())


def besiege(
    address: str, besieger: str, besiegers: int, others: list[str], within: float
) -> tuple[list[Answered], int]:
    """Clients of one priority ask again and again, each as soon as it was answered, until the others have all
    been answered, who begin once the siege does. Returns the others' answers, and how many besiegers had."""
    async def run() -> tuple[list[Answered], int]:
        crowd, is_over, count = _Crowd(address), asyncio.Event(), 0
        has_begun = asyncio.Event()

        async def keep_asking() -> None:
            nonlocal count
            while not is_over.is_set():
                answered = await crowd.ask([besieger])
                assert answered[0].status == 200, answered
                count += 1
                if count == besiegers:
                    has_begun.set()

        async with asyncio.timeout(within), asyncio.TaskGroup() as group:
            for _ in range(besiegers):
                group.create_task(keep_asking())
            await has_begun.wait()
            answers = await crowd.ask(others)
            is_over.set()
        return answers, count
    return asyncio.run(run())


class _Crowd:
    def __init__(self, address: str):
        self._host, self._port = split_address(address)
        self._opening = asyncio.Semaphore(OPENING_MAX)

    async def ask(self, priorities: list[str]) -> list[Answered]:
        streams = await asyncio.gather(*(self._open() for _ in priorities))
        asked = zip(streams, priorities)
        return await asyncio.gather(*(self._ask(*stream, priority) for stream, priority in asked))

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        async with self._opening:
            return await asyncio.open_connection(self._host, self._port)

    async def _ask(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, priority: str
    ) -> Answered:
        sent_at = time.monotonic()
        writer.write(chat_request(priority, "hello"))
        answer = await reader.read(-1)
        seconds = time.monotonic() - sent_at
        writer.close()
        if not answer:
            return Answered(priority, 0, None, sent_at, seconds)
        head = answer.partition(b"\r\n\r\n")[0].decode("latin-1").lower().split("\r\n")
        fields = dict(line.split(": ", 1) for line in head[1:])
        return Answered(priority, int(head[0].split(" ")[1]), fields.get("retry-after"), sent_at, seconds)
