"""The export gate holds effects of topics to the cell rules, for levels and for whole courses."""

from typing import Any

import pytest

from tests.warehouse.gate.planted import (
    FEW,
    NAME,
    ONE,
    SMALL,
    TINY,
    add_topic,
    everything,
    rows_of,
    tiny_community,
)
from tests.warehouse.invented import JANUARY, RUN, Study, author, insert
from warehouse.protection.gate import pass_gate

FIGURES = (
    *("estimate", "lower", "upper", "difference", "difference_lower", "difference_upper"),
    *("q_value", "n_posts", "n_authors"),
)
CARERS = {"term": "community", "source": "forum", "community": "carers"}


def effect(study: Study, estimate: float | None = 0.41234, **columns: Any) -> None:
    """Add one figure of topic_effects."""
    spread = {
        name: None if estimate is None else value
        for name, value in (
            ("lower", 0.3),
            ("upper", 0.5),
            ("difference", 0.12345),
            ("difference_lower", 0.05),
            ("difference_upper", 0.2),
            ("q_value", 0.01234),
        )
    }
    row = {
        "run_id": RUN,
        "model": "m1",
        "topic_id": 0,
        "source": "",
        "community": "",
        "level": "",
        "bin": "month",
        "estimate": estimate,
        **spread,
        "n_posts": 201,
        "n_authors": 41,
        "method": "jackknife of authors",
    }
    insert(study.connection, "topic_effects", row | columns)


def test_figures_of_many_people_are_shown_coarsely(study: Study) -> None:
    study.sql("UPDATE communities SET role = 'carers' WHERE community = 'carers'")
    effect(study, **CARERS)
    effect(study, term="role", level="carers")
    effect(study, term="period", period=JANUARY, share_seen=0.98765, share_complete=1.0)
    tables = pass_gate(study.connection)
    shown = rows_of(tables, "topic_effects")
    assert [row["estimate"] for row in shown] == [0.41] * 3
    assert [row["difference"] for row in shown] == [0.12] * 3
    assert [row["n_posts"] for row in shown] == [200] * 3
    assert {row["n_authors"] for row in shown} == {40}
    assert {row["q_value"] for row in shown} == {0.012}
    assert {row["share_seen"] for row in shown} == {None, 0.988}
    assert tables.report.tables["topic_effects"].shown == 3


def few_authors(study: Study) -> dict[str, Any]:
    tiny_community(study, 90, authors=9, topic=0)
    return {"term": "community", "source": "forum", **TINY}


def few_authors_in_a_role(study: Study) -> dict[str, Any]:
    few_authors(study)
    study.sql("UPDATE communities SET role = 'policy' WHERE community = ?", TINY["community"])
    return {"term": "role", "level": "policy"}


def one_author(study: Study) -> dict[str, Any]:
    study.add_posts(900, community="carers", authors=lambda _: author(7), topic=0)
    study.index()
    return CARERS


def few_authors_of_the_topic(study: Study) -> dict[str, Any]:
    add_topic(study, 2)
    study.add_posts(40, community="carers", authors=3, topic=2)
    study.index()
    return {**CARERS, "topic_id": 2}


def few_posts(_: Study) -> dict[str, Any]:
    return {**CARERS, "estimate": 0.03}


@pytest.mark.parametrize(
    ("plant", "reason"),
    [
        (few_authors, FEW),
        (few_authors_in_a_role, FEW),
        (one_author, ONE),
        (few_authors_of_the_topic, FEW),
        (few_posts, SMALL),
    ],
)
def test_figures_of_few_people_or_posts_are_withheld(study: Study, plant: Any, reason: str) -> None:
    effect(study, **plant(study))
    tables = pass_gate(study.connection)
    (row,) = rows_of(tables, "topic_effects")
    assert [row[name] for name in FIGURES] == [None] * len(FIGURES)
    assert row["refused_because"] == f"withheld: {reason}"
    assert tables.report.tables["topic_effects"].withheld == {reason: 1}


def test_a_period_of_few_people_is_withheld(study: Study) -> None:
    study.sql("DELETE FROM posts WHERE month(created_at) = 1 AND post_id % 40 > 0")
    effect(study, term="period", period=JANUARY)
    (row,) = rows_of(pass_gate(study.connection), "topic_effects")
    assert row["estimate"] is None


def test_what_the_estimator_refused_keeps_its_reason(study: Study) -> None:
    effect(study, None, **CARERS, refused_because="fewer than 10 authors")
    tables = pass_gate(study.connection)
    (row,) = rows_of(tables, "topic_effects")
    assert row["refused_because"] == "fewer than 10 authors"
    assert tables.report.tables["topic_effects"].refused == 1


def test_one_withheld_topic_of_a_level_is_not_left_alone(study: Study) -> None:
    add_topic(study, 2)
    add_topic(study, 3)
    for topic, estimate in ((0, 0.55), (1, 0.41), (2, 0.02), (3, 0.0)):
        effect(study, estimate, **CARERS, topic_id=topic)
    shown = {
        row["topic_id"]: row["estimate"]
        for row in rows_of(pass_gate(study.connection), "topic_effects")
    }
    assert shown == {0: 0.55, 1: None, 2: None, 3: 0.0}


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({"term": NAME}, "unknown_term"),
        ({"term": "role", "level": NAME}, "unknown_level"),
        ({"term": "country", "level": NAME}, "unknown_level"),
        ({"term": "period", "level": NAME}, "unknown_level"),
        ({**CARERS, "level": NAME}, "unknown_level"),
        ({**CARERS, "community": NAME}, "unknown_community"),
        ({"term": "period", "community": NAME}, "unknown_community"),
        ({**CARERS, "model": NAME}, "unknown_topic"),
    ],
)
def test_no_key_that_the_study_does_not_know_is_named(
    study: Study, columns: dict[str, Any], reason: str
) -> None:
    effect(study, **columns)
    tables = pass_gate(study.connection)
    assert NAME not in everything(tables)
    assert tables.report.tables["topic_effects"].left_out == {reason: 1}


def test_bins_finer_than_a_week_are_refused_in_effects_too(study: Study) -> None:
    effect(study, **CARERS, bin="day")
    with pytest.raises(Exception, match="binned by day"):
        pass_gate(study.connection)
