"""A whole dashboard as one picture, its panels where Grafana puts them."""

from datetime import UTC, datetime
from typing import Any

from .answers import Answer
from .canvas import FAINT, Box, Canvas
from .charts import state_timeline, timeseries
from .figures import stat, table
from .questions import Window, panels

Json = dict[str, Any]
WIDTH = 1640
MARGIN = 10
UNIT = 38
GAP = 6
HEAD = 52
TITLE = 30
KINDS = {"timeseries": timeseries, "state-timeline": state_timeline, "stat": stat, "table": table}


def draw(dashboard: Json, answers: list[Answer], window: Window) -> Canvas:
    bottom = max(each["gridPos"]["y"] + each["gridPos"]["h"] for each in dashboard["panels"])
    canvas = Canvas(WIDTH, HEAD + bottom * UNIT + MARGIN)
    times = [datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M") for at in (window.start, window.end)]
    canvas.text(MARGIN + 4, HEAD / 2, dashboard["title"], width=700, size=14, bold=True)
    canvas.text(WIDTH - MARGIN - 4, HEAD / 2, f"{times[0]} to {times[1][11:]} UTC", width=600, size=9,
                face=FAINT, align="right")
    for row in dashboard["panels"]:
        if row["type"] == "row":
            box = _box(row["gridPos"])
            canvas.text(box.x + 4, box.y + box.height / 2 + 3, row["title"], width=800, size=10.5, bold=True)
    for panel in panels(dashboard):
        own = [each for each in answers if each.question.panel == panel["id"]]
        _panel(canvas, _box(panel["gridPos"]), panel, own, window)
    return canvas


def _panel(canvas: Canvas, box: Box, panel: Json, answers: list[Answer], window: Window) -> None:
    canvas.box(box)
    canvas.text(box.x + 9, box.y + TITLE / 2, panel["title"], width=box.width - 18, size=9, bold=True)
    inside = box.inset(top=TITLE)
    if all(answer.is_empty for answer in answers):
        text = panel["fieldConfig"]["defaults"]["noValue"]
        canvas.text(inside.x + inside.width / 2, inside.y + inside.height / 2 - 4, text,
                    width=inside.width - 12, size=9 if panel["type"] != "stat" else 10, face=FAINT,
                    align="center")
        return
    KINDS[panel["type"]](canvas, inside, panel, answers, window)


def _box(grid: Json) -> Box:
    column = (WIDTH - 2 * MARGIN + GAP) / 24
    return Box(MARGIN + grid["x"] * column, HEAD + grid["y"] * UNIT,
               grid["w"] * column - GAP, grid["h"] * UNIT - GAP)
