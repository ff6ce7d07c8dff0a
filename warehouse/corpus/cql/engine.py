"""Queries over the controlled release: read, planned, compiled to one SQL statement, and run."""

from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa

from warehouse.corpus.concordance import DRAW
from warehouse.corpus.cql.compiler import Compiler, Extent, QueryTooLarge
from warehouse.corpus.cql.errors import CqlError
from warehouse.corpus.cql.parser import parse
from warehouse.corpus.cql.plan import plans_for
from warehouse.corpus.cql.tree import Condition, Strategy, lengths, simplified
from warehouse.corpus.cql.words import cut_words, find_words
from warehouse.corpus.population import SPOKEN, Population, population_posts, population_sql


@dataclass(frozen=True, slots=True, kw_only=True)
class HitCounts:
    """How many hits a query has, and in how many posts."""

    hits: int
    posts: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A sample of a query's hits, and how many there are in all.

    Attributes
    ----------
    hits : pyarrow.Table
        post_id, first_g, n_tokens, in the order drawn.
    counts : HitCounts
        In the population.
    with_duplicates : HitCounts
        In the population and the copies of its posts.
    """

    hits: pa.Table
    counts: HitCounts
    with_duplicates: HitCounts


def compile_query(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    population: Population | None = None,
    strategy: Strategy | None = None,
) -> str:
    """Return the SQL of a query's hits: post_id, first_g, n_tokens, position.

    It is one SELECT statement without parameters, which runs in any client of the release.

    Parameters
    ----------
    query : str
        Such as `[word="co-?produc.*"] []{0,3} "value"`.
    population : Population, optional
        Which posts count; those that people wrote, each once, where nothing is said.
    strategy : {"standard", "shortest", "longest", "traditional"}, optional
        Which of several matches at one place count; the query's own goes before it.

    Raises
    ------
    CqlError
        If the query cannot be read, a match of it need not hold any word that is named, or it
        would visit too many places.
    PopulationRefused
        If the population's condition is none.
    """
    read = parse(query)
    pattern = simplified(cut_words(connection, read))
    words = find_words(connection, read, pattern)

    def size_of(condition: Condition) -> int | None:
        found = words[condition]
        return None if found.left_out else found.n

    plans = plans_for(pattern, size_of)
    if plans is None:
        raise CqlError(
            "a match need not hold any word that is named here, so that every place of the corpus"
            " would have to be looked at; name a word that all matches have",
            query=query,
            column=0,
        )
    shortest, longest = lengths(pattern)
    compiler = Compiler(
        words,
        strategy=read.strategy or strategy or "standard",
        posts=population_sql(connection, population),
        extent=_extent(connection),
    )
    try:
        return compiler.statement(plans, is_fixed=shortest == longest)
    except QueryTooLarge as error:
        raise CqlError(f"the query is too large: {error}", query=query, column=0) from None


def find(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    population: Population | None = None,
    strategy: Strategy | None = None,
    sample: int | None = None,
    seed: int = 0,
) -> pa.Table:
    """Return the hits of a query.

    Parameters
    ----------
    query, population, strategy
        As in `compile_query`, whose errors it raises.
    sample : int, optional
        How many hits at most, drawn at random among all; all where nothing is said.
    seed : int
        Names the draw, which takes the same places as that of a concordance with this seed.

    Returns
    -------
    pyarrow.Table
        post_id, first_g (running position of the first token), n_tokens; in the order of posts
        and places.
    """
    hits = compile_query(connection, query, population=population, strategy=strategy)
    drawn = f"FROM ({hits})"
    if sample is not None:
        draw = DRAW.format(g="first_g", seed=int(seed))
        drawn += f" ORDER BY {draw}, first_g LIMIT {int(sample)}"
    wanted = f"SELECT post_id, first_g, n_tokens FROM ({drawn}) ORDER BY post_id, first_g"
    return _run(connection, wanted, query)


def draw(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    population: Population | None = None,
    strategy: Strategy | None = None,
    sample: int,
    seed: int = 0,
) -> Drawn:
    """Return a sample of a query's hits with what it is a sample of, in one pass.

    The sample is that of `find` with the same `seed`; arguments and errors are those of `find`.
    """
    wanted = population or SPOKEN
    wide = replace(wanted, include_duplicates=True)
    every = find(connection, query, population=wide, strategy=strategy)
    hits = every
    if not wanted.include_duplicates:
        counted = population_posts(connection, wanted)
        hits = every.filter(pa.array(np.isin(every["post_id"].to_numpy(), counted)))
    number = DRAW.format(g="first_g", seed=int(seed))
    connection.register("cql_hits", hits)
    try:
        drawn = connection.execute(
            f"FROM cql_hits ORDER BY {number}, first_g LIMIT {int(sample)}"
        ).to_arrow_table()
    finally:
        connection.unregister("cql_hits")
    return Drawn(hits=drawn, counts=_counted(hits), with_duplicates=_counted(every))


def _counted(hits: pa.Table) -> HitCounts:
    return HitCounts(hits=hits.num_rows, posts=len(hits["post_id"].unique()))


def count(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    population: Population | None = None,
    strategy: Strategy | None = None,
) -> HitCounts:
    """Return how many hits a query has, and in how many posts; errors as in `compile_query`."""
    hits = compile_query(connection, query, population=population, strategy=strategy)
    wanted = f"SELECT count(*) AS hits, count(DISTINCT post_id) AS posts FROM ({hits})"
    (counts,) = _run(connection, wanted, query).to_pylist()
    return HitCounts(**counts)


def by_post(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    population: Population | None = None,
    strategy: Strategy | None = None,
) -> pa.Table:
    """Return post_id and n_hits of the posts that have any, in the order of posts.

    What trends, dispersion and keyness of a query are counted from; errors as in `compile_query`.
    """
    hits = compile_query(connection, query, population=population, strategy=strategy)
    wanted = f"SELECT post_id, count(*) AS n_hits FROM ({hits}) GROUP BY post_id ORDER BY post_id"
    return _run(connection, wanted, query)


def _run(connection: duckdb.DuckDBPyConnection, sql: str, query: str) -> pa.Table:
    try:
        return connection.execute(sql).to_arrow_table()
    except duckdb.OutOfMemoryException:
        sentence = "the query needs more memory than it may take; make its gaps narrower"
        raise CqlError(sentence, query=query, column=0) from None


def _extent(connection: duckdb.DuckDBPyConnection) -> Extent:
    row = connection.execute(
        "SELECT coalesce(sum(n_tokens), 0)::BIGINT, coalesce(max(n_tokens), 0) FROM token_posts"
    ).fetchone()
    tokens, longest = row or (0, 0)
    return Extent(tokens=tokens, longest=longest)
