"""The oracle: each broken promise is found, and a kept one is not."""

import json
from dataclasses import replace

import pytest

from chaos import damage
from chaos.deliveries import Delivery, records_in
from chaos.load import Ask, Leave, Told
from chaos.money import Price
from chaos.oracle import Terms, compare_sums, judge
from chaos.speech import Usage, usage_of
from honest import uuid_v7

PRICE = Price("USD", "2.5", "10", "1.25", "12")
TERMS = Terms({(provider, "m"): PRICE for provider in ("alpha", "beta")}, ("acme", "bolt"))


def told(number: int = 1, ended: str = "whole", **more) -> Told:
    settings = {
        "number": number, "nonce": f"{number:02}.fine", "tenant": "acme", "model": "chat", "streams": False,
        "wants_usage": True, "request_id": f"run-{number}", "leave": None}
    asked = Ask(**settings | {name: value for name, value in more.items() if name in settings})
    heard = {name: value for name, value in more.items() if name not in settings}
    return Told(asked, **{
        "ended": ended, "status": 200, "request_id": asked.request_id, "provider": "alpha",
        "attempts": 1} | heard)


def record(number: int = 1, provider: str = "alpha", **more) -> dict:
    usage = usage_of(provider, f"{number:02}.fine")
    cost = PRICE.cost_nano(usage)
    return {
        "id": uuid_v7(), "schema": "signalbox.usage.v1", "sequence": number, "request_id": f"run-{number}",
        "attempt": 1, "provider": provider, "model": "m", "requested_model": "chat", "success": True,
        "outcome": "success", "streaming": False, "usage_source": "provider", "tenant_id": "acme",
        "prompt_tokens": usage.prompt, "completion_tokens": usage.completion,
        "total_tokens": usage.prompt + usage.completion, "cached_tokens": usage.cached,
        "reasoning_tokens": usage.reasoning, "cost": cost / 1e9, "cost_nano": str(cost), "currency": "USD",
    } | more


def delivery(*records: dict, tenant: str = "acme", name: str = "msg_1", accepted: bool = True) -> Delivery:
    return Delivery(
        tenant, 0.0, {"webhook-id": name}, json.dumps({"records": records}).encode(), "accept", accepted)


def broken(book: list[Told], *came: Delivery, **terms) -> list[str]:
    """The promises' names."""
    verdict = judge(book, list(came), replace(TERMS, **terms))
    return sorted({finding.partition(":")[0] for finding in verdict.broken})


def test_amounts_are_made_as_the_documentation_says():
    price = Price("USD", "0.15", "0.6", "0.075")
    assert price.cost_nano(Usage(1000, 200, cached=600)) == 225_000
    assert Price("USD", "0.0000005", "0").cost_nano(Usage(1000, 0)) == 1
    assert Price("USD", "0.0000004", "0").cost_nano(Usage(1000, 0)) == 0


def test_what_was_promised_and_kept_is_not_found():
    assert broken([told()], delivery(record())) == []
    both = [told(), told(2, ended="broken", provider=None)]
    assert broken(both, delivery(record(), record(2))) == [], "a record may be there before the answer is"
    assert broken(both, delivery(record())) == []


def test_the_same_delivery_twice_counts_once_if_the_first_was_not_accepted():
    one = record()
    assert broken([told()], delivery(one, accepted=False), delivery(one)) == []
    assert broken([told()], delivery(one), delivery(one)) == ["what was accepted is not sent again"]
    assert broken([told()], delivery(one), delivery(one), kills=1) == []
    late = delivery(one, accepted=False)
    assert broken([told()], delivery(one), late, late, delivery(one), kills=1) == [], "once lost"
    assert broken([told()], delivery(one, accepted=False)) == ["delivery goes on until it is accepted"]


FAILURE = {"outcome": "failure", "success": False, "usage_source": "none"}


