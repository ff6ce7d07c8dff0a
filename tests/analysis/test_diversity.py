"""Farthest-first choice, beside brute force and on a case that is plain to see."""

import numpy as np
import pytest
from scipy.sparse import csr_array

from analysis.diversity import farthest_first, unit_rows


def test_rows_are_damped_and_of_length_one() -> None:
    rows = unit_rows(csr_array(np.array([[4, 9, 0], [0, 0, 0], [0, 0, 16]]))).toarray()
    assert rows == pytest.approx(np.array([[2 / 13**0.5, 3 / 13**0.5, 0], [0, 0, 0], [0, 0, 1]]))


def test_copies_of_what_was_taken_come_last() -> None:
    rows = unit_rows(csr_array(np.array([[3, 0, 0], [3, 0, 0], [1, 1, 0], [0, 0, 2], [0, 5, 0]])))
    assert farthest_first(rows, wanted=4).tolist() == [0, 3, 4, 2]
    assert farthest_first(rows, wanted=9).tolist() == [0, 3, 4, 2, 1]
    assert farthest_first(rows[[]], wanted=3).tolist() == []


def test_each_choice_is_the_farthest_by_brute_force() -> None:
    rng = np.random.default_rng(0)
    dense = rng.poisson(0.4, (40, 25)).astype(float)
    rows = unit_rows(csr_array(dense))
    damped = np.sqrt(dense)
    damped /= np.maximum(np.linalg.norm(damped, axis=1, keepdims=True), 1e-12)
    taken = farthest_first(rows, wanted=12).tolist()
    assert taken[0] == 0
    for step in range(1, 12):
        nearest = (damped @ damped[taken[:step]].T).max(axis=1)
        others = [i for i in range(40) if i not in taken[:step]]
        assert nearest[taken[step]] == pytest.approx(min(nearest[others]))
