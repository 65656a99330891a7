"""HTTP/1.1 over asyncio's streams, as little of it as servers and clients here need."""

import asyncio
import json
import socket
import struct
from dataclasses import dataclass
from typing import Any, AsyncIterator

# Of a head, and of what is buffered of a body.
BUFFER_BYTES = 1 << 20


class Cut(Exception):
    """The other side left in the middle."""


@dataclass
class Message:
    """A request's or a reply's head; `first` is its first line in three parts."""

    first: tuple[str, str, str]
    headers: dict[str, str]
    body: bytes = b""

    @property
    def path(self) -> str:
        return self.first[1]

    @property
    def status(self) -> int:
        return int(self.first[1])

    @property
    def json(self) -> Any:
        return json.loads(self.body)


async def read_head(reader: asyncio.StreamReader) -> Message | None:
    """None where the connection ends between two messages."""
    try:
        head = await reader.readuntil(b"\r\n\r\n")
    except asyncio.IncompleteReadError as end:
        if end.partial:
            raise Cut("in a head") from end
        return None
    except ConnectionError as error:
        raise Cut(str(error)) from error
    first, *lines = head[:-4].decode("latin-1").split("\r\n")
    parts = first.split(" ", 2)
    fields = (line.partition(":") for line in lines)
    return Message(
        (parts[0], parts[1], parts[2] if len(parts) > 2 else ""),
        {name.lower(): value.strip() for name, _, value in fields})


async def read_message(reader: asyncio.StreamReader) -> Message | None:
    """A whole request, or a whole reply."""
    message = await read_head(reader)
    if message is not None:
        message.body = b"".join([piece async for piece in read_pieces(reader, message)])
    return message


async def read_pieces(reader: asyncio.StreamReader, head: Message) -> AsyncIterator[bytes]:
    """The body as it comes. Ends only at the body's own end; anything else is a `Cut`."""
    try:
        if head.headers.get("transfer-encoding", "").lower() == "chunked":
            while size := int((await reader.readline()).split(b";")[0] or b"-1", 16):
                if size < 0:
                    raise Cut("in a chunked body")
                yield (await reader.readexactly(size + 2))[:-2]
            await reader.readexactly(2)
        elif length := int(head.headers.get("content-length", "0")):
            yield await reader.readexactly(length)
    except (asyncio.IncompleteReadError, ConnectionError, ValueError) as error:
        raise Cut(f"in a body: {error}") from error


def request_bytes(method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None) -> bytes:
    fields = {"Host": "chaos.test", "Content-Length": str(len(body))} | (headers or {})
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def reply_bytes(
    status: int, body: bytes = b"", headers: dict[str, str] | None = None, length: int | None = None,
) -> bytes:
    """`length` is what is promised, where that is more than what comes."""
    fields = (headers or {}) | ({} if status == 204 else {"Content-Length": str(length or len(body))})
    lines = [f"HTTP/1.1 {status} Status", *(f"{name}: {value}" for name, value in fields.items())]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def reset(writer: asyncio.StreamWriter) -> None:
    """Ends the connection with RST instead of FIN."""
    end = writer.get_extra_info("socket")
    if end.fileno() >= 0:  # Not where the other side has ended it already.
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


async def fetch(
    port: int, method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None,
    timeout: float = 10,
) -> Message:
    """One request on a connection of its own."""
    async with asyncio.timeout(timeout):
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=BUFFER_BYTES)
        try:
            writer.write(request_bytes(method, path, body, {"Connection": "close"} | (headers or {})))
            message = await read_message(reader)
        finally:
            writer.close()
    if message is None:
        raise Cut("closed without an answer")
    return message
