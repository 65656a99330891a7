"""Usage records arrive at tenants' webhooks: verified by the official library, counted once, in order."""

import base64
import json
import re
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Callable, Iterator

import pytest

from harness import contract
from harness.configuration import configuration, environment, mock, token_value, write
from harness.daemon import Daemon
from harness.raw_client import fetch
from harness.webhooks import Attempt, WebhookReceiver

TENANT = "acme"
SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()
OTHER_SECRET = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
SECRETS = {"WEBHOOK_SECRET": SECRET, "WEBHOOK_OLD_SECRET": OTHER_SECRET}
# The standard's schedule in proportion: 200 ms, then no pause longer than a second.
RETRY = {"first": "200ms", "max": "1s"}


@pytest.fixture
def start_webhook() -> Iterator[Callable[..., WebhookReceiver]]:
    """Starts a receiver, which must have had no delivery that the official library refuses."""
    started: list[WebhookReceiver] = []
    with ExitStack() as stack:
        def start(*deeds: str, secret: str = SECRET) -> WebhookReceiver:
            started.append(stack.enter_context(WebhookReceiver(secret, *deeds)))
            return started[-1]
        yield start
    assert [complaint for each in started for complaint in each.complaints] == []


def settings_with(
    receiver: WebhookReceiver, allow: tuple[str, ...] = ("127.0.0.0/8",), **webhook: Any
) -> dict[str, Any]:
    settings = configuration(mock("mock"), tenants=(TENANT,), webhooks={"allow": list(allow)})
    settings["tenants"][0]["webhook"] = {
        "url": receiver.url, "batch": {"delay": "0s"}, "retry": RETRY, "timeout": "2s",
    } | ({} if "secrets" in webhook else {"secret": "env:WEBHOOK_SECRET"}) | webhook
    return settings


@pytest.fixture
def start(start_daemon) -> Callable[..., Daemon]:
    return lambda receiver, **settings: start_daemon(
        settings_with(receiver, **settings), more_environment=SECRETS)


def ask(daemon: Daemon, count: int = 1) -> None:
    body = {"model": "chat", "messages": [{"role": "user", "content": contract.PROMPT}]}
    for _ in range(count):
        answer = fetch(
            daemon.base_url + "/chat/completions", "POST", json.dumps(body).encode(),
            {"authorization": f"Bearer {token_value(TENANT)}"})
        assert answer.status == 200, answer.body


def logged(daemon: Daemon, message: str) -> dict[str, Any]:
    return daemon.wait_for_log(lambda line: line["message"] == message)


def sequences(attempts: list[Attempt]) -> list[int]:
    return [record["sequence"] for attempt in attempts for record in attempt.records]


def test_every_answer_becomes_a_record_in_order(start, start_webhook):
    receiver = start_webhook()
    ask(start(receiver), 20)
    records = receiver.wait_for_records(20)
    assert sequences(receiver.attempts) == list(range(1, 21))
    assert all(attempt.is_packed for attempt in receiver.attempts)
    assert {each["schema"] for each in records.values()} == {"signalbox.usage.v1"}
    assert {each["tenant_id"] for each in records.values()} == {TENANT}
    assert all(each["total_tokens"] > 0 and each["success"] for each in records.values())


@pytest.mark.parametrize("deed", ["error", "throttle", "reset", "late", "redirect"])
def test_what_was_not_acknowledged_comes_again_as_it_was(start, start_webhook, deed):
    receiver = start_webhook(deed, deed, "ok")
    ask(start(receiver))
    first, second, third = receiver.wait_for_attempts(3, timeout=30)
    assert first.id == second.id == third.id
    assert first.body == second.body == third.body
    assert len(receiver.wait_for_records(1)) == 1


def test_who_takes_no_gzip_gets_plain_deliveries(start, start_webhook):
    receiver = start_webhook("plain")
    daemon = start(receiver)
    ask(daemon)
    packed, plain = receiver.wait_for_attempts(2)
    assert packed.is_packed and not plain.is_packed
    assert packed.id == plain.id and packed.text == plain.text
    ask(daemon)
    assert not receiver.wait_for_attempts(3)[-1].is_packed


