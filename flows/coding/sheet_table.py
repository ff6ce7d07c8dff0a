"""A sheet as a table: which columns it has, and CSV out of them.

Texts are written so that no spreadsheet runs them: what would begin a formula gets an apostrophe in
front, control characters go. Line breaks stay, since paragraphs are part of how a post reads.
"""

import csv
import io
from typing import Final

from flows.coding.sheet_contents import Sheet, SheetPost

ITEM: Final = "item"
STATE: Final = "state"
REASON: Final = "skip_reason"
NOTE: Final = "note"
BEFORE: Final = (ITEM, "community", "month", "content_note", "text")
AFTER: Final = (STATE, REASON, NOTE)
OWN_COLUMNS: Final = frozenset((*BEFORE, *AFTER))
"""Columns of a sheet beside those of the frames."""

_BOM: Final = "\N{ZERO WIDTH NO-BREAK SPACE}"  # without it Excel reads UTF-8 as something else
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_CONTROL = dict.fromkeys((*range(9), *range(11, 32), *range(127, 160)))


def columns_of(sheet: Sheet) -> tuple[str, ...]:
    """Return the columns of a sheet, in order: what is read, the frames, what is said besides."""
    return (*BEFORE, *sheet.codebook.keys, *AFTER)


def cells_of(sheet: Sheet, post: SheetPost) -> tuple[str, ...]:
    """Return the cells of a post; those that the coder fills are empty."""
    read = (post.item, post.community, post.month, "; ".join(post.content_note), post.text)
    return (*map(plain_text, read), *("" for _ in (*sheet.codebook.keys, *AFTER)))


def plain_text(text: str) -> str:
    """Return a text without control characters, its line breaks as they are."""
    return text.replace("\r\n", "\n").translate(_CONTROL)


def csv_sheet(sheet: Sheet) -> bytes:
    """Return a sheet as CSV in UTF-8, with the mark by which spreadsheets know it."""
    text = io.StringIO()
    text.write(_BOM)
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(columns_of(sheet))
    for post in sheet.posts:
        writer.writerow([unformulated(cell) for cell in cells_of(sheet, post)])
    return text.getvalue().encode()


def unformulated(text: str) -> str:
    """Return a text that a spreadsheet reads as text, whatever it begins with."""
    return f"'{text}" if text.lstrip(" \n").startswith(_FORMULA) else text
