"""What one request's failures mean for the next ones: keys that rest, keys and models that are out."""

import json
import time
from dataclasses import dataclass
from typing import Callable

import pytest

from harness import contract
from harness.acts import FINE, RESET, SERVER_ERROR, Act, Chosen, rate_limit, refusal
from harness.configuration import configuration, provider
from harness.daemon import Daemon
from harness.failure_case import MODES, STREAM
from harness.raw_client import fetch
from harness.upstream import Upstream
from harness.waiting import Deadline

RESTS_FOR = 1.2
# Behind the end of a rest: how soon a key must be in use again.
RETURNS_WITHIN = 3.0
LATER = 12
BAD_KEY = refusal(401, "invalid_api_key")
NO_CREDIT = refusal(402)
NO_ACCESS = refusal(403)
NO_MODEL = refusal(404, "model_not_found")


@dataclass(frozen=True)
class Answer:
    status: int
    provider: str | None
    model: str | None
    attempts: int
    retry_after: int | None
    code: str | None


@dataclass
class Client:
    """Asks one route after another, plainly or for streams."""

    daemon: Daemon
    mode: str

    def ask(self, route: str = "chat") -> Answer:
        body = {
            "model": route, "messages": [{"role": "user", "content": contract.PROMPT}],
            "stream": self.mode == STREAM}
        response = fetch(self.daemon.url + "/v1/chat/completions", "POST", json.dumps(body).encode())
        headers = response.headers
        wait = headers.get("retry-after")
        return Answer(
            response.status, headers.get(contract.PROVIDER_HEADER), headers.get(contract.MODEL_HEADER),
            int(headers[contract.ATTEMPTS_HEADER]), int(wait) if wait else None,
            response.error["code"] if response.status != 200 else None)


@pytest.fixture(params=MODES)
def client(request, start_daemon) -> Callable[..., Client]:
    return lambda *providers, **more: Client(start_daemon(configuration(*providers, **more)), request.param)


@pytest.fixture
def tell(request, record_row_of) -> Callable[..., None]:
    """A row of the table."""
    mode = request.node.callspec.params["client"]
    return lambda case, attempts, took, got, recorded="": record_row_of(
        request.node.location[1], case, mode, attempts, f"{took:.2f} s", got, recorded)


def uses(upstream: Upstream) -> list[tuple[int | None, str]]:
    """Keys and models, in the order in which they were used."""
    return [(each.request.key_number, each.request.model) for each in upstream.exchanges]


def test_a_key_that_rests_is_left_alone_until_its_time(client, tell, alpha, beta):
    alpha.play(rate_limit(retry_after_ms=f"{RESTS_FOR * 1000:.0f}"), FINE)
    beta.play(FINE)
    client = client(provider("alpha", alpha), provider("beta", beta))
    started, first = time.monotonic(), client.ask()
    assert (first.provider, first.attempts) == ("beta", 2)
    deadline, later = Deadline(RESTS_FOR + RETURNS_WITHIN), []
    while not later or later[-1].provider != "alpha":
        later.append(client.ask())
        assert not deadline.passed, "the key is not used again"
    rested = alpha.exchanges[1].request.arrived_at - alpha.exchanges[0].request.arrived_at
    tell("429, then asked on and on", f"alpha-0 {alpha.exchanges[0].did}; {len(later) - 1} requests at beta; "
         f"alpha-0 again +{rested:.2f} s", time.monotonic() - started, "200 each time")
    assert RESTS_FOR <= rested < RESTS_FOR + RETURNS_WITHIN
    assert {(each.provider, each.attempts) for each in later[:-1]} == {("beta", 1)}
    assert (later[-1].status, later[-1].attempts, alpha.request_count) == (200, 1, 2)


def test_while_one_key_rests_the_next_one_is_asked_at_once(client, alpha):
    alpha.play(Chosen(FINE, keys={0: rate_limit(retry_after="30")}))
    client = client(provider("alpha", alpha, keys=2))
    assert [client.ask().attempts for _ in range(LATER)] == [2] + [1] * (LATER - 1)
    assert [key for key, _ in uses(alpha)] == [0] + [1] * LATER


