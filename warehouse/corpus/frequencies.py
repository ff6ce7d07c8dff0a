"""Frequencies: how often every word stands in populations.

The default population's counts stand in the release. Of any other, the words of its posts are cut
out of the one column of the token stream, or those of all other posts where these are fewer, and
counted as an array.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.corpus.population import SPOKEN, Population, population_posts
from warehouse.corpus.stream import (
    PostPlaces,
    StreamCut,
    WordIds,
    all_posts,
    column_batches,
    words_of,
    words_of_posts,
)

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
_COUNTED_AT_ONCE = 4_000_000  # words that are held before they are counted


@dataclass(frozen=True, slots=True, kw_only=True)
class WordCounts:
    """How often words stand in some populations.

    Attributes
    ----------
    word_ids, words : (n_words,) every word that stands in one of them, in the order of `word_ids`;
        the words as Arrow strings, since they are many
    n : (n_words, n_populations)
    n_posts : (n_words, n_populations) posts with the word; None unless asked for
    sizes : (n_populations,) tokens
    """

    word_ids: Integers
    words: "pa.ChunkedArray[Any]"
    n: Integers
    n_posts: Integers | None
    sizes: Integers


def frequencies(
    connection: duckdb.DuckDBPyConnection, population: Population | None = None
) -> Integers:
    """Return how often each word stands in a population: (highest word_id + 1,).

    Raises
    ------
    PopulationRefused
        If the condition cannot be read.
    """
    return frequencies_of(connection, [population or SPOKEN])[0]


def frequencies_of(
    connection: duckdb.DuckDBPyConnection, populations: Sequence[Population]
) -> list[Integers]:
    """Return how often each word stands in each population, reading the stream once at most.

    Raises
    ------
    PopulationRefused
        If a condition cannot be read.
    """
    n, n_spoken = _stored_counts(connection)
    counts: list[Integers | None] = [
        n_spoken if population == SPOKEN else None for population in populations
    ]
    pending = [number for number, known in enumerate(counts) if known is None]
    if pending:
        posts = all_posts(connection)
        flags = [_flags(connection, posts, populations[number]) for number in pending]
        for number, counted in zip(pending, _count_words(connection, posts, flags, n), strict=True):
            counts[number] = counted
    return [known for known in counts if known is not None]


def word_counts(
    connection: duckdb.DuckDBPyConnection, *populations: Population, with_posts: bool = False
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
    n = np.stack(frequencies_of(connection, populations), axis=1)
    word_ids = np.flatnonzero(n.any(axis=1))
    n_posts = posts_with_words(connection, populations)[word_ids] if with_posts else None
    return WordCounts(
        word_ids=word_ids,
        words=words_of(connection, word_ids).column("word"),
        n=n[word_ids],
        n_posts=n_posts,
        sizes=n.sum(axis=0),
    )


def posts_with_words(
    connection: duckdb.DuckDBPyConnection, populations: Sequence[Population]
) -> Integers:
    """Return in how many posts of each population each word stands: (n_words, n_populations).

    Raises
    ------
    PopulationRefused
        If a condition cannot be read.
    """
    posts = all_posts(connection)
    n_words = len(_stored_counts(connection)[0])
    counts = np.zeros((n_words, len(populations)), dtype=np.int64)
    for number, population in enumerate(populations):
        chosen = _flags(connection, posts, population)
        words = words_of_posts(connection, posts, chosen)
        counts[:, number] = _posts_of_words(words, posts.n_tokens[chosen], n_words=n_words)
    return counts


def _posts_of_words(words: WordIds, sizes: Integers, *, n_words: int) -> Integers:
    """Return in how many posts each word stands; `words` are those of posts of these sizes."""
    counts = np.zeros(n_words, dtype=np.int64)
    stops = np.cumsum(sizes)
    first = done = 0
    while first < len(sizes):
        last = max(first + 1, int(np.searchsorted(stops, done + _COUNTED_AT_ONCE)))
        stop = int(stops[last - 1])
        post = np.repeat(np.arange(last - first), sizes[first:last])
        pairs = words[done:stop].astype(np.int64) * (last - first) + post
        pairs.sort()
        distinct = pairs[np.diff(pairs, prepend=-1) != 0]
        counts += np.bincount(distinct // (last - first), minlength=n_words)
        first, done = last, stop
    return counts


def _stored_counts(connection: duckdb.DuckDBPyConnection) -> tuple[Integers, Integers]:
    """Return how often each word stands in all posts, and in the default population."""
    stored = connection.execute("SELECT word_id, n, n_spoken FROM words").to_arrow_table()
    word_ids = stored.column("word_id").to_numpy()
    counts = np.zeros((2, int(word_ids.max(initial=-1)) + 1), dtype=np.int64)
    counts[0, word_ids] = stored.column("n").to_numpy()
    counts[1, word_ids] = stored.column("n_spoken").to_numpy()
    return counts[0], counts[1]


def _flags(
    connection: duckdb.DuckDBPyConnection, posts: PostPlaces, population: Population
) -> Flags:
    return posts.are_among(population_posts(connection, population))


def _count_words(
    connection: duckdb.DuckDBPyConnection, posts: PostPlaces, flags: Sequence[Flags], n: Integers
) -> list[Integers]:
    """Count the words of the posts that each array of flags chooses; `n` are those of all posts."""
    is_small = [2 * posts.n_tokens[flag].sum() <= posts.n_tokens.sum() for flag in flags]
    counters = [
        _Counter(posts, flag if small else ~flag, n_words=len(n))
        for flag, small in zip(flags, is_small, strict=True)
    ]
    if any(counter.cut.n_tokens for counter in counters):
        for first, words in column_batches(connection):
            for counter in counters:
                counter.read(first, words)
    found = [counter.finish() for counter in counters]
    return [counts if small else n - counts for counts, small in zip(found, is_small, strict=True)]


class _Counter:
    """Counts the words of some posts in a stream that comes piece by piece."""

    def __init__(self, posts: PostPlaces, chosen: Flags, *, n_words: int) -> None:
        self.cut = StreamCut(posts, chosen)
        self.counts = np.zeros(n_words, dtype=np.int64)
        self.held: list[WordIds] = []
        self.n_held = 0

    def read(self, first: int, words: WordIds) -> None:
        """Take in the words of the rows from `first` on."""
        chosen = words[self.cut.rows(first, len(words))]
        self.held.append(chosen)
        self.n_held += len(chosen)
        if self.n_held > _COUNTED_AT_ONCE:
            self.finish()

    def finish(self) -> Integers:
        """Return the counts of what was read."""
        if self.n_held:
            self.counts += np.bincount(np.concatenate(self.held), minlength=len(self.counts))
        self.held, self.n_held = [], 0
        return self.counts
