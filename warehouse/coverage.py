"""Which community was harvested on which day, and how many posts of that day are held."""

from collections.abc import Collection, Mapping
from datetime import date, timedelta
from types import MappingProxyType
from typing import Final

import duckdb

from warehouse.records import HarvestStatus, SegmentHeader

# A day that was read completely stays complete; otherwise the better of two attempts stands. Only a
# gap is for good: what the platform shows no more, no later harvest can read.
RANKS: Final = {"missing": 0, "blocked": 1, "partial": 2, "complete": 3}
_STATUS_OF: Final[dict[HarvestStatus, str]] = {
    "partial": "partial",
    "blocked": "blocked",
    "failed": "missing",
}

# A community that no harvest has covered has no days to count: an archive's may be thousands.
_TOUCHED = """
SELECT source, community, min(day), max(day) FROM touched
WHERE community = $own OR (source, community) IN (SELECT (source, community) FROM coverage)
GROUP BY source, community
"""
_PLACE = "source = $source AND community = $community"
_HELD = f"SELECT day, status, n_posts FROM coverage WHERE {_PLACE} AND day BETWEEN $first AND $last"
_COUNTED = f"""
SELECT created_at::DATE AS day, count(*) FROM posts
WHERE {_PLACE} AND created_at >= $first::TIMESTAMP::TIMESTAMPTZ
    AND created_at < ($last + 1)::TIMESTAMP::TIMESTAMPTZ
GROUP BY day
"""
_LOST = f"""
WITH lost AS (SELECT unnest(gaps) AS gap FROM harvests WHERE {_PLACE} AND len(gaps) > 0)
SELECT DISTINCT unnest(generate_series(
    greatest(gap.since::DATE, $first), least(gap.until::DATE, $last), INTERVAL 1 DAY))::DATE
FROM lost
"""
_FORGET = f"DELETE FROM coverage WHERE {_PLACE} AND day IN (SELECT unnest($days::DATE[]))"
_ENTER = """
INSERT INTO coverage
SELECT $source, $community, unnest($days::DATE[]), unnest($statuses::VARCHAR[]),
       unnest($counts::BIGINT[])
"""


def update_coverage(
    connection: duckdb.DuckDBPyConnection, header: SegmentHeader | None = None
) -> None:
    """Enter what a final segment covers; count the posts of covered days in `touched` anew.

    No day is downgraded, except where the platform shows no more what it may have shown.
    """
    spans = {
        (source, community): (first, last)
        for source, community, first, last in connection.execute(
            _TOUCHED, {"own": header.community if header else None}
        ).fetchall()
    }
    marks = _marks(header) if header else {}
    if header and marks:
        own = (header.source, header.community)
        first, last = spans.get(own, (header.harvested_at.date(),) * 2)
        _update(
            connection,
            own,
            span=(min(first, *marks), max(last, *marks)),
            marks=marks,
            lost=_gap_days(header),
        )
        spans.pop(own, None)
    for place, span in spans.items():
        _update(connection, place, span=span)


def _marks(header: SegmentHeader) -> dict[date, str]:
    """Return the status of each UTC day that a segment says something about.

    A complete harvest covers every day since `covers_from` that has ended; any other only its own
    day. The running day is partial until a later harvest has seen its end, and so are gaps' days.
    """
    if header.activity != "harvest":
        return {}
    return _covered(header) | dict.fromkeys(_gap_days(header), "partial")


def _gap_days(header: SegmentHeader) -> set[date]:
    return {
        gap.since.date() + timedelta(days=n)
        for gap in header.gaps
        for n in range((gap.until.date() - gap.since.date()).days + 1)
    }


def _covered(header: SegmentHeader) -> dict[date, str]:
    if not header.final:
        return {}
    last = first = header.harvested_at.date()
    if header.covers_from is not None:
        first = min(header.covers_from.date(), last)
    if header.status != "complete":
        return {last: _STATUS_OF[header.status]}
    ended = [first + timedelta(days=n) for n in range((last - first).days)]
    return dict.fromkeys(ended, "complete") | {last: "partial"}


def _update(
    connection: duckdb.DuckDBPyConnection,
    place: tuple[str, str],
    *,
    span: tuple[date, date],
    marks: Mapping[date, str] = MappingProxyType({}),
    lost: Collection[date] = (),
) -> None:
    key = {"source": place[0], "community": place[1]}
    values = {**key, "first": span[0], "last": span[1]}
    held = {day: (status, n) for day, status, n in connection.execute(_HELD, values).fetchall()}
    if not held and not marks:
        return
    counted = dict(connection.execute(_COUNTED, values).fetchall())
    gone = set(lost)
    if marks:  # without, no day rises
        gone.update(day for (day,) in connection.execute(_LOST, values).fetchall())
    changed = {}
    for day in sorted({*held, *marks}):
        candidates = [status for status in (held.get(day, ("",))[0], marks.get(day)) if status]
        status = "partial" if day in gone else max(candidates, key=RANKS.__getitem__)
        entry = (status, counted.get(day, 0))
        if held.get(day) != entry:
            changed[day] = entry
    if held.keys() & changed.keys():
        connection.execute(_FORGET, {**key, "days": list(changed)})
    if changed:
        entries = {
            "days": list(changed),
            "statuses": [status for status, _ in changed.values()],
            "counts": [n for _, n in changed.values()],
        }
        connection.execute(_ENTER, {**key, **entries})
