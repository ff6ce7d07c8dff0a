"""The pool of badly explained posts, and the groups that are found in it."""

from math import log, sqrt

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.topics.model import TopicModel
from analysis.topics.nights.candidates import (
    Candidate,
    CandidateRules,
    Group,
    Reference,
    Writers,
    follow,
    grow_candidates,
    profile_cosine,
    refused_for,
    weigh_evidence,
)
from analysis.topics.nights.pool import Entries, Pool, ReadPosts, read_posts
from analysis.vectorise import document_term_counts

RULES = CandidateRules(least_posts=4, least_authors=3, least_share=0.0)
NOBODY = -1


def posts_of(texts: list[str]) -> tuple[csr_array, list[str]]:
    number: dict[str, int] = {}
    posts, tokens = [], []
    for post, text in enumerate(texts):
        for word in text.split():
            posts.append(post)
            tokens.append(number.setdefault(word, len(number)))
    terms = document_term_counts(np.arange(len(texts)), posts, tokens)
    names = list(number)
    return terms.counts, [names[column] for column in terms.word_ids]


def open_posts(texts: list[str]) -> ReadPosts:
    """Return posts none of whose words any topic explains, each word of the same weight."""
    counts, words = posts_of(texts)
    entries = counts.tocoo()
    n = len(entries.data)
    post, word = (coordinate.astype(np.int64) for coordinate in entries.coords)
    return ReadPosts(
        Entries(post, word, np.ones(n), np.ones(n, dtype=bool)),
        words,
        np.ones(len(texts)),
        np.full(len(texts), NOBODY),
    )


def pool_of(nights: list[list[str]], *, window: int = 3, most_posts: int = 600) -> Pool:
    pool = Pool.empty()
    for number, texts in enumerate(nights):
        ids = np.arange(len(texts)) + 100 * number
        pool = pool.absorb(open_posts(texts), ids, bar=0.5, window=window, most_posts=most_posts)
    return pool


def reference(n_posts: int = 1_000, **shares: float) -> Reference:
    return Reference(n_posts=n_posts, bar=0.5, middle=0.9, shares=shares, other_share=0.001)


def test_what_a_topic_explains_is_told_from_what_none_does() -> None:
    texts = ["ward bed nurse"] * 30 + ["tax rent wage"] * 30
    counts, words = posts_of(texts)
    model = TopicModel(n_topics=2, max_share=0.9, min_posts=2, stop_words=frozenset())
    model.fit(counts, words)
    night, night_words = posts_of(["ward bed nurse", "ward zopranil", "zopranil rash", "bed rash"])
    read = read_posts(model, night, night_words)
    opened = {
        (int(post), read.words[int(word)])
        for post, word, is_open in zip(
            read.entries.post, read.entries.word, read.entries.is_open, strict=True
        )
        if is_open
    }
    assert opened == {(1, "zopranil"), (2, "zopranil"), (2, "rash"), (3, "rash")}
    assert read.residual[0] < 0.1
    assert read.residual[2] == 1.0
    assert read.leading[0] == read.leading[1] >= 0
    assert read.leading[2] == NOBODY


def test_a_word_that_one_post_holds_is_not_kept() -> None:
    model = TopicModel(n_topics=1, max_share=1.0, min_posts=2, stop_words=frozenset())
    model.fit(*posts_of(["ward bed"] * 5))
    read = read_posts(model, *posts_of(["ward harrowby", "ward zopranil", "bed zopranil"]))
    assert "zopranil" in read.words
    assert "harrowby" not in read.words


def test_the_pool_covers_the_last_nights_and_only_their_words() -> None:
    pool = pool_of([["old one"] * 4, ["b c"] * 3, ["c d"] * 2, ["e"]])
    assert pool.nights.tolist() == [1, 2, 3]
    assert pool.read.tolist() == [3, 2, 1]
    assert sorted(pool.words) == ["b", "c", "d", "e"]
    assert pool.post_ids.tolist() == [100, 101, 102, 200, 201, 300]


def test_of_a_large_night_an_even_part_stands_for_all_that_it_can() -> None:
    pool = pool_of([["a b"] * 10, ["c d"] * 500, ["a d"] * 10], most_posts=60)
    assert np.bincount(pool.night).tolist() == [10, 20, 10]
    assert pool.read.tolist() == [10, 20, 10]
    kept = pool.post_ids[pool.night == 1] - 100
    assert kept.tolist() == [25 * place for place in range(20)]


def test_forgotten_posts_leave_with_the_words_that_only_they_held() -> None:
    pool = pool_of([["shared own", "shared other"]]).forget_posts([0])
    assert pool.post_ids.tolist() == [1]
    assert sorted(pool.words) == ["other", "shared"]
    assert pool.rows().toarray().tolist() == [[1.0, 1.0]]


def test_forgotten_words_leave_with_the_phrases_that_hold_them() -> None:
    pool = pool_of([["a b", "b c"]])
    phrased = Pool(
        entries=pool.entries,
        words=["mental health" if word == "b" else word for word in pool.words],
        post_ids=pool.post_ids,
        night=pool.night,
        nights=pool.nights,
        read=pool.read,
    ).forget_terms({"health", "a"})
    assert phrased.words == ["c"]
    assert phrased.rows().toarray().tolist() == [[0.0], [1.0]]


