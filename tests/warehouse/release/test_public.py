"""The public package: what passed the gate in three formats, the same bytes each time."""

import csv
import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from tests.warehouse.invented import Study, healthy_study, insert
from warehouse.home import Home
from warehouse.protection.allowed import PUBLIC
from warehouse.protection.gate import PublicTables, pass_gate
from warehouse.records import Run
from warehouse.release.public import publish_public
from warehouse.release.worked_queries import worked_queries

RUN = Run(
    run_id="run-1", flow="nightly", started_at=datetime(2026, 3, 1, tzinfo=UTC), version="0.1.0"
)
PAGE = "<!doctype html>\n<title>Trends</title>\n"


@pytest.fixture(scope="module")
def study() -> Study:
    study = healthy_study()
    insert(
        study.connection,
        "events",
        {"event_id": 2, "day": "2026-01-02", "label": '=HYPERLINK("https://x.invalid")'},
        {"event_id": 3, "day": "2026-01-03", "label": "@SUM(1)"},
        {"event_id": 4, "day": "2026-01-04", "label": 'plain, with "quotes"\nand a line'},
    )
    study.change(estimate=-0.25, lower=-0.5, upper=-0.125)
    return study


@pytest.fixture(scope="module")
def tables(study: Study) -> PublicTables:
    return pass_gate(study.connection)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def contents(home: Home) -> dict[str, bytes]:
    return {
        path.relative_to(home.public).as_posix(): path.read_bytes()
        for path in home.public.rglob("*")
        if path.is_file()
    }


def test_the_same_tables_and_run_give_the_same_bytes(
    study: Study, tables: PublicTables, home: Home, tmp_path: Path
) -> None:
    publish_public(tables, home, dashboard=PAGE, run=RUN)
    other = Home(tmp_path / "other")
    publish_public(pass_gate(study.connection), other, dashboard=PAGE, run=RUN)
    assert contents(home) == contents(other)


def test_the_three_formats_hold_what_passed(tables: PublicTables, home: Home) -> None:
    publish_public(tables, home, dashboard=PAGE, run=RUN)
    with duckdb.connect(home.public / "trends.duckdb", read_only=True) as trends:
        names = {
            name for (name,) in trends.execute("SELECT table_name FROM duckdb_tables()").fetchall()
        }
        assert names == set(PUBLIC)
        ((tags,),) = trends.execute(
            "SELECT tags FROM duckdb_databases() WHERE NOT internal"
        ).fetchall()
        assert tags == {"storage_version": "v1.0.0+"}
        for name, table in tables.tables.items():
            assert trends.execute(f"FROM {name}").to_arrow_table().to_pylist() == table.to_pylist()
            parquet = pq.read_table(home.public / "parquet" / f"{name}.parquet")
            assert parquet.to_pylist() == table.to_pylist()
            with (home.public / "csv" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
                rows = list(csv.reader(file))
            assert rows[0] == table.column_names
            assert len(rows) == 1 + table.num_rows


def test_a_spreadsheet_computes_no_text_and_keeps_numbers(tables: PublicTables, home: Home) -> None:
    publish_public(tables, home, dashboard=PAGE, run=RUN)

    def column(table: str, name: str) -> list[str]:
        with (home.public / "csv" / f"{table}.csv").open(encoding="utf-8", newline="") as file:
            return [row[name] for row in csv.DictReader(file)]

    assert column("events", "label") == [
        "A bill",
        '\'=HYPERLINK("https://x.invalid")',
        "'@SUM(1)",
        'plain, with "quotes"\nand a line',
    ]
    assert sorted(column("changes", "estimate")) == ["-0.25", "0.13"]
    assert column("topics", "terms") == ["wait; help; waiting_list", "cuts; funding; budget"]
    assert column("frame_prevalence", "refused_because") == [""] * 6
    assert column("frame_prevalence", "period")[0] == "2026-01-01"


def test_the_manifest_names_every_file_by_its_hash(tables: PublicTables, home: Home) -> None:
    release = publish_public(tables, home, dashboard=PAGE, run=RUN)
    manifest = json.loads((home.public / "manifest.json").read_text(encoding="utf-8"))
    found = contents(home)
    del found["manifest.json"]
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in found.items()}
    assert manifest["sha256"] == hashes == release.files
    queries = [query for query in worked_queries().values() if query.is_public]
    assert len(hashes) == 2 * len(PUBLIC) + len(queries) + 3
    assert found["queries/frames_over_time.sql"].startswith(b"-- [P] ")
    assert "queries/concordance.sql" not in found
    assert manifest["run_id"] == "run-1"
    assert manifest["rows"]["frames"] == 1
    assert found["dashboard.html"] == PAGE.encode()


def test_the_gate_report_says_what_was_shown_and_withheld(home: Home) -> None:
    study = healthy_study()
    study.sql("UPDATE frame_prevalence SET estimate = 0.03 WHERE community = 'carers'")
    publish_public(pass_gate(study.connection), home, dashboard=PAGE, run=RUN)
    report = json.loads((home.public / "gate_report.json").read_text(encoding="utf-8"))
    assert report["rules"] == 1
    assert report["tables"]["frame_prevalence"] == {
        "shown": 4,
        "refused": 0,
        "withheld": {"numerator_1_to_7": 2},
        "left_out": {},
        "words_hidden": 0,
        "run_ids": ["run-1"],
    }


def test_the_folder_is_swapped_whole(tables: PublicTables, home: Home) -> None:
    publish_public(tables, home, dashboard=PAGE, run=RUN)
    (home.public / "csv" / "stale.csv").write_text("x", encoding="utf-8")
    with (home.public / "dashboard.html").open(encoding="utf-8") as page:
        publish_public(tables, home, dashboard="new", run=RUN)
        assert page.read() == PAGE
    assert (home.public / "dashboard.html").read_text(encoding="utf-8") == "new"
    assert not (home.public / "csv" / "stale.csv").exists()
    assert [path.name for path in home.public.parent.iterdir()] == ["latest"]


@pytest.mark.parametrize("disguise", ["mapping", "subclass", "duck"])
def test_nothing_but_what_the_gate_made_is_published(
    tables: PublicTables, home: Home, disguise: str
) -> None:
    class Duck:
        def __init__(self) -> None:
            self.tables = tables.tables
            self.report = tables.report

    class Child(PublicTables):
        def __post_init__(self, passed: object) -> None:
            pass

    given: Any = {
        "mapping": tables.tables,
        "subclass": Child(tables=tables.tables, report=tables.report, periods={}, passed=None),
        "duck": Duck(),
    }[disguise]
    with pytest.raises(TypeError, match="pass_gate"):
        publish_public(given, home, dashboard=PAGE, run=RUN)
    assert not home.public.exists()
