"""The ledger of landed files: what waits, what is loaded, what was put aside, what has gone.

A path stays in the ledger when its file goes, so that a copy that comes back is not loaded twice.
"""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

from warehouse.errors import SegmentError
from warehouse.home import make_private_folder
from warehouse.landing import QUARANTINE, REWRITING, Segment, read_segment, sync_folder

_WAITING = """
SELECT path FROM (SELECT unnest($paths::VARCHAR[]) AS path)
ANTI JOIN (SELECT path FROM segments WHERE state <> 'quarantined') USING (path)
"""
_GONE = """
SELECT path FROM (SELECT unnest($paths::VARCHAR[]) AS path)
SEMI JOIN (SELECT path FROM segments WHERE state = 'removed') USING (path)
"""
_HAS = """
SELECT 1 FROM segments
WHERE state <> 'quarantined' AND (path = $path OR sha256 = $sha256) LIMIT 1
"""
_ENTER = "INSERT INTO segments VALUES ($path, $sha256, $n_rows, $now, $state, NULL)"
_FORGET_ASIDE = "DELETE FROM segments WHERE path = $path AND state = 'quarantined'"
_PUT_ASIDE = "INSERT INTO segments VALUES ($path, '', 0, $now, 'quarantined', $reason)"
_INHERIT = """
INSERT INTO segments
SELECT heir, any_value(heirs.sha256), any_value(heirs.n_rows), min(loaded_at), 'removed', NULL
FROM (SELECT unnest($paths::VARCHAR[]) AS path, unnest($heirs::VARCHAR[]) AS heir,
             unnest($sha256s::VARCHAR[]) AS sha256, unnest($counts::BIGINT[]) AS n_rows) AS heirs
JOIN segments USING (path)
WHERE heir NOT IN (SELECT path FROM segments)
GROUP BY heir
"""
_TAKE_PLACES = """
UPDATE segments
SET state = CASE WHEN list_contains($heirs::VARCHAR[], path) THEN 'loaded' ELSE 'removed' END
WHERE path IN (SELECT unnest($heirs::VARCHAR[])) OR path IN (SELECT unnest($paths::VARCHAR[]))
"""
_LET_GO = "UPDATE segments SET state = 'removed' WHERE path = $path"
_LET_OLD_GO = "UPDATE segments SET state = 'removed' WHERE state = 'loaded' AND loaded_at < $before"
_ASIDE_SINCE = "SELECT path FROM segments WHERE state = 'quarantined' AND loaded_at < $before"
_NOT_LANDED = (QUARANTINE, REWRITING)
_LEFTOVER_AGE = 3600.0  # seconds; no batch takes so long to write


@dataclass(frozen=True, slots=True)
class Heir:
    """What takes the place of a segment: its own path, its bytes, and how many rows they hold."""

    path: Path
    content: bytes
    n_rows: int


def relative_path(landing: Path, segment: Path) -> str:
    """Return a segment's path as the ledger has it; raises `SegmentError` outside of landing."""
    try:
        return segment.relative_to(landing).as_posix()
    except ValueError:
        raise SegmentError(
            f"{segment} does not lie in {landing}; move it there to load it"
        ) from None


def landed_files(landing: Path) -> list[Path]:
    """Return every file in the landing folder but those put aside, in the order of loading."""
    files = [
        path
        for path in landing.rglob("*")
        if path.is_file() and not path.name.startswith(".") and path.parent.name not in _NOT_LANDED
    ]
    return sorted(files, key=lambda path: (path.name, path))


def source_folders(landing: Path) -> list[Path]:
    """Return the folders in which the segments of a source lie."""
    return sorted(
        folder for folder in landing.iterdir() if folder.is_dir() and folder.name not in _NOT_LANDED
    )


def waiting(connection: duckdb.DuckDBPyConnection, landing: Path) -> list[Path]:
    """Return the landed files that the ledger does not have, in the order of loading."""
    return _in_ledger(connection, landing, landed_files(landing), wanted=False)


def loaded_files(connection: duckdb.DuckDBPyConnection, landing: Path, folder: Path) -> list[Path]:
    """Return the files of a source's folder that the ledger has, be it as removed."""
    return _in_ledger(connection, landing, sorted(folder.glob("[!.]*")), wanted=True)


def has(
    connection: duckdb.DuckDBPyConnection, *, path: str | None = None, sha256: str | None = None
) -> bool:
    """Whether a segment of this path, or of this content under whatever name, was loaded."""
    values = {"path": path, "sha256": sha256}
    return connection.execute(_HAS, values).fetchone() is not None


def enter(
    connection: duckdb.DuckDBPyConnection, segment: Segment, *, path: str, now: datetime
) -> None:
    """Enter a segment as loaded."""
    values = {"path": path, "sha256": segment.sha256, "n_rows": segment.rows.num_rows, "now": now}
    connection.execute(_ENTER, {**values, "state": "loaded"})


