"""A cheap classifier for every post and a dear one for those on which the cheap one is in doubt.

Vectors of whole texts cost a thousand times what words cost. Only posts whose probabilities of some
frame lie near its threshold get them; how near is learned, so that a wanted share of posts does.
"""

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import logit
from sklearn.base import BaseEstimator

from analysis.frames.classifier import FrameClassifier

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Vectors = NDArray[np.floating]


class CascadeScores(NamedTuple):
    """Probabilities (n, F), whether they reach their threshold, and who got the dear model (n,)."""

    probabilities: Floats
    expressed: NDArray[np.bool_]
    dear: NDArray[np.bool_]


class FrameCascade(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Two frame classifiers, the dear one for the doubtful band.

    Parameters
    ----------
    share : float
        Of posts like the coded ones that the dear model is to see.
    random_state : int
        Seeds the folds of both.

    Attributes
    ----------
    cheap_, dear_ : FrameClassifier
        Without and with vectors of whole posts.
    band_ : float
        Distance to the nearest threshold, in logits, up to which a post is doubtful.
    cross_fitted_ : (n, F) floats
        Probabilities of the training posts by models that did not see them.
    """

    def __init__(self, *, share: float = 0.3, random_state: int = 0) -> None:
        self.share = share
        self.random_state = random_state

    def fit(
        self,
        counts: csr_array,
        Y: ArrayLike,  # noqa: N803 # as in scikit-learn
        words: Sequence[str],
        *,
        post_vectors: Vectors,
        **given: Any,
    ) -> Self:
        """Learn both, from the same posts; arguments as in `FrameClassifier.fit`."""
        new = FrameClassifier(random_state=self.random_state)
        self.cheap_ = new.fit(counts, Y, words, **given)
        new = FrameClassifier(random_state=self.random_state)
        self.dear_ = new.fit(counts, Y, words, post_vectors=post_vectors, **given)
        distances = self._distances(self.cheap_.cross_fitted_)
        self.band_ = float(np.quantile(distances, self.share))
        doubtful = distances <= self.band_
        self.cross_fitted_ = np.where(
            doubtful[:, None], self.dear_.cross_fitted_, self.cheap_.cross_fitted_
        )
        return self

    def score(
        self,
        counts: csr_array,
        words: Sequence[str],
        *,
        vectors_of: Callable[[Integers], Vectors],
        word_vectors: Vectors | None = None,
    ) -> CascadeScores:
        """Score posts; `vectors_of` gives the vectors (m, d) of the rows that are in doubt."""
        p = self.cheap_.predict_proba(counts, words, word_vectors=word_vectors)
        said = self.cheap_.expressed(p)
        doubtful = self._distances(p) <= self.band_
        rows = np.flatnonzero(doubtful)
        if len(rows):
            p[rows] = self.dear_.predict_proba(
                counts[rows], words, word_vectors=word_vectors, post_vectors=vectors_of(rows)
            )
            said[rows] = self.dear_.expressed(p[rows])
        return CascadeScores(p, said, doubtful)

    def _distances(self, probabilities: Floats) -> Floats:
        """Return how far each post (n,) is from the nearest threshold of a learned frame."""
        learned = ~self.cheap_.abstained_
        if not learned.any():
            return np.full(len(probabilities), np.inf)
        away = logit(probabilities[:, learned]) - logit(self.cheap_.thresholds_[learned])
        return np.asarray(np.abs(away).min(axis=1))
