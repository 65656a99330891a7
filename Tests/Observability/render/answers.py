"""What came of a question, and what is to be said of it."""

import math
import re
from dataclasses import dataclass
from typing import Any

from .questions import Question

Json = dict[str, Any]


@dataclass(frozen=True)
class Series:
    labels: dict[str, str]
    samples: list[tuple[float, float]]

    @property
    def numbers(self) -> list[tuple[float, float]]:
        return [(at, value) for at, value in self.samples if math.isfinite(value)]


@dataclass(frozen=True)
class Answer:
    question: Question
    type: str
    series: list[Series]

    @property
    def is_empty(self) -> bool:
        """Whether nothing of it can be drawn."""
        return not any(each.numbers for each in self.series)

    @property
    def is_empty_unexpectedly(self) -> bool:
        return self.is_empty and not self.question.may_be_empty

    @property
    def mistake(self) -> str | None:
        """Why it cannot be what the panel expects, or None."""
        if self.type != self.question.type:
            return f"a {self.type}, not a {self.question.type}: {self.question}"
        seen = [tuple(sorted(each.labels.items())) for each in self.series]
        if len(seen) != len(set(seen)):
            return f"the same labels twice: {self.question}"
        return None

    def json(self) -> Json:
        question = self.question
        return {
            "dashboard": question.dashboard, "panel": question.panel, "title": question.title,
            "ref": question.ref, "expression": question.expression, "type": self.type,
            "may_be_empty": question.may_be_empty,
            "series": len(self.series), "samples": sum(len(each.numbers) for each in self.series),
        }


def legend(form: str, labels: dict[str, str]) -> str:
    """A series' name: `{{label}}` is its value; `__auto` lists the labels, as Grafana does."""
    if form == "__auto":
        shown = {name: value for name, value in labels.items() if name != "__name__"}
        if len(shown) == 1:
            return next(iter(shown.values()))
        return "{" + ", ".join(f'{name}="{value}"' for name, value in sorted(shown.items())) + "}"
    return re.sub(r"\{\{\s*(\w+)\s*\}\}", lambda found: labels.get(found[1], ""), form).strip()
