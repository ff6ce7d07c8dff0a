"""What a population comes to: posts, words, people, communities, time, and what is left out."""

import dataclasses

import duckdb
import pyarrow as pa

from warehouse.corpus.population import Population, population_sql

_SIZES = """
SELECT count(*) AS n_posts, coalesce(sum(n_words), 0)::BIGINT AS n_words,
       count(DISTINCT author_key) AS n_authors,
       count(*) FILTER (WHERE author_key IS NULL) AS n_posts_author_unknown,
       count(DISTINCT thread_id) AS n_threads,
       count(DISTINCT (source, community)) AS n_communities,
       min(created_at) AS first_post_at, max(created_at) AS last_post_at
FROM posts WHERE post_id IN ({posts})
"""
_LEFT_OUT = """
SELECT CASE WHEN automated THEN 'automated' ELSE 'duplicate' END AS reason,
       count(*) AS n_posts, sum(n_words)::BIGINT AS n_words
FROM posts WHERE post_id IN ({wider}) AND post_id NOT IN ({posts})
GROUP BY reason ORDER BY reason
"""


def population_sizes(
    connection: duckdb.DuckDBPyConnection, population: Population | None = None
) -> pa.Table:
    """Return one row with what a population comes to.

    Returns
    -------
    pyarrow.Table
        n_posts, n_words, n_authors (known ones), n_posts_author_unknown, n_threads, n_communities,
        first_post_at, last_post_at.

    Raises
    ------
    PopulationRefused
        If the condition cannot be read.
    """
    posts = population_sql(connection, population)
    return connection.execute(
        _SIZES.format(posts=f"SELECT post_id FROM ({posts})")
    ).to_arrow_table()


def left_out(
    connection: duckdb.DuckDBPyConnection, population: Population | None = None
) -> pa.Table:
    """Return how many posts fulfil the condition and do not count, by the first reason that holds.

    Returns
    -------
    pyarrow.Table
        reason (automated, duplicate), n_posts, n_words.

    Raises
    ------
    PopulationRefused
        If the condition cannot be read.
    """
    wanted = population or Population()
    wide = dataclasses.replace(wanted, include_duplicates=True, include_automated=True)
    queries = {
        name: f"SELECT post_id FROM ({population_sql(connection, each)})"
        for name, each in (("posts", wanted), ("wider", wide))
    }
    return connection.execute(_LEFT_OUT.format(**queries)).to_arrow_table()
