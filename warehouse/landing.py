"""Segments: what a harvest lands, one immutable Parquet file a batch.

The header travels as JSON in the Parquet metadata, so that a file says by itself where it comes
from. A name is `<time>-<serial>-<digest>.parquet`: names sort in the order in which they are to be
loaded, and the first 16 characters of the file's SHA-256 in the name tell a truncated, renamed or
foreign file from a whole one.
"""

import hashlib
import itertools
import os
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from operator import attrgetter
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from warehouse.errors import SegmentError
from warehouse.home import make_private_folder, write_private
from warehouse.protection.traces import Traces
from warehouse.records import Post, SegmentHeader, Sighting
from warehouse.segment_header import header_from_json, header_to_json

QUARANTINE: Final = "quarantine"
REWRITING: Final = ".rewriting"  # only the one writer writes there, and empties it when it opens
_HEADER_KEY: Final = b"valuetalk.segment.1"  # the number is the format's
_NAME = re.compile(r"(?P<stem>\d{8}T\d{12}-[0-9a-f]{8})-(?P<digest>[0-9a-f]{16})\.parquet")
_TIME: Final = pa.timestamp("us", tz="UTC")
_SERIAL = itertools.count()
_NO_TRACES: Final = Traces()

# Column, type, and what a sighting says in it; the posts' attributes bear the columns' names.
_COLUMNS: Final[tuple[tuple[str, pa.DataType, str | None], ...]] = (
    ("source", pa.string(), "source"),
    ("community", pa.string(), "community"),
    ("native_id", pa.string(), "native_id"),
    ("native_thread_id", pa.string(), None),
    ("native_parent_id", pa.string(), None),
    ("kind", pa.string(), None),
    ("author_key", pa.string(), None),
    ("created_at", _TIME, None),
    ("edited_at", _TIME, None),
    ("harvested_at", _TIME, "seen_at"),
    ("title", pa.string(), None),
    ("text", pa.string(), None),
    ("own_text", pa.string(), None),
    ("language", pa.string(), None),
    ("url", pa.string(), None),
    ("content_hash", pa.string(), None),
    ("text_version", pa.int32(), None),
    ("automated", pa.bool_(), None),
    ("redactions", pa.map_(pa.string(), pa.int64()), None),
    ("item_key", pa.string(), None),
    ("host_key", pa.string(), None),
)
_LATER_COLUMNS: Final = ("item_key", "host_key")
_SIGHTING_ONLY: Final = ("outcome", "reason")
SCHEMA: Final = pa.schema(
    [
        ("entry", pa.string()),
        *((name, kind) for name, kind, _ in _COLUMNS),
        *((name, pa.string()) for name in _SIGHTING_ONLY),
    ]
)


@dataclass(frozen=True, slots=True)
class Segment:
    """One whole segment, read and checked.

    `rows` has the columns of `SCHEMA`: posts first, then sightings, each in the order of landing.
    """

    path: Path
    sha256: str
    header: SegmentHeader
    rows: pa.Table


def write_segment(
    landing: Path,
    header: SegmentHeader,
    *,
    posts: Sequence[Post] = (),
    sightings: Sequence[Sighting] = (),
    serial: int | None = None,
) -> Path:
    """Land a batch as one new file, whole or not at all, and return its path.

    The post of an edited sighting becomes a row of its own. `serial` is the file's number among
    those of its time, where another process than this one counts them; see `next_serial`.
    """
    edited = [sighting.post for sighting in sightings if sighting.post is not None]
    content = encode_segment(header, _table([*posts, *edited], sightings))
    folder = landing / source_folder(header.source)
    make_private_folder(folder)
    number = next_serial() if serial is None else serial
    stem = f"{header.harvested_at:%Y%m%dT%H%M%S%f}-{number:08x}"
    path = folder / segment_name(stem, content)
    write_private(path, content)
    sync_folder(folder)
    return path


def next_serial() -> int:
    """Return the next number for a segment's name: of equal times it tells what was first."""
    return next(_SERIAL) & 0xFFFFFFFF


def read_segment(path: Path) -> Segment:
    """Read a segment whole and check it; raises `SegmentError` on any other file."""
    content = _read(path)
    digest = hashlib.sha256(content).hexdigest()
    match = _NAME.fullmatch(path.name)
    if match is None or match["digest"] != digest[:16]:
        raise SegmentError(
            f"{path} is truncated, changed or renamed: its name does not bear its SHA-256; it has "
            "to be harvested again"
        )
    try:
        rows = pq.ParquetFile(pa.BufferReader(content)).read(use_threads=False)
        header = header_of(rows.schema)
        rows = _with_later_columns(rows)
    except (pa.ArrowException, KeyError, TypeError, ValueError):
        raise _foreign(path) from None
    if not rows.schema.equals(SCHEMA) or _sources(rows) - {header.source}:
        raise _foreign(path)
    return Segment(path, digest, header, rows)


def header_of(schema: pa.Schema) -> SegmentHeader:
    """Return the header that the schema of a segment carries.

    Raises
    ------
    ValueError, KeyError, TypeError
        If it carries none.
    """
    return header_from_json((schema.metadata or {})[_HEADER_KEY])


def read_header(segment: Path) -> SegmentHeader:
    """Return what a segment says of itself; raises `SegmentError` on any other file."""
    return read_segment(segment).header


