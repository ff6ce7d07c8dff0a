"""A walk from a site's newest post down to what is known, which can go on where it was cut short.

The pages are asked for by the id below which they begin. A page may be short or empty with older
posts behind it, so neither ends the walk: only known ids, the time bound, or the lowest id do.
"""

import zlib
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from harvesters.base import ParseError
from harvesters.json_fields import MalformedItem, time_field, utc_time
from warehouse.records import CursorValue

WINDOW = 50  # ids that a server may look through for one page
MAX_PAGES = 2000  # of one harvest; the next one goes on from there
MAX_EMPTY = 100  # pages in a row
KEPT_PAGES = 400  # in memory, compressed: some tens of kilobytes each

Items = Sequence[Mapping[str, Any]]
Ask = Callable[[int | None], tuple[Items, datetime]]


@dataclass(frozen=True, slots=True)
class Progress:
    """What is read: all up to `newest`, and by an unfinished walk all from `low` to `top`.

    `since` bounds an unfinished first walk.
    """

    newest: int = 0
    top: int = 0
    low: int = 0
    since: datetime | None = None

    @classmethod
    def read(cls, cursor: Mapping[str, CursorValue]) -> "Progress":
        """Read what the last harvest left."""
        since = cursor.get("since")
        return cls(
            newest=int(cursor.get("newest") or 0),
            top=int(cursor.get("top") or 0),
            low=int(cursor.get("low") or 0),
            since=utc_time(since, name="cursor") if isinstance(since, str) else None,
        )

    def as_cursor(self) -> dict[str, CursorValue]:
        """Return the form that is stored."""
        since = self.since.isoformat() if self.since else None
        return {"newest": self.newest, "top": self.top, "low": self.low, "since": since}


class NewestFirstWalk:
    """Goes down from the newest post, over at most `MAX_PAGES` pages.

    Where an earlier walk was cut short, this one reads what is newer than that one's top, then
    goes on below its low end. `finished` says whether the end was met, `sound` whether that may be
    believed: a site that shows no post where posts are known is not.
    """

    def __init__(self, stored: Progress, since: datetime | None) -> None:
        self.finished = False
        self.sound = True
        self._stored = stored
        self._resumes = stored.low > stored.newest
        bound = stored.since if self._resumes else since
        self._since = None if stored.newest else bound
        self._top = stored.top if self._resumes else stored.newest
        self._low: int | None = None
        self._limited = False  # whether pages were seen to reach further than a window of ids
        self._n_pages = 0

    def cursor(self) -> Mapping[str, CursorValue] | None:
        """Return where the next walk may go on, or None where it must begin as this one did."""
        if self.finished:
            return Progress(newest=self._top).as_cursor()
        if self._low is None:
            return None
        return Progress(self._stored.newest, self._top, self._low, self._since).as_cursor()

    def pages(self, ask: Ask) -> Iterator[tuple[Items, datetime]]:
        """Yield the new items of page after page, with the time at which each was read."""
        stored = self._stored
        if self._resumes:
            closed = yield from self._leg(ask, None, stored.top)
            if closed:
                self.finished = yield from self._leg(ask, stored.low, stored.newest, last=True)
        else:
            self.finished = yield from self._leg(ask, None, stored.newest, last=True)

    def _leg(
        self, ask: Ask, before: int | None, floor: int, *, last: bool = False
    ) -> Generator[tuple[Items, datetime], None, bool]:
        """Walk down to `floor`; tells at its end whether it came there."""
        empty = 0
        while self._n_pages < MAX_PAGES and empty < MAX_EMPTY:
            listed, fetched_at = ask(before)
            self._n_pages += 1
            items, ids = _below(listed, before)
            if before is None:
                self._top = max((self._top, *ids))
                self.sound = bool(ids) or floor == 0
            self._limited = self._limited or (bool(ids) and max(ids) - min(ids) >= WINDOW)
            below = min(ids, default=(before or 0) - WINDOW)
            wanted = [item for item in items if not self._is_too_old(item)]
            if last:
                self._low = below
            yield wanted, fetched_at
            nothing_older = self._limited and not ids
            if below - 1 <= max(floor, 0) or nothing_older or (ids and not wanted):
                return True
            empty = 0 if ids else empty + 1
            before = below
        return False

    def _is_too_old(self, item: Mapping[str, Any]) -> bool:
        try:
            return self._since is not None and time_field(item, "created_at") < self._since
        except MalformedItem:
            return False


class PageStore:
    """Keeps the first pages of a walk, so that several communities of a site share them.

    Pages are forgotten when a community comes a second time: it wants to see what is new.
    """

    def __init__(self) -> None:
        self._pages: dict[int | None, tuple[bytes, datetime]] = {}
        self._served: set[str] = set()

    def start(self, community: str) -> None:
        """Begin the walk of a community."""
        if community in self._served:
            self._pages.clear()
            self._served.clear()
        self._served.add(community)

    def get(
        self, before: int | None, fetch: Callable[[int | None], tuple[bytes, datetime]]
    ) -> tuple[bytes, datetime]:
        """Return a page and when it was read, fetching it if it is not kept."""
        kept = self._pages.get(before)
        if kept is not None:
            return zlib.decompress(kept[0]), kept[1]
        content, fetched_at = fetch(before)
        if len(self._pages) < KEPT_PAGES:
            self._pages[before] = (zlib.compress(content, 1), fetched_at)
        return content, fetched_at


def _below(listed: Items, before: int | None) -> tuple[Items, list[int]]:
    """Return the items below an id, and their ids; an older server sends that id along."""
    items: list[Mapping[str, Any]] = []
    ids: list[int] = []
    for item in listed:
        native_id = item.get("id")
        if not isinstance(native_id, int) or native_id < 1:
            items.append(item)  # to be counted as malformed
        elif before is None or native_id < before:
            items.append(item)
            ids.append(native_id)
        elif native_id > before:
            raise ParseError(
                "the list of posts does not begin below the id that was asked for; see whether a "
                "cache answers in the place of the forum"
            )
    return items, ids
