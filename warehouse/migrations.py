"""The schema in numbered SQL files, each applied once, in one transaction with its record."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from pathlib import Path

import duckdb

from warehouse.errors import SchemaError

_NAME = re.compile(r"(?P<version>\d{4})_[a-z0-9_]+\.sql")
_RECORD = """
CREATE TABLE migrations (
    version INTEGER NOT NULL,
    name VARCHAR NOT NULL,
    applied_at TIMESTAMPTZ NOT NULL
);
COMMENT ON TABLE migrations IS '[-] which files of schema/ made this database';
"""
_TABLES = "SELECT table_name FROM duckdb_tables() WHERE NOT temporary"


@dataclass(frozen=True, slots=True, order=True)
class Migration:
    """One step of the schema."""

    version: int
    name: str
    sql: str


@cache
def packaged_migrations() -> tuple[Migration, ...]:
    """Return the migrations that come with this version, in order."""
    folder = resources.files("warehouse") / "schema"
    return tuple(
        sorted(
            Migration(int(match["version"]), file.name, file.read_text(encoding="utf-8"))
            for file in folder.iterdir()
            if (match := _NAME.fullmatch(file.name))
        )
    )


def migrate(
    connection: duckdb.DuckDBPyConnection,
    *,
    path: Path,
    now: datetime,
    migrations: Sequence[Migration] | None = None,
) -> int:
    """Bring a database to the schema of this version; return how many steps were applied.

    Raises
    ------
    SchemaError
        If the database was made by a newer version, or holds tables but is no warehouse.
    """
    steps = packaged_migrations() if migrations is None else migrations
    applied = _applied(connection, path=path)
    known = {step.version: step.name for step in steps}
    if any(known.get(version) != name for version, name in applied.items()):
        raise SchemaError(
            f"{path} was made by a newer version of valuetalk (schema {max(applied)}, this version "
            f"knows {max(known, default=0)}); install that version or a later one"
        )
    missing = [step for step in steps if step.version not in applied]
    for step in missing:
        _apply(connection, step, first=not applied and step is missing[0], now=now)
    return len(missing)


def _applied(connection: duckdb.DuckDBPyConnection, *, path: Path) -> dict[int, str]:
    tables = {name for (name,) in connection.execute(_TABLES).fetchall()}
    if not tables:
        return {}
    if "migrations" not in tables:
        raise SchemaError(
            f"{path} is a DuckDB database, but no warehouse of valuetalk; move it away, or name "
            "another home"
        )
    return dict(connection.execute("SELECT version, name FROM migrations").fetchall())


def _apply(
    connection: duckdb.DuckDBPyConnection, step: Migration, *, first: bool, now: datetime
) -> None:
    connection.begin()
    try:
        if first:
            connection.execute(_RECORD)
        connection.execute(step.sql)
        connection.execute(
            "INSERT INTO migrations VALUES (?, ?, ?)", [step.version, step.name, now]
        )
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
