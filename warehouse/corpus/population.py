"""Populations: which posts of a controlled release a corpus query counts.

By default these are the posts that people wrote, each once: neither automated ones nor duplicates,
with at least one own word, in any language. A condition narrows them further: one SQL expression
over a row of what is known of a post. Who wrote it is not in that row, since a corpus of one person
is none.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import duckdb
import numpy as np
from numpy.typing import NDArray

from warehouse.corpus.conditions import (
    PopulationRefused,
    check_binds,
    columns_named,
    unreadable,
)
from warehouse.corpus.stream import PostPlaces, all_posts

__all__ = [
    "CONDITION_COLUMNS",
    "SPOKEN",
    "Population",
    "PopulationRefused",
    "equal_to",
    "population_posts",
    "population_sql",
    "post_places",
]

Integers = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """Which posts are counted.

    Parameters
    ----------
    where : str
        An SQL expression that is true for the posts wanted, over the names of `CONDITION_COLUMNS`,
        such as ``role = 'carers' AND year = 2024`` or ``list_contains(frames, 'contestation')``.
    include_duplicates : bool
        Count copies of earlier posts too.
    include_automated : bool
        Count posts that programs wrote too.
    """

    where: str = ""
    include_duplicates: bool = False
    include_automated: bool = False


SPOKEN = Population()
"""The default: what people wrote, each post once."""

_POSTS = (
    *("post_id", "source", "community", "thread_id", "parent_id", "kind", "created_at"),
    *("edited_at", "harvested_at", "title", "text", "own_text", "language", "n_words"),
    *("duplicate_of", "automated"),
)
_DAY = "(posts.created_at AT TIME ZONE 'UTC')::DATE"
_DERIVED = {
    "day": _DAY,
    "week": f"date_trunc('week', {_DAY})::DATE",
    "month": f"date_trunc('month', {_DAY})::DATE",
    "year": f"year({_DAY})",
}
_COMMUNITIES = "LEFT JOIN main.communities AS communities USING (source, community)"
_TOPICS = """
LEFT JOIN (
    SELECT post_id, arg_max(topic_id, (weight, -topic_id)) AS topic_id
    FROM main.post_topics GROUP BY post_id
) AS led USING (post_id)
"""
_EXPLAINED = """
LEFT JOIN (
    SELECT post_id, max(explained) AS explained FROM main.topic_posts GROUP BY post_id
) AS explaining USING (post_id)
"""
_FRAMES = """
LEFT JOIN (
    SELECT post_id, list(DISTINCT frame ORDER BY frame) AS frames
    FROM main.frame_scores WHERE probability >= 0.5 GROUP BY post_id
) AS framed USING (post_id)
"""

# Where a column of the condition comes from: its expression, and what is joined for it.
_COLUMNS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        **{name: (f"posts.{name}", "") for name in _POSTS},
        **{name: (expression, "") for name, expression in _DERIVED.items()},
        **{name: (f"communities.{name}", _COMMUNITIES) for name in ("country", "role", "tags")},
        "topic_id": ("led.topic_id", _TOPICS),
        "explained": ("explaining.explained", _EXPLAINED),
        "frames": ("coalesce(framed.frames, [])", _FRAMES),
    }
)

CONDITION_COLUMNS = tuple(_COLUMNS)
"""What a condition may name: columns of a post and of its community, the `day`, `week` (its
Monday), `month` (its first day) and `year` that it was written in (UTC), its leading `topic_id`,
how much of it topics account for (`explained`, 0 to 1), and `frames`, the list of those whose
probability is at least one half."""


def population_posts(
    connection: duckdb.DuckDBPyConnection, population: Population | None = None
) -> Integers:
    """Return the numbers of the posts of a population, in rising order.

    Raises
    ------
    PopulationRefused
        If its condition is not one expression over `CONDITION_COLUMNS`.
    """
    query = f"SELECT post_id FROM ({population_sql(connection, population)})"
    try:
        found = connection.execute(query).to_arrow_table()
    except duckdb.ConversionException as error:
        raise unreadable(error) from None
    post_ids = np.asarray(found.column("post_id").to_numpy(), dtype=np.int64)
    return np.sort(post_ids, kind="stable")  # most stand in order


def population_sql(
    connection: duckdb.DuckDBPyConnection, population: Population | None = None
) -> str:
    """Return the query whose column `post_id` holds the posts of a population.

    Raises
    ------
    PopulationRefused
        If its condition is not one expression over `CONDITION_COLUMNS`.
    """
    wanted = population or SPOKEN
    kept = ["posts.n_words > 0"]
    kept += [] if wanted.include_automated else ["NOT posts.automated"]
    kept += [] if wanted.include_duplicates else ["posts.duplicate_of IS NULL"]
    where = wanted.where.strip()
    named = columns_named(connection, where, known=_COLUMNS) if where else frozenset()
    used = [name for name in _COLUMNS if name in named]
    row = [
        "posts.post_id",
        *(f"{_COLUMNS[name][0]} AS {name}" for name in used if name != "post_id"),
    ]
    joins = dict.fromkeys(_COLUMNS[name][1] for name in used)
    base = (
        f"SELECT {', '.join(row)} FROM main.posts AS posts {' '.join(joins)}"
        f" WHERE {' AND '.join(kept)}"
    )
    if not where:
        return base
    check_binds(connection, base, where)
    return f"SELECT post_id FROM ({base}) AS posts WHERE (\n{where}\n)"


def post_places(
    connection: duckdb.DuckDBPyConnection, population: Population | None = None
) -> PostPlaces:
    """Return where the tokens of each post of a population lie.

    Raises
    ------
    PopulationRefused
        If the condition is not one expression over `CONDITION_COLUMNS`.
    """
    return all_posts(connection).of(population_posts(connection, population))


def equal_to(**values: str | None) -> str:
    """Return the condition that columns have these values; those that are None are left free."""
    quoted = {name: value.replace("'", "''") for name, value in values.items() if value is not None}
    return " AND ".join(f"{name} = '{value}'" for name, value in quoted.items())
