"""Frequencies: how often words stand in populations, in all and post by post."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from warehouse.corpus.hits import condition_on_words
from warehouse.corpus.population import Population, PostPlaces, population_sql
from warehouse.corpus.stream import texts_of

if TYPE_CHECKING:
    from scipy.sparse import csr_array

Integers = NDArray[np.int64]
Bin = Literal["day", "week", "month", "year"]


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCounts:
    """How often words stand in some populations.

    Attributes
    ----------
    word_ids, words : (n_words,) every word that stands in one of them, in the order of `word_ids`
    n : (n_words, n_populations)
    n_posts : (n_words, n_populations) posts with the word; None unless asked for
    sizes : (n_populations,) tokens
    """

    word_ids: Integers
    words: list[str]
    n: Integers
    n_posts: Integers | None
    sizes: Integers


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

    counts: "csr_array"
    post_ids: Integers
    author: Integers
    thread: Integers
    community: Integers
    period: NDArray[np.datetime64]
    n_tokens: Integers
    communities: tuple[tuple[str, str], ...]


def frequencies(
    connection: duckdb.DuckDBPyConnection, population: Population | None = None
) -> Integers:
    """Return how often each word stands in a population: (highest word_id + 1,)."""
    found = connection.execute(
        "SELECT word_id, count(*) AS n FROM token_stream"
        f" WHERE post_id IN ({population_sql(connection, population)}) GROUP BY word_id"
    ).fetchnumpy()
    return _dense(connection, found, "n")


def word_counts(
    connection: duckdb.DuckDBPyConnection,
    *populations: Population,
    with_posts: bool = False,
) -> WordCounts:
    """Count every word in each of some populations.

    Parameters
    ----------
    with_posts : bool
        Count the posts of each word too, which reads far more.

    Raises
    ------
    PopulationRefused
        If a condition cannot be read.
    """
    n = np.stack([frequencies(connection, each) for each in populations], axis=1)
    word_ids = np.flatnonzero(n.any(axis=1))
    n_posts = None
    if with_posts:
        spread = [_document_frequencies(connection, each) for each in populations]
        n_posts = np.stack(spread, axis=1)[word_ids]
    return WordCounts(
        word_ids=word_ids,
        words=texts_of(connection, word_ids),
        n=n[word_ids],
        n_posts=n_posts,
        sizes=n.sum(axis=0),
    )


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
    from scipy.sparse import csr_array  # noqa: PLC0415  slow, and needed here alone

    posts = connection.execute(
        f"""
        SELECT post_id, first_g, n_tokens, thread_id, source, community,
               dense_rank() OVER (ORDER BY author_key) AS author, author_key IS NULL AS unknown,
               date_trunc('{bin}', (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period
        FROM posts JOIN token_posts USING (post_id)
        WHERE post_id IN ({population_sql(connection, population)}) ORDER BY first_g
        """
    ).fetchnumpy()
    where = PostPlaces(
        post_ids=np.asarray(posts["post_id"], dtype=np.int64),
        first_g=np.asarray(posts["first_g"], dtype=np.int64),
        n_tokens=np.asarray(posts["n_tokens"], dtype=np.int64),
    )
    rows, columns = _cells(connection, word_ids, where)
    shape = (len(where.post_ids), len(word_ids))
    counts = csr_array((np.ones(len(rows), dtype=np.int64), (rows, columns)), shape=shape)
    counts.sum_duplicates()
    order = np.argsort(where.post_ids)
    pairs = list(zip(posts["source"].tolist(), posts["community"].tolist(), strict=True))
    communities = tuple(sorted(set(pairs)))
    numbers = {pair: number for number, pair in enumerate(communities)}
    community = np.array([numbers[pair] for pair in pairs], dtype=np.int64)
    author = np.where(posts["unknown"], -1, _codes(np.asarray(posts["author"])))
    return PostCounts(
        counts=counts[order],
        post_ids=where.post_ids[order],
        author=author[order],
        thread=_codes(np.asarray(posts["thread_id"]))[order],
        community=community[order],
        period=posts["period"].astype("datetime64[D]")[order],
        n_tokens=where.n_tokens[order],
        communities=communities,
    )


def _cells(
    connection: duckdb.DuckDBPyConnection, word_ids: Integers, posts: PostPlaces
) -> tuple[Integers, Integers]:
    """Return the row of posts and the column of words of every place of the words."""
    if not len(word_ids):
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    found = connection.execute(
        f"SELECT word_id, g FROM token_places WHERE {condition_on_words(word_ids)}"
    ).fetchnumpy()
    rows = posts.rows_of(np.asarray(found["g"], dtype=np.int64))
    order = np.argsort(word_ids, kind="stable")
    columns = order[np.searchsorted(word_ids, found["word_id"], sorter=order)]
    return rows[rows >= 0], columns[rows >= 0]


def _document_frequencies(
    connection: duckdb.DuckDBPyConnection, population: Population | None
) -> Integers:
    found = connection.execute(
        "SELECT word_id, count(DISTINCT post_id) AS n FROM token_stream"
        f" WHERE post_id IN ({population_sql(connection, population)}) GROUP BY word_id"
    ).fetchnumpy()
    return _dense(connection, found, "n")


def _dense(
    connection: duckdb.DuckDBPyConnection, found: Mapping[str, NDArray[np.int64]], name: str
) -> Integers:
    row = connection.execute("SELECT coalesce(max(word_id), -1) FROM words").fetchone()
    dense = np.zeros((row[0] if row else -1) + 1, dtype=np.int64)
    dense[found["word_id"]] = found[name]
    return dense


def _codes(values: NDArray[np.int64]) -> Integers:
    return np.unique(values, return_inverse=True)[1].astype(np.int64)
