"""A real Prometheus scrapes a real daemon: in each format, over TLS, with name and password or a token."""

import re
import shutil
import subprocess
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Iterator

import pytest

from harness import contract
from harness.configuration import configuration, mock, provider
from harness.daemon import Daemon
from harness.prometheus import Prometheus, job
from harness.raw_client import fetch

pytestmark = pytest.mark.skipif(not shutil.which("prometheus"), reason="prometheus is not installed")

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = 'a "quoted" \\ back\\nslash {le="1.0"} # EOF 日本語'
REQUESTS = 7


@pytest.fixture(scope="module")
def daemon(start_shared_daemon) -> Daemon:
    """It has answered a few requests, and has labels of all sorts."""
    settings = configuration(
        mock("stand-in"), provider("odd", "http://127.0.0.1:9/v1", models=(HOSTILE,)))
    settings["routes"].append({"model": HOSTILE, "targets": ["stand-in"]})
    daemon = start_shared_daemon(settings)
    for _ in range(REQUESTS):
        body = f'{{"model":"chat","messages":[{{"role":"user","content":"{contract.PROMPT}"}}]}}'
        assert fetch(daemon.base_url + "/chat/completions", "POST", body.encode()).status == 200
    return daemon


@contextmanager
def relay_for_text(admin_url: str) -> Iterator[str]:
    """Passes scrapes on as those of a scraper that reads the text format alone, which 2.42 cannot be told."""
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer = fetch(admin_url + self.path, headers={"Accept": "text/plain;version=0.0.4"})
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["content-type"])
            self.end_headers()
            self.wfile.write(answer.body)

        def log_message(self, *_) -> None:
            pass  # of no interest

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def prometheus(daemon, tmp_path_factory) -> Iterator[Prometheus]:
    """One server, which scrapes the daemon in either format."""
    with relay_for_text(daemon.admin_url) as text:
        jobs = [job("openmetrics", daemon.addresses("admin")[0]), job("text", text)]
        with Prometheus(tmp_path_factory.mktemp("prometheus"), jobs) as prometheus:
            yield prometheus


def assert_it_has_everything(prometheus: Prometheus, daemon: Daemon, name: str) -> None:
    target = prometheus.target(name)
    assert (target["health"], target["lastError"]) == ("up", "")
    selector = f'{{job="{name}"}}'
    answered = prometheus.value_once(
        f'llm_client_requests_total{{job="{name}",route="chat",outcome="success"}}', lambda count: count > 0)
    assert answered == REQUESTS
    assert prometheus.value(f"scrape_samples_scraped{selector}") == len(daemon.metrics().samples)
    assert prometheus.value(f"scrape_samples_post_metric_relabeling{selector}") == len(
        daemon.metrics().samples)
    for label in ("route", "model"):
        assert HOSTILE in prometheus.get(f"label/{label}/values"), label
    assert prometheus.complaints == []


def test_prometheus_scrapes_openmetrics(prometheus, daemon):
    assert_it_has_everything(prometheus, daemon, "openmetrics")
    # Only OpenMetrics knows this type, and names an info without its ending.
    assert prometheus.metadata("signalbox_build", "openmetrics")["type"] == "info"
    assert prometheus.metadata("llm_request_latency_seconds", "openmetrics")["unit"] == "seconds"


def test_prometheus_scrapes_text(prometheus, daemon):
    assert_it_has_everything(prometheus, daemon, "text")
    assert prometheus.metadata("signalbox_build_info", "text")["type"] == "gauge"


@pytest.mark.parametrize("name", ["openmetrics", "text"])
def test_what_prometheus_reads_is_what_the_client_library_reads(prometheus, daemon, name):
    """Sample by sample: two parsers, one content."""
    prometheus.target(name)
    ours = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for sample in daemon.metrics().samples if sample.name.startswith("llm_")
    }
    theirs = {}
    for labels, value in prometheus.query(f'{{__name__=~"llm_.+",job="{name}"}}'):
        kept = {key: text for key, text in labels.items() if key not in ("__name__", "job", "instance")}
        theirs[labels["__name__"], frozenset(kept.items())] = value
    assert theirs == ours


USER, PASSWORD, TOKEN = "prometheus", "password-of-the-scraper", "token-of-the-administrator"


def guarded(authority) -> dict:
    return {
        "listen": "127.0.0.1:0", "scrape_freshness": "0s", "metrics_auth": True, "token": "env:GROQ_KEY0",
        "basic_auth": {"username": USER, "password": "env:GROQ_KEY1"},
        "tls": {"certificate": str(authority.certificate_file), "key": str(authority.key_file)},
    }


def test_prometheus_proves_itself_over_tls(start_daemon, authority, tmp_path, monkeypatch):
    monkeypatch.setattr("harness.configuration.key_value", lambda name, number: (TOKEN, PASSWORD)[number])
    settings = configuration(mock("groq", latency="0s"), admin=guarded(authority))
    settings["providers"][0]["keys"] = ["env:GROQ_KEY0", "env:GROQ_KEY1"]
    daemon = start_daemon(settings)
    address = daemon.addresses("admin")[0]
    tls = {"scheme": "https", "tls_config": {"ca_file": str(authority.ca_file)}}
    basic = {"username": USER, "password": PASSWORD}
    jobs = [
        job("basic", address, basic_auth=basic, **tls),
        job("bearer", address, authorization={"credentials": TOKEN}, **tls),
        job("nobody", address, **tls),
        job("liar", address, basic_auth=basic | {"password": PASSWORD + "!"}, **tls),
        job("thief", address, authorization={"credentials": PASSWORD}, **tls),
        job("distrustful", address, scheme="https", basic_auth=basic),
        job("plain", address, basic_auth=basic),
    ]
    with Prometheus(tmp_path / "prometheus", jobs) as prometheus:
        for name in ("basic", "bearer"):
            target = prometheus.target(name)
            assert (target["health"], target["lastError"]) == ("up", "")
        for name in ("nobody", "liar", "thief"):
            target = prometheus.target(name)
            assert target["health"] == "down" and "401" in target["lastError"], target
        assert "unknown authority" in prometheus.target("distrustful")["lastError"]
        assert prometheus.target("plain")["health"] == "down"
        unauthorized = 'signalbox_scrapes_total{job="basic",result="unauthorized"}'
        prometheus.value_once(unauthorized, lambda count: count >= 3)
        assert prometheus.value('scrape_samples_scraped{job="bearer"}') > 100
        assert prometheus.complaints == []


def test_the_documented_scrape_configuration_is_one(tmp_path):
    text = (ROOT / "docs" / "metrics.md").read_text()
    example = re.search(r"```yaml\n(scrape_configs:\n.*?)```", text, re.DOTALL).group(1)
    for kind, settings in {
        "basic": example,
        "bearer": re.sub(r"basic_auth: .*", re.search(r"`(authorization: \{.*?\})`", text).group(1), example),
    }.items():
        for name in re.findall(r"/etc/prometheus/([\w.-]+)", settings):
            (tmp_path / name).write_text("content")
        path = tmp_path / f"{kind}.yml"
        path.write_text(settings.replace("/etc/prometheus", str(tmp_path)))
        checked = subprocess.run(
            ["promtool", "check", "config", str(path)], capture_output=True, text=True, timeout=30)
        assert checked.returncode == 0, checked.stdout + checked.stderr
