"""Queries as concordance lines, with what the lines are a sample of."""

from dataclasses import dataclass

import duckdb
import pyarrow as pa

from flows.corpus.mentions import masked, refuse_person
from warehouse.corpus import concordance, cql
from warehouse.corpus.lines import read_lines
from warehouse.corpus.population import Population


@dataclass(frozen=True, slots=True, kw_only=True)
class QueryLines:
    """A sample of a query's hits as lines.

    Attributes
    ----------
    lines : pyarrow.Table
        post_id, source, community, created_at, left_context, node, right_context.
    counts, with_duplicates : HitCounts
        Of all hits: in the population, and in it and the copies of its posts.
    """

    lines: pa.Table
    counts: cql.HitCounts
    with_duplicates: cql.HitCounts


def query_lines(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    population: Population,
    *,
    strategy: cql.Strategy | None = None,
    width: int = 8,
    lines: int = 100,
    seed: int = 0,
    sort: str = "place",
) -> QueryLines:
    """Return a sample of a query's hits as concordance lines.

    Parameters
    ----------
    query : str
        In the language of `warehouse.corpus.cql`.
    population : Population
        The posts asked about.
    strategy : {"standard", "shortest", "longest", "traditional"}, optional
        Which of several matches at one place count.
    width : int
        Most words on each side.
    lines : int
        Most lines, drawn at random among all hits by `seed`.
    sort : str
        "place", "time", "random", or words beside the node such as "1R,2R,1L".

    Raises
    ------
    CqlError, PopulationRefused, SortRefused
        If an argument cannot be read.
    PersonRefused
        If it names a pseudonym.
    """
    refuse_person(query)
    concordance.check_sort(sort)
    drawn = cql.draw(
        connection, query, population=population, strategy=strategy, sample=lines, seed=seed
    )
    hits = drawn.hits
    if sort != "random":
        hits = hits.sort_by([("post_id", "ascending"), ("first_g", "ascending")])
    return QueryLines(
        lines=masked(concordance.sort_lines(read_lines(connection, hits, width=width), sort=sort)),
        counts=drawn.counts,
        with_duplicates=drawn.with_duplicates,
    )
