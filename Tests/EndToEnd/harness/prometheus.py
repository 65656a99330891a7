"""A real Prometheus on loopback: told what to scrape, asked what it has."""

import json
import subprocess
import threading
import urllib.parse
import urllib.request
from pathlib import Path
from typing import Any

from .waiting import Watched, scraped_until

INTERVAL = "500ms"


class Prometheus:
    """A running server with a store of its own. It must not find anything in what it scrapes odd."""

    def __init__(self, directory: Path, jobs: list[dict[str, Any]], features: tuple[str, ...] = ()):
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / "prometheus.json"
        path.write_text(json.dumps({
            "global": {"scrape_interval": INTERVAL, "scrape_timeout": INTERVAL}, "scrape_configs": jobs}))
        self.lines: list[dict[str, Any]] = []
        self._watched = Watched()
        self.process = subprocess.Popen(
            ["prometheus", f"--config.file={path}", f"--storage.tsdb.path={directory / 'store'}",
             "--web.listen-address=127.0.0.1:0", "--log.format=json",
             *(f"--enable-feature={feature}" for feature in features)],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        self._reader = threading.Thread(target=self._read, name="prometheus", daemon=True)
        self._reader.start()
        self.address = self._logged("Listening on")["address"]
        self._logged("Server is ready to receive web requests.")

    def __enter__(self) -> "Prometheus":
        return self

    def __exit__(self, *_) -> None:
        self.process.terminate()
        try:
            self.process.wait(20)
        finally:
            self.process.kill()
            self._reader.join(5)

    # What it has.

    def get(self, path: str, **parameters: str) -> Any:
        url = f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=10) as response:
            return json.load(response)["data"]

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        return [
            (sample["metric"], float(sample["value"][1]))
            for sample in self.get("query", query=expression)["result"]
        ]

    def value(self, expression: str) -> float | None:
        """Of an expression that has one sample, or none."""
        found = self.query(expression)
        assert len(found) <= 1, found
        return found[0][1] if found else None

    def value_once(self, expression: str, holds, timeout: float = 20) -> float:
        return scraped_until(
            lambda: self.value(expression), lambda value: value is not None and holds(value), expression,
            timeout)

    def target(self, job: str, timeout: float = 20) -> dict[str, Any]:
        """What has become of a job's target, once it was scraped: the first time some 5 s after the start."""
        def find():
            targets = self.get("targets", state="active")["activeTargets"]
            return next((each for each in targets if each["scrapePool"] == job), None)
        return scraped_until(
            find, lambda target: target and target["health"] != "unknown", f"a scrape of {job}", timeout)

    def metadata(self, metric: str, job: str) -> dict[str, str]:
        """Type, help and unit, as the format of the job's last scrape told them; empty where it did not."""
        found = self.get("targets/metadata", metric=metric, match_target=f'{{job="{job}"}}')
        return found[0] if found else {}

    @property
    def complaints(self) -> list[dict[str, Any]]:
        """What it found odd: samples out of order, twice the same, not to be parsed."""
        return [line for line in list(self.lines) if line.get("level") in ("warn", "error")]

    # Its log.

    def _logged(self, message: str) -> dict[str, Any]:
        line = self._watched.wait_until(
            lambda: next((line for line in self.lines if line.get("msg") == message), None)
            or self.process.poll() is not None, 30, message, lambda: str(self.lines))
        assert isinstance(line, dict), f"prometheus ended: {self.lines}"
        return line

    def _read(self) -> None:
        with self.process.stderr as output:
            for raw in output:
                try:
                    line = json.loads(raw)
                except ValueError:
                    line = {"level": "error", "msg": raw.decode("utf-8", "replace")}
                with self._watched.changing():
                    self.lines.append(line)


def job(name: str, address: str, **settings: Any) -> dict[str, Any]:
    return {"job_name": name, "static_configs": [{"targets": [address]}]} | settings
