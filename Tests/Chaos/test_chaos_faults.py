"""The faults themselves: what is broken is really broken."""

import datetime
import errno
import json
import random
import sqlite3
import subprocess
import sys

import pytest

from chaos import clock, damage, disk, faults
from chaos.house import free_ports, settings
from chaos.stage import TENANTS, pending
from harness.metrics import Metrics

CAN_FAIL = pytest.mark.skipif(faults.unable() is not None, reason=f"NO FAULTS HERE: {faults.unable()}")


def test_noise_in_the_last_page_damages_a_ledger(tmp_path):
    path = tmp_path / "usage.db"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE record (number INTEGER PRIMARY KEY, json BLOB)")
        database.executemany("INSERT INTO record VALUES (?, ?)", ((at, b"x" * 900) for at in range(100)))
    database.close()
    assert "is noise, 4096 bytes" in damage.damage_last_page(path, random.Random(1))
    with sqlite3.connect(path) as database, pytest.raises(sqlite3.DatabaseError):
        assert database.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
        raise sqlite3.DatabaseError("found")


@pytest.mark.skipif(disk.unable() is not None, reason=f"NO FULL DISK HERE: {disk.unable()}")
def test_a_full_disk_is_full_until_it_is_freed(tmp_path):
    with disk.Tmpfs(tmp_path / "disk") as tmpfs:
        assert tmpfs.fill() > 1_000_000
        with pytest.raises(OSError) as failure:
            (tmpfs.path / "more").write_bytes(b"x" * 10_000)
        assert failure.value.errno == errno.ENOSPC
        tmpfs.free()
        (tmpfs.path / "more").write_bytes(b"x" * 10_000)
    assert not (tmp_path / "disk" / "more").exists()


@CAN_FAIL
def test_a_wrong_clock_is_wrong_as_it_is_told(tmp_path):
    wrong = clock.WrongClock(tmp_path)
    for step in (0, 3600, -86400):
        wrong.set(step)
        told = subprocess.run(
            ["date", "+%s"], env={"PATH": "/usr/bin:/bin"} | wrong.environment, capture_output=True,
            check=True)
        apart = int(told.stdout) - datetime.datetime.now().timestamp()
        assert abs(apart - step) < 5


@CAN_FAIL
def test_a_slow_disk_is_slow(tmp_path):
    code = (
        "import os, time; file = os.open('kept', os.O_CREAT | os.O_WRONLY); began = time.monotonic();"
        "os.fdatasync(file); os.fsync(file); print(time.monotonic() - began)")
    told = subprocess.run(
        [sys.executable, "-c", code], env=faults.slow_disk(tmp_path), cwd=tmp_path, capture_output=True,
        check=True)
    assert float(told.stdout) >= 2 * faults.SYNC_MS / 1000


def test_an_endpoint_that_nobody_knows_is_not_drained():
    def scrape(*values: tuple[str, int]) -> Metrics:
        lines = [f'llm_usage_outbox_pending{{endpoint="{name}"}} {value}' for name, value in values]
        return Metrics("# TYPE llm_usage_outbox_pending gauge\n" + "\n".join(lines) + "\n")
    assert pending(scrape(("acme", 2), ("bolt", 3)), {"acme", "bolt"}) == 5
    assert pending(scrape(("acme", 0), ("bolt", 0)), {"acme", "bolt"}) == 0
    assert pending(scrape(("acme", 0)), {"acme", "bolt"}) > 0


def test_the_configuration_is_each_ones_own():
    ports = free_ports(random.Random(1), 2)
    assert len(set(ports)) == 2
    receivers = {tenant.id: 1 for tenant in TENANTS}
    made = settings(TENANTS, 1, receivers, ports, "data", {"durability": "commit"})
    made["tenants"][0]["webhook"]["batch"]["records"] = 1
    assert made["tenants"][1]["webhook"]["batch"]["records"] != 1
    assert TENANTS[0].webhook["batch"]["records"] != 1
    json.dumps(made)
