import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from analysis.prevalence import estimate_prevalence
from analysis.sampling import (
    MEASURE_LIMIT,
    draw_measure,
    draw_train,
    measure_probabilities,
    over_waves,
    permanent_numbers,
    poisson_draw,
)

MASK = 2**64 - 1


def splitmix(state: int) -> int:
    """One step of splitmix64 in plain Python integers."""
    state = (state + 0x9E3779B97F4A7C15) & MASK
    state = ((state ^ (state >> 30)) * 0xBF58476D1CE4E5B9) & MASK
    state = ((state ^ (state >> 27)) * 0x94D049BB133111EB) & MASK
    return state ^ (state >> 31)


def test_the_generator_is_splitmix64() -> None:
    # the first output for the state 0, as published with the reference implementation
    assert splitmix(0) == 0xE220A8397B1DCDAF
    for seed, post in [(0, 0), (7, 1), (2**63, 123_456_789), (-1, 5)]:
        expected = (splitmix(splitmix(post) ^ splitmix(seed % 2**64)) >> 11) * 2.0**-53
        assert permanent_numbers([post], seed=seed)[0] == expected


def test_permanent_numbers_are_uniform_and_unlike_between_neighbours_and_seeds() -> None:
    ids = np.arange(1, 20_001)
    numbers = permanent_numbers(ids, seed=11)
    assert stats.kstest(numbers, "uniform").pvalue > 0.001
    assert abs(np.corrcoef(numbers[:-1], numbers[1:])[0, 1]) < 0.03
    assert abs(np.corrcoef(numbers, permanent_numbers(ids, seed=12))[0, 1]) < 0.03


def test_a_posts_number_depends_on_nothing_but_its_id_and_the_seed() -> None:
    alone = permanent_numbers([42], seed=3)[0]
    assert permanent_numbers([7, 42, 1], seed=3)[1] == alone


def test_poisson_draws_happen_as_often_as_their_probability_says() -> None:
    pi = np.tile([0.05, 0.2, 0.6], 400)
    drawn = np.mean([poisson_draw(np.arange(1200), pi, seed=s) for s in range(300)], axis=0)
    for probability in (0.05, 0.2, 0.6):
        assert drawn[pi == probability].mean() == pytest.approx(probability, abs=0.005)


def test_over_two_waves_a_post_is_drawn_as_often_as_its_greater_probability_says() -> None:
    ids = np.arange(1000)
    first, second = np.full(1000, 0.3), np.where(ids < 500, 0.1, 0.5)
    in_either = np.zeros(1000)
    for seed in range(300):
        wave_1 = draw_measure(ids, first, seed=seed)
        wave_2 = draw_measure(ids, second, already_drawn=ids[wave_1].tolist(), seed=seed)
        assert not set(wave_1.tolist()) & set(wave_2.tolist())
        in_either[wave_1] += 1
        in_either[wave_2] += 1
    np.testing.assert_allclose(over_waves(first, second), np.where(ids < 500, 0.3, 0.5))
    assert in_either[:500].mean() / 300 == pytest.approx(0.3, abs=0.005)
    assert in_either[500:].mean() / 300 == pytest.approx(0.5, abs=0.005)


def test_a_second_wave_that_wants_no_more_adds_nothing() -> None:
    ids = np.arange(500)
    pi = measure_probabilities(None, np.zeros(500), wanted=60)
    wave_1 = ids[draw_measure(ids, pi, seed=5)]
    assert len(draw_measure(ids, pi, already_drawn=wave_1.tolist(), seed=5)) == 0


@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 1000), wanted=st.floats(0, 900), n_strata=st.integers(1, 8), n=st.just(600)
)
def test_probabilities_keep_to_budget_limit_and_floor(
    seed: int, wanted: float, n_strata: int, n: int
) -> None:
    draw = np.random.default_rng(seed)
    stratum = draw.integers(0, n_strata, n)
    pi = measure_probabilities(draw.random((n, 3)), stratum, wanted=wanted)
    assert pi.min() >= 0
    assert pi.max() <= MEASURE_LIMIT
    assert pi.sum() == pytest.approx(min(wanted, MEASURE_LIMIT * n))
    floored = measure_probabilities(draw.random((n, 3)), stratum, wanted=wanted, floor=0.02)
    assert floored.min() >= 0.02


def test_each_stratum_is_to_have_as_many_codings_unless_it_is_too_small() -> None:
    stratum = np.repeat([0, 1, 2], [20, 500, 2000])
    pi = measure_probabilities(None, stratum, wanted=115)
    per_stratum = np.bincount(stratum, weights=pi)
    np.testing.assert_allclose(per_stratum, [15, 50, 50])


