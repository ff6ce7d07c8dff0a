"""The topic stage reads what changed and nothing else, and a topic stays who it is."""

import json
from datetime import date

import pytest

from analysis.topics.identity import Verdict
from analysis.topics.nights import keeper
from analysis.topics.nights.events import TopicEvent
from flows.topics import beginning, stage, storing, terms
from flows.topics.beginning import NewLine
from flows.topics.keeping import load_keeper
from flows.topics.lines import current_line, saved_version
from flows.topics.naming import name_topic
from tests.flows.topics.nights import (
    APPS,
    TALK,
    Forum,
    change,
    contents,
    cover,
    rows_of,
)
from warehouse.private_copy import read_private_copy
from warehouse.protection.evidence import COUNTS, LEFT_OUT, MODEL, PLAIN, SHARES
from warehouse.release.controlled import publish_controlled
from warehouse.repair import forget_index

SAID = "identity 0.100 is under 0.95: refused and the last model stays"
LEADING = "SELECT post_id, topic_id FROM topic_posts WHERE is_counted ORDER BY post_id"


def refuse_everything(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keeper, "accept", lambda *_, **__: Verdict(False, SAID))


def test_a_line_begins_with_topics_as_they_are_talked_of(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        said = forum.run(warehouse)
        assert said.startswith(
            "topics of 240 posts by the new model nmf_20260302; 240 posts are few"
        )
        topics = rows_of(
            warehouse,
            "SELECT topic_id, terms, n_posts, version, retired_on FROM topics ORDER BY topic_id",
        )
        assert [(number, *rest) for number, _, *rest in topics] == [
            (n, 80, 1, None) for n in range(3)
        ]
        assert {frozenset(listed[:7]) for _, listed, *_ in topics} == {
            *map(frozenset, TALK.values())
        }
        (told,) = rows_of(warehouse, "SELECT DISTINCT event, detail, evidence FROM topic_events")
        assert told[:2] == ("born", "it is one of the topics of a new model")
        assert json.loads(told[2]) == {"topics": 3, "posts": 240, "terms_version": 1}
        (version,) = warehouse.query("SELECT * EXCLUDE (digest) FROM topic_versions").to_pylist()
    assert (version["version"], version["kind"], version["accepted"]) == (1, "fit", True)
    assert (version["n_posts"], version["score"]) == (240, None)


def test_a_night_reads_only_what_is_new_edited_or_back(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[list[int]] = []
    original = terms.read_terms

    def watched(warehouse, posts, phrases):
        read.append(sorted(posts.post_ids.tolist()))
        return original(warehouse, posts, phrases)

    for module in (beginning, stage):
        monkeypatch.setattr(module, "read_terms", watched)
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        change(warehouse, "UPDATE posts SET withheld = true WHERE post_id IN (5, 6)")
        forum.next_night()
        new = forum.write(warehouse, 9)
        forum.run(warehouse)
        change(warehouse, "UPDATE posts SET withheld = false WHERE post_id = 5")
        text = " ".join(TALK["money"])
        change(warehouse, "UPDATE posts SET own_text = ?, n_words = NULL WHERE post_id = 7", text)
        forum.next_night()
        forum.run(warehouse)
        forum.next_night()
        forum.run(warehouse)
        (money,) = rows_of(warehouse, "SELECT topic_id FROM topics WHERE 'budget' IN terms")[0]
        leading = dict(rows_of(warehouse, LEADING))
        learned = rows_of(warehouse, "SELECT n_posts FROM topic_versions ORDER BY day")
    assert [len(posts) for posts in read] == [240, 9, 2, 0]
    assert read[1:3] == [new, [5, 7]]
    assert learned == [(240,), (9,)]
    assert set(leading) == set(range(1, 250)) - {6}
    assert leading[7] == money


def test_posts_that_count_no_more_have_no_topics(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        change(warehouse, "UPDATE posts SET automated = true WHERE post_id <= 40")
        forum.next_night()
        forum.run(warehouse)
        assert rows_of(warehouse, "SELECT min(post_id) FROM post_topics") == [(41,)]
        assert rows_of(warehouse, "SELECT sum(n_posts) FROM topics") == [(200,)]
        assert rows_of(
            warehouse,
            "SELECT sum(n_posts) FROM topic_trends WHERE topic_id = 0"
            " AND run_id = (SELECT max(run_id) FROM topic_trends)",
        ) == [(200,)]


def test_the_same_night_again_changes_nothing(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        forum.next_night()
        forum.write(warehouse, 30)
        forum.run(warehouse)
        before = contents(warehouse)
        forum.run(warehouse)
        assert contents(warehouse) == before


def test_a_refit_reads_all_posts_and_tells_how_many_moved(forum: Forum) -> None:
    forum.settings = {"topics": 3, "refit_days": 2}
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        for _ in range(3):
            forum.next_night()
            forum.write(warehouse, 30)
            said = forum.run(warehouse)
            kinds = rows_of(warehouse, "SELECT kind, n_posts FROM topic_versions ORDER BY version")
        moves = rows_of(warehouse, "SELECT version, sum(n_posts) FROM topic_moves GROUP BY ALL")
        (version,) = rows_of(warehouse, "SELECT DISTINCT version FROM topics")[0]
        assert "fitted again" not in said
        assert kinds == [
            *(("fit", 240), ("update", 30), ("update", 30), ("refit", 300)),
            ("update", 30),
        ]
        assert moves == [(4, 270)]  # those that had topics before that night
        assert version == 5
        assert rows_of(warehouse, "SELECT sum(n_posts) FROM topics") == [(330,)]


def test_a_refit_takes_new_terms_and_phrases_if_the_study_says_so(forum: Forum) -> None:
    talk = {
        **TALK,
        "waiting": (*TALK["waiting"][:3], "crisis house", "day centre", *TALK["waiting"]),
    }
    frozen: list[list[str]] = []
    for new_terms in (False, True):
        forum.settings = {"topics": 3, "refit_days": 1 if new_terms else 1000}
        forum.settings |= {"new_terms": new_terms}
        with forum.opened() as warehouse:
            if not new_terms:
                forum.write(warehouse, 240)
                forum.run(warehouse)
            forum.next_night()
            forum.write(warehouse, 120, about=talk)
            forum.run(warehouse)
            line = current_line(warehouse)
            assert line is not None
            path = saved_version(warehouse.home, line.model, line.version)
            frozen.append(load_keeper(path).model.vocabulary_)
            events = rows_of(
                warehouse, "SELECT event, evidence FROM topic_events WHERE topic_id IS NULL"
            )
    assert not {"crisis house", "day centre"} & set(frozen[0])
    assert {"crisis house", "day centre"} <= set(frozen[1])
    ((event, evidence),) = events
    assert event == "refitted"
    assert json.loads(evidence)["new_terms"] == len(set(frozen[1]) - set(frozen[0]))


def test_a_version_that_loses_the_topics_is_refused_and_said_so(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_everything(monkeypatch)
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        topics = rows_of(warehouse, "SELECT topic_id, terms FROM topics ORDER BY ALL")
        forum.next_night()
        forum.write(warehouse, 30)
        said = forum.run(warehouse)
        versions = rows_of(
            warehouse, "SELECT version, accepted, digest FROM topic_versions WHERE kind = 'update'"
        )
        events = rows_of(
            warehouse, "SELECT topic_id, event, detail FROM topic_events WHERE event = 'kept'"
        )
        assert "refused and the last model stays" in said
        assert versions == [(1, False, "")]
        assert events == [(None, "kept", "a new version was refused and the last one stayed")]
        assert rows_of(warehouse, "SELECT topic_id, terms FROM topics ORDER BY ALL") == topics
        assert rows_of(warehouse, "SELECT sum(n_posts) FROM topics") == [(270,)]
        forum.next_night()
        assert "topics of 0 posts" in forum.run(warehouse)


@pytest.mark.slow
def test_a_new_topic_has_an_event_and_the_posts_that_it_grew_from(forum: Forum) -> None:
    ids: list[int] = []
    with forum.opened() as warehouse:
        forum.write(warehouse, 600)
        forum.run(warehouse)
        for _ in range(4):
            forum.next_night()
            forum.write(warehouse, 36)
            ids += forum.write(warehouse, 12, about={"apps": APPS})
            forum.run(warehouse)
        (born,) = rows_of(
            warehouse,
            "SELECT topic_id, day, detail, evidence FROM topic_events"
            " WHERE event = 'born' AND day > '2026-03-02'",
        )
        led = rows_of(warehouse, "SELECT post_id FROM topic_posts WHERE topic_id = ?", born[0])
        ((terms,),) = rows_of(warehouse, "SELECT terms FROM topics WHERE topic_id = ?", born[0])
    assert born[0] == 3
    assert set(APPS) <= set(terms)
    assert born[2] == "posts that no topic explained spoke of it on several nights"
    evidence = json.loads(born[3])
    assert evidence["nights"] >= 3
    assert set(evidence) <= COUNTS | SHARES | PLAIN | MODEL | LEFT_OUT  # somebody judged each
    assert {post_id for (post_id,) in led} == set(ids)


@pytest.mark.slow
def test_posts_of_a_retired_topic_keep_it_over_a_refit(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 300)
        forum.run(warehouse)
        (money,) = rows_of(warehouse, "SELECT topic_id FROM topics WHERE 'budget' IN terms")[0]
        posts = "SELECT post_id FROM topic_posts WHERE topic_id = ? ORDER BY post_id"
        before = rows_of(warehouse, posts, money)
        left = {name: words for name, words in TALK.items() if name != "money"}
        for _ in range(15):
            forum.next_night()
            cover(warehouse, forum)
            forum.write(warehouse, 40, about=left)
            forum.run(warehouse)
        retired = rows_of(
            warehouse, "SELECT topic_id, detail FROM topic_events WHERE event = 'retired'"
        )
        forum.settings = {"topics": 3, "refit_days": 1}
        forum.next_night()
        forum.run(warehouse)
        assert retired == [(money, "few posts of the last nights were about it")]
        assert rows_of(warehouse, posts, money) == before
        assert rows_of(
            warehouse, "SELECT retired_on IS NOT NULL FROM topics WHERE topic_id = ?", money
        ) == [(True,)]
        assert rows_of(
            warehouse,
            "SELECT count(*) FROM topic_trends WHERE topic_id = ? AND share > 0"
            " AND run_id = (SELECT max(run_id) FROM topic_trends)",
            money,
        ) != [(0,)]


@pytest.mark.slow
def test_an_outage_retires_no_topic(forum: Forum) -> None:
    left = {name: words for name, words in TALK.items() if name != "money"}
    with forum.opened() as warehouse:
        forum.write(warehouse, 300)
        cover(warehouse, forum)
        forum.run(warehouse)
        for _ in range(20):
            forum.next_night()
            cover(warehouse, forum, without="carers")
            forum.write(warehouse, 40, about=left)
            forum.run(warehouse)
        assert rows_of(warehouse, "SELECT topic_id FROM topics WHERE retired_on IS NOT NULL") == []


@pytest.mark.slow
def test_the_keeper_is_told_whether_a_night_was_covered(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = []
    original = keeper.TopicKeeper.night

    def night(self, *arguments, covered, **options):
        told.append(covered)
        return original(self, *arguments, covered=covered, **options)

    monkeypatch.setattr(keeper.TopicKeeper, "night", night)
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        for without in ("", "carers"):
            forum.next_night()
            cover(warehouse, forum, without=without)
            forum.write(warehouse, 9)
            forum.run(warehouse)
            forum.write(warehouse, 9)
            forum.run(warehouse)  # a second time in one night
    assert told == [True, False, False, False]


def test_a_merged_topic_hands_on_its_posts(forum: Forum) -> None:
    day = forum.clock.now().date()
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        weights = dict(
            rows_of(
                warehouse,
                "SELECT post_id, sum(weight) FROM post_topics"
                " WHERE topic_id IN (0, 1) GROUP BY ALL",
            )
        )
        event = TopicEvent(day=day, topic_id=1, event="merged", other_id=0, evidence={})
        with warehouse.transaction():
            storing.store_events(warehouse, "nmf_20260302", [event])
        merged = rows_of(warehouse, "SELECT post_id, weight FROM post_topics WHERE topic_id = 0")
        assert rows_of(warehouse, "SELECT 1 FROM post_topics WHERE topic_id = 1") == []
        assert dict(merged) == pytest.approx(weights)
        assert len(merged) == len(weights)
        assert rows_of(warehouse, "SELECT count(*) FROM topic_posts WHERE topic_id = 0") == [(160,)]
        assert rows_of(warehouse, "SELECT retired_on FROM topics WHERE topic_id = 1") == [(day,)]


@pytest.mark.slow
def test_after_a_repair_of_the_index_nothing_is_learned_twice(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        before = rows_of(warehouse, "SELECT * EXCLUDE first_g FROM topic_posts ORDER BY post_id")
        forget_index(warehouse.connection)
        forum.next_night()
        forum.run(warehouse)
        after = rows_of(warehouse, "SELECT * EXCLUDE first_g FROM topic_posts ORDER BY post_id")
        assert after == before
        assert rows_of(warehouse, "SELECT kind FROM topic_versions") == [("fit",)]


def test_a_new_line_has_ids_of_its_own_and_retires_the_earlier_one(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        forum.run(warehouse, new=NewLine(n_topics=2))
        found = rows_of(
            warehouse,
            "SELECT model, topic_id, retired_on IS NULL, n_posts FROM topics ORDER BY topic_id",
        )
        assert [row[:3] for row in found] == [
            *(("nmf_20260302", n, False) for n in range(3)),
            *(("nmf_20260302_2", n, True) for n in (3, 4)),
        ]
        assert [row[3] for row in found[:3]] == [80, 80, 80]
        assert rows_of(warehouse, "SELECT DISTINCT model FROM post_topics") == [("nmf_20260302_2",)]
        moves = "SELECT sum(n_posts) FROM topic_moves WHERE from_model = 'nmf_20260302'"
        assert rows_of(warehouse, moves) == [(240,)]
        assert len(list(warehouse.home.models.glob("*.json"))) == 2  # the model and its keeper


def test_topics_of_before_there_were_versions_stay_and_a_line_begins(forum: Forum) -> None:
    with forum.opened() as warehouse:
        change(
            warehouse,
            "INSERT INTO topics (model, topic_id, label, terms, born_on, n_posts)"
            " VALUES ('nmf_20250101_ab12cd', 4, 'old', ['list'], '2025-01-01', 70)",
        )
        forum.write(warehouse, 240)
        forum.run(warehouse)
        (old, *new) = rows_of(
            warehouse, "SELECT model, topic_id, label, retired_on FROM topics ORDER BY topic_id"
        )
    assert old == ("nmf_20250101_ab12cd", 4, "old", date(2026, 3, 2))
    assert [row[1] for row in new] == [5, 6, 7]


@pytest.mark.slow
def test_a_rebuilt_warehouse_keeps_versions_and_names_and_assigns_posts_anew(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
        name_topic(warehouse, 1, "Waiting lists", note=None, day=date(2026, 3, 2))
        publish_controlled(warehouse.connection, forum.home)
    copied = set(read_private_copy(forum.home).tables)
    assert {"topics", "topic_events", "topic_versions", "topic_terms", "topic_names"} <= copied
    assert not {"topic_posts", "post_topics"} & copied
