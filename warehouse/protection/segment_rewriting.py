"""Landed files written anew: without what was erased, and under the newest author key.

The ledger learns of the new files before they are there, and the old ones go last: ended in
between, the same is done again, and no file is loaded a second time. A loaded file that is damaged
goes altogether, since nobody can tell what is in it.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from itertools import compress
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from warehouse import ledger
from warehouse.errors import SegmentError, WarehouseError
from warehouse.landing import (
    Segment,
    encode_segment,
    header_of,
    read_segment,
    rewrite,
    segment_name,
    segment_stem,
    source_folder,
    sync_folder,
    without_rows,
)
from warehouse.protection.erasure_list import ErasureList
from warehouse.protection.keys import KeyRing
from warehouse.protection.pseudonyms import advance_mentions
from warehouse.protection.traces import Traces
from warehouse.records import SegmentHeader

_AT_ONCE = 64  # segments that are rewritten together, and held in memory for that
_TEXTS = ("title", "text", "own_text")
Content = tuple[SegmentHeader, pa.Table]


@dataclass(frozen=True, slots=True)
class Pending:
    """One post whose bytes have to go."""

    post_id: int
    source: str
    native_id: str
    url: str | None
    asked_at: datetime
    native_thread_id: str | None = None


@dataclass(frozen=True, slots=True)
class Going:
    """The pending posts of one source, and the native ids of its threads that went with them."""

    posts: Sequence[Pending] = ()
    emptied: frozenset[str] = frozenset()

    @property
    def ids(self) -> set[str]:
        """The native ids of the posts."""
        return {entry.native_id for entry in self.posts}

    def traces(self) -> Traces:
        """Return what names the posts in the addresses of pages."""
        ids = [id_ for post in self.posts for id_ in (post.native_id, post.native_thread_id)]
        return Traces.of(ids, [post.url for post in self.posts])

    def is_named_by(self, header: SegmentHeader, traces: Traces) -> bool:
        """Whether a header counts one of the posts as a thread, or has a validator of its page."""
        ids = self.ids | self.emptied
        return any(t.native_thread_id in ids for t in header.threads) or any(
            traces.in_address(address) for address in header.validators
        )


@dataclass(frozen=True, slots=True)
class Sweep:
    """A pass over every segment for what the lists refuse, after somebody's request."""

    listed: ErasureList
    keys: KeyRing

    def refuses_any(self, file: Path) -> bool:
        """Whether a segment holds what is refused, or is too damaged to tell."""
        try:
            return any(self.listed.refused(read_segment(file).rows, self.keys))
        except SegmentError:
            return True

    def refuses_source(self, folder: str) -> bool:
        """Whether the source of a folder was erased as a whole."""
        return self.listed.has_source(self.keys, unquote(folder))


def rewrite_segments(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    pending: Sequence[Pending],
    *,
    sweep: Sweep | None = None,
) -> None:
    """Write every loaded segment that holds a pending post, or what a sweep finds, anew without."""
    by_folder: dict[str, list[Pending]] = {}
    for entry in pending:
        by_folder.setdefault(source_folder(entry.source), []).append(entry)
    names = {folder.name for folder in ledger.source_folders(landing)} if sweep else set[str]()
    for name in sorted(by_folder.keys() | names):
        if sweep and sweep.refuses_source(name):
            _remove_folder(connection, landing, name)
            continue
        going = _going(connection, by_folder.get(name, []))
        traces = going.traces()
        files = ledger.loaded_files(connection, landing, landing / name)
        holding = [
            file
            for file in files
            if _may_hold(file, going, traces) or (sweep and sweep.refuses_any(file))
        ]
        without = partial(_without, going=going, traces=traces, sweep=sweep)
        _replace(connection, landing, holding, without)
        ledger.remove_aside(landing, name)
    if sweep:
        ledger.remove_all_aside(landing)


def _going(connection: duckdb.DuckDBPyConnection, posts: Sequence[Pending]) -> Going:
    """Say which threads of a source are held no more, now that its posts are withdrawn."""
    threads = {post.native_thread_id for post in posts if post.native_thread_id}
    if not threads:
        return Going(posts)
    rows = connection.execute(
        "SELECT native_thread_id FROM thread_locators WHERE source = $source "
        "AND native_thread_id IN (SELECT unnest($ids::VARCHAR[]))",
        {"source": posts[0].source, "ids": sorted(threads)},
    ).fetchall()
    return Going(posts, frozenset(threads - {id_ for (id_,) in rows}))


def _remove_folder(connection: duckdb.DuckDBPyConnection, landing: Path, name: str) -> None:
    """Remove every file of a source that was erased as a whole, loaded or not."""
    folder = landing / name
    for file in ledger.loaded_files(connection, landing, folder):
        ledger.let_go(connection, landing, file)
    ledger.unlink_all([path for path in folder.glob("*") if path.is_file()])
    ledger.remove_aside(landing, name)


def advance_segments(connection: duckdb.DuckDBPyConnection, landing: Path, keys: KeyRing) -> int:
    """Bring every loaded segment under the newest author key; return how many were behind.

    Those that wait are brought there when they are loaded; what was put aside goes, since nobody
    can tell whose pseudonyms are in it.
    """
    behind = 0
    for folder in ledger.source_folders(landing):
        files = ledger.loaded_files(connection, landing, folder)
        old = [file for file in files if _is_behind(file, keys)]
        _replace(connection, landing, old, lambda segment: _advanced(segment, keys))
        behind += len(old)
        ledger.remove_aside(landing, folder.name)
    return behind


