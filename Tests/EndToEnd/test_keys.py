"""Keys are checked without a call: what is found decides where requests go, and outlives the process."""

import json
from contextlib import ExitStack
from pathlib import Path

import pytest

from harness import behaviours, chat, contract
from harness.acts import Chosen
from harness.configuration import configuration, environment, key_value, provider, write
from harness.connection import Exchange
from harness.daemon import Daemon, run
from harness.gigachat import GigaChat
from harness.metrics import Metrics
from harness.raw_client import RawClient, Response, fetch, request
from harness.waiting import scraped_until

CHAT = "/v1/chat/completions"
# Each key is checked every second, and sooner where something is to be made sure of.
OFTEN = {"interval": "1s", "jitter": 0, "timeout": "1s", "retry": "100ms", "requests_per_minute": 6000}
# Checked once, at the start; from then on when something happens.
ONCE = OFTEN | {"interval": "7d"}
BAD_KEY = behaviours.status(401, "invalid_api_key", message="Incorrect API key provided.")
STATES = (
    "valid", "invalid", "expired", "disabled", "missing_scope", "wrong_region_or_folder", "no_credit",
    "spend_limit", "rate_limited", "provider_down", "unknown",
)


async def list_models(exchange: Exchange) -> None:
    await exchange.respond(200, chat.models("alpha-model"), {"x-request-id": "req-good"})


def openai(name: str, upstream, **more) -> dict:
    """A kind of which one request tells whether the key is known."""
    return provider(name, upstream, kind="openai", **more)


def checked(*providers: dict, key_checks=None, **more) -> dict:
    return configuration(*providers, key_checks=OFTEN if key_checks is None else key_checks, **more)


def ask(daemon: Daemon) -> Response:
    body = {"model": "chat", "messages": [{"role": "user", "content": contract.PROMPT}]}
    return fetch(daemon.url + CHAT, "POST", json.dumps(body).encode())


def key_of(response: Response, daemon: Daemon) -> str:
    """Which key the answer's one attempt was made with."""
    assert response.status == 200, response.body
    [attempt] = daemon.request_log(response.headers["x-request-id"])["attempts"]
    return attempt["key"]


def state(metrics: Metrics, key: str) -> str | None:
    """What is believed of a key; None while the states and the validity do not tell the same yet.

    A scrape may come between the one and the other.
    """
    owner = key.rpartition("-")[0]
    here = [sample for sample in metrics.labels("llm_key_state") if sample["key"] == key]
    if not here:
        return None
    assert {sample["state"] for sample in here} == set(STATES)
    values = {each: metrics.value("llm_key_state", provider=owner, key=key, state=each) for each in STATES}
    believed = [each for each, value in values.items() if value == 1]
    valid = [
        each.value for each in metrics.samples if each.name == "llm_key_valid" and each.labels["key"] == key]
    expected = [] if believed == ["unknown"] else [1.0 if believed == ["valid"] else 0.0]
    return believed[0] if len(believed) == 1 and valid == expected else None


def wait_for_state(daemon: Daemon, key: str, wanted: str) -> Metrics:
    return scraped_until(
        daemon.metrics, lambda metrics: state(metrics, key) == wanted, f"the state {wanted} of {key}")


def listed(daemon: Daemon) -> dict[str, dict]:
    return {key["key"]: key for key in daemon.admin("/admin/keys").json["keys"]}


def check_now(daemon: Daemon, key: str) -> Response:
    return fetch(f"{daemon.admin_url}/admin/keys/{key}/check", "POST", b"")


def told(daemon: Daemon, key: str) -> list[tuple[str, str]]:
    """What the log's lines at warning and info have said of a key's checks, in their order."""
    return [
        (line["level"], line["state"]) for line in daemon.logged("key_check")
        if line["key"] == key and line["level"] != "debug"]


def wait_for_word(daemon: Daemon, word: str, key: str, seen: int = 0) -> dict:
    return daemon.wait_for_later_log(seen, lambda line: line["message"] == word and line.get("key") == key)


# Bad, and good again.

