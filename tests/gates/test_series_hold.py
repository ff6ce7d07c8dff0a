"""Bands of levels hold, and changes are told where there are some: on invented series.

The chance before looking, the speeds and the probability from which a change is told were chosen on
series of other seeds and sizes.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import pytest
from scipy.special import expit

from analysis.intervals import share_interval
from analysis.prevalence import estimate_prevalence
from analysis.series.levels import (
    Measured,
    effective_shares,
    from_elsewhere,
    on_logit_scale,
    smooth,
)
from analysis.series.segments import course

pytestmark = pytest.mark.slow
N = 300
NOMINAL = 0.05


@dataclass(frozen=True)
class World:
    """Series whose level walks at a speed and jumps once, measured with an error, in logits."""

    periods: int
    error: float
    speed: float = 0.0
    jump: float = 0.0
    pooled: int = 1

    def series(self, seed: int) -> Iterator[tuple[np.ndarray, Measured]]:
        draw = np.random.default_rng(seed)
        for _ in range(N):
            steps = draw.normal(0, self.speed, self.periods)
            steps[0], steps[self.periods // 2] = -1.5, steps[self.periods // 2] + self.jump
            level = np.cumsum(steps)
            padded = np.r_[level[:1].repeat(self.pooled - 1), level]
            own = padded + draw.normal(0, self.error, len(padded))
            y = np.convolve(own, np.full(self.pooled, 1 / self.pooled), "valid")
            variance = self.error**2 / self.pooled
            # of a pooled measurement all but one part is borrowed
            yield level, Measured(y, np.full(self.periods, variance * self.pooled))


def told_in(world: World, seed: int) -> tuple[float, float]:
    """Return the share of series with a change told at the jump, and with one told elsewhere."""
    at = world.periods // 2
    found, false = 0, 0
    for _, series in world.series(seed):
        places = [point.period for point in course(series).told]
        right = [world.jump and abs(place - at) <= 1 for place in places]
        found += any(right)
        false += not all(right)
    return found / N, false / N


@pytest.mark.parametrize(
    "world",
    [
        World(periods=36, error=0.2),
        World(periods=72, error=0.35),
        World(periods=36, error=0.3, pooled=3),
        World(periods=48, error=0.25, speed=0.05),
    ],
    ids=str,
)
def test_where_nothing_changed_a_change_is_seldom_told(
    world: World, tell: Callable[[str], None]
) -> None:
    _, false = told_in(world, 41)
    tell(f"{world}: a change told in {false:.3f} of series")
    assert false <= NOMINAL


def test_a_restless_level_is_at_times_taken_for_one_that_jumps(tell: Callable[[str], None]) -> None:
    world = World(periods=60, error=0.3, speed=0.12)
    _, false = told_in(world, 45)
    tell(f"{world}: a change told in {false:.3f} of series")
    assert false <= 0.15


@pytest.mark.parametrize(
    ("world", "least"),
    [
        (World(periods=36, error=0.2, jump=1.0), 0.95),
        (World(periods=72, error=0.2, jump=0.5), 0.60),
        (World(periods=36, error=0.35, jump=1.0), 0.80),
        (World(periods=48, error=0.2, speed=0.03, jump=1.0), 0.90),
    ],
    ids=str,
)
def test_a_shift_is_found_where_it_is(
    world: World, least: float, tell: Callable[[str], None]
) -> None:
    found, false = told_in(world, 42)
    tell(f"{world}: the shift told in {found:.3f} of series, another in {false:.3f}")
    assert found >= least
    assert false <= NOMINAL


@pytest.mark.parametrize(
    "world",
    [
        World(periods=48, error=0.2, speed=0.05),
        World(periods=48, error=0.4, speed=0.15),
        World(periods=18, error=0.2, speed=0.1),
        World(periods=36, error=0.3, speed=0.05, pooled=3),
        World(periods=36, error=0.2),
    ],
    ids=str,
)
def test_the_band_holds_the_truth_of_a_walk(world: World, tell: Callable[[str], None]) -> None:
    held = []
    for level, series in world.series(43):
        found = smooth(series)
        truth = expit(level)
        held.append(((found.lower <= truth) & (truth <= found.upper)).mean())
    coverage, error = np.mean(held), np.std(held) / np.sqrt(N)
    tell(f"{world}: coverage {coverage:.3f} ± {error:.3f}")
    assert coverage >= 1 - NOMINAL - 3 * error - 0.01


@pytest.mark.parametrize(("rare", "n"), [(-3.5, 120), (-2.0, 25), (-4.5, 400)])
def test_the_band_holds_for_shares_of_rare_frames(
    rare: float, n: int, tell: Callable[[str], None]
) -> None:
    draw = np.random.default_rng(44)
    held, false = [], 0
    for _ in range(N):
        truth = expit(rare + np.cumsum(draw.normal(0, 0.05, 36)))
        seen = draw.binomial(n, truth)
        bounds = share_interval(seen / n, n, df=np.inf)
        series = on_logit_scale(effective_shares(seen / n, bounds.lower, bounds.upper))
        found = course(series)
        levels = found.levels
        held.append(((levels.lower <= truth) & (truth <= levels.upper)).mean())
        false += bool(found.told)
    tell(f"shares of {expit(rare):.3f} of {n}: coverage {np.mean(held):.3f}, told {false / N:.3f}")
    assert np.mean(held) >= 0.93
    assert false / N <= NOMINAL


def estimated(draw: np.random.Generator, truth: np.ndarray) -> tuple[Measured, Measured]:
    """Return estimates from 25 codings of 300 posts a period, and those as if they were apart."""
    n_posts = 300
    when = np.repeat(np.arange(len(truth)), n_posts)
    said = (draw.random(len(when)) < truth[when]).astype(float)
    scores = expit(draw.normal(0, 1.2, len(when)) + 2.2 * said - 1.8)
    chance = np.full(len(when), 25 / n_posts)
    coded = np.flatnonzero(draw.random(len(when)) < chance)
    table = estimate_prevalence(
        scores[:, None],
        when,
        coded_index=coded,
        coded_values=said[coded][:, None],
        inclusion_probability=chance[coded],
    )
    elsewhere = from_elsewhere(table.n_coded, table.effective_n, table.borrowed)
    return tuple(
        on_logit_scale(effective_shares(table.estimate, table.lower, table.upper, borrowed=part))
        for part in (elsewhere, table.borrowed)
    )


@pytest.mark.parametrize("speed", [0.0, 0.05, 0.1])
def test_the_band_holds_over_estimates_that_lean_on_the_same_codings(
    speed: float, tell: Callable[[str], None]
) -> None:
    draw = np.random.default_rng(46)
    held: dict[str, list[float]] = {"own": [], "apart": []}
    false = 0
    for _ in range(60):
        truth = expit(-1.4 + np.cumsum(draw.normal(0, speed, 24)))
        for name, series in zip(held, estimated(draw, truth), strict=True):
            levels = smooth(series)
            held[name].append(((levels.lower <= truth) & (truth <= levels.upper)).mean())
            false += name == "own" and bool(course(series).told)
    own, apart = np.mean(held["own"]), np.mean(held["apart"])
    tell(
        f"prevalence over 24 months, walk {speed}: coverage {own:.3f} ({apart:.3f} as if estimates"
        f" were apart), a change told in {false / 60:.3f}"
    )
    assert own >= 0.92
    assert apart < own
    assert false / 60 <= NOMINAL
