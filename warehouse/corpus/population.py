"""Populations: which posts of a controlled release a corpus query counts.

By default these are the posts that people wrote, each once: neither automated ones nor duplicates,
with at least one own word, in any language. A condition narrows them further: one SQL expression
over a row of what is known of a post. Who wrote it is not in that row, since a corpus of one person
is none.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import duckdb
import numpy as np
from numpy.typing import NDArray

from warehouse.corpus.stream import PostPlaces, all_posts

Integers = NDArray[np.int64]


class PopulationRefused(ValueError):
    """The condition of a population is not one expression over what is known of a post."""


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
        "frames": ("coalesce(framed.frames, [])", _FRAMES),
    }
)

CONDITION_COLUMNS = tuple(_COLUMNS)
"""What a condition may name: columns of a post and of its community, the `day`, `week` (its
Monday), `month` (its first day) and `year` that it was written in (UTC), its leading `topic_id`,
and `frames`, the list of those whose probability is at least one half."""

# What these return does not depend on the post alone, so that they would make of one definition
# different populations.
_INCONSTANT = frozenset(
    [
        *("now", "today", "uuid", "uuidv4", "uuidv7", "gen_random_uuid", "setseed", "random"),
        *("currval", "nextval", "current_schemas", "current_schema", "current_database"),
        *("current_connection_id", "current_query", "current_query_id", "current_transaction_id"),
        *("current_date", "current_localtime", "current_localtimestamp", "current_setting"),
        *("error", "getenv", "getvariable", "get_current_time", "get_current_timestamp"),
        *("in_search_path", "sleep_ms", "stats", "transaction_timestamp", "txid_current"),
        *("write_log",),
    ]
)


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
    posts = connection.execute(query).to_arrow_table().column("post_id").to_numpy()
    return np.sort(np.asarray(posts, dtype=np.int64), kind="stable")  # most stand in order


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
    named = _names_in(connection, wanted.where) if wanted.where.strip() else frozenset()
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
    if not wanted.where.strip():
        return base
    query = f"SELECT post_id FROM ({base}) AS posts WHERE (\n{wanted.where}\n)"
    _check_binds(connection, query)
    return query


def _names_in(connection: duckdb.DuckDBPyConnection, where: str) -> frozenset[str]:
    """Return the columns that a condition names; refuse what is more than an expression."""
    row = connection.execute(
        "SELECT json_serialize_sql($query)", {"query": f"SELECT (\n{where}\n)"}
    ).fetchone()
    parsed: dict[str, Any] = (
        json.loads(row[0]) if row else {"error": True, "error_message": "nothing was read"}
    )
    if parsed["error"]:
        raise PopulationRefused(f"the condition is not SQL: {parsed['error_message']}; correct it")
    statements = parsed["statements"]
    chosen = statements[0]["node"].get("select_list", [])
    if len(statements) != 1 or len(chosen) != 1:
        raise PopulationRefused(
            "the condition is more than one expression; write one, with AND, OR"
        )
    names: set[str] = set()
    for part in _parts(chosen[0]):
        _check_part(part)
        names.update(part.get("column_names", ()))
    if unknown := {"author_key"} & names:
        raise PopulationRefused(
            f"a population cannot be chosen by {', '.join(unknown)}: no query is about one person;"
            f" choose by {', '.join(CONDITION_COLUMNS)}"
        )
    return frozenset(names)


def _parts(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every expression of a parsed statement."""
    if isinstance(node, list):
        for item in node:
            yield from _parts(item)
    elif isinstance(node, dict):
        if "class" in node:
            yield node
        for value in node.values():
            yield from _parts(value)


def _check_part(part: Mapping[str, Any]) -> None:
    kind, function = part["class"], str(part.get("function_name", "")).lower()
    if kind in {"SUBQUERY", "WINDOW", "PARAMETER", "STAR"}:
        raise PopulationRefused(
            f"the condition has a {kind.lower()}; write an expression over one post's columns"
        )
    if function in _INCONSTANT:
        raise PopulationRefused(
            f"{function}() changes from one reading to the next; write the value itself"
        )


def _check_binds(connection: duckdb.DuckDBPyConnection, query: str) -> None:
    try:
        connection.execute(f"EXPLAIN {query}")
    except duckdb.Error as error:
        raise PopulationRefused(
            f"the condition cannot be read: {str(error).strip().splitlines()[0]}; it may name"
            f" {', '.join(CONDITION_COLUMNS)}"
        ) from None


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
