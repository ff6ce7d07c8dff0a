"""Which tables, rows and columns pass the export gate; and only the gate makes public tables."""

import dataclasses

import pyarrow as pa
import pytest

from tests.warehouse.gate.planted import NAME, everything
from tests.warehouse.invented import Study, author
from warehouse.protection.allowed import PUBLIC
from warehouse.protection.gate import GateError, GateReport, PublicTables, pass_gate


@pytest.mark.parametrize(
    ("table", "columns", "reason"),
    [
        ("frame_prevalence", {"community": NAME}, "unknown_community"),
        ("frame_prevalence", {"source": NAME}, "unknown_community"),
        ("frame_prevalence", {"frame": NAME}, "unknown_frame"),
        ("topic_trends", {"community": NAME}, "unknown_community"),
        ("topic_trends", {"model": NAME}, "unknown_topic"),
        ("frame_topics", {"frame": NAME}, "unknown_frame"),
        ("frame_topics", {"model": NAME}, "unknown_topic"),
        ("changes", {"community": NAME}, "unknown_community"),
        ("coverage_by_period", {"community": NAME}, "unknown_community"),
        ("topic_events", {"model": NAME}, "unknown_topic"),
        ("examples", {"frame": NAME}, "unknown_frame"),
    ],
)
def test_no_row_with_a_key_that_the_study_does_not_know_is_named(
    study: Study, table: str, columns: dict[str, str], reason: str
) -> None:
    (column, value), *_ = columns.items()
    study.sql(f"INSERT INTO {table} SELECT * REPLACE (? AS {column}) FROM {table} LIMIT 1", value)
    tables = pass_gate(study.connection)
    assert NAME not in everything(tables)
    assert tables.report.tables[table].left_out == {reason: 1}


@pytest.mark.parametrize("table", sorted(PUBLIC))
def test_a_column_that_nobody_judged_stops_the_export(study: Study, table: str) -> None:
    study.sql(f"ALTER TABLE {table} ADD COLUMN author_key VARCHAR DEFAULT '{author(1)}'")
    with pytest.raises(GateError, match=f"{table} has columns .*author_key"):
        pass_gate(study.connection)


def test_a_column_that_is_missing_stops_the_export(study: Study) -> None:
    study.sql("ALTER TABLE events DROP COLUMN added_by")
    with pytest.raises(GateError, match="events lacks the columns added_by"):
        pass_gate(study.connection)


def test_a_public_table_that_nobody_judged_stops_the_export(study: Study) -> None:
    study.sql("CREATE TABLE authors AS SELECT author_key FROM posts")
    study.sql("COMMENT ON TABLE authors IS '[P] who wrote'")
    with pytest.raises(GateError, match="authors"):
        pass_gate(study.connection)


def test_a_foreign_table_is_not_exported(study: Study) -> None:
    study.sql("CREATE TABLE authors AS SELECT author_key FROM posts")
    assert set(pass_gate(study.connection).tables) == set(PUBLIC)


def test_a_figure_a_day_stops_the_export(study: Study) -> None:
    study.prevalence(0.5, n_posts=100, bin="day")
    with pytest.raises(GateError, match="binned by day"):
        pass_gate(study.connection)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE events SET label = 'said author_' || ?",
        "UPDATE communities SET tags = ['author_' || ?]",
        "UPDATE frames SET definition = 'see author_' || ?",
        "UPDATE frame_prevalence SET classifier = 'author_' || ?",
    ],
)
def test_a_pseudonym_in_any_text_stops_the_export(study: Study, sql: str) -> None:
    study.sql(sql, author(7))
    with pytest.raises(GateError, match="pseudonym") as caught:
        pass_gate(study.connection)
    assert author(7) not in str(caught.value)


def test_no_private_column_is_exported(study: Study) -> None:
    tables = pass_gate(study.connection).tables
    for name, columns in PUBLIC.items():
        assert tuple(tables[name].column_names) == columns.public
    assert tables["events"].column_names == ["event_id", "day", "label", "url"]
    assert tables["examples"].column_names == ["frame", "kind", "text", "month"]


def test_nobody_else_makes_public_tables(study: Study) -> None:
    forged = {"posts": pa.table({"author_key": [author(1)]})}
    report = GateReport(tables={})
    with pytest.raises(TypeError):
        PublicTables(tables=forged, report=report, periods={})  # type: ignore[call-arg]
    with pytest.raises(GateError, match="pass_gate"):
        PublicTables(tables=forged, report=report, periods={}, passed=object())
    real = pass_gate(study.connection)
    with pytest.raises((GateError, ValueError, TypeError)):
        dataclasses.replace(real, tables=forged)
    with pytest.raises(TypeError):
        real.tables["posts"] = forged["posts"]  # type: ignore[index]
    with pytest.raises(dataclasses.FrozenInstanceError):
        real.tables = forged  # type: ignore[misc]
