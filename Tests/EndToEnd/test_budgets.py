"""What a tenant may use up: exact while many ask at once, known again after a crash, told in words."""

import json
import re
import signal
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

import openai
import pytest

from harness import behaviours, chat, configuration as settings_of
from harness.configuration import configuration, model_of, provider, token_value
from harness.daemon import Daemon
from harness.raw_client import fetch

ROOT = Path(__file__).resolve().parents[2]
CHAT = "/v1/chat/completions"
RETRY_MAX_SECONDS = 3600
# A token of an answer costs a dollar, prompts are free.
PRICES = {"version": "test", "prices": [{
    "kind": "openai-compatible", "model": model_of("alpha"), "currency": "USD", "valid_from": "2026-01-01",
    "input": "0", "output": "1000000"}]}
ANSWER_TOKENS = 10
LABELS = {"tenant": "acme", "key": "all", "kind": "USD", "period": "month"}


def answer(tokens: int = ANSWER_TOKENS) -> behaviours.Behaviour:
    usage = {"prompt_tokens": 7, "completion_tokens": tokens, "total_tokens": 7 + tokens}
    return behaviours.json_reply(200, json.loads(chat.completion(model_of("alpha"))) | {"usage": usage})


def settings(upstream, directory: Path, tenant: dict | None = None, **more) -> dict:
    prices = directory / "prices.yaml"
    prices.write_text(json.dumps(PRICES))
    made = configuration(
        provider("alpha", upstream), tenants=("acme",), prices={"file": str(prices)},
        data_dir=str(directory / "data"), **more)
    made["tenants"][0] |= tenant or {}
    return made


def ask(daemon: Daemon, token: str = token_value("acme")):
    body = {"model": "chat", "max_tokens": ANSWER_TOKENS, "messages": [{"role": "user", "content": "Hello"}]}
    return fetch(daemon.url + CHAT, "POST", json.dumps(body).encode(), {"Authorization": f"Bearer {token}"})


def spent(daemon: Daemon, **labels: str) -> float:
    return daemon.metrics().value("llm_budget_spent", **(LABELS | labels))


def crash(daemon: Daemon) -> None:
    daemon.process.send_signal(signal.SIGKILL)
    daemon.wait_for_exit()


@pytest.fixture
def launch(tmp_path):
    """Starts daemons that a test may kill."""
    daemons: list[Daemon] = []

    def start(made: dict) -> Daemon:
        home = tmp_path / f"home-{len(daemons)}"
        home.mkdir()
        path = settings_of.write(made, home)
        daemons.append(Daemon(("serve", "--config", str(path)), home, settings_of.environment(made)))
        return daemons[-1].wait_until_listening()
    yield start
    for daemon in daemons:
        daemon.kill()


def test_fifty_at_once_spend_what_is_there_for_ten_and_a_crash_forgets_none_of_it(alpha, launch, tmp_path):
    made = settings(alpha, tmp_path, {"budgets": [{"amount": 100, "currency": "USD", "per": "month"}]})
    gate = alpha.gate()
    alpha.play(behaviours.held(gate, answer()))
    daemon = launch(made)
    with ThreadPoolExecutor(50) as pool:
        asked = [pool.submit(ask, daemon) for _ in range(50)]
        refused = []
        for done in as_completed(asked, timeout=30):
            refused.append(done.result())
            if len(refused) == 40:
                break
        assert {response.status for response in refused} == {402}
        metrics = daemon.metrics()
        assert metrics.value("llm_budget_reserved", **LABELS) == 100
        assert metrics.value("llm_budget_refusals_total", **LABELS) == 40
        gate.open()
        statuses = [each.result().status for each in asked]
    assert sorted(statuses) == [200] * 10 + [402] * 40
    assert len(alpha.exchanges) == 10
    metrics = daemon.metrics()
    assert metrics.value("llm_budget_spent", **LABELS) == metrics.value("llm_budget_limit", **LABELS) == 100
    assert metrics.value("llm_budget_reserved", **LABELS) == 0
    assert len(daemon.logged("budget_exhausted")) == len(daemon.logged("budget_warning")) == 1
    crash(daemon)

    daemon = launch(made)
    assert spent(daemon) == 100
    assert ask(daemon).status == 402
    assert len(alpha.exchanges) == 10


def test_a_refusal_says_whose_budget_it_is_and_when_it_begins_anew(alpha, launch, tmp_path):
    alpha.play(answer())
    budgets = [{"amount": 15.5, "currency": "USD", "per": "month"}]
    daemon = launch(settings(alpha, tmp_path, {"budgets": budgets}))
    assert ask(daemon).status == 200
    response = ask(daemon)
    error = response.json["error"]
    assert (response.status, error["type"], error["code"]) == (402, "insufficient_quota", "budget_exceeded")
    assert error["message"].startswith("acme may use 15.5 USD a month: 10 USD are used, 0 USD reserved")
    assert re.search(r"begins anew on \d{4}-\d\d-01 at 00:00 UTC\.$", error["message"])
    assert "retry-after" not in response.headers and response.headers["x-should-retry"] == "false"
    warning = daemon.request_log(response.headers["x-request-id"])
    assert warning["outcome"] == "rejected" and warning["status"] == 402
    told = daemon.wait_for_log(lambda line: line["message"] == "budget_exhausted")
    assert told["tenant"] == "acme" and told["kind"] == "USD" and told["period"] == "month"
    assert (told["limit"], told["spent"], told["reserved"]) == (15.5, 10, 0)


