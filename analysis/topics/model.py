"""Topics: what posts are about, found by factorising their strongest terms.

TF-IDF cut to the strongest terms of each post and factorised with no entry below zero: the cut
gives topics whose terms hold together better than the whole rows do, at less cost. A post's own
topics are found from its whole row, which measures better than the cut one. Vocabulary, weights and
topics are frozen once fitted, so a post's topics depend on the post alone.
"""

import warnings
from collections.abc import Collection, Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator
from sklearn.decomposition import NMF
from sklearn.exceptions import ConvergenceWarning

from analysis.vectorise import TermWeighting, strongest_terms

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

ROWS_AT_ONCE = 50_000
"""Posts whose topics are found together, which bounds the memory that it takes."""


class TopicModel(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Non-negative matrix factorisation of each post's strongest terms.

    Parameters
    ----------
    n_topics : int
    strongest : int
        Terms kept of each post to find the topics.
    min_posts, max_share
        Words in fewer posts, or a greater share of them, are no terms.
    stop_words : collection of str, optional
        Our own list of function words if None.
    random_state, max_iter : int
        Of the factorisation, which starts from singular vectors.

    Attributes
    ----------
    components_ : (n_topics, n_terms) floats
        Weight of each term in each topic, of Euclidean length one; the topic that holds most of
        the posts it was fitted to is the first.
    vocabulary_ : list of str
    idf_ : (n_terms,) floats
    converged_ : bool
    """

    def __init__(
        self,
        *,
        n_topics: int = 20,
        strongest: int = 20,
        min_posts: int = 5,
        max_share: float = 0.3,
        stop_words: frozenset[str] | None = None,
        random_state: int = 0,
        max_iter: int = 200,
    ) -> None:
        self.n_topics = n_topics
        self.strongest = strongest
        self.min_posts = min_posts
        self.max_share = max_share
        self.stop_words = stop_words
        self.random_state = random_state
        self.max_iter = max_iter

    def fit(self, counts: csr_array, words: Sequence[str]) -> Self:
        """Find topics in posts.

        Parameters
        ----------
        counts : (n, n_words) sparse counts, its columns named by `words`

        Raises
        ------
        ValueError
            Where there are too few posts or terms for so many topics.
        """
        weighting = self.weighting().fit(counts, words)
        terms = strongest_terms(weighting.transform(counts, words), n=self.strongest)
        terms = terms[np.diff(terms.indptr) > 0]
        if self.n_topics < 1 or self.n_topics > min(terms.shape):
            raise ValueError(
                f"{self.n_topics} topics cannot be found in {terms.shape[0]} posts with"
                f" {terms.shape[1]} terms; ask for fewer topics, from 1"
            )
        factors = NMF(
            n_components=self.n_topics,
            init="nndsvda" if self.n_topics < min(terms.shape) else "random",
            solver="cd",
            max_iter=self.max_iter,
            random_state=self.random_state,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            factors.fit(terms)
        self.converged_ = bool(factors.n_iter_ < self.max_iter)
        self.weighting_ = weighting
        self.vocabulary_ = weighting.vocabulary_
        self.idf_ = weighting.idf_
        self.components_ = _unit_length(factors.components_)
        mass = self.transform(counts, words).sum(axis=0)
        self.components_ = self.components_[np.argsort(-mass, kind="stable")]
        return self

    def transform(self, counts: csr_array, words: Sequence[str]) -> Floats:
        """Return how much of each post each topic is: (n, n_topics), rows that sum to one.

        A post without a term of any topic is a row of zeros: it has no topic.
        """
        parts = [
            self._shares(counts[start : start + ROWS_AT_ONCE], words)
            for start in range(0, counts.shape[0], ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self.components_)))

    def forget_terms(self, gone: Collection[str]) -> Self:
        """Drop terms that no post holds any more, with all that was learned of them.

        Topics of posts without these terms move by less than the terms weighed in the topics.
        """
        kept = [i for i, word in enumerate(self.vocabulary_) if word not in gone]
        self.vocabulary_ = [self.vocabulary_[i] for i in kept]
        self.idf_ = self.idf_[kept]
        self.components_ = self.components_[:, kept]
        self.weighting_.vocabulary_ = self.vocabulary_
        self.weighting_.idf_ = self.idf_
        return self

    def weighting(self) -> TermWeighting:
        """Return an unfitted weighting with this model's parameters."""
        return TermWeighting(
            min_posts=self.min_posts, max_share=self.max_share, stop_words=self.stop_words
        )

    def _shares(self, counts: csr_array, words: Sequence[str]) -> Floats:
        terms = self.weighting_.transform(counts, words)
        loadings = non_negative_loadings(terms, self.components_)
        totals = loadings.sum(axis=1, keepdims=True)
        return _ratio(loadings, totals)


def leading_topics(weights: Floats) -> Integers:
    """Return each post's topic of greatest weight, -1 where it has none."""
    if not weights.shape[1]:
        return np.full(len(weights), -1, dtype=np.int64)
    return np.where(weights.max(axis=1) > 0, weights.argmax(axis=1), -1).astype(np.int64)


def non_negative_loadings(
    terms: csr_array, components: Floats, *, tolerance: float = 1e-6, max_iter: int = 500
) -> Floats:
    """Return W (n, k) with no entry below zero that brings W @ components nearest to `terms`.

    Cyclic coordinate descent of each row until none of its entries moves by more than `tolerance`,
    so that a row's result does not depend on the others.
    """
    gram = components @ components.T
    aim = np.asarray(terms @ components.T, dtype=np.float64)
    loadings = np.zeros_like(aim)
    moving = np.flatnonzero((aim > 0).any(axis=1))
    topics = np.flatnonzero(np.diag(gram) > 0)
    for _ in range(max_iter):
        if not len(moving):
            break
        rows, goal = loadings[moving], aim[moving]
        moved = np.zeros(len(moving))
        for topic in topics:
            before = rows[:, topic].copy()
            slope = rows @ gram[:, topic] - goal[:, topic]
            rows[:, topic] = np.maximum(before - slope / gram[topic, topic], 0.0)
            np.maximum(moved, np.abs(rows[:, topic] - before), out=moved)
        loadings[moving] = rows
        moving = moving[moved > tolerance]
    return loadings


def _unit_length(components: Floats) -> Floats:
    lengths = np.linalg.norm(components, axis=1, keepdims=True)
    return _ratio(components, lengths)


def _ratio(above: Floats, below: Floats) -> Floats:
    filled = np.zeros_like(above)
    np.divide(above, below, out=filled, where=below > 0)
    return filled
