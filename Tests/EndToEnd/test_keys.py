"""Keys are checked without a call, and what is found decides where requests go."""

import json

import pytest

from harness import behaviours
from harness.acts import Chosen
from harness.configuration import provider
from harness.connection import Exchange
from harness.gigachat import GigaChat
from harness.keys import (
    ask, BAD_KEY, check_now, checked, key_of, list_models, listed, OFTEN, ONCE, openai,
    state, STATES, told, wait_for_state, wait_for_word,
)
from harness.metrics import Metrics
from harness.waiting import scraped_until


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
    assert (answer["state"], answer["doubt"]) == ("valid", "invalid")
    assert answer["last_check"]["state"] == "invalid"
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

    def came(metrics: Metrics) -> float:
        return metrics.value("llm_key_checks_total", provider="alpha", result="provider_down")
    metrics = scraped_until(daemon.metrics, lambda metrics: came(metrics) >= 2, "two checks of alpha's key")
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
