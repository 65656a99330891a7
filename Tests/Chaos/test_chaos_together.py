"""Upstream, clients, receivers and oracle against each other, with an honest gateway in the middle."""

import asyncio
import json
import random
from dataclasses import replace
from pathlib import Path

import pytest

from chaos import deliveries, receiver
from chaos.house import prices_of
from chaos.load import Ask, Client, Crowd, Leave, Mix
from chaos.oracle import Terms, judge
from chaos.stage import TENANTS
from chaos.wire import fetch
from chaos.worker import Worker
from honest import Honest

NAMES = tuple(tenant.id for tenant in TENANTS)
TERMS = Terms(prices_of(TENANTS), NAMES)
REQUESTS = 250


class Scene:
    """Everything but the daemon."""

    def __init__(self, directory: Path, seed: str, kind=Honest):
        self.file, self.seed, self.kind, self.book = directory / "deliveries.jsonl", seed, kind, []

    async def __aenter__(self) -> "Scene":
        described = {tenant.id: {
            "secret": tenant.secret, "inflates": tenant.inflates,
            # The clients of this test are quick, and so must be the receivers.
            "deeds": {name: count for name, count in tenant.deeds.items() if name != "slow"},
        } for tenant in TENANTS}
        self.upstream = await Worker.start("upstream")
        self.receivers = await Worker.start("receiver", str(self.file), self.seed, json.dumps(described))
        self.gateway = self.kind(
            TENANTS, self.upstream.greeting["port"], self.receivers.greeting["ports"])
        self.port = await self.gateway.start()
        self.tokens = {tenant.id: tenant.token for tenant in TENANTS}
        return self

    async def __aexit__(self, *_) -> None:
        await self.upstream.stop()
        await self.receivers.stop()

    async def play(self, mix: Mix) -> None:
        crowd = Crowd(mix, self.port, self.tokens, self.seed, self.book)
        crowd.start(24)
        while len(self.book) < REQUESTS:
            await asyncio.sleep(0.05)
        await crowd.stop()
        await self.receivers.ask(do="calm")
        await self.gateway.stop()

    async def heard(self) -> dict:
        return await self.receivers.ask(do="counts")


def run(tmp_path: Path, kind=Honest, mix: Mix | None = None, seed: str = "7"):
    async def play():
        async with Scene(tmp_path, seed, kind) as scene:
            # A gateway that reads a stream to its end before it passes it on cannot mark hang-ups.
            await scene.play(mix or Mix(NAMES, leaving=0))
            return scene, await scene.heard()
    scene, heard = asyncio.run(play())
    return scene.book, deliveries.read(scene.file), heard


def test_an_honest_gateway_keeps_every_promise(tmp_path):
    book, came, heard = run(tmp_path)
    verdict = judge(book, came, TERMS)
    assert heard["complaints"] == []
    assert verdict.broken == []
    ended = verdict.facts["requests"]
    assert ended["whole"] > REQUESTS / 2 and set(ended) <= {"whole", "refused", "broken"}, ended
    done = sum((receiver.Counter(each) for each in heard["done"].values()), receiver.Counter())
    assert set(done) >= {"accept", "late", "lost", "error", "throttle", "early", "unpackable"}, done
    assert any(delivery.is_packed for delivery in came) and any(not delivery.is_packed for delivery in came)


class Forgetful(Honest):
    def _record(self, *arguments) -> None:
        super()._record(*arguments)
        records = next(found for found in self.records.values() if found)
        if len(records) == 30:
            records.pop()


class Twice(Honest):
    """Bills one answer for two attempts."""

    has_sinned = False

    def _record(self, tenant, name, attempt, *rest) -> None:
        super()._record(tenant, name, attempt, *rest)
        if not self.has_sinned and self.records[tenant.id][-1]["success"]:
            self.has_sinned = True
            super()._record(tenant, name, attempt + 1, *rest)


class Leaking(Honest):
    def _record(self, *arguments) -> None:
        super()._record(*arguments)
        if len(self.records["acme"]) == 30:
            self.records["bolt"].append(self.records["acme"].pop())


class Rounding(Honest):
    def _record(self, *arguments) -> None:
        super()._record(*arguments)
        record = self.records[arguments[0].id][-1]
        if "cost_nano" in record:
            record["cost_nano"] = str(int(record["cost_nano"]) + 1)


class Confused(Honest):
    """Another body under the same id."""

    async def _try(self, tenant, name, text) -> bool:
        tried = await super()._try(tenant, name, text)
        return tried and await super()._try(tenant, name, text + " ")


@pytest.mark.parametrize("kind, promise", [
    (Forgetful, "nothing is lost"), (Twice, "nothing is billed twice"), (Leaking, "tenants see their own"),
    (Rounding, "records are exact"), (Confused, "has other bytes than before"),
])
def test_a_gateway_that_breaks_a_promise_is_found_out(tmp_path, kind, promise):
    book, came, heard = run(tmp_path, kind)
    broken = judge(book, came, TERMS).broken + heard["complaints"]
    assert any(promise in finding for finding in broken), broken[:5]


def test_the_same_seed_asks_the_same(tmp_path):
    def asks() -> list[Ask]:
        crowd = Crowd(Mix(NAMES), 0, {}, "1", [])
        source = random.Random("x")
        return [replace(crowd._make(source, "acme", None), number=0) for _ in range(50)]
    assert asks() == asks()


def ask(**more) -> Ask:
    return Ask(**{
        "number": 1, "nonce": "00.fine", "tenant": "acme", "model": "chat-acme", "streams": True,
        "wants_usage": True, "request_id": "run-1", "leave": None} | more)


def test_a_client_tells_whole_from_cut_and_from_left(tmp_path):
    """Straight at the upstream, whose paths are a gateway's with a provider before them."""
    async def play() -> list[str]:
        upstream = await Worker.start("upstream")
        try:
            ended = []
            for each in (
                ask(), ask(nonce="01.pause", leave=Leave(pieces=2)), ask(nonce="02.cut"),
                ask(nonce="03.cut", streams=False), ask(nonce="04.error", streams=False),
                ask(nonce="05.fine", streams=False), ask(nonce="06.slow", leave=Leave(seconds=0.01)),
            ):
                client = Client(upstream.greeting["port"], {"acme": "t"})
                client.path = "/alpha/v1/chat/completions"
                ended.append((await client.perform(each)).ended)
            assert (await upstream.ask())["done"]["alpha pause"] == 1
            return ended
        finally:
            await upstream.stop()
    assert asyncio.run(play()) == ["whole", "left", "broken", "broken", "refused", "whole", "left"]


def test_a_receiver_that_is_gone_says_so_until_it_is_back(tmp_path):
    async def play() -> list[int]:
        async with Scene(tmp_path, "1") as scene:
            port, statuses = scene.receivers.greeting["ports"]["acme"], []
            for command in ("calm", "gone", "back"):
                await scene.receivers.ask(do=command, tenant="acme")
                statuses.append((await fetch(port, "POST", "/hooks/acme", b"{}")).status)
            complaints = (await scene.heard())["complaints"]
            assert len(complaints) == 3, complaints
            return statuses
    assert asyncio.run(play()) == [204, 410, 204]
