"""Sequences of words: which stand in a population, how often, and among how many people."""

import duckdb
import pyarrow as pa

from warehouse.corpus.population import Population, population_sql

SHORTEST, LONGEST = 2, 6


def ngram_counts(
    connection: duckdb.DuckDBPyConnection,
    n: int,
    population: Population | None = None,
    *,
    least: int = 20,
) -> pa.Table:
    """Count the sequences of `n` words within posts, most frequent first.

    Parameters
    ----------
    n : int
        Words of a sequence, 2 to 6.
    least : int
        Sequences that stand less often are left out.

    Returns
    -------
    pyarrow.Table
        ngram, n, n_posts, n_authors (known ones), n_communities.

    Raises
    ------
    ValueError
        If `n` is not 2 to 6, or `least` is below 1.
    PopulationRefused
        If the condition cannot be read.
    """
    if not SHORTEST <= n <= LONGEST or least < 1:
        raise ValueError(f"n-grams have {SHORTEST} to {LONGEST} words, and `least` is 1 or more")
    words = [f"lead(word_id, {k}) OVER own" for k in range(n)]
    query = f"""
    WITH read AS (
        SELECT post_id, [{", ".join(words)}] AS gram, lead(word_id, {n - 1}) OVER own AS final
        FROM token_stream WHERE post_id IN ({population_sql(connection, population)})
        WINDOW own AS (PARTITION BY post_id ORDER BY g)
    ), counted AS (
        SELECT gram, count(*) AS n, count(DISTINCT post_id) AS n_posts,
               count(DISTINCT author_key) AS n_authors,
               count(DISTINCT (posts.source, posts.community)) AS n_communities
        FROM read JOIN posts USING (post_id) WHERE final IS NOT NULL
        GROUP BY gram HAVING count(*) >= {int(least)}
    ), parts AS (
        SELECT gram, unnest(gram) AS word_id, generate_subscripts(gram, 1) AS place FROM counted
    ), written AS (
        SELECT gram, string_agg(word, ' ' ORDER BY place) AS ngram
        FROM parts JOIN words USING (word_id) GROUP BY gram
    )
    SELECT ngram, n, n_posts, n_authors, n_communities FROM counted JOIN written USING (gram)
    ORDER BY n DESC, ngram
    """
    return connection.execute(query).to_arrow_table()
