"""One connection at the misbehaving upstream, and one request with its answer on it."""

import asyncio
import json
import socket
import struct
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Awaitable

if TYPE_CHECKING:
    from .upstream import Upstream

SEND_BUFFER_BYTES = 64 * 1024
KEY_HEADERS = ("authorization", "x-api-key", "x-goog-api-key")


class PeerLeft(Exception):
    """The peer closed or reset the connection: a behaviour ends here, quietly."""


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    headers: tuple[tuple[str, str], ...]
    body: bytes
    arrived_at: float

    def header(self, name: str) -> str | None:
        return next((value for key, value in self.headers if key.lower() == name.lower()), None)

    @property
    def json(self) -> dict:
        return json.loads(self.body)

    @property
    def model(self) -> str:
        """Some vendors want it in the body, some in the path."""
        in_path = self.path.rpartition("/models/")[2].partition(":")[0] if "/models/" in self.path else None
        return in_path or (self.json if self.body else {}).get("model", "unnamed")

    @property
    def is_streaming(self) -> bool:
        return self.json.get("stream") is True or ":stream" in self.path

    @property
    def key_number(self) -> int | None:
        """Which of its provider's keys it came with, in whichever header the vendor wants it."""
        key = next(filter(None, map(self.header, KEY_HEADERS)), None)
        return int(key.rpartition("-")[2]) if key else None


class Connection(asyncio.Protocol):
    """Bytes in, bytes out, and the moment the peer left."""

    def __init__(self, upstream: "Upstream"):
        self.upstream = upstream
        self.peer_left_at: float | None = None
        self._written = 0
        self._buffer = bytearray()
        self._changed = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._left = asyncio.Event()
        self._leaving = False
        self._task: asyncio.Task | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport) -> None:
        self.transport = transport
        transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        transport.set_write_buffer_limits(high=SEND_BUFFER_BYTES)
        self._task = asyncio.get_running_loop().create_task(self._serve())

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        self._changed.set()

    def eof_received(self) -> bool:
        self._note_peer_left()
        return False

    def connection_lost(self, error: Exception | None) -> None:
        self._note_peer_left()

    def pause_writing(self) -> None:
        self._writable.clear()

    def resume_writing(self) -> None:
        with self.upstream.watched.changing():
            self._writable.set()

    @property
    def taken(self) -> int:
        """How many bytes have left this process. What lies in the socket's own buffer counts as gone."""
        return self._written - self.transport.get_write_buffer_size()

    def abandon(self) -> Awaitable:
        """Ends the connection at the end of the test, whatever it was doing."""
        self._leaving = True
        if self._task is None:
            return asyncio.sleep(0)
        self._task.cancel()
        if self.transport is not None and not self._left.is_set():
            self.transport.abort()
        return self._task

    async def send(self, data: bytes) -> None:
        """Returns once the peer keeps up again."""
        if self._left.is_set():
            raise PeerLeft
        self.transport.write(data)
        with self.upstream.watched.changing():
            self._written += len(data)
        await asyncio.sleep(0)  # Lets the loop notice a peer that has left.
        await self._writable.wait()
        if self._left.is_set():
            raise PeerLeft

    async def until_peer_leaves(self) -> None:
        await self._left.wait()

    def close(self) -> None:
        self._leaving = True
        self.transport.close()

    def reset(self) -> None:
        """Ends the connection with RST instead of FIN."""
        self._leaving = True
        self.transport.get_extra_info("socket").setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()

    def _note_peer_left(self) -> None:
        with self.upstream.watched.changing():
            if self.peer_left_at is None and not self._leaving:
                self.peer_left_at = time.monotonic()
        self._left.set()
        self._writable.set()
        self._changed.set()

    async def _serve(self) -> None:
        try:
            while not self._left.is_set() and not self._leaving:
                exchange = Exchange(self, await self._read_request())
                await self.upstream.begin(exchange)(exchange)
                exchange.finish()
        except PeerLeft:
            pass
        finally:
            if not self._leaving:
                self.transport.close()

    async def _read_request(self) -> Request:
        head = (await self._read_through(b"\r\n\r\n"))[:-4].decode("latin-1")
        first, *lines = head.split("\r\n")
        method, path, _version = first.split(" ", 2)
        headers = tuple((name, value.strip()) for name, _, value in (line.partition(":") for line in lines))
        fields = {name.lower(): value for name, value in headers}
        if fields.get("expect", "").lower() == "100-continue":
            self.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if fields.get("transfer-encoding", "").lower() == "chunked":
            body = await self._read_chunks()
        else:
            body = await self._read(int(fields.get("content-length", "0")))
        return Request(method, path, headers, body, time.monotonic())

    async def _read_chunks(self) -> bytes:
        body = b""
        while size := int((await self._read_through(b"\r\n")).split(b";")[0], 16):
            body += await self._read(size)
            await self._read(2)
        await self._read_through(b"\r\n")
        return body

    async def _read(self, count: int) -> bytes:
        while len(self._buffer) < count:
            await self._more()
        data = bytes(self._buffer[:count])
        del self._buffer[:count]
        return data

    async def _read_through(self, mark: bytes) -> bytes:
        while (place := self._buffer.find(mark)) < 0:
            await self._more()
        return await self._read(place + len(mark))

    async def _more(self) -> None:
        if self._left.is_set():
            raise PeerLeft
        self._changed.clear()
        await self._changed.wait()


