"""What comes back on a sheet, as rows: what was said of each item, before anybody judges it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


class SheetUnreadable(ValueError):
    """A file is no sheet that can be taken back; nothing of it was."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedRow:
    """What one row of a file says.

    Attributes
    ----------
    line : int
        Where it stands in the file, from 1 for the first row of posts.
    item : str
        The item, as it was written; empty where there is none.
    state : str
        `coded`, `skipped`, empty, or whatever else somebody wrote there.
    cells : mapping of str to str
        What stands under each column that may be a frame; empty cells are left out.
    labels : tuple of str, optional
        The labels that a tool set, in place of cells.
    reason, note : str
        Why it was skipped, and what the coder noted.
    said_at : datetime, optional
        When the coder did it, where the file tells.
    """

    line: int
    item: str
    state: str = ""
    cells: Mapping[str, str] = field(default_factory=dict)
    labels: tuple[str, ...] | None = None
    reason: str = ""
    note: str = ""
    said_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ReturnedFile:
    """A file that came back: what kind it is, which sheet it says it is, and its rows."""

    name: str
    kind: str
    rows: tuple[ReturnedRow, ...]
    sheet: str | None = None
