"""Counts of words in populations and post by post, against counting by hand."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest

from tests.warehouse.corpus.talk import Said, Talk
from warehouse.corpus import frequencies as module
from warehouse.corpus import stream
from warehouse.corpus.by_post import Bin, counts_by_post
from warehouse.corpus.frequencies import WordCounts, frequencies, word_counts
from warehouse.corpus.hits import word_ids
from warehouse.corpus.population import SPOKEN, Population
from warehouse.corpus.stream import texts_of

EVERYTHING = Population(include_automated=True, include_duplicates=True)
POPULATIONS: list[tuple[Population, Callable[[Said], bool]]] = [
    (SPOKEN, lambda post: post.is_counted),
    (EVERYTHING, lambda _: True),
    (Population(where="source = 'list'"), lambda p: p.is_counted and p.source == "list"),
    (Population(where="source <> 'list'"), lambda p: p.is_counted and p.source != "list"),
    (Population(where="false"), lambda _: False),
]


@pytest.fixture
def in_small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the stream in many pieces, and count after every few."""
    monkeypatch.setattr(stream, "_BATCH", 2_048)
    monkeypatch.setattr(module, "_COUNTED_AT_ONCE", 3_000)


def by_hand(posts: list[Said]) -> tuple[Counter[str], Counter[str]]:
    """Return how often each word stands, and in how many posts."""
    n, n_posts = Counter[str](), Counter[str]()
    for post in posts:
        n.update(post.words)
        n_posts.update(set(post.words))
    return n, n_posts


def column(found: WordCounts, counts: np.ndarray | None, number: int) -> dict[str, int]:
    assert counts is not None
    pairs = zip(found.words.to_pylist(), counts[:, number].tolist(), strict=True)
    return {word: n for word, n in pairs if n}


@pytest.mark.usefixtures("in_small_pieces")
def test_every_word_is_counted_in_every_population(talk: Talk) -> None:
    found = word_counts(talk.connection, *(each for each, _ in POPULATIONS), with_posts=True)
    for number, (_, keep) in enumerate(POPULATIONS):
        n, n_posts = by_hand([post for post in talk.posts if keep(post)])
        assert column(found, found.n, number) == n
        assert column(found, found.n_posts, number) == n_posts
        assert found.sizes[number] == n.total()
    assert found.word_ids.tolist() == sorted(found.word_ids.tolist())
    assert texts_of(talk.connection, found.word_ids) == found.words.to_pylist()
    assert word_counts(talk.connection, SPOKEN).n_posts is None


@pytest.mark.parametrize("number", range(len(POPULATIONS)))
def test_counts_are_found_by_the_number_of_the_word(talk: Talk, number: int) -> None:
    population, keep = POPULATIONS[number]
    counts = frequencies(talk.connection, population)
    n, _ = by_hand([post for post in talk.posts if keep(post)])
    for word in ("help", "ombudsman", "don't"):
        assert counts[word_ids(talk.connection, word)].tolist() == [n[word]]
    assert counts.sum() == n.total()


def groups(values: list[object]) -> list[list[int]]:
    """Return which rows are alike, whatever their values are called."""
    rows: dict[object, list[int]] = {}
    for row, value in enumerate(values):
        rows.setdefault(value, []).append(row)
    return sorted(rows.values())


@pytest.mark.parametrize("number", [0, 1, 2])
def test_posts_are_counted_one_by_one_with_what_they_belong_to(talk: Talk, number: int) -> None:
    population, keep = POPULATIONS[number]
    words = ["tribunal", "help", "ombudsman"]
    ids = np.concatenate([word_ids(talk.connection, word) for word in words])
    found = counts_by_post(talk.connection, ids, population)
    posts = [post for post in talk.posts if keep(post) and post.words]
    assert found.post_ids.tolist() == [post.post_id for post in posts]
    assert found.counts.toarray().tolist() == [
        [post.words.count(word) for word in words] for post in posts
    ]
    assert found.n_tokens.tolist() == [len(post.words) for post in posts]
    assert groups(found.thread.tolist()) == groups([post.thread_id for post in posts])
    assert groups(found.author.tolist()) == groups([post.author_key for post in posts])
    assert [code == -1 for code in found.author.tolist()] == [
        post.author_key is None for post in posts
    ]
    assert [found.communities[code] for code in found.community] == [
        (post.source, post.community) for post in posts
    ]


@pytest.mark.parametrize(
    ("bin_", "first"),
    [
        ("month", lambda day: day.replace(day=1)),
        ("year", lambda day: day.replace(month=1, day=1)),
        ("week", lambda day: day.fromordinal(day.toordinal() - day.weekday())),
        ("day", lambda day: day),
    ],
)
def test_posts_have_the_period_that_they_were_written_in(
    talk: Talk, bin_: Bin, first: Callable[..., object]
) -> None:
    found = counts_by_post(talk.connection, np.empty(0, dtype=np.int64), bin=bin_)
    assert found.counts.shape == (len(talk.spoken()), 0)
    assert found.period.tolist() == [first(post.created_at.date()) for post in talk.spoken()]
