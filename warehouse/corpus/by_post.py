"""Words counted post by post, with what posts are grouped by: people, threads, places, time."""

from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from warehouse.corpus.hits import condition_on_words
from warehouse.corpus.population import Population, population_posts
from warehouse.corpus.stream import PostPlaces, all_posts

Integers = NDArray[np.int64]
_NONE = np.empty(0, dtype=np.int64)
Bin = Literal["day", "week", "month", "year"]

_WEEK, _MONDAY = 7, 3  # the first day of the epoch was a Thursday, the fourth of its week
_COMMUNITY = "hash(source, community)"
_KNOWN = f"""
SELECT post_id, thread_id, {_COMMUNITY} AS community,
       CASE WHEN author_key IS NULL THEN 0::UBIGINT ELSE hash(author_key) END AS author,
       epoch_us(created_at) AS created_at
FROM posts
"""
_NAMES = f"""
SELECT {_COMMUNITY} AS number, any_value(source), any_value(community) FROM posts GROUP BY number
"""


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
    known = _known(connection, population_posts(connection, population))
    post_ids = known["post_id"]
    posts = all_posts(connection).of(post_ids)
    row_of = np.searchsorted(post_ids, posts.post_ids)
    n_tokens = np.zeros(len(post_ids), dtype=np.int64)
    n_tokens[row_of] = posts.n_tokens
    rows, columns, counts = _cells(connection, word_ids, posts)
    communities, community = _codes(known["community"])
    return PostCounts(
        counts=csr_array((counts, (row_of[rows], columns)), shape=(len(post_ids), len(word_ids))),
        post_ids=post_ids,
        author=_author_codes(known["author"]),
        thread=_codes(known["thread_id"])[1],
        community=community,
        period=first_days(known["created_at"].view("datetime64[us]"), bin),
        n_tokens=n_tokens,
        communities=_names(connection, communities),
    )


def first_days(moments: NDArray[np.datetime64], bin_: Bin) -> NDArray[np.datetime64]:
    """Return the first day of the calendar bin of each moment (UTC); weeks begin on Monday."""
    days = moments.astype("datetime64[D]")
    if bin_ == "week":
        since_monday = (days.astype(np.int64) + _MONDAY) % _WEEK
        mondays: NDArray[np.datetime64] = days - since_monday.astype("timedelta64[D]")
        return mondays
    unit = {"day": "D", "month": "M", "year": "Y"}[bin_]
    return days.astype(f"datetime64[{unit}]").astype("datetime64[D]")


def _known(
    connection: duckdb.DuckDBPyConnection, post_ids: Integers
) -> dict[str, NDArray[np.int64]]:
    """Return what some posts belong to, in the order of their rising numbers.

    All posts are read and then chosen from, which takes a tenth of what a join does. Hashes stand
    for people and communities: no key leaves the database, and no text is copied.
    """
    found = connection.execute(_KNOWN).to_arrow_table()
    every = found.column("post_id").to_numpy()
    is_wanted = np.zeros(max(every.max(initial=-1), post_ids.max(initial=-1)) + 1, dtype=np.bool_)
    is_wanted[post_ids] = True
    rows = np.flatnonzero(is_wanted[every])
    if (np.diff(every[rows]) < 0).any():
        rows = rows[np.argsort(every[rows], kind="stable")]
    return {name: found.column(name).to_numpy()[rows] for name in found.column_names}


def _cells(
    connection: duckdb.DuckDBPyConnection, word_ids: Integers, posts: PostPlaces
) -> tuple[Integers, Integers, Integers]:
    """Return row of post, column of word and count of every post that has one of the words."""
    places: dict[int, list[Integers]] = {number: [] for number in word_ids.tolist()}
    if places:
        found = connection.execute(
            f"SELECT word_id, g FROM token_places WHERE {condition_on_words(word_ids)}"
        ).to_arrow_table()
        words, g = found.column("word_id").to_numpy(), found.column("g").to_numpy()
        begins = np.flatnonzero(np.diff(words, prepend=-1))  # a word's lie together, run by run
        for number, piece in zip(words[begins], np.split(g, begins)[1:], strict=True):
            places[int(number)].append(piece)
    cells = [
        _per_post(np.sort(np.concatenate(places[number] or [_NONE]), kind="stable"), posts)
        for number in places
    ]
    columns = np.repeat(np.arange(len(cells)), [len(rows) for rows, _ in cells])
    rows, counts = (np.concatenate([cell[side] for cell in cells] or [_NONE]) for side in (0, 1))
    return rows, columns, counts


def _per_post(places: Integers, posts: PostPlaces) -> tuple[Integers, Integers]:
    """Return the rows of the posts that have some of the places, which rise, and how many each."""
    if len(places) > len(posts.post_ids):
        ends = posts.first_g + posts.n_tokens
        counts = np.searchsorted(places, ends) - np.searchsorted(places, posts.first_g)
        rows = np.flatnonzero(counts)
        return rows, counts[rows]
    rows = posts.rows_of(places)
    rows = rows[rows >= 0]
    begins = np.flatnonzero(np.diff(rows, prepend=-1))
    return rows[begins], np.diff(np.append(begins, len(rows)))


def _codes(values: NDArray[Any]) -> tuple[NDArray[Any], Integers]:
    """Return the different values as they first come, and which of them each row has."""
    encoded = pa.array(values).dictionary_encode()
    return encoded.dictionary.to_numpy(), encoded.indices.to_numpy().astype(np.int64)


def _author_codes(authors: NDArray[Any]) -> Integers:
    """Return numbers from 0 for known authors, -1 for who is unknown (0)."""
    values, codes = _codes(authors)
    unknown = np.flatnonzero(values == 0)
    if not len(unknown):
        return codes
    return np.where(codes == unknown[0], -1, codes - (codes > unknown[0]))


def _names(
    connection: duckdb.DuckDBPyConnection, communities: NDArray[Any]
) -> tuple[tuple[str, str], ...]:
    """Return source and name of the communities that hashes stand for."""
    names = {
        number: (source, name) for number, source, name in connection.execute(_NAMES).fetchall()
    }
    return tuple(names[number] for number in communities.tolist())
