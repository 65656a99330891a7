"""Files that a crash left in a bad state: noise in the last page of the ledger, noise behind its log's
end."""

import asyncio
import contextlib
import random
import sqlite3
from pathlib import Path

from .house import DaemonFailed
from .oracle import Verdict
from .stage import Stage

LEDGER = "usage.db"
LOAD_SECONDS = 4.0
NOISE_BYTES = 20_000


async def load_and_kill(stage: Stage) -> None:
    """A ledger with much that is pending."""
    await stage.house.start()
    stage.start_load()
    await asyncio.sleep(LOAD_SECONDS)
    await stage.house.kill()
    stage.kills += 1
    await stage.crowd.stop()
    stage.tell(f"kill -9 after {len(stage.book)} requests")


async def play_noise_behind_log(stage: Stage) -> Verdict:
    """Nothing that was committed may be lost to it."""
    await load_and_kill(stage)
    path = stage.house.data / f"{LEDGER}-wal"
    before = path.stat().st_size if path.exists() else 0
    with open(path, "ab") as file:
        file.write(stage.source.randbytes(NOISE_BYTES))
    stage.tell(f"{NOISE_BYTES:,} bytes of noise behind the log's {before:,}")
    await stage.house.start()
    await stage.calm()
    await stage.drain()
    verdict = await stage.verdict()
    await stage.house.stop()
    return verdict


async def play_damaged_page(stage: Stage) -> Verdict:
    """It starts and says what it has lost, or it refuses and says why."""
    await load_and_kill(stage)
    path = stage.house.data / LEDGER
    empty_log(path)
    stage.tell(damage_last_page(path, stage.source))
    try:
        await stage.house.start()
    except DaemonFailed as refusal:
        return await judge_refusal(stage, str(refusal))
    await stage.calm()
    await stage.drain()
    lost = int((await stage.house.metrics()).value("signalbox_usage_lost_records_total"))
    said = stage.house.logged("usage_records_lost")
    stage.tell(f"the daemon started, and says that {lost} records are lost: {said}")
    verdict = await stage.verdict(lost=lost)
    await stage.house.stop()
    return verdict


def empty_log(path: Path) -> None:
    """Moves all of the log into the ledger, so that its pages are nowhere else."""
    with contextlib.closing(sqlite3.connect(path)) as database:
        busy, *_ = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        assert not busy, "the log could not be emptied"


def damage_last_page(path: Path, source: random.Random) -> str:
    """Overwrites it; what was done. The page's size stands in the file's header."""
    with open(path, "r+b") as file:
        header = file.read(100)
        size = int.from_bytes(header[16:18])
        size = 65536 if size == 1 else size
        pages = path.stat().st_size // size
        file.seek((pages - 1) * size)
        file.write(source.randbytes(size))
    return f"page {pages} of {pages} in {path.name} is noise, {size} bytes"


async def judge_refusal(stage: Stage, words: str) -> Verdict:
    """A daemon that does not start has lost nothing yet, if it says what is wrong with which file."""
    stage.tell(f"the daemon refuses to start: {words[-600:]}")
    verdict = Verdict()
    if stage.house.process.returncode in (None, 0) or stage.house.process.returncode < 0:
        verdict.say("damage is told", f"it ended with {stage.house.process.returncode}")
    if LEDGER not in words:
        verdict.say("damage is told", f"no word of {LEDGER}: {words[-1500:]}")
    verdict.facts["refused"] = True
    return verdict
