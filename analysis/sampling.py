"""Which posts to code: a probability sample for measuring, and a chosen one for training.

Each post has a permanent random number u, a hash of the study's seed and its `post_id` (Ohlsson
1995, in Cox et al., Business Survey Methods, chapter 9). A wave gives each post a probability pi
and takes those with u < pi, so posts are drawn independently (Poisson sampling), and over all waves
a post is drawn exactly when u is under its greatest pi: that greatest pi is the inclusion
probability to estimate with. Hence three rules for whoever stores draws: `wanted` counts the
codings of all waves together; each wave raises the stored probability of posts drawn earlier to its
own where that is greater (`over_waves`); and a wave's probabilities never look at codings of the
measure pool.

The pools never meet: measuring takes u below 0.75 only, training only the rest. So training takes
nothing away from measuring, and a post stays in the pool of its first draw for ever.
"""

from collections.abc import Collection

import numpy as np
from numpy.typing import ArrayLike, NDArray

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MEASURE_LIMIT = 0.75
"""Greatest inclusion probability of the measure pool; posts with a greater number may train."""
EVEN_PART = 0.25
"""Part of every probability that looks at no score: none weighs over four times an even one."""
SCORE_BANDS = (0.02, 0.05, 0.1, 0.2, 0.35, 0.65, 0.8, 0.9)
"""Scores from which on a post belongs to the next band."""
UNFORESEEN = 0.01
"""Chance, on top of its score, that a post's coding is another than foreseen."""
_TRAIN_SALT = 0x7472_6169_6E00_0001


def permanent_numbers(post_ids: ArrayLike, *, seed: int) -> Floats:
    """Return each post's own uniform number in [0, 1): the same for ever under one seed.

    The finaliser of splitmix64 (Steele, Lea and Flood 2014) over the id, keyed by that of the seed.
    """
    ids = np.asarray(post_ids, dtype=np.int64).astype(np.uint64)
    key = _mix(np.array([seed % 2**64], dtype=np.uint64))
    return np.asarray((_mix(_mix(ids) ^ key) >> np.uint64(11)) * 2.0**-53, dtype=np.float64)


def _mix(state: NDArray[np.uint64]) -> NDArray[np.uint64]:
    state = state + np.uint64(0x9E37_79B9_7F4A_7C15)  # wraps around, as it is meant to
    state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58_476D_1CE4_E5B9)
    state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D0_49BB_1331_11EB)
    return state ^ (state >> np.uint64(31))


def poisson_draw(post_ids: ArrayLike, pi: ArrayLike, *, seed: int) -> NDArray[np.bool_]:
    """Return which posts have a permanent number under their probability."""
    return np.asarray(permanent_numbers(post_ids, seed=seed) < np.asarray(pi, dtype=np.float64))


def over_waves(stored: ArrayLike, pi: ArrayLike) -> Floats:
    """Return the inclusion probability over all waves of posts drawn earlier: the greater one."""
    return np.maximum(np.asarray(stored, dtype=np.float64), np.asarray(pi, dtype=np.float64))


def measure_probabilities(
    scores: ArrayLike | None, stratum: ArrayLike, *, wanted: float, floor: float = 0.0
) -> Floats:
    """Return the probability with which each post is to be coded for measuring.

    Each stratum gets the same expected number of codings (less only where its posts are too few;
    what it cannot take goes to the others). One draw serves all frames: within a stratum a part of
    each probability is even, and the rest goes with the greatest of the rates that the frames want.
    A frame wants a rate in each band of its scores: the standard deviation that codings have there,
    which is Neyman's rule for the difference estimator.

    Parameters
    ----------
    scores : (n, F) floats within [0, 1], or None before there is a classifier
    stratum : (n,) integers
        Cells that are to be reported, such as community by period.
    wanted : float
        Expected codings over all waves together.
    floor : float
        Least probability of any post, on top of `wanted`.

    Raises
    ------
    ValueError
        Where a score is no probability, or `wanted` is negative.
    """
    _, cell = np.unique(np.asarray(stratum), return_inverse=True)
    n_posts = len(cell)
    if wanted < 0 or not 0 <= floor <= MEASURE_LIMIT:
        raise ValueError(f"wanted must be at least 0 and floor from 0 to {MEASURE_LIMIT}")
    if n_posts == 0:
        return np.empty(0)
    size = _wanted_rates(scores, n_posts)
    posts = np.bincount(cell)
    means = np.bincount(cell, weights=size) / posts
    even = np.where(means[cell] > 0, size / np.where(means[cell] > 0, means[cell], 1.0), 1.0)
    relative = EVEN_PART + (1 - EVEN_PART) * even
    budgets = _filled(np.ones(len(posts)), wanted, limits=MEASURE_LIMIT * posts.astype(np.float64))
    pi = np.empty(n_posts)
    order = np.argsort(cell, kind="stable")
    for members, budget in zip(np.split(order, np.cumsum(posts)[:-1]), budgets, strict=True):
        limits = np.full(len(members), MEASURE_LIMIT)
        pi[members] = _filled(relative[members], budget, limits=limits)
    return np.maximum(pi, floor)


