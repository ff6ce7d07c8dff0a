"""Reads both releases of a home as any client would, and prints what it found as JSON.

    python reading_client.py HOME

It imports DuckDB alone, of whatever version the Python that runs it has.
"""

import hashlib
import json
import sys
from pathlib import Path

import duckdb

MACROS = [
    "kwic('help', width := 3, lines := 20)",
    "kwic('WAIT')",
    "collocates('help', span := 2)",
    "word_trend('help', bin := 'week')",
    "word_trend('budget')",
    "keyness('carers', 'anxiety')",
]


def plain(value):
    if isinstance(value, float):
        return f"{value:.9g}"
    if isinstance(value, dict):
        return sorted((plain(k), plain(v)) for k, v in value.items())
    if isinstance(value, (list, tuple)):
        return [plain(part) for part in value]
    return str(value)


def digest(connection, sql):
    rows = sorted(json.dumps(plain(row)) for row in connection.execute(sql).fetchall())
    return [len(rows), hashlib.sha256("\n".join(rows).encode()).hexdigest()]


def read_database(path):
    found = {}
    with duckdb.connect(str(path), read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        names = connection.execute(
            "SELECT table_name FROM duckdb_tables()"
            " UNION ALL SELECT view_name FROM duckdb_views() WHERE NOT internal"
        ).fetchall()
        for (name,) in names:
            found[name] = digest(connection, f"SELECT * FROM {name}")
            said = f"SELECT column_name, comment FROM duckdb_columns() WHERE table_name = '{name}'"
            found[f"comments of {name}"] = digest(connection, said)
        for file in sorted((path.parent / "queries").iterdir()):
            found[f"query {file.stem}"] = digest(connection, file.read_text(encoding="utf-8"))
        if path.name == "discourse.duckdb":
            for macro in MACROS:
                found[macro] = digest(connection, f"SELECT * FROM {macro}")
    return found


def read_parquet(folder):
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return {
            file.stem: digest(connection, f"SELECT * FROM read_parquet('{file}')")
            for file in sorted(folder.iterdir())
        }


def main():
    controlled = Path(sys.argv[1]) / "controlled" / "latest"
    public = Path(sys.argv[1]) / "public" / "latest"
    found = {
        "discourse.duckdb": read_database(controlled / "discourse.duckdb"),
        "controlled parquet": read_parquet(controlled / "parquet"),
        "trends.duckdb": read_database(public / "trends.duckdb"),
        "public parquet": read_parquet(public / "parquet"),
    }
    print(json.dumps({"version": duckdb.__version__, "found": found}))  # noqa: T201


if __name__ == "__main__":
    main()
