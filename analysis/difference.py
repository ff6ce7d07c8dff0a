"""The difference estimator: shares in cells of a population from scores of all, codings of a few.

The target is finite: the mean coding that all posts of a cell would have got. Each post is coded
with a known probability pi, independently of the others (Poisson sampling), and each post has a
score s. In a cell, with weights w = 1/pi over its coded posts,

    estimate = mean over all posts of lambda s + weighted mean over coded posts of (y - lambda s)

which is unbiased to first order whatever the scores are worth: they only make it narrower. It is
the power-tuned prediction-powered estimator (Angelopoulos, Duchi and Zrnic 2023, arXiv 2311.01453)
in its survey form (Särndal, Swensson and Wretman 1992, chapters 5 and 6).

What is fitted is fitted over all cells of a frame, so that it is nearly fixed for each of them:
lambda, by least squares within cells, drawn to 0 where it cannot be told from it; and kappa, the
ratio of the design variance to that of as many independent 0/1 draws, a generalised variance
function (Wolter 2007, chapter 7). kappa A theta (1 - theta), with A = sum (1 - pi) w^2 / (sum w)^2,
is then the variance of a cell at any theta, so that a cell without one positive still has an honest
upper bound. A cell whose own variance is greater than chance allows keeps its own.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import chdtri

from analysis.intervals import Interval, share_interval

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MIN_POSITIVES = 5
"""Positives and negatives over all cells that are needed to fit lambda, or a kappa below 1."""
FEW_POSITIVES = 3
"""A cell with fewer positives or negatives has a kappa of at least 1: scores do not narrow it."""
OWN_KAPPA = 0.9
"""Chance, if all cells had one kappa, of a cell's own being too small to be taken instead of it."""
MIN_KAPPA = 0.1
"""No cell is taken to be worth more than ten times its codings."""
MIN_IN_STRATUM = 5
"""Codings that each stratum of a cell needs before the cell is post-stratified."""
MAX_LAMBDA = 1.5
"""Scores are stretched no further; an honest probability needs 1."""


@dataclass(frozen=True, slots=True)
class Population:
    """All posts of the cells: cell (from 0), stratum (from 0) and score of each."""

    n_cells: int
    cell: Integers
    stratum: Integers
    score: Floats


@dataclass(frozen=True, slots=True)
class Coded:
    """The coded posts of one frame; `clusters` are labels, negative where unknown."""

    cell: Integers
    stratum: Integers
    score: Floats
    value: Floats
    probability: Floats
    clusters: tuple[Integers, ...] = ()


@dataclass(frozen=True, slots=True)
class CellEstimates:
    """One frame's estimates, an entry a cell; NaN where a cell has no coding.

    `variance_n` is the number of independent draws that would have the same variance, infinite
    where every post is coded; `effective_n` is the same without the correction for a finite
    population. `positives` and `negatives` count the codings above 0 and below 1.
    """

    estimate: Floats
    variance_n: Floats
    effective_n: Floats
    df: Floats
    n_coded: Integers
    positives: Integers
    negatives: Integers

    def interval(self, confidence: float | Floats) -> Interval:
        """Return the bounds of every cell at this confidence."""
        return share_interval(
            self.estimate,
            self.variance_n,
            df=self.df,
            confidence=confidence,
            n_with=self.positives,
            n_without=self.negatives,
        )

    def variance(self) -> Floats:
        """Return each cell's variance at its estimate drawn towards 1/2 by two draws."""
        certain = np.isinf(self.variance_n)
        n = np.where(certain, 1.0, self.variance_n)
        return np.where(certain, 0.0, _bernoulli(self.estimate, n) / n)


@dataclass(frozen=True, slots=True)
class _Sample:
    """A frame's codings, divided into parts: the cells, or their strata where post-stratified.

    `share` is the share of its cell's posts that a part holds; `excess` is (1 - pi) w^2, what each
    coding adds to the design variance.
    """

    coded: Coded
    part: Integers
    n_parts: int
    cell_of_part: Integers
    n_cells: int
    share: Floats
    score_mean: Floats
    weight: Floats
    excess: Floats

    def per_part(self, of_coded: Floats) -> Floats:
        return _totals(self.part, of_coded, self.n_parts)

    def per_cell(self, of_coded: Floats) -> Floats:
        return _totals(self.coded.cell, of_coded, self.n_cells)

    def cells_of(self, of_part: Floats) -> Floats:
        return _totals(self.cell_of_part, of_part, self.n_cells)

    def mean(self, of_coded: Floats) -> Floats:
        return _divide(self.per_part(self.weight * of_coded), self.per_part(self.weight))

    def centred(self, of_coded: Floats) -> Floats:
        return of_coded - self.mean(of_coded)[self.part]

    def design(self, of_coded: Floats) -> Floats:
        """Return per cell: sum over parts of share^2 * (sum of `of_coded`) / (sum of weights)^2."""
        totals = self.per_part(self.weight)
        return self.cells_of(self.share**2 * _divide(self.per_part(of_coded), totals**2))


