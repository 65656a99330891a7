"""One row of the table of failures: what providers do, and how the request must end."""

from dataclasses import dataclass, field
from typing import Any

import pytest

from .acts import FINE, Act, Chosen
from .deaf import Deaf

PLAIN, STREAM = "plain", "stream"
MODES = (PLAIN, STREAM)
# How soon whatever is not waited for on purpose must be done, on a machine that does other things too.
SOON = 5.0

# Of acts in a list each is played once, and the last one from then on.
Script = Act | Chosen | Deaf | list[Act | Chosen]


@dataclass(frozen=True)
class Attempt:
    """One line of a request's history. Written `alpha-1/large overloaded`, or `alpha` for the usual rest."""

    provider: str
    key: int
    model: str
    error_type: str | None

    @staticmethod
    def read(text: str) -> "Attempt":
        place, _, error_type = text.strip().partition(" ")
        place, _, model = place.partition("/")
        provider, _, key = place.partition("-")
        return Attempt(provider, int(key or 0), model or "model", error_type or None)

    def __str__(self) -> str:
        model = "" if self.model == "model" else f"/{self.model}"
        return f"{self.provider}-{self.key}{model}" + (f" {self.error_type}" if self.error_type else "")


@dataclass(frozen=True)
class Ending:
    """What the caller gets, and the outcome under which it is counted."""

    outcome: str
    status: int = 200
    # Of the error, where there is one.
    code: str | None = None
    # Why all candidates were of no use.
    exhaustion: str | None = None
    # In seconds, the least and the most; None: the header must not be there.
    retry_after: tuple[int, int] | None = None
    # How many deltas of a stream arrive.
    deltas: int | None = None


SUCCESS = Ending("success")
FALLBACK = Ending("fallback")


def exhausted(
    status: int, retry_after: int | tuple[int, int] | None = None, reason: str = "candidates",
) -> Ending:
    code = {429: "all_rate_limited", 502: "all_failed", 503: "all_unavailable", 504: "all_timed_out"}[status]
    wait = (retry_after, retry_after) if isinstance(retry_after, int) else retry_after
    return Ending("exhausted", status, code, reason, wait)


def to_caller(code: str, status: int = 400) -> Ending:
    return Ending("invalid", status, code)


def interrupted(deltas: int | None) -> Ending:
    """After so many deltas; None is after some."""
    return Ending("interrupted", 200, "stream_interrupted", deltas=deltas)


@dataclass(frozen=True)
class Case:
    """Providers are tried in the order in which they stand in `script`; keys and models not given are one."""

    name: str
    script: dict[str, Script]
    attempts: tuple[Attempt, ...]
    ending: Ending
    modes: tuple[str, ...] = MODES
    keys: dict[str, int] = field(default_factory=dict)
    # Names, or what configuration says of them besides.
    models: dict[str, tuple[str | dict[str, Any], ...]] = field(default_factory=dict)
    # Of every provider.
    settings: dict[str, Any] = field(default_factory=dict)
    timeouts: dict[str, str] = field(default_factory=dict)
    route: dict[str, Any] = field(default_factory=dict)
    # Seconds before the attempts after the first: never less, and not much more.
    pauses: dict[int, float] = field(default_factory=dict)
    # Seconds from request to answer: never less than the first, nor more than the second.
    wall: tuple[float, float] = (0, SOON)
    # How many chunks of streams are skipped.
    skipped: int = 0
    # Why the daemon does something else as yet.
    broken: str | None = None

    def __str__(self) -> str:
        return self.name


def case(
    name: str, script: dict[str, Script], attempts: str, ending: Ending, *, beta: Script | None = FINE,
    **more: Any,
) -> Case:
    """`attempts` are separated by commas. Behind the script's providers stands `beta`, which answers."""
    script = script if beta is None or "beta" in script else script | {"beta": beta}
    return Case(name, script, tuple(map(Attempt.read, attempts.split(","))), ending, **more)


def pairs(cases: list[Case]) -> list[Any]:
    """Parameters for a test: mode and case."""
    names = [each.name for each in cases]
    assert len(names) == len(set(names)), "two cases of one name"
    def marks(each: Case) -> list[pytest.MarkDecorator]:
        return [pytest.mark.xfail(strict=True, reason=each.broken)] if each.broken else []
    return [
        pytest.param(mode, each, marks=marks(each)) for mode in MODES for each in cases if mode in each.modes
    ]