def enter_again(
    connection: duckdb.DuckDBPyConnection, segment: Segment, *, path: str, now: datetime
) -> None:
    """Enter another name of what is loaded, unless it is entered, so that it waits no more."""
    if not has(connection, path=path):
        values = {"path": path, "sha256": segment.sha256, "n_rows": segment.rows.num_rows}
        connection.execute(_ENTER, {**values, "now": now, "state": "removed"})


def enter_heirs(
    connection: duckdb.DuckDBPyConnection, landing: Path, heirs: Mapping[Path, Heir]
) -> None:
    """Enter what is to take the place of loaded segments, before it is written.

    Until it has taken that place, it is entered as removed: it neither waits nor counts as loaded.
    """
    values = {
        "paths": [relative_path(landing, path) for path in heirs],
        "heirs": [relative_path(landing, heir.path) for heir in heirs.values()],
        "sha256s": [hashlib.sha256(heir.content).hexdigest() for heir in heirs.values()],
        "counts": [heir.n_rows for heir in heirs.values()],
    }
    connection.execute(_INHERIT, values)


def take_places(
    connection: duckdb.DuckDBPyConnection, landing: Path, heirs: Mapping[Path, Heir]
) -> None:
    """Enter that the written heirs have taken the places of their segments."""
    values = {
        "paths": [relative_path(landing, path) for path in heirs],
        "heirs": [relative_path(landing, heir.path) for heir in heirs.values()],
    }
    connection.execute(_TAKE_PLACES, values)


def read_or_put_aside(
    connection: duckdb.DuckDBPyConnection, landing: Path, file: Path, *, now: datetime
) -> Segment:
    """Read a segment; put any other file aside, enter that, and raise `SegmentError`."""
    path = relative_path(landing, file)
    try:
        return read_segment(file)
    except SegmentError as error:
        if not file.is_file():
            raise
        aside = _aside(landing, path)
        make_private_folder(aside.parent)
        file.replace(aside)
        sync_folder(aside.parent)
        connection.execute(_FORGET_ASIDE, {"path": path})
        connection.execute(_PUT_ASIDE, {"path": path, "now": now, "reason": str(error)})
        raise SegmentError(f"{error}; it was put aside as {aside}") from None


def quarantined(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """Return why each file that was put aside could not be loaded, oldest first."""
    rows = connection.execute(
        "SELECT reason FROM segments WHERE state = 'quarantined' ORDER BY loaded_at, path"
    ).fetchall()
    return [reason for (reason,) in rows]


def let_go(connection: duckdb.DuckDBPyConnection, landing: Path, file: Path) -> None:
    """Enter a segment as removed, and remove it."""
    connection.execute(_LET_GO, {"path": relative_path(landing, file)})
    unlink_all([file])


def remove_aside(landing: Path, source_folder: str) -> None:
    """Remove the files of a source that were put aside: nobody can tell what is in them."""
    unlink_all(sorted((landing / QUARANTINE).glob(f"{source_folder}__*")))


def remove_all_aside(landing: Path) -> None:
    """Remove every file that was put aside, after a request that may concern any source."""
    unlink_all([path for path in (landing / QUARANTINE).glob("*") if path.is_file()])


def remove_old(connection: duckdb.DuckDBPyConnection, landing: Path, *, before: datetime) -> int:
    """Remove segments loaded, and files put aside, before a moment; return how many went."""
    connection.execute(_LET_OLD_GO, {"before": before})
    files = {relative_path(landing, file): file for file in landed_files(landing)}
    gone = connection.execute(_GONE, {"paths": list(files)}).fetchall()
    aside = connection.execute(_ASIDE_SINCE, {"before": before}).fetchall()
    old = [files[path] for (path,) in gone]
    old += [file for (path,) in aside if (file := _aside(landing, path)).is_file()]
    unlink_all(old)
    return len(old)


def remove_half_written(landing: Path, *, clock_file: Path) -> None:
    """Remove what harvests that ended left half-written.

    That is what was written more than an hour before `clock_file`, which was written by the disk's
    own time when this process began.
    """
    written = clock_file.stat().st_mtime
    for file in landing.rglob(".*.tmp"):
        if file.is_file() and file.stat().st_mtime < written - _LEFTOVER_AGE:
            unlink_all([file])


def remove_rewriting(landing: Path) -> None:
    """Remove what an erasure that ended left half-written; only the one writer may call this."""
    shutil.rmtree(landing / REWRITING, ignore_errors=True)


def unlink_all(files: Sequence[Path]) -> None:
    """Remove files for good."""
    for file in files:
        file.unlink(missing_ok=True)
    for folder in {file.parent for file in files}:
        sync_folder(folder)


def _in_ledger(
    connection: duckdb.DuckDBPyConnection, landing: Path, files: list[Path], *, wanted: bool
) -> list[Path]:
    paths = [relative_path(landing, file) for file in files]
    new = {path for (path,) in connection.execute(_WAITING, {"paths": paths}).fetchall()}
    return [file for file, path in zip(files, paths, strict=True) if (path not in new) == wanted]


def _aside(landing: Path, path: str) -> Path:
    return landing / QUARANTINE / path.replace("/", "__")
