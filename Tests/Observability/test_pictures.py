"""The pictures are readable: whatever comes, no text lies over another or hangs out of the picture."""

import math
import random

import pytest
from matplotlib.axes import Axes
from matplotlib.text import Text
from PIL import Image

import dashboards
import promql
from render.answers import Answer, Series
from render.canvas import OWN_COLORS, Box, Canvas, shortened, text_width
from render.drawing import draw
from render.questions import Question, Window, questions

NOON = 1_767_268_800
WORDS = ["a", "beta-eu-west-1", "x" * 60, "openai/gpt-oss-120b-with-a-very-long-name", "$dollar_under"]
# A pixel or two of air that a measured box has and its ink has not.
SLACK = 3


def made_up(question: Question, window: Window, series: int, size: float, chance: random.Random) -> Answer:
    """An answer as the question might get: its labels, that many series, some samples missing."""
    labels = sorted(promql.labels(question.expression, dashboards.series()))
    times = [window.end] if question.instant else [
        window.start + index * question.step for index in range(int(window.seconds // question.step))]
    found = []
    for number in range(series if labels else min(series, 1)):
        values = {label: f"{chance.choice(WORDS)}{number}" for label in labels}
        level = chance.choice([0, 0.5, 1, 2, size * chance.random(), math.nan])
        samples = [(at, level) for at in times if chance.random() > 0.05] or [(times[0], 1.0)]
        found.append(Series(values, samples))
    return Answer(question, question.type, found)


def texts_of(figure) -> list[Text]:
    """Everything that is written, ticks included."""
    found = list(figure.texts)
    for axes in figure.axes:
        assert isinstance(axes, Axes)
        found += [*axes.texts]
        for axis in (axes.xaxis, axes.yaxis):
            low, high = sorted(axis.get_view_interval())
            found += [tick.label1 for tick in axis.get_major_ticks() if low <= tick.get_loc() <= high]
    return [text for text in found if text.get_text().strip()]


def overlaps(canvas) -> list[tuple[str, str]]:
    renderer = canvas.figure.canvas.get_renderer()
    canvas.figure.canvas.draw()
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in texts_of(canvas.figure)]
    # From left to right: once one begins behind the end of another, so do all after it.
    boxes.sort(key=lambda each: each[1].x0)
    found = []
    for index, (name, box) in enumerate(boxes):
        for other, beside in boxes[index + 1:]:
            if beside.x0 > box.x1 - SLACK:
                break
            if beside.y0 < box.y1 - SLACK and box.y0 < beside.y1 - SLACK:
                found.append((name, other))
    for name, box in boxes:
        if box.x0 < -SLACK or box.x1 > canvas.width + SLACK:
            found.append((name, "the edge"))
    return found


@pytest.mark.parametrize(("series", "size", "minutes"), [
    (0, 0, 60), (3, 1234.5, 5), (40, 7e6, 60 * 24 * 30)])
@pytest.mark.parametrize("dashboard", dashboards.dashboards(), ids=lambda each: each["uid"])
def test_no_text_lies_over_another(dashboard, series, size, minutes):
    window = Window(NOON, NOON + 60 * minutes)
    chance = random.Random(series)
    answers = [made_up(each, window, series, size, chance) for each in questions(dashboard, window)]
    assert overlaps(draw(dashboard, answers, window)) == []


def test_a_picture_has_its_colours_as_they_are(tmp_path):
    """However few pixels have them: red that becomes orange would be another message."""
    canvas = Canvas(256, 256)
    for row in range(256):
        canvas.block(Box(0, row, 256, 1), f"#{row:02x}{255 - row:02x}80")
    for index, each in enumerate(OWN_COLORS):
        canvas.block(Box(4 * index, 10, 2, 2), each)
    canvas.save(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as picture:
        assert picture.mode == "P"
        found = [picture.convert("RGB").getpixel((4 * index + 1, 11)) for index in range(len(OWN_COLORS))]
    assert [f"#{r:02x}{g:02x}{b:02x}" for r, g, b in found] == OWN_COLORS


def test_a_text_that_does_not_fit_ends_in_an_ellipsis():
    assert shortened("short", 500, 8) == "short"
    cut = shortened("a text that is far too long", 60, 8)
    assert cut.endswith("…") and text_width(cut, 8) <= 60
    assert shortened("word", 1, 8) == ""
