"""Which days are covered, and by how many posts."""

from datetime import date, timedelta

import pytest

from warehouse.records import Gap

MONDAY = date(2026, 1, 5)  # when the clock of the tests begins


def days(loaded, community="board"):
    rows = loaded.rows("SELECT community, day, status, n_posts FROM coverage ORDER BY ALL")
    return [(day, status, n) for name, day, status, n in rows if name == community]


def test_a_complete_harvest_covers_every_ended_day_since_it_began(loaded):
    study, now = loaded.study, loaded.study.clock.now()
    loaded.load(
        study.post("1", created_at=now),
        study.post("2", created_at=now - timedelta(days=2)),
        study.post("3", created_at=now - timedelta(days=9)),
        covers_from=now - timedelta(days=2),
    )
    assert days(loaded) == [
        (MONDAY - timedelta(days=2), "complete", 1),
        (MONDAY - timedelta(days=1), "complete", 0),
        (MONDAY, "partial", 1),
    ]


def test_the_running_day_is_complete_once_a_later_harvest_has_seen_its_end(loaded):
    start = loaded.study.clock.now()
    loaded.load(covers_from=start)
    loaded.load(covers_from=start)
    assert days(loaded) == [(MONDAY, "partial", 0)]
    loaded.study.next_night()
    loaded.load(covers_from=start)
    assert days(loaded) == [(MONDAY, "complete", 0), (MONDAY + timedelta(days=1), "partial", 0)]


@pytest.mark.parametrize(
    ("status", "day"), [("partial", "partial"), ("blocked", "blocked"), ("failed", "missing")]
)
def test_any_other_harvest_marks_its_own_day(loaded, status, day):
    loaded.load(status=status)
    assert days(loaded) == [(MONDAY, day, 0)]


def test_no_day_is_downgraded_and_a_better_attempt_stands(loaded):
    for status in ("failed", "blocked", "partial", "failed"):
        loaded.load(status=status)
    assert days(loaded) == [(MONDAY, "partial", 0)]
    start = loaded.study.clock.now()
    loaded.study.next_night()
    loaded.load(covers_from=start)
    loaded.load(status="failed")
    assert [status for _, status, _ in days(loaded)] == ["complete", "partial"]


def test_a_later_complete_harvest_fills_the_gap_before_it(loaded):
    start = loaded.study.clock.now()
    loaded.load(covers_from=start)
    loaded.study.next_night()
    loaded.load(status="failed")
    loaded.study.next_night()
    loaded.load(covers_from=start)
    assert [status for _, status, _ in days(loaded)] == ["complete", "complete", "partial"]


def test_the_days_of_a_gap_are_partial_for_good(loaded):
    start = loaded.study.clock.now()
    loaded.load(covers_from=start)
    loaded.study.next_night()
    now = loaded.study.clock.now()
    gap = Gap(since=start, until=now - timedelta(hours=1), reason="the feed forgot")
    loaded.load(loaded.study.post("1", created_at=start), status="partial", gaps=(gap,))
    assert [status for _, status, _ in days(loaded)] == ["partial", "partial"]
    loaded.study.next_night()
    loaded.load(covers_from=start)
    tuesday, wednesday = MONDAY + timedelta(days=1), MONDAY + timedelta(days=2)
    assert days(loaded) == [
        (MONDAY, "partial", 1),
        (tuesday, "partial", 0),
        (wednesday, "partial", 0),
    ]


@pytest.mark.parametrize(
    "header", [{"final": False}, {"activity": "recheck"}, {"activity": "import"}]
)
def test_other_segments_cover_nothing(loaded, header):
    loaded.load(loaded.study.post("1"), covers_from=loaded.study.clock.now(), **header)
    assert days(loaded) == []


def test_counts_follow_posts_that_come_late_or_go(loaded):
    study, now = loaded.study, loaded.study.clock.now()
    loaded.load(study.post("1"), covers_from=now)
    study.next_night()
    loaded.load(study.post("2", created_at=now), activity="import")
    assert days(loaded) == [(MONDAY, "partial", 2)]
    for _ in range(2):
        study.next_night()
        loaded.load(study.saw("gone", "1"), activity="recheck")
    assert days(loaded) == [(MONDAY, "partial", 1)]


def test_each_community_has_days_of_its_own(loaded):
    study, now = loaded.study, loaded.study.clock.now()
    loaded.load(study.post("1"), covers_from=now)
    loaded.load(study.post("2", community="other"), community="other", status="partial")
    assert days(loaded) == [(MONDAY, "partial", 1)]
    assert days(loaded, "other") == [(MONDAY, "partial", 1)]
