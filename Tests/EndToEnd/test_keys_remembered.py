"""What is believed of keys outlives the process, and other configurations."""

import json
from pathlib import Path

import pytest

from harness import behaviours
from harness.acts import Chosen
from harness.configuration import environment, write
from harness.daemon import Daemon
from harness.keys import (
    ask, BAD_KEY, check_now, checked, key_of, list_models, listed, OFTEN, ONCE, openai,
    state, wait_for_state, wait_for_word,
)
from harness.raw_client import fetch
from harness.waiting import scraped_until


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
    left = [each.name for each in metrics.samples if each.labels.get("key") == "alpha-0"]
    assert [name for name in left if name.startswith(("llm_key_", "signalbox_key_"))] == []
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
