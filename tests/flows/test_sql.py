"""`valuetalk sql`: worked queries, files, forms, errors in one sentence, and a sealed database."""

import hashlib
import io
import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console
from typer.testing import CliRunner

from flows import progress
from flows.asking import QueryRefused, QueryStopped, Watch, ask
from flows.commands import app
from flows.commands.session import open_study
from flows.progress import querying
from flows.released import open_released
from tests.warehouse.invented import healthy_study
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled
from warehouse.release.worked_queries import worked_queries

ENDLESS = "WITH RECURSIVE t AS (SELECT 1 AS n UNION ALL SELECT n + 1 FROM t) SELECT sum(n) FROM t"
FAILS_LATE = """
SELECT CASE WHEN range = 5000000 THEN error('too far') ELSE range END AS n FROM range(9e9::BIGINT)
"""
HOSTILE = [
    "SELECT * FROM read_csv('/etc/passwd')",
    "SELECT * FROM read_text('/etc/passwd')",
    "SELECT * FROM read_blob('{root}/valuetalk.toml')",
    "SELECT * FROM read_parquet('{controlled}/parquet/posts.parquet')",
    "SELECT * FROM read_duckdb('{root}/warehouse.duckdb')",
    "SELECT * FROM sniff_csv('/etc/passwd')",
    "SELECT * FROM glob('/etc/*')",
    "SELECT * FROM query_table('/etc/passwd')",
    "SELECT * FROM parquet_metadata('{controlled}/parquet/posts.parquet')",
    "SELECT * FROM read_csv(['/etc/passwd'], header = false)",
    "FROM json_execute_serialized_sql(json_serialize_sql('FROM read_text(''/etc/passwd'')'))",
    "SELECT * FROM query('COPY posts TO ''{controlled}/x.csv''')",
    "FROM '{controlled}/parquet/posts.parquet'",
    "FROM 'https://forum.example/posts.csv'",
    "FROM duckdb_secrets()",
    "SELECT getenv('HOME')",
    "ATTACH ':memory:' AS m",
    "ATTACH '{root}/warehouse.duckdb' AS w",
    "DETACH discourse",
    "USE memory",
    "COPY posts TO '{controlled}/x.csv'",
    "COPY (SELECT 1) TO '{controlled}/x.parquet'",
    "COPY posts FROM '/etc/passwd'",
    "EXPLAIN ANALYZE COPY posts TO '{controlled}/x.csv'",
    "EXPORT DATABASE '{controlled}/out'",
    "IMPORT DATABASE '/etc'",
    "SET threads = 1",
    "SET temp_directory = '{controlled}'",
    "SET lock_configuration = false",
    "RESET memory_limit",
    "SET VARIABLE a = 1",
    "PRAGMA enable_profiling",
    "PRAGMA memory_limit = '1TB'",
    "CALL pragma_version()",
    "INSTALL httpfs",
    "LOAD httpfs",
    "CHECKPOINT",
    "VACUUM",
    "BEGIN",
    "PREPARE p AS SELECT 1",
    "EXECUTE p",
    "CREATE TEMP TABLE t AS SELECT 1",
    "CREATE MACRO m() AS 1",
    "CREATE SECRET s (TYPE http)",
    "DROP TABLE posts",
    "ALTER TABLE posts RENAME TO p",
    "COMMENT ON TABLE posts IS 'mine'",
    "INSERT INTO posts SELECT * FROM posts",
    "UPDATE posts SET text = ''",
    "DELETE FROM posts",
    "TRUNCATE posts",
    "EXPLAIN ANALYZE DELETE FROM posts",
    "WITH x AS (DELETE FROM posts RETURNING *) FROM x",
    "SELECT 1; DROP TABLE posts",
    "SELECT 1; SELECT 2;",
    "SELECT " + "(" * 100_000 + "1" + ")" * 100_000,
    "SELECT " + "1 + " * 100_000 + "1",
    "SELECT " + "[" * 5_000 + "1" + "]" * 5_000,
    "-- nothing",
    ";",
]


