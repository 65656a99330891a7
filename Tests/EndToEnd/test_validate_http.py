"""`POST /v1/keys/validate`: what the onboarding flow of somebody else's program sees."""

import base64
import json
import threading
from datetime import datetime, timedelta, timezone

import pytest

from harness import behaviours
from harness.configuration import configuration, provider
from harness.fakes import Fakes, settings_of
from harness.gigachat import SCOPES, GigaChat
from harness.raw_client import RawClient, Response, fetch, request
from harness.validation import KEY, bedrock_key, repeats_the_key

PATH = "/v1/keys/validate"
AT_ONCE_MAX = 16


@pytest.fixture
def daemon(start_daemon, alpha, fakes: Fakes):
    """One provider of each kind that these tests ask, and none of their keys is given."""
    gigachat = provider(
        "giga", fakes.base_urls["gigachat"], kind="gigachat", **settings_of("gigachat", fakes))
    started = start_daemon(configuration(
        provider("alpha", alpha, kind="openai"), gigachat,
        provider("yandex", fakes.base_urls["yandexgpt"], kind="yandexgpt", **settings_of("yandexgpt", fakes)),
        provider("scoped", alpha, kind="gigachat", auth_url=alpha.base_url.replace("/v1", "/api/v2/oauth"))))
    started.secrets += (KEY,)
    return started


def post(daemon, body, headers: dict[str, str] | None = None) -> Response:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    response = fetch(daemon.admin_url + PATH, "POST", data, headers, timeout=20)
    assert KEY.encode() not in response.body
    return response


def ask(daemon, name: str, key: str = KEY, **more) -> dict:
    response = post(daemon, {"provider": name, "api_key": key} | more)
    assert response.status == 200, response.body
    return response.json


def events(response: Response) -> list[tuple[str, dict]]:
    assert response.status == 200, response.body
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    blocks = response.body.decode().split("\n\n")
    assert blocks.pop() == ""
    lines = [block.split("\n") for block in blocks]
    return [(name.removeprefix("event: "), json.loads(data.removeprefix("data: "))) for name, data in lines]


# Verdicts.

@pytest.mark.parametrize(("key", "state", "valid"), [
    ("good-key", "valid", True), ("bad-key", "invalid", False), ("expired-key", "expired", False),
    ("no-scope-key", "missing_scope", False)])
def test_a_key_is_asked_about_as_the_provider_is_configured(daemon, key, state, valid):
    told = ask(daemon, "yandex", key)
    assert (told["provider"], told["state"], told["valid"]) == ("yandex", state, valid)
    assert told["total_time_ms"] >= 0 and told["requests"] >= 1


def test_the_folder_may_be_the_callers(daemon):
    told = ask(daemon, "yandex", "good-key", folder_id="another")
    assert (told["state"], told["code"]) == ("wrong_region_or_folder", "PERMISSION_DENIED")


def test_the_scope_may_be_the_callers(daemon):
    assert ask(daemon, "giga", "good-key", scope="GIGACHAT_API_PERS")["detected_scope"] == SCOPES[0]
    told = ask(daemon, "giga", "good-key", scope="CORP")
    assert (told["state"], told["code"]) == ("missing_scope", "SCOPE_MISMATCH")


def test_models_are_asked_after(daemon):
    told = ask(daemon, "giga", "good-key", models=["ok", "other"])
    assert [each["access"] for each in told["model_access"]] == ["listed", "not_listed"]


def test_a_rate_limit_says_how_long_to_wait(daemon, alpha):
    alpha.play_checks(behaviours.status(429, "rate_limit_exceeded", retry_after="7"))
    told = ask(daemon, "alpha")
    assert (told["code"], told["retry_after"]) == ("RATE_LIMIT_EXCEEDED", 7)


@pytest.mark.parametrize("status", [401, 403, 500])
def test_a_key_that_the_vendor_repeats_is_nowhere(daemon, alpha, status):
    alpha.play_checks(repeats_the_key(status))
    told = ask(daemon, "alpha")
    assert told["state"] == {401: "invalid", 403: "invalid", 500: "provider_down"}[status]
    assert KEY not in json.dumps(daemon.lines) and KEY not in daemon.admin("/metrics").body.decode()


def test_a_bedrock_key_is_read(daemon):
    key = bedrock_key(datetime.now(timezone.utc) - timedelta(hours=13))
    response = post(daemon, {"provider": "bedrock", "api_key": key, "stream": True})
    assert (response.json["state"], response.json["region"]) == ("expired", "eu-west-1")


# Progress.

@pytest.mark.parametrize("wish", ["accept", "field"])
def test_each_scope_that_is_tried_is_told(daemon, alpha, wish):
    alpha.play(GigaChat(SCOPES[1]))
    body = {"provider": "scoped", "api_key": KEY} | ({"stream": True} if wish == "field" else {})
    response = post(daemon, body, {"Accept": "text/event-stream"} if wish == "accept" else None)
    told = events(response)
    assert told[:2] == [
        ("progress", {"scope": scope, "current": number, "total": 3})
        for number, scope in enumerate(SCOPES[:2], 1)]
    name, result = told[2]
    assert (name, len(told)) == ("result", 3)
    assert (result["detected_scope"], result["attempts_count"], result["valid"]) == (SCOPES[1], 2, True)
    assert response.headers["x-request-id"]


def test_progress_comes_as_it_happens(daemon, alpha):
    gate = alpha.gate()
    alpha.play(GigaChat(SCOPES[1]), behaviours.held(gate, GigaChat(SCOPES[1])))
    body = json.dumps({"provider": "scoped", "api_key": KEY, "stream": True}).encode()
    with RawClient(daemon.addresses("admin")[0]) as client:
        client.send(request("POST", PATH, body))
        assert client.head().status == 200
        assert b'"current":1' in client.chunk()
        assert b'"current":2' in client.chunk()
        gate.open()
        assert client.chunk().startswith(b"event: result\n")
        assert client.chunk() == b""


