"""Do the intervals of prevalence hold? Ten simulated worlds, from posts to figures, say how often.

What each interval must hold is what the same simulated coders would have said of every post of the
cell. Codings a cell are as few as one wave of the demo draws. As a control that this can fail, the
mean of the classifier's scores gets an interval too, Wilson's: its bias stays however many posts it
counts, so over all weeks together it holds far less often still.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.codebook import load_codebook
from analysis.intervals import share_interval
from flows.coding.simulated import code_simulated
from flows.corpus_arrays import read_corpus
from flows.frame_stage import run_frames
from flows.night import Night
from flows.prevalence_stage import read_scores, run_prevalence
from flows.truth import Cell, compare_with_truth
from tests.gates.simulated_study import SimulatedStudy, simulated_study

SEEDS = tuple(range(101, 111))
NIGHTS = 42
SCALE = 0.4
CODINGS_A_CELL = 17
"""Expected codings of each community and week: a wave of the demo is 900 over 54 of them."""

LEAST_POSTS = 80
LEAST_COVERED = 0.90
MOST_REFUSED = 0.10
MOST_COVERED_BY_SCORES = LEAST_COVERED - 0.15
"""Share of communities and frames whose truth over all weeks the mean score may hold."""


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured in some worlds.

    `scores_hold` says for each cell that is not refused whether the mean score's interval holds the
    truth, `scores_hold_always` for each community and frame whether it does over all weeks.
    """

    cells: list[Cell]
    scores_hold: list[bool]
    scores_hold_always: list[bool]

    @property
    def shown(self) -> list[Cell]:
        return [cell for cell in self.cells if cell.covered is not None]

    @property
    def covered(self) -> float:
        return float(np.mean([cell.covered for cell in self.shown]))

    @property
    def refused(self) -> float:
        return 1 - len(self.shown) / len(self.cells)

    @property
    def fewest_posts(self) -> int:
        return min(cell.n_posts for cell in self.cells)

    def __str__(self) -> str:
        widths = [(cell.upper or 0.0) - (cell.lower or 0.0) for cell in self.shown]
        return (
            f"{self.covered:.3f} of {len(self.shown)} cells covered, "
            f"mean width {np.mean(widths):.3f}, {self.refused:.3f} refused, "
            f"{self.fewest_posts} posts or more a cell; mean scores cover "
            f"{np.mean(self.scores_hold):.3f}, and {np.mean(self.scores_hold_always):.3f} of "
            "communities over all weeks"
        )


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_intervals_hold_what_coders_would_have_said_of_every_post(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    worlds = []
    for seed in SEEDS:
        with simulated_study(tmp_path / str(seed), seed=seed, nights=NIGHTS, scale=SCALE) as study:
            worlds.append(_measure(study))
        tell(f"seed {seed}: {worlds[-1]}")
    every = Measured(
        [cell for world in worlds for cell in world.cells],
        [held for world in worlds for held in world.scores_hold],
        [held for world in worlds for held in world.scores_hold_always],
    )
    tell(f"all seeds: {every}")
    assert every.fewest_posts >= LEAST_POSTS
    assert every.refused <= MOST_REFUSED
    assert every.covered >= LEAST_COVERED
    assert np.mean(every.scores_hold) < LEAST_COVERED
    assert np.mean(every.scores_hold_always) <= MOST_COVERED_BY_SCORES


def _measure(study: SimulatedStudy) -> Measured:
    warehouse, night = study.warehouse, _with_codings(study)
    code_simulated(warehouse, night)
    run_frames(warehouse, night)
    run_prevalence(warehouse, night)
    cells = compare_with_truth(warehouse, night)
    means = _mean_scores(study, cells)
    n_posts = np.array([cell.n_posts for cell in cells])
    codable = np.array([cell.codable for cell in cells])
    shown = np.array([cell.covered is not None for cell in cells])
    curves = np.array([f"{cell.frame}/{cell.source}/{cell.community}" for cell in cells])
    _, curve = np.unique(curves, return_inverse=True)
    total = np.bincount(curve, n_posts)
    return Measured(
        cells,
        _held(means, n_posts, codable)[shown].tolist(),
        _held(
            np.bincount(curve, means * n_posts) / total,
            total,
            np.bincount(curve, codable * n_posts) / total,
        ).tolist(),
    )


def _with_codings(study: SimulatedStudy) -> Night:
    """Return the night with as many codings a cell as one wave of the demo has."""
    settings = study.night.settings
    wanted = CODINGS_A_CELL * len(study.world.communities) * NIGHTS // 7
    analysis = settings.analysis.model_copy(update={"measure_codings": wanted})
    return replace(study.night, settings=replace(settings, analysis=analysis))


def _mean_scores(study: SimulatedStudy, cells: list[Cell]) -> NDArray[Any]:
    """Return the mean of the scores of all posts of each cell."""
    corpus = read_corpus(study.warehouse, study.night)
    codebook = load_codebook()
    scores, _ = read_scores(study.warehouse, corpus, codebook)
    periods = {day: number for number, day in corpus.periods.items()}
    return np.array(
        [
            scores[
                (corpus.group == corpus.groups.index((cell.source, cell.community)))
                & (corpus.period == periods[cell.period]),
                codebook.keys.index(cell.frame),
            ].mean()
            for cell in cells
        ]
    )


def _held(share: NDArray[Any], n_posts: NDArray[Any], truth: NDArray[Any]) -> NDArray[Any]:
    """Tell where Wilson's interval of a share holds the truth."""
    lower, upper = share_interval(share, n_posts, df=np.inf)
    return np.asarray((lower <= truth) & (truth <= upper))
