"""How long a series kept a value, and series on one common grid of times."""

from .answers import Series


def spans(series: Series, step: int) -> list[tuple[float, float, float]]:
    """Begin, end and value of each stretch of equal values; a missing sample ends one."""
    found: list[tuple[float, float, float]] = []
    for at, value in series.numbers:
        if found and found[-1][2] == value and at - found[-1][1] <= 0:
            found[-1] = (found[-1][0], at + step, value)
        else:
            found.append((at, at + step, value))
    return found


def on_grid(series: list[Series], step: int) -> tuple[list[float], list[list[float]]]:
    """All times that any has and those beside them, and each one's values there, 0 where it has none: so
    what lasts for one step only can be seen."""
    there = {at for each in series for at, _ in each.numbers}
    times = sorted(there | {at + beside for at in there for beside in (-step, step)})
    values = [dict(each.numbers) for each in series]
    return times, [[each.get(at, 0.0) for at in times] for each in values]


def broken(series: Series, step: int) -> tuple[list[float], list[float]]:
    """A line's points, with a gap (not a number) where samples are missing."""
    times: list[float] = []
    values: list[float] = []
    for at, value in series.numbers:
        if times and at - times[-1] > 1.5 * step:
            times.append(at - step)
            values.append(float("nan"))
        times.append(at)
        values.append(value)
    return times, values
