"""Repair of a warehouse: its index, or all of it, from what lies in Parquet beside it.

A database that can be read to its end is sound, and only what is made from texts is made again. One
that cannot is put aside and rebuilt: from the last controlled release and the copy of what is
private (`warehouse.private_copy`), or from a backup; then from the segments that have landed since.
Posts and threads keep their numbers. What was erased or opted out stays gone, since the lists under
`state/` are applied before anybody can read what was rebuilt.
"""

import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.contents import contents_of
from warehouse.corpus.duplicates import forget_comparisons
from warehouse.errors import SchemaError, StateError, WarehouseDamaged, clear_errors
from warehouse.gateway import LOCK, Warehouse
from warehouse.home import Home
from warehouse.lock import WriterLock
from warehouse.migrations import migrate
from warehouse.private_copy import TEXTS, PrivateCopy, read_private_copy, texts_file
from warehouse.protection.fresh_copy import (
    UNPACKING,
    connect_private,
    damaged_file,
    log_of,
    rebuilt_file,
    remove_leftovers,
)
from warehouse.protection.keys import KeyRing
from warehouse.records import Clock
from warehouse.release.controlled import publish_controlled

_INDEX = ("words", "token_stream", "token_places", "token_runs", "dead_tokens", "indexed")
_COLUMNS = """
SELECT table_name, list(column_name ORDER BY column_index)
FROM duckdb_columns() JOIN duckdb_tables() USING (database_name, schema_name, table_name)
WHERE database_name = current_database() GROUP BY table_name ORDER BY table_name
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Repaired:
    """What a repair did, in counts; `base` says from what the warehouse was rebuilt.

    `lost` are posts that are known by their numbers alone: neither the release nor a segment has
    their text. They are harvested again as new posts, if their platform still shows them.
    """

    base: str
    posts: int = 0
    reloaded: int = 0
    erased: int = 0
    lost: int = 0


def repair(
    home: Home,
    *,
    keys: KeyRing,
    clock: Clock,
    derive: Callable[[Warehouse], object],
    backup: Callable[[Path], Path] | None = None,
) -> Repaired:
    """Make the index again, and before that the warehouse where it cannot be read.

    Parameters
    ----------
    home : Home
        The study; nothing else may be writing it.
    keys : KeyRing
        The study's keys.
    clock : Clock
        Says when it is repaired.
    derive : callable
        Is given the open warehouse to make what is made from texts.
    backup : callable, optional
        Is given an empty folder and returns the database of a backup, unpacked there: the base
        where the copy beside the release cannot serve.

    Raises
    ------
    WarehouseLocked, ReadOnlyWarehouse, DiskFull, SchemaError
        If it is no damage that keeps the database from being opened; nothing was changed.
    WarehouseDamaged
        If there is nothing from which it can be rebuilt; the damaged file stays where it is.
    """
    home.state.mkdir(parents=True, exist_ok=True)
    with WriterLock(home.state / LOCK).acquire(now=clock.now()):
        if backup is None and _is_sound(home):
            base, lost = "index", 0
        else:
            base, lost = _rebuild(home, clock=clock, backup=backup)
    with Warehouse.open(home, keys=keys, clock=clock) as warehouse:
        reloaded = sum(warehouse.load(path).new for path in warehouse.pending_segments())
        erased = warehouse.reapply_erasures()
        warehouse.erase_confirmed()
        with warehouse.transaction() as connection:
            forget_index(connection)
            connection.execute("UPDATE cursors SET state_written = false")
        warehouse.write_state()
        derive(warehouse)
        publish_controlled(warehouse.connection, home)
        (row,) = warehouse.query("SELECT count(*) AS n FROM posts").to_pylist()
    return Repaired(base=base, posts=row["n"], reloaded=reloaded, erased=erased, lost=lost)


def forget_index(connection: duckdb.DuckDBPyConnection) -> None:
    """Empty the index, so that every post is tokenised, compared and given its topics again."""
    for table in _INDEX:
        connection.execute(f"DELETE FROM {table}")
    forget_comparisons(connection)
    connection.execute("DELETE FROM topic_posts; UPDATE posts SET n_words = NULL")


def _is_sound(home: Home) -> bool:
    """Whether every value of every table can be read; raises what is no damage."""
    if not home.database.is_file():
        return False
    try:
        with clear_errors(home.database), connect_private(home.database) as connection:
            for table, columns in connection.execute(_COLUMNS).fetchall():
                contents_of(connection, f'main."{table}"', columns)
    except WarehouseDamaged:
        return False
    except SchemaError:
        if _is_database(home.database):
            raise  # of another version or program
        return False
    return True


def _is_database(path: Path) -> bool:
    with path.open("rb") as opened:
        return opened.read(12)[8:] == b"DUCK"


def _rebuild(home: Home, *, clock: Clock, backup: Callable[[Path], Path] | None) -> tuple[str, int]:
    remove_leftovers(home.database)
    fresh = rebuilt_file(home.database)
    try:
        if backup is not None:
            with tempfile.TemporaryDirectory(dir=home.root, prefix=UNPACKING) as folder:
                shutil.move(backup(Path(folder)), fresh)
            base, lost = "backup", 0
        else:
            base, lost = "release", _from_release(home, fresh, clock=clock)
        _put_in_place(home, fresh)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise
    return base, lost


def _from_release(home: Home, fresh: Path, *, clock: Clock) -> int:
    try:
        copy = read_private_copy(home)
    except StateError as error:
        raise WarehouseDamaged(
            f"{home.database} cannot be read and not be rebuilt, since {error}; name a backup with "
            "--from, or restore one into a new home"
        ) from None
    with clear_errors(fresh), connect_private(fresh) as connection:
        migrate(connection, path=fresh, now=clock.now())
        connection.begin()
        for table in copy.tables:
            if table != "posts":
                connection.execute(
                    f"INSERT INTO main.{table} BY NAME {copy.rows(connection, table)}"
                )
        lost = _insert_posts(connection, home, copy)
        connection.commit()
        for name, following in copy.manifest["sequences"].items():
            connection.execute(f"DROP SEQUENCE {name}; CREATE SEQUENCE {name} START {following}")
        connection.execute("CHECKPOINT")
    return lost


def _insert_posts(connection: duckdb.DuckDBPyConnection, home: Home, copy: PrivateCopy) -> int:
    """Join what is private of posts with their released texts; return how many have none."""
    if "posts" not in copy.tables:
        return 0
    quoted = str(texts_file(home)).replace("'", "''")
    texts = ", ".join(f"coalesce(held.{name}, released.{name}) AS {name}" for name in TEXTS)
    held = copy.rows(connection, "posts")
    connection.execute(
        f"CREATE TEMP TABLE rebuilt AS SELECT held.* REPLACE ({texts}, NULL AS n_words) "
        f"FROM ({held}) AS held LEFT JOIN '{quoted}' AS released USING (post_id) "
        "ORDER BY post_id"
    )
    connection.execute("INSERT INTO main.posts BY NAME FROM rebuilt WHERE text IS NOT NULL")
    lost = connection.execute("SELECT count(*) FROM rebuilt WHERE text IS NULL").fetchone()
    for table in ("locators", "checks", "post_revisions", "awaited_parents"):
        connection.execute(
            f"DELETE FROM main.{table} WHERE post_id IN "
            "(SELECT post_id FROM rebuilt WHERE text IS NULL)"
        )
    connection.execute("DROP TABLE rebuilt")
    return int(lost[0]) if lost else 0


def _put_in_place(home: Home, fresh: Path) -> None:
    """Put the damaged file aside with its log, which must not be applied to another database."""
    old, aside = home.database, damaged_file(home.database)
    for file, place in ((log_of(old), log_of(aside)), (old, aside)):
        if file.exists():
            file.replace(place)
    fresh.replace(home.database)
