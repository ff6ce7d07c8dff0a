"""Intervals for shares that hold for rare things and few observations, and for many tests at once.

A share whose variance is not that of independent draws is treated as one of `effective_n` draws.
The interval is Wilson's, with Student's t for the normal quantile. Where fewer than three draws'
worth of one kind were seen, Wilson's bound on that side is known to be too tight (Brown, Cai and
DasGupta 2001, Statistical Science 16:101), and the exact bound of Clopper and Pearson on the
effective counts (Korn and Graubard 1998, Survey Methodology 24:193) is taken where it is wider.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import betaincinv, stdtr, stdtrit

Floats = NDArray[np.float64]

FEW = 3.0
"""Effective observations of one kind below which the exact bound is used on its side."""


class Interval(NamedTuple):
    """Lower and upper bounds of shares, each within [0, 1]."""

    lower: Floats
    upper: Floats


def share_interval(
    share: ArrayLike,
    effective_n: ArrayLike,
    *,
    df: ArrayLike,
    confidence: ArrayLike = 0.95,
    n_with: ArrayLike = np.inf,
    n_without: ArrayLike = np.inf,
) -> Interval:
    """Return intervals of shares; all arguments broadcast.

    Parameters
    ----------
    share : estimated shares, within [0, 1].
    effective_n : independent draws with the same variance; infinite where nothing is uncertain.
    df : degrees of freedom of that variance, above 0.
    confidence : of each interval.
    n_with, n_without : observations with and without the thing, where known. Nothing seen of a
        kind leaves its bound open: none with it, and 0 is inside; none without it, and 1 is.
    """
    p, n = np.broadcast_arrays(np.asarray(share, float), np.asarray(effective_n, float))
    level = np.asarray(confidence, dtype=np.float64)
    certain = np.isinf(n)
    n = np.where(certain, 1.0, n)
    t = stdtrit(np.asarray(df, dtype=np.float64), (1 + level) / 2)
    tail = (1 - level) / 2
    lower = _lower_bound(p, n, t=t, tail=tail, seen=np.asarray(n_with, float))
    upper = 1 - _lower_bound(1 - p, n, t=t, tail=tail, seen=np.asarray(n_without, float))
    return Interval(np.where(certain, p, lower), np.where(certain, p, upper))


def _lower_bound(p: Floats, n: Floats, *, t: Floats, tail: Floats, seen: Floats) -> Floats:
    centre = p + t**2 / (2 * n)
    reach = t * np.sqrt(p * (1 - p) / n + t**2 / (4 * n**2))
    wilson = (centre - reach) / (1 + t**2 / n)
    count = p * n
    exact = betaincinv(np.maximum(count, np.finfo(float).tiny), n - count + 1, tail)
    few = np.minimum(count, seen) < FEW
    bound = np.where(few, np.minimum(wilson, exact), wilson)
    return np.where((count <= 0) | (seen <= 0), 0.0, np.clip(bound, 0.0, 1.0))


def shared_confidence(confidence: float, n_intervals: ArrayLike) -> Floats:
    """Return the confidence of each of n independent intervals that together hold at `confidence`.

    Šidák's correction; for dependent estimates of one curve it errs on the wide side.
    """
    n = np.maximum(np.asarray(n_intervals, dtype=np.float64), 1.0)
    return np.asarray(confidence ** (1 / n), dtype=np.float64)


def two_sided_p(difference: ArrayLike, variance: ArrayLike, *, df: ArrayLike) -> Floats:
    """Return p-values of differences from zero by Student's t; NaN where the variance is zero."""
    d, v = np.asarray(difference, float), np.asarray(variance, float)
    statistic = np.divide(np.abs(d), np.sqrt(v), out=np.full(d.shape, np.nan), where=v > 0)
    return np.asarray(2 * stdtr(np.asarray(df, float), -statistic), dtype=np.float64)


def benjamini_hochberg(p_values: ArrayLike) -> Floats:
    """Return p-values adjusted for the false discovery rate; NaN is no test and stays NaN."""
    p = np.asarray(p_values, dtype=np.float64)
    q = np.full(p.shape, np.nan)
    tested = np.flatnonzero(~np.isnan(p))
    if not len(tested):
        return q
    order = tested[np.argsort(p[tested], kind="stable")]
    scaled = p[order] * len(order) / np.arange(1, len(order) + 1)
    q[order] = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    return q
