"""Where the level of a series changed, and how probable that is: exact, with no search.

Between changes the level moves as in `levels`: slowly, at a speed that is weighed over a grid. At a
change it starts anew, anywhere within the range that shares take. The probability of every way to
cut the series is summed exactly (Fearnhead 2006, Statistics and Computing 16:203), so
that each period has a probability that the level changed there, and so has each stretch of
periods. A level that drifts is not taken for one that jumps.
"""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from analysis.series.levels import Levels, Measured, smooth

Floats = NDArray[np.float64]

SPEEDS = np.geomspace(0.003, 1.0, 12)
"""As in `levels`, in coarser steps."""
PRIOR_RATE = 20.0
"""Of the exponential prior on the speed. A level mostly rests: a step above 0.15 logits a period
has a chance of one in twenty, else every jump could be the walk of a restless level."""
CHANCE = 0.02
"""Chance, before looking, that the level changes at a period."""
RANGE = 0.7
"""Standard deviation, in logits, of where a level starts anew around the mean of the series."""
LEAST_MEASURED = 6
"""Measured periods under which no change is looked for."""
BESIDE = 1
"""Periods on either side of one that may be the period of the same change."""
TOLD_FROM = 0.8
"""Probability from which on a change is told. On invented series, fewer than one in twenty that
nothing changed in has one (tests/gates/test_series_hold.py)."""


class Changes(NamedTuple):
    """How probable a change is at each period.

    Attributes
    ----------
    probability : (T,) floats
        That the level changed at the period; 1 at a break, NaN where nothing was measured.
    nearby : (T,) floats
        That it changed at the period or `BESIDE` it, breaks and what lies beyond them left out.
    """

    probability: Floats
    nearby: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangePoint:
    """A change of level that is told.

    Attributes
    ----------
    period : int
        From which on the new level holds, the likeliest; it may be one period off.
    probability : float
        That the level changed then.
    difference, lower, upper : float
        The level at that period less that of the last one before, in shares, with 95 % interval.
    """

    period: int
    probability: float
    difference: float
    lower: float
    upper: float


class Course(NamedTuple):
    """The whole of what is said of a series."""

    levels: Levels
    probabilities: Changes
    told: tuple[ChangePoint, ...]


def course(series: Measured, *, breaks: Collection[int] = ()) -> Course:
    """Return levels, probabilities of changes, and the changes that are told, of one series.

    The level begins anew at breaks and at changes that are told, as these say.

    Parameters
    ----------
    series : Measured
        A measurement a period, NaN where there is none.
    breaks : collection of int
        Periods (from 0) at which the series is known to begin anew: no change is told there.
    """
    found = change_probabilities(series, breaks=breaks)
    periods = _peaks(found)
    levels = smooth(series, cuts={*breaks, *periods})
    told = tuple(_change_point(levels, found, period) for period in periods)
    return Course(levels, found, told)


def false_discovery_rates(probabilities: ArrayLike) -> Floats:
    """Return for each told change the rate of false ones among it and all that are as probable.

    Source: Newton et al. 2004, Biostatistics 5:155.
    """
    wrong = 1 - np.asarray(probabilities, dtype=np.float64)
    order = np.argsort(wrong, kind="stable")
    rates = np.empty(len(wrong))
    rates[order] = np.cumsum(wrong[order]) / np.arange(1, len(wrong) + 1)
    return rates


def _peaks(found: Changes) -> list[int]:
    """Return the likeliest period of each change that is told."""
    left = np.where(found.nearby >= TOLD_FROM, found.probability, 0.0)
    periods = []
    while len(left) and left.max() > 0:
        peak = int(left.argmax())
        periods.append(peak)
        measured = np.flatnonzero(~np.isnan(found.probability))
        place = int(np.searchsorted(measured, peak))
        left[measured[max(0, place - 2 * BESIDE) : place + 2 * BESIDE + 1]] = 0.0
    return sorted(periods)


def _change_point(levels: Levels, found: Changes, period: int) -> ChangePoint:
    """Return a change with its size; the level is cut there, so both sides are measured apart."""
    before = int(np.flatnonzero(~np.isnan(levels.level[:period]))[-1])
    p, q = levels.level[before], levels.level[period]
    # bounds of a difference from those of its parts: Zou and Donner 2008, Statist. Med. 27:1693
    down = np.hypot(q - levels.lower[period], levels.upper[before] - p)
    up = np.hypot(levels.upper[period] - q, p - levels.lower[before])
    return ChangePoint(
        period=period,
        probability=float(found.nearby[period]),
        difference=float(q - p),
        lower=float(q - p - down),
        upper=float(q - p + up),
    )


