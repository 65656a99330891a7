"""A disk that is full for a while: a small tmpfs, and a file that takes the rest of it."""

import asyncio
import os
import subprocess
from pathlib import Path

from .load import Mix
from .oracle import Verdict
from .speech import DEEDS
from .stage import TENANTS, Stage

SIZE = "24m"
FULL_SECONDS = 6.0
PLAIN_SECONDS = 4.0
# Every attempt is one answer and one record, so that lost ones can be counted from outside.
QUIET = Mix(
    tuple(tenant.id for tenant in TENANTS), {"fine": DEEDS["fine"], "slow": 4}, leaving=0, unnamed=0, twins=0)


class Tmpfs:
    """Mounted for the time of a `with`."""

    def __init__(self, path: Path):
        self.path, self.filler = path, path / "filler"

    def __enter__(self) -> "Tmpfs":
        self.path.mkdir(parents=True)
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "tmpfs", str(self.path)], check=True,
            capture_output=True)
        return self

    def __exit__(self, *_) -> None:
        subprocess.run(["umount", "--lazy", str(self.path)], check=True)

    def fill(self) -> int:
        """Takes all that is left, to the byte."""
        left = os.statvfs(self.path)
        with open(self.filler, "wb") as file:
            os.posix_fallocate(file.fileno(), 0, max(left.f_bavail * left.f_frsize, 1))
        return self.filler.stat().st_size

    def free(self) -> None:
        self.filler.unlink()


def unable() -> str | None:
    """Why this scenario cannot be played here."""
    if os.geteuid() != 0:
        return "only root mounts a file system"
    probe = subprocess.run(["unshare", "--mount", "true"], capture_output=True)
    return None if probe.returncode == 0 else "nothing can be mounted here"


async def play(stage: Stage, disk: Tmpfs, policy: str) -> Verdict:
    await stage.house.start()
    stage.start_load()
    await asyncio.sleep(PLAIN_SECONDS)
    answered = count(stage, "whole")
    stage.tell(f"{disk.fill():,} bytes fill the disk, after {answered} answers")
    await stage.wait_for("unhealthy", lambda found: found.value("signalbox_usage_store_healthy") == 0, 30)
    at = len(stage.book)
    await asyncio.sleep(FULL_SECONDS)
    during = [told.ended for told in stage.book[at:]]
    stage.tell(f"while it is full: {({name: during.count(name) for name in sorted(set(during))})}")
    disk.free()
    await stage.wait_for("healthy", lambda found: found.value("signalbox_usage_store_healthy") == 1, 30)
    stage.tell("there is space, and the store is healthy")
    before = count(stage, "whole")
    await asyncio.sleep(PLAIN_SECONDS)
    after = count(stage, "whole") - before
    await stage.crowd.stop()
    await stage.calm()
    await stage.drain()
    lost = int((await stage.house.metrics()).value("signalbox_usage_lost_records_total"))
    stage.tell(f"the daemon says that it lost {lost} records")
    # Refusing, it loses nobody's: what it could not keep is of answers that were not whole.
    verdict = await stage.verdict(lost=lost if policy == "continue" else 0, remembers=False)
    judge_policy(policy, during, after, lost, verdict)
    if policy == "refuse" and lost > (unbilled := len(stage.book) - count(stage, "whole")):
        verdict.say("a full disk refuses", f"{lost} records were lost, and {unbilled} answers not given")
    await stage.house.stop()
    return verdict


def count(stage: Stage, ended: str) -> int:
    return sum(told.ended == ended for told in stage.book)


def judge_policy(policy: str, during: list[str], after: int, lost: int, verdict: Verdict) -> None:
    if after == 0:
        verdict.say("a full disk passes", "nothing was answered after there was space again")
    if policy == "refuse":
        if "refused" not in during:
            verdict.say("a full disk refuses", "nothing was refused while it was full")
    elif "refused" in during or "whole" not in during:
        verdict.say("a full disk lets answers go on", f"while it was full: {during[:20]}")
    elif not lost:
        verdict.say("a full disk lets answers go on", "nothing was lost, so nothing was tried")

