"""Differences with their intervals, and when a change is called clear."""

from dataclasses import replace
from datetime import date

import numpy as np
import pyarrow as pa
import pytest

from analysis.dashboard.about import About
from analysis.dashboard.comparisons import (
    Comparison,
    difference,
    p_value,
    since_first,
    since_previous,
)
from analysis.dashboard.figures import Cell, Figures, read_figures

WEEK = date(2026, 3, 2)


def cell(estimate: float, lower: float, upper: float) -> Cell:
    return Cell(period=WEEK, estimate=estimate, lower=lower, upper=upper)


@pytest.fixture(scope="module")
def figures(tables: dict[str, pa.Table], about: About) -> Figures:
    return read_figures(tables, about)


def found(comparisons: list[Comparison], frame: str, community: str) -> Comparison:
    [one] = [c for c in comparisons if (c.frame.key, c.community.key[1]) == (frame, community)]
    return one


def test_symmetric_intervals_add_their_squares() -> None:
    got = difference(cell(0.10, 0.07, 0.13), cell(0.20, 0.16, 0.24))
    assert got.estimate == pytest.approx(0.10)
    assert got.lower == pytest.approx(0.05)  # 0.10 - sqrt(0.03 ** 2 + 0.04 ** 2)
    assert got.upper == pytest.approx(0.15)


def test_newcombes_own_example_is_reproduced() -> None:
    # Newcombe 1998, table II, case (a), method 10: 56/70 - 48/80, interval 0.0524 to 0.3339,
    # from the Wilson intervals of the two proportions
    got = difference(cell(0.6, 0.4904, 0.7000), cell(0.8, 0.6920, 0.8768))
    assert got.estimate == pytest.approx(0.2)
    assert got.lower == pytest.approx(0.0524, abs=0.0015)
    assert got.upper == pytest.approx(0.3339, abs=0.0015)


def test_the_p_value_is_at_the_level_when_the_interval_touches_zero() -> None:
    touching = difference(cell(0.1, 0.1 - 0.06, 0.1 + 0.06), cell(0.2, 0.2 - 0.08, 0.2 + 0.08))
    assert touching.lower == pytest.approx(0.0, abs=1e-12)
    assert p_value(touching, confidence=0.95) == pytest.approx(0.05)


def test_without_a_bound_nothing_is_compared() -> None:
    with pytest.raises(ValueError, match="need both bounds"):
        difference(Cell(period=WEEK, estimate=0.1), cell(0.2, 0.1, 0.3))


def test_without_a_true_change_few_are_called_clear() -> None:
    """Brute force: estimates of two equal shares, 40 comparisons at a time, all calls counted."""
    rng = np.random.default_rng(5)
    nights_with_a_call = 0
    for _ in range(300):
        a, b = rng.normal(0.3, 0.02, 40), rng.normal(0.3, 0.02, 40)
        half = 1.96 * 0.02
        p = [
            p_value(
                difference(cell(x, x - half, x + half), cell(y, y - half, y + half)),
                confidence=0.95,
            )
            for x, y in zip(a, b, strict=True)
        ]
        nights_with_a_call += min(np.sort(p) * 40 / np.arange(1, 41)) <= 0.05
    assert nights_with_a_call / 300 < 0.09  # 0.05 and its chance


def test_planted_changes_are_called_clear_and_with_their_sign(figures: Figures) -> None:
    comparisons = since_first(figures)
    assert found(comparisons, "economic_value", "board-1").direction == 1
    assert found(comparisons, "personal_value", "blog").direction == -1
    assert found(comparisons, "public_value", "board-1").direction == 0


def test_a_period_that_is_not_over_is_compared_with_nothing(figures: Figures) -> None:
    for comparison in (*since_first(figures), *since_previous(figures)):
        assert comparison.later is not None
        assert comparison.later.period == figures.last_complete


def test_withheld_figures_are_not_compared_and_the_reason_is_kept(figures: Figures) -> None:
    hidden = found(since_first(figures), "personal_value", "tag-minds")
    assert hidden.difference is None
    assert hidden.obstacle == "withheld: fewer than 10 authors"


def test_nothing_is_compared_over_a_break(figures: Figures) -> None:
    broken = found(since_first(figures), "service_value", "blog")
    assert broken.difference is None
    assert broken.obstacle == "the series breaks in between: the site changed what it lists"
    assert found(since_previous(figures), "service_value", "blog").difference is not None


def test_nothing_is_compared_over_a_new_codebook(figures: Figures) -> None:
    key = ("economic_value", ("harbour", "board-1"))
    cells = figures.frame_series[key]
    series = {**figures.frame_series, key: (replace(cells[0], version=2), *cells[1:])}
    changed = since_first(replace(figures, frame_series=series))
    assert found(changed, *("economic_value", "board-1")).obstacle == (
        "the codebook changed in between"
    )


def test_a_thin_harvest_is_told(figures: Figures) -> None:
    step = found(since_previous(figures), "personal_value", "blog")
    assert step.thin  # the week before was harvested on five days of seven
    assert not found(since_previous(figures), "personal_value", "board-1").thin
