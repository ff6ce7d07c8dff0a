"""The frame classifier: how likely each post is to be coded with each frame.

One ridge regression a frame on words, pieces of words and, where they are given, vectors of words
and of posts; trained on the share of coders who saw the frame, then calibrated by a sigmoid on
out-of-fold margins (Platt 1999), so that probabilities are honest for posts like those it was
trained on. It is not for counting: `analysis.prevalence` is.
"""

from collections.abc import Collection, Sequence
from typing import NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from scipy.special import expit
from sklearn.base import BaseEstimator
from threadpoolctl import threadpool_limits  # type: ignore[import-untyped] # scikit-learn needs it

from analysis.frames.dense import DenseFeatures, post_means
from analysis.frames.features import FrameFeatures
from analysis.frames.ridge import fit_ridge

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Vectors = NDArray[np.floating]

MIN_POSITIVES = 5
"""Positives and negatives, by majority, without which a frame is not learned."""
ROWS_AT_ONCE = 20_000
"""Posts scored together, which bounds the memory that scoring takes."""
PENALTIES = (0.5, 1.0, 2.0, 4.0, 8.0, 16.0)
"""What a frame's penalty is chosen from; each block of features has length one."""


class FrameClassifier(BaseEstimator):  # type: ignore[misc] # scikit-learn ships no types
    """Calibrated probabilities of frames, one frame independent of the others.

    Parameters
    ----------
    penalties : sequence of float
        Ridge penalties, of which each frame takes the best out of fold.
    n_folds : int
        Folds of the cross-fitting behind penalties, calibration and thresholds.
    static_weight, post_weight : float
        Weight of vectors of words and of posts beside words and pieces.
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
    penalties_ : (F,) floats
        The penalties that were chosen; NaN where a frame is not learned.
    features_, coef_, intercept_, calibration_, base_rates_
        What was learned; `calibration_` is (F, 2): slope and offset of the margin.
    dense_ : dict from "static" and "post" to `Dense`
        What was learned of vectors of words and of posts; without those that were not given.
    """

    def __init__(
        self,
        *,
        penalties: Sequence[float] = PENALTIES,
        n_folds: int = 10,
        static_weight: float = 1.0,
        post_weight: float = 2.0,
        random_state: int = 0,
    ) -> None:
        self.penalties = penalties
        self.n_folds = n_folds
        self.static_weight = static_weight
        self.post_weight = post_weight
        self.random_state = random_state

    def fit(
        self,
        counts: csr_array,
        Y: ArrayLike,  # noqa: N803 # as in scikit-learn
        words: Sequence[str],
        *,
        frames: Sequence[str] | None = None,
        word_vectors: Vectors | None = None,
        post_vectors: Vectors | None = None,
        clusters: ArrayLike | None = None,
    ) -> Self:
        """Learn from coded posts.

        Parameters
        ----------
        counts : (n, n_words) sparse counts
        Y : (n, F) floats within [0, 1]
            Share of coders who saw the frame; NaN where it was not coded.
        words : names of the columns of `counts`
        frames : keys of the F frames; "0", "1", … by default
        word_vectors : (n_words, d) floats, optional
            A fixed vector for each word; then `predict_proba` needs them too.
        post_vectors : (n, d) floats, optional
            A vector of each whole post; then `predict_proba` needs them too.
        clusters : (n,) integers, optional
            Posts of one cluster, such as an author, are out of fold together; negative ones are
            clusters of their own.

        Raises
        ------
        ValueError
            Where shapes disagree, a value is outside of [0, 1], or no post is coded.
        """
        values = _checked_codings(Y, counts.shape[0])
        n_posts, n_frames = values.shape
        self.classes_ = [str(f) for f in (range(n_frames) if frames is None else frames)]
        if len(self.classes_) != n_frames:
            raise ValueError(f"{len(self.classes_)} frames are named and {n_frames} coded")
        self.features_ = FrameFeatures().fit(counts, words)
        self.coef_: Floats = np.zeros((n_frames, 0))
        self.dense_ = self._unlearned(word_vectors, post_vectors)
        self.base_rates_ = _base_rates(values)
        self.abstained_ = _too_few(values)
        self.calibration_ = np.tile([1.0, 0.0], (n_frames, 1))
        self.thresholds_ = np.full(n_frames, 0.5)
        self.penalties_ = np.full(n_frames, np.nan)
        folds = folds_of(n_posts, self.n_folds, clusters=clusters, seed=self.random_state)
        # The matrices are too small to share between threads: with two it takes longer, and on a
        # busy machine thirty times as long; and sums are the same whatever else runs.
        with threadpool_limits(limits=1):
            given = self._blocks(counts, words, word_vectors, post_vectors, fit=True)
            margins = self._learn(given, values, folds)
        self.cross_fitted_ = self._calibrated(margins)
        return self

    def predict_proba(
        self,
        counts: csr_array,
        words: Sequence[str],
        *,
        word_vectors: Vectors | None = None,
        post_vectors: Vectors | None = None,
    ) -> Floats:
        """Return (n, F) probabilities of posts, whatever the order of their columns.

        Raises
        ------
        ValueError
            Where vectors are missing that it learned from.
        """
        parts = [np.empty((0, len(self.classes_)))]
        for start in range(0, counts.shape[0], ROWS_AT_ONCE):
            rows = slice(start, start + ROWS_AT_ONCE)
            vectors = None if post_vectors is None else post_vectors[rows]
            given = self._blocks(counts[rows], words, word_vectors, vectors)
            parts.append(self._calibrated(self._margins(given)))
        return np.concatenate(parts)

    def predict(
        self,
        counts: csr_array,
        words: Sequence[str],
        *,
        word_vectors: Vectors | None = None,
        post_vectors: Vectors | None = None,
    ) -> NDArray[np.bool_]:
        """Return (n, F): whether each frame's probability reaches its threshold."""
        probabilities = self.predict_proba(
            counts, words, word_vectors=word_vectors, post_vectors=post_vectors
        )
        return self.expressed(probabilities)

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

    def _unlearned(
        self, word_vectors: Vectors | None, post_vectors: Vectors | None
    ) -> dict[str, "Dense"]:
        dense = {}
        if word_vectors is not None:
            dense["static"] = Dense.of(DenseFeatures(weight=self.static_weight))
        if post_vectors is not None:
            dense["post"] = Dense.of(DenseFeatures(weight=self.post_weight, squared=True))
        return dense

    def _blocks(
        self,
        counts: csr_array,
        words: Sequence[str],
        word_vectors: Vectors | None,
        post_vectors: Vectors | None,
        *,
        fit: bool = False,
    ) -> "_Blocks":
        """Return the features of posts, block by block."""
        vectors: dict[str, Vectors] = {}
        if "static" in self.dense_ and word_vectors is not None:
            vectors["static"] = post_means(counts, words, word_vectors, self.features_.words_)
        if "post" in self.dense_ and post_vectors is not None:
            vectors["post"] = post_vectors
        for name in self.dense_.keys() - vectors.keys():
            raise ValueError(
                f"the classifier learned from vectors of {_OF[name]}, and none are given; give "
                f"{_ARGUMENT[name]}"
            )
        for name, rows in vectors.items():
            if len(rows) != counts.shape[0]:
                raise ValueError(f"{len(rows)} vectors for {counts.shape[0]} posts: give one each")
            if fit:
                self.dense_[name].features.fit(rows)
        return _Blocks(
            self.features_.transform(counts, words),
            {name: self.dense_[name].features.transform(rows) for name, rows in vectors.items()},
        )

    def _learn(self, given: "_Blocks", values: Floats, folds: Integers) -> Floats:
        """Learn every frame; return margins, out of fold where the post was trained on."""
        n_posts, n_frames = values.shape
        weights, intercept = np.zeros((n_posts, n_frames)), np.zeros(n_frames)
        margins = np.zeros((n_posts, n_frames))
        kernel = self._kernel(given)
        coded = ~np.isnan(values)
        for frames in _coded_alike(coded, ~self.abstained_):
            rows = np.flatnonzero(coded[:, frames[0]])
            fitted = fit_ridge(
                kernel[np.ix_(rows, rows)],
                values[np.ix_(rows, frames)],
                folds=folds[rows],
                penalties=self.penalties,
                random_state=self.random_state,
            )
            self.penalties_[frames], intercept[frames] = fitted.penalties, fitted.intercept
            weights[np.ix_(rows, frames)] = fitted.weights
            margins[:, frames] = kernel @ weights[:, frames] + intercept[frames]
            margins[np.ix_(rows, frames)] = fitted.out_of_fold
        self.coef_ = np.asarray((given.sparse.T @ weights).T)
        self.intercept_ = intercept
        for name, features in given.dense.items():
            learner = self.dense_[name].features
            self.dense_[name] = Dense(learner, *learner.learned(features, weights))
        for frame in np.flatnonzero(~self.abstained_).tolist():
            self._calibrate(frame, margins[coded[:, frame], frame], values[coded[:, frame], frame])
        return margins

    def _kernel(self, given: "_Blocks") -> Floats:
        kernel = np.asarray((given.sparse @ given.sparse.T).toarray())
        for name, features in given.dense.items():
            kernel += self.dense_[name].features.kernel(features)
        return kernel

    def _calibrate(self, frame: int, out_of_fold: Floats, y: Floats) -> None:
        self.calibration_[frame] = _sigmoid(out_of_fold, y)
        scale, shift = self.calibration_[frame]
        self.thresholds_[frame] = best_threshold(expit(scale * out_of_fold + shift))

    def _margins(self, given: "_Blocks") -> Floats:
        margins = np.asarray(given.sparse @ self.coef_.T + self.intercept_, dtype=np.float64)
        for name, features in given.dense.items():
            learned = self.dense_[name]
            margins += learned.features.margins(features, learned.linear, learned.pairs)
        return margins

    def _calibrated(self, margins: Floats) -> Floats:
        honest = expit(margins * self.calibration_[:, 0] + self.calibration_[:, 1])
        return np.where(self.abstained_, self.base_rates_, honest)


