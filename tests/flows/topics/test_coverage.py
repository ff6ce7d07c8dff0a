"""Silence is told from an outage by what was harvested on a night and the day before."""

from datetime import date, timedelta

import pyarrow as pa

from flows.topics.coverage import is_covered
from tests.flows.topics.nights import Forum
from warehouse.gateway import Warehouse

DAY = date(2026, 3, 2)
BEFORE = DAY - timedelta(days=1)
READ = {"carers": {BEFORE: "complete"}, "users": {BEFORE: "complete", DAY: "partial"}}


def enter(warehouse: Warehouse, days: dict[str, dict[date, str]]) -> None:
    rows = [
        {"source": "forum", "community": name, "day": day, "status": status, "n_posts": 1}
        for name, of_days in days.items()
        for day, status in of_days.items()
    ]
    warehouse.replace("coverage", pa.Table.from_pylist(rows), keys=[])


ALLIES: list[tuple[dict[date, str], bool]] = [
    ({BEFORE: "complete"}, True),
    ({BEFORE: "partial", DAY: "partial"}, True),  # tried with some success, then and since
    ({BEFORE: "partial"}, False),  # begun the night before and never ended
    ({BEFORE: "partial", DAY: "missing"}, False),
    ({BEFORE: "complete", DAY: "blocked"}, True),
    ({BEFORE: "blocked", DAY: "partial"}, False),
    ({BEFORE - timedelta(days=1): "complete"}, False),
    ({}, True),  # no harvest ever covered it
]


def test_every_community_that_wrote_lately_has_to_be_read(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 30)
        for allies, expected in ALLIES:
            enter(warehouse, READ | {"allies": allies})
            found = is_covered(warehouse, DAY, sources=["forum"], n_new=5)
            assert found is expected, allies


def test_a_source_that_nights_do_not_read_is_no_outage(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 30)
        enter(warehouse, {"carers": {BEFORE: "missing"}})
        assert is_covered(warehouse, DAY, sources=["forum"], n_new=1) is False
        assert is_covered(warehouse, DAY, sources=["other"], n_new=1) is True


def test_where_nothing_is_harvested_a_night_with_posts_is_covered(forum: Forum) -> None:
    with forum.opened() as warehouse:
        forum.write(warehouse, 30)
        assert is_covered(warehouse, DAY, sources=["forum"], n_new=3) is True
        assert is_covered(warehouse, DAY, sources=["forum"], n_new=0) is False
