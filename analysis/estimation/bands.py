"""Bands that hold a whole curve, and tests of one period against the others of its curve."""

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.intervals import two_sided_p

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

N_DRAWS = 2_000


def simultaneous_confidence(
    covariance: Floats, shown: Booleans, *, confidence: float, random_state: int
) -> Floats:
    """Return, for each curve, the confidence of each interval with which all hold together.

    The greatest of correlated deviations is simulated (Montiel Olea and Plagborg-Møller 2019,
    Journal of Applied Econometrics 34:1): the more alike the periods, the less a band is wider
    than its intervals.

    Parameters
    ----------
    covariance : (..., T, T) of the estimates of a curve
    shown : (..., T) periods that the band is to hold
    """
    draws = np.random.default_rng(random_state).standard_normal((N_DRAWS, shown.shape[-1]))
    found = np.full(shown.shape[:-1], confidence)
    for curve in np.argwhere(shown.sum(axis=-1) > 1):
        at = tuple(curve)
        kept = np.flatnonzero(shown[at])
        part = covariance[at][np.ix_(kept, kept)]
        spread = np.sqrt(np.maximum(np.diag(part), 0))
        moving = spread > 0
        if not moving.any():
            continue
        correlation = part[np.ix_(moving, moving)] / np.outer(spread[moving], spread[moving])
        values, vectors = np.linalg.eigh(correlation)
        root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
        greatest = np.abs(draws[:, kept[moving]] @ root).max(axis=1)
        reach = np.partition(greatest, int(confidence * N_DRAWS))[int(confidence * N_DRAWS)]
        found[at] = max(2 * ndtr(reach) - 1, confidence)
    return found


def out_of_line(
    estimate: Floats, covariance: Floats, n_posts: Floats, shown: Booleans, df: Floats
) -> Floats:
    """Return p-values of each shown period against the others of its curve, weighed by posts.

    All are (..., T) but the covariance, (..., T, T); NaN where there is nothing to compare with.
    """
    posts = np.where(shown, n_posts, 0.0)
    rest = posts.sum(axis=-1, keepdims=True) - posts
    compared = shown & (rest > 0)
    weights = (
        np.where(compared, 1 / np.where(compared, rest, 1.0), 0.0)[..., None] * posts[..., None, :]
    )
    n_periods = shown.shape[-1]
    contrast = np.eye(n_periods) - weights * (1 - np.eye(n_periods))
    known = np.where(shown, estimate, 0.0)
    difference = (contrast @ known[..., None])[..., 0]
    variance = np.einsum("...tu,...uv,...tv->...t", contrast, covariance, contrast)
    return np.where(compared, two_sided_p(difference, np.maximum(variance, 0.0), df=df), np.nan)
