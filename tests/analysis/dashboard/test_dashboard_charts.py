"""Scales, ticks and paths, against properties and worked cases."""

import re
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analysis.dashboard.charts import Columns, Linear, line_path, nice_ticks, ribbon_path, stretches


@given(st.floats(1e-4, 1.0), st.integers(2, 6))
def test_ticks_are_few_even_and_reach_the_top(top: float, at_most: int) -> None:
    ticks = nice_ticks(top, at_most=at_most)
    assert ticks[0] == 0
    assert ticks[-1] >= top * (1 - 1e-9)
    assert len(ticks) <= at_most + 1
    steps = [b - a for a, b in pairwise(ticks)]
    assert max(steps) == pytest.approx(min(steps))


@pytest.mark.parametrize(
    ("top", "ticks"),
    [
        (0.3, (0.0, 0.1, 0.2, 0.3)),
        (0.31, (0.0, 0.2, 0.4)),
        (0.07, (0.0, 0.025, 0.05, 0.075)),
        (1.0, (0.0, 0.5, 1.0)),
        (0.0, (0.0, 1.0)),
        (float("nan"), (0.0, 1.0)),
    ],
)
def test_ticks_are_round(top: float, ticks: tuple[float, ...]) -> None:
    assert nice_ticks(top) == ticks


def test_a_scale_maps_its_ends_and_holds_what_lies_beyond() -> None:
    y = Linear(0.0, 0.5, 80.0, 10.0)
    assert [y(v) for v in (0.0, 0.25, 0.5, 0.9, -1.0)] == [80.0, 45.0, 10.0, 10.0, 80.0]


def test_columns_share_the_room_evenly() -> None:
    x = Columns(4, 20.0, 100.0)
    assert [x.centre(i) for i in range(4)] == [30.0, 50.0, 70.0, 90.0]
    assert x.edge(0) == 20.0
    assert x.edge(2.5) == 70.0
    assert x.edge(4) == 100.0


def test_a_stretch_never_runs_over_a_gap_or_a_break() -> None:
    held = [True, True, False, True, True, True, True]
    assert stretches(held) == [range(2), range(3, 7)]
    assert stretches(held, breaks=[5]) == [range(2), range(3, 5), range(5, 7)]
    assert stretches([False, False]) == []


@given(st.lists(st.booleans(), max_size=30), st.sets(st.integers(0, 29)))
def test_stretches_cover_exactly_what_is_held(held: list[bool], breaks: set[int]) -> None:
    covered = [index for stretch in stretches(held, breaks=breaks) for index in stretch]
    assert covered == [index for index, there in enumerate(held) if there]


def test_a_line_goes_through_its_points() -> None:
    assert line_path([(1.0, 2.0), (3.25, 4.0)]) == "M1 2L3.2 4"


def test_a_ribbon_goes_forth_along_the_upper_and_back_along_the_lower() -> None:
    path = ribbon_path([1.0, 2.0], [9.0, 8.0], [5.0, 4.0])
    assert re.findall(r"[ML]([\d.]+) ([\d.]+)", path) == [
        ("1", "5"),
        ("2", "4"),
        ("2", "8"),
        ("1", "9"),
    ]
    assert path.endswith("Z")
