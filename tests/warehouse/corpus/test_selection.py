"""Which posts count: each post once, in the corpus or under one reason."""

from typing import Any

import pyarrow as pa
import pytest

from tests.warehouse.invented import Study
from warehouse.corpus.selection import corpus_tokens, counted_posts, vocabulary

CASES: list[tuple[dict[str, Any], str | None]] = [
    ({}, None),
    ({"withheld": True, "automated": True}, "withheld"),
    ({"automated": True, "language": None}, "automated"),
    ({"duplicate_of": 1}, "duplicate"),
    ({"text": " ... "}, "no_own_words"),
    ({"language": None}, "language_unknown"),
    ({"language": "cy"}, "other_language"),
    ({"text": "", "language": None}, "no_own_words"),
]


@pytest.fixture
def study() -> Study:
    study = Study()
    for number, (columns, _) in enumerate(CASES, start=1):
        study.add_posts(number, **columns)
    study.index()
    study.add_posts(9)
    return study


def test_every_post_counts_or_is_excluded_for_one_reason(study: Study) -> None:
    selection = counted_posts(study.connection)
    expected: dict[str, int] = {"not_indexed": 9}
    for number, (_, reason) in enumerate(CASES, start=1):
        if reason is not None:
            expected[reason] = expected.get(reason, 0) + number
    assert selection.excluded == expected
    assert selection.posts.column("post_id").to_pylist() == [1]
    (total,) = study.sql("SELECT count(*) FROM posts")[0]
    assert selection.posts.num_rows + sum(selection.excluded.values()) == total


def test_the_codebook_s_language_decides(study: Study) -> None:
    welsh = counted_posts(study.connection, language="cy")
    assert welsh.posts.num_rows == 7
    assert welsh.excluded["other_language"] == 1


def test_counted_posts_come_with_what_shares_are_made_by(study: Study) -> None:
    posts = counted_posts(study.connection).posts
    assert posts.schema.names == [
        *("post_id", "source", "community", "author_key", "created_at", "thread_id")
    ]
    assert posts.schema.field("post_id").type == pa.int64()
    assert pa.types.is_timestamp(posts.schema.field("created_at").type)


def test_tokens_of_counted_posts_come_in_reading_order() -> None:
    study = Study()
    study.add_posts(1, text="b a b")
    study.add_posts(1, text="nobody counts", automated=True)
    study.add_posts(1, text="a c")
    study.index()
    study.sql("UPDATE posts SET own_text = 'c a', revision = 2, n_words = NULL WHERE post_id = 1")
    study.index()
    words = dict(study.sql("SELECT word_id, word FROM words"))
    tokens = corpus_tokens(study.connection).to_pylist()
    assert [(t["post_id"], words[t["word_id"]]) for t in tokens] == [
        (3, "a"),
        (3, "c"),
        (1, "c"),
        (1, "a"),
    ]
    held = vocabulary(study.connection).to_pylist()
    assert {row["word"]: row["n"] for row in held} == {"a": 2, "c": 2, "nobody": 1, "counts": 1}
    assert [row["word_id"] for row in held] == sorted(words)
