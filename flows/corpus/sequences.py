"""Sequences of words: n-grams as they are counted, and the lexical bundles among them."""

import math

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.corpus.bundles import MILLION, BundleRule, is_bundle, pieces_of_longer
from flows.corpus.mentions import without_mentions
from warehouse.corpus.ngrams import LONGEST, ngram_counts
from warehouse.corpus.population import Population
from warehouse.corpus.sizes import population_sizes


def ngrams(
    connection: duckdb.DuckDBPyConnection, n: int, population: Population, *, least: int
) -> pa.Table:
    """Return the sequences of `n` words that stand at least so often, with their rate."""
    table = ngram_counts(connection, n, population, least=least)
    return _with_rate(table, _n_tokens(connection, population))


def bundles(
    connection: duckdb.DuckDBPyConnection,
    shortest: int,
    longest: int,
    population: Population,
    *,
    rule: BundleRule,
) -> pa.Table:
    """Return the lexical bundles of some lengths, each counted at its full length.

    A sequence that occurs only inside one longer sequence is a piece of it and left out; the
    longest are looked at for that too where a word more can be counted.
    """
    n_tokens = _n_tokens(connection, population)
    least = max(1, math.ceil(rule.per_million * n_tokens / MILLION - 1e-9))
    lengths = range(shortest, min(longest + 1, LONGEST) + 1)
    tables = [ngram_counts(connection, n, population, least=least) for n in lengths]
    counts = [table.column("n").to_numpy() for table in tables]
    pieces = pieces_of_longer(_numbered(tables, lengths), counts)
    found = []
    for n, table, piece in zip(lengths, tables, pieces, strict=True):
        columns = (table.column(name).to_numpy() for name in ("n", "n_posts", "n_authors"))
        kept = is_bundle(*columns, n_tokens=n_tokens, rule=rule) & ~piece
        if n <= longest:
            found.append(table.filter(pa.array(kept)))
    return _with_rate(pa.concat_tables(found), n_tokens).sort_by(
        [("n", "descending"), ("ngram", "ascending")]
    )


def _n_tokens(connection: duckdb.DuckDBPyConnection, population: Population) -> int:
    return int(population_sizes(connection, population).column("n_words")[0].as_py())


def _with_rate(table: pa.Table, n_tokens: int) -> pa.Table:
    rate = table.column("n").to_numpy() * (MILLION / n_tokens) if n_tokens else np.zeros(0)
    table = table.add_column(2, "per_million", pa.array(rate, pa.float64()))
    return without_mentions(table, column="ngram")


def _numbered(tables: list[pa.Table], lengths: range) -> list[NDArray[np.int64]]:
    """Return the words of n-grams as numbers, a row an n-gram."""
    cut = [[str(gram).split() for gram in table.column("ngram").to_pylist()] for table in tables]
    words = {word for grams in cut for gram in grams for word in gram}
    numbers = {word: at for at, word in enumerate(sorted(words))}
    return [
        np.array([[numbers[word] for word in gram] for gram in grams], dtype=np.int64).reshape(
            len(grams), length
        )
        for grams, length in zip(cut, lengths, strict=True)
    ]
