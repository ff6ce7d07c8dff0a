from itertools import permutations
from math import isnan

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.decomposition import NMF

from analysis.topics.evaluation import (
    TopicQuality,
    fit_from,
    matched_overlap,
    seed_stability,
    spread_of,
    summarise,
    topic_quality,
)
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.reading.labels import topic_terms

ONE = [["garden", "walking", "calm"], ["ward", "appeal", "law"]]


def test_quality_of_two_topics_worked_out_by_hand() -> None:
    # Posts: garden+walking, garden+walking, ward, nothing. P(g) = P(w) = P(g, w) = 1/2: NPMI 1.
    # Of ward and law, which is nowhere, NPMI is -1; the mean over topics is 0.
    counts = csr_array(np.array([[2, 1, 0], [1, 1, 0], [0, 0, 1], [0, 0, 0]], dtype=float))
    words = ["garden", "walking", "ward"]
    quality = topic_quality(
        [["garden", "walking"], ["ward", "law"]],
        np.array([0, 0, 1, -1]),
        counts=counts,
        words=words,
        labels=["nature", "nature", "rights", None],
    )
    assert quality == TopicQuality(npmi=0.0, diversity=1.0, ami=1.0, without_topic=0.25)


def test_posts_without_a_topic_are_a_group_of_their_own_for_the_agreement() -> None:
    counts = csr_array(np.ones((4, 2)))
    labels = ["a", "a", "b", "b"]
    apart = topic_quality(ONE, np.array([0, 0, -1, -1]), counts=counts, words="ab", labels=labels)
    mixed = topic_quality(ONE, np.array([0, -1, 0, -1]), counts=counts, words="ab", labels=labels)
    assert apart.ami == pytest.approx(1)
    assert mixed.ami is not None
    assert mixed.ami < 0.01


def test_without_labels_there_is_no_agreement() -> None:
    counts = csr_array(np.ones((2, 2)))
    assert topic_quality(ONE, np.array([0, 1]), counts=counts, words="ab").ami is None
    unlabelled = topic_quality(
        ONE, np.array([0, 1]), counts=counts, words="ab", labels=[None, None]
    )
    assert unlabelled.ami is None


def test_what_differs_in_number_is_refused() -> None:
    with pytest.raises(ValueError, match="for each row of counts"):
        topic_quality(ONE, np.array([0]), counts=csr_array(np.ones((2, 2))), words="ab")


def test_topics_are_matched_as_the_best_of_all_orders_matches_them() -> None:
    draw = np.random.default_rng(3)
    letters = list("abcdefghijkl")
    for _ in range(20):
        one, other = (
            [draw.choice(letters, 5, replace=False).tolist() for _ in range(4)] for _ in "ab"
        )
        best = max(
            np.mean(
                [
                    len({*a} & {*other[b]}) / len({*a} | {*other[b]})
                    for a, b in zip(one, order, strict=True)
                ]
            )
            for order in permutations(range(4))
        )
        assert matched_overlap(one, other) == pytest.approx(best)


def test_overlap_is_one_whatever_the_order_and_counts_a_missing_topic_as_none() -> None:
    assert matched_overlap(ONE, [ONE[1][::-1], ONE[0]]) == 1
    assert matched_overlap(ONE, ONE[:1]) == 0.5
    assert matched_overlap(ONE, [["bus"], ["train"]]) == 0
    assert isnan(matched_overlap(ONE, []))
    assert seed_stability([ONE, ONE[::-1], ONE[:1]]) == [1, 0.5, 0.5]


def test_spread_is_that_of_a_sample_and_passes_over_what_is_unknown() -> None:
    assert spread_of([1.0, 3.0, None, float("nan")]).mean == 2
    assert spread_of([1.0, 3.0, None]).sd == pytest.approx(np.std([1, 3], ddof=1))
    assert isnan(spread_of([1.0]).sd)
    assert isnan(spread_of([None]).mean)


def test_coherence_times_diversity_is_taken_of_each_fit_before_the_mean() -> None:
    fits = [
        TopicQuality(npmi=npmi, diversity=diversity, ami=None, without_topic=0.0)
        for npmi, diversity in ((0.2, 1.0), (0.4, 0.5))
    ]
    summary = summarise(fits)
    assert summary["npmi_x_diversity"].mean == pytest.approx(0.2)
    assert summary["npmi"].mean * summary["diversity"].mean == pytest.approx(0.225)
    assert isnan(summary["ami"].mean)


def test_the_first_start_is_the_models_own_and_others_differ_but_repeat(corpus) -> None:
    def model() -> TopicModel:
        return TopicModel(n_topics=6, max_share=0.5)

    own = model().fit(corpus.counts, corpus.words)
    first, second, again = (
        fit_from(model(), seed, counts=corpus.counts, words=corpus.words) for seed in (0, 1, 1)
    )
    np.testing.assert_array_equal(first.components_, own.components_)
    np.testing.assert_array_equal(second.components_, again.components_)
    assert second.components_.shape == own.components_.shape
    assert np.abs(second.components_ - own.components_).max() > 1e-3


def test_a_random_start_ends_as_good_as_scikit_learns(corpus) -> None:
    """Both minimise the same squared error, so neither may be far above the other."""
    model = fit_from(
        TopicModel(n_topics=4, max_share=0.5), 2, counts=corpus.counts, words=corpus.words
    )
    cut = model.terms_.cut(corpus.counts, corpus.words)
    peer = NMF(4, init="random", random_state=2, max_iter=1000, tol=1e-6)
    reached = peer.fit_transform(cut) @ peer.components_
    held = NMF(4, init="custom", max_iter=500)
    loadings = np.maximum(cut @ np.linalg.pinv(model.components_), 0) + 1e-6
    ours = held.fit_transform(cut, W=loadings, H=model.components_.copy()) @ held.components_
    assert np.linalg.norm(cut - ours) <= np.linalg.norm(cut - reached) * 1.02
    listed = topic_terms(model.components_, model.vocabulary_)
    quality = topic_quality(
        listed,
        leading_topics(model.transform(corpus.counts, corpus.words)),
        counts=corpus.counts,
        words=corpus.words,
        labels=[str(theme) for theme in corpus.theme],
    )
    assert quality.ami is not None
    assert quality.ami > 0.9
