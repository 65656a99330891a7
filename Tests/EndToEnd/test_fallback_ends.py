"""Where there is no second chance: broken streams, and every candidate failing."""

import json

import openai
import pytest

from harness import behaviours, contract
from harness.configuration import configuration, provider
from harness.raw_client import RawClient, request
from harness.upstream import Behaviour
from harness.waiting import scraped_until

MESSAGES = [{"role": "user", "content": contract.PROMPT}]
BODY = json.dumps({"model": "chat", "messages": MESSAGES, "stream": True}).encode()
HASTE = {"first_token": "400ms", "idle": "400ms"}

BREAKS = {
    "cut": behaviours.cut_stream(2), "stall": behaviours.stalled_stream(2),
    "error event": behaviours.error_event(2), "ended in good order": behaviours.cleanly_ended_stream(2),
}


@pytest.fixture
def daemon(start_daemon, alpha, beta):
    return start_daemon(configuration(provider("alpha", alpha, timeouts=HASTE), provider("beta", beta)))


def counted(daemon, outcome: str):
    return scraped_until(
        daemon.metrics, lambda metrics: metrics.value("llm_client_requests_total", outcome=outcome) == 1,
        f"one request with outcome {outcome}")


def stream_text(client: openai.OpenAI, received: list[str]) -> str:
    for chunk in client.chat.completions.create(model="chat", messages=MESSAGES, stream=True):
        if chunk.choices and chunk.choices[0].delta.content:
            received.append(chunk.choices[0].delta.content)
    return "".join(received)


def raw_events(daemon) -> list[str]:
    with RawClient(daemon.addresses("server")[0]) as raw:
        raw.send(request("POST", "/v1/chat/completions", BODY))
        response = raw.response()
    assert response.status == 200
    events = [event for event in response.body.decode().split("\n\n") if event]
    return [event.removeprefix("data:").strip() for event in events if event.startswith("data:")]


@pytest.mark.parametrize("behaviour", BREAKS.values(), ids=BREAKS.keys())
def test_a_stream_that_breaks_after_a_delta_ends_with_an_error(
    daemon, connect, alpha, beta, behaviour: Behaviour
):
    alpha.play(behaviour)
    received: list[str] = []
    with pytest.raises(openai.APIError):
        stream_text(connect(daemon), received)
    assert received == ["word0 ", "word1 "]
    assert beta.request_count == 0
    metrics = counted(daemon, "interrupted")
    assert metrics.value("llm_requests_total", provider="alpha", status="failure") == 1
    assert metrics.value("llm_requests_total", status="success") == 0
    assert metrics.value("llm_fallbacks_total") == 0


@pytest.mark.parametrize("behaviour", BREAKS.values(), ids=BREAKS.keys())
def test_a_broken_stream_never_says_done(daemon, alpha, behaviour: Behaviour):
    alpha.play(behaviour)
    *deltas, last = raw_events(daemon)
    assert "[DONE]" not in deltas and last != "[DONE]"
    error = json.loads(last)["error"]
    assert error["message"] and error["type"]


def test_a_stream_without_its_terminator_is_whole_if_it_has_a_finish_reason(daemon, connect, alpha):
    alpha.play(behaviours.stream(3, terminator=False))
    assert stream_text(connect(daemon), []) == behaviours.streamed_text(3)
    assert counted(daemon, "success").value("llm_requests_total", status="success") == 1


def test_a_malformed_chunk_is_skipped(daemon, connect, alpha):
    alpha.play(behaviours.stream(4, malformed_at=2))
    assert stream_text(connect(daemon), []) == behaviours.streamed_text(4)
    counted(daemon, "success")
    assert not [event for event in raw_events(daemon) if "torn" in event]


@pytest.mark.parametrize("streaming", [False, True], ids=["plain", "stream"])
def test_when_every_provider_fails_the_error_says_what_was_tried(daemon, connect, alpha, beta, streaming):
    alpha.play(behaviours.status(500))
    beta.play(behaviours.reset())
    with pytest.raises(openai.InternalServerError) as caught:
        connect(daemon).chat.completions.create(
            model="chat", messages=MESSAGES, stream=streaming,
            extra_headers={contract.REQUEST_ID_HEADER: "all-fail"})
    assert caught.value.status_code in contract.EXHAUSTED_STATUSES
    assert caught.value.body["attempts"]
    attempts = daemon.request_log("all-fail")["attempts"]
    tried = [(attempt["provider"], attempt["error_type"]) for attempt in attempts]
    assert tried == [("alpha", "overloaded")] * 2 + [("beta", "unreachable")] * 2
    metrics = counted(daemon, "exhausted")
    assert metrics.value("llm_exhaustions_total", route="chat") == 1
    assert metrics.value("llm_fallbacks_total", from_="alpha", to="beta") == 1


def test_when_every_provider_times_out_the_error_is_a_gateway_timeout(start_daemon, connect, alpha, beta):
    alpha.play(behaviours.silence())
    beta.play(behaviours.silence())
    daemon = start_daemon(configuration(
        provider("alpha", alpha, timeouts=HASTE), provider("beta", beta, timeouts=HASTE)))
    with pytest.raises(openai.InternalServerError) as caught:
        connect(daemon).chat.completions.create(model="chat", messages=MESSAGES)
    assert caught.value.status_code == 504
    for upstream in (alpha, beta):
        assert upstream.request_count == 1
        upstream.wait_for_exchange(1).wait_until_peer_left(within=1)


def test_one_deadline_spans_the_whole_request(start_daemon, connect, alpha, beta):
    alpha.play(behaviours.silence())
    beta.play(behaviours.silence())
    daemon = start_daemon(configuration(
        provider("alpha", alpha), provider("beta", beta), server={"request_timeout": "1s"}))
    with pytest.raises(openai.InternalServerError) as caught:
        connect(daemon, timeout=5).chat.completions.create(model="chat", messages=MESSAGES)
    assert caught.value.status_code in contract.EXHAUSTED_STATUSES
    alpha.wait_for_exchange(1).wait_until_peer_left(within=1)


def test_the_earliest_retry_after_is_passed_on_when_all_are_rate_limited(daemon, connect, alpha, beta):
    alpha.play(behaviours.status(429, "rate_limit_exceeded", retry_after="60"))
    beta.play(behaviours.status(429, "rate_limit_exceeded", retry_after="30"))
    with pytest.raises(openai.RateLimitError) as caught:
        connect(daemon).chat.completions.create(model="chat", messages=MESSAGES)
    assert 28 <= int(caught.value.response.headers["retry-after"]) <= 30
    assert (alpha.request_count, beta.request_count) == (1, 1)
    counted(daemon, "exhausted")


def test_label_values_come_from_the_closed_lists(daemon, connect, alpha, beta):
    alpha.play(behaviours.status(500))
    client = connect(daemon)
    client.chat.completions.create(model="chat", messages=MESSAGES)
    for model in ("made-up-1", "made-up-2"):
        with pytest.raises(openai.NotFoundError):
            client.chat.completions.create(model=model, messages=MESSAGES)
    metrics = counted(daemon, "fallback")

    def values(name: str, label: str) -> set[str]:
        return {labels[label] for labels in metrics.labels(name)}

    assert values("llm_request_errors_total", "error_type") <= contract.ERROR_TYPES
    assert values("llm_client_requests_total", "outcome") <= contract.OUTCOMES
    assert values("llm_client_requests_total", "route") <= {"chat", contract.UNKNOWN_ROUTE}
    assert values("llm_requests_total", "status") == {"success", "failure"}
