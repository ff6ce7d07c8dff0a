from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import binomtest

from analysis.corpus import resampling
from analysis.corpus.resampling import ResampledLogRatio, resampled_log_ratio
from tests.analysis.corpus.worlds import Design, World, world


def of(posts: World, *, n_draws: int = 300, random_state: int = 0) -> ResampledLogRatio:
    return resampled_log_ratio(
        posts.counts,
        posts.n_tokens,
        posts.is_target,
        clusters=(posts.author, posts.thread),
        n_draws=n_draws,
        random_state=random_state,
    )


def coverage(design: Design, *, n_worlds: int, seed: int) -> np.ndarray:
    draw = np.random.default_rng(seed)
    truth, held = np.log2(design.ratio), []
    for _ in range(n_worlds):
        posts = world(draw, design)
        found = of(posts)
        used = posts.counts.sum(axis=0) > 0
        held.append(np.where(used, (found.lower <= truth) & (truth <= found.upper), True))
    return np.mean(held, axis=0)


def test_bounds_hold_where_authors_and_threads_share_words() -> None:
    held = coverage(Design(), n_worlds=70, seed=1)
    assert held.mean() >= 0.94
    assert held.min() >= 0.92


@pytest.mark.slow
@pytest.mark.parametrize(
    "design",
    [
        Design(thread_keeping=0),
        Design(author_keeping=0, thread_keeping=2),
        Design(author_keeping=2, thread_keeping=2),
        Design(n_authors=600, n_threads=400),
        Design(n_authors=60, n_threads=60, ratio=1),
        Design(author_keeping=0, thread_keeping=0),
    ],
)
def test_bounds_hold_however_posts_are_alike(design: Design, tell: Callable[[str], None]) -> None:
    held = coverage(design, n_worlds=600, seed=2)
    tell(f"{design}: {held.round(3)}")
    assert held.min() >= 0.93


def test_words_once_in_a_post_have_nearly_the_exact_bounds_of_two_counts() -> None:
    n = 3000
    counts = np.zeros((n, 2))
    counts[:8, 0] = counts[-15:, 0] = 1
    counts[:300, 1] = counts[-200:, 1] = 1
    is_target = np.arange(n) < n // 2
    found = resampled_log_ratio(counts, np.full(n, 50), is_target, n_draws=8000)
    for word, (first, second) in enumerate([(8, 15), (300, 200)]):
        share = binomtest(first, first + second).proportion_ci(method="exact")
        expected = np.log2([share.low / (1 - share.low), share.high / (1 - share.high)])
        assert found.lower[word] == pytest.approx(expected[0], abs=0.12 if not word else 0.03)
        assert found.upper[word] == pytest.approx(expected[1], abs=0.12 if not word else 0.03)


def test_an_author_on_both_sides_counts_alike_on_both() -> None:
    # each author says the word at a rate of their own, on either side: the ratio is certain
    draw = np.random.default_rng(5)
    author = np.repeat(np.arange(60), 2)
    is_target = np.arange(120) % 2 == 0
    counts = np.repeat(draw.integers(5, 60, 60), 2)[:, None]
    tokens = np.full(120, 500)
    shared = resampled_log_ratio(counts, tokens, is_target, clusters=(author,))
    apart = resampled_log_ratio(counts, tokens, is_target, clusters=(np.arange(120),))
    assert shared.log_ratio[0] == apart.log_ratio[0] == 0
    assert shared.upper[0] - shared.lower[0] < 0.3 * (apart.upper[0] - apart.lower[0])


def test_the_same_seed_gives_the_same_bounds_and_another_one_nearly() -> None:
    posts = world(np.random.default_rng(6), Design())
    once, again, other = of(posts), of(posts), of(posts, random_state=1)
    np.testing.assert_array_equal(once.lower, again.lower)
    np.testing.assert_array_equal(once.upper, again.upper)
    assert (once.lower != other.lower).any()
    common = slice(2, None)
    np.testing.assert_allclose(once.lower[common], other.lower[common], atol=0.8)


def test_words_drawn_in_several_blocks_are_those_drawn_in_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    posts = world(np.random.default_rng(7), Design())
    together = of(posts, n_draws=4000)
    monkeypatch.setattr(resampling, "WORDS_AT_ONCE", 2)
    apart = of(posts, n_draws=4000)
    np.testing.assert_allclose(apart.lower[2:], together.lower[2:], atol=0.3)
    np.testing.assert_allclose(apart.upper[2:], together.upper[2:], atol=0.3)
    np.testing.assert_array_equal(apart.log_ratio, together.log_ratio)


def test_words_that_a_side_lacks_have_open_ends_and_lone_authors_no_bounds() -> None:
    draw = np.random.default_rng(8)
    counts = draw.poisson(0.3, (200, 3))
    is_target = np.arange(200) < 100
    counts[~is_target, 0] = 0
    counts[is_target, 1] = 0
    counts[:, 2] = 0
    author = draw.integers(0, 60, 200)
    found = resampled_log_ratio(counts, np.full(200, 60), is_target, clusters=(author,))
    assert (found.lower[0] > 0, found.upper[0]) == (True, np.inf)
    assert (found.lower[1], found.upper[1] < 0) == (-np.inf, True)
    assert np.isnan([found.log_ratio[2], found.lower[2], found.upper[2]]).all()
    lone = resampled_log_ratio(counts, np.full(200, 60), is_target, clusters=(is_target,))
    assert np.isnan([lone.lower, lone.upper]).all()
    empty = resampled_log_ratio(np.zeros((0, 2)), [], np.zeros(0, dtype=bool))
    assert empty.to_arrow()["lower"].null_count == 2


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(ValueError, match="n_draws is 10; give 100 or more"):
        resampled_log_ratio([1, 1], [5, 5], np.array([True, False]), n_draws=10)
