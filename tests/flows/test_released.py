"""What is printed of the controlled release: status, sql, kwic, and files that leave."""

import csv
import hashlib
import io
import json
import shutil
import stat
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pytest
from typer.testing import CliRunner

from flows.commands import app, output
from flows.commands.output import print_rows
from flows.commands.session import open_study
from tests.warehouse.invented import empty_warehouse
from warehouse.home import Home


def run(*arguments: str) -> Any:
    return CliRunner().invoke(app, list(arguments), prog_name="valuetalk")


def live_in(place: Path, environ: pytest.MonkeyPatch) -> None:
    environ.setenv("XDG_CONFIG_HOME", str(place / "config"))
    environ.setenv("VALUETALK_HOME", str(place / "study"))
    environ.delenv("VALUETALK_KEY_FILE", raising=False)
    environ.delenv("PREFECT_API_URL", raising=False)


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a study and its keys once; every test gets a copy."""
    place = tmp_path_factory.mktemp("begun")
    with pytest.MonkeyPatch.context() as environ:
        live_in(place, environ)
        made = run("init", "--name", "A study", "--contact", "study@example.org")
        assert made.exit_code == 0, made.output
    return place


@pytest.fixture
def home(begun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """A study that `valuetalk init` made, found by the environment."""
    live_in(tmp_path, monkeypatch)
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    return Home(tmp_path / "study")


@pytest.fixture
def released(home: Home, release: Path) -> Home:
    """The study with a small controlled release."""
    shutil.copy(release, home.controlled / "discourse.duckdb")
    return home


@pytest.fixture(scope="module")
def release(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make the database of a small release once, by hand."""
    path = tmp_path_factory.mktemp("release") / "discourse.duckdb"
    with empty_warehouse(path) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        for night in (1, 2):
            connection.execute(
                "INSERT INTO runs VALUES (?, 'nightly', ?, ?, 'partial', '0.1', NULL)",
                [
                    f"2026010{night}",
                    f"2026-01-0{night} 02:00:00Z",
                    f"2026-01-0{night} 02:30:00Z",
                ],
            )
        connection.execute(
            """
            INSERT INTO harvests (run_id, source, community, activity, expected, fetched, new,
                edited, gone, dropped, drops, gaps, requests, not_modified, throttled_seconds,
                status, error)
            SELECT run_id, source, community, 'harvest', NULL, 5, new, 1, 0, 0, MAP {}, [], 9, 2,
                   1.5, status, error
            FROM (VALUES ('20260101', 'forum', 'a', 50, 'complete', NULL),
                         ('20260102', 'forum', 'a', 3, 'complete', NULL),
                         ('20260102', 'forum', 'b', 4, 'failed', 'no useful answer'),
                         ('20260102', 'blog', 'c', 0, 'complete', NULL))
                 AS t(run_id, source, community, new, status, error)
            """
        )
        connection.execute(
            "INSERT INTO coverage VALUES ('forum', 'a', '2026-01-01', 'complete', 1), "
            "('forum', 'a', '2026-01-02', 'partial', 1)"
        )
        connection.execute(
            "INSERT INTO topics (model, topic_id, label, terms, born_on, retired_on, n_posts,"
            " coherence) VALUES ('m', 1, ?, ['a', 'b'], '2026-01-01', NULL, 2, 'nan'), "
            "('m', 2, '=1+1', [], '2026-01-02', NULL, 3, 0.123456789)",
            ["write to [email] [bold]now[/bold]\n\x1b[31mred"],
        )
    return path


def test_status_shows_the_last_runs_and_what_each_source_did(released: Home) -> None:
    shown = json.loads(run("status", "--json").stdout)
    assert [row["run_id"] for row in shown["runs"]] == ["20260102", "20260101"]
    assert shown["runs"][0]["new"] == 7
    assert shown["runs"][0]["started_at"] == "2026-01-02T02:00:00+00:00"
    blog, forum = shown["sources"]
    assert (blog["source"], blog["status"], blog["last_complete_day"]) == ("blog", "complete", None)
    assert (forum["source"], forum["communities"], forum["new"]) == ("forum", 2, 7)
    assert (forum["status"], forum["error"]) == ("failed", "no useful answer")
    assert forum["last_complete_day"] == "2026-01-01"
    table = run("status", "--nights", "1").stdout
    assert "20260102" in table
    assert "20260101" not in table
    assert released.controlled.is_dir()


def test_status_before_the_first_release_says_what_makes_one(home: Home) -> None:
    done = run("status")
    assert done.exit_code == 1
    assert "'valuetalk nightly' publishes one" in done.stderr
    assert str(home.controlled) in done.stderr


@pytest.mark.usefixtures("released")
def test_sql_reads_and_tells_when_rows_are_left_out() -> None:
    done = run("sql", "SELECT run_id FROM runs ORDER BY 1", "--json")
    assert json.loads(done.stdout) == [{"run_id": "20260101"}, {"run_id": "20260102"}]
    assert done.stderr == ""
    cut = run("sql", "SELECT range AS n FROM range(5000)", "--limit", "3", "--json")
    assert json.loads(cut.stdout) == [{"n": 0}, {"n": 1}, {"n": 2}]
    assert "Only the first 3 rows" in cut.stderr


@pytest.mark.usefixtures("released")
def test_sql_prints_any_value_as_json() -> None:
    query = (
        "SELECT MAP {'a': 1} AS m, [1, NULL] AS l, 'nan'::DOUBLE AS d, 1.50::DECIMAL(4,2) AS e, "
        "DATE '2026-01-02' AS f, NULL AS g, 1 AS a, 2 AS a, TIMESTAMPTZ '2026-01-02 03:04:00Z' AS t"
    )
    (row,) = json.loads(run("sql", query, "--json").stdout)
    assert row == {
        "m": {"a": 1},
        "l": [1, None],
        "d": None,
        "e": "1.50",
        "f": "2026-01-02",
        "g": None,
        "a": 1,
        "a_2": 2,
        "t": "2026-01-02T03:04:00+00:00",
    }


