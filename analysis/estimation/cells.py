"""Cells of groups and periods: what their posts and their codings say, before anything is pooled.

A cell's correction is the weighted mean of what its codings are above what was expected of them
(Hájek's ratio; Särndal, Swensson and Wretman 1992, chapter 5), its variance that of a Poisson
sample, with the variance that the frame's codings show at their expected level.

Posts of one author or one thread lean together, as residuals of the codings show within a cell and
between periods. That makes a cell differ from other periods and communities, and so what is pooled
from these less certain, as for cluster samples (Kish 1965, section 5.4); where the same authors
lean alike in other periods, too, it makes periods alike. The posts of a cell are all that it has,
so independent draws need nothing more. The variance of a cell's codings grows with the likeness
within all the same: what is skipped, or misread, is often all that somebody wrote.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, diags_array

from analysis.estimation.expected import Expected

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

PRIOR_LIKENESS = 0.1
PRIOR_PAIRS = 20
"""Pairs of codings of one cluster that the prior likeness is worth."""


@dataclass(frozen=True, slots=True)
class Layout:
    """Groups and periods as a grid; a cell is group * number of periods + period.

    Attributes
    ----------
    groups, periods : labels, sorted
    cell : (n,) cell of each post
    n_posts : (G, T)
    company : for each way of clustering, (G, T, T): chance that a post of one period and a post of
        another one, which may be itself, are of one cluster
    """

    groups: Integers
    periods: Integers
    cell: Integers
    n_posts: Integers
    company: tuple[Floats, ...]

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of groups and of periods."""
        return len(self.groups), len(self.periods)

    def totals(self, at: Integers, values: ArrayLike | None = None) -> Floats:
        """Return (G, T) sums of values of posts or codings whose cells are `at`."""
        n_cells = len(self.groups) * len(self.periods)
        sums = np.bincount(at, weights=None if values is None else values, minlength=n_cells)
        return np.asarray(sums, dtype=np.float64).reshape(self.shape)


def lay_out(group: Integers, time: Integers, clusters: Sequence[Integers]) -> Layout:
    """Return the grid of all groups and periods that occur."""
    groups, row = np.unique(group, return_inverse=True)
    periods, column = np.unique(time, return_inverse=True)
    cell = row * len(periods) + column
    n_cells = len(groups) * len(periods)
    n_posts = np.bincount(cell, minlength=n_cells)
    return Layout(
        groups=groups,
        periods=periods,
        cell=cell,
        n_posts=n_posts.reshape(len(groups), len(periods)),
        company=tuple(
            _company(cell, labels, n_posts.reshape(len(groups), len(periods)))
            for labels in clusters
        ),
    )


def _company(cell: Integers, labels: Integers, n_posts: Integers) -> Floats:
    n_groups, n_periods = n_posts.shape
    cluster = own_clusters(labels)
    _, cluster = np.unique(cluster, return_inverse=True)
    ones = np.ones(len(cell))
    shape = (n_groups * n_periods, int(cluster.max(initial=0)) + 1)
    counts = csr_array((ones, (cell, cluster)), shape=shape)
    shares = csr_array(diags_array(1 / np.maximum(n_posts.ravel(), 1)) @ counts)
    met = np.empty((n_groups, n_periods, n_periods))
    for group in range(n_groups):
        rows = shares[group * n_periods : (group + 1) * n_periods]
        met[group] = (rows @ rows.T).toarray()
    return met


def own_clusters(labels: Integers) -> Integers:
    """Return the labels with each unknown one, which is negative, made a cluster of its own."""
    own = labels.max(initial=0) + 1 + np.arange(len(labels))
    return np.where(labels < 0, own, labels)


@dataclass(frozen=True, slots=True)
class Codings:
    """The codings of one frame: positions of posts, values, probabilities, cluster labels."""

    index: Integers
    value: Floats
    probability: Floats
    clusters: tuple[Integers, ...]


