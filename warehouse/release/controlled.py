"""The controlled release: a fresh database and Parquet files for named researchers.

Both are filled from an allow-list into new files and swapped in whole. A file is never a copy that
rows are deleted from, since deleted rows stay in a DuckDB file's bytes; and whoever holds the
release of yesterday open goes on reading it undisturbed.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb

from warehouse.corpus.macros import corpus_macros
from warehouse.errors import WarehouseDamaged
from warehouse.home import PRIVATE_FILE, Home, make_private_folder
from warehouse.release.comments import comment_all
from warehouse.release.swap import fresh_folder, swap_folder
from warehouse.release.tables import CONTROLLED, VIEWS
from warehouse.release.worked_queries import FOLDER as QUERIES
from warehouse.release.worked_queries import write_queries

STORAGE_VERSION = "v1.0.0"  # the oldest that clients of years ago read, too
ROW_GROUP = 32_768
"""Rows that a client reads at least where it reads one: a quarter of the usual number, so that a
hundred places of the corpus are read at the cost of a hundred small pieces."""
DATABASE = "discourse.duckdb"
PARQUET = "parquet"
_NEW = "release_new"


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlledRelease:
    """Where the release lies, and how many rows each of its tables has."""

    path: Path
    counts: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Content:
    """The number of rows of a table and the sum of their hashes, whatever their order."""

    rows: int
    checksum: int


def publish_controlled(connection: duckdb.DuckDBPyConnection, home: Home) -> ControlledRelease:
    """Write `controlled/latest` anew: `discourse.duckdb`, `parquet/` and the worked `queries/`.

    All of it is readable by its owner alone. Every column of the new file is read back and compared
    with the warehouse before it takes the place of the old one.

    Raises
    ------
    WarehouseDamaged
        If the new file does not hold what the warehouse does; the old release stays.
    """
    make_private_folder(home.controlled)
    database = home.controlled / DATABASE
    new = home.controlled / f".{DATABASE}.tmp"
    for leftover in (new, new.with_name(f"{new.name}.wal")):
        leftover.unlink(missing_ok=True)
    contents = _fill(connection, new)
    new.chmod(PRIVATE_FILE)
    parquet = fresh_folder(home.controlled / PARQUET)
    _check_and_export(new, parquet, contents)
    new.replace(database)
    swap_folder(parquet, home.controlled / PARQUET)
    queries = fresh_folder(home.controlled / QUERIES)
    write_queries(queries)
    swap_folder(queries, home.controlled / QUERIES)
    counts = {table: content.rows for table, content in contents.items()}
    return ControlledRelease(path=database, counts=MappingProxyType(counts))


def _fill(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, _Content]:
    """Write the released rows into a new file; return what the warehouse says it must hold."""
    quoted = str(path).replace("'", "''")
    options = f"STORAGE_VERSION '{STORAGE_VERSION}', ROW_GROUP_SIZE {ROW_GROUP}"
    connection.execute(f"ATTACH '{quoted}' AS {_NEW} ({options})")
    try:
        connection.begin()
        try:
            contents = _create_tables(connection)
        except BaseException:
            connection.rollback()
            raise
        connection.commit()
        connection.execute(f"CHECKPOINT {_NEW}")
    finally:
        connection.execute(f"DETACH {_NEW}")
    return contents


def _create_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, _Content]:
    contents = {}
    for table, released in CONTROLLED.items():
        name = f"{_NEW}.main.{table}"
        connection.execute(f"CREATE TABLE {name} AS {released.sql}")
        contents[table] = _content(connection, released.sql)
    for view in VIEWS:
        _create_view(connection, view)
    comment_all(connection, _NEW)
    connection.execute(corpus_macros(f"{_NEW}.main"))
    return contents


def _create_view(connection: duckdb.DuckDBPyConnection, view: str) -> None:
    """Make a view of the warehouse over the released tables."""
    row = connection.execute(
        "SELECT sql FROM duckdb_views()"
        " WHERE view_name = $view AND database_name = current_database()",
        {"view": view},
    ).fetchone()
    assert row is not None  # noqa: S101  the schema makes every view that is listed
    name = f"{_NEW}.main.{view}"
    connection.execute(row[0].replace(f"CREATE VIEW {view} ", f"CREATE VIEW {name} ", 1))


def _content(connection: duckdb.DuckDBPyConnection, query: str) -> _Content:
    row = connection.execute(
        f"SELECT count(*), coalesce(sum(hash(line)::HUGEINT), 0) FROM ({query}) AS line"
    ).fetchone()
    assert row is not None  # noqa: S101  an aggregate without groups has one row
    return _Content(*row)


def _check_and_export(database: Path, folder: Path, contents: Mapping[str, _Content]) -> None:
    with duckdb.connect(database, read_only=True) as release:
        for table, released in CONTROLLED.items():
            if _content(release, f"SELECT * FROM {table}") != contents[table]:
                raise WarehouseDamaged(
                    f"{table} reads differently in the new controlled release than in the"
                    " warehouse; the old release stays: check the disk, then publish again"
                )
            file = folder / f"{table}.parquet"
            quoted = str(file).replace("'", "''")
            release.execute(
                f"COPY (FROM {table} ORDER BY {', '.join(released.order)})"
                f" TO '{quoted}' (FORMAT parquet, COMPRESSION zstd)"
            )
            file.chmod(PRIVATE_FILE)
