"""What is known of keys, and checks that are asked for, over HTTP."""

from contextlib import ExitStack

from harness import behaviours
from harness.configuration import key_value
from harness.daemon import run
from harness.keys import (
    ONCE, between_checks, check_now, checked, list_models, listed, openai, state, wait_for_state,
)
from harness.raw_client import RawClient, request


def test_what_is_known_of_keys_can_be_read(start_daemon, alpha, beta):
    alpha.play_checks(list_models)
    beta.play_checks(behaviours.status(
        401, "invalid_api_key", message="Incorrect API key provided.", headers={"x-request-id": "req-bad"}))
    daemon = start_daemon(checked(openai("alpha", alpha), openai("beta", beta)))
    wait_for_state(daemon, "alpha-0", "valid")
    wait_for_state(daemon, "beta-0", "invalid")
    good, bad = between_checks(daemon, "alpha-0"), listed(daemon)["beta-0"]
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
    pasted = check_now(daemon, "sk-pasted-by-mistake")
    assert pasted.status == 404 and b"pasted" not in pasted.body
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
