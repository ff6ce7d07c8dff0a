"""Natural cubic splines of the period, which stop at gaps in what was seen.

Between its knots a natural cubic spline is a cubic that bends smoothly, beyond the outer ones a
straight line (Hastie, Tibshirani and Friedman 2009, Elements of Statistical Learning, 5.2.1).
Where nothing was seen for some periods there is nothing to be smooth with: on the other side of
such a gap a spline of its own begins, at a level of its own.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PERIODS_A_BEND = 3
"""Periods seen that a spline needs for each of its degrees of freedom."""
LONG_GAP = 2
"""Periods in a row of which nothing was seen that end a spline."""


def natural_spline(x: ArrayLike, knots: ArrayLike) -> Floats:
    """Return a basis (n, n_knots - 1) of natural cubic splines, without the constant.

    Parameters
    ----------
    x : (n,) floats
    knots : at least two, ascending
        The first and the last are where the spline becomes straight.

    Raises
    ------
    ValueError
        Where there are fewer than two knots, or they do not ascend.
    """
    at = np.asarray(knots, dtype=np.float64)
    if len(at) <= 1 or (np.diff(at) <= 0).any():
        raise ValueError("a spline needs two knots or more, each greater than the one before")
    scaled = (np.asarray(x, dtype=np.float64) - at[0]) / (at[-1] - at[0])
    at = (at - at[0]) / (at[-1] - at[0])
    above = np.maximum(scaled[:, None] - at[None, :], 0.0) ** 3
    bends = (above[:, :-1] - above[:, -1:]) / (at[-1] - at[:-1])
    return np.column_stack([scaled, bends[:, :-1] - bends[:, -1:]])


def time_basis(period: ArrayLike, seen: ArrayLike, *, df: int) -> Floats:
    """Return columns (n, n_columns) for a smooth course over the periods, without the constant.

    Parameters
    ----------
    period : (n,) integers
        Where the columns are wanted.
    seen : integers
        Periods of which something was seen.
    df : int
        Degrees of freedom of the course over all periods seen; fewer where these are few.
    """
    when = np.asarray(period, dtype=np.int64)
    known = np.unique(np.asarray(seen, dtype=np.int64))
    if not len(known):
        return np.zeros((len(when), 0))
    parts = np.split(known, np.flatnonzero(np.diff(known) > LONG_GAP) + 1)
    columns = []
    for number, part in enumerate(parts):
        inside = (when >= part[0]) & (when <= part[-1])
        if number:
            columns.append(inside[:, None].astype(np.float64))
        share = max(round(df * len(part) / len(known)), 1)
        n_columns = min(share, len(part) - 1, max(len(part) // PERIODS_A_BEND, 1))
        if n_columns:
            knots = np.unique(np.quantile(part, np.linspace(0, 1, n_columns + 1)))
            columns.append(np.where(inside[:, None], natural_spline(when, knots), 0.0))
    return np.concatenate(columns, axis=1) if columns else np.zeros((len(when), 0))


def each_period(period: ArrayLike, seen: ArrayLike) -> Floats:
    """Return a column (n, n_seen - 1) for each period seen but the first: nothing is smoothed."""
    known = np.unique(np.asarray(seen, dtype=np.int64))
    when = np.asarray(period, dtype=np.int64)
    return np.asarray(when[:, None] == known[None, 1:], dtype=np.float64)
