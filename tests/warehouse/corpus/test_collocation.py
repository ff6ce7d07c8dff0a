"""Collocates against counting by hand, whatever the way that the stream is read."""

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.warehouse.corpus.talk import COMMON, SELDOM, Said, Talk
from warehouse.corpus import stream
from warehouse.corpus.collocation import CollocateCounts, Side, collocate_counts
from warehouse.corpus.hits import word_places
from warehouse.corpus.population import Population

Counts = dict[str, tuple[int, int, int]]


@pytest.fixture(params=["by post", "whole column"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the stream in one way, and the column in small pieces."""
    monkeypatch.setattr(stream, "_TOKENS_A_POST", 0 if request.param == "by post" else 10**9)
    monkeypatch.setattr(stream, "_BATCH", 2_048)


def by_hand(
    posts: list[Said], node: str, *, span: int, side: Side = "both", length: int = 1
) -> tuple[Counts, int, int]:
    """Return n_near, n_posts and n of every word, the hits and the places near them."""
    near, spread, everywhere = Counter[str](), defaultdict[str, set[int]](set), Counter[str]()
    n_hits = window = 0
    for post in posts:
        everywhere.update(post.words)
        hits = [at for at, word in enumerate(post.words) if word == node]
        hits = [at for at in hits if at + length <= len(post.words)]
        n_hits += len(hits)
        taken = {at + k for at in hits for k in range(length)}
        before = {at - k for at in hits for k in range(1, span + 1)} if side != "right" else set()
        after = {at + length - 1 + k for at in hits for k in range(1, span + 1)}
        wanted = (before | (after if side != "left" else set())) - taken
        for at in wanted & set(range(len(post.words))):
            near[post.words[at]] += 1
            spread[post.words[at]].add(post.post_id)
            window += 1
    counts = {word: (n, len(spread[word]), everywhere[word]) for word, n in near.items()}
    return counts, n_hits, window


def told(found: CollocateCounts) -> Counts:
    columns = (found.n_near, found.n_posts, found.n)
    return {
        word: (int(near), int(posts), int(n))
        for word, near, posts, n in zip(found.words, *columns, strict=True)
    }


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize("side", ["left", "right", "both"])
@pytest.mark.parametrize(("node", "span"), [("help", 2), ("tribunal", 5), ("ombudsman", 60)])
def test_counts_are_those_by_hand(talk: Talk, node: str, span: int, side: Side) -> None:
    places = word_places(talk.connection, node)
    found = collocate_counts(talk.connection, places, span=span, side=side)
    counts, n_hits, window = by_hand(talk.spoken(), node, span=span, side=side)
    assert told(found) == counts
    assert (found.n_node, found.window) == (n_hits, window)
    assert found.n_tokens == sum(len(post.words) for post in talk.spoken())
    assert found.n_near.tolist() == sorted(found.n_near.tolist(), reverse=True)


@pytest.mark.usefixtures("way")
@pytest.mark.parametrize(
    ("population", "keep"),
    [
        (Population(where="source = 'forum'"), lambda post: post.source == "forum"),
        (Population(where="source <> 'forum'"), lambda post: post.source != "forum"),
        (Population(where="false"), lambda _: False),
    ],
)
def test_only_the_population_counts(
    talk: Talk, population: Population, keep: Callable[[Said], bool]
) -> None:
    places = word_places(talk.connection, "budget")
    found = collocate_counts(talk.connection, places, population=population)
    counts, n_hits, window = by_hand(talk.spoken(keep), "budget", span=5)
    assert told(found) == counts
    assert (found.n_node, found.window) == (n_hits, window)


def test_hits_of_several_words_and_in_no_order_are_no_collocates_of_themselves(talk: Talk) -> None:
    first = talk.connection.execute("SELECT post_id, first_g FROM token_posts").fetchall()
    starts = dict(first)
    places = [
        starts[post.post_id] + at
        for post in talk.spoken()
        for at, word in enumerate(post.words)
        if word == "garden" and at + 3 <= len(post.words)
    ]
    shuffled = np.random.default_rng(2).permutation(np.array(places))
    found = collocate_counts(talk.connection, shuffled, lengths=np.full(len(places), 3), span=4)
    counts, n_hits, window = by_hand(talk.spoken(), "garden", span=4, length=3)
    assert told(found) == counts
    assert (found.n_node, found.window) == (n_hits, window)


@given(
    node=st.sampled_from([*COMMON, *SELDOM]),
    span=st.integers(1, 30),
    side=st.sampled_from(["left", "right", "both"]),
)
@settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_any_node_and_span(talk: Talk, node: str, span: int, side: Any) -> None:
    found = collocate_counts(
        talk.connection, word_places(talk.connection, node), span=span, side=side
    )
    assert told(found) == by_hand(talk.spoken(), node, span=span, side=side)[0]


def test_no_hits_have_no_collocates(talk: Talk) -> None:
    found = collocate_counts(talk.connection, np.empty(0, dtype=np.int64))
    assert (found.n_node, found.window, found.words) == (0, 0, [])
    assert found.n_tokens > 0


def test_the_macro_counts_the_same(talk: Talk) -> None:
    found = collocate_counts(talk.connection, word_places(talk.connection, "recovery"), span=4)
    rows = talk.connection.execute(
        "SELECT collocate, n_near, n_posts, n FROM collocates('recovery', span := 4)"
    ).fetchall()
    macro = {word: tuple(counts) for word, *counts in rows}
    mine = {word: counts for word, counts in told(found).items() if word != "recovery"}
    assert macro == mine
