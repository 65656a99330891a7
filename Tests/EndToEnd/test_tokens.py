"""A vendor whose calls carry short-lived tokens: one is fetched for all, and replaced in time."""

from concurrent.futures import ThreadPoolExecutor
import re
import time

import openai
import pytest

from harness import chat
from harness.configuration import configuration, provider
from harness.gigachat import SCOPES, GigaChat

MESSAGES = [{"role": "user", "content": "Grüße"}]
UUID = re.compile("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


@pytest.fixture
def serve(alpha, start_daemon):
    """A daemon in front of a GigaChat."""
    def start(vendor: GigaChat, **more):
        alpha.play(vendor)
        origin = alpha.base_url.removesuffix("/v1")
        return start_daemon(configuration(provider(
            "giga", origin + "/api/v1", kind="gigachat", auth_url=origin + "/api/v2/oauth", **more)))
    return start


def ask(client) -> str:
    return client.chat.completions.create(model="chat", messages=MESSAGES).choices[0].message.content


def assert_told_nothing(daemon) -> None:
    assert "token-of-gigachat" not in daemon.transcript()


def test_many_requests_at_once_share_one_token(serve, connect):
    vendor = GigaChat()
    daemon = serve(vendor, scope="PERS")
    client = connect(daemon)
    with ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: ask(client), range(48)))
    assert answers == [chat.GREETING] * 48
    assert vendor.asked == [SCOPES[0]]
    assert UUID.fullmatch(vendor.request_ids[0])
    assert vendor.chats == [(1, True)] * 48
    assert daemon.metrics().value("signalbox_token_requests_total", provider="giga", result="success") == 1
    assert_told_nothing(daemon)


def test_a_token_is_replaced_before_its_end(serve, connect):
    vendor = GigaChat(lifetime=4)
    vendor.delay = 0
    client = connect(serve(vendor))
    began = time.monotonic()
    while len(vendor.asked) < 3 and time.monotonic() - began < 30:
        assert ask(client) == chat.GREETING
    # Never one that had ended; and a new one only in the last quarter of the old one's time.
    assert all(valid for _, valid in vendor.chats)
    assert len(vendor.asked) == 3
    assert all(later - earlier > 2.5 for earlier, later in zip(vendor.asked_at, vendor.asked_at[1:]))


def test_a_token_that_is_refused_is_replaced_within_the_request(serve, connect):
    vendor = GigaChat()
    daemon = serve(vendor)
    client = connect(daemon)
    assert ask(client) == chat.GREETING
    vendor.revoke()
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda _: ask(client), range(16))) == [chat.GREETING] * 16
    assert len(vendor.asked) == 2
    # The caller's attempt counts once, though it was sent twice.
    assert daemon.metrics().value("llm_request_errors_total", error_type="key_rejected") == 0
    assert_told_nothing(daemon)


def test_the_scope_is_found_once_and_remembered(serve, connect):
    vendor = GigaChat(scope=SCOPES[2])
    client = connect(serve(vendor))
    assert ask(client) == chat.GREETING
    assert vendor.asked == list(SCOPES)
    vendor.revoke()
    assert ask(client) == chat.GREETING
    assert vendor.asked == [*SCOPES, SCOPES[2]]


def test_a_key_that_is_refused_causes_no_storm(serve, connect):
    vendor = GigaChat(refuses=True)
    client = connect(serve(vendor))
    began = time.monotonic()
    for _ in range(30):
        with pytest.raises(openai.APIStatusError):
            ask(client)
    # One at first, and one after each pause: of a second, of two, of four.
    assert set(vendor.asked) == {SCOPES[0]}
    assert len(vendor.asked) <= 1 + (time.monotonic() - began) // 1
    assert vendor.chats == []
