"""What topics are called until a person names them: by their own terms.

A label has room for few terms, so each of them has to say something more: of *service* and
*services*, or *mental health* and *health*, it takes one.
"""

from collections.abc import Sequence
from itertools import takewhile

import numpy as np
from numpy.typing import NDArray

from analysis.topics.reading.distinctive import heaviest, term_exclusivity

Floats = NDArray[np.float64]

LABEL_TERMS = 3
LISTED_TERMS = 10
BEGINNING = 4
"""Letters from which on a word that another one begins with is taken for the same."""
COMMON_BEGINNING = 5
COMMON_SHARE = 2 / 3
"""Letters that two words begin with, and of the longer one, from which on they are the same."""
LEAST_PHRASE = 0.5
"""Of a word's distinctiveness, what a phrase needs that takes the place of the word."""

_KEEP_S = ("ss", "us", "is")


def topic_terms(
    components: Floats, vocabulary: Sequence[str], *, n: int = LISTED_TERMS
) -> list[list[str]]:
    """Return each topic's terms of greatest weight, the greatest first; none of weight zero."""
    return [[vocabulary[term] for term in heaviest(weights, n).tolist()] for weights in components]


def topic_labels(
    components: Floats, vocabulary: Sequence[str], *, n: int = LABEL_TERMS
) -> list[str]:
    """Return a label for each topic: its most distinctive terms, joined by commas.

    Distinctive is a term that weighs much here and little elsewhere: its weight times the share
    that this topic has of the term's weight in all topics. A term that says the same as one before
    it (`says_the_same`) is passed over. A phrase takes the place of its own words unless they are
    more than twice as distinctive. A label that would come twice has its topic's number after it.
    """
    labels: list[str] = []
    for topic, scores in enumerate(components * term_exclusivity(components)):
        candidates = heaviest(scores, max(LISTED_TERMS, n)).tolist()
        ranked = [(vocabulary[term], float(scores[term])) for term in candidates]
        label = ", ".join(_told_apart(ranked, n)) or "no terms"
        labels.append(f"{label} ({topic})" if label in labels else label)
    return labels


def says_the_same(first: str, second: str) -> bool:
    """Tell whether two terms say the same as far as their letters show.

    They do where a word of one is a word of the other but for its plural (*mental health* and
    *health*, *services* and *service*), goes on from one of at least four letters (*waiting* and
    *wait*), or begins with most of the same letters (*depression* and *depressed*). Letters err on
    the side of *content* and *contest*, which costs a label a term that the list beside it has.
    """
    return any(_same_word(one, other) for one in first.split() for other in second.split())


def _told_apart(ranked: Sequence[tuple[str, float]], n: int) -> list[str]:
    """Return the first `n` terms that say different things; phrases stand for their words."""
    chosen: list[str] = []
    for word, score in ranked:
        term = _phrase_of(word, score, ranked)
        if not any(says_the_same(term, other) for other in chosen):
            chosen.append(term)
        if len(chosen) == n:
            break
    return chosen


def _phrase_of(word: str, score: float, ranked: Sequence[tuple[str, float]]) -> str:
    """Return the most distinctive phrase that holds a word and weighs enough, or the word."""
    if " " in word:
        return word
    phrases = (each for each, weight in ranked if " " in each and weight >= LEAST_PHRASE * score)
    own = _singular(word)
    return next((each for each in phrases if own in map(_singular, each.split())), word)


def _singular(word: str) -> str:
    """Return a word without the ending of a plural or genitive, as far as letters tell it."""
    bare = word.removesuffix("'s").removesuffix("'")
    if len(bare) < BEGINNING or not bare.endswith("s") or bare.endswith(_KEEP_S):
        return bare
    if bare.endswith("ies"):
        return f"{bare[:-3]}y"
    if bare.endswith(("sses", "shes", "ches", "xes", "zes")):
        return bare[:-2]
    return bare[:-1]


def _same_word(first: str, second: str) -> bool:
    if _singular(first) == _singular(second):
        return True
    shorter, longer = sorted((first, second), key=len)
    alike = (one == other for one, other in zip(shorter, longer, strict=False))
    common = sum(takewhile(bool, alike))
    if common == len(shorter):
        return common >= BEGINNING
    return common >= COMMON_BEGINNING and common >= COMMON_SHARE * len(longer)
