"""Non-negative factorisation X ~ W H of sparse rows: the numerics under the topics.

Hierarchical alternating least squares (Cichocki and Phan 2009): each topic in turn is set to its
best value with all others held, for W post by post and for H from W'W and W'X alone. These two
small matrices are all that H needs of the posts; they add up over blocks of posts and over nights,
so that no more than a block is held dense, and an update needs the new posts alone. Nothing is
drawn at random but the start of the singular vectors, from a seed.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import qr
from scipy.sparse import csr_array

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROWS_AT_ONCE = 4_096
"""Posts whose loadings are found together: as many as stay in the processor's cache."""
TOLERANCE, MOST_SWEEPS = 1e-6, 500
"""A post's loadings are found where no sweep over the topics moves one by more."""
_TINY = float(np.finfo(np.float64).tiny)
_WORTH_COPYING = 0.7
"""Posts at rest are set aside when no more than this share still moves."""


class Statistics(NamedTuple):
    """What a basis needs of posts: W'W (k, k) and W'X (k, n_terms), row by row of the topics."""

    gram: Floats
    cross: Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Factorised:
    """A basis with rows of length one, its statistics, and how it was reached."""

    basis: Floats
    statistics: Statistics
    n_iter: int
    converged: bool


def first_basis(terms: csr_array, n_topics: int, *, random_state: int = 0) -> Floats:
    """Return a start (n_topics, n_terms) from singular vectors: NNDSVD.

    Of each pair of singular vectors the sign that weighs more is kept (Boutsidis and Gallopoulos
    2008); what lies below the mean of the terms is raised to it, as in their variant "a". The
    vectors are found in the space of the terms, so that the order of the posts does not matter.
    """
    left, values, right = _singular_vectors(terms, n_topics, random_state)
    basis = np.zeros((n_topics, terms.shape[1]))
    for topic in range(len(values)):
        positive = _size(left[:, topic], right[topic])
        negative = _size(-left[:, topic], -right[topic])
        sign = 1.0 if topic == 0 or positive >= negative else -1.0
        basis[topic] = np.maximum(sign * right[topic], 0.0)
    if len(values):
        basis[0] = np.abs(right[0])
    mean = terms.sum() / max(terms.shape[0] * terms.shape[1], 1)
    return unit_length(np.maximum(basis, mean))


def _singular_vectors(
    terms: csr_array, n: int, random_state: int, *, more: int = 10, rounds: int = 8
) -> tuple[Floats, Floats, Floats]:
    """Return the first n left vectors, values and right vectors, by subspace iteration."""
    n = min(n, *terms.shape)
    width = min(n + more, *terms.shape)
    start = np.random.default_rng(random_state).standard_normal((terms.shape[1], width))
    space = qr(start, mode="economic")[0]
    for _ in range(rounds):
        space = qr(terms.T @ (terms @ space), mode="economic")[0]
    reached = terms @ space
    values, turn = np.linalg.eigh(reached.T @ reached)
    greatest = np.argsort(-values, kind="stable")[:n]
    lengths = np.sqrt(np.maximum(values[greatest], 0.0))
    kept = greatest[lengths > 1e-10 * max(float(lengths.max(initial=0.0)), _TINY)]
    right = (space @ turn[:, kept]).T
    return reached @ turn[:, kept], lengths[: len(kept)], right


def _size(left: Floats, right: Floats) -> float:
    """Return how much of a pair of singular vectors lies above zero in both."""
    return float(np.linalg.norm(np.maximum(left, 0)) * np.linalg.norm(np.maximum(right, 0)))


def factorise(
    terms: csr_array,
    basis: Floats,
    *,
    pull: Floats | float = 0.0,
    towards: Floats | None = None,
    max_iter: int = 200,
    tolerance: float = 1e-3,
) -> Factorised:
    """Return the basis that a start leads to, its rows in the start's order.

    Parameters
    ----------
    terms : (n, n_terms)
    basis : (k, n_terms), rows of length one
        Where to start.
    pull, towards : broadcast to (k, n_terms); (k, n_terms)
        How much `towards` weighs in the basis, in multiples of what the posts weigh; a topic that
        no post pulls at stays there. The start if None.
    tolerance : float
        Ends when an iteration moves no row of the basis by more than this length.
    """
    towards = basis if towards is None else towards
    blocks = list(_blocks(terms))
    loadings = [np.zeros((len(basis), block.shape[0])) for block in blocks]
    statistics, moved, n_iter = Statistics(basis, basis), np.inf, 0
    for n_iter in range(1, max_iter + 1):
        statistics = _gather(blocks, basis, loadings, sweeps=5 if n_iter == 1 else 1)
        better = improve_basis(basis, statistics, pull=pull, towards=towards, sweeps=1)
        better, statistics, lengths = _rescaled(better, statistics)
        for rows in loadings:
            np.multiply(rows, lengths[:, None], out=rows)
        moved = float(np.linalg.norm(better - basis, axis=1).max())
        basis = better
        if moved <= tolerance:
            break
    return Factorised(
        basis=basis, statistics=statistics, n_iter=n_iter, converged=moved <= tolerance
    )


