"""The walk over pages that a site names, against listings that are known whole."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters import page_walk
from harvesters.base import ParseError
from harvesters.page_walk import OVERLAP, Page, PageWalk, Place

NOW = datetime(2026, 1, 5, 2, tzinfo=UTC)
Item = tuple[str, datetime]


def items_of(hours: Sequence[int], *, prefix: str = "i") -> list[Item]:
    """Return items so many hours old, newest first."""
    made = [(f"{prefix}{n}", NOW - timedelta(hours=h)) for n, h in enumerate(sorted(hours))]
    return sorted(made, key=lambda item: item[1], reverse=True)


class Listing:
    """A site whose tokens count from the top, so that they shift when something is added."""

    def __init__(self, items: list[Item], size: int) -> None:
        self.items = items
        self.size = size
        self.n_asked = 0

    def __call__(self, token: str | None) -> Page:
        self.n_asked += 1
        start = int(token or 0)
        page = self.items[start : start + self.size]
        return Page(listed=page, after=str(start + self.size) if page else None, fetched_at=NOW)


def walk_from(place: Place, since: datetime | None = None) -> PageWalk:
    return PageWalk(place, since, when=lambda item: item[1], name=lambda item: item[0])


def names(pages: Sequence[Page]) -> set[str]:
    return {item[0] for page in pages for item in page.wanted}


@given(
    hours=st.lists(st.integers(0, 400), max_size=40),
    added=st.lists(st.integers(0, 20), max_size=12),
    size=st.integers(1, 9),
    cuts=st.lists(st.integers(0, 6), max_size=3),
)
@settings(max_examples=100, deadline=None)
def test_whatever_is_cut_short_is_read_in_the_end(
    hours: list[int], added: list[int], size: int, cuts: list[int]
) -> None:
    listing = Listing(items_of([20 + h for h in hours]), size)
    place, read = Place(), set[str]()
    for cut in cuts:
        walk = walk_from(place)
        read |= names(list(islice(walk.pages(listing), cut)))
        place = walk.place() or place
    everything = [*listing.items, *items_of(added, prefix="new")]
    listing.items = sorted(everything, key=lambda item: item[1], reverse=True)
    walk = walk_from(Place.read(place.as_cursor(prefix="x_"), prefix="x_"))

    read |= names(list(walk.pages(listing)))

    assert walk.finished
    assert read == {name for name, _ in listing.items}
    last = walk.place()
    assert last is not None
    assert last.newest == max((moment for _, moment in listing.items), default=None)


@given(
    hours=st.lists(st.integers(0, 400), min_size=1, max_size=60),
    size=st.integers(3, 9),
    bound=st.integers(0, 400),
)
@settings(max_examples=100, deadline=None)
def test_nothing_before_the_bound_is_wanted_and_little_is_asked_for(
    hours: list[int], size: int, bound: int
) -> None:
    listing = Listing(items_of(hours), size)
    since = NOW - timedelta(hours=bound)
    walk = walk_from(Place(), since)

    read = names(list(walk.pages(listing)))

    wanted = {name for name, moment in listing.items if moment >= since}
    assert read == wanted
    assert walk.finished
    assert listing.n_asked <= len(wanted) // size + 3


def test_a_later_walk_reads_a_day_again() -> None:
    listing = Listing(items_of(range(0, 300, 2)), 10)
    newest = NOW - timedelta(hours=10)

    read = names(list(walk_from(Place(newest=newest)).pages(listing)))

    assert read == {name for name, moment in listing.items if moment >= newest - OVERLAP}


def test_pinned_items_do_not_end_a_walk() -> None:
    pinned = items_of([5000, 5001], prefix="pinned")
    listing = Listing([*pinned, *items_of(range(30))], 6)

    read = names(list(walk_from(Place(), NOW - timedelta(hours=100)).pages(listing)))

    assert len(read) == 30


def test_a_walk_that_is_too_long_goes_on_the_next_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_walk, "MAX_PAGES", 4)
    listing = Listing(items_of(range(100, 400)), 10)
    place, read = Place(), set[str]()
    for _ in range(40):
        walk = walk_from(place)
        read |= names(list(walk.pages(listing)))
        place = walk.place() or place
        if walk.finished:
            break

    assert len(read) == 300
    assert walk.finished


def test_a_token_that_fails_in_the_middle_is_a_failure() -> None:
    listing = Listing(items_of(range(100)), 10)

    def failing(token: str | None) -> Page:
        if token == "50":
            raise ParseError("broken")
        return listing(token)

    resumed = walk_from(Place(top=NOW - timedelta(hours=30), token="40"))
    with pytest.raises(ParseError):
        list(resumed.pages(failing))
