"""Least squares of topics' weights in posts, with variances and draws that hold by author.

Posts of one author, community and period have the same row of the design, so they are gathered
first; then nothing costs more than the number of such triples. Two ways of saying how sure the
coefficients are:

- `sandwich`: the variance of the jackknife that leaves out one author at a time (CV3 of MacKinnon,
  Nielsen and Webb 2023, Journal of Applied Econometrics 38:671), exactly, by adjusting residuals
  with the author's own block of the hat matrix (Bell and McCaffrey 2002, Survey Methodology
  28:169). An author of very many posts then widens what rests on that author.
- `draws`: the bootstrap, fitted anew with exponential weights of mean 1 for authors (Rubin 1981,
  Annals of Statistics 9:130). Weights above zero keep every community in every draw.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array

from analysis.author_cells import Floats, Integers, distinct_pairs, known_authors

ROUNDING = 1e-9
"""Share of the greatest eigenvalue under which another is nothing but rounding."""
ALIKE = 1e-6
"""Difference of two rows of contrasts under which they are the same."""
DRAWS_AT_ONCE = 50


class GatheredPosts(NamedTuple):
    """Posts gathered by author and cell of community and period.

    Attributes
    ----------
    group, period : (n_cells,) integers
        In order of group and period.
    n_posts : (n_cells,) floats
    cell, author, times : (n_pairs,) integers
        Cell, author (from 0) and posts of each pair, in order of authors.
    sums : (n_pairs, n_topics) sparse floats
        Of the weights of the pair's posts.
    """

    group: Integers
    period: Integers
    n_posts: Floats
    cell: Integers
    author: Integers
    times: Integers
    sums: csr_array

    @property
    def n_authors(self) -> int:
        """Return how many authors there are."""
        return int(self.author.max(initial=-1)) + 1

    def totals(self) -> Floats:
        """Return the sums (n_cells, n_topics) of all posts of each cell."""
        return np.asarray((_places(self.cell, len(self.group)) @ self.sums).todense())


def gather(
    weights: csr_array, group: ArrayLike, period: ArrayLike, author: ArrayLike
) -> GatheredPosts:
    """Return posts gathered; an author below 0 is unknown and somebody else in every post."""
    groups, periods = np.asarray(group, dtype=np.int64), np.asarray(period, dtype=np.int64)
    cells, of_post, n_posts = distinct_pairs(groups, periods)
    people = known_authors(np.asarray(author, dtype=np.int64))
    pairs, place, times = distinct_pairs(people, of_post)
    _, number = np.unique(pairs[0], return_inverse=True)
    return GatheredPosts(
        group=cells[0],
        period=cells[1],
        n_posts=n_posts.astype(np.float64),
        cell=pairs[1],
        author=number,
        times=times,
        sums=csr_array(_places(place, len(times)) @ weights),
    )


def _places(row: Integers, n_rows: int) -> csr_array:
    """Return the sparse matrix that sums what belongs to each row."""
    ones = np.ones(len(row))
    return csr_array((ones, (row, np.arange(len(row)))), shape=(n_rows, len(row)))


class Fit(NamedTuple):
    """Coefficients (n_columns, n_topics), and the pseudo-inverse of the design's moments."""

    coefficients: Floats
    inverse: Floats
    moments: Floats

    def tells(self, contrasts: Floats) -> NDArray[np.bool_]:
        """Return which contrasts (n_contrasts, n_columns) the posts tell at all."""
        told = contrasts @ self.inverse @ self.moments
        return np.asarray(np.abs(told - contrasts).max(axis=1, initial=0.0) < ALIKE)


def fit(posts: GatheredPosts, design: Floats) -> Fit:
    """Fit the mean weight of each topic by a design (n_cells, n_columns), every post alike."""
    moments = design.T @ (design * posts.n_posts[:, None])
    inverse = np.linalg.pinv(moments, rcond=ROUNDING, hermitian=True)
    aims = design.T @ posts.totals()
    return Fit(np.asarray(inverse @ aims, dtype=np.float64), np.asarray(inverse), moments)


