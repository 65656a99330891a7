"""What is so now: single numbers and tables."""

from typing import Any

from .answers import Answer
from .canvas import EDGE, FAINT, TEXT, Box, Canvas, color, text_width
from .questions import Window
from .spans import broken
from .tables import Cell, Table
from .tables import table as merged
from .values import color_of, formatted, mapped

Json = dict[str, Any]
TABLE_LINE = 24
TABLE_TEXT = 8.5


def stat(canvas: Canvas, box: Box, panel: Json, answers: list[Answer], window: Window) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    series = next(each for answer in answers for each in answer.series if each.numbers)
    value = series.numbers[-1][1]
    text, face = mapped(value, defaults["mappings"]) or (
        formatted(value, defaults["unit"], defaults.get("decimals")), color_of(value, defaults["thresholds"]))
    high = box.height * (0.42 if panel["options"]["graphMode"] == "area" else 0.5)
    size = 22.0
    while size > 9 and text_width(text, size, bold=True) > box.width - 20:
        size -= 1
    canvas.text(box.x + box.width / 2, box.y + high, text, width=box.width - 12, size=size, face=color(face),
                bold=True, align="center")
    if panel["options"]["graphMode"] == "area":
        axes = canvas.axes(box.inset(top=box.height * 0.68, left=1, right=1, bottom=1))
        times, values = broken(series, answers[0].question.step)
        axes.fill_between(times, values, color=color(face), alpha=0.25, linewidth=0)
        axes.plot(times, values, color=color(face), linewidth=1)
        axes.set_xlim(window.start, window.end)
        axes.set_ylim(0, max(*(value for _, value in series.numbers), 1e-9) * 1.1)
        axes.set_xticks([])
        axes.set_yticks([])


def table(canvas: Canvas, box: Box, panel: Json, answers: list[Answer], window: Window) -> None:
    content = merged(panel, answers)
    own = _overrides(panel)
    defaults = panel["fieldConfig"]["defaults"]
    texts = [[_cell(cell, defaults | own.get(column, {})) for cell, column in zip(row, content.columns)]
             for row in content.rows]
    widths = _widths(content, texts, box.width - 16)
    fits = int((box.height - TABLE_LINE) // TABLE_LINE)
    shown = texts if len(texts) <= fits else texts[:fits - 1]
    _line(canvas, box, 0, widths, [(column, FAINT) for column in content.columns])
    for row, cells in enumerate(shown, 1):
        canvas.block(Box(box.x + 8, box.y + row * TABLE_LINE, box.width - 16, 1), EDGE)
        _line(canvas, box, row, widths, cells)
    if len(shown) < len(texts):
        canvas.text(box.x + 12, box.y + (len(shown) + 1.5) * TABLE_LINE,
                    f"and {len(texts) - len(shown)} more", width=200, face=FAINT)


def _line(canvas: Canvas, box: Box, row: int, widths: list[float], cells: list[tuple[str, str]]) -> None:
    x = box.x + 12
    for width, (text, face) in zip(widths, cells):
        canvas.text(x, box.y + (row + 0.5) * TABLE_LINE, text, width=width - 10, size=TABLE_TEXT,
                    face=color(face))
        x += width


def _widths(content: Table, texts: list[list[tuple[str, str]]], room: float) -> list[float]:
    """Each column as wide as its widest text; what is left is shared, what lacks is taken from all alike."""
    wanted = [
        max(text_width(text, TABLE_TEXT) for text in [name, *(row[place][0] for row in texts)]) + 16
        for place, name in enumerate(content.columns)
    ]
    total = sum(wanted)
    if total > room:
        return [each * room / total for each in wanted]
    return [each + (room - total) / len(wanted) for each in wanted]


def _cell(value: Cell, settings: Json) -> tuple[str, str]:
    if value is None:
        return "", FAINT
    if isinstance(value, str):
        return value, TEXT
    found = mapped(value, settings.get("mappings", []))
    if found:
        return found
    text = formatted(value, settings["unit"], settings.get("decimals"))
    colored = "custom.cellOptions" in settings
    return text, color_of(value, settings["thresholds"]) if colored else TEXT


def _overrides(panel: Json) -> dict[str, Json]:
    """What a column has of its own, by its heading."""
    return {
        override["matcher"]["options"]: {each["id"]: each["value"] for each in override["properties"]}
        for override in panel["fieldConfig"]["overrides"] if override["matcher"]["id"] == "byName"
    }
