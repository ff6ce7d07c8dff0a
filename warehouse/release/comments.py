"""What the tables and columns of a release mean, as comments that every client shows.

Tables are described in the comments of `warehouse/schema/`, columns in `columns.sql` beside this
module: a wording that gets better needs no migration, and a study's own database, which nobody
reads, does without.
"""

import re
from collections.abc import Mapping
from functools import cache
from importlib import resources
from types import MappingProxyType

import duckdb

from warehouse.migrations import packaged_migrations

_COMMENT = re.compile(r"COMMENT ON (?:TABLE|VIEW|COLUMN) ([\w.]+) IS\s+'((?:[^']|'')*)';")
_TABLES = """
SELECT 'TABLE', table_name FROM duckdb_tables() WHERE database_name = $database
UNION ALL
SELECT 'VIEW', view_name FROM duckdb_views() WHERE database_name = $database AND NOT internal
"""
_COLUMNS = """
SELECT 'COLUMN', table_name || '.' || column_name FROM duckdb_columns()
WHERE database_name = $database AND NOT internal
"""


@cache
def meanings() -> Mapping[str, str]:
    """Return what is said of every table (`posts`) and released column (`posts.post_id`)."""
    columns = resources.files("warehouse.release").joinpath("columns.sql")
    scripts = [step.sql for step in packaged_migrations()]
    scripts.append(columns.read_text(encoding="utf-8"))
    return MappingProxyType(
        {
            name: text.replace("''", "'")
            for script in scripts
            for name, text in _COMMENT.findall(script)
        }
    )


def comment_all(connection: duckdb.DuckDBPyConnection, database: str) -> None:
    """Comment every table, view and column of an attached database that something is said of."""
    known = meanings()
    found = connection.execute(f"{_TABLES} UNION ALL {_COLUMNS}", {"database": database})
    statements = [
        f"COMMENT ON {kind} {database}.main.{name} IS '{known[name].replace(chr(39), chr(39) * 2)}'"
        for kind, name in found.fetchall()
        if name in known
    ]
    connection.execute(";\n".join(statements) or "SELECT 1")