def test_without_a_wish_the_answer_is_one_object(daemon, alpha):
    alpha.play(GigaChat(SCOPES[1]))
    assert ask(daemon, "scoped")["attempts_count"] == 2


def test_other_kinds_have_a_result_alone(daemon):
    assert [name for name, _ in events(post(
        daemon, {"provider": "alpha", "api_key": KEY}, {"Accept": "text/event-stream"}))] == ["result"]


@pytest.mark.parametrize("streaming", [True, False])
def test_a_client_that_hangs_up_ends_the_check(daemon, alpha, streaming):
    alpha.play_checks(behaviours.silence())
    body = json.dumps({"provider": "alpha", "api_key": KEY, "stream": streaming}).encode()
    with RawClient(daemon.addresses("admin")[0]) as client:
        client.send(request("POST", PATH, body))
        exchange = alpha.wait_for_check()
    exchange.wait_until_peer_left(within=3)
    alpha.play_checks()
    assert ask(daemon, "alpha")["state"] == "valid"


# Refusals.

@pytest.mark.parametrize(("body", "code", "parameter"), [
    (b"{", "invalid_json", None), (b"[]", "invalid_json", None),
    ({"api_key": KEY}, "missing_required_parameter", "provider"),
    ({"provider": "alpha"}, "missing_required_parameter", "api_key"),
    ({"provider": "alpha", "api_key": KEY, "region": "x"}, "unknown_parameter", "region"),
    ({"provider": KEY, "api_key": KEY}, "unknown_provider", "provider"),
    ({"provider": "mock", "api_key": KEY}, "invalid_value", "provider"),
    ({"provider": "openai-compatible", "api_key": KEY}, "invalid_value", "provider"),
    ({"provider": "yandexgpt", "api_key": KEY}, "missing_required_parameter", "folder_id"),
    ({"provider": "alpha", "api_key": KEY, "scope": KEY}, "invalid_value", "scope"),
    ({"provider": "alpha", "api_key": KEY, "models": ["m"] * 101}, "invalid_value", "models"),
], ids=lambda value: str(value).replace(KEY, "KEY")[:60])
def test_a_wrong_request_is_explained(daemon, alpha, body, code, parameter):
    response = post(daemon, body)
    assert response.status == 400
    assert (response.json["error"]["code"], response.json["error"]["param"]) == (code, parameter)
    assert response.headers["x-request-id"]
    assert alpha.checks == []


def test_a_wrong_request_is_no_stream(daemon):
    response = post(daemon, {"provider": "yandexgpt", "api_key": KEY, "stream": True})
    assert (response.status, response.json["error"]["param"]) == (400, "folder_id")


def test_a_body_has_a_limit(daemon):
    response = post(daemon, {"provider": "alpha", "api_key": "k" * (64 << 10)})
    assert (response.status, response.json["error"]["code"]) == (413, "body_too_large")


def test_another_method_is_refused(daemon):
    response = fetch(daemon.admin_url + PATH)
    assert (response.status, response.headers["allow"]) == (405, "POST")


def test_it_is_not_on_the_public_listener(daemon):
    assert fetch(daemon.url + PATH, "POST", b"{}").status == 404


def test_whoever_may_not_administer_learns_nothing(start_daemon, alpha):
    daemon = start_daemon(
        configuration(provider("alpha", alpha, kind="openai")) | {
            "admin": {"listen": "127.0.0.1:0", "token": "env:ADMIN"}},
        more_environment={"ADMIN": "token-of-the-admin"})
    body = {"provider": "alpha", "api_key": KEY}
    assert post(daemon, body).status == 401
    assert alpha.checks == []
    assert post(daemon, body, {"Authorization": "Bearer token-of-the-admin"}).json["state"] == "valid"
    basic = base64.b64encode(b"a:b").decode()
    assert post(daemon, body, {"Authorization": f"Basic {basic}"}).status == 401


def test_no_more_than_sixteen_are_asked_about_at_once(daemon, alpha):
    gate = alpha.gate()
    alpha.play_checks(behaviours.held(gate, behaviours.status(429)))
    found: list[dict] = []
    askers = [threading.Thread(target=lambda: found.append(ask(daemon, "alpha"))) for _ in range(AT_ONCE_MAX)]
    for asker in askers:
        asker.start()
    alpha.wait_for_check(AT_ONCE_MAX)
    refused = post(daemon, {"provider": "alpha", "api_key": KEY})
    assert (refused.status, refused.json["error"]["code"]) == (429, "too_many_validations")
    assert refused.headers["retry-after"] == "1"
    gate.open()
    for asker in askers:
        asker.join(20)
    assert [each["state"] for each in found] == ["rate_limited"] * AT_ONCE_MAX
    assert ask(daemon, "alpha")["state"] == "rate_limited"
    counts = {
        verdict: daemon.metrics().value("signalbox_key_validations_total", verdict=verdict)
        for verdict in ("good", "bad", "unclear", "busy")}
    assert counts == {"good": 0, "bad": 0, "unclear": AT_ONCE_MAX + 1, "busy": 1}


def test_each_answer_is_a_log_line_without_the_key(daemon, alpha):
    alpha.play_checks(repeats_the_key(401))
    response = post(daemon, {"provider": "alpha", "api_key": KEY})
    line = daemon.wait_for_log(lambda line: line["message"] == "key_validated")
    assert line["request_id"] == response.headers["x-request-id"]
    assert (line["provider"], line["state"], line["confirmed"]) == ("alpha", "invalid", True)
    assert KEY not in json.dumps(line)
