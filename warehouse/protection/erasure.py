"""Erasure to the bytes: rows in every table, landed segments, state files, the database file.

Posts come here in two ways: confirmed as gone from their platform, or named by somebody (`forget`).
Both are withdrawn at once and wait in `pending_erasures` for the erase stage. Its steps can each be
ended and done again: segments are written anew without the posts, then their rows leave every
table in one transaction that also asks for the fresh copy of the file.
"""

from collections.abc import Collection, Iterator, Sequence
from datetime import datetime
from itertools import compress
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.coverage import update_coverage
from warehouse.protection.erasure_list import (
    ErasedKind,
    ErasureList,
    Register,
    hash_of,
    n_words_of,
    remember,
)
from warehouse.protection.keys import KeyRing
from warehouse.protection.segment_rewriting import Going, Pending, Sweep
from warehouse.protection.terms import forget_terms
from warehouse.protection.withdrawal import LEAVING, TOUCHED, recount_threads, withdraw

# What stays when a post goes: that it is gone, without a word of it.
_KEEP = ("tombstones", "pending_erasures")
_TABLES = """
SELECT DISTINCT table_name FROM duckdb_columns()
WHERE column_name = 'post_id' AND database_name = current_database()
    AND table_name IN (SELECT table_name FROM duckdb_tables() WHERE NOT temporary)
ORDER BY table_name
"""
_GONE = """
CREATE OR REPLACE TEMP TABLE gone AS
SELECT DISTINCT post_id FROM pending_erasures
"""

# A word that no other post holds goes too: it is a word of the erased post.
_LOWER_WORDS = """
UPDATE words SET n = words.n - lost.n
FROM (
    SELECT word_id, count(*) AS n FROM token_stream
    WHERE post_id IN (SELECT post_id FROM gone) GROUP BY word_id
) AS lost
WHERE words.word_id = lost.word_id
"""
_DROP_WORDS = "DELETE FROM words WHERE n <= 0 RETURNING word"
# The places of words do not name the post, so its positions do.
_UNPLACE = """
DELETE FROM token_places WHERE g IN (
    SELECT unnest(range(first_g, first_g + n_tokens)) FROM indexed
    WHERE post_id IN (SELECT post_id FROM gone)
    UNION ALL
    FROM dead_tokens
);
DELETE FROM dead_tokens
"""
# The earliest copy stands for the family at once; whether the others are copies of it, and it of
# none before, the next comparison says.
_UNLINK = """
UPDATE posts SET parent_id = NULL WHERE parent_id IN (SELECT post_id FROM gone);
INSERT INTO waiting_comparisons
SELECT post_id FROM posts WHERE duplicate_of IN (SELECT post_id FROM gone);
UPDATE posts SET duplicate_of = nullif(heir, posts.post_id)
FROM (
    SELECT duplicate_of AS original, arg_min(post_id, (withheld, created_at, post_id)) AS heir
    FROM posts WHERE duplicate_of IN (SELECT post_id FROM gone) GROUP BY duplicate_of
)
WHERE posts.duplicate_of = original
"""
# A paraphrase is made from what was written, so its words go too, withdrawn before or not.
_WITHDRAW_EXAMPLES = """
UPDATE examples SET text = '', withdrawn_on = coalesce(withdrawn_on, $now::TIMESTAMPTZ::DATE)
WHERE list_has_any(post_ids, (SELECT list(post_id) FROM gone))
"""
_PAGES = """
SELECT source, address FROM validators
WHERE source IN (SELECT source FROM pending_erasures) ORDER BY ALL
"""
_FORGET_PAGES = """
DELETE FROM validators WHERE (source, address) IN (
    SELECT (unnest($sources::VARCHAR[]), unnest($addresses::VARCHAR[])))
"""
_STATE_IS_STALE = """
UPDATE cursors SET state_written = false WHERE source IN (SELECT source FROM pending_erasures)
"""
_KNOWN_SOURCES = """
SELECT source FROM cursors UNION SELECT source FROM validators UNION
SELECT source FROM thread_locators ORDER BY ALL
"""
_OF_SOURCES = ("cursors", "validators", "thread_locators")
_ASK_COPY = "INSERT INTO pending_copies VALUES ($now)"
_ASK_SWEEP = "INSERT INTO pending_sweeps VALUES ($now)"
_ROWS_AT_ONCE = 50_000

