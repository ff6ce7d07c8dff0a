import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.frames.cascade import FrameCascade


@pytest.fixture(scope="module")
def unclear(coding) -> tuple[csr_array, np.ndarray]:
    """Words that tell little of the first frame, and vectors that tell all of it."""
    draw = np.random.default_rng(0)
    truth = (coding.values[:, 0] > 0.5).astype(float)
    vectors = np.column_stack([truth, 1 - truth]) + draw.normal(size=(400, 2)) / 10
    noisy = coding.counts.toarray() + draw.poisson(0.4, size=coding.counts.shape)
    return csr_array(noisy), vectors


def test_doubtful_posts_alone_get_the_dear_model(coding, unclear) -> None:
    counts, vectors = unclear
    truth = coding.values[:, :1]
    cascade = FrameCascade(share=0.25).fit(counts, truth, coding.words, post_vectors=vectors)
    asked: list[np.ndarray] = []

    def vectors_of(rows: np.ndarray) -> np.ndarray:
        asked.append(rows)
        return vectors[rows]

    found = cascade.score(counts, coding.words, vectors_of=vectors_of)
    np.testing.assert_array_equal(asked[0], np.flatnonzero(found.dear))
    cheap = cascade.cheap_.predict_proba(counts, coding.words)
    dear = cascade.dear_.predict_proba(counts, coding.words, post_vectors=vectors)
    expected = np.where(found.dear[:, None], dear, cheap)
    np.testing.assert_allclose(found.probabilities, expected)
    distance = np.abs(
        np.log(cheap / (1 - cheap))
        - np.log(cascade.cheap_.thresholds_ / (1 - cascade.cheap_.thresholds_))
    ).min(axis=1)
    assert distance[found.dear].max() <= cascade.band_ < distance[~found.dear].min()


def test_the_wanted_share_is_that_of_the_coded_posts_out_of_fold(coding, unclear) -> None:
    counts, vectors = unclear
    cascade = FrameCascade(share=0.25).fit(
        counts, coding.values[:, :1], coding.words, post_vectors=vectors
    )
    by_dear = cascade.cross_fitted_ == cascade.dear_.cross_fitted_
    assert by_dear.mean() == pytest.approx(0.25, abs=0.01)
    truth = coding.values[:, :1]
    errors = [
        ((p - truth) ** 2).mean() for p in (cascade.cross_fitted_, cascade.cheap_.cross_fitted_)
    ]
    assert errors[0] < errors[1]


def test_where_nothing_is_in_doubt_no_vector_is_asked_for(coding, unclear) -> None:
    counts, vectors = unclear
    cascade = FrameCascade().fit(counts, coding.values[:, 2:3], coding.words, post_vectors=vectors)
    cascade.band_ = -1.0
    found = cascade.score(counts, coding.words, vectors_of=lambda _: pytest.fail("asked"))
    assert not found.dear.any()
