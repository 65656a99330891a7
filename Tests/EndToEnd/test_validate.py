"""`signalbox validate`: what is found of a key, who is told so, and what the exit status says."""

import json
import subprocess
from datetime import datetime, timedelta, timezone

import pytest

from harness import behaviours
from harness.daemon import bare_environment, binary, run
from harness.fakes import Fakes
from harness.gigachat import SCOPES, GigaChat
from harness.terminal import Terminal
from harness.validation import (
    BAD, GENERATING, GOOD, KEY, UNCLEAR, WRONG, bedrock_key, found, repeats_the_key, validate)

ASKED = {"SOME_KEY": KEY}
FOLDER = "b1gfakefolder0000000"

# What each fake vendor's word on its five keys means; `-` where it knows no such key.
STATES = {
    #                    good     bad        expired    no-credit      no-scope
    "openai":            ("valid", "invalid", "expired", "no_credit", "missing_scope"),
    "openai-compatible": ("valid", "invalid", "expired", "no_credit", "missing_scope"),
    "anthropic":         ("valid", "invalid", "expired", "no_credit", "missing_scope"),
    "gemini":            ("valid", "invalid", "expired", "no_credit", "missing_scope"),
    "groq":              ("valid", "invalid", "invalid", "no_credit", "missing_scope"),
    "cerebras":          ("valid", "invalid", "invalid", "no_credit", "missing_scope"),
    "mistral":           ("valid", "invalid", "invalid", "no_credit", "missing_scope"),
    "deepseek":          ("valid", "invalid", "invalid", "no_credit", "missing_scope"),
    "xai":               ("valid", "invalid", "invalid", "no_credit", "missing_scope"),
    "openrouter":        ("valid", "invalid", "invalid", "spend_limit", "missing_scope"),
    "together":          ("valid", "invalid", "expired", "spend_limit", "missing_scope"),
    "gigachat":          ("valid", "invalid", "invalid", "no_credit", "missing_scope"),
    "yandexgpt":         ("valid", "invalid", "expired", "rate_limited", "missing_scope"),
    "ollama":            ("valid", "invalid", "invalid", "no_credit", "missing_scope"),
}
KEYS = ("good-key", "bad-key", "expired-key", "no-credit-key", "no-scope-key")
CASES = [
    (kind, key, state) for kind, states in STATES.items() for key, state in zip(KEYS, states) if state != "-"]


def place(kind: str, fakes: Fakes) -> list[str]:
    more = {
        "gigachat": ["--auth-url", f"{fakes.origin(kind)}/api/v2/oauth"],
        "yandexgpt": ["--folder", FOLDER],
    }
    return ["--base-url", fakes.base_urls[kind], *more.get(kind, [])]


# One key.

@pytest.mark.parametrize(("kind", "key", "state"), CASES)
def test_each_vendors_word_on_each_key(tmp_path, fakes, kind, key, state):
    fakes.forget()
    result = validate(tmp_path, kind, *place(kind, fakes), "--json", key=key)
    told = found(result)
    assert told["state"] == state, told
    assert result.returncode == {"valid": GOOD, "rate_limited": UNCLEAR}.get(state, BAD)
    assert told.get("valid") == {"valid": True, "rate_limited": None}.get(state, False)
    asked = fakes.requests(kind)
    assert asked and not [each["path"] for each in asked if GENERATING.search(each["path"])]


def test_every_kind_that_calls_somebody_is_played(fakes):
    assert set(fakes.base_urls) - {"mock"} == set(STATES)


def test_what_is_found_is_shown_to_a_person(tmp_path, fakes):
    result = validate(tmp_path, "deepseek", *place("deepseek", fakes), key="good-key")
    assert result.returncode == GOOD
    assert result.stdout.splitlines()[0].split() == ["deepseek", "valid"]
    assert "110.00 CNY" in result.stdout and "says that it may generate" in result.stdout


def test_a_model_is_asked_after(tmp_path, fakes):
    names = ["--model", "ok", "--model", "ok-latest", "--model", "nobody"]
    told = found(validate(
        tmp_path, "anthropic", *place("anthropic", fakes), *names, "--json", key="good-key"))
    assert [each["access"] for each in told["model_access"]] == ["listed", "listed", "not_listed"]


@pytest.mark.parametrize("scope", SCOPES)
def test_a_gigachat_keys_scope_is_found(tmp_path, alpha, scope):
    alpha.play(GigaChat(scope))
    told = found(validate(
        tmp_path, "gigachat", "--base-url", alpha.base_url, "--auth-url",
        alpha.base_url.replace("/v1", "/api/v2/oauth"), "--json"))
    assert told["detected_scope"] == scope
    assert told["attempts_count"] == SCOPES.index(scope) + 1
    assert told["total_time_ms"] >= 100 * told["attempts_count"]


def test_a_gigachat_key_of_another_scope_is_not_invalid(tmp_path, alpha):
    alpha.play(GigaChat(SCOPES[1]))
    result = validate(
        tmp_path, "gigachat", "--scope", "PERS", "--base-url", alpha.base_url, "--auth-url",
        alpha.base_url.replace("/v1", "/api/v2/oauth"), "--json")
    told = found(result)
    assert (told["state"], told["code"]) == ("missing_scope", "SCOPE_MISMATCH")
    assert result.returncode == BAD


