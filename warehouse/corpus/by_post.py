"""Words counted post by post, with what posts are grouped by: people, threads, places, time."""

from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from warehouse.corpus.hits import condition_on_words
from warehouse.corpus.population import Population, population_sql
from warehouse.corpus.stream import PostPlaces, all_posts

Integers = NDArray[np.int64]
Bin = Literal["day", "week", "month", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class PostCounts:
    """How often words stand in each post of a population; a row a post, in the order of post_ids.

    Codes number people, threads and communities from 0; they mean nothing beyond one answer.

    Attributes
    ----------
    counts : (n_posts, n_words) in the order of the words given
    post_ids, author, thread, community : (n_posts,) `author` is -1 where it is unknown
    period : (n_posts,) first day of the calendar bin (UTC)
    n_tokens : (n_posts,)
    communities : (source, community) of each community code
    """

    counts: csr_array
    post_ids: Integers
    author: Integers
    thread: Integers
    community: Integers
    period: NDArray[np.datetime64]
    n_tokens: Integers
    communities: tuple[tuple[str, str], ...]


def counts_by_post(
    connection: duckdb.DuckDBPyConnection,
    word_ids: Integers,
    population: Population | None = None,
    *,
    bin: Bin = "month",  # noqa: A002  the name that settings and tables give it
) -> PostCounts:
    """Count words in every post of a population, with what posts are grouped by.

    Raises
    ------
    PopulationRefused
        If the condition cannot be read.
    """
    known = connection.execute(
        f"""
        SELECT post_id, thread_id, source, community, author_key,
               date_trunc('{bin}', (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period
        FROM posts WHERE post_id IN ({population_sql(connection, population)}) ORDER BY post_id
        """
    ).to_arrow_table()
    post_ids = np.asarray(known.column("post_id").to_numpy(), dtype=np.int64)
    posts = all_posts(connection).of(post_ids)
    row_of = np.searchsorted(post_ids, posts.post_ids)
    n_tokens = np.zeros(len(post_ids), dtype=np.int64)
    n_tokens[row_of] = posts.n_tokens
    rows, columns = _cells(connection, word_ids, posts)
    ones = np.ones(len(rows), dtype=np.int64)
    shape = (len(post_ids), len(word_ids))
    sources, source = _codes(known.column("source"))
    names, name = _codes(known.column("community"))
    pairs, community = np.unique(source * max(len(names), 1) + name, return_inverse=True)
    return PostCounts(
        counts=csr_array((ones, (row_of[rows], columns)), shape=shape),
        post_ids=post_ids,
        author=_codes(known.column("author_key"))[1],
        thread=_codes(known.column("thread_id"))[1],
        community=community.astype(np.int64),
        period=known.column("period").to_numpy().astype("datetime64[D]"),
        n_tokens=n_tokens,
        communities=tuple((sources[p // len(names)], names[p % len(names)]) for p in pairs),
    )


def _cells(
    connection: duckdb.DuckDBPyConnection, word_ids: Integers, posts: PostPlaces
) -> tuple[Integers, Integers]:
    """Return the row of posts and the column of words of every place of the words."""
    if not len(word_ids):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    found = connection.execute(
        f"SELECT word_id, g FROM token_places WHERE {condition_on_words(word_ids)}"
    ).to_arrow_table()
    rows = posts.rows_of(np.asarray(found.column("g").to_numpy(), dtype=np.int64))
    order = np.argsort(word_ids, kind="stable")
    at = np.searchsorted(word_ids, found.column("word_id").to_numpy(), sorter=order)
    return rows[rows >= 0], order[at][rows >= 0]


def _codes(column: Any) -> tuple[list[str], Integers]:
    """Return the values of a column in their order, and which of them each row has; null is -1."""
    encoded = column.combine_chunks().dictionary_encode()
    values = encoded.dictionary.to_pylist()
    rank = np.empty(len(values) + 1, dtype=np.int64)
    rank[:-1][sorted(range(len(values)), key=values.__getitem__)] = np.arange(len(values))
    rank[-1] = -1
    return sorted(values), rank[np.asarray(encoded.indices.fill_null(len(values)))]
