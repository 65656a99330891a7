"""Callers over TLS: answers, streams, large bodies, hang-ups, and an end that waits."""

import json
import ssl
import threading

import httpx2
import openai
import pytest

from harness import behaviours, chat, contract
from harness.configuration import configuration, provider
from harness.daemon import Daemon
from harness.raw_client import RawClient, request
from harness.waiting import scraped_until

MESSAGES = [{"role": "user", "content": contract.PROMPT}]
STREAMED = json.dumps({"model": "chat", "messages": MESSAGES, "stream": True}).encode()


@pytest.fixture
def start_secure(start_daemon, authority, alpha):
    tls = {"certificate": str(authority.certificate_file), "key": str(authority.key_file)}

    def start(**server) -> Daemon:
        return start_daemon(configuration(provider("alpha", alpha), server={"tls": tls} | server))

    return start


@pytest.fixture
def ask(authority):
    """The official client, which trusts the test's authority alone."""
    clients = []

    def make(daemon: Daemon) -> openai.OpenAI:
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        clients.append(openai.OpenAI(
            base_url=daemon.base_url.replace("http:", "https:"), api_key="any", max_retries=0, timeout=20,
            http_client=httpx2.Client(verify=context)))
        return clients[-1]

    yield make
    for client in clients:
        client.close()


class SecureClient(RawClient):
    """A raw client inside TLS."""

    def __init__(self, address: str, authority):
        super().__init__(address)
        context = ssl.create_default_context(cafile=str(authority.ca_file))
        self._input.close()
        self.socket = context.wrap_socket(self.socket, server_hostname="127.0.0.1")
        self._input = self.socket.makefile("rb")


def test_answers_and_streams_come_whole_over_tls(start_secure, ask, alpha):
    client = ask(start_secure())
    for _ in range(3):
        answer = client.chat.completions.create(model="chat", messages=MESSAGES)
        assert answer.choices[0].message.content == chat.GREETING
    alpha.play(behaviours.stream(500))
    chunks = client.chat.completions.create(model="chat", messages=MESSAGES, stream=True)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == behaviours.streamed_text(500)


def test_large_bodies_come_whole_over_tls(start_secure, authority, alpha):
    body = json.dumps({"model": "chat", "messages": MESSAGES, "padding": "x" * 3_000_000}).encode()
    with SecureClient(start_secure().addresses("server")[0], authority) as client:
        for number in range(2):
            client.send(request("POST", "/v1/chat/completions", body))
            assert client.response().status == 200
            assert len(alpha.wait_for_exchange(number + 1).request.body) > 3_000_000


def test_pipelined_requests_are_answered_in_turn_over_tls(start_secure, authority):
    with SecureClient(start_secure().addresses("server")[0], authority) as client:
        # In one record: what libmicrohttpd has decrypted and not yet read must not wait for the socket.
        client.send(request("GET", "/healthz") * 50)
        assert [client.response().status for _ in range(50)] == [200] * 50


def test_a_client_that_leaves_over_tls_frees_its_provider(start_secure, authority, alpha):
    alpha.play(behaviours.stream(3, gates={1: alpha.gate()}))
    daemon = start_secure()
    with SecureClient(daemon.addresses("server")[0], authority) as client:
        client.send(request("POST", "/v1/chat/completions", STREAMED))
        assert client.head().status == 200
    alpha.wait_for_exchange(1).wait_until_peer_left(within=2)
    scraped_until(daemon.metrics, lambda metrics: metrics.value(
        "llm_client_requests_total", outcome="cancelled") == 1, "a cancelled request")


def test_the_end_waits_for_a_stream_over_tls(start_secure, authority, alpha):
    gate = alpha.gate()
    alpha.play(behaviours.stream(3, gates={1: gate}))
    daemon = start_secure(drain_timeout="15s")
    with SecureClient(daemon.addresses("server")[0], authority) as client:
        client.send(request("POST", "/v1/chat/completions", STREAMED))
        assert client.head().status == 200
        received = b""
        while b"word0" not in received:
            received += client.chunk()
        daemon.terminate()
        gate.open()
        assert b"".join(client.chunks()).rstrip().endswith(b"data: [DONE]")
    daemon.stop()


def test_many_callers_over_tls_at_once(start_secure, ask, alpha):
    client = ask(start_secure())
    texts: list[str] = []

    def call() -> None:
        for _ in range(10):
            answer = client.chat.completions.create(model="chat", messages=MESSAGES)
            texts.append(answer.choices[0].message.content)

    callers = [threading.Thread(target=call) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert texts == [chat.GREETING] * 80
