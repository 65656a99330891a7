"""A command on a terminal of its own, as a person sees it."""

import os
import pty
import select
import subprocess
from pathlib import Path

from .daemon import bare_environment, binary
from .waiting import DEFAULT_TIMEOUT_SECONDS, Deadline


class Terminal:
    """`signalbox` with a terminal for input, output and errors."""

    def __init__(self, *arguments: str, directory: Path, environment: dict[str, str] | None = None):
        self._master, slave = pty.openpty()
        self.shown = ""
        self.process = subprocess.Popen(
            [binary(), *arguments], cwd=directory, env=bare_environment(environment),
            stdin=slave, stdout=slave, stderr=slave, start_new_session=True)
        os.close(slave)

    def __enter__(self) -> "Terminal":
        return self

    def __exit__(self, *_) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def read_until(self, text: str) -> None:
        deadline = Deadline(DEFAULT_TIMEOUT_SECONDS)
        while text not in self.shown:
            came = not deadline.passed and self._read(deadline.remaining)
            assert came, f"{text!r} is not shown: {self.shown!r}"

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def wait(self) -> int:
        """The exit status, once all is shown."""
        deadline = Deadline(DEFAULT_TIMEOUT_SECONDS)
        while self._read(max(deadline.remaining, 0)):
            pass
        return self.process.wait(max(deadline.remaining, 0.1))

    def _read(self, timeout: float) -> bool:
        """False at the end, or when nothing came in time."""
        if not select.select([self._master], [], [], timeout)[0]:
            return False
        try:
            data = os.read(self._master, 65536)
        except OSError:  # the other end is closed
            return False
        self.shown += data.decode("utf-8", "replace")
        return bool(data)
