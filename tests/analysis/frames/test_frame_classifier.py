import time

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.frames.classifier import FrameClassifier, best_threshold
from analysis.frames.features import FrameFeatures, count_pieces, pieces_of


@pytest.fixture(scope="module")
def fitted(coding) -> FrameClassifier:
    return FrameClassifier().fit(coding.counts, coding.values, coding.words, frames=coding.frames)


def test_planted_frames_are_told_apart(coding, fitted: FrameClassifier) -> None:
    probabilities = fitted.predict_proba(coding.counts, coding.words)
    assert probabilities.shape == (400, 4)
    assert ((probabilities >= 0) & (probabilities <= 1)).all()
    for frame in range(3):
        majority = coding.values[:, frame] > 0.5
        agreement = (fitted.predict(coding.counts, coding.words)[:, frame] == majority).mean()
        assert agreement > 0.9
    assert fitted.classes_ == coding.frames


def test_cross_fitted_probabilities_are_honest(coding, fitted: FrameClassifier) -> None:
    for frame in range(3):
        p, y = fitted.cross_fitted_[:, frame], coding.values[:, frame]
        assert p.mean() == pytest.approx(y.mean(), abs=0.01)
        bins = np.array_split(np.argsort(p), 5)
        assert max(abs(p[b].mean() - y[b].mean()) for b in bins) < 0.12


def noise(seed: int) -> tuple[np.random.Generator, np.ndarray, list[str]]:
    draw = np.random.default_rng(seed)
    return draw, (draw.random((150, 300)) < 0.1).astype(float), [f"noise{n}" for n in range(300)]


def test_training_posts_are_scored_by_models_that_did_not_see_them() -> None:
    draw, counts, words = noise(0)
    y = draw.random((150, 1)) < 0.4
    counts[:, 0] = draw.random(150) < np.where(y[:, 0], 0.8, 0.2)  # one word that means something
    model = FrameClassifier().fit(csr_array(counts), y.astype(float), words)
    inside = model.predict_proba(csr_array(counts), words)[:, 0]
    outside = model.cross_fitted_[:, 0]
    assert np.corrcoef(inside, y[:, 0])[0, 1] > 0.8
    assert np.corrcoef(outside, y[:, 0])[0, 1] < 0.7


def test_where_nothing_can_be_learned_every_post_has_the_base_rate() -> None:
    draw, counts, words = noise(0)
    y = (draw.random((150, 1)) < 0.4).astype(float)
    model = FrameClassifier().fit(csr_array(counts), y, words)
    probabilities = model.predict_proba(csr_array(counts), words)
    np.testing.assert_allclose(probabilities, y.mean(), atol=0.01)


def test_a_frame_with_too_few_positives_or_never_coded_falls_back_to_its_base_rate(
    coding, fitted: FrameClassifier
) -> None:
    assert fitted.abstained_.tolist() == [False, False, False, True]
    values = coding.values.copy()
    values[:, 1] = 0.0
    values[:4, 1] = 1.0  # four positives
    values[:, 2] = 1.0  # one class only
    model = FrameClassifier().fit(coding.counts, values, coding.words)
    assert model.abstained_.tolist() == [False, True, True, True]
    probabilities = model.predict_proba(coding.counts, coding.words)
    np.testing.assert_allclose(probabilities[:, 1], 4.5 / 401)
    np.testing.assert_allclose(probabilities[:, 2], 400.5 / 401)
    np.testing.assert_allclose(probabilities[:, 3], 0.5)
    np.testing.assert_allclose(model.cross_fitted_[:, 1], 4.5 / 401)
    assert not model.predict(coding.counts, coding.words)[:, 1:].any()
    assert model.classes_ == ["0", "1", "2", "3"]


def test_posts_not_coded_for_a_frame_do_not_change_it(coding) -> None:
    values = coding.values.copy()
    values[200:, 0] = np.nan
    partly = FrameClassifier().fit(coding.counts, values, coding.words)
    assert np.isfinite(partly.cross_fitted_).all()
    untouched = FrameClassifier().fit(coding.counts, coding.values, coding.words)
    np.testing.assert_array_equal(partly.coef_[1], untouched.coef_[1])
    assert not np.array_equal(partly.coef_[0], untouched.coef_[0])


