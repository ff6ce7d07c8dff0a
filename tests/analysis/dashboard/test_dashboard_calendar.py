"""Calendar periods."""

from datetime import date

import pytest

from analysis.dashboard.calendar import (
    UnknownBin,
    next_period,
    period_name,
    periods_between,
    position,
    short_name,
)


def test_weeks_and_months_follow_each_other_over_the_year() -> None:
    assert next_period(date(2025, 12, 29), "week") == date(2026, 1, 5)
    assert next_period(date(2025, 12, 1), "month") == date(2026, 1, 1)
    assert next_period(date(2026, 1, 1), "month") == date(2026, 2, 1)


def test_a_missing_period_is_listed() -> None:
    assert periods_between(date(2025, 11, 1), date(2026, 2, 1), "month") == (
        date(2025, 11, 1),
        date(2025, 12, 1),
        date(2026, 1, 1),
        date(2026, 2, 1),
    )


def test_an_unknown_bin_is_refused() -> None:
    with pytest.raises(UnknownBin, match="the page draws 'week' and 'month'"):
        next_period(date(2026, 1, 1), "day")


def test_periods_are_named_as_people_write_them() -> None:
    assert period_name(date(2026, 3, 2), "week") == "the week of 2 March 2026"
    assert period_name(date(2026, 3, 1), "month") == "March 2026"
    assert short_name(date(2026, 3, 2), "week", year=False) == "2 Mar"
    assert short_name(date(2026, 3, 1), "month", year=False) == "Mar 2026"


def test_a_day_lies_within_its_period() -> None:
    weeks = periods_between(date(2026, 3, 2), date(2026, 3, 16), "week")
    assert position(date(2026, 3, 2), weeks, "week") == 0
    assert position(date(2026, 3, 12), weeks, "week") == pytest.approx(1 + 3 / 7)
    assert position(date(2026, 3, 23), weeks, "week") is None
    assert position(date(2026, 3, 1), weeks, "week") is None
