"""An honest little gateway that keeps the promises while nobody kills it: what the run's own parts are
tried against before they judge the real one. Whole answers only: a stream is read to its end before it is
passed on."""

import asyncio
import gzip
import json
import secrets
import time
from datetime import datetime, timezone
from typing import Any

from standardwebhooks.webhooks import Webhook

from chaos.house import Tenant
from chaos.speech import usage_of
from chaos.wire import BUFFER_BYTES, Cut, Message, fetch, read_message, reply_bytes

RETRY_SECONDS = 0.01
TIMEOUT_SECONDS = 0.3
BATCH = 20


class Honest:
    def __init__(self, tenants: tuple[Tenant, ...], upstream: int, receivers: dict[str, int]):
        self.tenants = {f"Bearer {tenant.token}": tenant for tenant in tenants}
        self.upstream, self.receivers = upstream, receivers
        self.records: dict[str, list[dict[str, Any]]] = {tenant.id: [] for tenant in tenants}
        self.delivered = {tenant.id: 0 for tenant in tenants}
        self.packs = {tenant.id: True for tenant in tenants}
        self._tasks: list[asyncio.Task] = []

    async def start(self) -> int:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=BUFFER_BYTES)
        self._tasks = [asyncio.create_task(self._deliver(tenant)) for tenant in self.tenants.values()]
        return server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """When everything is delivered."""
        while any(self.delivered[name] < len(records) for name, records in self.records.items()):
            await asyncio.sleep(RETRY_SECONDS)
        for task in self._tasks:
            task.cancel()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while (request := await read_message(reader)) is not None:
                writer.write(await self._answer(request))
                await writer.drain()
        except (Cut, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, request: Message) -> bytes:
        tenant = self.tenants[request.headers["authorization"]]
        name = request.headers.get("x-request-id") or secrets.token_hex(8)
        asked = request.json
        body = json.dumps(asked | {"model": tenant.model}).encode()
        for attempt, provider in enumerate(("alpha", "beta"), 1):
            headers = {
                "x-request-id": name, "x-signalbox-provider": provider, "x-signalbox-attempts": str(attempt)}
            try:
                reply = await fetch(self.upstream, "POST", f"/{provider}/v1/chat/completions", body)
            except (Cut, ConnectionError):
                reply = None
            is_good = reply is not None and reply.status == 200
            self._record(tenant, name, attempt, provider, asked, reply.body if is_good else None)
            if is_good:
                text = reply.body
                if asked.get("stream") and not asked.get("stream_options"):
                    text = _without_usage(text)
                return reply_bytes(200, text, headers | {"Content-Type": reply.headers["content-type"]})
        return reply_bytes(502, b'{"error":{"code":"exhausted"}}', headers)

    def _record(
        self, tenant: Tenant, name: str, attempt: int, provider: str, asked: dict, body: bytes | None,
    ) -> None:
        records = self.records[tenant.id]
        record = {
            "id": uuid_v7(), "schema": "signalbox.usage.v1", "sequence": len(records) + 1,
            "request_id": name, "attempt": attempt, "provider": provider, "model": tenant.model,
            "requested_model": asked["model"], "success": body is not None, "tenant_id": tenant.id,
            "outcome": "success" if body is not None else "failure",
            "streaming": bool(asked.get("stream")), "usage_source": "none",
            "timestamp": datetime.now(timezone.utc).isoformat()}
        if body is not None and b'"usage"' in body:
            nonce = asked["messages"][-1]["content"].split(" ")[1]
            usage = usage_of(provider, nonce)
            cost = tenant.price.cost_nano(usage)
            record |= usage.json | {
                "cached_tokens": usage.cached, "reasoning_tokens": usage.reasoning,
                "usage_source": "provider", "cost": cost / 1e9, "cost_nano": str(cost),
                "currency": tenant.price.currency}
        records.append(record)

    async def _deliver(self, tenant: Tenant) -> None:
        while True:
            batch = self.records[tenant.id][self.delivered[tenant.id]:][:BATCH]
            if not batch:
                await asyncio.sleep(RETRY_SECONDS)
                continue
            name, text = f"msg_{secrets.token_hex(8)}", json.dumps({"records": batch})
            while not await self._try(tenant, name, text):
                await asyncio.sleep(RETRY_SECONDS)
            self.delivered[tenant.id] += len(batch)

    async def _try(self, tenant: Tenant, name: str, text: str) -> bool:
        moment = datetime.fromtimestamp(int(time.time()), timezone.utc)
        headers = {
            "webhook-id": name, "webhook-timestamp": str(int(moment.timestamp())),
            "webhook-signature": Webhook(tenant.secret).sign(name, moment, text)}
        body = text.encode()
        if self.packs[tenant.id]:
            body, headers["content-encoding"] = gzip.compress(body), "gzip"
        try:
            path = f"/hooks/{tenant.id}"
            reply = await fetch(self.receivers[tenant.id], "POST", path, body, headers, TIMEOUT_SECONDS)
        except (Cut, OSError, TimeoutError):
            return False
        if reply.status == 415:
            self.packs[tenant.id] = False
        return reply.status < 300


def _without_usage(text: bytes) -> bytes:
    """A stream's events without its usage, told in an event of its own or with the last choice."""
    events = []
    for event in text.split(b"\n\n"):
        if b'"usage"' in event:
            chunk = json.loads(event.removeprefix(b"data: "))
            del chunk["usage"]
            if not chunk["choices"]:
                continue
            event = b"data: " + json.dumps(chunk).encode()
        events.append(event)
    return b"\n\n".join(events)


def uuid_v7() -> str:
    text = f"{int(time.time() * 1000):012x}7{secrets.token_hex(2)[:3]}8{secrets.token_hex(8)[:15]}"
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:32]))


__all__ = ["Honest", "uuid_v7"]