@dataclass(frozen=True, slots=True)
class Judged:
    """A waiting segment under the newest author key, and the native ids that are refused in it."""

    segment: Segment
    header: SegmentHeader
    rows: pa.Table
    refused: frozenset[str]

    @property
    def stays(self) -> bool:
        """Whether the file on disk is as it must be."""
        return not self.refused and self.header is self.segment.header


def judge_waiting(segment: Segment, *, listed: ErasureList, keys: KeyRing) -> Judged:
    """Say what of a waiting segment is refused."""
    header, rows = _advanced(segment, keys)
    if listed.has_source(keys, header.source):
        bare = replace(header, threads=(), validators={}, cursor=None, error=None)
        header = header if header == bare else bare
    ids: list[Any] = rows.column("native_id").to_pylist()
    refused = frozenset(compress(ids, listed.refused(rows, keys)))
    return Judged(segment, header, rows, refused)


def settle_waiting(landing: Path, judged: Judged) -> Segment:
    """Write a waiting segment as it was judged, and return it.

    The new file is whole before the old one goes; ended in between, both wait and say the same.
    """
    segment, header, rows = judged.segment, judged.header, judged.rows
    if judged.stays:
        return segment
    ids: list[Any] = rows.column("native_id").to_pylist()
    if judged.refused:
        advanced = replace(segment, header=header, rows=rows)
        header, rows = without_rows(advanced, [id_ in judged.refused for id_ in ids])
    content = encode_segment(header, rows)
    heir = segment.path.with_name(segment_name(segment_stem(segment.path), content))
    if heir != segment.path:
        rewrite(landing, heir, content)
        sync_folder(heir.parent)
        ledger.unlink_all([segment.path])
    return read_segment(heir)


def _replace(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    files: Sequence[Path],
    content_of: Callable[[Segment], Content],
) -> None:
    """Write loaded segments of one folder anew, some at a time."""
    for first in range(0, len(files), _AT_ONCE):
        heirs = dict(_heirs(connection, landing, files[first : first + _AT_ONCE], content_of))
        if heirs:
            ledger.enter_heirs(connection, landing, heirs)
            for heir in heirs.values():
                rewrite(landing, heir.path, heir.content)
            sync_folder(files[0].parent)
            ledger.take_places(connection, landing, heirs)
            ledger.unlink_all([*heirs])


def _heirs(
    connection: duckdb.DuckDBPyConnection,
    landing: Path,
    files: Sequence[Path],
    content_of: Callable[[Segment], Content],
) -> Iterator[tuple[Path, ledger.Heir]]:
    for file in files:
        try:
            segment = read_segment(file)
        except SegmentError:
            ledger.let_go(connection, landing, file)
            continue
        header, rows = content_of(segment)
        content = encode_segment(header, rows)
        path = file.with_name(segment_name(segment_stem(file), content))
        if path != file:
            yield file, ledger.Heir(path, content, rows.num_rows)


def _may_hold(file: Path, going: Going, traces: Traces) -> bool:
    """Whether a segment names one of the posts, or is too damaged to tell."""
    wanted = going.ids
    columns = ["native_id", "native_parent_id"]
    if not wanted:
        return False
    try:
        with pq.ParquetFile(file, memory_map=True) as opened:
            header = header_of(opened.schema_arrow)
            table = opened.read(columns=columns, use_threads=False)
        held = any(not wanted.isdisjoint(table.column(name).to_pylist()) for name in columns)
        return held or going.is_named_by(header, traces)
    except (pa.ArrowException, KeyError, TypeError, ValueError, OSError):
        return True


def _without(segment: Segment, *, going: Going, traces: Traces, sweep: Sweep | None) -> Content:
    """Return a segment without the posts, but with what was seen of them after they were erased."""
    asked = {entry.native_id: entry.asked_at for entry in going.posts}
    ids: list[Any] = segment.rows.column("native_id").to_pylist()
    times: list[Any] = segment.rows.column("harvested_at").to_pylist()
    listed = sweep.listed.refused(segment.rows, sweep.keys) if sweep else []
    refused = set(compress(ids, listed))
    leave_out = [
        native_id in refused or (native_id in asked and moment <= asked[native_id])
        for native_id, moment in zip(ids, times, strict=True)
    ]
    emptied = going.ids | going.emptied
    return without_rows(segment, leave_out, traces=traces, emptied=emptied)


def _is_behind(file: Path, keys: KeyRing) -> bool:
    try:
        return read_segment(file).header.author_links < keys.links
    except SegmentError:
        return True


def _advanced(segment: Segment, keys: KeyRing) -> Content:
    """Return a segment with every author key and mention in it under all links of the chain."""
    header, rows = segment.header, segment.rows
    since = header.author_links
    if since > keys.links:
        raise WarehouseError(
            f"{segment.path} was harvested under a newer author key than the key file has; put "
            "the study's own key file back"
        )
    if since == keys.links:
        return header, rows
    changes: dict[str, Callable[[str], str]] = {
        "author_key": lambda key: keys.advanced(key, since=since),
        **dict.fromkeys(_TEXTS, lambda text: advance_mentions(text, keys, since=since)),
    }
    for column, change in changes.items():
        place = rows.schema.get_field_index(column)
        values: list[Any] = rows.column(column).to_pylist()
        changed = [None if value is None else change(value) for value in values]
        rows = rows.set_column(place, rows.schema.field(place), pa.array(changed, pa.string()))
    return replace(header, author_links=keys.links), rows
