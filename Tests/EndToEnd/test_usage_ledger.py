"""`signalbox usage` and the admin endpoints of usage: what they say is what clients saw."""

import base64
import csv
import io
import json
from decimal import Decimal

import pytest

from harness import behaviours, chat, ledger
from harness.configuration import configuration, environment, model_of, provider, token_value
from harness.daemon import Daemon, run
from harness.ledger import lines, usage
from harness.raw_client import fetch

TENANTS = ("acme", "other")
PRICE = {
    "kind": "openai-compatible", "currency": "USD", "valid_from": "2026-01-01", "input": "2.5",
    "output": "10"}
# 1,000 · 2.5 + 100 · 10, divided by a million, in billionths.
NANO = 3_500_000
ASKED = {"acme": 5, "other": 2}
WEBHOOK_SECRET = {"ACME_WHSEC": "whsec_" + base64.b64encode(b"x" * 32).decode()}


def answer(name: str) -> behaviours.Behaviour:
    counts = {"prompt_tokens": 1000, "completion_tokens": 100, "total_tokens": 1100}
    return behaviours.json_reply(200, json.loads(chat.completion(model_of(name))) | {"usage": counts})


def ask(daemon: Daemon, tenant: str, session: str = "s-1") -> str:
    """The id of one answered request."""
    headers = {"Authorization": f"Bearer {token_value(tenant)}", "x-session-id": session}
    body = json.dumps({"model": "chat", "messages": [{"role": "user", "content": "Hello"}]}).encode()
    response = fetch(daemon.base_url + "/chat/completions", "POST", body, headers)
    assert response.status == 200, response.body
    return response.headers["x-request-id"]


@pytest.fixture
def settings(alpha, beta, tmp_path):
    """The first provider answers three times, then rejects its keys; the second one has no price."""
    alpha.play(*[answer("alpha")] * 3, behaviours.status(401, "invalid_api_key"))
    beta.play(answer("beta"))
    (tmp_path / "prices.yaml").write_text(json.dumps(
        {"version": "test", "prices": [PRICE | {"model": model_of("alpha")}]}))
    return configuration(
        provider("alpha", alpha, keys=4), provider("beta", beta), tenants=TENANTS,
        prices={"file": str(tmp_path / "prices.yaml")})


@pytest.fixture
def daemon(start_daemon, settings):
    daemon = start_daemon(settings)
    daemon.asked = {tenant: [ask(daemon, tenant) for _ in range(count)] for tenant, count in ASKED.items()}
    return daemon


def test_the_list_has_a_record_for_each_attempt_that_clients_caused(daemon):
    records = lines(usage(daemon.directory, "list", "--format", "json"))
    for tenant, requests in daemon.asked.items():
        mine = [record for record in records if record["tenant_id"] == tenant]
        assert [record["sequence"] for record in mine] == list(range(1, len(mine) + 1))
        answered = [record for record in mine if record["success"]]
        assert [record["request_id"] for record in answered] == requests
    log = [attempt for line in daemon.lines for attempt in line.get("attempts", [])]
    assert len(records) == len(log)
    assert len({record["id"] for record in records}) == len(records)


def test_sums_are_those_of_the_list_while_the_daemon_runs_and_after_it(daemon):
    records = lines(usage(daemon.directory, "list", "--format", "json"))
    by = "tenant,provider,outcome"
    sums = lines(usage(daemon.directory, "sum", "--by", by, "--format", "json"))
    assert sum(each["records"] for each in sums) == len(records)
    for each in sums:
        mine = [
            record for record in records
            if (record["tenant_id"], record["provider"], record["outcome"], record.get("currency"))
            == (each["tenant"], each["provider"], each["outcome"], each.get("currency"))]
        assert each["records"] == len(mine)
        assert each["total_tokens"] == sum(record.get("total_tokens", 0) for record in mine)
        assert int(each.get("cost_nano", 0)) == sum(int(record.get("cost_nano", 0)) for record in mine)
        assert each.get("cost_nano", "0") == str(NANO * len(mine) if each.get("currency") else 0)
    served = daemon.admin(f"/admin/usage/sum?by={by}").json
    assert served == {"sums": sums}
    daemon.stop()
    assert lines(usage(daemon.directory, "sum", "--by", by, "--format", "json")) == sums
    assert lines(usage(daemon.directory, "list", "--format", "json")) == records


