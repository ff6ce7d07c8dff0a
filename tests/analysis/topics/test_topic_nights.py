"""Updates and refits: what a night may change, and what it may not."""

import copy

import numpy as np
import pytest
from scipy.sparse import csr_array, vstack
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from analysis.topics.model import TopicModel, leading_ids, leading_topics
from analysis.topics.reading.labels import topic_terms
from analysis.topics.terms.topic_terms import TopicTerms


@pytest.fixture(scope="module")
def model(corpus) -> TopicModel:  # type: ignore[no-untyped-def] # a fixture
    return TopicModel(n_topics=4, max_share=0.5).fit(corpus.counts[:300], corpus.words)


def after(model: TopicModel, counts: csr_array, words: list[str]) -> TopicModel:
    return copy.deepcopy(model).partial_fit(counts, words)


def assert_same(one: TopicModel, other: TopicModel, *, atol: float = 0.0) -> None:
    for name in ("components_", "gram_", "cross_", "posts_"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), rtol=0, atol=atol)


def test_it_is_an_estimator_that_says_when_it_is_not_fitted(corpus) -> None:
    unfitted = clone(TopicModel(n_topics=3, seeds={"waiting": ["clinic"]}, rate=0.2))
    assert unfitted.get_params()["rate"] == 0.2
    for step in (unfitted.transform, unfitted.partial_fit, unfitted.refit, unfitted.unexplained):
        with pytest.raises(NotFittedError):
            step(corpus.counts, corpus.words)


def test_the_same_night_gives_the_same_model_to_the_bit(corpus, model: TopicModel) -> None:
    night = corpus.counts[300:]
    assert_same(after(model, night, corpus.words), after(model, night, corpus.words))


def test_the_order_of_a_nights_posts_does_not_matter(corpus, model: TopicModel) -> None:
    night = corpus.counts[300:]
    turned = night[np.random.default_rng(5).permutation(night.shape[0])]
    assert_same(after(model, turned, corpus.words), after(model, night, corpus.words), atol=1e-10)


def test_a_night_without_posts_or_without_a_known_word_changes_nothing(
    corpus, model: TopicModel
) -> None:
    silent = csr_array((3, len(corpus.words)))
    unheard = csr_array(np.ones((3, 2)))
    for counts, words in (
        (corpus.counts[:0], corpus.words),
        (silent, corpus.words),
        (unheard, ["unheard", "of"]),
    ):
        same = after(model, counts, words)
        assert_same(same, model)
        assert same.version_ == model.version_ == 1


def test_a_post_that_comes_twice_barely_moves_anything(corpus, model: TopicModel) -> None:
    night = corpus.counts[300:]
    once = after(model, night, corpus.words)
    twice = after(model, vstack([night, night[:1]], format="csr"), corpus.words)
    lengths = np.linalg.norm(twice.components_ - once.components_, axis=1)
    assert lengths.max() < 0.01
    np.testing.assert_array_equal(
        leading_topics(twice.transform(night, corpus.words)),
        leading_topics(once.transform(night, corpus.words)),
    )


def test_an_empty_post_and_posts_of_one_word_are_taken(model: TopicModel) -> None:
    words = ["clinic", "garden"]
    counts = csr_array(np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 3.0]]))
    moved = after(model, counts, words)
    leads = leading_ids(moved.transform(counts, words), moved.topic_ids_)
    terms = topic_terms(moved.components_, moved.vocabulary_)
    listed = dict(zip(moved.topic_ids_, terms, strict=True))
    assert leads[0] == -1
    assert "clinic" in listed[leads[1]]
    assert "garden" in listed[leads[2]]


def test_a_night_from_one_community_moves_its_own_topic_alone(corpus, model: TopicModel) -> None:
    leads = leading_topics(model.transform(corpus.counts, corpus.words))
    night = corpus.counts[corpus.theme == 2]
    moved = after(model, night, corpus.words)
    own = np.bincount(leads[corpus.theme == 2]).argmax()
    cosine = (moved.components_ * model.components_).sum(axis=1)
    assert cosine.min() > 0.99
    np.testing.assert_array_equal(
        leading_topics(moved.transform(corpus.counts, corpus.words))[corpus.theme == 2] == own,
        leads[corpus.theme == 2] == own,
    )


def test_a_flood_of_posts_weighs_no_more_than_a_night_may(corpus, model: TopicModel) -> None:
    theme = corpus.counts[corpus.theme == 1]
    flood = after(model, vstack([theme] * 50, format="csr"), corpus.words)
    assert (flood.posts_ <= model.posts_ / (1 - model.rate) + 1e-9).all()
    assert (flood.posts_ <= model.memory).all()
    assert ((flood.components_ * model.components_).sum(axis=1) > 0.98).all()


def test_ten_times_the_words_in_a_night_are_counted_and_left_out(corpus, model: TopicModel) -> None:
    night = corpus.counts[300:]
    many = 10 * len(model.vocabulary_)
    noise = csr_array(np.ones((night.shape[0], many)))
    words = [*corpus.words, *(f"unheard{number}" for number in range(many))]
    loud = copy.deepcopy(model).partial_fit(
        csr_array(np.hstack([night.toarray(), noise.toarray()])), words
    )
    quiet = after(model, night, corpus.words)
    assert_same(loud, quiet)
    assert loud.n_unknown_words_ - quiet.n_unknown_words_ == many
    assert loud.vocabulary_ == model.vocabulary_


def drifting(corpus) -> tuple[csr_array, csr_array, list[str]]:  # type: ignore[no-untyped-def]
    """Return posts with a word here and there, and the posts in which it stands for `clinic`."""
    counts, clinic = corpus.counts.toarray(), corpus.words.index("clinic")
    newer = np.zeros((len(counts), 1))
    newer[::40] = 1.0
    turned = np.hstack([counts, counts[:, [clinic]]])
    turned[:, clinic] = 0
    return csr_array(np.hstack([counts, newer])), csr_array(turned), [*corpus.words, "hub"]


