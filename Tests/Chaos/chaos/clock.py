"""A wall clock that is stepped forth and back under the daemon, by libfaketime."""

import asyncio
import datetime
from pathlib import Path

from .house import DaemonFailed
from .oracle import Verdict
from .stage import Stage

# What the daemon's clock is wrong by, one after the other; right again at last.
STEPS = ("+3600", "-1800", "+86400", "-86400", "+0")
STEP_SECONDS = 4.0
PLACES = ("/usr/lib/x86_64-linux-gnu/faketime", "/usr/lib/aarch64-linux-gnu/faketime", "/usr/lib/faketime")


def library() -> Path | None:
    return next((path for place in PLACES if (path := Path(place) / "libfaketimeMT.so.1").exists()), None)


def unable() -> str | None:
    return None if library() else "libfaketime is not installed"


class WrongClock:
    """The file that libfaketime reads before it tells the time."""

    def __init__(self, path: Path):
        self.path = path
        self.set("+0")

    @property
    def environment(self) -> dict[str, str]:
        return {
            "LD_PRELOAD": str(library()), "FAKETIME_TIMESTAMP_FILE": str(self.path), "FAKETIME_NO_CACHE": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1", "NO_FAKE_STAT": "1"}

    def set(self, offset: str) -> None:
        """Replaced whole: the daemon may read it at any moment."""
        fresh = self.path.with_suffix(".new")
        fresh.write_text(offset + "\n")
        fresh.rename(self.path)


async def play(stage: Stage, clock: WrongClock) -> Verdict:
    await stage.house.start()
    stage.start_load()
    await asyncio.sleep(STEP_SECONDS)
    for step in STEPS:
        clock.set(step)
        stage.tell(f"the clock is wrong by {step} s")
        await asyncio.sleep(STEP_SECONDS)
        expect_wrong(stage, int(step))
        if stage.source.random() < 0.5:
            await stage.kill()
            await stage.house.start()
            await asyncio.sleep(STEP_SECONDS / 2)
    await stage.crowd.stop()
    await stage.calm()
    await stage.drain()
    verdict = await stage.verdict()
    await stage.house.stop()
    return verdict


def expect_wrong(stage: Stage, seconds: int) -> None:
    """A scenario whose clock is right all the time would prove nothing."""
    stamp = stage.house.lines()[-1]["timestamp"]
    said = datetime.datetime.fromisoformat(stamp.replace("Z", "+00:00"))
    apart = (said - datetime.datetime.now(datetime.timezone.utc)).total_seconds()
    if abs(apart - seconds) > 60:
        raise DaemonFailed(f"wrong by {apart:.0f} s, not by {seconds}: libfaketime does not reach it")
