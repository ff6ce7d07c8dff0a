"""The database file: opened privately, and copied afresh, since deleting leaves bytes behind.

A copy is made beside the database, compared with it value by value, and takes its place in one
rename. A process that is ended on the way leaves the old file or the new one, each whole.
"""

import os
import shutil
from contextlib import suppress
from pathlib import Path

import duckdb

from warehouse.contents import contents_of
from warehouse.errors import WarehouseError
from warehouse.home import PRIVATE_FILE
from warehouse.space import require_space, size_of

UNPACKING = ".repairing-"
"""How the folder is called into which a repair unpacks a backup."""
_SETTINGS: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,  # nothing is fetched from anywhere
    "python_enable_replacements": False,  # a table name never means a Python variable
    "memory_limit": "2GB",  # a laptop's share; what is larger waits on the disk, inside the home
}
_TABLES = """
SELECT table_name, list(column_name ORDER BY column_index)
FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
WHERE database_name = current_database() AND NOT temporary
GROUP BY table_name ORDER BY table_name
"""


def connect_private(path: Path) -> duckdb.DuckDBPyConnection:
    """Open a database that its owner alone can read, with times in UTC."""
    connection = duckdb.connect(str(path), config=dict(_SETTINGS))
    connection.execute("SET TimeZone = 'UTC'")
    keep_private(path)
    return connection


def keep_private(path: Path) -> None:
    """Let a database and the log of its latest writes be read by their owner alone."""
    for file in (path, log_of(path)):
        with suppress(FileNotFoundError):
            file.chmod(PRIVATE_FILE)


def damaged_file(path: Path) -> Path:
    """Return where a database is put aside that cannot be read any more."""
    return path.with_name(f"{path.name}.damaged")


def rebuilt_file(path: Path) -> Path:
    """Return where a database is rebuilt that takes the place of a damaged one."""
    return path.with_name(f"{path.name}.repairing")


def remove_damaged(path: Path) -> None:
    """Remove a database that was put aside: nobody can tell what is in it."""
    _remove(damaged_file(path))


def remove_leftovers(path: Path) -> None:
    """Remove what a process left behind that was ended: half a copy, and rows put out of memory."""
    _remove_copy(path)
    _remove(rebuilt_file(path))
    for folder in path.parent.glob(f"{UNPACKING}*"):
        shutil.rmtree(folder, ignore_errors=True)
    shutil.rmtree(path.with_name(f"{path.name}.tmp"), ignore_errors=True)


def copy_afresh(connection: duckdb.DuckDBPyConnection, path: Path) -> duckdb.DuckDBPyConnection:
    """Copy the database at `path` into a fresh file, put it in its place, and open that.

    `connection` is closed. The fresh file has no pending copies, so the request is answered in the
    same instant in which the file is in its place.

    Raises
    ------
    DiskFull
        If there is no room for a copy; nothing was written.
    WarehouseError
        If the copy differs from the database, or another connection holds the old file.
    """
    fresh = _fresh(path)
    _remove_copy(path)
    require_space(path.parent, size_of(path), what="a fresh copy of the database")
    try:
        _fill(connection, fresh)
    except BaseException:
        connection.execute("DETACH DATABASE IF EXISTS fresh")
        _remove_copy(path)
        raise
    _sync(fresh)
    connection.close()
    _require_closed(path)
    fresh.replace(path)
    _sync(path.parent)
    return connect_private(path)


def _remove_copy(path: Path) -> None:
    _remove(_fresh(path))


def _remove(database: Path) -> None:
    for file in (database, log_of(database)):
        file.unlink(missing_ok=True)


def _fill(connection: duckdb.DuckDBPyConnection, fresh: Path) -> None:
    name = _one(connection, "SELECT current_database()")
    connection.execute("CHECKPOINT")
    quoted = str(fresh).replace("'", "''")
    connection.execute(f"ATTACH '{quoted}' AS fresh")
    fresh.chmod(PRIVATE_FILE)
    connection.execute(f'COPY FROM DATABASE "{name}" TO fresh')
    connection.execute("CHECKPOINT fresh")
    connection.execute("DETACH fresh")
    connection.execute(f"ATTACH '{quoted}' AS fresh")  # so that what is compared comes off the disk
    for table, columns in connection.execute(_TABLES).fetchall():
        held = contents_of(connection, f'"{name}".main."{table}"', columns)
        copied = contents_of(connection, f'fresh.main."{table}"', columns)
        if held != copied:
            raise WarehouseError(
                f"the fresh copy of {fresh.name} has {copied.rows} rows of {table} and the "
                f"database {held.rows}, or other values in them; the old file stays, run the "
                "erasure again"
            )
    connection.execute("DELETE FROM fresh.main.pending_copies")
    connection.execute("UPDATE fresh.main.key_chain SET finished = true")
    connection.execute("CHECKPOINT fresh")
    connection.execute("DETACH fresh")


def _require_closed(path: Path) -> None:
    """Refuse to go on while another connection holds the file, whose writes would be lost.

    DuckDB opens a file read-only only where this process does not hold it for writing.
    """
    try:
        duckdb.connect(str(path), read_only=True, config=dict(_SETTINGS)).close()
    except duckdb.ConnectionException:
        _remove_copy(path)
        raise WarehouseError(
            f"{path} is still open in this process; close every connection, then erase again"
        ) from None
    if log_of(path).exists():
        _remove_copy(path)
        raise WarehouseError(f"{path} was not closed cleanly; run the erasure again")


def _one(connection: duckdb.DuckDBPyConnection, sql: str) -> object:
    row = connection.execute(sql).fetchone()
    return row[0] if row else None


def _fresh(path: Path) -> Path:
    return path.with_name(f"{path.name}.fresh")


def log_of(path: Path) -> Path:
    """Return the log of a database's latest writes."""
    return path.with_name(f"{path.name}.wal")


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