def test_who_is_gone_gets_nothing_more(start, start_webhook):
    receiver = start_webhook("gone")
    daemon = start(receiver)
    ask(daemon)
    logged(daemon, "webhook_endpoint_disabled")
    ask(daemon, 3)
    assert len(receiver.attempts) == 1
    pending = daemon.metrics().value("llm_usage_outbox_pending", endpoint=TENANT)
    assert pending == 4


def test_a_reload_with_another_address_enables(start, start_webhook):
    receiver, other = start_webhook("gone"), start_webhook()
    daemon = start(receiver)
    ask(daemon)
    logged(daemon, "webhook_endpoint_disabled")
    write(settings_with(other), daemon.directory)
    answer = fetch(daemon.admin_url + "/admin/reload", "POST", b"")
    assert answer.status == 200, answer.body
    assert sequences(other.wait_for_attempts(1)) == [1]
    assert other.attempts[0].id == receiver.attempts[0].id


def test_a_batch_that_is_too_large_comes_in_halves(start, start_webhook):
    receiver = start_webhook("large", "ok")
    daemon = start(receiver, batch={"delay": "60s", "records": 4})
    ask(daemon, 4)
    whole, first, second = receiver.wait_for_attempts(3)
    assert sequences([whole]) == sequences([first, second]) == [1, 2, 3, 4]
    assert len({whole.id, first.id, second.id}) == 3


@pytest.mark.parametrize("secret", [SECRET, OTHER_SECRET])
def test_while_secrets_are_rotated_both_verify(start, start_webhook, secret):
    receiver = start_webhook(secret=secret)
    daemon = start(receiver, secrets=["env:WEBHOOK_SECRET", "env:WEBHOOK_OLD_SECRET"])
    ask(daemon)
    receiver.wait_for_records(1)


@pytest.mark.parametrize("format", ["signalbox", "cloudevents", "openmeter", "lago"])
def test_every_format_carries_the_same_records(start, start_webhook, format):
    receiver = start_webhook()
    ask(start(receiver, format=format), 3)
    assert [each["sequence"] for each in receiver.wait_for_records(3).values()] == [1, 2, 3]


@pytest.mark.parametrize("name", ["127.1", "2130706433", "0x7f.0.0.1", "0177.1"])
def test_what_turns_out_to_lead_into_the_house_is_not_connected_to(start, start_webhook, name):
    receiver = start_webhook()
    url = receiver.url.replace("http://127.0.0.1", f"https://{name}")
    daemon = start(receiver, allow=(), url=url)
    ask(daemon)
    line = logged(daemon, "webhook_delivery")
    assert line["error"] == "the address 127.0.0.1 is loopback: add it to webhooks.allow"
    assert receiver.attempts == []


def test_records_outlive_the_process(start_webhook, tmp_path):
    receiver = start_webhook("error", "error", "ok")
    settings = settings_with(receiver)
    path = write(settings, tmp_path)

    def serve() -> Daemon:
        return Daemon(("serve", "--config", str(path)), tmp_path, environment(settings) | SECRETS)

    killed = serve()
    try:
        ask(killed.wait_until_listening(), 5)
        first = receiver.wait_for_attempts(1)[0]
    finally:
        killed.kill()
    daemon = serve()
    try:
        daemon.wait_until_listening()
        records = receiver.wait_for_records(5, timeout=30)
        assert sorted(each["sequence"] for each in records.values()) == [1, 2, 3, 4, 5]
        assert [each.id for each in receiver.attempts[:3]] == [first.id] * 3
        daemon.stop()
    finally:
        daemon.kill()


def test_the_documentation_verifies(start, start_webhook):
    page = Path(__file__).resolve().parents[2] / "docs" / "webhooks.md"
    example = re.search(r"```python\n(.*?)```", page.read_text(), re.DOTALL)
    assert example
    names: dict[str, Any] = {}
    exec(compile(example[1], str(page), "exec"), names)
    receiver = start_webhook("plain")
    ask(start(receiver))
    for attempt in receiver.wait_for_attempts(2):
        content = names["verified"](SECRET, attempt.headers, attempt.body)
        assert content["type"] == "usage.records"
        with pytest.raises(Exception, match="signature"):
            names["verified"](OTHER_SECRET, attempt.headers, attempt.body)
