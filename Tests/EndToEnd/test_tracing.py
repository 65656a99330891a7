"""A caller's trace goes through: into the log, and on to every provider that is asked."""

import json
import re
import uuid
from pathlib import Path

import pytest

from harness import behaviours, chat
from harness.configuration import configuration, mock, provider
from harness.raw_client import RawClient, fetch

TRACE_ID = "0af7651916cd43dd8448eb211c80319c"
SPAN_ID = "b7ad6b7169203331"
PARENT = f"00-{TRACE_ID}-{SPAN_ID}-01"
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-(0[01])")


def ask(daemon, headers=None, *, content="hello", stream=False):
    """Returns the request's last log line."""
    request_id = f"trace-{uuid.uuid4()}"
    body = json.dumps({
        "model": "chat", "messages": [{"role": "user", "content": content}], "stream": stream,
    }).encode()
    response = fetch(
        daemon.base_url + "/chat/completions", "POST", body, {"x-request-id": request_id} | (headers or {}))
    assert response.status == 200, response
    return daemon.request_log(request_id)


def sent_to(upstream, number=1):
    return upstream.wait_for_exchange(number).request


@pytest.mark.parametrize("stream", [False, True])
def test_a_callers_trace_is_logged_and_passed_on(start_daemon, alpha, stream):
    if stream:
        alpha.play(behaviours.stream())
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    line = ask(daemon, {"traceparent": PARENT, "tracestate": "vendor=opaque, other@v=1"}, stream=stream)
    request = sent_to(alpha)

    trace, span, flags = TRACEPARENT.fullmatch(request.header("traceparent")).groups()
    assert line["trace_id"] == trace == TRACE_ID
    assert len({line["span_id"], span, SPAN_ID}) == 3, "the caller's, the request's and the attempt's"
    assert flags == "01"
    assert request.header("tracestate") == "vendor=opaque,other@v=1"


def test_each_attempt_has_a_span_of_its_own(start_daemon, alpha, beta):
    alpha.play(behaviours.status(500))
    daemon = start_daemon(configuration(provider("alpha", alpha), provider("beta", beta)))
    line = ask(daemon, {"traceparent": PARENT.removesuffix("01") + "00"})

    parents = [TRACEPARENT.fullmatch(each.request.header("traceparent")).groups()
               for each in alpha.exchanges + beta.exchanges]
    assert len(parents) == len(line["attempts"]) >= 2
    assert {(trace, flags) for trace, _, flags in parents} == {(TRACE_ID, "00")}
    assert len({span for _, span, _ in parents}) == len(parents)
    fallback = daemon.wait_for_log(lambda each: each["message"] == "llm_fallback")
    assert (fallback["trace_id"], fallback["span_id"]) == (line["trace_id"], line["span_id"])


def test_the_example_of_the_document_works_as_it_says(start_daemon, alpha):
    document = (Path(__file__).resolve().parents[2] / "docs/tracing.md").read_text()
    command = document.split("```sh\n")[1].split("```")[0]
    headers = dict(each.split(": ", 1) for each in re.findall(r"-H '([^']+)'", command))
    body = re.search(r"-d '([^']+)'", command).group(1).encode()
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    assert fetch(daemon.base_url + "/chat/completions", "POST", body, headers).status == 200

    line = daemon.wait_for_log(lambda each: "attempts" in each)
    assert f'"trace_id":"{line["trace_id"]}"' in document
    assert line["trace_id"] in sent_to(alpha).header("traceparent")
    assert sent_to(alpha).header("tracestate") == headers["tracestate"]


@pytest.mark.parametrize("header", [
    "", "00-" + "0" * 32 + f"-{SPAN_ID}-01", f"00-{TRACE_ID.upper()}-{SPAN_ID}-01", PARENT + "-more",
    "x" * 5000,
])
def test_without_a_usable_parent_a_trace_begins_here(start_daemon, alpha, header):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    first = ask(daemon, {"traceparent": header, "tracestate": "vendor=opaque"})
    second = ask(daemon)

    assert re.fullmatch("[0-9a-f]{32}", first["trace_id"]) and re.fullmatch("[0-9a-f]{16}", first["span_id"])
    assert first["trace_id"] != TRACE_ID and first["trace_id"] != second["trace_id"]
    assert sent_to(alpha).header("traceparent") is None, "nobody asked for it"
    assert sent_to(alpha).header("tracestate") is None


@pytest.mark.parametrize(("propagate", "header", "is_sent"), [
    ("always", "", True), ("always", PARENT, True), ("never", PARENT, False), ("auto", "", False),
])
def test_the_configuration_says_when_providers_are_told(start_daemon, alpha, propagate, header, is_sent):
    daemon = start_daemon(configuration(provider("alpha", alpha), tracing={"propagate": propagate}))
    line = ask(daemon, {"traceparent": header, "tracestate": "vendor=opaque"} if header else {})

    parent = sent_to(alpha).header("traceparent")
    assert (parent is not None) == is_sent
    if is_sent:
        assert line["trace_id"] in parent
    if not is_sent:
        assert sent_to(alpha).header("tracestate") is None


