"""FREX, exclusivity and redundancy, against their definitions written out one by one."""

import numpy as np
import pytest

from analysis.topics.reading.distinctive import (
    frex_scores,
    frex_terms,
    term_exclusivity,
    topic_exclusivity,
    topic_redundancy,
)

WORDS = ["wait", "list", "care", "clinic", "vote"]
BASIS = np.array(
    [
        [0.8, 0.4, 0.4, 0.2, 0.0],
        [0.0, 0.1, 0.4, 0.0, 0.9],
    ]
)


def frex_by_hand(basis: np.ndarray, topic: int, term: int, weight: float, among: int) -> float:
    ranked = [t for t in np.argsort(-basis[topic], kind="stable")[:among] if basis[topic, t] > 0]
    if term not in ranked:
        return 0.0

    def ecdf(value_of) -> float:  # type: ignore[no-untyped-def] # a value for each term
        return sum(value_of(other) <= value_of(term) for other in ranked) / len(ranked)

    frequency = ecdf(lambda t: basis[topic, t])
    exclusivity = ecdf(lambda t: basis[topic, t] / basis[:, t].sum())
    return 1 / (weight / exclusivity + (1 - weight) / frequency)


def test_exclusivity_is_the_share_of_a_terms_weight() -> None:
    assert term_exclusivity(BASIS)[0] == pytest.approx([1, 0.8, 0.5, 1, 0])
    assert term_exclusivity(np.zeros((2, 3))).tolist() == [[0] * 3] * 2


def test_frex_of_one_term_worked_out_by_hand() -> None:
    # Of four terms, "list" is no lighter than three and no less exclusive than two.
    assert frex_scores(BASIS)[0, 1] == pytest.approx(2 / (4 / 3 + 4 / 2))
    assert frex_terms(BASIS, WORDS, n=2)[1] == ["vote", "care"]


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.5, 1.0])
@pytest.mark.parametrize("among", [4, 50])
def test_frex_agrees_with_counting_ranks(weight: float, among: int) -> None:
    draw = np.random.default_rng(3)
    basis = draw.random((4, 12)).round(1) * (draw.random((4, 12)) < 0.6)
    found = frex_scores(basis, weight=weight, among=among)
    expected = [
        [frex_by_hand(basis, topic, term, weight, among) for term in range(12)]
        for topic in range(4)
    ]
    np.testing.assert_allclose(found, expected)


def test_frex_terms_leave_out_what_a_topic_does_not_weigh() -> None:
    assert frex_terms(BASIS, WORDS)[0] == ["wait", "list", "clinic", "care"]
    assert frex_terms(np.zeros((1, 2)), ["wait", "list"]) == [[]]


def test_a_weight_beyond_its_bounds_is_refused() -> None:
    with pytest.raises(ValueError, match="weight is 2"):
        frex_scores(BASIS, weight=2)


def test_a_topics_exclusivity_is_the_mean_of_its_heaviest_terms() -> None:
    assert topic_exclusivity(BASIS, n=2) == pytest.approx([0.9, (1 + 0.5) / 2])
    alike = topic_exclusivity(np.ones((4, 3)))
    assert alike == pytest.approx([0.25] * 4)
    assert np.isnan(topic_exclusivity(np.zeros((1, 3)))).all()


def test_redundancy_names_the_topic_that_is_most_alike() -> None:
    basis = np.array([[3.0, 4.0, 0.0, 0.0], [4.0, 3.0, 0.0, 0.0], [0.0, 0.0, 1.0, 2.0]])
    found = topic_redundancy(basis, n=2)
    assert found.nearest.tolist()[:2] == [1, 0]
    assert found.cosine == pytest.approx([24 / 25, 24 / 25, 0])
    assert found.shared.tolist() == [1, 1, 0]


def test_shared_terms_are_a_share_of_the_topics_own() -> None:
    basis = np.array([[1.0, 0.0, 0.0], [0.5, 0.4, 0.3]])
    assert topic_redundancy(basis, n=3).shared == pytest.approx([1, 1 / 3])


def test_one_topic_alone_repeats_no_other() -> None:
    found = topic_redundancy(np.ones((1, 3)))
    assert found.nearest.tolist() == [-1]
    assert np.isnan(found.cosine).all()
    assert np.isnan(found.shared).all()