def estimate_cells(population: Population, coded: Coded) -> CellEstimates:
    """Estimate one frame's share in every cell."""
    sample = _divide_into_parts(population, coded)
    n = sample.per_cell(np.ones_like(coded.value))
    positives = sample.per_cell((coded.value > 0).astype(np.float64))
    negatives = sample.per_cell((coded.value < 1).astype(np.float64))
    kish_n = _divide(np.ones_like(n), sample.design(sample.weight**2))
    fitted = min(positives.sum(), negatives.sum()) >= MIN_POSITIVES
    power = _power(sample, kish_n) if fitted else 0.0
    residual = coded.value - power * coded.score
    parts = power * sample.score_mean + sample.mean(residual)
    estimate = np.clip(sample.cells_of(sample.share * parts), 0.0, 1.0)
    minority = np.minimum(positives, negatives)
    off = _off_mean(sample, residual, n_slopes=int(power > 0))
    kappa = _clustering(sample, off, kish_n) * _kappa(sample, estimate, off, kish_n)
    kappa = np.maximum(kappa, np.where(minority < FEW_POSITIVES, 1.0, MIN_KAPPA))
    if not fitted:
        kappa = np.maximum(kappa, 1.0)
    spread = sample.design(sample.excess)
    return CellEstimates(
        estimate=np.where(n > 0, estimate, np.nan),
        variance_n=_divide(np.ones_like(n), kappa * spread, where_zero=np.inf),
        effective_n=kish_n / kappa,
        df=np.maximum(kish_n - 1, 1.0),
        n_coded=n.astype(np.int64),
        positives=positives.astype(np.int64),
        negatives=negatives.astype(np.int64),
    )


def _bernoulli(share: Floats, n: Floats) -> Floats:
    """Return theta (1 - theta) at the share drawn towards 1/2 by two draws, never 0 by chance."""
    drawn = (n * share + 1) / (n + 2)
    return drawn * (1 - drawn)


def _divide(above: Floats, below: Floats, *, where_zero: float = 0.0) -> Floats:
    filled = np.full(above.shape, where_zero)
    np.divide(above, below, out=filled, where=below > 0)
    return filled


def _totals(index: Integers, values: Floats, length: int) -> Floats:
    return np.asarray(np.bincount(index, weights=values, minlength=length), dtype=np.float64)


def _divide_into_parts(population: Population, coded: Coded) -> _Sample:
    n_strata = int(population.stratum.max(initial=0)) + 1
    n_parts = population.n_cells * n_strata
    cell_of_part = np.repeat(np.arange(population.n_cells), n_strata)
    posts = np.bincount(population.cell * n_strata + population.stratum, minlength=n_parts)
    codings = np.bincount(coded.cell * n_strata + coded.stratum, minlength=n_parts)
    too_few = np.logical_and(posts > 0, codings < MIN_IN_STRATUM)
    kept = np.asarray(~too_few.reshape(population.n_cells, n_strata).any(axis=1), dtype=np.int64)
    part_of_post = population.cell * n_strata + population.stratum * kept[population.cell]
    n_posts = np.bincount(part_of_post, minlength=n_parts).astype(np.float64)
    scores = _totals(part_of_post, population.score, n_parts)
    in_cell = np.bincount(population.cell, minlength=population.n_cells)[cell_of_part]
    weight = 1 / coded.probability
    return _Sample(
        coded=coded,
        part=coded.cell * n_strata + coded.stratum * kept[coded.cell],
        n_parts=n_parts,
        cell_of_part=cell_of_part,
        n_cells=population.n_cells,
        share=_divide(n_posts, in_cell.astype(np.float64)),
        score_mean=_divide(scores, n_posts),
        weight=weight,
        excess=(1 - coded.probability) * weight**2,
    )


