"""Series over calendar periods: which period a day is in, and shares of topics in each.

One author's posts are alike, so a share of posts is less certain than their number suggests. The
intervals here treat authors as what was sampled: how alike posts of one author are is estimated for
each topic over all cells together, and widens each cell by what its own authors make of it.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray

from analysis.intervals import share_interval
from analysis.prevalence import PrevalenceTable, estimate_prevalence

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Bin = Literal["week", "month"]

MONDAY = 3
"""Days by which the Monday before it precedes 1 January 1970, a Thursday."""


class Periods(NamedTuple):
    """The period of each date as a number, and the first day of each period that occurs."""

    number: Integers
    first_day: Mapping[int, date]


def periods_of(dates: Any, bin: Bin) -> Periods:  # noqa: A002 # what the tables call it
    """Return the calendar period of each date.

    Parameters
    ----------
    dates : (n,) dates or times in UTC, as numpy, Arrow or a sequence of `datetime.date`
    bin : {'week', 'month'}
        Weeks start on Monday. Numbers count weeks, or months, from the one of 1 January 1970, so
        they run on without gaps.

    Raises
    ------
    ValueError
        Where the bin is unknown or a date is missing.
    """
    days = np.asarray(dates).astype("datetime64[D]")
    if np.isnat(days).any():
        raise ValueError("a date is missing; every post needs its date")
    if bin == "month":
        number = days.astype("datetime64[M]").astype(np.int64)
    elif bin == "week":
        number = (days.astype(np.int64) + MONDAY) // 7
    else:
        raise ValueError(f"bin is {bin!r}; write 'week' or 'month'")
    return Periods(number, {int(n): first_day(int(n), bin) for n in np.unique(number)})


def first_day(number: int, bin: Bin) -> date:  # noqa: A002 # what the tables call it
    """Return the first day of a period."""
    if bin == "month":
        start = np.datetime64(number, "M").astype("datetime64[D]")
    else:
        start = np.datetime64(number * 7 - MONDAY, "D")
    day: date = start.item()
    return day


def topic_shares(
    leading: ArrayLike,
    period: ArrayLike,
    *,
    n_topics: int,
    group: ArrayLike | None = None,
    author: ArrayLike | None = None,
    confidence: float = 0.95,
) -> pa.Table:
    """Return the share of posts that each topic leads, in every group and period that has posts.

    Parameters
    ----------
    leading : (n,) integers
        Leading topic of each post, from 0; -1 for a post without one, which counts among the posts.
    period, group : (n,) integers
        Without groups all posts are in group 0.
    author : (n,) integers
        Negative where unknown: an author of that post alone.
    n_topics : int

    Returns
    -------
    pa.Table
        Columns topic, group, period, share, lower, upper, n_posts (all posts of the cell), in that
        order of rows. Where all posts are of one author there are no figures but `n_posts`:
        nothing is said about a single person.
    """
    topic = np.asarray(leading, dtype=np.int64)
    n = len(topic)
    if n and topic.max() >= n_topics:
        raise ValueError(f"a post leads with topic {topic.max()}; there are {n_topics}, from 0")
    cells = _cells(
        np.zeros(n, dtype=np.int64) if group is None else np.asarray(group, dtype=np.int64),
        np.asarray(period, dtype=np.int64),
        np.full(n, -1) if author is None else np.asarray(author, dtype=np.int64),
    )
    counts = _table_of(cells.of_post, topic, len(cells.period), n_topics)
    share = counts / cells.n_posts[:, None]
    alike = 1 + _likeness(cells, topic, share)[None, :] * (cells.mean_company - 1)[:, None]
    interval = share_interval(
        share,
        cells.n_posts[:, None] / alike,
        df=np.maximum(cells.effective_authors - 1, 1)[:, None],
        confidence=confidence,
        n_with=counts,
        n_without=cells.n_posts[:, None] - counts,
    )
    several = (cells.n_authors > 1)[:, None]
    figures = {"share": share, "lower": interval.lower, "upper": interval.upper}
    return pa.table(
        {
            "topic": np.repeat(np.arange(n_topics), len(cells.period)),
            "group": np.tile(cells.group, n_topics),
            "period": np.tile(cells.period, n_topics),
            **{
                name: pa.array(np.where(several, values, np.nan).T.ravel(), from_pandas=True)
                for name, values in figures.items()
            },
            "n_posts": np.tile(cells.n_posts, n_topics),
        }
    )


class _Cells(NamedTuple):
    """Cells of group and period, and their authors.

    `of_post` is the cell of each post and `author_of_post` its author within that cell, of which
    `cell_of_author` is the cell and `posts_of_author` the size. `mean_company` is the mean, over a
    cell's posts, of how many posts their author has in it.
    """

    group: Integers
    period: Integers
    n_posts: Integers
    n_authors: Integers
    mean_company: Floats
    effective_authors: Floats
    of_post: Integers
    author_of_post: Integers
    cell_of_author: Integers
    posts_of_author: Integers


def _cells(group: Integers, period: Integers, author: Integers) -> _Cells:
    keys, of_post, n_posts = _distinct(group, period)
    unknown = author.max(initial=0) + 1 + np.arange(len(author))
    pairs, author_of_post, posts_of_author = _distinct(
        of_post, np.where(author < 0, unknown, author)
    )
    n_cells = keys.shape[1]
    squares = np.bincount(pairs[0], weights=posts_of_author.astype(float) ** 2, minlength=n_cells)
    return _Cells(
        group=keys[0],
        period=keys[1],
        n_posts=n_posts,
        n_authors=np.bincount(pairs[0], minlength=n_cells),
        mean_company=squares / n_posts,
        effective_authors=n_posts**2 / squares,
        of_post=of_post,
        author_of_post=author_of_post,
        cell_of_author=pairs[0],
        posts_of_author=posts_of_author,
    )


def _distinct(first: Integers, second: Integers) -> tuple[Integers, Integers, Integers]:
    """Return the pairs that occur (2, k) in order, which one each is (n,), and how often (k,)."""
    firsts, row = np.unique(first, return_inverse=True)
    seconds, column = np.unique(second, return_inverse=True)
    width = max(len(seconds), 1)
    found, place, times = np.unique(row * width + column, return_inverse=True, return_counts=True)
    return np.stack([firsts[found // width], seconds[found % width]]), place, times


def _table_of(row: Integers, topic: Integers, n_rows: int, n_topics: int) -> Floats:
    """Return how many posts of each row each topic leads."""
    led = topic >= 0
    place = row[led] * n_topics + topic[led]
    counts = np.bincount(place, minlength=n_rows * n_topics).astype(np.float64)
    return counts.reshape(n_rows, n_topics)


def _likeness(cells: _Cells, topic: Integers, share: Floats) -> Floats:
    """Return for each topic how alike posts of one author in one cell are, from 0 to 1.

    The intraclass correlation that makes the variance of independent posts the one between
    authors, over all cells; at least that of all topics together, since a rare topic shows little
    of it by itself.
    """
    n_cells, n_topics = share.shape
    own = _table_of(cells.author_of_post, topic, len(cells.cell_of_author), n_topics)
    off = (own - share[cells.cell_of_author] * cells.posts_of_author[:, None]) ** 2
    between = np.zeros((n_cells, n_topics))
    np.add.at(between, cells.cell_of_author, off)
    several = cells.n_authors > 1
    fewer = np.maximum(cells.n_authors - 1, 1)
    between *= (cells.n_authors / fewer)[:, None]
    alone = share * (1 - share) * cells.n_posts[:, None]
    excess = (between - alone)[several].sum(axis=0)
    possible = (alone * (cells.mean_company - 1)[:, None])[several].sum(axis=0)
    each = np.divide(excess, possible, out=np.zeros(n_topics), where=possible > 0)
    overall = excess.sum() / possible.sum() if possible.sum() > 0 else 0.0
    return np.asarray(np.clip(np.maximum(each, overall), 0.0, 1.0), dtype=np.float64)


def frame_topic_shares(
    scores: ArrayLike,
    time: ArrayLike,
    leading: ArrayLike,
    *,
    coded_index: ArrayLike,
    coded_values: ArrayLike,
    inclusion_probability: ArrayLike,
    clusters: tuple[ArrayLike, ...] = (),
    confidence: float = 0.95,
) -> PrevalenceTable:
    """Return how many of the posts that a topic leads express each frame, from the measure pool.

    As `analysis.prevalence.estimate_prevalence`, with the leading topic of each post for its group;
    posts without a topic are left out.
    """
    topic = np.asarray(leading, dtype=np.int64)
    led = np.flatnonzero(topic >= 0)
    row = np.full(len(topic), -1, dtype=np.int64)
    row[led] = np.arange(len(led))
    index = row[np.asarray(coded_index, dtype=np.int64)]
    kept = index >= 0
    return estimate_prevalence(
        np.asarray(scores, dtype=np.float64)[led],
        np.asarray(time, dtype=np.int64)[led],
        group=topic[led],
        coded_index=index[kept],
        coded_values=np.asarray(coded_values, dtype=np.float64)[kept],
        inclusion_probability=np.asarray(inclusion_probability, dtype=np.float64)[kept],
        clusters=tuple(np.asarray(labels, dtype=np.int64)[led] for labels in clusters),
        confidence=confidence,
    )
