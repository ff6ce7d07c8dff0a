"""Families of near-duplicates in counts, against the same families counted by hand."""

import random
from datetime import timedelta

import duckdb
import pytest

from tests.warehouse.corpus.copied_posts import FIRST, Copied, Invented, replaced, some_words
from tests.warehouse.invented import author
from warehouse.corpus.copies import CopyCounts, copy_counts, largest_families
from warehouse.corpus.duplicates import find_duplicates
from warehouse.home import Home
from warehouse.release.controlled import publish_controlled

APPEAL, TEMPLATE, DIARY, UNSIGNED = (some_words(random.Random(seed), 50) for seed in range(4))


def written(post_id, hour, words, by, **columns) -> Invented:
    key = author(by) if by else "unknown"
    at = FIRST + timedelta(hours=hour)
    return Invented(post_id, words, at, author_key=key, **columns)


POSTS = [
    written(1, 0, APPEAL, 1),
    written(2, 1, APPEAL, 2, community="carers"),
    written(3, 2, replaced(APPEAL, random.Random(9), share=0.05), 3, source="lists"),
    written(4, 3, APPEAL, 3, source="lists"),
    written(5, 10, TEMPLATE, 1),
    written(6, 10.5, TEMPLATE, 4),
    written(7, 20, DIARY, 5),
    written(8, 44, DIARY, 5),
    written(9, 50, UNSIGNED, None),
    written(10, 60, UNSIGNED, None),
    written(11, 70, some_words(random.Random(5), 50), 6),
    written(12, 5, APPEAL, 7, withheld=True),
]


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    copied = Copied()
    copied.add(*POSTS)
    copied.study.sql("UPDATE posts SET author_key = NULL WHERE author_key = 'unknown'")
    copied.study.index()
    find_duplicates(copied.study.connection)
    home = Home(tmp_path_factory.mktemp("copies"))
    publish_controlled(copied.study.connection, home)
    with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as connection:
        yield connection


def test_a_family_is_told_in_counts_and_never_of_one_author(release):
    found = largest_families(release).to_pylist()
    assert [tuple(row.values())[:5] for row in found] == [
        (1, 4, 3, 3, 2),  # original, posts, authors, communities of their sources, sources
        (5, 2, 2, 1, 1),
        (9, 2, 0, 1, 1),
    ]
    first = found[0]
    assert (first["first_at"], first["last_at"]) == (FIRST, FIRST + timedelta(hours=3))
    assert (first["span_hours"], first["n_words"]) == (3, 50)
    assert first["share_verbatim"] == pytest.approx(2 / 3)
    assert found[1]["span_hours"] == 0.5


@pytest.mark.parametrize(
    ("asked", "originals"),
    [
        ({"by": "hours"}, [5, 1, 9]),
        ({"by": "verbatim"}, [5, 9, 1]),
        ({"by": "authors", "most": 2}, [1, 5]),
        ({"least": 3}, [1]),
    ],
)
def test_families_are_put_in_the_order_that_is_asked_for(release, asked, originals):
    assert largest_families(release, **asked)["original"].to_pylist() == originals


def test_the_families_that_are_not_shown_are_counted(release):
    assert copy_counts(release) == CopyCounts(copies=6, families=4, shown=3)
