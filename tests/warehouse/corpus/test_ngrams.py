"""Sequences of words against cutting every post by hand."""

from collections import Counter, defaultdict

import numpy as np
import pytest

from tests.warehouse.corpus.talk import Said, Talk
from warehouse.corpus import ngrams
from warehouse.corpus.ngrams import ngram_counts
from warehouse.corpus.population import Population

Counts = dict[str, tuple[int, int, int, int]]


def by_hand(posts: list[Said], n: int, *, least: int) -> Counts:
    counts = Counter[str]()
    spread: defaultdict[str, list[Said]] = defaultdict(list)
    for post in posts:
        grams = [" ".join(post.words[at : at + n]) for at in range(len(post.words) - n + 1)]
        counts.update(grams)
        for gram in set(grams):
            spread[gram].append(post)
    return {
        gram: (
            count,
            len(spread[gram]),
            len({post.author_key for post in spread[gram]} - {None}),
            len({(post.source, post.community) for post in spread[gram]}),
        )
        for gram, count in counts.items()
        if count >= least
    }


def told(talk: Talk, n: int, population: Population | None = None, *, least: int) -> Counts:
    table = ngram_counts(talk.connection, n, population, least=least)
    rows = [tuple(row.values()) for row in table.to_pylist()]
    assert rows == sorted(rows, key=lambda row: (-row[1], row[0].encode()))
    return {gram: tuple(counts) for gram, *counts in rows}  # type: ignore[misc]


@pytest.mark.parametrize(("n", "least"), [(2, 1), (2, 30), (3, 2), (4, 1), (5, 2), (6, 1)])
def test_sequences_are_counted_within_posts(talk: Talk, n: int, least: int) -> None:
    expected = by_hand(talk.spoken(), n, least=least)
    assert len(expected) > 3
    assert told(talk, n, least=least) == expected


def test_parts_of_a_large_corpus_give_the_same(talk: Talk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ngrams, "_AT_ONCE", 1_500)
    assert told(talk, 3, least=2) == by_hand(talk.spoken(), 3, least=2)


def test_sequences_that_share_a_hash_are_told_apart(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    true_hashes, asked = ngrams._hashes, []

    def weak(*arguments: object, salt: int, **others: object) -> np.ndarray:
        asked.append(salt)
        hashes = true_hashes(*arguments, salt=salt, **others)  # type: ignore[arg-type]
        return hashes & np.uint64(0xFF) if salt == 1 else hashes

    monkeypatch.setattr(ngrams, "_hashes", weak)
    assert told(talk, 2, least=3) == by_hand(talk.spoken(), 2, least=3)
    assert set(asked) == {1, 2}


def test_only_the_population_is_cut(talk: Talk) -> None:
    population = Population(where="source = 'blog'", include_duplicates=True)
    kept = [p for p in talk.posts if p.source == "blog" and not p.automated and p.words]
    assert told(talk, 2, population, least=4) == by_hand(kept, 2, least=4)
    assert told(talk, 2, Population(where="false"), least=1) == {}


@pytest.mark.parametrize(("n", "least"), [(1, 2), (7, 2), (3, 0)])
def test_lengths_and_counts_out_of_range_are_refused(talk: Talk, n: int, least: int) -> None:
    with pytest.raises(ValueError, match="2 to 6"):
        ngram_counts(talk.connection, n, least=least)
