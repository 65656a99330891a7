"""Processes of the benchmark: started on a core of their own, read through /proc, ended by their id."""

import os
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")
READY_SECONDS = 20


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """A started program and whatever it started itself."""

    def __init__(self, command: list[str], core: int, directory: Path, log: str):
        self.log = directory / log
        with open(self.log, "wb") as output:
            self.process = subprocess.Popen(
                ["taskset", "-c", str(core), *command], cwd=directory, stdin=subprocess.DEVNULL,
                stdout=output, stderr=subprocess.STDOUT)

    def tree(self) -> list[int]:
        """The process and its descendants."""
        parents = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit():
                fields = stat(int(entry.name))
                if fields:
                    parents[int(entry.name)] = int(fields[1])
        tree = [self.process.pid]
        for pid in tree:
            tree += [child for child, parent in parents.items() if parent == pid]
        return tree

    def cpu_seconds(self) -> float:
        fields = [stat(pid) for pid in self.tree()]
        return sum(int(field[11]) + int(field[12]) for field in fields if field) / TICKS

    def memory_mib(self, key: str = "VmRSS") -> float:
        """The sum over the tree; `VmHWM` is the peak since `forget_peak`."""
        total = 0
        for pid in self.tree():
            for line in lines(f"/proc/{pid}/status"):
                if line.startswith(key + ":"):
                    total += int(line.split()[1])
        return total / 1024

    def forget_peak(self) -> None:
        for pid in self.tree():
            Path(f"/proc/{pid}/clear_refs").write_text("5")

    def wait_for(self, answers) -> None:
        """Until `answers` returns true; with the log's end if it never does."""
        deadline = time.monotonic() + READY_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            if answers():
                return
            time.sleep(0.02)
        tail = self.log.read_text(errors="replace")[-2000:]
        raise SystemExit(f"{' '.join(self.process.args)} did not become ready:\n{tail}")

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat after the program's name, which may hold spaces; empty when it is gone."""
    text = "".join(lines(f"/proc/{pid}/stat"))
    return text.rpartition(")")[2].split()


def lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return []


def accepts(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def is_ok(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return reply.status == 200
    except OSError:
        return False
