"""What a segment says of its harvest: position, validators, counts and cost.

A segment of an archive holds rows of many communities, which are as many passes; all are entered
by the same few statements.
"""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

import duckdb

from warehouse.records import LoadCounts, SegmentHeader

HELD_ELSEWHERE = "held_elsewhere"
"""Why a row is dropped that is the same item as one of another source."""

# Names of many communities travel as JSON: a list of values takes a tenth of a second to bind.
_MOVE_CURSORS = """
UPDATE cursors SET cursor = coalesce($cursor, cursor), updated_at = $now, state_written = false,
                   last_complete_at = greatest(last_complete_at, $complete_at)
WHERE source = $source AND community IN (SELECT unnest($communities::JSON::VARCHAR[]))
"""
_FIRST_CURSORS = """
INSERT INTO cursors
SELECT $source, community, coalesce($cursor, '{}'), $complete_at, $now, false
FROM (SELECT unnest($communities::JSON::VARCHAR[]) AS community)
WHERE community NOT IN (SELECT community FROM cursors WHERE source = $source)
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

_THESE_ROWS = (
    "run_id = $run_id AND source = $source AND activity = $activity "
    "AND community IN (SELECT unnest($communities::JSON::VARCHAR[]))"
)
_SO_FAR = f"""
SELECT community, expected, fetched, new, edited, gone, drops::JSON, gaps::JSON,
       coalesce(decisions, MAP {{}})::JSON, coalesce(cut_threads, 0), requests, not_modified,
       throttled_seconds, status, error
FROM harvests WHERE {_THESE_ROWS}
"""
_FORGET_ROWS = f"DELETE FROM harvests WHERE {_THESE_ROWS}"
_KEEP_ROWS = """
INSERT INTO harvests (run_id, source, activity, evidence, community, expected, fetched, new, edited,
    gone, dropped, drops, gaps, requests, not_modified, throttled_seconds, status, error, decisions,
    cut_threads)
SELECT $run_id, $source, $activity, nullif($evidence, ''), unnest($rows::JSON::STRUCT(
    community VARCHAR, expected BIGINT, fetched BIGINT, new BIGINT, edited BIGINT, gone BIGINT,
    dropped BIGINT, drops MAP(VARCHAR, BIGINT),
    gaps STRUCT(since TIMESTAMPTZ, until TIMESTAMPTZ, reason VARCHAR)[],
    requests BIGINT, not_modified BIGINT, throttled_seconds DOUBLE, status VARCHAR, error VARCHAR,
    decisions MAP(VARCHAR, BIGINT), cut_threads BIGINT)[], max_depth := 2)
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
    communities = _communities_of(header)
    values = {
        "source": header.source,
        "communities": json.dumps(communities),
        "cursor": cursor,
        "complete_at": header.harvested_at if complete else None,
        "now": now,
    }
    moved = connection.execute(_MOVE_CURSORS, values).fetchone()
    if not moved or moved[0] < len(communities):
        connection.execute(_FIRST_CURSORS, values)
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


def _communities_of(header: SegmentHeader) -> list[str]:
    """Return the communities that a segment is of."""
    return [count.community for count in header.communities] or [header.community]


def add_to_passes(
    connection: duckdb.DuckDBPyConnection,
    header: SegmentHeader,
    counts: Mapping[str, LoadCounts],
) -> None:
    """Add a segment to the row of its pass over its community, or over each of its communities.

    Until the final segment says how a pass ended, its row says `partial`: so it stands true if no
    final one ever comes. `gone` counts the posts that the pass confirmed as gone, `cut_threads` the
    threads of which less was read than the platform promised.

    Parameters
    ----------
    connection : duckdb.DuckDBPyConnection
        The warehouse, in a transaction.
    header : SegmentHeader
        What the segment says of itself.
    counts : mapping from community to LoadCounts
        What loading the segment changed; communities in which that was nothing may be left out.
    """
    key = {"run_id": header.run_id, "source": header.source, "activity": header.activity}
    these = {**key, "communities": json.dumps(_communities_of(header))}
    so_far = {row[0]: row[1:] for row in connection.execute(_SO_FAR, these).fetchall()}
    rows = [
        _pass_row(own, counts.get(own.community, LoadCounts()), so_far.get(own.community))
        for own in _apart(header)
    ]
    if so_far:
        connection.execute(_FORGET_ROWS, these)
    values = {**key, "evidence": header.evidence, "rows": json.dumps(rows)}
    connection.execute(_KEEP_ROWS, values)


def _apart(header: SegmentHeader) -> list[SegmentHeader]:
    """Return what a segment says of each of its communities."""
    return [
        replace(
            header,
            community=count.community,
            expected=count.expected,
            fetched=count.fetched,
            drops=count.drops,
            communities=(),
        )
        for count in header.communities
    ] or [header]


def _pass_row(
    header: SegmentHeader, counts: LoadCounts, so_far: tuple[Any, ...] | None
) -> dict[str, Any]:
    expected, fetched, new, edited, gone, drops, gaps, decisions, cut, *rest = so_far or _NOTHING
    requests, not_modified, throttled, status, error = rest
    all_drops = Counter(json.loads(drops)) + Counter(header.drops)
    if counts.elsewhere:
        all_drops[HELD_ELSEWHERE] += counts.elsewhere
    all_gaps = json.loads(gaps) + [
        {"since": gap.since.isoformat(), "until": gap.until.isoformat(), "reason": gap.reason}
        for gap in header.gaps
    ]
    return {
        "community": header.community,
        "expected": _sum(expected, header.expected),
        "fetched": fetched + header.fetched,
        "new": new + counts.new,
        "edited": edited + counts.edited,
        "gone": gone + counts.confirmed,
        "dropped": sum(all_drops.values()),
        "drops": all_drops,
        "gaps": all_gaps,
        "requests": requests + header.traffic.requests,
        "not_modified": not_modified + header.traffic.not_modified,
        "throttled_seconds": throttled + header.traffic.throttled_seconds,
        "status": header.status if header.final else status,
        "error": header.error or error,
        "decisions": Counter(json.loads(decisions)) + Counter(header.traffic.decisions),
        "cut_threads": cut + _cut_threads(header),
    }


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
