"""What a provider does with one attempt, under the name that the table of failures calls it by."""

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime

from . import behaviours, messages
from .connection import Exchange
from .upstream import Behaviour


@dataclass(frozen=True)
class Act:
    """A behaviour with a name; `streamed` is what becomes of a request for a stream, where that differs."""

    name: str
    plain: Behaviour
    streamed: Behaviour | None = None

    async def __call__(self, exchange: Exchange) -> None:
        exchange.did = self.name
        behave = self.streamed if self.streamed and exchange.request.is_streaming else self.plain
        await behave(exchange)


@dataclass(frozen=True)
class Chosen:
    """Different acts for different keys or models; `otherwise` is for those that are not named."""

    otherwise: Behaviour
    keys: dict[int, Behaviour] | None = None
    models: dict[str, Behaviour] | None = None

    async def __call__(self, exchange: Exchange) -> None:
        act = (self.models or {}).get(exchange.request.model) or self.otherwise
        await (self.keys or {}).get(exchange.request.key_number, act)(exchange)


def refusal(code: int, word: str | None = None, name: str = "", **more) -> Act:
    """An error in OpenAI's form."""
    return Act(name or " ".join(filter(None, [str(code), word])), behaviours.status(code, word, **more))


def rate_limit(name: str = "429", **headers: str) -> Act:
    """Headers are written with underscores: `retry_after_ms="1500"`."""
    fields = {key.replace("_", "-"): value for key, value in headers.items()}
    shown = ", ".join(f"{key}: {value}" for key, value in fields.items())
    return Act(
        f"{name}, {shown}" if shown else name,
        behaviours.status(429, "rate_limit_exceeded", headers=fields))


def rate_limit_until(seconds: int) -> Act:
    """`Retry-After` as a date, so many seconds after the answer."""
    async def behave(exchange: Exchange) -> None:
        at = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=seconds), usegmt=True)
        await behaviours.status(429, "rate_limit_exceeded", retry_after=at)(exchange)
    return Act(f"429, Retry-After: a date in {seconds} s", behave)


def rate_limit_at_anthropic(seconds: int) -> Act:
    """Tokens used up until a moment of RFC 3339, so many seconds after the answer."""
    async def behave(exchange: Exchange) -> None:
        at = (datetime.now(timezone.utc) + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
        await messages.error(429, "rate_limit_error", "Too many tokens.", {
            "anthropic-ratelimit-tokens-limit": "40000", "anthropic-ratelimit-tokens-remaining": "0",
            "anthropic-ratelimit-tokens-reset": at})(exchange)
    return Act(f"429, anthropic-ratelimit-tokens-reset: in {seconds} s", behave)


def rate_limit_at_gemini(delay: str) -> Act:
    """Google says in the body how long to wait."""
    info = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}
    body = {"error": {
        "code": 429, "message": "Quota exceeded.", "status": "RESOURCE_EXHAUSTED", "details": [info]}}
    return Act(f"429, RetryInfo: {delay}", behaviours.json_reply(429, body))


def rate_limit_at_openrouter(seconds: int) -> Act:
    """Milliseconds since 1970, among the headers of whoever stands behind it, inside the body."""
    async def behave(exchange: Exchange) -> None:
        at = datetime.now(timezone.utc) + timedelta(seconds=seconds)
        headers = {
            "X-RateLimit-Limit": "20", "X-RateLimit-Remaining": "0",
            "X-RateLimit-Reset": str(int(at.timestamp() * 1000))}
        await behaviours.json_reply(429, {"error": {
            "code": 429, "message": "Rate limit exceeded", "metadata": {"headers": headers}}})(exchange)
    return Act(f"429, X-RateLimit-Reset in the body: in {seconds} s", behave)


DELTAS = 3
FINE = Act("answers", behaviours.reply(), behaviours.stream(DELTAS))
SERVER_ERROR = refusal(500)
RESET = Act("resets", behaviours.reset())
HANG_UP = Act("closes without a word", behaviours.hang_up())
SILENCE = Act("is silent", behaviours.silence())
