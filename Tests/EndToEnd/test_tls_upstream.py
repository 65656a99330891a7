"""Providers over TLS: verified by default or by an authority of one's own, and HTTP/2 where offered."""

import asyncio

import openai
import pytest

from harness import behaviours, chat, contract
from harness.certificates import make_authority
from harness.configuration import configuration, provider
from harness.http2_upstream import Http2Upstream

MESSAGES = [{"role": "user", "content": contract.PROMPT}]


def ask(client: openai.OpenAI, **more):
    return client.chat.completions.create(model="chat", messages=MESSAGES, **more)


def streamed(client: openai.OpenAI) -> str:
    chunks = ask(client, stream=True)
    return "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)


@pytest.fixture
def secure(start_upstream, authority):
    return start_upstream(tls=authority.context())


def test_an_authority_of_ones_own_is_trusted_where_configured(start_daemon, connect, secure, authority):
    daemon = start_daemon(configuration(provider("alpha", secure, ca_file=str(authority.ca_file))))
    client = connect(daemon)
    assert ask(client).choices[0].message.content == chat.GREETING
    secure.play(behaviours.stream(5))
    assert streamed(client) == behaviours.streamed_text(5)


def assert_refused_for_its_certificate(daemon, client: openai.OpenAI) -> None:
    with pytest.raises(openai.InternalServerError) as caught:
        ask(client, extra_headers={contract.REQUEST_ID_HEADER: "distrusted"})
    assert caught.value.status_code in contract.EXHAUSTED_STATUSES
    text = caught.value.response.text.lower()
    assert "tls" in text and "certificate" in text, text
    attempts = daemon.request_log("distrusted")["attempts"]
    assert {attempt["error_type"] for attempt in attempts} == {"unreachable"}


def test_an_unknown_authority_is_not_trusted(start_daemon, connect, secure):
    daemon = start_daemon(configuration(provider("alpha", secure)))
    assert_refused_for_its_certificate(daemon, connect(daemon))
    assert secure.request_count == 0


@pytest.mark.parametrize(
    "flaw", [{"host": "127.0.0.2"}, {"expired": True}], ids=["another host's", "expired"])
def test_a_flawed_certificate_is_not_trusted(
    start_daemon, connect, start_upstream, tmp_path, flaw
):
    flawed = make_authority(tmp_path / "flawed", **flaw)
    upstream = start_upstream(tls=flawed.context())
    daemon = start_daemon(configuration(provider("alpha", upstream, ca_file=str(flawed.ca_file))))
    assert_refused_for_its_certificate(daemon, connect(daemon))
    assert upstream.request_count == 0


def test_distrust_falls_back(start_daemon, connect, secure, beta):
    daemon = start_daemon(configuration(provider("alpha", secure), provider("beta", beta)))
    assert ask(connect(daemon)).choices[0].message.content == chat.GREETING
    assert (secure.request_count, beta.request_count) == (0, 1)


def test_plain_http_on_a_tls_port_and_the_reverse_fall_back(start_daemon, connect, secure, alpha, beta):
    daemon = start_daemon(configuration(
        provider("plain", secure.base_url.replace("https:", "http:")),
        provider("secure", alpha.base_url.replace("http:", "https:")), provider("beta", beta)))
    assert ask(connect(daemon)).choices[0].message.content == chat.GREETING
    assert beta.request_count == 1


def test_http_2_is_spoken_where_offered(start_daemon, connect, authority):
    with Http2Upstream(authority.context(("h2", "http/1.1"))) as upstream:
        daemon = start_daemon(configuration(provider("alpha", upstream, ca_file=str(authority.ca_file))))
        client = connect(daemon)
        assert ask(client).choices[0].message.content == chat.GREETING
        assert streamed(client) == behaviours.streamed_text(5)
        assert set(upstream.protocols) == {"h2"}


def test_http_2_carries_many_requests_on_few_connections(start_daemon, authority):
    async def all_of_them(base_url: str) -> list[str]:
        async with openai.AsyncOpenAI(base_url=base_url, api_key="any", max_retries=0, timeout=20) as client:
            answers = await asyncio.gather(*(ask(client) for _ in range(50)))
            return [answer.choices[0].message.content for answer in answers]

    with Http2Upstream(authority.context(("h2", "http/1.1"))) as upstream:
        daemon = start_daemon(configuration(provider("alpha", upstream, ca_file=str(authority.ca_file))))
        assert asyncio.run(all_of_them(daemon.base_url)) == [chat.GREETING] * 50
        assert len(upstream.bodies) == 50
        assert len(upstream.protocols) < 50, "not a connection for each request"
