"""Guidance: how a study asks a topic model for topics, by words or by its codebook.

A seed is a name and some words. The words, and what goes with them in the posts, become the row
that its topic starts from and is held to (anchored topics, as Jagarlamudi and others 2012 and
Gallagher and others 2017 do for other models), so the topic keeps near the words and still learns
what else its posts say.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.codebook import Codebook
from analysis.stopwords import load_stopwords
from analysis.topics.factorise import unit_length
from analysis.topics.terms.phrases import BETWEEN
from analysis.topics.terms.topic_terms import TopicTerms

Floats = NDArray[np.float64]

CODEBOOK_WORDS = 10
"""Words of a frame that its seed has at most."""
MOST_FRAMES = 2
"""A word that is in the definitions of more frames tells none of them apart."""
_WORD = re.compile(r"[^\W\d_]+(?:['\-][^\W\d_]+)*")


class SeedError(ValueError):
    """A seed that no topic can be asked for by; the message names it and its words."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedWords:
    """The words of one seed: those that are terms, and those that are none and change nothing."""

    name: str
    terms: tuple[str, ...]
    unknown: tuple[str, ...]


def match_seeds(
    seeds: Mapping[str, Sequence[str]], vocabulary: Sequence[str]
) -> tuple[SeedWords, ...]:
    """Return which words of each seed are terms, in the order of the seeds.

    Words are compared in lower case; a phrase is written with spaces (*mental health*). A phrase
    that is no term counts by those of its words that are, and a word that is none by itself by the
    phrases that it is in: after *mental health* became one term, *mental* alone may be none.

    Raises
    ------
    SeedError
        Where a seed has no word, or none of its words is a term.
    """
    known = set(vocabulary)
    phrases: dict[str, list[str]] = {}
    for term in vocabulary:
        for word in term.split(BETWEEN) if BETWEEN in term else ():
            phrases.setdefault(word, []).append(term)
    matched = []
    for name, words in seeds.items():
        found: dict[str, None] = {}
        unknown = []
        for word in dict.fromkeys(_plain(word) for word in words):
            terms = _terms_of(word, known, phrases)
            found.update(dict.fromkeys(terms))
            unknown += [] if terms else [word]
        if not found:
            raise SeedError(
                f"no word of the seed {name!r} is a term"
                f" ({', '.join(unknown) or 'it has no words'}): too few posts hold them, or they"
                " are stop words; write words that more posts hold"
            )
        matched.append(SeedWords(name=name, terms=tuple(found), unknown=tuple(unknown)))
    return tuple(matched)


def seed_rows(matched: Sequence[SeedWords], terms: TopicTerms) -> Floats:
    """Return the row of length one (n_terms,) that each seed's topic is held to.

    Each of a seed's terms weighs the same, since they are what was asked for; what goes with them
    weighs as it does in posts.
    """
    column = {term: number for number, term in enumerate(terms.vocabulary_)}
    rows = np.zeros((len(matched), len(column)))
    for row, seed in enumerate(matched):
        rows[row, [column[term] for term in seed.terms]] = 1.0
    if not len(matched):
        return rows
    spread = terms.spread_on(csr_array(unit_length(rows))).toarray()
    # A related term that many of the seed's terms hand on to is still only related.
    return unit_length(np.where(rows > 0, np.maximum(spread, spread.max(axis=1)[:, None]), spread))


def codebook_seeds(
    codebook: Codebook,
    *,
    frames: Collection[str] | None = None,
    stop_words: Collection[str] | None = None,
) -> dict[str, list[str]]:
    """Return a seed for each frame: the words of its definition and of what it includes.

    Words in more than two frames are left out, and the more frames share a word and the less often
    it comes, the later it stands.

    Parameters
    ----------
    frames : collection of str, optional
        Keys of the frames to ask for; all of them if None.

    Raises
    ------
    SeedError
        Where the codebook has no frame of such a key, or nothing is left of a frame.
    """
    wanted = set(codebook.keys if frames is None else frames)
    unknown = sorted(wanted - set(codebook.keys))
    if unknown:
        raise SeedError(
            f"the codebook {codebook.name} has no frame {unknown[0]!r};"
            f" its frames are {', '.join(codebook.keys)}"
        )
    left_out = load_stopwords() if stop_words is None else stop_words
    said = {
        frame.key: Counter(
            word
            for text in (frame.name, frame.definition, *frame.include)
            for word in _WORD.findall(text.lower())
            if word not in left_out
        )
        for frame in codebook.frames
    }
    shared = Counter(word for words in said.values() for word in words)
    return {key: _own_words(key, said[key], shared) for key in codebook.keys if key in wanted}


def _own_words(key: str, said: Counter[str], shared: Counter[str]) -> list[str]:
    own = [word for word in said if shared[word] <= MOST_FRAMES]
    if not own:
        raise SeedError(f"the frame {key!r} has no words of its own; give its seed words by hand")
    place = {word: number for number, word in enumerate(said)}
    own.sort(key=lambda word: (shared[word], -said[word], place[word]))
    return own[:CODEBOOK_WORDS]


def _plain(word: str) -> str:
    return BETWEEN.join(word.lower().split())


def _terms_of(word: str, known: set[str], phrases: Mapping[str, Sequence[str]]) -> list[str]:
    if word in known:
        return [word]
    parts = word.split(BETWEEN)
    if len(parts) > 1:
        return [part for part in parts if part in known]
    return list(phrases.get(word, ()))
