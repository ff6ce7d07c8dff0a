"""Rows of table files, block after block: Parquet, CSV and NDJSON, each also as .gz or .zst."""

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import IO, Any, Literal, cast

import pyarrow as pa
import pyarrow.parquet as pq

from harvesters.archives.wide_zstd import WideZstd, has_wide_window
from harvesters.base import HarvestError

Format = Literal["parquet", "csv", "ndjson"]
Compression = Literal["gzip", "zstd"]
Row = Mapping[str, Any]

SUFFIXES: Mapping[str, Format] = {
    ".parquet": "parquet",
    ".csv": "csv",
    ".tsv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".json": "ndjson",
}
COMPRESSIONS: Mapping[str, Compression] = {".gz": "gzip", ".zst": "zstd"}
LONGEST_LINE = 16_000_000  # bytes: what is longer is no post
LINES_FOR_FIELDS = 1_000
_DELIMITERS = (",", ";", "\t", "|")


class ArchiveError(HarvestError):
    """A file cannot be imported as it is; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class TableFile:
    """A table in a file: its format, and how it is compressed as a whole.

    The columns of a CSV file without a header line are called `1`, `2` and so on.
    """

    path: Path
    format: Format
    compression: Compression | None
    has_header: bool = True

    @classmethod
    def of(cls, path: Path) -> "TableFile":
        """Tell format and compression from the file's name."""
        suffixes = [suffix.lower() for suffix in path.suffixes]
        compression = COMPRESSIONS.get(suffixes[-1]) if suffixes else None
        kinds = suffixes[:-1] if compression else suffixes
        if not kinds or kinds[-1] not in SUFFIXES:
            raise ArchiveError(
                f"{path.name} has no ending that says what it is; name it .parquet, .csv, .tsv, "
                ".ndjson or .jsonl, with .gz or .zst behind it where it is compressed"
            )
        if not path.is_file():
            raise ArchiveError(f"there is no file {path}; check the path")
        return cls(path, SUFFIXES[kinds[-1]], compression)

    def fields(self) -> tuple[str, ...]:
        """Return the names of the file's columns; of NDJSON, those of its first lines."""
        with self._told():
            return _FIELDS[self.format](self)

    def blocks(self, columns: Collection[str], *, block_rows: int) -> Iterator[list[Row | None]]:
        """Yield rows as mappings from column to value; None stands for a row that is broken.

        Raises
        ------
        ArchiveError
            Where the file cannot be read on, after everything before that place.
        """
        with self._told():
            yield from _BLOCKS[self.format](self, frozenset(columns), block_rows)

    @contextmanager
    def _told(self) -> Iterator[None]:
        with explained(self.path):
            yield

    @contextmanager
    def open(self) -> Iterator[IO[bytes]]:
        """Open the file's uncompressed bytes."""
        with unpacked_file(self.path, self.compression) as stream:
            yield stream


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Say in a sentence why a file cannot be read."""
    try:
        yield
    except UnicodeDecodeError:
        raise ArchiveError(
            f"{path.name} is not UTF-8 throughout; convert it (iconv -t UTF-8) and import it again"
        ) from None
    except (OSError, pa.ArrowInvalid):
        raise ArchiveError(_why_unreadable(path)) from None


@contextmanager
def unpacked_file(path: Path, compression: Compression | None) -> Iterator[IO[bytes]]:
    """Open a file's uncompressed bytes as a stream."""
    if compression == "zstd" and has_wide_window(path):
        with io.BufferedReader(WideZstd(path), 1 << 20) as wide:
            yield wide
        return
    with pa.OSFile(str(path), "rb") as file:
        stream = pa.CompressedInputStream(file, compression) if compression else file
        with io.BufferedReader(cast("io.RawIOBase", stream), 1 << 20) as buffered:
            yield buffered


def _parquet_fields(file: TableFile) -> tuple[str, ...]:
    with _parquet(file) as table:
        return tuple(table.schema_arrow.names)


def _parquet_blocks(
    file: TableFile, columns: frozenset[str], block_rows: int
) -> Iterator[list[Row | None]]:
    with _parquet(file) as table:
        names = [name for name in table.schema_arrow.names if name in columns]
        for batch in table.iter_batches(batch_size=block_rows, columns=names):
            values = [_python_values(column) for column in batch.columns]
            yield [dict(zip(names, row, strict=True)) for row in zip(*values, strict=True)]


