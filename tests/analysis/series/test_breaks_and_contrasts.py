"""Breaks of series, and what moved around events, in cases worked out by hand."""

import numpy as np
import pytest

from analysis.series.breaks import find_breaks
from analysis.series.contrasts import SPAN, Contrast, event_contrast
from analysis.series.levels import Shares
from warehouse.protection.disclosure import EVENT_SPAN

NAN = float("nan")


def whole(n: int) -> np.ndarray:
    return np.zeros(n)


def test_another_classifier_or_codebook_breaks_where_it_is_first_used() -> None:
    found = find_breaks(
        classifier=["a", None, "a", "b", "b"], codebook=[1, None, 1, 1, 2], missed=whole(5)
    )
    assert found == {
        3: "measured by another classifier",
        4: "measured by another version of the codebook",
    }


def test_both_at_once_are_one_break_with_two_reasons() -> None:
    found = find_breaks(classifier=["a", "b"], codebook=[1, 2], missed=whole(2))
    assert found == {
        1: "measured by another classifier; measured by another version of the codebook"
    }


def test_a_gap_breaks_where_it_begins_and_where_it_is_over() -> None:
    missed = np.array([0.0, 0.1, 0.35, 1.0, 0.0, 0.2])
    found = find_breaks(classifier=["a"] * 6, codebook=[1] * 6, missed=missed)
    assert found == {
        2: "a gap in the harvest: 35% of its days were not read",
        4: "the harvest is whole again after a gap",
    }


def test_the_harvest_begins_after_what_it_only_found() -> None:
    missed = np.array([NAN, NAN, 0.0, 0.0])
    found = find_breaks(classifier=["a"] * 4, codebook=[1] * 4, missed=missed)
    assert list(found) == [2]
    assert "still there" in found[2]
    unmeasured = find_breaks(
        classifier=[None, None, "a", "a"], codebook=[None, None, 1, 1], missed=missed
    )
    assert unmeasured == {}


def test_an_archive_without_days_of_harvest_has_no_break() -> None:
    assert find_breaks(classifier=["a"] * 3, codebook=[1] * 3, missed=np.full(3, NAN)) == {}


SHARES = np.r_[np.full(8, 0.2), 0.5, np.full(8, 0.4)]
ERROR = 0.02
SERIES = Shares(SHARES, SHARES * (1 - SHARES) / ERROR**2)


def test_a_difference_is_that_of_the_periods_beside_the_events_own() -> None:
    found = event_contrast(SERIES, 8)
    assert isinstance(found, Contrast)
    assert found.difference == pytest.approx(0.2)
    error = ERROR * np.sqrt(2 / 3)  # two means of three
    assert (found.upper - found.lower) / 2 == pytest.approx(1.959963984540054 * error, rel=0.01)
    assert found.rank == 1
    assert found.n_placebos == 4  # periods 3, 4, 12, 13: others have too few beside, or hold it
    assert found.p_value == pytest.approx(1 / 5)


def test_a_quiet_date_ranks_behind_a_loud_one() -> None:
    quiet = event_contrast(SERIES, 4)
    assert isinstance(quiet, Contrast)
    assert quiet.difference == pytest.approx(0)
    assert quiet.rank > 1


@pytest.mark.parametrize(
    ("at", "breaks", "reason"),
    [
        (2, (), "fewer than 3 periods on one side"),
        (15, (), "fewer than 3 periods on one side"),
        (8, (8,), "the series breaks beside it"),
        (8, (11,), "the series breaks beside it"),
    ],
)
def test_where_nothing_can_be_compared_it_is_said(
    at: int, breaks: tuple[int, ...], reason: str
) -> None:
    assert event_contrast(SERIES, at, breaks=breaks) == reason


def test_a_break_before_or_behind_does_not_matter() -> None:
    found = event_contrast(SERIES, 8, breaks=(5, 12))
    assert isinstance(found, Contrast)
    assert found.n_placebos == 0  # every other date has a break beside it


def test_a_gap_beside_an_event_refuses_it() -> None:
    holed = SERIES.share.copy()
    holed[7] = NAN
    assert event_contrast(Shares(holed, SERIES.n), 8) == (
        "fewer than 3 measured periods on one side"
    )


def test_events_of_nothing_rank_anywhere() -> None:
    draw = np.random.default_rng(4)
    ranks = []
    for _ in range(300):
        found = event_contrast(Shares(draw.binomial(500, 0.3, 40) / 500, np.full(40, 500.0)), 20)
        assert isinstance(found, Contrast)
        ranks.append(found.p_value)
    assert found.n_placebos == 27
    assert np.mean(np.array(ranks) <= 2 / 28) == pytest.approx(2 / 28, abs=0.035)


def test_the_export_gate_looks_at_every_period_of_a_contrast() -> None:
    assert SPAN == EVENT_SPAN
