"""The configuration is loaded again while requests run: nothing fails, nothing is forgotten or leaks."""

import json
import os
import signal
import threading
from pathlib import Path

import pytest

from harness import behaviours, configuration as settings_of, contract
from harness.configuration import configuration, mock, provider, write
from harness.daemon import Daemon
from harness.raw_client import RawClient, Response, fetch, request
from harness.waiting import scraped_until

CHAT = "/v1/chat/completions"
RELOAD = "/admin/reload"
MEBIBYTE = 1024 * 1024
RELOADS = 100


def body(model: str = "chat", stream: bool = False) -> bytes:
    messages = [{"role": "user", "content": contract.PROMPT}]
    return json.dumps({"model": model, "stream": stream, "messages": messages}).encode()


def ask(daemon: Daemon, model: str = "chat", stream: bool = False) -> Response:
    return fetch(daemon.url + CHAT, "POST", body(model, stream))


def reload(daemon: Daemon, headers: dict[str, str] | None = None) -> Response:
    return fetch(daemon.admin_url + RELOAD, "POST", b"", headers)


def changed(daemon: Daemon) -> dict:
    response = reload(daemon)
    assert response.status == 200, response.body
    return response.json


def hang_up(daemon: Daemon, adding: str | None = None) -> None:
    """Sends SIGHUP and waits until its reload, which adds that provider, has been told of."""
    seen = len(daemon.lines)
    daemon.process.send_signal(signal.SIGHUP)
    daemon.wait_for_later_log(
        seen, lambda line: line["message"].startswith("config_reload")
        and (adding is None or adding in line.get("providers_added", [])))


def descriptors(daemon: Daemon) -> int:
    return len(os.listdir(f"/proc/{daemon.process.pid}/fd"))


# Under load.

class Load:
    """Clients that ask for one answer after the other, plain and streamed, until they are told to stop."""

    def __init__(self, daemon: Daemon, clients: int = 4):
        self.daemon = daemon
        self.answers = 0
        self.failures: list[str] = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads = [
            threading.Thread(target=self._run, args=(number,), daemon=True) for number in range(clients)]

    def __enter__(self) -> "Load":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        self._stopping.set()
        for thread in self._threads:
            thread.join(20)
            assert not thread.is_alive(), "a client waits for ever"

    def _run(self, number: int) -> None:
        model, stream = ("chat", "spare")[number % 2], number % 4 < 2
        with RawClient(self.daemon.addresses("server")[0]) as client:
            while not self._stopping.is_set():
                problem = self._ask(client, model, stream)
                with self._lock:
                    self.answers += 1
                    if problem:
                        self.failures.append(problem)
                if problem:
                    return

    def _ask(self, client: RawClient, model: str, stream: bool) -> str | None:
        client.send(request("POST", CHAT, body(model, stream)))
        response = client.response()
        if response is None:
            return f"{model}: the connection was closed"
        if response.status != 200:
            return f"{model}: {response.status} {response.body!r}"
        if stream and not response.body.rstrip().endswith(b"data: [DONE]"):
            return f"{model}: the stream was cut: {response.body[-200:]!r}"
        if response.headers["x-signalbox-attempts"] != "1":
            return f"{model}: {response.headers}"
        return None


def keyless(name: str, upstream, **more) -> dict:
    settings = provider(name, upstream, **more)
    del settings["keys"]
    return settings


def numbered(number: int, alpha, beta, home: Path) -> dict:
    """Each has a provider under a new name and at another address, a new model and a new key."""
    (home / "alpha.key").write_text(f"sk-of-alpha-{number}\n")
    spare = f"spare-{number}"
    settings = configuration(
        provider("alpha", alpha, models=("alpha-model", f"extra-{number}")) | {"keys": ["file:alpha.key"]},
        keyless(spare, (beta, alpha)[number % 2], models=(f"model-{number}",),
                timeouts={"connect": f"{2 + number % 3}s"}))
    settings["routes"] = [
        {"model": "chat", "targets": ["alpha/alpha-model", spare]},
        {"model": "spare", "targets": [spare, "alpha/alpha-model"]},
        {"model": f"route-{number}", "targets": [f"alpha/extra-{number}"]},
    ]
    return settings


