"""The data dictionary: every released table, view, column and macro, from a release's comments.

    python -m warehouse.release.dictionary > docs/data-dictionary.md

It is read from a release of an empty warehouse, so that it says what researchers really find.
"""

import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import duckdb

from warehouse.corpus.macros import corpus_macros
from warehouse.home import Home
from warehouse.migrations import packaged_migrations
from warehouse.protection.allowed import PUBLIC
from warehouse.release.controlled import publish_controlled
from warehouse.release.tables import CONTROLLED
from warehouse.release.worked_queries import worked_queries

_HEAD = """\
# Data dictionary

What stands in `controlled/latest/discourse.duckdb` and, as Parquet, in the folder
`parquet/` beside it; tables marked *public* stand in `public/latest/` too, with what the
export gate let through. The files themselves say the same:

```sql
SELECT table_name, column_name, data_type, comment FROM duckdb_columns() WHERE NOT internal;
```

Times are UTC. No name needs quoting. [sql.md](sql.md) says how to open the files. This page is made
by `python -m warehouse.release.dictionary > docs/data-dictionary.md`, and a test fails when it is
out of date.
"""
_RELATIONS = """
SELECT table_name, comment FROM duckdb_tables()
UNION ALL
SELECT view_name, comment FROM duckdb_views() WHERE NOT internal
"""
_COLUMNS = """
SELECT column_name, data_type, comment FROM duckdb_columns()
WHERE table_name = $table ORDER BY column_index
"""
_MACROS = """
SELECT function_name, comment FROM duckdb_functions()
WHERE function_type = 'table_macro' AND NOT internal ORDER BY function_name
"""
_SIGNATURE = re.compile(r"CREATE (?:OR REPLACE )?MACRO main\.((\w+)\([^)]*\)) AS TABLE")
_LIST = re.compile(r",\s*")


class _Said(NamedTuple):
    """What a comment says of a table, and who gets it."""

    meaning: str
    is_public: bool


def data_dictionary() -> str:
    """Return the dictionary of this version as Markdown."""
    with tempfile.TemporaryDirectory() as folder:
        home = Home(Path(folder))
        with duckdb.connect() as warehouse:
            for step in packaged_migrations():
                warehouse.execute(step.sql)
            publish_controlled(warehouse, home)
        with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as release:
            return "\n".join(_lines(release))


def _lines(release: duckdb.DuckDBPyConnection) -> Iterator[str]:
    said = {
        table: _Said(comment.partition("] ")[2], table in PUBLIC)
        for table, comment in release.execute(_RELATIONS).fetchall()
    }
    order = [*CONTROLLED, *sorted(set(said) - set(CONTROLLED))]
    yield _HEAD
    yield from _table(
        "table", "what it holds", [(f"[`{t}`](#{t})", _shown(said[t])) for t in order]
    )
    for table in order:
        yield from ("", f"## {table}", "", f"{_sentence(said[table].meaning)}.", "")
        columns = release.execute(_COLUMNS, {"table": table}).fetchall()
        yield from _table(
            "column",
            "type | meaning",
            [(f"`{c}`", f"`{kind}` | {text}") for c, kind, text in columns],
        )
    yield from _macros(release)
    yield from _queries()


def _macros(release: duckdb.DuckDBPyConnection) -> Iterator[str]:
    yield from (
        "",
        "## Macros",
        "",
        "Used like a table: `FROM kwic('help')`. With `:=` stands what counts",
    )
    yield "where nothing is said."
    heads = {name: head for head, name in _SIGNATURE.findall(corpus_macros("main"))}
    for name, comment in release.execute(_MACROS).fetchall():
        inner = heads[name].partition("(")[2].removesuffix(")")
        needed = [part for part in _LIST.split(inner) if ":=" not in part]
        call = f"{name}({', '.join(chr(39) * 2 for _ in needed)})"
        columns = release.execute(f"DESCRIBE FROM {call}").fetchall()
        yield from ("", f"### {name}", "", f"`{heads[name]}`: {comment}.", "")
        yield f"Columns: {', '.join(f'`{column}` {kind}' for column, kind, *_ in columns)}."


def _queries() -> Iterator[str]:
    yield from ("", "## Worked queries", "")
    yield "In `queries/` beside the database, and by name: `valuetalk sql --example NAME`."
    yield ""
    yield from _table(
        "query",
        "question",
        [
            (f"`{query.name}`", query.question + (" *public*" if query.is_public else ""))
            for query in worked_queries().values()
        ],
    )


def _table(first: str, second: str, rows: list[tuple[str, str]]) -> Iterator[str]:
    yield f"| {first} | {second} |"
    yield "|---" * (2 + second.count("|")) + "|"
    yield from (f"| {left} | {right} |" for left, right in rows)


def _shown(said: _Said) -> str:
    return said.meaning + (" *public*" if said.is_public else "")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


if __name__ == "__main__":
    sys.stdout.write(f"{data_dictionary()}\n")
