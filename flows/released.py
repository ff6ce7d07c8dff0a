"""What researchers may read: the controlled release, opened so that a query can only read it.

The working database is never opened here: a reader would stop the night's writer.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pyarrow as pa

from warehouse.errors import clear_errors
from warehouse.home import Home

DATABASE_NAME = "discourse.duckdb"
_MEMORY = re.compile(r"([\d.]+) (\w+)")
_SEALED: dict[str, str | bool | int | float | list[str]] = {
    "enable_external_access": "false",  # no file beside the release, neither read nor written
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "python_enable_replacements": "false",  # a table name never means a Python variable
    "temp_directory": "",  # rows put out of memory would be texts on the disk that nobody erases
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
    connection = connect_released(home.controlled / DATABASE_NAME)
    try:
        yield connection
    finally:
        connection.close()


def connect_released(path: Path) -> duckdb.DuckDBPyConnection:
    """Return a connection to the database of a release; raises what `open_released` does."""
    if not path.is_file():
        raise NotReleased(
            f"there is no controlled release at {path} yet; 'valuetalk nightly' publishes one"
        )
    with clear_errors(path):
        connection = duckdb.connect(path, read_only=True, config=_SEALED)
    if not _is_locked(connection):  # which it is where this process has the file open already
        connection.execute("SET GLOBAL TimeZone = 'UTC'")
        _halve_memory(connection)
        _count_progress(connection)
        connection.execute("SET lock_configuration = true")
    return connection


def recent_runs(connection: duckdb.DuckDBPyConnection, *, nights: int) -> pa.Table:
    """Return the last runs, newest first, with the sums of what they did."""
    return connection.execute(_RUNS, {"nights": nights}).to_arrow_table()


def last_harvests(connection: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return what the last harvesting run did, a row a source and activity, worst status shown."""
    return connection.execute(_SOURCES).to_arrow_table()


def _is_locked(connection: duckdb.DuckDBPyConnection) -> bool:
    row = connection.execute("SELECT current_setting('lock_configuration')").fetchone()
    return bool(row and row[0])


def _halve_memory(connection: duckdb.DuckDBPyConnection) -> None:
    """Let a query take half of what DuckDB would: it may run beside a night."""
    row = connection.execute("SELECT current_setting('memory_limit')").fetchone()
    if row and (said := _MEMORY.fullmatch(row[0])):
        connection.execute(f"SET memory_limit = '{float(said[1]) / 2}{said[2]}'")


def _count_progress(connection: duckdb.DuckDBPyConnection) -> None:
    connection.execute("SET enable_progress_bar = true")
    connection.execute("SET enable_progress_bar_print = false")
