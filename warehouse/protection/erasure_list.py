"""The list of what must never come back: keyed hashes of what was erased, and of who opted out.

A post or thread is remembered by `KeyRing.erasure_hash(kind, source, native id)`, a source, a host
and a phrase by the hash of what they are, an author by the author key itself, which moves on with
the keys when these are rotated. Erasures and opt-outs refuse the same rows. Both lists also lie
under `state/`, so that a database restored from an older backup still refuses what was erased after
it; for that alone the list remembers posts that were gone from their platform (`deleted`), too.
"""

import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal, get_args

import duckdb
import pyarrow as pa

from warehouse.errors import StateError
from warehouse.home import write_private
from warehouse.protection.hosts import host_hash, plain_host
from warehouse.protection.keys import KeyRing
from warehouse.protection.phrases import PhraseList, phrase_hash, words_of

ErasedKind = Literal["post", "thread", "author", "source", "host", "phrase"]
Register = Literal["erasures", "optouts"]
LISTS: Final = get_args(Register)
_LISTED = """
SELECT kind, hash, NULL AS n_words, recorded_at FROM erasures WHERE kind <> 'deleted' OR $deleted
UNION ALL SELECT kind, hash, n_words, recorded_at FROM optouts
"""


def hash_of(keys: KeyRing, kind: ErasedKind, *parts: str) -> str:
    """Return what the list holds for a `post` or `thread` (source, native id) and so on.

    An `author` is named by its author key, a `source`, `host` or `phrase` by itself.
    """
    if kind == "author":
        return parts[0]
    if kind == "phrase":
        return phrase_hash(keys, parts[0])
    if kind == "host":
        return keys.erasure_hash("host", plain_host(parts[0]))
    return keys.erasure_hash(kind, *parts)


@dataclass(frozen=True, slots=True)
class ErasureList:
    """What is refused, by kind; `deleted` says when posts were found gone from their platform."""

    posts: frozenset[str] = frozenset()
    threads: frozenset[str] = frozenset()
    authors: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    hosts: frozenset[str] = frozenset()
    phrases: PhraseList = field(default_factory=lambda: PhraseList({}))
    deleted: Mapping[str, datetime] = field(default_factory=dict)

    @classmethod
    def read(
        cls, connection: duckdb.DuckDBPyConnection, *, with_deleted: bool = False
    ) -> "ErasureList":
        """Read erasures and opt-outs; `with_deleted` also what earlier harvests must not revive."""
        rows = connection.execute(_LISTED, {"deleted": with_deleted}).fetchall()
        return cls.of(rows)

    @classmethod
    def of(cls, rows: Collection[tuple[str, str, int | None, datetime]]) -> "ErasureList":
        """Make a list of kind, hash, number of words and moment."""
        posts, threads, authors, sources, hosts = (
            frozenset(hash_ for kind, hash_, _, _ in rows if kind == wanted)
            for wanted in ("post", "thread", "author", "source", "host")
        )
        return cls(
            posts=posts,
            threads=threads,
            authors=authors,
            sources=sources,
            hosts=hosts,
            phrases=PhraseList.of((h, n) for kind, h, n, _ in rows if kind == "phrase" and n),
            deleted={hash_: at for kind, hash_, _, at in rows if kind == "deleted"},
        )

    def has_source(self, keys: KeyRing, source: str) -> bool:
        """Whether a whole source was erased."""
        return bool(self.sources) and hash_of(keys, "source", source) in self.sources

    def refused(self, rows: pa.Table, keys: KeyRing) -> list[bool]:
        """Return for each row of a segment, or of what is held, whether it is listed.

        Parameters
        ----------
        rows : pa.Table
            Columns as in a segment; those that no entry asks for may be missing, and a null
            matches nothing.
        keys : KeyRing
            The study's keys.
        """
        verdicts = [*self._verdicts(rows, keys)]
        if not verdicts:
            return [False] * rows.num_rows
        return [any(of_row) for of_row in zip(*verdicts, strict=True)]

    def _verdicts(self, rows: pa.Table, keys: KeyRing) -> Iterator[list[bool]]:
        if self.authors:
            yield [author in self.authors for author in _values(rows, "author_key")]
        if self.posts:
            yield [hash_ in self.posts for hash_ in _hashes(rows, keys, "post", "native_id")]
        if self.threads:
            ids = _hashes(rows, keys, "thread", "native_thread_id")
            yield [hash_ in self.threads for hash_ in ids]
        if self.sources:
            names = _values(rows, "source")
            gone = {name for name in set(names) if self.has_source(keys, name)}
            yield [name in gone for name in names]
        if self.hosts:
            yield [host in self.hosts for host in _values(rows, "host_key")]
            yield [host_hash(keys, url) in self.hosts for url in _values(rows, "url")]
        if self.phrases:
            texts = zip(*(_values(rows, name) for name in ("title", "text")), strict=True)
            yield [self.phrases.stand_in(keys, *of_row) for of_row in texts]
        if self.deleted:
            ids = _hashes(rows, keys, "post", "native_id")
            pairs = zip(ids, _values(rows, "harvested_at"), strict=True)
            yield [hash_ in self.deleted and at <= self.deleted[hash_] for hash_, at in pairs]