def counters(daemon: Daemon) -> dict[str, float]:
    metrics = daemon.metrics()
    return {
        "chat": metrics.value("llm_client_requests_total", route="chat"),
        "spare": metrics.value("llm_client_requests_total", route="spare"),
        "alpha": metrics.value("llm_requests_total", provider="alpha", model="alpha-model"),
        "tokens": metrics.value("llm_tokens_total", provider="alpha", model="alpha-model"),
        "timed": metrics.value("llm_request_latency_seconds_count", provider="alpha"),
    }


def series(daemon: Daemon) -> int:
    return sum(
        sample.name.startswith(("llm_", "gen_ai_")) for sample in daemon.metrics().samples)


def test_a_hundred_reloads_under_load_lose_no_request_and_leak_nothing(start_daemon, alpha, beta, tmp_path):
    for upstream in (alpha, beta):
        upstream.play(answer_as_asked())
    daemon = start_daemon(numbered_without_files(tmp_path, alpha, beta))
    home = daemon.directory
    write(numbered(0, alpha, beta, home), home)
    changed(daemon)
    resting = series(daemon)
    with Load(daemon) as load:
        before, at_twenty = counters(daemon), (0, 0)
        for number in range(1, RELOADS + 1):
            write(numbered(number, alpha, beta, home), home)
            if number % 2:
                told = changed(daemon)["changed"]
                assert told["providers"]["added"] == [f"spare-{number}"]
                assert told["providers"]["removed"] == [f"spare-{number - 1}"]
                assert f"alpha/extra-{number}" in told["models"]["added"]
                assert told["keys"] == {"added": [], "removed": [], "changed": ["alpha-0"]}
            else:
                hang_up(daemon, adding=f"spare-{number}")
            if number % 10 == 0:
                after = counters(daemon)
                assert all(after[name] >= before[name] for name in before), (before, after)
                before = after
            if number == RELOADS // 5:
                at_twenty = (daemon.memory(), descriptors(daemon))
            assert not load.failures, load.failures
        at_the_end = (daemon.memory(), descriptors(daemon))
        load.stop()
    assert not load.failures, load.failures
    assert load.answers > RELOADS, "that was no load"
    print(f"{load.answers} answers; bytes resident and descriptors after {RELOADS // 5} reloads {at_twenty}, "
          f"at the end {at_the_end}")
    assert at_the_end[0] - at_twenty[0] < 8 * MEBIBYTE
    assert at_the_end[1] - at_twenty[1] <= 8

    assert not daemon.logged("config_reload_failed")
    assert len(daemon.logged("config_reloaded")) == RELOADS + 1
    metrics = daemon.metrics()
    assert metrics.value("llm_client_requests_total", outcome="success") == load.answers
    assert metrics.value("llm_client_requests_total") == load.answers
    assert metrics.value("signalbox_series_dropped_total") == 0
    named = {each["provider"] for each in metrics.labels("llm_requests_total")}
    assert named == {"alpha", f"spare-{RELOADS}"}
    assert series(daemon) == resting, "series of what is gone were left, or others are there twice"
    used = alpha.exchanges[-1].request.header("authorization")
    ask(daemon)
    assert alpha.exchanges[-1].request.header("authorization") == f"Bearer sk-of-alpha-{RELOADS}", used


def answer_as_asked() -> behaviours.Behaviour:
    whole, streamed = behaviours.reply(), behaviours.stream(3)

    async def behave(exchange) -> None:
        await (streamed if exchange.request.json.get("stream") else whole)(exchange)
    return behave


def numbered_without_files(home: Path, alpha, beta) -> dict:
    """The first one: its key cannot be in a file of a directory that is not there yet."""
    settings = numbered(0, alpha, beta, home)
    settings["providers"][0]["keys"] = ["env:ALPHA_KEY0"]
    return settings