def test_what_is_turned_away_has_a_trace_too(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha), tenants=("acme",)))
    fetch(daemon.base_url + "/chat/completions", "POST", b"{}", {"traceparent": PARENT})
    line = daemon.wait_for_log(lambda each: each["message"] == "llm_request_failed")
    assert line["outcome"] == "rejected" and line["trace_id"] == TRACE_ID


ANSWER = "The signals were Bearer very.secret.token and sk-cut-in-two."


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("log_content", [None, False])
def test_prompts_and_answers_are_not_logged(start_daemon, alpha, stream, log_content):
    alpha.play(behaviours.stream() if stream else behaviours.reply())
    logging = {"level": "trace", "format": "json"}
    if log_content is not None:
        logging["log_content"] = log_content
    daemon = start_daemon(configuration(provider("alpha", alpha), logging=logging))
    line = ask(daemon, content="a prompt that nobody may read", stream=stream)

    assert "prompt" not in line and "answer" not in line
    written = json.dumps(daemon.lines)
    assert "nobody may read" not in written and chat.GREETING not in written


@pytest.mark.parametrize("stream", [False, True])
def test_log_content_logs_both_bounded_and_without_credentials(start_daemon, stream):
    talker = mock("talker", text=ANSWER * 400, chunks=3_000)
    logging = {"level": "info", "format": "json", "log_content": True}
    daemon = start_daemon(configuration(talker, logging=logging))
    prompt = "my key is sk-proj-verysecret0123. " + "what now? " * 5_000
    line = ask(daemon, content=prompt, stream=stream)

    assert line["prompt"].startswith("user: my key is sk-••• what now?")
    assert line["answer"].startswith("The signals were Bearer ••• and sk-•••")
    assert max(len(line["prompt"].encode()), len(line["answer"].encode())) <= 8 << 10
    written = json.dumps(daemon.lines)
    assert "verysecret" not in written and "very.secret" not in written and "cut-in-two" not in written


def test_genai_metrics_have_the_conventions_names_and_labels(start_daemon, alpha):
    alpha.play(behaviours.reply(), behaviours.stream(), behaviours.status(400, "nonsense"))
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    ask(daemon)
    ask(daemon, stream=True)
    body = json.dumps({"model": "chat", "messages": []}).encode()
    assert fetch(daemon.base_url + "/chat/completions", "POST", body).status == 400

    metrics = daemon.metrics()
    labels = {
        "gen_ai_operation_name": "chat", "gen_ai_provider_name": "alpha",
        "gen_ai_request_model": "alpha-model", "gen_ai_response_model": "alpha-model",
        "server_address": "127.0.0.1", "server_port": str(alpha.port),
    }
    duration = "gen_ai_client_operation_duration_seconds_count"
    assert metrics.value(duration, **labels, error_type="") == 2
    failed = labels | {"gen_ai_response_model": "", "error_type": "invalid_request"}
    assert metrics.value(duration, **failed) == 1
    usage = "gen_ai_client_token_usage_sum"
    assert metrics.value(usage, **labels, gen_ai_token_type="input") >= chat.USAGE["prompt_tokens"]
    assert metrics.value("gen_ai_client_operation_time_to_first_chunk_seconds_count", **labels) == 1
    assert metrics.value("gen_ai_client_operation_time_per_output_chunk_seconds_count", **labels) >= 1
    assert not any(name.startswith("gen_ai_client_inference") for name in metrics.names)


def test_a_model_that_a_provider_invents_makes_no_series(start_daemon, alpha):
    alpha.play(*[behaviours.reply(model=f"invented-{number}") for number in range(20)])
    daemon = start_daemon(configuration(provider("alpha", alpha), metrics={"semconv": "latest"}))
    for _ in range(20):
        ask(daemon)
    metrics = daemon.metrics()
    seen = metrics.labels("gen_ai_client_inference_duration_seconds_count")
    assert {labels["gen_ai_response_model"] for labels in seen} == {"alpha-model", "other"}
    total = "gen_ai_client_inference_usage_input_tokens_total"
    assert metrics.value(total, gen_ai_token_modality="unknown") == 20 * chat.USAGE["prompt_tokens"]
    assert "gen_ai_client_operation_duration_seconds_count" not in metrics.names


def test_two_parents_count_as_none(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    body = json.dumps({"model": "chat", "messages": []}).encode()
    with RawClient(daemon.addresses("server")[0]) as client:
        client.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            + f"traceparent: {PARENT}\r\nTraceparent: {PARENT}\r\n".encode()
            + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert client.response().status == 200
    line = daemon.wait_for_log(lambda each: "attempts" in each)
    assert line["trace_id"] != TRACE_ID and sent_to(alpha).header("traceparent") is None


def test_several_states_are_one_list(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    body = json.dumps({"model": "chat", "messages": []}).encode()
    with RawClient(daemon.addresses("server")[0]) as client:
        client.send(
            b"POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            + f"tracestate: a=1\r\ntraceparent: {PARENT}\r\nTraceState: b=2,c=3\r\n".encode()
            + f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
        assert client.response().status == 200
    assert sent_to(alpha).header("tracestate") == "a=1,b=2,c=3"