def _values(rows: pa.Table, column: str) -> list[Any]:
    return rows.column(column).to_pylist()


def _hashes(rows: pa.Table, keys: KeyRing, kind: str, column: str) -> list[str]:
    pairs = zip(_values(rows, "source"), _values(rows, column), strict=True)
    return ["" if id_ is None else keys.erasure_hash(kind, source, id_) for source, id_ in pairs]


def remember(
    connection: duckdb.DuckDBPyConnection,
    *,
    kind: str,
    hash_: str,
    now: datetime,
    register: Register = "erasures",
    n_words: int | None = None,
) -> None:
    """Enter what must not come back, once."""
    values = {"hash": hash_, "kind": kind, "now": now}
    extra = {"n_words": n_words} if register == "optouts" else {}
    names, marks = (", n_words", ", $n_words") if extra else ("", "")
    connection.execute(
        f"INSERT INTO {register} (hash, kind, recorded_at{names}) "
        f"SELECT $hash, $kind, $now{marks} WHERE NOT EXISTS "
        f"(SELECT 1 FROM {register} WHERE hash = $hash AND kind = $kind)",
        values | extra,
    )


def n_words_of(kind: ErasedKind, *parts: str) -> int | None:
    """Return how many words a phrase has, which is stored beside its hash; None of other kinds."""
    return len(words_of(parts[0])) if kind == "phrase" else None


