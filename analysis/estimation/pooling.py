"""The correction of expected codings, pooled over time and partly over communities.

A cell's codings show by how much its expected codings are off: an estimate of the cell's correction
with a design variance. Corrections of one frame are modelled as

    correction(group, period) = m(period) + d(group, period) + e(group, period)

m moves as a straight line plus a smooth process with a strength and a length (Matérn 3/2; Rasmussen
and Williams 2006, chapter 4), d is what a community has of its own, as strong as the communities of
the frame differ, and e is what the very posts of a cell have of their own, which is known from
their number. This is the model of Fay and Herriot (1979) over time (Rao and Yu 1994): each cell's
estimate is drawn to the others as far as its own codings cannot tell it from them.

How strong, how long and how different is not estimated but averaged over, each value weighing what
the codings of the frame make of it (the likelihood of the cells' estimates): what is not known of
the movement widens the intervals, and a correction that moves is pooled over fewer periods.

Given m, groups are independent. So with S_g the variance of a group's estimates around m, m has the
precision inv(K_m) + sum inv(S_g), and every inverse is that of a matrix of periods only.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

STRENGTHS = (0.1, 0.2, 0.4, 0.8)
"""Standard deviations of the smooth movement, in those of one coding."""
LENGTHS = (0.3, 1.5, 6.0)
"""Periods over which the smooth movement forgets; at the first, each period moves by itself."""
STILL = 0.05
"""Prior chance that the correction moves by no more than its straight line."""
SLOPE = 0.05
"""Prior standard deviation of the straight line's slope a period, in those of one coding."""
LEVEL = 20.0
"""Prior standard deviation of the frame's mean correction: as good as unknown."""
DIFFERENCES = (0.02, 0.1, 0.2, 0.4, 0.8)
"""Standard deviations of what communities have of their own, in those of one coding."""
OWN_COURSE, OWN_LENGTH = 0.3, 6.0
"""Share of a community's own that moves, and the periods over which it forgets."""
UNKNOWN = 1e6
"""Variance of a cell without codings."""


