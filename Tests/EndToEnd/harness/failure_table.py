"""Judges one row of the table of failures, and writes all rows where SIGNALBOX_FAILURE_TABLE says."""

import json
import os
from operator import itemgetter
from pathlib import Path

import pytest

from . import behaviours, chat, contract
from .acts import DELTAS
from .deaf import Deaf
from .failure_case import PLAIN, Case
from .scene import DONE, Observation, Scene, expected_counts

VARIABLE = "SIGNALBOX_FAILURE_TABLE"
PROPERTY = "failure_row"
COLUMNS = ("case", "mode", "attempts at providers", "took", "the caller got", "recorded")


def judge(scene: Scene, case: Case, found: Observation) -> None:
    """Every side must have seen what the case says."""
    judge_record(scene, case, found)
    least, most = case.wall
    assert least <= found.seconds < most, f"{found.seconds:.3f} s"
    for number, pause in case.pauses.items():
        assert pause <= found.gaps[number - 1] < pause + most, f"{found.gaps[number - 1]:.3f} s"
    _judge_answer(scene, case, found)
    assert found.line["status"] == case.ending.status


def judge_record(scene: Scene, case: Case, found: Observation) -> None:
    """What was asked of whom, and what was written down of it."""
    assert list(map(str, found.attempts)) == list(map(str, case.attempts))
    visible = [each for each in case.attempts if scene.sees(case, each.provider)]
    assert [(each.provider, each.key, each.model) for each in found.seen] == [
        (each.provider, each.key, each.model) for each in visible]
    assert found.line["outcome"] == case.ending.outcome
    assert found.counts == expected_counts(case, found.line["route"])


def _judge_answer(scene: Scene, case: Case, found: Observation) -> None:
    ending, headers, last = case.ending, found.response.headers, case.attempts[-1]
    assert found.response.status == ending.status
    assert headers[contract.ATTEMPTS_HEADER] == str(len(case.attempts))
    assert headers[contract.PROVIDER_HEADER].partition("-")[2] == last.provider
    assert headers[contract.MODEL_HEADER] == last.model
    if ending.retry_after:
        assert ending.retry_after[0] <= int(headers["retry-after"]) <= ending.retry_after[1]
    else:
        assert "retry-after" not in headers
    if ending.code:
        assert found.error["code"] == ending.code and found.error["message"]
        told = [(each["provider"].partition("-")[2], each["model"], each["error_type"])
                for each in found.error["attempts"]]
        assert told == [(each.provider, each.model, each.error_type) for each in case.attempts]
        assert DONE not in found.events
        assert bool(found.deltas) == (ending.outcome == "interrupted")
        if ending.deltas is not None:
            assert len(found.deltas) == ending.deltas
    elif scene.mode == PLAIN:
        assert found.response.json["choices"][0]["message"]["content"] == chat.GREETING
    else:
        assert "".join(found.deltas) == behaviours.streamed_text(ending.deltas or DELTAS)
        assert found.events.count(DONE) == 1 and found.events[-1] == DONE


# The table.

def row_of(place: int, *columns: str) -> str:
    """One line of the table, for a test's properties; `place` is the case's among its module's."""
    return json.dumps({"place": place} | dict(zip(COLUMNS, columns, strict=True)))


def columns(mode: str, case: Case, found: Observation) -> tuple[str, ...]:
    return (case.name, mode, _shown_attempts(case, found), f"{found.seconds:.2f} s", _shown_answer(found),
            _shown_record(found))


def _shown_attempts(case: Case, found: Observation) -> str:
    unseen = [f"{name}: {script.name}" for name, script in case.script.items() if isinstance(script, Deaf)]
    parts = []
    for number, each in enumerate(found.seen):
        gap = f"+{each.at - found.seen[number - 1].at:.2f} s " if number else ""
        model = "" if each.model == "model" else f"/{each.model}"
        parts.append(f"{gap}{each.provider}-{each.key}{model} {each.did}")
    return "; ".join(unseen + parts)


def _shown_answer(found: Observation) -> str:
    if found.response is None:
        return "nothing: it left"
    headers, parts = found.response.headers, [str(found.response.status)]
    if found.error:
        parts.append(found.error["code"])
    if found.events:
        parts.append(f"{len(found.deltas)} deltas")
        parts.append(DONE if found.events[-1] == DONE else f"error event, no {DONE}")
    if "retry-after" in headers:
        parts.append(f"Retry-After: {headers['retry-after']}")
    provider = headers[contract.PROVIDER_HEADER].partition("-")[2]
    parts.append(f"{provider}, {headers[contract.ATTEMPTS_HEADER]} attempts")
    return ", ".join(parts)


def _shown_record(found: Observation) -> str:
    route = found.line["route"]
    names = {
        "llm_requests_total": "requests", "llm_request_errors_total": "errors",
        "llm_fallbacks_total": "fallbacks", "llm_rotations_total": "rotations",
        "llm_exhaustions_total": "exhaustions", "llm_client_requests_total": "outcome",
        "signalbox_malformed_stream_chunks_total": "skipped chunks",
    }
    parts = []
    for metric, name in names.items():
        shown = [
            " ".join(label for label in labels if label not in (route, "model", contract.ANONYMOUS_TENANT))
            + (f" {count:g}" if count != 1 else "") for labels, count in found.counts[metric].items()]
        if shown:
            parts.append(f"{name}: {', '.join(shown)}")
    history = ", ".join(map(str, found.attempts))
    return "; ".join([*parts, f"history: {history}"])


class TableWriter:
    """Collects the rows of all workers, and writes them at the end."""

    def __init__(self, path: Path):
        self._path = path
        self._rows: list[dict[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            verdict = "as expected to fail" if hasattr(report, "wasxfail") else report.outcome
            self._rows += [
                json.loads(value) | {"verdict": verdict, "file": report.location[0]}
                for name, value in report.user_properties if name == PROPERTY]

    def pytest_sessionfinish(self) -> None:
        columns = (*COLUMNS, "verdict")
        lines = ["| " + " | ".join(columns) + " |", "|" + "---|" * len(columns)]
        for each in sorted(self._rows, key=itemgetter("file", "place", "mode")):
            lines.append("| " + " | ".join(each[column].replace("|", "\\|") for column in columns) + " |")
        self._path.write_text("\n".join(lines) + "\n")


def register(config: pytest.Config) -> None:
    """Of several workers, the process that hears of all results writes."""
    if VARIABLE in os.environ and not hasattr(config, "workerinput"):
        config.pluginmanager.register(TableWriter(Path(os.environ[VARIABLE])))
