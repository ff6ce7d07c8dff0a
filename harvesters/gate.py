"""The gate that every request of every process of a machine passes: one small SQLite file.

A slot is booked in one transaction before it is waited for, so any number of processes keep one
host's spacing together; what a host asked of one of them (Retry-After) holds all of them back.
"""

import fcntl
import hashlib
import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Self

from harvesters.base import RateLimited, Unavailable
from warehouse.records import Clock

DEFAULT_SPACING = 1.0  # seconds between two requests to one host
DAILY_BUDGET = 5_000  # requests a host a day (UTC)
FAILURES_TO_OPEN = 5  # consecutive failures after which a host is left alone
OPEN_SECONDS = 600.0
BUSY_SECONDS = 30.0

_SCHEMA = """
CREATE TABLE IF NOT EXISTS hosts (
    host TEXT PRIMARY KEY,
    next_at REAL NOT NULL DEFAULT 0,
    held_until REAL NOT NULL DEFAULT 0,
    day INTEGER NOT NULL DEFAULT 0,
    used INTEGER NOT NULL DEFAULT 0,
    failures INTEGER NOT NULL DEFAULT 0,
    open_until REAL NOT NULL DEFAULT 0
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS robots (
    origin TEXT PRIMARY KEY,
    fetched_at REAL NOT NULL,
    expires_at REAL NOT NULL,
    status INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    body TEXT NOT NULL
) WITHOUT ROWID;
"""
_READ = "SELECT next_at, held_until, day, used, failures, open_until FROM hosts WHERE host = ?"
_BOOK = """
INSERT INTO hosts (host, next_at, day, used) VALUES (:host, :next_at, :day, :used)
ON CONFLICT (host) DO UPDATE SET next_at = :next_at, day = :day, used = :used
"""
_LATER = "UPDATE hosts SET next_at = max(next_at, :next_at) WHERE host = :host"
_HOLD = """
INSERT INTO hosts (host, held_until) VALUES (:host, :until)
ON CONFLICT (host) DO UPDATE SET held_until = max(held_until, :until)
"""
_FAIL = """
INSERT INTO hosts (host, failures) VALUES (:host, 1)
ON CONFLICT (host) DO UPDATE SET
    failures = failures + 1,
    open_until = CASE WHEN failures + 1 >= :limit THEN :until ELSE open_until END
"""


@dataclass(frozen=True, slots=True)
class RobotsCopy:
    """One origin's robots.txt as it was read; `status` 0 stands for no answer at all."""

    status: int
    body: str
    sha256: str
    fetched_at: datetime
    expires_at: datetime


