"""How many codings a community needs for intervals of a wanted width.

The estimates are made again as if there were two, four and more times the codings: so the plan
knows how far codings of other periods and communities reach, and that a correction which moves is
not told by more codings of last year. Between these numbers widths are
interpolated on logarithms. What nobody has coded yet is planned for only after some codings.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.estimation.levels import Level

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MULTIPLES = (1.0, 2.0, 4.0, 8.0, 16.0)


@dataclass(frozen=True, slots=True)
class Plan:
    """By frame and group (F, G): what is coded, how wide it is, and what it takes.

    Attributes
    ----------
    n_coded : codings of all periods
    width : mean width of the intervals of all periods with posts; NaN without codings
    more_for_width, more_to_halve : codings on top, spread over periods as the present ones; NaN
        where sixteen times as many are not enough or none is known
    """

    groups: Integers
    n_coded: Floats
    width: Floats
    more_for_width: Floats
    more_to_halve: Floats


def plan_codings(
    level_with: Callable[[float], Level], *, wanted_width: float, confidence: float
) -> Plan:
    """Return the plan for a level, made with each multiple of the codings by `level_with`."""
    levels = [level_with(times) for times in MULTIPLES]
    n_coded = levels[0].n_coded.sum(axis=-1)
    widths = np.array([_mean_width(level, confidence) for level in levels])
    widths[:, n_coded == 0] = np.nan
    return Plan(
        groups=levels[0].layout.groups,
        n_coded=n_coded,
        width=widths[0],
        more_for_width=_more(widths, n_coded, np.full(n_coded.shape, wanted_width)),
        more_to_halve=_more(widths, n_coded, widths[0] / 2),
    )


def _mean_width(level: Level, confidence: float) -> Floats:
    bounds = level.interval(confidence)
    posts = level.layout.n_posts > 0
    total = np.where(posts, bounds.upper - bounds.lower, 0.0).sum(axis=-1)
    return np.asarray(total / posts.sum(axis=-1), dtype=np.float64)


def _more(widths: Floats, n_coded: Floats, wanted: Floats) -> Floats:
    """Return codings on top until the width is reached: 0 where it is already."""
    found = np.full(n_coded.shape, np.nan)
    for at in np.ndindex(n_coded.shape):
        curve = np.minimum.accumulate(widths[(slice(None), *at)])
        if np.isnan(curve).any() or curve[-1] > wanted[at]:
            continue
        times = np.exp(np.interp(-np.log(wanted[at]), -np.log(curve), np.log(MULTIPLES)))
        found[at] = np.ceil(n_coded[at] * (times - 1) - 1e-9)
    return found