class Dense(NamedTuple):
    """What is learned of dense features: (F, d) of directions and (F, d, d) of pairs of them."""

    features: DenseFeatures
    linear: Floats
    pairs: Floats

    @classmethod
    def of(cls, features: DenseFeatures) -> "Dense":
        """Return features of which nothing is learned yet."""
        return cls(features, np.zeros((0, 0)), np.zeros((0, 0, 0)))


class _Blocks(NamedTuple):
    sparse: csr_array
    dense: dict[str, Floats]


_OF = {"static": "words", "post": "posts"}
_ARGUMENT = {"static": "word_vectors", "post": "post_vectors"}


def folds_of(
    n_posts: int, n_folds: int, *, clusters: ArrayLike | None = None, seed: int = 0
) -> Integers:
    """Return a fold for each post at random; posts of one cluster are in one.

    `clusters` (n,) integers, negative ones being clusters of their own.
    """
    groups = np.full(n_posts, -1) if clusters is None else np.asarray(clusters, dtype=np.int64)
    if len(groups) != n_posts:
        raise ValueError(f"{len(groups)} clusters for {n_posts} posts: give one each")
    groups = np.where(groups < 0, groups.max(initial=0) + 1 + np.arange(n_posts), groups)
    members, place = np.unique(groups, return_inverse=True)
    return np.asarray(np.random.default_rng(seed).permutation(len(members))[place] % n_folds)


def _coded_alike(coded: NDArray[np.bool_], learned: NDArray[np.bool_]) -> list[Integers]:
    """Return the learned frames, those together that were coded in the same posts."""
    found: dict[bytes, list[int]] = {}
    for frame in np.flatnonzero(learned).tolist():
        found.setdefault(coded[:, frame].tobytes(), []).append(frame)
    return [np.array(frames, dtype=np.int64) for frames in found.values()]


def _too_few(values: Floats) -> NDArray[np.bool_]:
    """Return which frames (F,) have too few positives or negatives, by majority, to learn."""
    positives = (values > 0.5).sum(axis=0)  # noqa: PLR2004 # the majority of coders
    negatives = (~np.isnan(values)).sum(axis=0) - positives
    return np.asarray(np.minimum(positives, negatives) < MIN_POSITIVES)


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