def run(*arguments: str, given: str | None = None) -> Any:
    return CliRunner().invoke(app, ["sql", *arguments], prog_name="valuetalk", input=given)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A study with a real controlled release, found by the environment."""
    folder = tmp_path_factory.mktemp("sql")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        environment.setenv("VALUETALK_HOME", str(folder / "study"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        begin = ["init", "--name", "A study", "--contact", "study@example.org"]
        assert CliRunner().invoke(app, begin).exit_code == 0
        study = healthy_study()
        publish_controlled(study.connection, Home(folder / "study"))
        study.connection.close()
        yield Home(folder / "study")


@pytest.fixture
def connection(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    with open_released(home) as opened:
        yield opened


def state_of(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def within(query: str, home: Home) -> str:
    return query.replace("{controlled}", str(home.controlled)).replace("{root}", str(home.root))


def test_hostile_queries_are_refused_and_change_nothing(home: Home) -> None:
    before = state_of(home.root)
    with open_released(home) as connection:
        for query in HOSTILE:
            with pytest.raises(QueryRefused) as refused:
                ask(connection, within(query, home), limit=10)
            assert "\n" not in str(refused.value), query
            assert "internal" not in str(refused.value).lower(), query
        assert (
            ask(connection, "SELECT count(*) AS n FROM posts", limit=1).rows["n"][0].as_py() == 600
        )
    assert state_of(home.root) == before


@pytest.mark.parametrize(
    "query", [HOSTILE[0], "ATTACH '{root}/warehouse.duckdb'", "DROP TABLE posts"]
)
def test_a_refusal_is_one_line_and_wrong_use(home: Home, query: str) -> None:
    done = run(within(query, home))
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith("valuetalk: ")
    assert done.stderr.count("\n") == 1


def test_a_table_name_never_means_a_variable_of_ours(connection: duckdb.DuckDBPyConnection) -> None:
    secret = pa.table({"a": [1]})
    with pytest.raises(QueryRefused, match="secret does not exist"):
        ask(connection, "FROM secret", limit=1)
    assert secret.num_rows == 1


def test_no_row_is_put_out_of_memory_onto_the_disk(connection: duckdb.DuckDBPyConnection) -> None:
    asked = "SELECT current_setting('temp_directory'), current_setting('memory_limit')"
    folder, memory = connection.execute(asked).fetchall()[0]
    assert folder == ""
    with duckdb.connect() as usual:
        ((whole,),) = usual.execute("SELECT current_setting('memory_limit')").fetchall()
    assert memory.split()[1] == whole.split()[1]
    assert float(memory.split()[0]) == pytest.approx(float(whole.split()[0]) / 2, abs=0.1)


def test_a_query_that_needs_too_much_memory_is_told_what_to_do() -> None:
    config: Any = {"memory_limit": "20MB", "temp_directory": "", "threads": 1}
    sort = "SELECT hash(range) AS h FROM range(3000000) ORDER BY h DESC"
    with duckdb.connect(config=config) as small, pytest.raises(QueryRefused, match="GROUP BY"):
        ask(small, sort, limit=2_500_000)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("FROM pots", 'Table with name pots does not exist! Did you mean "posts"? SHOW TABLES'),
        ("SELECT comunity FROM posts", 'Candidate bindings: "community"'),
        ("SELECT posts.txt FROM posts", 'Candidate bindings: "text"'),
        ("SELEC 1", 'syntax error at or near "SELEC"\n'),
        ("FROM kwik('help')", 'Did you mean "kwic"? SHOW TABLES lists the tables'),
        ("SELECT CAST(title AS INTEGER) FROM posts", "Could not convert string '' to INT32 when"),
        (
            "SELECT error(concat('red', chr(27), '[31m', chr(10), 'end'))",
            "valuetalk: red[31m end\n",
        ),
        ("FROM read_csv('/a')", "a query reads the release alone, and no other file"),
    ],
)
@pytest.mark.usefixtures("home")
def test_an_error_is_one_sentence_with_the_hints_of_the_database(query: str, said: str) -> None:
    done = run(query)
    assert (done.exit_code, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.count("\n") == 1
    assert "LINE 1" not in done.stderr
    assert " Error: " not in done.stderr


def test_no_more_is_computed_than_is_shown(connection: duckdb.DuckDBPyConnection) -> None:
    answer = ask(connection, FAILS_LATE, limit=3)
    assert answer.rows.to_pydict() == {"n": [0, 1, 2]}
    assert answer.cut
    whole = ask(connection, "SELECT range AS n FROM range(3) ORDER BY n DESC", limit=3)
    assert (whole.rows.to_pydict(), whole.cut) == ({"n": [2, 1, 0]}, False)


def test_an_error_far_into_the_rows_is_the_querys_own(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    with pytest.raises(QueryRefused, match=r"^too far$"):
        ask(connection, FAILS_LATE, limit=6_000_000)


@pytest.mark.usefixtures("home")
def test_an_endless_query_ends_with_its_time() -> None:
    done = run(ENDLESS, "--timeout", "0")
    assert (done.exit_code, done.stdout) == (1, "")
    assert done.stderr == (
        "valuetalk: the query was stopped after 0 seconds; narrow it, or allow more with"
        " --timeout\n"
    )


def test_a_query_is_stopped_from_the_keyboard(connection: duckdb.DuckDBPyConnection) -> None:
    left = []

    @contextmanager
    def impatient() -> Iterator[Watch]:
        def interrupt(done: float | None) -> None:
            assert done is None or 0 <= done <= 1
            raise KeyboardInterrupt

        yield interrupt
        left.append("normally")

    with pytest.raises(QueryStopped, match="changed nothing"):
        ask(connection, ENDLESS, limit=1, watched=impatient())
    assert left == []
    assert ask(connection, "SELECT 1 AS one", limit=1).rows.to_pydict() == {"one": [1]}


def shown(monkeypatch: pytest.MonkeyPatch, *, terminal: bool, moments: list[float]) -> str:
    screen = io.StringIO()
    times = iter([0.0, *moments])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(times))
    with querying(Console(file=screen, force_terminal=terminal, width=80)) as watch:
        for moment in moments:
            watch(moment / 10)
    return screen.getvalue()


def test_a_terminal_sees_a_query_that_takes_two_seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Ctrl-C" not in shown(monkeypatch, terminal=True, moments=[0.1, 1.9])
    assert "Ctrl-C stops the query" in shown(monkeypatch, terminal=True, moments=[0.1, 2.0])
    assert shown(monkeypatch, terminal=False, moments=[0.1, 2.0]) == ""


@pytest.mark.usefixtures("home")
def test_worked_queries_are_listed_shown_and_run_by_name() -> None:
    listed = json.loads(run("--list", "--json").stdout)
    assert [row["query"] for row in listed] == list(worked_queries())
    assert all(row["question"] for row in listed)
    sql = run("--example", "frames_over_time", "--show").stdout
    assert sql == worked_queries()["frames_over_time"].sql
    rows = json.loads(run("--example", "frames_over_time", "--json").stdout)
    assert {row["estimate"] for row in rows} == {0.2345}
    unknown = run("--example", "keynes")
    assert unknown.exit_code == 2
    assert "no worked query keynes; did you mean keyness?" in unknown.stderr


@pytest.mark.usefixtures("home")
def test_a_query_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.sql"
    file.write_text("-- how many?\nSELECT count(*) AS n FROM posts;\n", encoding="utf-8")
    assert json.loads(run("--file", str(file), "--json").stdout) == [{"n": 600}]
    missing = run("--file", str(tmp_path / "other.sql"))
    assert missing.exit_code == 1
    assert "no such file or directory; check the name" in missing.stderr


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize("arguments", [(), ("SELECT 1", "--example", "keyness")])
def test_exactly_one_query_is_asked_for(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.exit_code == 2
    assert "give one query" in done.stderr


@pytest.mark.usefixtures("home")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--format", "parquet"), "say with --to who gets it"),
        (("--format", "json", "--to", "Dr A"), "is csv or parquet, not json"),
    ],
)
def test_a_file_has_a_form_and_a_recipient(arguments: tuple[str, ...], said: str) -> None:
    done = run("SELECT 1", *arguments)
    assert done.exit_code == 2
    assert said in done.stderr


def test_parquet_keeps_types_and_is_recorded(home: Home) -> None:
    query = (
        "SELECT post_id, created_at, own_text, [1, 2] AS l, MAP {'a': 1} AS m FROM posts LIMIT 5"
    )
    done = run(query, "--format", "parquet", "--to", "Dr B", "--no-names")
    assert done.exit_code == 0, done.output
    (file,) = home.exports.glob("*.parquet")
    table = pq.read_table(file)
    with open_released(home) as connection:
        expected = ask(connection, query, limit=9).rows
    assert table.schema.equals(expected.schema)
    assert table.equals(expected)
    with open_study(home.root).warehouse() as warehouse:
        (row,) = warehouse.query(
            "SELECT what, n_rows, sha256 FROM exports WHERE who = 'Dr B'"
        ).to_pylist()
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert row == {"what": f"sql {query}", "n_rows": 5, "sha256": digest}


@pytest.mark.usefixtures("home")
def test_a_plan_is_drawn_over_its_lines() -> None:
    done = run("EXPLAIN SELECT count(*) FROM posts")
    assert len(done.stdout.splitlines()) > 5
    (row,) = json.loads(run("EXPLAIN SELECT count(*) FROM posts", "--json").stdout)
    assert done.stdout == row["explain_value"] + "\n"


@pytest.mark.usefixtures("home")
def test_a_time_that_python_cannot_hold_is_told() -> None:
    done = run("SELECT TIMESTAMP 'infinity' AS t")
    assert done.exit_code == 2
    assert "cast it to VARCHAR" in done.stderr


def test_the_record_of_a_file_has_the_query_without_its_explanation(home: Home) -> None:
    done = run("--example", "frames_over_time", "--to", "Dr C", "--no-names")
    assert done.exit_code == 0, done.output
    with open_study(home.root).warehouse() as warehouse:
        rows = warehouse.query("SELECT what FROM exports WHERE who = 'Dr C'").to_pylist()
    (what,) = (row["what"] for row in rows)
    assert what.startswith("sql SELECT frame, source")
    assert worked_queries()["frames_over_time"].sql.endswith(what.removeprefix("sql ") + "\n")