def test_a_vendors_client_does_not_ask_again_where_tokens_are_used_up(alpha, launch, connect, tmp_path):
    alpha.play(answer())
    daemon = launch(settings(alpha, tmp_path, {"budgets": [{"tokens": 40, "per": "day"}]}))
    client = connect(daemon, api_key=token_value("acme"), max_retries=3)
    message = [{"role": "user", "content": "Hello"}]
    client.chat.completions.create(model="chat", messages=message, max_tokens=10)
    with pytest.raises(openai.RateLimitError) as caught:
        client.chat.completions.create(model="chat", messages=message, max_tokens=30)
    assert caught.value.code == "budget_exceeded"
    assert 0 < int(caught.value.response.headers["retry-after"]) <= RETRY_MAX_SECONDS
    labels = {"kind": "tokens", "period": "day"}
    assert daemon.metrics().value("llm_budget_refusals_total", **(LABELS | labels)) == 1
    assert spent(daemon, **labels) == 17


def test_anthropics_client_is_told_in_its_own_words(alpha, launch, tmp_path):
    daemon = launch(settings(alpha, tmp_path, {"budgets": [{"amount": 5, "currency": "USD", "per": "day"}]}))
    body = {"model": "chat", "max_tokens": 10, "messages": [{"role": "user", "content": "Hello"}]}
    response = fetch(
        daemon.url + "/v1/messages", "POST", json.dumps(body).encode(), {"x-api-key": token_value("acme")})
    assert response.status == 402
    assert response.json["type"] == "error" and response.json["error"]["type"] == "billing_error"
    assert "alone may need more than acme may use" in response.json["error"]["message"]


def test_a_key_has_a_budget_of_its_own(alpha, launch, tmp_path):
    alpha.play(answer())
    made = settings(alpha, tmp_path, {"key_budgets": [{"amount": 10, "currency": "USD", "per": "month"}]})
    first, second = (tmp_path / name for name in ("first", "second"))
    first.write_text("the-first-key\n")
    second.write_text("the-second-key\n")
    made["tenants"][0]["keys"] = [f"file:{first}", f"file:{second}"]
    daemon = launch(made)
    assert [ask(daemon, token="the-first-key").status for _ in range(2)] == [200, 402]
    assert ask(daemon, token="the-second-key").status == 200
    for number in range(2):
        assert spent(daemon, key=f"acme-{number}") == 10
    crash(daemon)
    daemon = launch(made)
    assert [spent(daemon, key=f"acme-{number}") for number in range(2)] == [10, 10]
    assert ask(daemon, token="the-second-key").status == 402


def test_a_budget_that_comes_with_a_reload_knows_what_was_spent_before(alpha, launch, tmp_path):
    alpha.play(answer())
    made = settings(alpha, tmp_path)
    daemon = launch(made)
    for _ in range(3):
        assert ask(daemon).status == 200
    made["tenants"][0]["budgets"] = [{"amount": 35, "currency": "USD", "per": "month", "warn_at": 0.5}]
    settings_of.write(made, daemon.directory)
    response = fetch(daemon.admin_url + "/admin/reload", "POST", b"")
    assert response.status == 200, response.body
    assert spent(daemon) == 30
    daemon.wait_for_log(lambda line: line["message"] == "budget_warning")
    assert ask(daemon).status == 402
    made["tenants"][0]["budgets"][0]["amount"] = 45
    settings_of.write(made, daemon.directory)
    assert fetch(daemon.admin_url + "/admin/reload", "POST", b"").status == 200
    assert ask(daemon).status == 200
    assert spent(daemon) == 40


def test_the_status_tells_of_budgets_exactly(alpha, launch, tmp_path):
    alpha.play(answer())
    budgets = [{"amount": 100.000000001, "currency": "USD", "per": "month"}, {"tokens": 1000, "per": "day"}]
    daemon = launch(settings(alpha, tmp_path, {"budgets": budgets}))
    assert ask(daemon).status == 200
    money, tokens = daemon.admin("/status").json["budgets"]
    assert money.pop("began").endswith("T00:00:00.000000Z") and money.pop("begins_anew")
    assert money == {
        "tenant": "acme", "kind": "USD", "period": "month", "limit": "100.000000001", "spent": "10",
        "reserved": "0"}
    assert (tokens["kind"], tokens["limit"], tokens["spent"]) == ("tokens", 1000, 17)


def documented() -> dict[str, str]:
    text = (ROOT / "docs" / "budgets.md").read_text()
    return dict(re.findall(r"<!-- ([a-z.]+) -->\n```yaml\n(.*?)```\n", text, re.DOTALL))


def test_the_documented_example_does_as_it_says(tmp_path):
    files = documented()
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    page = (ROOT / "docs" / "budgets.md").read_text()
    body = re.search(r"-d '(.*?)'\n", page).group(1)
    said = json.loads(re.search(r"```json\n(.*?)```", page, re.DOTALL).group(1))["error"]
    variables = {"TENANT_123_TOKEN": "a-token-of-the-page"}
    listeners = ("--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0")
    daemon = Daemon(("serve", *listeners), tmp_path, variables, tuple(variables.values()))
    try:
        daemon.wait_until_listening()
        headers = {"Authorization": f"Bearer {variables['TENANT_123_TOKEN']}"}
        first, second = (fetch(daemon.url + CHAT, "POST", body.encode(), headers) for _ in range(2))
        assert (first.status, second.status) == (200, 402)
        error = second.json["error"]
        expected = [re.escape(part) for part in said.pop("message").split("…")]
        assert re.fullmatch(r"[\d.-]+".join(expected), error.pop("message"))
        assert error == said
        daemon.stop()
    finally:
        daemon.kill()