def improve_basis(
    basis: Floats,
    statistics: Statistics,
    *,
    pull: Floats | float = 0.0,
    towards: Floats | None = None,
    sweeps: int = 1,
) -> Floats:
    """Return the basis after some sweeps over its rows, each set to its best value in turn.

    Row t minimises the posts' part plus pull * gram[t, t] * |row - towards[t]|^2. A row without a
    post in the statistics stays as it is.
    """
    gram, cross = statistics
    better = basis.copy()
    towards = basis if towards is None else towards
    pull = np.atleast_2d(np.asarray(pull, dtype=np.float64))
    pull = np.broadcast_to(pull, (len(basis), pull.shape[1]))
    heard = np.flatnonzero(np.diag(gram) > _TINY)
    for topic in np.tile(heard, sweeps):
        held = gram[topic] @ better
        np.subtract(cross[topic], held, out=held)
        held /= gram[topic, topic]
        held += better[topic]
        held += pull[topic] * towards[topic]
        held /= 1.0 + pull[topic]
        np.maximum(held, 0.0, out=better[topic])
    return better


def gather_statistics(terms: csr_array, basis: Floats) -> tuple[Statistics, Floats]:
    """Return the statistics of posts by their best loadings, and how many posts each topic has.

    A post that is half of a topic counts a half there, (k,).
    """
    k = len(basis)
    gram, cross, posts = np.zeros((k, k)), np.zeros_like(basis), np.zeros(k)
    for block in _blocks(terms):
        loadings = non_negative_loadings(block, basis)
        narrow, used = _narrowed(block)
        gram += loadings.T @ loadings
        cross[:, used] += (csr_array(narrow.T) @ loadings).T
        posts += shares_of(loadings).sum(axis=0)
    return Statistics(gram, cross), posts


def shares_of(loadings: Floats) -> Floats:
    """Return each row divided by its sum; rows of zeros stay."""
    sums = loadings.sum(axis=1, keepdims=True)
    shares: Floats = np.zeros_like(loadings)
    np.divide(loadings, sums, out=shares, where=sums > 0)
    return shares


def rescaled(basis: Floats, statistics: Statistics) -> tuple[Floats, Statistics]:
    """Return the basis with rows of length one and the statistics that belong to it.

    The arrays are changed in place: a second set of them costs more than the numbers do.
    """
    return _rescaled(basis, statistics)[:2]


def _rescaled(basis: Floats, statistics: Statistics) -> tuple[Floats, Statistics, Floats]:
    lengths = row_lengths(basis)
    factors = np.where(lengths > 0, lengths, 1.0)
    gram, cross = statistics
    gram *= np.outer(factors, factors)
    cross *= factors[:, None]
    basis /= factors[:, None]
    return basis, statistics, factors


def non_negative_loadings(
    terms: csr_array,
    components: Floats,
    *,
    tolerance: float = TOLERANCE,
    max_iter: int = MOST_SWEEPS,
) -> Floats:
    """Return W (n, k) with no entry below zero that brings W @ components nearest to `terms`.

    Cyclic coordinate descent of each row until none of its entries moves by more than `tolerance`,
    so that a row's result does not depend on the others.
    """
    gram = components @ components.T
    found = np.zeros((terms.shape[0], len(components)))
    start = 0
    for block in _blocks(terms):
        aim = np.ascontiguousarray(_products(block, components).T)
        found[start : start + block.shape[0]] = _solve(aim, gram, tolerance, max_iter).T
        start += block.shape[0]
    return found


def unexplained(terms: csr_array, components: Floats, loadings: Floats) -> Floats:
    """Return which share of each row's squared length W @ components leaves unexplained, (n,).

    1 where nothing of a row is explained, 0 for a row that is explained whole or is empty.
    """
    gram = components @ components.T
    return _unexplained(terms, _products(terms, components), gram, loadings)


def loadings_and_unexplained(terms: csr_array, components: Floats) -> tuple[Floats, Floats]:
    """Return what `non_negative_loadings` gives, and what `unexplained` does of it."""
    gram = components @ components.T
    found, left = np.zeros((terms.shape[0], len(components))), np.zeros(terms.shape[0])
    start = 0
    for block in _blocks(terms):
        part = slice(start, start + block.shape[0])
        products = _products(block, components)
        found[part] = _solve(np.ascontiguousarray(products.T), gram, TOLERANCE, MOST_SWEEPS).T
        left[part] = _unexplained(block, products, gram, found[part])
        start += block.shape[0]
    return found, left


def _unexplained(terms: csr_array, aim: Floats, gram: Floats, loadings: Floats) -> Floats:
    length = np.asarray(terms.multiply(terms).sum(axis=1)).ravel()
    reached = (loadings @ gram) * loadings
    left = length - 2 * (aim * loadings).sum(axis=1) + reached.sum(axis=1)
    share: Floats = np.zeros_like(length)
    np.divide(left, length, out=share, where=length > 0)
    return np.clip(share, 0.0, 1.0)


