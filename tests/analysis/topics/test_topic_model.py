import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.sparse import csr_array, vstack
from sklearn.metrics import adjusted_mutual_info_score

from analysis.topics.model import TopicModel, leading_topics, non_negative_loadings
from analysis.topics.reading.labels import topic_labels, topic_terms


def fitted(corpus, **options) -> TopicModel:  # type: ignore[no-untyped-def] # a fixture
    return TopicModel(n_topics=4, max_share=0.5, **options).fit(corpus.counts, corpus.words)


def test_planted_themes_are_found(corpus) -> None:
    model = fitted(corpus)
    leading = leading_topics(model.transform(corpus.counts, corpus.words))
    assert adjusted_mutual_info_score(corpus.theme, leading) > 0.95
    assert model.converged_


def test_topics_are_ordered_by_how_much_of_the_posts_they_hold(corpus) -> None:
    model = fitted(corpus)
    mass = model.transform(corpus.counts, corpus.words).sum(axis=0)
    assert (np.diff(mass) <= 0).all()
    np.testing.assert_allclose(np.linalg.norm(model.components_, axis=1), 1)


def test_shares_of_a_post_sum_to_one_and_a_post_without_terms_has_none(corpus) -> None:
    model = fitted(corpus)
    silent = csr_array((1, corpus.counts.shape[1]))
    weights = model.transform(vstack([corpus.counts, silent], format="csr"), corpus.words)
    np.testing.assert_allclose(weights[:-1].sum(axis=1), 1)
    assert (weights >= 0).all()
    assert weights[-1].sum() == 0
    assert leading_topics(weights)[-1] == -1
    assert (leading_topics(weights)[:-1] >= 0).all()


def test_a_post_has_the_same_topics_alone_or_among_others_and_in_any_column_order(corpus) -> None:
    model = fitted(corpus)
    among = model.transform(corpus.counts, corpus.words)
    alone = model.transform(corpus.counts[5:6], corpus.words)
    np.testing.assert_allclose(alone[0], among[5], atol=1e-9)
    order = np.random.default_rng(0).permutation(len(corpus.words))
    turned = model.transform(
        csr_array(corpus.counts[:, order]), [corpus.words[column] for column in order]
    )
    np.testing.assert_allclose(turned, among, atol=1e-9)


def test_words_that_the_model_never_saw_change_nothing(corpus) -> None:
    model = fitted(corpus)
    more = csr_array(np.hstack([corpus.counts.toarray(), np.ones((400, 1))]))
    np.testing.assert_allclose(
        model.transform(more, [*corpus.words, "unheard"]),
        model.transform(corpus.counts, corpus.words),
        atol=1e-9,
    )


def test_the_same_posts_give_the_same_model(corpus) -> None:
    first, second = fitted(corpus), fitted(corpus)
    np.testing.assert_array_equal(first.components_, second.components_)
    assert first.vocabulary_ == second.vocabulary_


def test_loadings_are_those_of_non_negative_least_squares() -> None:
    draw = np.random.default_rng(1)
    components = draw.random((5, 12)) * (draw.random((5, 12)) < 0.6)
    terms = draw.random((20, 12)) * (draw.random((20, 12)) < 0.4)
    ours = non_negative_loadings(csr_array(terms), components)
    for row, found in zip(terms, ours, strict=True):
        expected, _ = nnls(components.T, row)
        np.testing.assert_allclose(found, expected, atol=1e-4)


@pytest.mark.parametrize("n_topics", [0, 500])
def test_more_topics_than_the_posts_can_hold_are_refused(corpus, n_topics: int) -> None:
    with pytest.raises(ValueError, match=f"{n_topics} topics cannot be found in 400 posts"):
        TopicModel(n_topics=n_topics, max_share=0.5).fit(corpus.counts, corpus.words)


def test_no_posts_are_refused_in_fitting_and_have_no_topics(corpus) -> None:
    nothing = corpus.counts[:0]
    with pytest.raises(ValueError, match="no word is in at least"):
        TopicModel().fit(nothing, corpus.words)
    weights = fitted(corpus).transform(nothing, corpus.words)
    assert weights.shape == (0, 4)
    assert leading_topics(weights).shape == (0,)


def test_labels_are_made_of_each_themes_own_terms(corpus) -> None:
    model = fitted(corpus)
    listed = topic_terms(model.components_, model.vocabulary_)
    assert all(len(terms) <= 10 for terms in listed)
    labels = topic_labels(model.components_, model.vocabulary_)
    assert len(set(labels)) == 4
    held = np.array([corpus.counts[corpus.theme == theme].sum(axis=0) for theme in range(4)])
    own = dict(zip(corpus.words, held.argmax(axis=0).tolist(), strict=True))
    only = dict(zip(corpus.words, held.max(axis=0) / held.sum(axis=0), strict=True))
    named = [label.split(", ") for label in labels]
    assert min(only[word] for words in named for word in words) == 1
    assert sorted(sorted({own[word] for word in words}) for words in named) == [[0], [1], [2], [3]]


def test_a_distinctive_term_is_preferred_to_one_that_weighs_everywhere() -> None:
    components = np.array([[0.9, 0.8, 0.0], [0.9, 0.0, 0.7]])
    vocabulary = ["shared", "first", "second"]
    assert topic_labels(components, vocabulary, n=1) == ["first", "second"]
    assert topic_terms(components, vocabulary, n=2) == [["shared", "first"], ["shared", "second"]]


def test_topics_with_the_same_terms_or_none_still_have_labels_of_their_own() -> None:
    labels = topic_labels(np.array([[1.0], [1.0], [0.0], [0.0]]), ["only"])
    assert labels == ["only", "only (1)", "no terms", "no terms (3)"]
