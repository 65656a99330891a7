"""Providers that answer too much, or in no known language: bounded memory, and an error that says so."""

import json

import pytest

from harness import behaviours, chat, contract
from harness.configuration import configuration, key_value, provider
from harness.raw_client import fetch
from harness.waiting import scraped_until

MEBIBYTE = 1024 * 1024
REPLY_MAX = 4 * MEBIBYTE
# What may be on its way in sockets and buffers beyond the limit.
SLACK = 12 * MEBIBYTE
CHAT = "/v1/chat/completions"
MESSAGES = [{"role": "user", "content": contract.PROMPT}]
GOOD = json.dumps({"model": "chat", "messages": MESSAGES}).encode()
STREAMED = json.dumps({"model": "chat", "messages": MESSAGES, "stream": True}).encode()
TIMEOUTS = {"first_token": "1s", "idle": "1s", "total": "3s"}


@pytest.fixture
def daemon(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha, reply_max="4MiB", timeouts=TIMEOUTS)))
    yield daemon
    alpha.play(behaviours.reply())
    response = fetch(daemon.url + CHAT, "POST", GOOD)
    assert response.status == 200 and response.json["choices"][0]["message"]["content"] == chat.GREETING


def ask(daemon, body: bytes = GOOD):
    return fetch(daemon.url + CHAT, "POST", body)


def assert_bad_gateway(response) -> None:
    assert response.status in contract.EXHAUSTED_STATUSES, response
    assert response.error and response.error["attempts"]


