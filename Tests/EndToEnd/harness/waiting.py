"""Waiting without sleeping: a deadline, and a condition that someone signals."""

import threading
import time
from typing import Callable, TypeVar

Value = TypeVar("Value")

DEFAULT_TIMEOUT_SECONDS = 10.0


class Deadline:
    """A point in time that several waits share."""

    def __init__(self, seconds: float = DEFAULT_TIMEOUT_SECONDS):
        self.at = time.monotonic() + seconds

    @property
    def remaining(self) -> float:
        return max(0.0, self.at - time.monotonic())

    @property
    def passed(self) -> bool:
        return self.remaining == 0.0


class Watched:
    """State guarded by a condition: whoever changes it holds `changing()`, whoever waits names what for."""

    def __init__(self):
        self._condition = threading.Condition()

    def changing(self) -> "_Change":
        return _Change(self._condition)

    def wait_until(
        self, find: Callable[[], Value], timeout: float, what: str, context: Callable[[], str] = str
    ) -> Value:
        """Returns the first true value of `find`, which runs again after every change."""
        with self._condition:
            found = self._condition.wait_for(find, timeout)
        assert found, f"no {what} within {timeout} s\n{context()}"
        return found

    def wait_for_quiet(self, seconds: float, measure: Callable[[], object], timeout: float) -> None:
        """Returns once `measure` has not changed for `seconds`."""
        deadline = Deadline(timeout)
        with self._condition:
            while not deadline.passed:
                before = measure()
                if not self._condition.wait_for(lambda: measure() != before, seconds):
                    return
        raise AssertionError(f"not quiet for {seconds} s within {timeout} s")


class _Change:
    def __init__(self, condition: threading.Condition):
        self._condition = condition

    def __enter__(self) -> None:
        self._condition.acquire()

    def __exit__(self, *_) -> None:
        self._condition.notify_all()
        self._condition.release()


def scraped_until(
    probe: Callable[[], Value], holds: Callable[[Value], bool], what: str,
    timeout: float = DEFAULT_TIMEOUT_SECONDS,
) -> Value:
    """Repeats a probe that blocks on the network by itself (a scrape, a connect) until its result holds."""
    deadline = Deadline(timeout)
    while True:
        value = probe()
        if holds(value):
            return value
        assert not deadline.passed, f"{what}: not so within {timeout} s; last seen {value!r}"
