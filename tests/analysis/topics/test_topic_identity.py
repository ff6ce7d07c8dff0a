"""Identity: what counts as the same topic, and when a changed model is refused."""

import copy

import numpy as np
import pytest

from analysis.topics.identity import accept, compare_models
from analysis.topics.model import TopicModel


@pytest.fixture(scope="module")
def model(corpus) -> TopicModel:  # type: ignore[no-untyped-def] # a fixture
    return TopicModel(n_topics=4, max_share=0.5).fit(corpus.counts, corpus.words)


def test_a_model_is_the_same_as_itself(corpus, model: TopicModel) -> None:
    score = compare_models(model, copy.deepcopy(model), corpus.counts, corpus.words)
    assert score.score == score.kept == 1
    assert score.moved == score.moved_clear == score.moved_by_events == 0
    np.testing.assert_allclose(score.cosine, 1)
    assert score.matched.tolist() == score.topic_ids.tolist() == [0, 1, 2, 3]


def test_the_order_of_rows_and_of_words_does_not_matter(corpus, model: TopicModel) -> None:
    turned = copy.deepcopy(model)
    turned._reorder(np.array([2, 0, 3, 1]))
    score = compare_models(model, turned, corpus.counts, corpus.words)
    assert score.score == 1
    assert score.moved == 0


def test_two_topics_that_change_their_ids_are_found_out(corpus, model: TopicModel) -> None:
    swapped = copy.deepcopy(model)
    swapped.topic_ids_ = np.array([1, 0, 2, 3])
    score = compare_models(model, swapped, corpus.counts, corpus.words)
    assert score.matched.tolist() == [1, 0, 2, 3]
    assert score.kept == 0.5
    leads = model.transform(corpus.counts, corpus.words).argmax(axis=1)
    assert score.moved == pytest.approx((leads < 2).mean())
    verdict = accept(score, refit=True)
    assert not verdict.accepted
    assert "the refit is refused and the last model stays" in verdict.reason
    assert "50% of the topics are their own best match" in verdict.reason


def test_posts_of_a_topic_that_goes_move_by_an_event(corpus, model: TopicModel) -> None:
    without = copy.deepcopy(model).drop_topic(1)
    score = compare_models(model, without, corpus.counts, corpus.words)
    leads = model.transform(corpus.counts, corpus.words).argmax(axis=1)
    assert score.topic_ids.tolist() == [0, 2, 3]
    assert score.moved_by_events == pytest.approx((leads == 1).mean())
    assert score.moved < 0.02


def test_the_bar_can_be_set_and_without_posts_only_terms_count(corpus, model: TopicModel) -> None:
    moved = copy.deepcopy(model).partial_fit(corpus.counts[:40], corpus.words)
    score = compare_models(model, moved, corpus.counts[:0], corpus.words)
    assert (score.n_probe, score.moved, score.moved_clear) == (0, 0, 0)
    assert score.score == pytest.approx(score.kept * score.jaccard.mean())
    assert accept(score, least=0.0).accepted
    assert not accept(score, least=1.01).accepted
    assert "under 1.01" in accept(score, least=1.01).reason


def test_models_of_other_words_are_compared_over_all_words(corpus, model: TopicModel) -> None:
    renamed = copy.deepcopy(model)
    renamed.forget_terms({"clinic"})
    score = compare_models(model, renamed, corpus.counts, corpus.words)
    lost = model.components_[:, model.vocabulary_.index("clinic")]
    np.testing.assert_allclose(score.cosine, np.sqrt(1 - lost**2))
