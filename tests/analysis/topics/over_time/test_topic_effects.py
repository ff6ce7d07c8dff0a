"""Effects of community and period: planted ones are found, and an outage is none."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.intervals import benjamini_hochberg
from analysis.topics.over_time.effects import (
    FEW_AUTHORS,
    FEW_POSTS,
    NOT_SEEN,
    NOT_TOLD,
    TOO_LITTLE_SEEN,
    TopicEffects,
    redrawn_weights,
    topic_effects,
)

Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NAMES = ["carers", "peers", "nurses", "policy"]
ROLES = ["people", "people", "staff", None]
LEVELS = np.array([0.55, 0.50, 0.32, 0.40])
TERMS = {"community": NAMES, "role": ROLES}


@dataclass(frozen=True)
class Talk:
    """Posts with the shares of two topics in each; the first has the planted effects."""

    weights: Floats
    period: Integers
    group: Integers
    author: Integers

    def effects(self, keep: NDArray[np.bool_] | None = None, **options: Any) -> TopicEffects:
        kept = np.ones(len(self.group), dtype=bool) if keep is None else keep
        return topic_effects(
            self.weights[kept],
            self.period[kept],
            group=self.group[kept],
            author=self.author[kept],
            **({"terms": TERMS} | options),
        )


def talk(seed: int, *, n_authors: int = 400, n_posts: int = 6_000, rise: float = 0.1) -> Talk:
    """Return talk of 36 months in which the topic rises smoothly in the middle."""
    draw = np.random.default_rng(seed)
    home = draw.choice(4, n_authors, p=[0.4, 0.3, 0.2, 0.1])
    author = draw.choice(n_authors, n_posts, p=draw.dirichlet(np.full(n_authors, 0.7)))
    period = draw.integers(600, 636, n_posts)
    mean = LEVELS[home[author]] + course(period, rise)
    mean = mean + draw.normal(0, 0.05, n_authors)[author]
    first = np.clip(mean + draw.normal(0, 0.1, n_posts), 0, 1)
    return Talk(np.column_stack([first, 1 - first]), period, home[author], author)


def course(period: Integers, rise: float = 0.1) -> Floats:
    return rise * np.sin(np.pi * (period - 600) / 36)


def rows(table: pa.Table, **wanted: Any) -> list[dict[str, Any]]:
    return [
        row
        for row in table.to_pylist()
        if all(row[name] == value for name, value in wanted.items())
    ]


@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
def test_planted_differences_between_communities_and_roles_are_found(method: str) -> None:
    posts = talk(1, n_authors=1_500)
    found = posts.effects(method=method).levels
    size = np.bincount(posts.group) / len(posts.group)
    lift = course(np.arange(600, 636)).mean()
    truth = dict(zip(NAMES, LEVELS, strict=True))
    truth |= {"people": np.average(LEVELS[:2], weights=size[:2]), "staff": LEVELS[2]}
    together = np.average(LEVELS, weights=size)
    assert found.num_rows == 2 * 6
    for row in rows(found, topic=0):
        assert row["estimate"] == pytest.approx(truth[row["level"]] + lift, abs=0.03)
        assert row["lower"] < row["estimate"] < row["upper"]
        assert row["difference"] == pytest.approx(truth[row["level"]] - together, abs=0.02)
        assert row["difference_lower"] < row["difference"] < row["difference_upper"]
        assert row["q_value"] < 1e-4
    (nurses,) = rows(found, topic=0, level="nurses")
    inside = posts.group == 2
    assert nurses["n_posts"] == inside.sum()
    assert nurses["n_authors"] == len(np.unique(posts.author[inside]))


@pytest.mark.parametrize(("method", "least"), [("jackknife", 0.93), ("bootstrap", 0.87)])
def test_intervals_hold_the_planted_levels_and_course(method: str, least: float) -> None:
    levels, points, bands = [], [], []
    for seed in range(30):
        posts = talk(1_000 + seed, n_authors=120, n_posts=900)
        found = posts.effects(method=method, terms={"community": NAMES}, n_draws=299)
        together = np.bincount(posts.group) / len(posts.group) @ LEVELS
        for row in rows(found.levels, topic=0):
            truth = LEVELS[NAMES.index(row["level"])] - together
            if row["difference"] is not None:
                levels.append(row["difference_lower"] <= truth <= row["difference_upper"])
        curve = rows(found.curve, topic=0)
        truth = together + course(np.array([row["period"] for row in curve]))
        for kept, low, high in ((points, "lower", "upper"), (bands, "band_lower", "band_upper")):
            held = [row[low] <= t <= row[high] for row, t in zip(curve, truth, strict=True)]
            kept.append(np.mean(held) if kept is points else all(held))
    assert np.mean(levels) >= least
    assert np.mean(points) >= least
    assert np.mean(bands) >= least - 0.05


@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
def test_the_planted_course_lies_within_its_band(method: str) -> None:
    posts = talk(2)
    found = posts.effects(method=method)
    size = np.bincount(posts.group) / len(posts.group)
    for row in rows(found.curve, topic=0):
        truth = np.average(LEVELS, weights=size) + course(np.array([row["period"]]))[0]
        assert row["band_lower"] <= truth <= row["band_upper"]
        assert row["band_lower"] <= row["lower"] < row["upper"] <= row["band_upper"]
        assert row["upper"] - row["lower"] < 0.08
    assert max(found.changes["q_value"].to_pylist()) < 1e-6
    level = talk(3, rise=0.0).effects(method=method)
    assert min(level.changes["p_value"].to_pylist()) > 0.01


def test_estimates_are_those_of_least_squares_on_posts() -> None:
    posts = talk(4, n_posts=2_000)
    found = posts.effects(course="periods").curve
    own = posts.group[:, None] == np.arange(4)
    when = posts.period[:, None] == np.arange(601, 636)
    fitted, *_ = np.linalg.lstsq(np.column_stack([own, when]).astype(float), posts.weights)
    fixed = np.bincount(posts.group) / [len(np.unique(posts.period[own[:, g]])) for g in range(4)]
    base = fixed @ fitted[:4] / fixed.sum()
    expected = base + np.concatenate([np.zeros((1, 2)), fitted[4:]])
    np.testing.assert_allclose(np.array(found["estimate"]).reshape(36, 2), expected, atol=1e-9)


def test_an_outage_of_one_community_is_no_change_of_talk() -> None:
    posts = talk(5, rise=0.0, n_posts=9_000)
    special = posts.group == 0
    first = np.where(special, posts.weights[:, 0] + 0.3, posts.weights[:, 0] / 4)
    posts = Talk(np.column_stack([first, 1 - first]), posts.period, posts.group, posts.author)
    outage = special & (posts.period >= 615) & (posts.period < 621)
    naive = np.array(
        [posts.weights[~outage & (posts.period == t), 0].mean() for t in range(600, 636)]
    )
    assert naive[15:21].max() < naive[[*range(15), *range(21, 36)]].min() - 0.15
    for options in ({"course": "periods"}, {}):
        found = posts.effects(~outage, **options)
        curve = rows(found.curve, topic=0)
        values = np.array([row["estimate"] for row in curve])
        assert np.abs(values[15:21].mean() - np.delete(values, range(15, 21)).mean()) < 0.015
        assert all(row["lower"] < values.mean() < row["upper"] for row in curve[15:21])
        assert found.changes["p_value"].to_pylist()[0] > 0.01
    seen = np.array([row["share_seen"] for row in curve])
    assert (seen[15:21] < 0.75).all()
    assert np.delete(seen, range(15, 21)).min() > 0.99


def test_of_periods_that_were_not_seen_nothing_is_said() -> None:
    posts = talk(6)
    gap = (posts.period >= 610) & (posts.period < 618)
    found = posts.effects(~gap).curve
    silent = rows(found, refused_because=NOT_SEEN, topic=0)
    assert [row["period"] for row in silent] == list(range(610, 618))
    assert all(row["estimate"] is None and row["band_upper"] is None for row in silent)
    assert all(row["n_posts"] == 0 and row["share_seen"] == 0 for row in silent)
    jump = Talk(
        np.clip(posts.weights + np.where(posts.period >= 618, 0.2, 0.0)[:, None] * [[1, -1]], 0, 1),
        *(posts.period, posts.group, posts.author),
    )
    before, after = (
        rows(jump.effects(~gap).curve, topic=0, period=when)[0]["estimate"]
        - rows(found, topic=0, period=when)[0]["estimate"]
        for when in (609, 618)
    )
    assert (before, after) == pytest.approx((0.0, 0.2), abs=0.03)


def test_what_was_harvested_in_part_is_marked_and_what_was_hardly_is_left_out() -> None:
    posts = talk(7)
    complete = {(g, t): 1.0 for g in range(4) for t in range(600, 636)}
    complete |= {(0, 605): 0.75, (0, 610): 0.1, **{(g, 611): 0.0 for g in range(3)}}
    found = posts.effects(share_complete=complete).curve
    at = {row["period"]: row for row in rows(found, topic=0)}
    assert at[605]["share_complete"] == pytest.approx((3 + 0.75) / 4)
    assert at[605]["n_posts"] == (posts.period == 605).sum()
    assert at[610]["n_posts"] == ((posts.period == 610) & (posts.group != 0)).sum()
    assert 0.5 < at[610]["share_seen"] < 0.7
    assert at[611]["refused_because"] == TOO_LITTLE_SEEN
    assert at[611]["estimate"] is None
    assert posts.effects().curve["share_complete"].null_count == 72


def test_few_authors_or_posts_are_refused() -> None:
    posts = talk(8)
    policy = np.flatnonzero(posts.group == 3)
    kept = np.ones(len(posts.group), dtype=bool)
    kept[policy[25:]] = False
    few_posts = rows(posts.effects(kept).levels, level="policy")
    some = np.unique(posts.author[policy])[:9]
    kept = (posts.group != 3) | np.isin(posts.author, some)
    few_authors = rows(posts.effects(kept).levels, level="policy")
    assert {row["refused_because"] for row in few_posts} == {FEW_POSTS}
    assert {row["refused_because"] for row in few_authors} == {FEW_AUTHORS}
    for row in [*few_posts, *few_authors]:
        assert row["estimate"] is row["difference_lower"] is row["q_value"] is None
    nobody = posts.effects(np.isin(posts.author, np.unique(posts.author)[:9]))
    assert set(nobody.curve["refused_because"].to_pylist()) == {FEW_AUTHORS}
    assert nobody.changes["p_value"].null_count == 2


@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
def test_a_topic_that_nobody_writes_about_may_still_be_there(method: str) -> None:
    posts = talk(13, n_posts=1_000)
    never = Talk(np.zeros((1_000, 1)), posts.period, posts.group, posts.author)
    found = never.effects(method=method)
    for row in [*found.levels.to_pylist(), *found.curve.to_pylist()]:
        assert (row["estimate"], row["lower"]) == pytest.approx((0.0, 0.0), abs=1e-12)
        assert row["upper"] < 0.3
        assert row["upper"] > 0 or method == "bootstrap"
    assert found.changes["p_value"].null_count == 1


def test_communities_that_were_never_seen_together_are_not_compared() -> None:
    posts = talk(9)
    apart = (posts.group == 0) == (posts.period < 618)
    found = posts.effects(apart, course="periods").levels
    assert {row["refused_because"] for row in rows(found, level="carers")} == {NOT_TOLD}


def test_q_values_are_adjusted_over_the_topics_and_levels_of_a_term() -> None:
    found = talk(10).effects().levels
    for term in TERMS:
        table = rows(found, term=term)
        p_value = [row["p_value"] for row in table]
        np.testing.assert_allclose([row["q_value"] for row in table], benjamini_hochberg(p_value))


@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
def test_several_sets_of_weights_add_what_they_differ_by(method: str) -> None:
    posts = talk(11, n_posts=2_000)
    draw = np.random.default_rng(0)
    shared = draw.normal(0, 0.05, (6, 4))  # an error that all posts of a community share
    sets = []
    for off in shared:
        first = np.clip(posts.weights[:, 0] + off[posts.group], 0, 1)
        sets.append(csr_array(np.column_stack([first, 1 - first])))
    together = topic_effects(
        sets, posts.period, group=posts.group, author=posts.author, terms=TERMS, method=method
    ).levels
    alone = posts.effects(method=method).levels

    def width(table: pa.Table) -> float:
        return float(
            np.mean(
                [
                    row["difference_upper"] - row["difference_lower"]
                    for row in rows(table, term="community")
                ]
            )
        )

    assert width(together) > 2 * width(alone)


def test_redrawn_weights_are_of_posts_worded_by_chance() -> None:
    class Shares:
        def transform(self, counts: csr_array, words: Any) -> Floats:
            assert words == ["kind", "late"]
            total = np.asarray(counts.sum(axis=1)).reshape(-1, 1)
            return np.asarray(counts.todense() / np.maximum(total, 1))

    counts = csr_array(np.tile([[90.0, 10.0]], (300, 1)))
    sets = redrawn_weights(Shares(), counts, ["kind", "late"], n_sets=4, random_state=1)
    again = redrawn_weights(Shares(), counts, ["kind", "late"], n_sets=4, random_state=1)
    assert all((a == b).all() for a, b in zip(sets, again, strict=True))
    values = np.concatenate([each[:, 1] for each in sets])
    assert values.mean() == pytest.approx(0.1, abs=0.003)
    assert values.std() == pytest.approx(np.sqrt(0.1 * 0.9 / 100), rel=0.1)


@pytest.mark.parametrize("method", ["jackknife", "bootstrap"])
def test_same_seed_same_tables_whatever_the_order_of_posts(method: str) -> None:
    posts = talk(12, n_posts=1_000)
    order = np.random.default_rng(0).permutation(1_000)
    mixed = Talk(
        *(values[order] for values in (posts.weights, posts.period, posts.group, posts.author))
    )
    first, again, other = (each.effects(method=method) for each in (posts, posts, mixed))
    assert first.levels.equals(again.levels)
    assert first.curve.equals(again.curve)
    for name in ("estimate", "lower", "difference_upper"):
        np.testing.assert_allclose(
            np.array(first.levels[name]), np.array(other.levels[name]), atol=1e-9
        )


def test_no_posts_have_no_effects_and_shapes_that_disagree_are_refused() -> None:
    nothing = topic_effects(np.zeros((0, 2)), [], group=[], author=[], terms=TERMS)
    assert nothing.curve.num_rows == 0
    assert set(nothing.levels["refused_because"].to_pylist()) == {FEW_AUTHORS}
    with pytest.raises(ValueError, match="not of the same posts"):
        topic_effects(np.zeros((3, 2)), [1, 2], group=[0, 0], author=[0, 1], terms=TERMS)
    with pytest.raises(ValueError, match="role has levels for 1 groups of 2"):
        topic_effects(np.zeros((1, 2)), [1], group=[1], author=[0], terms={"role": ["a"]})
