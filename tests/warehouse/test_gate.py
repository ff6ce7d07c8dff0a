"""The export gate: of planted faults none may pass, and of healthy tables nothing is blocked."""

import dataclasses
import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pytest

from tests.warehouse.invented import (
    FEBRUARY,
    JANUARY,
    RUN,
    Study,
    author,
    healthy_study,
    insert,
)
from warehouse.protection.allowed import PUBLIC
from warehouse.protection.gate import GateError, GateReport, PublicTables, pass_gate

Rows = list[dict[str, Any]]
TINY = {"community": "tiny"}


@pytest.fixture(scope="module")
def healthy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("gate") / "healthy.duckdb"
    healthy_study(path).connection.close()
    return path


@pytest.fixture
def study(healthy: Path, tmp_path: Path) -> Iterator[Study]:
    connection = duckdb.connect(
        shutil.copy(healthy, tmp_path / "study.duckdb"), config={"threads": 1}
    )
    yield Study(connection, last_id=600)
    connection.close()


def rows_of(tables: PublicTables, table: str, **where: Any) -> Rows:
    rows = tables.tables[table].to_pylist()
    return [row for row in rows if all(row[name] == value for name, value in where.items())]


def everything(tables: PublicTables) -> str:
    return "\n".join(str(table.to_pylist()) for table in tables.tables.values())


# Cells: each plants a figure that must not be shown, and says where and for what reason.


def tiny_community(study: Study, n: int, **columns: Any) -> None:
    insert(
        study.connection,
        "communities",
        {"source": "forum", "community": "tiny", "name": "tiny", "tags": []},
    )
    study.add_posts(n, community="tiny", **columns)
    study.index()


def nine_authors(study: Study) -> None:
    tiny_community(study, 90, authors=9)
    study.prevalence(0.5, n_posts=90, **TINY)


def no_posts_at_all(study: Study) -> None:
    tiny_community(study, 0)
    study.prevalence(0.5, n_posts=500, **TINY)


def unknown_authors(study: Study) -> None:
    tiny_community(study, 200, authors=lambda _: None)
    study.prevalence(0.5, n_posts=200, **TINY)


def dominant_author(study: Study) -> None:
    tiny_community(study, 100, authors=lambda i: author(i % 20 if i < 40 else 99))
    study.prevalence(0.5, n_posts=100, **TINY)


def dominant_among_known(study: Study) -> None:
    def by(i: int) -> str | None:
        return None if i < 100 else author(i % 15 if i < 130 else 99)

    tiny_community(study, 170, authors=by)
    study.prevalence(0.5, n_posts=170, **TINY)


