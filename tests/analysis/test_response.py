"""Response rates within classes: counted by hand, and what they do to a biased response."""

import numpy as np
import pytest

from analysis.response import response_rates


def test_rates_are_shares_of_classes_with_enough_responses() -> None:
    coded = [1, 1, 0, 0, 1, 1, 1, 1]
    assert response_rates(coded, [[0, 0, 0, 0, 1, 1, 1, 1]], least=2).tolist() == [
        *[0.5] * 4,
        *[1.0] * 4,
    ]


def test_small_classes_are_put_together_within_the_next_wider_one() -> None:
    narrow = [0, 0, 1, 1, 2, 2, 2, 2, 2]
    wide = [0, 0, 0, 0, 0, 0, 0, 0, 0]
    coded = [1, 0, 0, 1, 1, 1, 1, 1, 0]
    rates = response_rates(coded, [narrow, wide], least=2)
    assert rates.tolist() == [0.5] * 4 + [0.8] * 5  # the class of its own is not counted again


def test_a_class_in_which_nobody_coded_gets_the_rate_of_all() -> None:
    rates = response_rates([1, 1, 1, 0], [[0, 0, 0, 1]], least=3)
    assert rates.tolist() == [1.0, 1.0, 1.0, 0.75]


def test_nothing_coded_gives_no_rate_and_nothing_drawn_gives_nothing() -> None:
    assert np.isnan(response_rates([0, 0], [[0, 1]])).all()
    assert len(response_rates([], [[]])) == 0


def test_few_responses_altogether_still_give_rates() -> None:
    assert response_rates([1, 0], [[0, 0]]).tolist() == [0.5, 0.5]


def test_weights_by_rates_undo_a_response_that_differs_between_classes() -> None:
    rng = np.random.default_rng(3)
    n = 40_000
    group = rng.integers(0, 2, n)
    value = rng.random(n) < np.where(group == 0, 0.2, 0.6)
    pi = np.where(group == 0, 0.2, 0.4)
    drawn = rng.random(n) < pi
    coded = drawn & (rng.random(n) < np.where(group == 0, 0.9, 0.3))
    rates = response_rates(coded[drawn], [group[drawn]])
    weight = np.zeros(n)
    weight[drawn] = 1 / (pi[drawn] * rates)
    adjusted = np.average(value[coded], weights=weight[coded])
    plain = np.average(value[coded], weights=1 / pi[coded])
    assert adjusted == pytest.approx(value.mean(), abs=0.02)
    assert abs(plain - value.mean()) > 0.05
    assert np.sum(weight[coded]) == pytest.approx(np.sum(1 / pi[drawn]), rel=1e-9)
