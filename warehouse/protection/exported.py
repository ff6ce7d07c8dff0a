"""What left through the controlled door, and whether an erasure concerns it.

Which posts a coding sheet held is recorded. Of another export it is not: a file with a column
`post_id` tells, and a project for qualitative analysis; any other may have held a post if it was
written since the first of the erased posts was first read.
"""

import csv
import re
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import duckdb

_SINCE = """
SELECT who, what, n_rows, sha256, exported_at FROM exports
WHERE exported_at >= (
    SELECT min(seen_at) FROM post_revisions
    WHERE post_id IN (SELECT post_id FROM pending_erasures))
ORDER BY exported_at, sha256
"""
_IN_PROJECT = re.compile(rb'<PlainTextSelection [^>]*name="post (\d+)"')
_GONE = "SELECT DISTINCT post_id FROM pending_erasures"
_SHEETS = """
SELECT sha256, bool_or(coalesce(post_id IN (SELECT post_id FROM pending_erasures), false))
FROM sheets LEFT JOIN sheet_items USING (sheet) GROUP BY sha256
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Export:
    """Who got what and when."""

    who: str
    what: str
    n_rows: int
    sha256: str
    exported_at: datetime


def export_file(folder: Path, *, exported_at: datetime, sha256: str) -> Path:
    """Return where the home keeps what was written for somebody."""
    return folder / f"{exported_at:%Y%m%dT%H%M%S}-{sha256[:8]}.csv"


def concerned(connection: duckdb.DuckDBPyConnection, folder: Path) -> list[Export]:
    """Return the exports that hold, or may hold, posts that wait for their erasure."""
    columns = ("who", "what", "n_rows", "sha256", "exported_at")
    rows = connection.execute(_SINCE).fetchall()
    exports = [Export(**dict(zip(columns, row, strict=True))) for row in rows]
    gone = {str(post_id) for (post_id,) in connection.execute(_GONE).fetchall()}
    sheets: dict[str, bool] = dict(connection.execute(_SHEETS).fetchall())
    return [
        export
        for export in exports
        if sheets.get(export.sha256)
        or (export.sha256 not in sheets and _concerns(_files(folder, export), gone))
    ]


def remove_holding(connection: duckdb.DuckDBPyConnection, folder: Path) -> int:
    """Remove the home's own copies of what `concerned` names; return how many there were."""
    files = [file for export in concerned(connection, folder) for file in _files(folder, export)]
    for file in files:
        file.unlink()
    return len(files)


def _files(folder: Path, export: Export) -> list[Path]:
    """Return the home's copies of an export, in whatever form it was written."""
    place = export_file(folder, exported_at=export.exported_at, sha256=export.sha256)
    return sorted(path for path in folder.glob(f"{place.stem}.*") if path.is_file())


def _concerns(files: Sequence[Path], gone: set[str]) -> bool:
    """Whether an export may hold one of the posts; one whose file is not there cannot tell."""
    return not files or any(_may_hold(file, gone) for file in files)


def _may_hold(file: Path, gone: set[str]) -> bool:
    """Whether a file names one of the posts, or cannot tell."""
    if file.suffix == ".qdpx":
        return _project_may_hold(file, gone)
    if file.suffix != ".csv":
        return True
    try:
        with file.open(encoding="utf-8", newline="") as opened:
            rows = csv.DictReader(opened)
            if "post_id" not in (rows.fieldnames or ()):
                return True
            return any(row["post_id"] in gone for row in rows)
    except (csv.Error, UnicodeDecodeError):
        return True


def _project_may_hold(file: Path, gone: set[str]) -> bool:
    """Whether a project for qualitative analysis names one of the posts, or cannot tell."""
    try:
        with zipfile.ZipFile(file) as archive:
            told = archive.read("project.qde")
    except (zipfile.BadZipFile, zlib.error, KeyError, OSError):
        return True
    held = {number.decode() for number in _IN_PROJECT.findall(told)}
    return not held or not held.isdisjoint(gone)
