"""Many cases before one daemon: each has a route and providers of its own, so that none disturbs another."""

import json
import time
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Callable

from . import configuration, contract
from .daemon import Daemon
from .deaf import Deaf
from .failure_case import STREAM, Attempt, Case
from .metrics import Metrics
from .raw_client import RawClient, Response, fetch, request
from .upstream import Upstream
from .waiting import scraped_until

METRICS = (
    "llm_requests_total", "llm_request_errors_total", "llm_fallbacks_total", "llm_rotations_total",
    "llm_exhaustions_total", "llm_client_requests_total", "signalbox_malformed_stream_chunks_total",
)
# A metric has a series for each model and class of error, and 1,000 at most.
MODELS_MAX = 1000 // len(contract.ERROR_TYPES)
DONE = "[DONE]"


@dataclass(frozen=True)
class Seen:
    """One attempt, as its provider saw it."""

    provider: str
    key: int | None
    model: str
    did: str
    at: float


@dataclass
class Observation:
    """What became of one request, seen from every side."""

    # None: the caller did not wait for it.
    response: Response | None
    # The data of each event, of a stream that began.
    events: list[str]
    seconds: float
    seen: list[Seen]
    # The last line of its log.
    line: dict[str, Any]
    # What was counted, by metric and by label values in the order of the labels' names.
    counts: dict[str, dict[tuple[str, ...], float]]

    @property
    def attempts(self) -> list[Attempt]:
        return [_attempt(each) for each in self.line["attempts"]]

    @property
    def gaps(self) -> list[float]:
        return [later.at - earlier.at for earlier, later in zip(self.seen, self.seen[1:])]

    @property
    def error(self) -> dict[str, Any] | None:
        """OpenAI's error object, of a whole answer or a stream's last event."""
        if self.events:
            return json.loads(self.events[-1]).get("error") if self.events[-1] != DONE else None
        return self.response.json.get("error")

    @property
    def deltas(self) -> list[str]:
        chunks = [json.loads(event) for event in self.events if event != DONE]
        texts = (each["choices"][0]["delta"].get("content") for each in chunks if each.get("choices"))
        return [text for text in texts if text]


