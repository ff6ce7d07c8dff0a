"""All frames in all groups and periods of one level: communities, their sources, or everything.

The parts of this room in their order: expected codings of all posts, what codings add to them in
each cell, the pooled correction, and from its variance an interval for each cell. Pooling is done
twice: how much codings vary follows from the share, which is known better after the first time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.estimation.cells import Codings, Layout, Moments, cell_moments, lay_out
from analysis.estimation.expected import expected_codings
from analysis.estimation.pooling import Corrections, Observed, pool
from analysis.intervals import Interval, share_interval

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

AT_ONCE = 1_000_000
"""Numbers of a matrix of frames, groups and pairs of periods that are worked on at once."""
LEAST_RESPONSE, MOST_RESPONSE = 1.0, 4.0
SCALES = (0.2, 4.0)
"""Bounds of how much a cell's codings may vary more than expected of it at first."""
UNCERTAIN = 4.0
"""Degrees of freedom of one uncertain coding among many that are all but sure."""
LEAST_DF = 8.0
"""Degrees of freedom that as many codings have at least, however sure."""
FEW = 3.0
"""A window with fewer codings of a kind is worth no more than its codings, whatever the scores."""
CERTAIN = 1e-12
"""Variance under which nothing is uncertain: all posts are coded."""


@dataclass(frozen=True, slots=True)
class Level:
    """Estimates of frames (F), groups (G) and periods (T), whether they hold posts or not.

    Attributes
    ----------
    estimate, df : (F, G, T)
    covariance : (F, G, T, T)
    variance_n : (F, G, T) independent draws that would have the same variance
    effective_n : (F, G, T) codings of the group itself within the window that its correction is
        pooled over, as many as would weigh the same evenly
    borrowed : (F, G, T) share of the correction's weight that codings of other groups have
    n_with, n_without : (F, G, T) codings above 0 and below 1 in the window
    n_coded : (F, G, T)
    """

    layout: Layout
    estimate: Floats
    covariance: Floats
    variance_n: Floats
    df: Floats
    effective_n: Floats
    borrowed: Floats
    n_with: Floats
    n_without: Floats
    n_coded: Floats

    def interval(self, confidence: float | Floats) -> Interval:
        """Return the bounds of every cell at this confidence."""
        return share_interval(
            self.estimate,
            self.variance_n,
            df=self.df,
            confidence=confidence,
            n_with=self.n_with,
            n_without=self.n_without,
        )


@dataclass(frozen=True, slots=True)
class FrameCodings:
    """What is known of one frame: scores (n,) of all posts, and the codings of some."""

    scores: Floats
    codings: Codings


@dataclass(frozen=True, slots=True)
class _Frames:
    """Moments of several frames, stacked: (F, G, T), and (F,) what is said of a whole frame.

    `df_share` is the degrees of freedom of a coding: fewer than one where most are all but sure.
    """

    moments: dict[str, Floats]
    unit: Floats
    response: Floats
    df_share: Floats


