"""Rotation of the author key: the link in the key file first, then what is stored, always forward.

The key file gets its new link before anything else. The database says in `key_chain` how many
links its author keys bear, so whoever opens it sees that it is behind, and brings it forward: every
stored author key and every mention in a text in one transaction with the count; then segments,
lists, and a fresh copy of the file, after which no byte of the old pseudonyms is left. A process
that is ended anywhere leaves a database that is behind or forward as a whole, and the next to open
it goes on. The same brings a backup of before a rotation to the keys of today.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.errors import WarehouseError
from warehouse.protection.keys import KeyRing
from warehouse.protection.pseudonyms import advance_mentions

_COLUMNS = """
SELECT table_name, column_name, data_type FROM duckdb_columns()
JOIN duckdb_tables() USING (database_name, schema_name, table_name)
WHERE database_name = current_database() AND NOT temporary
    AND data_type IN ('VARCHAR', 'VARCHAR[]', 'JSON')
ORDER BY ALL
"""
_LISTED_AUTHORS = ("erasures", "optouts")
_CHANGE = (
    'UPDATE {table} SET "{column}" = changed.value FROM changed WHERE {table}.rowid = changed.row'
)
_ROWS_AT_ONCE = 20_000


@dataclass(frozen=True, slots=True, kw_only=True)
class RotationCounts:
    """What bringing the warehouse forward changed."""

    authors: int = 0
    texts: int = 0


def check_chain(connection: duckdb.DuckDBPyConnection, keys: KeyRing) -> None:
    """Enter which keys a new database bears; refuse keys that do not fit what is stored.

    Raises
    ------
    WarehouseError
        If the database was made with other keys, or with more links than the key file has.
    """
    row = connection.execute("SELECT links, fingerprint FROM key_chain").fetchone()
    if row is None:
        connection.execute(
            "INSERT INTO key_chain VALUES (?, ?, true)", [keys.links, keys.fingerprint(keys.links)]
        )
        return
    links, fingerprint = row
    if links > keys.links:
        raise WarehouseError(
            f"the author key was rotated to {links} links and the key file has {keys.links}: it is "
            "older than what is stored; put the newest key file back, and end what runs since "
            "before the rotation"
        )
    if fingerprint != keys.fingerprint(links):
        raise WarehouseError(
            "the key file is not the one that this warehouse was made with; put the study's own "
            "key file back, or name it in VALUETALK_KEY_FILE"
        )


def is_unfinished(connection: duckdb.DuckDBPyConnection) -> bool:
    """Whether the rows were brought forward and files and bytes have not followed yet."""
    return connection.execute("SELECT 1 FROM key_chain WHERE NOT finished").fetchone() is not None


def is_behind(connection: duckdb.DuckDBPyConnection, keys: KeyRing) -> bool:
    """Whether the rows bear fewer links than the keys have."""
    return _links(connection) < keys.links


def advance_rows(connection: duckdb.DuckDBPyConnection, keys: KeyRing) -> RotationCounts:
    """Bring every row forward to the newest link; the caller commits."""
    since = _links(connection)
    authors = texts = 0
    for table, column, kind in connection.execute(_COLUMNS).fetchall():
        if column == "author_key":
            authors += _advance_authors(connection, table, column, keys, since=since)
        elif column == "hash" and table in _LISTED_AUTHORS:
            _advance_authors(connection, table, column, keys, since=since, where="kind = 'author'")
        else:
            texts += _advance_texts(connection, table, column, kind, keys, since=since)
    connection.execute(
        "UPDATE key_chain SET links = ?, fingerprint = ?, finished = false",
        [keys.links, keys.fingerprint(keys.links)],
    )
    connection.execute("UPDATE cursors SET state_written = false")
    return RotationCounts(authors=authors, texts=texts)


def _links(connection: duckdb.DuckDBPyConnection) -> int:
    row = connection.execute("SELECT links FROM key_chain").fetchone()
    assert row is not None  # noqa: S101 # check_chain has entered one
    return int(row[0])


def _advance_authors(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    keys: KeyRing,
    *,
    since: int,
    where: str = "true",
) -> int:
    found = connection.execute(
        f"SELECT DISTINCT {column} FROM {table} WHERE {column} IS NOT NULL AND {where}"
    ).fetchall()
    old = [key for (key,) in found]
    new = [keys.advanced(key, since=since) for key in old]
    connection.register("changed", pa.table({"old": pa.array(old, pa.string()), "new": new}))
    connection.execute(
        f"UPDATE {table} SET {column} = changed.new FROM changed "
        f"WHERE {table}.{column} = changed.old AND {where}"
    )
    connection.unregister("changed")
    return len(old)


def _advance_texts(
    connection: duckdb.DuckDBPyConnection,
    table: str,
    column: str,
    kind: str,
    keys: KeyRing,
    *,
    since: int,
) -> int:
    """Bring the mentions in a column of texts, or of lists of them, forward."""
    pattern = "author_[a-z2-7]{24}"
    text = f'array_to_string("{column}", chr(10))' if kind == "VARCHAR[]" else f'"{column}"'
    holding = connection.execute(
        f"SELECT rowid FROM {table} WHERE contains({text}, 'author_') "
        f"AND regexp_matches({text}, '{pattern}')"
    ).fetchall()
    rows = [row for (row,) in holding]
    change = _change_of(kind, keys, since=since)
    for first in range(0, len(rows), _ROWS_AT_ONCE):
        some = rows[first : first + _ROWS_AT_ONCE]
        values = connection.execute(
            f'SELECT rowid, "{column}" FROM {table} WHERE rowid IN (SELECT unnest($rows))',
            {"rows": some},
        ).fetchall()
        changed = {"row": [row for row, _ in values], "value": [change(v) for _, v in values]}
        connection.register("changed", pa.table(changed))
        connection.execute(_CHANGE.format(table=table, column=column))
        connection.unregister("changed")
    return len(rows)


def _change_of(kind: str, keys: KeyRing, *, since: int) -> Callable[[Any], Any]:
    if kind == "VARCHAR[]":
        return lambda texts: [advance_mentions(text, keys, since=since) for text in texts]
    return lambda text: advance_mentions(text, keys, since=since)
