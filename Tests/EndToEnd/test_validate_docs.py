"""docs/keys.md: its commands run as they stand there, and its answers are those of the program."""

import json
import re
from pathlib import Path

import pytest

from harness.configuration import configuration, environment, provider, write
from harness.daemon import run
from harness.fakes import Fakes, settings_of
from harness.gigachat import SCOPES, GigaChat
from harness.raw_client import fetch

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "keys.md").read_text()


def section(title: str) -> str:
    return PAGE.partition(f"## {title}\n")[2].partition("\n## ")[0]


def block(title: str, kind: str, number: int = 0) -> str:
    blocks = [each.partition("\n") for each in section(title).split("```")[1::2]]
    return [text for name, _, text in blocks if name == kind][number]


def commands(title: str) -> list[list[str]]:
    return [line.removeprefix("$ signalbox ").split() for line in block(title, "console").splitlines()]


VARIABLES = {
    "OPENAI_API_KEY": "good-key", "GIGACHAT_KEY": "good-key", "YANDEX_KEY": "good-key",
    "ANTHROPIC_API_KEY": "good-key"}


@pytest.mark.parametrize("arguments", commands("Validate one key"), ids=" ".join)
def test_the_commands_for_one_key(tmp_path, fakes: Fakes, authority, arguments):
    kind = arguments[1]
    there = [
        {"root.pem": str(authority.ca_file), "b1gexample": "b1gfakefolder0000000"}.get(each, each)
        for each in arguments]
    address = ["--base-url", fakes.base_urls[kind]]
    if kind == "gigachat":
        address += ["--auth-url", f"{fakes.origin(kind)}/api/v2/oauth"]
    result = run(*there, *address, directory=tmp_path, environment=VARIABLES)
    assert (result.returncode, result.stderr) == (0, ""), result
    assert '"state":"valid"' in result.stdout if "--json" in arguments else " valid\n" in result.stdout


@pytest.mark.parametrize("arguments", commands("Validate all"), ids=" ".join)
def test_the_commands_for_all_keys(tmp_path, fakes: Fakes, arguments):
    settings = configuration(
        provider("groq", fakes.base_urls["groq"], kind="groq", keys=2, models=("ok",)),
        provider("router", fakes.base_urls["openrouter"], kind="openrouter", models=("ok",)))
    write(settings, tmp_path)
    keys = environment(settings) | {"GROQ_KEY1": "bad-key"}
    result = run(*arguments, directory=tmp_path, environment=keys)
    assert (result.returncode, result.stderr) == (1, ""), result
    if "--json" in arguments:
        assert json.loads(result.stdout)["bad"] == 1
        return
    # All but the times, which are the right edge of each line.
    shown = [line.split()[:-1] for line in result.stdout.splitlines()]
    assert shown == [line.split()[:-1] for line in block("Validate all", "").splitlines()]


def test_the_page_shows_what_a_person_sees(tmp_path, alpha):
    alpha.play(GigaChat(SCOPES[1]))
    result = run(
        "validate", "gigachat", "--env", "KEY", "--base-url", alpha.base_url, "--auth-url",
        alpha.base_url.replace("/v1", "/api/v2/oauth"), directory=tmp_path, environment={"KEY": "k"})
    shown = block("Validate one key", "").splitlines()
    assert [line.split() for line in result.stdout.splitlines()[:4]] == [line.split() for line in shown[:4]]


def test_the_exit_statuses_are_the_helps(tmp_path):
    help_text = " ".join(run("validate", "--help", directory=tmp_path).stdout.split())
    assert "Exits with 0 if all are good, 1 if one is bad, 3 if of one nothing is known" in help_text
    assert re.findall(r"^\| (\d) \|", section("Validate one key"), re.M) == ["0", "1", "2", "3"]


def test_the_request_and_its_events(start_daemon, fakes: Fakes, alpha):
    alpha.play(GigaChat(SCOPES[1]))
    settings = configuration(provider(
        "gigachat", alpha, kind="gigachat", auth_url=alpha.base_url.replace("/v1", "/api/v2/oauth")))
    daemon = start_daemon(settings)
    body = block("Over HTTP", "json").replace("…", "k").encode()
    response = fetch(daemon.admin_url + "/v1/keys/validate", "POST", body)
    events = response.body.decode().strip().split("\n\n")
    documented = block("Over HTTP", "").strip().split("\n\n")
    assert events[:2] == documented[:2]
    [ours, theirs] = [json.loads(each.split("data: ")[1]) for each in (events[2], documented[2])]
    # The upstream has no model of that name, and a balance of its own.
    assert set(theirs) - set(ours) == set()
    assert set(ours) - set(theirs) <= {"balances", "model_access", "request_id"}
    same = ("provider", "valid", "state", "code", "confirmed", "detected_scope", "attempts_count", "scopes")
    assert [ours[name] for name in same] == [theirs[name] for name in same]


def test_every_field_of_an_answer_is_on_the_page(start_daemon, fakes: Fakes):
    settings = configuration(*(
        provider(kind, fakes.base_urls[kind], kind=kind, models=("ok",), **settings_of(kind, fakes))
        for kind in ("openrouter", "deepseek", "gigachat", "openai")))
    daemon = start_daemon(settings)
    for kind in ("openrouter", "deepseek", "gigachat", "openai"):
        for key in ("good-key", "bad-key", "no-scope-key", "no-credit-key"):
            body = {"provider": kind, "api_key": key, "models": ["ok", "nobody"]}
            answer = fetch(daemon.admin_url + "/v1/keys/validate", "POST", json.dumps(body).encode())
            for name in answer.json:
                assert f'"{name}"' in PAGE or f"`{name}`" in section("Over HTTP"), name
