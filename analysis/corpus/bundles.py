"""Lexical bundles: word sequences that many people use often, each counted at its full length.

A bundle is an n-gram over a frequency per million tokens and in enough texts (Biber, Johansson,
Leech, Conrad and Finegan 1999, Longman grammar of spoken and written English, chapter 13; Cortes
2004, English for Specific Purposes 23:397). A text is here a post, and people are asked for beside
posts, since one author may repeat a signature or a slogan in any number of posts.

An n-gram all of whose occurrences stand in one longer n-gram is no bundle of its own but a piece of
it, as "on the other" may be of "on the other hand", and is merged into it (complete overlap: Chen
and Baker 2010, Language Learning & Technology 14(2):30).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from analysis.corpus.checks import Booleans, Floats, Integers, counts_of, total_of

MILLION = 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class BundleRule:
    """What an n-gram needs to be a bundle: frequency, posts, and people."""

    per_million: float
    min_posts: int
    min_authors: int = 1


BIBER_1999 = BundleRule(per_million=10, min_posts=5)
"""Four-word bundles of Biber et al. 1999: ten times a million words, in five texts."""
BIBER_1999_LONG = BundleRule(per_million=5, min_posts=5)
"""Five-word and six-word bundles of Biber et al. 1999."""
CORTES_2004 = BundleRule(per_million=20, min_posts=5)
"""Bundles of Cortes 2004: twenty times a million words, in five texts."""
OURS = BundleRule(per_million=10, min_posts=5, min_authors=5)
"""The rule of Biber et al. 1999, of people too: five who use it."""


def is_bundle(
    n: ArrayLike,
    n_posts: ArrayLike,
    n_authors: ArrayLike,
    *,
    n_tokens: float,
    rule: BundleRule = OURS,
) -> Booleans:
    """Return which n-grams are bundles by a rule.

    Parameters
    ----------
    n, n_posts, n_authors : (n_grams,) counts
        Occurrences of each n-gram, and the posts and authors that have it.
    n_tokens : tokens of the corpus

    Raises
    ------
    ValueError
        Where counts disagree in length or are negative.
    """
    times = counts_of(n, "n")
    posts = counts_of(n_posts, "n_posts", length=len(times))
    authors = counts_of(n_authors, "n_authors", length=len(times))
    needed = max(rule.per_million * total_of(n_tokens, "n_tokens") / MILLION, 1.0)
    often = times >= needed * (1 - 1e-12)  # as often as the rule says is enough
    return np.asarray(
        often & (posts >= rule.min_posts) & (authors >= rule.min_authors), dtype=np.bool_
    )


def pieces_of_longer(
    grams: Sequence[ArrayLike], n: Sequence[ArrayLike], *, share: float = 1.0
) -> list[Booleans]:
    """Return which n-grams are pieces of a longer one, for each length.

    Parameters
    ----------
    grams : for each length, (n_grams, length) integers
        Word ids of distinct n-grams, of lengths that rise by one. Give those over a frequency, of
        one length more than wanted: a piece is found only where the longer one is given.
    n : for each length, (n_grams,) counts
    share : float
        Share of an n-gram's occurrences that one longer n-gram must account for; 1 is all of them.
        A piece of a piece is merged too.

    Raises
    ------
    ValueError
        Where lengths do not rise by one, counts disagree with n-grams, an n-gram is given twice, or
        the share is not above 0 and at most 1.
    """
    if not 0 < share <= 1:
        raise ValueError(f"share is {share}; give a share above 0 and at most 1")
    if len(grams) != len(n):
        raise ValueError(f"{len(grams)} lengths have n-grams and {len(n)} have counts")
    tables = [_grams(each, place) for place, each in enumerate(grams)]
    counts = [
        counts_of(each, "n", length=len(table)) for each, table in zip(n, tables, strict=True)
    ]
    for shorter, longer in pairwise(tables):
        if longer.shape[1] != shorter.shape[1] + 1:
            raise ValueError(
                f"n-grams of {longer.shape[1]} words follow those of {shorter.shape[1]};"
                " give lengths that rise by one"
            )
    found = [np.zeros(len(table), dtype=np.bool_) for table in tables]
    for place in range(len(tables) - 1):
        most = _most_in_longer(tables[place], tables[place + 1], counts[place + 1])
        found[place] = (most > 0) & (most >= share * counts[place] * (1 - 1e-12))
    return found


def _grams(values: ArrayLike, place: int) -> Integers:
    table = np.asarray(values)
    if table.ndim != 2 or not table.shape[1]:  # noqa: PLR2004 # n-grams and their words
        raise ValueError(f"grams[{place}] has the shape {table.shape}; give a row an n-gram")
    return np.ascontiguousarray(table, dtype=np.int64)


def _most_in_longer(shorter: Integers, longer: Integers, n_longer: Floats) -> Floats:
    """Return the count of the most frequent longer n-gram that begins or ends with each."""
    keys = _keys(np.concatenate([shorter, longer[:, :-1], longer[:, 1:]]))
    own, begin, end = np.split(keys, [len(shorter), len(shorter) + len(longer)])
    if len(np.unique(own)) != len(own):
        raise ValueError("an n-gram is given twice; give each once, with all its occurrences")
    most = np.zeros(int(keys.max(initial=-1)) + 1)
    np.maximum.at(most, begin, n_longer)
    np.maximum.at(most, end, n_longer)
    return most[own]


def _keys(rows: Integers) -> Integers:
    """Return a number for each row, the same for equal rows."""
    keys = np.zeros(len(rows), dtype=np.int64)
    for column in rows.T:
        _, word = np.unique(column, return_inverse=True)
        _, keys = np.unique(keys * (word.max(initial=0) + 1) + word, return_inverse=True)
    return keys.astype(np.int64)
