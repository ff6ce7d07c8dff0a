"""Read a file that came back: our page's JSON, a table, or the export of a labelling tool.

Pure: bytes in, rows out. A file that is broken, cut or of another kind is refused as a whole.
"""

import csv
import io
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, Final

from flows.coding.importing_rows import ReturnedFile, ReturnedRow, SheetUnreadable
from flows.coding.importing_tools import doccano_rows, is_label_studio, label_studio_rows, tool_of
from flows.coding.sheet_table import ITEM, NOTE, OWN_COLUMNS, REASON, STATE
from flows.coding.workbook import WorkbookUnreadable, read_workbook

PAGE_FORMAT: Final = "valuetalk-coding"
PAGE_VERSION: Final = 1
LARGEST: Final = 50_000_000
"""Bytes of a file beyond which it is no sheet of posts."""

_ZIP = b"PK\x03\x04"
_STATES = {"coded": "coded", "skipped": "skipped", "open": ""}


def read_returned(name: str, content: bytes) -> ReturnedFile:
    """Return the rows of a file that came back.

    Parameters
    ----------
    name : str
        What messages call the file.
    content : bytes
        What is in it.

    Raises
    ------
    SheetUnreadable
        If it is no sheet, or a broken one; the message is one sentence.
    """
    if len(content) > LARGEST:
        raise SheetUnreadable(f"{name} is too large for a sheet; name the file that was filled in")
    if content.startswith(_ZIP):
        try:
            return _table(name, "xlsx", read_workbook(content))
        except WorkbookUnreadable:
            raise _broken(name, "a workbook that cannot be read to its end") from None
    text = _decoded(content, name)
    if text.lstrip()[:1] in ("{", "["):
        return _from_json(name, text)
    return _table(name, "csv", _csv_rows(name, text))


def _broken(name: str, what: str) -> SheetUnreadable:
    return SheetUnreadable(f"{name} is {what}; ask for it again, nothing of it was taken")


def _decoded(content: bytes, name: str) -> str:
    is_utf_16 = content.startswith((b"\xff\xfe", b"\xfe\xff"))
    # cp1252 is what Excel writes where it was not asked for UTF-8; ids and codes are ASCII
    for encoding in ["utf-16"] if is_utf_16 else ["utf-8-sig", "cp1252"]:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise _broken(name, "no sheet, or a broken one")


# what the page saved, and what tools export


def _from_json(name: str, text: str) -> ReturnedFile:
    values = _json_values(name, text)
    if len(values) == 1 and isinstance(values[0], dict) and values[0].get("format") == PAGE_FORMAT:
        return _page_file(name, values[0])
    if len(values) == 1 and isinstance(values[0], list):
        values = values[0]
    if not all(isinstance(value, dict) for value in values):
        raise _broken(name, "no export of a labelling tool")
    tool = tool_of(values)
    if tool is None:
        raise _broken(name, "neither saved by a coding page nor by a labelling tool")
    rows = label_studio_rows(values) if tool == "label studio" else doccano_rows(values)
    return ReturnedFile(name=name, kind=tool, rows=tuple(rows))


def _json_values(name: str, text: str) -> list[Any]:
    """Return the values of a file of JSON, or of JSON by lines."""
    try:
        return [json.loads(text)]
    except json.JSONDecodeError:
        pass
    except RecursionError:
        raise _broken(name, "broken") from None
    try:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
    except (json.JSONDecodeError, RecursionError):
        raise _broken(name, "broken or cut off") from None


def _page_file(name: str, saved: dict[str, Any]) -> ReturnedFile:
    items = saved.get("items")
    if saved.get("format_version") != PAGE_VERSION:
        raise _broken(name, "saved by a page of another version of valuetalk")
    if not isinstance(items, list) or saved.get("n_items") != len(items):
        raise _broken(name, "broken or cut off")
    rows = [_page_row(name, line, entry) for line, entry in enumerate(items, start=1)]
    return ReturnedFile(name=name, kind="page", rows=tuple(rows), sheet=str(saved.get("sheet")))


def _page_row(name: str, line: int, entry: object) -> ReturnedRow:
    codes = entry.get("codes", {}) if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(codes, dict):
        raise _broken(name, "broken")
    state = str(entry.get("state", ""))
    return ReturnedRow(
        line=line,
        item=str(entry.get("item", "")),
        state=_STATES.get(state, state),
        cells={str(frame): json.dumps(value) for frame, value in codes.items()},
        reason=str(entry.get("reason", "")),
        note=str(entry.get("note", "")),
        said_at=time_of(entry.get("at")),
    )


def time_of(value: object) -> datetime | None:
    """Return a time that a file gives, in UTC; None where it gives none that is one."""
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)


# tables


def _csv_rows(name: str, text: str) -> list[list[str]]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        return list(reader)
    except csv.Error:
        raise _broken(name, "a broken table") from None


def _table(name: str, kind: str, table: Sequence[Sequence[str]]) -> ReturnedFile:
    header = [cell.strip() for cell in table[0]] if table else []
    known = [cell for cell in header if cell]
    if ITEM not in header:
        raise SheetUnreadable(
            f"{name} has no column '{ITEM}', so it is no coding sheet; name the file that was"
            " filled in, with its first row as it was"
        )
    if len(set(known)) < len(known):
        raise _broken(name, "a table with two columns of one name")
    if any(len(row) > len(header) and any(row[len(header) :]) for row in table):
        raise _broken(name, "a table with rows that are longer than its header")
    entries = [dict(zip(header, row, strict=False)) for row in table[1:]]
    filled = [(line, entry) for line, entry in enumerate(entries, start=1) if any(entry.values())]
    of_tool = [entry for _, entry in filled]
    if is_label_studio(header):
        kind, rows = "label studio", tuple(label_studio_rows(of_tool))
    elif {"label", "labels"} & set(header):
        kind, rows = "doccano", tuple(doccano_rows(of_tool))
    else:
        rows = tuple(_table_row(line, entry) for line, entry in filled)
    return ReturnedFile(name=name, kind=kind, rows=rows)


def _table_row(line: int, entry: dict[str, str]) -> ReturnedRow:
    said = {name: value.strip() for name, value in entry.items()}
    return ReturnedRow(
        line=line,
        item=said.get(ITEM, ""),
        state=said.get(STATE, "").lower(),
        cells={k: v for k, v in said.items() if k and k not in OWN_COLUMNS and v},
        reason=said.get(REASON, ""),
        note=said.get(NOTE, ""),
    )
