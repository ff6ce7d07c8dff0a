"""Concordance lines against a search by hand."""

import random

import pytest

from tests.warehouse.invented import Study
from warehouse.corpus.concordance import kwic, kwic_macro

WORDS = ["help", "wait", "list", "care", "we", "ask", "for", "again"]


@pytest.fixture(scope="module")
def study() -> Study:
    study = Study()
    rng = random.Random(1)
    for number in range(120):
        study.add_posts(
            1,
            text=" ".join(rng.choices(WORDS, k=rng.randrange(1, 25))),
            source=("forum", "blog")[number % 2],
            community=("a", "b", "c")[number % 3],
        )
    study.add_posts(1, text="withheld help here", withheld=True)
    study.index()
    return study


def by_hand(study: Study, word: str, *, width: int, where: str = "true") -> set[tuple[int, str]]:
    found = set()
    for post_id, text in study.sql(f"SELECT post_id, own_text FROM posts WHERE {where}"):
        cut = text.split()
        for place, token in enumerate(cut):
            if token == word:
                left = " ".join(cut[max(0, place - width) : place])
                right = " ".join(cut[place + 1 : place + 1 + width])
                found.add((post_id, f"{left}|{token}|{right}"))
    return found


def lines_of(table: object) -> set[tuple[int, str]]:
    return {
        (row["post_id"], f"{row['left_context']}|{row['node']}|{row['right_context']}")
        for row in table.to_pylist()  # type: ignore[attr-defined]
    }


@pytest.mark.parametrize("width", [0, 1, 3, 8])
def test_every_place_is_found_with_its_context(study: Study, width: int) -> None:
    table = kwic(study.connection, "help", width=width, lines=10_000)
    assert lines_of(table) == by_hand(study, "help", width=width, where="NOT withheld")
    assert table.column_names == [
        *("post_id", "source", "community", "created_at", "left_context", "node", "right_context")
    ]


def test_lines_are_a_sample_that_the_seed_names(study: Study) -> None:
    first = kwic(study.connection, "help", lines=20)
    assert first.num_rows == 20
    assert first.equals(kwic(study.connection, "help", lines=20))
    other = kwic(study.connection, "help", lines=20, seed=1)
    assert other.num_rows == 20
    assert lines_of(first) != lines_of(other)
    assert lines_of(first) <= by_hand(study, "help", width=8)


def test_lines_come_from_the_source_and_community_that_are_asked_for(study: Study) -> None:
    table = kwic(study.connection, "help", lines=10_000, source="blog", community="b")
    where = "source = 'blog' AND community = 'b'"
    assert lines_of(table) == by_hand(study, "help", width=8, where=where)
    assert table.num_rows > 0


def test_a_word_is_found_in_any_case_and_with_a_typographic_apostrophe() -> None:
    study = Study()
    study.add_posts(1, text="They DON\u2019T answer")
    study.index()
    for typed in ("don't", "Don\u2019t"):
        (row,) = kwic(study.connection, typed).to_pylist()
        assert (row["left_context"], row["node"], row["right_context"]) == (
            "they",
            "don't",
            "answer",
        )


def test_an_unknown_word_and_sql_in_a_word_find_nothing(study: Study) -> None:
    assert kwic(study.connection, "nobodysaysthis").num_rows == 0
    assert kwic(study.connection, "help'; DROP TABLE posts; --").num_rows == 0


def test_the_macro_gives_the_same_lines() -> None:
    study = Study()
    study.add_posts(30, text="we wait for help and wait again")
    study.index()
    study.sql(kwic_macro("main"))
    by_macro = study.sql("SELECT * FROM kwic('Wait', width := 2, lines := 7)")
    table = kwic(study.connection, "wait", width=2, lines=7)
    assert by_macro == [tuple(row.values()) for row in table.to_pylist()]
    assert len(study.sql("SELECT * FROM kwic('wait')")) == 60