_BY_KIND: dict[str, str] = {
    "post": "SELECT post_id FROM locators WHERE source = $first AND native_id = $second",
    "thread": "SELECT post_id FROM locators WHERE source = $first AND native_thread_id = $second",
    "author": "SELECT post_id FROM posts WHERE author_key = $first",
    "source": "SELECT post_id FROM posts WHERE source = $first",
}
_LEAVE = """
INSERT INTO leaving SELECT unnest($post_ids::BIGINT[]), 'erased', $now, $now
"""
_HELD = """
SELECT post_id, locators.source, native_id, native_thread_id, author_key, host_key, url,
       posts.harvested_at, {title} AS title, {text} AS text
FROM locators JOIN posts USING (post_id)
"""
_HELD_REVISIONS = """
SELECT post_id, locators.source, native_id, native_thread_id, NULL::VARCHAR AS author_key, host_key,
       url, seen_at AS harvested_at, '' AS title, post_revisions.text
FROM post_revisions JOIN locators USING (post_id) WHERE post_revisions.text IS NOT NULL
"""
_DROP_SUPERSEDED = """
UPDATE post_revisions SET text = NULL
WHERE text IS NOT NULL AND (post_id, revision + 1) IN (
    SELECT (post_id, revision) FROM post_revisions WHERE seen_at < $before)
"""


def read_pending(connection: duckdb.DuckDBPyConnection) -> list[Pending]:
    """Return the posts whose bytes have to go."""
    rows = connection.execute(
        "SELECT post_id, source, native_id, url, asked_at, native_thread_id FROM pending_erasures "
        "ORDER BY ALL"
    ).fetchall()
    return [Pending(*row) for row in rows]


