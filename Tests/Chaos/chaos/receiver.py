"""Tenants' webhooks, as a process: each on a port of its own, each misbehaving in its own way.

`python -m chaos.receiver FILE SEED TENANTS` prints the ports; TENANTS is JSON, {id: {secret, deeds,
inflates}}. Whatever arrives whole is kept in FILE, with what was done to it. Commands: calm, gone, back,
counts."""

import asyncio
import hashlib
import json
import random
import sys
import time
from collections import Counter
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from . import worker
from .deliveries import Delivery, Store, records_in, unpacked
from .wire import BUFFER_BYTES, Cut, Message, read_message, reply_bytes, reset

# What an endpoint does, by how often. `late` keeps what it was sent and never answers; `lost` answers, but
# the answer is cut; `early` resets before it has read on.
DEEDS = {
    "accept": 50, "late": 6, "lost": 6, "error": 12, "throttle": 6, "busy": 4, "early": 5, "slow": 8,
    "redirect": 3,
}
STATUSES = {"accept": 204, "slow": 200, "error": 500, "throttle": 429, "busy": 503, "redirect": 307}
SLOW_SECONDS = 0.7


class Endpoint:
    """One tenant's webhook."""

    def __init__(self, tenant: str, settings: dict[str, Any], seed: str, store: Store):
        self.tenant, self.store = tenant, store
        self.verifier = Webhook(settings["secret"])
        self.deeds: dict[str, int] = settings["deeds"]
        self.inflates: bool = settings["inflates"]
        self.checks_time: bool = settings.get("checks_time", True)
        self.source = random.Random(f"{seed} {tenant}")
        self.is_calm, self.is_gone = False, False
        self.port = 0
        self.done: Counter[str] = Counter()
        self.complaints: list[str] = []
        self._texts: dict[str, bytes] = {}

    async def start(self) -> None:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=BUFFER_BYTES, backlog=1024)
        self.port = server.sockets[0].getsockname()[1]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_message(reader)) is not None:
                if not await self._receive(request, reader, writer):
                    return
        except (Cut, ConnectionError):
            self.done["left"] += 1
        except asyncio.CancelledError:
            pass  # The run is over; asyncio would complain of the connection.
        finally:
            writer.close()

    async def _receive(
        self, request: Message, reader: asyncio.StreamReader, writer: asyncio.StreamWriter,
    ) -> bool:
        """Whether the connection may be used again."""
        arrived, deed, accepted = time.time(), self._deed(request), False
        self.done[deed] += 1
        self._check(request)
        try:
            if deed != "late":
                accepted = await self._meet(deed, writer)
        finally:
            self.store.add(Delivery(
                self.tenant, arrived, request.headers, request.body, deed, accepted))
        if deed == "late":
            await reader.read(1)  # Until the daemon has had enough.
        return deed not in ("early", "lost", "late")

    def _deed(self, request: Message) -> str:
        if self.is_gone:
            return "gone"
        if not self.inflates and request.headers.get("content-encoding") == "gzip":
            return "unpackable"
        if self.is_calm:
            return "accept"
        return self.source.choices(list(self.deeds), list(self.deeds.values()))[0]

    async def _meet(self, deed: str, writer: asyncio.StreamWriter) -> bool:
        """Whether the delivery counts as accepted."""
        match deed:
            case "early":
                reset(writer)
            case "lost":
                writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
                await writer.drain()
                reset(writer)
            case "gone":
                writer.write(reply_bytes(410))
            case "unpackable":
                writer.write(reply_bytes(415, headers={"Accept-Encoding": "identity"}))
            case "throttle":
                writer.write(reply_bytes(429, headers={"Retry-After": "1"}))
            case "redirect":
                away = {"Location": f"http://127.0.0.1:{self.port}/elsewhere"}
                writer.write(reply_bytes(STATUSES[deed], headers=away))
            case _:
                if deed == "slow":
                    await asyncio.sleep(SLOW_SECONDS)
                writer.write(reply_bytes(STATUSES[deed]))
                await writer.drain()
                return STATUSES[deed] < 300
        await writer.drain()
        return False

    def _check(self, request: Message) -> None:
        """What must be true of every delivery, however it is answered."""
        try:
            if request.first[:2] != ("POST", f"/hooks/{self.tenant}"):
                self._complain(request, f"came as {request.first}")
            text = unpacked(request.body, request.headers)
            self._verify(text, request)
            self._compare(text, request)
            for record in records_in(text):
                if record.get("tenant_id") != self.tenant:
                    self._complain(request, f"holds a record of {record.get('tenant_id')!r}")
        except (WebhookVerificationError, KeyError, ValueError, OSError, EOFError) as error:
            self._complain(request, f"{type(error).__name__}: {error}")

    def _verify(self, text: bytes, request: Message) -> None:
        if self.checks_time:
            self.verifier.verify(text, request.headers, json_parse=False)
            return
        # Where the daemon's clock is wrong on purpose, the signature is good for the time that it claims.
        claimed = datetime.fromtimestamp(int(request.headers["webhook-timestamp"]), timezone.utc)
        signed = self.verifier.sign(request.headers["webhook-id"], claimed, text.decode())
        if signed not in request.headers["webhook-signature"].split(" "):
            raise WebhookVerificationError("No matching signature found")

    def _compare(self, text: bytes, request: Message) -> None:
        """One id is one text, packed or not."""
        seen = hashlib.sha256(text).digest()
        if self._texts.setdefault(request.headers["webhook-id"], seen) != seen:
            self._complain(request, "has other bytes than before")

    def _complain(self, request: Message, problem: str) -> None:
        name = request.headers.get("webhook-id", "without an id")
        self.complaints.append(f"{self.tenant}: delivery {name} {problem}")


async def main(file: str, seed: str, tenants: str) -> None:
    store = Store(Path(file))
    endpoints = {
        name: Endpoint(name, settings, seed, store) for name, settings in json.loads(tenants).items()}
    for endpoint in endpoints.values():
        await endpoint.start()

    async def obey(command: dict) -> dict:
        chosen = [endpoints[command["tenant"]]] if "tenant" in command else list(endpoints.values())
        for endpoint in chosen:
            match command["do"]:
                case "calm":
                    endpoint.is_calm, endpoint.is_gone = True, False
                case "gone":
                    endpoint.is_gone = True
                case "back":
                    endpoint.is_gone = False
        return {
            "done": {name: endpoint.done for name, endpoint in endpoints.items()},
            "complaints": [each for endpoint in endpoints.values() for each in endpoint.complaints]}
    await worker.attend({"ports": {name: endpoint.port for name, endpoint in endpoints.items()}}, obey)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
