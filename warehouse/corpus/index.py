"""The token index: own words of every post, kept up at the cost of what is new.

It has two directions over one running position `g`: `token_stream` holds every token in reading
order, `token_places` where each word stands. A post's tokens lie together, so `indexed` need only
say where they begin. Positions are never given again: an edited post gets later ones.

`token_places` is a sequence of runs, each in order of word and position, as a log-structured
merge tree has them (O'Neil et al. 1996): what a batch brings is one more run, and `merge_runs`
joins small ones of like size, so that a token is written anew a few times in its life, and a word
is found in a handful of places however long the nights have gone on. Tokens of a superseded text
leave the stream at once; in the runs their positions stay until the next merge and are listed in
`dead_tokens`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

import duckdb

from warehouse.tokeniser import TOKENISER_VERSION, tokens_of

__all__ = ["TOKENISER_VERSION", "IndexCounts", "index_posts", "merge_runs"]

BATCH_CHARACTERS = 40_000_000
"""How much text is indexed in one transaction: some eight million tokens, which bounds memory."""

MERGED_AT = 8
"""How many runs of like size are joined into one."""

_SMALLEST = 65_536
_FEW_POSTS = 2_000
_VERSION = TOKENISER_VERSION

_Run = tuple[int, int, int]


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
_BATCHES = "SELECT batch, count(*) FROM index_pending GROUP BY batch ORDER BY batch"

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

_TOKENISE = f"""
CREATE OR REPLACE TEMP TABLE index_texts AS
SELECT *, $first_g + (sum(n_tokens) OVER (ORDER BY post_id) - n_tokens)::BIGINT AS first_g
FROM (
    SELECT post_id, revision, text_version, words, len(words)::INTEGER AS n_tokens
    FROM (
        SELECT post_id, revision, text_version, {tokens_of("own_text")} AS words FROM posts
        WHERE post_id IN (SELECT post_id FROM index_pending WHERE batch = $batch)
    )
)
ORDER BY post_id
"""
_CUT = """
CREATE OR REPLACE TEMP TABLE index_tokens AS
SELECT post_id, unnest(words) AS word, unnest(range(first_g, first_g + n_tokens)) AS g
FROM index_texts
"""
_KNOWN_WORDS = """
CREATE OR REPLACE TEMP TABLE index_words AS
SELECT word, fresh.n, word_id
FROM (SELECT word, count(*) AS n FROM index_tokens GROUP BY word) AS fresh
LEFT JOIN words USING (word)
"""
_NEW_WORDS = "SELECT count(*) FROM index_words WHERE word_id IS NULL"
_RESERVE = "SELECT min(nextval('word_ids')) FROM range($n)"

# Frequent words get low numbers: what is read together lies together then.
_NUMBER = """
CREATE OR REPLACE TEMP TABLE index_new AS
SELECT ($first + row_number() OVER (ORDER BY n DESC, word) - 1)::INTEGER AS word_id, word, n
FROM index_words WHERE word_id IS NULL ORDER BY word_id
"""
_REMEMBER = """
UPDATE words SET n = words.n + index_words.n
FROM index_words WHERE words.word_id = index_words.word_id;
INSERT INTO words SELECT word_id, word, n FROM index_new;
UPDATE index_words SET word_id = index_new.word_id FROM index_new
WHERE index_words.word = index_new.word;
CREATE OR REPLACE TEMP TABLE index_numbered AS
SELECT g, post_id, word_id FROM index_tokens JOIN index_words USING (word);
INSERT INTO token_stream SELECT g, post_id, word_id FROM index_numbered ORDER BY g
"""
_PLACE = "INSERT INTO token_places SELECT $run, word_id, g FROM index_numbered ORDER BY word_id, g"
_MARK = f"""
UPDATE posts SET n_words = n_tokens FROM index_texts WHERE posts.post_id = index_texts.post_id;
INSERT INTO indexed
SELECT post_id, revision, text_version, {TOKENISER_VERSION}, first_g, n_tokens FROM index_texts
"""
_TEMPORARY = (
    *("index_pending", "index_stale", "index_texts", "index_tokens", "index_words", "index_new"),
    "index_numbered",
)

_RUNS = "SELECT run, first_g, next_g FROM token_runs ORDER BY first_g"
_JOIN = """
INSERT INTO token_places
SELECT $run, word_id, g FROM token_places
ANTI JOIN (SELECT g FROM dead_tokens WHERE g >= $first_g AND g < $next_g) USING (g)
WHERE run IN (SELECT unnest($joined::INTEGER[]))
ORDER BY word_id, g
"""
_FORGET_DEAD = "DELETE FROM dead_tokens WHERE g >= $first_g AND g < $next_g"


def index_posts(
    connection: duckdb.DuckDBPyConnection, *, batch_characters: int = BATCH_CHARACTERS
) -> IndexCounts:
    """Tokenise what is new or edited, and forget what is superseded or gone.

    Fills `words`, the token tables, `indexed` and `posts.n_words`, in one transaction for each
    batch of posts: a process that is ended goes on at the next batch. Words that nobody uses any
    more leave the vocabulary, since a name that was edited out must not stay behind in it; their
    numbers are not given again.
    """
    if _one(connection, "SELECT count(*) FROM indexed WHERE tokeniser_version <> $v", v=_VERSION):
        connection.execute(_OUTDATED)
    connection.execute(_PENDING, {"characters": batch_characters})
    if _one(connection, _IS_ANY_GONE):
        with _transaction(connection):
            connection.execute(_GONE)
            _forget_stale(connection)
    counts = IndexCounts()
    for batch, n_posts in connection.execute(_BATCHES).fetchall():
        with _transaction(connection):
            fresh = _index_batch(connection, batch)
        counts = counts.plus(replace(fresh, posts=n_posts))
        merge_runs(connection)
    for table in _TEMPORARY:
        connection.execute(f"DROP TABLE IF EXISTS {table}")
    return counts


def merge_runs(connection: duckdb.DuckDBPyConnection) -> int:
    """Join the latest runs where eight or more are of like size; return how many were joined.

    Each merge is a transaction of its own, and drops the positions of superseded texts.
    """
    joined = 0
    while runs := _due_for_merging(connection.execute(_RUNS).fetchall()):
        with _transaction(connection):
            _join(connection, runs)
        joined += len(runs)
    return joined


def _index_batch(connection: duckdb.DuckDBPyConnection, batch: int) -> IndexCounts:
    connection.execute(_SUPERSEDED, {"batch": batch})
    _forget_stale(connection)
    first_g = _one(connection, "SELECT coalesce(max(next_g), 0) FROM token_runs")
    connection.execute(_TOKENISE, {"batch": batch, "first_g": first_g})
    connection.execute(_CUT)
    connection.execute(_KNOWN_WORDS)
    n_new = _one(connection, _NEW_WORDS)
    first = _one(connection, _RESERVE, n=n_new) if n_new else 0
    connection.execute(_NUMBER, {"first": first})
    connection.execute(_REMEMBER)
    n_tokens = _one(connection, "SELECT count(*) FROM index_tokens")
    if n_tokens:
        run = _one(connection, "SELECT coalesce(max(run), 0) + 1 FROM token_runs")
        connection.execute(_PLACE, {"run": run})
        connection.execute(
            "INSERT INTO token_runs VALUES (?, ?, ?)", [run, first_g, first_g + n_tokens]
        )
    connection.execute(_MARK)
    return IndexCounts(tokens=n_tokens, new_words=n_new)


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


def _due_for_merging(runs: list[_Run]) -> list[_Run]:
    """Return the latest runs, oldest first, that are to become one; none where that can wait."""
    levels = [_level(next_g - first_g) for _, first_g, next_g in runs]
    for level in sorted(set(levels)):
        tail = len(runs)
        while tail and levels[tail - 1] <= level:
            tail -= 1
        if len(runs) - tail >= MERGED_AT:
            return runs[tail:]
    return []


def _level(n_tokens: int) -> int:
    """Return the size class of a run: each is eight times as large as the one before."""
    level, size = 0, _SMALLEST
    while n_tokens >= size:
        level, size = level + 1, size * MERGED_AT
    return level


def _join(connection: duckdb.DuckDBPyConnection, runs: list[_Run]) -> None:
    joined = [run for run, _, _ in runs]
    interval = {"first_g": runs[0][1], "next_g": runs[-1][2]}
    new = max(joined) + 1
    connection.execute(_JOIN, {"run": new, "joined": joined, **interval})
    for table in ("token_places", "token_runs"):
        connection.execute(
            f"DELETE FROM {table} WHERE run IN (SELECT unnest($joined))", {"joined": joined}
        )
    connection.execute(_FORGET_DEAD, interval)
    connection.execute(
        "INSERT INTO token_runs VALUES ($run, $first_g, $next_g)", {"run": new, **interval}
    )


@contextmanager
def _transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()


def _one(connection: duckdb.DuckDBPyConnection, sql: str, **values: object) -> int:
    row = connection.execute(sql, values or None).fetchone()
    return int(row[0]) if row else 0
