"""Clients that send nonsense or too much: a clear 4xx or a closed connection, and the daemon lives on."""

import gzip
import json

import pytest

from harness import chat, contract
from harness.configuration import configuration, provider
from harness.raw_client import RawClient, Response, fetch, request
from harness.upstream import Upstream
from harness.waiting import scraped_until

MEBIBYTE = 1024 * 1024
CHUNKED = {"Transfer-Encoding": "chunked", "Content-Length": ""}
BODY_MAX = 8 * MEBIBYTE
CHAT = "/v1/chat/completions"
GOOD = json.dumps({"model": "chat", "messages": [{"role": "user", "content": contract.PROMPT}]}).encode()
SECOND = {"header_timeout": "1s", "body_timeout": "1s", "idle_timeout": "2s"}


@pytest.fixture(scope="module")
def upstream():
    with Upstream() as upstream:
        yield upstream


@pytest.fixture(scope="module")
def shared_daemon(start_shared_daemon, upstream):
    return start_shared_daemon(configuration(
        provider("alpha", upstream), server=SECOND | {"body_max": "8MiB", "header_max": "32KiB"}))


@pytest.fixture
def daemon(shared_daemon):
    """After each test the daemon must be alive and answer a normal request."""
    yield shared_daemon
    response = fetch(shared_daemon.url + CHAT, "POST", GOOD)
    assert response.status == 200, response.body
    assert response.json["choices"][0]["message"]["content"] == chat.GREETING
    assert shared_daemon.is_alive


@pytest.fixture
def raw(daemon):
    with RawClient(daemon.addresses("server")[0]) as client:
        yield client


def assert_refused(response: Response | None, *statuses: int) -> None:
    """A closed connection will do; an answer must be one of these statuses and an OpenAI error object."""
    if response is not None:
        assert response.status in statuses, response
        if response.headers.get("content-type", "").startswith("application/json"):
            assert response.error


def nested(depth: int, opening: str = "[", closing: str = "]") -> bytes:
    return f'{{"model":"chat","messages":{opening * depth}1{closing * depth}}}'.encode()


NOT_A_REQUEST = {
    "empty": b"",
    "spaces": b"  \n ",
    "a word": b"hello",
    "torn": b'{"model":"chat","mess',
    "an array": b'[{"model":"chat"}]',
    "a string": b'"chat"',
    "two values": GOOD + GOOD,
    "trailing comma": b'{"model":"chat","messages":[],}',
    "single quotes": b"{'model':'chat','messages':[]}",
    "a bare control character": b'{"model":"chat","messages":[],"x":"\x01"}',
    "not a number": b'{"model":"chat","messages":[],"x":NaN}',
    "leading zeros": b'{"model":"chat","messages":[],"x":007}',
    "invalid UTF-8": b'{"model":"chat","messages":[{"role":"user","content":"\xff\xfe"}]}',
    "overlong UTF-8": b'{"model":"chat","messages":[{"role":"user","content":"\xc0\xaf"}]}',
    "UTF-16": GOOD.decode().encode("utf-16"),
    "a bad escape": b'{"model":"chat","messages":[],"x":"\\q"}',
    "10,000 deep arrays": nested(10_000),
    "1,000,000 deep arrays": nested(1_000_000),
    "100,000 deep objects": nested(100_000, '{"a":', "}"),
    "no model": b'{"messages":[]}',
    "model is a number": b'{"model":5,"messages":[]}',
    "model is null": b'{"model":null,"messages":[]}',
    "model is an object": b'{"model":{"name":"chat"},"messages":[]}',
}


@pytest.mark.parametrize("body", NOT_A_REQUEST.values(), ids=NOT_A_REQUEST.keys())
def test_what_is_not_a_chat_request_is_a_400(daemon, body: bytes):
    before = daemon.metrics().value("llm_client_requests_total", outcome="invalid")
    response = fetch(daemon.url + CHAT, "POST", body)
    assert response.status == 400
    assert response.error["type"] == "invalid_request_error"
    assert contract.REQUEST_ID_HEADER in response.headers
    assert contract.PROMPT.encode() not in response.body
    scraped_until(daemon.metrics, lambda metrics: metrics.value(
        "llm_client_requests_total", outcome="invalid") == before + 1, "one more invalid request")


def test_an_unknown_model_is_a_404(daemon):
    response = fetch(daemon.url + CHAT, "POST", GOOD.replace(b'"chat"', b'"no-such-model"'))
    assert response.status == 404 and response.error["code"] == "model_not_found"


@pytest.mark.parametrize("path", [
    "/", "/v1", "/v1/chat", "/v1/chat/completions/more", "/metrics", "/../etc/passwd",
])
def test_an_unknown_path_is_a_404(daemon, path: str):
    response = fetch(daemon.url + path)
    assert response.status == 404 and response.error


@pytest.mark.parametrize(("method", "path", "allowed"), [
    ("GET", CHAT, "POST"), ("PUT", CHAT, "POST"), ("DELETE", CHAT, "POST"), ("PATCH", CHAT, "POST"),
    ("POST", "/v1/models", "GET"), ("DELETE", "/v1/models", "GET"),
])
def test_a_wrong_method_is_a_405_that_names_the_right_one(daemon, method: str, path: str, allowed: str):
    response = fetch(daemon.url + path, method, GOOD if method in ("POST", "PUT", "PATCH") else b"")
    assert response.status == 405
    assert allowed in [each.strip() for each in response.headers["allow"].split(",")]
    assert response.error


