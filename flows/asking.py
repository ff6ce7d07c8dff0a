"""One reading statement over the controlled release: watched while it runs, and stopped cleanly.

The statement runs in a thread of its own, so that the one that waits can show how far it is and end
it, by Ctrl-C or when its time is over.
"""

import re
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import duckdb
import pyarrow as pa

Watch = Callable[[float | None], None]
"""Is told ten times a second how far a query is: a share from 0 to 1, or None where unknown."""

_TICK = 0.1
_READING = (duckdb.StatementType.SELECT, duckdb.StatementType.EXPLAIN)
_KIND = re.compile(r"^[A-Z][A-Za-z -]* Error: ")
_PLACE = re.compile(r"\n\nLINE \d+:.*", re.DOTALL)
_UNKNOWN = (duckdb.CatalogException, duckdb.BinderException)
_WHERE_TO_LOOK = "SHOW TABLES lists the tables, and DESCRIBE posts the columns of one."
_ALONE = "a query reads the release alone, and no other file, setting or network"


_INTERRUPTED = "Query interrupted"


class QueryRefused(ValueError):
    """A query is not one that reads, or the database cannot make sense of it."""

    exit_code = 2


class QueryStopped(Exception):
    """A query was ended before it had its answer."""

    exit_code = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The first rows of a query's answer, and whether there were more."""

    rows: pa.Table
    cut: bool


def ask(
    connection: duckdb.DuckDBPyConnection,
    query: str,
    *,
    limit: int,
    seconds: float | None = None,
    watched: AbstractContextManager[Watch] | None = None,
) -> Answer:
    """Run one reading statement and return at most `limit` rows.

    Parameters
    ----------
    limit : int
        Most rows; no more are computed than are needed for them.
    seconds : float, optional
        How long it may take; without, as long as it wants.
    watched : context manager, optional
        Gives what is told how far the query is; left before the answer is returned.

    Raises
    ------
    QueryRefused
        If it is not one statement that reads, or cannot be run; the message has the database's own
        hints.
    QueryStopped
        If it was stopped from the keyboard, or its time was over. The connection can be used again.
    """
    try:
        statement = _reading(connection, query)
        with ThreadPoolExecutor(max_workers=1) as pool, watched or nullcontext(_unwatched) as watch:
            running = pool.submit(_first_rows, connection, statement, limit)
            try:
                _await(running, connection, watch=watch, seconds=seconds)
            except KeyboardInterrupt:
                raise QueryStopped("the query was stopped; it has changed nothing") from None
            finally:
                _end(running, connection)
            return running.result()
    except duckdb.Error as error:
        raise QueryRefused(_sentence(error)) from None


def was_interrupted(error: BaseException) -> bool:
    """Return whether Ctrl-C is the reason; DuckDB says so of its own work by a RuntimeError."""
    if isinstance(error, RuntimeError):
        return str(error) == _INTERRUPTED
    return isinstance(error, KeyboardInterrupt)


def _reading(connection: duckdb.DuckDBPyConnection, query: str) -> str:
    statements = connection.extract_statements(query)
    if len(statements) != 1 or statements[0].type not in _READING:
        raise QueryRefused("write one SELECT statement: the release can only be read")
    return statements[0].query


def _first_rows(connection: duckdb.DuckDBPyConnection, statement: str, limit: int) -> Answer:
    table = connection.sql(statement).limit(limit + 1).to_arrow_table()
    table = table.rename_columns(_distinct(table.column_names))
    return Answer(rows=table.slice(0, limit), cut=table.num_rows > limit)


def _await(
    running: Future[Answer],
    connection: duckdb.DuckDBPyConnection,
    *,
    watch: Watch,
    seconds: float | None,
) -> None:
    began = time.monotonic()
    while not wait([running], timeout=_TICK).done:
        if seconds is not None and time.monotonic() - began >= seconds:
            raise QueryStopped(
                f"the query was stopped after {seconds:g} seconds; narrow it, or allow more with"
                " --timeout"
            )
        percent = connection.query_progress()
        watch(percent / 100 if percent >= 0 else None)


def _end(running: Future[Answer], connection: duckdb.DuckDBPyConnection) -> None:
    """Interrupt what still runs, again until it has heard it: it may only be about to begin."""
    while not running.done():
        connection.interrupt()
        wait([running], timeout=_TICK)


def _unwatched(done: float | None) -> None:
    del done


def _sentence(error: duckdb.Error) -> str:
    """Return the database's message on one line, without its place in the query, with advice."""
    if isinstance(error, duckdb.OutOfMemoryException):
        return (
            "the query needs more memory than it may take; read fewer posts (WHERE) or columns, or"
            " sum up (GROUP BY) before you sort"
        )
    said = " ".join(_KIND.sub("", _PLACE.sub("", str(error).strip())).split())
    said = "".join(sign for sign in said if sign.isprintable())  # it may quote a post
    said = said.replace("bindings: : ", "bindings: ")
    if isinstance(error, duckdb.PermissionException):
        return f"{said}: {_ALONE}"
    if isinstance(error, _UNKNOWN):
        return f"{said}{'' if said.endswith(('.', '!', '?')) else '.'} {_WHERE_TO_LOOK}"
    return said


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
