"""A wall clock that is stepped forth and back under the daemon, by a library before the C library."""

import asyncio
import datetime
import struct
from pathlib import Path

from . import faults
from .house import DaemonFailed
from .oracle import Verdict
from .stage import Stage

# What the daemon's clock is wrong by, in seconds, one after the other; right again at last.
STEPS = (3600, -1800, 86400, -86400, 0)
STEP_SECONDS = 4.0


class WrongClock:
    """The file that the daemon's library reads whenever it is asked for the time."""

    def __init__(self, directory: Path):
        self.library, self.file = faults.library(directory), directory / "clock"
        self.file.write_bytes(bytes(8))

    @property
    def environment(self) -> dict[str, str]:
        return {"LD_PRELOAD": str(self.library), "CHAOS_CLOCK": str(self.file)}

    def set(self, seconds: int) -> None:
        """In place: the daemon looks into the same page."""
        with open(self.file, "r+b", buffering=0) as file:
            file.write(struct.pack("=q", seconds))


async def play(stage: Stage, clock: WrongClock) -> Verdict:
    await stage.house.start()
    stage.start_load()
    await asyncio.sleep(STEP_SECONDS)
    for step in STEPS:
        clock.set(step)
        stage.tell(f"the clock is wrong by {step:+} s")
        await asyncio.sleep(STEP_SECONDS)
        expect_wrong(stage, step)
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
        raise DaemonFailed(f"wrong by {apart:.0f} s, not by {seconds}: it hears the right time")