def test_a_burst_is_as_surprising_as_counting_by_hand_says() -> None:
    pool = pool_of([["zopranil rash"] * 4 + ["rent"] * 16] * 3)
    known = reference(rent=0.8, rash=0.01)
    (found,) = grow_candidates(pool, known, rules=RULES, authors=np.full(len(pool), NOBODY))
    assert set(found.profile) == {"zopranil", "rash"}
    assert len(found.rows) == 12
    expected = {"zopranil": 60 * 0.001, "rash": 60 * 0.01}[next(iter(found.profile))]
    assert found.evidence["observed"] == 12
    assert found.evidence["expected"] == pytest.approx(expected)
    by_hand = sqrt(2 * (12 * log(12 / expected) - (12 - expected)))
    assert found.evidence["surprise"] == pytest.approx(by_hand)


def test_an_author_counts_once_for_a_term() -> None:
    pool = pool_of([["zopranil rash"] * 6] * 3)
    rules = CandidateRules(least_posts=4, surprise=0.0, ratio=0.0)
    (found,) = grow_candidates(
        pool, reference(), rules=rules, authors=np.arange(18, dtype=np.int64) // 6
    )
    assert found.evidence["observed"] == 3


def test_two_bursts_at_once_are_two_candidates() -> None:
    pool = pool_of([["zopranil rash"] * 5 + ["tribunal bench"] * 5] * 3)
    found = grow_candidates(pool, reference(), rules=RULES, authors=np.full(len(pool), NOBODY))
    assert sorted(sorted(group.profile) for group in found) == [
        ["bench", "tribunal"],
        ["rash", "zopranil"],
    ]


def test_a_candidate_keeps_its_number_while_its_terms_stay() -> None:
    none = np.empty(0, dtype=np.int64)
    first = follow(
        [Group({"a": 0.8, "b": 0.6}, none, {}), Group({"c": 1.0}, none, {})],
        [],
        next_number=3,
        same=0.5,
    )
    assert [(c.number, c.nights_seen) for c in first] == [(3, 1), (4, 1)]
    later = follow(
        [Group({"c": 0.9, "d": 0.4}, none, {}), Group({"e": 1.0}, none, {})],
        first,
        next_number=5,
        same=0.5,
    )
    assert [(c.number, c.nights_seen) for c in later] == [(4, 2), (5, 1)]


def test_the_cosine_of_profiles_is_that_of_vectors() -> None:
    one, other = {"a": 3.0, "b": 4.0}, {"b": 1.0, "c": 2.0}
    assert profile_cosine(one, other) == pytest.approx(4 / (5 * sqrt(5)))
    assert profile_cosine(one, {}) == 0.0


def evidence_of(
    texts: list[str], authors: list[int], threads: list[int], *, nights: int = 3
) -> Candidate:
    each = len(texts) // nights
    pool = pool_of([texts[each * i : each * (i + 1)] for i in range(nights)])
    profile = {"zopranil": 0.8, "rash": 0.6}
    candidate = Candidate(
        number=0,
        profile=profile,
        rows=np.arange(len(texts)),
        evidence={"surprise": 9.0, "observed": 9.0, "expected": 0.1},
    )
    return weigh_evidence(
        candidate, pool, authors=np.array(authors), threads=np.array(threads), nearest=0.0
    )


VARIED = [f"zopranil rash {word}" for word in ("bus", "tea", "rain", "door", "cat", "lamp")]
EACH = list(range(6))


@pytest.mark.parametrize(
    ("texts", "authors", "threads", "reasons"),
    [
        (VARIED, EACH, EACH, []),
        (VARIED, [0, 1, 2, 0, 0, 0], EACH, ["one author"]),
        (VARIED, [0] * 6, EACH, ["authors", "one author"]),
        (VARIED, EACH, [7] * 6, ["threads", "one thread"]),
        (VARIED, [NOBODY] * 6, [NOBODY] * 6, []),
        (["zopranil rash buy here"] * 6, EACH, EACH, ["posts"]),
        (["zopranil bus"] * 3 + ["rash tea"] * 3, EACH, EACH, ["coherence"]),
    ],
)
def test_a_topic_comes_of_several_people_threads_and_texts(
    texts: list[str], authors: list[int], threads: list[int], reasons: list[str]
) -> None:
    assert refused_for(evidence_of(texts, authors, threads), RULES) == reasons


def test_a_topic_lasts_some_nights() -> None:
    assert refused_for(evidence_of(VARIED, EACH, EACH, nights=2), RULES) == ["nights"]


def test_writers_are_found_by_post_whatever_the_order() -> None:
    writers = Writers(
        post_ids=np.array([30, 10, 20]), authors=np.array([3, 1, 2]), threads=np.array([9, 7, 8])
    )
    authors, threads = writers.of(np.array([20, 99, 10]))
    assert authors.tolist() == [2, NOBODY, 1]
    assert threads.tolist() == [8, NOBODY, 7]
