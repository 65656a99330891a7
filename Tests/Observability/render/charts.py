"""What happens over time: lines, areas and states."""

import math
from datetime import UTC, datetime
from typing import Any

from matplotlib.axes import Axes

from .answers import Answer, Series, legend
from .canvas import FAINT, GRID, PALETTE, TEXT, Box, Canvas, color, text_width
from .questions import Window
from .spans import broken, on_grid, spans
from .values import color_of, formatted, mapped, ticks

Json = dict[str, Any]
LEGEND_LINE = 15
LABELS = 62
CLOCK = 18
STATE_LINE_LEAST = 13
CALCULATIONS = {
    "mean": ("mean", lambda values: sum(values) / len(values)), "max": ("max", max),
    "lastNotNull": ("last", lambda values: values[-1]),
}


def named(panel: Json, answers: list[Answer]) -> list[tuple[str, Series, int]]:
    """Every series that has anything, with its name and its query's step."""
    forms = {target["refId"]: target["legendFormat"] for target in panel["targets"]}
    return [(legend(forms[answer.question.ref], each.labels), each, answer.question.step)
            for answer in answers for each in answer.series if each.numbers]


def timeseries(canvas: Canvas, box: Box, panel: Json, answers: list[Answer], window: Window) -> None:
    drawn = named(panel, answers)
    defaults = panel["fieldConfig"]["defaults"]
    faces = _faces(panel, [name for name, _, _ in drawn])
    lines = min(len(drawn) + 1, max(3, math.floor((box.height - 110) / LEGEND_LINE)))
    plot = box.inset(left=LABELS, right=6, top=4, bottom=CLOCK + lines * LEGEND_LINE + 6)
    axes = canvas.axes(plot)
    custom = defaults["custom"]
    if custom["stacking"]["mode"] == "normal":
        times, values = on_grid([series for _, series, _ in drawn], drawn[0][2])
        axes.stackplot(times, values, colors=faces, alpha=0.55, linewidth=0)
        tops = [sum(column) for column in zip(*values)]
    else:
        for face, (_, series, step) in zip(faces, drawn):
            axes.plot(*broken(series, step), color=face, linewidth=1.3, marker="o" if len(series.numbers) == 1
                      else None, markersize=3)
        tops = [value for _, series, _ in drawn for _, value in series.numbers]
    _value_axis(axes, defaults, tops, [value for _, each, _ in drawn for _, value in each.numbers])
    if custom.get("thresholdsStyle"):
        _thresholds(axes, defaults["thresholds"])
    time_axis(axes, window, plot.width)
    axes.grid(True, color=GRID, linewidth=0.6)
    axes.set_axisbelow(True)
    below = box.inset(top=box.height - lines * LEGEND_LINE - 2, left=8, right=8)
    _legend(canvas, below, panel, [(face, name, each) for face, (name, each, _) in zip(faces, drawn)], lines)


def state_timeline(canvas: Canvas, box: Box, panel: Json, answers: list[Answer], window: Window) -> None:
    defaults = panel["fieldConfig"]["defaults"]
    drawn = sorted(named(panel, answers), key=lambda each: each[0])
    states = sorted({value for _, series, _ in drawn for _, value in series.numbers})
    rows = min(len(drawn), math.floor((box.height - CLOCK - LEGEND_LINE - 12) / STATE_LINE_LEAST))
    hidden, drawn = drawn[rows:], drawn[:rows]
    names = min(max(text_width(name, 7.5) for name, _, _ in drawn) + 12, box.width * 0.3)
    plot = box.inset(left=names, right=8, top=4, bottom=CLOCK + LEGEND_LINE + 8)
    axes = canvas.axes(plot)
    time_axis(axes, window, plot.width)
    axes.set_ylim(rows, 0)
    axes.set_yticks([])
    for row, (name, series, step) in enumerate(drawn):
        middle = plot.y + (row + 0.5) * plot.height / rows
        canvas.text(box.x + 8, middle, name, width=names - 12, size=7.5, face=FAINT)
        for begin, end, value in spans(series, step):
            text, face = mapped(value, defaults["mappings"]) or (
                formatted(value, defaults["unit"]), color_of(value, defaults["thresholds"]))
            begin, end = max(begin, window.start), min(end, window.end)
            axes.barh(row + 0.5, end - begin, left=begin, height=0.78, color=color(face), alpha=0.85)
            room = (end - begin) / window.seconds * plot.width
            if room > text_width(text, 7) + 8 and plot.height / rows >= 12:
                axes.text(begin + 4 / plot.width * window.seconds, row + 0.5, text, fontsize=7,
                          color="#111217", va="center", clip_on=True)
    x = box.x + 10
    for value in states:
        text, face = mapped(value, defaults["mappings"]) or (formatted(value, "none"), TEXT)
        y = box.y + box.height - LEGEND_LINE / 2 - 3
        if x + text_width(text, 7.5) > box.x + box.width - 100:
            break
        canvas.block(Box(x, y - 4, 9, 8), color(face))
        canvas.text(x + 14, y, text, width=200, size=7.5)
        x += text_width(text, 7.5) + 32
    if hidden:
        canvas.text(box.x + box.width - 10, box.y + box.height - LEGEND_LINE / 2 - 3,
                    f"and {len(hidden)} more", width=100, size=7.5, face=FAINT, align="right")


