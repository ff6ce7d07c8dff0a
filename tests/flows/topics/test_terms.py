"""The terms of posts are words and phrases in reading order, and nobody who was mentioned."""

from collections import Counter

import numpy as np
import pytest

from flows.topics.posts import all_posts
from flows.topics.terms import phrases_in, read_terms
from tests.flows.topics.nights import Forum, put
from tests.warehouse.invented import author
from warehouse.corpus.index import index_posts
from warehouse.gateway import Warehouse

FILLER = "one two three four five six seven eight nine ten eleven twelve"


def written(forum: Forum, warehouse: Warehouse, texts: list[str]) -> None:
    put(warehouse, [forum.row(number + 1, text) for number, text in enumerate(texts)])
    index_posts(warehouse.connection)


def test_a_phrase_counts_as_one_term_and_its_words_elsewhere_as_words(
    forum: Forum, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.topics.posts.POSTS_AT_ONCE", 7)  # so that blocks are put together
    words = FILLER.split()
    texts = [f"the waiting list {words[n % 12]} {words[(n + 5) % 12]}" for n in range(40)]
    texts += ["a list of waiting", "waiting list waiting list waiting"]
    with forum.opened() as warehouse:
        written(forum, warehouse, texts)
        posts = all_posts(warehouse, "en")
        found = phrases_in(warehouse, posts)
        read = read_terms(warehouse, posts, found)
    assert ("waiting", "list") in found.words
    rows = [
        {read.words[column]: int(n) for column, n in zip(row.indices, row.data, strict=True)}
        for row in (read.counts[[place]] for place in range(len(posts)))
    ]
    assert posts.post_ids.tolist() == list(range(1, 43))
    for n in range(40):
        expected = ["the", "waiting list", words[n % 12], words[(n + 5) % 12]]
        assert rows[n] == Counter(expected)
    assert rows[40] == Counter(["a", "list", "of", "waiting"])
    assert rows[41] == {"waiting list": 2, "waiting": 1}


@pytest.mark.parametrize("somebody", [f"author_{author(9)}", "[name]", "[phone-number]"])
def test_who_is_mentioned_or_redacted_is_no_term_and_in_no_phrase(
    forum: Forum, somebody: str
) -> None:
    words = FILLER.split()
    texts = [f"thank {somebody} kindly {words[n % 12]} {words[(n + 5) % 12]}" for n in range(60)]
    with forum.opened() as warehouse:
        written(forum, warehouse, texts)
        posts = all_posts(warehouse, "en")
        found = phrases_in(warehouse, posts)
        read = read_terms(warehouse, posts, found)
    assert found.terms == []
    assert set(read.words) == {"thank", "kindly", *words}
    assert np.asarray(read.counts.sum(axis=1)).tolist() == [4] * 60
