"""Rows of the table of failures: rate limits in every dialect, bad keys, empty accounts, missing access."""

import pytest

from harness import behaviours
from harness.acts import (
    FINE, Act, Chosen, rate_limit, rate_limit_at_anthropic, rate_limit_at_gemini, rate_limit_at_openrouter,
    rate_limit_until, refusal,
)
from harness.failure_case import FALLBACK, STREAM, SUCCESS, Case, case, exhausted, pairs

LIMITED = rate_limit(retry_after="30")
BAD_KEY = refusal(401, "invalid_api_key")
NO_CREDIT = refusal(402)
QUOTA = refusal(429, "insufficient_quota")
NO_ACCESS = refusal(403)
NO_SCOPE = Act("401 Missing scopes", behaviours.status(
    401, message="You have insufficient permissions for this operation. Missing scopes: model.request"))
MODELS = {"keys": {"alpha": 2}, "models": {"alpha": ("large", "small")}}
# A vendor that counts its limits for each model apart.
LIMITS_PER_MODEL = {"kind": "openai"}
USED_UP = {"x_ratelimit_remaining_requests": "0", "x_ratelimit_reset_requests": "1m30s"}


def waits(name: str, act: Act, least: int, most: int | None = None, kind: str = "openai-compatible") -> Case:
    """The only provider is rate limited, so that the caller hears of what was read from its answer."""
    return case(
        name, {"alpha": act}, "alpha rate_limited", exhausted(429, (least, most or least)), beta=None,
        settings={"kind": kind})


