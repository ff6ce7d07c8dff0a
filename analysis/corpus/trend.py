"""Trends: how often a word is said per million tokens in each period, and whether that changes.

A period's rate is a ratio of two sums over clusters; its bounds are those of
`analysis.corpus.rates` at the effective count of `analysis.corpus.clusters`, by author and thread.

The change over all periods is the slope b of log(rate) = a + b period, fitted to the counts of
posts by quasi-likelihood (Poisson scores; McCullagh and Nelder 1989, chapter 9): it needs no
Poisson counts, since its variance is that of the jackknife over clusters, two ways of them combined
as in `analysis.corpus.clusters`, and the test is Student's t of the number of clusters less two,
unequal ones counting as fewer. An author who writes in many periods is one cluster in all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike
from scipy.sparse import csr_array
from scipy.special import stdtr, stdtrit

from analysis.corpus.checks import (
    Floats,
    Integers,
    both_codes,
    cluster_codes,
    codes_of,
    confidence_of,
    counts_of,
    labels_of,
)
from analysis.corpus.clusters import combined, effective_clusters, spread_of, totals
from analysis.corpus.rates import rate_interval
from analysis.corpus.tables import to_arrow

MILLION = 1e6
MAX_STEPS = 100
ENOUGH = 1e-9
"""Step of level and slope, over the range of periods, at which a fit has found them."""
LOGS = (-60.0, 3.0)
"""Between which logs of rates are kept on the way to a fit."""
LARGE = 0.05
"""Share of the occurrences or tokens above which a cluster is left out in earnest."""


@dataclass(frozen=True, slots=True)
class Trend:
    """Frequency in each period, and the change over all of them.

    Attributes
    ----------
    period : integers
        Every period from the first to the last, or those asked for.
    n, n_tokens, n_posts : floats, floats, integers
    per_million, lower, upper : floats
        NaN where a period has no tokens, and where all its posts are of one author: nothing is said
        about a single person. Bounds are NaN where one thread holds all of its tokens too.
    ratio_per_period, ratio_lower, ratio_upper, p_value : float
        Factor by which the rate changes from one period to the next, and the chance of so great a
        change if there were none; NaN where occurrences, periods or clusters are too few.
    """

    period: Integers
    n: Floats
    n_tokens: Floats
    n_posts: Integers
    per_million: Floats
    lower: Floats
    upper: Floats
    ratio_per_period: float
    ratio_lower: float
    ratio_upper: float
    p_value: float

    def to_arrow(self) -> pa.Table:
        """Return one row a period, without the change over all of them."""
        return to_arrow(self)


@dataclass(frozen=True, slots=True)
class _Posts:
    """Occurrences, tokens, period and cluster codes of posts."""

    n: Floats
    n_tokens: Floats
    period: Integers
    codes: tuple[Integers, ...]

    def of(self, rows: Integers) -> "_Posts":
        """Return some of the posts."""
        codes = tuple(code[rows] for code in self.codes)
        return _Posts(self.n[rows], self.n_tokens[rows], self.period[rows], codes)


def trend(
    n: ArrayLike,
    n_tokens: ArrayLike,
    period: ArrayLike,
    *,
    clusters: Sequence[ArrayLike] = (),
    periods: ArrayLike | None = None,
    confidence: float = 0.95,
) -> Trend:
    """Return a word's frequency in each period, and how it changes.

    Parameters
    ----------
    n : (n_posts,) occurrences in each post, of posts without any too
    n_tokens : (n_posts,) tokens of each post
    period : (n_posts,) integers, such as `analysis.series.periods_of` gives them
    clusters : up to two (n_posts,) integer arrays
        Author and thread of each post, negative where unknown; without any, each post is one.
    periods : integers, optional
        Periods to report and to fit; by default every one from the first to the last that occurs.
    confidence : of the bounds

    Raises
    ------
    ValueError
        Where shapes disagree, a value is negative, or a post has more occurrences than tokens.
    """
    occurrences = counts_of(n, "n")
    tokens = counts_of(n_tokens, "n_tokens", length=len(occurrences))
    if (occurrences > tokens).any():
        raise ValueError("a post has more occurrences than tokens; n_tokens counts all its words")
    when = labels_of(period, "period", length=len(occurrences))
    codes = cluster_codes(clusters, length=len(occurrences))
    shown = _shown(when, periods)
    posts = _Posts(occurrences, tokens, when, codes)
    posts = posts.of(np.flatnonzero(np.isin(when, shown) & (tokens > 0)))
    level = confidence_of(confidence)
    return Trend(shown, *_by_period(posts, shown, level), *_change(posts, level))


def _shown(period: Integers, periods: ArrayLike | None) -> Integers:
    if periods is not None:
        return np.unique(np.asarray(periods, dtype=np.int64))
    if not len(period):
        return np.zeros(0, dtype=np.int64)
    return np.arange(period.min(), period.max() + 1, dtype=np.int64)


def _by_period(
    posts: _Posts, shown: Integers, confidence: float
) -> tuple[Floats, Floats, Integers, Floats, Floats, Floats]:
    """Return n, tokens, posts, rate and bounds of each period."""
    n, tokens, n_posts = (np.zeros(len(shown)) for _ in range(3))
    rate, lower, upper = (np.full(len(shown), np.nan) for _ in range(3))
    order = np.argsort(posts.period, kind="stable")
    ends = np.searchsorted(posts.period[order], shown, side="right")
    starts = np.searchsorted(posts.period[order], shown, side="left")
    worth = _worth(posts)
    for row, (start, end) in enumerate(zip(starts, ends, strict=True)):
        inside = posts.of(order[start:end])
        n[row], tokens[row], n_posts[row] = inside.n.sum(), inside.n_tokens.sum(), end - start
        codes = tuple(codes_of(code) for code in inside.codes)
        if not len(inside.n) or codes[0].max() == 0:
            continue
        spread = spread_of(csr_array(inside.n[:, None]), inside.n_tokens, codes)
        bounds = rate_interval(spread, confidence=confidence, worth_unseen=worth)
        rate[row] = MILLION * n[row] / tokens[row]
        lower[row], upper[row] = MILLION * bounds.lower[0], MILLION * bounds.upper[0]
    return n, tokens, n_posts.astype(np.int64), rate, lower, upper


def _worth(posts: _Posts) -> float:
    """Return how many occurrences come together, over all periods; 1 where there is none."""
    spread = spread_of(csr_array(posts.n[:, None]), posts.n_tokens, posts.codes)
    return float(spread.n[0] / spread.effective_n[0]) if spread.effective_n[0] > 0 else 1.0


def _change(posts: _Posts, confidence: float) -> tuple[float, float, float, float]:
    """Return the factor of change per period with its bounds and p-value."""
    nothing = (np.nan,) * 4
    if not len(posts.n) or posts.n.sum() <= 0:
        return nothing
    first, last = int(posts.period.min()), int(posts.period.max())
    df = min(effective_clusters(posts.n_tokens, code) for code in posts.codes) - 2
    if first == last or df <= 0:
        return nothing
    x = (posts.period - first) / (last - first)
    slope, variance = _slope(posts, x)
    if not np.isfinite(variance) or variance <= 0:
        return nothing
    slope, deviation = slope / (last - first), np.sqrt(variance) / (last - first)
    reach = float(stdtrit(df, (1 + confidence) / 2)) * deviation
    p_value = float(2 * stdtr(df, -abs(slope) / deviation))
    with np.errstate(over="ignore"):
        ratios = np.exp([slope, slope - reach, slope + reach])
    return float(ratios[0]), float(ratios[1]), float(ratios[2]), p_value


class _Fit(NamedTuple):
    """A fit of log(rate) to times within 0 and 1, and its information on level and slope."""

    level: float
    slope: float
    information: Floats

    def expected(self, tokens: Floats, times: Floats) -> Floats:
        """Return the occurrences that the fit expects of tokens at those times."""
        return tokens * np.exp(np.clip(self.level + self.slope * times, *LOGS))


def _fit(n: Floats, tokens: Floats, times: Floats) -> _Fit | None:
    """Return the fit to the totals of each time by Newton's steps; None where there is none."""
    if n.sum() <= 0:
        return None
    design = np.stack([np.ones_like(times), times])
    found = np.array([np.log(n.sum() / tokens.sum()), 0.0])
    for _ in range(MAX_STEPS):
        mean = tokens * np.exp(np.clip(found @ design, *LOGS))
        information = (design * mean) @ design.T
        if np.linalg.cond(information) > 1 / np.finfo(float).eps:
            return None
        step = np.linalg.solve(information, design @ (n - mean))
        if np.abs(step).max() < ENOUGH:
            return _Fit(float(found[0]), float(found[1]), information)
        found = found + np.clip(step, -3.0, 3.0)
    return None


