"""What effects are made of: which coefficients there are, and what of them is reported."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analysis.author_cells import Floats, Integers
from analysis.topics.over_time.clustered_fit import GatheredPosts
from analysis.topics.over_time.splines import each_period, time_basis

Booleans = NDArray[np.bool_]
Course = Literal["spline", "periods"]


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a term, with the posts and authors behind it."""

    term: str
    level: str
    n_posts: int
    n_authors: int
    effective_authors: float


@dataclass(frozen=True, slots=True)
class Plan:
    """The design of the cells, and what of its coefficients is reported.

    `design` is (n_cells, n_columns). The rows of `contrasts` are the levels, their differences, the
    periods, and the columns of the course.
    """

    design: Floats
    contrasts: Floats
    levels: list[Level]
    everybody: Level
    periods: Integers
    n_posts: Integers
    n_authors: Integers
    share_seen: Floats
    n_course: int


def plan_effects(
    posts: GatheredPosts,
    terms: Mapping[str, Sequence[str | None]],
    *,
    n_groups: int,
    course: Course,
    df: int,
) -> Plan:
    """Return the design for communities and a course over periods, and its contrasts.

    Parameters
    ----------
    terms : mapping from a term to the level of each group, None where it has none
    n_groups : int
    course : {'spline', 'periods'}
    df : int
        Of the spline.
    """
    seen = np.unique(posts.period)
    periods = np.arange(seen.min(), seen.max() + 1) if len(seen) else seen
    middle = _columns(seen, seen, course, df).mean(axis=0) if len(seen) else np.zeros(0)
    present = np.unique(posts.group)
    own = (posts.group[:, None] == present[None, :]).astype(np.float64)
    design = np.concatenate([own, _columns(posts.period, seen, course, df) - middle], axis=1)
    fixed = _fixed_weights(posts, present)
    level_rows, levels = _level_contrasts(posts, terms, present, fixed, n_groups)
    n_course = design.shape[1] - len(present)
    overall = np.concatenate([fixed, np.zeros(n_course)])
    curve = np.concatenate(
        [np.tile(fixed, (len(periods), 1)), _columns(periods, seen, course, df) - middle], axis=1
    )
    at_level = np.concatenate([level_rows, np.zeros((len(levels), n_course))], axis=1)
    shape = np.eye(design.shape[1])[len(present) :]
    in_period = posts.period[posts.cell]
    return Plan(
        design=design,
        contrasts=np.concatenate([at_level, at_level - overall, curve, shape]),
        levels=levels,
        everybody=_level("", "", posts, np.ones(len(posts.cell), dtype=bool)),
        periods=periods,
        n_posts=_summed(in_period, posts.times, periods),
        n_authors=_authors_by_period(posts, in_period, periods),
        share_seen=_share_seen(posts, present, fixed, periods),
        n_course=n_course,
    )


def _columns(period: ArrayLike, seen: Integers, course: Course, df: int) -> Floats:
    return each_period(period, seen) if course == "periods" else time_basis(period, seen, df=df)


def _fixed_weights(posts: GatheredPosts, present: Integers) -> Floats:
    """Return each community's posts in a period in which it was seen, as shares of all."""
    place = np.searchsorted(present, posts.group)
    total = np.bincount(place, weights=posts.n_posts, minlength=len(present))
    typical = total / np.maximum(np.bincount(place, minlength=len(present)), 1)
    return np.asarray(typical / max(typical.sum(), 1.0), dtype=np.float64)


def _level_contrasts(
    posts: GatheredPosts,
    terms: Mapping[str, Sequence[str | None]],
    present: Integers,
    fixed: Floats,
    n_groups: int,
) -> tuple[Floats, list[Level]]:
    rows, levels = [], []
    of_pair = posts.group[posts.cell]
    for term, given in terms.items():
        name_of = np.array([*given, *[None] * (n_groups - len(given))], dtype=object)
        for level in sorted({name for name in given if name is not None}):
            members = np.flatnonzero(name_of == level)
            share = np.where(np.isin(present, members), fixed, 0.0)
            rows.append(share / share.sum() if share.sum() > 0 else share)
            levels.append(_level(term, level, posts, np.isin(of_pair, members)))
    return np.array(rows).reshape(len(rows), len(present)), levels


def _level(term: str, level: str, posts: GatheredPosts, inside: Booleans) -> Level:
    by_author = np.bincount(posts.author[inside], weights=posts.times[inside])
    squares = float(np.sum(by_author**2))
    return Level(
        term=term,
        level=level,
        n_posts=int(by_author.sum()),
        n_authors=int(np.count_nonzero(by_author)),
        effective_authors=float(by_author.sum() ** 2 / squares) if squares else 0.0,
    )


def _summed(when: Integers, values: Integers, periods: Integers) -> Integers:
    if not len(periods):
        return np.zeros(0, dtype=np.int64)
    sums = np.bincount(when - periods[0], weights=values, minlength=len(periods))
    return sums.astype(np.int64)


def _authors_by_period(posts: GatheredPosts, when: Integers, periods: Integers) -> Integers:
    pairs = np.unique(np.stack([when, posts.author]), axis=1)
    return _summed(pairs[0], np.ones(pairs.shape[1], dtype=np.int64), periods)


def _share_seen(
    posts: GatheredPosts, present: Integers, fixed: Floats, periods: Integers
) -> Floats:
    if not len(periods):
        return np.zeros(0)
    weight = fixed[np.searchsorted(present, posts.group)]
    shares = np.bincount(posts.period - periods[0], weights=weight, minlength=len(periods))
    return np.asarray(shares, dtype=np.float64)
