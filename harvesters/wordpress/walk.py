"""What a walk through a WordPress site's listings keeps in mind: pages, promises, positions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harvesters.json_fields import utc_time
from warehouse.records import CursorValue


@dataclass(frozen=True, slots=True)
class Page:
    """The items of a page that were not met before, and how many the server held back.

    `whole` is False on the last page of a walk that met less than its first page promised.
    """

    items: Sequence[Any]
    withheld: int
    newest: datetime | None
    fetched_at: datetime
    whole: bool


class Tally:
    """Compares what a walk has met with what its first page promised."""

    def __init__(self) -> None:
        self._met: set[str] = set()
        self._withheld = 0
        self._total: int | None = None

    def add(self, items: Sequence[Any], *, withheld: int, total: int) -> None:
        """Take down a page: its items, those held back, and the total that it promised."""
        self._met.update(str(item.get("id")) for item in items if isinstance(item, dict))
        self._withheld += withheld
        self._total = total if self._total is None else self._total

    @property
    def is_whole(self) -> bool:
        """Whether everything that the first page promised was met or held back."""
        return len(self._met) + self._withheld >= (self._total or 0)


@dataclass(slots=True)
class Position:
    """Up to where each listing was read; goes forward only."""

    modified: datetime | None = None
    published: datetime | None = None
    commented: datetime | None = None

    @classmethod
    def read(cls, cursor: Mapping[str, CursorValue]) -> "Position":
        """Read what the last harvest left."""
        return cls(*(stored_time(cursor.get(name)) for name in cls.__slots__))

    def advance(self, name: str, *moments: datetime | None) -> None:
        """Move one listing's position to the newest of the moments, never back."""
        known = [moment for moment in (getattr(self, name), *moments) if moment is not None]
        setattr(self, name, max(known, default=None))

    def as_cursor(self) -> dict[str, CursorValue]:
        """Return the form that is stored."""
        times = {name: getattr(self, name) for name in self.__slots__}
        return {name: moment and moment.isoformat() for name, moment in times.items()}


def stored_time(value: CursorValue) -> datetime | None:
    """Return a time of a cursor, or None where it has none."""
    return utc_time(value, name="cursor") if isinstance(value, str) else None
