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
import pyarrow.parquet as pq

from warehouse import ledger
from warehouse.coverage import update_coverage
from warehouse.errors import SegmentError
from warehouse.landing import (
    Segment,
    encode_segment,
    read_segment,
    rewrite,
    segment_name,
    segment_stem,
    source_folder,
    sync_folder,
    without_rows,
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
_AT_ONCE = 64  # segments that are rewritten together, and held in memory for that
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
    connection: duckdb.DuckDBPyConnection, landing: Path, segment: Segment, keys: KeyRing
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
    rewrite(landing, heir, content)
    sync_folder(heir.parent)
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

    The ledger learns of the new files before they are there, and the old ones go last: ended in
    between, the same is done again, and no file is loaded a second time. A loaded file that is
    damaged goes altogether, since nobody can tell what is in it.
    """
    for source in sorted({entry.source for entry in pending}):
        of_source = [entry for entry in pending if entry.source == source]
        folder = landing / source_folder(source)
        files = ledger.loaded_files(connection, landing, folder)
        holding = [file for file in files if _may_hold(file, of_source)]
        for first in range(0, len(holding), _AT_ONCE):
            _rewrite(connection, landing, holding[first : first + _AT_ONCE], of_source)
        ledger.remove_aside(landing, folder.name)


def _may_hold(file: Path, pending: Sequence[Pending]) -> bool:
    """Whether a segment names one of the posts, or is too damaged to tell."""
    wanted = {entry.native_id for entry in pending}
    columns = ["native_id", "native_parent_id"]
    try:
        with pq.ParquetFile(file, memory_map=True) as opened:
            table = opened.read(columns=columns, use_threads=False)
        return any(not wanted.isdisjoint(table.column(name).to_pylist()) for name in columns)
    except (pa.ArrowException, KeyError, OSError):
        return True


def _rewrite(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    files: Sequence[Path],
    pending: Sequence[Pending],
) -> None:
    heirs: dict[Path, ledger.Heir] = {}
    for file in files:
        try:
            heirs[file] = _without_pending(read_segment(file), pending)
        except SegmentError:
            ledger.let_go(connection, landing, file)
    heirs = {file: heir for file, heir in heirs.items() if heir.path != file}
    if not heirs:
        return
    ledger.enter_heirs(connection, landing, heirs)
    for heir in heirs.values():
        rewrite(landing, heir.path, heir.content)
    sync_folder(files[0].parent)
    ledger.take_places(connection, landing, heirs)
    ledger.unlink_all([*heirs])


def _without_pending(segment: Segment, pending: Sequence[Pending]) -> ledger.Heir:
    """Return a segment without the posts, but with what was seen of them after they were erased."""
    asked = {entry.native_id: entry.asked_at for entry in pending}
    ids: list[Any] = segment.rows.column("native_id").to_pylist()
    times: list[Any] = segment.rows.column("harvested_at").to_pylist()
    leave_out = [
        native_id in asked and moment <= asked[native_id]
        for native_id, moment in zip(ids, times, strict=True)
    ]
    header, rows = without_rows(segment, leave_out, urls={entry.url for entry in pending})
    content = encode_segment(header, rows)
    name = segment_name(segment_stem(segment.path), content)
    return ledger.Heir(segment.path.with_name(name), content, rows.num_rows)
