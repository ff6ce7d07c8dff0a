"""Phrases that opted out, found in running text though only their keyed hashes are stored.

A phrase is its words: runs of letters and digits, case-folded, so that neither case nor spaces nor
punctuation tell two apart. Beside the hash of a phrase stands how many words it has; every run of
so many words of a text is hashed and looked up.
"""

import base64
import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from warehouse.protection.keys import KeyRing

_WORD = re.compile(r"\w+")


def words_of(text: str) -> list[str]:
    """Return the words of a text as phrases are compared by."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


def phrase_hash(keys: KeyRing, phrase: str) -> str:
    """Return the keyed hash of a phrase."""
    return keys.erasure_hash("phrase", " ".join(words_of(phrase)))


@dataclass(frozen=True, slots=True)
class PhraseList:
    """The hashes of phrases, by their number of words."""

    by_length: Mapping[int, frozenset[bytes]]

    @classmethod
    def of(cls, phrases: Iterable[tuple[str, int]]) -> Self:
        """Make the list from pairs of stored hash and number of words."""
        found: dict[int, set[bytes]] = {}
        for hash_, n_words in phrases:
            found.setdefault(n_words, set()).add(base64.b32decode(hash_.upper()))
        return cls({n: frozenset(hashes) for n, hashes in found.items()})

    def __bool__(self) -> bool:
        """Whether there is any phrase."""
        return bool(self.by_length)

    def stand_in(self, keys: KeyRing, *texts: str | None) -> bool:
        """Whether one of the phrases stands in one of the texts."""
        return any(self._stands_in(keys, words_of(text)) for text in texts if text)

    def _stands_in(self, keys: KeyRing, words: list[str]) -> bool:
        for n, hashes in self.by_length.items():
            for first in range(len(words) - n + 1):
                if keys.erasure_digest("phrase", " ".join(words[first : first + n])) in hashes:
                    return True
        return False