def test_doubtful_posts_are_likelier_and_none_weighs_over_four_times_an_even_one() -> None:
    scores = np.r_[np.full(900, 0.01), np.full(100, 0.5)]
    pi = measure_probabilities(scores, np.zeros(1000), wanted=50)
    assert pi[-1] > 2.5 * pi[0]
    assert pi.min() >= 0.25 * 50 / 1000
    certain = measure_probabilities(np.zeros(1000), np.zeros(1000), wanted=50)
    np.testing.assert_allclose(certain, 0.05)


def test_the_greatest_rate_that_any_frame_wants_counts_and_how_many_want_it_does_not() -> None:
    sure, doubtful = 0.01, 0.5
    scores = np.array([[sure, sure], [doubtful, sure], [doubtful, doubtful]] * 100)
    pi = measure_probabilities(scores, np.zeros(300), wanted=30)
    assert pi[1] == pytest.approx(pi[2])
    wanted = np.sqrt([(0.01 + 0.01) * (0.99 + 0.01), (0.5 + 0.01) * (0.5 + 0.01)])
    rest = 0.75 * wanted / (wanted @ [1 / 3, 2 / 3])
    np.testing.assert_allclose(pi[:2] / 0.1, 0.25 + rest)


def test_the_pools_never_meet() -> None:
    ids = np.arange(4000)
    scores = np.random.default_rng(0).random((4000, 2))
    for seed in range(20):
        pi = measure_probabilities(scores, ids % 4, wanted=4000)
        measured = set(draw_measure(ids, pi, seed=seed).tolist())
        trained = set(draw_train(ids, scores, wanted=4000, seed=seed).tolist())
        assert not measured & trained
        assert len(trained) == pytest.approx(1000, abs=120)


def test_training_takes_random_and_doubtful_posts_and_none_twice() -> None:
    ids = np.arange(2000)
    scores = np.random.default_rng(1).random(2000) * 0.2
    scores[::10] = 0.5
    first = draw_train(ids, scores, wanted=40, seed=9)
    assert len(set(first.tolist())) == 40
    assert (scores[first[20:]] == 0.5).all()
    assert (scores[first[:20]] == 0.5).mean() < 0.5
    second = draw_train(ids, scores, wanted=40, already_drawn=ids[first].tolist(), seed=9)
    assert not set(first.tolist()) & set(second.tolist())
    unscored = draw_train(ids, None, wanted=40, seed=9)
    assert len(unscored) == 40


def test_a_draw_does_not_depend_on_the_order_of_posts() -> None:
    ids = np.random.default_rng(2).permutation(3000)
    pi = np.where(ids % 2, 0.1, 0.3)
    ordered = np.sort(ids)
    expected = set(ordered[draw_measure(ordered, np.where(ordered % 2, 0.1, 0.3), seed=4)].tolist())
    assert set(ids[draw_measure(ids, pi, seed=4)].tolist()) == expected
    train = set(ids[draw_train(ids, None, wanted=50, seed=4)].tolist())
    assert train == set(ordered[draw_train(ordered, None, wanted=50, seed=4)].tolist())


def test_no_posts_give_no_draws() -> None:
    assert len(measure_probabilities(None, [], wanted=10)) == 0
    assert len(draw_measure([], [], seed=1)) == 0
    assert len(draw_train([], None, wanted=10, seed=1)) == 0


def test_what_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="rows of probabilities"):
        measure_probabilities([0.2, 1.2], [0, 0], wanted=1)
    with pytest.raises(ValueError, match="wanted must be at least 0"):
        measure_probabilities(None, [0, 0], wanted=-1)
    with pytest.raises(ValueError, match="the pool's limit"):
        draw_measure([1, 2], [0.5, 0.9], seed=1)


def test_two_coordinated_waves_measure_what_they_should() -> None:
    draw = np.random.default_rng(3)
    ids = np.arange(1500)
    scores = draw.beta(1, 4, 1500)
    coded = (draw.random(1500) < scores).astype(float)
    period = np.repeat([0, 1, 2], 500)
    truth = coded.reshape(3, 500).mean(axis=1)
    covered = []
    for seed in range(60):
        first = measure_probabilities(None, period, wanted=60)
        wave_1 = draw_measure(ids, first, seed=seed)
        second = measure_probabilities(scores, period, wanted=120)
        wave_2 = draw_measure(ids, second, already_drawn=ids[wave_1].tolist(), seed=seed)
        index = np.concatenate([wave_1, wave_2])
        table = estimate_prevalence(
            scores,
            period,
            coded_index=index,
            coded_values=coded[index],
            inclusion_probability=over_waves(first, second)[index],
        )
        covered.append((table.lower <= truth) & (truth <= table.upper))
    assert np.mean(covered) >= 0.93
