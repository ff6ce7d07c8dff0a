"""The walk down one listing of a subreddit, from its newest thing to what is known.

Reddit shows at most a thousand things of a listing. What is older than those can be seen by
nobody, so a night that wrote more is recorded as a gap. Things that moderators release late take
their place by the time of writing, so each walk goes one day behind the newest thing known.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from harvesters.base import ParseError
from harvesters.json_fields import MalformedItem
from harvesters.reddit.things import age_of, created_at, fullname
from warehouse.records import CursorValue, Gap

OVERLAP = timedelta(days=1)
CAP_ITEMS, CAP_PAGES = (
    900,
    10,
)  # at one of these Reddit's thousand is used up, hidden things among it
MAX_PAGES = 30
LISTING_CAP, LISTING_ENDED = "listing_cap", "listing_ended"
Thing = Mapping[str, Any]
Ask = Callable[[str | None], tuple[Sequence[Thing], str | None]]


@dataclass(frozen=True, slots=True)
class Mark:
    """The newest thing of a listing that is known."""

    name: str
    at: datetime

    @classmethod
    def read(cls, cursor: Mapping[str, CursorValue], listing: str) -> "Mark | None":
        """Read what the last harvest left; None where that is nothing."""
        name, at = cursor.get(listing), _moment(cursor.get(f"{listing}_at"))
        return cls(name, at) if isinstance(name, str) and at is not None else None

    def as_cursor(self, listing: str) -> dict[str, CursorValue]:
        """Return the form that is stored."""
        return {listing: self.name, f"{listing}_at": self.at.timestamp()}


def read_bound(cursor: Mapping[str, CursorValue]) -> datetime | None:
    """Read the time behind which the first harvest did not go, and no later one does."""
    return _moment(cursor.get("since"))


def bound_as_cursor(bound: datetime | None) -> dict[str, CursorValue]:
    """Return the form in which that is stored."""
    return {} if bound is None else {"since": bound.timestamp()}


class ListingWalk:
    """Goes down one listing; tells at its end what it found and what it could not see.

    Parameters
    ----------
    known : Mark or None
        Where the last walk began.
    since : datetime or None
        Behind this no walk goes.

    Attributes
    ----------
    mark : Mark or None
        Where the next walk has to come to.
    gaps : tuple of Gap
        The time of which Reddit shows nothing any more.
    complete : bool
        Whether everything down to the known or the bound was seen.
    """

    def __init__(self, known: Mark | None, since: datetime | None) -> None:
        self.mark = known
        self.gaps: tuple[Gap, ...] = ()
        self.complete = False
        self._known = known
        self._floor = _later(known.at - OVERLAP if known else None, since)
        self._met: set[str] = set()
        self._oldest: datetime | None = None

    def pages(self, ask: Ask, *, now: Callable[[], datetime]) -> Iterator[Sequence[Thing]]:
        """Yield the new things of page after page."""
        after: str | None = None
        for n_pages in range(1, MAX_PAGES + 1):
            things, following = ask(after)
            fresh = self._note(things, now())
            yield [thing for thing in fresh if not self._is_below(thing)]
            if fresh and self._is_below(fresh[-1]):
                self.complete = True
                return
            if following is None or following == after or (things and not fresh):
                self._end(capped=n_pages >= CAP_PAGES or len(self._met) >= CAP_ITEMS)
                return
            after = following
        raise ParseError(
            f"a listing did not end after {MAX_PAGES} pages, and Reddit's end after {CAP_PAGES}; "
            "see whether something answers in its place"
        )

    def _note(self, things: Sequence[Thing], now: datetime) -> list[Thing]:
        """Take down a page; return what was not on an earlier one."""
        fresh: list[Thing] = []
        for thing in things:
            try:
                name, at = fullname(thing), min(created_at(thing), now)
            except MalformedItem:
                fresh.append(thing)  # to be counted
                continue
            if name in self._met:
                continue
            self._met.add(name)
            fresh.append(thing)
            self._oldest = at if self._oldest is None else min(at, self._oldest)
            if self.mark is None or age_of(name) > age_of(self.mark.name):
                self.mark = Mark(name, at)
        return fresh

    def _end(self, *, capped: bool) -> None:
        """Judge a listing that ended before the known or the bound."""
        if self._known is None:
            self.complete = not capped
        else:
            reached = any(age_of(name) <= age_of(self._known.name) for name in self._met)
            self.complete = reached
        missed_from = self._known.at if self._known else self._floor
        if self.complete or missed_from is None or self._oldest is None:
            return
        reason = LISTING_CAP if capped else LISTING_ENDED
        self.gaps = (Gap(since=min(missed_from, self._oldest), until=self._oldest, reason=reason),)

    def _is_below(self, thing: Thing) -> bool:
        try:
            return self._floor is not None and created_at(thing) < self._floor
        except MalformedItem:
            return False


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return one if other is None else other if one is None else max(one, other)


def _moment(value: CursorValue) -> datetime | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return datetime.fromtimestamp(value, UTC)
