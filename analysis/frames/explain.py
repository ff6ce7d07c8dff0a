"""Why a post has its score: what each of its words adds, and which stretch of it adds most.

The classifier is linear in words, their pieces and the mean of their vectors, so a score is a sum
over words and needs no approximation. What vectors of the whole post add belongs to no word.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.frames.classifier import FrameClassifier
from analysis.frames.dense import post_means
from analysis.frames.features import count_pieces

Floats = NDArray[np.float64]
Vectors = NDArray[np.floating]


class Explanation(NamedTuple):
    """What a post's words add to the logits of its frames.

    `added` (n_words, F) is zero for words that the post lacks; `rest` (F,) what no word adds. The
    column sums of both are the logits of the calibrated probabilities.
    """

    added: Floats
    rest: Floats

    def strongest(
        self, words: Sequence[str], frame: int, *, n: int = 10
    ) -> list[tuple[str, float]]:
        """Return the words that add most to a frame, for or against it, the strongest first."""
        column = self.added[:, frame]
        order = np.argsort(-np.abs(column), kind="stable")[:n]
        return [(words[row], float(column[row])) for row in order.tolist() if column[row] != 0]


def explain(
    model: FrameClassifier,
    counts: csr_array,
    words: Sequence[str],
    *,
    word_vectors: Vectors | None = None,
) -> Explanation:
    """Explain the scores of one post; `counts` is (1, n_words).

    Raises
    ------
    ValueError
        Where it is not one post, or the classifier learned from vectors that are not given, those
        of whole posts among them.
    """
    if counts.shape[0] != 1:
        raise ValueError(f"{counts.shape[0]} posts are given; explain one at a time")
    logits = model.predict_proba(counts, words, word_vectors=word_vectors)[0]
    logits = np.log(logits) - np.log1p(-logits)
    there = np.flatnonzero(np.bincount(counts.indices, minlength=len(words)))
    said = [words[column] for column in there.tolist()]
    own = csr_array(counts[:, there])
    margins = _of_words(model, own, said) + _of_pieces(model, own, said)
    if "static" in model.dense_ and word_vectors is not None:
        margins += _of_vectors(model, own, said, np.asarray(word_vectors)[there])
    slopes = np.where(model.abstained_, 0.0, model.calibration_[:, 0])
    added = np.zeros((len(words), len(model.classes_)))
    added[there] = margins * slopes
    return Explanation(added, logits - added.sum(axis=0))


def strongest_span(added: Sequence[float], *, longest: int = 12) -> tuple[int, int]:
    """Return start and end of the stretch of tokens, in reading order, that adds most.

    `added` is what each token adds; a word that stands twice adds half at each place.
    """
    sums = np.concatenate([[0.0], np.cumsum(added)])
    best, span = -np.inf, (0, 0)
    for start in range(len(added)):
        until = sums[start + 1 : start + 1 + longest] - sums[start]
        end = int(np.argmax(until))
        if until[end] > best:
            best, span = float(until[end]), (start, start + end + 1)
    return span


def _of_words(model: FrameClassifier, own: csr_array, said: Sequence[str]) -> Floats:
    """Return what words add by themselves, (n_said, F)."""
    weighting = model.features_.words_
    weights = weighting.transform(own, said).toarray()[0]
    place = {word: column for column, word in enumerate(weighting.vocabulary_)}
    added = np.zeros((len(said), len(model.classes_)))
    for row, word in enumerate(said):
        column = place.get(word)
        if column is not None:
            added[row] = weights[column] * model.coef_[:, column]
    return added


def _of_pieces(model: FrameClassifier, own: csr_array, said: Sequence[str]) -> Floats:
    """Return what their pieces add: a piece that several words have is shared by their counts."""
    weighting = model.features_.pieces_
    pieces, counted = count_pieces(own, said, known=weighting.vocabulary_)
    weights = weighting.transform(counted.copy(), pieces).toarray()[0]
    _, by_word = count_pieces(
        csr_array(np.diag(own.toarray()[0])), said, known=weighting.vocabulary_
    )
    totals = np.asarray(by_word.sum(axis=0)).ravel()
    each = np.divide(weights, totals, out=np.zeros_like(weights), where=totals > 0)
    coefficients = model.coef_[:, len(model.features_.words_.vocabulary_) :]
    return np.asarray(by_word @ (coefficients * each).T)


def _of_vectors(
    model: FrameClassifier, own: csr_array, said: Sequence[str], vectors: Vectors
) -> Floats:
    """Return what the words' vectors add; what lies in their mean over posts is no word's."""
    dense = model.dense_["static"]
    parts = post_means(csr_array(np.diag(own.toarray()[0])), said, vectors, model.features_.words_)
    whole = parts.sum(axis=0)
    length = float(np.linalg.norm(whole))
    if length == 0:
        return np.zeros((len(said), len(model.classes_)))
    scale = float(np.linalg.norm(whole / length - dense.features.mean_))
    return np.asarray(parts @ dense.linear.T) / (length * scale if scale > 0 else 1.0)
