"""Silence is told from an outage by what was harvested on a night and the day before."""

from datetime import date, timedelta

import pyarrow as pa
import pytest

from flows.topics.coverage import is_covered
from tests.flows.topics.nights import Forum

DAY = date(2026, 3, 2)
BEFORE = DAY - timedelta(days=1)
READ = {"carers": {BEFORE: "complete"}, "users": {BEFORE: "complete", DAY: "partial"}}


def covered(
    forum: Forum, days: dict[str, dict[date, str]], *, n_new: int = 5, **posts: int
) -> bool:
    rows = [
        {"source": "forum", "community": name, "day": day, "status": status, "n_posts": 1}
        for name, of_days in days.items()
        for day, status in of_days.items()
    ]
    with forum.opened() as warehouse:
        if rows:
            warehouse.replace("coverage", pa.Table.from_pylist(rows), keys=[])
        forum.write(warehouse, posts.get("n_posts", 30))
        return is_covered(warehouse, DAY, sources=["forum"], n_new=n_new)


@pytest.mark.parametrize(
    ("allies", "expected"),
    [
        ({BEFORE: "complete"}, True),
        ({BEFORE: "partial", DAY: "partial"}, True),  # tried with some success, then and since
        ({BEFORE: "partial"}, False),  # begun the night before and never ended
        ({BEFORE: "partial", DAY: "missing"}, False),
        ({BEFORE: "complete", DAY: "blocked"}, True),
        ({BEFORE: "blocked", DAY: "partial"}, False),
        ({BEFORE - timedelta(days=1): "complete"}, False),
    ],
)
def test_every_community_that_wrote_lately_has_to_be_read(
    forum: Forum, allies: dict[date, str], expected: bool
) -> None:
    assert covered(forum, READ | {"allies": allies}) is expected


def test_a_community_that_no_harvest_ever_covered_is_no_outage(forum: Forum) -> None:
    assert covered(forum, READ) is True


@pytest.mark.parametrize(("n_new", "expected"), [(3, True), (0, False)])
def test_where_nothing_is_harvested_a_night_with_posts_is_covered(
    forum: Forum, n_new: int, expected: bool
) -> None:
    assert covered(forum, {}, n_new=n_new) is expected


def test_a_source_that_nights_do_not_read_is_no_outage(forum: Forum) -> None:
    gone = {"carers": {BEFORE: "missing"}}
    with forum.opened() as warehouse:
        warehouse.replace(
            "coverage",
            pa.Table.from_pylist(
                [
                    {
                        "source": "forum",
                        "community": "carers",
                        "day": day,
                        "status": "missing",
                        "n_posts": 0,
                    }
                    for day in gone["carers"]
                ]
            ),
            keys=[],
        )
        forum.write(warehouse, 30)
        assert is_covered(warehouse, DAY, sources=["forum"], n_new=1) is False
        assert is_covered(warehouse, DAY, sources=["other"], n_new=1) is True
