"""How the providers stand, and what a request would meet, without sending anything."""

import json
import subprocess

import pytest

from harness.behaviours import reply, status
from harness.configuration import configuration, mock, provider
from harness.daemon import bare_environment, binary, run
from harness.flood import CHAT
from harness.raw_client import fetch
from harness.upstream import Upstream

QUESTION = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "hello"}]}).encode()


def explain(daemon, headers: dict[str, str] | None = None, body: bytes = QUESTION):
    return fetch(daemon.admin_url + "/admin/explain", "POST", body, headers)


@pytest.fixture
def failing(start_daemon):
    """A daemon whose first provider has failed so often that its circuit is open."""
    with Upstream() as upstream:
        upstream.play(status(500))
        alpha = provider("alpha", upstream, breaker={"failures": 2, "cooldown": "60s"}, limits={"rpm": 100})
        daemon = start_daemon(configuration(alpha, mock("beta")))
        assert fetch(daemon.url + CHAT, "POST", body=QUESTION).status == 200
        yield daemon


def test_the_status_tells_of_every_provider_and_key(failing):
    answer = failing.admin("/status").json
    alpha, beta = answer["providers"]
    assert alpha["circuit"]["state"] == "open"
    assert 0 < alpha["circuit"]["tried_in_ms"] <= 60_000
    assert alpha["requests_per_minute"] == {"used": 2, "limit": 100}
    assert [key["key"] for key in alpha["keys"]] == ["alpha-0"]
    assert beta["circuit"] == {"state": "closed"}
    assert beta["in_flight"] == 0 and beta["latency_ms"] >= 0
    assert answer["routes"] == [{"model": "chat", "strategy": "ordered", "providers": ["alpha", "beta"]}]


def test_the_command_shows_it_as_a_table_and_as_json(failing, tmp_path):
    table = run("status", "--admin", failing.admin_url, directory=tmp_path)
    assert table.returncode == 0, table.stderr
    head, alpha, key, *_ = table.stdout.splitlines()
    assert head.split()[:4] == ["PROVIDER", "KEY", "STATE", "CHECKED"]
    assert alpha.split()[:3] == ["alpha", "healthy", "open"] and "2/100" in alpha
    assert key.split()[0] == "alpha-0"
    as_json = run("status", "--json", "--admin", failing.admin_url, directory=tmp_path)
    assert json.loads(as_json.stdout)["providers"][0]["name"] == "alpha"


def test_it_can_be_watched(failing, tmp_path):
    command = [binary(), "status", "--watch", "--interval", "0.1", "--admin", failing.admin_url]
    with subprocess.Popen(
        command, cwd=tmp_path, env=bare_environment(), text=True, stdout=subprocess.PIPE,
        stdin=subprocess.DEVNULL,
    ) as watching:
        try:
            shown = 0
            while shown < 3:
                line = watching.stdout.readline()
                assert line, "it ended by itself"
                shown += line.startswith("\x1b[H\x1b[JPROVIDER")
        finally:
            watching.terminate()


def test_a_daemon_that_is_not_there_is_named(tmp_path):
    result = run("status", "--admin", "http://127.0.0.1:9", directory=tmp_path)
    assert result.returncode == 1
    assert "http://127.0.0.1:9 does not answer" in result.stderr and "--admin" in result.stderr


def test_the_token_is_wanted_and_taken_from_the_environment(start_daemon, tmp_path):
    settings = configuration(mock("beta"))
    settings["admin"]["token"] = "env:ADMIN_TOKEN"
    daemon = start_daemon(settings, more_environment={"ADMIN_TOKEN": "let-me-in"})
    refused = run("status", "--admin", daemon.admin_url, directory=tmp_path)
    assert refused.returncode == 1 and "SIGNALBOX_ADMIN_TOKEN" in refused.stderr
    allowed = run(
        "status", "--admin", daemon.admin_url, directory=tmp_path,
        environment={"SIGNALBOX_ADMIN_TOKEN": "let-me-in"})
    assert allowed.returncode == 0, allowed.stderr


def test_an_explanation_lists_the_candidates_with_reasons_and_sends_nothing(start_daemon):
    with Upstream() as upstream:
        upstream.play(reply())
        daemon = start_daemon(configuration(provider("alpha", upstream, keys=2), mock("beta")))
        answer = explain(daemon).json
        assert [(each["provider"], each["key"], each["verdict"]) for each in answer["candidates"]] == [
            ("alpha", "alpha-0", "open"), ("alpha", "alpha-1", "open"), ("beta", "none", "open")]
        assert answer["strategy"] == "ordered" and answer["priority"] == "normal"
        pinned = explain(daemon, {"x-signalbox-provider": "beta", "x-signalbox-priority": "high"}).json
        assert pinned["candidates"][0]["provider"] == "beta"
        assert pinned["candidates"][0]["reason"] == "pinned" and pinned["priority"] == "high"
        assert not upstream.exchanges


def test_an_explanation_knows_what_is_remembered(failing):
    verdicts = {each["provider"]: each["verdict"] for each in explain(failing).json["candidates"]}
    assert verdicts == {"alpha": "breaker", "beta": "open"}


def test_an_explanation_of_an_unknown_model_says_so(failing):
    response = explain(failing, body=b'{"model":"nobody","messages":[]}')
    assert response.status == 404 and response.error["code"] == "model_not_found"


# What a caller asks of routing.


