"""Asks a Prometheus everything that the dashboards ask, says what came back empty, and draws them.

`python -m render --prometheus http://127.0.0.1:9090 --out docs/images` in Tests/Observability. Exits with 1
where an answer is not of the type that its panel expects, Prometheus refuses a question or a variable has
no values; with `--strict` also where nothing came back and the panel does not say that this is so at times.
"""

import argparse
import json
import sys
import time
from pathlib import Path

from .answers import Answer
from .drawing import draw
from .prometheus import Prometheus, Refused
from .questions import DASHBOARDS, Choice, Window, choices, load, questions

BYTES_MAX = 300_000


def main() -> int:
    options = _options()
    end = options.at or time.time()
    window = Window(end - options.last, end, options.scrape_interval)
    prometheus = Prometheus(options.prometheus)
    everything: list[Answer] = []
    mistakes: list[str] = []
    for dashboard in load(options.dashboards):
        name = dashboard["uid"].removeprefix("signalbox-")
        if options.only and name not in options.only:
            continue
        answers = []
        for question in questions(dashboard, window, _choice(options.choose)):
            try:
                answers.append(prometheus.ask(question, window))
            except Refused as refused:
                mistakes.append(f"{question}: {refused}")
        everything += answers
        for variable, asked in choices(dashboard, window).items():
            if not prometheus.values(asked, window):
                mistakes.append(f"{dashboard['uid']}: nothing to choose for {variable}: {asked}")
        mistakes += [answer.mistake for answer in answers if answer.mistake]
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            path = options.out / f"{name}.png"
            draw(dashboard, answers, window).save(path)
            print(f"{path}: {path.stat().st_size} bytes")
            if path.stat().st_size > BYTES_MAX:
                mistakes.append(f"{path} has over {BYTES_MAX} bytes")
    if options.strict:
        mistakes += [f"nothing for {each.question}" for each in everything if each.is_empty_unexpectedly]
    _tell(everything, mistakes, options.report)
    return 1 if mistakes else 0


def _tell(answers: list[Answer], mistakes: list[str], report: Path | None) -> None:
    empty = [answer for answer in answers if answer.is_empty]
    for answer in empty:
        print(f"{'EMPTY' if answer.is_empty_unexpectedly else 'empty'}: {answer.question}")
    for mistake in mistakes:
        print(f"wrong: {mistake}", file=sys.stderr)
    unexpected = sum(answer.is_empty_unexpectedly for answer in empty)
    print(f"{len(answers)} queries, {len(answers) - len(empty)} with data, "
          f"{len(empty) - unexpected} empty as their panels say, {unexpected} empty without a word, "
          f"{len(mistakes)} wrong")
    if report:
        report.write_text(json.dumps(
            {"answers": [answer.json() for answer in answers], "mistakes": mistakes}, indent=2) + "\n")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m render", description=__doc__)
    parser.add_argument("--prometheus", required=True, metavar="URL")
    parser.add_argument("--out", type=Path, help="directory for the pictures; none are drawn without it")
    parser.add_argument("--dashboards", type=Path, default=DASHBOARDS)
    parser.add_argument("--only", action="append", help="a dashboard's name; may be given again")
    parser.add_argument("--last", type=float, default=3600, help="seconds that are looked at")
    parser.add_argument("--at", type=float, help="their end, in seconds since 1970; now without it")
    parser.add_argument("--scrape-interval", type=float, default=15, help="of Prometheus, in seconds")
    parser.add_argument("--choose", action="append", default=[], metavar="VARIABLE=VALUE",
                        help="in place of All; may be given again")
    parser.add_argument("--strict", action="store_true", help="let what is empty without a word be wrong")
    parser.add_argument("--report", type=Path, help="file for every query and what came of it, as JSON")
    return parser.parse_args()


def _choice(given: list[str]) -> Choice:
    values: dict[str, list[str]] = {}
    for each in given:
        name, _, value = each.partition("=")
        values.setdefault(name, []).append(value)
    return Choice(values)


if __name__ == "__main__":
    sys.exit(main())
