"""Whatever the first provider does before its first delta, the caller gets the second one's answer."""

import socket
import uuid
from dataclasses import dataclass, field

import openai
import pytest

from harness import behaviours, chat, contract
from harness.configuration import configuration, key_value, model_of, provider
from harness.upstream import Behaviour
from harness.waiting import scraped_until

MESSAGES = [{"role": "user", "content": contract.PROMPT}]
HASTE = {"first_token": "400ms", "idle": "400ms", "total": "1500ms"}


@dataclass(frozen=True)
class Failure:
    """How the first provider fails, what that is called, and how often it is asked (None: once or twice)."""

    name: str
    behaviour: Behaviour
    error_types: frozenset[str]
    tries: int | None = 1
    timeouts: dict[str, str] = field(default_factory=dict)


def failure(name: str, behaviour: Behaviour, *error_types: str, **more) -> Failure:
    assert contract.ERROR_TYPES.issuperset(error_types)
    return Failure(name, behaviour, frozenset(error_types), **more)


COMMON = [
    failure("500", behaviours.status(500), "overloaded", tries=2),
    failure("503", behaviours.status(503), "overloaded", tries=2),
    failure("502 in HTML", behaviours.html(502), "overloaded", tries=2),
    failure("429", behaviours.status(429, "rate_limit_exceeded", retry_after="30"), "rate_limited"),
    failure("429 without credit", behaviours.status(429, "insufficient_quota"), "no_credit"),
    failure("401", behaviours.status(401, "invalid_api_key"), "key_rejected"),
    failure("402", behaviours.status(402), "no_credit"),
    failure("403", behaviours.status(403), "access_missing"),
    failure("404", behaviours.status(404, "model_not_found"), "model_not_found"),
    failure("reset", behaviours.reset(), "unreachable", tries=2),
    failure("hang-up", behaviours.hang_up(), "unreachable", tries=2),
    failure("silence", behaviours.silence(), "timeout", timeouts=HASTE),
    failure("HTML", behaviours.html(), "malformed_reply"),
    failure("JSON of another kind", behaviours.json_but_not_chat(), "malformed_reply"),
    failure("empty body", behaviours.empty_body(), "malformed_reply"),
    failure("garbage gzip", behaviours.garbage_gzip(), "malformed_reply"),
    failure("nonsense", behaviours.raw(b"NONSENSE\r\n\r\n"), "malformed_reply", "unreachable", tries=None),
]
BROKEN_OFF = ("interrupted", "malformed_reply", "unreachable")
PLAIN = COMMON + [
    failure("headers, then silence", behaviours.headers_then_silence(), "timeout", timeouts=HASTE),
    failure("slow drip", behaviours.slow_drip(), "timeout", timeouts=HASTE),
    failure("cut", behaviours.cut_reply(), *BROKEN_OFF, tries=None),
    failure("cut by reset", behaviours.cut_reply(by_reset=True), *BROKEN_OFF, tries=None),
    failure("cut between chunks", behaviours.cut_reply(chunked=True), *BROKEN_OFF, tries=None),
    failure("torn JSON", behaviours.json_but_not_chat(b'{"choices":[{"mess'), "malformed_reply"),
]
STREAMED = COMMON + [
    failure("headers, then silence", behaviours.headers_then_silence(True), "timeout", timeouts=HASTE),
    failure("role, then silence", behaviours.stalled_stream(0), "timeout", timeouts=HASTE),
    failure("cut before a delta", behaviours.cut_stream(0), *BROKEN_OFF, tries=None),
    failure("ended before a delta", behaviours.cleanly_ended_stream(0), *BROKEN_OFF, tries=None),
    failure("error event first", behaviours.error_event(0), "overloaded", "malformed_reply", tries=None),
]


@dataclass
class Case:
    """The daemon over two upstreams, and a request with an id of its own."""

    daemon: object
    client: openai.OpenAI
    request_id: str

    def ask(self, streaming: bool) -> str:
        answer = self.client.chat.completions.create(
            model="chat", messages=MESSAGES, stream=streaming,
            extra_headers={contract.REQUEST_ID_HEADER: self.request_id})
        if not streaming:
            return answer.choices[0].message.content
        return "".join(chunk.choices[0].delta.content or "" for chunk in answer if chunk.choices)

    def metrics(self, outcome: str):
        """The metrics once the request has been counted with this outcome."""
        return scraped_until(
            self.daemon.metrics,
            lambda metrics: metrics.value(
                "llm_client_requests_total", route="chat", tenant=contract.ANONYMOUS_TENANT,
                outcome=outcome) == 1,
            f"one request with outcome {outcome}")

    def attempts(self) -> list[dict]:
        """From the request's one line, whose form is checked on the way."""
        attempts = self.daemon.request_log(self.request_id)["attempts"]
        assert len(self.daemon.request_logs(self.request_id)) == 1
        for attempt in attempts:
            assert attempt.keys() <= contract.ATTEMPT_FIELDS
            assert attempt["model"] == model_of(attempt["provider"])
            assert attempt["key"] and attempt["ms"] >= 0
        return attempts


@pytest.fixture
def case(start_daemon, connect, alpha, beta):
    def make(alpha_url=alpha, timeouts=None) -> Case:
        daemon = start_daemon(configuration(
            provider("alpha", alpha_url, timeouts=timeouts), provider("beta", beta)))
        return Case(daemon, connect(daemon), f"request-{uuid.uuid4()}")
    return make


