import numpy as np
import pytest
from scipy import stats

from analysis.intervals import (
    benjamini_hochberg,
    share_interval,
    shared_confidence,
    two_sided_p,
)

MANY = 1e12


def test_with_many_degrees_of_freedom_it_is_wilsons_interval() -> None:
    for seen, n in [(5, 20), (12, 40), (30, 60)]:
        ours = share_interval(seen / n, n, df=MANY)
        wilson = stats.binomtest(seen, n).proportion_ci(method="wilson")
        assert ours.lower == pytest.approx(wilson.low, abs=1e-9)
        assert ours.upper == pytest.approx(wilson.high, abs=1e-9)


def test_one_or_two_seen_take_the_exact_lower_bound() -> None:
    for seen in (1, 2):
        ours = share_interval(seen / 50, 50, df=MANY)
        exact = stats.binomtest(seen, 50).proportion_ci(method="exact")
        assert ours.lower == pytest.approx(exact.low, abs=1e-9)
        mirrored = share_interval(1 - seen / 50, 50, df=MANY)
        assert mirrored.upper == pytest.approx(1 - exact.low, abs=1e-9)


def test_none_among_fifteen_has_an_upper_bound_between_wilson_and_exact() -> None:
    ours = share_interval(0.0, 15, df=14, n_with=0)
    assert ours.lower == 0
    assert stats.binomtest(0, 15).proportion_ci(method="wilson").high < ours.upper < 0.25


def test_coverage_of_a_binomial_share_holds_for_every_rate() -> None:
    for n in (12, 25, 60):
        seen = np.arange(n + 1)
        bounds = share_interval(seen / n, n, df=n - 1)
        for rate in np.linspace(0.01, 0.99, 50):
            inside = (bounds.lower <= rate) & (rate <= bounds.upper)
            assert stats.binom.pmf(seen, n, rate)[inside].sum() >= 0.93, (n, rate)


def test_what_was_not_seen_leaves_its_bound_open() -> None:
    assert share_interval(0.2, 20, df=19, n_with=0).lower == 0
    assert share_interval(0.8, 20, df=19, n_without=0).upper == 1


def test_where_nothing_is_uncertain_the_interval_is_a_point() -> None:
    bounds = share_interval(np.array([0.25, 0.5]), np.array([np.inf, 10.0]), df=9)
    assert bounds.lower[0] == bounds.upper[0] == 0.25
    assert bounds.lower[1] < 0.5 < bounds.upper[1]


def test_many_intervals_share_their_confidence() -> None:
    assert shared_confidence(0.95, [1, 2, 9]) == pytest.approx([0.95, 0.95**0.5, 0.95 ** (1 / 9)])


def test_p_values_are_those_of_students_t() -> None:
    p = two_sided_p([0.0, 1.0, -2.0], [1.0, 1.0, 4.0], df=[5, 5, 30])
    expected = [1.0, 2 * stats.t.sf(1.0, 5), 2 * stats.t.sf(1.0, 30)]
    np.testing.assert_allclose(p, expected)
    assert np.isnan(two_sided_p([1.0], [0.0], df=[4])).all()


def test_adjusted_p_values_agree_with_scipy_and_leave_gaps() -> None:
    p = np.random.default_rng(0).random(50) ** 3
    np.testing.assert_allclose(benjamini_hochberg(p), stats.false_discovery_control(p))
    with_gap = np.insert(p, 7, np.nan)
    adjusted = benjamini_hochberg(with_gap)
    assert np.isnan(adjusted[7])
    np.testing.assert_allclose(np.delete(adjusted, 7), stats.false_discovery_control(p))
    assert np.isnan(benjamini_hochberg([np.nan])).all()
