"""Prevalence: how often intervals hold over a grid of worlds, how wide they are, beside peers.

    python -m tests.benchmarks.bench_prevalence [--quick] [--replications 2000] [--seed 20261]
        [--only DRIFT] [--rows]

The grid crosses how a frame drifts, whether authors lean, how many posts a month are coded and how
good the classifier is: 2,000 replications of twelve months a cell, 200 with `--quick`. Every
replication is a frame of one call of `estimate_prevalence`. What has to be covered is the share
among the posts that were drawn. A cell's Monte Carlo error is that of the mean over replications,
each of which is the mean over its months. `--rows` prints every cell of the grid.

The prior of the estimator was chosen with other seeds, on fewer replications. `gold only, pooled`
is the narrowest window of codings alone that holds in its cell, and `codings alone` our own
estimator with scores that say nothing: the same pooling over time, so the same window.
"""

import argparse
import itertools
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from time import process_time

import numpy as np
import pytest
from numpy.typing import NDArray

from analysis.prevalence import estimate_prevalence
from tests.benchmarks.prevalence_peers import (
    Answers,
    counts,
    gold_only,
    ppi,
    ppi_beside_package,
)
from tests.benchmarks.prevalence_worlds import AT_ONCE, Drawn, World, replications

Floats = NDArray[np.float64]

SEED = 20261
REPLICATIONS = 2_000
QUICK = 200
OF_PEERS = 400
"""Replications of a cell in which peers are asked, too."""
DRIFTS = ("steady", "label shift", "score drift", "event")
CODINGS = (10, 25, 50)
ACCURACIES = (0.75, 0.85, 0.95)
WINDOWS = (3, 5, 7, 9)
OURS, ALONE = "valuetalk", "codings alone"
NORMAL_99 = 2.5758


@dataclass(frozen=True, slots=True)
class Measured:
    """What one method did in one world.

    `covered` and `missing` are means over months a replication; `by_month` is the coverage of each
    month; `together` says of each replication whether its band held every month.
    """

    covered: Floats
    missing: float
    by_month: Floats
    width: float
    bias: float
    together: float

    @property
    def coverage(self) -> float:
        return float(np.nanmean(self.covered))

    @property
    def error(self) -> float:
        known = self.covered[~np.isnan(self.covered)]
        return float(known.std(ddof=1) / np.sqrt(len(known)))


def grid(only: str | None) -> Iterator[World]:
    """Return the worlds of the grid, then some that are drawn unevenly and one of three years."""
    crossed = itertools.product(DRIFTS, (False, True), CODINGS, ACCURACIES)
    worlds = [World(*world) for world in crossed]
    worlds += [World(drift, True, n, 0.85, uneven=True) for drift in DRIFTS for n in (10, 25)]
    worlds += [World(drift, True, 25, 0.85, months=36) for drift in DRIFTS]
    return (world for world in worlds if only in (None, world.drift))


def ours(drawn: Drawn, *, with_scores: bool = True) -> tuple[Answers, Answers]:
    """Return our estimates with their intervals, and with the bands of their curves."""
    scores = drawn.scores if with_scores else np.full(drawn.scores.shape, 0.5)
    table = estimate_prevalence(
        scores,
        drawn.month,
        coded_index=np.arange(len(drawn.month)),
        coded_values=np.where(drawn.coded, drawn.expressed, np.nan),
        inclusion_probability=drawn.probability,
        clusters=(drawn.author,),
    )
    shape = drawn.truth.shape

    def column(values: Floats) -> Floats:
        return values.reshape(shape)

    estimate = column(table.estimate)
    return (
        Answers(estimate, column(table.lower), column(table.upper)),
        Answers(estimate, column(table.band_lower), column(table.band_upper)),
    )


def measure(world: World, n: int, *, seed: int) -> dict[str, Measured]:
    """Return what each method did in n replications of a world."""
    others: dict[str, Callable[[Drawn], Answers]] = {
        "counts": counts,
        "gold only, by month": gold_only,
        "ppi-python": ppi,
    }
    kept: dict[str, list[tuple[Floats, ...]]] = {}
    for number, drawn in enumerate(replications(world, n, seed=seed)):
        answers, bands = {}, {}
        answers[OURS], bands[OURS] = ours(drawn)
        if number * AT_ONCE < OF_PEERS:
            answers |= {name: method(drawn) for name, method in others.items()}
            for window in WINDOWS:
                answers[f"gold only, {window} months"] = gold_only(drawn, window=window)
            answers[ALONE], bands[ALONE] = ours(drawn, with_scores=False)
        for name, answer in answers.items():
            judged = _judge(answer, bands.get(name, answer), drawn.truth)
            kept.setdefault(name, []).append(judged)
    return {name: _summarise(parts) for name, parts in kept.items()}


def _judge(answer: Answers, band: Answers, truth: Floats) -> tuple[Floats, ...]:
    def holds(bounds: Answers) -> Floats:
        inside = (bounds.lower <= truth + 1e-12) & (truth <= bounds.upper + 1e-12)
        return np.where(np.isnan(bounds.lower), np.nan, inside)

    out_of_band = (holds(band) == 0).any(axis=1)
    return (
        holds(answer),
        answer.upper - answer.lower,
        answer.estimate - truth,
        ~out_of_band,
    )


def _summarise(parts: Sequence[tuple[Floats, ...]]) -> Measured:
    covered, width, off, together = (np.concatenate(values) for values in zip(*parts, strict=True))
    return Measured(
        covered=_mean(covered, axis=1),
        missing=float(np.isnan(covered).mean()),
        by_month=_mean(covered, axis=0),
        width=float(np.nanmean(width)),
        bias=float(np.nanmean(off)),
        together=float(together.mean()),
    )


