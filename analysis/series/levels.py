"""The level of a series of shares, smoothed over time, with a band for all that is uncertain.

The level moves as a random walk on the logit scale, and each period's share is a measurement of it
with a known error: that of the prevalence estimate, which holds sampling and the classifier's
errors both. How fast the level moves is unknown: the likelihood is weighed over a grid of speeds,
so that the band is not too narrow where the likeliest speed is zero, as it often is in short
series.

Sources: Durbin and Koopman, *Time Series Analysis by State Space Methods* (2nd ed. 2012), chapter 2
(local level, diffuse start); Simpson et al. 2017, Statistical Science 32:1 (the form of the prior).
"""

from collections.abc import Collection
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit, logsumexp, ndtri

Floats = NDArray[np.float64]

SPEEDS = np.geomspace(0.003, 1.5, 32)
"""Standard deviations of the level's step from period to period that are weighed, in logits."""
PRIOR_RATE = 1.0
"""Of the exponential prior on that step: nearly flat, since what favours rest narrows the band."""
LEAST_N = 1.0
"""Effective posts under which a share tells nothing."""
MOST_ROUNDS = 30
LARGEST_STEP = 1.0
SETTLED = 1e-4
"""Logits by which the level may still move when the rounds end."""


class Measured(NamedTuple):
    """Logits of a level, and the variances of their errors; NaN where nothing is known."""

    logit: Floats
    variance: Floats


class Shares(NamedTuple):
    """Shares, each as one of `n` independent posts; NaN where nothing is known."""

    share: Floats
    n: Floats

    @property
    def error(self) -> Floats:
        """Standard error of each, finite where nothing or everything was seen."""
        towards = (self.share * self.n + 0.5) / (self.n + 1)
        return np.asarray(np.sqrt(towards * (1 - towards) / self.n))


class Levels(NamedTuple):
    """Smoothed levels of one series.

    Attributes
    ----------
    level, lower, upper : (T,) floats
        In shares; NaN in periods without a measurement, which are gaps.
    mean, variance : (T,) floats
        The same on the logit scale.
    speed : float
        The level's step from period to period in logits (its standard deviation), as expected from
        the series.
    """

    level: Floats
    lower: Floats
    upper: Floats
    mean: Floats
    variance: Floats
    speed: float


class _Run(NamedTuple):
    """Filtered and predicted means and variances by period and speed, and log-likelihoods."""

    mean: Floats
    variance: Floats
    predicted: Floats
    loglik: Floats


def effective_shares(
    estimate: ArrayLike,
    lower: ArrayLike,
    upper: ArrayLike,
    *,
    borrowed: ArrayLike = 0.0,
    confidence: float = 0.95,
) -> Shares:
    """Return shares with intervals as shares of so many effective posts.

    Parameters
    ----------
    estimate, lower, upper : (T,) floats
        Shares with intervals; NaN where there is none.
    borrowed : (T,) floats
        Share of the information of each that comes from other periods or places: it counts there,
        so it is taken off here, and neighbours that lean on each other are not counted twice.
    confidence : float
        Of the intervals.
    """
    p, low, high = (np.asarray(part, dtype=np.float64) for part in (estimate, lower, upper))
    z2 = ndtri((1 + confidence) / 2) ** 2
    half2 = ((high - low) / 2) ** 2
    # Wilson's half-width solved for 1 / n, which is finite at shares of 0 and 1 too
    square, linear = z2**2 * (0.25 - half2), z2 * (p * (1 - p) - 2 * half2)
    with np.errstate(divide="ignore", invalid="ignore"):
        n = 2 * square / (np.sqrt(linear**2 + 4 * square * half2) - linear)
    n = n * (1 - np.asarray(borrowed, dtype=np.float64))
    known = np.isfinite(p) & np.isfinite(n) & (n > LEAST_N)
    return Shares(np.where(known, np.clip(p, 0, 1), np.nan), np.where(known, n, np.nan))


def from_elsewhere(n_coded: ArrayLike, effective_n: ArrayLike, borrowed: ArrayLike) -> Floats:
    """Return what share of a prevalence estimate's information is not of its own period and group.

    Neighbouring estimates lean on the same codings, since their windows overlap.

    Parameters
    ----------
    n_coded, effective_n, borrowed : (T,) floats
        As `analysis.prevalence` gives them: codings of the cell itself, of its window, and what
        other groups lend.
    """
    own, window, lent = (np.asarray(part, float) for part in (n_coded, effective_n, borrowed))
    with np.errstate(divide="ignore", invalid="ignore"):
        part = np.minimum(1, own * (1 - lent) / window)
    return np.asarray(np.where((lent < 1) & (window > 0), 1 - part, 1.0), dtype=np.float64)


