"""Which community was harvested on which day, and how many posts of that day are held."""

from datetime import date, timedelta
from typing import Final

import duckdb

from warehouse.records import HarvestStatus, SegmentHeader

# A day that was read completely stays complete; otherwise the better of two attempts stands.
RANKS: Final = {"missing": 0, "blocked": 1, "partial": 2, "complete": 3}
_STATUS_OF: Final[dict[HarvestStatus, str]] = {
    "complete": "complete",
    "partial": "partial",
    "blocked": "blocked",
    "failed": "missing",
}

_HELD = """
SELECT day, status FROM coverage
WHERE source = $source AND community = $community AND day BETWEEN $first AND $last
"""
_FORGET = """
DELETE FROM coverage
WHERE source = $source AND community = $community AND day IN (SELECT unnest($days::DATE[]))
"""
_MARK = """
INSERT INTO coverage
SELECT $source, $community, unnest($days::DATE[]), $status, 0
"""
_TOUCH = """
INSERT INTO touched SELECT NULL, $source, $community, unnest($days::DATE[])
"""
_SPANS = "SELECT source, community, min(day), max(day) FROM touched GROUP BY source, community"
_COUNT = """
UPDATE coverage SET n_posts = counted.n
FROM (
    SELECT day, count(created_at) AS n
    FROM (SELECT unnest(range($first, $end, INTERVAL 1 DAY))::DATE AS day)
    LEFT JOIN (
        SELECT created_at::DATE AS day, created_at FROM posts
        WHERE source = $source AND community = $community
            AND created_at >= $first::TIMESTAMP::TIMESTAMPTZ
            AND created_at < $end::TIMESTAMP::TIMESTAMPTZ
    ) USING (day)
    GROUP BY day
) AS counted
WHERE coverage.source = $source AND coverage.community = $community AND coverage.day = counted.day
"""


def covered_days(header: SegmentHeader) -> tuple[date, date] | None:
    """Return first and last UTC day that a segment says something about, if any.

    A complete harvest covers every day since `covers_from`; any other only its own day.
    """
    if not header.final or header.activity != "harvest":
        return None
    last = header.harvested_at.date()
    complete = header.status == "complete" and header.covers_from is not None
    first = header.covers_from.date() if complete and header.covers_from else last
    return min(first, last), last


def count_touched(connection: duckdb.DuckDBPyConnection) -> None:
    """Count again the posts held of each covered day between the days in `touched`."""
    for source, community, first, last in connection.execute(_SPANS).fetchall():
        span = {"first": first, "end": last + timedelta(days=1)}
        connection.execute(_COUNT, {"source": source, "community": community, **span})


def mark_days(connection: duckdb.DuckDBPyConnection, header: SegmentHeader) -> None:
    """Enter in `coverage`, and in `touched`, what a final segment covers; never downgrade a day."""
    span = covered_days(header)
    if span is None:
        return
    status = _STATUS_OF[header.status]
    place = {"source": header.source, "community": header.community}
    held = dict(connection.execute(_HELD, {**place, "first": span[0], "last": span[1]}).fetchall())
    days = [day for day in _days(*span) if day not in held or RANKS[held[day]] < RANKS[status]]
    if days:
        connection.execute(_FORGET, {**place, "days": days})
        connection.execute(_MARK, {**place, "days": days, "status": status})
        connection.execute(_TOUCH, {**place, "days": [days[0], days[-1]]})


def _days(first: date, last: date) -> list[date]:
    return [first + timedelta(days=n) for n in range((last - first).days + 1)]
