"""What the commands of topics print, and how they refuse."""

import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from analysis.topics.nights.events import TopicEvent
from flows.commands import app
from flows.topics import beginning, storing
from tests.flows.topics.nights import TALK, Forum, begin_forum, rows_of
from warehouse.corpus.index import index_posts
from warehouse.release.controlled import publish_controlled


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forum]:
    """A forum of five nights with a refit, released; what is tested changes nothing in it."""
    place = tmp_path_factory.mktemp("topics")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(place / "config"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        forum = begin_forum(place)
        forum.settings = {"topics": 3, "refit_days": 2}
        with forum.opened() as warehouse:
            forum.write(warehouse, 240)
            forum.run(warehouse)
            for _ in range(3):
                forum.next_night()
                forum.write(warehouse, 30)
                forum.run(warehouse)
            evidence = {"nights": 3.0, "cosine": 0.91}
            event = TopicEvent(
                day=date(2026, 3, 5), topic_id=9, event="merged", other_id=1, evidence=evidence
            )
            with warehouse.transaction():
                storing.store_events(warehouse, "nmf_20260302", [event])
            publish_controlled(warehouse.connection, forum.home)
        environment.setenv("VALUETALK_HOME", str(forum.home.root))
        yield forum


def run(*arguments: str, code: int = 0) -> Result:
    done = CliRunner().invoke(app, ["topics", *arguments])
    assert done.exit_code == code, done.output
    return done


def asked(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


@pytest.mark.usefixtures("study")
def test_the_list_says_what_topics_there_are_and_how_good() -> None:
    rows = asked("list")
    assert [row["topic_id"] for row in rows] == [0, 1, 2]
    assert {frozenset(row["terms"][:7]) for row in rows} == {*map(frozenset, TALK.values())}
    assert sum(row["n_posts"] for row in rows) == 330
    assert sum(row["share"] for row in rows) == pytest.approx(1, abs=0.001)
    for row in rows:
        assert 0 < row["exclusivity"] <= 1
        assert -1 <= row["coherence"] <= 1
        assert (row["born_on"], row["retired_on"]) == ("2026-03-02", None)
    assert rows[0]["label"] in run("list").stdout


def test_a_topic_is_shown_with_its_trend_and_with_posts_by_number(study: Forum) -> None:
    shown = asked("show", "1")
    with study.opened() as warehouse:
        led = {
            i for (i,) in rows_of(warehouse, "SELECT post_id FROM topic_posts WHERE topic_id = 1")
        }
        by_month = rows_of(
            warehouse,
            "SELECT date_trunc('month', created_at)::DATE, count(*) FILTER (topic_id = 1), count(*)"
            " FROM topic_posts JOIN posts USING (post_id) GROUP BY 1 ORDER BY 1",
        )
    assert (shown["topic_id"], shown["label"], shown["n_posts"]) == (1, shown["label"], len(led))
    told = [(row["period"], row["n_posts"], row["share"]) for row in shown["trend"]]
    assert told == [(month.isoformat(), n, pytest.approx(own / n)) for month, own, n in by_month]
    for row in shown["trend"]:
        assert row["lower"] < row["share"] < row["upper"]
    assert {post["post_id"] for post in shown["posts"]} <= led
    assert not {"author_key", "text"} & set(shown["posts"][0])
    events = [(event["event"], event["topic_id"]) for event in shown["events"]]
    assert events == [("born", 1), ("merged", 9)]
    page = run("show", "1").stdout
    assert "valuetalk thread --post" in page
    assert "referral" in page or "biscuits" in page or "funding" in page


def test_texts_are_shown_only_if_asked_for(study: Forum) -> None:
    posts = asked("show", "0", "--posts", "3", "--seed", "5")
    with study.opened() as warehouse:
        texts = dict(rows_of(warehouse, "SELECT post_id, text FROM posts"))
    assert len(posts) == 3
    assert [post["text"] for post in posts] == [texts[post["post_id"]] for post in posts]
    assert asked("show", "0", "--posts", "3", "--seed", "5") == posts
    refused = run("show", "0", "--to", "Dr A", code=2)
    assert "say with --posts how many" in refused.output


def test_a_file_of_posts_is_recorded(study: Forum) -> None:
    run("show", "0", "--posts", "2", "--to", "Dr A")
    (file,) = study.home.exports.iterdir()
    assert file.read_text(encoding="utf-8").startswith("topic_id,reason,post_id")
    with study.opened() as warehouse:
        (record,) = warehouse.query("SELECT who, what, n_rows FROM exports").to_pylist()
    assert record == {"who": "Dr A", "what": "topics show 0 --posts 2 --seed 0", "n_rows": 2}


@pytest.mark.usefixtures("study")
def test_events_are_told_in_sentences_with_their_numbers() -> None:
    rows = asked("events")
    assert [row["event"] for row in rows] == ["born"] * 3 + ["refitted", "merged"]
    (merged,) = asked("events", "--since", "2026-03-05")
    assert merged["evidence"] == {"nights": 3.0, "cosine": 0.91}
    assert merged["detail"] == (
        "Topic 9 was merged into topic 1: for 3 nights their terms or posts were alike by 0.91."
    )
    assert asked("events", "--since", "2027-01-01") == []
    assert "is no day" in run("events", "--since", "soon", code=2).output


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("a", "b", "n_posts"),
    [
        ("1", "4", 270),
        ("nmf_20260302@1", "nmf_20260302", 270),
        ("2026-03-02", "2026-03-04", 270),
        ("2", "3", None),
        ("4", "5", None),
    ],
)
def test_versions_are_compared_topic_by_topic(a: str, b: str, n_posts: int | None) -> None:
    rows = asked("compare", a, b)
    assert [row["topic_a"] for row in rows] == [row["topic_b"] for row in rows] == [0, 1, 2]
    assert [row["nearest"] for row in rows] == [0, 1, 2]
    assert all(row["cosine"] > 0.9 and 0 < row["jaccard"] <= 1 for row in rows)
    if n_posts is None:
        assert {row["n_posts"] for row in rows} == {None}
    else:
        assert sum(row["n_posts"] for row in rows) == n_posts
        assert all(0 <= row["n_moved"] <= 9 for row in rows)


@pytest.mark.usefixtures("study")
@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("show", "77"), "there is no topic 77; 'valuetalk topics list' lists them"),
        (("compare", "1", "99"), "'99' names no version of topics"),
        (("compare", "2020-01-01", "1"), "'2020-01-01' names no version of topics"),
        (("compare", "nmf_1999", "1"), "'nmf_1999' names no version of topics"),
        (("name", "77", "waiting"), "there is no topic 77"),
        (("name", "1"), "give a name, or --remove"),
        (("name", "1", " "), "a name of 0 characters is none"),
        (("fit", "--k", "one"), "--k one is no number of topics"),
        (("fit", "--seed", "housing"), "'housing' is no seed"),
        (("fit", "--seed", "a: b", "--seed", "a: c"), "the seed 'a' comes twice"),
        (("fit", "--seeds", "nowhere.toml"), "there is no file nowhere.toml"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_sentence(arguments: tuple[str, ...], said: str) -> None:
    assert said in run(*arguments, code=2).output


@pytest.mark.slow
def test_a_name_sticks_to_a_topic_over_updates_and_refits(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUETALK_HOME", str(forum.home.root))
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        forum.run(warehouse)
    run("name", "1", "  Waiting   lists ", "--note", "from referral on")
    assert [row["label"] for row in asked("list")][1] == "Waiting lists"
    forum.settings = {"topics": 3, "refit_days": 1}
    forum.next_night()
    with forum.opened() as warehouse:
        forum.write(warehouse, 30)
        assert "fitted again" in forum.run(warehouse)
        assert rows_of(warehouse, "SELECT label FROM topics WHERE topic_id = 1") == [
            ("Waiting lists",)
        ]
    run("name", "1", "Lists", "--later")
    shown = asked("show", "1")
    assert (shown["label"], shown["note"]) == ("Waiting lists", "from referral on")
    run("name", "1", "--remove")
    shown = asked("show", "1")
    assert shown["note"] is None
    assert shown["label"] == ", ".join(shown["distinctive_terms"][:3])


@pytest.mark.slow
def test_topics_can_be_asked_for(
    forum: Forum, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUETALK_HOME", str(forum.home.root))
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        index_posts(warehouse.connection)
    file = tmp_path / "seeds.toml"
    file.write_text('[seeds]\ncuts = ["Funding", "cuts"]\n', encoding="utf-8")
    done = run("fit", "--k", "4", "--seed", "tea: kettle, biscuits", "--seeds", str(file))
    assert "by the new model nmf_" in done.output
    tops = [set(row["terms"][:4]) for row in asked("list")]
    assert any({"funding", "cuts"} <= top for top in tops)
    assert any({"kettle", "biscuits"} <= top for top in tops)


@pytest.mark.slow
def test_the_number_of_topics_can_be_chosen_and_the_curve_is_shown(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALUETALK_HOME", str(forum.home.root))
    monkeypatch.setattr(beginning, "_NUMBERS", (2, 3, 5))
    with forum.opened() as warehouse:
        forum.write(warehouse, 240)
        index_posts(warehouse.connection)
    fitted = asked("fit", "--k", "auto")
    (chosen,), (warning,) = fitted["chosen"], fitted["warnings"]
    assert warning.startswith("240 posts are few")
    assert chosen["k"] == 3
    assert [row["k"] for row in chosen["curve"]] == [2, 3, 5]
    assert len(asked("list")) == 3
