"""Queries over the controlled release: read, planned, compiled to one SQL statement, and run."""

from dataclasses import dataclass, replace

import duckdb
import numpy as np
import pyarrow as pa

from warehouse.corpus.concordance import DRAW
from warehouse.corpus.cql.compiler import Compiler, Extent, QueryTooLarge, hits_among
from warehouse.corpus.cql.errors import CqlError
from warehouse.corpus.cql.parser import parse
from warehouse.corpus.cql.plan import plans_for
from warehouse.corpus.cql.tree import Condition, Strategy, lengths, simplified
from warehouse.corpus.cql.words import absent_words, cut_words, find_words
from warehouse.corpus.population import SPOKEN, Population, population_posts, population_sql

_COLUMNS = ["post_id", "first_g", "n_tokens"]
_MOST_LOOKED_UP = 5_000
_POSTS_A_LOOK_UP = 1_000  # so many posts are sorted in the time of one look-up


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
    compiled = _compile(connection, query, population, strategy)
    return hits_among(compiled.matches, posts=compiled.posts, strategy=compiled.strategy)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Compiled:
    """The SQL of a query's matches, of the posts that count, and which matches do.

    Up to `few` matches it is quicker to look up the post of each than to sort all posts.
    """

    matches: str
    posts: str
    strategy: Strategy
    few: int


def _compile(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    population: Population | None,
    strategy: Strategy | None,
) -> _Compiled:
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
    # Of matches that have as many words each, none lies in another.
    rule = "traditional" if shortest == longest else read.strategy or strategy or "standard"
    posts = population_sql(connection, population)
    extent = _extent(connection)
    compiler = Compiler(words, strategy=rule, posts=posts, extent=extent)
    try:
        matches = compiler.matches(plans)
    except QueryTooLarge as error:
        raise CqlError(f"the query is too large: {error}", query=query, column=0) from None
    few = min(extent.posts // _POSTS_A_LOOK_UP, _MOST_LOOKED_UP)
    return _Compiled(matches=matches, posts=posts, strategy=rule, few=few)


def _hits(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    population: Population | None,
    strategy: Strategy | None,
) -> pa.Table:
    """Return post_id, first_g, n_tokens and position of all hits, in no order."""
    compiled = _compile(connection, query, population, strategy)
    try:
        matches = connection.execute(compiled.matches).to_arrow_table()
        return _hits_among(connection, matches, compiled)
    except duckdb.OutOfMemoryException:
        sentence = "the query needs more memory than it may take; make its gaps narrower"
        raise CqlError(sentence, query=query, column=0) from None


def _hits_among(
    connection: duckdb.DuckDBPyConnection, matches: pa.Table, compiled: _Compiled
) -> pa.Table:
    """Return the hits among matches; where these are few, their posts are looked up."""
    posts = compiled.posts
    if matches.num_rows <= compiled.few:
        posts = f"SELECT post_id FROM (\n{posts}\n) WHERE {_near(connection, matches)}"
    connection.register("cql_matches", matches)
    try:
        sql = hits_among("FROM cql_matches", posts=posts, strategy=compiled.strategy)
        return connection.execute(sql).to_arrow_table()
    finally:
        connection.unregister("cql_matches")


def _near(connection: duckdb.DuckDBPyConnection, matches: pa.Table) -> str:
    """Return the condition that a post is one in which a match begins."""
    places = ", ".join(map(str, matches["g"].to_pylist()))
    if not places:
        return "false"
    rows = connection.execute(
        f"SELECT DISTINCT post_id FROM token_stream WHERE g IN ({places})"
    ).fetchall()
    return f"post_id IN ({', '.join(str(post_id) for (post_id,) in rows)})" if rows else "false"


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
    hits = _hits(connection, query, population, strategy).select(_COLUMNS)
    return _sampled(connection, hits, sample, seed).sort_by(
        [("post_id", "ascending"), ("first_g", "ascending")]
    )


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
    drawn = _sampled(connection, hits, sample, seed)
    return Drawn(hits=drawn, counts=_counted(hits), with_duplicates=_counted(every))


def _sampled(
    connection: duckdb.DuckDBPyConnection, hits: pa.Table, sample: int | None, seed: int
) -> pa.Table:
    """Return a sample of hits in the order drawn; all of them where no number is given."""
    if sample is None:
        return hits
    number = DRAW.format(g="first_g", seed=int(seed))
    connection.register("cql_hits", hits)
    try:
        return connection.execute(
            f"FROM cql_hits ORDER BY {number}, first_g LIMIT {int(sample)}"
        ).to_arrow_table()
    finally:
        connection.unregister("cql_hits")


def absent(connection: duckdb.DuckDBPyConnection, query: str) -> list[str]:
    """Return what a query names that no word of the corpus fits; errors as in `compile_query`."""
    return absent_words(connection, parse(query))


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
    return _counted(_hits(connection, query, population, strategy))


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
    hits = _hits(connection, query, population, strategy)
    counted = hits.group_by("post_id").aggregate([([], "count_all")])
    return counted.rename_columns(["post_id", "n_hits"]).sort_by("post_id")


def _extent(connection: duckdb.DuckDBPyConnection) -> Extent:
    row = connection.execute(
        "SELECT count(*), coalesce(sum(n_tokens), 0)::BIGINT, coalesce(max(n_tokens), 0)"
        " FROM token_posts"
    ).fetchone()
    posts, tokens, longest = row or (0, 0, 0)
    return Extent(posts=posts, tokens=tokens, longest=longest)
