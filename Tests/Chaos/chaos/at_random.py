"""The main scenario: everything at once, and `kill -9` at random moments."""

import asyncio
import random

from .house import DaemonFailed
from .oracle import Verdict
from .stage import Stage

APART_SECONDS = (3.0, 11.0)
DOWN_SECONDS = (0.0, 0.8)
GONE = "cargo"
# Before so many of the blows, the configuration changes.
RELOADS = 0.3


async def play(stage: Stage, seconds: float) -> Verdict:
    await stage.house.start()
    stage.tell("the daemon is up")
    stage.start_load()
    loop = asyncio.get_running_loop()
    end = loop.time() + seconds
    episodes = asyncio.create_task(disappear(stage, seconds))
    while (left := end - loop.time()) > 0:
        await asyncio.sleep(min(left, stage.source.uniform(*APART_SECONDS)))
        await disturb(stage, stage.source)
    await episodes
    await stage.crowd.stop()
    stage.tell(f"the clients have stopped after {len(stage.book)} requests")
    await stage.calm()
    await stage.drain()
    verdict = await stage.verdict()
    await stage.house.stop()
    return verdict


async def disturb(stage: Stage, source: random.Random) -> None:
    """One blow, and the daemon up again."""
    chance, down = source.random(), source.uniform(*DOWN_SECONDS)
    if source.random() < RELOADS:
        await reload(stage)
    if chance < 0.12:
        await stage.house.stop()
        stage.tell(f"SIGTERM ended start {stage.house.starts}")
        stage.kills += 1  # Deliveries in flight are broken off as well.
    else:
        await stage.kill(down)
    if chance > 0.75:
        # Again, while it starts.
        await stage.house.launch()
        await asyncio.sleep(source.uniform(0, 0.25))
        await stage.kill()
    await stage.house.start()


async def reload(stage: Stage) -> None:
    """Another batch for the first tenant, while deliveries are in flight."""
    batch = stage.house.configuration["tenants"][0]["webhook"]["batch"]
    batch["records"] = stage.source.choice([1, 7, 50, 100])
    stage.house.write()
    answer = await stage.house.reload()
    stage.tell(f"reload, batches of {batch['records']}: {answer.status}")
    if answer.status != 200:
        raise DaemonFailed(f"a reload was refused: {answer.body.decode(errors='replace')}")


async def disappear(stage: Stage, seconds: float) -> None:
    """One receiver is gone for a while in the middle, and then enabled by hand."""
    await asyncio.sleep(seconds * 0.3)
    await stage.receivers.ask(do="gone", tenant=GONE)
    stage.tell(f"{GONE}'s receiver answers 410")
    await asyncio.sleep(seconds * 0.2)
    await stage.receivers.ask(do="back", tenant=GONE)
    stage.tell(f"{GONE}'s receiver is back")
    answer = await stage.house.enable(GONE)
    stage.tell(f"{GONE} is enabled again: {answer}")