@dataclass(frozen=True, slots=True)
class Corrections:
    """The corrections of frames (F), groups (G) and periods (T) after pooling.

    Attributes
    ----------
    mean : (F, G, T)
    covariance : (F, G, T, T) between periods of a group
    own : (F, G, T, T) weight of each period's own codings of the group in each period's correction
    others : (F, G, T) weight of the codings of other groups
    """

    mean: Floats
    covariance: Floats
    own: Floats
    others: Floats


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known of the cells before pooling, in standard deviations of one coding.

    Parameters
    ----------
    estimate : (F, G, T) each cell's own estimate, in standard deviations of one coding
    design : (F, G, T) its design variance in squares of these; infinite without codings
    of_posts : (F, G, T, T) covariance of e between the periods of a group
    moved : (F, G, T) by how much more is expected of the cell than of the frame
    response : (F,) prior standard deviation of how the correction follows `moved`
    time : (T,) number of each period
    """

    estimate: Floats
    design: Floats
    of_posts: Floats
    moved: Floats
    response: Floats
    time: Floats


def pool(observed: Observed) -> Corrections:
    """Return corrections from the estimates of cells."""
    known = np.isfinite(observed.design)
    cells = replace(
        observed,
        estimate=np.where(known, observed.estimate, 0.0),
        design=np.where(known, observed.design, UNKNOWN),
    )
    several = observed.estimate.shape[1] > 1
    return _averaged(
        [_given_differences(cells, each) for each in (DIFFERENCES if several else (0.0,))]
    )


@dataclass(frozen=True, slots=True)
class _Given:
    """Corrections given how much groups differ, and the log likelihood of that (F,)."""

    corrections: Corrections
    likelihood: Floats


def _given_differences(cells: Observed, difference: float) -> _Given:
    y, time = cells.estimate, cells.time
    eye = np.eye(len(time))
    own = difference**2 * ((1 - OWN_COURSE) + OWN_COURSE * _matern(time, OWN_LENGTH))
    k_own = own + cells.of_posts
    s = k_own + cells.design[..., None] * eye
    s_inverse = np.linalg.inv(s)
    # each correction is made of m of its period and of the response to what moved
    made = np.concatenate([np.broadcast_to(eye, s.shape), cells.moved[..., None]], axis=-1)
    told = made.swapaxes(-1, -2) @ s_inverse
    weighted = np.einsum("fgtu,fgu->fgt", s_inverse, y)
    whole = (told @ made).sum(axis=1)
    common = _common(whole, np.einsum("fgtp,fgt->fp", made, weighted), cells)
    likelihood = common.likelihood - 0.5 * (
        np.linalg.slogdet(s)[1].sum(axis=1) + np.einsum("fgt,fgt->f", weighted, y)
    )
    # given what is common the group's own is K inv(S) (y - it); A carries it into the correction
    pull = k_own @ s_inverse
    carry = (eye - pull) @ made
    carried = carry @ common.variance[:, None]
    mean = np.einsum("fgtu,fgu->fgt", pull, y) + np.einsum("fgtp,fp->fgt", carry, common.mean)
    covariance = k_own - pull @ k_own
    covariance += (carried + carry @ common.between[:, None]) @ carry.swapaxes(-1, -2)
    return _Given(
        Corrections(
            mean=mean,
            covariance=covariance,
            own=pull + carried @ told,
            others=(carried @ (told.sum(axis=1, keepdims=True) - told)).sum(axis=-1),
        ),
        likelihood,
    )


@dataclass(frozen=True, slots=True)
class _Common:
    """What is common, m and the response, given how much groups differ, over how m may move.

    `variance` (F, T + 1, T + 1) is the mean of its variances, `between` the variance of its means.
    """

    mean: Floats
    variance: Floats
    between: Floats
    likelihood: Floats


def _common(precision: Floats, weighted: Floats, cells: Observed) -> _Common:
    n_frames, size = weighted.shape
    means, variances, likelihoods = [], [], []
    kernel = np.zeros((n_frames, size, size))
    kernel[:, -1, -1] = cells.response**2
    for chance, movement in _movements(cells.time):
        kernel[:, :-1, :-1] = movement
        inner = np.eye(size) + kernel @ precision
        variance = np.linalg.solve(inner, kernel)
        mean = np.einsum("ftu,fu->ft", variance, weighted)
        fit = np.einsum("ft,ft->f", weighted, mean)
        means.append(mean)
        variances.append(variance)
        likelihoods.append(np.log(chance) + 0.5 * (fit - np.linalg.slogdet(inner)[1]))
    share, total = _shares(np.array(likelihoods))
    stacked = np.array(means)
    mean = np.einsum("hf,hft->ft", share, stacked)
    off = stacked - mean
    return _Common(
        mean=mean,
        variance=np.einsum("hf,hftu->ftu", share, np.array(variances)),
        between=np.einsum("hf,hft,hfu->ftu", share, off, off),
        likelihood=total,
    )


def _movements(time: Floats) -> Iterator[tuple[float, Floats]]:
    """Return each way in which m may move: its prior chance and its covariance (T, T)."""
    centred = time - time.mean()
    line = LEVEL**2 + SLOPE**2 * np.outer(centred, centred)
    yield STILL, line
    ways = list(product(STRENGTHS, LENGTHS))
    for strength, length in ways:
        yield (1 - STILL) / len(ways), line + strength**2 * _matern(time, length)


def _matern(time: Floats, length: float) -> Floats:
    apart = np.sqrt(3) * np.abs(time[:, None] - time) / length
    return np.asarray((1 + apart) * np.exp(-apart), dtype=np.float64)


def _shares(log_weights: Floats) -> tuple[Floats, Floats]:
    """Return weights that sum to 1 over the first axis, and the log of their sum before."""
    top = log_weights.max(axis=0)
    raw = np.exp(log_weights - top)
    total = raw.sum(axis=0)
    return raw / total, top + np.log(total)


def _averaged(parts: list[_Given]) -> Corrections:
    share, _ = _shares(np.array([part.likelihood for part in parts]))

    def over(name: str) -> Floats:
        values = np.array([getattr(part.corrections, name) for part in parts])
        return np.asarray(np.einsum("hf,hf...->f...", share, values), dtype=np.float64)

    mean = over("mean")
    off = np.array([part.corrections.mean for part in parts]) - mean
    return Corrections(
        mean=mean,
        covariance=over("covariance") + np.einsum("hf,hfgt,hfgu->fgtu", share, off, off),
        own=over("own"),
        others=over("others"),
    )