def weight(model: TopicModel, topic: int, word: str) -> float:
    return float(model.components_[topic, model.vocabulary_.index(word)])


def test_a_topic_follows_a_word_that_takes_the_place_of_another(corpus) -> None:
    before, later, words = drifting(corpus)
    model = TopicModel(n_topics=4, terms=TopicTerms(max_share=0.5, related=0.0))
    model.fit(before, words)
    own = int(model.components_[:, model.vocabulary_.index("clinic")].argmax())
    seldom = weight(model, own, "hub")
    for night in range(30):
        model.partial_fit(later[night::10], words)
    assert weight(model, own, "hub") > max(3 * seldom, weight(model, own, "clinic"))
    assert int(model.components_[:, model.vocabulary_.index("hub")].argmax()) == own


def test_terms_that_go_together_anew_are_learned_by_a_refit(corpus) -> None:
    before, later, words = drifting(corpus)
    model = TopicModel(n_topics=4, max_share=0.5).fit(before, words)
    own = int(model.components_[:, model.vocabulary_.index("clinic")].argmax())
    seldom = weight(model, own, "hub")
    model.refit(later, words, new_terms=True)
    assert "clinic" not in model.vocabulary_
    assert weight(model, own, "hub") > 3 * seldom
    assert int(model.components_[:, model.vocabulary_.index("hub")].argmax()) == own


def test_a_refit_keeps_ids_and_comes_near_to_a_new_fit(corpus, model: TopicModel) -> None:
    kept = copy.deepcopy(model)
    kept.topic_ids_ = np.array([7, 3, 12, 5])
    kept.refit(corpus.counts, corpus.words)
    assert kept.topic_ids_.tolist() == [7, 3, 12, 5]
    assert kept.version_ == 2
    leads = leading_topics(kept.transform(corpus.counts, corpus.words))
    before = leading_topics(model.transform(corpus.counts, corpus.words))
    assert (leads == before).mean() > 0.98
    held = copy.deepcopy(model).refit(corpus.counts, corpus.words, pull=1e9)
    np.testing.assert_allclose(held.components_, model.components_, atol=1e-6)


def test_a_refit_with_new_terms_carries_topics_over_by_word(corpus, model: TopicModel) -> None:
    kept = copy.deepcopy(model)
    column = corpus.words.index("clinic")
    counts = csr_array(np.hstack([corpus.counts.toarray(), corpus.counts[:, [column]].toarray()]))
    kept.refit(counts, [*corpus.words, "hub"], new_terms=True)
    assert "hub" in kept.vocabulary_
    clinic, hub = (kept.components_[:, kept.vocabulary_.index(word)] for word in ("clinic", "hub"))
    assert clinic.argmax() == hub.argmax()
    shared = [model.vocabulary_.index(word) for word in kept.vocabulary_ if word != "hub"]
    columns = [kept.vocabulary_.index(model.vocabulary_[place]) for place in shared]
    cosine = (kept.components_[:, columns] * model.components_[:, shared]).sum(axis=1)
    assert cosine.min() > 0.85


def test_a_topic_comes_and_goes_and_two_join(corpus, model: TopicModel) -> None:
    changed = copy.deepcopy(model)
    new = csr_array(np.array([[2.0, 1.0, 1.0]]))
    component = np.isin(model.vocabulary_, ["walking", "music", "painting"]).astype(float)
    changed.add_topic(component, topic_id=9, counts=new, words=["walking", "music", "painting"])
    assert changed.topic_ids_.tolist() == [0, 1, 2, 3, 9]
    assert changed.posts_[-1] > 0
    with pytest.raises(ValueError, match="topic 9 is there already"):
        changed.add_topic(component, topic_id=9, counts=new, words=["walking", "music", "painting"])
    changed.merge_topics(2, 9)
    assert changed.topic_ids_.tolist() == [0, 1, 2, 3]
    assert changed.posts_.sum() > model.posts_.sum()
    changed.drop_topic(0)
    assert changed.topic_ids_.tolist() == [1, 2, 3]
    assert changed.gram_.shape == (3, 3)
    with pytest.raises(ValueError, match="there is no topic 0"):
        changed.drop_topic(0)
    changed.partial_fit(corpus.counts[300:], corpus.words)
    np.testing.assert_allclose(np.linalg.norm(changed.components_, axis=1), 1)


def test_a_topic_that_is_asked_for_holds_its_words(corpus) -> None:
    seeds = {"waiting": ["waiting", "referral", "nurse"]}
    model = TopicModel(n_topics=4, max_share=0.5, seeds=seeds, seed_pull=5.0)
    model.fit(corpus.counts, corpus.words)
    row = model.seed_names_.index("waiting")
    assert set(seeds["waiting"]) <= set(topic_terms(model.components_, model.vocabulary_)[row])
    with pytest.raises(ValueError, match="no word of the seed 'x' is a term"):
        TopicModel(n_topics=4, max_share=0.5, seeds={"x": ["unheard"]}).fit(
            corpus.counts, corpus.words
        )


def test_where_there_are_many_posts_a_seeded_draw_of_them_is_fitted(corpus) -> None:
    drawn = TopicModel(n_topics=4, max_share=0.5, sample=200)
    first, again = (clone(drawn).fit(corpus.counts, corpus.words) for _ in range(2))
    assert_same(first, again)
    whole = TopicModel(n_topics=4, max_share=0.5).fit(corpus.counts, corpus.words)
    cosine = first.components_ @ whole.components_.T
    assert cosine.max(axis=1).min() > 0.9