@pytest.mark.parametrize("filters", [
    ["--tenant", "acme"], ["--tenant", "acme", "--outcome", "success"], ["--provider", "beta"],
    ["--model", model_of("alpha")], ["--key", "alpha-0"], ["--since", "1h"], ["--from", "2026-01-01"],
    ["--to", "2026-01-01"], ["--tenant", "nobody"], ["--tenant-key", "nobody-0"],
])
def test_a_filter_lets_through_what_it_says(daemon, filters):
    fields = {
        "tenant": "tenant_id", "outcome": "outcome", "provider": "provider", "model": "model", "key": "key",
        "tenant-key": "tenant_key"}
    wanted = lines(usage(daemon.directory, "list", "--format", "json"))
    query = []
    for option, value in zip(filters[::2], filters[1::2]):
        name = option.removeprefix("--")
        if name in fields:
            wanted = [record for record in wanted if record.get(fields[name]) == value]
        if name == "to":
            wanted = []
        query.append(f"{name.replace('-', '_')}={value}" if name != "since" else "from=2026-01-01")
    assert lines(usage(daemon.directory, "list", "--format", "json", *filters)) == wanted
    assert daemon.admin("/admin/usage?" + "&".join(query)).json == {"records": wanted}


def test_pages_follow_each_other_without_gap_and_without_repetition(daemon):
    whole = daemon.admin("/admin/usage?limit=1000").json["records"]
    for filters in ("", "&tenant=acme", "&from=2026-01-01"):
        found, next = [], ""
        while next is not None:
            page = daemon.admin(f"/admin/usage?limit=2{filters}" + (f"&after={next}" if next else "")).json
            found += page["records"]
            next = page.get("next")
        wanted = [record for record in whole if "tenant" not in filters or record["tenant_id"] == "acme"]
        assert len(found) == len(wanted)
        assert {record["id"]: record for record in found} == {record["id"]: record for record in wanted}


def test_an_export_is_the_list_in_a_file_of_columns(daemon):
    wanted = lines(usage(daemon.directory, "list", "--format", "json"))
    result = usage(daemon.directory, "export", "--format", "csv", "--output", "month.csv")
    assert result.returncode == 0 and result.stderr == f"{len(wanted)} records\n"
    assert not (daemon.directory / "month.csv.new").exists()
    text = (daemon.directory / "month.csv").read_bytes().decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [row["id"] for row in rows] == [record["id"] for record in wanted]
    for row, record in zip(rows, wanted):
        for name, text in row.items():
            value = record.get(name, "")
            written = str(value).lower() if isinstance(value, bool) else str(value)
            if isinstance(value, float):
                assert Decimal(text) == Decimal(repr(value)), name
            else:
                assert text == written, name
    as_lines = usage(daemon.directory, "export", "--format", "json", "--quiet")
    assert lines(as_lines) == wanted and as_lines.stderr == ""


def test_a_formula_in_a_callers_text_is_harmless_in_an_export(daemon):
    ask(daemon, "other", session="=cmd|' /C calc'!A0")
    result = usage(daemon.directory, "export", "--tenant", "other")
    sessions = [row["session_id"] for row in csv.DictReader(io.StringIO(result.stdout, newline=""))]
    assert sessions[-1] == "'=cmd|' /C calc'!A0"


def test_a_failed_export_leaves_nothing_behind(daemon):
    result = usage(daemon.directory, "export", "--output", "nowhere/month.csv")
    assert result.returncode == 1 and "nowhere/month.csv.new cannot be written" in result.stderr
    assert usage(daemon.directory, "export", "--output", "data").returncode == 1
    assert not list(daemon.directory.glob("*.new"))


