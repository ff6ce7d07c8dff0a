"""What was planted in a simulated world shows in what is measured there: a birth, a death, a shift.

One world of sixty nights, from posts to figures, with the demo's topics but more codings, so that a
shift of this size shows whichever posts are drawn.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from statistics import NormalDist, fmean
from typing import NamedTuple

import pytest

from flows.coding.simulated import code_simulated
from flows.frame_stage import run_frames
from flows.night import Night
from flows.prevalence_stage import run_prevalence
from flows.topics.stage import run_topics
from flows.truth import Cell, compare_with_truth, modelled_topic
from harvesters.simulation.truth import BIRTH_NIGHTS, DEATH_NIGHTS, PlantedEvent
from tests.gates.simulated_study import SimulatedStudy, simulated_study

pytestmark = pytest.mark.slow

SEED = 111
NIGHTS = 60
SCALE = 0.65
WEEK = timedelta(days=7)
ABSENT = 0.02
"""Most of the posts, on average, that a topic may lead where nothing of it was planted."""
FOUND = (0.6, 1.3)
"""Bounds of the measured share where a topic is at its full share, in parts of the planted one."""
CODINGS = 2400
QUANTILE = NormalDist().inv_cdf(0.975)
NEAR_CERTAIN = NormalDist().inv_cdf(0.9995)
"""For what holds but for chance: one world must not fail by the luck of a draw."""


def _with_codings(night: Night) -> Night:
    analysis = night.settings.analysis.model_copy(update={"measure_codings": CODINGS})
    return replace(night, settings=replace(night.settings, analysis=analysis))


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedStudy]:
    folder = tmp_path_factory.mktemp("planted")
    with simulated_study(folder, seed=SEED, nights=NIGHTS, scale=SCALE) as landed:
        made = replace(landed, night=_with_codings(landed.night))
        code_simulated(made.warehouse, made.night)
        run_topics(made.warehouse, made.night)
        run_frames(made.warehouse, made.night)
        run_prevalence(made.warehouse, made.night)
        yield made


def test_a_topic_is_absent_before_its_birth_and_there_after_it(
    study: SimulatedStudy, tell: Callable[[str], None]
) -> None:
    (birth,) = study.world.truth.births
    before = _topic(study, birth, until=birth.day)
    after = _topic(study, birth, since=birth.day + timedelta(days=BIRTH_NIGHTS))
    _check(tell, birth, absent=before, present=after)


def test_a_topic_is_absent_after_its_death_and_there_before_it_fades(
    study: SimulatedStudy, tell: Callable[[str], None]
) -> None:
    (death,) = study.world.truth.deaths
    before = _topic(study, death, until=death.day - timedelta(days=DEATH_NIGHTS))
    after = _topic(study, death, since=death.day)
    _check(tell, death, absent=after, present=before)


@pytest.mark.parametrize("kind", ["shift", "rise"])
def test_a_frame_rises_by_what_was_planted_and_a_shift_beyond_its_interval(
    study: SimulatedStudy, tell: Callable[[str], None], kind: str
) -> None:
    (event,) = (entry for entry in study.world.truth.events if entry.kind == kind)
    touched = [
        cell
        for cell in compare_with_truth(study.warehouse, study.night)
        if cell.frame == event.name and cell.community in event.communities
    ]
    # A shift comes in one night; a rise takes most of the time, so its thirds are compared.
    third = timedelta(days=NIGHTS // 3)
    is_shift = kind == "shift"
    before_until = event.day if is_shift else study.world.start + third
    after_since = event.day if is_shift else study.world.end - third
    before = [cell for cell in touched if cell.period + WEEK <= before_until]
    after = [cell for cell in touched if cell.period >= after_since]
    rise, error = _mean(after) - _mean(before), _rise_error(before, after)
    codable = fmean(c.codable for c in after) - fmean(c.codable for c in before)
    tell(f"{event.label}: {rise:+.3f}, standard error {error:.3f}, truth {codable:+.3f}")
    assert abs(rise - codable) <= NEAR_CERTAIN * error
    if is_shift:
        assert rise - QUANTILE * error > 0


class _Weeks(NamedTuple):
    """Means over weeks and communities; `planted` is the share that was planted."""

    share: float
    lower: float
    planted: float


def _topic(
    study: SimulatedStudy,
    event: PlantedEvent,
    *,
    since: date = date.min,
    until: date = date.max,
) -> _Weeks:
    """Return the means of the model's matching topic over whole weeks in the touched places."""
    topic = modelled_topic(study.warehouse, study.night, event.name)
    rows = study.warehouse.query(
        """
        SELECT community, period, share, lower FROM topic_trends
        WHERE topic_id = ? AND list_contains(?, community) AND period >= ? AND period + 7 <= ?
        """,
        [topic, list(event.communities), since, until],
    ).to_pylist()
    truth = study.world.truth
    planted = [
        truth.planted_topic_share(row["community"], event.name, row["period"], row["period"] + WEEK)
        for row in rows
    ]
    return _Weeks(
        share=fmean(row["share"] for row in rows),
        lower=fmean(row["lower"] for row in rows),
        planted=fmean(planted),
    )


def _check(
    tell: Callable[[str], None], event: PlantedEvent, *, absent: _Weeks, present: _Weeks
) -> None:
    tell(
        f"{event.name} ({event.kind}): {absent.share:.3f} where {absent.planted:.3f} was planted, "
        f"{present.share:.3f} where {present.planted:.3f} was",
    )
    assert absent.planted == 0
    assert absent.share <= ABSENT
    assert FOUND[0] * present.planted <= present.share <= FOUND[1] * present.planted
    assert present.lower > absent.share


def _mean(cells: Sequence[Cell]) -> float:
    return fmean(cell.estimate for cell in cells if cell.estimate is not None)


def _rise_error(before: Sequence[Cell], after: Sequence[Cell]) -> float:
    """Return the standard error of a difference of two means of cells drawn independently."""
    return float(sum(_variance(cells) for cells in (before, after)) ** 0.5)


def _variance(cells: Sequence[Cell]) -> float:
    widths = [
        cell.upper - cell.lower
        for cell in cells
        if cell.upper is not None and cell.lower is not None
    ]
    return sum((width / (2 * QUANTILE)) ** 2 for width in widths) / len(widths) ** 2
