"""A thousand endpoints, a hundred of which never answer: what the others notice of it."""

import asyncio
import json
import os
import random
import statistics
from pathlib import Path

from gateways import LOAD_CORE, Upstream
from metered import Metered, tenant
from receivers import AgeReceiver

ENDPOINTS = 1000
HANGING = 100
CONNECTIONS = 32
# What one Python process asks and receives without being the bottleneck itself.
REQUESTS_PER_SECOND = 300
SETTLE_SECONDS = 60


def customers(receiver: AgeReceiver, hanging: int) -> list[dict]:
    return [tenant(
        f"tenant-{number}", f"env:TOKEN_{number}", format="ndjson", batch={"delay": "0s"},
        url=f"http://127.0.0.1:{receiver.hanging_port if number < hanging else receiver.port}/{number}",
    ) for number in range(ENDPOINTS)]


class Asking:
    """So many requests a second, of customers in random order."""

    def __init__(self, port: int, body: bytes, seconds: float):
        self.port, self.body, self.count = port, body, int(seconds * REQUESTS_PER_SECOND)
        self.source, self.sent, self.asked = random.Random(1), 0, [0] * ENDPOINTS
        self.errors = 0

    async def run(self) -> None:
        self.begun = asyncio.get_running_loop().time()
        await asyncio.gather(*(self._ask() for _ in range(CONNECTIONS)))

    async def _ask(self) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        loop = asyncio.get_running_loop()
        while self.sent < self.count:
            number, due = self.source.randrange(ENDPOINTS), self.begun + self.sent / REQUESTS_PER_SECOND
            self.sent += 1
            await asyncio.sleep(max(0.0, due - loop.time()))
            writer.write((
                "POST /v1/chat/completions HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\n"
                f"Authorization: Bearer token-{number}\r\nContent-Length: {len(self.body)}\r\n\r\n"
            ).encode() + self.body)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            await reader.readexactly(int(head.partition(b"content-length:")[2].split(b"\r\n")[0]))
            self.errors += b" 200 " not in head.split(b"\r\n")[0]
            self.asked[number] += 1
        writer.close()


async def measure(
    upstream: Upstream, directory: Path, hanging: int, body: bytes, seconds: float,
) -> list[str]:
    """One row of the table."""
    receiver = AgeReceiver()
    await receiver.start()
    tokens = {f"TOKEN_{number}": f"token-{number}" for number in range(ENDPOINTS)}
    customers_told = customers(receiver, hanging)
    home = directory / f"hanging-{hanging}"
    with await asyncio.to_thread(
        Metered, upstream, home, {"durability": "commit"}, customers_told, "data", tokens,
    ) as daemon:
        asking = Asking(daemon.port, body, seconds)
        await asking.run()
        expected = sum(asking.asked[hanging:])
        async with asyncio.timeout(SETTLE_SECONDS):
            while len(receiver.ages) < expected:
                await asyncio.sleep(0.05)
    ages = [age * 1000 for age in receiver.ages]
    cuts = statistics.quantiles(ages, n=100)
    if asking.errors or (hanging and not receiver.hanging):
        raise SystemExit(f"{asking.errors} errors, {receiver.hanging} deliveries that hang")
    return [f"{hanging} of {ENDPOINTS:,}", f"{len(ages):,}", f"{receiver.hanging:,}",
            f"{cuts[49]:,.1f}", f"{cuts[98]:,.1f}", f"{max(ages):,.1f}"]


def report(directory: Path, body: bytes, seconds: float) -> None:
    upstream = Upstream(directory)
    os.sched_setaffinity(0, {LOAD_CORE})
    print(f"\nFrom the end of an attempt to its record's arrival at an endpoint that answers, "
          f"{REQUESTS_PER_SECOND} requests/s for {seconds:g} s\n")
    print("| endpoints that hang | records | attempts that hang | p50 ms | p99 ms | max ms |")
    print("|---:|---:|---:|---:|---:|---:|")
    try:
        for hanging in (0, HANGING):
            row = asyncio.run(measure(upstream, directory, hanging, body, seconds))
            print(f"| {' | '.join(row)} |", flush=True)
    finally:
        upstream.running.stop()


def plain_body() -> bytes:
    return json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]}).encode()
