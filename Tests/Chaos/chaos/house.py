"""The daemon under test: its configuration, and a process that is started, killed, and started again."""

import asyncio
import base64
import hashlib
import json
import random
import signal
import socket
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from harness.daemon import bare_environment, binary
from harness.metrics import Metrics

from .money import Price
from .speech import MARK
from .wire import Cut, Message, fetch

READY_SECONDS = 30
STOP_SECONDS = 30
# Below the ports that the kernel gives to connections: one of those could take the daemon's while it is down.
PORTS = range(12_000, 30_000)


@dataclass(frozen=True)
class Tenant:
    """A customer with keys, a webhook and prices of its own. `deeds` are those of its receiver."""

    id: str
    price: Price
    deeds: dict[str, int]
    inflates: bool = True
    webhook: dict[str, Any] = field(default_factory=dict)

    @property
    def token(self) -> str:
        return f"token-secret-of-{self.id}"

    @property
    def secret(self) -> str:
        return "whsec_" + base64.b64encode(hashlib.sha256(self.id.encode()).digest()).decode()

    @property
    def variable(self) -> str:
        return self.id.upper().replace("-", "_")

    @property
    def model(self) -> str:
        return f"model-of-{self.id}"


def prices_of(tenants: tuple[Tenant, ...]) -> dict[tuple[str, str], Price]:
    return {(provider, tenant.model): tenant.price for tenant in tenants for provider in ("alpha", "beta")}


def settings(
    tenants: tuple[Tenant, ...], upstream: int, receivers: dict[str, int], ports: tuple[int, int],
    data: Path, usage: dict[str, Any],
) -> dict[str, Any]:
    """Two providers at one upstream, and a route for each tenant to a model that has a price of its own."""
    models = [tenant.model for tenant in tenants]
    providers = [{
        "name": name, "kind": "openai-compatible", "base_url": f"http://127.0.0.1:{upstream}/{name}/v1",
        "keys": ["env:UPSTREAM_KEY"], "models": models,
        "breaker": {"failures": 1_000_000, "requests_min": 1_000_000},
        "timeouts": {"connect": "2s", "first_token": "10s", "idle": "10s", "total": "30s"},
    } for name in ("alpha", "beta")]
    made = {
        "server": {"listen": f"127.0.0.1:{ports[0]}", "threads": 2, "drain_timeout": "5s"},
        "admin": {"listen": f"127.0.0.1:{ports[1]}", "scrape_freshness": "0s"},
        "logging": {"level": "info", "format": "json"},
        "providers": providers,
        # The upstream knows calls alone, and counts them.
        "key_checks": "off",
        "routes": [{
            "model": f"chat-{tenant.id}", "strategy": "ordered",
            "targets": [f"{name}/{tenant.model}" for name in ("alpha", "beta")]} for tenant in tenants],
        "tenants": [{
            "id": tenant.id, "keys": [f"env:{tenant.variable}_TOKEN"],
            "webhook": {
                "url": f"http://127.0.0.1:{receivers[tenant.id]}/hooks/{tenant.id}",
                "secret": f"env:{tenant.variable}_WHSEC"} | tenant.webhook,
        } for tenant in tenants],
        "webhooks": {"allow": ["127.0.0.0/8"]},
        "usage": usage,
        "prices": {"file": "prices.yaml"},
        "data_dir": str(data),
    }
    return json.loads(json.dumps(made))  # Nobody else's: a reload changes one tenant alone.


def free_ports(source: random.Random, count: int) -> tuple[int, ...]:
    found: list[int] = []
    while len(found) < count:
        port = source.choice(PORTS)
        with socket.socket() as probe:
            if port not in found and probe.connect_ex(("127.0.0.1", port)) != 0:
                found.append(port)
    return tuple(found)