@pytest.mark.usefixtures("released")
def test_tables_show_texts_as_they_are_and_steer_no_terminal() -> None:
    done = run("sql", "SELECT label, coherence FROM topics ORDER BY topic_id")
    assert "write to [email] [bold]now[/bold] [31mred" in done.stdout
    assert "\x1b" not in done.stdout


@pytest.mark.usefixtures("released")
def test_csv_keeps_numbers_and_disarms_formulas() -> None:
    done = run("sql", "SELECT label, coherence FROM topics ORDER BY topic_id", "--format", "csv")
    rows = list(csv.DictReader(io.StringIO(done.stdout)))
    assert rows[1] == {"label": "'=1+1", "coherence": "0.123456789"}
    assert rows[0]["coherence"] == ""


@pytest.mark.parametrize(
    "query",
    [
        "DELETE FROM runs",
        "SELECT 1; SELECT 2",
        "COPY runs TO '{folder}/out.csv'",
        "ATTACH '{folder}/other.duckdb'",
        "SET enable_external_access = true",
        "SELECT * FROM read_csv('{folder}/../valuetalk.toml')",
        "SELECT * FROM '{folder}/discourse.duckdb'",
        "INSTALL httpfs",
        "CREATE TABLE t AS SELECT 1",
        "SELECT nonsense FROM runs",
        "SELEC",
        "",
    ],
)
def test_sql_neither_writes_nor_reads_beside_the_release(released: Home, query: str) -> None:
    before = hashlib.sha256((released.controlled / "discourse.duckdb").read_bytes()).hexdigest()
    done = run("sql", query.format(folder=released.controlled))
    assert done.exit_code == 2
    assert done.stderr.startswith("valuetalk: ")
    assert done.stdout == ""
    after = hashlib.sha256((released.controlled / "discourse.duckdb").read_bytes()).hexdigest()
    assert after == before
    assert [path.name for path in released.controlled.iterdir()] == ["discourse.duckdb"]


@pytest.mark.usefixtures("released")
def test_sql_refuses_a_form_that_it_does_not_know() -> None:
    done = run("sql", "SELECT 1", "--format", "xml")
    assert (done.exit_code, done.stderr) == (
        2,
        "valuetalk: --format xml is not one of table, json, csv\n",
    )


def test_sql_reads_its_query_from_standard_input(released: Home) -> None:
    done = CliRunner().invoke(app, ["sql", "-", "--json"], input="SELECT 1 AS one")
    assert json.loads(done.stdout) == [{"one": 1}]
    assert released.root.is_dir()


def test_a_file_leaves_only_for_a_named_person_and_is_recorded(released: Home) -> None:
    done = run("sql", "SELECT run_id FROM runs ORDER BY 1", "--to", "A. Researcher")
    assert done.exit_code == 0, done.stderr
    (written,) = (released.root / "controlled" / "exports").iterdir()
    assert written.read_text() == "run_id\n20260101\n20260102\n"
    assert stat.S_IMODE(written.stat().st_mode) == 0o600
    with open_study(released.root).warehouse() as warehouse:
        (row,) = warehouse.query("SELECT who, what, n_rows, sha256 FROM exports").to_pylist()
    assert row == {
        "who": "A. Researcher",
        "what": "sql SELECT run_id FROM runs ORDER BY 1",
        "n_rows": 2,
        "sha256": hashlib.sha256(written.read_bytes()).hexdigest(),
    }


@pytest.mark.usefixtures("released")
def test_index_counts_what_it_indexed() -> None:
    (counts,) = json.loads(run("index", "--json").stdout)
    assert all(count == 0 for count in counts.values())


def test_kwic_shows_a_word_between_its_contexts(released: Home) -> None:
    with duckdb.connect(released.controlled / "discourse.duckdb") as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            "INSERT INTO posts SELECT 1, 'forum', 'a', 1, NULL, 'post', 'k', now(), NULL, now(), "
            "'', 't', 't', 'en', 4, 1, 1, NULL, false, false"
        )
        for number, word in enumerate(("peers", "gave", "me", "hope")):
            connection.execute("INSERT INTO words VALUES (?, ?, 1)", [number, word])
            connection.execute("INSERT INTO token_stream VALUES (?, 1, ?)", [number, number])
            connection.execute("INSERT INTO token_places VALUES (1, ?, ?)", [number, number])
        connection.execute("INSERT INTO indexed VALUES (1, 1, 1, 1, 0, ?)", [number + 1])
    (line,) = json.loads(run("kwic", "ME", "--width", "1", "--json").stdout)
    assert (line["left_context"], line["node"], line["right_context"]) == ("gave", "me", "hope")
    nothing = run("kwic", "nobody")
    assert nothing.exit_code == 0
    assert "No released post has that word" in nothing.stderr


def test_a_pipe_gets_lines_that_are_not_folded(capsys: pytest.CaptureFixture[str]) -> None:
    print_rows([{"text": "word " * 60, "n": 1}])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3
    assert ("word " * 60).strip() in lines[2]


def test_json_holds_only_what_json_knows(capsys: pytest.CaptureFixture[str]) -> None:
    output.print_json({"a": float("inf"), "t": datetime(2026, 1, 5, tzinfo=UTC), "p": Path("/a")})
    assert json.loads(capsys.readouterr().out) == {
        "a": None,
        "t": "2026-01-05T00:00:00+00:00",
        "p": "/a",
    }
