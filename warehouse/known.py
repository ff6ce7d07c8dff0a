"""What the database knows of a community, for the files that harvests read."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.rechecks import RecheckPolicy, due_posts
from warehouse.records import Known, KnownThread, Validator
from warehouse.state import remove_known, write_due, write_known

# An archive has no site that a harvest could ask, and may be of thousands of communities.
_IS_STALE = (
    "NOT state_written AND source NOT IN (SELECT source FROM sources WHERE platform = 'archive')"
)
_OF_ARCHIVES = """
SELECT source, community FROM cursors JOIN sources USING (source)
WHERE NOT state_written AND platform = 'archive'
"""
_STALE = f"""
SELECT source, community, cursor, last_complete_at FROM cursors WHERE {_IS_STALE}
ORDER BY source, community
"""

# The newest post of a thread is among the few that were created when its last post was.
_THREADS = f"""
SELECT threads.source, threads.community, thread_locators.native_thread_id,
       max_by(native_id, post_id), last_post_at, n_posts, expected
FROM threads
JOIN thread_locators USING (thread_id)
JOIN posts ON posts.thread_id = threads.thread_id AND posts.created_at = threads.last_post_at
JOIN locators USING (post_id)
WHERE last_post_at >= $since AND (threads.source, threads.community) IN (
    SELECT (source, community) FROM cursors WHERE {_IS_STALE})
GROUP BY ALL ORDER BY last_post_at, native_thread_id
"""

_VALIDATORS = f"""
SELECT source, community, address, etag, last_modified, trusted FROM validators
WHERE (source, community) IN (SELECT (source, community) FROM cursors WHERE {_IS_STALE})
ORDER BY address
"""

# An import has no site to ask again.
_RECHECKED = """
SELECT DISTINCT source FROM cursors WHERE NOT state_written AND source IN (
    SELECT source FROM harvests WHERE activity <> 'import')
ORDER BY source
"""


@dataclass
class _Parts:
    cursor: Mapping[str, Any]
    last_complete_at: datetime | None
    threads: dict[str, KnownThread] = field(default_factory=dict)
    validators: dict[str, Validator] = field(default_factory=dict)


def write_stale_state(
    connection: duckdb.DuckDBPyConnection, state: Path, *, policy: RecheckPolicy, now: datetime
) -> None:
    """Write the files of every community that changed since they were written.

    What is stale stands in the database, so a process that ended in between leaves nothing out.
    """
    connection.execute(
        "DELETE FROM validators WHERE updated_at < $since",
        {"since": now - timedelta(days=policy.known_days)},
    )
    for (source, community), parts in _stale_parts(connection, policy=policy, now=now).items():
        known = Known(
            cursor=parts.cursor,
            threads=parts.threads,
            validators=parts.validators,
            last_complete_at=parts.last_complete_at,
        )
        write_known(state, source, community, known)
    for source, community in connection.execute(_OF_ARCHIVES).fetchall():
        remove_known(state, source, community)  # from when it was no archive
    sources = [source for (source,) in connection.execute(_RECHECKED).fetchall()]
    if sources:
        _write_due(state, due_posts(connection, sources=sources, policy=policy, now=now), sources)
    connection.execute("UPDATE cursors SET state_written = true WHERE NOT state_written")


def _stale_parts(
    connection: duckdb.DuckDBPyConnection, *, policy: RecheckPolicy, now: datetime
) -> dict[tuple[str, str], _Parts]:
    stale = {
        (source, community): _Parts(json.loads(cursor), last_complete_at)
        for source, community, cursor, last_complete_at in connection.execute(_STALE).fetchall()
    }
    if not stale:
        return stale
    since = now - timedelta(days=policy.known_days)
    threads = connection.execute(_THREADS, {"since": since}).fetchall()
    for source, community, native_thread_id, last, at, n_posts, expected in threads:
        stale[source, community].threads[native_thread_id] = KnownThread(
            last_native_id=last, last_post_at=at, n_posts=n_posts, expected=expected
        )
    validators = connection.execute(_VALIDATORS).fetchall()
    for source, community, address, etag, last_modified, trusted in validators:
        stale[source, community].validators[address] = Validator(
            etag=etag, last_modified=last_modified, trusted=trusted
        )
    return stale


def _write_due(state: Path, due: pa.Table, sources: list[str]) -> None:
    for source in sources:
        write_due(state, source, due.filter(pc.field("source") == source))
