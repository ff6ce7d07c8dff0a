"""The controlled release: a fresh database and Parquet files for named researchers.

Both are filled from an allow-list into new files and swapped in whole. A file is never a copy that
rows are deleted from, since deleted rows stay in a DuckDB file's bytes; and whoever holds the
release of yesterday open goes on reading it undisturbed.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import duckdb

from warehouse.contents import Contents, contents_of
from warehouse.corpus.macros import corpus_macros
from warehouse.corpus.stream import lies_in_order
from warehouse.errors import WarehouseDamaged
from warehouse.home import PRIVATE_FILE, Home, make_private_folder
from warehouse.private_copy import write_private_copy
from warehouse.release.comments import comment_all
from warehouse.release.manifest import write_manifest
from warehouse.release.swap import fresh_folder, swap_folder
from warehouse.release.tables import CONTROLLED, VIEWS, Released
from warehouse.release.worked_queries import FOLDER as QUERIES
from warehouse.release.worked_queries import write_queries
from warehouse.space import require_space, size_of

STORAGE_VERSION = "v1.0.0"  # the oldest that clients of years ago read, too
ROW_GROUP = 32_768
"""Rows that a client reads at least where it reads one: a quarter of the usual number, so that a
hundred places of the corpus are read at the cost of a hundred small pieces."""
DATABASE = "discourse.duckdb"
PARQUET = "parquet"
_NEW = "release_new"
_COUNTED = frozenset({"threads", "words"})
"""Tables that are counted for a release rather than selected for it."""
_STREAM = "token_stream"
_HIDDEN = """
SELECT first_g, first_g + n_tokens FROM indexed
WHERE n_tokens > 0 AND post_id NOT IN (
    SELECT post_id FROM posts WHERE NOT withheld AND n_words IS NOT NULL)
