"""Which period a day is in, and shares of topics in each.

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

from analysis.author_cells import AuthorCells, author_cells, likeness
from analysis.intervals import Interval, share_interval
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
    cells = author_cells(leading, period, n_topics=n_topics, group=group, author=author)
    share = cells.counts / cells.n_posts[:, None]
    interval = effective_interval(cells, likeness(cells), confidence=confidence)
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


def effective_interval(cells: AuthorCells, alike: Floats, *, confidence: float) -> Interval:
    """Return intervals (n_cells, n_topics) of shares at the effective numbers of posts.

    Parameters
    ----------
    alike : (n_topics,) floats
        How alike posts of one author are, as `analysis.author_cells.likeness` gives it.
    """
    widened = 1 + alike[None, :] * (cells.mean_company - 1)[:, None]
    return share_interval(
        cells.counts / cells.n_posts[:, None],
        cells.n_posts[:, None] / widened,
        df=np.maximum(cells.effective_authors - 1, 1)[:, None],
        confidence=confidence,
        n_with=cells.counts,
        n_without=cells.n_posts[:, None] - cells.counts,
    )


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
    posts without a topic are left out. A topic with too few codings is refused: what all topics
    together show is not its share.
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
    ).without_parents()