def test_a_stream_in_flight_ends_on_the_provider_that_is_gone(start_daemon, alpha, beta):
    gate = alpha.gate()
    alpha.play(behaviours.stream(3, gates={1: gate}))
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    with RawClient(daemon.addresses("server")[0]) as raw:
        raw.send(request("POST", CHAT, body(stream=True)))
        assert raw.head().headers["x-signalbox-provider"] == "alpha"
        write(configuration(keyless("beta", beta)), daemon.directory)
        assert changed(daemon)["changed"]["providers"] == {
            "added": ["beta"], "removed": ["alpha"], "changed": []}
        assert ask(daemon).headers["x-signalbox-provider"] == "beta"
        assert daemon.metrics().value("llm_inflight_requests", provider="alpha") == 1
        gate.open()
        rest = b"".join(raw.chunks())
        assert b"word2" in rest and rest.rstrip().endswith(b"data: [DONE]")
    scraped_until(daemon.metrics, lambda metrics: not any(
        labels["provider"] == "alpha" for labels in metrics.labels("llm_requests_total")), "alpha's end")


# All or nothing.

@pytest.mark.parametrize("by_signal", [False, True], ids=["post", "signal"])
def test_a_configuration_with_mistakes_is_refused_whole(start_daemon, alpha, by_signal):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    good = daemon.directory / "signalbox.yaml"
    text = good.read_text()
    settings = json.loads(text)
    settings["providers"][0]["kind"] = "opnai"
    settings["providers"].append(mock("new"))
    settings["bogus"] = 1
    write(settings, daemon.directory)
    if by_signal:
        hang_up(daemon)
    else:
        response = reload(daemon)
        assert response.status == 422
        assert response.error["code"] == "configuration_refused"
        places = {mistake["path"]: mistake for mistake in response.json["mistakes"]}
        assert set(places) == {"bogus", "providers[0].kind"}
        kind = places["providers[0].kind"]
        assert kind["line"] > 1 and kind["column"] > 1 and kind["file"].endswith("signalbox.yaml")
        assert '"opnai" is no provider kind' in kind["problem"] and "openai" in kind["remedy"]
    line = daemon.wait_for_log(lambda line: line["message"] == "config_reload_failed")
    assert line["level"] == "error" and line["count"] == 2
    assert {mistake["path"] for mistake in line["mistakes"]} == {"bogus", "providers[0].kind"}
    assert ask(daemon).headers["x-signalbox-provider"] == "alpha"
    assert not [each for each in daemon.metrics().labels("llm_requests_total") if each["provider"] == "new"]
    assert daemon.metrics().value("signalbox_config_last_reload_successful") == 0

    since = daemon.metrics().value("signalbox_config_last_reload_success_timestamp_seconds")
    good.write_text(text)
    hang_up(daemon)
    metrics = daemon.metrics()
    assert metrics.value("signalbox_config_last_reload_successful") == 1
    assert metrics.value("signalbox_config_last_reload_success_timestamp_seconds") > since


