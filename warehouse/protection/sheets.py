"""Coding sheets under `coding/`, which go out and come back: what they hold of erased posts goes.

A table with a column `post_id` loses the rows of those posts. Any other file goes altogether if one
of the posts' numbers stands in it, or if it cannot be read.
"""

import csv
import io
import re
import zipfile
from collections.abc import Collection
from pathlib import Path

from warehouse.home import write_private

_NUMBER = re.compile(rb"(?<![0-9A-Za-z.])\d+(?![0-9A-Za-z]|\.\d)")
_TABLES = {".csv": ",", ".tsv": "\t"}


def remove_posts(folder: Path, post_ids: Collection[int]) -> int:
    """Take posts out of every sheet in a folder; return how many files changed or went."""
    gone = {str(post_id) for post_id in post_ids}
    if not gone or not folder.is_dir():
        return 0
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return sum(_remove(file, gone) for file in files)


def _remove(file: Path, gone: set[str]) -> bool:
    rows = _rows(file)
    if rows is None:
        holds = _holds_number(file, gone)
        if holds:
            file.unlink()
        return holds
    column = rows[0].index("post_id")
    kept = [row for row in rows if len(row) <= column or row[column].strip() not in gone]
    if len(kept) == len(rows):
        return False
    text = io.StringIO()
    csv.writer(text, delimiter=_TABLES[file.suffix.lower()], lineterminator="\n").writerows(kept)
    write_private(file, text.getvalue().encode())
    return True


def _rows(file: Path) -> list[list[str]] | None:
    """Return header and rows of a table of posts; None for any other file."""
    delimiter = _TABLES.get(file.suffix.lower())
    if delimiter is None:
        return None
    try:
        text = file.read_text(encoding="utf-8-sig")
        rows = [*csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)]
    except (csv.Error, UnicodeDecodeError):
        return None
    return rows if rows and "post_id" in rows[0] else None


def _holds_number(file: Path, gone: set[str]) -> bool:
    """Whether a number in a file, or in what is packed in it, is one of the posts'."""
    try:
        parts = _parts(file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return True
    wanted = {number.encode() for number in gone}
    return any(not wanted.isdisjoint(_NUMBER.findall(part)) for part in parts)


def _parts(file: Path) -> list[bytes]:
    if not zipfile.is_zipfile(file):
        return [file.read_bytes()]
    with zipfile.ZipFile(file) as packed:  # a workbook or a project of a coding program
        return [packed.read(name) for name in packed.namelist() if not name.endswith("/")]