def _products(terms: csr_array, components: Floats) -> Floats:
    """Return terms @ components.T, (n, k), for which few columns have to be laid out anew."""
    narrow, used = _narrowed(terms)
    return np.asarray(narrow @ np.ascontiguousarray(np.take(components, used, axis=1).T))


def _narrowed(terms: csr_array) -> tuple[csr_array, Integers]:
    """Return the rows over those columns alone that they have entries in, and these columns."""
    used = np.flatnonzero(np.bincount(terms.indices, minlength=terms.shape[1]))
    number = np.zeros(terms.shape[1], dtype=terms.indices.dtype)
    number[used] = np.arange(len(used))
    shape = (terms.shape[0], len(used))
    return csr_array((terms.data, number[terms.indices], terms.indptr), shape=shape), used


def evened_rows(rows: Floats, power: float) -> Floats:
    """Return the rows with each entry above zero raised to a power, of length one."""
    evened = np.zeros_like(rows)
    above = np.flatnonzero(rows > 0)  # powers of zero take long, and most entries are zero
    np.put(evened, above, np.take(rows, above) ** power)
    evened /= np.maximum(row_lengths(evened), _TINY)[:, None]
    return evened


def row_lengths(rows: Floats) -> Floats:
    """Return the Euclidean length of each row."""
    lengths: Floats = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    return lengths


def greatest_of_rows(rows: Floats, *, n: int) -> list[Integers]:
    """Return the places of the n greatest entries of each row, the greatest first; none of zero.

    Of equal ones the leftmost. Only entries are ranked that are not under the n-th greatest of the
    maxima of parts of the row, which few are.
    """
    ends = np.arange(0, rows.shape[1], max(rows.shape[1] // (4 * n), 1))
    maxima = np.maximum.reduceat(rows, ends, axis=1) if rows.size else rows
    least = np.zeros(len(rows))
    if maxima.shape[1] > n:
        least = np.partition(maxima, -n, axis=1)[:, -n]
    found = []
    for row, bound in zip(rows, least, strict=True):
        high = np.flatnonzero((row >= bound) & (row > 0))
        found.append(high[np.argsort(-row[high], kind="stable")[:n]].astype(np.int64))
    return found


def unit_length(rows: Floats) -> Floats:
    """Return the rows scaled to Euclidean length one; rows of zeros stay."""
    lengths = row_lengths(rows)[:, None]
    scaled = np.zeros_like(rows)
    np.divide(rows, lengths, out=scaled, where=lengths > 0)
    return scaled


def _solve(aim: Floats, gram: Floats, tolerance: float, max_iter: int) -> Floats:
    """Return the loadings (k, n) of posts whose products with the basis are `aim` (k, n)."""
    loadings = np.zeros_like(aim)
    moving = np.flatnonzero((aim > 0).any(axis=0))
    rows, goal = loadings[:, moving], aim[:, moving]
    for _ in range(max_iter):
        if not len(moving):
            break
        moved = _sweep(rows, goal, gram)
        still = moved > tolerance
        if still.mean() < _WORTH_COPYING:
            loadings[:, moving[~still]] = rows[:, ~still]
            moving, rows, goal = moving[still], rows[:, still], goal[:, still]
    loadings[:, moving] = rows
    return loadings


def _sweep(loadings: Floats, aim: Floats, gram: Floats) -> Floats:
    """Set each topic's loadings to their best in turn; return how far each post's moved."""
    moved = loadings.copy()
    for topic in np.flatnonzero(np.diag(gram) > 0):
        row = loadings[topic]
        better = gram[topic] @ loadings
        np.subtract(aim[topic], better, out=better)
        better /= gram[topic, topic]
        row += better
        np.maximum(row, 0.0, out=row)
    moved -= loadings
    furthest: Floats = np.abs(moved, out=moved).max(axis=0, initial=0.0)
    return furthest


def _gather(
    blocks: list[csr_array], basis: Floats, loadings: list[Floats], *, sweeps: int
) -> Statistics:
    """Improve the loadings in place and return their statistics."""
    gram, cross = np.zeros((len(basis), len(basis))), np.zeros_like(basis)
    between = basis @ basis.T
    across = np.ascontiguousarray(basis.T)
    for block, rows in zip(blocks, loadings, strict=True):
        aim = np.ascontiguousarray((block @ across).T)
        for _ in range(sweeps):
            _sweep(rows, aim, between)
        gram += rows @ rows.T
        cross += (block.T @ np.ascontiguousarray(rows.T)).T
    return Statistics(gram, cross)


def _blocks(terms: csr_array) -> Iterator[csr_array]:
    for start in range(0, terms.shape[0], ROWS_AT_ONCE):
        yield terms[start : start + ROWS_AT_ONCE]
