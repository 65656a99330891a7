"""What is owed, and whether it came. Pure: clients' accounts and receivers' files in, broken promises out."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from typing import Any

from .deliveries import Delivery
from .load import Told, is_certain_to_be_early
from .money import Price
from .speech import Usage, tells_usage, usage_of

Record = dict[str, Any]
Prices = dict[tuple[str, str], Price]
Span = tuple[int, int]
UUID_V7 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
OUTCOMES = {"success", "failure", "interrupted", "cancelled"}
SHOWN_MAX = 20


@dataclass
class Terms:
    """What the run allows. `kills` may each make an endpoint be sent again what it had accepted, as much as
    was in flight; `lost` are records that the daemon itself says are not there, None where the scenario
    compares them by itself."""

    prices: Prices
    tenants: tuple[str, ...]
    kills: int = 0
    lost: int | None = 0
    # Sequences that the daemon says are missing, by tenant: first and last.
    gaps: dict[str, list[Span]] = field(default_factory=dict)
    # Deliveries in flight, of tenants that have more than one: they may arrive in another order.
    at_once: dict[str, int] = field(default_factory=dict)
    # Not where somebody has records sent again.
    is_ordered: bool = True
    # Whether the daemon can write down what was accepted.
    remembers: bool = True


@dataclass
class Verdict:
    broken: list[str] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    missing: list[Told] = field(default_factory=list)
    records: dict[str, list[Record]] = field(default_factory=dict)
    # Sequences of records that were in a delivery that was accepted, by tenant.
    accepted: dict[str, set[int]] = field(default_factory=dict)

    def say(self, promise: str, finding: str) -> None:
        self.broken.append(f"{promise}: {finding}")

    @property
    def totals(self) -> dict[tuple[str, str], tuple[int, int, int]]:
        """By tenant and currency: records, tokens, billionths."""
        sums: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0, 0])
        for tenant, records in self.records.items():
            for record in records:
                row = sums[tenant, record.get("currency", "")]
                row[0] += 1
                row[1] += record.get("total_tokens", 0)
                row[2] += int(record.get("cost_nano", "0"))
        return {key: tuple(row) for key, row in sums.items()}


def judge(book: list[Told], deliveries: list[Delivery], terms: Terms) -> Verdict:
    verdict = Verdict()
    for told in book:
        for complaint in told.complaints:
            verdict.say("answers are right", f"request {told.ask.number} {complaint}")
    for tenant in terms.tenants:
        came = [delivery for delivery in deliveries if delivery.tenant == tenant]
        verdict.records[tenant] = _collected(tenant, came, terms, verdict)
        _judge_sequences(tenant, verdict.records[tenant], terms, verdict)
        asked = [told for told in book if told.ask.tenant == tenant]
        _judge_bills(asked, verdict.records[tenant], terms, verdict)
    _judge_ids(verdict)
    for record in (record for records in verdict.records.values() for record in records):
        _judge_record(record, terms.prices, verdict)
    if terms.lost is not None and len(verdict.missing) != terms.lost:
        said = f"{len(verdict.missing)} answers have no record, {terms.lost} are said to be lost: "
        verdict.say("nothing is lost", said + ", ".join(
            f"{told.ask.tenant} {told.request_id} at {told.at:.3f}" for told in verdict.missing[:SHOWN_MAX]))
    verdict.facts |= _facts(book, deliveries, verdict)
    return verdict


def _collected(tenant: str, came: list[Delivery], terms: Terms, verdict: Verdict) -> list[Record]:
    """Each record once, in the order in which they came first."""
    records: dict[str, Record] = {}
    accepted: set[str] = set()
    taken: Counter[str] = Counter()
    for delivery in came:
        taken[delivery.id] += delivery.accepted
        for record in delivery.records:
            name = record.get("id", "")
            if records.setdefault(name, record) != record:
                verdict.say("one id is one record", f"{tenant}: {name} came with two contents")
            if delivery.accepted:
                accepted.add(name)
    verdict.accepted[tenant] = {records[name].get("sequence", 0) for name in accepted}
    for name in records.keys() - accepted:
        verdict.say("delivery goes on until it is accepted", f"{tenant}: {name} was never accepted")
    again = {name: count - 1 for name, count in taken.items() if count > 1}
    allowed = terms.kills * terms.at_once.get(tenant, 1)
    if terms.remembers and sum(again.values()) > allowed:
        verdict.say(
            "what was accepted is not sent again",
            f"{tenant}: {sum(again.values())} times, where kills excuse {allowed}: {list(again)[:5]}")
    return list(records.values())


def _judge_sequences(tenant: str, records: list[Record], terms: Terms, verdict: Verdict) -> None:
    sequences = [record.get("sequence", 0) for record in records]
    for sequence, count in Counter(sequences).items():
        if count > 1:
            verdict.say("sequences are unique", f"{tenant}: {sequence} is {count} records'")
    told = terms.gaps.get(tenant, [])
    untold = [gap for gap in gaps_in(sequences) if not is_told(gap, told)]
    if untold:
        verdict.say("sequences have no gaps", f"{tenant}: {untold[:SHOWN_MAX]} are not there")
    if terms.is_ordered and tenant not in terms.at_once and sequences != sorted(sequences):
        place = next(at for at in range(1, len(sequences)) if sequences[at] < sequences[at - 1])
        verdict.say(
            "one delivery at a time keeps the order",
            f"{tenant}: {sequences[place]} came after {sequences[place - 1]}")


def gaps_in(sequences: list[int]) -> list[Span]:
    """What is missing of 1, 2, 3 … up to the last."""
    last, gaps = 0, []
    for sequence in sorted(set(sequences)):
        if sequence > last + 1:
            gaps.append((last + 1, sequence - 1))
        last = sequence
    return gaps


def is_told(gap: Span, told: list[Span]) -> bool:
    """Whether the spans that were told of, which may touch each other, hold all of it."""
    first = gap[0]
    for span in sorted(told):
        if span[0] <= first <= span[1]:
            first = span[1] + 1
    return first > gap[1]


def _judge_ids(verdict: Verdict) -> None:
    owners: dict[str, str] = {}
    for tenant, records in verdict.records.items():
        for record in records:
            if not UUID_V7.fullmatch(record.get("id", "")):
                verdict.say("ids are UUIDs of version 7", repr(record.get("id")))
            if owners.setdefault(record.get("id", ""), tenant) != tenant:
                verdict.say("ids are unique", f"{record['id']} is {tenant}'s and {owners[record['id']]}'s")
            if record.get("tenant_id") != tenant:
                verdict.say("tenants see their own", f"{tenant} was sent {record.get('tenant_id')}'s")


def _judge_bills(asked: list[Told], records: list[Record], terms: Terms, verdict: Verdict) -> None:
    """Every answer has its record, and every record its request. Requests that share a name are told apart
    by their tokens, and so are those whose client never learned the name."""
    named: dict[str, list[Told]] = defaultdict(list)
    nameless: list[Told] = []
    for told in asked:
        (named[told.request_id] if told.request_id else nameless).append(told)
    theirs: dict[str, list[Record]] = defaultdict(list)
    for record in records:
        theirs[record.get("request_id", "")].append(record)

    _judge_nameless(nameless, [each for name in theirs if name not in named for each in theirs[name]],
                    terms, verdict)
    for name, tolds in named.items():
        _judge_request(name, tolds, theirs.get(name, []), terms, verdict)


def _judge_nameless(nameless: list[Told], found: list[Record], terms: Terms, verdict: Verdict) -> None:
    """Records under names that no client knows belong to requests whose clients never heard a name."""
    owners = {each: told for told in nameless for each in possible(told)}
    theirs: dict[int, list[Record]] = defaultdict(list)
    strangers = {record["request_id"] for record in found}
    if len(strangers) > len(nameless):
        verdict.say("every record has its request", f"{len(strangers)} names for {len(nameless)} requests")
    for record in found:
        if record.get("usage_source") == "provider":
            told = owners.get(tokens(record))
            if told is None:
                verdict.say("every record has its request", f"nobody asked for {record}")
            else:
                theirs[told.ask.number].append(record)
    for told in nameless:
        _judge_request(f"request {told.ask.number}", [told], theirs[told.ask.number], terms, verdict)


def _judge_request(
    name: str, tolds: list[Told], found: list[Record], terms: Terms, verdict: Verdict,
) -> None:
    _judge_attempts(name, tolds, found, terms, verdict)
    successes = [record for record in found if record.get("outcome") == "success"]
    for told in tolds:
        fitting = [record for record in successes if fits(record, told)]
        if told.ended == "whole":
            if not fitting:
                verdict.missing.append(told)
                continue
            _judge_obligation(told, fitting[0], terms.prices, verdict)
        if told.ended == "refused" and fitting:
            verdict.say("what was refused is not billed", f"{name}: {told.status}, and {fitting[0]}")
        if is_certain_to_be_early(told) and fitting:
            verdict.say("hang-ups are marked", f"{name}: left early, and {fitting[0]}")
        if fitting:
            successes.remove(fitting[0])
    for record in successes:
        verdict.say("nothing is billed twice", f"{name}: {record}")


def _judge_attempts(
    name: str, tolds: list[Told], found: list[Record], terms: Terms, verdict: Verdict,
) -> None:
    attempts = Counter(record.get("attempt") for record in found)
    for attempt, count in attempts.items():
        if count > len(tolds):
            verdict.say("one attempt is one record", f"{name}: attempt {attempt} has {count} records")
    for record in found:
        told_of = any(tokens(record) in possible(told) for told in tolds)
        if record.get("usage_source") == "provider" and not told_of:
            verdict.say("records are exact", f"{name}: nobody told these tokens: {record}")
    if found and terms.lost is not None and len(tolds) == 1 and tolds[0].ended == "whole":
        made = list(range(1, tolds[0].attempts + 1))
        if sorted(attempts) != made:
            verdict.say("every attempt has a record", f"{name}: {sorted(attempts)}, and {made} were made")


def fits(record: Record, told: Told) -> bool:
    """Whether this may be the record of that request's answer."""
    if told.provider and record.get("provider") != told.provider:
        return False
    if not tells_usage(told.ask.nonce):
        return record.get("usage_source") != "provider"
    return tokens(record) == _numbers(usage_of(record.get("provider", ""), told.ask.nonce))


