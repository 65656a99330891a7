"""The daemon as a process: started, listened to, asked for its metrics, stopped; never forgiven a crash."""

import json
import os
import signal
import subprocess
import threading
from pathlib import Path
from typing import Any, Callable

from . import contract
from .metrics import Metrics
from .raw_client import Response, fetch
from .waiting import DEFAULT_TIMEOUT_SECONDS, Watched

Line = dict[str, Any]


def binary() -> str:
    path = os.environ.get("SIGNALBOX_BINARY")
    assert path, "SIGNALBOX_BINARY must name the signalbox executable"
    return str(Path(path).resolve(strict=True))


def bare_environment(more: dict[str, str] | None = None) -> dict[str, str]:
    """No proxies and no keys of the machine that runs the tests. Sanitizers' options are let through."""
    kept = ("PATH", "LD_LIBRARY_PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "SWIFT_BACKTRACE")
    return {name: os.environ[name] for name in kept if name in os.environ} | (more or {})


class Daemon:
    """A running `signalbox`. `secrets` are strings that must appear nowhere in what it prints."""

    def __init__(
        self, arguments: tuple[str, ...], directory: Path, environment: dict[str, str] | None = None,
        secrets: tuple[str, ...] = (),
    ):
        self.directory = directory
        self.secrets = secrets
        self.lines: list[Line] = []
        self.noise: list[str] = []
        self.errors = ""
        self._output_ended = False
        self._watched = Watched()
        self._has_stopped = False
        self.process = subprocess.Popen(
            [binary(), *arguments], cwd=directory, env=bare_environment(environment),
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self._readers = [
            threading.Thread(target=self._read_log, name="stdout", daemon=True),
            threading.Thread(target=self._read_errors, name="stderr", daemon=True),
        ]
        for reader in self._readers:
            reader.start()

    def wait_until_listening(self, listeners: int = 2, timeout: float = 20) -> "Daemon":
        """One line for each address of the server and of the admin endpoints."""
        self._wait(
            lambda: len(self.logged("listening")) >= listeners or self._output_ended, timeout,
            f"{listeners} `listening` lines")
        assert len(self.logged("listening")) >= listeners, "ended before it listened\n" + self.transcript()
        return self

    # Where it is.

    def addresses(self, listener: str) -> list[str]:
        return [line["address"] for line in self.logged("listening") if line["listener"] == listener]

    @property
    def url(self) -> str:
        return "http://" + self.addresses("server")[0]

    @property
    def base_url(self) -> str:
        return self.url + "/v1"

    @property
    def admin_url(self) -> str:
        return "http://" + self.addresses("admin")[0]

    # What it says.

    def logged(self, message: str) -> list[Line]:
        return [line for line in list(self.lines) if line.get("message") == message]

    def wait_for_log(self, holds: Callable[[Line], Any], timeout: float = DEFAULT_TIMEOUT_SECONDS) -> Line:
        """The first line, from the daemon's start on, of which `holds` is true."""
        return self._wait(
            lambda: next((line for line in self.lines if holds(line)), None), timeout, "such log line")

    def wait_for_later_log(
        self, seen: int, holds: Callable[[Line], Any], timeout: float = DEFAULT_TIMEOUT_SECONDS,
    ) -> Line:
        """The first such line behind the first `seen` ones; each line is looked at once."""
        position = seen

        def find() -> Line | None:
            nonlocal position
            while position < len(self.lines):
                position += 1
                if holds(self.lines[position - 1]):
                    return self.lines[position - 1]
            return None
        return self._wait(find, timeout, "such log line")

    def request_log(self, request_id: str) -> Line:
        """The last line of a request: the one that carries its attempts."""
        return self.wait_for_log(
            lambda line: line.get("request_id") == request_id and line["message"] in contract.LAST_LINES
            and "attempts" in line)

    def request_logs(self, request_id: str) -> list[Line]:
        return [
            line for line in list(self.lines)
            if line.get("request_id") == request_id and "attempts" in line
        ]

    def get(self, path: str, headers: dict[str, str] | None = None) -> Response:
        return fetch(self.url + path, headers=headers)

    def admin(self, path: str, headers: dict[str, str] | None = None) -> Response:
        return fetch(self.admin_url + path, headers=headers)

    def metrics(self) -> Metrics:
        response = self.admin("/metrics")
        assert response.status == 200, response
        text = response.body.decode()
        self._assert_no_secrets(text, "/metrics")
        return Metrics(text)

    # What it costs.

    def memory(self) -> int:
        return self._status_bytes("VmRSS")

    def peak_memory(self) -> int:
        """The highest resident size since the start, or since `forget_peak_memory`."""
        return self._status_bytes("VmHWM")

    def forget_peak_memory(self) -> int:
        """Returns the resident size from which peaks now count."""
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")
        return self.peak_memory()

    def _status_bytes(self, field: str) -> int:
        text = Path(f"/proc/{self.process.pid}/status").read_text()
        return next(int(line.split()[1]) * 1024 for line in text.splitlines() if line.startswith(field + ":"))

    # How it ends.

    @property
    def is_alive(self) -> bool:
        return self.process.poll() is None

    def terminate(self) -> None:
        """Asks it to stop and returns at once."""
        self._has_stopped = True
        self.process.send_signal(signal.SIGTERM)

    def wait_for_exit(self, timeout: float = 20) -> int:
        self._has_stopped = True
        code = self.process.wait(timeout)
        for reader in self._readers:
            reader.join(timeout)
        return code

    def stop(self, timeout: float = 20) -> None:
        """SIGTERM must end it well: exit code 0, a clean stderr, and no secret in anything it ever wrote."""
        assert self.is_alive or self._has_stopped, f"it died: {self.process.returncode}\n" + self.transcript()
        if self.is_alive:
            self.terminate()
        code = self.wait_for_exit(timeout)
        assert code == 0, f"exit code {code}\n" + self.transcript()
        assert self.errors == "", "stderr is not clean:\n" + self.errors
        assert not self.noise, f"not JSON on stdout: {self.noise}"
        self._assert_no_secrets(json.dumps(self.lines, ensure_ascii=False), "the log")

    def kill(self) -> None:
        """Whatever happened, nothing of it is left."""
        if self.is_alive:
            self.process.kill()
        self.wait_for_exit()

    def transcript(self) -> str:
        lines = [json.dumps(line) for line in list(self.lines)] + self.noise
        return "\n".join(["stdout:", *lines, "stderr:", self.errors])

    # Readers.

    def _wait(self, find: Callable[[], Any], timeout: float, what: str) -> Any:
        return self._watched.wait_until(find, timeout, what, self.transcript)

    def _read_log(self) -> None:
        with self.process.stdout as output:
            for raw in output:
                self._take_line(raw.decode("utf-8", "replace").rstrip("\n"))
        with self._watched.changing():
            self._output_ended = True

    def _read_errors(self) -> None:
        with self.process.stderr as output:
            for raw in output:
                self.errors += raw.decode("utf-8", "replace")

    def _take_line(self, text: str) -> None:
        try:
            line = json.loads(text)
        except ValueError:
            line = None
        with self._watched.changing():
            self.lines.append(line) if isinstance(line, dict) else self.noise.append(text)

    def _assert_no_secrets(self, text: str, place: str) -> None:
        for secret in (*self.secrets, contract.PROMPT):
            assert secret not in text, f"{place} contains {secret!r}"


def run(*arguments: str, directory: Path, environment: dict[str, str] | None = None):
    """Runs a command of `signalbox` to its end."""
    return subprocess.run(
        [binary(), *arguments], cwd=directory, env=bare_environment(environment), text=True,
        stdin=subprocess.DEVNULL, capture_output=True, timeout=20)
