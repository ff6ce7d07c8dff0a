"""The runs of `token_places`: what a batch brings, and how small runs become large ones.

A log-structured merge tree (O'Neil et al. 1996): each batch is one more run in order of word and
position, and the latest runs are joined where twelve or more are of like size. So a token is
written anew a few times in its life, and a word is found in a few dozen places however long the
nights have gone on. Very large runs are left alone. The positions of a run are an interval, and
those of different runs never meet.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

IntegerArray = NDArray[np.int64] | NDArray[np.int32]

MERGED_AT = 12
"""How many runs of like size are joined into one."""

_SMALLEST = 65_536
_LARGEST = 32_000_000
"""Tokens from which on a run is left as it is: what a merge may cost in one night is bounded, and a
word is looked up in one place more for each of these."""

_SHIFT = np.uint64(32)

Run = tuple[int, int, int]
"""Number, first position, and the position behind the last."""

_RUNS = "SELECT run, first_g, next_g FROM token_runs ORDER BY first_g"
_JOIN = """
INSERT INTO token_places
SELECT $run, word_id, g FROM token_places
ANTI JOIN (SELECT g FROM dead_tokens WHERE g >= $first_g AND g < $next_g) USING (g)
WHERE run IN (SELECT unnest($joined::INTEGER[]))
ORDER BY word_id, g
"""
_FORGET_DEAD = "DELETE FROM dead_tokens WHERE g >= $first_g AND g < $next_g"


def add_run(connection: duckdb.DuckDBPyConnection, word_ids: IntegerArray, *, first_g: int) -> None:
    """Enter the places of tokens that stand at `first_g` and the positions behind it.

    Parameters
    ----------
    word_ids : (n,) integers
        The words in reading order.
    """
    row = connection.execute("SELECT coalesce(max(run), 0) + 1 FROM token_runs").fetchone()
    run = int(row[0]) if row else 1
    # One number a token, whose order is that of word and position: sorted three times as fast.
    keys = (word_ids.astype(np.uint64) << _SHIFT) | np.arange(len(word_ids), dtype=np.uint64)
    keys.sort()
    places = {
        "word_id": (keys >> _SHIFT).astype(np.int32),
        "g": (keys & (2**_SHIFT - np.uint64(1))).astype(np.int64) + first_g,
    }
    connection.register("run_places", pa.table(places))
    connection.execute(f"INSERT INTO token_places SELECT {run}, word_id, g FROM run_places")
    connection.unregister("run_places")
    connection.execute(
        "INSERT INTO token_runs VALUES (?, ?, ?)", [run, first_g, first_g + len(word_ids)]
    )


def merge_runs(connection: duckdb.DuckDBPyConnection) -> int:
    """Join the latest runs where twelve or more are of like size; return how many were joined.

    Each merge is a transaction of its own, and drops the positions of superseded texts.
    """
    joined = 0
    while runs := _due_for_merging(connection.execute(_RUNS).fetchall()):
        with transaction(connection):
            join_runs(connection, runs)
        joined += len(runs)
    return joined


def _due_for_merging(runs: list[Run]) -> list[Run]:
    """Return the latest runs, oldest first, that are to become one; none where that can wait."""
    sizes = [next_g - first_g for _, first_g, next_g in runs]
    settled = max((n for n, size in enumerate(sizes, 1) if size >= _LARGEST), default=0)
    runs = runs[settled:]
    levels = [_level(size) for size in sizes[settled:]]
    for level in sorted(set(levels)):
        tail = len(runs)
        while tail and levels[tail - 1] <= level:
            tail -= 1
        if len(runs) - tail >= MERGED_AT:
            return runs[tail:]
    return []


def _level(n_tokens: int) -> int:
    """Return the size class of a run: each is twelve times as large as the one before."""
    level, size = 0, _SMALLEST
    while n_tokens >= size:
        level, size = level + 1, size * MERGED_AT
    return level


def join_runs(connection: duckdb.DuckDBPyConnection, runs: Sequence[Run]) -> None:
    """Make one run of some that follow each other, without positions of superseded texts.

    Parameters
    ----------
    runs : sequence of (run, first_g, next_g)
        In the order of their positions; the caller begins and commits.
    """
    joined = [run for run, _, _ in runs]
    interval = {"first_g": runs[0][1], "next_g": runs[-1][2]}
    new = max(joined) + 1
    connection.execute(_JOIN, {"run": new, "joined": joined, **interval})
    for table in ("token_places", "token_runs"):
        connection.execute(
            f"DELETE FROM {table} WHERE run IN (SELECT unnest($joined))", {"joined": joined}
        )
    connection.execute(_FORGET_DEAD, interval)
    connection.execute(
        "INSERT INTO token_runs VALUES ($run, $first_g, $next_g)", {"run": new, **interval}
    )


@contextmanager
def transaction(connection: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Do everything inside or nothing of it."""
    connection.begin()
    try:
        yield
    except BaseException:
        connection.rollback()
        raise
    connection.commit()
