"""Changes beside every way to cut a short series, written out one by one."""

from itertools import product

import numpy as np
import pytest
from scipy.special import expit, logsumexp
from scipy.stats import multivariate_normal

from analysis.series import segments
from analysis.series.levels import Measured
from analysis.series.segments import (
    CHANCE,
    PRIOR_RATE,
    RANGE,
    SPEEDS,
    TOLD_FROM,
    change_probabilities,
    course,
    false_discovery_rates,
)

NAN = float("nan")
DRAW = np.random.default_rng(8)
Y = np.array([-1.1, -0.9, -1.3, NAN, -1.0, -0.1, 0.1, NAN, NAN, -0.3])
NOISE = np.where(np.isnan(Y), NAN, 0.04 + 0.02 * DRAW.random(len(Y)))


def every_cut(breaks: set[int]) -> list[tuple[np.ndarray, float]]:
    """Return every set of changes with its probability; `breaks` are places among measurements."""
    seen = np.flatnonzero(~np.isnan(Y))
    y, noise = Y[seen], NOISE[seen]
    steps = np.diff(seen)
    centre = np.average(y, weights=1 / (noise + RANGE**2))
    cuts, told = [], []
    for choice in product([False, True], repeat=len(seen) - 1):
        changed = np.array([False, *choice])
        if not all(changed[place] for place in breaks):
            continue
        prior = 0.0
        for place, step in enumerate(steps, start=1):
            chance = 1 - (1 - CHANCE) ** step
            if place not in breaks:
                prior += np.log(chance if changed[place] else 1 - chance)
        cuts.append(changed)
        told.append(
            [prior + likelihood(y, noise, seen, changed, centre, speed) for speed in SPEEDS]
        )
    weighed = np.array(told) - PRIOR_RATE * SPEEDS + np.log(SPEEDS)
    weights = np.exp(logsumexp(weighed, axis=1) - logsumexp(weighed))
    return list(zip(cuts, weights.tolist(), strict=True))


def likelihood(
    y: np.ndarray,
    noise: np.ndarray,
    when: np.ndarray,
    changed: np.ndarray,
    centre: float,
    speed: float,
) -> float:
    total = 0.0
    stretch = np.cumsum(changed)
    for number in np.unique(stretch):
        inside = stretch == number
        since = when[inside] - when[inside][0]
        covariance = RANGE**2 + speed**2 * np.minimum.outer(since, since)
        covariance = covariance + np.diag(noise[inside])
        total += multivariate_normal.logpdf(
            y[inside], mean=np.full(inside.sum(), centre), cov=covariance
        )
    return total


@pytest.mark.parametrize(("broken", "places"), [((), set()), ((2,), {2}), ((3, 8), {3, 6})])
def test_probabilities_are_those_of_every_way_to_cut(
    broken: tuple[int, ...], places: set[int]
) -> None:
    found = change_probabilities(Measured(Y, NOISE), breaks=broken)
    cuts = every_cut(places)
    seen = np.flatnonzero(~np.isnan(Y))
    expected = sum(weight * changed for changed, weight in cuts)
    np.testing.assert_allclose(found.probability[seen], expected, atol=1e-9)
    for place in range(1, len(seen)):
        beside = [p for p in (place - 1, place, place + 1) if 1 <= p < len(seen)]
        if places & set(beside):
            continue
        nearby = sum(weight for changed, weight in cuts if changed[beside].any())
        assert found.nearby[seen[place]] == pytest.approx(nearby, abs=1e-9)


def test_what_was_not_measured_has_no_probability() -> None:
    found = change_probabilities(Measured(Y, NOISE))
    assert np.isnan(found.probability).tolist() == np.isnan(Y).tolist()
    few = np.where(np.arange(10) < 5, -1.0, NAN)
    assert np.isnan(change_probabilities(Measured(few, few * 0 + 0.1)).probability).all()
    assert course(Measured(few, few * 0 + 0.1)).told == ()


def shifted(by: float) -> Measured:
    y = -1.5 + by * (np.arange(36) >= 20) + np.random.default_rng(2).normal(0, 0.15, 36)
    return Measured(y, np.full(36, 0.15**2))


def test_a_planted_shift_is_told_with_its_size_and_nothing_else_is() -> None:
    (told,) = course(shifted(1.0)).told
    assert told.period in (19, 20, 21)
    assert told.probability >= TOLD_FROM
    assert told.lower < expit(-0.5) - expit(-1.5) < told.upper
    assert told.lower > 0
    assert course(shifted(0.0)).told == ()


def test_a_shift_at_a_break_is_no_change_of_talk() -> None:
    found = course(shifted(1.0), breaks=[20])
    assert found.told == ()
    assert found.probabilities.probability[20] == 1
    level = found.levels.level
    np.testing.assert_allclose([level[19], level[20]], expit([-1.5, -0.5]), atol=0.03)


def test_a_break_beside_a_shift_takes_no_other_shift_away() -> None:
    y = shifted(1.0).logit + 1.2 * (np.arange(36) >= 10)
    found = course(Measured(y, np.full(36, 0.15**2)), breaks=[10])
    assert [abs(point.period - 20) <= 1 for point in found.told] == [True]


def test_neighbours_of_a_change_are_not_told_again() -> None:
    y = np.r_[np.full(10, -1.5), np.full(10, 0.0), np.full(10, -1.5)]
    told = course(Measured(y, np.full(30, 0.02))).told
    assert [point.period for point in told] == [10, 20]
    assert told[0].difference == pytest.approx(-told[1].difference, abs=1e-6)


def test_false_discoveries_are_the_mean_doubt_of_all_as_probable() -> None:
    rates = false_discovery_rates([0.9, 1.0, 0.8])
    assert rates == pytest.approx([0.05, 0.0, 0.1])
    assert len(false_discovery_rates([])) == 0


def test_windows_do_not_reach_over_breaks() -> None:
    broken = np.array([False, False, False, True, False, False])
    assert [segments._around(t, broken) for t in range(6)] == [
        (1, 0),
        (1, 2),
        (1, 2),
        (1, 0),
        (4, 5),
        (4, 5),
    ]
