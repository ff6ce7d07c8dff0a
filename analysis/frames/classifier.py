"""The frame classifier: how likely each post is to be coded with each frame.

One logistic regression a frame on words and pieces of words, trained on the share of coders who saw
the frame, then calibrated by a sigmoid on out-of-fold margins (Platt 1999), so that probabilities
are honest for posts like those it was trained on. It is not for counting: `analysis.prevalence` is.
"""

from collections.abc import Collection, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array, vstack
from scipy.special import expit
from sklearn.base import BaseEstimator
from sklearn.linear_model import LogisticRegression
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # scikit-learn needs it

from analysis.frames.features import FrameFeatures

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

MIN_POSITIVES = 5
"""Positives and negatives, by majority, without which a frame is not learned."""
ROWS_AT_ONCE = 20_000
"""Posts scored together, which bounds the memory that scoring takes."""


class FrameClassifier(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Calibrated probabilities of frames, one frame independent of the others.

    Parameters
    ----------
    C : float
        Inverse strength of the ridge penalty.
    n_folds : int
        Folds of the cross-fitting behind calibration and thresholds.
    random_state : int
        Seeds the folds.

    Attributes
    ----------
    classes_ : list of str
        Keys of the frames.
    abstained_ : (F,) bool
        Frames with too few positives or negatives: their probability is the base rate.
    cross_fitted_ : (n, F) floats
        Probabilities of the training posts by models that did not see them: these, not
        `predict_proba`, are their scores in `analysis.prevalence`.
    thresholds_ : (F,) floats
        Probability from which `predict` says a frame is expressed: best expected F1.
    features_, coef_, intercept_, calibration_, base_rates_
        What was learned; `calibration_` is (F, 2): slope and offset of the margin.
    """

    def __init__(self, *, C: float = 2.0, n_folds: int = 5, random_state: int = 0) -> None:  # noqa: N803 # as in scikit-learn
        self.C = C
        self.n_folds = n_folds
        self.random_state = random_state

    def fit(
        self,
        counts: csr_array,
        Y: ArrayLike,  # noqa: N803 # as in scikit-learn
        words: Sequence[str],
        *,
        frames: Sequence[str] | None = None,
    ) -> Self:
        """Learn from coded posts.

        Parameters
        ----------
        counts : (n, n_words) sparse counts
        Y : (n, F) floats within [0, 1]
            Share of coders who saw the frame; NaN where it was not coded.
        words : names of the columns of `counts`
        frames : keys of the F frames; "0", "1", … by default

        Raises
        ------
        ValueError
            Where shapes disagree, a value is outside of [0, 1], or no post is coded.
        """
        values = _checked_codings(Y, counts.shape[0])
        n_frames = values.shape[1]
        self.classes_ = [str(f) for f in (range(n_frames) if frames is None else frames)]
        if len(self.classes_) != n_frames:
            raise ValueError(f"{len(self.classes_)} frames are named and {n_frames} coded")
        self.features_ = FrameFeatures().fit(counts, words)
        features = self.features_.transform(counts, words)
        self.coef_ = np.zeros((n_frames, features.shape[1]))
        self.intercept_ = np.zeros(n_frames)
        self.calibration_ = np.tile([1.0, 0.0], (n_frames, 1))
        self.thresholds_ = np.full(n_frames, 0.5)
        self.abstained_ = np.zeros(n_frames, dtype=bool)
        self.base_rates_ = _base_rates(values)
        margins = np.zeros(values.shape)
        # The solver's vectors are too short to share between threads: with two it takes longer,
        # and on a busy machine thirty times as long.
        with threadpool_limits(limits=1):
            for frame in range(n_frames):
                margins[:, frame] = self._fit_frame(frame, features, values[:, frame])
        self.cross_fitted_ = self._calibrated(margins)
        return self

    def predict_proba(self, counts: csr_array, words: Sequence[str]) -> Floats:
        """Return (n, F) probabilities of posts, whatever the order of their columns."""
        parts = [
            self._calibrated(self._margins(counts[start : start + ROWS_AT_ONCE], words))
            for start in range(0, counts.shape[0], ROWS_AT_ONCE)
        ]
        return np.concatenate(parts) if parts else np.empty((0, len(self.classes_)))

    def predict(self, counts: csr_array, words: Sequence[str]) -> NDArray[np.bool_]:
        """Return (n, F): whether each frame's probability reaches its threshold."""
        return self.expressed(self.predict_proba(counts, words))

    def expressed(self, probabilities: Floats) -> NDArray[np.bool_]:
        """Return which probabilities (n, F) reach their threshold; of an abstained frame, none."""
        return np.asarray((probabilities >= self.thresholds_) & ~self.abstained_)

    def forget_words(self, gone: Collection[str]) -> Self:
        """Drop words that no post holds any more, with their coefficients.

        Nothing changes for a post without these words. The pieces of three to five letters stay:
        they tell no word.
        """
        words = self.features_.words_
        kept = [i for i, word in enumerate(words.vocabulary_) if word not in gone]
        pieces = range(len(words.vocabulary_), self.coef_.shape[1])
        self.coef_ = self.coef_[:, [*kept, *pieces]]
        words.vocabulary_ = [words.vocabulary_[i] for i in kept]
        words.idf_ = words.idf_[kept]
        return self

    def _fit_frame(self, frame: int, features: csr_array, values: Floats) -> Floats:
        """Learn one frame; return its margins, out of fold where the post was trained on."""
        coded = np.flatnonzero(~np.isnan(values))
        y = values[coded]
        positives = int((y > 0.5).sum())  # noqa: PLR2004 # the majority of coders
        if min(positives, len(y) - positives) < MIN_POSITIVES:
            self.abstained_[frame] = True
            return np.zeros(len(values))
        known = features[coded]
        folds = _folds(y, self.n_folds, self.random_state)
        out_of_fold = np.empty(len(coded))
        for fold in range(self.n_folds):
            held = folds == fold
            slope, offset = _ridge_logistic(known[~held], y[~held], self.C)
            out_of_fold[held] = known[held] @ slope + offset
        self.coef_[frame], self.intercept_[frame] = _ridge_logistic(known, y, self.C)
        self.calibration_[frame] = _sigmoid(out_of_fold, y)
        margins = np.asarray(features @ self.coef_[frame] + self.intercept_[frame])
        margins[coded] = out_of_fold
        scale, shift = self.calibration_[frame]
        self.thresholds_[frame] = best_threshold(expit(scale * out_of_fold + shift))
        return margins

    def _margins(self, counts: csr_array, words: Sequence[str]) -> Floats:
        features = self.features_.transform(counts, words)
        return np.asarray(features @ self.coef_.T + self.intercept_, dtype=np.float64)

    def _calibrated(self, margins: Floats) -> Floats:
        honest = expit(margins * self.calibration_[:, 0] + self.calibration_[:, 1])
        return np.where(self.abstained_, self.base_rates_, honest)


def _checked_codings(codings: ArrayLike, n_posts: int) -> Floats:
    values = np.asarray(codings, dtype=np.float64)
    if values.ndim != 2 or len(values) != n_posts:  # noqa: PLR2004 # posts by frames
        raise ValueError(f"Y has the shape {values.shape}; give {n_posts} rows, a column a frame")
    known = values[~np.isnan(values)]
    if not len(known):
        raise ValueError("no post is coded; code some of the train pool first")
    if known.min() < 0 or known.max() > 1:
        raise ValueError("a value of Y is outside of 0 to 1; give the share of coders")
    return values


def _base_rates(values: Floats) -> Floats:
    """Return each frame's mean coding, drawn towards 1/2 by one post."""
    n_coded = (~np.isnan(values)).sum(axis=0)
    return np.asarray((np.nansum(values, axis=0) + 0.5) / (n_coded + 1), dtype=np.float64)


def _folds(y: Floats, n_folds: int, seed: int) -> Integers:
    """Return a fold for each post: random, with the positives spread evenly."""
    shuffled = np.random.default_rng(seed).permutation(len(y))
    order = shuffled[np.argsort(y[shuffled] > 0.5, kind="stable")]  # noqa: PLR2004 # the majority
    folds = np.empty(len(y), dtype=np.int64)
    folds[order] = np.arange(len(y)) % n_folds
    return folds


def _ridge_logistic(features: csr_array, y: Floats, strength: float) -> tuple[Floats, float]:
    """Return coefficients and intercept for soft labels, both classes weighing the same."""
    as_one, as_none = y > 0, y < 1
    doubled = vstack([features[as_one], features[as_none]], format="csr")
    labels = np.repeat([1, 0], [int(as_one.sum()), int(as_none.sum())])
    weights = np.concatenate(
        [y[as_one] * len(y) / (2 * y.sum()), (1 - y[as_none]) * len(y) / (2 * (1 - y).sum())]
    )
    model = LogisticRegression(C=strength, tol=1e-3, max_iter=500)
    model.fit(doubled, labels, sample_weight=weights)
    return model.coef_[0], float(model.intercept_[0])


def _sigmoid(margins: Floats, y: Floats) -> Floats:
    """Return slope and offset that turn margins into the shares `y`, by maximum likelihood.

    Newton's method with a weak ridge on the slope, so that separated classes stay finite. A slope
    below zero means that nothing was learned: then it is zero and the offset that of the base rate.
    """
    base_rate = np.log((y.sum() + 0.5) / (len(y) - y.sum() + 0.5))
    design = np.column_stack([margins, np.ones_like(margins)])
    ridge = np.diag([1e-2, 1e-6])
    at = np.array([0.0, base_rate])
    for _ in range(50):
        fitted = expit(design @ at)
        gradient = design.T @ (fitted - y) + ridge @ at
        curvature = (design * (fitted * (1 - fitted))[:, None]).T @ design + ridge
        step = np.linalg.solve(curvature, gradient)
        at = at - step * min(1.0, 5.0 / float(np.abs(step).max()) if step.any() else 1.0)
        if float(np.abs(step).max()) < 1e-8:  # noqa: PLR2004 # converged
            break
    return at if at[0] > 0 else np.array([0.0, base_rate])


def best_threshold(probabilities: Floats) -> float:
    """Return the probability from which calling posts positive has the best expected F1.

    Half of that best F1, if the probabilities are honest (Lipton, Elkan and Naryanaswamy 2014).
    Steadier for rare frames than the threshold that happened to be best.
    """
    ranked = np.sort(probabilities)[::-1]
    f1 = 2 * np.cumsum(ranked) / (np.arange(1, len(ranked) + 1) + ranked.sum())
    return float(f1.max() / 2)
