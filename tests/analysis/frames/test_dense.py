import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.frames.classifier import FrameClassifier, folds_of
from analysis.frames.dense import DenseFeatures, post_means
from analysis.frames.storage import load_classifier, save_classifier
from analysis.vectorise import TermWeighting


@pytest.fixture
def vectors() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(30, 5))


@pytest.mark.parametrize("squared", [False, True])
def test_what_is_learned_says_what_the_kernel_says(vectors: np.ndarray, squared: bool) -> None:
    dense = DenseFeatures(squared=squared, weight=1.7).fit(vectors)
    features = dense.transform(vectors)
    weights = np.random.default_rng(1).normal(size=(30, 3))
    margins = dense.margins(features, *dense.learned(features, weights))
    np.testing.assert_allclose(margins, dense.kernel(features) @ weights, atol=1e-12)


def test_the_squared_kernel_is_that_of_products_of_directions(vectors: np.ndarray) -> None:
    dense = DenseFeatures(squared=True).fit(vectors)
    features = dense.transform(vectors)
    pairs = np.einsum("ni,nj->nij", features, features).reshape(30, -1) / np.sqrt(2)
    explicit = np.hstack([features, pairs])
    np.testing.assert_allclose(dense.kernel(features), explicit @ explicit.T)


def test_features_have_length_one_about_the_mean_and_nothing_stays_nothing(
    vectors: np.ndarray,
) -> None:
    dense = DenseFeatures().fit(vectors)
    rows = dense.transform(np.vstack([vectors, np.zeros(5)]))
    np.testing.assert_allclose(np.linalg.norm(rows[:-1], axis=1), 1)
    assert not rows[-1].any()
    np.testing.assert_allclose(dense.transform(vectors * 7), rows[:-1])


def test_the_vector_of_a_post_is_the_mean_of_its_words_by_their_rarity() -> None:
    by = TermWeighting(min_posts=1, max_share=1.0, stop_words=frozenset())
    by.fit(csr_array(np.array([[1.0, 1.0], [1.0, 0.0], [1.0, 0.0]])), ["the", "ward"])
    common, rare = by.idf_
    counts = csr_array(np.array([[2.0, 1.0, 0.0], [0.0, 0.0, 1.0]]))
    found = post_means(counts, ["the", "ward", "unheard"], np.eye(3), by)
    np.testing.assert_allclose(found, [[(1 + np.log(2)) * common, rare, 0], [0, 0, rare]])
    with pytest.raises(ValueError, match="2 word vectors for 3 words"):
        post_means(counts, ["the", "ward", "unheard"], np.eye(2), by)


def by_theme(corpus) -> np.ndarray:
    """Return vectors of words that tell in which themes each stands."""
    counts = corpus.counts.toarray()
    shares = np.array([counts[corpus.theme == theme].sum(axis=0) for theme in range(4)]).T
    return shares / np.linalg.norm(shares, axis=1, keepdims=True)


def test_a_word_that_was_never_coded_is_known_by_its_vector(corpus, coding) -> None:
    vectors = by_theme(corpus)
    budget = coding.words.index("budget")
    seen = np.flatnonzero(np.arange(len(coding.words)) != budget)
    words = [coding.words[column] for column in seen]
    model = FrameClassifier().fit(
        csr_array(coding.counts[:, seen]), coding.values, words, word_vectors=vectors[seen]
    )
    said = model.predict_proba(
        csr_array(np.eye(2)),
        ["budget", "zzz"],
        word_vectors=np.vstack([vectors[budget], -np.ones(4)]),
    )
    assert said[0, 1] > 2 * said[1, 1]
    with pytest.raises(ValueError, match="give word_vectors"):
        model.predict_proba(coding.counts, coding.words)


def test_a_classifier_with_vectors_comes_back_as_it_was(corpus, coding, tmp_path) -> None:
    draw = np.random.default_rng(0)
    given = {
        "word_vectors": by_theme(corpus),
        "post_vectors": np.eye(4)[corpus.theme] + draw.normal(size=(400, 4)) / 3,
    }
    model = FrameClassifier().fit(coding.counts, coding.values, coding.words, **given)
    checksum = save_classifier(model, tmp_path / "frames")
    back = load_classifier(tmp_path / "frames")
    np.testing.assert_array_equal(
        back.predict_proba(coding.counts, coding.words, **given),
        model.predict_proba(coding.counts, coding.words, **given),
    )
    assert save_classifier(back, tmp_path / "copy") == checksum
    again = FrameClassifier().fit(coding.counts, coding.values, coding.words, **given)
    np.testing.assert_array_equal(again.cross_fitted_, model.cross_fitted_)
    with pytest.raises(ValueError, match="3 vectors for 400 posts"):
        model.predict_proba(
            coding.counts, coding.words, **{**given, "post_vectors": np.zeros((3, 4))}
        )


def test_posts_of_one_cluster_are_in_one_fold() -> None:
    clusters = np.repeat(np.arange(-1, 9), 5)
    folds = folds_of(50, 4, clusters=clusters)
    for cluster in range(9):
        assert len(set(folds[clusters == cluster].tolist())) == 1
    assert len(set(folds[clusters < 0].tolist())) > 1  # of nobody known: each for itself
    assert sorted(set(folds.tolist())) == [0, 1, 2, 3]
    with pytest.raises(ValueError, match="2 clusters for 50 posts"):
        folds_of(50, 4, clusters=[1, 2])


def test_copies_of_a_post_do_not_flatter_their_scores_where_they_are_one_cluster(coding) -> None:
    copies = np.repeat(np.arange(100), 4)
    shuffled = coding.values[np.random.default_rng(0).permutation(400)][copies][:, :1]
    counts = coding.counts[copies]
    flattered = FrameClassifier().fit(counts, shuffled, coding.words)
    honest = FrameClassifier().fit(counts, shuffled, coding.words, clusters=copies)
    majority = shuffled[:, 0] > 0.5
    assert np.corrcoef(flattered.cross_fitted_[:, 0], majority)[0, 1] > 0.5
    spread = honest.cross_fitted_[:, 0]
    assert spread.std() < 1e-9 or np.corrcoef(spread, majority)[0, 1] < 0.3
