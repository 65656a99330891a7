#!/usr/bin/env python3
"""Breaks the daemon in every way that it promises to survive, and judges what it delivered. docs/chaos.md
tells how.

Needs SIGNALBOX_BINARY, and the Python environment that scripts/environment.sh makes. Exit code 1: a promise
is broken.
"""

import argparse
import asyncio
import resource
import shutil
import sys
import tempfile
import time
import traceback
from dataclasses import dataclass
from pathlib import Path
from typing import Awaitable, Callable

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "EndToEnd")]

from chaos import at_random, clock, damage, disk, faults  # noqa: E402
from chaos.oracle import SHOWN_MAX, Verdict  # noqa: E402
from chaos.stage import Stage  # noqa: E402

Play = Callable[[Path, str, float], Awaitable[Verdict]]


@dataclass(frozen=True)
class Scenario:
    """`unable` says why it cannot be played here, or returns None."""

    does: str
    play: Play
    unable: Callable[[], str | None] = lambda: None


async def at_random_play(directory: Path, seed: str, seconds: float) -> Verdict:
    directory.mkdir(parents=True)
    async with Stage(directory, seed, environment=faults.slow_disk(directory)) as stage:
        return await at_random.play(stage, seconds)


def full_disk(policy: str) -> Play:
    async def play(directory: Path, seed: str, seconds: float) -> Verdict:
        with disk.Tmpfs(directory / "disk") as tmpfs:
            usage = {"durability": "commit", "on_full": policy}
            async with Stage(directory, seed, mix=disk.QUIET, usage=usage, data=tmpfs.path / "data") as stage:
                return await disk.play(stage, tmpfs, policy)
    return play


async def wrong_clock(directory: Path, seed: str, seconds: float) -> Verdict:
    directory.mkdir(parents=True)
    wrong = clock.WrongClock(directory)
    async with Stage(directory, seed, environment=wrong.environment, checks_time=False) as stage:
        return await clock.play(stage, wrong)


def damaged(play_on: Callable[[Stage], Awaitable[Verdict]]) -> Play:
    async def play(directory: Path, seed: str, seconds: float) -> Verdict:
        async with Stage(directory, seed) as stage:
            return await play_on(stage)
    return play


SCENARIOS = {
    "random": Scenario(
        "kill -9 at random under load, a slow disk, receivers that fail", at_random_play, faults.unable),
    "full-refuse": Scenario("a full disk, and requests are refused", full_disk("refuse"), disk.unable),
    "full-continue": Scenario("a full disk, and answers go on", full_disk("continue"), disk.unable),
    "clock": Scenario("the clock steps forth and back", wrong_clock, faults.unable),
    "log-noise": Scenario("noise behind the log's end", damaged(damage.play_noise_behind_log)),
    "page-noise": Scenario("noise in the ledger's last page", damaged(damage.play_damaged_page)),
}


def play(name: str, directory: Path, seed: str, seconds: float) -> bool:
    """Whether every promise was kept."""
    scenario = SCENARIOS[name]
    print(f"\n== {name}: {scenario.does}", flush=True)
    if reason := scenario.unable():
        print(f"{name}: SKIPPED, {reason}", flush=True)
        return True
    began = time.monotonic()
    try:
        verdict = asyncio.run(scenario.play(directory / name, f"{seed} {name}", seconds))
    except Exception as failure:  # Whatever it is, the other scenarios are played too.
        traceback.print_exc()
        verdict = Verdict(broken=[f"the scenario ended in {type(failure).__name__}: {failure}"])
    for fact, value in verdict.facts.items():
        print(f"  {fact}: {dict(value) if hasattr(value, 'items') else value}")
    for finding in verdict.broken[:SHOWN_MAX]:
        print(f"BROKEN PROMISE: {finding}")
    if len(verdict.broken) > SHOWN_MAX:
        print(f"and {len(verdict.broken) - SHOWN_MAX} more")
    (directory / f"{name}.broken").write_text("\n".join(verdict.broken))
    print(f"{name}: {'FAILED' if verdict.broken else 'kept'} in {time.monotonic() - began:.0f} s", flush=True)
    return not verdict.broken


def arguments_given() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=180, help="of the random scenario (default 180)")
    parser.add_argument("--seed", default=str(int(time.time())), help="default: the time")
    parser.add_argument(
        "--only", default=",".join(SCENARIOS), help=f"some of {','.join(SCENARIOS)}, comma-separated")
    parser.add_argument(
        "--keep", action="store_true", help="keep the directory, with logs, ledger and deliveries")
    arguments = parser.parse_args()
    arguments.only = arguments.only.split(",")
    if unknown := set(arguments.only) - set(SCENARIOS):
        parser.error(f"no such scenario: {', '.join(sorted(unknown))}")
    return arguments


def main() -> int:
    arguments = arguments_given()
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    directory = Path(tempfile.mkdtemp(prefix="signalbox-chaos-"))
    print(f"chaos: seed={arguments.seed} seconds={arguments.seconds:g} in {directory}", flush=True)
    kept = {name: play(name, directory, arguments.seed, arguments.seconds) for name in arguments.only}
    failed = [name for name, is_kept in kept.items() if not is_kept]
    if arguments.keep or failed:
        print(f"\nkept for you: {directory}")
    else:
        shutil.rmtree(directory)
    if failed:
        print(f"chaos: FAILED: {', '.join(failed)}; again: make chaos seed={arguments.seed} "
              f"options=\"--only {','.join(failed)}\"")
        return 1
    print(f"chaos: every promise kept, seed={arguments.seed}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