def estimate_level(
    frames: Sequence[FrameCodings],
    group: Integers,
    time: Integers,
    stratum: Integers,
    clusters: Sequence[Integers],
    *,
    times: float = 1.0,
) -> Level:
    """Return the estimates of all frames with these groups; labels are (n,).

    `times` is for planning: as if there were so many times the codings, and what the present ones
    make by chance went down as it does.
    """
    layout = lay_out(group, time, clusters)
    n_groups, n_periods = layout.shape
    at_once = max(AT_ONCE // max(n_groups * n_periods**2, 1), 1)
    parts = [
        _estimate(layout, _stacked(layout, some, stratum), times=times)
        for some in _batches(frames, at_once)
    ]
    names = [name for name in Level.__dataclass_fields__ if name != "layout"]
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    return Level(layout=layout, **joined)


def _batches(frames: Sequence[FrameCodings], size: int) -> Iterator[Sequence[FrameCodings]]:
    for start in range(0, len(frames), size):
        yield frames[start : start + size]


def _stacked(layout: Layout, frames: Sequence[FrameCodings], stratum: Integers) -> _Frames:
    found: list[tuple[Moments, float, float]] = []
    for frame in frames:
        codings = frame.codings
        expected = expected_codings(
            frame.scores,
            stratum,
            index=codings.index,
            value=codings.value,
            weight=1 / codings.probability,
        )
        moments = cell_moments(layout, codings, expected)
        response = _response(expected.share)
        found.append((moments, response, _df_share(expected.variance[codings.index])))
    names = [name for name in Moments.__dataclass_fields__ if name != "unit"]
    return _Frames(
        moments={name: np.array([getattr(each[0], name) for each in found]) for name in names},
        unit=np.array([each[0].unit for each in found]),
        response=np.array([each[1] for each in found]),
        df_share=np.array([each[2] for each in found]),
    )


def _response(share: Floats) -> float:
    """Return by how much a correction may follow what is expected of its cell.

    Where only the mix of posts moves, expectations move with the share and the correction stays.
    Where the share moves and scores mean the same inside both classes (label shift), expectations
    move by the part R^2 of it that they explain, and the correction by (1 - R^2) / R^2 as much.
    """
    explained = float(share.var())
    left = float(np.mean(share * (1 - share)))
    ratio = left / explained if explained > 0 else MOST_RESPONSE
    return min(max(ratio, LEAST_RESPONSE), MOST_RESPONSE)


def _df_share(variance: Floats) -> float:
    """Return degrees of freedom a coding where the variance rests on few uncertain codings.

    As many codings as share it evenly, and those of a sum of squared 0/1 errors (Satterthwaite
    1946), count `UNCERTAIN` times: that codings are 0 or 1 is known beforehand.
    """
    if not len(variance):
        return 1.0
    mean = float(variance.mean())
    even = mean**2 / float(np.mean(variance**2))
    wobble = float(np.mean(variance * np.maximum(1 - 4 * variance, 0)))
    return min(even * UNCERTAIN, 2 * UNCERTAIN * mean**2 / max(wobble, 1e-9), 1.0)


def _estimate(layout: Layout, frames: _Frames, *, times: float) -> Level:
    counts = ("kish_n", "n_coded", "positives", "negatives")
    known = frames.moments | {name: frames.moments[name] * times for name in counts}
    frames = replace(frames, moments=known)
    unit = frames.unit[:, None, None]
    mean_expected = known["expected"]
    n = layout.n_posts
    overall = (mean_expected * n).sum(axis=(1, 2)) / n.sum()
    observed = Observed(
        estimate=known["correction"] / np.sqrt(unit),
        design=known["design"] / unit,
        of_posts=known["of_posts"] / unit[..., None],
        moved=np.where(n > 0, mean_expected - overall[:, None, None], 0.0) / np.sqrt(unit),
        response=frames.response,
        time=layout.periods.astype(np.float64),
    )
    if times != 1:
        observed = _as_if_coded(observed, times)
    first = _share(mean_expected, unit, pool(observed))
    at_first = np.maximum(mean_expected * (1 - mean_expected), CERTAIN)
    drawn = bernoulli(first, np.maximum(known["kish_n"].sum(axis=(1, 2), keepdims=True), 1))
    scale = np.where(n > 0, np.clip(drawn / at_first, *SCALES), 1.0)
    root = np.sqrt(scale)
    again = replace(
        observed,
        design=observed.design * scale,
        of_posts=observed.of_posts * root[..., None] * root[..., None, :],
    )
    corrections = pool(again)
    return _level(layout, frames, corrections, _share(mean_expected, unit, corrections))


def _as_if_coded(observed: Observed, times: float) -> Observed:
    pooled = pool(observed).mean
    return replace(
        observed,
        estimate=pooled + (observed.estimate - pooled) / np.sqrt(times),
        design=observed.design / times,
    )


def _share(expected: Floats, unit: Floats, corrections: Corrections) -> Floats:
    shares = np.clip(expected + np.sqrt(unit) * corrections.mean, 0.0, 1.0)
    return np.asarray(shares, dtype=np.float64)


def _level(layout: Layout, frames: _Frames, corrections: Corrections, estimate: Floats) -> Level:
    known = frames.moments
    covariance = frames.unit[:, None, None, None] * corrections.covariance
    variance = np.einsum("fgtt->fgt", covariance)
    own = corrections.own
    effective_n = _effective(own, known["kish_n"])
    own_part, others = own.sum(axis=-1), np.maximum(corrections.others, 0.0)
    whole = own_part + others
    borrowed = np.divide(
        others, whole, out=np.ones_like(others), where=(whole > 0) & (own_part > 0)
    )
    borrowed = np.where(layout.shape[0] > 1, borrowed, 0.0)
    in_all = effective_n / np.maximum(1 - borrowed, 0.05)
    near = np.abs(own) / np.maximum(np.abs(own).max(axis=-1, keepdims=True), CERTAIN)
    n_with = _in_window(near, known["positives"], borrowed)
    n_without = _in_window(near, known["negatives"], borrowed)
    certain = variance < CERTAIN
    worth = bernoulli(estimate, in_all) / np.where(certain, 1.0, variance)
    worth = np.where(np.minimum(n_with, n_without) < FEW, np.minimum(worth, in_all), worth)
    df = in_all * frames.df_share[:, None, None] - 1
    return Level(
        layout=layout,
        estimate=estimate,
        covariance=covariance,
        variance_n=np.where(certain, np.inf, np.maximum(worth, CERTAIN)),
        df=np.maximum(np.maximum(df, np.minimum(in_all - 1, LEAST_DF)), 1.0),
        effective_n=effective_n,
        borrowed=borrowed,
        n_with=n_with,
        n_without=n_without,
        n_coded=known["n_coded"],
    )


def bernoulli(share: Floats, n: Floats) -> Floats:
    """Return theta (1 - theta) at the share drawn towards 1/2 by two draws, never 0 by chance."""
    drawn = (n * share + 1) / (n + 2)
    return np.asarray(drawn * (1 - drawn), dtype=np.float64)


def _effective(own: Floats, kish_n: Floats) -> Floats:
    """Return the effective codings of each cell's window: weights (..., T, T), codings (..., T)."""
    counted = np.where(kish_n[..., None, :] > 0, own, 0.0)
    squares = (counted**2 / np.maximum(kish_n, CERTAIN)[..., None, :]).sum(axis=-1)
    total = np.maximum(counted.sum(axis=-1), 0.0)
    effective = np.divide(total**2, squares, out=np.zeros_like(total), where=squares > 0)
    return np.asarray(effective, dtype=np.float64)


def _in_window(near: Floats, codings: Floats, borrowed: Floats) -> Floats:
    """Return codings of a kind in each window, with those of other groups for what is borrowed."""
    own = (near * codings[..., None, :]).sum(axis=-1)
    others = codings.sum(axis=(1, 2), keepdims=True) - codings.sum(axis=2, keepdims=True)
    return np.asarray(own + borrowed * others, dtype=np.float64)
