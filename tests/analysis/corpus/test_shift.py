import numpy as np
import pytest

from analysis.corpus.clustered import clustered_log_ratio
from analysis.corpus.shift import shift_of_collocates


def invented(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Draw windows of 300 posts; the first collocate comes nearer, the second stays."""
    draw = np.random.default_rng(seed)
    later = np.arange(300) >= 150
    window = 10 * draw.integers(1, 4, 300)
    rates = np.stack([np.where(later, 0.2, 0.05), np.full(300, 0.1)], axis=1)
    return draw.binomial(window[:, None], rates), window, later, draw.integers(0, 120, 300)


def test_a_collocate_that_came_nearer_is_told_from_one_that_stayed() -> None:
    near, window, later, author = invented(0)
    found = shift_of_collocates(
        near,
        window,
        later,
        n_node=(500, 900),
        n_collocate=([2000, 1000], [2500, 1000]),
        clusters=(author,),
    )
    assert found.lower[0] < 2 < found.upper[0]  # 0.2 against 0.05: four times, two doublings
    assert found.lower[0] > 1
    assert found.lower[1] < 0 < found.upper[1]
    assert found.q_value[0] < 0.001 < found.q_value[1]
    assert found.n_near_later[0] == near[later, 0].sum()


def test_log_dice_is_that_of_each_time() -> None:
    near = np.array([[4, 0], [2, 3]])
    found = shift_of_collocates(
        near, [20, 20], np.array([False, True]), n_node=(12, 10), n_collocate=([20, 5], [6, 6])
    )
    assert found.log_dice_earlier[0] == pytest.approx(14 + np.log2(8 / 32))
    assert found.log_dice_later[0] == pytest.approx(14 + np.log2(4 / 16))
    assert found.log_dice_change[0] == pytest.approx(0)
    assert np.isnan([found.log_dice_earlier[1], found.log_dice_change[1]]).all()


def test_the_shift_is_the_keyness_of_the_windows_however_frequent_the_node() -> None:
    near, window, later, author = invented(1)
    counts = [np.array([900, 800]), np.array([900, 800])]
    once = shift_of_collocates(
        near,
        window,
        later,
        n_node=(500, 500),
        n_collocate=(counts[0], counts[1]),
        clusters=(author,),
    )
    more = shift_of_collocates(
        near,
        window,
        later,
        n_node=(500, 5000),
        n_collocate=(counts[0], counts[1]),
        clusters=(author,),
    )
    direct = clustered_log_ratio(near, window, later, clusters=(author,))
    for name in ("log_ratio", "lower", "upper", "p_value", "q_value"):
        np.testing.assert_array_equal(getattr(once, name), getattr(direct, name))
        np.testing.assert_array_equal(getattr(more, name), getattr(direct, name))
    assert (more.log_dice_change < once.log_dice_change).all()


def test_nothing_gives_nothing_and_what_cannot_be_is_refused() -> None:
    none = shift_of_collocates(
        np.zeros((0, 0)), [], np.zeros(0, dtype=bool), n_node=(0, 0), n_collocate=([], [])
    )
    assert none.to_arrow().num_rows == 0
    with pytest.raises(ValueError, match="n_collocate holds 1 counts; give 2"):
        shift_of_collocates(
            np.ones((2, 2)), [9, 9], np.array([True, False]), n_node=(1, 1), n_collocate=([1], [1])
        )