def possible(told: Told) -> list[tuple[int, ...]]:
    """What the providers may have told of a request."""
    return [_numbers(usage_of(provider, told.ask.nonce)) for provider in ("alpha", "beta")]


def tokens(record: Record) -> tuple[int, ...]:
    names = ("prompt_tokens", "completion_tokens", "cached_tokens", "reasoning_tokens")
    return tuple(record.get(name, 0) for name in names)


def _numbers(usage: Usage) -> tuple[int, ...]:
    return (usage.prompt, usage.completion, usage.cached, usage.reasoning)


def _judge_obligation(told: Told, record: Record, prices: Prices, verdict: Verdict) -> None:
    expected: Record = {
        "provider": told.provider, "attempt": told.attempts, "success": True, "streaming": told.ask.streams,
        "requested_model": told.ask.model}
    if tells_usage(told.ask.nonce):
        usage = usage_of(told.provider, told.ask.nonce)
        price = prices[told.provider, record.get("model", "")]
        expected |= {
            "usage_source": "provider", "total_tokens": usage.prompt + usage.completion,
            "cost_nano": str(price.cost_nano(usage)), "currency": price.currency}
    for name, value in expected.items():
        if record.get(name) != value:
            verdict.say(
                "records are exact", f"{told.request_id}: {name} is {record.get(name)!r}, not {value!r}")


