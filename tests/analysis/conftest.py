"""Invented posts for the tests of the estimators."""

from typing import NamedTuple

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.vectorise import document_term_counts


class Corpus(NamedTuple):
    """Counts of invented posts, the names of their columns, and the theme each was made from."""

    counts: csr_array
    words: list[str]
    theme: np.ndarray


THEMES = (
    ["waiting", "appointment", "clinic", "referral", "list", "months", "nurse"],
    ["budget", "funding", "cuts", "money", "council", "savings", "price"],
    ["rights", "law", "coercion", "ward", "detained", "appeal", "unfair"],
    ["walking", "garden", "morning", "sleep", "music", "painting", "calm"],
)
COMMON = ["today", "people", "talk", "really", "day", "week", "think", "know", "thing", "place"]


def invented_corpus(n_posts: int, *, seed: int = 0) -> Corpus:
    """Each post is mostly words of one theme, with common words between them."""
    draw = np.random.default_rng(seed)
    words = sorted({word for theme in THEMES for word in theme} | set(COMMON))
    number = {word: column for column, word in enumerate(words)}
    theme = draw.integers(0, len(THEMES), n_posts)
    posts, tokens = [], []
    for post, chosen in enumerate(theme):
        own = draw.choice(THEMES[chosen], size=int(draw.integers(4, 9)))
        around = draw.choice(COMMON, size=int(draw.integers(2, 6)))
        tokens += [number[word] for word in (*own, *around)]
        posts += [post] * (len(own) + len(around))
    terms = document_term_counts(np.arange(n_posts), posts, tokens)
    return Corpus(terms.counts, [words[column] for column in terms.word_ids], theme)


@pytest.fixture(scope="session")
def corpus() -> Corpus:
    """Four hundred invented posts of four themes."""
    return invented_corpus(400)
