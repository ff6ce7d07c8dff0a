"""Whether a release is what was published: every byte, every file and every value of every table.

The SHA-256 of a file tells whether any byte of it changed. A file that is whole is read to its end
besides, column by column, and compared with the rows and checksums that the warehouse gave.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.contents import Contents, contents_of
from warehouse.home import Home
from warehouse.release.controlled import DATABASE as DISCOURSE
from warehouse.release.controlled import PARQUET
from warehouse.release.manifest import FORMAT, MANIFEST, checksums
from warehouse.release.public import DATABASE as TRENDS

_COLUMNS = """
SELECT table_name, list(column_name ORDER BY column_index)
FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
GROUP BY table_name ORDER BY table_name
"""
_SEALED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What was looked at in one release, and what in it is not as it was published."""

    release: str
    files: int
    tables: int
    rows: int
    wrong: tuple[str, ...]


def verify_releases(home: Home) -> list[Verified]:
    """Verify the releases that a home has, the controlled one first."""
    verified = []
    if (home.controlled / DISCOURSE).exists() or (home.controlled / MANIFEST).exists():
        verified.append(verify_controlled(home.controlled))
    if (home.public / MANIFEST).exists() or (home.public / TRENDS).exists():
        verified.append(verify_public(home.public))
    return verified


def verify_controlled(folder: Path) -> Verified:
    """Compare a controlled release with its manifest."""
    manifest = _manifest(folder)
    if isinstance(manifest, str):
        return _unknown("controlled", manifest)
    if manifest.get("format") != FORMAT:
        return _unknown("controlled", f"{MANIFEST} was written by another version of valuetalk")
    expected = {
        table: (int(held["rows"]), int(str(held["checksum"]), 16))
        for table, held in manifest["tables"].items()
    }
    return _verified("controlled", folder, manifest, DISCOURSE, expected)


def verify_public(folder: Path) -> Verified:
    """Compare a public release with its manifest, which has the rows of its tables."""
    manifest = _manifest(folder)
    if isinstance(manifest, str):
        return _unknown("public", manifest)
    expected = {table: (int(rows), None) for table, rows in manifest["rows"].items()}
    return _verified("public", folder, manifest, TRENDS, expected)


def _verified(
    release: str,
    folder: Path,
    manifest: Mapping[str, Any],
    database: str,
    expected: Mapping[str, tuple[int, int | None]],
) -> Verified:
    published: dict[str, str] = manifest["sha256"]
    found = checksums(folder)
    changed = {name for name in published if found.get(name) != published[name]}
    wrong = [f"{name} is missing" for name in sorted(changed - found.keys())]
    wrong += [f"{name} was changed or is damaged" for name in sorted(changed & found.keys())]
    wrong += [f"{name} was not published" for name in sorted(found.keys() - published.keys())]
    if database not in changed:
        wrong += _database_differences(folder / database, expected)
    whole = sorted(name for name in published.keys() - changed if name.startswith(f"{PARQUET}/"))
    with duckdb.connect(config=_SEALED) as reader:
        reader.execute("SET TimeZone = 'UTC'")
        for name in whole:
            wrong += _parquet_differences(reader, folder, name, expected)
    return Verified(
        release=release,
        files=len(published),
        tables=len(expected),
        rows=sum(rows for rows, _ in expected.values()),
        wrong=tuple(wrong),
    )


def _database_differences(
    path: Path, expected: Mapping[str, tuple[int, int | None]]
) -> Iterator[str]:
    try:
        with duckdb.connect(path, read_only=True, config=_SEALED) as opened:
            opened.execute("SET TimeZone = 'UTC'")
            columns: dict[str, list[str]] = dict(opened.execute(_COLUMNS).fetchall())
            for table in sorted(expected.keys() - columns.keys()):
                yield f"{path.name} has no table {table}"
            for table in sorted(expected.keys() & columns.keys()):
                held = contents_of(opened, f'"{table}"', columns[table])
                yield from _difference(f"{path.name}: {table}", held, expected[table])
    except duckdb.Error:
        yield f"{path.name} cannot be read to its end"


def _parquet_differences(
    reader: duckdb.DuckDBPyConnection,
    folder: Path,
    name: str,
    expected: Mapping[str, tuple[int, int | None]],
) -> Iterator[str]:
    table = Path(name).stem
    quoted = str(folder / name).replace("'", "''")
    if table not in expected:
        yield f"{name} is of no published table"
        return
    try:
        columns = [column for column, *_ in reader.execute(f"DESCRIBE FROM '{quoted}'").fetchall()]
        held = contents_of(reader, f"'{quoted}'", columns)
    except duckdb.Error:
        yield f"{name} cannot be read to its end"
    else:
        yield from _difference(name, held, expected[table])


def _difference(called: str, held: Contents, expected: tuple[int, int | None]) -> Sequence[str]:
    rows, checksum = expected
    if held.rows != rows:
        return [f"{called} has {held.rows} rows instead of {rows}"]
    if checksum is not None and held.checksum != checksum:
        return [f"{called} has other values than were published"]
    return []


def _manifest(folder: Path) -> Mapping[str, Any] | str:
    """Return a release's manifest, or what is wrong with it."""
    try:
        manifest: Mapping[str, Any] = json.loads((folder / MANIFEST).read_bytes())
        missing = {"sha256"} - manifest.keys()
        if missing or not ({"rows", "tables"} & manifest.keys()):
            return f"{MANIFEST} is damaged"
    except FileNotFoundError:
        return f"{MANIFEST} is missing"
    except (ValueError, AttributeError):
        return f"{MANIFEST} is damaged"
    return manifest


def _unknown(release: str, why: str) -> Verified:
    return Verified(release=release, files=0, tables=0, rows=0, wrong=(why,))
