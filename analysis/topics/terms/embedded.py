"""Terms of posts weighed by their meaning too: a variant that takes word vectors.

A term weighs the more in a post the nearer its vector is to the mean of the post's own, after
KeyNMF (Kristensen-McLachlan and others 2024), which takes that nearness alone and the vectors of a
transformer. Here TF-IDF is multiplied by it, and the vectors are whatever is given: fixed vectors
of words, so that a post is still nothing but its counts.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.topics.terms.topic_terms import TopicTerms
from analysis.vectorise import TermWeighting, strongest_terms, unit_rows

Vectors = NDArray[np.float32]
WordVectors = Callable[[Sequence[str]], Vectors]
"""Gives the vectors (n_words, n_dimensions) of words; a word that it does not know is zeros."""

_ENTRIES_AT_ONCE = 50_000


class EmbeddedTerms(TopicTerms):
    """`TopicTerms` whose cut prefers terms near to what the whole post is about.

    Parameters
    ----------
    embed : function of a sequence of str
        Gives the vectors of words, as `WordVectors` says. Asked once, when it is fitted.
    min_posts, max_share, stop_words, sublinear, strongest, related, spread, handed, background
        As `TopicTerms` has them.

    Attributes
    ----------
    vectors_ : (n_terms, n_dimensions) floats, rows of length one or zeros
    """

    vectors_: Vectors

    def __init__(
        self,
        *,
        embed: WordVectors | None = None,
        min_posts: int = 5,
        max_share: float = 0.3,
        stop_words: frozenset[str] | None = None,
        sublinear: bool = True,
        strongest: int = 20,
        related: float = 1.0,
        spread: int = 40,
        handed: int = 600,
        background: bool = True,
    ) -> None:
        super().__init__(
            min_posts=min_posts,
            max_share=max_share,
            stop_words=stop_words,
            sublinear=sublinear,
            strongest=strongest,
            related=related,
            spread=spread,
            handed=handed,
            background=background,
        )
        self.embed = embed

    def fit(self, counts: csr_array, words: Sequence[str]) -> Self:
        """Freeze vocabulary, weights, vectors and which terms go together.

        Raises
        ------
        analysis.vectorise.NoWordsLeft
            Where no word is left.
        ValueError
            Where `words` does not name each column once, or nothing gives vectors.
        """
        TermWeighting.fit(self, counts, words)  # names the terms whose vectors are asked for
        self.vectors_ = self._vectors_of(self.vocabulary_)
        return super().fit(counts, words)

    def nearness(self, weights: csr_array) -> csr_array:
        """Return the cosine of each term's vector with its post's, none below zero.

        Parameters
        ----------
        weights : (n_posts, n_terms)
            A post's vector is the mean of its terms' vectors, weighed by these.
        """
        posts = _unit(np.asarray(weights @ self.vectors_, dtype=np.float32))
        rows = np.repeat(np.arange(weights.shape[0]), np.diff(weights.indptr))
        cosines = np.empty(weights.nnz)
        for start in range(0, weights.nnz, _ENTRIES_AT_ONCE):
            part = slice(start, start + _ENTRIES_AT_ONCE)
            terms = self.vectors_[weights.indices[part]]
            cosines[part] = np.einsum("ij,ij->i", posts[rows[part]], terms)
        near = np.maximum(cosines, 0.0)
        return csr_array((near, weights.indices, weights.indptr), shape=weights.shape)

    def forget_terms(self, gone: Collection[str]) -> Self:
        """Drop terms, with all that was learned of them."""
        kept = [word not in gone for word in self.vocabulary_]
        self.vectors_ = self.vectors_[np.array(kept, dtype=bool)]
        return super().forget_terms(gone)

    def admit_terms(self, words: Sequence[str]) -> Self:
        """Make words terms that were none, with their vectors."""
        self.vectors_ = np.vstack([self.vectors_, self._vectors_of(words)])
        return super().admit_terms(words)

    def learned(self) -> Mapping[str, NDArray[Any]]:
        """Return what was learned as arrays, for saving."""
        return {**super().learned(), "vectors": self.vectors_}

    def restore(self, learned: Mapping[str, NDArray[Any]]) -> Self:
        """Take over what `learned` returned."""
        self.vectors_ = learned["vectors"]
        return super().restore(learned)

    def _vectors_of(self, words: Sequence[str]) -> Vectors:
        if self.embed is None:
            raise ValueError("word vectors are needed: give a function as `embed`")
        return _unit(np.asarray(self.embed(words), dtype=np.float32))

    def _strongest(self, whole: csr_array) -> csr_array:
        near = self.nearness(whole)
        near.data = near.data * whole.data
        near.eliminate_zeros()
        return strongest_terms(unit_rows(near), n=self.strongest)


def _unit(rows: Vectors) -> Vectors:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    unit: Vectors = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return unit
