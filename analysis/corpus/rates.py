"""Intervals of rates, and of ratios of two rates, from effective counts.

A count of e independent occurrences has the exact bounds of Garwood (1936, Biometrika 28:437) for
its mean, quantiles of gamma(e) and gamma(e + 1); the ratio of two has those of Clopper and Pearson
(1934, Biometrika 26:404) for the share of the first among both. Here e is the effective count of
`analysis.corpus.clusters`, as Korn and Graubard (1998, Survey Methodology 24:193) put effective
counts into the exact interval of a share: the bounds then hold for words of few people too, and a
word that one side never uses has one open end. Where clusters are few, e is lowered by (z / t)
squared, with Student's t of the variance's degrees of freedom in the place of the normal z.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import betainc, betaincc, betaincinv, gammaincinv, ndtri, stdtrit

from analysis.corpus.checks import Booleans, Floats
from analysis.corpus.clusters import Spread
from analysis.intervals import Interval

SMALL = 1e-300
"""Stands for no occurrence where a function takes none; what comes of it is not used."""


def rate_interval(spread: Spread, *, confidence: float, worth_unseen: float = 1.0) -> Interval:
    """Return bounds of each word's occurrences per token; NaN where one cluster holds all tokens.

    A word that does not occur has 0 for its lower bound and for its upper one that of a count of
    nothing; an occurrence that was not seen is taken to come with others, `worth_unseen` in all.
    """
    tail = (1 - confidence) / 2
    effective = lowered(spread, confidence)
    worth = np.full_like(effective, worth_unseen)
    np.divide(spread.n, effective, out=worth, where=effective > 0)
    lower = np.where(effective > 0, gammaincinv(np.maximum(effective, SMALL), tail), 0.0)
    upper = gammaincinv(effective + 1, 1 - tail)
    per_token = worth / spread.n_tokens if spread.n_tokens > 0 else np.full_like(worth, np.nan)
    known = _known(spread, effective)
    return Interval(
        np.where(known, lower * per_token, np.nan), np.where(known, upper * per_token, np.nan)
    )


def lowered(spread: Spread, confidence: float, *, df: Floats | None = None) -> Floats:
    """Return effective counts that a normal quantile may be used with, for few clusters too."""
    z = float(ndtri((1 + confidence) / 2))
    freedom = spread.df if df is None else df
    several = (spread.df > 0) & (freedom > 0)
    t = np.asarray(stdtrit(np.where(several, freedom, 1.0), (1 + confidence) / 2))
    return np.where(several, spread.effective_n * (z / t) ** 2, 0.0)


def lowered_both(target: Spread, reference: Spread, confidence: float) -> tuple[Floats, Floats]:
    """Return effective counts of two sides whose rates are compared.

    Their degrees of freedom are those of the sum of the two relative variances (Satterthwaite 1946,
    Biometrics Bulletin 2:110).
    """
    variances = [_inverse(side.effective_n) for side in (target, reference)]
    noise = [
        each**2 * _inverse(side.df)
        for each, side in zip(variances, (target, reference), strict=True)
    ]
    total = (variances[0] + variances[1]) ** 2
    df = np.minimum(target.df, reference.df)
    np.divide(total, noise[0] + noise[1], out=df, where=noise[0] + noise[1] > 0)
    return lowered(target, confidence, df=df), lowered(reference, confidence, df=df)


def _inverse(values: Floats) -> Floats:
    return np.divide(1.0, values, out=np.zeros_like(values), where=values > 0)


@dataclass(frozen=True, slots=True)
class RatioOfRates:
    """Bounds of the ratio of two rates, and the chance of one so far from 1 if they were equal."""

    lower: Floats
    upper: Floats
    p_value: Floats


def ratio_of_rates(target: Spread, reference: Spread, *, confidence: float) -> RatioOfRates:
    """Return bounds of each word's rate in the target over that in the reference.

    NaN where neither side has the word, or one cluster holds all tokens of a side.
    """
    tail = (1 - confidence) / 2
    first, second = lowered_both(target, reference, confidence)
    unit = _unit(target, reference, *worths((target, reference), (first, second)))
    some_first, some_second = np.maximum(first, SMALL), np.maximum(second, SMALL)
    least = np.where(first > 0, betaincinv(some_first, second + 1, tail), 0.0)
    most = np.where(second > 0, betaincinv(first + 1, some_second, 1 - tail), 1.0)
    even = 1 / (1 + unit)
    as_many = np.where(first > 0, betainc(some_first, second + 1, even), 1.0)
    as_few = np.where(second > 0, betaincc(first + 1, some_second, even), 1.0)
    known = _known(target, first) & _known(reference, second) & (first + second > 0)
    with np.errstate(divide="ignore"):
        lower, upper = unit * least / (1 - least), unit * most / (1 - most)
    p_value = np.minimum(2 * np.minimum(as_many, as_few), 1.0)
    return RatioOfRates(*(np.where(known, each, np.nan) for each in (lower, upper, p_value)))


def _known(spread: Spread, effective: Floats) -> Booleans:
    """Return where a side of two clusters or more knows its spread, or does not have the word."""
    return np.asarray((spread.df > 0) & ((effective > 0) | (spread.n == 0)), dtype=np.bool_)


def worths(
    spreads: tuple[Spread, Spread], effective: tuple[Floats, Floats]
) -> tuple[Floats, Floats]:
    """Return how many occurrences are worth one independent one on each side.

    A side without the word takes what the other shows; 1 where neither shows it.
    """
    own = [
        np.divide(spread.n, each, out=np.full_like(each, np.nan), where=each > 0)
        for spread, each in zip(spreads, effective, strict=True)
    ]
    first = np.where(np.isnan(own[0]), own[1], own[0])
    second = np.where(np.isnan(own[1]), own[0], own[1])
    return np.nan_to_num(first, nan=1.0), np.nan_to_num(second, nan=1.0)


def _unit(target: Spread, reference: Spread, first: Floats, second: Floats) -> Floats:
    """Return the ratio of rates that one effective occurrence on each side would make."""
    if target.n_tokens <= 0 or reference.n_tokens <= 0:
        return np.ones_like(first)
    return (first / target.n_tokens) / (second / reference.n_tokens)
