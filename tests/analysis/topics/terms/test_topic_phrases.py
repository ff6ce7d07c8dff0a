from collections import Counter
from math import log

import numpy as np
import pytest

from analysis.topics.terms.phrases import (
    Phrases,
    find_phrases,
    merge_phrases,
    phrases_of_terms,
    words_of_terms,
)


def streamed(posts: list[str]) -> tuple[np.ndarray, np.ndarray, list[str]]:
    """Rows, word numbers and texts of posts that are written with spaces between words."""
    texts = sorted({word for post in posts for word in post.split()})
    number = {word: n for n, word in enumerate(texts)}
    rows = [row for row, post in enumerate(posts) for _ in post.split()]
    return np.array(rows), np.array([number[w] for p in posts for w in p.split()]), texts


def written(merged, n_posts: int) -> list[str]:  # type: ignore[no-untyped-def] # a named tuple
    posts: list[list[str]] = [[] for _ in range(n_posts)]
    for row, word in zip(merged.posts.tolist(), merged.words.tolist(), strict=True):
        posts[row].append(merged.texts[word].replace(" ", "_"))
    return [" ".join(post) for post in posts]


def drawn_posts(seed: int, *, n_posts: int = 60, n_words: int = 6) -> list[str]:
    draw = np.random.default_rng(seed)
    return [
        " ".join(draw.choice(list("abcdefgh")[:n_words], size=int(draw.integers(0, 12))))
        for _ in range(n_posts)
    ]


def merged_one_by_one(post: str, phrases: list[tuple[str, ...]]) -> str:
    """Join phrases in a post as a reader would: the longest first, from left to right."""
    words, taken = post.split(), [False] * len(post.split())
    joined: dict[int, int] = {}
    for length in (3, 2):
        place = 0
        while place + length <= len(words):
            here = tuple(words[place : place + length])
            if here in phrases and len(here) == length and not any(taken[place : place + length]):
                taken[place : place + length] = [True] * length
                joined[place] = length
                place += length
            else:
                place += 1
    out, place = [], 0
    while place < len(words):
        length = joined.get(place, 1)
        out.append("_".join(words[place : place + length]))
        place += length
    return " ".join(out)


@pytest.mark.parametrize("seed", range(6))
def test_merging_agrees_with_joining_post_by_post(seed: int) -> None:
    posts = drawn_posts(seed, n_words=4)
    draw = np.random.default_rng(seed + 50)
    chosen = [tuple(draw.choice(list("abcd"), size=int(n))) for n in draw.integers(2, 4, size=6)]
    phrases = [tuple(map(str, phrase)) for phrase in dict.fromkeys(chosen)]
    merged = merge_phrases(*streamed(posts), Phrases(tuple(phrases)))
    assert written(merged, len(posts)) == [merged_one_by_one(post, phrases) for post in posts]


def test_scores_agree_with_counting_neighbours_one_by_one() -> None:
    posts = drawn_posts(9)
    n = sum(len(post.split()) for post in posts)
    alone = Counter(word for post in posts for word in post.split())
    found = find_phrases(*streamed(posts), min_posts=2, least=-1.0, stop_words=())
    expected = {}
    for length in (2, 3):
        times: Counter[tuple[str, ...]] = Counter()
        held: dict[tuple[str, ...], set[int]] = {}
        for row, post in enumerate(posts):
            words = post.split()
            for place in range(len(words) - length + 1):
                phrase = tuple(words[place : place + length])
                if len(set(phrase)) == length:
                    times[phrase] += 1
                    held.setdefault(phrase, set()).add(row)
        for phrase, count in times.items():
            if len(held[phrase]) >= 2:
                surprise = log(count / n) - sum(log(alone[word] / n) for word in phrase)
                score = surprise / (-(length - 1) * log(count / n))
                if score >= -1:
                    expected[phrase] = (pytest.approx(score), len(held[phrase]))
    scored = zip(found.words, found.scores, found.n_posts, strict=True)
    assert {phrase: (score, posts) for phrase, score, posts in scored} == expected
    assert list(found.scores) == sorted(found.scores, reverse=True)


def test_a_planted_phrase_is_found_and_chance_neighbours_are_not() -> None:
    draw = np.random.default_rng(3)
    words = [f"word{chr(97 + n)}" for n in range(20)]
    posts = [
        " ".join([*draw.choice(words, 6), "waiting", "list", *draw.choice(words, 4)])
        if row % 3 == 0
        else " ".join(draw.choice(words, 10))
        for row in range(300)
    ]
    found = find_phrases(*streamed(posts), min_posts=20, least=0.4)
    assert found.terms == ["waiting list"]
    assert found.n_posts == (100,)


def test_a_stop_word_may_stand_inside_a_phrase_and_not_at_its_ends() -> None:
    posts = ["quality of life", "better quality of life please"] * 5 + [
        "the garden",
        "of trees",
    ] * 9
    found = find_phrases(*streamed(posts), min_posts=5, least=0.2)
    assert ("quality", "of", "life") in found.words
    assert not any(p[0] in {"of", "the"} or p[-1] in {"of", "the"} for p in found.words)


def test_words_of_two_posts_are_no_neighbours() -> None:
    posts = ["garden", "walk"] * 30
    assert find_phrases(*streamed(posts), min_posts=1, least=-1).words == ()
    merged = merge_phrases(*streamed(posts), Phrases((("garden", "walk"),)))
    assert len(merged.words) == 60


def test_no_tokens_and_no_phrases_change_nothing() -> None:
    empty = find_phrases([], [], [])
    assert empty.words == ()
    rows, words, texts = streamed(["a ward round", "b"])
    merged = merge_phrases(rows, words, texts, empty)
    np.testing.assert_array_equal(merged.words, words)
    assert merged.texts == texts
    assert merge_phrases([], [], [], Phrases((("a", "b"),))).texts == ["a b"]


def test_a_phrase_with_a_word_that_nobody_uses_is_not_merged() -> None:
    rows, words, texts = streamed(["peer support group"])
    merged = merge_phrases(rows, words, texts, Phrases((("peer", "worker"), ("support", "group"))))
    assert written(merged, 1) == ["peer support_group"]


def test_token_arrays_of_two_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="2 token posts and 1 words"):
        find_phrases([0, 0], [0], ["a"])


def test_a_phrase_goes_with_one_of_its_words() -> None:
    phrases = Phrases((("mental", "health"), ("peer", "support")), (0.6, 0.5), (40, 30))
    assert phrases.forget_words({"peer"}) == Phrases((("mental", "health"),), (0.6,), (40,))


def test_a_vocabulary_says_its_phrases_and_their_words() -> None:
    vocabulary = ["garden", "mental health", "quality of life"]
    assert phrases_of_terms(vocabulary).terms == ["mental health", "quality of life"]
    assert words_of_terms(vocabulary) == {"garden", "mental", "health", "quality", "of", "life"}


def test_phrases_are_joined_without_those_that_are_there_already() -> None:
    ours = phrases_of_terms(["peer support", "ward", "waiting list"])
    others = Phrases((("waiting", "list"), ("day", "centre")), (0.7, 0.5), (30, 20))
    both = ours.joined(others)
    assert both.terms == ["peer support", "waiting list", "day centre"]
    assert (both.scores[-1], both.n_posts[-1]) == (0.5, 20)
    assert len(both.words) == len(both.scores) == len(both.n_posts) == 3
