"""Concordance: a word with what stands left and right of it, from the token index.

The lines are a random sample that a seed names, drawn by hashing each place; their context is read
point by point (an equal join on post and position), since a range join over the tokens costs fifty
times as much. It works on the warehouse and on the controlled release, which carries the same
query as the SQL macro `kwic(word, width := 8, lines := 100)`.
"""

import duckdb
import pyarrow as pa

from warehouse.tokeniser import normalised


def _query(*, word: str, width: str, lines: str, seed: str, condition: str) -> str:
    """Return the SQL of a concordance; the arguments are SQL expressions."""
    # The word is named in a scope of its own, where a macro's parameter cannot meet the column.
    return f"""
    WITH wish AS (
        SELECT {normalised("typed")} AS wanted FROM (SELECT {word} AS typed)
    ), hits AS (
        SELECT tokens.post_id, tokens.position AS place FROM tokens
        WHERE tokens.word_id IN (
            SELECT words.word_id FROM words JOIN wish ON words.word = wish.wanted
        ) {condition}
        ORDER BY hash({seed}, tokens.post_id, place), tokens.post_id, place LIMIT {lines}
    ), around AS (
        SELECT post_id, place, unnest(range(place - {width}, place + {width} + 1)) AS position
        FROM hits
    ), written AS (
        SELECT around.post_id, place,
               string_agg(words.word, ' ' ORDER BY around.position)
                   FILTER (around.position < place) AS left_context,
               any_value(words.word) FILTER (around.position = place) AS node,
               string_agg(words.word, ' ' ORDER BY around.position)
                   FILTER (around.position > place) AS right_context
        FROM around
        JOIN tokens ON tokens.post_id = around.post_id AND tokens.position = around.position
        JOIN words ON words.word_id = tokens.word_id
        GROUP BY around.post_id, place
    )
    SELECT post_id, posts.source, posts.community, posts.created_at,
           coalesce(left_context, '') AS left_context, node,
           coalesce(right_context, '') AS right_context
    FROM written JOIN posts USING (post_id) ORDER BY post_id, place
    """


def kwic_macro(schema: str) -> str:
    """Return the SQL that makes the macro `kwic` in `schema`, as the controlled release has it."""
    body = _query(word="word", width="width", lines="lines", seed="0", condition="")
    return f"CREATE MACRO {schema}.kwic(word, width := 8, lines := 100) AS TABLE {body}"


_WITHHELD = """
SELECT count(*) > 0 FROM duckdb_columns() WHERE database_name = current_database()
AND table_name = 'posts' AND column_name = 'withheld'
"""


def kwic(
    connection: duckdb.DuckDBPyConnection,
    word: str,
    *,
    width: int = 8,
    lines: int = 100,
    seed: int = 0,
    source: str | None = None,
    community: str | None = None,
) -> pa.Table:
    """Return places where `word` stands, with up to `width` words on each side.

    Parameters
    ----------
    word : str
        One token, in any case: a word, number, hashtag or emoji.
    lines : int
        How many places at most, drawn at random among all of them by `seed`.
    source, community : str, optional
        Only posts of these.

    Returns
    -------
    pyarrow.Table
        post_id, source, community, created_at, left_context, node, right_context; in the order of
        posts and places. Posts that are withheld give no line.
    """
    only = {"source": source, "community": community}
    only = {name: value for name, value in only.items() if value is not None}
    wanted = [f"posts.{name} = ${name}" for name in only]
    row = connection.execute(_WITHHELD).fetchone()
    if row and row[0]:
        wanted.append("NOT posts.withheld")
    condition = (
        f"AND tokens.post_id IN (SELECT post_id FROM posts WHERE {' AND '.join(wanted)})"
        if wanted
        else ""
    )
    sql = _query(word="$word", width="$width", lines="$lines", seed="$seed", condition=condition)
    parameters = {"word": word, "width": width, "lines": lines, "seed": seed, **only}
    return connection.execute(sql, parameters).to_arrow_table()
