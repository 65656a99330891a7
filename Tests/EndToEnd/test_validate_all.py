"""`signalbox validate --all`: every key of a configuration, and every model with each."""

import pytest

from harness.configuration import configuration, environment, mock, provider, write
from harness.fakes import Fakes
from harness.terminal import Terminal
from harness.validation import BAD, GENERATING, GOOD, UNCLEAR, found, validate


def settings_of_all(fakes: Fakes) -> dict:
    """Three providers with six keys, of which one is bad, and a mock that has none."""
    return configuration(
        provider("one", fakes.base_urls["openai"], kind="openai", keys=3, models=("ok", "none-such")),
        provider("two", fakes.base_urls["gemini"], kind="gemini", keys=2, models=("ok", "fail-model")),
        provider("three", fakes.base_urls["openrouter"], kind="openrouter", models=("ok",)), mock("stand-in"))


def all_keys(tmp_path, settings: dict, *arguments: str, **keys: str):
    path = write(settings, tmp_path)
    return validate(
        tmp_path, "--all", "--config", str(path), *arguments, key=None, **(environment(settings) | keys))


def test_every_key_of_the_configuration_is_asked_about(tmp_path, fakes):
    fakes.forget()
    result = all_keys(tmp_path, settings_of_all(fakes), ONE_KEY1="bad-key")
    assert (result.returncode, result.stderr) == (BAD, "")
    rows = [line.split()[:3] for line in result.stdout.splitlines()]
    assert rows[:7] == [
        ["PROVIDER", "KEY", "STATE"], ["one", "one-0", "valid"], ["one", "one-1", "invalid"],
        ["one", "one-2", "valid"], ["two", "two-0", "valid"], ["two", "two-1", "valid"],
        ["three", "three-0", "valid"]]
    assert result.stdout.splitlines()[-1] == "5 good, 1 bad, 0 not known"
    for kind in ("openai", "gemini", "openrouter"):
        assert not [each for each in fakes.requests(kind) if GENERATING.search(each["path"])]


@pytest.mark.parametrize("concurrency", ["1", "3", "16"])
def test_the_exit_status_says_how_it_stands(tmp_path, fakes, concurrency):
    settings = settings_of_all(fakes)
    more = ["--json", "--concurrency", concurrency, "--timeout", "1"]
    good = all_keys(tmp_path, settings, *more)
    assert (good.returncode, found(good)["good"]) == (GOOD, 6)
    bad = all_keys(tmp_path, settings, *more, TWO_KEY0="bad-key")
    assert (bad.returncode, found(bad)["bad"]) == (BAD, 1)
    settings["providers"][2]["base_url"] = "http://127.0.0.1:1"
    unclear = all_keys(tmp_path, settings, *more)
    assert (unclear.returncode, found(unclear)["not_known"]) == (UNCLEAR, 1)
    both = all_keys(tmp_path, settings, *more, ONE_KEY2="no-credit-key")
    assert both.returncode == BAD
    assert [each["state"] for each in found(both)["keys"]] == [
        "valid", "valid", "no_credit", "valid", "valid", "provider_down"]


def test_every_model_is_asked_after_with_every_key(tmp_path, fakes):
    told = found(all_keys(tmp_path, settings_of_all(fakes), "--models", "--json", ONE_KEY0="bad-key"))
    access = {
        (each["key"], model["model"]): model["access"]
        for each in told["keys"] for model in each["model_access"]}
    assert access == {
        ("one-0", "ok"): "not_told", ("one-0", "none-such"): "not_told",
        ("one-1", "ok"): "listed", ("one-1", "none-such"): "not_listed",
        ("one-2", "ok"): "listed", ("one-2", "none-such"): "not_listed",
        ("two-0", "ok"): "listed", ("two-0", "fail-model"): "not_listed",
        ("two-1", "ok"): "listed", ("two-1", "fail-model"): "not_listed", ("three-0", "ok"): "not_told"}


def test_how_far_it_is_is_shown_on_a_terminal(tmp_path, fakes):
    settings = settings_of_all(fakes)
    path = write(settings, tmp_path)
    with Terminal(
        "validate", "--all", "--config", str(path), directory=tmp_path,
        environment=environment(settings)) as terminal:
        assert terminal.wait() == GOOD, terminal.shown
    for count in range(1, 7):
        assert f" {count}/6 keys  " in terminal.shown
    assert "6 good, 0 bad, 0 not known" in terminal.shown


def test_a_providers_rate_is_kept(tmp_path, alpha):
    settings = configuration(
        provider("alpha", alpha, kind="openai", keys=5), key_checks={"requests_per_minute": 12})
    path = write(settings, tmp_path)
    with Terminal(
        "validate", "--all", "--config", str(path), "--concurrency", "5", directory=tmp_path,
        environment=environment(settings)) as terminal:
        # A check may take ten requests, and takes one: three fit into the minute, for the fourth there may
        # be no room.
        terminal.read_until(" 3/5 keys")
        assert len(alpha.checks) == 3
        assert terminal.process.poll() is None


def test_a_configuration_without_keys_has_nothing_to_ask(tmp_path):
    result = all_keys(tmp_path, configuration(mock("stand-in")))
    assert result.returncode == GOOD and result.stdout == ""
    assert "no provider has a key" in result.stderr


def test_configured_headers_and_authorities_are_used(tmp_path, start_upstream, authority):
    upstream = start_upstream(tls=authority.context())
    settings = configuration(provider(
        "alpha", upstream, kind="openai", ca_file=str(authority.ca_file), headers={"X-Team": "env:TEAM"}))
    result = all_keys(tmp_path, settings, TEAM="blue")
    assert result.returncode == GOOD, result
    assert upstream.wait_for_check().request.header("x-team") == "blue"
