"""What answers cost: counted by provider and tenant, and told in the request's log line."""

import json

import pytest

from harness import behaviours, chat
from harness.configuration import configuration, model_of, provider, token_value
from harness.daemon import Daemon, run
from harness.raw_client import fetch

# Dollars for a million: 2.5 for the prompt, 1.25 where it was kept, 10 for the answer, 12 for its thoughts.
ENTRY = {
    "kind": "openai-compatible", "model": model_of("alpha"), "currency": "USD", "valid_from": "2026-01-01",
    "input": "2.5", "cached_input": "1.25", "output": "10", "reasoning": "12"}
USAGE = {
    "prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100,
    "prompt_tokens_details": {"cached_tokens": 600}, "completion_tokens_details": {"reasoning_tokens": 40}}
# 400 · 2.5 + 600 · 1.25 + 60 · 10 + 40 · 12, divided by a million.
COST = 0.00283


def answer() -> behaviours.Behaviour:
    return behaviours.json_reply(200, json.loads(chat.completion(model_of("alpha"))) | {"usage": USAGE})


def write_prices(directory, *entries: dict) -> None:
    (directory / "prices.yaml").write_text(json.dumps({"version": "test", "prices": list(entries)}))


def ask(daemon: Daemon, tenant: str | None = None) -> dict:
    """The log line of one answered request."""
    headers = {"Authorization": f"Bearer {token_value(tenant)}"} if tenant else None
    body = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    response = fetch(daemon.base_url + "/chat/completions", "POST", body, headers)
    assert response.status == 200, response.body
    return daemon.request_log(response.headers["x-request-id"])


@pytest.fixture
def serve(alpha, start_daemon, tmp_path):
    def start(*entries: dict, **more) -> Daemon:
        alpha.play(answer())
        write_prices(tmp_path, *entries)
        return start_daemon(configuration(
            provider("alpha", alpha.base_url), prices={"file": str(tmp_path / "prices.yaml")}, **more))
    return start


def test_an_answer_costs_what_its_sorts_of_tokens_cost(serve):
    daemon = serve(ENTRY, tenants=("acme", "other"))
    labels = {"provider": "alpha", "model": model_of("alpha")}
    before = daemon.metrics()
    assert before.value("llm_cost_total", currency="USD", **labels) == 0
    assert before.labels("llm_cost_total") == [labels | {"currency": "USD"}]
    assert {"tenant": "acme", "currency": "USD"} in before.labels("llm_tenant_cost_total")
    line = ask(daemon, "acme")
    assert line["cost"] == pytest.approx(COST, rel=1e-12)
    assert line["currency"] == "USD"
    ask(daemon, "acme")
    after = daemon.metrics()
    assert after.value("llm_cost_total", currency="USD", **labels) == pytest.approx(2 * COST)
    assert after.value("llm_tenant_cost_total", tenant="acme", currency="USD") == pytest.approx(2 * COST)
    assert after.value("llm_tenant_cost_total", tenant="other", currency="USD") == 0
    assert after.value("llm_unpriced_requests_total", **labels) == 0


def test_without_a_price_there_is_no_cost_and_the_answer_is_counted(serve):
    daemon = serve(ENTRY | {"model": "another"}, ENTRY | {"valid_from": "2199-01-01"})
    labels = {"provider": "alpha", "model": model_of("alpha")}
    line = ask(daemon)
    assert "cost" not in line and "currency" not in line
    metrics = daemon.metrics()
    assert metrics.value("llm_unpriced_requests_total", **labels) == 1
    assert metrics.value("llm_cost_total", currency="USD", **labels) == 0


