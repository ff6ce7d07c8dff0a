"""What a topic model needs of the terms of posts, and the plainest that meets it."""

from collections.abc import Collection, Sequence
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.vectorise import TermWeighting, strongest_terms

Floats = NDArray[np.float64]


class Terms(Protocol):
    """What turns counts into weighed terms, frozen once fitted."""

    vocabulary_: list[str]
    idf_: Floats

    def fit(self, counts: csr_array, words: Sequence[str]) -> Self:
        """Freeze vocabulary and weights."""
        ...

    def transform(self, counts: csr_array, words: Sequence[str]) -> csr_array:
        """Return whole rows, (n, n_terms)."""
        ...

    def cut(self, counts: csr_array, words: Sequence[str]) -> csr_array:
        """Return rows cut to each post's strongest terms, (n, n_terms)."""
        ...

    def forget_terms(self, gone: Collection[str]) -> Self:
        """Drop terms."""
        ...


class CutTerms(TermWeighting):
    """TF-IDF with a frozen vocabulary, and its cut to each post's `strongest` terms."""

    def __init__(
        self,
        *,
        min_posts: int = 5,
        max_share: float = 0.3,
        stop_words: frozenset[str] | None = None,
        sublinear: bool = False,
        strongest: int = 20,
    ) -> None:
        super().__init__(
            min_posts=min_posts, max_share=max_share, stop_words=stop_words, sublinear=sublinear
        )
        self.strongest = strongest

    def cut(self, counts: csr_array, words: Sequence[str]) -> csr_array:
        """Return rows of length one with at most `strongest` terms each."""
        return strongest_terms(self.transform(counts, words), n=self.strongest)

    def forget_terms(self, gone: Collection[str]) -> Self:
        """Drop terms from the vocabulary."""
        kept = [column for column, word in enumerate(self.vocabulary_) if word not in gone]
        self.vocabulary_ = [self.vocabulary_[column] for column in kept]
        self.idf_ = self.idf_[kept]
        return self
