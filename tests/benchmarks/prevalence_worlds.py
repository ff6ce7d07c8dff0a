"""Invented populations in which the truth is known, for the benchmarks of prevalence.

A world is a frame over months: how the share of posts that express it moves, how the classifier's
scores move with and without it, whether authors lean, and how many posts are coded. All
replications of a world are drawn at once, a column each. What has to be covered is the share among
the very posts that were drawn, month by month. No post is read.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit, ndtri

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Booleans = NDArray[np.bool_]

AT_ONCE = 100
"""Replications that are drawn at once."""
AUTHORS = 150
LEANING = 1.0
"""Standard deviation of authors' leanings, in log odds of the frame."""
LIKE_SCORES = 0.3
"""Share of the scores' noise that an author's posts have in common."""
ODDS_OF_SECOND = 2.0
"""Odds of the frame among posts of the second kind over those of the first (uneven draws)."""


@dataclass(frozen=True, slots=True)
class World:
    """One cell of the grid.

    Attributes
    ----------
    drift : 'steady', 'label shift', 'score drift' or 'event'
        Whether the share moves, .05 to .35, with like scores inside both classes; or both the share
        and the scores inside both classes drift; or both jump in the middle of the series.
    clustered : whether authors lean, in what they write and in how it is scored
    codings : expected codings a month
    accuracy : share of either class on the right side of the best even threshold
    uneven : whether posts of a kind that expresses the frame more often are drawn twice as often
    """

    drift: str
    clustered: bool
    codings: float
    accuracy: float
    months: int = 12
    posts: int = 500
    uneven: bool = False

    def shares(self) -> Floats:
        """Return the share of each month."""
        if self.drift == "event":
            return np.where(np.arange(self.months) < self.months // 2, 0.1, 0.3)
        ends = {"steady": (0.2, 0.2), "label shift": (0.05, 0.35), "score drift": (0.1, 0.3)}
        return np.linspace(*ends[self.drift], self.months)

    def score_shift(self) -> Floats:
        """Return by how many standard deviations each month's signals lie too high."""
        if self.drift == "event":
            return np.where(np.arange(self.months) < self.months // 2, 0.0, 0.6)
        reach = 0.5 if self.drift == "score drift" else 0.0
        return np.linspace(-reach, reach, self.months)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Some replications: (n,) what all share, (n, R) what each has of its own."""

    month: Integers
    author: Integers
    probability: Floats
    scores: Floats
    expressed: Booleans
    coded: Booleans

    @property
    def truth(self) -> Floats:
        """(R, months) shares among the posts of each month."""
        return self.per_month(self.expressed) / np.bincount(self.month)

    def per_month(self, values: NDArray[np.generic]) -> Floats:
        """Return (R, months) sums of (n, R) values; posts stand in the order of months."""
        starts = np.flatnonzero(np.diff(self.month, prepend=-1))
        return np.add.reduceat(values.astype(np.float64), starts, axis=0).T


def replications(world: World, n: int, *, seed: int) -> Iterator[Drawn]:
    """Draw n replications of a world, some at a time."""
    random = np.random.default_rng([seed, *_digits(world)])
    author = _authors(world, random)
    while n > 0:
        yield _draw(world, author, min(n, AT_ONCE), random)
        n -= AT_ONCE


def _digits(world: World) -> list[int]:
    """Return numbers that tell a world from others, so that each has random numbers of its own."""
    drift = ("steady", "label shift", "score drift", "event").index(world.drift)
    parts = (world.clustered, world.codings, 1000 * world.accuracy, world.months, world.posts)
    return [drift, *(round(float(part)) for part in parts), int(world.uneven)]


def _authors(world: World, random: np.random.Generator) -> Integers:
    """Return an author for each post: a few write most."""
    n = world.months * world.posts
    if not world.clustered:
        return np.arange(n)
    return (AUTHORS * random.random(n) ** 2).astype(np.int64)


def _draw(world: World, author: Integers, n: int, random: np.random.Generator) -> Drawn:
    month = np.repeat(np.arange(world.months), world.posts)
    second = np.arange(len(month)) % 2 if world.uneven else np.zeros(len(month))
    leaning, habit = np.zeros((2, len(month), 1))
    likeness = 0.0
    if world.clustered:
        leaning = LEANING * random.standard_normal((AUTHORS, n))[author]
        habit = random.standard_normal((AUTHORS, n))[author]
        likeness = LIKE_SCORES
    odds = logit(world.shares())[month] + (second - 0.5) * np.log(ODDS_OF_SECOND) * world.uneven
    expressed = random.random((len(month), n)) < expit(odds[:, None] + leaning)
    separation = 2 * ndtri(world.accuracy)
    signal = separation * (expressed - 0.5) + np.sqrt(likeness) * habit
    signal += np.sqrt(1 - likeness) * random.standard_normal(signal.shape)
    signal += world.score_shift()[month][:, None]
    probability = np.full(len(month), world.codings / world.posts)
    if world.uneven:
        probability *= np.where(second > 0, 4 / 3, 2 / 3)
    return Drawn(
        month=month,
        author=author,
        probability=probability,
        scores=expit(separation * signal + logit(0.2)),
        expressed=expressed,
        coded=random.random(signal.shape) < probability[:, None],
    )
