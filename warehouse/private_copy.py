"""What a warehouse has and its controlled release has not, as Parquet under `state/private/`.

With the texts of the release it gives the warehouse again, with the same numbers of posts and
threads: where posts live on their platforms, what was checked when, what is withheld. It is written
when the release is, and like that holds nothing that was erased: whatever erases or rotates removes
it, and the next release brings it back. What is made from texts (index, topics, scores, what tells
copies) is left out, since it is made again.
"""

import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from warehouse.errors import StateError
from warehouse.home import PRIVATE_FILE, Home, write_private
from warehouse.release.manifest import checksums, sha256_of
from warehouse.release.swap import fresh_folder, remove_half_swapped, swap_folder

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1
TEXTS: Final = ("title", "text", "own_text")
_DERIVED = frozenset(
    {
        *("words", "token_stream", "token_places", "token_runs", "dead_tokens", "indexed"),
        *("fingerprints", "comparison", "waiting_comparisons", "post_topics", "topic_posts"),
        *("frame_scores", "migrations", "pending_copies"),
    }
)
_TABLES = """
SELECT table_name, list(column_name ORDER BY column_index), list(data_type ORDER BY column_index)
FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
WHERE database_name = current_database() AND NOT temporary
GROUP BY table_name ORDER BY table_name
"""
_WIDE = "UHUGEINT"  # Parquet would round it, and as text it takes DuckDB 0.2 ms to write
_HIGH, _LOW = ".high", ".low"
# Only the statement tells the next number at any time: last_value is the one that was taken last,
# or after the file was opened the one that comes next.
_SEQUENCES = """
SELECT sequence_name, regexp_extract(sql, 'START (?:WITH )?(-?\\d+)', 1)::BIGINT
FROM duckdb_sequences() WHERE database_name = current_database() ORDER BY ALL
"""


@dataclass(frozen=True, slots=True)
class PrivateCopy:
    """A copy that was checked: its folder, and what its manifest says."""

    folder: Path
    manifest: Mapping[str, Any]

    @property
    def tables(self) -> list[str]:
        """Return the tables of which it has rows."""
        return sorted(Path(name).stem for name in self.manifest["sha256"])

    def rows(self, connection: duckdb.DuckDBPyConnection, table: str) -> str:
        """Return the query that gives the rows of a table as the warehouse has them."""
        quoted = str(self.folder / f"{table}.parquet").replace("'", "''")
        described = connection.execute(f"DESCRIBE FROM '{quoted}'").fetchall()
        columns = [_imported(name) for name, *_ in described if not name.endswith(_LOW)]
        return f"SELECT {', '.join(columns)} FROM '{quoted}'"


def folder_of(home: Home) -> Path:
    """Return where the copy of a home lies."""
    return home.state / "private"


def write_private_copy(connection: duckdb.DuckDBPyConnection, home: Home) -> None:
    """Write the copy anew, beside a controlled release that was made of the same rows."""
    place = folder_of(home)
    folder = fresh_folder(place)
    for table, columns, kinds in connection.execute(_TABLES).fetchall():
        if table not in _DERIVED and _has_rows(connection, table):
            file = folder / f"{table}.parquet"
            quoted = str(file).replace("'", "''")
            listed = ", ".join(
                _exported(table, column, kind) for column, kind in zip(columns, kinds, strict=True)
            )
            connection.execute(
                f"COPY (SELECT {listed} FROM main.{table}) TO '{quoted}'"
                " (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
            )
            file.chmod(PRIVATE_FILE)
    manifest = {
        "format": FORMAT,
        "sha256": checksums(folder),
        "sequences": dict(connection.execute(_SEQUENCES).fetchall()),
        "texts": sha256_of(texts_file(home)),
    }
    write_private(folder / MANIFEST, json.dumps(manifest, indent=1).encode())
    swap_folder(folder, place)


def texts_file(home: Home) -> Path:
    """Return the file of the controlled release that holds the texts."""
    return home.controlled / "parquet" / "posts.parquet"


def remove_private_copy(home: Home) -> None:
    """Remove the copy, since what it holds was erased or bears old pseudonyms."""
    remove_half_swapped(folder_of(home))
    shutil.rmtree(folder_of(home), ignore_errors=True)


def read_private_copy(home: Home) -> PrivateCopy:
    """Return a copy whose files, and the texts beside it, are what was written.

    Raises
    ------
    StateError
        If there is none, or it is damaged, or the release is another one.
    """
    folder = folder_of(home)
    try:
        manifest: dict[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        whole = manifest["format"] == FORMAT and checksums(folder) == manifest["sha256"]
        texts = manifest["texts"]
    except FileNotFoundError:
        raise StateError(f"there is no copy of what is private in {folder}") from None
    except (ValueError, KeyError, TypeError):
        whole, texts = False, ""
    if not whole:
        raise StateError(f"the copy of what is private in {folder} is damaged")
    if not texts_file(home).is_file() or sha256_of(texts_file(home)) != texts:
        raise StateError(f"{texts_file(home)} is missing, damaged or not the one of {folder}")
    return PrivateCopy(folder, manifest)


def _exported(table: str, column: str, kind: str) -> str:
    if table == "posts" and column in TEXTS:
        return f'CASE WHEN withheld THEN "{column}" END AS "{column}"'
    if kind == _WIDE:
        low = f'("{column}" & 18446744073709551615::UHUGEINT)::UBIGINT AS "{column}{_LOW}"'
        return f'("{column}" >> 64)::UBIGINT AS "{column}{_HIGH}", {low}'
    return f'"{column}"'


def _imported(column: str) -> str:
    if not column.endswith(_HIGH):
        return f'"{column}"'
    name = column.removesuffix(_HIGH)
    return f'("{column}"::UHUGEINT << 64) | "{name}{_LOW}"::UHUGEINT AS "{name}"'


def _has_rows(connection: duckdb.DuckDBPyConnection, table: str) -> bool:
    return connection.execute(f"SELECT 1 FROM main.{table} LIMIT 1").fetchone() is not None