@dataclass(frozen=True, slots=True)
class Moments:
    """What is known of each cell (G, T) of a frame.

    Attributes
    ----------
    expected : mean expected coding of the posts
    correction : what the codings add to it; 0 where there is none
    design : variance of the correction; infinite where there is none
    of_posts : (G, T, T) covariance, between periods, of the mean codings of a group's posts around
        what posts like these show
    kish_n : codings, as many as would weigh the same evenly
    n_coded, positives, negatives : codings; those above 0 and those below 1
    unit : variance of one coding, on average over the frame's codings
    """

    expected: Floats
    correction: Floats
    design: Floats
    of_posts: Floats
    kish_n: Floats
    n_coded: Floats
    positives: Floats
    negatives: Floats
    unit: float


def cell_moments(layout: Layout, codings: Codings, expected: Expected) -> Moments:
    """Return what the posts and codings of one frame say of each cell."""
    at = layout.cell[codings.index]
    weight = 1 / codings.probability
    variance = expected.variance
    spread = variance[codings.index]
    residual = codings.value - expected.share[codings.index]
    n_posts = np.maximum(layout.n_posts, 1)
    total = layout.totals(at, weight)
    coded = total > 0
    safe = np.where(coded, total, 1.0)
    mean_variance = layout.totals(layout.cell, variance) / n_posts
    alone = np.eye(layout.shape[1]) / n_posts[..., None]
    together = alone
    part = np.sqrt((1 - codings.probability) * spread) * weight
    excess, squares = layout.totals(at, part**2), layout.totals(at, weight**2)
    for labels, company in zip(codings.clusters, layout.company, strict=True):
        within, between = _likeness(labels, at, residual / np.sqrt(spread))
        same = np.where(alone > 0, company - alone, 0.0)
        together = together + within * same + between * np.where(alone > 0, 0.0, company)
        excess = excess + within * _products(layout, at, labels, part)
        squares = squares + within * _products(layout, at, labels, weight)
    scale = np.sqrt(mean_variance)
    return Moments(
        expected=layout.totals(layout.cell, expected.share) / n_posts,
        correction=layout.totals(at, weight * residual) / safe,
        design=np.where(coded, excess / safe**2, np.inf),
        of_posts=scale[..., None] * together * scale[..., None, :],
        kish_n=total**2 / np.where(coded, squares, 1.0),
        n_coded=layout.totals(at),
        positives=layout.totals(at, codings.value > 0),
        negatives=layout.totals(at, codings.value < 1),
        unit=float(spread.mean()) if len(spread) else 0.25,
    )


def _products(layout: Layout, at: Integers, labels: Integers, values: Floats) -> Floats:
    """Return (G, T) sums of products over ordered pairs of codings of one cluster and cell."""
    clusters = own_clusters(labels)
    width = int(clusters.max(initial=0)) + 1
    pairs, place = np.unique(at * width + clusters, return_inverse=True)
    totals = np.bincount(place, weights=values, minlength=len(pairs))
    return layout.totals(pairs // width, totals**2) - layout.totals(at, values**2)


def _likeness(labels: Integers, cell: Integers, residual: Floats) -> tuple[float, float]:
    """Return how residuals of one cluster correlate, within a cell and between cells.

    Drawn to a prior where pairs are few. Between cells they are taken to be no more alike than
    within, and no less than strangers: else the matrix of both would be none of covariances.
    """
    _, cluster = np.unique(own_clusters(labels), return_inverse=True)
    width = int(cluster.max(initial=0)) + 1
    _, both = np.unique(cell * width + cluster, return_inverse=True)
    products, pairs = _pairs(cluster, residual)
    inner_products, inner_pairs = _pairs(both, residual)
    within = (inner_products + PRIOR_LIKENESS * PRIOR_PAIRS) / (inner_pairs + PRIOR_PAIRS)
    between = (products - inner_products) / (pairs - inner_pairs + PRIOR_PAIRS)
    within = min(max(within, 0.0), 1.0)
    return within, min(max(between, 0.0), within)


def _pairs(cluster: Integers, residual: Floats) -> tuple[float, float]:
    """Return the sum of products over pairs of one cluster, and the number of pairs."""
    totals = np.bincount(cluster, weights=residual, minlength=1)
    sizes = np.bincount(cluster, minlength=1).astype(np.float64)
    products = float(np.sum(totals**2) - np.sum(residual**2)) / 2
    return products, float(np.sum(sizes * (sizes - 1))) / 2
