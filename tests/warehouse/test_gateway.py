"""The warehouse's door: who may open it, runs and sources, queries and results."""

import os
import subprocess
import sys
from datetime import timedelta

import duckdb
import pyarrow as pa
import pytest

from warehouse.errors import (
    DiskFull,
    ReadOnlyWarehouse,
    SchemaError,
    WarehouseDamaged,
    WarehouseError,
    WarehouseLocked,
    clear_errors,
)
from warehouse.records import Community, Run, SourceInfo

READ = """
import sys, duckdb
connection = duckdb.connect(sys.argv[1], read_only=True)
print("open", flush=True)
sys.stdin.read()
"""


def test_a_second_writer_is_refused_with_the_pid_of_the_first(study):
    with study.open(), pytest.raises(WarehouseLocked, match=f"process {os.getpid()} "):
        study.open()
    study.open().close()


def test_a_reader_that_holds_the_file_is_named_as_the_obstacle(study):
    study.open().close()
    with subprocess.Popen(
        [sys.executable, "-c", READ, str(study.home.database)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"open\n"
        with pytest.raises(WarehouseLocked, match="open in another process"):
            study.open()
        child.kill()
    study.open().close()


def test_a_database_of_another_program_is_refused_and_left_as_it_is(study):
    study.home.create()
    with duckdb.connect(str(study.home.database)) as other:
        other.execute("CREATE TABLE recipes (x INT)")
    with pytest.raises(SchemaError, match="no warehouse of valuetalk"):
        study.open()
    study.home.database.write_bytes(b"something else entirely" * 1000)
    with pytest.raises(SchemaError, match="not a DuckDB database"):
        study.open()


def test_a_newer_database_is_refused(study):
    with study.open() as warehouse:
        warehouse.connection.execute("INSERT INTO migrations VALUES (9999, 'later.sql', now())")
    with pytest.raises(SchemaError, match="newer version"):
        study.open()


def test_a_damaged_database_is_said_to_be_damaged(study):
    with study.open() as warehouse:
        warehouse.load(study.land(*(study.post(str(n), f"text {n}" * 50) for n in range(500))))
    content = bytearray(study.home.database.read_bytes())
    content[3 * 4096 : -4096] = bytes(len(content) - 4 * 4096)
    study.home.database.write_bytes(content)
    with pytest.raises(WarehouseDamaged, match="restore the last backup"):
        study.open()


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (OSError(28, "No space left on device"), DiskFull),
        (duckdb.IOException("IO Error: Could not write file: No space left on device"), DiskFull),
        (PermissionError(13, "Permission denied"), ReadOnlyWarehouse),
        (duckdb.IOException('Cannot open file "x": Permission denied'), ReadOnlyWarehouse),
        (duckdb.InvalidInputException("attached in read-only mode!"), ReadOnlyWarehouse),
        (duckdb.FatalException("database has been invalidated"), WarehouseDamaged),
        (duckdb.InternalException("something odd"), WarehouseDamaged),
    ],
)
def test_what_the_system_says_becomes_one_clear_sentence(tmp_path, error, kind):
    with pytest.raises(kind) as caught, clear_errors(tmp_path / "warehouse.duckdb"):
        raise error
    message = str(caught.value)
    assert message.startswith(str(tmp_path / "warehouse.duckdb")) or "for " in message
    assert "\n" not in message
    assert isinstance(caught.value, WarehouseError)


def test_a_mistake_in_sql_stays_what_it_is(loaded):
    with pytest.raises(duckdb.CatalogException):
        loaded.warehouse.query("SELECT * FROM nowhere")


def test_runs_are_entered_from_start_to_finish(loaded):
    study, start = loaded.study, loaded.study.clock.now()
    run = Run(run_id="r1", flow="nightly", started_at=start, version="0.1.0")
    loaded.warehouse.start_run(run)
    assert loaded.rows("SELECT status, finished_at FROM runs") == [("running", None)]
    study.clock.sleep(60)
    loaded.warehouse.finish_run("r1", status="partial", error="blocked")
    assert loaded.rows("SELECT * FROM runs") == [
        ("r1", "nightly", start, start + timedelta(minutes=1), "partial", "0.1.0", "blocked")
    ]
    with pytest.raises(WarehouseError, match="no run r2"):
        loaded.warehouse.finish_run("r2", status="complete")


