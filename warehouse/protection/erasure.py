"""Erasure to the bytes: rows in every table, landed segments, state files, the database file.

Posts come here in two ways: confirmed as gone from their platform, or named by somebody (`forget`).
Both are withdrawn at once and wait in `pending_erasures` for the erase stage. Its steps can each be
ended and done again: segments are written anew without the posts, then their rows leave every
table in one transaction that also asks for the fresh copy of the file.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import compress
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse import ledger
from warehouse.coverage import update_coverage
from warehouse.errors import SegmentError
from warehouse.landing import (
    Segment,
    encode_segment,
    read_segment,
    segment_name,
    segment_stem,
    source_folder,
    without_rows,
    write_encoded,
)
from warehouse.protection.erasure_list import ErasedKind, ErasureList, hash_of, remember
from warehouse.protection.keys import KeyRing
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
    SELECT word_id, count(*) AS n FROM tokens
    WHERE post_id IN (SELECT post_id FROM gone) GROUP BY word_id
) AS lost
WHERE words.word_id = lost.word_id;
DELETE FROM words WHERE n <= 0
"""
_UNLINK = """
UPDATE posts SET parent_id = NULL WHERE parent_id IN (SELECT post_id FROM gone);
UPDATE posts SET duplicate_of = nullif(heir, posts.post_id)
FROM (
    SELECT duplicate_of AS original, min(post_id) AS heir FROM posts
    WHERE duplicate_of IN (SELECT post_id FROM gone) GROUP BY duplicate_of
)
WHERE posts.duplicate_of = original
"""
_WITHDRAW_EXAMPLES = """
UPDATE examples SET withdrawn_on = $now::TIMESTAMPTZ::DATE
WHERE withdrawn_on IS NULL AND list_has_any(post_ids, (SELECT list(post_id) FROM gone))
"""
_FORGET_PAGES = """
DELETE FROM validators
WHERE (source, address) IN (SELECT (source, url) FROM pending_erasures WHERE url IS NOT NULL);
UPDATE cursors SET state_written = false WHERE source IN (SELECT source FROM pending_erasures)
"""
_ASK_COPY = "INSERT INTO pending_copies VALUES ($now)"

_BY_KIND: dict[str, str] = {
    "post": "SELECT post_id FROM locators WHERE source = $first AND native_id = $second",
    "thread": "SELECT post_id FROM locators WHERE source = $first AND native_thread_id = $second",
    "author": "SELECT post_id FROM posts WHERE author_key = $first",
}
_LEAVE = """
INSERT INTO leaving SELECT unnest($post_ids::BIGINT[]), 'erased', $now, $now
"""
_HELD = """
SELECT post_id, locators.source, native_id, native_thread_id, author_key
FROM locators JOIN posts USING (post_id)
"""
_DROP_SUPERSEDED = """
UPDATE post_revisions SET text = NULL
WHERE text IS NOT NULL AND (post_id, revision + 1) IN (
    SELECT (post_id, revision) FROM post_revisions WHERE seen_at < $before)
"""


@dataclass(frozen=True, slots=True)
class Pending:
    """One post whose bytes have to go."""

    post_id: int
    source: str
    native_id: str
    url: str | None
    asked_at: datetime


def read_pending(connection: duckdb.DuckDBPyConnection) -> list[Pending]:
    """Return the posts whose bytes have to go."""
    rows = connection.execute(
        "SELECT post_id, source, native_id, url, asked_at FROM pending_erasures ORDER BY ALL"
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
) -> int:
    """Remember a post, thread or author as erased and withdraw what is held of it."""
    remember(connection, kind=kind, hash_=hash_of(keys, kind, *parts), now=now)
    values = dict(zip(("first", "second"), parts, strict=False))
    held = [post_id for (post_id,) in connection.execute(_BY_KIND[kind], values).fetchall()]
    return _withdraw(connection, held, now=now)


def reapply(connection: duckdb.DuckDBPyConnection, keys: KeyRing, *, now: datetime) -> int:
    """Withdraw every held post that the erasure list names; return how many."""
    held = connection.execute(_HELD).to_arrow_table()
    listed = ErasureList.read(connection).refused(held, keys)
    post_ids: list[Any] = held.column("post_id").to_pylist()
    return _withdraw(connection, [*compress(post_ids, listed)], now=now)