def test_the_order_of_columns_and_the_company_of_other_posts_change_nothing(
    coding, fitted: FrameClassifier
) -> None:
    together = fitted.predict_proba(coding.counts, coding.words)
    np.testing.assert_allclose(
        fitted.predict_proba(coding.counts[3:4], coding.words)[0], together[3]
    )
    order = np.random.default_rng(0).permutation(len(coding.words))
    turned = fitted.predict_proba(
        csr_array(coding.counts[:, order]), [coding.words[column] for column in order]
    )
    np.testing.assert_allclose(turned, together)


def test_the_same_seed_gives_the_same_classifier(coding, fitted: FrameClassifier) -> None:
    again = FrameClassifier().fit(coding.counts, coding.values, coding.words)
    np.testing.assert_array_equal(again.coef_, fitted.coef_)
    np.testing.assert_array_equal(again.calibration_, fitted.calibration_)


def test_a_word_that_was_never_seen_is_known_by_its_pieces(fitted: FrameClassifier) -> None:
    unseen = ["underfunding", "appointments", "zzz"]  # from "funding" and "appointment"
    probabilities = fitted.predict_proba(csr_array(np.eye(3) * 3), unseen)
    assert probabilities[0, 1] > probabilities[2, 1]
    assert probabilities[1, 0] > probabilities[2, 0]


def test_no_posts_get_no_probabilities(coding, fitted: FrameClassifier) -> None:
    assert fitted.predict_proba(coding.counts[:0], coding.words).shape == (0, 4)


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (np.zeros((3, 2)), "give 400 rows"),
        (np.zeros(400), "give 400 rows"),
        (np.full((400, 2), np.nan), "no post is coded"),
        (np.full((400, 2), 2.0), "outside of 0 to 1"),
    ],
)
def test_codings_that_cannot_be_are_refused(coding, values: np.ndarray, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        FrameClassifier().fit(coding.counts, values, coding.words)


def test_as_many_frames_must_be_named_as_coded(coding) -> None:
    with pytest.raises(ValueError, match="1 frames are named and 4 coded"):
        FrameClassifier().fit(coding.counts, coding.values, coding.words, frames=["one"])


def test_pieces_of_a_word_mark_its_ends() -> None:
    assert pieces_of("cat") == [" ca", "cat", "at ", " cat", "cat ", " cat "]
    pieces, counts = count_pieces(csr_array(np.array([[2.0, 1.0]])), ["cat", "at"])
    found = dict(zip(pieces, counts.toarray()[0].tolist(), strict=True))
    assert found["at "] == 3
    assert found["cat"] == 2
    assert found[" at"] == 1


def test_features_of_words_and_pieces_have_length_one_each(coding) -> None:
    features = FrameFeatures().fit(coding.counts, coding.words)
    rows = features.transform(coding.counts, coding.words)
    lengths = np.asarray(rows.multiply(rows).sum(axis=1)).ravel()
    np.testing.assert_allclose(lengths, 2.0)


def test_the_threshold_has_the_best_expected_f1() -> None:
    p = np.random.default_rng(3).beta(1, 3, 300)

    def expected_f1(threshold: float) -> float:
        called = p >= threshold
        return 2 * p[called].sum() / (called.sum() + p.sum())

    grid = np.linspace(0.01, 0.99, 300)
    assert expected_f1(best_threshold(p)) == pytest.approx(max(map(expected_f1, grid)), abs=1e-3)


def test_it_scores_two_thousand_posts_in_a_cpu_second() -> None:
    draw = np.random.default_rng(0)
    words = ["".join(draw.choice(list("abcdefghijklmnop"), 7)) for _ in range(8000)]
    words = sorted(set(words))
    zipf = 1 / np.arange(1, len(words) + 1)
    posts = np.repeat(np.arange(3000), 90)
    tokens = draw.choice(len(words), size=len(posts), p=zipf / zipf.sum())
    counts = csr_array((np.ones(len(posts)), (posts, tokens)), shape=(3000, len(words)))
    y = (draw.random((300, 9)) < 0.3).astype(float)
    model = FrameClassifier(n_folds=2).fit(counts[:300], y, words)
    started = time.process_time()
    model.predict_proba(counts, words)
    assert 3000 / (time.process_time() - started) > 2000