def test_sources_and_communities_are_entered_once_and_change_with_the_settings(loaded):
    def info(licence: str, name: str) -> SourceInfo:
        community = Community(
            source="forum", community="b", name=name, country="GB", role="carers", tags=("x", "y")
        )
        return SourceInfo(
            source="forum",
            platform="discourse",
            licence=licence,
            ethics_ref=None,
            communities=(community,),
        )

    loaded.warehouse.register_sources([info("?", "Old")])
    loaded.warehouse.register_sources([info("CC0", "New")])
    assert loaded.rows("SELECT source, platform, licence FROM sources") == [
        ("forum", "discourse", "CC0")
    ]
    assert loaded.rows("SELECT * FROM communities") == [
        ("forum", "b", "New", "GB", "carers", ["x", "y"])
    ]


def events(*rows):
    columns = ("event_id", "day", "label")
    return pa.table({name: [row[n] for row in rows] for n, name in enumerate(columns)})


def test_replace_takes_the_place_of_equal_keys_alone(loaded):
    study = loaded.study
    day = study.clock.now().date()
    assert loaded.warehouse.replace("events", events((1, day, "a"), (2, day, "b")), keys=[]) == 2
    assert loaded.warehouse.replace("events", events((2, day, "B")), keys=["event_id", "day"]) == 1
    assert loaded.rows("SELECT event_id, label FROM events ORDER BY 1") == [(1, "a"), (2, "B")]
    assert loaded.warehouse.replace("events", events((9, day, "z")), keys=[]) == 1
    assert loaded.rows("SELECT event_id FROM events") == [(9,)]


def test_null_keys_are_equal_to_each_other(loaded):
    rows = pa.table(
        {
            "run_id": ["r"],
            "series": ["s"],
            "frame": pa.array([None], pa.string()),
            "source": ["x"],
            "community": ["y"],
            "bin": ["month"],
            "period": [loaded.study.clock.now().date()],
            "kind": ["break"],
            "reason": [""],
        }
    )
    for _ in range(2):
        loaded.warehouse.replace("changes", rows, keys=["series", "frame"])
    assert loaded.one("SELECT count(*) FROM changes") == 1


@pytest.mark.parametrize(
    ("table", "rows", "keys", "message"),
    [
        ("nowhere", pa.table({"x": [1]}), [], "no table nowhere"),
        ("events; DROP TABLE posts", pa.table({"x": [1]}), [], "no table"),
        ("words", pa.table({"word_id": [1], "word": ["a"]}), [], "lack n"),
        ("words", pa.table({"word_id": [1], "word": ["a"], "n": [1], "x": [1]}), [], "column x"),
        ("words", pa.table({"word_id": [1], "word": ["a"], "n": [1]}), ["bin"], "lack bin"),
    ],
)
def test_rows_that_do_not_fit_are_refused(loaded, table, rows, keys, message):
    with pytest.raises(WarehouseError, match=message):
        loaded.warehouse.replace(table, rows, keys=keys)


def test_a_transaction_that_fails_leaves_nothing(loaded):
    def fail() -> None:
        with loaded.warehouse.transaction() as connection:
            connection.execute("INSERT INTO words VALUES (1, 'a', 1)")
            connection.execute("SELECT * FROM nowhere")

    with pytest.raises(duckdb.CatalogException):
        fail()
    assert loaded.one("SELECT count(*) FROM words") == 0


def test_times_come_back_in_utc(loaded):
    loaded.load(loaded.study.post("1"))
    assert loaded.one("SELECT created_at FROM posts") == loaded.study.clock.now()
    assert loaded.one("SELECT created_at::DATE FROM posts") == loaded.study.clock.now().date()
    assert loaded.one("SELECT current_setting('TimeZone')") == "UTC"