class Exchange:
    """One request and its answer. Behaviours write with it; tests look at it from their own thread."""

    def __init__(self, connection: Connection, request: Request):
        self.connection = connection
        self.request = request
        self.is_finished = False
        # What the behaviour calls itself, where it has a name.
        self.did = ""

    # For tests.

    @property
    def bytes_taken(self) -> int:
        return self.connection.taken

    def wait_until_peer_left(self, within: float) -> float:
        """The time at which the peer closed the connection in mid-exchange."""
        return self.connection.upstream.watched.wait_until(
            lambda: self.connection.peer_left_at, within, "hang-up by the upstream's peer")

    def wait_until_bytes_stand_still(self, seconds: float, timeout: float = 30) -> None:
        """Returns once the peer has taken nothing more for `seconds`."""
        self.connection.upstream.watched.wait_for_quiet(seconds, lambda: self.bytes_taken, timeout)

    def wait_until_finished(self, timeout: float = 10) -> None:
        self.connection.upstream.watched.wait_until(
            lambda: self.is_finished, timeout, "end of the upstream's answer")

    # For behaviours.

    async def send(self, data: bytes) -> None:
        await self.connection.send(data)

    async def send_head(self, status: int, headers: dict[str, str], kind: str = "application/json") -> None:
        lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {kind}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        await self.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n")

    async def send_chunk(self, data: bytes) -> None:
        await self.send(b"%x\r\n%s\r\n" % (len(data), data))

    async def end_chunks(self) -> None:
        await self.send(b"0\r\n\r\n")

    async def respond(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, kind: str = "application/json"
    ) -> None:
        await self.send_head(status, {"Content-Length": str(len(body))} | (headers or {}), kind)
        await self.send(body)

    async def unless_peer_leaves(self, waiting: Awaitable) -> None:
        """Waits, but not for longer than there is anyone to answer."""
        tasks = [asyncio.ensure_future(waiting), asyncio.ensure_future(self.connection.until_peer_leaves())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
        if not tasks[0].done() or tasks[0].cancelled():
            raise PeerLeft

    async def until_peer_leaves(self) -> None:
        await self.connection.until_peer_leaves()
        raise PeerLeft

    def reset(self) -> None:
        self.connection.reset()

    def close(self) -> None:
        self.connection.close()

    def finish(self) -> None:
        with self.connection.upstream.watched.changing():
            self.is_finished = True