def _mean(values: Floats, *, axis: int) -> Floats:
    """Return means of what is known; NaN where nothing is."""
    known = ~np.isnan(values)
    total = np.where(known, values, 0.0).sum(axis=axis)
    n = known.sum(axis=axis)
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def row(world: World, found: dict[str, Measured]) -> str:
    """Return a line of the grid's long table."""
    us = found[OURS]
    where = (world.drift, "leaning" if world.clustered else "", f"{world.codings:g}")
    notes = ", uneven" * world.uneven + f", {world.months} months" * (world.months > 12)
    cells = (
        *(where[0] + notes, where[1], where[2], f"{world.accuracy:.2f}"),
        f"{us.coverage:.4f} ± {us.error:.4f}",
        f"{us.by_month.min():.3f}",
        f"{us.together:.3f}",
        f"{us.bias:+.4f}",
        f"{us.width:.3f}",
        f"{found[ALONE].width:.3f}",
        f"{us.missing:.3f}",
        *(f"{found[name].coverage:.3f}" for name in ("ppi-python", "gold only, by month")),
    )
    return "| " + " | ".join(cells) + " |"


_COLUMNS = (
    *("world", "authors", "codings a month", "accuracy", "coverage", "worst month", "band", "bias"),
    *("width", "width of codings alone", "refused", "ppi-python holds", "gold only holds"),
)


def summary(results: dict[World, dict[str, Measured]]) -> Iterator[str]:
    """Return the tables: each method over the grid, and the bars."""
    names = list(next(iter(results.values())))
    yield "| method | coverage | worst cell | worst month | width at 10 | at 25 | at 50 |"
    yield "|---" * 7 + "|"
    for name in names:
        over = [found[name] for found in results.values()]
        widths = (_width(results, name, codings) for codings in CODINGS)
        figures = (
            np.mean([cell.coverage for cell in over]),
            min(cell.coverage for cell in over),
            min(cell.by_month.min() for cell in over),
            *widths,
        )
        yield f"| {name} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |"
    yield ""
    mine = {world: found[OURS] for world, found in results.items()}
    below = [world for world, us in mine.items() if us.coverage + NORMAL_99 * us.error < 0.95]
    pooled = np.mean([us.coverage for us in mine.values()])
    error = np.sqrt(np.sum([us.error**2 for us in mine.values()])) / len(mine)
    yield f"pooled coverage {pooled:.4f} ± {error:.4f} (Monte Carlo) over {len(mine)} cells"
    yield f"cells whose 99 % Monte Carlo interval lies under .95: {len(below)}"
    yield from (f"    {world}" for world in below)
    yield f"worst period of all cells {min(us.by_month.min() for us in mine.values()):.4f}"
    yield f"bands hold together in {np.mean([us.together for us in mine.values()]):.4f}"
    for codings in CODINGS:
        width = _width(results, OURS, codings, least=0.8)
        alone = _width(results, ALONE, codings, least=0.8)
        best = np.mean([_best_gold(found) for found in _cells(results, codings, least=0.8)])
        yield (
            f"{codings} codings a month, accuracy .8 or more: width {width:.4f}, "
            f"{width / alone:.3f} of codings alone pooled the same way, {width / best:.3f} of the "
            "narrowest fixed window of codings alone that holds"
        )


def _cells(
    results: dict[World, dict[str, Measured]], codings: float, *, least: float = 0.0
) -> list[dict[str, Measured]]:
    return [
        found
        for world, found in results.items()
        if world.codings == codings and world.accuracy >= least
    ]


def _width(
    results: dict[World, dict[str, Measured]], name: str, codings: float, *, least: float = 0.0
) -> float:
    cells = _cells(results, codings, least=least)
    return float(np.mean([found[name].width for found in cells])) if cells else float("nan")


def _best_gold(found: dict[str, Measured]) -> float:
    """Return the width of the narrowest window of codings alone with coverage and months as ours.

    A window must hold in .94 of months, and in .92 of each month.
    """
    windows = [found["gold only, by month"]]
    windows += [found[f"gold only, {window} months"] for window in WINDOWS]
    holding = [one.width for one in windows if one.coverage >= 0.94 and one.by_month.min() >= 0.92]
    return min(holding, default=windows[0].width)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--replications", type=int, default=REPLICATIONS)
    parser.add_argument("--seed", type=int, default=SEED)
    parser.add_argument("--only", choices=DRIFTS)
    parser.add_argument("--rows", action="store_true")
    asked = parser.parse_args()
    n = QUICK if asked.quick else asked.replications
    began = process_time()
    results = {}
    if asked.rows:
        _say("| " + " | ".join(_COLUMNS) + " |\n" + "|---" * len(_COLUMNS) + "|")
    for world in grid(asked.only):
        results[world] = measure(world, n, seed=asked.seed)
        if asked.rows:
            _say(row(world, results[world]))
    _say("\n".join(summary(results)))
    _say(f"{n} replications a cell, seed {asked.seed}, {process_time() - began:.0f} CPU s")
    try:
        off = ppi_beside_package(World("steady", clustered=False, codings=25, accuracy=0.8), seed=3)
        _say(f"ppi-python's package and the formula differ by {off:.1e} at most")
    except pytest.skip.Exception as missing:
        _say(f"ppi-python's package was not asked: {missing}")


def _say(text: str) -> None:
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
