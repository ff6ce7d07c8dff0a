"""Response rates within classes: counted by hand, and what they do to a biased response."""

import numpy as np
import pytest

from analysis.response import response_rates


def test_rates_are_shares_of_strata_with_enough_responses() -> None:
    coded = [1, 1, 0, 0, 1, 1, 1, 1]
    assert response_rates(coded, [[0, 0, 0, 0, 1, 1, 1, 1]], least=2).tolist() == [
        *[0.5] * 4,
        *[1.0] * 4,
    ]


def test_small_strata_are_put_together() -> None:
    stratum = [0, 0, 1, 1, 2, 2, 2, 2, 2]
    coded = [1, 0, 0, 1, 1, 1, 1, 1, 0]
    assert response_rates(coded, [stratum], least=2).tolist() == [0.5] * 4 + [0.8] * 5


def test_posts_that_all_wait_are_stood_for_by_the_others_of_their_cell() -> None:
    stratum, cell = [0, 0, 0, 1, 2, 3, 3, 3], [0, 0, 0, 0, 0, 1, 1, 1]
    coded = [1, 1, 1, 0, 0, 1, 1, 1]  # strata 1 and 2 are those of a wave that was just drawn
    rates = response_rates(coded, [stratum], [cell], least=2)
    assert rates.tolist() == [0.6] * 5 + [1.0] * 3


def test_small_cells_share_a_rate_within_the_wider_one_and_leave_others_alone() -> None:
    cell = [0, 0, 0, 1, 1, 2, 2, 3, 3]
    wide = [0, 0, 0, 0, 0, 0, 0, 1, 1]
    coded = [1, 1, 1, 1, 0, 0, 0, 1, 0]
    rates = response_rates(coded, [cell], [cell, wide], least=2)
    assert rates.tolist() == [1.0] * 3 + [0.25] * 4 + [0.5] * 2


def test_nothing_coded_or_drawn_gives_no_rate() -> None:
    assert response_rates([0, 0], [[0, 1]], [[0, 1]]).tolist() == [0, 0]
    assert len(response_rates([], [[]], [[]])) == 0


def test_few_responses_altogether_still_give_rates() -> None:
    assert response_rates([1, 0], [[0, 0]], [[0, 0]]).tolist() == [0.5, 0.5]


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


def test_rates_of_waves_are_unbiased_though_later_waves_look_at_scores() -> None:
    # The chances of wave 2 follow what is measured, and of wave 2 a third is coded as yet.
    rng = np.random.default_rng(4)
    n, repeats = 2_000, 400
    value = rng.random(n) < 0.3
    first, second = np.full(n, 0.1), np.where(value, 0.4, 0.15)
    by_wave, by_cell = [], []
    for _ in range(repeats):
        u = rng.random(n)
        drawn = u < second
        wave = np.where(u < first, 1, 2)[drawn]
        coded = (wave == 1) | (rng.random(drawn.sum()) < 1 / 3)
        for found, classes in ((by_wave, wave), (by_cell, np.zeros_like(wave))):
            rates = response_rates(coded, [classes])
            weight = 1 / (second[drawn] * rates)[coded]
            found.append(np.average(value[drawn][coded], weights=weight))
    error = np.std(by_wave) / repeats**0.5
    assert np.mean(by_wave) == pytest.approx(value.mean(), abs=4 * error + 0.002)
    assert abs(np.mean(by_cell) - value.mean()) > 0.03
