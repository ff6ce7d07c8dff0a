"""What a row of a Reddit dump says beyond what every table does.

Dumps of Pushshift and Arctic Shift hold the API's own things, text with entities. Arctic Shift
looked at each a second time: what was gone by then is marked in `_meta`, with its text still
beside the mark. Such text is not kept: whoever deleted it did not mean it to be studied.
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from harvesters.archives.files import Row
from harvesters.json_fields import MalformedItem
from harvesters.reddit.things import (
    DELETED_BY_AUTHOR,
    REMOVED,
    edited_at,
    is_automated,
    own_body,
    placeholder,
)

EXTRAS = frozenset(
    (
        *("_meta", "removed_by_category", "distinguished", "stickied", "edited"),
        *("crosspost_parent", "crosspost_parent_list"),
    )
)
"""Columns that have no role in a table and are read where they are there."""

_BY_AUTHOR = frozenset({"deleted", "author"})


def why_not_kept(row: Row) -> str | None:
    """Return why a row's text was withdrawn; None where it stood at the last look.

    A text that came back at the second look has been restored by the dump, and stands.
    """
    meta = _object(row.get("_meta"))
    kind = str(meta.get("removal_type") or row.get("removed_by_category") or "").lower()
    if meta.get("was_deleted_later") is True:
        return _reason(kind)
    reason = placeholder(row)
    if reason is None and kind and meta.get("was_initially_deleted") is not True:
        return _reason(kind)
    return reason


def repeats_only(row: Row) -> bool:
    """Tell whether a row is a crosspost that adds no word of its own."""
    return own_body(_thing(row)) is None


def by_machine(row: Row, handle: str | None) -> bool:
    """Tell whether a machine wrote a row, or staff by template."""
    return is_automated({**_thing(row), "author": handle})


def when_edited(row: Row) -> datetime | None:
    """Return when a row was last edited, where it says so."""
    edited = row.get("edited")
    if isinstance(edited, str):  # a table's cell
        edited = float(edited) if edited.replace(".", "", 1).isdecimal() else None
    try:
        return edited_at({"edited": edited or None})
    except MalformedItem:
        return None


def _reason(kind: str) -> str:
    return DELETED_BY_AUTHOR if kind in _BY_AUTHOR else REMOVED


def _thing(row: Row) -> Mapping[str, Any]:
    """Return a row as the API has it, where a table has turned its values into text."""
    others = row.get("crosspost_parent_list")
    return {
        **row,
        "stickied": str(row.get("stickied")).lower() == "true",
        "crosspost_parent_list": _json(others) if isinstance(others, str) else others,
    }


def _object(value: Any) -> Mapping[str, Any]:
    value = _json(value) if isinstance(value, str) else value
    return value if isinstance(value, Mapping) else {}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None
