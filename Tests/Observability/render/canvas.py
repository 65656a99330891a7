"""A picture in pixels from the top left, with text that is measured before it is drawn."""

import bisect
import functools
from dataclasses import dataclass
from pathlib import Path

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, get_font
from matplotlib.patches import FancyBboxPatch, Rectangle
from PIL import Image

DPI = 100
FONT = "DejaVu Sans"
BACKGROUND, PANEL, EDGE = "#111217", "#181b1f", "#2a2d33"
TEXT, FAINT, GRID = "#d8d9e0", "#9a9caa", "#2c3036"
NAMED = {
    "green": "#73bf69", "yellow": "#f2cc0c", "orange": "#ff9830", "red": "#f2495c", "blue": "#5794f2",
    "purple": "#b877d9",
}
PALETTE = ["#73bf69", "#f2cc0c", "#5794f2", "#ff9830", "#f2495c", "#8ab8ff", "#b877d9", "#ff9cc8", "#96d98d",
           "#ffee52", "#c4162a", "#37872d", "#e0b400", "#1f60c4", "#fa6400", "#8f3bb8"]
OWN_COLORS = [BACKGROUND, PANEL, EDGE, TEXT, FAINT, GRID, *PALETTE, *NAMED.values()]


@dataclass(frozen=True)
class Box:
    x: float
    y: float
    width: float
    height: float

    def inset(self, left: float = 0, top: float = 0, right: float = 0, bottom: float = 0) -> "Box":
        return Box(self.x + left, self.y + top, self.width - left - right, self.height - top - bottom)


@functools.lru_cache(maxsize=8192)
def text_width(text: str, size: float, bold: bool = False) -> float:
    """In pixels."""
    font = get_font(_file(bold))
    font.set_size(size, DPI)
    font.set_text(text)
    return font.get_width_height()[0] / 64


@functools.cache
def _file(bold: bool) -> str:
    return findfont(FontProperties(family=FONT, weight="bold" if bold else "normal"))


def shortened(text: str, width: float, size: float, bold: bool = False) -> str:
    """As much of the text as fits, and an ellipsis where that is not all."""
    if text_width(text, size, bold) <= width:
        return text
    fits = bisect.bisect_right(
        range(1, len(text)), width, key=lambda length: text_width(text[:length] + "…", size, bold))
    return text[:fits].rstrip() + "…" if fits else ""


def _rgb(code: str) -> tuple[int, int, int]:
    return int(code[1:3], 16), int(code[3:5], 16), int(code[5:7], 16)


def color(name: str) -> str:
    return "none" if name == "transparent" else NAMED.get(name, name)


class Canvas:
    def __init__(self, width: int, height: int):
        self.width, self.height = width, height
        self.figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI, facecolor=BACKGROUND)
        FigureCanvasAgg(self.figure)

    def box(self, box: Box, face: str = PANEL, edge: str = EDGE) -> None:
        self.figure.add_artist(FancyBboxPatch(
            self._at(box.x, box.y + box.height), box.width / self.width, box.height / self.height,
            boxstyle="square,pad=0", transform=self.figure.transFigure, facecolor=face, edgecolor=edge,
            linewidth=0.8, zorder=-2))

    def block(self, box: Box, face: str) -> None:
        """A filled area without an edge, in front of the panel and behind text."""
        self.figure.add_artist(Rectangle(
            self._at(box.x, box.y + box.height), box.width / self.width, box.height / self.height,
            transform=self.figure.transFigure, facecolor=face, linewidth=0, zorder=-1))

    def text(self, x: float, y: float, text: str, *, width: float, size: float = 8, face: str = TEXT,
             bold: bool = False, align: str = "left") -> None:
        """One line, its middle at `y`, that is cut where it would be wider than `width`."""
        self.figure.text(
            *self._at(x, y), shortened(text, width, size, bold).replace("$", r"\$"), fontsize=size,
            color=face, ha=align, va="center", family=FONT, weight="bold" if bold else "normal")

    def axes(self, box: Box) -> Axes:
        axes = self.figure.add_axes((
            box.x / self.width, 1 - (box.y + box.height) / self.height,
            box.width / self.width, box.height / self.height))
        axes.set_facecolor("none")
        axes.tick_params(length=0, labelsize=7.5, labelcolor=FAINT, pad=3)
        for spine in axes.spines.values():
            spine.set_visible(False)
        return axes

    def save(self, path: Path) -> None:
        """As PNG with a palette, which is a third of the bytes: our own colours as they are, and the most
        frequent of those in between."""
        self.figure.canvas.draw()
        image = Image.frombytes("RGBA", (self.width, self.height), bytes(self.figure.canvas.buffer_rgba()))
        flat = image.convert("RGB")
        frequent = sorted(flat.getcolors(self.width * self.height), reverse=True)
        chosen = dict.fromkeys([*map(_rgb, OWN_COLORS), *(each for _, each in frequent)])
        palette = Image.new("P", (1, 1))
        palette.putpalette([part for each in list(chosen)[:256] for part in each])
        flat.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)

    def _at(self, x: float, y: float) -> tuple[float, float]:
        return x / self.width, 1 - y / self.height
