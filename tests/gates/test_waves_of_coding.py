"""Figures hold while a wave waits, is half coded, and is coded, in a simulated study."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from analysis.codebook import load_codebook
from flows.coding.drawing import next_measure_wave, store_waves, survey
from flows.coding.simulated import code_simulated, code_waiting
from flows.frame_stage import run_frames
from flows.prevalence_stage import run_prevalence
from flows.truth import Cell, compare_with_truth
from tests.gates.simulated_study import SimulatedStudy, simulated_study

FIRST, SECOND = 500, 400
LEAST_COVERED = 0.93
"""Cells of one world share authors, so 162 of them are worth fewer."""


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_wave_changes_no_figure_before_it_is_coded_and_sharpens_them_then(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    with simulated_study(tmp_path, seed=3, nights=21, scale=0.8) as made:
        sizes = made.night.settings.analysis.model_copy(update={"measure_codings": FIRST})
        settings = replace(made.night.settings, analysis=sizes)
        study = replace(made, night=replace(made.night, settings=settings))
        code_simulated(study.warehouse, study.night)
        run_frames(study.warehouse, study.night)
        first = _measured(study, "wave 1 coded", tell)
        wave = next_measure_wave(survey(study.warehouse, study.night, load_codebook()), n=SECOND)
        assert len(wave.rows) == pytest.approx(SECOND, abs=3 * SECOND**0.5)
        store_waves(study.warehouse, [wave], day=study.night.clock.now().date())
        assert _measured(study, "wave 2 waits", tell) == first
        _hold_half(study)
        half = _measured(study, "wave 2 half coded", tell)
        code_waiting(study.warehouse, study.night)
        whole = _measured(study, "wave 2 coded", tell)
    errors = [np.sqrt(np.mean(_errors(cells) ** 2)) for cells in (first, half, whole)]
    assert errors[0] > errors[1] > errors[2]
    for cells in (first, half, whole):
        assert np.mean([cell.covered for cell in cells]) >= LEAST_COVERED
        assert abs(_errors(cells).mean()) < 0.01


def _hold_half(study: SimulatedStudy) -> None:
    """Let every other waiting post be coded, whatever it says."""
    sql = study.warehouse.connection.execute
    sql("UPDATE draws SET state = 'held' WHERE state = 'drawn' AND hash(post_id) % 2 = 0")
    code_waiting(study.warehouse, study.night)
    sql("UPDATE draws SET state = 'drawn' WHERE state = 'held'")


def _measured(study: SimulatedStudy, what: str, tell: Callable[[str], None]) -> list[Cell]:
    run_prevalence(study.warehouse, study.night)
    cells = compare_with_truth(study.warehouse, study.night)
    shown = [cell for cell in cells if cell.estimate is not None]
    errors = _errors(shown)
    tell(
        f"{what}: {len(shown)} cells, bias {errors.mean():+.4f},"
        f" error {np.sqrt(np.mean(errors**2)):.4f},"
        f" covered {np.mean([cell.covered for cell in shown]):.3f}"
    )
    return shown


def _errors(cells: list[Cell]) -> np.ndarray:
    return np.array([(cell.estimate or 0.0) - cell.codable for cell in cells])
