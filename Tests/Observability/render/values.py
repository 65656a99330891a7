"""Numbers as Grafana shows them: units, thresholds, mappings, and the ticks of an axis."""

import math
from typing import Any

Json = dict[str, Any]
SUFFIXES = {"reqps": " req/s", "ops": " ops/s", "Bps": "/s"}
SECONDS = [(604800, "weeks"), (86400, "days"), (3600, "hours"), (60, "min"), (1, "s"), (1e-3, "ms"),
           (1e-6, "µs")]
# Distances of ticks that read well in units that do not count by tens.
ROUND = {
    "bytes": [2 ** power for power in range(50)],
    "s": [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400, 172800, 604800, 1209600],
}
BINARY = ["B", "KiB", "MiB", "GiB", "TiB"]
DECIMAL = ["B", "kB", "MB", "GB", "TB"]
THOUSANDS = ["", " K", " Mil", " Bil", " Tri"]


def formatted(value: float, unit: str, decimals: int | None = None) -> str:
    """Raises ValueError for a unit that no panel of ours has had yet."""
    if not math.isfinite(value):
        return "–"
    if unit == "none":
        return _digits(value, decimals)
    if unit == "percentunit":
        return _digits(value * 100, decimals) + "%"
    if unit == "s":
        return _seconds(value, decimals)
    if unit == "bytes":
        return _scaled(value, 1024, BINARY, decimals, gap=" ")
    if unit == "Bps":
        return _scaled(value, 1000, DECIMAL, decimals, gap=" ") + SUFFIXES[unit]
    if unit == "short":
        return _scaled(value, 1000, THOUSANDS, decimals)
    if unit in SUFFIXES:
        return _scaled(value, 1000, THOUSANDS, decimals) + SUFFIXES[unit]
    raise ValueError(f"the unit {unit} is not known here")


def _seconds(value: float, decimals: int | None) -> str:
    if value == 0:
        return "0 s"
    size, word = next((each for each in SECONDS if abs(value) >= each[0]), SECONDS[-1])
    return f"{_digits(value / size, decimals)} {word}"


def _scaled(value: float, base: float, words: list[str], decimals: int | None, gap: str = "") -> str:
    power = 0
    while abs(value) >= base and power < len(words) - 1:
        value, power = value / base, power + 1
    return _digits(value, decimals) + gap + words[power]


def _digits(value: float, decimals: int | None) -> str:
    """Three digits that matter, unless a panel wants a number of its own; no zeros behind them."""
    if decimals is None:
        size = 0 if value == 0 else math.floor(math.log10(abs(value)))
        decimals = max(0, min(2 - size, 6))
    text = f"{value:.{decimals}f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def color_of(value: float, thresholds: Json) -> str:
    """The colour of the last step that the value has reached."""
    steps = thresholds["steps"]
    return [step["color"] for step in steps if step["value"] is None or value >= step["value"]][-1]


def mapped(value: float, mappings: list[Json]) -> tuple[str, str] | None:
    """Text and colour of a value that has a mapping."""
    for mapping in mappings:
        found = mapping["options"].get(f"{value:g}")
        if found:
            return found["text"], found["color"]
    return None


def ticks(low: float, high: float, unit: str = "none", count: int = 4) -> list[float]:
    """Numbers that are round in their unit over an axis, from the first at or above `low`."""
    if high <= low:
        return [low]
    rough = (high - low) / count
    size = 10 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
    if unit in ROUND and rough > ROUND[unit][0] / 2:
        step = next((each for each in ROUND[unit] if each >= rough), step)
    first = math.ceil(low / step - 1e-9)
    return [index * step for index in range(first, math.floor(high / step + 1e-9) + 1)]
