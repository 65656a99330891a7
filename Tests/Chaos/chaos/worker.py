"""A helper in a process of its own, spoken to in lines of JSON: each command gets one reply, in order."""

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Awaitable, Callable

Lines = dict[str, Any]
LINE_BYTES = 1 << 24


class Worker:
    """The side that commands. The process ends when its input does, however this one ends."""

    def __init__(self, process: asyncio.subprocess.Process, greeting: Lines):
        self._process, self.greeting = process, greeting
        self._turn = asyncio.Lock()

    @classmethod
    async def start(cls, module: str, *arguments: str) -> "Worker":
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", f"chaos.{module}", *arguments, cwd=Path(__file__).resolve().parents[1],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, limit=LINE_BYTES)
        line = await process.stdout.readline()
        assert line, f"{module} ended before it began"
        return cls(process, json.loads(line))

    async def ask(self, **command: Any) -> Lines:
        async with self._turn:
            self._process.stdin.write(json.dumps(command).encode() + b"\n")
            line = await self._process.stdout.readline()
        assert line, f"no answer to {command}: it ended with {await self._process.wait()}"
        return json.loads(line)

    async def stop(self) -> None:
        self._process.stdin.close()
        try:
            async with asyncio.timeout(10):
                code = await self._process.wait()
            assert code == 0, f"a helper of the run ended with {code}"
        finally:
            if self._process.returncode is None:
                self._process.kill()
                await self._process.wait()


async def attend(greeting: Lines, obey: Callable[[Lines], Awaitable[Lines]]) -> None:
    """The side that obeys, until its input ends."""
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps(greeting), flush=True)
    while line := await reader.readline():
        print(json.dumps(await obey(json.loads(line))), flush=True)