def _judge_record(record: Record, prices: Prices, verdict: Verdict) -> None:
    """What a record says must be true by itself."""
    name, outcome = record.get("id"), record.get("outcome")
    if outcome not in OUTCOMES:
        verdict.say("records are exact", f"{name}: the outcome {outcome!r}")
    if record.get("success") != (outcome == "success"):
        verdict.say("records are exact", f"{name}: {outcome}, and success {record.get('success')}")
    if "cost_nano" not in record:
        return
    price = prices.get((record.get("provider", ""), record.get("model", "")))
    due = price.cost_nano(Usage(*tokens(record))) if price else None
    said = int(record["cost_nano"])
    if said != due and not (said == 0 and outcome == "failure"):
        verdict.say("records are exact", f"{name}: {said} for tokens that cost {due}")
    if abs(float(record.get("cost", 0)) * 1e9 - said) > 1 + 1e-9 * said:
        verdict.say("records are exact", f"{name}: cost {record.get('cost')}, cost_nano {said}")


def _facts(book: list[Told], deliveries: list[Delivery], verdict: Verdict) -> dict[str, Any]:
    records = [record for each in verdict.records.values() for record in each]
    return {
        "requests": Counter(told.ended for told in book),
        "refusals": Counter(f"{told.status} {told.code}" for told in book if told.ended == "refused"),
        "deliveries": Counter(delivery.verdict for delivery in deliveries),
        "records": Counter(record.get("outcome") for record in records),
        "usage": Counter(record.get("usage_source") for record in records),
        "packed deliveries": sum(delivery.is_packed for delivery in deliveries),
    }


def compare_sums(expected: dict, found: dict) -> list[str]:
    return [
        f"{key}: {found.get(key)} here, {expected.get(key)} delivered (records, tokens, billionths)"
        for key in sorted(expected.keys() | found.keys()) if expected.get(key) != found.get(key)]
