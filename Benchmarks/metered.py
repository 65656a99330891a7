"""The daemon with usage records: configured for one measurement, filled with records, asked how many wait."""

import json
import os
import re
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

from gateways import GATEWAY_CORE, LOAD_CORE, ROOT, Upstream
from processes import Running, free_port, is_ok

HERE = Path(__file__).resolve().parent
# What post.lua sends.
TOKEN = "sk-benchmark"
SECRET = "whsec_c2lnbmFsYm94LWJlbmNobWFyay1zZWNyZXQtMDA="
PRICE = {"currency": "USD", "valid_from": "2020-01-01", "input": "2.5", "output": "10"}
# A receiver that comes back is noticed soon.
RETRY = {"first": "100ms", "max": "500ms"}
FILL_SECONDS = 3
FILL_CONNECTIONS = 256
POLL_SECONDS = 0.05
PENDING = "llm_usage_outbox_pending"


def program() -> str:
    path = os.environ.get("SIGNALBOX_BINARY") or str(ROOT / ".build" / "release" / "signalbox")
    if not Path(path).exists():
        raise SystemExit(f"{path} does not exist: make build")
    return path


def tenant(name: str = "acme", token: str = "env:TOKEN", **webhook: Any) -> dict[str, Any]:
    """A customer whose webhook is told by its settings, or who has none."""
    described: dict[str, Any] = {"id": name, "keys": [token]}
    if webhook:
        described["webhook"] = {"secret": "env:WHSEC", "retry": RETRY, "encoding": "identity"} | webhook
    return described


class Metered:
    """A running daemon on the gateway's core; its ledger is in `data`, and outlives it."""

    name = "signalbox"

    def __init__(
        self, upstream: Upstream, directory: Path, usage: dict[str, Any], tenants: list[dict[str, Any]],
        data: str = "data", more_environment: dict[str, str] | None = None,
    ):
        self.port, self.admin_port, self.directory = free_port(), free_port(), directory
        directory.mkdir(parents=True, exist_ok=True)
        price = PRICE | {"provider": "upstream", "model": "gpt-test"}
        (directory / "prices.yaml").write_text(json.dumps({"version": "benchmark", "prices": [price]}))
        (directory / "signalbox.yaml").write_text(json.dumps({
            "server": {"listen": f"127.0.0.1:{self.port}", "threads": 1},
            "admin": {"listen": f"127.0.0.1:{self.admin_port}", "scrape_freshness": "0s"},
            "providers": [{
                "name": "upstream", "kind": "openai-compatible", "models": ["gpt-test"],
                "base_url": f"http://127.0.0.1:{upstream.port}/v1"}],
            "routes": [{"model": "chat", "targets": ["upstream"]}],
            "usage": usage, "prices": {"file": "prices.yaml"}, "data_dir": str(directory / data),
            "webhooks": {"allow": ["127.0.0.0/8"]},
        } | ({"tenants": tenants} if tenants else {})))
        environment = {"TOKEN": TOKEN, "WHSEC": SECRET} | (more_environment or {})
        self.running = Running(
            ["env", *(f"{name}={value}" for name, value in environment.items()),
             program(), "serve", "--config", "signalbox.yaml"], GATEWAY_CORE, directory, "signalbox.log")
        self.running.wait_for(lambda: is_ok(f"http://127.0.0.1:{self.admin_port}/readyz"))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/chat/completions"

    def __enter__(self) -> "Metered":
        return self

    def __exit__(self, *_) -> None:
        self.running.stop()

    def metric(self, name: str) -> float:
        """The sum of its series."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=30) as reply:
            text = reply.read().decode()
        return sum(map(float, re.findall(rf"^{name}(?:{{[^}}]*}})? (\S+)", text, re.MULTILINE)))

    def fill(self, count: int, body: Path) -> int:
        """Makes records until so many wait; how many do."""
        while (waiting := int(self.metric(PENDING))) < count:
            print(f"  {waiting:,} of {count:,} records", file=sys.stderr)
            subprocess.run([
                "taskset", "-c", str(LOAD_CORE), "wrk", "--threads", "1", "--connections",
                str(FILL_CONNECTIONS), "--duration", f"{FILL_SECONDS}s", "--timeout", "10s",
                "--script", str(HERE / "post.lua"), self.url, "--", str(body)],
                check=True, capture_output=True, timeout=FILL_SECONDS + 60)
        return waiting

    def drain(self, seconds: float) -> float:
        """Waits until nothing does; how long that took."""
        began = time.monotonic()
        while self.metric(PENDING) > 0:
            if time.monotonic() - began > seconds:
                raise SystemExit(f"{self.metric(PENDING):,.0f} records still wait after {seconds:g} s")
            time.sleep(POLL_SECONDS)
        return time.monotonic() - began
