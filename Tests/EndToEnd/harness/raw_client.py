"""HTTP by hand over a socket, for clients that misbehave and for requests that no library would send."""

import json
import select
import socket
import struct
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from .waiting import DEFAULT_TIMEOUT_SECONDS, Deadline

RESPONSE_BYTES_MAX = 128 * 1024 * 1024


@dataclass
class Response:
    status: int
    headers: dict[str, str]
    body: bytes = field(repr=False, default=b"")

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def error(self) -> dict[str, Any]:
        """The OpenAI error object, which every error must be."""
        assert self.headers.get("content-type", "").startswith("application/json"), self.headers
        error = self.json["error"]
        assert isinstance(error["message"], str) and error["message"], error
        assert isinstance(error["type"], str) and "code" in error, error
        return error


class RawClient:
    """One connection. Every read has a deadline; a hang-up by the daemon is an answer like any other."""

    def __init__(self, address: str, receive_buffer: int | None = None):
        host, port = split_address(address)
        self.socket = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(DEFAULT_TIMEOUT_SECONDS)
        self.socket.connect((host, port))
        self._input = self.socket.makefile("rb")

    def __enter__(self) -> "RawClient":
        return self

    def __exit__(self, *_) -> None:
        self.close()

    def close(self) -> None:
        self._input.close()
        self.socket.close()

    def reset(self) -> None:
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.close()

    def send(self, data: bytes) -> bool:
        """False where the daemon has closed the connection already."""
        try:
            self.socket.sendall(data)
            return True
        except (BrokenPipeError, ConnectionResetError):
            return False

    def send_slowly(self, data: bytes, seconds_between: float, timeout: float) -> None:
        """A byte at a time until the daemon says or does something."""
        deadline = Deadline(timeout)
        for byte in data:
            if select.select([self.socket], [], [], seconds_between)[0] or not self.send(bytes([byte])):
                return
            assert not deadline.passed, f"the daemon listened to a slow drip for {timeout} s"

    def response(self, timeout: float = DEFAULT_TIMEOUT_SECONDS, to_head: bool = False) -> Response | None:
        """The next answer on this connection, or None where the daemon closed it instead."""
        self.socket.settimeout(timeout)
        try:
            head = self.head()
            if head is None or head.status == 100:
                return head
            head.body = b"" if to_head or head.status in (204, 304) else self._body(head.headers)
            return head
        except ConnectionResetError:
            return None

    def head(self) -> Response | None:
        first = self._input.readline()
        if not first:
            return None
        version, status, *_ = first.decode("latin-1").split(" ", 2)
        assert version in ("HTTP/1.1", "HTTP/1.0"), first
        headers = {}
        while (line := self._input.readline().strip()):
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        return Response(int(status), headers)

    def chunk(self) -> bytes:
        """The next piece of a chunked body; empty at its end."""
        size = int(self._input.readline().split(b";")[0], 16)
        data = self._input.read(size)
        assert len(data) == size, "the chunk was cut"
        self._input.readline()
        return data

    def chunks(self):
        while data := self.chunk():
            yield data

    def closes(self, timeout: float) -> bool:
        """Whether the daemon closes the connection in time; what it still says first is of no interest."""
        deadline = Deadline(timeout)
        try:
            while not deadline.passed:
                self.socket.settimeout(max(deadline.remaining, 0.001))
                if not self._input.read1(65536):
                    return True
        except ConnectionResetError:
            return True
        except TimeoutError:
            pass
        return False

    def _body(self, headers: dict[str, str]) -> bytes:
        if headers.get("transfer-encoding", "").lower() == "chunked":
            return self._joined_chunks()
        if "content-length" in headers:
            length = int(headers["content-length"])
            body = self._input.read(length)
            assert len(body) == length, f"{len(body)} of {length} bytes: the answer was cut"
            return body
        return self._input.read(RESPONSE_BYTES_MAX)

    def _joined_chunks(self) -> bytes:
        body = bytearray()
        for chunk in self.chunks():
            body += chunk
            assert len(body) < RESPONSE_BYTES_MAX, "an answer without end"
        return bytes(body)


def split_address(address: str) -> tuple[str, int]:
    host, _, port = address.rpartition(":")
    return host.strip("[]"), int(port)


def request(
    method: str, path: str, body: bytes = b"", headers: dict[str, str] | None = None, version: str = "1.1",
) -> bytes:
    """A request's bytes. A header given as "" is left out."""
    fields = {"Host": "signalbox.test"}
    if body or method == "POST":
        fields |= {"Content-Type": "application/json", "Content-Length": str(len(body))}
    fields |= headers or {}
    lines = [f"{method} {path} HTTP/{version}"]
    lines += [f"{name}: {value}" for name, value in fields.items() if value]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def fetch(
    url: str, method: str = "GET", body: bytes = b"", headers: dict[str, str] | None = None,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
) -> Response:
    """One request on a connection of its own; not answering is a failure."""
    parts = urlsplit(url)
    with RawClient(parts.netloc) as client:
        fields = {"Host": parts.netloc, "Connection": "close"} | (headers or {})
        path = f"{parts.path}?{parts.query}" if parts.query else parts.path
        client.send(request(method, path, body, fields))
        response = client.response(timeout)
        assert response is not None, f"{method} {url}: closed without an answer"
        return response