def change_probabilities(series: Measured, *, breaks: Collection[int] = ()) -> Changes:
    """Return the probability of a change of level at each period of a series.

    Parameters
    ----------
    series : Measured
        A measurement a period, NaN where there is none.
    breaks : collection of int
        Periods (from 0) at which the series is known to begin anew, whatever people say.
    """
    measured = np.flatnonzero(~np.isnan(series.logit))
    nothing = np.full(len(series.logit), np.nan)
    if len(measured) < LEAST_MEASURED:
        return Changes(nothing, nothing.copy())
    y, noise = series.logit[measured], series.variance[measured]
    steps = np.diff(measured, prepend=measured[0])
    broken = _broken(measured, breaks)
    hazard = np.where(broken, 1.0, 1 - (1 - CHANCE) ** steps)
    joint = _stretches(_evidence(y, noise, steps), hazard)
    probability, nearby = nothing, nothing.copy()
    probability[measured] = [_any_change(joint, t, t) if t else 0.0 for t in range(len(y))]
    nearby[measured] = [_any_change(joint, *_around(t, broken)) for t in range(len(y))]
    return Changes(probability, nearby)


def _broken(measured: NDArray[np.int64], breaks: Collection[int]) -> NDArray[np.bool_]:
    """Return which measurements are the first at or after a break; the first of all is none."""
    places = np.searchsorted(measured, sorted(breaks))
    broken = np.zeros(len(measured), dtype=bool)
    broken[places[places < len(measured)]] = True
    broken[0] = False
    return broken


def _evidence(y: Floats, noise: Floats, steps: Floats) -> Floats:
    """Return (G, n, n): the log-likelihood of measurements i to j as one stretch, at each speed."""
    n = len(y)
    weight = 1 / (noise + RANGE**2)
    centre = float(weight @ y / weight.sum())
    moved = SPEEDS[:, None] ** 2
    mean = np.full((len(SPEEDS), n), centre)
    spread = np.full((len(SPEEDS), n), RANGE**2)
    total = np.zeros((len(SPEEDS), n))
    found = np.full((len(SPEEDS), n, n), -np.inf)
    for t in range(n):
        spread[:, :t] += moved * steps[t]
        begun = slice(0, t + 1)  # a stretch that starts at t has not moved yet
        whole = spread[:, begun] + noise[t]
        surprise = y[t] - mean[:, begun]
        total[:, begun] -= (np.log(2 * np.pi * whole) + surprise**2 / whole) / 2
        mean[:, begun] += spread[:, begun] / whole * surprise
        spread[:, begun] *= noise[t] / whole
        found[:, begun, t] = total[:, begun]
    return found


def _stretches(evidence: Floats, hazard: Floats) -> Floats:
    """Return (n, n): the probability that one stretch goes from i to j, over all speeds."""
    n = len(hazard)
    with np.errstate(divide="ignore"):
        starts, stays = np.log(hazard), np.log1p(-hazard)
    undisturbed = np.concatenate([[0.0], np.cumsum(np.where(np.isinf(stays), 0.0, stays)[1:])])
    breaks_before = np.concatenate([[0], np.cumsum(np.isinf(stays)[1:])])
    within = undisturbed[None, :] - undisturbed[:, None]
    within = np.where(breaks_before[None, :] > breaks_before[:, None], -np.inf, within)
    told = evidence + within
    after = np.zeros((len(SPEEDS), n + 1))  # log-likelihood from a start at t on
    ends = np.append(starts[1:], 0.0)
    for t in range(n - 1, -1, -1):
        after[:, t] = logsumexp(told[:, t, t:] + ends[t:] + after[:, t + 1 :], axis=1)
    before = np.full((len(SPEEDS), n), -np.inf)  # up to a start at t
    before[:, 0] = 0.0
    for t in range(1, n):
        before[:, t] = logsumexp(before[:, :t] + told[:, :t, t - 1], axis=1) + starts[t]
    likelihood = after[:, 0] - PRIOR_RATE * SPEEDS + np.log(SPEEDS)
    weight = np.exp(likelihood - logsumexp(likelihood))
    joint = before[:, :, None] + told + (ends + after[:, 1:])[:, None, :]
    probability = np.exp(joint - after[:, 0][:, None, None])
    return np.asarray(np.einsum("g,gij->ij", weight, probability))


def _around(t: int, broken: NDArray[np.bool_]) -> tuple[int, int]:
    """Return the first and last measurement beside one that no break lies before or at."""
    first = last = t
    if t == 0 or broken[t]:
        return 1, 0
    while first > max(1, t - BESIDE) and not broken[first - 1]:
        first -= 1
    while last < min(len(broken) - 1, t + BESIDE) and not broken[last + 1]:
        last += 1
    return first, last


def _any_change(joint: Floats, first: int, last: int) -> float:
    """Return the probability that some stretch starts at `first` to `last`; none of no periods."""
    if first > last:
        return 0.0
    return float(np.clip(1 - joint[:first, last:].sum(), 0.0, 1.0))
