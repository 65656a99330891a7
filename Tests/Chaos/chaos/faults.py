"""Faults of the machine that a library before the C library plays to the daemon."""

import shutil
import subprocess
from pathlib import Path

SOURCE = Path(__file__).resolve().parents[1] / "faults.c"
# What an answer waits for, and so how long before each kill an answer that did not wait would be lost.
SYNC_MS = 40


def unable() -> str | None:
    """Why they cannot be played here."""
    return None if shutil.which("cc") else "no C compiler"


def library(directory: Path) -> Path:
    path = directory / "faults.so"
    subprocess.run(["cc", "-O2", "-shared", "-fPIC", "-o", str(path), str(SOURCE), "-ldl"], check=True)
    return path


def slow_disk(directory: Path) -> dict[str, str]:
    """The environment of a daemon whose disk takes its time."""
    return {"LD_PRELOAD": str(library(directory)), "CHAOS_SYNC_MS": str(SYNC_MS)}
