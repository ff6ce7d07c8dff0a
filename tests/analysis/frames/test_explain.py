import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.frames.classifier import FrameClassifier
from analysis.frames.explain import explain, strongest_span


@pytest.fixture(scope="module")
def vectors(coding) -> np.ndarray:
    return np.random.default_rng(0).normal(size=(len(coding.words), 6))


@pytest.fixture(scope="module")
def fitted(coding, vectors: np.ndarray) -> FrameClassifier:
    return FrameClassifier(penalties=(1.0,)).fit(
        coding.counts, coding.values, coding.words, word_vectors=vectors
    )


def logits(fitted: FrameClassifier, coding, counts: np.ndarray, vectors: np.ndarray) -> np.ndarray:
    p = fitted.predict_proba(csr_array(counts), coding.words, word_vectors=vectors)
    return np.log(p / (1 - p))


def test_what_words_add_and_the_rest_are_the_score(coding, fitted, vectors: np.ndarray) -> None:
    row = csr_array(coding.counts[7:8])
    found = explain(fitted, row, coding.words, word_vectors=vectors)
    np.testing.assert_allclose(
        found.added.sum(axis=0) + found.rest, logits(fitted, coding, row.toarray(), vectors)[0]
    )
    assert set(np.flatnonzero(found.added[:, 0])) <= set(np.flatnonzero(row.toarray()[0]))
    assert not found.added[:, 3].any()  # a frame that is not learned


def test_margins_come_from_words_pieces_and_vectors_without_remainder(
    coding, fitted, vectors: np.ndarray
) -> None:
    row = csr_array(coding.counts[11:12])
    found = explain(fitted, row, coding.words, word_vectors=vectors)
    static = fitted.dense_["static"]
    unit = static.features.transform
    from analysis.frames.dense import post_means  # noqa: PLC0415 # beside what it is compared with

    mean = post_means(row, coding.words, vectors, fitted.features_.words_)
    length = np.linalg.norm(mean / np.linalg.norm(mean) - static.features.mean_)
    constant = fitted.intercept_ - (static.features.mean_ / length) @ static.linear.T
    assert unit(mean).shape == (1, 6)
    rest = fitted.calibration_[:3, 0] * constant[:3] + fitted.calibration_[:3, 1]
    np.testing.assert_allclose(found.rest[:3], rest, atol=1e-9)


def test_the_words_of_a_theme_speak_for_its_frame(coding, fitted, vectors: np.ndarray) -> None:
    row = np.zeros((1, len(coding.words)))
    row[0, [coding.words.index(word) for word in ("budget", "cuts", "today", "nurse")]] = 1
    found = explain(fitted, csr_array(row), coding.words, word_vectors=vectors)
    added = dict(found.strongest(coding.words, 1))
    assert min(added["budget"], added["cuts"]) > max(added["today"], added["nurse"])


def test_one_post_at_a_time(coding, fitted, vectors: np.ndarray) -> None:
    with pytest.raises(ValueError, match="2 posts are given"):
        explain(fitted, coding.counts[:2], coding.words, word_vectors=vectors)


def test_the_strongest_span_is_that_of_brute_force() -> None:
    added = np.random.default_rng(1).normal(size=20)
    spans = [(a, b) for a in range(20) for b in range(a + 1, min(a + 5, 20) + 1)]
    best = max(spans, key=lambda span: added[span[0] : span[1]].sum())
    assert strongest_span(added.tolist(), longest=5) == best
    assert strongest_span([-1.0, -0.5, -2.0]) == (1, 2)