# Where the key comes from.

def test_a_key_comes_from_standard_input(tmp_path, alpha):
    result = subprocess.run(
        [binary(), "validate", "openai", "--base-url", alpha.base_url, "--stdin"], cwd=tmp_path,
        env=bare_environment(), input=KEY + "\n", text=True, capture_output=True, timeout=20)
    assert result.returncode == GOOD, result
    assert alpha.wait_for_check().request.header("authorization") == f"Bearer {KEY}"
    assert KEY not in result.stdout + result.stderr


def test_a_key_is_typed_without_being_shown(tmp_path, alpha):
    with Terminal(
        "validate", "openai", "--base-url", alpha.base_url, directory=tmp_path) as terminal:
        terminal.read_until("it is not shown")
        # A slip of the finger, taken back; and a line, begun anew.
        terminal.type("wrong\x15" + KEY[:-1] + "x\x7f" + KEY[-1] + "\r")
        assert terminal.wait() == GOOD, terminal.shown
        assert KEY[:8] not in terminal.shown and "wrong" not in terminal.shown
        assert "valid" in terminal.shown
    assert alpha.wait_for_check().request.header("authorization") == f"Bearer {KEY}"


@pytest.mark.parametrize("typed", ["\x03", "\x04", "sk-half\x03"], ids=["Ctrl-C", "Ctrl-D", "half a key"])
def test_who_changes_his_mind_is_left_alone(tmp_path, alpha, typed):
    with Terminal(
        "validate", "openai", "--base-url", alpha.base_url, directory=tmp_path) as terminal:
        terminal.read_until("it is not shown")
        terminal.type(typed)
        assert terminal.wait() == 130
        assert "sk-half" not in terminal.shown
    assert alpha.checks == []


def test_each_scope_that_is_tried_is_shown_on_a_terminal(tmp_path, alpha):
    alpha.play(GigaChat(SCOPES[2]))
    with Terminal(
        "validate", "gigachat", "--env", "SOME_KEY", "--base-url", alpha.base_url, "--auth-url",
        alpha.base_url.replace("/v1", "/api/v2/oauth"), directory=tmp_path, environment=ASKED) as terminal:
        assert terminal.wait() == GOOD, terminal.shown
    for number, scope in enumerate(SCOPES, 1):
        assert f"trying {scope} ({number} of 3)" in terminal.shown
    assert KEY not in terminal.shown


# Wrong command lines.

@pytest.mark.parametrize("arguments", [
    ["openai", KEY], [KEY], ["openai", "--key", KEY], ["openai", f"--api-key={KEY}"],
    ["openai", "--env", KEY], ["openai", "--token", KEY], ["openai", f"--token={KEY}"],
    ["--all", KEY], ["openai", "--base-url", KEY, "--env", "SOME_KEY"],
    ["gigachat", "--scope", KEY, "--env", "SOME_KEY"], ["openai", "--timeout", KEY],
    ["--all", "--concurrency", KEY],
], ids=lambda arguments: " ".join(arguments).replace(KEY, "KEY"))
def test_a_key_on_the_command_line_is_refused_and_not_repeated(tmp_path, arguments):
    result = run("validate", *arguments, directory=tmp_path, environment={"SOME_KEY": "another"})
    assert result.returncode == WRONG, result
    assert KEY not in result.stdout + result.stderr


def test_who_gives_a_key_as_an_argument_is_told_the_remedy(tmp_path):
    assert "--env NAME" in run("validate", "openai", KEY, directory=tmp_path).stderr


