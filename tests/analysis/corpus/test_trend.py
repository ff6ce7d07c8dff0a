from collections.abc import Callable

import numpy as np
import pytest
from scipy.stats import t
from sklearn.linear_model import PoissonRegressor

from analysis.corpus.trend import Trend, trend

GROWTH = 0.1


def world(
    draw: np.random.Generator,
    *,
    rate: float = 5e-3,
    n_authors: int = 150,
    keeping: tuple[float, float] = (2.0, 1.0),
    n_periods: int = 12,
) -> tuple[np.ndarray, ...]:
    """Draw occurrences, tokens, periods, authors and threads of posts; threads last two periods."""
    author = np.repeat(np.arange(n_authors), np.minimum(draw.zipf(1.8, n_authors), 40))
    n_threads = 2 * n_authors
    thread = draw.integers(0, n_threads, len(author))
    begun = draw.integers(0, n_periods, n_threads)[thread]
    period = np.minimum(begun + draw.integers(0, 2, len(author)), n_periods - 1)
    liking = [
        draw.gamma(1 / variance, variance, n) if variance else np.ones(n)
        for variance, n in zip(keeping, (n_authors, n_threads), strict=True)
    ]
    tokens = np.maximum(draw.lognormal(4, 1, len(author)).astype(int), 1)
    mean = tokens * rate * np.exp(GROWTH * period) * liking[0][author] * liking[1][thread]
    n = draw.poisson(mean)
    return n, np.maximum(tokens, n), period, author, thread


def test_frequencies_are_those_counted_one_by_one_and_an_empty_period_has_none() -> None:
    draw = np.random.default_rng(0)
    period = draw.choice([3, 4, 6], 300)
    n, tokens, author = draw.poisson(1, 300), draw.integers(5, 90, 300), draw.integers(0, 80, 300)
    found = trend(n, np.maximum(tokens, n), period, clusters=(author,))
    assert found.period.tolist() == [3, 4, 5, 6]
    for row, when in enumerate(found.period):
        inside = period == when
        assert (found.n[row], found.n_posts[row]) == (n[inside].sum(), inside.sum())
        assert found.n_tokens[row] == np.maximum(tokens, n)[inside].sum()
        if inside.any():
            rate = 1e6 * n[inside].sum() / found.n_tokens[row]
            assert found.per_million[row] == pytest.approx(rate)
            assert found.lower[row] < rate < found.upper[row]
    assert np.isnan([found.per_million[2], found.lower[2], found.upper[2]]).all()
    assert found.to_arrow()["per_million"].to_pylist()[2] is None


def test_the_change_is_that_of_a_poisson_regression() -> None:
    n, tokens, period, author, thread = world(np.random.default_rng(1))
    found = trend(n, tokens, period, clusters=(author, thread))
    fitted = PoissonRegressor(alpha=0, tol=1e-10, max_iter=1000).fit(
        period[:, None], n / tokens, sample_weight=tokens
    )
    assert np.log(found.ratio_per_period) == pytest.approx(fitted.coef_[0], abs=1e-5)


def test_the_bounds_of_the_change_are_those_of_fits_without_each_author() -> None:
    n, tokens, period, author, _ = world(np.random.default_rng(2), n_authors=60)
    found = trend(n, tokens, period, clusters=(author,))
    log_width = np.log(found.ratio_upper / found.ratio_lower)
    slopes = []
    for each in np.unique(author):
        kept = author != each
        slopes.append(np.log(trend(n[kept], tokens[kept], period[kept]).ratio_per_period))
    spread = np.sqrt(np.sum((np.array(slopes) - np.log(found.ratio_per_period)) ** 2))
    sizes = np.bincount(author, weights=tokens)
    df = sizes.sum() ** 2 / np.sum(sizes**2) - 2
    assert log_width == pytest.approx(2 * t.ppf(0.975, df) * spread, rel=0.05)