ORDER BY first_g
"""
_FEW_HIDDEN = 200
_NO_END = 2**62
_LAST_ORDER = re.compile(r"\s+ORDER BY [\w, ]+$")
_IN_ORDER = frozenset({_STREAM})
"""Tables whose rows the index has laid in their order."""
_NOT_IN_PARQUET = frozenset({"token_places"})
"""The way from words to places serves the queries of the database alone."""
_RELEASED_SHARE = 1.5  # of the warehouse's size, where no release is there to tell


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlledRelease:
    """Where the release lies, and how many rows each of its tables has."""

    path: Path
    counts: Mapping[str, int]


def publish_controlled(connection: duckdb.DuckDBPyConnection, home: Home) -> ControlledRelease:
    """Write `controlled/latest` anew: `discourse.duckdb`, `parquet/` and the worked `queries/`.

    All of it is readable by its owner alone. Every column of the new files is read back and
    compared with the warehouse before they take the place of the old ones. The copy of what is
    private, from which with the release a warehouse can be rebuilt, is written anew with it.

    Raises
    ------
    DiskFull
        If there is no room for another release; nothing was written.
    WarehouseDamaged
        If the new files do not hold what the warehouse does; the old release stays.
    """
    make_private_folder(home.controlled)
    database = home.controlled / DATABASE
    new = home.controlled / f".{DATABASE}.tmp"
    for leftover in (new, new.with_name(f"{new.name}.wal")):
        leftover.unlink(missing_ok=True)
    room = max(size_of(home.controlled), int(_RELEASED_SHARE * size_of(home.database)))
    require_space(home.controlled, room, what="a new controlled release")
    contents = _fill(connection, new)
    new.chmod(PRIVATE_FILE)
    parquet = fresh_folder(home.controlled / PARQUET)
    _check_and_export(new, parquet, contents)
    new.replace(database)
    swap_folder(parquet, home.controlled / PARQUET)
    queries = fresh_folder(home.controlled / QUERIES)
    write_queries(queries)
    swap_folder(queries, home.controlled / QUERIES)
    write_manifest(home.controlled, contents)
    write_private_copy(connection, home)
    counts = {table: content.rows for table, content in contents.items()}
    return ControlledRelease(path=database, counts=MappingProxyType(counts))


def _fill(connection: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Contents]:
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


def _create_tables(connection: duckdb.DuckDBPyConnection) -> dict[str, Contents]:
    contents = {
        table: _create_table(connection, table, released) for table, released in CONTROLLED.items()
    }
    for view in VIEWS:
        _create_view(connection, view)
    comment_all(connection, _NEW)
    connection.execute(corpus_macros(f"{_NEW}.main"))
    return contents


def _create_table(
    connection: duckdb.DuckDBPyConnection, table: str, released: Released
) -> Contents:
    """Make one table, and return what the warehouse says it must hold.

    What is counted for the release is counted once, into memory; what is only selected is too wide
    for that and read twice.
    """
    name = f"{_NEW}.main.{table}"
    if table not in _COUNTED:
        if table != _STREAM or not _fill_stream(connection, name, released):
            _fill_table(connection, name, released, rows=released.sql)
        return contents_of(connection, f"({_LAST_ORDER.sub('', released.sql)})", released.columns)
    connection.execute(f"CREATE OR REPLACE TEMP TABLE released_rows AS {released.sql}")
    _fill_table(connection, name, released, rows="FROM temp.main.released_rows")
    contents = contents_of(connection, "temp.main.released_rows", released.columns)
    connection.execute("DROP TABLE temp.main.released_rows")
    return contents


def _fill_table(
    connection: duckdb.DuckDBPyConnection, name: str, released: Released, *, rows: str
) -> None:
    if not released.looked_up:
        connection.execute(f"CREATE TABLE {name} AS {rows}")
        return
    columns = connection.execute(f"DESCRIBE {rows}").fetchall()
    declared = [
        f"{column} {kind} USING COMPRESSION uncompressed"
        if column in released.looked_up
        else f"{column} {kind}"
        for column, kind, *_ in columns
    ]
    connection.execute(f"CREATE TABLE {name} ({', '.join(declared)})")
    connection.execute(f"INSERT INTO {name} {rows}")


def _fill_stream(connection: duckdb.DuckDBPyConnection, name: str, released: Released) -> bool:
    """Write the tokens in their order, which they have: sorting them costs as much as all the rest.

    A filter by post would let threads write them out of order. The few posts that stay here are
    left out by their intervals instead, one statement after the other; returns whether they are
    few enough for that.
    """
    hidden = connection.execute(_HIDDEN).fetchall()
    if len(hidden) > _FEW_HIDDEN:
        return False
    listed = ", ".join(released.columns)
    _fill_table(connection, name, released, rows=f"SELECT {listed} FROM {_STREAM} WHERE false")
    bounds = [0, *(g for interval in hidden for g in interval), _NO_END]
    for start, end in zip(bounds[::2], bounds[1::2], strict=True):
        connection.execute(
            f"INSERT INTO {name} SELECT {listed} FROM {_STREAM} WHERE g >= {start} AND g < {end}"
        )
    return True


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


def _check_and_export(database: Path, folder: Path, contents: Mapping[str, Contents]) -> None:
    with duckdb.connect(database, read_only=True) as release:
        release.execute("SET TimeZone = 'UTC'")
        if not lies_in_order(release):
            raise WarehouseDamaged(
                f"{_STREAM} does not lie in the order of its positions in the new controlled"
                " release; the old release stays: publish again"
            )
        for table, released in CONTROLLED.items():
            _require_same(release, table, table, released, contents[table])
            if table in _NOT_IN_PARQUET:
                continue
            file = folder / f"{table}.parquet"
            quoted = str(file).replace("'", "''")
            rows = table if _lies_in_order(release, table, released) else _sorted(table, released)
            release.execute(
                f"COPY (FROM {rows}) TO '{quoted}'"
                " (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
            )
            file.chmod(PRIVATE_FILE)
            _require_same(release, f"'{quoted}'", file.name, released, contents[table])


def _require_same(
    release: duckdb.DuckDBPyConnection,
    relation: str,
    called: str,
    released: Released,
    expected: Contents,
) -> None:
    if contents_of(release, relation, released.columns) != expected:
        raise WarehouseDamaged(
            f"{called} reads differently in the new controlled release than in the warehouse; the "
            "old release stays: check the disk, then publish again"
        )


def _sorted(table: str, released: Released) -> str:
    return f"{table} ORDER BY {', '.join(released.order)}"


def _lies_in_order(release: duckdb.DuckDBPyConnection, table: str, released: Released) -> bool:
    """Whether a table need not be sorted, which costs as much as writing it."""
    if table in _IN_ORDER:
        return True
    if len(released.order) > 1:
        return False
    (key,) = released.order
    row = release.execute(
        f"SELECT coalesce(bool_and(next), true) FROM "
        f"(SELECT {key} > lag({key}) OVER () AS next FROM {table})"
    ).fetchone()
    return row is not None and bool(row[0])
