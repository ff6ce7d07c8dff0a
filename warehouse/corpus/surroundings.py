"""Surroundings: the words near hits, post by post, with who wrote and in which conversation.

What collocation counts in all, this keeps apart by post, since statistics that hold for people and
conversations need to know which windows belong together.
"""

from dataclasses import dataclass
from typing import Literal

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from warehouse.corpus.by_post import counts_by_post
from warehouse.corpus.population import Population, post_places
from warehouse.corpus.stream import positions, texts_of, words_at

Integers = NDArray[np.int64]
Side = Literal["left", "right", "both"]
_NO_WORDS = np.empty(0, dtype=np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """How often words stand near some hits, a row a post that has any.

    Attributes
    ----------
    counts : (n_posts, n_words) places near a hit; a place near two counts once
    word_ids, words : (n_words,)
    post_ids, author, thread : (n_posts,) `author` is -1 where it is unknown
    n_window : (n_posts,) places near a hit, of any word
    n_hits : (n_posts,)
    """

    counts: csr_array
    word_ids: Integers
    words: list[str]
    post_ids: Integers
    author: Integers
    thread: Integers
    n_window: Integers
    n_hits: Integers


def surroundings(
    connection: duckdb.DuckDBPyConnection,
    hits: pa.Table,
    *,
    span: int = 5,
    side: Side = "both",
    least: int = 1,
    population: Population | None = None,
) -> Surroundings:
    """Count the words near hits in each post, inside the post and without the hits themselves.

    Parameters
    ----------
    hits : pyarrow.Table
        post_id, first_g, n_tokens, all in posts of the population.
    span : int
        Words on each side that is looked at.
    least : int
        Words that stand near hits less often are left out; their places stay in `n_window`.
    population : Population, optional
        Which posts count.

    Raises
    ------
    PopulationRefused
        If the condition cannot be read.
    """
    posts = post_places(connection, population)
    first = hits.column("first_g").to_numpy()
    rows = posts.rows_of(first)
    stop = first + hits.column("n_tokens").to_numpy()
    starts, ends = posts.first_g[rows], posts.first_g[rows] + posts.n_tokens[rows]
    low = np.maximum(first - (span if side != "right" else 0), starts)
    high = np.minimum(stop + (span if side != "left" else 0), ends)
    near = np.setdiff1d(positions(low, high), positions(first, stop), assume_unique=True)
    with_hits, n_hits = np.unique(rows, return_counts=True)
    row = np.searchsorted(with_hits, posts.rows_of(near))
    word_ids, column, n = np.unique(
        words_at(connection, near), return_inverse=True, return_counts=True
    )
    places = (row.astype(np.int64), column.astype(np.int64))
    table = csr_array((np.ones(len(near)), places), shape=(len(with_hits), len(word_ids)))
    kept = np.flatnonzero(n >= least)
    of = counts_by_post(connection, _NO_WORDS, population)
    post_ids = posts.post_ids[with_hits]
    known = np.searchsorted(of.post_ids, post_ids)
    return Surroundings(
        counts=csr_array(table[:, kept]),
        word_ids=word_ids[kept].astype(np.int64),
        words=texts_of(connection, word_ids[kept]),
        post_ids=post_ids,
        author=of.author[known],
        thread=of.thread[known],
        n_window=np.bincount(row, minlength=len(with_hits)).astype(np.int64),
        n_hits=n_hits.astype(np.int64),
    )
