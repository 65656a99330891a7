"""Tables, as Grafana's transformations `merge` and `organize` make them of several queries."""

from dataclasses import dataclass, field
from typing import Any

from .answers import Answer

Json = dict[str, Any]
Cell = str | float | None


@dataclass
class Table:
    columns: list[str]
    rows: list[list[Cell]] = field(default_factory=list)


def table(panel: Json, answers: list[Answer]) -> Table:
    merged = _merge([_frame(answer, alone=len(answers) == 1) for answer in answers])
    for transformation in panel.get("transformations", []):
        if transformation["id"] == "organize":
            merged = _organize(merged, transformation["options"])
        elif transformation["id"] != "merge":
            raise ValueError(f"the transformation {transformation['id']} is not known here")
    return merged


def _frame(answer: Answer, alone: bool) -> tuple[list[str], list[dict[str, Cell]]]:
    """One query's columns and rows: its labels, and its value under a name of its own."""
    value = "Value" if alone else f"Value #{answer.question.ref}"
    names = list(dict.fromkeys(name for each in answer.series for name in each.labels))
    rows = [dict(each.labels) | {value: sample} for each in answer.series for _, sample in each.numbers]
    return [*names, value], rows


def _merge(frames: list[tuple[list[str], list[dict[str, Cell]]]]) -> Table:
    """Rows that agree in all columns that every frame has become one, unless both have another value for the
    same column."""
    frames = [frame for frame in frames if frame[1]]
    columns = list(dict.fromkeys(name for names, _ in frames for name in names))
    shared = [name for name in columns if all(name in names for names, _ in frames)]
    merged: list[dict[str, Cell]] = []
    for _, rows in frames:
        for row in rows:
            fits = next((other for other in merged if _agree(row, other, shared)), None)
            if fits is None:
                merged.append(dict(row))
            else:
                fits.update(row)
    return Table(columns, [[row.get(name) for name in columns] for row in merged])


def _agree(one: dict[str, Cell], other: dict[str, Cell], shared: list[str]) -> bool:
    return all(one.get(name) == other.get(name) for name in shared) and all(
        name not in other or other[name] == value for name, value in one.items())


def _organize(given: Table, options: Json) -> Table:
    order = options["indexByName"]
    kept = [name for name in given.columns if not options["excludeByName"].get(name)]
    kept.sort(key=lambda name: order.get(name, len(order)))
    places = [given.columns.index(name) for name in kept]
    rows = sorted(([row[place] for place in places] for row in given.rows), key=_text_first)
    return Table([options["renameByName"].get(name, name) for name in kept], rows)


def _text_first(row: list[Cell]) -> list[str]:
    return [cell for cell in row if isinstance(cell, str)]
