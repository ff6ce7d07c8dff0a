"""Words counted post by post, with what posts are grouped by: people, threads, places, time."""

from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from warehouse.corpus.hits import condition_on_words
from warehouse.corpus.lines import posts_about
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
    # Hashes stand for people and communities: no key leaves the database, and no text is copied.
    known = connection.execute(
        f"""
        SELECT post_id, thread_id, hash(source, community) AS community,
               CASE WHEN author_key IS NOT NULL THEN hash(author_key) END AS author,
               date_trunc('{bin}', (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period
        FROM posts SEMI JOIN ({population_sql(connection, population)}) AS wanted USING (post_id)
        """
    ).to_arrow_table()
    post_ids = np.asarray(known.column("post_id").to_numpy(), dtype=np.int64)
    if (post_ids[1:] < post_ids[:-1]).any():
        order = np.argsort(post_ids, kind="stable")
        known, post_ids = known.take(order), post_ids[order]
    posts = all_posts(connection).of(post_ids)
    row_of = np.searchsorted(post_ids, posts.post_ids)
    n_tokens = np.zeros(len(post_ids), dtype=np.int64)
    n_tokens[row_of] = posts.n_tokens
    rows, columns = _cells(connection, word_ids, posts)
    ones = np.ones(len(rows), dtype=np.int64)
    community = _codes(known.column("community"))
    return PostCounts(
        counts=csr_array((ones, (row_of[rows], columns)), shape=(len(post_ids), len(word_ids))),
        post_ids=post_ids,
        author=_codes(known.column("author")),
        thread=_codes(known.column("thread_id")),
        community=community,
        period=known.column("period").to_numpy().astype("datetime64[D]"),
        n_tokens=n_tokens,
        communities=_names(connection, post_ids, community),
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


def _codes(column: Any) -> Integers:
    """Return numbers for the values of a column, from 0 as they first come; null is -1."""
    encoded = column.combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices.fill_null(-1)).astype(np.int64)


def _names(
    connection: duckdb.DuckDBPyConnection, post_ids: Integers, community: Integers
) -> tuple[tuple[str, str], ...]:
    """Return source and community of each code, from the first post that has it."""
    first = np.unique(community, return_index=True)[1]
    about = posts_about(connection, post_ids[first])
    columns = (about.column(name).to_pylist() for name in ("source", "community"))
    return tuple((str(source), str(name)) for source, name in zip(*columns, strict=True))