@pytest.mark.parametrize(("arguments", "words"), [
    ([], "--all"), (["nobody"], "there are openai"), (["openai"], "--stdin"),
    (["openai", "--env", "NOT_SET"], "is not set"), (["yandexgpt"], "--folder"),
    (["openai-compatible"], "--base-url"), (["openai", "--scope", "PERS"], "gigachat"),
    (["openai", "--folder", "f"], "yandexgpt"), (["mock"], "there are openai"),
    (["openai", "--timeout", "0"], "0.1 to 60"), (["openai", "--all"], "leave out"),
    (["--all", "--concurrency", "17"], "1 to 16"), (["openai", "--models"], "--all"),
    (["bedrock", "--base-url", "http://a.test"], "bedrock"), (["--all", "--config", "absent"], "absent"),
    (["openai", "--env", "A", "--stdin"], "not both"),
    (["openai", "--env", "SOME_KEY", "--base-url", "ftp://a.test"], "address"),
], ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_a_wrong_command_line_is_explained(tmp_path, arguments, words):
    result = run("validate", *arguments, directory=tmp_path, environment=ASKED)
    assert result.returncode == WRONG, result
    assert words in result.stderr and result.stdout == ""


# Faults.

def torn(status: int):
    async def behave(exchange) -> None:
        await exchange.respond(status, b'{"error":{"message":"Incorrect API key","code":"inv')
    return behave


async def redirect(exchange) -> None:
    await exchange.respond(302, b"", {"Location": "/login"})


FAULTS = {
    "reset": (behaviours.reset(), "provider_down", "NETWORK_TIMEOUT"),
    "hang-up": (behaviours.hang_up(), "provider_down", "NETWORK_TIMEOUT"),
    "silence": (behaviours.silence(), "provider_down", "NETWORK_TIMEOUT"),
    "headers, then silence": (behaviours.headers_then_silence(), "provider_down", "NETWORK_TIMEOUT"),
    "cut": (behaviours.cut_reply(), "unknown", "PROVIDER_ERROR"),
    "500": (behaviours.status(500, "invalid_api_key"), "provider_down", "PROVIDER_ERROR"),
    "503": (repeats_the_key(503), "provider_down", "PROVIDER_ERROR"),
    "429": (
        behaviours.status(429, "invalid_api_key", retry_after="7"), "rate_limited", "RATE_LIMIT_EXCEEDED"),
    "HTML 403": (behaviours.html(403), "unknown", "PROVIDER_ERROR"),
    "HTML 401": (behaviours.html(401), "unknown", "PROVIDER_ERROR"),
    "HTML 200": (behaviours.html(200), "unknown", "PROVIDER_ERROR"),
    "torn 401": (torn(401), "unknown", "PROVIDER_ERROR"),
    "torn 200": (torn(200), "unknown", "PROVIDER_ERROR"),
    "empty": (behaviours.empty_body(), "unknown", "PROVIDER_ERROR"),
    "redirect": (redirect, "unknown", "PROVIDER_ERROR"),
    "endless": (behaviours.endless_body(), "unknown", "PROVIDER_ERROR"),
    "not HTTP": (behaviours.raw(b"SSH-2.0-OpenSSH_9.2\r\n"), "unknown", "PROVIDER_ERROR"),
}
SILENT = ("silence", "headers, then silence")


@pytest.mark.parametrize("fault", FAULTS)
def test_no_fault_makes_a_key_invalid(tmp_path, alpha, fault):
    behaviour, state, code = FAULTS[fault]
    alpha.play_checks(behaviour)
    timeout = "0.5" if fault in SILENT else "20"
    result = validate(tmp_path, "openai", "--base-url", alpha.base_url, "--timeout", timeout, "--json")
    told = found(result)
    assert result.returncode == UNCLEAR
    assert (told["state"], told["code"]) == (state, code), told
    assert "valid" not in told and "key_exists" not in told
    assert fault != "429" or told["retry_after"] == 7


@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
@pytest.mark.parametrize("form", [[], ["--json"]], ids=["table", "json"])
def test_a_key_that_the_vendor_repeats_is_not_printed(tmp_path, alpha, status, form):
    alpha.play_checks(repeats_the_key(status))
    result = validate(tmp_path, "openai", "--base-url", alpha.base_url, *form)
    assert KEY.lower() not in (result.stdout + result.stderr).lower()


def test_a_refusal_that_is_not_said_twice_is_no_verdict(tmp_path, alpha):
    first, refuse, list_models = [], repeats_the_key(401), behaviours.html(200)

    async def once(exchange) -> None:
        first.append(exchange)
        await (refuse if len(first) == 1 else list_models)(exchange)
    alpha.play_checks(once)
    result = validate(tmp_path, "openai", "--base-url", alpha.base_url, "--json")
    told = found(result)
    assert result.returncode == UNCLEAR and len(first) == 2
    assert (told["state"], told["confirmed"]) == ("invalid", False) and "valid" not in told


def test_nobody_there_is_no_verdict(tmp_path):
    told = found(validate(
        tmp_path, "openai", "--base-url", "http://127.0.0.1:1", "--timeout", "2", "--json"))
    assert (told["state"], told["code"]) == ("provider_down", "NETWORK_TIMEOUT")


def test_an_authority_is_believed_that_is_named(tmp_path, start_upstream, authority):
    upstream = start_upstream(tls=authority.context())
    upstream.play_checks(repeats_the_key(401))
    distrusted = validate(tmp_path, "openai", "--base-url", upstream.base_url, "--json")
    assert found(distrusted)["state"] == "provider_down"
    trusted = validate(
        tmp_path, "openai", "--base-url", upstream.base_url, "--ca-file", str(authority.ca_file), "--json")
    assert found(trusted)["state"] == "invalid"


# Bedrock.

@pytest.mark.parametrize(("age", "state", "status"), [
    (timedelta(hours=1), "unknown", UNCLEAR), (timedelta(hours=13), "expired", BAD)])
def test_a_bedrock_key_is_read(tmp_path, age, state, status):
    key = bedrock_key(datetime.now(timezone.utc) - age)
    result = validate(tmp_path, "bedrock", "--json", key=key)
    told = found(result)
    assert (told["state"], told["region"], told["requests"]) == (state, "eu-west-1", 0)
    assert result.returncode == status and "ASIAFAKE" not in result.stdout
