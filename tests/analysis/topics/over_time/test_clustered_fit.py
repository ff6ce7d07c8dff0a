"""Fits by author, against least squares post by post, with each author left out or weighted."""

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.topics.over_time.clustered_fit import GatheredPosts, draws, fit, gather, sandwich

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

N_POSTS, N_TOPICS, N_PERIODS = 240, 3, 6


class Posts:
    """Posts with one row of a design each; the last author writes in more cells than columns."""

    def __init__(self, seed: int) -> None:
        draw = np.random.default_rng(seed)
        self.author = np.where(np.arange(N_POSTS) < 60, 25, draw.integers(0, 25, N_POSTS))
        self.group = draw.integers(0, 3, N_POSTS)
        self.period = draw.integers(0, N_PERIODS, N_POSTS)
        dense = draw.dirichlet(np.ones(N_TOPICS), N_POSTS)
        self.weights = np.where(dense > 0.2, dense, 0.0)

    def gathered(self) -> GatheredPosts:
        return gather(csr_array(self.weights), self.group, self.period, self.author)

    def rows(self) -> Floats:
        """Return the design post by post."""
        return design_of(self.group, self.period)


def design_of(group: Integers, period: Integers) -> Floats:
    when = period / N_PERIODS
    return np.column_stack([group[:, None] == np.arange(3), when, when**2]).astype(float)


def of_cells(posts: GatheredPosts) -> Floats:
    return design_of(posts.group, posts.period)


def test_gathered_sums_are_those_of_the_posts() -> None:
    posts = Posts(0)
    gathered = posts.gathered()
    assert gathered.n_posts.sum() == gathered.times.sum() == N_POSTS
    assert gathered.n_authors == len(np.unique(posts.author))
    for number, (group, period) in enumerate(zip(gathered.group, gathered.period, strict=True)):
        inside = (posts.group == group) & (posts.period == period)
        assert gathered.n_posts[number] == inside.sum()
        np.testing.assert_allclose(gathered.totals()[number], posts.weights[inside].sum(axis=0))


def test_coefficients_are_those_of_least_squares_over_posts() -> None:
    posts = Posts(1)
    gathered = posts.gathered()
    found = fit(gathered, of_cells(gathered)).coefficients
    plain, *_ = np.linalg.lstsq(posts.rows(), posts.weights, rcond=None)
    np.testing.assert_allclose(found, plain, atol=1e-10)


def test_the_sandwich_is_the_jackknife_that_leaves_out_each_author_in_turn() -> None:
    posts = Posts(2)
    gathered = posts.gathered()
    cells = of_cells(gathered)
    assert np.bincount(gathered.author).max() > cells.shape[1]
    found = sandwich(gathered, cells, fit(gathered, cells))
    whole, *_ = np.linalg.lstsq(posts.rows(), posts.weights, rcond=None)
    authors = np.unique(posts.author)
    without = np.stack(
        [
            np.linalg.lstsq(posts.rows()[keep], posts.weights[keep], rcond=None)[0] - whole
            for keep in (posts.author != author for author in authors)
        ]
    )
    jackknife = np.einsum("apk,aqk->kpq", without, without) * (len(authors) - 1) / len(authors)
    np.testing.assert_allclose(found, jackknife, atol=1e-12, rtol=1e-7)


def test_with_one_cell_the_variance_is_the_textbook_one_of_a_mean() -> None:
    draw = np.random.default_rng(3)
    value = draw.random(40)
    gathered = gather(csr_array(value[:, None]), np.zeros(40), np.zeros(40), np.full(40, -1))
    ones = np.ones((1, 1))
    found = sandwich(gathered, ones, fit(gathered, ones))
    assert found[0, 0, 0] == pytest.approx(value.var(ddof=1) / 40)


def test_draws_are_weighted_least_squares_with_the_same_weights() -> None:
    posts = Posts(4)
    gathered = posts.gathered()
    contrasts = np.array([[1.0, -1, 0, 0, 0], [0, 0, 0, 1, 0.5]])
    found = draws(
        gathered, of_cells(gathered), contrasts, n_draws=60, random=np.random.default_rng(9)
    )
    random = np.random.default_rng(9)
    parts = [random.standard_exponential((n, gathered.n_authors)) for n in (50, 10)]
    authors = np.unique(posts.author)
    for number, weights in enumerate(np.concatenate(parts)):
        root = np.sqrt(weights[np.searchsorted(authors, posts.author)])[:, None]
        plain, *_ = np.linalg.lstsq(posts.rows() * root, posts.weights * root, rcond=None)
        np.testing.assert_allclose(found[number], contrasts @ plain, atol=1e-9)


def test_it_is_known_which_contrasts_the_posts_do_not_tell() -> None:
    group, period = np.repeat([0, 1], 30), np.repeat([0, 1], 30)
    gathered = gather(csr_array(np.ones((60, 1))), group, period, np.arange(60))
    own = np.column_stack([gathered.group == 0, gathered.group == 1, gathered.period == 1])
    fitted = fit(gathered, own.astype(float))
    contrasts = np.array([[1.0, 0, 0], [1, -1, 0], [0, 1, 1]])
    assert fitted.tells(contrasts).tolist() == [True, False, True]
