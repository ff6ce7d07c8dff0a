"""The token index: own words of every post in order, kept up at the cost of what is new."""

from dataclasses import dataclass

import duckdb

from warehouse.tokeniser import TOKENISER_VERSION, tokens_of

__all__ = ["TOKENISER_VERSION", "IndexCounts", "index_posts"]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCounts:
    """What indexing did: posts and tokens written, and words never seen before."""

    posts: int = 0
    tokens: int = 0
    new_words: int = 0


_PENDING = f"""
CREATE OR REPLACE TEMP TABLE index_pending AS
SELECT post_id, revision, text_version FROM posts
ANTI JOIN (SELECT * FROM indexed WHERE tokeniser_version = {TOKENISER_VERSION})
USING (post_id, revision, text_version)
"""

# What the index holds of another revision, or of a post that is gone.
_STALE = """
CREATE OR REPLACE TEMP TABLE index_stale AS
SELECT post_id FROM indexed SEMI JOIN index_pending USING (post_id)
UNION ALL
SELECT post_id FROM indexed ANTI JOIN posts USING (post_id)
"""

_FORGET = """
UPDATE words SET n = words.n - lost.n
FROM (
    SELECT word_id, count(*) AS n FROM tokens
    WHERE post_id IN (SELECT post_id FROM index_stale) GROUP BY word_id
) AS lost
WHERE words.word_id = lost.word_id;
DELETE FROM tokens WHERE post_id IN (SELECT post_id FROM index_stale);
DELETE FROM indexed WHERE post_id IN (SELECT post_id FROM index_stale);
"""

_TOKENISE = f"""
CREATE OR REPLACE TEMP TABLE index_texts AS
SELECT post_id, {tokens_of("own_text")} AS words FROM posts
WHERE post_id IN (SELECT post_id FROM index_pending) ORDER BY post_id;
CREATE OR REPLACE TEMP TABLE index_tokens AS
SELECT post_id, (generate_subscripts(words, 1) - 1)::INTEGER AS position, unnest(words) AS word
FROM index_texts;
"""

_COUNT_WORDS = """
CREATE OR REPLACE TEMP TABLE index_words AS
WITH fresh AS (SELECT word, count(*) AS n FROM index_tokens GROUP BY word)
SELECT word, fresh.n, word_id IS NULL AS is_new,
       coalesce(word_id, nextval('word_ids')::INTEGER) AS word_id
FROM fresh LEFT JOIN words USING (word) ORDER BY word
"""

# The update touches the one column in place; the texts beside it are not rewritten.
_REMEMBER = f"""
UPDATE words SET n = words.n + index_words.n
FROM index_words WHERE NOT is_new AND words.word_id = index_words.word_id;
INSERT INTO words SELECT word_id, word, n FROM index_words WHERE is_new ORDER BY word_id;
INSERT INTO tokens
SELECT post_id, position, word_id FROM index_tokens JOIN index_words USING (word);
UPDATE posts SET n_words = len(words) FROM index_texts WHERE posts.post_id = index_texts.post_id;
INSERT INTO indexed
SELECT post_id, revision, text_version, {TOKENISER_VERSION} FROM index_pending;
"""

_DROP = """
DROP TABLE IF EXISTS index_pending;
DROP TABLE IF EXISTS index_stale;
DROP TABLE IF EXISTS index_texts;
DROP TABLE IF EXISTS index_tokens;
DROP TABLE IF EXISTS index_words;
"""


def index_posts(connection: duckdb.DuckDBPyConnection) -> IndexCounts:
    """Tokenise what is new or edited, and forget what is superseded or gone; one transaction.

    Fills `words`, `tokens`, `indexed` and `posts.n_words`. Words that nobody uses any more leave
    the vocabulary, since a name that was edited out must not stay behind in it; their numbers are
    not given again.
    """
    connection.begin()
    try:
        counts = _index(connection)
        connection.execute(_DROP)
        connection.commit()
    except BaseException:
        connection.rollback()
        raise
    return counts


def _index(connection: duckdb.DuckDBPyConnection) -> IndexCounts:
    connection.execute(_PENDING)
    connection.execute(_STALE)
    posts = _one(connection, "SELECT count(*) FROM index_pending")
    stale = _one(connection, "SELECT count(*) FROM index_stale")
    counts = IndexCounts()
    if stale:
        connection.execute(_FORGET)
    if posts:
        connection.execute(_TOKENISE)
        connection.execute(_COUNT_WORDS)
        connection.execute(_REMEMBER)
        counts = IndexCounts(
            posts=posts,
            tokens=_one(connection, "SELECT count(*) FROM index_tokens"),
            new_words=_one(connection, "SELECT count(*) FROM index_words WHERE is_new"),
        )
    if stale:
        connection.execute("DELETE FROM words WHERE n <= 0")
    return counts


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = connection.execute(sql).fetchone()
    return int(row[0]) if row else 0
