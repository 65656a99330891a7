"""Streams that break: before the first delta nobody notices, after it an error event ends them."""

import pytest

from harness import behaviours
from harness.acts import Act
from harness.failure_case import STREAM, SUCCESS, Ending, case, interrupted, pairs

HASTE = {"first_token": "500ms", "idle": "500ms"}
STALLS_FOR = 0.5


def stream(name: str, behaviour, ending: Ending, **more):
    attempts = "alpha" if ending.outcome == "success" else "alpha interrupted"
    return case(name, {"alpha": Act(name, behaviour)}, attempts, ending, modes=(STREAM,), **more)


def whole(deltas: int) -> Ending:
    return Ending("success", deltas=deltas)


CASES = [
    stream("cut after two deltas", behaviours.cut_stream(2), interrupted(2)),
    stream("reset after two deltas", behaviours.cut_stream(2, by_reset=True), interrupted(2)),
    stream("stalled after two deltas", behaviours.stalled_stream(2), interrupted(2), timeouts=HASTE,
           wall=(STALLS_FOR, 5)),
    stream("longer than the total timeout", behaviours.dripped_stream(0.1), interrupted(None),
           timeouts={"total": "700ms"}, wall=(0.7, 5)),
    stream("longer than the request's deadline", behaviours.dripped_stream(0.1), interrupted(None),
           route={"request_timeout": "700ms"}, wall=(0.7, 5)),
    stream("an error event after two deltas", behaviours.error_event(2), interrupted(2)),
    stream("a 429 in an event after two deltas", behaviours.error_event(2, code=429), interrupted(2)),
    stream("neither terminator nor finish reason", behaviours.cleanly_ended_stream(2), interrupted(2)),
    stream("no terminator, but a finish reason", behaviours.stream(3, terminator=False), whole(3)),
    *(stream(f"a finish reason, then {end}", behaviours.stream(3, terminator=False, end=end), whole(3),
             timeouts=HASTE) for end in ("cut", "reset", "stalled")),
    stream("cut behind its terminator", behaviours.stream(3, end="cut"), whole(3)),
    stream("stalled behind its terminator", behaviours.stream(3, end="stalled"), whole(3)),
    stream("one malformed chunk", behaviours.stream(4, malformed_at=2), whole(4), skipped=1),
    stream("three malformed chunks", behaviours.stream(4, malformed_at=2, malformed_count=3), whole(4),
           skipped=3),
    stream("four malformed chunks", behaviours.stream(4, malformed_at=2, malformed_count=4), interrupted(2),
           skipped=4),
]


@pytest.mark.parametrize(("mode", "case"), pairs(CASES), ids=str)
def test_a_stream_that_breaks(play, mode, case):
    play(mode, case)