@dataclass(frozen=True, slots=True)
class ListFile:
    """One list as it lies under `state/`: rows of hash, kind, moment and number of words.

    `links` says how many links of the author chain the author keys in it bear.
    """

    links: int
    rows: tuple[tuple[str, str, datetime, int | None], ...]

    @classmethod
    def read(cls, path: Path) -> "ListFile":
        """Read a list; a file that is not there is an empty one.

        Raises
        ------
        StateError
            If the file is damaged: loading without it could bring erased posts back.
        """
        if not path.is_file():
            return cls(links=1, rows=())
        try:
            plain: Any = json.loads(path.read_bytes())
            links = 1 if isinstance(plain, list) else int(plain["links"])
            listed = plain if isinstance(plain, list) else plain["rows"]
            rows = tuple(
                (str(hash_), str(kind), datetime.fromisoformat(at), words[0] if words else None)
                for hash_, kind, at, *words in listed
            )
        except (ValueError, TypeError, KeyError):
            raise StateError(
                f"{path} is damaged, and without it erased posts could come back; restore that "
                "file from the last backup"
            ) from None
        return cls(links=links, rows=rows)

    def write(self, path: Path) -> None:
        """Write the list, whole or not at all, unless the same lies there."""
        plain = [
            [hash_, kind, at.isoformat(), *([n_words] if n_words else [])]
            for hash_, kind, at, n_words in self.rows
        ]
        content = json.dumps({"links": self.links, "rows": plain}, indent=0).encode()
        if self.rows and (not path.is_file() or path.read_bytes() != content):
            write_private(path, content)

    @classmethod
    def merged(cls, lists: Collection["ListFile"], keys: KeyRing) -> "ListFile":
        """Return what any of the lists holds, under every link; the latest moment counts."""
        latest: dict[tuple[str, str], tuple[str, str, datetime, int | None]] = {}
        for row in sorted((r for one in lists for r in one.advanced(keys).rows), key=_moment):
            latest[row[:2]] = row
        return cls(links=keys.links, rows=tuple(latest.values()))

    def advanced(self, keys: KeyRing) -> "ListFile":
        """Return the list with its author keys under every link of the chain.

        Raises
        ------
        StateError
            If the list was written under more links than the keys have.
        """
        if self.links > keys.links:
            raise StateError(
                f"a list of erasures was written after {self.links - 1} rotations of the author "
                f"key, and the key file knows {keys.links - 1}; put the newest key file back"
            )
        rows = tuple(
            (keys.advanced(h, since=self.links) if kind == "author" else h, kind, at, n)
            for h, kind, at, n in self.rows
        )
        return ListFile(links=keys.links, rows=rows)


def _moment(row: tuple[str, str, datetime, int | None]) -> datetime:
    return row[2]


def write_lists(connection: duckdb.DuckDBPyConnection, state: Path, keys: KeyRing) -> None:
    """Write both lists under `state/`, where they are not there as they should be."""
    for name in LISTS:
        n_words = "n_words" if name == "optouts" else "NULL"
        rows = connection.execute(
            f"SELECT hash, kind, recorded_at, {n_words} FROM {name} ORDER BY ALL"
        ).fetchall()
        ListFile(links=keys.links, rows=tuple(rows)).write(list_file(state, name))


def restore_lists(connection: duckdb.DuckDBPyConnection, state: Path, keys: KeyRing) -> int:
    """Enter what the files under `state/` hold and the database does not; return how many rows.

    Raises
    ------
    StateError
        If a file is damaged: loading without it could bring erased posts back.
    """
    return sum(
        _restore(connection, name, ListFile.read(list_file(state, name)), keys) for name in LISTS
    )


def _restore(
    connection: duckdb.DuckDBPyConnection, name: Register, listed: ListFile, keys: KeyRing
) -> int:
    rows = connection.execute(f"SELECT hash, kind, recorded_at FROM {name}").fetchall()
    held = {(hash_, kind): at for hash_, kind, at in rows}
    missing = [
        row
        for row in listed.advanced(keys).rows
        if row[:2] not in held or (row[1] == "deleted" and held[row[:2]] < row[2])
    ]
    for hash_, kind, at, n_words in missing:
        if (hash_, kind) in held:
            connection.execute(f"DELETE FROM {name} WHERE hash = ? AND kind = ?", [hash_, kind])
        remember(connection, kind=kind, hash_=hash_, now=at, register=name, n_words=n_words)
    return len(missing)


def opted_out_hosts(state: Path) -> frozenset[str]:
    """Return the keyed hashes of the hosts that opted out; harvests read them before they ask."""
    rows = ListFile.read(list_file(state, "optouts")).rows
    return frozenset(hash_ for hash_, kind, _, _ in rows if kind == "host")


def is_erased_source(state: Path, keys: KeyRing, source: str) -> bool:
    """Whether a whole source was erased; harvests and imports ask before they read it."""
    rows = ListFile.read(list_file(state, "erasures")).rows
    wanted = hash_of(keys, "source", source)
    return any(kind == "source" and hash_ == wanted for hash_, kind, _, _ in rows)


def list_file(state: Path, name: str) -> Path:
    """Return where a list lies."""
    return state / f"{name}.json"
