"""A receiver of webhooks that verifies each with the official library, keeps it, and misbehaves as told.

As a process of its own: `python -m harness.webhooks SECRET [DEED…]` prints its URL, then one line of JSON
for each delivery that it was sent."""

import gzip
import json
import socket
import struct
import sys
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Callable

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from .waiting import DEFAULT_TIMEOUT_SECONDS, Watched

# Each does its one thing with a delivery. `late` and `reset` have taken it, and do not say so; `plain` takes
# nothing that is compressed.
STATUSES = {"ok": 204, "error": 500, "throttle": 429, "gone": 410, "redirect": 307, "large": 413}
DEEDS = (*STATUSES, "plain", "late", "reset")
RETRY_AFTER_SECONDS = 1


@dataclass
class Attempt:
    """One attempt at a delivery, as it came."""

    headers: dict[str, str]
    body: bytes
    deed: str
    complaint: str = ""
    content: Any = None

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def is_packed(self) -> bool:
        return self.headers.get("content-encoding") == "gzip"

    @property
    def text(self) -> bytes:
        return gzip.decompress(self.body) if self.is_packed else self.body

    @property
    def records(self) -> list[dict[str, Any]]:
        """Of Signalbox's own format, and of one record or CloudEvent a line or an element."""
        if isinstance(self.content, list):
            return [each["data"] for each in self.content]
        if "events" in self.content:
            return [each["properties"] for each in self.content["events"]]
        return self.content["data"]["records"] if "data" in self.content else [self.content]


@dataclass
class Ledger:
    """What a receiver has counted: each record once, by its id."""

    records: dict[str, dict[str, Any]] = field(default_factory=dict)
    taken: int = 0

    def take(self, attempt: Attempt) -> None:
        self.taken += 1
        for record in attempt.records:
            assert self.records.setdefault(record["id"], record) == record, f"{record['id']} has changed"


class WebhookReceiver:
    """An endpoint on a port of its own. `deeds` are done one after the other, then always the last."""

    def __init__(self, secret: str, *deeds: str, tell: Callable[[Attempt], None] = lambda attempt: None):
        self._verifier = Webhook(secret)
        self._deeds = list(deeds) or ["ok"]
        assert set(self._deeds) <= set(DEEDS), f"deeds are {DEEDS}"
        self._tell = tell
        self._watched = Watched()
        self.attempts: list[Attempt] = []
        self.ledger = Ledger()
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                receiver._receive(self)

            def log_message(self, *arguments: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._ended = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}/usage"

    def __enter__(self) -> "WebhookReceiver":
        self._thread.start()
        return self

    def __exit__(self, *exception: Any) -> None:
        self._ended.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def complaints(self) -> list[str]:
        return [each.complaint for each in self.attempts if each.complaint]

    def wait_for(
        self, find: Callable[["WebhookReceiver"], Any], what: str, timeout: float = DEFAULT_TIMEOUT_SECONDS
    ) -> Any:
        return self._watched.wait_until(
            lambda: find(self), timeout, what, lambda: "\n".join(map(repr, self.attempts)))

    def wait_for_attempts(self, count: int, timeout: float = DEFAULT_TIMEOUT_SECONDS) -> list[Attempt]:
        self.wait_for(lambda self: len(self.attempts) >= count, f"{count} attempts", timeout)
        return self.attempts[:count]

    def wait_for_records(
        self, count: int, timeout: float = DEFAULT_TIMEOUT_SECONDS
    ) -> dict[str, dict[str, Any]]:
        self.wait_for(lambda self: len(self.ledger.records) >= count, f"{count} records", timeout)
        return self.ledger.records

    # One delivery.

    def _receive(self, handler: BaseHTTPRequestHandler) -> None:
        body = handler.rfile.read(int(handler.headers["content-length"]))
        headers = {name.lower(): value for name, value in handler.headers.items()}
        with self._watched.changing():
            place = min(len(self.attempts), len(self._deeds) - 1)
            attempt = self._judge(Attempt(headers, body, self._deeds[place]))
            refuses = attempt.deed == "plain" and attempt.is_packed
            if not attempt.complaint and not refuses and attempt.deed in ("ok", "plain", "late", "reset"):
                self.ledger.take(attempt)
            self.attempts.append(attempt)
        self._tell(attempt)
        self._answer(handler, attempt, refuses)

    def _judge(self, attempt: Attempt) -> Attempt:
        try:
            attempt.content = self._verifier.verify(attempt.text, attempt.headers)
        except (WebhookVerificationError, ValueError) as error:
            attempt.complaint = f"{attempt.headers.get('webhook-id')}: {error}"
        return attempt

    def _answer(self, handler: BaseHTTPRequestHandler, attempt: Attempt, refuses: bool) -> None:
        if attempt.deed == "late":
            self._ended.wait()
            handler.close_connection = True
            return
        if attempt.deed == "reset":
            handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            handler.connection.close()
            handler.close_connection = True
            return
        handler.send_response(415 if refuses else STATUSES.get(attempt.deed, 204))
        if attempt.deed == "throttle":
            handler.send_header("retry-after", str(RETRY_AFTER_SECONDS))
        if attempt.deed == "redirect":
            handler.send_header("location", self.url)
        if refuses:
            handler.send_header("accept-encoding", "identity")
        handler.send_header("content-length", "0")
        handler.end_headers()


def main() -> None:
    def tell(attempt: Attempt) -> None:
        print(json.dumps({
            "id": attempt.id, "deed": attempt.deed, "complaint": attempt.complaint,
            "content": attempt.content}), flush=True)

    with WebhookReceiver(sys.argv[1], *sys.argv[2:], tell=tell) as receiver:
        print(receiver.url, flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main()
