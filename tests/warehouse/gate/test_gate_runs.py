"""Of which run the export gate shows figures."""

from datetime import UTC, datetime

from tests.warehouse.gate.planted import rows_of
from tests.warehouse.invented import RUN, Study, insert
from warehouse.protection.gate import pass_gate


def add_run(study: Study, run_id: str, *, status: str, day: int, finished: bool = True) -> None:
    at = datetime(2026, 3, day, 2, tzinfo=UTC)
    insert(
        study.connection,
        "runs",
        {
            "run_id": run_id,
            "flow": "nightly",
            "started_at": at,
            "finished_at": at if finished else None,
            "status": status,
            "version": "0.1.0",
        },
    )
    study.sql(
        "INSERT INTO frame_prevalence SELECT * REPLACE (? AS run_id, 0.5 AS estimate)"
        " FROM frame_prevalence WHERE run_id = ?",
        run_id,
        RUN,
    )


def test_the_latest_finished_run_is_shown_and_no_other(study: Study) -> None:
    add_run(study, "run-2", status="partial", day=2)
    add_run(study, "run-3", status="failed", day=3)
    add_run(study, "run-4", status="running", day=4, finished=False)
    tables = pass_gate(study.connection)
    assert {row["run_id"] for row in rows_of(tables, "frame_prevalence")} == {"run-2"}
    assert tables.report.tables["frame_prevalence"].run_ids == ("run-2",)
    assert {row["run_id"] for row in rows_of(tables, "topic_trends")} == {RUN}


def test_the_named_run_is_shown_though_it_is_not_finished(study: Study) -> None:
    add_run(study, "run-2", status="complete", day=2)
    add_run(study, "run-4", status="running", day=4, finished=False)
    tables = pass_gate(study.connection, run_id="run-4")
    assert {row["run_id"] for row in rows_of(tables, "frame_prevalence")} == {"run-4"}
    assert {row["run_id"] for row in rows_of(tables, "topic_trends")} == {RUN}


def test_changes_go_with_the_run_of_their_series(study: Study) -> None:
    add_run(study, "run-2", status="complete", day=2)
    study.sql("DELETE FROM topic_trends")
    assert rows_of(pass_gate(study.connection), "changes") == []
    study.change(run_id="run-2")
    assert len(rows_of(pass_gate(study.connection), "changes")) == 1