class HostGate:
    """Books request slots, remembers robots.txt, budgets and failures of each host.

    Parameters
    ----------
    path : Path
        The SQLite file; made, mode 0600, when absent.
    clock : Clock
        Tells what is now; the gate itself never waits.
    spacing : float
        Least seconds between two requests to one host.
    daily_budget : int
        Most requests to one host in one day (UTC).
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        spacing: float = DEFAULT_SPACING,
        daily_budget: int = DAILY_BUDGET,
    ) -> None:
        self.spacing = spacing
        self.daily_budget = daily_budget
        self._clock = clock
        self._lock = threading.Lock()
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.touch(mode=0o600)
        self._folder = path.parent
        with _alone_in(path.parent):
            self._database = _open(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def reserve(self, host: str, spacing: float | None = None) -> float:
        """Book the next slot of `host` (`name:port`) and return the seconds until it.

        `spacing` widens the gate's own, never narrows it.

        Raises
        ------
        RateLimited
            If the host's budget of today is used up.
        Unavailable
            If the host failed so often in a row that it is left alone for a while.
        """
        gap = max(self.spacing, spacing or 0.0)
        now = self._clock.now().timestamp()
        today = int(now // 86_400)
        with self._lock, _Transaction(self._database):
            row = self._database.execute(_READ, (host,)).fetchone()
            next_at, held_until, day, used, failures, open_until = row or (0.0, 0.0, 0, 0, 0, 0.0)
            used = used if day == today else 0
            if open_until > now:
                raise Unavailable(
                    f"{host} failed {failures} times in a row and is left alone until "
                    f"{_hour(open_until)}; run again after that"
                )
            if used >= self.daily_budget:
                raise RateLimited(
                    f"today's {self.daily_budget} requests to {host} are used up; the next night "
                    "goes on from the cursor, or raise [harvest] requests_a_day with the host's "
                    "consent"
                )
            slot = max(now, next_at, held_until)
            self._database.execute(
                _BOOK, {"host": host, "next_at": slot + gap, "day": today, "used": used + 1}
            )
        return float(slot - now)

    def woken(self, host: str, spacing: float | None = None) -> None:
        """Keep the spacing from now on, where a wait ended later than the booked slot."""
        gap = max(self.spacing, spacing or 0.0)
        next_at = self._clock.now().timestamp() + gap
        self._write(_LATER, {"host": host, "next_at": next_at})

    def push_back(self, host: str, until: datetime) -> None:
        """Hold back every process's next request to `host` until then."""
        self._write(_HOLD, {"host": host, "until": until.timestamp()})

    def held_for(self, host: str) -> float:
        """Return for how many more seconds `host` is pushed back."""
        with self._lock:
            row = self._database.execute(_READ, (host,)).fetchone()
        return max(0.0, row[1] - self._clock.now().timestamp()) if row else 0.0

    def failed(self, host: str) -> None:
        """Note that `host` gave no useful answer; after five in a row it is left alone."""
        until = self._clock.now().timestamp() + OPEN_SECONDS
        self._write(_FAIL, {"host": host, "until": until, "limit": FAILURES_TO_OPEN})

    def answered(self, host: str) -> None:
        """Note that `host` answered; its failures are forgotten."""
        self._write(
            "UPDATE hosts SET failures = 0, open_until = 0 WHERE host = :host AND failures > 0",
            {"host": host},
        )

    @contextmanager
    def alone(self, host: str) -> Iterator[None]:
        """Let one process of the machine at a time ask `host` what must not be asked twice at once.

        A lock of the system, which ends with the process that holds it.
        """
        digest = hashlib.sha256(host.encode()).hexdigest()[:16]
        descriptor = os.open(self._folder / f"alone-{digest}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def robots(self, origin: str) -> RobotsCopy | None:
        """Return the copy of an origin's robots.txt, unless there is none or it is too old."""
        with self._lock:
            row = self._database.execute(
                "SELECT status, body, sha256, fetched_at, expires_at FROM robots "
                "WHERE origin = ? AND expires_at > ?",
                (origin, self._clock.now().timestamp()),
            ).fetchone()
        if row is None:
            return None
        status, body, sha256, fetched_at, expires_at = row
        return RobotsCopy(status, body, sha256, _moment(fetched_at), _moment(expires_at))

    def keep_robots(self, origin: str, *, status: int, body: str, hours: float) -> RobotsCopy:
        """Store an origin's robots.txt for so many hours, with its hash."""
        now = self._clock.now()
        copy = RobotsCopy(
            status=status,
            body=body,
            sha256=hashlib.sha256(body.encode("utf-8", "replace")).hexdigest(),
            fetched_at=now,
            expires_at=now + timedelta(hours=hours),
        )
        self._write(
            "INSERT OR REPLACE INTO robots VALUES "
            "(:origin, :fetched_at, :expires_at, :status, :sha256, :body)",
            {
                "origin": origin,
                "fetched_at": copy.fetched_at.timestamp(),
                "expires_at": copy.expires_at.timestamp(),
                "status": status,
                "sha256": copy.sha256,
                "body": body,
            },
        )
        return copy

    def _write(self, statement: str, values: dict[str, str | int | float]) -> None:
        with self._lock:
            self._database.execute(statement, values)


def _open(path: Path) -> sqlite3.Connection:
    database = sqlite3.connect(
        path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = OFF")  # a slot lost in a crash costs a second, no post
    database.executescript(_SCHEMA)
    return database


@contextmanager
def _alone_in(folder: Path) -> Iterator[None]:
    """Hold the folder's lock: turning to WAL fails where two processes do it at once."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


class _Transaction:
    """A write transaction that takes its lock at once, so that nothing is read stale."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _hour(seconds: float) -> str:
    return _moment(seconds).strftime("%H:%M UTC")
