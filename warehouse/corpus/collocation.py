"""Collocation: what stands near the hits of a query, counted over the whole vocabulary."""

from dataclasses import dataclass
from typing import Any, Literal

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from warehouse.corpus.frequencies import frequencies
from warehouse.corpus.population import SPOKEN, Population, population_posts
from warehouse.corpus.stream import (
    PostPlaces,
    WordIds,
    all_posts,
    disjoint,
    positions,
    words_at,
    words_of,
)

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]
Side = Literal["left", "right", "both"]


@dataclass(frozen=True, slots=True, kw_only=True)
class CollocateCounts:
    """Counts of the words near some hits, a row a word; most frequent near them first.

    Attributes
    ----------
    word_ids, words : (n_words,)
    n_near : (n_words,) places of the word within the span of a hit; a place near two counts once
    n_posts : (n_words,) posts that have such a place
    n : (n_words,) places of the word in the whole population
    n_node : hits in the population
    n_tokens : tokens of the population
    window : places within the span of a hit, the hits themselves left out
    """

    word_ids: Integers
    words: list[str]
    n_near: Integers
    n_posts: Integers
    n: Integers
    n_node: int
    n_tokens: int
    window: int


def collocate_counts(
    connection: duckdb.DuckDBPyConnection,
    places: Integers,
    *,
    lengths: Integers | None = None,
    span: int = 5,
    side: Side = "both",
    population: Population | None = None,
) -> CollocateCounts:
    """Count the words within `span` tokens of hits, inside their posts.

    Parameters
    ----------
    places : (n_hits,) running position of the first token of each hit
    lengths : (n_hits,) tokens of each hit; one each if not given
    side : which side of a hit is looked at

    Raises
    ------
    PopulationRefused
        If the condition cannot be read.
    """
    every = all_posts(connection)
    counted = every.are_among(population_posts(connection, population))
    hits = _hits(every, counted, places, np.ones_like(places) if lengths is None else lengths)
    near, rows = _near(every, *hits, left=span * (side != "right"), right=span * (side != "left"))
    words = words_at(connection, near, posts=every, rows=rows)
    word_ids, n_near, n_posts = _distinct(words, rows, n_rows=len(every.post_ids))
    order = np.lexsort((word_ids, -n_near))
    texts, n = _everywhere(connection, word_ids, population)
    return CollocateCounts(
        word_ids=word_ids[order],
        words=[str(text) for text in texts.take(order).to_pylist()],
        n_near=n_near[order],
        n_posts=n_posts[order],
        n=n[order],
        n_node=len(hits[0]),
        n_tokens=int(every.n_tokens[counted].sum()),
        window=len(near),
    )


def _hits(
    posts: PostPlaces, counted: Flags, places: Integers, lengths: Integers
) -> tuple[Integers, Integers, Integers]:
    """Return first token, end and row of post of the hits that count, in the order of places."""
    order = np.argsort(places, kind="stable")
    firsts, lengths = places[order], lengths[order]
    rows = posts.rows_of(firsts)
    kept = (rows >= 0) & counted[rows]
    return firsts[kept], (firsts + lengths)[kept], rows[kept]


def _near(
    posts: PostPlaces, firsts: Integers, ends: Integers, rows: Integers, *, left: int, right: int
) -> tuple[Integers, Integers]:
    """Return the places beside hits, in rising order, and the row of the post of each."""
    begin, end = posts.first_g[rows], posts.first_g[rows] + posts.n_tokens[rows]
    low, high = np.maximum(firsts - left, begin), np.minimum(ends + right, end)
    starts, sizes = disjoint(low, high)
    near = np.repeat(starts - np.cumsum(sizes) + sizes, sizes) + np.arange(int(sizes.sum()))
    is_beside = np.ones(len(near), dtype=np.bool_)
    is_beside[np.searchsorted(near, positions(firsts, ends))] = False
    return near[is_beside], np.repeat(rows, sizes)[is_beside]


def _distinct(
    words: WordIds, rows: Integers, *, n_rows: int
) -> tuple[Integers, Integers, Integers]:
    """Return the words that stand at some places, how often, and in how many posts each."""
    pairs = words.astype(np.int64) * n_rows + rows
    pairs.sort()
    words_of_pairs = pairs // max(n_rows, 1)
    begins = np.flatnonzero(np.diff(words_of_pairs, prepend=-1))
    is_new_post = np.diff(pairs, prepend=-1) != 0
    n_near = np.diff(np.append(begins, len(pairs)))
    n_posts = np.add.reduceat(is_new_post.astype(np.int64), begins) if len(begins) else begins
    return words_of_pairs[begins], n_near, n_posts


def _everywhere(
    connection: duckdb.DuckDBPyConnection, word_ids: Integers, population: Population | None
) -> tuple["pa.ChunkedArray[Any]", Integers]:
    """Return the texts of words, and how often each stands in the population."""
    known = words_of(connection, word_ids, columns=("word_id", "word", "n_spoken"))
    if (population or SPOKEN) == SPOKEN:
        return known.column("word"), known.column("n_spoken").to_numpy()
    return known.column("word"), frequencies(connection, population)[word_ids]