def test_a_key_goes_bad_and_comes_back(start_daemon, alpha):
    alpha.play_checks(list_models)
    daemon = start_daemon(checked(openai("alpha", alpha, keys=2)))
    for key in ("alpha-0", "alpha-1"):
        wait_for_state(daemon, key, "valid")
    assert key_of(ask(daemon), daemon) == "alpha-0"

    alpha.play_checks(Chosen(list_models, keys={0: BAD_KEY}))
    metrics = wait_for_state(daemon, "alpha-0", "invalid")
    assert state(metrics, "alpha-1") == "valid"
    assert metrics.value("llm_key_checks_total", provider="alpha", result="invalid") >= 2
    out = wait_for_word(daemon, "llm_key_out", "alpha-0")
    assert (out["provider"], out["reason"], out["level"]) == ("alpha", "key_rejected", "warning")
    for _ in range(3):
        assert key_of(ask(daemon), daemon) == "alpha-1"

    seen = len(daemon.lines)
    alpha.play_checks(list_models)
    wait_for_word(daemon, "llm_key_back", "alpha-0", seen)
    assert state(daemon.metrics(), "alpha-0") == "valid"
    assert key_of(ask(daemon), daemon) == "alpha-0"
    # Good, doubted, bad, good: what confirms the one before is told at debug alone.
    assert told(daemon, "alpha-0") == [
        ("info", "valid"), ("warning", "invalid"), ("warning", "invalid"), ("info", "valid")]
    assert {"alpha-1"} == {line["key"] for line in daemon.logged("key_check")} - {"alpha-0"}
    assert told(daemon, "alpha-1") == [("info", "valid")]


def test_while_every_key_of_a_provider_is_out_the_next_one_is_asked(start_daemon, alpha, beta):
    alpha.play_checks(BAD_KEY)
    daemon = start_daemon(checked(openai("alpha", alpha), openai("beta", beta)))
    wait_for_word(daemon, "llm_key_out", "alpha-0")
    assert key_of(ask(daemon), daemon) == "beta-0"
    assert alpha.request_count == 0


def test_one_verdict_against_a_key_is_only_a_doubt(start_daemon, alpha):
    alpha.play_checks(list_models)
    daemon = start_daemon(checked(openai("alpha", alpha), key_checks=ONCE | {"retry": "1h"}))
    wait_for_state(daemon, "alpha-0", "valid")
    alpha.play_checks(BAD_KEY)
    answer = check_now(daemon, "alpha-0").json
    assert (answer["state"], answer["doubt"], answer["last_check"]["state"]) == ("valid", "invalid", "invalid")
    assert state(daemon.metrics(), "alpha-0") == "valid"
    assert key_of(ask(daemon), daemon) == "alpha-0"
    assert check_now(daemon, "alpha-0").json["state"] == "invalid"
    wait_for_word(daemon, "llm_key_out", "alpha-0")


def test_a_balance_that_does_not_suffice_is_no_credit(start_daemon, alpha, beta):
    def account(is_available: bool, amount: str):
        async def behave(exchange: Exchange) -> None:
            if exchange.request.path.endswith("/user/balance"):
                balance = {"currency": "CNY", "total_balance": amount}
                body = {"is_available": is_available, "balance_infos": [balance]}
                return await exchange.respond(200, json.dumps(body).encode())
            await list_models(exchange)
        return behave

    alpha.play_checks(account(True, "110.50"))
    daemon = start_daemon(checked(provider("alpha", alpha, kind="deepseek"), openai("beta", beta)))
    wait_for_state(daemon, "alpha-0", "valid")

    def balance(metrics: Metrics) -> float:
        return metrics.value("llm_key_balance", provider="alpha", key="alpha-0", currency="CNY")
    scraped_until(daemon.metrics, lambda metrics: balance(metrics) == 110.5, "the balance")
    alpha.play_checks(account(False, "0.00"))
    metrics = wait_for_state(daemon, "alpha-0", "no_credit")
    assert balance(metrics) == 0 and "llm_key_balance" in metrics.names
    assert wait_for_word(daemon, "llm_key_out", "alpha-0")["reason"] == "no_credit"
    assert key_of(ask(daemon), daemon) == "beta-0"
    alpha.play_checks(account(True, "5.00"))
    wait_for_word(daemon, "llm_key_back", "alpha-0")
    assert key_of(ask(daemon), daemon) == "alpha-0"


