"""Scales, ticks and SVG paths: plain numbers in, path text out."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from analysis.dashboard.markup import number

Point = tuple[float, float]
_STEPS = (1.0, 2.0, 2.5, 5.0, 10.0)


def nice_ticks(top: float, *, at_most: int = 3) -> tuple[float, ...]:
    """Return round ticks from 0 to the first one at or above `top`, at most so many steps.

    Steps are 1, 2, 2.5 or 5 times a power of ten.
    """
    if not math.isfinite(top) or top <= 0:
        return (0.0, 1.0)
    raw = top / at_most
    power = 10.0 ** math.floor(math.log10(raw))
    # the tolerance keeps 0.3 / 3 from asking for a step above 0.1
    step = next(power * s for s in _STEPS if power * s * at_most >= top * (1 - 1e-9))
    count = math.ceil(top / step * (1 - 1e-9))
    return tuple(round(step * i, 10) for i in range(count + 1))


def signed_ticks(low: float, high: float, *, at_most: int = 4) -> tuple[float, ...]:
    """Return round ticks around zero that cover `low` to `high`."""
    step = nice_ticks(max(high - low, 1e-9), at_most=at_most)[1]
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return tuple(round(step * i, 10) for i in range(first, last + 1))


@dataclass(frozen=True, slots=True)
class Linear:
    """A linear scale from the values `low..high` to the coordinates `start..end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Return the coordinate of `value`, held within the scale."""
        held = min(max(value, self.low), self.high)
        return self.start + (held - self.low) / (self.high - self.low) * (self.end - self.start)


@dataclass(frozen=True, slots=True)
class Columns:
    """A scale of `count` columns of equal width: every calendar period gets the same room."""

    count: int
    start: float
    end: float

    @property
    def width(self) -> float:
        """Return the width of a column."""
        return (self.end - self.start) / max(self.count, 1)

    def edge(self, position: float) -> float:
        """Return the coordinate at which column `position` begins; fractions lie within it."""
        return self.start + position * self.width

    def centre(self, index: int) -> float:
        """Return the coordinate of the middle of a column."""
        return self.edge(index + 0.5)


def stretches(held: Sequence[bool], *, breaks: Iterable[int] = ()) -> list[range]:
    """Return the unbroken stretches of what is held; a stretch never runs over a break.

    Parameters
    ----------
    held : sequence of bool
        Whether there is a figure, per column.
    breaks : iterable of int
        Columns before which the series breaks.
    """
    cut = set(breaks)
    found: list[range] = []
    for index, there in enumerate(held):
        if not there:
            continue
        if found and found[-1].stop == index and index not in cut:
            found[-1] = range(found[-1].start, index + 1)
        else:
            found.append(range(index, index + 1))
    return found


def line_path(points: Sequence[Point]) -> str:
    """Return the path of a line through the points."""
    return "M" + "L".join(f"{number(x)} {number(y)}" for x, y in points)


def ribbon_path(xs: Sequence[float], lower: Sequence[float], upper: Sequence[float]) -> str:
    """Return the closed path between two lines: forth along the upper, back along the lower."""
    forth = list(zip(xs, upper, strict=True))
    back = list(zip(xs, lower, strict=True))[::-1]
    return line_path([*forth, *back]) + "Z"
