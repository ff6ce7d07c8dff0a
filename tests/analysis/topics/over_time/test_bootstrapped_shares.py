"""Shares with intervals from a bootstrap of authors, beside a plain loop and planted truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.optimize import brentq
from scipy.special import ndtr
from scipy.stats import beta, binom, t

from analysis.author_cells import author_cells, likeness, squared_deviations
from analysis.series import topic_shares
from analysis.topics.over_time.shares import bootstrapped_shares

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]


def talk(seed: int, *, n_posts: int = 400, n_topics: int = 3) -> dict[str, Integers]:
    """Return posts of two communities and two months, whose authors keep to topics."""
    draw = np.random.default_rng(seed)
    author = draw.integers(0, 60, n_posts)
    favourite = draw.integers(0, n_topics, 60)
    keeps = draw.random(n_posts) < 0.5
    return {
        "leading": np.where(keeps, favourite[author], draw.integers(-1, n_topics, n_posts)),
        "period": draw.integers(600, 602, n_posts),
        "group": draw.integers(0, 2, n_posts),
        "author": author,
    }


def looped_bounds(
    posts: dict[str, Integers], topic: int, cell: tuple[int, int], alike: float, *, n_draws: int
) -> tuple[float, float]:
    """Return the bounds of one cell and topic, draw by draw and post by post."""
    inside = (posts["group"] == cell[0]) & (posts["period"] == cell[1])
    of_post, leads = posts["author"][inside], posts["leading"][inside] == topic
    authors = sorted(set(of_post.tolist()))
    n, share = len(of_post), leads.mean()
    sizes = np.array([(of_post == a).sum() for a in authors])
    having = np.array([(leads & (of_post == a)).sum() for a in authors])
    company = (sizes**2).sum() / n
    worth = 1 + alike * (company - 1)
    wanted = share * (1 - share) * worth / n
    own = ((having - share * sizes) ** 2).sum() / n**2 * len(authors) / (len(authors) + 1)
    random = np.random.default_rng([7, *cell])
    more = random.standard_exponential(n_draws, dtype=np.float32)
    low, high = [], []
    weights = random.standard_exponential((len(authors), n_draws))
    for number in range(n_draws):
        weight = {a: weights[place, number] for place, a in enumerate(authors)}
        with_topic = sum(weight[a] for a, led in zip(of_post, leads, strict=True) if led)
        total = sum(weight[a] for a in of_post)
        centre = np.log(share / (1 - share))
        off = np.log(with_topic / (total - with_topic)) - centre
        drawn = 1 / (1 + np.exp(-(centre + off * np.sqrt(wanted / own))))
        one = worth / n * float(more[number])
        low.append(drawn / (1 + one * (0.5 + 0.5 * np.exp(-(1 - share) * n / worth))))
        added = one * (0.5 + 0.5 * np.exp(-share * n / worth))
        high.append((drawn + added) / (1 + added))
    tail = ndtr(t.ppf(0.025, 2 * (n**2 / (sizes**2).sum() - 1)))
    place = max(int(np.ceil(tail * n_draws)) - 1, 0)
    last = min(int(np.ceil((1 - tail) * n_draws)) - 1, n_draws - 1)
    return sorted(low)[place], sorted(high)[last]


def test_bounds_are_those_of_a_plain_loop_with_the_same_weights() -> None:
    posts = talk(3)
    table = bootstrapped_shares(**posts, n_topics=3, n_draws=200, random_state=7)
    alike = likeness(author_cells(**posts, n_topics=3))
    for row in table.to_pylist():
        assert row["method"] == "bootstrap"
        low, high = looped_bounds(
            posts,
            row["topic"],
            (row["group"], row["period"]),
            alike[row["topic"]],
            n_draws=200,
        )
        assert row["lower"] == pytest.approx(low, abs=2e-6)
        assert row["upper"] == pytest.approx(high, abs=2e-6)


def test_squared_deviations_are_those_summed_author_by_author() -> None:
    posts = talk(4)
    cells = author_cells(**posts, n_topics=3)
    found = squared_deviations(cells)
    for number, (group, period) in enumerate(zip(cells.group, cells.period, strict=True)):
        inside = (posts["group"] == group) & (posts["period"] == period)
        for topic in range(3):
            leads = posts["leading"][inside] == topic
            by_author = [
                leads[posts["author"][inside] == a].sum()
                - leads.mean() * (posts["author"][inside] == a).sum()
                for a in np.unique(posts["author"][inside])
            ]
            assert found[number, topic] == pytest.approx(np.square(by_author).sum())


def test_shares_and_counts_are_those_of_the_analytic_table() -> None:
    posts = talk(5)
    drawn = bootstrapped_shares(**posts, n_topics=3)
    analytic = topic_shares(**posts, n_topics=3)
    for name in ("topic", "group", "period", "share", "n_posts"):
        assert drawn[name].equals(analytic[name])
    assert drawn["n_authors"].to_pylist()[:4] == [
        len(np.unique(posts["author"][(posts["group"] == g) & (posts["period"] == p)]))
        for g in (0, 1)
        for p in (600, 601)
    ]


def test_same_seed_same_bytes_and_no_other_cell_changes_a_cells_draws() -> None:
    posts = talk(6)
    columns = ["lower", "upper"]
    first, again, other = (
        bootstrapped_shares(**posts, n_topics=3, random_state=seed).select(columns)
        for seed in (1, 1, 2)
    )
    assert first.equals(again)
    assert not first.equals(other)
    order = np.random.default_rng(0).permutation(400)
    shuffled = {name: values[order] for name, values in posts.items()}
    assert bootstrapped_shares(**shuffled, n_topics=3, random_state=1).select(columns).equals(first)


def mid_p_bounds(k: int, n: int) -> tuple[float, float]:
    """Return the bounds of the mid-P test of a share."""

    def below(p: float) -> float:
        return float(binom.cdf(k - 1, n, p) + binom.pmf(k, n, p) / 2)

    lower = brentq(lambda p: 0.975 - below(p), 1e-9, k / n) if k else 0.0
    return float(lower), float(brentq(lambda p: below(p) - 0.025, k / n + 1e-9, 1 - 1e-9))


@pytest.mark.parametrize("k", [0, 1, 4, 12, 30])
def test_one_post_an_author_has_bounds_between_the_mid_p_and_the_exact_test(k: int) -> None:
    leading = np.repeat([0, 1], [k, 60 - k])
    row = bootstrapped_shares(leading, np.zeros(60), n_topics=2, n_draws=20_000).to_pylist()[0]
    low, high = mid_p_bounds(k, 60)
    exact = beta.ppf(0.025, k, 61 - k) if k else 0.0, beta.ppf(0.975, k + 1, 60 - k)
    assert exact[0] - 0.006 <= row["lower"] <= low + 0.006
    assert high - 0.006 <= row["upper"] <= exact[1] + 0.006


def test_a_topic_that_is_not_seen_may_still_be_there() -> None:
    leading = np.zeros(80, dtype=np.int64)
    never, always = bootstrapped_shares(leading, np.zeros(80), n_topics=2).to_pylist()[::-1]
    assert (never["share"], never["lower"]) == (0.0, 0.0)
    assert 0.01 < never["upper"] < 0.05
    assert (always["share"], always["upper"]) == (1.0, 1.0)
    assert always["lower"] == pytest.approx(1 - never["upper"])


def test_few_authors_have_the_analytic_bounds_and_one_has_none() -> None:
    leading = np.array([0, 1, 0, 1, 1, 0, 0, 0, 1])
    author = np.array([0, 0, 1, 2, 2, 3, 9, 9, 9])
    period = np.array([1] * 6 + [2] * 3)
    table = bootstrapped_shares(leading, period, author=author, n_topics=2)
    analytic = topic_shares(leading, period, author=author, n_topics=2)
    assert table["lower"].equals(analytic["lower"])
    assert table["method"].to_pylist() == ["effective counts", "one author"] * 2
    assert table["share"].to_pylist() == [0.5, None, 0.5, None]


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), n_posts=st.integers(0, 60))
def test_bounds_hold_the_share_and_stay_within_0_and_1(seed: int, n_posts: int) -> None:
    draw = np.random.default_rng(seed)
    table = bootstrapped_shares(
        draw.integers(-1, 2, n_posts),
        draw.integers(-3, 3, n_posts),
        author=draw.integers(-1, 20, n_posts),
        n_topics=2,
        n_draws=100,
    )
    for row in table.to_pylist():
        if row["share"] is not None:
            assert 0 <= row["lower"] <= row["share"] <= row["upper"] <= 1


def test_intervals_hold_what_authors_like_these_would_say() -> None:
    shares = np.array([0.3, 0.1, 0.02, 0.58])
    draw = np.random.default_rng(8)
    inside: list[Floats] = []
    for _ in range(40):
        n_posts = np.minimum(draw.zipf(1.9, (5, 50)), 40)
        leaning = draw.dirichlet(3 * shares, (5, 50))
        parts = [
            np.repeat(np.arange(4), draw.multinomial(n, lean))
            for n, lean in zip(n_posts.ravel(), leaning.reshape(-1, 4), strict=True)
        ]
        size = n_posts.ravel()
        table = bootstrapped_shares(
            np.concatenate(parts),
            np.repeat(np.repeat(np.arange(5), 50), size),
            author=np.repeat(np.arange(250), size),
            n_topics=4,
            n_draws=399,
        )
        truth = np.repeat(shares, 5)
        inside.append((np.array(table["lower"]) <= truth) & (truth <= np.array(table["upper"])))
    held = np.mean(inside, axis=0).reshape(4, 5).mean(axis=1)
    assert held.min() >= 0.93


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="leads with topic 2"):
        bootstrapped_shares([2], [0], n_topics=2)
    with pytest.raises(ValueError, match="n_draws is 5"):
        bootstrapped_shares([0], [0], n_topics=1, n_draws=5)
    with pytest.raises(ValueError, match="confidence is 95"):
        bootstrapped_shares([0], [0], n_topics=1, confidence=95)
    assert bootstrapped_shares([], [], n_topics=2).num_rows == 0
