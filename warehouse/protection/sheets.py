"""Coding sheets, which go out and come back: what the home holds of erased posts on them goes.

A table with a column `post_id`, or `item` as the sheets that are handed out have, loses the rows of
those posts, and what a coding page saved loses its entries. Any other file goes altogether if one
of the posts' numbers or items stands in it, or if it cannot be read.
"""

import csv
import io
import json
import re
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Any

import duckdb

from warehouse.home import write_private

_NUMBER = rb"(?<![0-9A-Za-z.])\d+(?![0-9A-Za-z]|\.\d)"
_WORD = rb"(?<![0-9A-Za-z])[a-z]+(?![0-9A-Za-z])"
_NAMES = re.compile(_NUMBER + rb"|" + _WORD)
_TABLES = {".csv": ",", ".tsv": "\t"}
_COLUMNS = ("post_id", "item")
_SAVED = "valuetalk-coding"  # what a coding page says of its files, which hold codes and notes only


def items_of(connection: duckdb.DuckDBPyConnection, post_ids: Sequence[int]) -> list[str]:
    """Return the items that stand for posts on sheets that were handed out."""
    asked = "SELECT item FROM sheet_items WHERE post_id IN (SELECT unnest($1::BIGINT[]))"
    return [item for (item,) in connection.execute(asked, [list(post_ids)]).fetchall()]


def remove_posts(
    folder: Path, post_ids: Collection[int] = (), *, items: Collection[str] = ()
) -> int:
    """Take posts out of every sheet in a folder; return how many files changed or went.

    Parameters
    ----------
    folder : Path
        Where sheets lie, in folders or not.
    post_ids : collection of int
        The posts, as sheets with a `post_id` call them.
    items : collection of str
        The posts, as sheets that were handed out call them.
    """
    gone = {*map(str, post_ids), *items}
    if not gone or not folder.is_dir():
        return 0
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return sum(_remove(file, gone) for file in files)


def _remove(file: Path, gone: set[str]) -> bool:
    saved = _saved(file)
    if saved is not None:
        return _remove_entries(file, saved, gone)
    rows = _rows(file)
    if rows is None:
        holds = _holds_name(file, gone)
        if holds:
            file.unlink()
        return holds
    column = next(rows[0].index(name) for name in _COLUMNS if name in rows[0])
    kept = [row for row in rows if len(row) <= column or row[column].strip() not in gone]
    if len(kept) == len(rows):
        return False
    text = io.StringIO()
    csv.writer(text, delimiter=_TABLES[file.suffix.lower()], lineterminator="\n").writerows(kept)
    write_private(file, text.getvalue().encode())
    return True


def _saved(file: Path) -> dict[str, Any] | None:
    """Return what a coding page saved; None for any other file."""
    if file.suffix.lower() != ".json":
        return None
    try:
        saved = json.loads(file.read_bytes())
    except (ValueError, RecursionError):
        return None
    is_ours = isinstance(saved, dict) and saved.get("format") == _SAVED
    return saved if is_ours and isinstance(saved.get("items"), list) else None


def _remove_entries(file: Path, saved: dict[str, Any], gone: set[str]) -> bool:
    kept = [e for e in saved["items"] if not (isinstance(e, dict) and e.get("item") in gone)]
    if len(kept) == len(saved["items"]):
        return False
    changed = {**saved, "items": kept, "n_items": len(kept)}
    write_private(file, json.dumps(changed, ensure_ascii=False, indent=1).encode())
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
    return rows if rows and any(name in rows[0] for name in _COLUMNS) else None


def _holds_name(file: Path, gone: set[str]) -> bool:
    """Whether a number or item in a file, or in what is packed in it, is one of the posts'."""
    try:
        parts = _parts(file)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError):
        return True
    wanted = {name.encode() for name in gone}
    return any(not wanted.isdisjoint(_NAMES.findall(part)) for part in parts)


def _parts(file: Path) -> list[bytes]:
    if not zipfile.is_zipfile(file):
        return [file.read_bytes()]
    with zipfile.ZipFile(file) as packed:  # a workbook or a project of a coding program
        return [packed.read(name) for name in packed.namelist() if not name.endswith("/")]
