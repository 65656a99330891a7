"""A secret goes in at every door, and comes out at none: not in a log, a metric, an answer or a file.

The vendors here say the key that they were sent, in whatever they can say.
"""

import base64
import json
import urllib.parse
from pathlib import Path
from typing import Iterator

import pytest

from harness import contract
from harness.configuration import (
    configuration, environment, key_value, provider, token_value, write,
)
from harness.connection import Exchange
from harness.daemon import Daemon, run
from harness.fakes import KINDS, settings_of
from harness.ledger import usage
from harness.raw_client import Response, fetch
from harness.waiting import scraped_until
from harness.webhooks import WebhookReceiver

CHAT = "/v1/chat/completions"
# Not a secret, and to be found at every place that tells of who called: else the search finds nothing at all.
TENANT = "tenant-canary"
ADMIN_TOKEN = "admin-secret-token-8841"
WEBHOOK_SECRET = "whsec_" + base64.b64encode(b"webhook-secret-of-the-tenant-0042").decode()
HEADER_SECRET = "header-secret-value-5120"
STRANGER_TOKEN = "token-secret-of-a-stranger-77"
LITERAL_SECRET = "sk-secret-that-stands-in-the-file-3141"
VALIDATED_KEY = "sk-secret-to-be-validated-1903"
OTHER_SECRETS = {
    "ADMIN_TOKEN": ADMIN_TOKEN, "WEBHOOK_SECRET": WEBHOOK_SECRET, "HEADER_SECRET": HEADER_SECRET}
OFTEN = {"interval": "1s", "jitter": 0, "timeout": "2s", "retry": "100ms", "requests_per_minute": 6000}
NETWORKED = tuple(kind for kind in KINDS if kind != "mock")
ADMIN = {"authorization": f"Bearer {ADMIN_TOKEN}"}


def said(exchange: Exchange) -> str:
    """Every secret that came with a request."""
    told = [value for name, value in exchange.request.headers
            if name.lower() in ("authorization", "x-api-key", "x-goog-api-key", "x-proxy-token")]
    return " and ".join(told)


def repeating(status: int, code: str):
    """Refuses, and says with which key, in every field that is read of a refusal."""
    async def behave(exchange: Exchange) -> None:
        secret = said(exchange)
        key = secret.split(" and ")[0].rpartition(" ")[2]
        body = {
            "error": {
                "message": f"Incorrect API key provided: {secret}. Find yours. Missing scopes: {key}",
                "type": f"invalid {key}", "param": key, "code": code, "status": key,
                "details": [{"reason": key, "key": secret}], "metadata": {"key": key}},
            "message": f"the key {key} is wrong", "request_id": key, "id": key}
        await exchange.respond(status, json.dumps(body).encode(), {
            "x-request-id": f"req-{key}", "request-id": key, "x-ratelimit-reset-requests": key})
    return behave


async def listing(exchange: Exchange) -> None:
    """Good, and has models and an organisation that are called like the key."""
    key = said(exchange).split(" and ")[0].rpartition(" ")[2]
    models = [{"id": f"model-{key}", "object": "model"}, {"id": "plain", "object": "model"}]
    await exchange.respond(200, json.dumps({"object": "list", "data": models}).encode(), {
        "x-request-id": key, "openai-organization": key})


