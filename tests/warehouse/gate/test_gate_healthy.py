"""Of healthy tables the export gate blocks nothing, up to the edge of its rules."""

from collections.abc import Callable

import pytest

from tests.warehouse.gate.planted import CARERS, TINY, add_topic, rows_of, tiny_community
from tests.warehouse.invented import FEBRUARY, JANUARY, Study, author
from warehouse.protection.gate import pass_gate


def test_nothing_of_a_healthy_study_is_withheld(study: Study) -> None:
    tables = pass_gate(study.connection)
    for name, report in tables.report.tables.items():
        assert report.withheld == {}, name
        assert report.left_out == {}, name
        assert report.words_hidden == 0, name
        (held,) = study.sql(f"SELECT count(*) FROM {name}")[0]
        assert tables.tables[name].num_rows == report.shown == held, name
    assert tables.tables["topics"].column("terms").to_pylist()[0] == [
        "wait",
        "help",
        "waiting_list",
    ]
    assert tables.tables["topics"].column("label").to_pylist() == ["waiting list", "cuts & funding"]
    assert tables.periods == {"month": (JANUARY, FEBRUARY)}


def test_what_is_shown_is_coarse(study: Study) -> None:
    (row,) = rows_of(pass_gate(study.connection), "frame_prevalence", **CARERS)
    assert (row["estimate"], row["lower"], row["upper"]) == (0.23, 0.18, 0.28)
    assert (row["n_posts"], row["n_coded"], row["effective_n"]) == (100, 30, 40.0)
    change = rows_of(pass_gate(study.connection), "changes")[0]
    assert (change["estimate"], change["lower"], change["reason"]) == (0.13, 0.05, "level shift")


def test_shares_of_400_posts_have_three_decimals(study: Study) -> None:
    study.add_posts(350, month=FEBRUARY)
    study.index()
    study.sql("UPDATE frame_prevalence SET n_posts = 400 WHERE community = 'anxiety'")
    row = rows_of(pass_gate(study.connection), "frame_prevalence", community="anxiety")[1]
    assert (row["period"], row["estimate"], row["n_posts"]) == (FEBRUARY, 0.235, 400)


def exactly_ten_authors(study: Study) -> None:
    tiny_community(study, 100, authors=10)
    study.prevalence(0.5, n_posts=100, **TINY)


def exactly_half_by_one(study: Study) -> None:
    tiny_community(study, 100, authors=lambda i: author(99 if i < 50 else i % 15))
    study.prevalence(0.5, n_posts=100, **TINY)


def none_at_all(study: Study) -> None:
    tiny_community(study, 100)
    study.prevalence(0.0, n_posts=100, **TINY)


def eight_posts(study: Study) -> None:
    tiny_community(study, 100)
    study.prevalence(0.08, n_posts=100, **TINY)


def unknown_authors_beside_ten(study: Study) -> None:
    tiny_community(study, 100, authors=lambda i: author(i % 10) if i < 20 else None)
    study.prevalence(0.5, n_posts=100, **TINY)


def all_posts(study: Study) -> None:
    tiny_community(study, 100)
    study.prevalence(1.0, n_posts=100, **TINY)


@pytest.mark.parametrize(
    "plant",
    [
        exactly_ten_authors,
        exactly_half_by_one,
        none_at_all,
        eight_posts,
        unknown_authors_beside_ten,
        all_posts,
    ],
)
def test_a_cell_at_the_edge_of_the_rules_is_shown(
    study: Study, plant: Callable[[Study], None]
) -> None:
    plant(study)
    (row,) = rows_of(pass_gate(study.connection), "frame_prevalence", **TINY)
    assert row["estimate"] is not None
    assert row["n_posts"] == 100
    assert row["refused_because"] is None


def test_a_topic_that_nobody_writes_about_has_a_share_of_nothing(study: Study) -> None:
    add_topic(study, 2)
    study.trend(0.0, n_posts=100, topic_id=2)
    (row,) = rows_of(pass_gate(study.connection), "topic_trends", topic_id=2)
    assert (row["share"], row["n_posts"]) == (0.0, 100)


def test_refused_cells_and_breaks_without_values_keep_their_reasons(study: Study) -> None:
    study.prevalence(None, n_posts=100, bin="quarter", refused_because="7 more codings needed")
    study.change(kind="break", estimate=None, lower=None, upper=None, reason="a gap of nine days")
    tables = pass_gate(study.connection)
    (row,) = rows_of(tables, "frame_prevalence", bin="quarter")
    assert (row["refused_because"], row["n_posts"]) == ("7 more codings needed", 100)
    assert tables.report.tables["frame_prevalence"].refused == 1
    (change,) = rows_of(tables, "changes", kind="break")
    assert change["reason"] == "a gap of nine days"


def test_days_are_utc_days_in_any_time_zone(study: Study) -> None:
    expected = pass_gate(study.connection).tables["frame_prevalence"]
    study.sql("UPDATE posts SET created_at = date_trunc('month', created_at) + INTERVAL 10 MINUTE")
    study.sql("SET TimeZone = 'America/Los_Angeles'")
    assert pass_gate(study.connection).tables["frame_prevalence"].equals(expected)


def test_the_gate_leaves_the_warehouse_as_it_was(study: Study) -> None:
    before = study.sql("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL")
    pass_gate(study.connection)
    pass_gate(study.connection)
    assert (
        study.sql("SELECT table_name, estimated_size FROM duckdb_tables() ORDER BY ALL") == before
    )


def test_an_empty_warehouse_passes_as_empty_tables() -> None:
    tables = pass_gate(Study().connection)
    assert all(table.num_rows == 0 for table in tables.tables.values())
