"""Signalbox's demonstration under Prometheus and Alertmanager, with our alerts: `make observe`.

Starts the day of `signalbox serve --demo --traffic`, Debian's prometheus and prometheus-alertmanager, and a
receiver that prints the alerts that reach it. Time is compressed: the day stands for three hours, and every
duration of the rules is divided by as much. Ends all of them with Ctrl-C.
"""

import argparse
import http.server
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
SECONDS = {"ms": 0.001, "s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
# Below two scrapes a rate has nothing to be a rate of.
SHORTEST_SECONDS = 3
DURATION = re.compile(r"(?<![\w.])(\d+)(ms|[smhdw])(?![\w.])")
# What a record's age is compared with, in seconds.
AGE = re.compile(r"(_oldest_seconds\b[^<>]*> )(\d+)")
# What a day of the demonstration stands for.
DAY_SECONDS = 3 * 3_600


def seconds(duration: str) -> float:
    """Of a duration such as `6m`."""
    match = DURATION.fullmatch(duration)
    if not match:
        sys.exit(f"{duration} is no duration; write it like 6m")
    return int(match[1]) * SECONDS[match[2]]


def compressed(rules: str, factor: float) -> str:
    """The text of a rules file with every duration divided: windows, `for`, `offset`, how old records may be.

    Latencies stay as they are, and so do names.
    """
    def shorter(match: re.Match[str]) -> str:
        length = seconds(match[0])
        return f"{max(SHORTEST_SECONDS, round(length / factor))}s" if length else match[0]

    lines = []
    for line in rules.splitlines(keepends=True):
        is_prose = re.match(r"\s*(#|summary:|description:|runbook_url:)", line)
        lines.append(line if is_prose else DURATION.sub(shorter, line))
    return AGE.sub(lambda match: f"{match[1]}{round(int(match[2]) / factor)}", "".join(lines))


class Program:
    """A process whose log is read to find out where it listens; its output goes to a file."""

    def __init__(self, name: str, command: list[str], directory: Path, environment: dict[str, str]):
        self.name = name
        self.log = directory / f"{name}.log"
        self._found: dict[str, str] = {}
        self._ended = False
        self._change = threading.Condition()
        self.process = subprocess.Popen(
            command, cwd=directory, env=environment, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self._reader = threading.Thread(target=self._read, name=name, daemon=True)
        self._reader.start()

    def _read(self) -> None:
        with self.process.stdout as output, self.log.open("wb") as log:
            for line in output:
                log.write(line)
                log.flush()
                text = line.decode("utf-8", "replace")
                for pattern in ADDRESSES[self.name.partition("-")[0]]:
                    if found := re.search(pattern, text):
                        with self._change:
                            self._found.setdefault(pattern, found[1])
                            self._change.notify_all()
        with self._change:
            self._ended = True
            self._change.notify_all()

    def addresses(self, timeout: float = 60) -> list[str]:
        """Those that its log tells, in the order of the patterns."""
        patterns = ADDRESSES[self.name.partition("-")[0]]
        with self._change:
            self._change.wait_for(lambda: len(self._found) == len(patterns) or self._ended, timeout)
            if len(self._found) < len(patterns):
                tail = "".join(self.log.read_text("utf-8", "replace").splitlines(keepends=True)[-5:])
                sys.exit(f"{self.name} does not listen; the end of {self.log}:\n{tail}")
            return [self._found[pattern] for pattern in patterns]

    def stop(self) -> None:
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._reader.join(5)


# What Observation may be told where to listen.
LISTENERS = ("server", "admin", "prometheus", "alertmanager")
# Where each kind of program says that it listens.
ADDRESSES = {
    "signalbox": [
        r'"message":"listening","listener":"server","address":"([^"]+)"',
        r'"message":"listening","listener":"admin","address":"([^"]+)"',
    ],
    "prometheus": [r'"address":"([^"]+)"[^\n]*"msg":"Listening on"'],
    "alertmanager": [r'"address":"([^"]+)"[^\n]*"msg":"Listening on"'],
}


class AlertReceiver:
    """Takes Alertmanager's webhooks and remembers each alert that comes and goes."""

    def __init__(self, tell=None):
        self.alerts: list[dict] = []
        self._latest: dict[str, str] = {}
        self.change = threading.Condition()
        receiver = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                with receiver.change:
                    for alert in json.loads(body)["alerts"]:
                        receiver.take(alert, tell)
                    receiver.change.notify_all()
                self.send_response(204)
                self.end_headers()

            def log_message(self, *_) -> None:
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, name="receiver", daemon=True).start()

    def take(self, alert: dict, tell) -> None:
        """A notification repeats what is known of the others of its group."""
        if self._latest.get(alert["fingerprint"]) == alert["status"]:
            return
        self._latest[alert["fingerprint"]] = alert["status"]
        self.alerts.append(alert)
        if tell:
            tell(alert)

    def names(self, status: str) -> set[str]:
        with self.change:
            return {alert["labels"]["alertname"] for alert in self.alerts if alert["status"] == status}

    def stop(self) -> None:
        self.server.shutdown()
        self.server.server_close()


class Observation:
    """The demonstration with its observers, all running; `stop()` ends them."""

    def __init__(
        self, binary: str, directory: Path, day: str = "6m", seed: int = 1, compression: float | None = None,
        listen: dict[str, str] | None = None, tell=None,
    ):
        listen = dict.fromkeys(LISTENERS, "127.0.0.1:0") | (listen or {})
        self.directory = directory
        self.compression = compression or DAY_SECONDS / seconds(day)
        self._running: list = []
        directory.mkdir(parents=True, exist_ok=True)
        kept = ("PATH", "HOME", "LD_LIBRARY_PATH", "SWIFT_BACKTRACE", "ASAN_OPTIONS", "TSAN_OPTIONS")
        self._environment = {name: os.environ[name] for name in kept if name in os.environ}
        try:
            self.receiver = AlertReceiver(tell)
            self._running.append(self.receiver)
            self.daemon = self._start(
                "signalbox", [
                    binary, "serve", "--demo", "--traffic", "--day", day, "--seed", str(seed),
                    "--listen", listen["server"], "--admin-listen", listen["admin"],
                ])
            self.server, self.admin = self.daemon.addresses()
            self.alertmanager = self._start(
                "alertmanager", [
                    "prometheus-alertmanager", f"--config.file={self._alertmanager_configuration()}",
                    f"--storage.path={directory / 'alertmanager'}", "--cluster.listen-address=",
                    f"--web.listen-address={listen['alertmanager']}", "--log.format=json",
                ]).addresses()[0]
            self.prometheus = self._start(
                "prometheus", [
                    "prometheus", f"--config.file={self._prometheus_configuration()}",
                    f"--storage.tsdb.path={directory / 'prometheus'}", "--storage.tsdb.retention.time=1d",
                    f"--web.listen-address={listen['prometheus']}", "--log.format=json",
                ]).addresses()[0]
        except BaseException:
            self.stop()
            raise

    def _start(self, name: str, command: list[str]) -> Program:
        program = Program(name, command, self.directory, self._environment)
        self._running.append(program)
        return program

    def _alertmanager_configuration(self) -> Path:
        path = self.directory / "alertmanager.json"
        path.write_text(json.dumps({
            "route": {
                "receiver": "here", "group_by": ["alertname"],
                "group_wait": "1s", "group_interval": "1s", "repeat_interval": "12h",
            },
            "receivers": [{
                "name": "here", "webhook_configs": [{"url": self.receiver.url, "send_resolved": True}]}],
        }))
        return path

    def _prometheus_configuration(self) -> Path:
        rules = self.directory / "rules"
        rules.mkdir(exist_ok=True)
        for file in sorted((ROOT / "alerts").glob("*.yaml")):
            (rules / file.name).write_text(compressed(file.read_text(), self.compression))
        path = self.directory / "prometheus.json"
        path.write_text(json.dumps({
            "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(rules / "*.yaml")],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [self.alertmanager]}]}]},
            "scrape_configs": [{
                "job_name": "signalbox", "static_configs": [{"targets": [self.admin]}]}],
        }))
        return path

    def stop(self) -> None:
        for each in reversed(self._running):
            each.stop()
        self._running = []


def told(alert: dict) -> None:
    text = ", ".join(
        f"{name}={value}" for name, value in sorted(alert["labels"].items())
        if name not in ("alertname", "job", "instance"))
    print(f"{alert['status']:>9}  {alert['labels']['alertname']}  {text}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make observe", description=__doc__)
    parser.add_argument("--binary", default=str(ROOT / ".build/release/signalbox"))
    parser.add_argument("--day", default="6m", help="how long the demonstration's day is (default 6m)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument(
        "--compression", type=float, help="the rules' durations are divided by this (default: 3h / --day)")
    parser.add_argument("--server", default="127.0.0.1:8080", help="where signalbox listens")
    parser.add_argument("--admin", default="127.0.0.1:9464")
    parser.add_argument("--prometheus", default="127.0.0.1:19090")
    parser.add_argument("--alertmanager", default="127.0.0.1:19093")
    parser.add_argument("--directory", type=Path, help="kept there; a new one that is removed if not given")
    return parser.parse_args()


def main() -> None:
    options = arguments()
    for program in ("prometheus", "prometheus-alertmanager"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed: apt-get install {program}")
    directory = options.directory or Path(tempfile.mkdtemp(prefix="signalbox-observe-"))
    directory = directory.resolve()
    stopping = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stopping.set())
    listen = {name: getattr(options, name) for name in LISTENERS}
    observation = Observation(
        options.binary, directory, options.day, options.seed, options.compression, listen, told)
    print(
        f"signalbox      http://{observation.server}\n"
        f"its metrics    http://{observation.admin}/metrics\n"
        f"prometheus     http://{observation.prometheus}/alerts\n"
        f"alertmanager   http://{observation.alertmanager}\n"
        f"logs           {directory}\n\n"
        f"A day of {options.day}, rules compressed {observation.compression:g} times. "
        "What reaches the receiver:\n",
        flush=True)
    stopping.wait()
    observation.stop()
    if not options.directory:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main()