def read_rows(segment: Path) -> pa.Table:
    """Return the rows of a segment, columns as in `SCHEMA`; raises `SegmentError`."""
    return read_segment(segment).rows


def verify(segment: Path) -> str:
    """Return the SHA-256 of a whole segment; raises `SegmentError` on any other file."""
    return read_segment(segment).sha256


def encode_segment(header: SegmentHeader, rows: pa.Table) -> bytes:
    """Return the bytes of a segment; the same rows and header give the same bytes."""
    sink = pa.BufferOutputStream()
    metadata = {_HEADER_KEY: header_to_json(header).encode()}
    pq.write_table(rows.replace_schema_metadata(metadata), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def segment_name(stem: str, content: bytes) -> str:
    """Return the name of a segment: its time and serial, then its digest."""
    return f"{stem}-{hashlib.sha256(content).hexdigest()[:16]}.parquet"


def segment_stem(path: Path) -> str:
    """Return time and serial from a segment's name; raises `SegmentError` on another name."""
    match = _NAME.fullmatch(path.name)
    if match is None:
        raise _foreign(path)
    return match["stem"]


def without_rows(
    segment: Segment,
    leave_out: Sequence[bool],
    *,
    traces: Traces = _NO_TRACES,
    emptied: Collection[str] = (),
) -> tuple[SegmentHeader, pa.Table]:
    """Return header and rows of a segment without some rows, and without what points to them.

    That is the replies' links to them, and of the header the validators of pages whose addresses
    name them and the counts of threads that bear their ids, or of which no other row is left.

    Parameters
    ----------
    segment : Segment
        The segment as it is.
    leave_out : sequence of bool
        For each row whether it goes.
    traces : Traces
        What names posts that go and have no row here.
    emptied : collection of str
        Native ids of threads of which nothing is held any more.
    """
    mask = pa.array(leave_out, pa.bool_())
    without = segment.rows.filter(mask)
    gone = set(without.column("native_id").to_pylist())
    threads = set(without.column("native_thread_id").to_pylist())
    traces = traces.joined(Traces.of(gone | threads, without.column("url").to_pylist()))
    rows = segment.rows.filter(pc.invert(mask))
    left = set(rows.column("native_thread_id").to_pylist())
    parents = rows.column("native_parent_id")
    orphaned = pc.is_in(parents, value_set=pa.array(sorted(map(str, gone)), pa.string()))
    position = rows.schema.get_field_index("native_parent_id")
    unlinked = pc.if_else(orphaned, pa.scalar(None, pa.string()), parents)
    header = _without_traces(segment.header, traces, {*gone, *(threads - left), *emptied})
    return header, rows.set_column(position, rows.schema.field(position), unlinked)


def _without_traces(header: SegmentHeader, traces: Traces, ids: set[Any]) -> SegmentHeader:
    return replace(
        header,
        threads=tuple(t for t in header.threads if t.native_thread_id not in ids),
        validators={a: v for a, v in header.validators.items() if not traces.in_address(a)},
    )


def rewrite(landing: Path, path: Path, content: bytes) -> None:
    """Write what takes the place of a segment; half of it never lies where harvests land."""
    folder = landing / REWRITING
    make_private_folder(folder)
    write_private(folder / path.name, content)
    (folder / path.name).replace(path)


def sync_folder(folder: Path) -> None:
    """Make renames and removals in a folder outlive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def source_folder(source: str) -> str:
    """Return the name of a source's folder; raises `SegmentError` on the one name that is taken."""
    name = quote(source, safe="")
    if name == QUARANTINE or name.startswith("."):
        raise SegmentError(f"a source cannot be called {source!r}; give it another name")
    return name


def _table(posts: Sequence[Post], sightings: Sequence[Sighting]) -> pa.Table:
    entries = ["post"] * len(posts) + ["sighting"] * len(sightings)
    columns: list[pa.Array[Any]] = [pa.array(entries, pa.string())]
    for name, kind, of_sighting in _COLUMNS:
        values = [*map(attrgetter(name), posts)]
        if name == "redactions":
            values = [list(value.items()) for value in values]
        values += (
            [*map(attrgetter(of_sighting), sightings)] if of_sighting else [None] * len(sightings)
        )
        columns.append(pa.array(values, kind))
    for name in _SIGHTING_ONLY:
        values = [None] * len(posts) + [*map(attrgetter(name), sightings)]
        columns.append(pa.array(values, pa.string()))
    return pa.Table.from_arrays(columns, schema=SCHEMA)


def _with_later_columns(rows: pa.Table) -> pa.Table:
    """Return rows with the columns that segments of earlier versions lack, empty."""
    for name in _LATER_COLUMNS:
        if name not in rows.column_names:
            place = SCHEMA.get_field_index(name)
            rows = rows.add_column(place, SCHEMA.field(place), pa.nulls(rows.num_rows, pa.string()))
    return rows


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise SegmentError(
            f"{path} cannot be read ({error.strerror}); check that it is there"
        ) from None


def _sources(rows: pa.Table) -> set[str | None]:
    return set(pc.unique(rows.column("source")).to_pylist())


def _foreign(path: Path) -> SegmentError:
    return SegmentError(
        f"{path} is not a segment of this version; move it away, and harvest or import again"
    )