def test_tables_are_for_people(daemon):
    table = usage(daemon.directory, "list", "--format", "table", "--limit", "1")
    head, row = table.stdout.splitlines()
    assert head.split()[:4] == ["TIME", "TENANT", "PROVIDER", "MODEL"] and "acme" in row
    assert table.stderr.startswith("there are more: --after ")
    foot = usage(daemon.directory, "sum", "--format", "table").stdout.splitlines()[-1]
    records, cost = foot.split(", ")
    assert records.endswith(" records") and cost.endswith(" USD")


# Mistakes.


@pytest.mark.parametrize("query, parameter", [
    ("limit=0", "limit"), ("limit=1001", "limit"), ("from=yesterday", "from"), ("outcome=good", "outcome"),
    ("tenants=acme", "tenants"), ("after=1", "after"), ("from=2026-11-21&to=2026-11-20", "to"),
    ("tenant=acme&tenant=other", "tenant"),
])
def test_a_wrong_parameter_is_named(daemon, query, parameter):
    response = daemon.admin("/admin/usage?" + query)
    assert response.status == 400
    assert response.error["param"] == parameter and response.error["code"] == "invalid_parameter"


@pytest.mark.parametrize("query, parameter", [
    ("", "dead_letter"), ("tenant=acme", "tenant"), ("tenant=acme&first=3&last=2", "last"),
    ("dead_letter=msg_1&tenant=acme", "tenant"), ("tenant=acme&first=1&from=2026-01-01", "from"),
])
def test_a_wrong_wish_for_a_replay_is_refused(daemon, query, parameter):
    response = fetch(daemon.admin_url + "/admin/usage/replay?" + query, "POST")
    assert response.status == 400 and response.error["param"] == parameter


@pytest.mark.parametrize("arguments", [
    ["list", "--from", "yesterday"], ["list", "--since", "soon"], ["sum", "--by", "week"],
    ["list", "--since", "1h", "--from", "2026-01-01"], ["export", "--format", "table"], ["replay"],
    ["replay", "--dead-letter", "a", "--tenant", "b"], ["list", "--outcome", "good"],
    ["list", "--limit", "0"],
])
def test_a_wrong_command_line_ends_with_2(tmp_path, arguments):
    result = usage(tmp_path, *arguments)
    assert result.returncode == 2 and result.stdout == "", result.stderr


def test_records_that_are_not_there_are_said_to_be_so(tmp_path):
    result = usage(tmp_path, "sum")
    assert result.returncode == 1 and "no usage was recorded there" in result.stderr


def test_the_configuration_says_where_the_records_are(daemon, settings):
    found = run(
        "usage", "sum", "--config", "signalbox.yaml", directory=daemon.directory,
        environment=environment(settings))
    assert lines(found) == lines(usage(daemon.directory, "sum"))
    missing = run("usage", "sum", "--config", "nowhere.yaml", directory=daemon.directory)
    assert missing.returncode == 2


def test_without_records_there_is_no_ledger_to_ask(start_daemon, alpha):
    alpha.play(answer("alpha"))
    daemon = start_daemon(configuration(provider("alpha", alpha), usage={"durability": "none"}))
    response = daemon.admin("/admin/usage")
    assert response.status == 404 and response.error["code"] == "usage_not_kept"


def test_the_ledger_is_for_administrators(start_daemon, settings):
    settings["admin"]["token"] = "env:ADMIN_TOKEN"
    daemon = start_daemon(settings, more_environment={"ADMIN_TOKEN": "let-me-in"})
    for path in ("/admin/usage", "/admin/usage/sum", "/admin/usage/endpoints", "/admin/usage/dead-letters"):
        assert daemon.admin(path).status == 401
        assert daemon.admin(path, {"authorization": "Bearer let-me-in"}).status == 200
    for path in ("/admin/usage/replay?endpoint=acme", "/admin/webhooks/enable?tenant=acme"):
        assert fetch(daemon.admin_url + path, "POST").status == 401


# Dead letters.