def time_axis(axes: Axes, window: Window, pixels: float) -> None:
    """Times of day in UTC at round moments, as many as fit."""
    axes.set_xlim(window.start, window.end)
    sizes = [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 10800, 21600, 43200, 86400,
             172800, 604800, 1209600, 2592000]
    most = max(2, pixels // 62)
    size = next((each for each in sizes if window.seconds / each <= most), sizes[-1])
    moments = [index * size for index in range(math.ceil(window.start / size), int(window.end // size) + 1)]
    form = "%H:%M:%S" if size < 60 else "%H:%M" if size < 86400 else "%m-%d"
    # A label that would hang over the chart's edge is left out.
    edge = 16 / pixels * window.seconds
    moments = [at for at in moments if window.start + edge < at < window.end - edge]
    axes.set_xticks(moments, [datetime.fromtimestamp(at, UTC).strftime(form) for at in moments])


def _value_axis(axes: Axes, defaults: Json, tops: list[float], values: list[float]) -> None:
    unit = defaults["unit"]
    if defaults["custom"]["scaleDistribution"]["type"] == "log":
        positive = [value for value in values if value > 0] or [1e-6]
        low = 10 ** math.floor(math.log10(min(positive)))
        high = max(10 ** math.ceil(math.log10(max(positive))), 10 * low)
        axes.set_yscale("log")
        axes.set_ylim(low, high)
        marks = [low * 10 ** power for power in range(round(math.log10(high / low)) + 1)]
        axes.minorticks_off()
    else:
        low = defaults.get("min", min([*values, 0]))
        high = max([*tops, low])
        high = defaults["max"] if "max" in defaults and high <= defaults["max"] else low + (high - low) * 1.08
        high = high if high > low else low + 1
        axes.set_ylim(low, high)
        marks = ticks(low, high, unit)
    axes.set_yticks(marks, [formatted(mark, unit) for mark in marks])


def _thresholds(axes: Axes, thresholds: Json) -> None:
    for step in thresholds["steps"]:
        if step["value"] is not None and axes.get_ylim()[0] <= step["value"] <= axes.get_ylim()[1]:
            axes.axhline(step["value"], color=color(step["color"]), linewidth=1, linestyle=(0, (5, 4)),
                         alpha=0.8)


def _faces(panel: Json, names: list[str]) -> list[str]:
    """A series' own colour where the panel says one, else the palette's next."""
    own = {
        override["matcher"]["options"]: each["value"]["fixedColor"]
        for override in panel["fieldConfig"]["overrides"] for each in override["properties"]
        if each["id"] == "color"
    }
    return [color(own.get(name, PALETTE[index % len(PALETTE)])) for index, name in enumerate(names)]


def _legend(canvas: Canvas, box: Box, panel: Json, drawn: list[tuple[str, str, Series]], lines: int) -> None:
    unit = panel["fieldConfig"]["defaults"]["unit"]
    columns = [CALCULATIONS[each] for each in panel["options"]["legend"]["calcs"]]
    wide = min(86, (box.width - 90) / len(columns))
    right = box.x + box.width
    for index, (title, _) in enumerate(columns):
        x = right - (len(columns) - 1 - index) * wide
        canvas.text(x, box.y + LEGEND_LINE / 2, title, width=wide, size=7, face=FAINT, align="right")
    ordered = sorted(drawn, key=lambda each: -each[2].numbers[-1][1])
    shown = ordered if len(ordered) < lines else ordered[:lines - 2]
    for row, (face, name, series) in enumerate(shown):
        y = box.y + (row + 1.5) * LEGEND_LINE
        canvas.block(Box(box.x, y - 1.5, 10, 3), face)
        canvas.text(box.x + 15, y, name, width=box.width - len(columns) * wide - 22, size=7.5)
        values = [value for _, value in series.numbers]
        for index, (_, calculate) in enumerate(columns):
            x = right - (len(columns) - 1 - index) * wide
            canvas.text(x, y, formatted(calculate(values), unit), width=wide - 4, size=7.5, align="right")
    if len(shown) < len(ordered):
        canvas.text(box.x + 15, box.y + (len(shown) + 1.5) * LEGEND_LINE,
                    f"and {len(ordered) - len(shown)} more", width=box.width - 20, size=7.5, face=FAINT)
