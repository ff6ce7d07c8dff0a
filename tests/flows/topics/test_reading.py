"""Posts to read of a topic, and what no topic explains, as the controlled release tells them."""

import random
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from flows.corpus import Corpus
from flows.topics.reading import (
    badly_explained,
    posts_to_read,
    with_texts,
    words_badly_explained,
)
from tests.warehouse.invented import Study, author
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

MENTIONED = f"author_{author(77)}"
WAITING = "we wait for the clinic and its waiting list is long while nobody answers our letters"
GARDEN = "in the garden the mornings are calm and walking helps me more than the tablets do"
COMMUNITIES = ("carers", "peers", "allies")
LED = 240


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """240 posts of topic 7, in three communities by twelve people, and 60 that none explains."""
    home = Home(tmp_path_factory.mktemp("topics"))
    home.create()
    study, draw = Study(), random.Random(5)
    (first,) = study.add_posts(1)
    (like,) = study.connection.execute("FROM posts").to_arrow_table().to_pylist()
    study.sql("DELETE FROM posts")
    posts, applied, weights = [], [], []
    for number in range(300):
        led = number < LED
        words = [*(WAITING if led else GARDEN).split() * 3, f"word{number}", MENTIONED]
        draw.shuffle(words)
        post_id, text = first + number, " ".join(words)
        about = {"community": COMMUNITIES[number % 3], "author_key": author(number % 12)}
        written = datetime(2026, 1 + number % 10, 1 + number % 27, 9, tzinfo=UTC)
        texts = {"text": text, "own_text": text, "created_at": written}
        posts.append({**like, **about, **texts, "post_id": post_id})
        row = {"model": "m1", "post_id": post_id}
        explained = 0.1 + 0.6 * draw.random() if led else 0.002
        applied.append(_applied(row, explained, topic_id=7 if led else None))
        if led:
            weight = 0.6 + 0.4 * draw.random()
            weights += [
                {**row, "topic_id": 7, "weight": weight},
                {**row, "topic_id": 3, "weight": 1 - weight},
            ]
    study.append("posts", posts)
    study.append("topic_posts", applied)
    study.append("post_topics", weights)
    study.index()
    publish_controlled(study.connection, home)
    return home


def _applied(
    row: dict[str, object], explained: float, *, topic_id: int | None
) -> dict[str, object]:
    return {**row, "topic_id": topic_id, "explained": explained, "first_g": 0, "is_counted": True}


@pytest.fixture
def corpus(home: Home) -> Iterator[Corpus]:
    with Corpus.open(home.root) as corpus:
        yield corpus


@pytest.fixture
def connection(corpus: Corpus) -> duckdb.DuckDBPyConnection:
    return corpus.connection


@pytest.mark.parametrize("seed", range(5))
def test_posts_to_read_are_the_topics_own_by_different_people(
    connection: duckdb.DuckDBPyConnection, seed: int
) -> None:
    found = posts_to_read(connection, 7, n=8, seed=seed)
    chosen = found["post_id"].to_pylist()
    assert len(set(chosen)) == 8
    people = connection.execute(
        "SELECT count(DISTINCT author_key), count(DISTINCT topic_id), any_value(topic_id)"
        " FROM posts JOIN topic_posts USING (post_id) WHERE post_id IN ?",
        [chosen],
    ).fetchone()
    assert people == (8, 1, 7)
    assert set(found["community"].to_pylist()) == set(COMMUNITIES)
    assert found["reason"].to_pylist().count("typical") == 4


def test_no_answer_says_who_wrote(connection: duckdb.DuckDBPyConnection) -> None:
    found = with_texts(connection, posts_to_read(connection, 7))
    assert found.column_names == [
        *("topic_id", "reason", "post_id", "thread_id", "source", "community", "month"),
        *("weight", "explained", "title", "text"),
    ]
    assert "author_" not in str(found.to_pylist())
    assert all("@somebody" in text for text in found["text"].to_pylist())


def test_texts_are_those_of_their_posts(connection: duckdb.DuckDBPyConnection) -> None:
    found = with_texts(connection, posts_to_read(connection, 7))
    for post_id, text in zip(found["post_id"].to_pylist(), found["text"].to_pylist(), strict=True):
        assert f"word{post_id - 1}" in text.split()


def test_months_weights_and_reasons_are_the_posts_own(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    for row in posts_to_read(connection, 7, n=6, seed=2).to_pylist():
        number = row["post_id"] - 1
        assert row["month"] == date(2026, 1 + number % 10, 1)
        assert 0.6 <= row["weight"] <= 1
        if row["reason"] == "recent":
            assert row["month"] >= date(2026, 8, 1)
        if row["reason"] == "early":
            assert row["month"] <= date(2026, 3, 1)
        if row["reason"] == "edge":
            assert row["weight"] < 0.7


def test_a_topic_without_posts_has_none_to_read(connection: duckdb.DuckDBPyConnection) -> None:
    found = posts_to_read(connection, 99)
    assert found.num_rows == 0
    assert with_texts(connection, found).num_rows == 0


def test_badly_explained_posts_are_counted_where_there_are_enough(
    connection: duckdb.DuckDBPyConnection,
) -> None:
    by_year = badly_explained(connection, bin="year").to_pylist()
    # Twelve people take turns as three communities do, so that four write in each of them.
    assert {row["n_posts"] for row in by_year} == {None}
    assert [row["community"] for row in by_year] == sorted(COMMUNITIES)


def test_figures_of_many_people_are_told(tmp_path: Path) -> None:
    home, study = Home(tmp_path), Study()
    home.create()
    applied = [
        _applied({"model": "m1", "post_id": post_id}, 0.005 if post_id <= 12 else 0.5, topic_id=1)
        for post_id in study.add_posts(40, authors=20, community="peers")
    ]
    study.append("topic_posts", applied)
    study.index()
    publish_controlled(study.connection, home)
    with Corpus.open(home.root) as corpus:
        (row,) = badly_explained(corpus.connection).to_pylist()
    assert row == {
        "source": "forum",
        "community": "peers",
        "period": date(2026, 1, 1),
        "n_posts": 40,
        "n_badly": 12,
        "share": 0.3,
    }


def test_their_words_are_those_that_topics_leave_out(
    connection: duckdb.DuckDBPyConnection, corpus: Corpus
) -> None:
    found = words_badly_explained(connection, words=5)
    assert set(found["word"].to_pylist()) <= set(GARDEN.split())
    assert found["n_posts_target"].to_pylist() == [60] * 5
    assert corpus.sizes("explained < 0.01")["n_posts"].to_pylist() == [60]
    assert corpus.sizes("explained >= 0.01 AND topic_id = 7")["n_posts"].to_pylist() == [240]
