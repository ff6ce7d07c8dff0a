"""What a segment says of its harvest: position, validators, counts and cost."""

import json
from collections import Counter
from datetime import datetime
from typing import Any

import duckdb

from warehouse.records import LoadCounts, SegmentHeader

HELD_ELSEWHERE = "held_elsewhere"
"""Why a row is dropped that is the same item as one of another source."""

_MOVE_CURSOR = """
UPDATE cursors SET cursor = coalesce($cursor, cursor), updated_at = $now, state_written = false,
                   last_complete_at = greatest(last_complete_at, $complete_at)
WHERE source = $source AND community = $community
"""
_FIRST_CURSOR = """
INSERT INTO cursors VALUES ($source, $community, coalesce($cursor, '{}'), $complete_at, $now, false)
"""

_FORGET_VALIDATORS = """
DELETE FROM validators WHERE source = $source AND community = $community
    AND address IN (SELECT unnest($addresses::VARCHAR[]))
"""
_KEEP_VALIDATORS = """
INSERT INTO validators
SELECT $source, $community, unnest($addresses::VARCHAR[]), unnest($etags::VARCHAR[]),
       unnest($last_modified::VARCHAR[]), unnest($trusted::INTEGER[]), $now
"""

_THIS_ROW = (
    "run_id = $run_id AND source = $source AND community = $community AND activity = $activity"
)
_SO_FAR = f"""
SELECT expected, fetched, new, edited, gone, drops::JSON, gaps::JSON,
       coalesce(decisions, MAP {{}})::JSON, coalesce(cut_threads, 0), requests, not_modified,
       throttled_seconds, status, error
FROM harvests WHERE {_THIS_ROW}
"""
_FORGET_ROW = f"DELETE FROM harvests WHERE {_THIS_ROW}"
_KEEP_ROW = """
INSERT INTO harvests (run_id, source, community, activity, expected, fetched, new, edited, gone,
    dropped, drops, gaps, requests, not_modified, throttled_seconds, status, error, decisions,
    cut_threads, evidence)
VALUES ($run_id, $source, $community, $activity, $expected, $fetched, $new, $edited, $gone,
    $dropped, $drops::JSON::MAP(VARCHAR, BIGINT),
    $gaps::JSON::STRUCT(since TIMESTAMPTZ, until TIMESTAMPTZ, reason VARCHAR)[],
    $requests, $not_modified, $throttled_seconds, $status, $error,
    $decisions::JSON::MAP(VARCHAR, BIGINT), $cut_threads, nullif($evidence, ''))
"""

_HARVESTED = """
UPDATE sources SET first_harvest = least(first_harvest, $at),
                   last_harvest = greatest(last_harvest, $at)
WHERE source = $source
"""


def move_cursor(
    connection: duckdb.DuckDBPyConnection, header: SegmentHeader, *, now: datetime
) -> None:
    """Take over cursor and validators of a segment; its state files are stale from now on."""
    complete = header.final and header.activity == "harvest" and header.status == "complete"
    cursor = None if header.cursor is None else json.dumps(dict(header.cursor), ensure_ascii=False)
    values = {
        "source": header.source,
        "community": header.community,
        "cursor": cursor,
        "complete_at": header.harvested_at if complete else None,
        "now": now,
    }
    moved = connection.execute(_MOVE_CURSOR, values).fetchone()
    if not moved or not moved[0]:
        connection.execute(_FIRST_CURSOR, values)
    if header.validators:
        _keep_validators(connection, header, now=now)


def _keep_validators(
    connection: duckdb.DuckDBPyConnection, header: SegmentHeader, *, now: datetime
) -> None:
    place: dict[str, Any] = {
        "source": header.source,
        "community": header.community,
        "addresses": list(header.validators),
    }
    connection.execute(_FORGET_VALIDATORS, place)
    values = header.validators.values()
    connection.execute(
        _KEEP_VALIDATORS,
        {
            **place,
            "etags": [validator.etag for validator in values],
            "last_modified": [validator.last_modified for validator in values],
            "trusted": [validator.trusted for validator in values],
            "now": now,
        },
    )


def add_to_pass(
    connection: duckdb.DuckDBPyConnection, header: SegmentHeader, counts: LoadCounts
) -> None:
    """Add a segment to the row of its pass over its community.

    Until the final segment says how the pass ended, the row says `partial`: so it stands true if
    no final one ever comes. `gone` counts the posts that the pass confirmed as gone, `cut_threads`
    the threads of which less was read than the platform promised.
    """
    key = {
        "run_id": header.run_id,
        "source": header.source,
        "community": header.community,
        "activity": header.activity,
    }
    row = connection.execute(_SO_FAR, key).fetchone()
    expected, fetched, new, edited, gone, drops, gaps, decisions, cut, *rest = row or _NOTHING
    requests, not_modified, throttled, status, error = rest
    all_drops = Counter(json.loads(drops)) + Counter(header.drops)
    if counts.elsewhere:
        all_drops[HELD_ELSEWHERE] += counts.elsewhere
    all_decisions = Counter(json.loads(decisions)) + Counter(header.traffic.decisions)
    all_gaps = json.loads(gaps) + [
        {"since": gap.since.isoformat(), "until": gap.until.isoformat(), "reason": gap.reason}
        for gap in header.gaps
    ]
    if row:
        connection.execute(_FORGET_ROW, key)
    connection.execute(
        _KEEP_ROW,
        {
            **key,
            "expected": _sum(expected, header.expected),
            "fetched": fetched + header.fetched,
            "new": new + counts.new,
            "edited": edited + counts.edited,
            "gone": gone + counts.confirmed,
            "dropped": sum(all_drops.values()),
            "drops": json.dumps(all_drops),
            "gaps": json.dumps(all_gaps),
            "requests": requests + header.traffic.requests,
            "not_modified": not_modified + header.traffic.not_modified,
            "throttled_seconds": throttled + header.traffic.throttled_seconds,
            "status": header.status if header.final else status,
            "error": header.error or error,
            "decisions": json.dumps(all_decisions),
            "cut_threads": cut + _cut_threads(header),
            "evidence": header.evidence,
        },
    )


def _cut_threads(header: SegmentHeader) -> int:
    return sum(t.expected is not None and t.fetched < t.expected for t in header.threads)


def note_harvest(connection: duckdb.DuckDBPyConnection, header: SegmentHeader) -> None:
    """Move the source's first and last harvest, where one read something and has ended."""
    read = header.final and header.status in {"complete", "partial"}
    if read and header.activity != "recheck":
        connection.execute(_HARVESTED, {"source": header.source, "at": header.harvested_at})


_NOTHING: tuple[Any, ...] = (None, 0, 0, 0, 0, "{}", "[]", "{}", 0, 0, 0, 0.0, "partial", None)


def _sum(first: int | None, second: int | None) -> int | None:
    return first if second is None else (first or 0) + second
