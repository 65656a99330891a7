"""What is compared: each gateway is configured in the benchmark's own directory, logs one line a request to a
file, and gets one worker on the gateway's core."""

import json
import os
import shutil
import subprocess
from pathlib import Path

from processes import Running, accepts, free_port, is_ok

ROOT = Path(__file__).resolve().parents[1]
GATEWAY_CORE = 0
LOAD_CORE = 1
CONNECTIONS_KEPT = 128


class Upstream:
    """The C program that answers; on the load's core."""

    def __init__(self, directory: Path, delay_ms: int = 0):
        program = directory / "upstream"
        if not program.exists():
            source = ROOT / "Benchmarks" / "Upstream" / "upstream.c"
            subprocess.run(["cc", "-O2", "-o", str(program), str(source)], check=True)
        self.running = Running([str(program), str(delay_ms)], LOAD_CORE, directory, "upstream.log")
        self.running.wait_for(lambda: "listening" in self.running.log.read_text())
        self.port = int(self.running.log.read_text().split()[1])


class Gateway:
    """`running` is None for the row without one."""

    def __init__(self, name: str, port: int, running: Running | None):
        self.name, self.port, self.running = name, port, running

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1/chat/completions"


def direct(upstream: Upstream, directory: Path) -> Gateway:
    return Gateway("direct", upstream.port, None)


def nginx(upstream: Upstream, directory: Path) -> Gateway | None:
    program = shutil.which("nginx") or shutil.which("/usr/sbin/nginx")
    if not program:
        return None
    port = free_port()
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "\n".join(
        f"{kind}_temp_path {directory}/{kind};"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (directory / "nginx.conf").write_text(f"""
{user}
daemon off; worker_processes 1; pid {directory}/nginx.pid; error_log {directory}/nginx-errors.log;
events {{ worker_connections 4096; }}
http {{
  {temporary}
  access_log {directory}/nginx-access.log combined buffer=64k flush=1s;
  keepalive_requests 100000000; client_max_body_size 64m;
  upstream provider {{
    server 127.0.0.1:{upstream.port}; keepalive {CONNECTIONS_KEPT}; keepalive_requests 100000000;
  }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://provider; proxy_http_version 1.1; proxy_set_header Connection "";
      proxy_buffering off;
    }}
  }}
}}
""")
    # -e: before it has read the configuration, nginx would log where only root may write.
    command = [program, "-e", f"{directory}/nginx-errors.log", "-p", str(directory), "-c", "nginx.conf"]
    running = Running(command, GATEWAY_CORE, directory, "nginx.log")
    running.wait_for(lambda: accepts(port))
    return Gateway("nginx", port, running)


def signalbox(upstream: Upstream, directory: Path) -> Gateway | None:
    """As it is out of the box: every answer's usage is on the disk before its last byte leaves."""
    return _signalbox("signalbox", upstream, directory, "commit")


def unrecorded(upstream: Upstream, directory: Path) -> Gateway | None:
    """Without a ledger, as the other gateways are."""
    return _signalbox("unrecorded", upstream, directory, "none")


def _signalbox(name: str, upstream: Upstream, directory: Path, durability: str) -> Gateway | None:
    program = os.environ.get("SIGNALBOX_BINARY") or str(ROOT / ".build" / "release" / "signalbox")
    if not Path(program).exists():
        return None
    port, admin_port = free_port(), free_port()
    (directory / f"{name}.yaml").write_text(f"""\
server: {{listen: 127.0.0.1:{port}, threads: 1}}
admin: {{listen: 127.0.0.1:{admin_port}}}
providers: [{{name: upstream, kind: openai-compatible, base_url: "http://127.0.0.1:{upstream.port}/v1", \
models: [gpt-test]}}]
routes: [{{model: chat, targets: [upstream]}}]
usage: {{durability: {durability}}}
data_dir: {name}-data
""")
    command = [program, "serve", "--config", f"{name}.yaml"]
    running = Running(command, GATEWAY_CORE, directory, f"{name}.log")
    running.wait_for(lambda: is_ok(f"http://127.0.0.1:{admin_port}/readyz"))
    return Gateway(name, port, running)


def envoy(upstream: Upstream, directory: Path) -> Gateway | None:
    places = os.pathsep.join([os.environ.get("PATH", ""), str(ROOT / ".venv" / "bin")])
    program = shutil.which("envoy", path=places)
    if not program:
        return None
    port = free_port()
    (directory / "envoy.json").write_text(json.dumps(envoy_bootstrap(port, upstream.port, directory)))
    command = [
        program, "--concurrency", "1", "--config-path", "envoy.json", "--log-level", "error",
        "--disable-hot-restart"]
    running = Running(command, GATEWAY_CORE, directory, "envoy.log")
    running.wait_for(lambda: accepts(port))
    return Gateway("envoy", port, running)


def envoy_bootstrap(port: int, upstream_port: int, directory: Path) -> dict:
    def address(port: int) -> dict:
        return {"socket_address": {"address": "127.0.0.1", "port_value": port}}

    def extension(name: str, type_name: str, **settings) -> dict:
        return {"name": name, "typed_config": {"@type": f"type.googleapis.com/{type_name}", **settings}}

    extensions = "envoy.extensions"
    manager = extension(
        "envoy.filters.network.http_connection_manager",
        f"{extensions}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        stat_prefix="benchmark",
        access_log=[extension(
            "envoy.access_loggers.file", f"{extensions}.access_loggers.file.v3.FileAccessLog",
            path=str(directory / "envoy-access.log"))],
        http_filters=[extension(
            "envoy.filters.http.router", f"{extensions}.filters.http.router.v3.Router")],
        route_config={"virtual_hosts": [{
            "name": "all", "domains": ["*"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": "provider", "timeout": "0s"}}]}]})
    limits = {"max_connections": 4096, "max_pending_requests": 4096, "max_requests": 4096}
    return {"static_resources": {
        "listeners": [{
            "name": "front", "address": address(port), "filter_chains": [{"filters": [manager]}]}],
        "clusters": [{
            "name": "provider", "type": "STATIC", "circuit_breakers": {"thresholds": [limits]},
            "load_assignment": {"cluster_name": "provider", "endpoints": [
                {"lb_endpoints": [{"endpoint": {"address": address(upstream_port)}}]}]}}]}}


STARTERS = {"direct": direct, "nginx": nginx, "signalbox": signalbox, "unrecorded": unrecorded,
            "envoy": envoy}