# What says nothing of a key.

def cut_off() -> behaviours.Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.send_head(401, {"Content-Length": "4000"})
        await exchange.send(b'{"error":{"message":"Incorrect API key provided.","code":"invalid_api_key"')
        exchange.close()
    return behave


def torn(code: int) -> behaviours.Behaviour:
    async def behave(exchange: Exchange) -> None:
        await exchange.respond(code, b'{"error":{"message":"Incorrect API key prov')
    return behave


async def redirect(exchange: Exchange) -> None:
    await exchange.respond(302, b"", {"Location": "/login"})


@pytest.mark.parametrize(("behaviour", "result"), [
    (behaviours.reset(), "provider_down"),
    (behaviours.hang_up(), "provider_down"),
    (behaviours.silence(), "provider_down"),
    (behaviours.status(500, "invalid_api_key", message="Incorrect API key provided."), "provider_down"),
    (behaviours.status(429, "rate_limit_exceeded"), "rate_limited"),
    (behaviours.status(429, "invalid_api_key"), "rate_limited"),
    (behaviours.html(403), "unknown"),
    (behaviours.html(401), "unknown"),
    (behaviours.html(200), "unknown"),
    (torn(401), "unknown"),
    (torn(200), "unknown"),
    (cut_off(), "unknown"),
    (behaviours.empty_body(), "unknown"),
    (redirect, "unknown"),
], ids=[
    "reset", "hang-up", "silence", "500", "429", "429 with other words", "HTML 403", "HTML 401", "HTML 200",
    "torn JSON 401", "torn JSON 200", "cut-off 401", "empty", "redirect"])
def test_who_does_not_speak_for_the_provider_takes_no_key_out(start_daemon, alpha, behaviour, result):
    alpha.play_checks(list_models)
    daemon = start_daemon(checked(openai("alpha", alpha), key_checks=OFTEN | {"timeout": "100ms"}))
    before = wait_for_state(daemon, "alpha-0", "valid")
    alpha.play_checks(behaviour)

    def came(metrics: Metrics) -> float:
        return metrics.value("llm_key_checks_total", provider="alpha", result=result)
    metrics = scraped_until(daemon.metrics, lambda metrics: came(metrics) >= came(before) + 3, result)
    assert state(metrics, "alpha-0") == "valid"
    bad = [each for each in STATES if each not in ("valid", "rate_limited", "provider_down", "unknown")]
    assert [metrics.value("llm_key_checks_total", result=each) for each in bad] == [0] * len(bad)
    assert key_of(ask(daemon), daemon) == "alpha-0"
    assert daemon.logged("llm_key_out") == []
    alpha.play_checks(list_models)


def test_an_authority_that_is_not_trusted_says_nothing_of_a_key(start_daemon, start_upstream, authority):
    upstream = start_upstream(tls=authority.context())
    upstream.play_checks(BAD_KEY)
    distrusted = openai("alpha", upstream)
    trusted = openai("beta", upstream, ca_file=str(authority.ca_file))
    daemon = start_daemon(checked(distrusted, trusted))
    metrics = wait_for_state(daemon, "beta-0", "invalid")
    metrics = scraped_until(
        daemon.metrics, lambda metrics: metrics.value(
            "llm_key_checks_total", provider="alpha", result="provider_down") >= 2, "two checks of alpha's key")
    assert state(metrics, "alpha-0") == "unknown"
    assert [line for line in daemon.logged("llm_key_out") if line["key"] == "alpha-0"] == []


# Traffic.

def test_a_key_that_requests_prove_is_not_checked(start_daemon, alpha):
    daemon = start_daemon(checked(openai("alpha", alpha), key_checks=OFTEN | {"interval": "3s"}))
    wait_for_state(daemon, "alpha-0", "valid")
    ask(daemon)
    made = len(alpha.checks)

    def skipped() -> float:
        assert ask(daemon).status == 200
        return daemon.metrics().value(
            "signalbox_key_checks_skipped_total", provider="alpha", reason="traffic")
    scraped_until(skipped, lambda count: count >= 2, "two checks left out")
    # One may have been under way as the first request was answered.
    assert len(alpha.checks) <= made + 1
    [key] = listed(daemon).values()
    assert key["skipped"] >= 2 and key["verified"] > key["last_check"]["at"]