def _wanted_rates(scores: ArrayLike | None, n_posts: int) -> Floats:
    """Return the greatest rate that any frame wants of each post, up to a factor."""
    if scores is None:
        return np.ones(n_posts)
    p = _probabilities(scores, n_posts)
    rates = np.zeros(n_posts)
    for chance in p.T:
        band = np.searchsorted(SCORE_BANDS, chance, side="right")
        posts = np.bincount(band, minlength=len(SCORE_BANDS) + 1)
        mean = np.bincount(band, weights=chance, minlength=len(posts)) / np.maximum(posts, 1)
        deviation = np.sqrt((mean + UNFORESEEN) * (1 - mean + UNFORESEEN))[band]
        rates = np.maximum(rates, deviation)
    return rates


def _doubt(scores: ArrayLike, n_posts: int) -> Floats:
    p = _probabilities(scores, n_posts)
    return np.asarray((p * (1 - p)).sum(axis=1), dtype=np.float64)


def _probabilities(scores: ArrayLike, n_posts: int) -> Floats:
    p = np.asarray(scores, dtype=np.float64)
    p = p[:, None] if p.ndim == 1 else p
    if len(p) != n_posts or not ((p >= 0) & (p <= 1)).all():
        raise ValueError(f"scores must be {n_posts} rows of probabilities between 0 and 1")
    return p


def _filled(sizes: Floats, total: float, *, limits: Floats) -> Floats:
    """Return shares of `total` in proportion to `sizes`, none above its limit.

    What exceeds a limit is shared among the rest; all are at their limits where `total` is too
    much.
    """
    if total >= limits.sum():
        return limits
    # Those first to reach their limit as the water rises are the ones with the least limit / size.
    order = np.argsort(limits / sizes, kind="stable")
    used_up = np.concatenate([[0.0], np.cumsum(limits[order])[:-1]])
    still_open = np.cumsum(sizes[order][::-1])[::-1]
    rate = (total - used_up) / still_open
    full = rate * sizes[order] > limits[order]
    level = rate[np.argmin(full)]
    return np.asarray(np.minimum(limits, level * sizes), dtype=np.float64)


def draw_measure(
    post_ids: ArrayLike, pi: ArrayLike, *, already_drawn: Collection[int] = (), seed: int
) -> Integers:
    """Return the positions of the posts that this wave adds to the measure pool.

    `already_drawn` are the `post_id`s of earlier draws, of either pool.

    Raises
    ------
    ValueError
        Where a probability is above the pool's limit: such a post might be one to train with.
    """
    probabilities = np.asarray(pi, dtype=np.float64)
    if len(probabilities) and not ((probabilities >= 0) & (probabilities <= MEASURE_LIMIT)).all():
        raise ValueError(f"a probability is outside of 0 to {MEASURE_LIMIT}, the pool's limit")
    fresh = ~_among(post_ids, already_drawn)
    return np.flatnonzero(poisson_draw(post_ids, probabilities, seed=seed) & fresh)


def draw_train(
    post_ids: ArrayLike,
    scores: ArrayLike | None,
    *,
    wanted: int,
    already_drawn: Collection[int] = (),
    seed: int,
    random_part: float = 0.5,
) -> Integers:
    """Return the positions of at most `wanted` posts to train with, in the order to code them.

    A part is random; the others are those that the classifier is least sure of, by the sum over
    frames of p (1 - p). Without scores all are random. This pool measures nothing.
    """
    ids = np.asarray(post_ids, dtype=np.int64)
    reserved = permanent_numbers(ids, seed=seed) >= MEASURE_LIMIT
    candidates = np.flatnonzero(reserved & ~_among(ids, already_drawn))
    by_chance = permanent_numbers(ids, seed=seed ^ _TRAIN_SALT)
    shuffled = candidates[np.argsort(by_chance[candidates], kind="stable")]
    if scores is None:
        return shuffled[:wanted]
    n_random = min(round(wanted * random_part), len(shuffled))
    at_random, others = shuffled[:n_random], shuffled[n_random:]
    doubt = _doubt(scores, len(ids))
    doubtful = others[np.argsort(-doubt[others], kind="stable")]
    return np.concatenate([at_random, doubtful[: max(wanted - n_random, 0)]])


def _among(post_ids: ArrayLike, drawn: Collection[int]) -> NDArray[np.bool_]:
    known = np.fromiter(drawn, dtype=np.int64, count=len(drawn))
    return np.isin(np.asarray(post_ids, dtype=np.int64), known)
