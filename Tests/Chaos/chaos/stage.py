"""One scenario's cast: upstream, receivers, daemon, clients. What is random in it follows from the seed."""

import asyncio
import dataclasses
import json
import math
import random
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.metrics import Metrics

from . import deliveries, receiver
from .house import House, Tenant, free_ports, prices_of, settings
from .load import Crowd, Mix, Told
from .money import Price
from .oracle import Terms, Verdict, compare_sums, judge
from .worker import Worker

CLIENTS = 24
DRAIN_SECONDS = 150
POLL_SECONDS = 0.2
# A run of minutes cannot wait for the schedule that a receiver in production wants.
WEBHOOK = {
    "timeout": "2s", "batch": {"records": 50, "delay": "100ms"}, "retry": {"first": "100ms", "max": "1s"},
}

# Half of what these are asked to take fails, or worse.
TENANTS = (
    Tenant("acme", Price("USD", "2.5", "10", "1.25", "12"), receiver.DEEDS,
           webhook=WEBHOOK | {"encoding": "gzip"}),
    Tenant("bolt", Price("RUB", "1500", "1500"), receiver.DEEDS, inflates=False,
           webhook=WEBHOOK | {"encoding": "gzip", "format": "cloudevents"}),
    Tenant("cargo", Price("EUR", "0.120000001", "0.5", "0.06"), receiver.DEEDS,
           webhook=WEBHOOK | {"encoding": "identity", "format": "ndjson"}),
    Tenant("delta", Price("USD", "0.000000001", "0.6", None, "0.7"), receiver.DEEDS | {"accept": 25},
           webhook=WEBHOOK | {"encoding": "identity", "concurrency": 4}),
)


@dataclass
class Stage:
    """Enter it with `async with`: everything is up. `usage` is the configuration's section."""

    directory: Path
    seed: str
    tenants: tuple[Tenant, ...] = TENANTS
    mix: Mix | None = None
    usage: dict[str, Any] = field(default_factory=lambda: {"durability": "commit"})
    data: Path | None = None
    environment: dict[str, str] = field(default_factory=dict)
    checks_time: bool = True
    clients: int = CLIENTS
    kills: int = 0
    book: list[Told] = field(default_factory=list)
    story: list[str] = field(default_factory=list)

    async def __aenter__(self) -> "Stage":
        self.began = time.monotonic()
        self.directory.mkdir(parents=True, exist_ok=True)
        self.source = random.Random(self.seed)
        self.file = self.directory / "deliveries.jsonl"
        self.upstream = await Worker.start("upstream")
        self.receivers = await self._start_receivers()
        ports = free_ports(self.source, 2)
        self.house = House(self.directory, self.tenants, settings(
            self.tenants, self.upstream.greeting["port"], self.receivers.greeting["ports"], ports,
            self.data or self.directory / "data", self.usage), ports, self.environment)
        self.crowds = 0
        return self

    async def __aexit__(self, *_) -> None:
        await self.house.kill()
        for worker in (self.upstream, self.receivers):
            await worker.stop()

    async def _start_receivers(self) -> Worker:
        described = {tenant.id: {
            "secret": tenant.secret, "deeds": tenant.deeds, "inflates": tenant.inflates,
            "checks_time": self.checks_time} for tenant in self.tenants}
        return await Worker.start("receiver", str(self.file), self.seed, json.dumps(described))

    def tell(self, what: str) -> None:
        line = f"{time.monotonic() - self.began:7.2f} s  {what}"
        self.story.append(line)
        print(line, flush=True)

    def start_load(self) -> None:
        """Clients that nobody has seen before; `crowd.stop()` ends them."""
        self.crowds += 1
        self.crowd = Crowd(
            self.mix or Mix(tuple(tenant.id for tenant in self.tenants)), self.house.ports[0],
            {tenant.id: tenant.token for tenant in self.tenants}, f"{self.seed} {self.crowds}", self.book)
        self.crowd.start(self.clients)

    # What is done to the daemon.

    async def kill(self, down: float = 0) -> None:
        await self.house.kill()
        self.kills += 1
        self.tell(f"kill -9 of start {self.house.starts} at request {len(self.book)}; down {down:.2f} s")
        await asyncio.sleep(down)

    # The end.

    async def calm(self) -> None:
        await self.receivers.ask(do="calm")
        self.tell("every receiver accepts")

    async def wait_for(self, what: str, holds, seconds: float) -> float:
        """Asks the metrics until they fulfil `holds`; how long that took."""
        began = time.monotonic()
        while True:
            metrics = await self.house.metrics()
            if holds(metrics):
                return time.monotonic() - began
            if time.monotonic() - began > seconds:
                raise Stuck(f"not {what} within {seconds:g} s")
            await asyncio.sleep(POLL_SECONDS)

    async def drain(self, seconds: float = DRAIN_SECONDS) -> None:
        """Until nothing waits to be delivered."""
        names = {tenant.id for tenant in self.tenants}
        took = await self.wait_for("drained", lambda metrics: pending(metrics, names) == 0, seconds)
        self.tell(f"drained in {took:.1f} s")

    async def verdict(self, **terms: Any) -> Verdict:
        """What the oracle says of everything so far."""
        heard = await self.receivers.ask(do="counts")
        with open(self.directory / "requests.jsonl", "w") as file:
            file.writelines(json.dumps(dataclasses.asdict(told)) + "\n" for told in self.book)
        found = judge(self.book, deliveries.read(self.file), Terms(
            prices_of(self.tenants), tuple(tenant.id for tenant in self.tenants), kills=self.kills,
            at_once={
                tenant.id: tenant.webhook["concurrency"] for tenant in self.tenants
                if "concurrency" in tenant.webhook}, **terms))
        for complaint in heard["complaints"]:
            found.say("deliveries are right", complaint)
        for indiscretion in self.house.indiscretions():
            found.say("no secret is told", indiscretion)
        if terms.get("lost", 0) is not None:
            for finding in compare_sums(found.totals, await self.house.sums()):
                found.say("sums agree", finding)
        found.facts["kills"] = self.kills
        return found


def pending(metrics: Metrics, endpoints: set[str]) -> float:
    """Records that wait for somebody. An endpoint that has no series is not one that waits for nothing."""
    known = {labels["endpoint"] for labels in metrics.labels("llm_usage_outbox_pending")}
    return metrics.value("llm_usage_outbox_pending") if endpoints <= known else math.inf


class Stuck(Exception):
    """Something that must end did not."""