def _off_mean(sample: _Sample, residual: Floats, *, n_slopes: int) -> Floats:
    """Return residuals from their part's mean, with squares that are unbiased despite the fit.

    A coding that carries the share h of its part's weight pulls the mean towards itself: its square
    is divided by 1 - h (HC2 of MacKinnon and White 1985), and all by what the slopes used up.
    """
    pull = sample.weight / sample.per_part(sample.weight)[sample.part]
    spare = len(residual) - len(np.unique(sample.part))
    freedom = max(spare - n_slopes, 1) / max(spare, 1)
    return sample.centred(residual) * np.sqrt(_divide(np.ones_like(pull), (1 - pull) * freedom))


def _power(sample: _Sample, kish_n: Floats) -> float:
    """Return lambda: the slope of codings on scores within parts, as the design weighs them.

    Drawn towards 0 by the positive-part rule max(0, 1 - variance / slope^2), never negative.
    """
    value, score = sample.centred(sample.coded.value), sample.centred(sample.coded.score)
    total = sample.per_part(sample.weight)[sample.part]
    leverage = sample.excess * (sample.share[sample.part] * kish_n[sample.coded.cell] / total) ** 2
    information = float(np.sum(leverage * score**2))
    if information <= 0:
        return 0.0
    slope = float(np.sum(leverage * score * value)) / information
    if slope <= 0:
        return 0.0
    noise = float(np.sum((leverage * score * (value - slope * score)) ** 2)) / information**2
    n = len(value)
    noise *= n / max(n - len(np.unique(sample.part)) - 1, 1)
    return min(slope * max(0.0, 1 - noise / slope**2), MAX_LAMBDA)


def _kappa(sample: _Sample, estimate: Floats, residual: Floats, kish_n: Floats) -> Floats:
    """Return design variance over that of as many independent 0/1 draws: of all cells together.

    A cell whose own ratio is greater than chance allows has its own: a classifier may do worse in
    one community than in the rest.
    """
    variance, spread = sample.design(sample.excess * residual**2), sample.design(sample.excess)
    # theta (1 - theta) is understated by the variance of theta; that without finite correction here
    uncertain = sample.design(sample.weight**2 * residual**2)
    draws = (estimate * (1 - estimate) + uncertain) * spread
    expected = float(np.sum(kish_n**2 * draws))
    shared = float(np.sum(kish_n**2 * variance)) / expected if expected > 0 else 1.0
    own = _divide(variance, _bernoulli(estimate, kish_n) * spread)
    df = np.maximum(kish_n - 1, 1.0)
    return np.where(own * df > shared * chdtri(df, 1 - OWN_KAPPA), own, shared)


def _clustering(sample: _Sample, residual: Floats, kish_n: Floats) -> float:
    """Return by how much codings of one cluster leaning together widen the variance, from 1.

    Independent draws make the design variance enough for the finite target; the clustered one
    is used where it is greater, so that the interval also holds where one author's or one thread's
    codings err together. Two ways of clustering combine as in Cameron, Gelbach and Miller (2011).
    """
    if not sample.coded.clusters:
        return 1.0
    variance = sample.design(sample.excess * residual**2)
    total = sample.per_part(sample.weight)[sample.part]
    scores = np.sqrt(sample.excess) * residual * sample.share[sample.part] / total
    labels = [_known_clusters(cluster) for cluster in sample.coded.clusters]
    clustered = sum(_within(sample, scores, label) for label in labels)
    if len(labels) > 1:
        _, both = np.unique(np.stack(labels), axis=1, return_inverse=True)
        clustered = clustered - _within(sample, scores, both)
    plain = float(np.sum(kish_n**2 * variance))
    return max(1.0, float(np.sum(kish_n**2 * clustered)) / plain) if plain > 0 else 1.0


def _known_clusters(labels: Integers) -> Integers:
    """Return the labels with each unknown one made a cluster of its own."""
    own = labels.max(initial=0) + 1 + np.arange(len(labels))
    return np.where(labels < 0, own, labels)


def _within(sample: _Sample, scores: Floats, labels: Integers) -> Floats:
    """Return per cell the sum of squared cluster totals of `scores`."""
    pairs, place = np.unique(np.stack([sample.coded.cell, labels]), axis=1, return_inverse=True)
    totals = _totals(place, scores, pairs.shape[1])
    return _totals(pairs[0], totals**2, sample.n_cells)
