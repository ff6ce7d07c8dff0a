"""How much of a study's prevalence is shown, borrowed and withheld, by how many posts are coded.

    python -m tests.benchmarks.prevalence_shown

The communities of the simulation over 24 months, coded by simulated coders in waves of 300. A cell
is a frame in a community and month. `own` has a figure of its own, `of parent` that of its source
or of all communities, `withheld` none.
"""

import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from flows.coding.simulated import code_simulated
from flows.frame_stage import run_frames
from flows.night import Night
from flows.prevalence_stage import run_prevalence
from flows.truth import compare_with_truth
from tests.gates.simulated_study import SimulatedStudy, simulated_study
from warehouse.gateway import Warehouse

NIGHTS = 730
SCALE = 0.1
WAVE = 300
SHOWN_AFTER = (1, 2, 4)
_CELLS = """
SELECT count(*) FILTER (borrowed < 1 AND estimate IS NOT NULL) AS own,
    count(*) FILTER (borrowed >= 1 AND estimate IS NOT NULL) AS of_parent,
    count(*) FILTER (estimate IS NULL) AS withheld, min(n_posts) AS least, sum(n_posts) AS posts,
    count(DISTINCT (source, community)) AS communities, count(DISTINCT period) AS months,
    count(DISTINCT frame) AS frames,
    avg(upper - lower) FILTER (borrowed < 1) AS width
FROM frame_prevalence WHERE run_id = (SELECT max(run_id) FROM frame_prevalence)
"""


def monthly(study: SimulatedStudy) -> Night:
    """Return the night with months as periods and waves of a fixed size."""
    settings = study.night.settings
    return replace(
        study.night,
        settings=replace(
            settings,
            study=settings.study.model_copy(update={"bin": "month"}),
            analysis=settings.analysis.model_copy(update={"measure_codings": WAVE}),
        ),
    )


def told(study: SimulatedStudy) -> Iterator[str]:
    """Code wave after wave, and yield a row of the table after some of them."""
    night = monthly(study)
    for wave in range(1, max(SHOWN_AFTER) + 1):
        code_simulated(study.warehouse, night)
        if wave not in SHOWN_AFTER:
            continue
        run_frames(study.warehouse, night)
        run_prevalence(study.warehouse, night)
        if wave == SHOWN_AFTER[0]:
            yield from _head(study.warehouse)
        yield _row(study.warehouse, night)


def _head(warehouse: Warehouse) -> Iterator[str]:
    (found,) = warehouse.query(_CELLS).to_pylist()
    yield (
        f"{found['frames']} frames, {found['communities']} communities, {found['months']} months;"
        f" {found['posts'] // found['frames']:,} posts"
    )
    yield ""
    yield "| posts coded to measure | own | of parent | withheld | width of own | own that hold |"
    yield "|---|---|---|---|---|---|"


def _row(warehouse: Warehouse, night: Night) -> str:
    (found,) = warehouse.query(_CELLS).to_pylist()
    (coded,) = warehouse.query(
        "SELECT count(*) AS n FROM draws WHERE pool = 'measure' AND state = 'coded'"
    ).to_pylist()
    held = [cell.covered for cell in compare_with_truth(warehouse, night)]
    own = [each for each in held if each is not None]
    n = found["own"] + found["of_parent"] + found["withheld"]
    parts = (found["own"] / n, found["of_parent"] / n, found["withheld"] / n)
    shown = " | ".join(f"{part:.1%}" for part in parts)
    return f"| {coded['n']:,} | {shown} | {found['width']:.3f} | {np.mean(own):.3f} |"


def main() -> None:
    """Print the table."""
    with (
        tempfile.TemporaryDirectory() as scratch,
        simulated_study(Path(scratch), seed=24, nights=NIGHTS, scale=SCALE) as study,
    ):
        for line in told(study):
            sys.stdout.write(line + "\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main()