def test_a_request_that_is_refused_for_its_key_has_it_checked(start_daemon, alpha, beta):
    daemon = start_daemon(checked(openai("alpha", alpha), openai("beta", beta), key_checks=ONCE))
    wait_for_state(daemon, "alpha-0", "valid")
    made = len(alpha.checks)
    alpha.play(behaviours.status(401, "invalid_api_key"))
    alpha.play_checks(BAD_KEY)
    assert ask(daemon).status == 200
    wait_for_state(daemon, "alpha-0", "invalid")
    assert len(alpha.checks) >= made + 2


def test_a_token_that_is_refused_has_its_key_checked(start_daemon, alpha):
    vendor = GigaChat(lifetime=8)
    vendor.delay = 0
    alpha.play(vendor)
    origin = alpha.base_url.removesuffix("/v1")
    daemon = start_daemon(checked(provider(
        "alpha", origin + "/api/v1", kind="gigachat", auth_url=origin + "/api/v2/oauth", scope="PERS"),
        key_checks=ONCE))
    wait_for_state(daemon, "alpha-0", "valid")
    assert ask(daemon).status == 200
    vendor.refuses = True
    statuses: list[int] = []

    def doubted() -> bool:
        statuses.append(ask(daemon).status)
        return ("warning", "invalid") in told(daemon, "alpha-0")
    scraped_until(doubted, bool, "a doubt", timeout=20)
    # A token is renewed ahead of its time: before the last of them nobody had met the refusal.
    assert set(statuses[:-1]) == {200}
    wait_for_state(daemon, "alpha-0", "invalid")
    wait_for_word(daemon, "llm_key_out", "alpha-0")


def test_a_list_of_models_brings_no_key_back_that_has_no_credit(start_daemon, alpha, beta):
    daemon = start_daemon(checked(openai("alpha", alpha), openai("beta", beta)))
    wait_for_state(daemon, "alpha-0", "valid")
    alpha.play(behaviours.status(429, "insufficient_quota"))
    ask(daemon)
    assert wait_for_word(daemon, "llm_key_out", "alpha-0")["reason"] == "no_credit"
    made = len(alpha.checks)
    alpha.wait_for_check(made + 3)
    assert state(daemon.metrics(), "alpha-0") == "valid"
    assert key_of(ask(daemon), daemon) == "beta-0"
    assert daemon.logged("llm_key_back") == []


# Over restarts and reloads.

class Home:
    """A directory in which one daemon runs after the other."""

    def __init__(self, directory: Path, settings: dict):
        self.directory = directory
        self.settings = settings
        self.path = write(settings, directory)
        self.daemons: list[Daemon] = []

    def start(self) -> Daemon:
        values = environment(self.settings)
        self.daemons.append(Daemon(
            ("serve", "--config", str(self.path)), self.directory, values, tuple(values.values())))
        return self.daemons[-1].wait_until_listening()

    def remembers(self, text: str) -> None:
        scraped_until(
            lambda: self.memory, lambda memory: text in memory, f"{text} in keys.json")

    @property
    def memory(self) -> str:
        file = self.directory / "data" / "keys.json"
        return file.read_text() if file.exists() else ""


@pytest.fixture
def home(tmp_path):
    homes: list[Home] = []

    def make(settings: dict) -> Home:
        homes.append(Home(tmp_path, settings))
        return homes[-1]
    yield make
    for each in homes:
        for daemon in each.daemons:
            print(daemon.transcript())
            daemon.kill()


def test_a_bad_key_is_out_at_once_after_the_process_was_killed(home, alpha):
    alpha.play_checks(Chosen(list_models, keys={0: BAD_KEY}))
    place = home(checked(openai("alpha", alpha, keys=2), key_checks=ONCE))
    killed = place.start()
    wait_for_state(killed, "alpha-0", "invalid")
    wait_for_state(killed, "alpha-1", "valid")
    place.remembers('"invalid"')
    place.remembers('"valid"')
    killed.kill()
    file = place.directory / "data" / "keys.json"
    assert file.stat().st_mode & 0o777 == 0o600
    made = len(alpha.checks)

    daemon = place.start()
    metrics = daemon.metrics()
    assert (state(metrics, "alpha-0"), state(metrics, "alpha-1")) == ("invalid", "valid")
    assert wait_for_word(daemon, "llm_key_out", "alpha-0")["reason"] == "key_rejected"
    assert key_of(ask(daemon), daemon) == "alpha-1"
    assert len(alpha.checks) == made, "a check that is not due was made"
    alpha.play_checks(list_models)
    assert check_now(daemon, "alpha-0").json["state"] == "valid"
    assert key_of(ask(daemon), daemon) == "alpha-0"
    daemon.stop()