CASES = [
    # Rate limited: no second try; the next key, then model, then provider.
    case("429", {"alpha": rate_limit()}, "alpha rate_limited, beta", FALLBACK),
    case("429, Retry-After: 30", {"alpha": LIMITED}, "alpha rate_limited, beta", FALLBACK),
    case("429 in a stream's first event", {"alpha": Act("429 in an event", behaviours.error_event(0, 429))},
         "alpha rate_limited, beta", FALLBACK, modes=(STREAM,)),
    case("429 of one key", {"alpha": Chosen(FINE, keys={0: LIMITED})}, "alpha rate_limited, alpha-1", SUCCESS,
         keys={"alpha": 2}),
    case("429 of every key, limits of models", {"alpha": Chosen(FINE, models={"large": LIMITED})},
         "alpha/large rate_limited, alpha-1/large rate_limited, alpha/small", SUCCESS, **MODELS,
         settings=LIMITS_PER_MODEL),
    case("429 of every key, limits of keys", {"alpha": Chosen(FINE, models={"large": LIMITED})},
         "alpha/large rate_limited, alpha-1/large rate_limited, beta", FALLBACK, **MODELS),
    case("429 of everything", {
        "alpha": Chosen(rate_limit(retry_after="50"), keys={1: rate_limit(retry_after="40")}),
        "beta": rate_limit(retry_after="60")},
        "alpha rate_limited, alpha-1 rate_limited, beta rate_limited", exhausted(429, 40), keys={"alpha": 2}),
    case("429 of everything, no word of when", {"alpha": rate_limit(), "beta": rate_limit()},
         "alpha rate_limited, beta rate_limited", exhausted(429)),
    # Waited for where the route says so, and no longer.
    case("429, waited for", {"alpha": [rate_limit(retry_after_ms="600"), FINE]}, "alpha rate_limited, alpha",
         SUCCESS, route={"wait_for_preferred": "5s"}, pauses={1: 0.6}, wall=(0.6, 5)),
    case("429, too long to be waited for", {"alpha": [LIMITED, FINE]}, "alpha rate_limited, beta", FALLBACK,
         route={"wait_for_preferred": "5s"}),
    case("429 of one key, the other one is not waited for", {"alpha": Chosen(FINE, keys={0: LIMITED})},
         "alpha rate_limited, alpha-1", SUCCESS, keys={"alpha": 2}, route={"wait_for_preferred": "5s"}),
    case("429 and a passing failure", {"alpha": LIMITED, "beta": refusal(408)},
         "alpha rate_limited, beta timeout", exhausted(503, 30)),
    case("429 and a bad key", {"alpha": LIMITED, "beta": BAD_KEY}, "alpha rate_limited, beta key_rejected",
         exhausted(502)),
    # How long to wait, in every dialect.
    waits("wait: seconds", rate_limit(retry_after="7"), 7),
    waits("wait: parts of a second", rate_limit(retry_after="1.2"), 2),
    waits("wait: a date", rate_limit_until(40), 37, 41),
    waits("wait: a date that has passed", rate_limit_until(-40), 0),
    waits("wait: a century", rate_limit(retry_after="3000000000"), 31 * 86_400),
    waits("wait: milliseconds", rate_limit(retry_after_ms="2500"), 3),
    waits("wait: milliseconds before seconds", rate_limit(retry_after_ms="2500", retry_after="9"), 3),
    waits("wait: requests used up", rate_limit(**USED_UP), 90, kind="openai"),
    waits("wait: tokens used up", rate_limit(
        x_ratelimit_remaining_requests="12", x_ratelimit_reset_requests="20s",
        x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="6m0s"), 360, kind="openai"),
    waits("wait: both used up", rate_limit(
        **USED_UP, x_ratelimit_remaining_tokens="0", x_ratelimit_reset_tokens="15ms"), 90, kind="openai"),
    waits("wait: Groq's day", rate_limit(
        x_ratelimit_remaining_requests="0", x_ratelimit_reset_requests="2m59.56s"), 180, kind="groq"),
    waits("wait: Cerebras' minute", rate_limit(
        x_ratelimit_remaining_tokens_minute="0", x_ratelimit_reset_tokens_minute="42.3"), 43,
        kind="cerebras"),
    waits("wait: Together's tokens", rate_limit(
        x_tokenlimit_remaining="0", x_tokenlimit_reset="11"), 11, kind="together"),
    waits("wait: OpenRouter's body", rate_limit_at_openrouter(40), 37, 41, kind="openrouter"),
    waits("wait: Anthropic's tokens", rate_limit_at_anthropic(40), 37, 41, kind="anthropic"),
    waits("wait: Gemini's body", rate_limit_at_gemini("37s"), 37, kind="gemini"),
    # Invalid, expired, disabled: the next key.
    case("a bad key among good ones", {"alpha": Chosen(FINE, keys={0: BAD_KEY})},
         "alpha key_rejected, alpha-1", SUCCESS, keys={"alpha": 3}),
    case("a bad key is bad for every model",
         {"alpha": Chosen(LIMITED, keys={0: BAD_KEY}, models={"small": FINE})},
         "alpha/large key_rejected, alpha-1/large rate_limited, alpha-1/small", SUCCESS, **MODELS,
         settings=LIMITS_PER_MODEL),
    case("every key bad", {"alpha": BAD_KEY},
         "alpha/large key_rejected, alpha-1/large key_rejected, beta", FALLBACK, **MODELS),
    case("every key bad, everywhere", {"alpha": BAD_KEY, "beta": BAD_KEY},
         "alpha key_rejected, alpha-1 key_rejected, beta key_rejected", exhausted(502), keys={"alpha": 2}),
    # No credit, spend limit: the next key.
    case("402", {"alpha": Chosen(FINE, keys={0: NO_CREDIT})}, "alpha no_credit, alpha-1", SUCCESS,
         keys={"alpha": 2}),
    case("429 for want of credit", {"alpha": QUOTA}, "alpha no_credit, beta", FALLBACK),
    case("no credit anywhere", {"alpha": NO_CREDIT, "beta": QUOTA}, "alpha no_credit, beta no_credit",
         exhausted(502)),
    # Missing scope or model access: the next key or model.
    case("no access with one key", {"alpha": Chosen(FINE, keys={0: NO_ACCESS})},
         "alpha access_missing, alpha-1", SUCCESS, keys={"alpha": 2}),
    case("no access to one model", {"alpha": Chosen(FINE, models={"large": NO_ACCESS})},
         "alpha/large access_missing, alpha-1/large access_missing, alpha/small", SUCCESS, **MODELS),
    case("401 for missing scopes", {"alpha": NO_SCOPE}, "alpha access_missing, beta", FALLBACK),
    case("no access anywhere", {"alpha": NO_ACCESS, "beta": NO_ACCESS},
         "alpha access_missing, beta access_missing", exhausted(502)),
]


@pytest.mark.parametrize(("mode", "case"), pairs(CASES), ids=str)
def test_a_key_that_is_refused(play, mode, case):
    play(mode, case)