def leave_out_refused(
    connection: duckdb.DuckDBPyConnection, segment: Segment, keys: KeyRing
) -> Segment:
    """Return a waiting segment without what the erasure list refuses, on disk too.

    The new file is whole before the old one goes; ended in between, both wait and say the same.
    """
    rows = segment.rows
    listed = ErasureList.read(connection).refused(rows, keys)
    if not any(listed):
        return segment
    ids: list[Any] = rows.column("native_id").to_pylist()
    refused = set(compress(ids, listed))
    header, rest = without_rows(segment, [native_id in refused for native_id in ids])
    content = encode_segment(header, rest)
    heir = segment.path.with_name(segment_name(segment_stem(segment.path), content))
    write_encoded(heir, content)
    ledger.unlink_all([segment.path])
    return read_segment(heir)


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


def delete_rows(connection: duckdb.DuckDBPyConnection, *, now: datetime) -> None:
    """Delete every row of the pending posts, in whatever table there is one, and ask for a copy."""
    connection.execute(_GONE)
    connection.execute(_LOWER_WORDS)
    connection.execute(_UNLINK)
    connection.execute(_WITHDRAW_EXAMPLES, {"now": now})
    for (table,) in connection.execute(_TABLES).fetchall():
        if table not in _KEEP:
            connection.execute(f"DELETE FROM {table} WHERE post_id IN (SELECT post_id FROM gone)")
    connection.execute(_FORGET_PAGES)
    connection.execute("DELETE FROM pending_erasures")
    connection.execute(_ASK_COPY, {"now": now})


def drop_superseded(
    connection: duckdb.DuckDBPyConnection, *, before: datetime, now: datetime
) -> int:
    """Drop the texts of revisions that were superseded before a moment; return how many."""
    row = connection.execute(_DROP_SUPERSEDED, {"before": before}).fetchone()
    dropped = int(row[0]) if row else 0
    if dropped:
        connection.execute(_ASK_COPY, {"now": now})
    return dropped


def rewrite_segments(
    connection: duckdb.DuckDBPyConnection, landing: Path, pending: Sequence[Pending]
) -> None:
    """Write every loaded segment that holds a pending post anew without it.

    The ledger learns of the new file before it is there, and the old one goes last: ended in
    between, the same is done again, and no file is loaded a second time. A loaded file that is
    damaged goes altogether, since nobody can tell what is in it.
    """
    for source in sorted({entry.source for entry in pending}):
        of_source = [entry for entry in pending if entry.source == source]
        wanted = pa.array(sorted({entry.native_id for entry in of_source}))
        folder = landing / source_folder(source)
        for file in ledger.loaded_files(connection, landing, folder):
            try:
                if _holds(file, wanted):
                    _rewrite(connection, landing, file, of_source)
            except (SegmentError, pa.ArrowException):
                ledger.let_go(connection, landing, file)
        ledger.remove_aside(landing, folder.name)


def _holds(file: Path, wanted: pa.StringArray) -> bool:
    columns = ["native_id", "native_parent_id"]
    table = pq.read_table(file, columns=columns, use_threads=False, memory_map=True)
    return any(
        pc.any(pc.is_in(table.column(column), value_set=wanted)).as_py() for column in columns
    )


def _rewrite(
    connection: duckdb.DuckDBPyConnection, landing: Path, file: Path, pending: Sequence[Pending]
) -> None:
    segment = read_segment(file)
    content = _without_pending(segment, pending)
    heir = file.with_name(segment_name(segment_stem(file), content))
    if heir == file:
        return
    names = {
        "path": ledger.relative_path(landing, file),
        "heir": ledger.relative_path(landing, heir),
    }
    ledger.enter_heir(connection, **names, content=content)
    write_encoded(heir, content)
    ledger.take_place(connection, **names)
    ledger.unlink_all([file])


def _without_pending(segment: Segment, pending: Sequence[Pending]) -> bytes:
    """Return a segment without the posts, but with what was seen of them after they were erased."""
    asked = {entry.native_id: entry.asked_at for entry in pending}
    ids: list[Any] = segment.rows.column("native_id").to_pylist()
    times: list[Any] = segment.rows.column("harvested_at").to_pylist()
    leave_out = [
        native_id in asked and moment <= asked[native_id]
        for native_id, moment in zip(ids, times, strict=True)
    ]
    header, rows = without_rows(segment, leave_out, urls={entry.url for entry in pending})
    return encode_segment(header, rows)
