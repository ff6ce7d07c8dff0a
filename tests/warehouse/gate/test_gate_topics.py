"""The export gate shows no topic's share that few people make, and no word that few wrote."""

import json
from collections.abc import Callable

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
from tests.warehouse.invented import FEBRUARY, JANUARY, RUN, Study, author
from warehouse.protection.gate import pass_gate

AT = {"period": JANUARY}
STAYED = "a new version was refused and the last one stayed"


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


def pair_by_nine(study: Study) -> None:
    study.add_posts(90, authors=9, text="zan thorpe helped us")


def pair_apart(study: Study) -> None:
    study.add_posts(90, text="zan helped us and so did thorpe")


def pair_across_posts(study: Study) -> None:
    for text in ("they helped us, zan", "thorpe helped us"):
        study.add_posts(90, text=text)


@pytest.mark.parametrize("plant", [pair_by_nine, pair_apart, pair_across_posts])
def test_no_phrase_is_shown_that_few_wrote_however_common_its_words(
    study: Study, plant: Callable[[Study], None]
) -> None:
    study.add_posts(90, text="zan said so")
    study.add_posts(90, text="thorpe said so")
    study.add_posts(90, text="the waiting list grows")
    plant(study)
    study.index()
    terms = ["waiting list", "zan thorpe", "thorpe"]
    add_topic(study, 2, label="waiting list, zan thorpe", terms=terms, distinctive_terms=terms)
    (topic,) = rows_of(pass_gate(study.connection), "topics", topic_id=2)
    assert topic["label"] == "waiting list, [withheld]"
    assert topic["terms"] == topic["distinctive_terms"] == ["waiting list", "[withheld]", "thorpe"]


def test_a_phrase_that_ten_wrote_is_shown(study: Study) -> None:
    study.add_posts(90, authors=10, text="zan thorpe helped us")
    study.index()
    add_topic(study, 2, label="zan thorpe", terms=["zan thorpe"])
    (topic,) = rows_of(pass_gate(study.connection), "topics", topic_id=2)
    assert (topic["label"], topic["terms"]) == ("zan thorpe", ["zan thorpe"])


EVIDENCE = {
    "posts": 43.0,
    "authors": 21.0,
    "threads": 8.0,
    "share": 0.01234,
    "cosine": 0.98765,
    "nights": 3,
    "of_one_author": 0.3,
    "somebody": 5,
}


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (
            EVIDENCE,
            {"posts": 45, "authors": 20, "threads": 10, "share": 0.01, "cosine": 0.99, "nights": 3},
        ),
        (EVIDENCE | {"authors": 9}, {"cosine": 0.99, "nights": 3}),
        (EVIDENCE | {"posts": 9}, {"cosine": 0.99, "nights": 3}),
        ({"of_one_author": 0.2}, None),
        (None, None),
    ],
)
def test_the_evidence_of_an_event_is_coarse_and_none_where_few_stand_behind_it(
    study: Study, given: dict[str, float] | None, shown: dict[str, float] | None
) -> None:
    study.sql(
        "UPDATE topic_events SET evidence = ?, other_id = 1",
        None if given is None else json.dumps(given),
    )
    for event in rows_of(pass_gate(study.connection), "topic_events"):
        assert event["other_id"] == 1
        assert (event["evidence"] and json.loads(event["evidence"])) == shown


def test_an_event_of_the_whole_model_is_shown_and_one_of_an_unknown_model_is_not(
    study: Study,
) -> None:
    for model in ("m1", NAME):
        row = {"model": model, "day": JANUARY, "event": "kept", "detail": STAYED}
        study.append("topic_events", [row])
    tables = pass_gate(study.connection)
    assert NAME not in everything(tables)
    (event,) = rows_of(tables, "topic_events", topic_id=None)
    assert (event["event"], event["detail"]) == ("kept", STAYED)


@pytest.mark.parametrize(
    "detail",
    [
        "it is one of the topics of a new model",
        "a newer model took its place",
        "split from topic 3 (similarity 0.41)",
    ],
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
