"""Nodes: what a corpus query is about, which is a word, a pattern of one, or a query of several.

A node with a bracket, a quote or a space is a query in the Corpus Query Language; any other is one
word, in which ``*`` and ``?`` stand for signs. A redaction such as [email] is a word.
"""

import dataclasses
import re

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from flows.corpus.mentions import refuse_person
from warehouse.corpus import concordance, cql
from warehouse.corpus.by_post import Bin, PostCounts, counts_by_post
from warehouse.corpus.hits import word_ids, word_places
from warehouse.corpus.lines import read_lines
from warehouse.corpus.population import Population, post_places
from warehouse.corpus.sampling import spread_lines
from warehouse.tokeniser import REDACTION

Integers = NDArray[np.int64]
_QUERY = re.compile(r"""["\[(\s]""")
_REDACTION = re.compile(REDACTION, re.IGNORECASE)
_COUNTS = ("n_hits", "n_posts", "n_hits_with_duplicates", "n_posts_with_duplicates")
_NO_WORDS = np.empty(0, dtype=np.int64)


class NodeRefused(ValueError):
    """Nothing was named to look for."""

    exit_code = 2


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class NodeCounts:
    """How often a node stands in each post of a population: `n` (n_posts,) beside the posts."""

    n: Integers
    posts: PostCounts


def is_query(node: str) -> bool:
    """Return whether a node is a query of several words, and not one word.

    Raises
    ------
    NodeRefused
        If it is empty.
    PersonRefused
        If it names a pseudonym.
    """
    refuse_person(node)
    typed = node.strip()
    if not typed:
        raise NodeRefused("there is nothing to look for: name a word, or a query of several")
    return bool(_QUERY.search(typed)) and not _REDACTION.fullmatch(typed)


def node_hits(connection: duckdb.DuckDBPyConnection, node: str, population: Population) -> pa.Table:
    """Return post_id, first_g and n_tokens of every hit, in the order of places."""
    if is_query(node):
        return cql.find(connection, node, population=population).sort_by("first_g")
    places = word_places(connection, node)
    posts = post_places(connection, population)
    rows = posts.rows_of(places)
    places, rows = places[rows >= 0], rows[rows >= 0]
    lengths = np.ones(len(places), dtype=np.int64)
    return pa.table({"post_id": posts.post_ids[rows], "first_g": places, "n_tokens": lengths})


def node_places(
    connection: duckdb.DuckDBPyConnection, node: str, population: Population
) -> tuple[Integers, Integers | None]:
    """Return where hits begin and how long they are, one token each where that is not said.

    Those of a word may lie outside of the population too.
    """
    if not is_query(node):
        return word_places(connection, node), None
    hits = node_hits(connection, node, population)
    return hits.column("first_g").to_numpy(), hits.column("n_tokens").to_numpy()


def node_lines(
    connection: duckdb.DuckDBPyConnection,
    node: str,
    population: Population,
    *,
    width: int,
    lines: int,
    seed: int,
    sort: str,
    spread: Bin | None = None,
) -> pa.Table:
    """Return a sample of hits as concordance lines, drawn at random or spread."""
    if spread is not None:
        concordance.check_sort(sort)
        hits = node_hits(connection, node, population)
        dealt = spread_lines(connection, hits, n=lines, seed=seed, width=width, bin=spread)
        return concordance.sort_lines(dealt, sort=sort)
    if not is_query(node):
        return concordance.kwic(
            connection,
            node,
            width=width,
            lines=lines,
            seed=seed,
            sort=sort,
            population=population,
        )
    concordance.check_sort(sort)
    drawn = cql.find(connection, node, population=population, sample=lines, seed=seed)
    return concordance.sort_lines(read_lines(connection, drawn, width=width), sort=sort)


def node_counts(
    connection: duckdb.DuckDBPyConnection,
    node: str,
    population: Population,
    *,
    bin: Bin = "month",  # noqa: A002  the name that settings and tables give it
) -> NodeCounts:
    """Return how often a node stands in each post, posts without it included."""
    if not is_query(node):
        posts = counts_by_post(connection, word_ids(connection, node), population, bin=bin)
        n = np.asarray(posts.counts.sum(axis=1)).ravel().astype(np.int64)
        return NodeCounts(n=n, posts=posts)
    posts = counts_by_post(connection, _NO_WORDS, population, bin=bin)
    found = cql.by_post(connection, node, population=population)
    n = np.zeros(len(posts.post_ids), dtype=np.int64)
    rows = np.searchsorted(posts.post_ids, found.column("post_id").to_numpy())
    n[rows] = found.column("n_hits").to_numpy()
    return NodeCounts(n=n, posts=posts)


def count_hits(
    connection: duckdb.DuckDBPyConnection, node: str, population: Population
) -> pa.Table:
    """Return hits and posts that have any, each text once and with duplicates.

    Returns
    -------
    pyarrow.Table
        One row: n_hits, n_posts, n_hits_with_duplicates, n_posts_with_duplicates.
    """
    once = dataclasses.replace(population, include_duplicates=False)
    if is_query(node):
        drawn = cql.draw(connection, node, population=once, sample=0)
        figures = [drawn.counts.hits, drawn.counts.posts]
        figures += [drawn.with_duplicates.hits, drawn.with_duplicates.posts]
    else:
        places = word_places(connection, node)
        wide = dataclasses.replace(population, include_duplicates=True)
        figures = [*_counted(connection, places, once), *_counted(connection, places, wide)]
    return pa.table({name: [n] for name, n in zip(_COUNTS, figures, strict=True)})


def _counted(
    connection: duckdb.DuckDBPyConnection, places: Integers, population: Population
) -> tuple[int, int]:
    """Return how many of some places lie in a population, and in how many posts of it."""
    rows = post_places(connection, population).rows_of(places)
    rows = rows[rows >= 0]  # rising, as places are
    return len(rows), int(np.count_nonzero(np.diff(rows))) + bool(len(rows))
