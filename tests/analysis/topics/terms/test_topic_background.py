import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.stopwords import load_stopwords
from analysis.topics.terms.background import LEAST_WEIGHT, background_weights, distinctness
from analysis.topics.terms.topic_terms import TopicTerms
from analysis.vectorise import document_term_counts

STUDIED = ["value", "need", "together", "group", "help", "system"]


def themed_posts(
    everywhere: list[str], themes: list[list[str]], *, n: int = 600
) -> tuple[csr_array, list[str]]:
    """Posts of one theme each, with words between them that any post may have."""
    draw = np.random.default_rng(4)
    words = sorted({word for theme in themes for word in theme} | set(everywhere))
    number = {word: column for column, word in enumerate(words)}
    posts, tokens = [], []
    for post in range(n):
        own = draw.choice(themes[post % len(themes)], 5)
        said = [*own, *draw.choice(everywhere, 3)]
        posts += [post] * len(said)
        tokens += [number[word] for word in said]
    terms = document_term_counts(np.arange(n), posts, tokens)
    return terms.counts, [words[column] for column in terms.word_ids]


THEMES = [
    ["ward", "nurse", "referral", "clinic", "need", "help"],
    ["garden", "painting", "walk", "music", "together", "group"],
    ["budget", "council", "cuts", "savings", "value", "system"],
]
TALK = ["thanks", "feeling", "wondering", "guess", "curious", "hello"]


def test_distinctness_agrees_with_a_dense_count() -> None:
    draw = np.random.default_rng(1)
    present = (draw.random((50, 9)) < 0.5).astype(float)
    strongest = present * draw.random((50, 9))
    found = distinctness(csr_array(present), csr_array(strongest), np.arange(9))
    for term in range(9):
        rest = np.arange(9) != term
        here = strongest[present[:, term] > 0][:, rest].sum(axis=0)
        every = strongest[:, rest].sum(axis=0)
        here, every = here / here.sum(), every / every.sum()
        assert found[term] == pytest.approx((here * np.log(here / every)).sum())


def test_words_of_any_post_weigh_less_than_words_of_a_theme() -> None:
    counts, words = themed_posts(TALK, THEMES)
    weights = TopicTerms(max_share=1.0).fit(counts, words)
    by_word = dict(zip(weights.vocabulary_, weights.background_, strict=True))
    assert max(by_word[word] for word in TALK) < 0.5
    assert min(by_word[word] for theme in THEMES for word in theme) > 0.8


def test_no_word_that_the_study_is_about_is_taken_out() -> None:
    counts, words = themed_posts([*TALK, *STUDIED], [theme[:4] for theme in THEMES])
    terms = TopicTerms(max_share=1.0).fit(counts, words)
    by_word = dict(zip(terms.vocabulary_, terms.background_, strict=True))
    assert all(by_word[word] >= LEAST_WEIGHT for word in STUDIED)
    row = terms.transform(csr_array(np.ones((1, 1))), ["need"])
    assert row.sum() == 1
    assert load_stopwords().isdisjoint(STUDIED)


def test_rare_words_and_small_corpora_have_no_background() -> None:
    counts, words = themed_posts(TALK, THEMES, n=15)
    assert TopicTerms(min_posts=1, max_share=1.0).fit(counts, words).background_.min() == 1
    nothing = csr_array((0, 3))
    assert background_weights(nothing, nothing).tolist() == [1, 1, 1]


def test_posts_that_are_all_alike_leave_every_weight_as_it_is() -> None:
    same = csr_array(np.ones((40, 3)))
    assert background_weights(same, same).tolist() == [1, 1, 1]