TOO_MUCH = {
    "10 GB with its length": behaviours.endless_body(10_000_000_000),
    "10 GB in chunks": behaviours.endless_body(),
    "endless headers": behaviours.raw(b"HTTP/1.1 200 OK\r\n", b"X-More: " + b"x" * 1000 + b"\r\n"),
    "one endless header": behaviours.raw(b"HTTP/1.1 200 OK\r\nX-Endless: ", b"x" * 4096),
    "an endless status line": behaviours.raw(b"HTTP/1.1 200 ", b"x" * 4096),
    "endless 100 Continue": behaviours.raw(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "endless chunk extension": behaviours.raw(
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;", b"x" * 4096),
}


@pytest.mark.parametrize("behaviour", TOO_MUCH.values(), ids=TOO_MUCH.keys())
def test_too_much_is_cut_off_and_memory_stays_bounded(daemon, alpha, behaviour):
    alpha.play(behaviour)
    base = daemon.forget_peak_memory()
    assert_bad_gateway(ask(daemon))
    assert daemon.peak_memory() - base < 3 * REPLY_MAX + SLACK
    alpha.wait_for_exchange(1).wait_until_peer_left(within=1)


@pytest.mark.parametrize("behaviour", [
    behaviours.endless_body(10_000_000_000), behaviours.endless_body(),
], ids=["with its length", "in chunks"])
def test_a_10_gb_body_is_hardly_begun(daemon, alpha, behaviour):
    alpha.play(behaviour)
    assert_bad_gateway(ask(daemon))
    for exchange in list(alpha.exchanges):
        exchange.wait_until_peer_left(within=1)
        assert exchange.bytes_taken < REPLY_MAX + SLACK


def test_a_gzip_bomb_is_not_unpacked(daemon, alpha):
    alpha.play(behaviours.gzip_bomb(512))
    base = daemon.forget_peak_memory()
    assert_bad_gateway(ask(daemon))
    assert daemon.peak_memory() - base < 3 * REPLY_MAX + SLACK


def test_an_event_without_end_is_cut_off(daemon, alpha):
    alpha.play(behaviours.endless_event())
    base = daemon.forget_peak_memory()
    assert_bad_gateway(ask(daemon, STREAMED))
    assert daemon.peak_memory() - base < 3 * REPLY_MAX + SLACK
    alpha.wait_for_exchange(1).wait_until_peer_left(within=1)


def test_a_gzip_reply_is_understood(daemon, alpha):
    alpha.play(behaviours.gzip_reply("Unpacked."))
    response = ask(daemon)
    assert response.status == 200
    assert response.json["choices"][0]["message"]["content"] == "Unpacked."


def head(*lines: str) -> bytes:
    return ("\r\n".join(["HTTP/1.1 200 OK", "Content-Type: application/json", *lines]) + "\r\n\r\n").encode()


NONSENSE = {
    "no HTTP": behaviours.raw(b"220 smtp.example.com ESMTP\r\n"),
    "binary": behaviours.raw(bytes(range(256)) * 4),
    "a status of letters": behaviours.raw(b"HTTP/1.1 OK 200\r\n\r\n"),
    "status 999": behaviours.raw(b"HTTP/1.1 999 Hm\r\nContent-Length: 2\r\n\r\n{}"),
    "status 204": behaviours.raw(b"HTTP/1.1 204 No Content\r\n\r\n"),
    "status 304": behaviours.raw(b"HTTP/1.1 304 Not Modified\r\n\r\n"),
    "a negative length": behaviours.raw(head("Content-Length: -5") + b"{}"),
    "a huge length": behaviours.raw(head("Content-Length: 99999999999999999999999") + b"{}"),
    "a chunk size of letters": behaviours.raw(head("Transfer-Encoding: chunked") + b"zz\r\n{}\r\n0\r\n\r\n"),
    "a huge chunk size": behaviours.raw(head("Transfer-Encoding: chunked") + b"fffffffffffffffff\r\n{}"),
    "an unknown encoding": behaviours.raw(head("Content-Encoding: x-lzma", "Content-Length: 2") + b"{}"),
    "deep nesting": behaviours.json_but_not_chat(b'{"choices":' + b"[" * 200_000),
    "invalid UTF-8": behaviours.json_but_not_chat(b'{"choices":[{"message":{"content":"\xff\xfe"}}]}'),
    "null": behaviours.json_but_not_chat(b"null"),
    "no choices": behaviours.json_but_not_chat(b'{"choices":[]}'),
    "an error with status 200": behaviours.json_but_not_chat(chat.error(500, "Broken within.")),
}


@pytest.mark.parametrize("body", [GOOD, STREAMED], ids=["plain", "stream"])
@pytest.mark.parametrize("behaviour", NONSENSE.values(), ids=NONSENSE.keys())
def test_nonsense_is_a_bad_gateway(daemon, alpha, behaviour, body: bytes):
    alpha.play(behaviour)
    assert_bad_gateway(ask(daemon, body))


@pytest.mark.parametrize("code", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(daemon, alpha, beta, code: int):
    """A provider must not be able to send the request, and the key in it, elsewhere."""
    redirect = [f"HTTP/1.1 {code} Go", f"Location: {beta.base_url}/chat/completions", "Content-Length: 0"]
    alpha.play(behaviours.raw("\r\n".join([*redirect, "", ""]).encode()))
    assert_bad_gateway(ask(daemon))
    assert beta.request_count == 0 and not beta.connections


def test_an_answer_within_an_answer_is_not_taken_for_the_next(daemon, alpha):
    stowaway = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
    body = chat.completion("alpha-model")
    answer = head(f"Content-Length: {len(body)}") + body
    alpha.play(behaviours.raw(answer + stowaway), behaviours.reply("Next."))
    assert ask(daemon).json["choices"][0]["message"]["content"] == chat.GREETING
    assert ask(daemon).json["choices"][0]["message"]["content"] == "Next."


def test_upstream_headers_do_not_reach_the_caller(daemon, alpha):
    alpha.play(behaviours.reply(headers={
        "Set-Cookie": "session=1", "Server": "secret-backend", "X-Signalbox-Provider": "forged",
        "Connection": "keep-alive, X-Hop", "X-Hop": "1",
    }))
    headers = ask(daemon).headers
    assert headers[contract.PROVIDER_HEADER] == "alpha"
    assert "set-cookie" not in headers and "x-hop" not in headers


def test_an_upstream_error_does_not_put_its_key_into_the_answer(start_daemon, alpha):
    """Some vendors repeat the key in their message; it must not reach the caller, the log or a metric."""
    alpha.play(behaviours.status(401, "invalid_api_key", message=f"Incorrect API key: {key_value('alpha')}"))
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    response = ask(daemon)
    assert response.status in contract.EXHAUSTED_STATUSES
    assert key_value("alpha").encode() not in response.body
    scraped_until(daemon.metrics, lambda metrics: metrics.value(
        "llm_request_errors_total", error_type="key_rejected") == 1, "one rejected key")


def test_an_event_on_several_lines_goes_out_on_one(daemon, alpha):
    async def behave(exchange) -> None:
        await exchange.send_head(200, behaviours.CHUNKED, behaviours.EVENT_STREAM)
        event = chat.delta_event(exchange.request.model, "word")
        event = event.replace(b'{"', b'{\ndata:  "').replace(b",", b",\rdata:")
        assert event.count(b"\n") > 3
        await exchange.send_chunk(event)
        await exchange.send_chunk(chat.finish_event(exchange.request.model))
        await exchange.send_chunk(chat.DONE_EVENT)
        await exchange.end_chunks()

    alpha.play(behave)
    response = ask(daemon, STREAMED)
    lines = [line for line in response.body.split(b"\n") if line]
    assert all(line.startswith(b"data: ") for line in lines), response.body
    assert lines[-1] == b"data: [DONE]"
    deltas = [json.loads(line[6:])["choices"][0]["delta"] for line in lines[:-1]]
    assert deltas[0] == {"content": "word"}


def test_a_colon_in_a_status_line_behind_an_interim_reply_is_no_header(daemon, alpha):
    async def behave(exchange) -> None:
        body = chat.completion(exchange.request.model)
        await exchange.send(b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n")
        await exchange.send(b"HTTP/1.1 200 Fine: really\r\ncontent-type: application/json\r\n"
                            + b"content-length: %d\r\n\r\n" % len(body) + body)

    alpha.play(behave)
    response = ask(daemon)
    assert response.status == 200 and response.json["choices"][0]["message"]["content"] == chat.GREETING
