import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone
from sklearn.metrics import adjusted_mutual_info_score
from sklearn.metrics.pairwise import cosine_similarity

from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.terms.embedded import EmbeddedTerms

DIMENSIONS = {
    "nature": ["garden", "walking", "calm", "morning", "music", "painting", "sleep"],
    "money": ["budget", "funding", "cuts", "money", "council", "savings", "price"],
}


def embed(words):  # type: ignore[no-untyped-def] # invented vectors
    """Words of a theme point the same way, lengths differ; all others are unknown: zeros."""
    vectors = np.zeros((len(words), 3), dtype=np.float32)
    for row, word in enumerate(words):
        for axis, theme in enumerate(DIMENSIONS.values()):
            if word in theme:
                vectors[row, axis] = 1 + len(word)
                vectors[row, 2] = 0.1 * theme.index(word)
    return vectors


def test_nearness_is_the_cosine_with_the_mean_of_the_post(corpus) -> None:
    terms = EmbeddedTerms(embed=embed, max_share=0.5).fit(corpus.counts, corpus.words)
    weights = terms.transform(corpus.counts, corpus.words)
    near = terms.nearness(weights).toarray()
    posts = weights.toarray() @ terms.vectors_
    expected = np.maximum(cosine_similarity(posts, terms.vectors_), 0)
    np.testing.assert_allclose(near, np.where(weights.toarray() > 0, expected, 0), atol=1e-6)


def test_the_cut_prefers_what_the_post_is_about_and_drops_what_has_no_vector(corpus) -> None:
    terms = EmbeddedTerms(embed=embed, max_share=0.5, strongest=3, related=0.0)
    terms.fit(corpus.counts, corpus.words)
    post = np.zeros((1, len(corpus.words)))
    for word in ("garden", "walking", "calm", "budget", "ward", "today"):
        post[0, corpus.words.index(word)] = 1
    cut = terms.cut(csr_array(post), corpus.words)
    assert {terms.vocabulary_[c] for c in cut.indices} == {"garden", "walking", "calm"}
    assert np.linalg.norm(cut.data) == pytest.approx(1)


def test_a_post_weighs_the_same_alone_or_among_others(corpus) -> None:
    terms = EmbeddedTerms(embed=embed, max_share=0.5).fit(corpus.counts, corpus.words)
    among = terms.cut(corpus.counts, corpus.words)[[7]].toarray()
    alone = terms.cut(corpus.counts[[7]], corpus.words).toarray()
    np.testing.assert_allclose(alone, among, atol=1e-6)


def test_it_serves_the_topic_model_in_the_place_of_its_own_terms(corpus) -> None:
    known = np.isin(corpus.theme, (1, 3))  # the themes of money and nature
    counts, theme = csr_array(corpus.counts[np.flatnonzero(known)]), corpus.theme[known]
    model = TopicModel(n_topics=2, terms=EmbeddedTerms(embed=embed, max_share=0.6))
    leading = leading_topics(model.fit(counts, corpus.words).transform(counts, corpus.words))
    assert adjusted_mutual_info_score(theme, leading) > 0.95


def test_what_was_learned_is_restored_and_forgotten_term_by_term(corpus) -> None:
    terms = EmbeddedTerms(embed=embed, max_share=0.5).fit(corpus.counts, corpus.words)
    twin = clone(terms).restore(terms.learned())
    expected = terms.cut(corpus.counts, corpus.words).toarray()
    np.testing.assert_array_equal(twin.cut(corpus.counts, corpus.words).toarray(), expected)
    twin.forget_terms({"garden"})
    assert "garden" not in twin.vocabulary_
    assert len(twin.vectors_) == len(twin.vocabulary_)
    row = twin.vectors_[twin.vocabulary_.index("walking")]
    np.testing.assert_array_equal(row, terms.vectors_[terms.vocabulary_.index("walking")])
    twin.admit_terms(["garden"])
    np.testing.assert_allclose(twin.vectors_[-1], terms.vectors_[terms.vocabulary_.index("garden")])


def test_without_vectors_it_says_what_is_missing(corpus) -> None:
    with pytest.raises(ValueError, match="word vectors are needed"):
        EmbeddedTerms(max_share=0.5).fit(corpus.counts, corpus.words)


def test_embedded_terms_take_every_parameter_that_terms_take() -> None:
    own = set(EmbeddedTerms().get_params(deep=False)) - {"embed"}
    (parent,) = EmbeddedTerms.__bases__
    assert own == set(parent().get_params(deep=False))
    for name, value in parent().get_params(deep=False).items():
        assert EmbeddedTerms().get_params(deep=False)[name] == value