def coverage(n_worlds: int, seed: int, **options: object) -> tuple[float, float, float]:
    """Return the share of right bounds of periods, naive ones, and of the change."""
    draw = np.random.default_rng(seed)
    held, naive, change = [], [], []
    for _ in range(n_worlds):
        n, tokens, period, author, thread = world(draw, **options)  # type: ignore[arg-type]
        found = trend(n, tokens, period, clusters=(author, thread))
        truth = 1e6 * float(options.get("rate", 5e-3)) * np.exp(GROWTH * found.period)  # type: ignore[arg-type]
        known = ~np.isnan(found.lower)
        held += ((found.lower <= truth) & (truth <= found.upper))[known].tolist()
        deviation = 1e6 * np.sqrt(np.maximum(found.n, 1)) / np.maximum(found.n_tokens, 1)
        off = np.abs(np.nan_to_num(found.per_million) - truth)
        naive += (off <= 1.96 * deviation)[known].tolist()
        change.append(found.ratio_lower <= np.exp(GROWTH) <= found.ratio_upper)
    return float(np.mean(held)), float(np.mean(naive)), float(np.mean(change))


def test_bounds_hold_where_authors_and_threads_keep_to_words() -> None:
    held, naive, change = coverage(40, 3)
    assert held >= 0.93
    assert naive < 0.6
    assert change >= 0.85  # of 40; three standard errors


@pytest.mark.slow
@pytest.mark.parametrize(
    "options",
    [
        {"rate": 5e-4},
        {"rate": 2e-2},
        {"keeping": (2.0, 0.0)},
        {"keeping": (0.0, 2.0)},
        {"keeping": (0.0, 0.0)},
        {"n_authors": 500},
    ],
)
def test_bounds_hold_however_posts_are_alike(
    options: dict[str, object], tell: Callable[[str], None]
) -> None:
    held, naive, change = coverage(400, 4, **options)
    tell(f"{options}: {held:.3f} naive {naive:.3f} change {change:.3f}")
    assert held >= 0.93
    assert change >= 0.93


def test_a_word_that_is_never_said_has_bounds_from_nothing_and_no_change() -> None:
    found = trend(np.zeros(40), np.full(40, 100), np.arange(40) % 2)
    assert found.per_million.tolist() == [0, 0]
    assert found.lower.tolist() == [0, 0]
    assert found.upper[0] == pytest.approx(-np.log(0.025) / 2000 * 1e6)
    assert np.isnan([found.ratio_per_period, found.ratio_lower, found.p_value]).all()


def test_a_period_of_one_author_says_nothing_about_them() -> None:
    found = trend(
        [2, 1, 0, 3, 1, 2],
        [50] * 6,
        [1, 1, 1, 2, 2, 2],
        clusters=([5, 5, 5, 1, 2, 3], [1, 2, 3, 4, 5, 6]),
    )
    assert found.n_posts.tolist() == [3, 3]
    assert np.isnan([found.per_million[0], found.lower[0], found.upper[0]]).all()
    assert np.isfinite([found.per_million[1], found.lower[1], found.upper[1]]).all()


def test_one_period_or_one_with_all_occurrences_has_no_change() -> None:
    alone = trend([1, 2, 0, 1], [50] * 4, [7] * 4)
    assert np.isnan(alone.ratio_per_period)
    late = trend([0, 0, 0, 0, 2, 1, 1, 3], [50] * 8, [1] * 4 + [2] * 4)
    assert np.isnan([late.ratio_per_period, late.p_value]).all()


def test_periods_asked_for_are_those_reported() -> None:
    found: Trend = trend([1, 2, 3], [10] * 3, [1, 2, 9], periods=[2, 3])
    assert found.period.tolist() == [2, 3]
    assert found.n.tolist() == [2, 0]


def test_nothing_gives_nothing_and_what_cannot_be_is_refused() -> None:
    assert trend([], [], []).to_arrow().num_rows == 0
    with pytest.raises(ValueError, match="period has the shape"):
        trend([1], [5], [1, 2])
    with pytest.raises(ValueError, match="a post has more occurrences than tokens"):
        trend([9], [5], [1])
    with pytest.raises(ValueError, match="confidence is 0"):
        trend([1], [5], [1], confidence=0)
