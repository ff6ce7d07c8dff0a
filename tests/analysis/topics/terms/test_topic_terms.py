from math import log

import numpy as np
import pytest
from scipy.sparse import csr_array
from sklearn.base import clone

from analysis.topics.model import TopicModel
from analysis.topics.terms.related import related_terms, spread_rows
from analysis.topics.terms.topic_terms import TopicTerms


def fitted(corpus, **options) -> TopicTerms:
    return TopicTerms(max_share=0.5, **options).fit(corpus.counts, corpus.words)


def drawn_rows(seed: int, n_posts: int = 80, n_terms: int = 12) -> np.ndarray:
    draw = np.random.default_rng(seed)
    return draw.random((n_posts, n_terms)) * (draw.random((n_posts, n_terms)) < 0.3)


def test_related_terms_agree_with_counting_posts_one_by_one() -> None:
    rows = drawn_rows(0)
    present = rows > 0
    found = related_terms(csr_array(rows), n=12, least=-1.0, min_posts=3).toarray()
    for i in range(12):
        for j in range(12):
            both = int((present[:, i] & present[:, j]).sum())
            if i == j or both < 3:
                assert found[i, j] == 0
                continue
            share = both / 80
            chance = present[:, i].mean() * present[:, j].mean()
            assert found[i, j] == pytest.approx(log(share / chance) / -log(share))


def test_only_the_nearest_terms_are_related_and_none_under_the_least() -> None:
    rows = csr_array(drawn_rows(1))
    every = related_terms(rows, n=12, least=-1.0, min_posts=1).toarray()
    near = related_terms(rows, n=2, least=0.02, min_posts=1).toarray()
    for whole, kept in zip(every, near, strict=True):
        best = np.sort(whole)[::-1][:2]
        assert sorted(kept[kept != 0]) == pytest.approx(sorted(best[best >= 0.02]))


def test_rows_are_spread_as_by_a_dense_product() -> None:
    rows = drawn_rows(2)
    related = related_terms(csr_array(rows), n=3, least=0.0, min_posts=1)
    spread = spread_rows(csr_array(rows), related, share=0.4, n=12).toarray()
    dense = rows + 0.4 * rows @ related.toarray()
    lengths = np.linalg.norm(dense, axis=1, keepdims=True)
    np.testing.assert_allclose(spread, dense / np.where(lengths > 0, lengths, 1), atol=1e-12)


def test_what_is_handed_on_follows_the_favour_of_terms() -> None:
    rows = drawn_rows(3)
    related = related_terms(csr_array(rows), n=3, least=0.0, min_posts=1)
    favour = np.linspace(0.5, 2.0, 12)
    spread = spread_rows(csr_array(rows), related, share=1.0, n=12, favour=favour).toarray()
    handed = related.toarray() * favour[None, :] / favour[:, None]
    dense = rows + rows @ handed
    lengths = np.linalg.norm(dense, axis=1, keepdims=True)
    np.testing.assert_allclose(spread, dense / np.where(lengths > 0, lengths, 1), atol=1e-12)


def test_a_post_of_one_word_says_what_goes_with_it() -> None:
    posts = csr_array(np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 1], [0, 0, 1, 1]]))
    words = ["ward", "nurse", "garden", "painting"]
    terms = TopicTerms(min_posts=1, max_share=1.0, related=0.5)
    terms.fit(csr_array(np.tile(posts.toarray(), (3, 1))), words)
    row = terms.cut(csr_array(np.array([[1.0]])), ["ward"]).toarray()[0]
    said = {word: weight for word, weight in zip(terms.vocabulary_, row, strict=True) if weight}
    assert said.keys() == {"ward", "nurse"}
    assert said["ward"] > said["nurse"]
    whole = terms.transform(csr_array(np.array([[1.0]])), ["ward"])
    assert whole.nnz == 1