def test_while_everything_rests_nobody_is_asked(client, tell, alpha, beta):
    """The caller hears at once when to come back: the shortest wait that is left."""
    alpha.play(rate_limit(retry_after="60"))
    beta.play(rate_limit(retry_after="30"))
    client = client(provider("alpha", alpha), provider("beta", beta))
    started, answers = time.monotonic(), [client.ask() for _ in range(LATER)]
    tell("429 everywhere, then asked again", "alpha-0, beta-0 once each", time.monotonic() - started,
         f"{answers[-1].status} {answers[-1].code}, Retry-After: {answers[-1].retry_after}, "
         f"{answers[-1].attempts} attempts")
    assert {(each.status, each.code) for each in answers} == {(429, "all_rate_limited")}
    assert all(25 <= each.retry_after <= 30 for each in answers)
    assert [each.attempts for each in answers] == [2] + [0] * (LATER - 1)
    assert (alpha.request_count, beta.request_count) == (1, 1)


@pytest.mark.parametrize("act", [BAD_KEY, NO_CREDIT], ids=lambda act: act.name)
def test_a_key_that_is_out_is_not_asked_again(client, tell, alpha, act: Act):
    alpha.play(Chosen(FINE, keys={0: act}))
    client = client(provider("alpha", alpha, keys=2))
    started, answers = time.monotonic(), [client.ask() for _ in range(LATER)]
    tell(f"{act.name} of one key, then asked again", f"alpha-0 once, alpha-1 {alpha.request_count - 1} times",
         time.monotonic() - started, "200 each time")
    assert [(each.status, each.attempts) for each in answers] == [(200, 2)] + [(200, 1)] * (LATER - 1)
    assert [key for key, _ in uses(alpha)] == [0] + [1] * LATER


def test_when_every_key_is_out_nobody_is_asked(client, alpha, beta):
    alpha.play(BAD_KEY)
    beta.play(NO_CREDIT)
    client = client(provider("alpha", alpha, keys=2), provider("beta", beta))
    answers = [client.ask() for _ in range(LATER)]
    assert {(each.status, each.code, each.retry_after) for each in answers} == {(502, "all_failed", None)}
    assert [each.attempts for each in answers] == [3] + [0] * (LATER - 1)
    assert (alpha.request_count, beta.request_count) == (2, 1)


def test_while_every_breaker_is_open_nobody_is_asked(client, alpha, beta):
    """Opened by the first failure, it refuses that request's second try, too."""
    alpha.play(SERVER_ERROR)
    beta.play(RESET)
    breaker = {"failures": 1, "cooldown": "1m"}
    client = client(provider("alpha", alpha, breaker=breaker), provider("beta", beta, breaker=breaker))
    answers = [client.ask() for _ in range(LATER)]
    assert {(each.status, each.code) for each in answers} == {(503, "all_unavailable")}
    assert [each.attempts for each in answers] == [2] + [0] * (LATER - 1)
    assert (alpha.request_count, beta.request_count) == (1, 1)


def test_a_key_without_access_to_one_model_is_used_for_the_other(client, alpha):
    no_access = Chosen(FINE, keys={0: Chosen(FINE, models={"large": NO_ACCESS})})
    alpha.play(no_access)
    client = client(
        provider("alpha", alpha, keys=2, models=("large", "small")),
        routes=[{"model": name, "targets": [f"alpha/{name}"]} for name in ("large", "small")])
    for _ in range(3):
        assert [client.ask(name).status for name in ("large", "small")] == [200, 200]
    assert uses(alpha) == [(0, "large"), (1, "large"), (0, "small")] + [(1, "large"), (0, "small")] * 2


def test_a_model_that_is_not_there_is_not_asked_for_again(client, alpha):
    alpha.play(Chosen(FINE, models={"large": NO_MODEL}))
    client = client(provider("alpha", alpha, keys=2, models=("large", "small")))
    assert [client.ask().model for _ in range(LATER)] == ["small"] * LATER
    assert uses(alpha) == [(0, "large")] + [(0, "small")] * LATER


@pytest.mark.parametrize("act", [refusal(400, "invalid_value"), refusal(400, "content_filter"),
                                 refusal(400, "context_length_exceeded")], ids=lambda act: act.name)
def test_what_the_caller_did_wrong_is_held_against_nobody(client, alpha, beta, act: Act):
    alpha.play(act)
    client = client(provider("alpha", alpha), provider("beta", beta))
    assert {(each.status, each.attempts) for each in (client.ask() for _ in range(LATER))} == {(400, 1)}
    alpha.play(FINE)
    assert client.ask().provider == "alpha"
    assert beta.request_count == 0
