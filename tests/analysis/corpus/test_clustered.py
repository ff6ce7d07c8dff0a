from collections.abc import Callable

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.stats import binomtest, false_discovery_control

from analysis.corpus.clustered import ClusteredLogRatio, clustered_log_ratio
from analysis.corpus.keyness import keyness
from tests.analysis.corpus.worlds import Design, World, world


def of(posts: World, **options: object) -> ClusteredLogRatio:
    return clustered_log_ratio(
        posts.counts,
        posts.n_tokens,
        posts.is_target,
        clusters=(posts.author, posts.thread),
        **options,  # type: ignore[arg-type] # passed on
    )


def naive_misses(posts: World, truth: float) -> np.ndarray:
    totals = [posts.counts[side].sum(axis=0) for side in (posts.is_target, ~posts.is_target)]
    sizes = [posts.n_tokens[side].sum() for side in (posts.is_target, ~posts.is_target)]
    naive = keyness(*totals, size_target=sizes[0], size_reference=sizes[1])
    return (truth < naive.lower) | (truth > naive.upper)


def coverage(design: Design, *, n_worlds: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the share of bounds that hold the truth, clustered and naive, for each word."""
    draw = np.random.default_rng(seed)
    truth = np.log2(design.ratio)
    held, naive = [], []
    for _ in range(n_worlds):
        posts = world(draw, design)
        found = of(posts)
        used = posts.counts.sum(axis=0) > 0
        held.append(np.where(used, (found.lower <= truth) & (truth <= found.upper), True))
        naive.append(~naive_misses(posts, truth))
    return np.mean(held, axis=0), np.mean(naive, axis=0)


def test_bounds_hold_where_authors_and_threads_share_words_and_naive_ones_do_not() -> None:
    held, naive = coverage(Design(), n_worlds=120, seed=1)
    assert held.mean() >= 0.95
    assert held.min() >= 0.93
    assert naive[2:].mean() < 0.6


@pytest.mark.slow
@pytest.mark.parametrize(
    ("design", "naive_at_most"),
    [
        (Design(thread_keeping=0), 0.7),
        (Design(author_keeping=0, thread_keeping=2), 0.7),
        (Design(author_keeping=2, thread_keeping=2), 0.6),
        (Design(n_authors=600, n_threads=400), 0.6),
        (Design(n_authors=60, n_threads=60, ratio=1), 0.8),
        (Design(author_keeping=0, thread_keeping=0), 1.0),
    ],
)
def test_bounds_hold_however_posts_are_alike(
    design: Design, naive_at_most: float, tell: Callable[[str], None]
) -> None:
    held, naive = coverage(design, n_worlds=600, seed=2)
    tell(f"{design}: {held.round(3)} naive {naive.round(3)}")
    assert held.min() >= 0.93
    assert naive[2:].mean() < naive_at_most


def test_under_equal_rates_few_p_values_are_small() -> None:
    draw = np.random.default_rng(3)
    p_values = [of(world(draw, Design(ratio=1))).p_value for _ in range(80)]
    small = np.mean(np.concatenate(p_values) < 0.05)
    assert small <= 0.05


def test_posts_of_their_own_authors_have_nearly_the_bounds_of_independent_words() -> None:
    draw = np.random.default_rng(4)
    n = 6000
    counts = (draw.random((n, 2)) < [0.02, 0.004]).astype(int)
    is_target = draw.random(n) < 0.5
    found = clustered_log_ratio(csr_array(counts), np.full(n, 40), is_target)
    for word in range(2):
        first, second = found.n_target[word], found.n_reference[word]
        share = binomtest(int(first), int(first + second)).proportion_ci(method="exact")
        shift = np.log2((~is_target).sum() / is_target.sum())
        assert found.lower[word] == pytest.approx(
            np.log2(share.low / (1 - share.low)) + shift, abs=0.05
        )
        assert found.upper[word] == pytest.approx(
            np.log2(share.high / (1 - share.high)) + shift, abs=0.05
        )
    np.testing.assert_allclose(found.q_value, false_discovery_control(found.p_value))


def test_a_word_of_one_side_has_one_open_end() -> None:
    draw = np.random.default_rng(5)
    counts = draw.poisson(0.2, (200, 2))
    is_target = np.arange(200) < 100
    counts[~is_target, 0] = 0
    counts[:, 1] = 0
    author = draw.integers(0, 50, 200)
    found = clustered_log_ratio(counts, np.full(200, 60), is_target, clusters=(author,))
    assert found.upper[0] == np.inf
    assert 0 < found.lower[0] < found.log_ratio[0]
    assert found.n_posts_target.tolist() == (counts[is_target] > 0).sum(axis=0).tolist()
    assert found.n_posts_reference.tolist() == [0, 0]
    assert found.p_value[0] < 0.01
    assert np.isnan([found.log_ratio[1], found.lower[1], found.p_value[1], found.q_value[1]]).all()
    assert found.to_arrow()["lower"].null_count == 1


def test_a_side_of_one_author_has_no_bounds() -> None:
    counts, tokens = np.ones((6, 1)), np.full(6, 10)
    is_target = np.arange(6) < 3
    found = clustered_log_ratio(counts, tokens, is_target, clusters=([7, 7, 7, 1, 2, 3],))
    assert np.isnan([found.lower[0], found.upper[0], found.p_value[0]]).all()
    unknown = clustered_log_ratio(counts, tokens, is_target, clusters=([-1, -1, -1, 1, 2, 3],))
    assert np.isfinite([unknown.lower[0], unknown.upper[0]]).all()


def test_nothing_gives_nothing_and_what_cannot_be_is_refused() -> None:
    empty = clustered_log_ratio(np.zeros((0, 3)), [], np.zeros(0, dtype=bool))
    assert np.isnan(empty.log_ratio).all()
    assert empty.n_target.tolist() == [0, 0, 0]
    no_words = clustered_log_ratio(csr_array((4, 0)), np.ones(4), [True, True, False, False])
    assert no_words.to_arrow().num_rows == 0
    counts, tokens, side = np.ones((2, 1)), np.ones(2), np.array([True, False])
    with pytest.raises(ValueError, match="holds int64; give 2 booleans"):
        clustered_log_ratio(counts, tokens, [1, 0])
    with pytest.raises(ValueError, match="3 ways of clustering"):
        clustered_log_ratio(counts, tokens, side, clusters=([0, 1],) * 3)
    with pytest.raises(ValueError, match="clusters has the shape"):
        clustered_log_ratio(counts, tokens, side, clusters=([0],))
    with pytest.raises(ValueError, match="a post has more occurrences than tokens"):
        clustered_log_ratio(2 * counts, tokens, side)


def test_the_order_of_posts_and_the_names_of_clusters_change_nothing() -> None:
    posts = world(np.random.default_rng(6), Design())
    order = np.random.default_rng(7).permutation(len(posts.author))
    moved = World(*(column[order] for column in posts))
    renamed = moved._replace(author=1000 - moved.author, thread=7 * moved.thread)
    first, second = of(posts), of(renamed)
    for name in ("log_ratio", "lower", "upper", "p_value", "effective_target"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), rtol=1e-9)


def test_what_is_given_is_not_changed() -> None:
    table = csr_array((np.array([1.0, 2, 0]), ([0, 0, 1], [0, 0, 0])), shape=(2, 1))
    before = table.data.copy()
    clustered_log_ratio(table, [5, 5], np.array([True, False]))
    np.testing.assert_array_equal(table.data, before)
