"""`signalbox-fakes` as a program: what it prints, what it remembers, how it plays a script."""

import json
import subprocess

import pytest

from harness.daemon import bare_environment
from harness.fakes import KINDS, Fakes, binary
from harness.raw_client import fetch

BODY = {"messages": [{"role": "user", "content": "hello"}]}


def run(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run(
        [binary(), *arguments], env=bare_environment(), text=True, stdin=subprocess.DEVNULL,
        capture_output=True, timeout=20)


def ask(fakes: Fakes, model: str, **more):
    body = json.dumps({"model": model} | BODY | more).encode()
    return fetch(
        f"{fakes.base_urls['openai']}/chat/completions", method="POST", body=body,
        headers={"Authorization": "Bearer good-key", "X-Mine": "7"})


def test_help_names_keys_and_models():
    result = run("--help")
    assert result.returncode == 0
    for word in ("good-key", "no-scope-key", "stream-cut", "/__requests", "--listen"):
        assert word in result.stdout


@pytest.mark.parametrize(("arguments", "complaint"), [
    (["nobody"], "nobody has no fake; there are openai"), (["--listen", "here"], "here is no address"),
    (["--remembered", "0"], "--remembered takes"),
])
def test_a_wrong_command_line_is_explained(arguments, complaint):
    result = run(*arguments)
    assert result.returncode == 2
    assert complaint in result.stderr


def test_an_address_that_is_taken_is_explained(fakes):
    result = run("--listen", fakes.url.removeprefix("http://"))
    assert result.returncode == 1
    assert "cannot listen on" in result.stderr


def test_it_serves_kinds_that_are_known(fakes):
    assert set(fakes.base_urls) <= set(KINDS)
    missing = fetch(f"{fakes.url}/nobody/v1/models")
    assert missing.status == 404
    assert b"/openai" in missing.body


def test_requests_are_remembered_as_they_came(fakes):
    fakes.forget()
    ask(fakes, "ok")
    [request] = fakes.requests("openai")
    assert (request["method"], request["path"]) == ("POST", "/v1/chat/completions")
    assert request["headers"]["x-mine"] == "7"
    assert json.loads(request["body"]) == {"model": "ok"} | BODY
    fakes.forget()
    assert fakes.requests("openai") == []


def test_a_script_is_played_whole_or_broken_off(fakes):
    assert b"[DONE]" in ask(fakes, "slow", stream=True).body
    short = ask(fakes, "stream-short", stream=True)
    assert short.status == 200 and b"[DONE]" not in short.body
    # A body that breaks off has no last chunk.
    with pytest.raises((AssertionError, ValueError)):
        ask(fakes, "stream-cut", stream=True)
