"""What more coding would bring: the classifier learned from ever more of the coded posts.

For each of a few repetitions a fifth of the posts is held out, and average precision of each frame
on it is measured with a growing part of the others. Its growth is fitted as a line in the logarithm
of the number of positive posts, which is followed a little beyond what is coded.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import average_precision_score

from analysis.frames.classifier import FrameClassifier

Floats = NDArray[np.float64]

PARTS = (0.25, 0.5, 1.0)
"""Shares of the posts that are not held out, with which the classifier is learned."""
N_REPEATS = 3
MORE_CODINGS = 40
"""Codings of a frame, positive ones, that the sentence speaks of."""
FURTHEST = 2.0
"""The line is followed to so many times the positive posts there are, no further."""


class Growth(NamedTuple):
    """How average precision of one frame grows with its positive posts.

    `positives` and `precision` (points,) are what was measured; `at` is the line's value with all
    coded posts, `more` with `MORE_CODINGS` more positive ones; `lower` and `upper` bound what they
    would add (95 %, from the spread of the points about the line). NaN where the frame is in too
    few posts to say.
    """

    frame: str
    n_positive: int
    positives: Floats
    precision: Floats
    at: float
    more: float
    lower: float
    upper: float

    @property
    def sentence(self) -> str:
        """What more coding would do, or that it cannot be said."""
        if np.isnan(self.more):
            return (
                f"{self.frame} is in {self.n_positive} coded posts: too few, or too far from "
                f"{MORE_CODINGS} more, to say what more codings would bring"
            )
        return (
            f"{MORE_CODINGS} more codings of {self.frame} would change its average precision from "
            f"{self.at:.2f} to about {self.more:.2f} ({self.lower:+.2f} to {self.upper:+.2f})"
        )


def learning_curve(
    classifier: FrameClassifier,
    counts: csr_array,
    Y: ArrayLike,  # noqa: N803 # as in scikit-learn
    words: Sequence[str],
    *,
    frames: Sequence[str],
    word_vectors: NDArray[np.floating] | None = None,
    post_vectors: NDArray[np.floating] | None = None,
    random_state: int = 0,
) -> list[Growth]:
    """Return how each frame's average precision grows with its codings.

    Arguments as in `FrameClassifier.fit`; the classifier given is not changed.
    """
    values = np.asarray(Y, dtype=np.float64)
    n_posts = len(values)
    points: list[tuple[Floats, Floats]] = []
    for repeat in range(N_REPEATS):
        order = np.random.default_rng([random_state, repeat]).permutation(n_posts)
        held, rest = order[: n_posts // 5], order[n_posts // 5 :]
        for part in PARTS:
            some = np.sort(rest[: round(part * len(rest))])
            seen, unseen = (
                {
                    "word_vectors": word_vectors,
                    "post_vectors": None if post_vectors is None else post_vectors[rows],
                }
                for rows in (some, held)
            )
            model = clone(classifier).fit(counts[some], values[some], words, **seen)
            said = model.predict_proba(counts[held], words, **unseen)
            positives = (values[some] > 0.5).sum(axis=0).astype(np.float64)  # noqa: PLR2004
            points.append((positives, _precision(said, values[held], model.abstained_)))
    n_positive = (values > 0.5).sum(axis=0)  # noqa: PLR2004 # the majority of coders
    positives, precision = (np.array(column) for column in zip(*points, strict=True))
    return [
        _growth(name, int(n_positive[frame]), positives[:, frame], precision[:, frame])
        for frame, name in enumerate(frames)
    ]


def _precision(said: Floats, values: Floats, abstained: NDArray[np.bool_]) -> Floats:
    """Return average precision of each frame, NaN where it was not learned or is not held out."""
    found = np.full(values.shape[1], np.nan)
    for frame in np.flatnonzero(~abstained).tolist():
        coded = ~np.isnan(values[:, frame])
        true = values[coded, frame] > 0.5  # noqa: PLR2004 # the majority of coders
        if true.any():
            found[frame] = average_precision_score(true, said[coded, frame])
    return found


def _growth(frame: str, n_positive: int, positives: Floats, precision: Floats) -> Growth:
    known = ~np.isnan(precision) & (positives > 0)
    positives, precision = positives[known], precision[known]
    unknown = Growth(frame, n_positive, positives, precision, *(float("nan"),) * 4)
    reached = n_positive + MORE_CODINGS
    if len(set(positives.tolist())) < len(PARTS) or reached > FURTHEST * n_positive:
        return unknown
    along = np.log(positives)
    slope, offset = np.polyfit(along, precision, 1)
    spread = float(((precision - offset - slope * along) ** 2).sum()) / (len(along) - 2)
    error = np.sqrt(spread / ((along - along.mean()) ** 2).sum())
    further = np.log(reached / n_positive)
    at, more = (float(offset + slope * np.log(n)) for n in (n_positive, reached))
    low, high = ((slope + sign * 1.96 * error) * further for sign in (-1, 1))
    return Growth(
        frame, n_positive, positives, precision, at, min(more, 1.0), float(low), float(high)
    )
