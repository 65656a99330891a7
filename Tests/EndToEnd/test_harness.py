"""The harness itself: the official client straight against the misbehaving upstream, no daemon between."""

import ssl

import httpx2
import openai
import pytest

from harness import behaviours, chat
from harness.http2_upstream import Http2Upstream
from harness.metrics import Metrics
from harness.raw_client import RawClient, fetch, request
from harness.upstream import Upstream

MESSAGES = [{"role": "user", "content": "hello"}]


@pytest.fixture
def client(alpha: Upstream):
    with openai.OpenAI(base_url=alpha.base_url, api_key="any", max_retries=0, timeout=5) as client:
        yield client


def ask(client: openai.OpenAI, **more):
    return client.chat.completions.create(model="m", messages=MESSAGES, **more)


def text_of(stream) -> str:
    return "".join(chunk.choices[0].delta.content or "" for chunk in stream)


def test_the_upstream_answers_and_records_the_request(alpha: Upstream, client):
    assert ask(client).choices[0].message.content == chat.GREETING
    exchange = alpha.wait_for_exchange(1)
    assert exchange.request.path == "/v1/chat/completions"
    assert exchange.request.header("authorization") == "Bearer any"
    assert exchange.request.json["messages"] == MESSAGES
    exchange.wait_until_finished()


def test_behaviours_come_in_order_and_the_last_repeats(alpha: Upstream, client):
    alpha.play(behaviours.status(500), behaviours.reply("one"), behaviours.gzip_reply("two"))
    with pytest.raises(openai.InternalServerError):
        ask(client)
    assert [ask(client).choices[0].message.content for _ in range(3)] == ["one", "two", "two"]


def test_a_gate_holds_a_stream_until_the_test_opens_it(alpha: Upstream, client):
    gate = alpha.gate()
    alpha.play(behaviours.stream(3, gates={1: gate}))
    stream = ask(client, stream=True)
    contents = (chunk.choices[0].delta.content for chunk in stream)
    assert next(filter(None, contents)) == "word0 "
    gate.open()
    assert "".join(filter(None, contents)) == "word1 word2 "


def test_a_hang_up_by_the_peer_is_seen_with_its_time(alpha: Upstream, client):
    alpha.play(behaviours.stream(3, gates={1: alpha.gate()}))
    stream = ask(client, stream=True)
    next(iter(stream))
    exchange = alpha.wait_for_exchange(1)
    assert exchange.connection.peer_left_at is None
    stream.close()
    assert exchange.wait_until_peer_left(within=1) > exchange.request.arrived_at


@pytest.mark.parametrize("behaviour", [
    behaviours.reset(), behaviours.hang_up(), behaviours.cut_reply(), behaviours.cut_reply(chunked=True),
    behaviours.cut_reply(by_reset=True), behaviours.raw(b"NONSENSE\r\n\r\n"),
], ids=["reset", "hang-up", "cut", "cut chunks", "cut by reset", "nonsense"])
def test_a_broken_connection_reaches_the_client_as_one(alpha: Upstream, client, behaviour):
    alpha.play(behaviour)
    with pytest.raises(openai.APIConnectionError):
        ask(client)


@pytest.mark.parametrize("behaviour", [
    behaviours.silence(), behaviours.headers_then_silence(), behaviours.slow_drip(),
], ids=["silence", "headers, then silence", "slow drip"])
def test_silence_lasts_longer_than_the_client(alpha: Upstream, client, behaviour):
    alpha.play(behaviour)
    with RawClient(alpha.base_url.split("/")[2]) as raw:
        raw.send(request("POST", "/v1/chat/completions", b"{}"))
        assert not raw.closes(0.3)
    alpha.wait_for_exchange(1).wait_until_peer_left(within=1)


def test_a_stream_cut_after_its_first_delta_is_no_clean_end(alpha: Upstream, client):
    alpha.play(behaviours.cut_stream(1))
    with pytest.raises((openai.APIError, httpx2.RemoteProtocolError)):
        text_of(ask(client, stream=True))


def test_an_error_event_raises(alpha: Upstream, client):
    alpha.play(behaviours.error_event(1))
    with pytest.raises(openai.APIError):
        text_of(ask(client, stream=True))


def test_an_endless_body_counts_what_the_peer_took(alpha: Upstream):
    alpha.play(behaviours.endless_body())
    with RawClient(alpha.base_url.split("/")[2]) as raw:
        raw.send(request("POST", "/v1/chat/completions", b"{}"))
        assert raw.head().status == 200
        exchange = alpha.wait_for_exchange(1)
        exchange.wait_until_bytes_stand_still(0.2)
        standing = exchange.bytes_taken
        assert 0 < standing < 16 * 1024 * 1024
        for _ in range(300):
            raw.chunk()
    exchange.wait_until_peer_left(within=1)
    assert exchange.bytes_taken > standing


def test_a_gzip_bomb_is_small_on_the_wire_and_large_inside(alpha: Upstream, client):
    alpha.play(behaviours.gzip_bomb(8))
    assert len(ask(client).choices[0].message.content) == 8 * 1024 * 1024
    assert alpha.wait_for_exchange(1).bytes_taken < 100_000


def test_chunked_request_bodies_are_read(alpha: Upstream):
    head = request("POST", "/v1/chat/completions", headers={
        "Transfer-Encoding": "chunked", "Content-Length": "", "Expect": "100-continue"})
    with RawClient(alpha.base_url.split("/")[2]) as raw:
        raw.send(head)
        assert raw.response().status == 100
        raw.send(b'5\r\n{"mod\r\n9\r\nel":"abc"\r\n1\r\n}\r\n0\r\n\r\n')
        assert raw.response().json["model"] == "abc"


def test_tls_needs_the_throw_away_authority(start_upstream, authority):
    upstream = start_upstream(tls=authority.context())
    trusting = ssl.create_default_context(cafile=authority.ca_file)
    with openai.DefaultHttpxClient(verify=trusting) as http:
        with openai.OpenAI(base_url=upstream.base_url, api_key="any", http_client=http) as client:
            assert ask(client).choices[0].message.content == chat.GREETING
    with openai.OpenAI(base_url=upstream.base_url, api_key="any", max_retries=0) as client:
        with pytest.raises(openai.APIConnectionError):
            ask(client)


def test_the_http_2_upstream_speaks_it(authority):
    trusting = ssl.create_default_context(cafile=authority.ca_file)
    with Http2Upstream(authority.context(("h2", "http/1.1"))) as upstream:
        with httpx2.Client(http2=True, verify=trusting) as http:
            for _ in range(3):
                answer = http.post(upstream.base_url + "/chat/completions", content=b'{"stream":true}')
                assert answer.http_version == "HTTP/2"
                assert answer.content.endswith(chat.DONE_EVENT)
    assert upstream.protocols == ["h2"] and len(upstream.bodies) == 3


def test_models_are_listed_without_using_up_a_behaviour(alpha: Upstream, client):
    alpha.play(behaviours.status(500), behaviours.reply())
    assert fetch(alpha.base_url + "/models").json["object"] == "list"
    assert alpha.request_count == 0
    with pytest.raises(openai.InternalServerError):
        ask(client)


def test_metrics_sum_over_the_labels_that_are_not_asked_for():
    before = Metrics('a_total{x="1",y="1"} 1\na_total{x="1",y="2"} 2\n')
    after = Metrics('a_total{x="1",y="1"} 1\na_total{x="1",y="2"} 5\n')
    assert after.value("a_total", x="1") == 6
    assert after.moved(before, "a_total") == {("1", "2"): 3.0}
