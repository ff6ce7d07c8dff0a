from collections import Counter

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.stopwords import load_stopwords
from analysis.vectorise import (
    TermWeighting,
    align_columns,
    document_term_counts,
    strongest_terms,
    unit_rows,
)


def invented_tokens(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Post ids with gaps and out of order; post, position and word of each token, shuffled."""
    draw = np.random.default_rng(seed)
    post_ids = draw.permutation(np.arange(3, 90, 3))
    posts, positions, words = [], [], []
    for post in post_ids[:-2]:  # the last two have no token
        length = int(draw.integers(1, 40))
        posts += [post] * length
        positions += list(range(length))
        words += list(draw.integers(0, 25, size=length) * 7)
    order = draw.permutation(len(posts))
    return post_ids, np.array(posts)[order], np.array(positions)[order], np.array(words)[order]


def test_counts_agree_with_counting_one_by_one() -> None:
    post_ids, posts, _, words = invented_tokens(1)
    terms = document_term_counts(post_ids, posts, words)
    expected = Counter(zip(posts.tolist(), words.tolist(), strict=True))
    dense = terms.counts.toarray()
    assert dense.shape == (len(post_ids), len(set(words.tolist())))
    for row, post in enumerate(terms.post_ids.tolist()):
        for column, word in enumerate(terms.word_ids.tolist()):
            assert dense[row, column] == expected[post, word]
    assert dense[-2:].sum() == 0


def test_the_order_of_tokens_changes_nothing() -> None:
    post_ids, posts, positions, words = invented_tokens(2)
    order = np.lexsort((positions, posts))
    shuffled = document_term_counts(post_ids, posts, words)
    ordered = document_term_counts(post_ids, posts[order], words[order])
    assert (shuffled.counts != ordered.counts).nnz == 0


def test_tokens_of_other_posts_are_left_out() -> None:
    terms = document_term_counts([5, 2], [2, 9, 5, 2], [10, 11, 12, 10])
    assert terms.word_ids.tolist() == [10, 12]
    assert terms.counts.toarray().tolist() == [[0, 1], [2, 0]]


def test_no_posts_and_no_tokens_make_an_empty_matrix() -> None:
    assert document_term_counts([], [], []).counts.shape == (0, 0)
    assert document_term_counts([], [4], [1]).counts.shape == (0, 0)
    assert document_term_counts([4], [], []).counts.shape == (1, 0)


def test_a_post_named_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="named twice"):
        document_term_counts([4, 4], [4], [1])
    with pytest.raises(ValueError, match="1 token posts and 2 token words"):
        document_term_counts([4], [4], [1, 2])


def test_columns_are_aligned_by_their_labels() -> None:
    counts = csr_array(np.array([[1.0, 2.0, 3.0], [0.0, 5.0, 0.0]]))
    aligned = align_columns(counts, ["b", "x", "a"], ["a", "c", "b"])
    assert aligned.toarray().tolist() == [[3, 0, 1], [0, 0, 0]]
    assert align_columns(counts, [4, 9, 2], [9]).toarray().tolist() == [[2], [5]]
    with pytest.raises(ValueError, match="3 columns and 1 labels"):
        align_columns(counts, ["a"], ["a"])
    with pytest.raises(ValueError, match="name one twice"):
        align_columns(counts, ["b", "x", "a"], ["a", "a"])


def brute_tf_idf(counts: np.ndarray, words: list[str], kept: list[str]) -> np.ndarray:
    n_posts = len(counts)
    rows = []
    for row in counts:
        weights = []
        for word in kept:
            column = words.index(word)
            n_with = int((counts[:, column] > 0).sum())
            weights.append(row[column] * (np.log((1 + n_posts) / (1 + n_with)) + 1))
        length = np.sqrt(sum(weight**2 for weight in weights))
        rows.append([weight / length if length else 0.0 for weight in weights])
    return np.array(rows)


def test_weights_agree_with_the_formula_written_out() -> None:
    draw = np.random.default_rng(4)
    counts = draw.poisson(0.4, size=(40, 12)).astype(float)
    counts[:, 3] = 1.0  # in every post
    counts[:, 5] = 0.0
    counts[:2, 5] = 1.0  # in two posts only
    words = [f"word{column}" for column in range(11)] + ["because"]
    weighting = TermWeighting(min_posts=3, max_share=0.9).fit(csr_array(counts), words)
    assert "word3" not in weighting.vocabulary_
    assert "word5" not in weighting.vocabulary_
    assert "because" not in weighting.vocabulary_
    assert len(weighting.vocabulary_) == 9
    np.testing.assert_allclose(
        weighting.transform(csr_array(counts), words).toarray(),
        brute_tf_idf(counts, words, weighting.vocabulary_),
    )


def test_frozen_weights_do_not_depend_on_the_posts_or_the_columns_that_come_later() -> None:
    draw = np.random.default_rng(5)
    counts = draw.poisson(0.5, size=(60, 10)).astype(float)
    words = [f"w{column}" for column in range(10)]
    weighting = TermWeighting(min_posts=2, max_share=1.0, stop_words=frozenset()).fit(
        csr_array(counts), words
    )
    alone = weighting.transform(csr_array(counts[7:8]), words).toarray()
    order = draw.permutation(10)
    among = weighting.transform(
        csr_array(np.hstack([counts[:, order], np.ones((60, 1))])),
        [words[column] for column in order] + ["new"],
    ).toarray()
    np.testing.assert_allclose(among[7], alone[0])


def test_a_vocabulary_that_leaves_no_word_is_refused() -> None:
    with pytest.raises(ValueError, match="no word is in at least 5"):
        TermWeighting().fit(csr_array(np.eye(3)), ["a", "b", "c"])
    with pytest.raises(ValueError, match="name each column"):
        TermWeighting().fit(csr_array(np.eye(2)), ["a", "a"])


def test_the_strongest_terms_of_each_post_are_kept() -> None:
    draw = np.random.default_rng(6)
    weights = draw.random((30, 17)) * (draw.random((30, 17)) < 0.6)
    weights[4] = 0.0
    cut = strongest_terms(csr_array(weights), n=4).toarray()
    for row, kept in zip(weights, cut, strict=True):
        best = np.sort(row)[::-1][:4]
        best = best[best > 0]
        expected = best / np.linalg.norm(best) if len(best) else best
        np.testing.assert_allclose(np.sort(kept[kept > 0])[::-1], expected)


def test_of_equal_terms_the_leftmost_are_kept() -> None:
    cut = strongest_terms(csr_array(np.array([[1.0, 2.0, 1.0, 1.0]])), n=2)
    assert cut.toarray()[0].nonzero()[0].tolist() == [0, 1]


def test_rows_of_zeros_stay_zero_when_scaled() -> None:
    scaled = unit_rows(csr_array(np.array([[3.0, 4.0], [0.0, 0.0]])))
    np.testing.assert_allclose(scaled.toarray(), [[0.6, 0.8], [0.0, 0.0]])


def test_the_stop_list_holds_no_word_of_value_talk() -> None:
    talk = """
    value values valued need needs together group groups help helped helping system systems
    people person service services community communities work works working experience
    experiences choice choices right rights voice voices care support recovery power money cost
    costs fair equal heard listen change public social society family families peer peers user
    users good well ill better best worth help use used useful important able hope safe kind
    """
    assert load_stopwords().isdisjoint(talk.split())
    assert {"the", "don't", "because", "we", "of"} <= load_stopwords()
    assert all(word == word.lower() for word in load_stopwords())


def test_the_strongest_terms_of_many_posts_are_those_of_ranking_each_alone() -> None:
    draw = np.random.default_rng(7)
    weights = draw.integers(0, 4, (9000, 12)) * (draw.random((9000, 12)) < 0.7)
    cut = strongest_terms(csr_array(weights.astype(float)), n=3).toarray()
    order = np.argsort(-weights, axis=1, kind="stable")[:, :3]
    best = np.zeros_like(weights)
    np.put_along_axis(best, order, np.take_along_axis(weights, order, axis=1), axis=1)
    np.testing.assert_array_equal(cut > 0, best > 0)
