"""Files that a crash left in a bad state: noise in the last page of the ledger, noise behind its log's
end."""

import asyncio
import contextlib
import json
import random
import re
import sqlite3
from pathlib import Path

from .house import DaemonFailed
from .oracle import SHOWN_MAX, Span, Verdict, is_told
from .stage import Stage, Stuck
from .wire import fetch

LEDGER = "usage.db"
LOAD_SECONDS = 4.0
NOISE_BYTES = 20_000
# Behind all sequences.
EVER = 1 << 62

# By tenant and sequence, the request's id.
Ledger = dict[str, dict[int, str]]


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
    before = records_of(path)
    stage.tell(damage_last_page(path, stage.source))
    try:
        await stage.house.start()
    except DaemonFailed as refusal:
        return await judge_refusal(stage, str(refusal))
    findings = [line["finding"] for line in stage.house.logged("usage_store_finding")]
    for finding in findings:
        stage.tell(f"the daemon says: {finding}")
    stage.start_load()
    await asyncio.sleep(LOAD_SECONDS / 2)
    await stage.crowd.stop()
    await stage.calm()
    await stage.drain()
    said = {tenant.id: spans_said(findings, tenant.id) for tenant in stage.tenants}
    await replay(stage, before, said, findings)
    verdict = await stage.verdict(lost=None, gaps=said, is_ordered=False)
    judge_losses(before, records_of(path), said, verdict)
    await stage.house.stop()
    return verdict


async def replay(stage: Stage, before: Ledger, said: dict[str, list[Span]], findings: list[str]) -> None:
    """What an operator does who has read the findings: has records delivered again whose delivery is gone."""
    so_far = await stage.verdict(lost=None, gaps=said, is_ordered=False)
    kept = records_of(stage.house.data / LEDGER)
    for tenant, records in before.items():
        waiting = sorted((records.keys() & kept.get(tenant, {}).keys()) - so_far.accepted[tenant])
        if not waiting:
            continue
        if not re.search(r"\d in (delivery|body|endpoint)|dead letters", " ".join(findings)):
            raise Stuck(f"{tenant}: no word of {waiting[:SHOWN_MAX]}, which nobody delivers")
        query = f"tenant={tenant}&first={waiting[0]}&last={waiting[-1]}"
        answer = await fetch(stage.house.ports[1], "POST", f"/admin/usage/replay?{query}")
        stage.tell(f"replay of {query}: {answer.status} {answer.body.decode(errors='replace')[:200]}")
    await stage.drain()


def records_of(path: Path) -> Ledger:
    found: Ledger = {}
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        for (text,) in database.execute("SELECT json FROM record"):
            record = json.loads(text)
            found.setdefault(record["tenant_id"], {})[record["sequence"]] = record["request_id"]
    return found


def spans_said(findings: list[str], tenant: str) -> list[Span]:
    """The sequences of which the daemon says that they are missing, or may be."""
    story = " ".join(findings)
    if "nothing of it could be read" in story:
        return [(1, EVER)]
    spans: list[Span] = []
    if told := re.search(rf"; {tenant}: \d+ records(?:, \d+ [^(]*\(([^)]*)\))?, last (\d+)", story):
        for part in (told.group(1) or "").split(", "):
            if part:
                first, _, last = part.partition(" to ")
                spans.append((int(first), int(last or first)))
        spans.append((int(told.group(2)) + 1, EVER))
    return spans


def judge_losses(
    before: Ledger, after: Ledger, said: dict[str, list[Span]], verdict: Verdict,
) -> None:
    """What does not come, the daemon said; what it said is missing, is not in its ledger either."""
    lost_requests: set[str] = set()
    for tenant, records in before.items():
        came = {record["sequence"] for record in verdict.records[tenant]}
        lost = sorted(set(records) - came)
        lost_requests |= {records[sequence] for sequence in lost}
        silent = [sequence for sequence in lost if not is_told((sequence, sequence), said[tenant])]
        if silent:
            verdict.say("damage is told", f"{tenant}: no word of {silent[:SHOWN_MAX]}, which did not come")
        for first, last in said[tenant]:
            there = [sequence for sequence in after.get(tenant, {}) if first <= sequence <= last < EVER]
            if there:
                verdict.say("damage is told", f"{tenant}: {there[:SHOWN_MAX]} are there, and said to be lost")
    for told in verdict.missing:
        if told.request_id not in lost_requests:
            verdict.say("nothing is lost", f"{told.ask.tenant} {told.request_id} was not even in the ledger")
    verdict.facts["records lost with the page"] = len(lost_requests)


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
