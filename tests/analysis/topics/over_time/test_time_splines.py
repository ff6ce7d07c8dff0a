"""Natural splines of the period, against SciPy's and by what they must not do over gaps."""

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from analysis.topics.over_time.splines import each_period, natural_spline, time_basis


def test_every_natural_cubic_spline_with_these_knots_is_a_combination_of_the_columns() -> None:
    draw = np.random.default_rng(0)
    knots = np.array([2.0, 5.0, 6.0, 9.5, 12.0])
    x = np.linspace(2, 12, 101)
    basis = np.column_stack([np.ones(101), natural_spline(x, knots)])
    assert basis.shape[1] == np.linalg.matrix_rank(basis) == 5
    for _ in range(4):
        natural = CubicSpline(knots, draw.normal(size=5), bc_type="natural")(x)
        found, *_ = np.linalg.lstsq(basis, natural, rcond=None)
        np.testing.assert_allclose(basis @ found, natural, atol=1e-9)


def test_beyond_its_knots_a_spline_is_straight() -> None:
    x = np.array([-4.0, -2.0, 0.0, 3.0, 5.0, 7.0])
    columns = natural_spline(x, [0.0, 1.0, 3.0])
    for outside in (columns[:3], columns[3:]):
        np.testing.assert_allclose(np.diff(outside, n=2, axis=0), 0.0, atol=1e-12)
    with pytest.raises(ValueError, match="two knots or more"):
        natural_spline(x, [1.0])


def test_periods_without_a_gap_have_one_spline_of_as_many_columns_as_asked_for() -> None:
    seen = np.arange(600, 660)
    assert time_basis(seen, seen, df=5).shape == (60, 5)
    assert time_basis(seen[:7], seen[:7], df=5).shape == (7, 2)
    assert time_basis(seen[:1], seen[:1], df=5).shape == (1, 0)
    assert time_basis(np.zeros(0), np.zeros(0), df=5).shape == (0, 0)


def test_after_a_long_gap_another_spline_begins_that_owes_nothing_to_the_first() -> None:
    seen = np.concatenate([np.arange(0, 20), np.arange(26, 40)])
    columns = np.column_stack([np.ones(34), time_basis(seen, seen, df=6)])
    jump = np.where(seen < 20, 0.1, 0.9)
    np.testing.assert_allclose(columns @ np.linalg.lstsq(columns, jump, rcond=None)[0], jump)
    only_late = np.where(seen < 20, 0.0, np.sin(seen))
    fitted = columns @ np.linalg.lstsq(columns, only_late, rcond=None)[0]
    np.testing.assert_allclose(fitted[:20], 0.0, atol=1e-9)
    inside_gap = time_basis(np.arange(20, 26), seen, df=6)
    np.testing.assert_array_equal(inside_gap, 0.0)


def test_a_short_gap_does_not_break_a_spline() -> None:
    seen = np.array([0, 1, 2, 3, 5, 6, 7, 8, 9])
    columns = np.column_stack([np.ones(9), time_basis(seen, seen, df=3)])
    jump = np.where(seen < 4, 0.0, 1.0)
    assert np.abs(columns @ np.linalg.lstsq(columns, jump, rcond=None)[0] - jump).max() > 0.1


def test_each_period_has_a_column_but_the_first() -> None:
    found = each_period([3, 5, 4, 7], [3, 5, 7])
    np.testing.assert_array_equal(found, [[0, 0], [1, 0], [0, 0], [0, 1]])