def on_logit_scale(shares: Shares, *, cuts: Collection[int] = ()) -> Measured:
    """Return shares as measurements of the logit of their level.

    The error of a rare share hangs on the level, not on what happened to be seen: that of two posts
    in a hundred looks smaller than that of one, and a mean weighed so is too high. Each share is
    therefore taken as a step from the smoothed level, with the error that it has there, until the
    level moves no more (the mode of a binomial series: Durbin and Koopman, section 10.6).

    Parameters
    ----------
    shares : Shares
    cuts : collection of int
        Periods at which the level begins anew.
    """
    known = ~np.isnan(shares.share)
    n = np.where(known, shares.n, 0.0)
    p = np.where(known, shares.share, 0.0)
    if not known.any():
        return Measured(shares.share, shares.n)
    level = np.full(len(p), logit((n @ p + 0.5) / (n.sum() + 1)))
    for _ in range(MOST_ROUNDS):
        slope = expit(level) * expit(-level)
        with np.errstate(divide="ignore"):
            found = Measured(
                np.where(known, level + (p - expit(level)) / slope, np.nan),
                np.where(known, 1 / (n * slope), np.nan),
            )
        smoothed = np.where(known, smooth(found, cuts=cuts).mean, level)
        moved = np.clip(smoothed - level, -LARGEST_STEP, LARGEST_STEP)
        level = level + moved
        if np.abs(moved).max() < SETTLED:
            break
    return found


def smooth(series: Measured, *, cuts: Collection[int] = (), confidence: float = 0.95) -> Levels:
    """Return the level of one series over consecutive periods.

    Parameters
    ----------
    series : Measured
        A measurement a period, NaN where there is none.
    cuts : collection of int
        Periods (from 0) at which the level begins anew: nothing is carried over them.
    confidence : float
        Of each period's band.
    """
    pieces = _pieces(len(series.logit), cuts)
    runs = [_filtered(series.logit[p], series.variance[p], SPEEDS) for p in pieces]
    weights = speed_weights(sum((run.loglik for run in runs), np.zeros(len(SPEEDS))))
    means, variances = zip(*(_smoothed(run, SPEEDS) for run in runs), strict=True)
    mean, variance = _mixed(np.concatenate(means), np.concatenate(variances), weights)
    unknown = np.isnan(series.logit)
    mean, variance = np.where(unknown, np.nan, mean), np.where(unknown, np.nan, variance)
    reach = ndtri((1 + confidence) / 2) * np.sqrt(variance)
    return Levels(
        level=expit(mean),
        lower=expit(mean - reach),
        upper=expit(mean + reach),
        mean=mean,
        variance=variance,
        speed=float(weights @ SPEEDS),
    )


def log_likelihood(series: Measured, speeds: ArrayLike) -> Floats:
    """Return the diffuse log-likelihood of a series at each speed of its level."""
    run = _filtered(series.logit, series.variance, np.atleast_1d(np.asarray(speeds, float)))
    return run.loglik


def speed_weights(loglik: Floats) -> Floats:
    """Return how much each of `SPEEDS` weighs, from its log-likelihood and the prior."""
    # the grid is even in the logarithm, so each point stands for a width that grows with it
    told = loglik - PRIOR_RATE * SPEEDS + np.log(SPEEDS)
    return np.asarray(np.exp(told - logsumexp(told)), dtype=np.float64)


def _pieces(length: int, cuts: Collection[int]) -> list[slice]:
    ends = sorted({cut for cut in cuts if 0 < cut < length} | {length})
    return [slice(start, end) for start, end in zip([0, *ends[:-1]], ends, strict=True)]


def _filtered(measured: Floats, noise: Floats, speeds: Floats) -> _Run:
    """Run the Kalman filter for all speeds; the first measurement is where the level starts."""
    shape = (len(measured), len(speeds))
    mean, variance, predicted = (
        np.full(shape, np.nan),
        np.full(shape, np.inf),
        np.full(shape, np.inf),
    )
    loglik = np.zeros(len(speeds))
    m, v = np.full(len(speeds), np.nan), np.full(len(speeds), np.inf)
    for t, (y, error) in enumerate(zip(measured, noise, strict=True)):
        predicted[t] = v = v + speeds**2
        if not np.isnan(y):
            if np.isinf(v[0]):
                m, v = np.full(len(speeds), y), np.full(len(speeds), error)
            else:
                spread, surprise = v + error, y - m
                loglik -= (np.log(2 * np.pi * spread) + surprise**2 / spread) / 2
                m = m + v / spread * surprise
                v = v * error / spread
        mean[t], variance[t] = m, v
    return _Run(mean, variance, predicted, loglik)


def _smoothed(run: _Run, speeds: Floats) -> tuple[Floats, Floats]:
    """Run the fixed-interval smoother back over a filtered piece."""
    mean, variance = run.mean.copy(), run.variance.copy()
    for t in range(len(mean) - 2, -1, -1):
        if np.isinf(run.variance[t, 0]):
            continue  # before the first measurement
        gain = run.variance[t] / (run.variance[t] + speeds**2)
        mean[t] = run.mean[t] + gain * (mean[t + 1] - run.mean[t])
        variance[t] = run.variance[t] + gain**2 * (variance[t + 1] - run.predicted[t + 1])
    return mean, variance


def _mixed(means: Floats, variances: Floats, weights: Floats) -> tuple[Floats, Floats]:
    """Return mean and variance over the speeds, what they disagree on included."""
    finite = np.where(np.isfinite(variances), variances, 0.0)
    mean = means @ weights
    spread = (means - mean[:, None]) ** 2 @ weights
    return mean, finite @ weights + spread
