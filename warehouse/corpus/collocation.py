"""Collocation: what stands near the hits of a query, counted over the whole vocabulary."""

from dataclasses import dataclass
from typing import Literal

import duckdb
import numpy as np
from numpy.typing import NDArray

from warehouse.corpus.frequencies import frequencies
from warehouse.corpus.population import Population, post_places
from warehouse.corpus.stream import read_intervals, texts_of

Integers = NDArray[np.int64]
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
    posts = post_places(connection, population)
    rows = posts.rows_of(places)
    firsts, rows = places[rows >= 0], rows[rows >= 0]
    sizes = np.ones(len(places), dtype=np.int64) if lengths is None else lengths
    lasts = firsts + sizes[posts.rows_of(places) >= 0]
    starts = posts.first_g[rows]
    stops = starts + posts.n_tokens[rows]
    left = span if side != "right" else 0
    right = span if side != "left" else 0
    low, high = np.maximum(firsts - left, starts), np.minimum(lasts + right, stops)
    near = np.setdiff1d(_covered(low, high), _covered(firsts, lasts), assume_unique=True)
    word_ids = read_intervals(connection, near)
    of_post = posts.rows_of(near)
    distinct, where, n_near = np.unique(word_ids, return_inverse=True, return_counts=True)
    pairs = np.unique(where.astype(np.int64) * (len(posts.post_ids) + 1) + of_post)
    n_posts = np.bincount(pairs // (len(posts.post_ids) + 1), minlength=len(distinct))
    everywhere = frequencies(connection, population)
    order = np.lexsort((distinct, -n_near))
    return CollocateCounts(
        word_ids=distinct[order].astype(np.int64),
        words=texts_of(connection, distinct[order]),
        n_near=n_near[order].astype(np.int64),
        n_posts=n_posts[order].astype(np.int64),
        n=everywhere[distinct[order]],
        n_node=len(firsts),
        n_tokens=int(posts.n_tokens.sum()),
        window=len(near),
    )


def _covered(low: Integers, high: Integers) -> Integers:
    """Return every position that lies in one of the intervals, once, in rising order."""
    sizes = np.maximum(high - low, 0)
    starts = (
        np.repeat(low - np.concatenate([[0], np.cumsum(sizes)[:-1]]), sizes) if len(low) else low
    )
    return np.unique(starts + np.arange(int(sizes.sum())))