def test_a_damaged_memory_is_told_of_and_begun_anew(home, alpha):
    place = home(checked(openai("alpha", alpha), key_checks=ONCE))
    (place.directory / "data").mkdir()
    (place.directory / "data" / "keys.json").write_text('{"version":1,"keys":[{"prov')
    daemon = place.start()
    wait_for_state(daemon, "alpha-0", "valid")
    place.remembers('"valid"')
    assert [line for line in daemon.lines if line["level"] == "warning" and "keys.json" in json.dumps(line)]
    daemon.stop()


def test_a_changed_key_begins_anew_and_the_others_keep_what_is_known(start_daemon, alpha, tmp_path):
    secret = tmp_path / "key-1.txt"
    secret.write_text("sk-first-1")
    settings = checked(openai("alpha", alpha, keys=2), key_checks=ONCE)
    settings["providers"][0]["keys"][1] = f"file:{secret}"
    alpha.play_checks(Chosen(list_models, keys={1: BAD_KEY}))
    daemon = start_daemon(settings)
    wait_for_state(daemon, "alpha-0", "valid")
    wait_for_state(daemon, "alpha-1", "invalid")
    of_first = [each for each in alpha.checks if each.request.key_number == 0]
    gate = alpha.gate()
    alpha.play_checks(behaviours.held(gate, list_models))
    secret.write_text("sk-second-1")
    assert fetch(daemon.admin_url + "/admin/reload", "POST", b"").status == 200
    metrics = daemon.metrics()
    assert (state(metrics, "alpha-0"), state(metrics, "alpha-1")) == ("valid", "unknown")
    gate.open()
    wait_for_state(daemon, "alpha-1", "valid")
    assert [each for each in alpha.checks if each.request.key_number == 0] == of_first


def test_checks_are_turned_off_and_on_by_a_reload(start_daemon, alpha, tmp_path):
    settings = checked(openai("alpha", alpha), server={"threads": 1})
    daemon = start_daemon(settings)
    wait_for_state(daemon, "alpha-0", "valid")

    def reload(key_checks) -> dict:
        write(settings | {"key_checks": key_checks}, daemon.directory)
        answer = fetch(daemon.admin_url + "/admin/reload", "POST", b"")
        assert answer.status == 200 and answer.json["needs_restart"] == []
        return answer.json["changed"]
    assert "key_checks" in reload("off")["settings"]
    metrics = daemon.metrics()
    assert [name for name in metrics.names if name.startswith("llm_key_") and metrics.value(name, key="alpha-0")
            ] == []
    assert listed(daemon) == {}
    refused = check_now(daemon, "alpha-0")
    assert (refused.status, refused.error["code"]) == (409, "key_not_checked")
    reload(OFTEN)
    wait_for_state(daemon, "alpha-0", "valid")
    assert ask(daemon).status == 200
    settings["providers"][0]["key_checks"] = ONCE
    assert reload(OFTEN)["providers"]["changed"] == [
        {"name": "alpha", "settings": [f"key_checks.{each}" for each in sorted(ONCE)]}]
    assert ask(daemon).status == 200
    first, second = (exchange.connection for exchange in alpha.exchanges)
    assert first is second, "other checks cost a provider its connections"


# Over HTTP.

