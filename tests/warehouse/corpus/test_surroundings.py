"""Words near hits, post by post, and what a population comes to, against counting by hand."""

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from tests.warehouse.corpus.talk import Said, Talk
from warehouse.corpus.hits import word_places
from warehouse.corpus.population import Population, post_places
from warehouse.corpus.sizes import left_out, population_sizes
from warehouse.corpus.surroundings import Side, surroundings
from warehouse.corpus.texts import sample_posts, thread_of
from warehouse.corpus.vocabulary import mention_ids, near_spellings

CARERS = Population(where="community = 'carers'")


def hits_of(talk: Talk, word: str, population: Population) -> pa.Table:
    places = word_places(talk.connection, word)
    posts = post_places(talk.connection, population)
    rows = posts.rows_of(places)
    places, rows = places[rows >= 0], rows[rows >= 0]
    ones = np.ones(len(places), dtype=np.int64)
    return pa.table({"post_id": posts.post_ids[rows], "first_g": places, "n_tokens": ones})


def window(post: Said, word: str, reach: range) -> list[str]:
    """Return the words at these distances from a word in a post, each place once."""
    hits = {at for at, each in enumerate(post.words) if each == word}
    near = {at + far for at in hits for far in reach} - hits
    return [post.words[at] for at in sorted(near) if 0 <= at < len(post.words)]


@pytest.mark.parametrize("word", ["recovery", "the"])
@pytest.mark.parametrize(
    ("side", "reach"), [("both", range(-4, 5)), ("left", range(-4, 0)), ("right", range(1, 5))]
)
def test_each_post_has_the_words_of_its_own_windows(
    talk: Talk, word: str, side: Side, reach: range
) -> None:
    found = surroundings(
        talk.connection,
        hits_of(talk, word, CARERS),
        span=4,
        side=side,
        population=CARERS,
    )
    posts = {p.post_id: p for p in talk.spoken(lambda p: p.community == "carers")}
    having = {number for number, post in posts.items() if word in post.words}
    assert set(found.post_ids.tolist()) == having
    assert len(having) > 5
    table = found.counts.toarray()
    for row, post_id in enumerate(found.post_ids.tolist()):
        words = window(posts[post_id], word, reach)
        told = {w: int(n) for w, n in zip(found.words, table[row], strict=True) if n}
        assert told == dict(Counter(words))
        assert found.n_window[row] == len(words)
        assert found.n_hits[row] == posts[post_id].words.count(word)
    for codes, key in ((found.author, "author_key"), (found.thread, "thread_id")):
        named = [getattr(posts[post_id], key) for post_id in found.post_ids.tolist()]
        pairs = {(code, name) for code, name in zip(codes.tolist(), named, strict=True) if name}
        assert len(pairs) == len({code for code, _ in pairs}) == len({name for _, name in pairs})
        assert all(code == -1 for code, name in zip(codes, named, strict=True) if name is None)


def test_words_that_are_rare_near_hits_are_left_out_and_their_places_are_not(talk: Talk) -> None:
    hits = hits_of(talk, "recovery", CARERS)
    every = surroundings(talk.connection, hits, span=4, population=CARERS)
    some = surroundings(talk.connection, hits, span=4, least=5, population=CARERS)
    totals = dict(zip(every.words, every.counts.sum(axis=0), strict=True))
    assert set(some.words) == {word for word, n in totals.items() if n >= 5}
    assert 0 < len(some.words) < len(every.words)
    assert some.n_window.tolist() == every.n_window.tolist()


def test_sizes_are_those_of_the_posts(talk: Talk) -> None:
    posts = talk.spoken(lambda p: p.community == "carers")
    (size,) = population_sizes(talk.connection, CARERS).to_pylist()
    assert size == {
        "n_posts": len(posts),
        "n_words": sum(len(p.words) for p in posts),
        "n_authors": len({p.author_key for p in posts} - {None}),
        "n_posts_author_unknown": sum(p.author_key is None for p in posts),
        "n_threads": len({p.thread_id for p in posts}),
        "n_communities": len({(p.source, p.community) for p in posts}),
        "first_post_at": min(p.created_at for p in posts),
        "last_post_at": max(p.created_at for p in posts),
    }
    held = [p for p in talk.posts if p.community == "carers" and p.words and not p.is_counted]
    out = {row["reason"]: row["n_posts"] for row in left_out(talk.connection, CARERS).to_pylist()}
    assert out["automated"] == sum(p.automated for p in held)
    assert sum(out.values()) == len(held)
    (nothing,) = population_sizes(talk.connection, Population(where="false")).to_pylist()
    assert (nothing["n_posts"], nothing["n_words"], nothing["first_post_at"]) == (0, 0, None)


def test_posts_are_drawn_by_seed_and_know_their_thread(talk: Talk) -> None:
    post_ids = np.array([p.post_id for p in talk.spoken()][::7])
    small = sample_posts(talk.connection, post_ids, n=20, seed=5)
    large = sample_posts(talk.connection, post_ids, n=200, seed=5)
    assert large.slice(0, 20).equals(small)
    assert set(large["post_id"].to_pylist()) <= set(post_ids.tolist())
    assert not sample_posts(talk.connection, post_ids, n=20, seed=6).equals(small)
    threads = {p.post_id: p.thread_id for p in talk.posts}
    for row in small.to_pylist():
        assert thread_of(talk.connection, row["post_id"]) == threads[row["post_id"]]


def test_near_spellings_differ_by_a_sign_in_three(talk: Talk) -> None:
    assert near_spellings(talk.connection, "recovrey") == ["recovery"]
    assert near_spellings(talk.connection, "cares")[0] == "care"
    assert near_spellings(talk.connection, "wo") == []
    assert mention_ids(talk.connection).tolist() == []
