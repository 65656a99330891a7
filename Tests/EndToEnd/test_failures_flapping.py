"""A provider that comes and goes: few requests find out, one at a time, and it is in use again soon."""

import asyncio
import json
import threading
import time
from dataclasses import dataclass, field

import pytest

from harness import behaviours, contract
from harness.acts import FINE
from harness.configuration import configuration, provider
from harness.connection import Exchange
from harness.daemon import Daemon
from harness.failure_case import MODES, STREAM
from harness.raw_client import fetch

FAILURES, COOLDOWN, COOLDOWN_MAX, SUCCESSES = 3, 0.2, 0.4, 2
BREAKER = {
    "failures": FAILURES, "successes": SUCCESSES, "cooldown": f"{COOLDOWN * 1000:.0f}ms",
    "cooldown_max": f"{COOLDOWN_MAX * 1000:.0f}ms"}
CALLERS = 3
# Up and down, in turn, and up at last. A minute of it, at a tenth of the usual cool-downs.
SCHEDULE = (0.4, 1.5, 0.8, 1.5, 1.5)
# How long a failing provider takes to say so: long enough that probes would be seen to overlap.
FAILS_AFTER = 0.05
# Beyond the cool-down under way: how soon it must be in use again.
RETURNS_WITHIN = 2.0


@dataclass
class Flapping:
    """A behaviour that goes by the time since its first request."""

    began: float | None = None
    # When each failing request came, and how many of them were there at once.
    failed: list[tuple[float, int]] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    _failing: int = 0

    def is_down(self, at: float) -> bool:
        for phase, seconds in enumerate(SCHEDULE):
            if at < seconds:
                return phase % 2 == 1
            at -= seconds
        return False

    async def __call__(self, exchange: Exchange) -> None:
        now = time.monotonic()
        self.began = self.began or now
        if not self.is_down(now - self.began):
            self.answered.append(now)
            return await FINE(exchange)
        self._failing += 1
        self.failed.append((now, self._failing))
        try:
            await asyncio.sleep(FAILS_AFTER)
            await behaviours.status(500)(exchange)
        finally:
            self._failing -= 1


class Crowd:
    """Callers that ask again as soon as they are answered."""

    def __init__(self, daemon: Daemon, mode: str):
        self.answers: list[tuple[float, int, str]] = []
        self._url = daemon.url + "/v1/chat/completions"
        self._body = json.dumps({
            "model": "chat", "messages": [{"role": "user", "content": contract.PROMPT}],
            "stream": mode == STREAM}).encode()
        self._threads = [threading.Thread(target=self._ask) for _ in range(CALLERS)]
        self._until = time.monotonic() + sum(SCHEDULE)

    def run(self) -> None:
        for thread in self._threads:
            thread.start()
        for thread in self._threads:
            thread.join()

    def _ask(self) -> None:
        while time.monotonic() < self._until:
            response = fetch(self._url, "POST", self._body)
            self.answers.append(
                (time.monotonic(), response.status, response.headers.get(contract.PROVIDER_HEADER, "")))


@pytest.mark.parametrize("mode", MODES)
def test_a_provider_that_flaps(start_daemon, record_row_of, alpha, beta, mode):
    alpha.play(flapping := Flapping())
    beta.play(FINE)
    daemon = start_daemon(configuration(
        provider("alpha", alpha, breaker=BREAKER), provider("beta", beta)))
    crowd = Crowd(daemon, mode)
    crowd.run()
    downs = [(sum(SCHEDULE[:phase]), sum(SCHEDULE[:phase + 1])) for phase in range(1, len(SCHEDULE), 2)]
    in_a_down = [
        [(at - flapping.began, together) for at, together in flapping.failed
         if begin <= at - flapping.began < end] for begin, end in downs]
    returns = [
        min(at - flapping.began for at in flapping.answered if at - flapping.began >= end) - end
        for _, end in downs]
    statuses = {status for _, status, _ in crowd.answers}
    asked = " and ".join(str(len(each)) for each in in_a_down)
    back = " and ".join(f"{each:.2f}" for each in returns)
    record_row_of(
        0, f"flaps: up and down for {SCHEDULE} s, {CALLERS} callers", mode,
        f"alpha while down: asked {asked} times; up again: in use after {back} s", f"{sum(SCHEDULE):.2f} s",
        f"{len(crowd.answers)} answers, of status {statuses}", f"cool-down {COOLDOWN} to {COOLDOWN_MAX} s")

    assert statuses == {200}
    for (begin, end), failed in zip(downs, in_a_down):
        # Until it opens: what was under way, each once more. Then one probe for each cool-down.
        opening, probes = failed[:FAILURES + 2 * CALLERS], failed[FAILURES + 2 * CALLERS:]
        assert len(probes) <= (end - begin) / COOLDOWN
        assert all(together == 1 for _, together in probes)
        assert len(opening) >= FAILURES
    assert all(seconds < COOLDOWN_MAX + RETURNS_WITHIN for seconds in returns)
    assert crowd.answers[-1][2] == "alpha"