@contextmanager
def _parquet(file: TableFile) -> Iterator[pq.ParquetFile]:
    """Open a Parquet file; one that is compressed as a whole is unpacked where nobody sees it."""
    with tempfile.TemporaryFile() as unpacked:
        if file.compression:
            with file.open() as packed:
                shutil.copyfileobj(packed, unpacked)
            unpacked.seek(0)
        with pq.ParquetFile(unpacked if file.compression else file.path) as table:
            yield table


def _python_values(column: Any) -> list[Any]:
    if pa.types.is_timestamp(column.type) and column.type.unit == "ns":
        column = column.cast(pa.timestamp("us", tz=column.type.tz), safe=False)
    return cast("list[Any]", column.to_pylist())


def _csv_fields(file: TableFile) -> tuple[str, ...]:
    with _csv(file) as reader:
        return tuple(_header(file, next(reader, [])))


def _csv_blocks(
    file: TableFile, columns: frozenset[str], block_rows: int
) -> Iterator[list[Row | None]]:
    with _csv(file) as reader:
        first: list[str] = next(reader, [])
        header = _header(file, first)
        rows = _cells(reader) if file.has_header else chain([first], _cells(reader))
        wanted = [(place, name) for place, name in enumerate(header) if name in columns]
        block: list[Row | None] = []
        for cells in rows:
            if cells == []:
                continue  # an empty line
            whole = cells is not None and len(cells) == len(header)
            block.append(
                {name: cells[place] for place, name in wanted} if cells and whole else None
            )
            if len(block) >= block_rows:
                yield block
                block = []
        yield block


def _header(file: TableFile, first: list[str]) -> list[str]:
    if file.has_header:
        return [name.strip() for name in first]
    return [str(number) for number in range(1, len(first) + 1)]


def _cells(reader: Any) -> Iterator[list[str] | None]:
    """Yield the cells of each row; None for one whose quotation marks swallow too much."""
    while True:
        try:
            yield next(reader)
        except csv.Error:
            yield None
        except StopIteration:
            return


@contextmanager
def _csv(file: TableFile) -> Iterator[Any]:
    with file.open() as lines, io.TextIOWrapper(lines, "utf-8-sig", newline="") as text:
        header = text.readline(LONGEST_LINE)
        delimiter = max(_DELIMITERS, key=header.count)
        whole = _chained(header, text)
        yield csv.reader(whole, delimiter=delimiter)


def _chained(first: str, rest: io.TextIOWrapper) -> Iterator[str]:
    yield first
    yield from rest


def _ndjson_fields(file: TableFile) -> tuple[str, ...]:
    with file.open() as stream:
        names: dict[str, None] = {}
        for number, row in enumerate(_lines(stream, file.path)):
            names.update(dict.fromkeys(row or ()))
            if number >= LINES_FOR_FIELDS:
                break
        return tuple(names)


def _ndjson_blocks(
    file: TableFile, columns: frozenset[str], block_rows: int
) -> Iterator[list[Row | None]]:
    with file.open() as stream:
        rows = _lines(stream, file.path)
        wanted = (row and {name: row[name] for name in columns if name in row} for row in rows)
        yield from _in_blocks(wanted, block_rows)


def _in_blocks(rows: Iterator[Row | None], block_rows: int) -> Iterator[list[Row | None]]:
    """Yield rows in blocks; where reading breaks off, those before it still."""
    block: list[Row | None] = []
    try:
        for row in rows:
            block.append(row)
            if len(block) >= block_rows:
                yield block
                block = []
    except (OSError, pa.ArrowInvalid):
        yield block
        raise
    yield block


def _lines(stream: IO[bytes], path: Path) -> Iterator[dict[str, Any] | None]:
    """Yield the object of each line; None for a line that holds none."""
    first = True
    while line := stream.readline(LONGEST_LINE):
        if first and line.lstrip(b"\xef\xbb\xbf \t").startswith(b"["):
            raise ArchiveError(
                f"{path.name} is one JSON array; write it with one object a line (jq -c '.[]')"
            )
        first = False
        if line.strip():
            yield _object(line.removeprefix(b"\xef\xbb\xbf"))


def _object(line: bytes) -> dict[str, Any] | None:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _why_unreadable(path: Path) -> str:
    return f"{path.name} is damaged or not what its ending says; unpack or export it again"


_FIELDS: Mapping[Format, Callable[[TableFile], tuple[str, ...]]] = {
    "parquet": _parquet_fields,
    "csv": _csv_fields,
    "ndjson": _ndjson_fields,
}
_BLOCKS: Mapping[Format, Callable[[TableFile, frozenset[str], int], Iterator[list[Row | None]]]] = {
    "parquet": _parquet_blocks,
    "csv": _csv_blocks,
    "ndjson": _ndjson_blocks,
}
