"""What coders are expected to say of each post, from its score: one curve a frame.

A score may be any number. A logistic curve of the codings on the scores makes it an expected
coding; then bands of expected codings, crossed with the strata, are set right by their own mean
residuals, as far as those are more than chance (post-stratification, drawn towards the curve by
what the bands differ; Efron and Morris 1973). The curve needs not be true: what it leaves over is
estimated, cell by cell, by `analysis.estimation.pooling`. The better the curve, the less is left.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

N_BANDS = 5
LEAST = 1e-3
"""Expected codings stay this far from 0 and 1: no post is certain."""
SLOPE_SD = 2.0
"""Prior standard deviation of the slope, in log odds a standard deviation of the scores."""
PRIOR_CODINGS = 10
"""Codings that the assumption of independent 0/1 draws is worth beside what the data say."""
_STEPS = 12
_STEPS_OF_SHARE = 1_000


@dataclass(frozen=True, slots=True)
class Expected:
    """Expected codings (n,) of all posts, and how the codings vary around them.

    `dispersion` is the variance of codings over that of 0/1 draws with the expected chance: below
    1 where coders are averaged or a post has a value between.
    """

    share: Floats
    dispersion: float

    @property
    def variance(self) -> Floats:
        """(n,) variance of each post's coding around what is expected."""
        return np.asarray(self.dispersion * self.share * (1 - self.share), dtype=np.float64)


def expected_codings(
    scores: Floats, stratum: Integers, *, index: Integers, value: Floats, weight: Floats
) -> Expected:
    """Return expected codings of all posts of a frame from the codings of some.

    Parameters
    ----------
    scores, stratum : (n,)
    index : (m,) positions of the coded posts
    value, weight : (m,) codings from 0 to 1, and how many posts each stands for
    """
    if not len(index):
        return Expected(np.full(len(scores), 0.5), 1.0)
    relative = weight / weight.mean()
    x = _predictor(scores)
    share = expit(_line(x, x[index], value, relative))
    share = np.clip(share, LEAST, 1 - LEAST)
    part = _parts(share, stratum)
    share = share + _band_corrections(share, part, index=index, value=value, weight=relative)
    share = np.clip(share, LEAST, 1 - LEAST)
    return Expected(share, _dispersion(share[index], value, relative, n_fitted=2 + N_BANDS // 2))


def _predictor(scores: Floats) -> Floats:
    """Return scores as they go into the curve: log odds of chances, else as they are; centred."""
    chances = len(scores) > 0 and scores.min() >= 0 and scores.max() <= 1
    x = logit(np.clip(scores, LEAST, 1 - LEAST)) if chances else scores
    spread = x.std()
    return np.asarray((x - x.mean()) / (spread if spread > 0 else 1.0), dtype=np.float64)


def _line(x: Floats, at: Floats, value: Floats, weight: Floats) -> Floats:
    """Return the log odds of a logistic regression at `x`, by Newton's method with a weak prior.

    Half a coding of either kind at the mean keeps the odds finite (Jeffreys' prior of a share).
    """
    level, slope = float(logit((weight @ value + 0.5) / (weight.sum() + 1))), 0.0
    for _ in range(_STEPS):
        chance = expit(level + slope * at)
        off, spread = weight * (value - chance), weight * chance * (1 - chance)
        middle = expit(level)
        gradient = np.array(
            [off.sum() + 0.5 - middle, off @ at - slope / SLOPE_SD**2],
        )
        curvature = np.array(
            [
                [spread.sum() + middle * (1 - middle), spread @ at],
                [spread @ at, spread @ at**2 + 1 / SLOPE_SD**2],
            ]
        )
        step = np.clip(np.linalg.solve(curvature, gradient), -2, 2)
        level, slope = level + step[0], slope + step[1]
        if np.abs(step).max() < 1e-8:  # noqa: PLR2004 # converged
            break
    return np.asarray(level + slope * x, dtype=np.float64)


def _parts(share: Floats, stratum: Integers) -> Integers:
    """Return bands of expected codings, each with as much spread as the others, by stratum."""
    step = (share * _STEPS_OF_SHARE).astype(np.int64)
    spread = np.bincount(step, weights=np.sqrt(share * (1 - share)), minlength=_STEPS_OF_SHARE)
    before = np.cumsum(spread) - spread / 2
    band = (N_BANDS * before / spread.sum()).astype(np.int64)
    return np.asarray(stratum * N_BANDS + band[step], dtype=np.int64)


def _band_corrections(
    share: Floats, part: Integers, *, index: Integers, value: Floats, weight: Floats
) -> Floats:
    """Return what to add to each post's expected coding, from the residuals of its part."""
    n_parts = int(part.max()) + 1
    at = part[index]
    total = np.bincount(at, weight, minlength=n_parts)
    variance = np.bincount(at, weight**2 * share[index] * (1 - share[index]), minlength=n_parts)
    off = np.bincount(at, weight * (value - share[index]), minlength=n_parts)
    coded = total > 0
    mean, noise = np.zeros(n_parts), np.ones(n_parts)
    mean[coded] = off[coded] / total[coded]
    noise[coded] = variance[coded] / total[coded] ** 2
    precision = coded / noise
    beyond = float(np.sum(precision * (mean**2 - noise)) / np.sum(precision))
    if beyond <= 0:
        return np.zeros(len(share))
    return np.asarray((mean * beyond / (beyond + noise))[part], dtype=np.float64)


def _dispersion(share: Floats, value: Floats, weight: Floats, *, n_fitted: int) -> float:
    """Return the dispersion, drawn to 1 by `PRIOR_CODINGS`, as if the curve had not been fitted.

    The fit uses up what uncertain posts say: of codings that are all but sure there may be many.
    """
    drawn = share * (1 - share)
    uncertain = float(drawn.sum()) ** 2 / float(drawn @ drawn)
    left = max(1 - n_fitted / uncertain, 0.5)
    prior = PRIOR_CODINGS * float(weight @ drawn) / float(weight.sum())
    seen = float(weight @ (value - share) ** 2) / left
    return (seen + prior) / (float(weight @ drawn) + prior)
