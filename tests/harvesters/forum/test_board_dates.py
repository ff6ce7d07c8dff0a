"""When boards say that something happened, compared with times that were written down by hand."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.html_forum.dates import DateOrder, DateReader, in_order

NOW = datetime(2026, 6, 10, 8, 0, 30, tzinfo=UTC)  # 09:00:30 in London
FORMATS = ("%d/%m/%Y, %H:%M", "%d %B %Y at %I:%M %p", "%b %d, %Y, %I:%M:%S %p", "%d %b %Y")


def at(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc]


def read(text: str, **changes: object) -> datetime | None:
    rules: dict[str, object] = {"timezone": "Europe/London", "formats": FORMATS} | changes
    moment = DateReader(**rules).read(text, fetched_at=NOW)  # type: ignore[arg-type]
    return None if moment is None else moment.at


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026-06-01T10:00:00+0100", at(2026, 6, 1, 9)),
        ("2026-06-01T10:00:00.25Z", at(2026, 6, 1, 10, 0, 0, 250_000)),
        ("2026-06-01T10:00:00", at(2026, 6, 1, 9)),  # no zone: the board's
        ("2026-01-15T10:00", at(2026, 1, 15, 10)),
        ("2026-06-01", at(2026, 5, 31, 23)),
        ("1780300000", at(2026, 6, 1, 7, 46, 40)),
        ("1780300000123", at(2026, 6, 1, 7, 46, 40)),
        ("03/04/2026, 10:11", at(2026, 4, 3, 9, 11)),
        ("3rd April 2026 at 10:11 PM", at(2026, 4, 3, 21, 11)),
        ("Nov. 22, 2025, 7:31:03 p.m.", at(2025, 11, 22, 19, 31, 3)),
        ("Sept. 2, 2025, 7:31:03 a.m.", at(2025, 9, 2, 6, 31, 3)),
        ("\u200e28 Jul 2014", at(2014, 7, 27, 23)),
        ("Today, 08:33", at(2026, 6, 10, 7, 33)),
        ("Today at 12:05:07 AM", at(2026, 6, 9, 23, 5, 7)),
        ("today", at(2026, 6, 9, 23)),
        ("Yesterday at 7:12 PM", at(2026, 6, 9, 18, 12)),
        ("Yesterday, 12:30 PM", at(2026, 6, 9, 11, 30)),
        ("5 minutes ago", NOW - timedelta(minutes=5)),
        ("an hour ago", NOW - timedelta(hours=1)),
        ("2 weeks, 3 days ago", NOW - timedelta(days=17)),
        ("vor 3 Stunden", NOW - timedelta(hours=3)),
        ("Vor einer Minute", NOW - timedelta(minutes=1)),
        ("vor 2 Tagen, 1 Stunde", NOW - timedelta(days=2, hours=1)),
        ("vor 2 Tage, 5 Minuten", NOW - timedelta(days=2, minutes=5)),
        ("Just now", NOW),
        ("3 April 2026 10:11", at(2026, 4, 3, 9, 11)),  # no format: dateparser
        ("", None),
        ("soon", None),
        ("31/31/2026, 10:00", None),
        ("3 April 2027, 10:11", None),  # to come
        ("03/04/1962, 10:11", None),
        ("Today, 25:99", None),
        ("1" * 60, None),
    ],
)
def test_a_date_is_read_in_the_boards_own_zone_or_not_at_all(
    text: str, expected: datetime | None
) -> None:
    assert read(text) == expected


@pytest.mark.parametrize(
    ("order", "expected"),
    [("DMY", at(2026, 4, 3, 9, 11)), ("MDY", at(2026, 3, 4, 10, 11))],
)
def test_the_order_of_day_and_month_is_the_boards_and_not_the_formats(
    order: DateOrder, expected: datetime
) -> None:
    assert read("03/04/2026, 10:11", order=order) == expected
    assert read("03.04.2026 10:11", order=order) == expected  # by dateparser
    assert in_order("%m-%d-%y %H:%M", "DMY") == "%d-%m-%y %H:%M"
    assert in_order("%d/%m/%Y", "YMD") == "%Y/%m/%d"
    assert in_order("%d %B %Y", "MDY") == "%d %B %Y"


@pytest.mark.parametrize(
    ("text", "languages", "expected"),
    [
        ("3 avril 2026, 10:11", ("fr",), at(2026, 4, 3, 9, 11)),
        ("3. Oktober 2025 10:11", ("de",), at(2025, 10, 3, 9, 11)),
        ("3 avril 2026, 10:11", ("en",), None),
    ],
)
def test_month_names_of_other_languages_are_read_where_the_board_has_them(
    text: str, languages: tuple[str, ...], expected: datetime | None
) -> None:
    assert read(text, languages=languages) == expected


def test_days_in_other_words_and_across_midnight_in_the_boards_zone() -> None:
    late = datetime(2026, 6, 10, 23, 30, tzinfo=UTC)  # already the 11th in London
    reader = DateReader(timezone="Europe/London", today=("Heute",), yesterday=("Gestern",))
    today, yesterday = (
        reader.read(text, fetched_at=late) for text in ("Heute, 00:10", "Gestern um 10:00")
    )

    assert today is not None
    assert today.at == at(2026, 6, 10, 23, 10)
    assert yesterday is not None
    assert yesterday.at == at(2026, 6, 10, 9)


@pytest.mark.parametrize(
    ("text", "stretch"),
    [
        ("2026-06-01T10:00:07Z", timedelta(seconds=1)),
        ("03/04/2026, 10:11", timedelta(minutes=1)),
        ("3 Apr 2026", timedelta(days=1)),
        ("Yesterday", timedelta(days=1)),
    ],
)
def test_how_far_a_date_may_be_from_the_truth_is_told(text: str, stretch: timedelta) -> None:
    moment = DateReader(timezone="Europe/London", formats=FORMATS).read(text, fetched_at=NOW)

    assert moment is not None
    assert moment.latest - moment.earliest == stretch


@given(passed=st.integers(min_value=60, max_value=86_400 * 300))
def test_the_truth_lies_within_what_a_relative_date_says(passed: int) -> None:
    truth = NOW - timedelta(seconds=passed)
    units = (("day", 86_400), ("hour", 3_600), ("minute", 60))
    unit, size = next(each for each in units if passed >= each[1])
    moment = DateReader().read(f"{passed // size} {unit}s ago", fetched_at=NOW)

    assert moment is not None
    assert moment.earliest < truth <= moment.latest


@given(passed=st.integers(min_value=60, max_value=86_400 * 300))
def test_the_truth_lies_within_what_a_rounded_relative_date_says(passed: int) -> None:
    """As Babel writes it: from 0.85 of a unit on, and from the half on of the next number."""
    truth = NOW - timedelta(seconds=passed)
    units = (("week", 604_800), ("day", 86_400), ("hour", 3_600), ("minute", 60))
    unit, size = next(each for each in units if passed / each[1] >= 0.85)
    moment = DateReader().read(f"{round(max(1, passed / size))} {unit}s ago", fetched_at=NOW)

    assert moment is not None
    assert moment.earliest < truth <= moment.latest


@given(text=st.text(max_size=150), order=st.sampled_from(["DMY", "MDY", "YMD"]))
def test_no_text_is_read_as_a_time_to_come_or_stops_the_reader(text: str, order: DateOrder) -> None:
    moment = DateReader(formats=FORMATS, order=order).read(text, fetched_at=NOW)

    assert moment is None or moment.at <= NOW + timedelta(days=1)
