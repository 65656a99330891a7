"""What is in a daemon's `usage.db`: as its commands tell it, and as it is written there by hand."""

import json
import sqlite3
import time
from pathlib import Path

from .daemon import run

MICROSECONDS = 1_000_000


def usage(directory: Path, *arguments: str, environment: dict[str, str] | None = None):
    """`signalbox usage …` on the records below `directory`."""
    return run("usage", *arguments, "--data-dir", str(directory / "data"), directory=directory,
               environment=environment)


def lines(result) -> list[dict]:
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def add_dead_letter(directory: Path, tenant: str, name: str, first: int, last: int, error: str) -> None:
    """A delivery that was given up an hour ago; the endpoint has had everything. No daemon may run."""
    now = int(time.time() * MICROSECONDS)
    with sqlite3.connect(directory / "data" / "usage.db") as ledger:
        number, sequence = ledger.execute(
            "SELECT number, last FROM tenant WHERE name = ?", (tenant,)).fetchone()
        ledger.execute(
            "INSERT OR IGNORE INTO endpoint (name, tenant, cursor) VALUES (?, ?, ?)",
            (tenant, number, sequence))
        endpoint = ledger.execute("SELECT number FROM endpoint WHERE name = ?", (tenant,)).fetchone()[0]
        delivery = ledger.execute(
            """INSERT INTO delivery (id, endpoint, first, last, records, bytes, note, state, attempts,
                   created, at, oldest, error) VALUES (?, ?, ?, ?, ?, 2, 'records', 1, 9, ?, ?, ?, ?)""",
            (name, endpoint, first, last, last - first + 1, now - 7_200 * MICROSECONDS,
             now - 3_600 * MICROSECONDS, now, error)).lastrowid
        ledger.execute("INSERT INTO body (delivery, bytes) VALUES (?, ?)", (delivery, b"{}"))
    ledger.close()