def test_a_reload_takes_new_prices_and_refuses_wrong_ones(serve, tmp_path):
    daemon = serve(ENTRY)
    assert ask(daemon)["currency"] == "USD"
    write_prices(tmp_path, ENTRY | {"currency": "EUR", "input": "0", "cached_input": "0"})
    assert fetch(daemon.admin_url + "/admin/reload", "POST", b"").status == 200
    line = ask(daemon)
    assert (line["cost"], line["currency"]) == (pytest.approx(0.00108), "EUR")
    write_prices(tmp_path, ENTRY | {"input": "free"})
    refused = fetch(daemon.admin_url + "/admin/reload", "POST", b"")
    assert refused.status != 200 and b"prices[0].input" in refused.body
    assert ask(daemon)["currency"] == "EUR"


def test_nothing_is_counted_where_nothing_is_priced(alpha, start_daemon):
    alpha.play(answer())
    daemon = start_daemon(configuration(provider("alpha", alpha.base_url)))
    assert "cost" not in ask(daemon)
    metrics = daemon.metrics()
    assert not {"llm_cost_total", "llm_unpriced_requests_total"} & {
        name for name in metrics.names if metrics.labels(name)}


def test_lowest_cost_takes_prices_from_the_book(alpha, beta, start_daemon, tmp_path):
    write_prices(tmp_path, ENTRY, ENTRY | {"model": model_of("beta"), "input": "0.1", "output": "0.4"})
    for upstream in (alpha, beta):
        upstream.play(answer())
    daemon = start_daemon(configuration(
        provider("alpha", alpha), provider("beta", beta), prices={"file": str(tmp_path / "prices.yaml")},
        routes=[{"model": "chat", "strategy": "lowest-cost", "targets": ["alpha", "beta"]}]))
    assert ask(daemon)["provider"] == "beta"
    assert (alpha.request_count, beta.request_count) == (0, 1)


def test_a_file_of_prices_is_checked_and_shown(tmp_path):
    write_prices(tmp_path, ENTRY)
    checked = run("prices", "check", "prices.yaml", directory=tmp_path)
    assert (checked.returncode, checked.stdout) == (0, "prices.yaml is good: 1 price, version test\n")
    shown = run("prices", "show", directory=tmp_path)
    assert shown.returncode == 0
    head, row, *_ = shown.stdout.splitlines()
    assert head.split() == [
        "SELLER", "MODEL", "FROM", "CURRENCY", "INPUT", "CACHED", "WRITTEN", "OUTPUT", "REASONING"]
    assert row.split() == [
        "openai-compatible", model_of("alpha"), "2026-01-01", "USD", "2.5", "1.25", "2.5", "10", "12"]


def test_a_wrong_file_of_prices_is_refused_with_its_place(tmp_path):
    write_prices(tmp_path, ENTRY | {"input": "-1"})
    for command in ("check", "show"):
        refused = run("prices", command, "prices.yaml", directory=tmp_path)
        assert (refused.returncode, refused.stdout) == (2, "")
        assert "prices.yaml:1:" in refused.stderr and "prices[0].input" in refused.stderr
    assert run("prices", "check", "nowhere.yaml", directory=tmp_path).returncode == 2


def test_the_shared_price_file_becomes_one_of_ours(tmp_path):
    (tmp_path / "shared.json").write_text(json.dumps({
        "small": {
            "litellm_provider": "openai", "mode": "chat", "input_cost_per_token": 1.5e-07,
            "output_cost_per_token": 6e-07, "cache_read_input_token_cost": 7.5e-08},
        "painter": {"litellm_provider": "openai", "mode": "image_generation"},
    }))
    made = run("prices", "import", "shared.json", "--valid-from", "2026-01-31", directory=tmp_path)
    assert made.returncode == 0
    assert "skipped: painter: " in made.stderr and "1 taken, 1 skipped" in made.stderr
    (tmp_path / "prices.yaml").write_text(made.stdout)
    row = run("prices", "show", directory=tmp_path).stdout.splitlines()[1]
    assert row.split() == ["openai", "small", "2026-01-31", "USD", "0.15", "0.075", "0.15", "0.6", "0.6"]
    (tmp_path / "shared.json").write_text("[1, 2]")
    assert run("prices", "import", "shared.json", directory=tmp_path).returncode == 2
