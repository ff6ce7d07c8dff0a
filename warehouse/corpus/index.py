"""The token index: own words of every post, kept up at the cost of what is new.

It has two directions over one running position `g`: `token_stream` holds every token in reading
order, `token_places` where each word stands. A post's tokens lie together, so `indexed` need only
say where they begin. Positions are never given again: an edited post gets later ones.

`token_places` is a sequence of runs (`warehouse.corpus.runs`), one a batch. Tokens of a superseded
text leave the stream at once; in the runs their positions stay until they are merged or something
is erased, and are listed in `dead_tokens`.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from warehouse.corpus.runs import add_run, merge_runs, transaction
from warehouse.tokeniser import TOKENISER_VERSION, tokens_of

__all__ = ["TOKENISER_VERSION", "IndexCounts", "index_posts"]

BATCH_CHARACTERS = 40_000_000
"""How much text is indexed in one transaction: some eight million tokens, which bounds memory."""

_FEW_POSTS = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexCounts:
    """What indexing did: posts and tokens written, and words never seen before."""

    posts: int = 0
    tokens: int = 0
    new_words: int = 0

    def plus(self, other: "IndexCounts") -> "IndexCounts":
        """Return the sum of both."""
        return IndexCounts(
            posts=self.posts + other.posts,
            tokens=self.tokens + other.tokens,
            new_words=self.new_words + other.new_words,
        )


# The loader leaves n_words empty in every row that it writes, so that finding what is pending
# reads one narrow column, whatever the history.
_OUTDATED = f"""
UPDATE posts SET n_words = NULL WHERE post_id IN (
    SELECT post_id FROM indexed WHERE tokeniser_version <> {TOKENISER_VERSION}
)
"""
_PENDING = """
CREATE OR REPLACE TEMP TABLE index_pending AS
SELECT post_id, (sum(length(own_text)) OVER (ORDER BY post_id) // $characters)::BIGINT AS batch
FROM posts WHERE n_words IS NULL ORDER BY post_id
"""
_BATCHES = "SELECT DISTINCT batch FROM index_pending ORDER BY batch"

# A post that was deleted by hand: an erasure takes its tokens along.
_IS_ANY_GONE = """
SELECT (SELECT count(*) FROM indexed) > (
    SELECT count(*) FROM posts WHERE n_words IS NOT NULL
) + (SELECT count(*) FROM indexed SEMI JOIN index_pending USING (post_id))
"""
_GONE = """
CREATE OR REPLACE TEMP TABLE index_stale AS
SELECT post_id, first_g, n_tokens FROM indexed ANTI JOIN posts USING (post_id)
"""
_SUPERSEDED = """
CREATE OR REPLACE TEMP TABLE index_stale AS
SELECT post_id, first_g, n_tokens FROM indexed
WHERE post_id IN (SELECT post_id FROM index_pending WHERE batch = $batch)
"""

_CUT = f"""
SELECT post_id, revision, text_version, {tokens_of("own_text")} AS words FROM posts
WHERE post_id IN (SELECT post_id FROM index_pending WHERE batch = $batch) ORDER BY post_id
"""
_KNOWN = "SELECT place, word_id FROM index_fresh LEFT JOIN words USING (word) ORDER BY place"
_RESERVE = "SELECT min(nextval('word_ids')) FROM range($n)"
_COUNT = """
UPDATE words SET n = words.n + index_words.n
FROM index_words WHERE words.word_id = index_words.word_id AND NOT is_new;
INSERT INTO words SELECT word_id, word, n FROM index_words WHERE is_new ORDER BY word_id
"""
_STREAM = "INSERT INTO token_stream SELECT g, post_id, word_id FROM index_tokens"
_MARK = f"""
UPDATE posts SET n_words = n_tokens FROM index_posts WHERE posts.post_id = index_posts.post_id;
INSERT INTO indexed
SELECT post_id, revision, text_version, {TOKENISER_VERSION}, first_g, n_tokens FROM index_posts
"""


def index_posts(
    connection: duckdb.DuckDBPyConnection, *, batch_characters: int = BATCH_CHARACTERS
) -> IndexCounts:
    """Tokenise what is new or edited, and forget what is superseded or gone.

    Fills `words`, the token tables, `indexed` and `posts.n_words`, in one transaction for each
    batch of posts: a process that is ended goes on at the next batch. Words that nobody uses any
    more leave the vocabulary, since a name that was edited out must not stay behind in it; their
    numbers are not given again.
    """
    if _one(
        connection,
        "SELECT count(*) FROM indexed WHERE tokeniser_version <> $v",
        v=TOKENISER_VERSION,
    ):
        connection.execute(_OUTDATED)
    connection.execute(_PENDING, {"characters": batch_characters})
    if _one(connection, _IS_ANY_GONE):
        with transaction(connection):
            connection.execute(_GONE)
            _forget_stale(connection)
    counts = IndexCounts()
    for (batch,) in connection.execute(_BATCHES).fetchall():
        with transaction(connection):
            counts = counts.plus(_index_batch(connection, batch))
    merge_runs(connection)
    connection.execute("DROP TABLE index_pending; DROP TABLE IF EXISTS index_stale")
    return counts


def _index_batch(connection: duckdb.DuckDBPyConnection, batch: int) -> IndexCounts:
    connection.execute(_SUPERSEDED, {"batch": batch})
    _forget_stale(connection)
    cut = connection.execute(_CUT, {"batch": batch}).to_arrow_table()
    lists: Any = pa.concat_arrays(cut.column("words").chunks)
    encoded = lists.flatten().dictionary_encode()
    codes = np.asarray(encoded.indices)
    word_ids, n_new = _number_words(connection, encoded.dictionary, codes)
    first_g = _one(connection, "SELECT coalesce(max(next_g), 0) FROM token_runs")
    n_tokens = np.diff(np.asarray(lists.offsets)).astype(np.int32)
    posts = cut.drop_columns("words").append_column("n_tokens", pa.array(n_tokens))
    starts = first_g + np.cumsum(n_tokens, dtype=np.int64) - n_tokens
    posts = posts.append_column("first_g", pa.array(starts))
    if len(codes):
        _write_tokens(connection, posts, word_ids[codes], first_g=first_g)
    _run_on(connection, "index_posts", posts, _MARK)
    return IndexCounts(posts=len(posts), tokens=len(codes), new_words=n_new)


def _number_words(
    connection: duckdb.DuckDBPyConnection, words: pa.StringArray, codes: NDArray[np.int32]
) -> tuple[NDArray[np.int32], int]:
    """Count the words of a batch in the vocabulary; return their numbers, and how many are new.

    Frequent words get low numbers, so that what is read together lies together.
    """
    counts = np.bincount(codes, minlength=len(words))
    fresh = pa.table({"place": np.arange(len(words)), "word": words, "n": counts})
    connection.register("index_fresh", fresh)
    known: Any = connection.execute(_KNOWN).to_arrow_table().column("word_id")
    connection.unregister("index_fresh")
    is_new = np.asarray(known.is_null())
    n_new = int(is_new.sum())
    word_ids = np.asarray(pc.fill_null(known, 0)).astype(np.int32)
    if n_new:
        order = pc.sort_indices(
            fresh.filter(pa.array(is_new)), sort_keys=[("n", "descending"), ("word", "ascending")]
        )
        places = np.flatnonzero(is_new)[np.asarray(order)]
        word_ids[places] = _one(connection, _RESERVE, n=n_new) + np.arange(n_new)
    numbered = fresh.append_column("word_id", pa.array(word_ids))
    _run_on(connection, "index_words", numbered.append_column("is_new", pa.array(is_new)), _COUNT)
    return word_ids, n_new


def _write_tokens(
    connection: duckdb.DuckDBPyConnection,
    posts: pa.Table,
    word_ids: NDArray[np.int32],
    *,
    first_g: int,
) -> None:
    post_ids = np.repeat(np.asarray(posts.column("post_id")), np.asarray(posts.column("n_tokens")))
    g = np.arange(first_g, first_g + len(word_ids))
    tokens = pa.table({"g": g, "post_id": post_ids, "word_id": word_ids})
    _run_on(connection, "index_tokens", tokens, _STREAM)
    add_run(connection, word_ids, first_g=first_g)


def _run_on(connection: duckdb.DuckDBPyConnection, name: str, rows: pa.Table, sql: str) -> None:
    connection.register(name, rows)
    connection.execute(sql)
    connection.unregister(name)


def _forget_stale(connection: duckdb.DuckDBPyConnection) -> None:
    """Take the posts of `index_stale` out of the stream, the vocabulary and the record."""
    stale = [post for (post,) in connection.execute("SELECT post_id FROM index_stale").fetchall()]
    if not stale:
        return
    # Few posts are named one by one: their tokens are then found by zone maps, without a scan.
    named = ", ".join(map(str, stale)) if len(stale) <= _FEW_POSTS else "FROM index_stale_posts"
    connection.execute(
        f"""
        CREATE OR REPLACE TEMP VIEW index_stale_posts AS SELECT post_id FROM index_stale;
        INSERT INTO dead_tokens SELECT unnest(range(first_g, first_g + n_tokens)) FROM index_stale;
        UPDATE words SET n = words.n - lost.n
        FROM (
            SELECT word_id, count(*) AS n FROM token_stream WHERE post_id IN ({named})
            GROUP BY word_id
        ) AS lost
        WHERE words.word_id = lost.word_id;
        DELETE FROM token_stream WHERE post_id IN ({named});
        DELETE FROM indexed WHERE post_id IN (FROM index_stale_posts);
        DELETE FROM words WHERE n <= 0;
        DROP VIEW index_stale_posts
        """
    )


def _one(connection: duckdb.DuckDBPyConnection, sql: str, **values: object) -> int:
    row = connection.execute(sql, values or None).fetchone()
    return int(row[0]) if row else 0
