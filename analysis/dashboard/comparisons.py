"""Differences between periods with their own intervals, corrected for how many are looked at."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist

from analysis.dashboard.figures import Cell, CommunityInfo, Figures, FrameInfo
from analysis.intervals import benjamini_hochberg

FALSE_DISCOVERY_RATE = 0.05
FULL_COVERAGE = 0.9
Chooser = Callable[[Sequence[Cell]], Cell]


@dataclass(frozen=True, slots=True)
class Difference:
    """The later share less the earlier one, with its interval; 0.01 is one point."""

    estimate: float
    lower: float
    upper: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Two periods of one series, or why they cannot be compared."""

    frame: FrameInfo
    community: CommunityInfo
    earlier: Cell | None
    later: Cell | None
    difference: Difference | None = None
    p_value: float | None = None
    q_value: float | None = None
    obstacle: str | None = None

    @property
    def direction(self) -> int:
        """Return 1 for a clear rise, -1 for a clear fall, 0 for neither."""
        if self.difference is None or self.q_value is None or self.q_value > FALSE_DISCOVERY_RATE:
            return 0
        return 1 if self.difference.estimate > 0 else -1

    @property
    def thin(self) -> bool:
        """Return whether one of the two periods was harvested in part only."""
        cells = (self.earlier, self.later)
        return any(c is not None and is_thin(c) for c in cells)


def is_thin(cell: Cell) -> bool:
    """Return whether less than nine tenths of the period was harvested completely."""
    return cell.coverage is not None and cell.coverage < FULL_COVERAGE


def difference(earlier: Cell, later: Cell) -> Difference:
    """Return later less earlier with the square-and-add interval of two independent estimates.

    Newcombe 1998 (Statistics in Medicine 17:873), method 10, generalised by Zou and Donner 2008;
    for symmetric intervals it is the root of the summed squared half-widths.
    """
    a, b = earlier.estimate, later.estimate
    bounds = (earlier.lower, earlier.upper, later.lower, later.upper)
    if a is None or b is None or None in bounds:
        raise ValueError(
            f"the figures of {earlier.period} and {later.period} need both bounds to be compared"
        )
    a_low, a_high, b_low, b_high = (x for x in bounds if x is not None)
    return Difference(
        b - a, b - a - math.hypot(b - b_low, a_high - a), b - a + math.hypot(b_high - b, a - a_low)
    )


def p_value(found: Difference, *, confidence: float) -> float:
    """Return the two-sided p value that belongs to the interval's half towards zero."""
    size = found.estimate
    half = size - found.lower if size > 0 else found.upper - size
    if half <= 0:
        return 1.0 if size == 0 else 0.0
    z = NormalDist().inv_cdf(0.5 + confidence / 2) * abs(size) / half
    return math.erfc(z / math.sqrt(2))


def since_first(figures: Figures) -> list[Comparison]:
    """Compare the last complete period of every series with its first published one."""
    return _compare(figures, lambda cells: next((c for c in cells if c.has_interval), cells[0]))


def since_previous(figures: Figures) -> list[Comparison]:
    """Compare the last complete period of every series with the one before."""
    return _compare(figures, lambda cells: cells[-1])


def _compare(figures: Figures, choose: Chooser) -> list[Comparison]:
    found = [
        _compare_series(figures, frame, community, choose)
        for frame in figures.frames
        for community in figures.communities
    ]
    q_values = benjamini_hochberg([math.nan if c.p_value is None else c.p_value for c in found])
    return [
        replace(c, q_value=float(q)) if c.p_value is not None else c
        for c, q in zip(found, q_values, strict=True)
    ]


def _compare_series(
    figures: Figures, frame: FrameInfo, community: CommunityInfo, choose: Chooser
) -> Comparison:
    over = [c for c in figures.frame_series.get((frame.key, community.key), ()) if c.over]
    if len(over) < 2:  # noqa: PLR2004 # two periods make a comparison
        return Comparison(
            frame=frame,
            community=community,
            earlier=None,
            later=over[-1] if over else None,
            obstacle="fewer than two complete periods",
        )
    earlier, later = choose(over[:-1]), over[-1]
    obstacle = _obstacle(figures, frame, community, earlier, later)
    pair = Comparison(
        frame=frame, community=community, earlier=earlier, later=later, obstacle=obstacle
    )
    if obstacle:
        return pair
    found = difference(earlier, later)
    p = p_value(found, confidence=figures.about.confidence)
    return replace(pair, difference=found, p_value=p)


def _obstacle(
    figures: Figures, frame: FrameInfo, community: CommunityInfo, earlier: Cell, later: Cell
) -> str | None:
    for cell in (later, earlier):
        if not cell.has_interval:
            return cell.reason or "no interval in the published tables"
    if earlier.version != later.version:
        return "the codebook changed in between"
    breaks = figures.breaks(frame.key, community.key)
    between = [why for when, why in breaks.items() if earlier.period < when <= later.period]
    return f"the series breaks in between: {between[0]}" if between else None
