"""How well the frame classifier does: out of sample, frame by frame, each figure with its spread.

F1 and average precision are against the majority of coders; Brier skill and calibration error
against the share of coders who saw the frame, which is what the classifier predicts. Spreads are
percentiles of a bootstrap over posts, so they hold for posts like those that were coded.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from sklearn.base import clone

from analysis.frames.classifier import FrameClassifier, folds_of

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

ALL_FRAMES = "all"
"""What stands in the column `frame` for the mean over frames."""
N_RESAMPLES = 200
N_BINS = 10


class OutOfSample(NamedTuple):
    """Probabilities (n, F) of posts, and whether they reach the threshold of their model."""

    probabilities: Floats
    expressed: Booleans


def cross_validate(
    classifier: FrameClassifier,
    counts: csr_array,
    Y: ArrayLike,  # noqa: N803 # as in scikit-learn
    words: Sequence[str],
    *,
    n_folds: int = 5,
    folds: ArrayLike | None = None,
    clusters: ArrayLike | None = None,
    word_vectors: NDArray[np.floating] | None = None,
    post_vectors: NDArray[np.floating] | None = None,
    random_state: int = 0,
) -> OutOfSample:
    """Return what models say of each post that were fitted, thresholds and all, without it.

    `clusters` (n,) integers, such as authors or threads, are kept within one fold; negative ones
    are clusters of their own. `folds` (n,) integers give the folds themselves, such as the
    community or the year of each post. Vectors are as in `FrameClassifier.fit`.
    """
    values = np.asarray(Y, dtype=np.float64)
    held_in = (
        folds_of(len(values), n_folds, clusters=clusters, seed=random_state)
        if folds is None
        else np.asarray(folds, dtype=np.int64)
    )
    probabilities = np.zeros(values.shape)
    expressed = np.zeros(values.shape, dtype=bool)
    for fold in np.unique(held_in).tolist():
        held, rest = np.flatnonzero(held_in == fold), np.flatnonzero(held_in != fold)
        seen, unseen = (
            {
                "word_vectors": word_vectors,
                "post_vectors": None if post_vectors is None else post_vectors[rows],
            }
            for rows in (rest, held)
        )
        model = clone(classifier).fit(counts[rest], values[rest], words, **seen)
        probabilities[held] = model.predict_proba(counts[held], words, **unseen)
        expressed[held] = model.expressed(probabilities[held])
    return OutOfSample(probabilities, expressed)


def evaluate(
    found: OutOfSample,
    Y: ArrayLike,  # noqa: N803 # as in scikit-learn
    frames: Sequence[str],
    *,
    version: str,
    confidence: float = 0.95,
    random_state: int = 0,
) -> pa.Table:
    """Return rows of the table `evaluations`: four measures of each frame, and their means.

    Kind `classifier` has `f1` and `average_precision`, kind `calibration` has `brier_skill` and
    `expected_calibration_error`; the frame `all` has the mean over frames (macro-F1 and the like).
    A measure that is undefined, such as F1 without a positive, is null and in no mean. `Y` is
    (n, F) within [0, 1], NaN where not coded; `version` is the classifier's.
    """
    values = np.asarray(Y, dtype=np.float64)
    draw = np.random.default_rng(random_state)
    rows = []
    for (kind, name), measure in MEASURES.items():
        by_frame = [_resampled(measure, found, values, frame, draw) for frame in range(len(frames))]
        n_coded = [int((~np.isnan(values[:, frame])).sum()) for frame in range(len(frames))]
        both = [*zip(frames, by_frame, n_coded, strict=True)]
        both.append((ALL_FRAMES, _mean(by_frame), int((~np.isnan(values)).any(axis=1).sum())))
        rows += [
            (kind, frame, name, *_summary(numbers, confidence), n, version)
            for frame, numbers, n in both
        ]
    names = ("kind", "frame", "measure", "value", "lower", "upper", "n", "version")
    columns = dict(zip(names, zip(*rows, strict=True), strict=True))
    number = {"value": pa.float64(), "lower": pa.float64(), "upper": pa.float64(), "n": pa.int64()}
    return pa.table(
        {name: pa.array(columns[name], number.get(name), from_pandas=True) for name in names}
    )


Measure = Callable[[Floats, Booleans, Floats, Floats], Floats]


def _resampled(
    measure: Measure, found: OutOfSample, values: Floats, frame: int, draw: np.random.Generator
) -> Floats:
    """Return the measure of one frame, first of all its posts, then of each resample."""
    coded = np.flatnonzero(~np.isnan(values[:, frame]))
    n = len(coded)
    if not n:
        return np.full(1 + N_RESAMPLES, np.nan)
    weights = np.concatenate(
        [np.ones((1, n)), draw.multinomial(n, np.full(n, 1 / n), size=N_RESAMPLES)]
    )
    return measure(
        found.probabilities[coded, frame],
        found.expressed[coded, frame],
        values[coded, frame],
        weights,
    )


def _mean(by_frame: Sequence[Floats]) -> Floats:
    defined = np.array([numbers for numbers in by_frame if not np.isnan(numbers[0])])
    if not len(defined):
        return np.full(1 + N_RESAMPLES, np.nan)
    known = ~np.isnan(defined)
    return np.asarray(np.where(known, defined, 0).sum(axis=0) / np.maximum(known.sum(axis=0), 1))


def _summary(numbers: Floats, confidence: float) -> tuple[float, float, float]:
    spread = numbers[1:][~np.isnan(numbers[1:])]
    if np.isnan(numbers[0]) or not len(spread):
        return (float("nan"),) * 3
    lower, upper = np.quantile(spread, [(1 - confidence) / 2, (1 + confidence) / 2])
    return float(numbers[0]), float(lower), float(upper)


def _ratio(above: Floats, below: Floats) -> Floats:
    filled = np.full(np.shape(above), np.nan)
    np.divide(above, below, out=filled, where=below > 0)
    return filled


def _majority(y: Floats) -> Floats:
    return (y > 0.5).astype(np.float64)  # noqa: PLR2004 # more than half of the coders


def _f1(_: Floats, expressed: Booleans, y: Floats, weights: Floats) -> Floats:
    said, true = expressed.astype(np.float64), _majority(y)
    positives = weights @ true
    f1 = _ratio(2 * (weights @ (said * true)), weights @ said + positives)
    return np.where(positives > 0, f1, np.nan)


def _average_precision(p: Floats, _: Booleans, y: Floats, weights: Floats) -> Floats:
    order = np.argsort(-p, kind="stable")
    ranked, true = p[order], _majority(y)[order]
    last = np.searchsorted(-ranked, -ranked, side="right") - 1  # ties are reached together
    hits = np.cumsum(weights[:, order] * true, axis=1)
    seen = np.cumsum(weights[:, order], axis=1)
    precision = np.nan_to_num(_ratio(hits[:, last], seen[:, last]))
    return _ratio((weights[:, order] * true * precision).sum(axis=1), hits[:, -1])


def _brier_skill(p: Floats, _: Booleans, y: Floats, weights: Floats) -> Floats:
    mean = _ratio(weights @ y, weights.sum(axis=1))
    reference = weights @ y**2 - weights.sum(axis=1) * mean**2
    return 1 - _ratio(weights @ (p - y) ** 2, reference)


def _calibration_error(p: Floats, _: Booleans, y: Floats, weights: Floats) -> Floats:
    """Mean distance of probability and share within ten bins of equally many posts."""
    total = np.zeros(len(weights))
    for members in np.array_split(np.argsort(p, kind="stable"), N_BINS):
        total += np.abs(weights[:, members] @ (p[members] - y[members]))
    return np.asarray(total / weights.sum(axis=1), dtype=np.float64)


MEASURES: dict[tuple[str, str], Measure] = {
    ("classifier", "f1"): _f1,
    ("classifier", "average_precision"): _average_precision,
    ("calibration", "brier_skill"): _brier_skill,
    ("calibration", "expected_calibration_error"): _calibration_error,
}
