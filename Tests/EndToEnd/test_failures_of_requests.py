"""Rows of the table of failures: requests that are at fault, and models that are not there."""

import pytest

from harness import behaviours
from harness.acts import FINE, Act, Chosen, refusal
from harness.failure_case import FALLBACK, SUCCESS, case, exhausted, pairs, to_caller

NO_MODEL = refusal(404, "model_not_found")
TOO_LONG = refusal(400, "context_length_exceeded")
TOO_LONG_IN_WORDS = Act("400, too long in words only", behaviours.status(
    400, message="This model's maximum context length is 8192 tokens."))
FILTERED = refusal(400, "content_filter")
INVALID = refusal(400, "invalid_value")
UNPROCESSABLE = refusal(422)


def window(name: str, tokens: int) -> dict:
    return {"name": name, "context_window": tokens}


CASES = [
    # To the caller, with the provider's own words; nobody else is asked.
    case("invalid request", {"alpha": INVALID}, "alpha invalid_request", to_caller("invalid_value")),
    case("422", {"alpha": UNPROCESSABLE}, "alpha invalid_request", to_caller("422", 422)),
    case("content filtered", {"alpha": FILTERED}, "alpha content_filtered", to_caller("content_filter")),
    case("context too long", {"alpha": TOO_LONG}, "alpha context_too_long",
         to_caller("context_length_exceeded")),
    case("context too long, in words", {"alpha": TOO_LONG_IN_WORDS}, "alpha context_too_long",
         to_caller("400")),
    case("context too long at the next one", {"alpha": NO_MODEL, "beta": TOO_LONG},
         "alpha model_not_found, beta context_too_long", to_caller("context_length_exceeded")),
    # To a larger window, where one is known; not to the same one with another key.
    case("too long, a larger model", {"alpha": Chosen(FINE, models={"small": TOO_LONG})},
         "alpha/small context_too_long, alpha/large", SUCCESS, keys={"alpha": 2},
         models={"alpha": (window("small", 8_000), window("large", 100_000))}),
    case("too long, a larger model elsewhere", {"alpha": TOO_LONG},
         "alpha/small context_too_long, beta/large", FALLBACK, keys={"alpha": 2}, models={
             "alpha": (window("small", 8_000), window("tiny", 4_000)), "beta": (window("large", 100_000),)}),
    case("too long, no larger model", {"alpha": TOO_LONG}, "alpha/small context_too_long",
         to_caller("context_length_exceeded"),
         models={"alpha": (window("small", 8_000),), "beta": (window("tiny", 4_000),)}),
    case("too long, a window unknown", {"alpha": TOO_LONG}, "alpha/small context_too_long",
         to_caller("context_length_exceeded"), models={"alpha": (window("small", 8_000),)}),
    case("too long for the largest", {"alpha": TOO_LONG},
         "alpha/small context_too_long, alpha/large context_too_long", to_caller("context_length_exceeded"),
         models={"alpha": (window("small", 8_000), window("large", 100_000))}),
    # Model not found: the next model, then the next provider.
    case("model not found", {"alpha": NO_MODEL}, "alpha model_not_found, beta", FALLBACK, keys={"alpha": 2}),
    case("one model not found", {"alpha": Chosen(FINE, models={"large": NO_MODEL})},
         "alpha/large model_not_found, alpha/small", SUCCESS, models={"alpha": ("large", "small")},
         keys={"alpha": 2}),
    case("no model found anywhere", {"alpha": NO_MODEL, "beta": NO_MODEL},
         "alpha model_not_found, beta model_not_found", exhausted(502)),
    case("404 that speaks of no model", {"alpha": refusal(404, "not_found")}, "alpha malformed_reply, beta",
         FALLBACK),
]


@pytest.mark.parametrize(("mode", "case"), pairs(CASES), ids=str)
def test_a_request_that_is_refused(play, mode, case):
    play(mode, case)
