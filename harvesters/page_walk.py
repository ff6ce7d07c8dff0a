"""A walk through a listing that is newest first, whose pages the site itself names.

A site gives with each page the token of the one behind it: a cursor, or a number. Such a page may
be short, empty, or hold nothing but what stands elsewhere too, so none of this ends the walk: only
times before what is known, the time bound, or a page with none behind it do. Pinned items stand
first on a page whatever their time, so a page's last items tell how far the walk has come. Where a
walk was cut short, the next one reads what is newer, then goes on at the token that was kept.
"""

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from harvesters.base import Gone, ParseError
from harvesters.json_fields import utc_time
from warehouse.records import CursorValue

MAX_PAGES = 1000  # of one harvest; the next one goes on from there
MAX_STALE = 3  # pages in a row without a new item: a site that shows the same page again and again
LAST_ITEMS = 3  # of a page, which all lie before a bound where the walk has reached it
OVERLAP = timedelta(days=1)  # how late an item may be listed behind its own time


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """One page of a listing: all that it lists, what of it is wanted, and what lies behind it."""

    listed: Sequence[Any]
    after: str | None
    fetched_at: datetime
    wanted: Sequence[Any] = ()


Ask = Callable[[str | None], Page]


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """What is read: all up to `newest`, and by an unfinished walk all from `token` to `top`.

    `since` bounds an unfinished first walk.
    """

    newest: datetime | None = None
    top: datetime | None = None
    token: str | None = None
    since: datetime | None = None

    @classmethod
    def read(cls, cursor: Mapping[str, CursorValue], *, prefix: str = "") -> "Place":
        """Read what the last harvest left."""
        token = cursor.get(f"{prefix}token")
        return cls(
            newest=_stored_time(cursor.get(f"{prefix}newest")),
            top=_stored_time(cursor.get(f"{prefix}top")),
            token=token if isinstance(token, str) else None,
            since=_stored_time(cursor.get(f"{prefix}since")),
        )

    def as_cursor(self, *, prefix: str = "") -> dict[str, CursorValue]:
        """Return the form that is stored."""
        times = {"newest": self.newest, "top": self.top, "since": self.since}
        stored: dict[str, CursorValue] = {
            f"{prefix}{name}": moment.isoformat() if moment else None
            for name, moment in times.items()
        }
        return stored | {f"{prefix}token": self.token}


class PageWalk:
    """Goes from a listing's newest item down to what is known, over at most `MAX_PAGES` pages.

    `finished` says whether the end was met, `sound` whether that may be believed: a site that
    shows nothing where items are known is not.

    Parameters
    ----------
    stored : Place
        What the last harvest left.
    since : datetime, optional
        Bounds a first walk.
    when : callable
        Tells the time by which the site orders an item, or None where it has none.
    name : callable
        Tells what an item is known by, or None where it has nothing.
    """

    def __init__(
        self,
        stored: Place,
        since: datetime | None,
        *,
        when: Callable[[Any], datetime | None],
        name: Callable[[Any], str | None],
    ) -> None:
        self.finished = False
        self.sound = True
        bound = stored.since if stored.token is not None else since
        self._since = None if stored.newest else bound
        self._stored = stored
        self._when = when
        self._name = name
        self._top = stored.top if stored.token is not None else stored.newest
        self._token: str | None = None
        self._met: set[str] = set()
        self._n_pages = 0

    @property
    def floor(self) -> datetime | None:
        """The time before which nothing is wanted."""
        return self._since if self._stored.newest is None else self._stored.newest - OVERLAP

    def place(self) -> Place | None:
        """Return where the next walk may go on, or None where it must begin as this one did."""
        if self.finished:
            return Place(newest=self._top or self._since)
        if self._token is None:
            return None
        return Place(
            newest=self._stored.newest, top=self._top, token=self._token, since=self._since
        )

    def pages(self, ask: Ask) -> Iterator[Page]:
        """Yield page after page with what is wanted of it."""
        if self._stored.token is not None:
            top = self._stored.top
            closed = yield from self._leg(ask, None, top and top - OVERLAP)
            if closed:
                self.finished = yield from self._rest(ask, self._stored.token)
        else:
            self.finished = yield from self._leg(ask, None, self.floor, final=True)

    def _rest(self, ask: Ask, token: str) -> Generator[Page, None, bool]:
        """Go on where the last walk ended; from the top again where the token is no longer one."""
        before = self._n_pages
        try:
            return (yield from self._leg(ask, token, self.floor, final=True))
        except (ParseError, Gone):
            if self._n_pages > before:
                raise
        return (yield from self._leg(ask, None, self.floor, final=True))

    def _leg(
        self, ask: Ask, token: str | None, floor: datetime | None, *, final: bool = False
    ) -> Generator[Page, None, bool]:
        """Walk down to `floor`; tells at its end whether it came there."""
        stale = 0
        self._met.clear()  # a leg may begin among what the one before it read
        while self._n_pages < MAX_PAGES and stale < MAX_STALE:
            page = ask(token)
            self._n_pages += 1
            times = self._times(page)
            if token is None:
                self._top = max([*filter(None, [self._top]), *times.values()], default=None)
                self.sound = bool(page.listed) or self._stored.newest is None
            old = {at for at, time in times.items() if floor is not None and time < floor}
            if final:
                self._token = page.after
            yield replace(
                page, wanted=[item for at, item in enumerate(page.listed) if at not in old]
            )
            last = list(times)[-LAST_ITEMS:]
            if page.after is None or (last and old.issuperset(last)):
                return True
            stale = 0 if self._met_anew(page.listed) else stale + 1
            token = page.after
        return False

    def _times(self, page: Page) -> dict[int, datetime]:
        """Return the time of each item that has one, by its place; none lies in the future."""
        times = ((at, self._when(item)) for at, item in enumerate(page.listed))
        return {at: min(time, page.fetched_at) for at, time in times if time is not None}

    def _met_anew(self, listed: Sequence[Any]) -> bool:
        """Take down the items of a page; tells whether one of them was not met before."""
        names = {name for name in map(self._name, listed) if name is not None}
        anew = not names <= self._met
        self._met |= names
        return anew


def _stored_time(value: CursorValue) -> datetime | None:
    return utc_time(value, name="cursor") if isinstance(value, str) else None
