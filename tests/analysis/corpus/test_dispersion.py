import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.sparse import csr_array

from analysis.corpus.dispersion import dispersion


def test_the_worked_example_of_gries_has_its_published_values() -> None:
    # Gries 2008: "a" in five parts of 9, 10, 10, 10 and 11 letters
    found = dispersion([1, 2, 3, 4, 5], [9, 10, 10, 10, 11])
    assert found.dp[0] == pytest.approx(0.18)
    assert found.juilland_d[0] == pytest.approx(0.785, abs=0.0005)
    assert found.n_parts_with[0] == 5
    assert found.n[0] == 15


def test_a_word_in_one_of_three_parts_reaches_one_when_normalised() -> None:
    # Lijffijt and Gries 2012: three equal parts with 2/3, 1/3 and none of the occurrences
    found = dispersion([[2, 3], [1, 0], [0, 0]], [10, 10, 10])
    np.testing.assert_allclose(found.dp, [1 / 3, 2 / 3])
    np.testing.assert_allclose(found.dp_norm, [1 / 2, 1])


def test_a_word_of_french_business_letters_has_the_published_values() -> None:
    # "allemand" in the tenths of Lyne (1985), as the R package tlda 0.1.0 prints them
    n = np.array([2, 0, 1, 1, 3, 0, 3, 0, 0, 0])
    tokens = np.array([8143, 8058, 8271, 8125, 7959, 7941, 8146, 8001, 8003, 7930])
    found = dispersion(n, tokens)
    assert found.juilland_d[0] == pytest.approx(0.6038797, abs=1e-7)
    assert found.dp[0] == pytest.approx(0.4990705, abs=1e-7)
    assert found.n_parts_with[0] / found.n_parts == 0.5


@settings(max_examples=60, deadline=None)
@given(counts=arrays(np.int64, (6, 4), elements=st.integers(0, 5)), seed=st.integers(0, 999))
def test_sparse_sums_are_those_over_every_part(counts: np.ndarray, seed: int) -> None:
    tokens = counts.sum(axis=1) + np.random.default_rng(seed).integers(0, 9, 6)
    found = dispersion(csr_array(counts), tokens)
    kept = tokens > 0
    share = tokens[kept] / max(tokens.sum(), 1)
    assert found.n_parts == kept.sum()
    for word, column in enumerate(counts[kept].T):
        if not column.sum():
            assert np.isnan([found.dp[word], found.dp_norm[word], found.juilland_d[word]]).all()
            assert found.n_parts_with[word] == 0
            continue
        dp = np.abs(column / column.sum() - share).sum() / 2
        assert found.dp[word] == pytest.approx(dp, abs=1e-12)
        assert found.n_parts_with[word] == (column > 0).sum()
        if kept.sum() > 1:
            rate = column / tokens[kept]
            d = 1 - rate.std() / rate.mean() / np.sqrt(kept.sum() - 1)
            assert found.juilland_d[word] == pytest.approx(d, abs=1e-7)
            assert found.dp_norm[word] == pytest.approx(min(dp / (1 - share.min()), 1), abs=1e-9)


def test_one_part_and_no_part_say_nothing() -> None:
    alone = dispersion([[3, 0]], [10])
    assert alone.dp.tolist()[0] == 0
    assert np.isnan(alone.dp_norm).all()
    assert np.isnan(alone.juilland_d).all()
    nothing = dispersion(np.zeros((0, 2)), [])
    assert (nothing.n_parts, nothing.n.tolist()) == (0, [0, 0])
    assert nothing.to_arrow()["dp"].null_count == 2


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="n_tokens holds 1 counts; give 2"):
        dispersion([1, 2], [5])
    with pytest.raises(ValueError, match="a part has more occurrences than tokens"):
        dispersion([1, 6], [5, 5])
    with pytest.raises(ValueError, match="counts has 3 dimensions"):
        dispersion(np.zeros((1, 1, 1)), [5])
    with pytest.raises(ValueError, match="counts holds a count that is negative"):
        dispersion([-1], [5])
