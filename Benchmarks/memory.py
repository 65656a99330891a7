"""Many large bodies at once: what a gateway holds while all of them wait, and what it gives back."""

import asyncio
import sys
import time

from gateways import STARTERS, Upstream

BODIES = 500
BODY_BYTES = 150_000
ANSWER_DELAY_MS = 3000
SETTLE_SECONDS = 10
CLIENT_SECONDS = 60


def large_body() -> bytes:
    start = b'{"model":"chat","messages":[{"role":"user","content":"'
    end = b'"}]}'
    return start + b"x" * (BODY_BYTES - len(start) - len(end)) + end


async def ask(port: int, request: bytes) -> bool:
    """One request on a connection of its own; whether it was answered with 200."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(request)
        await writer.drain()
        return b" 200 " in await reader.readline() and bool(await reader.read())
    finally:
        writer.close()


async def ask_all(port: int) -> int:
    body = large_body()
    head = (
        "POST /v1/chat/completions HTTP/1.1\r\nHost: benchmark\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n")
    request = head.encode() + body
    waiting = [asyncio.wait_for(ask(port, request), CLIENT_SECONDS) for _ in range(BODIES)]
    return sum(answer is True for answer in await asyncio.gather(*waiting, return_exceptions=True))


def report(names: list[str], directory) -> int:
    """Prints one row a gateway; 0 when every request was answered."""
    upstream = Upstream(directory, ANSWER_DELAY_MS)
    failed = 0
    print(f"\n{BODIES} bodies of {BODY_BYTES:,} bytes at once, answered after {ANSWER_DELAY_MS / 1000:g} s\n")
    print("| gateway | answered | before | peak RSS MiB | after | 10 s after |\n|---|---|---|---|---|---|")
    try:
        for name in names:
            gateway = STARTERS[name](upstream, directory)
            if gateway is None or gateway.running is None:
                continue
            try:
                before = gateway.running.memory_mib()
                gateway.running.forget_peak()
                answered = asyncio.run(ask_all(gateway.port))
                peak, after = gateway.running.memory_mib("VmHWM"), gateway.running.memory_mib()
                time.sleep(SETTLE_SECONDS)
                settled = gateway.running.memory_mib()
                failed += answered != BODIES
                print(f"| {name} | {answered} | {before:.1f} | {peak:.1f} | {after:.1f} | {settled:.1f} |")
                sys.stdout.flush()
            finally:
                gateway.running.stop()
    finally:
        upstream.running.stop()
    return 1 if failed else 0
