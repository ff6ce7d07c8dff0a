"""How much of the talk each topic is in different communities, and how that changes over time.

In the manner of `estimateEffect` of STM (Roberts, Stewart and Airoldi 2016, Journal of the American
Statistical Association 111:988) the weight of a topic in a post is explained by the post's
community and a natural cubic spline of its period. Three things differ:

- Posts of an author are alike, so uncertainty is that between authors, by a jackknife or a
  bootstrap of authors.
- What is reported of roles, countries and periods is made of communities with fixed weights: the
  posts that each has in a period that was seen. A community that could not be harvested for a while
  then moves no curve. The price is the assumption that communities change alike.
- Of a period that was not seen nothing is said, and the spline does not reach over a long gap.

The method of composition, by which STM carries the uncertainty of topics' weights, is used where
several sets of weights are given, such as `redrawn_weights` makes: the variance between them is
added (Rubin 1987). Without it, what one post's weights err by independently of others is still
part of the intervals, since it is part of how much posts differ. In no case do intervals tell that
another model, seed or number of topics would have found other topics.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # scikit-learn needs it

from analysis.author_cells import Floats, Integers, distinct_pairs
from analysis.intervals import benjamini_hochberg
from analysis.topics.over_time.clustered_fit import gather
from analysis.topics.over_time.contrasts import Estimated, Method, estimate, interval_of_levels
from analysis.topics.over_time.effect_plan import Course, Level, Plan, plan_effects

LEAST_AUTHORS = 10
LEAST_POSTS = 30
LEAST_COMPLETE = 0.5
"""Share of a period's days that must have been harvested, where that is known, for its posts of a
community to be used: fewer may be of particular days."""
LEAST_SEEN = 0.25
"""Share of the fixed weights that the communities seen in a period must have for a figure of it."""
FEW_AUTHORS = f"fewer than {LEAST_AUTHORS} authors"
FEW_POSTS = f"fewer than {LEAST_POSTS} posts"
NOT_SEEN = "no community was seen in the period"
TOO_LITTLE_SEEN = "too few communities were seen in the period"
NOT_TOLD = "communities and periods do not overlap enough to tell them apart"

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class TopicEffects:
    """What was estimated of every topic.

    Attributes
    ----------
    levels : pa.Table
        Rows by term, level and topic: `estimate` with `lower` and `upper` is the share that the
        topic has in posts of the level, averaged over the periods seen; `difference` with its
        bounds, `p_value` and `q_value`, from all communities together. Then `n_posts`, `n_authors`
        and `refused_because`.
    curve : pa.Table
        Rows by period and topic: `estimate` is the share over all communities at their fixed
        weights, `lower` and `upper` hold each for itself, `band_lower` and `band_upper` hold the
        whole course at once. `share_seen` is the weight of communities with posts that are used,
        `share_complete` how much of the period was harvested, over the communities of which that is
        known; null where of none.
    changes : pa.Table
        A row a topic: `p_value` and `q_value` of its course being level.
    """

    levels: pa.Table
    curve: pa.Table
    changes: pa.Table


def topic_effects(
    weights: csr_array | Floats | Sequence[csr_array | Floats],
    period: ArrayLike,
    *,
    group: ArrayLike,
    author: ArrayLike,
    terms: Mapping[str, Sequence[str | None]],
    share_complete: Mapping[tuple[int, int], float] | None = None,
    course: Course = "spline",
    df: int = 5,
    method: Method = "jackknife",
    confidence: float = 0.95,
    n_draws: int = 999,
    random_state: int = 0,
) -> TopicEffects:
    """Estimate how topics differ between communities and change over periods.

    Parameters
    ----------
    weights : (n, n_topics) sparse or dense, or several of them
        Share of each post that each topic is; several sets are draws of what they may be.
    period, group : (n,) integers
        Groups are numbers of communities, from 0.
    author : (n,) integers
        Negative where unknown: an author of that post alone.
    terms : mapping from a term to the level of each group
        Such as {"role": ["carers", "carers", None]}; None is in no level.
    share_complete : mapping from (group, period), optional
        How much of a period was harvested of a community; what is not in it is not known.
    course : {'spline', 'periods'}
        'periods' estimates every period for itself: the shares over all communities as they would
        be had each been seen all the time.
    df : int
        Degrees of freedom of the spline; fewer where fewer periods were seen.
    method : {'jackknife', 'bootstrap'}
    confidence : of intervals, and of a band as a whole
    n_draws, random_state
        Of the bootstrap, and of the critical values of bands.

    Raises
    ------
    ValueError
        Where shapes disagree or a group has no level.
    """
    matrices = _matrices(weights)
    labels = [np.asarray(column, dtype=np.int64) for column in (group, period, author)]
    _check(matrices, labels, terms)
    used = _used(labels[0], labels[1], share_complete or {})
    with threadpool_limits(limits=1, user_api="blas"):  # the same sums on any number of cores
        gathered = [
            gather(matrix[used], *(column[used] for column in labels)) for matrix in matrices
        ]
        plan = plan_effects(
            gathered[0], terms, n_groups=_n_groups(labels[0], terms), course=course, df=df
        )
        found = estimate(
            gathered,
            plan.design,
            plan.contrasts,
            n_curve=len(plan.periods),
            n_course=plan.n_course,
            method=method,
            confidence=confidence,
            n_draws=n_draws,
            random=np.random.default_rng(random_state),
        )
    complete = _complete(share_complete or {}, plan.periods)
    return TopicEffects(
        levels=_levels(plan, found, confidence),
        curve=_curve(plan, found, complete, confidence),
        changes=_changes(plan, found),
    )


class WeighsPosts(Protocol):
    """A topic model as far as it is needed here."""

    def transform(self, counts: csr_array, words: Sequence[str]) -> Floats:
        """Return how much of each post each topic is."""
        ...


def redrawn_weights(
    model: WeighsPosts,
    counts: csr_array,
    words: Sequence[str],
    *,
    n_sets: int = 5,
    random_state: int = 0,
) -> list[Floats]:
    """Return sets of weights of the posts as if they had been worded by chance.

    Each word's occurrences in a post are drawn from a Poisson distribution around what was counted:
    another text of the same length and matter.
    """
    random = np.random.default_rng(random_state)
    sets = []
    for _ in range(n_sets):
        other = csr_array(counts, copy=True)
        other.data = random.poisson(np.asarray(counts.data, dtype=np.float64)).astype(np.float64)
        other.eliminate_zeros()
        sets.append(model.transform(other, words))
    return sets


def _matrices(weights: csr_array | Floats | Sequence[csr_array | Floats]) -> list[csr_array]:
    if isinstance(weights, (csr_array, np.ndarray)):
        return [csr_array(weights)]
    return [csr_array(matrix) for matrix in weights]


def _check(
    matrices: list[csr_array],
    labels: list[Integers],
    terms: Mapping[str, Sequence[str | None]],
) -> None:
    lengths = {matrix.shape[0] for matrix in matrices} | {len(column) for column in labels}
    if len(lengths) != 1 or len({matrix.shape for matrix in matrices}) != 1:
        raise ValueError(
            "weights, periods, groups and authors are not of the same posts; give each post once"
        )
    n_groups = int(labels[0].max(initial=-1)) + 1
    for term, levels in terms.items():
        if len(levels) < n_groups:
            raise ValueError(f"{term} has levels for {len(levels)} groups of {n_groups}")


def _n_groups(group: Integers, terms: Mapping[str, Sequence[str | None]]) -> int:
    return max([int(group.max(initial=-1)) + 1, *(len(levels) for levels in terms.values())])


def _used(
    group: Integers, period: Integers, share_complete: Mapping[tuple[int, int], float]
) -> Booleans:
    """Return which posts are of a community and period of which enough was harvested."""
    hardly = [cell for cell, share in share_complete.items() if share < LEAST_COMPLETE]
    if not hardly:
        return np.ones(len(group), dtype=bool)
    groups, periods = np.array(hardly, dtype=np.int64).T
    _, number, _ = distinct_pairs(
        np.concatenate([group, groups]), np.concatenate([period, periods])
    )
    return ~np.isin(number[: len(group)], number[len(group) :])


def _complete(share_complete: Mapping[tuple[int, int], float], periods: Integers) -> Floats:
    """Return the mean share of each period that was harvested; NaN where it is not known."""
    known: dict[int, list[float]] = {}
    for (_, when), share in share_complete.items():
        known.setdefault(when, []).append(share)
    return np.array([np.mean(known.get(int(when), [np.nan])) for when in periods])


def _refusal(level: Level) -> str | None:
    if level.n_authors < LEAST_AUTHORS:
        return FEW_AUTHORS
    return FEW_POSTS if level.n_posts < LEAST_POSTS else None


def _levels(plan: Plan, found: Estimated, confidence: float) -> pa.Table:
    n = len(plan.levels)
    rows, differences = slice(0, n), slice(n, 2 * n)
    told = found.told[rows] & found.told[differences]
    why = [
        _refusal(level) or (None if tells else NOT_TOLD)
        for level, tells in zip(plan.levels, told.tolist(), strict=True)
    ]
    refused = np.array([reason is not None for reason in why], dtype=bool)
    df = np.array([max(level.effective_authors - 1, 1.0) for level in plan.levels])
    bounds = interval_of_levels(found, rows, df=df, confidence=confidence)
    apart = found.differences(differences, df=df, confidence=confidence)
    p_value = np.where(refused[:, None], np.nan, apart.p_value)
    figures = {
        "estimate": np.clip(found.estimate[rows], 0.0, 1.0),
        "lower": bounds.lower,
        "upper": bounds.upper,
        "difference": found.estimate[differences],
        "difference_lower": apart.lower,
        "difference_upper": apart.upper,
        "p_value": p_value,
        "q_value": _adjusted_by_term(p_value, [level.term for level in plan.levels]),
    }
    n_topics = found.estimate.shape[1]

    def each(values: Sequence[object]) -> list[object]:
        return [value for value in values for _ in range(n_topics)]

    return pa.table(
        {
            "topic": np.tile(np.arange(n_topics), n),
            "term": pa.array(each([level.term for level in plan.levels]), pa.string()),
            "level": pa.array(each([level.level for level in plan.levels]), pa.string()),
            **_without(figures, refused),
            "n_posts": pa.array(each([level.n_posts for level in plan.levels]), pa.int64()),
            "n_authors": pa.array(each([level.n_authors for level in plan.levels]), pa.int64()),
            "refused_because": pa.array(each(why), pa.string()),
        }
    )


def _adjusted_by_term(p_value: Floats, terms: list[str]) -> Floats:
    """Return p-values adjusted over the levels and topics of each term together."""
    adjusted = np.full(p_value.shape, np.nan)
    for term in set(terms):
        rows = [number for number, name in enumerate(terms) if name == term]
        adjusted[rows] = benjamini_hochberg(p_value[rows].ravel()).reshape(len(rows), -1)
    return adjusted


def _without(figures: Mapping[str, Floats], refused: Booleans) -> "dict[str, pa.Array[Any]]":
    """Return columns with null where a row is refused."""
    return {
        name: pa.array(np.where(refused[:, None], np.nan, values).ravel(), from_pandas=True)
        for name, values in figures.items()
    }


def _curve(plan: Plan, found: Estimated, complete: Floats, confidence: float) -> pa.Table:
    n = len(plan.periods)
    rows = slice(2 * len(plan.levels), 2 * len(plan.levels) + n)
    why = _why_not(plan, found.told[rows])
    refused = np.array([reason is not None for reason in why], dtype=bool)
    df = max(plan.everybody.effective_authors - 1, 1.0)
    each = interval_of_levels(found, rows, df=np.full(n, df), confidence=confidence)
    band = found.band(rows, shown=~refused, df=df)
    figures = {
        "estimate": np.clip(found.estimate[rows], 0.0, 1.0),
        "lower": each.lower,
        "upper": each.upper,
        "band_lower": np.minimum(band.lower, each.lower),
        "band_upper": np.maximum(band.upper, each.upper),
    }
    n_topics = found.estimate.shape[1]
    return pa.table(
        {
            "topic": np.tile(np.arange(n_topics), n),
            "period": np.repeat(plan.periods, n_topics),
            **_without(figures, refused),
            "n_posts": np.repeat(plan.n_posts, n_topics),
            "n_authors": np.repeat(plan.n_authors, n_topics),
            "share_seen": np.repeat(plan.share_seen, n_topics),
            "share_complete": pa.array(np.repeat(complete, n_topics), from_pandas=True),
            "refused_because": pa.array([r for r in why for _ in range(n_topics)], pa.string()),
        }
    )


def _why_not(plan: Plan, told: Booleans) -> list[str | None]:
    everywhere = _refusal(plan.everybody)
    why: list[str | None] = []
    for seen, tells in zip(plan.share_seen.tolist(), told.tolist(), strict=True):
        if everywhere or seen <= 0:
            why.append(everywhere or NOT_SEEN)
        elif seen < LEAST_SEEN:
            why.append(TOO_LITTLE_SEEN)
        else:
            why.append(None if tells else NOT_TOLD)
    return why


def _changes(plan: Plan, found: Estimated) -> pa.Table:
    reason = _refusal(plan.everybody) or (None if plan.n_course else "only one period was seen")
    n_topics = found.estimate.shape[1]
    p_value = np.full(n_topics, np.nan)
    if reason is None:
        p_value = found.level_course(df=max(plan.everybody.effective_authors - 1, 1.0))
    return pa.table(
        {
            "topic": np.arange(n_topics),
            "p_value": pa.array(p_value, from_pandas=True),
            "q_value": pa.array(benjamini_hochberg(p_value), from_pandas=True),
            "refused_because": pa.array([reason] * n_topics, pa.string()),
        }
    )