@pytest.mark.parametrize("first", [
    b"BREW /pot HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP/9.9\r\nHost: x\r\n\r\n", b"\r\n\r\n\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(500), b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    b"GET /v1/models HTTP/1.1\r\n\r\n", b"GET  /v1/models  HTTP/1.1\r\nHost: x\r\n\r\n", bytes(4096),
    b"GET /v1/models HTTP/1.1\r\nHost: x\r\nBad Header Name: y\r\nno colon at all\r\n\r\n",
], ids=[
    "unknown method", "unknown version", "empty lines", "a TLS hello", "HTTP/2", "no host", "wide spaces",
    "zeros", "bad header lines",
])
def test_what_is_hardly_http_gets_an_answer_or_a_closed_connection(raw, first: bytes):
    raw.send(first)
    response = raw.response(timeout=5)
    assert response is None or response.status in (200, 400, 404, 405, 426, 500, 501, 505), response


@pytest.mark.parametrize("chunked", [False, True], ids=["with its length", "in chunks"])
def test_a_100_mb_body_is_refused_and_memory_stays_bounded(daemon, raw, chunked: bool):
    base = daemon.forget_peak_memory()
    total = 100 * MEBIBYTE
    raw.send(request("POST", CHAT, headers=CHUNKED if chunked else {"Content-Length": str(total)}))
    piece = b"x" * MEBIBYTE
    for _ in range(100):
        if not raw.send(b"%x\r\n%s\r\n" % (MEBIBYTE, piece) if chunked else piece):
            break
    assert_refused(raw.response(), 413)
    assert daemon.peak_memory() - base < 3 * BODY_MAX


def test_a_body_just_below_the_limit_is_accepted(daemon):
    filler = b"x" * (BODY_MAX - len(GOOD) - 100)
    assert fetch(daemon.url + CHAT, "POST", GOOD[:-1] + b',"user":"' + filler + b'"}').status == 200


TOO_MUCH_HEAD = {
    "a 1 MB header": request("GET", "/v1/models", headers={"X-Large": "x" * 1_000_000}),
    "10,000 headers": request(
        "GET", "/v1/models", headers={f"X-{number}": "x" * 90 for number in range(10_000)}),
    "a 1 MB path": request("GET", "/v1/" + "x" * 1_000_000),
    "a 1 MB method": b"X" * 1_000_000 + b" / HTTP/1.1\r\n\r\n",
}


@pytest.mark.parametrize("head", TOO_MUCH_HEAD.values(), ids=TOO_MUCH_HEAD.keys())
def test_too_much_head_is_refused(daemon, raw, head: bytes):
    base = daemon.forget_peak_memory()
    raw.send(head)
    assert_refused(raw.response(), 400, 404, 405, 413, 414, 431, 501)
    assert daemon.peak_memory() - base < 16 * MEBIBYTE


WRONG_SIZES = {
    "letters": b"zz\r\n{}\r\n0\r\n\r\n",
    "negative": b"-5\r\n{}\r\n0\r\n\r\n",
    "more than 64 bits": b"fffffffffffffffff\r\n{}\r\n0\r\n\r\n",
    "almost 64 bits": b"7fffffffffffffff\r\n{}",
    "too small": b"1\r\n" + GOOD + b"\r\n0\r\n\r\n",
    "empty": b"\r\n{}\r\n0\r\n\r\n",
}


@pytest.mark.parametrize("body", WRONG_SIZES.values(), ids=WRONG_SIZES.keys())
def test_a_chunked_body_with_wrong_sizes_is_refused(raw, body: bytes):
    raw.send(request("POST", CHAT, headers=CHUNKED) + body)
    assert_refused(raw.response(timeout=5), 400, 408, 413)


@pytest.mark.parametrize("length", ["-1", "abc", "99999999999999999999999", "5, 6", "0x10"])
def test_a_nonsensical_content_length_is_refused(raw, length: str):
    raw.send(request("POST", CHAT, headers={"Content-Length": length}) + GOOD)
    assert_refused(raw.response(timeout=5), 400, 413)


def test_two_content_lengths_smuggle_nothing(raw, upstream):
    asked = upstream.request_count
    head = f"POST {CHAT} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nContent-Length: {len(GOOD)}\r\n\r\n"
    raw.send(head.encode() + GOOD)
    assert_refused(raw.response(timeout=5), 400)
    assert upstream.request_count == asked


def test_a_gzip_body_is_accepted(daemon):
    response = fetch(daemon.url + CHAT, "POST", gzip.compress(GOOD), {"Content-Encoding": "gzip"})
    assert response.status == 200


def test_a_gzip_bomb_is_refused_and_memory_stays_bounded(daemon):
    bomb = gzip.compress(b'{"model":"chat","x":"' + b"0" * (256 * MEBIBYTE) + b'"}')
    base = daemon.forget_peak_memory()
    response = fetch(daemon.url + CHAT, "POST", bomb, {"Content-Encoding": "gzip"})
    assert response.status == 413 and response.error
    assert daemon.peak_memory() - base < 3 * BODY_MAX


@pytest.mark.parametrize(("body", "encoding", "statuses"), [
    (b"\x1f\x8b\x08\x00 but not really", "gzip", (400,)), (gzip.compress(GOOD)[:-9], "gzip", (400,)),
    (GOOD, "x-nonsense", (415, 400)),
], ids=["garbage", "torn", "unknown encoding"])
def test_a_wrongly_encoded_body_is_refused(daemon, body: bytes, encoding: str, statuses: tuple[int, ...]):
    response = fetch(daemon.url + CHAT, "POST", body, {"Content-Encoding": encoding})
    assert response.status in statuses and response.error