class Scene:
    """The daemon, the providers of all the cases, and what happens when one of them is asked."""

    def __init__(self, cases: list[Case], mode: str, start_daemon: Callable[..., Daemon]):
        self.mode = mode
        self._labels: dict[str, str] = {each.name: f"c{number}" for number, each in enumerate(cases)}
        self._upstreams: dict[tuple[str, str], Upstream] = {}
        with ExitStack() as self._stack:
            providers = [self._provider(each, name) for each in cases for name in each.script]
            models = sum(len(each["models"]) for each in providers)
            assert models <= MODELS_MAX, f"{models} models are more than a metric has series for"
            routes = list(map(self._route, cases))
            self.daemon = start_daemon(configuration.configuration(*providers) | {"routes": routes})
            self._stack = self._stack.pop_all()

    def __enter__(self) -> "Scene":
        return self

    def __exit__(self, *details) -> None:
        self._stack.__exit__(*details)

    def upstream(self, case: Case, provider: str) -> Upstream:
        return self._upstreams[case.name, provider]

    def request_id(self, case: Case) -> str:
        return f"{self._labels[case.name]}-{self.mode}"

    def body(self, case: Case) -> bytes:
        return json.dumps({
            "model": self._labels[case.name], "messages": [{"role": "user", "content": contract.PROMPT}],
            "stream": self.mode == STREAM}).encode()

    def send(self, client: RawClient, case: Case, request_id: str) -> None:
        client.send(request(
            "POST", "/v1/chat/completions", self.body(case), {contract.REQUEST_ID_HEADER: request_id}))

    def run(self, case: Case) -> Observation:
        request_id = self.request_id(case)
        with RawClient(self.daemon.addresses("server")[0]) as client:
            started = time.monotonic()
            self.send(client, case, request_id)
            response = client.response(timeout=case.wall[1] + 10)
            seconds = time.monotonic() - started
        assert response is not None, "closed without an answer"
        return self.observe(case, request_id, response, seconds)

    def observe(
        self, case: Case, request_id: str, response: Response | None, seconds: float,
    ) -> Observation:
        """`seconds` go on until the request's last line is there, where the caller did not wait."""
        started = time.monotonic()
        line = self.daemon.request_log(request_id)
        assert len(self.daemon.request_logs(request_id)) == 1
        return Observation(
            response, _events(response) if response else [],
            seconds if response else seconds + time.monotonic() - started, self.seen(case),
            self._plainly(case, line), self._counts(case))

    def seen(self, case: Case) -> list[Seen]:
        """The attempts at all of the case's providers, in the order in which they came."""
        found = [
            Seen(name, exchange.request.key_number, exchange.request.model, exchange.did,
                 exchange.request.arrived_at)
            for (case_name, name), upstream in self._upstreams.items() if case_name == case.name
            for exchange in list(upstream.exchanges)
        ]
        return sorted(found, key=lambda each: each.at)

    def sees(self, case: Case, provider: str) -> bool:
        """Whether attempts at this provider get as far as a request."""
        return (case.name, provider) in self._upstreams

    def _route(self, case: Case) -> dict[str, Any]:
        label = self._labels[case.name]
        targets = [f"{label}-{name}" for name in case.script]
        return {"model": label, "strategy": "ordered", "targets": targets} | case.route

    def _provider(self, case: Case, name: str) -> dict[str, Any]:
        script = case.script[name]
        if isinstance(script, Deaf):
            address = self._stack.enter_context(script.address())
        else:
            address = self._upstreams[case.name, name] = self._stack.enter_context(Upstream())
            address.play(*(script if isinstance(script, list) else [script]))
        return configuration.provider(
            f"{self._labels[case.name]}-{name}", address, models=case.models.get(name, ("model",)),
            keys=case.keys.get(name, 1), timeouts=case.timeouts, **case.settings)

    def _counts(self, case: Case) -> dict[str, dict[tuple[str, ...], float]]:
        label = self._labels[case.name]

        def scrape() -> Metrics:
            text = fetch(self.daemon.admin_url + "/metrics").body.decode()
            lines = (
                line for line in text.splitlines()
                if line.startswith(METRICS) and (f'"{label}"' in line or f'"{label}-' in line))
            return Metrics("\n".join(lines) + "\n")

        metrics = scraped_until(
            scrape, lambda found: found.value("llm_client_requests_total", route=label) == 1, "one request")
        counts = {}
        for name in METRICS:
            counts[name] = {
                tuple(value.removeprefix(label + "-") for value in labels): count
                for labels, count in metrics.moved(Metrics(""), name).items()
            }
        return counts

    def _plainly(self, case: Case, line: dict[str, Any]) -> dict[str, Any]:
        """The line without the label that tells this case's providers from those of others."""
        text = json.dumps(line, ensure_ascii=False)
        return json.loads(text.replace(f'"{self._labels[case.name]}-', '"'))


def expected_counts(case: Case, route: str) -> dict[str, dict[tuple[str, ...], float]]:
    """What must be counted of a case, by nothing but its attempts and its ending."""
    moves = list(zip(case.attempts, case.attempts[1:]))
    statuses = Counter(
        (each.model, each.provider, "failure" if each.error_type else "success") for each in case.attempts)
    errors = Counter(
        (each.error_type, each.model, each.provider) for each in case.attempts if each.error_type)
    falls = Counter(
        (old.provider, old.error_type, route, new.provider) for old, new in moves
        if old.provider != new.provider)
    rotations = Counter(
        ("model" if old.model != new.model else "key", old.provider, old.error_type) for old, new in moves
        if old.provider == new.provider and (old.model, old.key) != (new.model, new.key))
    ends = {(case.ending.exhaustion, route): 1.0} if case.ending.exhaustion else {}
    skipped = {(provider,): float(case.skipped) for provider in list(case.script)[:1] if case.skipped}
    return {
        "llm_requests_total": dict(statuses), "llm_request_errors_total": dict(errors),
        "llm_fallbacks_total": dict(falls), "llm_rotations_total": dict(rotations),
        "llm_exhaustions_total": ends,
        "llm_client_requests_total": {(case.ending.outcome, route, contract.ANONYMOUS_TENANT): 1.0},
        "signalbox_malformed_stream_chunks_total": skipped,
    }


def _attempt(fields: dict[str, Any]) -> Attempt:
    assert fields.keys() <= contract.ATTEMPT_FIELDS and fields["ms"] >= 0
    key = fields["key"].removeprefix(fields["provider"] + "-")
    return Attempt(fields["provider"], int(key), fields["model"], fields.get("error_type"))


def _events(response: Response) -> list[str]:
    if not response.headers["content-type"].startswith("text/event-stream"):
        return []
    blocks = response.body.decode().split("\n\n")
    assert blocks.pop() == "", "the last event was cut"
    assert all(block.startswith("data: ") for block in blocks), blocks
    return [block.removeprefix("data: ") for block in blocks]
