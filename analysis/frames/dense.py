"""Dense features of posts: the mean of its words' fixed vectors, or the vector of a whole text.

What is learned from them is linear, or of second degree too, which a vector of a whole text is
worth: two of its directions together say what neither says alone.
"""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from sklearn.base import BaseEstimator

from analysis.vectorise import TermWeighting, columns_among

Floats = NDArray[np.float64]


def post_means(
    counts: csr_array, words: Sequence[str], word_vectors: NDArray[np.floating], by: TermWeighting
) -> Floats:
    """Return the mean vector (n, d) of each post's words, rare words weighing more.

    Parameters
    ----------
    counts : (n, n_words) sparse counts
    words : names of the columns
    word_vectors : (n_words, d) floats
    by : TermWeighting
        A fitted weighting; a word that it lacks weighs as much as one that was in no post.

    Raises
    ------
    ValueError
        Where there is not one vector for each word.
    """
    if len(word_vectors) != len(words):
        raise ValueError(f"{len(word_vectors)} word vectors for {len(words)} words: give one each")
    column = columns_among(words, by.vocabulary_)
    rarity = np.append(by.idf_, by.idf_.max(initial=1.0))[column]  # -1 is the last
    weights = csr_array((1 + np.log(counts.data), counts.indices, counts.indptr), counts.shape)
    weights.data = weights.data * rarity[weights.indices]
    return np.asarray(weights @ np.asarray(word_vectors, dtype=np.float64))


class DenseFeatures(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Vectors of posts, less their mean, with length one.

    Parameters
    ----------
    squared : bool
        Whether products of two directions count too.
    weight : float
        Of these features beside others, each of which has length one.

    Attributes
    ----------
    mean_ : (d,) floats
        Mean of the posts' vectors, each of length one.
    """

    def __init__(self, *, squared: bool = False, weight: float = 1.0) -> None:
        self.squared = squared
        self.weight = weight

    def fit(self, vectors: NDArray[np.floating]) -> Self:
        """Learn the mean of the vectors (n, d)."""
        self.mean_ = _unit(vectors).mean(axis=0)
        return self

    def transform(self, vectors: NDArray[np.floating]) -> Floats:
        """Return the features (n, d) of posts; a post without a vector has zeros."""
        long = _unit(vectors)
        known = np.asarray(long != 0).any(axis=1, keepdims=True)
        return _unit(np.where(known, long - self.mean_, 0.0))

    def kernel(self, features: Floats) -> Floats:
        """Return how alike posts are, (n, n)."""
        alike = features @ features.T
        return self.weight * (alike + alike**2 / 2 if self.squared else alike)

    def learned(self, features: Floats, weights: Floats) -> tuple[Floats, Floats]:
        """Return what weights of posts (n, F) come to: (F, d) of directions, (F, d, d) of pairs."""
        linear = self.weight * (weights.T @ features)
        if not self.squared:
            return linear, np.zeros((weights.shape[1], 0, 0))
        pairs = [features.T @ (features * column[:, None]) for column in weights.T]
        return linear, self.weight / 2 * np.array(pairs)

    def margins(self, features: Floats, linear: Floats, pairs: Floats) -> Floats:
        """Return what the features add to the margins (n, F)."""
        margins = features @ linear.T
        if pairs.shape[1]:
            margins += np.column_stack([((features @ pair) * features).sum(1) for pair in pairs])
        return np.asarray(margins)


def _unit(vectors: NDArray[np.floating]) -> Floats:
    rows = np.asarray(vectors, dtype=np.float64)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    scaled: Floats = np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0)
    return scaled
