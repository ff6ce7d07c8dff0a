"""Loading one segment: rows, cursor, counts, coverage and ledger, all in the caller's transaction.

Rows of one post are judged in time order, one turn after the other; each turn is a handful of
statements over sets. The usual segment holds every post once and takes one turn.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from warehouse import loading_sql as sql
from warehouse.coverage import update_coverage
from warehouse.harvest_log import add_to_passes, move_cursor, note_harvest
from warehouse.landing import Segment
from warehouse.protection.withdrawal import TOUCHED, recount_threads, withdraw
from warehouse.rechecks import RecheckPolicy
from warehouse.records import LoadCounts, SegmentHeader

_SMALL_SEGMENT = 2_000  # rows


@dataclass(frozen=True, slots=True)
class _Tally:
    """How many rows of one turn got which verdict, and what else must be done for them."""

    new: int
    edited: int
    unchanged: int
    present: int
    missed: int
    confirmed: int
    unknown: int
    elsewhere: int
    rederived: int
    disowned: int
    returned: int
    held: int

    def as_counts(self) -> LoadCounts:
        """Return the verdicts."""
        return LoadCounts(
            new=self.new,
            edited=self.edited,
            unchanged=self.unchanged,
            present=self.present,
            missed=self.missed,
            confirmed=self.confirmed,
            unknown=self.unknown,
            elsewhere=self.elsewhere,
        )


@contextmanager
def threads_for(connection: duckdb.DuckDBPyConnection, segment: Segment) -> Iterator[None]:
    """Load a small segment in one thread: waking a second one costs more than it helps."""
    if segment.rows.num_rows > _SMALL_SEGMENT:
        yield
        return
    connection.execute("SET threads = 1")
    try:
        yield
    finally:
        with suppress(duckdb.Error):  # the failure itself may have ended the connection
            connection.execute("RESET threads")


def load_segment(
    connection: duckdb.DuckDBPyConnection, segment: Segment, *, policy: RecheckPolicy, now: datetime
) -> LoadCounts:
    """Apply a segment that was not loaded before; the caller begins and commits.

    What the erasure list refuses must have been left out of it. A sighting of a post that is not
    held counts as `unknown`, and so does one that says a post is gone though it was seen later; an
    edited sighting counts as `present` beside its post's row.
    """
    header = segment.header
    connection.execute(TOUCHED)
    each: dict[str, LoadCounts] = {}
    counts = _apply_rows(connection, segment, policy=policy, now=now, each=each)
    _note_promises(connection, header)
    update_coverage(connection, header)
    add_to_passes(connection, header, each or {header.community: counts})
    move_cursor(connection, header, now=now)
    note_harvest(connection, header)
    return counts


def _note_promises(connection: duckdb.DuckDBPyConnection, header: SegmentHeader) -> None:
    promised = {t.native_thread_id: t.expected for t in header.threads if t.expected is not None}
    if promised:
        values = {
            "source": header.source,
            "ids": list(promised),
            "counts": list(promised.values()),
        }
        connection.execute(sql.PROMISED, values)


def _apply_rows(
    connection: duckdb.DuckDBPyConnection,
    segment: Segment,
    *,
    policy: RecheckPolicy,
    now: datetime,
    each: dict[str, LoadCounts],
) -> LoadCounts:
    """Apply the rows, and of a segment of several communities tell the counts of `each`."""
    rows = segment.rows
    n_landed = rows.num_rows
    rows = rows.filter(pc.field("outcome").is_null() | (pc.field("outcome") != "edited"))
    counts = LoadCounts(present=n_landed - rows.num_rows)
    if rows.num_rows == 0:
        return counts
    turns = _turns(rows)
    rows = rows.append_column("line", pa.array(np.arange(rows.num_rows)))
    connection.register("segment", rows.append_column("turn", pa.array(turns)))
    connection.execute(sql.LAND)
    connection.unregister("segment")
    for turn in range(1, int(turns.max()) + 1):
        counts = counts.plus(_apply_turn(connection, turn=turn, policy=policy, now=now))
        if segment.header.communities:
            _count_each(connection, each)
    recount_threads(connection, shrunk=counts.confirmed > 0)
    return counts


def _turns(rows: pa.Table) -> np.ndarray[tuple[int], np.dtype[np.int32]]:
    """Return for each row which of its post's rows it is in time order, from 1."""
    turns = np.ones(rows.num_rows, dtype=np.int32)
    ids: list[Any] = rows.column("native_id").to_pylist()
    if len(set(ids)) == len(ids):
        return turns
    times = rows.column("harvested_at").cast(pa.int64()).to_numpy()
    so_far: Counter[str] = Counter()
    for line in np.argsort(times, kind="stable"):
        so_far[ids[line]] += 1
        turns[line] = so_far[ids[line]]
    return turns


def _apply_turn(
    connection: duckdb.DuckDBPyConnection, *, turn: int, policy: RecheckPolicy, now: datetime
) -> LoadCounts:
    connection.execute(sql.JUDGE, {"turn": turn, "confirm_after": policy.confirm_after})
    tally = _Tally(*_row(connection.execute(sql.TALLY)))
    if tally.new:
        _insert_new(connection, tally.new)
    if tally.edited or tally.rederived or tally.disowned:
        connection.execute(sql.REPLACED)
        connection.execute(sql.REPLACE)
    if tally.edited:
        connection.execute(sql.SUPERSEDE)
    if tally.held:
        connection.execute(sql.CHECK)
    if tally.missed or tally.returned:
        connection.execute(sql.MISS)
    if tally.confirmed:
        connection.execute(sql.CONFIRM)
        withdraw(connection)
    if tally.disowned:
        connection.execute(sql.ASK_COPY, {"now": now})
    return tally.as_counts()


def _count_each(connection: duckdb.DuckDBPyConnection, each: dict[str, LoadCounts]) -> None:
    for community, new, edited, unchanged, elsewhere in connection.execute(
        sql.TALLY_EACH
    ).fetchall():
        counts = LoadCounts(new=new, edited=edited, unchanged=unchanged, elsewhere=elsewhere)
        each[community] = each.get(community, LoadCounts()).plus(counts)


def _insert_new(connection: duckdb.DuckDBPyConnection, n_new: int) -> None:
    n_threads = _row(connection.execute(sql.FRESH_THREADS))[0]
    if n_threads:
        first = _row(connection.execute(sql.RESERVE_THREADS, {"n": n_threads}))[0]
        connection.execute(sql.LOCATE_THREADS, {"first": first})
    first = _row(connection.execute(sql.RESERVE_POSTS, {"n": n_new}))[0]
    connection.execute(sql.FRESH, {"first": first})
    connection.execute(sql.LOCATE)
    n_answers = _row(connection.execute(sql.ANSWERS))[0]
    connection.execute(sql.INSERT_FRESH)
    connection.execute(sql.CHECK_FRESH)
    connection.execute(sql.FIRST_REVISIONS)
    if _row(connection.execute(sql.LATE_PARENTS))[0]:
        connection.execute(sql.LINK_LATE)
    if n_answers:
        connection.execute(sql.AWAIT_PARENTS)
    connection.execute(sql.TOUCH_FRESH)


def _row(result: duckdb.DuckDBPyConnection) -> tuple[Any, ...]:
    row = result.fetchone()
    assert row is not None  # noqa: S101 # aggregates and inserts always give one row
    return row
