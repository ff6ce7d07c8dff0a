"""The schema comes in steps, each applied once."""

from datetime import UTC, date, datetime
from importlib import resources
from pathlib import Path

import duckdb
import pytest

from warehouse.errors import SchemaError
from warehouse.migrations import Migration, migrate, packaged_migrations

NOW = datetime(2026, 1, 5, tzinfo=UTC)
FILE = Path("warehouse.duckdb")


@pytest.fixture
def connection():
    with duckdb.connect() as opened:
        yield opened


def step(version: int, sql: str) -> Migration:
    return Migration(version, f"{version:04d}_step.sql", sql)


def tables(connection: duckdb.DuckDBPyConnection) -> list[str]:
    rows = connection.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()
    return [name for (name,) in rows]


def test_every_schema_file_is_packaged_and_numbered_without_a_gap():
    folder = resources.files("warehouse") / "schema"
    names = sorted(file.name for file in folder.iterdir() if file.name.endswith(".sql"))
    steps = packaged_migrations()
    assert [found.name for found in steps] == names
    assert [found.version for found in steps] == list(range(1, len(names) + 1))


def test_a_new_database_gets_every_step_once(connection):
    steps = [step(1, "CREATE TABLE a (x INT)"), step(2, "ALTER TABLE a ADD COLUMN y INT")]
    assert migrate(connection, path=FILE, now=NOW, migrations=steps) == 2
    assert migrate(connection, path=FILE, now=NOW, migrations=steps) == 0
    assert tables(connection) == ["a", "migrations"]
    assert connection.execute("SELECT version, name, applied_at FROM migrations").fetchall() == [
        (1, "0001_step.sql", NOW),
        (2, "0002_step.sql", NOW),
    ]


def test_an_older_database_gets_what_is_new(connection):
    migrate(connection, path=FILE, now=NOW, migrations=[step(1, "CREATE TABLE a (x INT)")])
    steps = [step(1, "CREATE TABLE a (x INT)"), step(2, "CREATE TABLE b (x INT)")]
    assert migrate(connection, path=FILE, now=NOW, migrations=steps) == 1
    assert tables(connection) == ["a", "b", "migrations"]


def test_a_step_that_fails_leaves_nothing_of_itself(connection):
    steps = [step(1, "CREATE TABLE a (x INT)"), step(2, "CREATE TABLE b (x INT); SELECT nonsense")]
    with pytest.raises(duckdb.Error):
        migrate(connection, path=FILE, now=NOW, migrations=steps)
    assert tables(connection) == ["a", "migrations"]


def test_a_newer_database_is_refused_in_one_sentence(connection):
    steps = [step(1, "CREATE TABLE a (x INT)"), step(2, "CREATE TABLE b (x INT)")]
    migrate(connection, path=FILE, now=NOW, migrations=steps)
    with pytest.raises(
        SchemaError, match=r"newer version .*schema 2, this version knows 1"
    ) as caught:
        migrate(connection, path=FILE, now=NOW, migrations=steps[:1])
    assert "\n" not in str(caught.value)


def test_a_foreign_database_is_refused_and_left_alone(connection):
    connection.execute("CREATE TABLE recipes (x INT)")
    with pytest.raises(SchemaError, match="no warehouse of valuetalk"):
        migrate(connection, path=FILE, now=NOW)
    assert tables(connection) == ["recipes"]


def test_every_table_says_who_may_see_it(connection):
    migrate(connection, path=FILE, now=NOW)
    rows = connection.execute("SELECT table_name, comment FROM duckdb_tables()").fetchall()
    assert [
        name for name, comment in rows if (comment or "")[:3] not in {"[C]", "[P]", "[-]"}
    ] == []


def test_topics_of_a_database_without_versions_stay_as_they_were(connection):
    steps = packaged_migrations()
    migrate(connection, path=FILE, now=NOW, migrations=steps[:7])
    topic = ("m", 3, "waiting", ["wait", "list"], date(2026, 1, 1), None, 70, 0.25)
    event = ("m", 3, date(2026, 1, 1), "born", "a model was fitted")
    connection.execute("INSERT INTO topics VALUES (?, ?, ?, ?, ?, ?, ?, ?)", topic)
    connection.execute("INSERT INTO topic_events VALUES (?, ?, ?, ?, ?)", event)
    connection.execute("INSERT INTO post_topics VALUES ('m', 9, 3, 0.5)")
    migrate(connection, path=FILE, now=NOW)
    assert connection.execute("FROM topics").fetchall() == [(*topic, None, None, None)]
    assert connection.execute("FROM topic_events").fetchall() == [(*event, None, None)]
    assert connection.execute("FROM post_topics").fetchall() == [("m", 9, 3, 0.5)]
    connection.execute(
        "INSERT INTO topic_events (model, day, event, detail)"
        " VALUES ('m', '2026-01-02', 'kept', 'of the whole model')"
    )