def forms(secret: str) -> Iterator[bytes]:
    """The spellings in which a secret would still be one."""
    yield secret.encode()
    yield urllib.parse.quote(secret, safe="").encode()
    yield json.dumps(secret)[1:-1].replace("/", "\\/").encode()
    yield secret.encode().hex().encode()
    # Wherever in a longer text it stands.
    for before in range(3):
        text = base64.b64encode(b"\0" * before + secret.encode())
        yield text[-(-before * 8 // 6):(before + len(secret)) * 8 // 6]


class Places:
    """All that the daemon has said and written, by where it was found."""

    def __init__(self):
        self.texts: dict[str, bytes] = {}

    def add(self, name: str, text: bytes | str) -> None:
        assert name not in self.texts, name
        self.texts[name] = text.encode() if isinstance(text, str) else text

    def answer(self, name: str, response: Response, status: int = 200) -> Response:
        assert response.status == status, (name, response, response.body)
        headers = "\n".join(f"{key}: {value}" for key, value in response.headers.items())
        self.add(name, headers.encode() + b"\n\n" + response.body)
        return response

    def holding(self, secret: str) -> list[str]:
        """Where it is, in any spelling."""
        found = set(forms(secret))
        return [name for name, text in self.texts.items() if any(form in text for form in found)]


def chat(daemon: Daemon, model: str, token: str = token_value(TENANT)) -> Response:
    body = {"model": model, "messages": [{"role": "user", "content": contract.PROMPT}]}
    return fetch(daemon.url + CHAT, "POST", json.dumps(body).encode(), {"authorization": f"Bearer {token}"})


@pytest.fixture
def settings(alpha, beta, fakes) -> dict:
    """A provider of every kind that repeats its key when it refuses, and one that does so when it is fine."""
    alpha.play(repeating(401, "invalid_api_key"))
    alpha.play_checks(repeating(401, "invalid_api_key"))
    beta.play_checks(listing)
    headers = {"x-proxy-token": "env:HEADER_SECRET"}
    refusing = [
        provider(f"{kind}-bad", alpha, kind=kind, headers=headers, models=("m",), **(
            settings_of(kind, fakes) | ({"auth_url": alpha.base_url} if kind == "gigachat" else {})))
        for kind in NETWORKED]
    good = provider("good", beta, kind="openai", headers=headers)
    made = configuration(*refusing, good, tenants=(TENANT,), key_checks=OFTEN)
    made["routes"] += [{"model": each["name"], "targets": [each["name"]]} for each in refusing]
    made["logging"] = {"level": "trace", "format": "json"}
    made["admin"]["token"] = "env:ADMIN_TOKEN"
    made["webhooks"] = {"allow": ["127.0.0.0/8"]}
    return made


def test_no_secret_comes_out_anywhere(start_daemon, settings, alpha, tmp_path):
    secrets = [*environment(settings).values(), *OTHER_SECRETS.values(), STRANGER_TOKEN, LITERAL_SECRET]
    assert len(secrets) == len(NETWORKED) + 1 + 1 + len(OTHER_SECRETS) + 2
    places = Places()
    with WebhookReceiver(WEBHOOK_SECRET, "error") as receiver:
        settings["tenants"][0]["webhook"] = {
            "url": receiver.url, "secret": "env:WEBHOOK_SECRET", "headers": {"x-token": "env:HEADER_SECRET"},
            "batch": {"delay": "0s"}, "retry": {"first": "200ms", "max": "1s"}, "timeout": "2s"}
        daemon = start_daemon(settings, more_environment=OTHER_SECRETS)
        use(daemon, settings, secrets, places)
        receiver.wait_for_attempts(1)
        look(daemon, settings, places, tmp_path)
    for secret in secrets:
        # A webhook's secret is what stands behind its mark.
        for text in {secret, secret.removeprefix("whsec_")}:
            assert places.holding(text) == [], "a secret came out"
    found = places.holding(TENANT)
    assert {
        "the log", "GET /metrics", "GET /admin/usage", "GET /admin/usage/sum?by=tenant", "signalbox check",
        "signalbox usage", "data/usage.db"} <= set(found), "the search finds nothing"
    assert "data/keys.json" in places.holding("openai-bad-0"), "the search finds nothing in keys.json"


def use(daemon: Daemon, settings: dict, secrets: list[str], places: Places) -> None:
    """Everything that takes a secret, until each key has been judged."""
    for each in settings["providers"]:
        if each["name"] != "good":
            answer = chat(daemon, each["name"])
            assert answer.status in (402, 403, 429, 502, 503), (each["name"], answer.body)
            places.answer(f"chat with {each['name']}", answer, answer.status)
    places.answer("chat that falls back", chat(daemon, "chat"))
    places.answer("chat of a stranger", chat(daemon, "chat", STRANGER_TOKEN), 401)
    places.answer("chat with a provider's key", chat(daemon, "chat", key_value("good")), 401)
    places.answer("administration by a stranger", daemon.admin(
        "/status", {"authorization": f"Bearer {STRANGER_TOKEN}"}), 401)
    places.answer("administration by its token elsewhere", daemon.get("/v1/models?key=" + ADMIN_TOKEN, {
        "authorization": f"Bearer {ADMIN_TOKEN}"}), 401)

    def judged() -> dict[str, dict]:
        return {key["key"]: key for key in daemon.admin("/admin/keys", ADMIN).json["keys"]}
    keys = scraped_until(
        judged, lambda keys: all(key["checks"] >= 2 for key in keys.values()), "two checks of each")
    assert len(keys) == len(settings["providers"])
    assert keys["good-0"]["state"] == "valid" and keys["anthropic-bad-0"]["state"] == "invalid"
    # The scope that is said to be missing has the name of the key, too.
    assert keys["openai-bad-0"]["state"] == "missing_scope"
    assert "•••" in keys["openai-bad-0"]["message"]
    for alias in keys:
        path = f"/admin/keys/{alias}/check"
        places.answer(f"POST {path}", fetch(daemon.admin_url + path, "POST", b"", ADMIN))
    validate(daemon, secrets, settings, places)


def validate(daemon: Daemon, secrets: list[str], settings: dict, places: Places) -> None:
    """A key that is in no configuration."""
    path = "/v1/keys/validate"
    listed = daemon.admin("/nowhere", ADMIN).body.decode()
    if path not in listed:
        return
    secrets.append(VALIDATED_KEY)
    for name in ("openai-bad", "good"):
        body = json.dumps({"provider": name, "api_key": VALIDATED_KEY}).encode()
        places.answer(f"validation at {name}", fetch(daemon.admin_url + path, "POST", body, ADMIN))
    refused = fetch(daemon.admin_url + path, "POST", b'{"api_key": "' + VALIDATED_KEY.encode() + b'"', ADMIN)
    places.answer("validation of broken JSON", refused, 400)


def look(daemon: Daemon, settings: dict, places: Places, directory: Path) -> None:
    """Everything that can be asked for, and all that was written."""
    environ = environment(settings) | OTHER_SECRETS
    for accept in ("text/plain", "application/openmetrics-text"):
        name = "GET /metrics" if accept == "text/plain" else "GET /metrics as OpenMetrics"
        places.answer(name, daemon.admin("/metrics", ADMIN | {"accept": accept}))
    for path in (
        "/status", "/admin/keys", "/admin/usage", "/admin/usage/sum?by=tenant", "/admin/usage/endpoints",
        "/admin/usage/dead-letters",
    ):
        places.answer(f"GET {path}", daemon.admin(path, ADMIN))
    question = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]}).encode()
    places.answer("POST /admin/explain", fetch(daemon.admin_url + "/admin/explain", "POST", question, ADMIN))
    broken = json.loads(json.dumps(settings))
    broken["providers"][0]["keys"] = [LITERAL_SECRET]
    broken["admin"]["token"] = LITERAL_SECRET
    path = write(broken, daemon.directory)
    wrong = run("check", str(path), directory=daemon.directory, environment=environ)
    assert wrong.returncode == 2
    places.add("signalbox check of mistakes", wrong.stdout + wrong.stderr)
    places.answer("a reload that is refused", fetch(
        daemon.admin_url + "/admin/reload", "POST", b"", ADMIN), 422)
    path = write(settings, daemon.directory)
    places.answer("a reload", fetch(daemon.admin_url + "/admin/reload", "POST", b"", ADMIN))
    status = run("status", "--admin", daemon.admin_url, directory=directory,
                 environment={"SIGNALBOX_ADMIN_TOKEN": ADMIN_TOKEN})
    check = run("check", str(path), "--print", directory=daemon.directory, environment=environ)
    ledger = usage(daemon.directory, "list", "--format", "json", environment=environ)
    for name, result in (("status", status), ("check", check), ("usage", ledger)):
        assert result.returncode == 0, (name, result.stderr)
        places.add(f"signalbox {name}", result.stdout + result.stderr)
    # What is believed of keys is written down within seconds, and at the end.
    daemon.terminate()
    assert daemon.wait_for_exit() == 0
    for file in sorted((daemon.directory / "data").rglob("*")):
        if file.is_file():
            places.add(f"data/{file.relative_to(daemon.directory / 'data')}", file.read_bytes())
    places.add("the log", daemon.transcript())


@pytest.mark.parametrize("form", range(4))
def test_the_search_finds_what_is_there(form):
    places = Places()
    spelling = list(forms(HEADER_SECRET))[form]
    places.add("here", b"x-proxy-token: " + spelling + b"\n")
    places.add("there", b"x-proxy-token: nothing\n")
    assert places.holding(HEADER_SECRET) == ["here"]


@pytest.mark.parametrize("before", range(7))
def test_the_search_finds_what_is_inside_base64(before):
    places = Places()
    places.add("here", base64.b64encode(b"b" * before + HEADER_SECRET.encode() + b" and more"))
    assert places.holding(HEADER_SECRET) == ["here"]
