"""What can go wrong with the warehouse, each as one sentence that says what to do.

WarehouseError
├── WarehouseLocked    another process writes, or reads, the database
├── SchemaError        the file is newer than this version, or not a warehouse
├── WarehouseDamaged   the file cannot be read to its end
├── ReadOnlyWarehouse  the file or its folder may not be written
├── DiskFull           no space is left
├── SegmentError       a landed file is truncated, renamed or foreign
└── StateError         a file under state/ cannot be read
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb


class WarehouseError(Exception):
    """Something kept the warehouse from its work; the message says what, where and what to do."""


class WarehouseLocked(WarehouseError):
    """Another process writes or reads the database."""


class SchemaError(WarehouseError):
    """The database is newer than this version, or is not a warehouse."""


class WarehouseDamaged(WarehouseError):
    """The database cannot be read to its end."""


class ReadOnlyWarehouse(WarehouseError):
    """The database or its folder may not be written."""


class DiskFull(WarehouseError):
    """No space is left on the disk."""


class SegmentError(WarehouseError):
    """A landed file is truncated, renamed or foreign."""


class StateError(WarehouseError):
    """A file under `state/` cannot be read."""


# DuckDB tells these apart in its messages only; the first that is found decides.
_SIGNS: tuple[tuple[tuple[str, ...], type[WarehouseError], str], ...] = (
    (
        ("could not set lock", "conflicting lock"),
        WarehouseLocked,
        "{path} is open in another process; close it there, then try again",
    ),
    (
        ("no space left", "disk is full", "out of disk"),
        DiskFull,
        "no space is left for {path}; free some, then run the same command again: nothing is lost",
    ),
    (
        ("version number",),
        SchemaError,
        "{path} was written by another version of DuckDB; use the valuetalk that wrote it",
    ),
    (
        ("not a valid duckdb",),
        SchemaError,
        "{path} is not a DuckDB database; move it away, or name another home",
    ),
    (
        ("read-only", "read only", "permission denied", "cannot open file"),
        ReadOnlyWarehouse,
        "{path} may not be written; give its owner the right to write the file and its folder",
    ),
    (
        (
            *("corrupt", "checksum", "database has been invalidated", "failed to read"),
            *("wal file", "could not read enough bytes"),
        ),
        WarehouseDamaged,
        "{path} is damaged; run 'valuetalk doctor --repair', or restore the last backup",
    ),
)


@contextmanager
def clear_errors(path: Path) -> Iterator[None]:
    """Turn what DuckDB and the system say of a database into one clear sentence.

    A mistake in somebody's SQL passes through as it is.
    """
    try:
        yield
    except (duckdb.Error, OSError) as error:
        translated = _translated(error, path)
        if translated is None:
            raise
        raise translated from error


def _translated(error: Exception, path: Path) -> WarehouseError | None:
    message = str(error).lower()
    for signs, kind, sentence in _SIGNS:
        if any(sign in message for sign in signs):
            return kind(sentence.format(path=path))
    if isinstance(error, duckdb.FatalException | duckdb.InternalException):
        return WarehouseDamaged(
            f"{path} cannot be used further; try again, and if that fails rebuild it with "
            "'valuetalk doctor --repair', or restore the last backup"
        )
    return None