def authors_withheld(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, withheld=True)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_automated(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, automated=True)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_in_other_languages(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, language="cy")
    study.add_posts(20, community="tiny", authors=lambda i: author(50 + i), language=None)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_of_copies(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, duplicate_of=1)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_without_words(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, text="...")
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_of_another_period(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(80, community="tiny", month=FEBRUARY)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def small_week_of_a_large_month(study: Study) -> None:
    week = date(2026, 2, 23)
    study.prevalence(0.5, n_posts=100, bin="week", period=week, community="carers")


def numerator(study: Study, share: float) -> None:
    study.sql("DELETE FROM frame_prevalence WHERE community = 'carers'")
    study.prevalence(share, n_posts=100, community="carers")


def numerator_of_posts_that_are_left(study: Study) -> None:
    study.sql("DELETE FROM frame_prevalence WHERE community = 'carers'")
    study.prevalence(0.05, n_posts=1000, community="carers")


def deleted_since(study: Study) -> None:
    study.sql("DELETE FROM posts WHERE community = 'carers' AND author_key <> ?", author(1000))


CARERS = {"community": "carers", "period": JANUARY}
AT = {"period": JANUARY}
FEW, ONE, SMALL = "fewer_than_10_authors", "one_author_over_half", "numerator_1_to_7"
WEEK = {"bin": "week"}
CELLS: list[tuple[Callable[[Study], None], dict[str, Any], str]] = [
    (nine_authors, TINY, FEW),
    (no_posts_at_all, TINY, FEW),
    (unknown_authors, TINY, FEW),
    (dominant_author, TINY, ONE),
    (dominant_among_known, TINY, ONE),
    (authors_withheld, TINY, FEW),
    (authors_automated, TINY, FEW),
    (authors_in_other_languages, TINY, FEW),
    (authors_of_copies, TINY, FEW),
    (authors_without_words, TINY, FEW),
    (authors_of_another_period, TINY, FEW),
    (small_week_of_a_large_month, WEEK, FEW),
    (lambda study: numerator(study, 0.01), CARERS, SMALL),
    (lambda study: numerator(study, 0.03), CARERS, SMALL),
    (lambda study: numerator(study, 0.0749), CARERS, SMALL),
    (numerator_of_posts_that_are_left, CARERS, SMALL),
    (deleted_since, CARERS, FEW),
]


@pytest.mark.parametrize(("plant", "where", "reason"), CELLS)
def test_no_figure_of_a_disclosive_cell_is_shown(
    study: Study, plant: Callable[[Study], None], where: dict[str, Any], reason: str
) -> None:
    plant(study)
    tables = pass_gate(study.connection)
    (row,) = rows_of(tables, "frame_prevalence", **where)
    values = ("estimate", "lower", "upper", "band_lower", "band_upper", "q_value", "n_posts")
    assert all(row[name] is None for name in (*values, "n_coded", "effective_n", "borrowed"))
    assert row["refused_because"] == f"withheld: {reason}"
    assert tables.report.tables["frame_prevalence"].withheld[reason] >= 1


def test_a_refused_cell_of_few_people_keeps_its_reason_and_loses_its_counts(study: Study) -> None:
    tiny_community(study, 5)
    study.prevalence(None, n_posts=5, refused_because="7 more codings needed", **TINY)
    (row,) = rows_of(pass_gate(study.connection), "frame_prevalence", **TINY)
    assert row["refused_because"] == "7 more codings needed"
    assert row["n_posts"] is None
    assert row["n_coded"] is None


def test_bounds_without_an_estimate_are_not_shown(study: Study) -> None:
    study.prevalence(
        None, n_posts=100, frame="service_value", bin="quarter", lower=0.03, upper=0.04
    )
    (row,) = rows_of(pass_gate(study.connection), "frame_prevalence", bin="quarter")
    assert (row["estimate"], row["lower"], row["upper"]) == (None, None, None)


# Topics.


def few_authors_of_a_topic(study: Study) -> None:
    ids = study.add_posts(30, authors=3, month=JANUARY, topic=2)
    assert ids
    study.index()


def one_author_of_a_topic(study: Study) -> None:
    study.add_posts(40, authors=lambda i: author(i % 15 if i < 15 else 99), topic=2)
    study.index()


@pytest.mark.parametrize(
    ("plant", "share", "reason"),
    [
        (few_authors_of_a_topic, 0.3, FEW),
        (one_author_of_a_topic, 0.3, ONE),
        (few_authors_of_a_topic, 0.05, SMALL),
    ],
)
def test_no_share_of_a_topic_that_few_write_about_is_shown(
    study: Study, plant: Callable[[Study], None], share: float, reason: str
) -> None:
    add_topic(study, 2, label="wait", terms=["wait"])
    plant(study)
    study.trend(share, n_posts=100, topic_id=2)
    study.append(
        "frame_topics",
        [
            {
                "run_id": RUN,
                "model": "m1",
                "topic_id": 2,
                "frame": "service_value",
                "bin": "month",
                "period": JANUARY,
                "share": share,
                "lower": share,
                "upper": share,
                "n_posts": 100,
            }
        ],
    )
    tables = pass_gate(study.connection)
    for table in ("topic_trends", "frame_topics"):
        (row,) = rows_of(tables, table, topic_id=2)
        assert [row[name] for name in ("share", "lower", "upper", "n_posts")] == [None] * 4
    assert tables.report.tables["topic_trends"].withheld[reason] == 1


def test_what_would_tell_the_one_withheld_topic_is_withheld_too(study: Study) -> None:
    add_topic(study, 2)
    add_topic(study, 3)
    study.sql("DELETE FROM topic_trends")
    for topic, share in ((0, 0.55), (1, 0.4), (2, 0.05), (3, 0.0)):
        study.trend(share, n_posts=100, topic_id=topic)
    study.trend(0.6, n_posts=100, topic_id=0, period=FEBRUARY)
    study.trend(0.4, n_posts=100, topic_id=1, period=FEBRUARY)
    tables = pass_gate(study.connection)
    shares = {row["topic_id"]: row["share"] for row in rows_of(tables, "topic_trends", **AT)}
    assert shares == {0: 0.55, 1: None, 2: None, 3: 0.0}
    assert tables.report.tables["topic_trends"].withheld == {
        SMALL: 1,
        "would_tell_a_withheld_one": 1,
    }


def test_two_withheld_topics_hide_each_other(study: Study) -> None:
    add_topic(study, 2)
    study.sql("DELETE FROM topic_trends")
    for topic, share in ((0, 0.9), (1, 0.05), (2, 0.05)):
        study.trend(share, n_posts=100, topic_id=topic)
    tables = pass_gate(study.connection)
    assert [row["share"] for row in rows_of(tables, "topic_trends")] == [0.9, None, None]


def test_no_topic_share_of_a_small_community_is_shown(study: Study) -> None:
    tiny_community(study, 90, authors=9, topic=0)
    study.trend(0.5, n_posts=90, **TINY)
    (row,) = rows_of(pass_gate(study.connection), "topic_trends", **TINY)
    assert row["share"] is None
    assert row["n_posts"] is None


def add_topic(study: Study, number: int, **columns: Any) -> None:
    row = {
        "model": "m1",
        "topic_id": number,
        "label": "wait",
        "terms": ["wait"],
        "born_on": JANUARY,
        "n_posts": 50,
        "coherence": None,
    }
    insert(study.connection, "topics", row | columns)


NAME = "zanthorpe"


def name_by_nine(study: Study) -> None:
    study.add_posts(90, authors=9, text=f"ask {NAME} for help")


def name_by_one(study: Study) -> None:
    study.add_posts(1, text=f"ask {NAME} for help")


def name_in_one_thread(study: Study) -> None:
    study.add_posts(90, threads=1, text=f"ask {NAME} for help")


def name_by_unknown(study: Study) -> None:
    study.add_posts(90, authors=lambda _: None, text=f"ask {NAME} for help")


def name_withheld(study: Study) -> None:
    study.add_posts(90, withheld=True, text=f"ask {NAME} for help")


def name_erased(study: Study) -> None:
    del study


@pytest.mark.parametrize(
    "plant",
    [name_by_nine, name_by_one, name_in_one_thread, name_by_unknown, name_withheld, name_erased],
)
def test_no_rare_word_is_shown_in_a_topic(study: Study, plant: Callable[[Study], None]) -> None:
    plant(study)
    study.index()
    add_topic(study, 2, label=f"{NAME.title()}, wait", terms=["wait", NAME, f"wait_{NAME}"])
    study.append(
        "topic_events",
        [
            {
                "model": "m1",
                "topic_id": 2,
                "day": JANUARY,
                "event": "born",
                "detail": f"wait ({NAME})",
            }
        ],
    )
    tables = pass_gate(study.connection)
    assert NAME not in everything(tables).lower()
    (topic,) = rows_of(tables, "topics", topic_id=2)
    assert topic["label"] == "[withheld] wait"
    assert topic["terms"] == ["wait", "[withheld]", "[withheld]"]
    (event,) = rows_of(tables, "topic_events", topic_id=2)
    assert event["detail"] == "wait [withheld]"
    assert tables.report.tables["topics"].words_hidden == 3


@pytest.mark.parametrize(
    "detail",
    ["a model was fitted", "a newer model took its place", "split from topic 3 (similarity 0.41)"],
)
def test_the_software_s_own_words_about_a_topic_are_shown(study: Study, detail: str) -> None:
    study.sql("UPDATE topic_events SET detail = ?", detail)
    tables = pass_gate(study.connection)
    assert {row["detail"] for row in rows_of(tables, "topic_events")} == {detail}


def test_a_pseudonym_is_no_topic_word_however_often_it_is_written(study: Study) -> None:
    mention = f"author_{author(5)}"
    study.add_posts(90, text=f"thanks {mention}")
    study.index()
    add_topic(study, 2, label=f"wait {mention}", terms=[mention])
    tables = pass_gate(study.connection)
    assert author(5) not in everything(tables)


def test_a_topic_of_a_few_posts_is_shown_without_their_number(study: Study) -> None:
    add_topic(study, 2, n_posts=3)
    (topic,) = rows_of(pass_gate(study.connection), "topics", topic_id=2)
    assert topic["n_posts"] is None


# Changes.


@pytest.mark.parametrize("kind", ["difference", "change_point", "event"])
def test_no_change_in_a_small_cell_is_shown(study: Study, kind: str) -> None:
    tiny_community(study, 90, authors=9)
    study.change(kind=kind, period=JANUARY, **TINY)
    (row,) = rows_of(pass_gate(study.connection), "changes", **TINY)
    assert [row[name] for name in ("estimate", "lower", "upper", "q_value")] == [None] * 4
    assert row["reason"] == f"withheld: {FEW}"


@pytest.mark.parametrize("at", [JANUARY, FEBRUARY])
def test_no_change_of_a_withheld_figure_is_shown(study: Study, at: date) -> None:
    study.sql(
        "UPDATE frame_prevalence SET estimate = 0.03 WHERE community = 'carers' AND period = ?", at
    )
    study.change(kind="difference", community="carers")
    (row,) = rows_of(pass_gate(study.connection), "changes", community="carers")
    assert row["estimate"] is None
    assert row["reason"] == f"withheld: {SMALL}"


def test_no_difference_of_a_withheld_topic_share_is_shown(study: Study) -> None:
    study.sql(
        "UPDATE topic_trends SET share = 0.03 WHERE community = 'carers' AND period = ?", JANUARY
    )
    study.change(kind="difference", community="carers", frame=None, topic_id=0)
    (row,) = rows_of(pass_gate(study.connection), "changes", community="carers")
    assert row["estimate"] is None


# Rows and columns.


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


# Examples.


OWN = "the heron clinic on mill lane lost my letter twice in autumn"


def example_with(text: str = "An invented paraphrase.", **columns: Any) -> Callable[[Study], None]:
    return lambda study: study.example(text, **columns)


def of_withheld_post(study: Study) -> None:
    study.sql("UPDATE posts SET withheld = true WHERE post_id = 2")
    study.example("An invented paraphrase.", post_ids=[1, 2])


def own_words(study: Study) -> None:
    (post,) = study.add_posts(1, text=OWN)
    study.index()
    study.example("They said: the Heron clinic on Mill — what a place.", post_ids=[post])


def anybodys_words(study: Study) -> None:
    study.add_posts(1, text=OWN)
    study.index()
    study.example("Once, Mill Lane lost my letter twice in autumn, it was said.", post_ids=[1])


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (example_with(approved_by=None), "not_approved"),
        (example_with(withdrawn_on=FEBRUARY), "withdrawn"),
        (example_with(kind="verbatim"), "no_paraphrase"),
        (example_with(post_ids=[1, 999_999]), "post_withheld_or_gone"),
        (of_withheld_post, "post_withheld_or_gone"),
        (example_with("Write to a.person@example.org for more."), "identifier"),
        (own_words, "verbatim"),
        (anybodys_words, "verbatim"),
    ],
)
def test_no_example_that_is_not_an_approved_paraphrase_is_shown(
    study: Study, plant: Callable[[Study], None], reason: str
) -> None:
    study.sql("DELETE FROM examples")
    plant(study)
    tables = pass_gate(study.connection)
    assert tables.tables["examples"].num_rows == 0
    assert tables.report.tables["examples"].left_out == {reason: 1}


def test_an_example_may_share_turns_of_speech_with_posts(study: Study) -> None:
    (post,) = study.add_posts(1, text=OWN)
    study.index()
    study.example("My letter twice in: four words of its own post.", post_ids=[post])
    study.example("Seven of any: clinic on mill lane lost my letter.", post_ids=[1])
    assert pass_gate(study.connection).tables["examples"].num_rows == 3


def test_an_example_tells_its_month_only(study: Study) -> None:
    study.sql("UPDATE examples SET month = DATE '2026-01-17'")
    (row,) = rows_of(pass_gate(study.connection), "examples")
    assert row["month"] == JANUARY


# Runs.


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


# Healthy tables: nothing of them is blocked.


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


# Only the gate makes public tables.


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
