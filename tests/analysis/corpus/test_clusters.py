import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import binom, binomtest, chi2

from analysis.corpus.clusters import Spread, spread_of
from analysis.corpus.rates import rate_interval, ratio_of_rates


def left_out(counts: np.ndarray, tokens: np.ndarray, code: np.ndarray) -> np.ndarray:
    """Return the relative variance of each rate by leaving out each cluster in turn."""
    rate = counts.sum(axis=0) / tokens.sum()
    total = np.zeros(counts.shape[1])
    for cluster in np.unique(code):
        kept = code != cluster
        total += (counts[kept].sum(axis=0) / tokens[kept].sum() / rate - 1) ** 2
    return total


def some_posts(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    tokens = draw.integers(20, 200, 80)
    counts = draw.poisson(0.02 * tokens[:, None] * draw.gamma(1, 1, (80, 3)))
    return counts, tokens.astype(float), draw.integers(0, 25, 80), draw.integers(0, 15, 80)


def test_one_way_is_the_jackknife_over_clusters() -> None:
    counts, tokens, author, _ = some_posts(0)
    spread = spread_of(
        csr_array(counts.astype(float)), tokens, [np.unique(author, return_inverse=True)[1]]
    )
    np.testing.assert_allclose(1 / spread.effective_n, left_out(counts, tokens, author))
    np.testing.assert_array_equal(spread.n, counts.sum(axis=0))


@pytest.mark.parametrize("seed", range(5))
def test_two_ways_add_up_less_what_they_share_but_to_no_less_than_one(seed: int) -> None:
    counts, tokens, author, thread = some_posts(seed)
    codes = [np.unique(label, return_inverse=True)[1] for label in (author, thread)]
    spread = spread_of(csr_array(counts.astype(float)), tokens, codes)
    ways = [left_out(counts, tokens, label) for label in (author, thread, 100 * author + thread)]
    expected = np.maximum(np.maximum(ways[0], ways[1]), ways[0] + ways[1] - ways[2])
    np.testing.assert_allclose(1 / spread.effective_n, expected)


def test_few_clusters_that_differ_leave_few_degrees_of_freedom() -> None:
    tokens = np.full(40, 100.0)
    code = np.arange(40)
    even, uneven = np.ones(40), np.ones(40)
    uneven[:2] = 30
    half = (np.arange(40) % 2).astype(float)
    spread = spread_of(csr_array(np.stack([even, uneven, half], axis=1)), tokens, [code])
    assert spread.df[0] == pytest.approx(39)
    assert spread.df[1] < 3
    # half of the posts have the word once: all posts are off by as much, the variance is sure
    assert spread.df[2] == pytest.approx(39)
    unequal = spread_of(csr_array(even[:, None]), np.where(code < 2, 5000.0, 1.0), [code])
    assert unequal.df[0] < 2


def test_words_in_one_post_each_are_worth_their_count() -> None:
    counts = np.zeros((2000, 1))
    counts[:30] = 1
    spread = spread_of(csr_array(counts), np.full(2000, 50.0), [np.arange(2000)])
    assert spread.effective_n[0] == pytest.approx(30, rel=0.02)


def spread(n: list[float], n_tokens: float) -> Spread:
    counts = np.array(n, dtype=float)
    return Spread(counts, n_tokens, counts, counts, np.full(len(n), np.inf))


def test_bounds_of_a_rate_of_independent_occurrences_are_garwoods() -> None:
    n = np.array([1.0, 7, 120])
    found = rate_interval(spread(list(n), 1000), confidence=0.95)
    np.testing.assert_allclose(found.lower, chi2.ppf(0.025, 2 * n) / 2 / 1000)
    np.testing.assert_allclose(found.upper, chi2.ppf(0.975, 2 * n + 2) / 2 / 1000)
    none = rate_interval(spread([0.0], 1000), confidence=0.95, worth_unseen=3)
    assert none.lower[0] == 0
    assert none.upper[0] == pytest.approx(-3 * np.log(0.025) / 1000)


@pytest.mark.parametrize(("first", "second"), [(5, 9), (0, 4), (12, 0), (300, 280), (1, 1)])
def test_bounds_of_a_ratio_of_independent_counts_are_exact(first: int, second: int) -> None:
    sizes = 3000, 1000
    found = ratio_of_rates(spread([first], 3000), spread([second], 1000), confidence=0.95)
    share = binomtest(first, first + second).proportion_ci(0.95, method="exact")
    with np.errstate(divide="ignore"):
        odds = np.array([share.low, share.high]) / (1 - np.array([share.low, share.high]))
    expected = odds * sizes[1] / sizes[0]
    assert found.lower[0] == pytest.approx(expected[0])
    assert found.upper[0] == pytest.approx(expected[1])
    even = binom(first + second, sizes[0] / sum(sizes))
    p_value = min(1, 2 * min(even.cdf(first), even.sf(first - 1)))
    assert found.p_value[0] == pytest.approx(p_value)


def test_a_bound_meets_one_where_the_p_value_meets_its_level() -> None:
    first, second = spread([18.0], 1000), spread([40.0], 1000)
    p_value = ratio_of_rates(first, second, confidence=0.95).p_value[0]
    touching = ratio_of_rates(first, second, confidence=1 - p_value)
    assert touching.upper[0] == pytest.approx(1)
