"""What tables and columns mean stands in both releases, and no name of theirs needs quoting."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from tests.warehouse.invented import healthy_study
from warehouse.home import Home
from warehouse.protection.allowed import PUBLIC
from warehouse.protection.gate import pass_gate
from warehouse.records import Run
from warehouse.release.comments import meanings
from warehouse.release.controlled import publish_controlled
from warehouse.release.dictionary import data_dictionary
from warehouse.release.public import publish_public

ROOT = Path(__file__).resolve().parents[3]
DATABASES = ("controlled/latest/discourse.duckdb", "public/latest/trends.duckdb")
NAMES = """
SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal ORDER BY ALL
"""
SAID = """
SELECT table_name, comment FROM duckdb_tables()
UNION ALL SELECT view_name, comment FROM duckdb_views() WHERE NOT internal
UNION ALL SELECT table_name || '.' || column_name, comment FROM duckdb_columns() WHERE NOT internal
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Both releases of a healthy study."""
    home = Home(tmp_path_factory.mktemp("commented"))
    study = healthy_study()
    run = Run(
        run_id="run-1", flow="nightly", started_at=datetime(2026, 3, 1, tzinfo=UTC), version="0.1.0"
    )
    publish_controlled(study.connection, home)
    publish_public(pass_gate(study.connection), home, dashboard="", run=run)
    study.connection.close()
    return home


@pytest.fixture(params=DATABASES)
def release(home: Home, request: pytest.FixtureRequest) -> Iterator[duckdb.DuckDBPyConnection]:
    path: Path = home.root / request.param
    with duckdb.connect(path, read_only=True) as connection:
        yield connection


def test_every_released_column_is_selected_unquoted(release: duckdb.DuckDBPyConnection) -> None:
    names = release.execute(NAMES).fetchall()
    assert len(names) > len(PUBLIC)
    for table, column in names:
        found = release.execute(f"SELECT {column} FROM {table} LIMIT 1")
        assert [name for name, *_ in found.description] == [column]
        release.execute(f"SELECT {table}.{column} AS {column} FROM {table} ORDER BY {column}")


def test_every_released_table_and_column_says_what_it_means(
    release: duckdb.DuckDBPyConnection,
) -> None:
    said = dict(release.execute(SAID).fetchall())
    assert [name for name, comment in said.items() if not comment] == []
    assert said == {name: meanings()[name] for name in said}
    assert said["frame_prevalence.n_coded"].startswith("posts of the measure pool")


def test_nothing_is_said_of_a_column_that_is_not_released(home: Home) -> None:
    with duckdb.connect(home.root / DATABASES[0], read_only=True) as release:
        released = {f"{table}.{column}" for table, column in release.execute(NAMES).fetchall()}
    assert {name for name in meanings() if "." in name} == released


def test_an_apostrophe_stays_one(home: Home) -> None:
    with duckdb.connect(home.root / DATABASES[0], read_only=True) as release:
        rows = release.execute("SELECT comment FROM duckdb_columns() WHERE column_name = 'kind'")
        assert "'post' (begins a thread) or 'comment' (answers in one)" in {
            c for (c,) in rows.fetchall()
        }


def test_the_data_dictionary_is_up_to_date() -> None:
    written = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    made = f"{data_dictionary()}\n"
    assert made == written, "run python -m warehouse.release.dictionary > docs/data-dictionary.md"


def test_every_macro_is_explained(home: Home) -> None:
    with duckdb.connect(home.root / DATABASES[0], read_only=True) as release:
        rows = release.execute(
            "SELECT function_name, comment FROM duckdb_functions() WHERE NOT internal"
        ).fetchall()
    written = (ROOT / "docs" / "data-dictionary.md").read_text(encoding="utf-8")
    assert len(rows) >= 4
    for name, comment in rows:
        assert comment, name
        assert f"\n### {name}\n\n`{name}(" in written