def assert_beta_answered(case: Case, error_types: frozenset[str], tries: int | None) -> None:
    attempts = case.attempts()
    *failed, last = attempts
    assert last["provider"] == "beta" and "error_type" not in last
    assert [attempt["provider"] for attempt in failed] == ["alpha"] * len(failed)
    assert len(failed) == tries or (tries is None and 1 <= len(failed) <= 2)
    reasons = {attempt["error_type"] for attempt in failed}
    assert reasons <= error_types
    reason = failed[-1]["error_type"]

    metrics = case.metrics("fallback")
    alpha = {"provider": "alpha", "model": model_of("alpha")}
    assert metrics.value("llm_requests_total", **alpha, status="failure") == len(failed)
    assert metrics.value("llm_requests_total", **alpha, status="success") == 0
    assert metrics.value("llm_requests_total", provider="beta", status="success") == 1
    assert metrics.value("llm_request_errors_total", **alpha, error_type=reason) == len(failed)
    assert metrics.value("llm_request_errors_total") == len(failed)
    assert metrics.value("llm_fallbacks_total", route="chat", from_="alpha", to="beta", reason=reason) == 1
    assert metrics.value("llm_fallbacks_total") == 1
    assert metrics.value("llm_client_requests_total") == 1


@pytest.mark.parametrize("failure", PLAIN, ids=lambda failure: failure.name)
def test_a_plain_request_falls_back(case, alpha, failure):
    alpha.play(failure.behaviour)
    case = case(timeouts=failure.timeouts)
    assert case.ask(streaming=False) == chat.GREETING
    assert_beta_answered(case, failure.error_types, failure.tries)


@pytest.mark.parametrize("failure", STREAMED, ids=lambda failure: failure.name)
def test_a_stream_falls_back_before_its_first_delta(case, alpha, beta, failure):
    alpha.play(failure.behaviour)
    beta.play(behaviours.stream(3))
    case = case(timeouts=failure.timeouts)
    assert case.ask(streaming=True) == behaviours.streamed_text(3)
    assert_beta_answered(case, failure.error_types, failure.tries)


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_a_closed_port_falls_back(case, beta, streaming):
    beta.play(behaviours.stream(3) if streaming else behaviours.reply())
    with socket.socket() as bound_but_deaf:
        bound_but_deaf.bind(("127.0.0.1", 0))
        case = case(f"http://127.0.0.1:{bound_but_deaf.getsockname()[1]}/v1")
        assert case.ask(streaming) == (behaviours.streamed_text(3) if streaming else chat.GREETING)
        assert_beta_answered(case, frozenset({"unreachable"}), tries=2)


@pytest.mark.parametrize("code", [500, 503])
def test_a_passing_server_error_is_retried_where_it_happened(case, alpha, beta, code):
    alpha.play(behaviours.status(code), behaviours.reply())
    case = case()
    assert case.ask(streaming=False) == chat.GREETING
    assert [attempt["provider"] for attempt in case.attempts()] == ["alpha", "alpha"]
    assert beta.request_count == 0
    assert case.daemon.metrics().value("llm_fallbacks_total") == 0


def test_a_rate_limited_key_gives_way_to_the_next_one(start_daemon, connect, alpha, beta):
    alpha.play(behaviours.status(429, "rate_limit_exceeded", retry_after="30"), behaviours.reply())
    daemon = start_daemon(configuration(provider("alpha", alpha, keys=2), provider("beta", beta)))
    connect(daemon).chat.completions.create(model="chat", messages=MESSAGES)
    used = [exchange.request.header("authorization") for exchange in alpha.exchanges]
    assert used == [f"Bearer {key_value('alpha', number)}" for number in range(2)]
    assert beta.request_count == 0
    scraped_until(daemon.metrics, lambda metrics: metrics.value(
        "llm_rotations_total", provider="alpha", kind="key", reason="rate_limited") == 1, "one rotation")


def test_a_missing_model_gives_way_to_the_providers_next_one(start_daemon, connect, alpha, beta):
    alpha.play(behaviours.status(404, "model_not_found"), behaviours.reply())
    daemon = start_daemon(configuration(
        provider("alpha", alpha, models=("gone", "kept")), provider("beta", beta)))
    answer = connect(daemon).chat.completions.with_raw_response.create(model="chat", messages=MESSAGES)
    assert answer.headers[contract.MODEL_HEADER] == "kept"
    assert answer.headers[contract.ATTEMPTS_HEADER] == "2"
    assert [exchange.request.model for exchange in alpha.exchanges] == ["gone", "kept"]
    assert beta.request_count == 0


@pytest.mark.parametrize(("word", "error_type"), [
    ("invalid_value", "invalid_request"), ("context_length_exceeded", "context_too_long"),
    ("content_filter", "content_filtered"),
])
def test_what_the_caller_did_wrong_is_not_tried_elsewhere(case, alpha, beta, word, error_type):
    alpha.play(behaviours.status(400, word))
    case = case()
    with pytest.raises(openai.BadRequestError) as caught:
        case.ask(streaming=False)
    assert caught.value.code == word
    assert [attempt["error_type"] for attempt in case.attempts()] == [error_type]
    assert beta.request_count == 0