def test_a_file_that_is_gone_is_a_mistake(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    (daemon.directory / "signalbox.yaml").unlink()
    assert reload(daemon).status == 422
    assert ask(daemon).status == 200


# What is taken on.

def test_settings_are_taken_on_or_named(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    settings = json.loads((daemon.directory / "signalbox.yaml").read_text())
    settings["server"] |= {"body_max": "1KiB", "threads": 1}
    settings["logging"] = {"level": "warning"}
    settings["data_dir"] = "./elsewhere"
    write(settings, daemon.directory)
    told = changed(daemon)
    assert told["needs_restart"] == ["data_dir", "server.threads"]
    assert told["changed"]["settings"] == ["data_dir", "logging.level", "server.body_max", "server.threads"]
    warning = daemon.wait_for_log(lambda line: line["message"] == "config_needs_restart")
    assert warning["level"] == "warning" and warning["settings"] == ["data_dir", "server.threads"]
    assert fetch(daemon.url + CHAT, "POST", b" " * 2048 + body()).status == 413
    assert ask(daemon).status == 200
    assert not daemon.logged("llm_request_completed"), "that level is not logged any more"


def test_tenants_keys_and_models_are_those_of_the_file(start_daemon, alpha):
    daemon = start_daemon(
        configuration(provider("alpha", alpha), tenants=("old", "new")) | {"tenants": [
            {"id": "old", "keys": ["env:OLD_TOKEN"]}]}, more_environment={
                "OLD_TOKEN": "token-secret-of-old", "NEW_TOKEN": "token-secret-of-new"})
    asks = lambda tenant: fetch(daemon.url + CHAT, "POST", body(), {
        "Authorization": "Bearer " + settings_of.token_value(tenant)}).status
    assert (asks("old"), asks("new")) == (200, 401)
    settings = json.loads((daemon.directory / "signalbox.yaml").read_text())
    settings["tenants"] = [{"id": "new", "keys": ["env:NEW_TOKEN"]}]
    settings["routes"].append({"model": "another", "targets": ["alpha"]})
    write(settings, daemon.directory)
    told = changed(daemon)["changed"]
    assert told["tenants"] == {"added": ["new"], "removed": ["old"], "changed": []}
    assert told["routes"]["added"] == ["another"]
    assert (asks("old"), asks("new")) == (401, 200)
    listed = fetch(daemon.base_url + "/models", headers={
        "Authorization": "Bearer " + settings_of.token_value("new")}).json["data"]
    assert [model["id"] for model in listed] == ["chat", "another"]
    tenants = {each["tenant"] for each in daemon.metrics().labels("llm_client_requests_total")}
    assert tenants == {"new", "other"}


def test_without_a_file_the_environment_file_is_read_again(alpha, beta, tmp_path):
    variables = tmp_path / ".env"
    variables.write_text(f"OPENAI_API_KEY=sk-one\nOPENAI_BASE_URL={alpha.base_url}\n")
    daemon = Daemon(
        ("serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"), tmp_path,
        secrets=("sk-one", "sk-two"))
    try:
        daemon.wait_until_listening()
        assert ask(daemon, "gpt-4o").status == 200
        variables.write_text(f"OPENAI_API_KEY=sk-two\nOPENAI_BASE_URL={beta.base_url}\n")
        told = changed(daemon)["changed"]
        assert told["providers"]["changed"] == [{"name": "openai", "settings": ["base_url", "keys"]}]
        assert told["keys"]["changed"] == ["openai-0"]
        assert ask(daemon, "gpt-4o").status == 200
        assert beta.exchanges[0].request.header("authorization") == "Bearer sk-two"
        daemon.stop()
    finally:
        daemon.kill()


def test_a_demonstration_has_nothing_to_reload(tmp_path):
    daemon = Daemon(
        ("serve", "--demo", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"), tmp_path)
    try:
        daemon.wait_until_listening()
        response = reload(daemon)
        assert response.status == 409 and "nothing to reload" in response.error["message"]
        hang_up(daemon)
        assert daemon.is_alive and ask(daemon).status == 200
        assert daemon.metrics().value("signalbox_config_last_reload_successful") == 1
        daemon.stop()
    finally:
        daemon.kill()


# Who may.

def test_the_admins_token_is_asked_for_and_changes_with_its_file(start_daemon, alpha, tmp_path):
    key = tmp_path / "admin.key"
    key.write_text("first-token\n")
    daemon = start_daemon(
        configuration(provider("alpha", alpha), admin={"listen": "127.0.0.1:0", "token": f"file:{key}"}))
    refused = reload(daemon)
    assert refused.status == 401 and "Bearer" in refused.headers["www-authenticate"]
    assert reload(daemon, {"Authorization": "Bearer second-token"}).status == 401
    key.write_text("second-token\n")
    response = reload(daemon, {"Authorization": "Bearer first-token"})
    assert response.status == 200 and response.json["changed"]["settings"] == ["admin.token"]
    assert reload(daemon, {"Authorization": "Bearer first-token"}).status == 401
    assert reload(daemon, {"Authorization": "Bearer second-token"}).status == 200


def test_pages_of_other_sites_reload_nothing(start_daemon, alpha):
    daemon = start_daemon(configuration(provider("alpha", alpha)))
    for headers in ({"Origin": "https://elsewhere.example"}, {"Origin": "null"},
                    {"Sec-Fetch-Site": "cross-site"},
                    {"Host": "rebound.example", "Origin": "http://rebound.example"}):
        assert reload(daemon, headers).status == 403, headers
    assert fetch(daemon.admin_url + RELOAD).status == 405
    assert fetch(daemon.url + RELOAD, "POST", b"").status == 404, "never on the public listener"
    assert not daemon.logged("config_reloaded")
    assert reload(daemon, {"Origin": daemon.admin_url}).status == 200