@pytest.mark.parametrize("promise, book, records", [
    ("nothing is lost", [told()], []),
    ("nothing is billed twice", [told()], [record(), record(sequence=2, attempt=2)]),
    ("one attempt is one record", [told()], [record(), record(sequence=2, **FAILURE)]),
    ("sequences have no gaps", [told()], [record(sequence=2)]),
    ("sequences are unique", [told(), told(2)], [record(), record(2, sequence=1)]),
    ("one delivery at a time keeps the order", [told(), told(2)],
     [record(sequence=2), record(2, sequence=1)]),
    ("records are exact", [told()], [record(cost_nano="1")]),
    ("records are exact", [told(streams=True)], [record()]),
    ("records are exact", [told(ended="left")],
     [record(outcome="cancelled", success=False, prompt_tokens=1)]),
    ("every attempt has a record", [told(attempts=2)], [record(attempt=2)]),
    ("records are exact", [told()], [record(success=False)]),
    ("ids are UUIDs of version 7", [told()], [record(id="1")]),
    ("tenants see their own", [told()], [record(tenant_id="bolt")]),
    ("what was refused is not billed", [told(ended="refused", status=503)], [record()]),
    ("every record has its request", [], [record()]),
    ("answers are right", [told(complaints=["is wrong"])], [record()]),
    ("hang-ups are marked",
     [told(ended="left", nonce="01.pause", streams=True, leave=Leave(pieces=1), seconds=0.3)],
     [record(**{name: value for name, value in zip(
         ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens"),
         vars(usage_of("alpha", "01.pause")).values())}, streaming=True)]),
])
def test_a_broken_promise_is_found(promise, book, records):
    came = [delivery(*records)] if records else []
    assert promise in broken(book, *came)


def test_one_id_with_two_contents_is_found():
    one = record()
    assert "one id is one record" in broken(
        [told()], delivery(one, accepted=False), delivery(one | {"model": "n"}, name="msg_2"))


def test_an_id_of_two_tenants_is_found():
    one = record()
    other = one | {"tenant_id": "bolt"}
    found = broken(
        [told(), told(tenant="bolt")], delivery(one), delivery(other, tenant="bolt", name="msg_2"))
    assert found == ["ids are unique"]


def test_what_the_daemon_says_is_lost_must_be_what_is_missing():
    assert broken([told(), told(2)], delivery(record()), lost=1) == []
    assert broken([told(), told(2)], delivery(record()), lost=2) == ["nothing is lost"]
    assert broken([told(), told(2)], delivery(record(), record(2)), lost=1) == ["nothing is lost"]
    assert broken([told(), told(2)], delivery(record()), lost=None) == []


def test_sequences_may_miss_what_was_told_and_no_more():
    book = [told(), told(2)]
    came = delivery(record(), record(2, sequence=10))
    assert broken(book, came) == ["sequences have no gaps"]
    assert broken(book, came, gaps={"acme": [(2, 5)]}) == ["sequences have no gaps"]
    assert broken(book, came, gaps={"acme": [(6, 9), (2, 5)]}) == []
    far = delivery(record(), record(2, sequence=1 << 50))
    assert broken(book, far, gaps={"acme": [(2, 1 << 62)]}) == []


def test_what_a_daemon_says_of_damage_is_understood():
    findings = [
        "places that could not be read: 1 in record; acme: 5 records, 3 sequences missing between them (2, 4 "
        "to 5), last 8, later ones unknown; bolt: 3 records, last 3, later ones unknown"]
    assert damage.spans_said(findings, "acme") == [(2, 2), (4, 5), (9, damage.EVER)]
    assert damage.spans_said(findings, "bolt") == [(4, damage.EVER)]
    assert damage.spans_said(findings, "cargo") == []
    assert damage.spans_said(["nothing of it could be read: …"], "acme") == [(1, damage.EVER)]


def test_two_answers_under_one_name_are_two_records():
    book = [told(), told(2, request_id="run-1")]
    assert broken(book, delivery(record(), record(2, request_id="run-1"))) == []
    assert broken(book, delivery(record())) == ["nothing is lost"]


def test_a_request_whose_client_never_heard_its_name_is_known_by_its_tokens():
    book = [told(ended="broken", request_id=None, provider=None)]
    assert broken(book, delivery(record(request_id="daemon-1"))) == []
    assert "nothing is billed twice" in broken(book, delivery(
        record(request_id="daemon-1"), record(request_id="daemon-1", sequence=2, attempt=2)))


def test_records_are_found_in_every_format():
    one, two = record(), record(2)
    texts = (
        [one, two], {"records": [one, two]}, [{"specversion": "1.0", "data": one}, {"data": two}])
    for text in texts:
        assert records_in(json.dumps(text).encode()) == [one, two]
    assert records_in(b"\n".join(json.dumps(each).encode() for each in (one, two))) == [one, two]
    assert records_in(json.dumps(one).encode()) == [one]
    with pytest.raises(ValueError):
        records_in(b"{}")


def test_sums_that_differ_are_found():
    assert compare_sums({("a", "USD"): (1, 2, 3)}, {("a", "USD"): (1, 2, 3)}) == []
    assert len(compare_sums({("a", "USD"): (1, 2, 3)}, {("a", "EUR"): (1, 2, 3)})) == 2
