import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import chi2_contingency

from analysis.corpus.association import associate


@pytest.mark.parametrize(
    ("near", "node", "collocate", "published"),
    [(8, 389, 230, 8.726204), (300, 300, 300, 14.0), (3, 3000, 3000, 4.034216)],
)
def test_log_dice_is_that_of_published_examples(
    near: int, node: int, collocate: int, published: float
) -> None:
    found = associate([near], [collocate], n_node=node, n_tokens=1e6, window=10)
    assert found.log_dice[0] == pytest.approx(published, abs=1e-6)


def test_log_dice_has_the_properties_that_rychly_lists() -> None:
    counts = [3, 6, 300]
    found = associate(counts, [3000] * 3, n_node=3000, n_tokens=1e6, window=10)
    twice, hundredfold = found.log_dice[1:] - found.log_dice[0]
    assert twice == pytest.approx(1)
    assert hundredfold == pytest.approx(7, abs=0.5)
    assert associate([1], [16_000], n_node=16_384, n_tokens=1e6, window=10).log_dice[0] < 1
    larger = associate(counts, [3000] * 3, n_node=3000, n_tokens=1e9, window=4)
    np.testing.assert_array_equal(larger.log_dice, found.log_dice)


def test_log_dice_passes_fourteen_only_where_windows_hold_a_collocate_more_than_once() -> None:
    # one node between three occurrences of a word that stands nowhere else: 2 * 3 / (1 + 3)
    found = associate([3, 1], [3, 1], n_node=1, n_tokens=1e6, window=10)
    np.testing.assert_allclose(found.log_dice, [14 + np.log2(1.5), 14])


def test_expected_places_and_mi3_are_those_worked_by_hand() -> None:
    # 40 nodes with 10 positions each: a share of 400/10,000 of 50 occurrences is expected near them
    found = associate([8], [50], n_node=40, n_tokens=10_000, window=10)
    assert found.expected[0] == pytest.approx(2)
    assert found.mi3[0] == pytest.approx(8)  # 8^3 / 2 = 256 = 2^8
    # windows that end with their post hold fewer tokens than 40 times 10
    ended = associate([8], [50], n_node=40, n_tokens=10_000, window=10, n_window=200)
    assert ended.expected[0] == pytest.approx(1)
    assert ended.mi3[0] == pytest.approx(9)


@settings(max_examples=60, deadline=None)
@given(
    near=st.integers(0, 50),
    more=st.integers(0, 500),
    node=st.integers(10, 100),
    tokens=st.integers(5_000, 10**7),
)
def test_log_likelihood_is_that_of_a_contingency_table(
    near: int, more: int, node: int, tokens: int
) -> None:
    collocate, span = near + more + 1, 6 * node
    found = associate([near], [collocate], n_node=node, n_tokens=tokens, window=6)
    table = [[near, span - near], [collocate - near, tokens - span - collocate + near]]
    oracle = chi2_contingency(table, correction=False, lambda_="log-likelihood")
    assert found.log_likelihood[0] == pytest.approx(oracle.statistic, rel=1e-6, abs=1e-7)
    assert found.expected[0] == pytest.approx(oracle.expected_freq[0, 0])


def test_a_collocate_that_is_never_near_has_no_score_but_a_likelihood() -> None:
    found = associate([0, 0], [2000, 0], n_node=100, n_tokens=10_000, window=10)
    assert np.isnan(found.log_dice).all()
    assert np.isnan(found.mi3).all()
    assert found.log_likelihood[0] > 100
    assert found.log_likelihood[1] == 0
    assert found.to_arrow()["log_dice"].null_count == 2


def test_overlapping_windows_of_a_frequent_node_keep_to_the_corpus() -> None:
    found = associate([900], [1000], n_node=5000, n_tokens=20_000, window=10)
    assert found.log_likelihood[0] >= 0


def test_nothing_gives_nothing_and_what_cannot_be_is_refused() -> None:
    assert associate([], [], n_node=0, n_tokens=0, window=10).to_arrow().num_rows == 0
    empty = associate([0], [0], n_node=0, n_tokens=0, window=10)
    assert np.isnan(empty.log_likelihood[0])
    with pytest.raises(ValueError, match="n_collocate holds 1 counts; give 2"):
        associate([1, 2], [1], n_node=1, n_tokens=10, window=2)
    with pytest.raises(ValueError, match="n_near holds a count that is negative or missing"):
        associate([-1], [1], n_node=1, n_tokens=10, window=2)
    with pytest.raises(ValueError, match="n_tokens is nan"):
        associate([1], [1], n_node=1, n_tokens=np.nan, window=2)
    with pytest.raises(ValueError, match="give one row of counts"):
        associate([[1]], [1], n_node=1, n_tokens=10, window=2)