def copy_is_due(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether rows were deleted whose bytes are still in the file."""
    return connection.execute("SELECT 1 FROM pending_copies LIMIT 1").fetchone() is not None


def forget(
    connection: duckdb.DuckDBPyConnection,
    keys: KeyRing,
    *,
    kind: ErasedKind,
    parts: Sequence[str],
    now: datetime,
    register: Register = "erasures",
) -> int:
    """Remember what is named as erased, or as opted out, and withdraw what is held of it."""
    hash_ = hash_of(keys, kind, *parts)
    n_words = n_words_of(kind, *parts)
    remember(connection, kind=kind, hash_=hash_, now=now, register=register, n_words=n_words)
    connection.execute(_ASK_SWEEP, {"now": now})
    if kind in _BY_KIND:
        values = dict(zip(("first", "second"), parts, strict=False))
        held = [post_id for (post_id,) in connection.execute(_BY_KIND[kind], values).fetchall()]
    else:
        held = [*_listed(connection, ErasureList.of([(kind, hash_, n_words, now)]), keys)]
    return _withdraw(connection, held, now=now)


def forget_source(connection: duckdb.DuckDBPyConnection, source: str, *, now: datetime) -> int:
    """Withdraw every post of a source, whose host opted out."""
    held = connection.execute("SELECT post_id FROM posts WHERE source = $s", {"s": source})
    post_ids = [post_id for (post_id,) in held.fetchall()]
    connection.execute(_ASK_SWEEP, {"now": now})
    connection.execute("DELETE FROM validators WHERE source = $s", {"s": source})
    return _withdraw(connection, post_ids, now=now)


def withdraw_refused(
    connection: duckdb.DuckDBPyConnection, source: str, ids: Collection[str], *, now: datetime
) -> int:
    """Withdraw held posts of which a version came that is refused, as one with a phrase is."""
    held = connection.execute(
        "SELECT post_id FROM locators WHERE source = $source "
        "AND native_id IN (SELECT unnest($ids::VARCHAR[]))",
        {"source": source, "ids": [*ids]},
    ).fetchall()
    return _withdraw(connection, [post_id for (post_id,) in held], now=now)


def reapply(connection: duckdb.DuckDBPyConnection, keys: KeyRing, *, now: datetime) -> int:
    """Withdraw every held post that the erasure list names; return how many."""
    listed = ErasureList.read(connection, with_deleted=True)
    held = [*_listed(connection, listed, keys)]
    connection.execute(_ASK_SWEEP, {"now": now})
    return _withdraw(connection, held, now=now)


def _listed(
    connection: duckdb.DuckDBPyConnection, listed: ErasureList, keys: KeyRing
) -> Iterator[int]:
    """Return which held posts a list names; a phrase in a superseded text counts, too."""
    if listed.phrases:
        queries = [_HELD.format(title="title", text="text"), _HELD_REVISIONS]
    else:  # texts are wide, and nothing asks for them
        queries = [_HELD.format(title="''", text="''")]
    found: set[int] = set()
    for query in queries:
        reader = connection.execute(query).to_arrow_reader(_ROWS_AT_ONCE)
        for batch in reader:
            rows = pa.Table.from_batches([batch])
            post_ids: list[Any] = rows.column("post_id").to_pylist()
            found.update(compress(post_ids, listed.refused(rows, keys)))
    yield from sorted(found)


def _withdraw(
    connection: duckdb.DuckDBPyConnection, post_ids: Sequence[int], *, now: datetime
) -> int:
    if not post_ids:
        return 0
    connection.execute(LEAVING)
    connection.execute(TOUCHED)
    connection.execute(_LEAVE, {"post_ids": list(post_ids), "now": now})
    withdraw(connection)
    recount_threads(connection, shrunk=True)
    update_coverage(connection)
    connection.execute(
        "UPDATE cursors SET state_written = false "
        "WHERE source IN (SELECT source FROM pending_erasures)"
    )
    return len(post_ids)


def sweep_due(connection: duckdb.DuckDBPyConnection, keys: KeyRing) -> Sweep | None:
    """Return the pass over every segment that somebody's request asks for, if one does."""
    if connection.execute("SELECT 1 FROM pending_sweeps LIMIT 1").fetchone() is None:
        return None
    return Sweep(ErasureList.read(connection, with_deleted=True), keys)


def erased_sources(connection: duckdb.DuckDBPyConnection, sweep: Sweep) -> list[str]:
    """Return the sources that were erased as a whole and of which anything is still known."""
    if not sweep.listed.sources:
        return []
    named = [source for (source,) in connection.execute(_KNOWN_SOURCES).fetchall()]
    return [source for source in named if sweep.listed.has_source(sweep.keys, source)]


def delete_sources(
    connection: duckdb.DuckDBPyConnection, sources: Sequence[str], *, now: datetime
) -> None:
    """Delete what is known of whole sources beside their posts: places, pages and threads."""
    if not sources:
        return
    for table in _OF_SOURCES:
        connection.execute(f"DELETE FROM {table} WHERE source IN (SELECT unnest($1))", [sources])
    connection.execute(_ASK_COPY, {"now": now})


def delete_rows(connection: duckdb.DuckDBPyConnection, keys: KeyRing, *, now: datetime) -> None:
    """Delete every row of the pending posts, in whatever table there is one, and ask for a copy."""
    connection.execute("DELETE FROM pending_sweeps")
    pending = read_pending(connection)
    if not pending:
        return
    _remember_deleted(connection, keys, pending)
    connection.execute(_GONE)
    connection.execute(_LOWER_WORDS)
    lost = {word for (word,) in connection.execute(_DROP_WORDS).fetchall()}
    forget_terms(connection, lost)
    connection.execute(_UNPLACE)
    connection.execute(_UNLINK)
    connection.execute(_WITHDRAW_EXAMPLES, {"now": now})
    for (table,) in connection.execute(_TABLES).fetchall():
        if table not in _KEEP:
            connection.execute(f"DELETE FROM {table} WHERE post_id IN (SELECT post_id FROM gone)")
    _forget_pages(connection, pending)
    connection.execute(_STATE_IS_STALE)
    connection.execute("DELETE FROM pending_erasures")
    connection.execute(_ASK_COPY, {"now": now})


def _forget_pages(connection: duckdb.DuckDBPyConnection, pending: Sequence[Pending]) -> None:
    """Forget the validators of pages whose addresses bear ids or titles of the posts."""
    by_source: dict[str, list[Pending]] = {}
    for post in pending:
        by_source.setdefault(post.source, []).append(post)
    traces = {source: Going(posts).traces() for source, posts in by_source.items()}
    pages = connection.execute(_PAGES).fetchall()
    named = [page for page in pages if traces[page[0]].in_address(page[1])]
    if named:
        sources, addresses = zip(*named, strict=True)
        connection.execute(_FORGET_PAGES, {"sources": sources, "addresses": addresses})


def _remember_deleted(
    connection: duckdb.DuckDBPyConnection, keys: KeyRing, pending: Sequence[Pending]
) -> None:
    """Remember until when a post was gone, for databases that are restored from before that."""
    latest = {keys.erasure_hash("post", p.source, p.native_id): p.asked_at for p in pending}
    connection.execute(
        "DELETE FROM erasures WHERE kind = 'deleted' AND hash IN (SELECT unnest($hashes))",
        {"hashes": [*latest]},
    )
    connection.execute(
        "INSERT INTO erasures (hash, kind, recorded_at) SELECT unnest($hashes), 'deleted', "
        "unnest($times)",
        {"hashes": [*latest], "times": [*latest.values()]},
    )


def drop_superseded(
    connection: duckdb.DuckDBPyConnection, *, before: datetime, now: datetime
) -> int:
    """Drop the texts of revisions that were superseded before a moment; return how many."""
    row = connection.execute(_DROP_SUPERSEDED, {"before": before}).fetchone()
    dropped = int(row[0]) if row else 0
    if dropped:
        connection.execute(_ASK_COPY, {"now": now})
    return dropped
