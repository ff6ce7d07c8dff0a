"""Posts that a model explains badly, against least squares and counting one by one."""

import numpy as np
import pytest
from scipy.optimize import nnls
from scipy.sparse import csr_array

from analysis.topics.reading.badly_explained import (
    badly_explained_shares,
    explained_share,
    leading_where_explained,
    words_of_posts,
)


def test_the_explained_share_is_the_squared_cosine_with_the_best_approximation() -> None:
    draw = np.random.default_rng(5)
    basis = draw.random((4, 15)) * (draw.random((4, 15)) < 0.5)
    rows = draw.random((30, 15)) * (draw.random((30, 15)) < 0.4)
    loadings = np.array([nnls(basis.T, row)[0] for row in rows])
    near = loadings @ basis
    cosine = (rows * near).sum(1) / np.linalg.norm(rows, axis=1) / np.linalg.norm(near, axis=1)
    found = explained_share(csr_array(rows), basis, loadings)
    np.testing.assert_allclose(found, cosine**2, atol=1e-9)


def test_a_post_in_the_span_is_explained_and_an_empty_one_is_not() -> None:
    basis = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    rows = csr_array(np.array([[3.0, 4.0, 0.0], [0.0, 0.0, 2.0], [0.0, 0.0, 0.0]]))
    loadings = np.array([[3.0, 4.0], [0.0, 0.0], [0.0, 0.0]])
    assert explained_share(rows, basis, loadings).tolist() == [1, 0, 0]


def test_a_post_that_is_not_explained_is_led_by_no_topic() -> None:
    led = leading_where_explained([2, 0, -1, 1], [0.5, 0.01, 0.5, 0.05], least=0.05)
    assert led.tolist() == [2, -1, -1, 1]


def cells(**given: object) -> list[tuple[object, ...]]:
    table = badly_explained_shares(**given)  # type: ignore[arg-type] # as each test has it
    return list(zip(*(table[name].to_pylist() for name in table.column_names), strict=True))


def test_shares_are_counted_by_community_and_period() -> None:
    draw = np.random.default_rng(0)
    community, period = draw.integers(0, 2, 500), draw.integers(5, 7, 500)
    badly = draw.random(500) < 0.3
    expected = []
    for group in (0, 1):
        for month in (5, 6):
            cell = (community == group) & (period == month)
            n = int((cell & badly).sum())
            expected.append((group, month, int(cell.sum()), n, pytest.approx(n / cell.sum())))
    assert cells(badly=badly, community=community, period=period) == expected


def test_small_cells_tell_nothing_that_leads_to_a_person() -> None:
    one = [0] * 20
    few = [True] * 7 + [False] * 13
    assert cells(badly=few, community=one, period=one) == [(0, 0, 20, None, None)]
    assert cells(badly=[False] * 20, community=one, period=one) == [(0, 0, 20, 0, 0.0)]
    assert cells(badly=[True] * 9, community=one[:9], period=one[:9]) == [(0, 0, 9, None, None)]
    nine = [number % 9 for number in range(20)]
    assert cells(badly=[True] * 20, community=one, period=one, author=nine) == [
        (0, 0, None, None, None)
    ]
    unknown = [-1] * 11 + nine[:9]
    assert cells(badly=[True] * 20, community=one, period=one, author=unknown) == [
        (0, 0, None, None, None)
    ]
    ten = [number % 10 for number in range(20)]
    assert cells(badly=[True] * 20, community=one, period=one, author=ten) == [(0, 0, 20, 20, 1.0)]
    assert cells(badly=[], community=[], period=[]) == []


def test_their_words_are_those_that_they_use_more_in_ten_posts() -> None:
    words = ["garden", "clinic", "rare", "and"]
    badly = np.arange(60) < 20
    counts = np.zeros((60, 4))
    counts[:20, 0] = 2  # a word of the badly explained
    counts[20:, 1] = 1  # one of the others
    counts[:9, 2] = 5  # in nine posts only
    counts[:, 3] = 1  # everywhere
    table = words_of_posts(csr_array(counts), words, badly)
    assert table["word"].to_pylist() == ["garden"]
    assert table["n_posts"].to_pylist() == [20]
    assert table["n_posts_elsewhere"].to_pylist() == [0]
    # LL by hand: 40 of 105 tokens against 0 of 80.
    expected = 2 * 40 * np.log(40 / (105 * 40 / 185))
    assert table["log_likelihood"].to_pylist() == pytest.approx([expected])
    assert words_of_posts(csr_array(counts), words, badly, least_posts=9).num_rows == 2


def test_no_posts_have_no_words() -> None:
    counts = csr_array(np.ones((3, 2)))
    assert words_of_posts(counts, ["a", "b"], [False] * 3).num_rows == 0