@pytest.fixture
def failed(start_daemon, settings):
    """A daemon that has ended, and left two deliveries given up. Nobody listens where they went."""
    settings["tenants"][0]["webhook"] = {"url": "http://127.0.0.1:9/usage", "secret": "env:ACME_WHSEC"}
    settings["webhooks"] = {"allow": ["127.0.0.0/8"]}
    first = start_daemon(settings, more_environment=WEBHOOK_SECRET)
    for _ in range(4):
        ask(first, "acme")
    first.stop()
    ledger.add_dead_letter(first.directory, "acme", "msg_1", 1, 2, "410 \x1b[31mgone")
    ledger.add_dead_letter(first.directory, "acme", "msg_2", 3, 4, "timeout")
    return first


def serve_again(failed, settings) -> Daemon:
    return Daemon(
        ("serve", "--config", "signalbox.yaml"), failed.directory,
        environment(settings) | WEBHOOK_SECRET).wait_until_listening()


def test_dead_letters_are_listed_with_and_without_a_daemon(failed, settings):
    letters = lines(usage(failed.directory, "dead-letters", "--format", "json"))
    assert [(each["id"], each["records"], each["attempts"]) for each in letters] == [
        ("msg_1", 2, 9), ("msg_2", 2, 9)]
    assert letters[1]["error"] == "timeout" and 7_000 < letters[0]["age_seconds"] < 7_400
    table = usage(failed.directory, "dead-letters", "--format", "table").stdout
    assert "msg_1" in table and "1-2" in table and "\x1b" not in table
    assert lines(usage(failed.directory, "endpoints", "--format", "json"))[0]["dead_letters"] == 2
    again = serve_again(failed, settings)
    try:
        served = again.admin("/admin/usage/dead-letters?endpoint=acme&limit=1").json
        assert [each["id"] for each in served["dead_letters"]] == ["msg_1"] and served["next"] == "msg_1"
        rest = again.admin("/admin/usage/dead-letters?after=msg_1").json
        assert [each["id"] for each in rest["dead_letters"]] == ["msg_2"]
        assert again.admin("/admin/usage/endpoints").json["endpoints"][0]["dead_letters"] == 2
    finally:
        again.stop()


def test_dead_letters_are_sent_again_by_the_daemon_that_runs(failed, settings):
    down = usage(failed.directory, "replay", "--endpoint", "acme")
    assert down.returncode == 1 and "signalbox serve" in down.stderr
    again = serve_again(failed, settings)
    try:
        one = usage(failed.directory, "replay", "--dead-letter", "msg_2")
        assert one.returncode == 0, one.stderr
        assert one.stdout == "1 delivery of 2 records pending again\n"
        twice = usage(failed.directory, "replay", "--dead-letter", "msg_2")
        assert twice.returncode == 1 and "there is no dead letter msg_2" in twice.stderr
        rest = usage(failed.directory, "replay", "--endpoint", "acme", "--json")
        assert [each["id"] for each in lines(rest)] == ["msg_1"]
        assert again.admin("/admin/usage/dead-letters").json == {"dead_letters": []}
        standing = again.admin("/admin/usage/endpoints").json["endpoints"][0]
        count = len(lines(usage(failed.directory, "list", "--tenant", "acme", "--format", "json")))
        # Nothing of it has arrived anywhere: each record, and those of the dead letters once more.
        assert (standing["pending"], standing["dead_letters"]) == (count + 4, 0)
        by_sequence = usage(failed.directory, "replay", "--tenant", "acme", "--first", "2", "--last", "3")
        frozen = 2 if standing["last_sequence"] >= 3 else 0
        assert by_sequence.stdout.endswith(f" of {frozen} records pending again\n"), by_sequence.stderr
        nobody = usage(failed.directory, "replay", "--tenant", "nobody", "--first", "1")
        assert nobody.returncode == 1 and "nobody has no webhook" in nobody.stderr
        enabled = usage(failed.directory, "enable", "--tenant", "acme")
        assert enabled.stdout.startswith("acme was not disabled; "), enabled.stderr
    finally:
        again.stop()