def sandwich(posts: GatheredPosts, design: Floats, fitted: Fit) -> Floats:
    """Return the covariance (n_topics, n_columns, n_columns) of the coefficients."""
    residuals = posts.sums.toarray() - (
        posts.times[:, None] * (design @ fitted.coefficients)[posts.cell]
    )
    n_cells = np.bincount(posts.author)
    wide = np.flatnonzero(n_cells > design.shape[1])
    covariance = _of_wide_authors(posts, design, fitted.moments, residuals, wide)
    adjusted = _adjusted(posts, design, fitted.inverse, residuals)
    rows = csr_array(design)[posts.cell]
    ends = np.searchsorted(posts.author, np.arange(posts.n_authors + 1))
    shape = (posts.n_authors, design.shape[1])
    widths = np.diff(rows.indptr)
    for topic in range(residuals.shape[1]):
        data = rows.data * np.repeat(adjusted[:, topic], widths)
        scores = csr_array((data, rows.indices, rows.indptr[ends]), shape=shape).toarray()
        influence = scores @ fitted.inverse
        covariance[topic] += influence.T @ influence
    n = posts.n_authors
    return covariance * ((n - 1) / n if n else 1.0)


def _adjusted(posts: GatheredPosts, design: Floats, inverse: Floats, residuals: Floats) -> Floats:
    """Return residuals as they would be had the author not been in the fit.

    Those of authors of more cells than there are columns are 0: see `_of_wide_authors`.
    """
    adjusted = np.zeros_like(residuals)
    _, starts, n_cells = np.unique(posts.author, return_index=True, return_counts=True)
    for size in np.unique(n_cells[n_cells <= design.shape[1]]):
        place = starts[n_cells == size][:, None] + np.arange(size)[None, :]
        rows, root = design[posts.cell[place]], np.sqrt(posts.times[place].astype(np.float64))
        hat = np.matmul(rows @ inverse, rows.transpose(0, 2, 1))
        left = np.eye(size)[None] - root[:, :, None] * hat * root[:, None, :]
        turned = np.linalg.pinv(left, rcond=ROUNDING, hermitian=True)
        own = turned @ (residuals[place] / root[:, :, None])
        adjusted[place] = own * root[:, :, None]
    return adjusted


def _of_wide_authors(
    posts: GatheredPosts, design: Floats, moments: Floats, residuals: Floats, wide: Integers
) -> Floats:
    """Return what authors of more cells than columns add: each is left out of the moments."""
    covariance = np.zeros((residuals.shape[1], design.shape[1], design.shape[1]))
    for author in wide.tolist():
        start, end = np.searchsorted(posts.author, [author, author + 1])
        rows = design[posts.cell[start:end]]
        without = moments - rows.T @ (rows * posts.times[start:end, None])
        inverse = np.linalg.pinv(without, rcond=ROUNDING, hermitian=True)
        influence = (inverse @ (rows.T @ residuals[start:end])).T
        covariance += influence[:, :, None] * influence[:, None, :]
    return covariance


def draws(
    posts: GatheredPosts,
    design: Floats,
    contrasts: Floats,
    *,
    n_draws: int,
    random: np.random.Generator,
) -> Floats:
    """Return draws (n_draws, n_contrasts, n_topics) of contrasts, fitted to weighted authors."""
    n_topics, n_columns = posts.sums.shape[1], design.shape[1]
    kept = posts.sums.tocoo()
    n_cells = len(posts.group)
    having = csr_array(
        (
            kept.data,
            (posts.cell[kept.coords[0]] * n_topics + kept.coords[1], posts.author[kept.coords[0]]),
        ),
        shape=(n_cells * n_topics, posts.n_authors),
    )
    sizes = csr_array(
        (posts.times.astype(np.float64), (posts.cell, posts.author)),
        shape=(n_cells, posts.n_authors),
    )
    squares = (design[:, :, None] * design[:, None, :]).reshape(n_cells, -1)
    across = csr_array(design.T)
    found = np.empty((n_draws, len(contrasts), n_topics))
    for start in range(0, n_draws, DRAWS_AT_ONCE):
        n = min(DRAWS_AT_ONCE, n_draws - start)
        weights = random.standard_exponential((n, posts.n_authors)).T
        moments = np.asarray((sizes @ weights).T @ squares).reshape(n, n_columns, n_columns)
        sums = np.asarray(having @ weights).reshape(n_cells, n_topics * n)
        aims = np.asarray(across @ sums).reshape(n_columns, n_topics, n).transpose(2, 0, 1)
        inverse = np.linalg.pinv(moments, rcond=ROUNDING, hermitian=True)
        found[start : start + n] = contrasts @ (inverse @ aims)
    return found