def test_what_is_known_of_keys_can_be_read(start_daemon, alpha, beta):
    alpha.play_checks(list_models)
    beta.play_checks(behaviours.status(
        401, "invalid_api_key", message="Incorrect API key provided.", headers={"x-request-id": "req-bad"}))
    daemon = start_daemon(checked(openai("alpha", alpha), openai("beta", beta)))
    wait_for_state(daemon, "alpha-0", "valid")
    wait_for_state(daemon, "beta-0", "invalid")
    good, bad = listed(daemon)["alpha-0"], listed(daemon)["beta-0"]
    assert (good["provider"], good["kind"], good["state"], good["code"]) == (
        "alpha", "openai", "valid", "SUCCESS")
    assert good["proof"] == {"exists": True}
    assert good["details"] == {"models": ["alpha-model"], "models_count": 1}
    assert good["verified"].startswith("20") and good["next_check"] > good["verified"]
    assert good["provider_request_id"] == "req-good" and good["checks"] >= 1
    assert (bad["state"], bad["code"], bad["status"]) == ("invalid", "INVALID_API_KEY", 401)
    assert bad["proof"] == {"exists": False, "may_generate": False}
    assert bad["provider_request_id"] == "req-bad" and "verified" not in bad
    assert bad["last_check"]["elapsed_ms"] >= 0

    status = daemon.admin("/status").json["providers"]
    assert [(key["key"], key["checked"]) for each in status for key in each["keys"]] == [
        ("alpha-0", "valid"), ("beta-0", "invalid")]
    table = run("status", "--admin", daemon.admin_url, directory=daemon.directory).stdout
    rows = {row[0]: row[1:] for row in map(str.split, table.splitlines()) if row}
    assert rows["alpha-0"][:3] == ["good", "valid", "closed"]
    assert rows["beta-0"][0] == "key_rejected" and rows["beta-0"][2:4] == ["invalid", "closed"]


def test_a_key_is_checked_when_that_is_asked_for(start_daemon, alpha, beta):
    daemon = start_daemon(checked(openai("alpha", alpha), openai("beta", beta, key_checks="off"),
                                  key_checks=ONCE))
    wait_for_state(daemon, "alpha-0", "valid")
    made = len(alpha.checks)
    answer = check_now(daemon, "alpha%2D0")
    assert (answer.status, answer.json["key"], answer.json["state"]) == (200, "alpha-0", "valid")
    assert len(alpha.checks) == made + 1

    unknown = check_now(daemon, "gamma-0")
    assert (unknown.status, unknown.error["code"]) == (404, "key_not_found")
    assert "`alpha`, `beta`" in unknown.error["message"]
    unchecked = check_now(daemon, "beta-0")
    assert (unchecked.status, unchecked.error["code"]) == (409, "key_not_checked")
    assert "`beta`" in unchecked.error["message"] and beta.checks == []
    wrong = daemon.admin("/admin/keys/alpha-0/check")
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
    nowhere = daemon.admin("/admin/keys/alpha-0")
    assert nowhere.status == 404 and b"/admin/keys/{name}/check" in nowhere.body


def test_wishes_for_the_same_key_share_a_check(start_daemon, alpha):
    daemon = start_daemon(checked(openai("alpha", alpha), key_checks=ONCE | {"timeout": "60s"}))
    wait_for_state(daemon, "alpha-0", "valid")
    made = len(alpha.checks)
    gate = alpha.gate()
    alpha.play_checks(behaviours.held(gate, list_models))
    with ExitStack() as stack:
        clients = [stack.enter_context(RawClient(daemon.addresses("admin")[0])) for _ in range(8)]
        for client in clients:
            assert client.send(request("POST", "/admin/keys/alpha-0/check", b""))
        alpha.wait_for_check(made + 1)
        # The admin listener has one thread: once it has answered these, it has taken all that came before.
        for _ in range(2):
            assert daemon.admin("/healthz").status == 200
        gate.open()
        assert [client.response().json["state"] for client in clients] == ["valid"] * 8
    assert len(alpha.checks) == made + 1


def test_the_endpoints_ask_for_the_administrations_token(start_daemon, alpha):
    settings = checked(openai("alpha", alpha))
    settings["admin"]["token"] = "env:ADMIN_TOKEN"
    daemon = start_daemon(settings, more_environment={"ADMIN_TOKEN": "let-me-in"})
    assert daemon.admin("/admin/keys").status == 401
    assert check_now(daemon, "alpha-0").status == 401
    allowed = daemon.admin("/admin/keys", {"authorization": "Bearer let-me-in"})
    assert allowed.status == 200 and key_value("alpha") not in allowed.body.decode()
