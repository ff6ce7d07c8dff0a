"""What researchers may read: the controlled release, opened so that a query can only read it.

The working database is never opened here: a reader would stop the night's writer.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from warehouse.errors import clear_errors
from warehouse.home import Home

DATABASE_NAME = "discourse.duckdb"
_BATCH_ROWS = 1000
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_SEALED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",  # no file beside the release, neither read nor written
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
}
_RUNS = """
    SELECT r.run_id, r.flow, r.started_at, r.finished_at, r.status,
           coalesce(sum(h.new), 0)::BIGINT AS new,
           coalesce(sum(h.edited), 0)::BIGINT AS edited,
           coalesce(sum(h.gone), 0)::BIGINT AS gone,
           coalesce(sum(h.requests), 0)::BIGINT AS requests,
           r.error
    FROM runs r LEFT JOIN harvests h USING (run_id)
    GROUP BY ALL ORDER BY r.started_at DESC, r.run_id DESC LIMIT $nights
"""
_SOURCES = """
    WITH last_read AS (SELECT max(run_id) AS run_id FROM harvests),
    days AS (
        SELECT source, max(day) AS last_complete_day
        FROM coverage WHERE status = 'complete' GROUP BY source
    )
    SELECT h.source, h.activity, count(*) AS communities,
           sum(h.fetched)::BIGINT AS fetched, sum(h.new)::BIGINT AS new,
           sum(h.edited)::BIGINT AS edited, sum(h.gone)::BIGINT AS gone,
           sum(h.dropped)::BIGINT AS dropped, sum(h.requests)::BIGINT AS requests,
           round(sum(h.throttled_seconds), 1) AS throttled_seconds,
           max_by(h.status, list_position(['complete', 'partial', 'blocked', 'failed'], h.status))
               AS status,
           any_value(d.last_complete_day) AS last_complete_day,
           string_agg(DISTINCT h.error, '; ' ORDER BY h.error) AS error
    FROM harvests h SEMI JOIN last_read USING (run_id) LEFT JOIN days d USING (source)
    GROUP BY h.source, h.activity ORDER BY h.source, h.activity
"""


class NotReleased(Exception):
    """There is no controlled release yet."""


class QueryRefused(ValueError):
    """A query is not one that reads, or the database cannot make sense of it."""

    exit_code = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The first rows of a query's answer, and whether there were more."""

    rows: pa.Table
    cut: bool


@contextmanager
def open_released(home: Home) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the study's controlled release for reading alone.

    Raises
    ------
    NotReleased
        If nothing was published yet.
    WarehouseError
        If the file cannot be opened.
    """
    path = home.controlled / DATABASE_NAME
    if not path.is_file():
        raise NotReleased(
            f"there is no controlled release at {path} yet; 'valuetalk nightly' publishes one"
        )
    with clear_errors(path):
        connection = duckdb.connect(path, read_only=True, config=_SEALED)
    try:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET lock_configuration = true")
        yield connection
    finally:
        connection.close()


def ask(connection: duckdb.DuckDBPyConnection, query: str, *, limit: int) -> Answer:
    """Run one reading statement and return at most `limit` rows.

    Raises
    ------
    QueryRefused
        If it is not one statement that reads, or cannot be run; the message is the database's.
    """
    try:
        statements = connection.extract_statements(query)
        if len(statements) != 1 or statements[0].type not in _READING:
            raise QueryRefused("write one SELECT statement: the release can only be read")
        reader = connection.execute(statements[0]).to_arrow_reader(_BATCH_ROWS)
        return _first_rows(reader, limit)
    except duckdb.Error as error:
        raise QueryRefused(str(error).strip()) from None


def recent_runs(connection: duckdb.DuckDBPyConnection, *, nights: int) -> pa.Table:
    """Return the last runs, newest first, with the sums of what they did."""
    return connection.execute(_RUNS, {"nights": nights}).to_arrow_table()


def last_harvests(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return what the last harvesting run did, a row a source and activity, worst status shown."""
    return connection.execute(_SOURCES).to_arrow_table()


def _first_rows(reader: pa.RecordBatchReader, limit: int) -> Answer:
    batches: list[pa.RecordBatch] = []
    held = 0
    for batch in reader:
        batches.append(batch)
        held += batch.num_rows
        if held > limit:
            break
    table = pa.Table.from_batches(batches, schema=reader.schema)
    table = table.rename_columns(_distinct(table.column_names))
    return Answer(rows=table.slice(0, limit), cut=table.num_rows > limit)


def _distinct(names: list[str]) -> list[str]:
    """Return column names of which no two are equal: a, a becomes a, a_2."""
    distinct: list[str] = []
    for name in names:
        candidate, number = name, 1
        while candidate in distinct:
            number += 1
            candidate = f"{name}_{number}"
        distinct.append(candidate)
    return distinct