def _slope(posts: _Posts, x: Floats) -> tuple[float, float]:
    """Return the slope of log(rate) on x, within 0 and 1, with its variance; NaN where none is."""
    times, place = np.unique(x, return_inverse=True)
    fit = _fit(totals(posts.n, place), totals(posts.n_tokens, place), times)
    if fit is None:
        return np.nan, np.nan
    ways = [*posts.codes, both_codes(posts.codes)] if len(posts.codes) > 1 else posts.codes
    variances = [np.array([np.sum(_influences(posts, x, fit, way) ** 2)]) for way in ways]
    return fit.slope, float(combined(variances)[0])


def _influences(posts: _Posts, x: Floats, fit: _Fit, code: Integers) -> Floats:
    """Return by how much each cluster moves the slope; infinite where there is none without it.

    One step from the fit says so of most; a cluster of many of the occurrences or tokens, of which
    one step would say too little, is left out and the rest fitted again.
    """
    expected = fit.expected(posts.n_tokens, x)
    off = posts.n - expected
    level, slope = totals(off, code), totals(off * x, code)
    rest = [
        known - totals(expected * x**power, code)
        for power, known in enumerate((*fit.information[0], fit.information[1, 1]))
    ]
    determinant = rest[0] * rest[2] - rest[1] ** 2
    moved = np.full_like(level, np.inf)
    known = determinant > np.finfo(float).eps * rest[0] * rest[2]
    np.divide(rest[0] * slope - rest[1] * level, determinant, out=moved, where=known)
    shares = [totals(each, code) / each.sum() for each in (posts.n, posts.n_tokens)]
    for cluster in np.flatnonzero(np.maximum(*shares) > LARGE):
        without = posts.of(np.flatnonzero(code != cluster))
        moved[cluster] = fit.slope - _slope_alone(without, x[code != cluster])
    return moved


def _slope_alone(posts: _Posts, x: Floats) -> float:
    """Return the slope that some posts have, minus infinity where they have none."""
    times, place = np.unique(x, return_inverse=True)
    fit = _fit(totals(posts.n, place), totals(posts.n_tokens, place), times)
    return -np.inf if fit is None else fit.slope
