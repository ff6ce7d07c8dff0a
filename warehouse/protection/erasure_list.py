"""The list of what must never come back: keyed hashes of erased posts, threads and authors.

A post or thread is remembered by `KeyRing.erasure_hash(kind, source, native id)`, an author by the
author key itself, which moves on with the keys when these are rotated. Opt-outs of authors and
threads are kept the same way and refuse the same rows. Both lists also lie under `state/`, so that
a database restored from an older backup still refuses what was erased after it.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import duckdb
import pyarrow as pa

from warehouse.errors import StateError
from warehouse.home import write_private
from warehouse.protection.keys import KeyRing

ErasedKind = Literal["post", "thread", "author"]
LISTS: Final = ("erasures", "optouts")


def hash_of(keys: KeyRing, kind: ErasedKind, *parts: str) -> str:
    """Return what the list holds for `post`, `thread` (source, native id) or `author` (its key)."""
    return parts[0] if kind == "author" else keys.erasure_hash(kind, *parts)


@dataclass(frozen=True, slots=True)
class ErasureList:
    """What is refused, by kind."""

    posts: frozenset[str]
    threads: frozenset[str]
    authors: frozenset[str]

    @classmethod
    def read(cls, connection: duckdb.DuckDBPyConnection) -> "ErasureList":
        """Read erasures and opt-outs from the database."""
        rows = connection.execute(
            "SELECT kind, hash FROM erasures UNION ALL SELECT kind, hash FROM optouts"
        ).fetchall()
        posts, threads, authors = (
            frozenset(hash_ for kind, hash_ in rows if kind == wanted)
            for wanted in ("post", "thread", "author")
        )
        return cls(posts=posts, threads=threads, authors=authors)

    def refused(self, rows: pa.Table, keys: KeyRing) -> list[bool]:
        """Return for each row of a segment, or of locators with authors, whether it is listed.

        Parameters
        ----------
        rows : pa.Table
            Columns source, native_id, native_thread_id and author_key; null ids match nothing.
        keys : KeyRing
            The study's keys.
        """
        if not (self.posts or self.threads or self.authors):
            return [False] * rows.num_rows
        sources: list[Any] = rows.column("source").to_pylist()
        by_author = [author in self.authors for author in rows.column("author_key").to_pylist()]
        columns = [("post", "native_id", self.posts), ("thread", "native_thread_id", self.threads)]
        listed = by_author
        for kind, column, hashes in columns:
            ids: list[Any] = rows.column(column).to_pylist() if hashes else []
            found = [
                native_id is not None and keys.erasure_hash(kind, source, native_id) in hashes
                for source, native_id in zip(sources, ids, strict=False)
            ]
            listed = [a or b for a, b in zip(listed, found, strict=True)] if hashes else listed
        return listed


def remember(
    connection: duckdb.DuckDBPyConnection, *, kind: ErasedKind, hash_: str, now: datetime
) -> None:
    """Enter what must not come back, once."""
    connection.execute(
        "INSERT INTO erasures SELECT $hash, $kind, $now WHERE NOT EXISTS "
        "(SELECT 1 FROM erasures WHERE hash = $hash AND kind = $kind)",
        {"hash": hash_, "kind": kind, "now": now},
    )


def write_lists(connection: duckdb.DuckDBPyConnection, state: Path) -> None:
    """Write both lists under `state/`, where they are not there as they should be."""
    for name in LISTS:
        rows = connection.execute(
            f"SELECT hash, kind, recorded_at FROM {name} ORDER BY ALL"
        ).fetchall()
        plain = [[hash_, kind, recorded_at.isoformat()] for hash_, kind, recorded_at in rows]
        content = json.dumps(plain, indent=0).encode()
        path = _file(state, name)
        if plain and (not path.is_file() or path.read_bytes() != content):
            write_private(path, content)


def restore_lists(connection: duckdb.DuckDBPyConnection, state: Path) -> int:
    """Enter what the files under `state/` hold and the database does not; return how many rows.

    Raises
    ------
    StateError
        If a file is damaged: loading without it could bring erased posts back.
    """
    return sum(_restore(connection, name, _file(state, name)) for name in LISTS)


def _restore(connection: duckdb.DuckDBPyConnection, name: str, path: Path) -> int:
    if not path.is_file():
        return 0
    try:
        plain: list[Any] = json.loads(path.read_bytes())
        listed = [(hash_, kind, datetime.fromisoformat(at)) for hash_, kind, at in plain]
    except (ValueError, TypeError):
        raise StateError(
            f"{path} is damaged, and without it erased posts could come back; restore that file "
            "from the last backup"
        ) from None
    held = set(connection.execute(f"SELECT hash, kind FROM {name}").fetchall())
    missing = [row for row in listed if row[:2] not in held]
    for row in missing:
        connection.execute(f"INSERT INTO {name} (hash, kind, recorded_at) VALUES (?, ?, ?)", row)
    return len(missing)


def _file(state: Path, name: str) -> Path:
    return state / f"{name}.json"