class House:
    """One daemon after the other in one directory, at the same ports. Each writes logs of its own."""

    def __init__(
        self, directory: Path, tenants: tuple[Tenant, ...], configuration: dict[str, Any],
        ports: tuple[int, int], more_environment: dict[str, str] | None = None,
    ):
        self.directory, self.tenants, self.ports = directory, tenants, ports
        self.configuration = configuration
        self.starts = 0
        self.process: asyncio.subprocess.Process | None = None
        secrets = {f"{tenant.variable}_WHSEC": tenant.secret for tenant in tenants}
        self.environment = bare_environment(
            {f"{tenant.variable}_TOKEN": tenant.token for tenant in tenants} | secrets
            | {"UPSTREAM_KEY": "sk-secret-of-upstream"} | (more_environment or {}))
        entries = [price.entry(*key) for key, price in prices_of(tenants).items()]
        (directory / "prices.yaml").write_text(json.dumps({"version": "chaos", "prices": entries}))
        self.write()

    def write(self) -> None:
        (self.directory / "signalbox.yaml").write_text(json.dumps(self.configuration, indent=1))

    @property
    def data(self) -> Path:
        return Path(self.configuration["data_dir"])

    @property
    def log_file(self) -> Path:
        return self.directory / f"daemon-{self.starts}.log"

    @property
    def errors_file(self) -> Path:
        return self.directory / f"daemon-{self.starts}.errors"

    # Its life.

    async def launch(self) -> None:
        """Starts it and does not wait."""
        self.starts += 1
        with open(self.log_file, "wb") as log, open(self.errors_file, "wb") as errors:
            self.process = await asyncio.create_subprocess_exec(
                binary(), "serve", "--config", "signalbox.yaml", cwd=self.directory, env=self.environment,
                stdin=subprocess.DEVNULL, stdout=log, stderr=errors)

    async def wait_until_ready(self) -> None:
        """Until it takes requests. A daemon that ends instead is an error, with what it said."""
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while asyncio.get_running_loop().time() < deadline:
            if self.process.returncode is not None:
                break
            try:
                if (await fetch(self.ports[1], "GET", "/readyz", timeout=2)).status == 200:
                    return
            except (OSError, Cut, TimeoutError):
                pass
            await asyncio.sleep(0.02)
        raise DaemonFailed(f"start {self.starts} did not become ready:\n{self.last_words()}")

    async def start(self) -> None:
        await self.launch()
        await self.wait_until_ready()

    async def kill(self) -> None:
        if self.process is not None and self.process.returncode is None:
            self.process.kill()
            await self.process.wait()

    async def stop(self) -> None:
        """SIGTERM must end it well."""
        self._expect_alive()
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(STOP_SECONDS):
                code = await self.process.wait()
        except TimeoutError:
            await self.kill()
            raise DaemonFailed(f"start {self.starts} heard SIGTERM and did not end") from None
        if code != 0:
            raise DaemonFailed(f"start {self.starts} ended with {code}:\n{self.last_words()}")

    async def reload(self) -> Message:
        return await fetch(self.ports[1], "POST", "/admin/reload")

    async def command(self, *arguments: str) -> str:
        """What a command of `signalbox` prints, beside the daemon that runs."""
        process = await asyncio.create_subprocess_exec(
            binary(), *arguments, cwd=self.directory, env=self.environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        output, errors = await process.communicate()
        if process.returncode != 0:
            raise DaemonFailed(f"{arguments} ended with {process.returncode}: {errors.decode()}")
        return output.decode()

    async def sums(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By tenant and currency: records, tokens, billionths. As `signalbox usage sum` has them."""
        output = await self.command(
            "usage", "sum", "--data-dir", str(self.data), "--by", "tenant", "--format", "json")
        rows = [json.loads(line) for line in output.splitlines()]
        return {
            (row["tenant"], row.get("currency") or ""): (
                row["records"], row.get("total_tokens") or 0, int(row.get("cost_nano") or 0))
            for row in rows}

    async def enable(self, tenant: str) -> str:
        """Waits out a daemon that is down just now."""
        deadline = asyncio.get_running_loop().time() + READY_SECONDS
        while True:
            try:
                answer = await fetch(self.ports[1], "POST", f"/admin/webhooks/enable?tenant={tenant}")
                if answer.status == 200:
                    return answer.body.decode().strip()
                if answer.status != 503:
                    raise DaemonFailed(f"{tenant} cannot be enabled: {answer.status} {answer.body[:500]!r}")
            except (OSError, Cut, TimeoutError):
                pass
            if asyncio.get_running_loop().time() > deadline:
                raise DaemonFailed(f"{tenant}'s webhook could not be enabled")
            await asyncio.sleep(0.1)

    def _expect_alive(self) -> None:
        if self.process.returncode is not None:
            code = self.process.returncode
            raise DaemonFailed(f"start {self.starts} died with {code}:\n{self.last_words()}")

    # What it says.

    async def metrics(self) -> Metrics:
        self._expect_alive()
        return Metrics((await fetch(self.ports[1], "GET", "/metrics")).body.decode())

    def lines(self) -> list[dict[str, Any]]:
        """The log of the daemon that runs, or ran last."""
        lines = self.log_file.read_bytes().split(b"\n")
        return [json.loads(line) for line in lines[:-1]]

    def logged(self, message: str) -> list[dict[str, Any]]:
        return [line for line in self.lines() if line.get("message") == message]

    def last_words(self) -> str:
        tail = self.log_file.read_text(errors="replace")[-1500:]
        return f"{tail}\nstderr: {self.errors_file.read_text(errors='replace')[-3000:]}"

    def indiscretions(self) -> list[str]:
        """Secrets and prompts in logs and in the store, and whatever else stderr holds."""
        secrets = [MARK, "sk-secret-of-upstream"]
        secrets += [text for tenant in self.tenants for text in (tenant.token, tenant.secret)]
        found = []
        files = sorted([*self.directory.glob("daemon-*"), *self.data.glob("*")])
        for path in (path for path in files if path.is_file()):
            content = path.read_bytes()
            found += [f"{path.name} holds {secret!r}" for secret in secrets if secret.encode() in content]
            if path.suffix == ".errors" and content:
                found.append(f"{path.name}: {content[-2000:].decode(errors='replace')}")
        return found


class DaemonFailed(Exception):
    """It did what no daemon may do, whatever is done to it."""