def answered_by(daemon, headers: dict[str, str] | None = None, **fields) -> str:
    body = json.loads(QUESTION) | fields
    response = fetch(daemon.url + CHAT, "POST", json.dumps(body).encode(), headers)
    assert response.status == 200, response
    return response.headers["x-signalbox-provider"]


def test_a_provider_may_be_asked_for_by_header_or_field(start_daemon):
    daemon = start_daemon(configuration(mock("alpha"), mock("beta")))
    assert answered_by(daemon) == "alpha"
    assert answered_by(daemon, {"x-signalbox-provider": "beta"}) == "beta"
    assert answered_by(daemon, force_provider="beta") == "beta"


def test_a_provider_that_the_route_does_not_have_is_refused(start_daemon):
    daemon = start_daemon(configuration(mock("alpha")))
    response = fetch(daemon.url + CHAT, "POST", QUESTION, {"x-signalbox-provider": "nobody"})
    assert response.status == 400 and "alpha" in response.error["message"]


def test_fields_that_are_ours_do_not_reach_a_provider(start_daemon):
    with Upstream() as upstream:
        upstream.play(reply())
        daemon = start_daemon(configuration(provider("alpha", upstream)))
        answered_by(daemon, session_id="s-1", force_provider="alpha", user="u-1", seed=7)
        sent = upstream.exchanges[0].request.json
        assert "session_id" not in sent and "force_provider" not in sent
        assert sent["user"] == "u-1" and sent["seed"] == 7


def test_a_session_stays_with_its_target_and_others_take_turns(start_daemon):
    settings = configuration(mock("alpha"), mock("beta"))
    settings["routes"][0]["strategy"] = "round-robin"
    daemon = start_daemon(settings)
    first = answered_by(daemon, {"x-session-id": "s-1"})
    assert {answered_by(daemon, session_id="s-1") for _ in range(5)} == {first}
    assert {answered_by(daemon) for _ in range(4)} == {"alpha", "beta"}
    assert daemon.metrics().value("signalbox_sessions") == 1


def test_one_session_too_many_makes_room_and_is_counted(start_daemon):
    routing = {"affinity": {"sessions_max": 2}}
    daemon = start_daemon(configuration(mock("alpha"), mock("beta"), routing=routing))
    for session in ("s-1", "s-2", "s-3"):
        answered_by(daemon, session_id=session)
    metrics = daemon.metrics()
    assert metrics.value("signalbox_sessions") == 2
    assert metrics.value("signalbox_session_evictions_total") == 1


def test_an_unknown_priority_is_refused(start_daemon):
    daemon = start_daemon(configuration(mock("alpha")))
    response = fetch(daemon.url + CHAT, "POST", QUESTION, {"x-signalbox-priority": "urgent"})
    assert response.status == 400 and "critical, high, normal, low" in response.error["message"]


def test_a_tenant_that_has_asked_for_enough_is_told_to_wait(start_daemon):
    settings = configuration(mock("alpha"), tenants=("tenant-1", "tenant-2"))
    settings["tenants"][0]["limits"] = {"rpm": 2}
    daemon = start_daemon(settings)
    token = {"authorization": "Bearer token-secret-of-tenant-1"}
    answers = [fetch(daemon.url + CHAT, "POST", QUESTION, token) for _ in range(3)]
    assert [each.status for each in answers] == [200, 200, 429]
    assert answers[2].error["code"] == "tenant_rate_limited"
    assert 0 < int(answers[2].headers["retry-after"]) <= 61
    other = {"authorization": "Bearer token-secret-of-tenant-2"}
    assert fetch(daemon.url + CHAT, "POST", QUESTION, other).status == 200


def test_a_priority_may_have_targets_of_its_own(start_daemon):
    settings = configuration(mock("alpha"), mock("beta"))
    settings["routes"][0] |= {"targets": ["alpha"], "by_priority": {"critical": ["beta"]}}
    daemon = start_daemon(settings)
    assert answered_by(daemon) == "alpha"
    assert answered_by(daemon, {"x-signalbox-priority": "critical"}) == "beta"
    assert answered_by(daemon, {"x-signalbox-priority": "low"}) == "alpha"


def test_a_prompt_that_fits_no_window_is_refused_before_any_call(start_daemon):
    with Upstream() as upstream:
        upstream.play(reply())
        alpha = provider("alpha", upstream, models=({"name": "small", "context_window": 100},))
        daemon = start_daemon(configuration(alpha))
        body = json.loads(QUESTION)
        body["messages"][0]["content"] = "What is said too often is heard too seldom. " * 500
        response = fetch(daemon.url + CHAT, "POST", json.dumps(body).encode())
        assert response.status == 400 and response.error["code"] == "context_length_exceeded"
        assert not upstream.exchanges
        assert answered_by(daemon) == "alpha"


def test_a_request_larger_than_a_window_of_tokens_is_refused_not_queued(start_daemon):
    with Upstream() as upstream:
        upstream.play(reply())
        daemon = start_daemon(configuration(provider("alpha", upstream, limits={"tpm": 400})))
        body = json.loads(QUESTION)
        body["messages"][0]["content"] = "What is said too often is heard too seldom. " * 500
        response = fetch(daemon.url + CHAT, "POST", json.dumps(body).encode())
        assert response.status == 400 and response.error["code"] == "tokens_limit_exceeded"
        assert not upstream.exchanges