def test_weights_are_frozen_by_the_fit(corpus) -> None:
    terms = fitted(corpus)
    among = terms.cut(corpus.counts, corpus.words).toarray()
    alone = terms.cut(corpus.counts[7:8], corpus.words).toarray()
    np.testing.assert_allclose(alone[0], among[7])
    order = np.random.default_rng(0).permutation(len(corpus.words))
    turned = terms.cut(
        csr_array(corpus.counts[:, order]), [corpus.words[column] for column in order]
    )
    np.testing.assert_allclose(turned.toarray(), among)


def test_the_order_of_posts_and_their_number_change_no_weight(corpus) -> None:
    once = fitted(corpus)
    order = np.random.default_rng(1).permutation(400)
    turned = TopicTerms(max_share=0.5).fit(corpus.counts[order], corpus.words)
    np.testing.assert_array_equal(once.idf_, turned.idf_)
    np.testing.assert_allclose(once.related_.toarray(), turned.related_.toarray())


def test_rows_have_length_one_or_none(corpus) -> None:
    terms = fitted(corpus)
    silent = csr_array(np.zeros((2, len(corpus.words))))
    for rows in (terms.transform, terms.cut):
        found = rows(corpus.counts, corpus.words)
        np.testing.assert_allclose(np.sqrt(found.multiply(found).sum(axis=1)), 1)
        assert rows(silent, corpus.words).nnz == 0
        assert rows(silent[:0], corpus.words).shape == (0, len(terms.vocabulary_))


def test_forgotten_terms_leave_nothing_behind(corpus) -> None:
    terms = fitted(corpus)
    kept = [word for word in terms.vocabulary_ if word not in {"garden", "price"}]
    before = dict(zip(terms.vocabulary_, terms.idf_, strict=True))
    related = terms.related_.toarray()
    old = [terms.vocabulary_.index(word) for word in kept]
    terms.forget_terms({"garden", "price", "unheard"})
    assert terms.vocabulary_ == kept
    assert terms.idf_.tolist() == [before[word] for word in kept]
    np.testing.assert_array_equal(terms.related_.toarray(), related[np.ix_(old, old)])
    assert terms.cut(corpus.counts, corpus.words).shape == (400, len(kept))


def test_a_phrase_is_forgotten_with_one_of_its_words() -> None:
    counts = csr_array(np.tile(np.eye(3), (5, 1)))
    terms = TopicTerms(max_share=1.0).fit(counts, ["garden", "mental health", "care home"])
    assert terms.forget_terms({"health"}).vocabulary_ == ["care home", "garden"]
    assert terms.related_.shape == (2, 2)
    assert len(terms.background_) == 2


def test_what_was_learned_comes_back_from_arrays(corpus) -> None:
    terms = fitted(corpus)
    again = clone(terms).restore(terms.learned())
    np.testing.assert_array_equal(
        again.cut(corpus.counts, corpus.words).toarray(),
        terms.cut(corpus.counts, corpus.words).toarray(),
    )
    assert again.vocabulary_ == terms.vocabulary_


def test_a_topic_model_takes_them(corpus) -> None:
    model = TopicModel(n_topics=4, terms=TopicTerms(max_share=0.5))
    leading = model.fit(corpus.counts, corpus.words).transform(corpus.counts, corpus.words)
    majority = [np.bincount(leading.argmax(axis=1)[corpus.theme == t]).max() for t in range(4)]
    assert sum(majority) > 380


def test_of_many_posts_an_even_part_says_what_goes_together(
    corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("analysis.topics.terms.topic_terms.LEARNED_FROM", 200)
    terms = fitted(corpus)
    part = corpus.counts[np.linspace(0, 399, 200).astype(int)]
    rows = terms.transform(part, corpus.words)
    expected = related_terms(rows, n=100).toarray()  # every post has fewer terms than are kept
    np.testing.assert_allclose(terms.related_.toarray(), expected)
    assert (
        terms.idf_.tolist()
        == TopicTerms(max_share=0.5).fit(corpus.counts, corpus.words).idf_.tolist()
    )
