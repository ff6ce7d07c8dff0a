"""A WordPress whose REST API is closed to guests: by its feeds, and by pages for what these cut.

The feed of entries is walked page by page until nothing new comes; each entry says how many
comments it has, and where that is not what is known its own comment feed is read, then its pages
where that feed (ten comments) is too short. Once all is known, a night costs two feeds. What the
feeds do not show is counted: entries of which only an excerpt is to be had, threads that show fewer
comments than their entry says, and stretches of time that a feed does not reach back to. Where
feeds hold excerpts, an entry's text comes from its page, once.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from harvesters.base import Gone, ParseError, SourceSpec
from harvesters.client import PoliteClient, Response
from harvesters.posts import ReadContext
from harvesters.reading import Reading, read_context
from harvesters.wordpress.feed import (
    FeedItem,
    build_feed_comment,
    build_feed_post,
    feed_items,
    read_feed,
)
from harvesters.wordpress.memory import FeedWalk
from harvesters.wordpress.page import BlogPage, read_page
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Clock, Community, CursorValue, Post, ThreadCount

CATEGORY = "category:"
MAX_FEED_PAGES = 1000
MAX_COMMENT_PAGES = 50
FORMS = ("feed/atom/", "feed/")  # Atom says more; some sites switch it off
PLAIN = {"feed/atom/": "feed=atom", "feed/": "feed=rss2"}  # of an address with a query


@dataclass(frozen=True, slots=True)
class _Feed:
    """One answer of a feed."""

    items: Sequence[FeedItem]
    whole: bool
    fetched_at: datetime
    not_modified: bool


class ClosedSite:
    """Reads a site by its feeds and pages."""

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec
        self._client = client
        self._keys = keys
        self._clock = clock
        self._form: str | None = None
        self._page: tuple[str, BlogPage] | None = None

    def batches(self, walk: FeedWalk, *, kept: Mapping[str, CursorValue]) -> Iterator[Batch]:
        """Yield entries with their comments, then the site's newest comments.

        The last batch has the cursor, `kept` with it: a walk that fails begins again.
        """
        with_comments = self._spec.options.get("comments", True)
        newest = self._comment_feed(walk) if with_comments else None
        if newest is not None:
            walk.reach(newest.items)
        for items, fetched_at in self._entry_pages(walk):
            yield self._entries(walk, items, fetched_at)
            for item in items if with_comments else ():
                yield from self._thread(walk, item)
        if newest is not None:
            yield from self._newest_comments(walk, newest)
        yield Batch(
            source=walk.community.source,
            community=walk.community.community,
            validators=walk.validators,
            cursor={**kept, **walk.memory.as_cursor()},
            gaps=tuple(walk.gaps),
            complete=walk.complete and not walk.gaps,
        )

    def require_feed(self) -> None:
        """Make sure that the site is there and shows feeds; raises a `HarvestError`."""
        self._feed(self._spec.url)

    def page(self, address: str) -> BlogPage:
        """Read an entry's page; the last one is kept, since it is often wanted twice."""
        if self._page is None or self._page[0] != address:
            response = self._client.get(address)
            page = read_page(
                response.content,
                url=address,
                what=f"a page of {self._spec.source}",
                links=response.headers.get("link", ""),
            )
            self._page = (address, page)
        return self._page[1]

    def comments_on_pages(self, address: str) -> dict[int, FeedItem]:
        """Return the comments that an entry's page and its further pages of comments show."""
        first = self.page(address)
        shown = [first]
        if first.n_pages > 1:
            numbers = range(1, min(first.n_pages, MAX_COMMENT_PAGES) + 1)
            shown += [self.page(_comment_page(address, number)) for number in numbers]
        return {c.comment_number: c for page in shown for c in page.comments if c.comment_number}

    def newest_on(self, address: str) -> dict[int, FeedItem]:
        """Return the newest comments of an entry, as its own feed shows them."""
        items = self._feed(address).items
        return {item.comment_number: item for item in items if item.comment_number}

    def _entry_pages(self, walk: FeedWalk) -> Iterator[tuple[list[FeedItem], datetime]]:
        """Walk the feed from its newest page until nothing new or wanted comes."""
        met: set[str] = set()
        for number in range(1, MAX_FEED_PAGES + 1):
            try:
                feed = self._feed(self._spec.url, number=number, walk=walk)
            except Gone:
                if number == 1:
                    raise
                return
            walk.complete = walk.complete and feed.whole
            fresh = [item for item in feed.items if (item.guid or item.link) not in met]
            met.update(item.guid or item.link for item in fresh)
            if feed.items and not fresh:
                walk.end_of_window()
            wanted = walk.wanted(fresh)
            if not wanted:
                return
            news = walk.note(wanted, [self._number_of(walk, item) for item in wanted])
            yield wanted, feed.fetched_at
            if not walk.all_pages and not news:
                return
        raise ParseError(
            f"the feed of {self._spec.source} did not end after {MAX_FEED_PAGES} pages; harvest "
            "from a later day"
        )

    def _entries(self, walk: FeedWalk, items: Sequence[FeedItem], fetched_at: datetime) -> Batch:
        context = self.context(walk.community.community, fetched_at)

        def build(item: FeedItem) -> Post:
            text = self.page(item.page).text if item.content is None else None
            return build_feed_post(context, item, self._number_of(walk, item), text=text)

        wanted = [
            item
            for item in items
            if item.content is not None or not walk.holds(self._number_of(walk, item))
        ]
        reading = read_feed(wanted, build, what=f"the feed of {self._spec.source}")
        return _batch(walk.community, reading)

    def _number_of(self, walk: FeedWalk, item: FeedItem) -> int:
        """Return an entry's number: by its guid, else as remembered, else by its page."""
        remembered = self._keys.content_hash(item.page)[:12]
        number = (
            item.entry_number
            or walk.numbers.get(item.page)
            or walk.memory.numbers.get(remembered)
            or self.page(item.page).number
        )
        if number is None:
            raise ParseError(
                f"{self._spec.source} tells the number of an entry neither in its feed nor on its "
                "page; read the site as platform `feed`"
            )
        if item.entry_number is None:
            walk.memory.numbers[remembered] = number
        walk.numbers[item.page] = number
        return number

    def _thread(self, walk: FeedWalk, item: FeedItem) -> Iterator[Batch]:
        """Yield the comments of an entry whose count is not the known one."""
        number = self._number_of(walk, item)
        known = walk.known.threads.get(f"post:{number}")
        total = item.n_comments
        walk.uncounted = walk.uncounted or total is None
        if not total or (known is not None and known.expected == 1 + total):
            return
        last = known.last_native_id if known else ""
        newest = int(last.removeprefix("comment:")) if last.startswith("comment:") else 0
        held = known.n_posts - 1 if known else 0
        found = self.newest_on(item.page)
        if held + sum(name > newest for name in found) < total:
            on_pages = self.comments_on_pages(item.page)
            found = {n: c for n, c in on_pages.items() if n > newest} | found
        n_held = min(total, held + sum(name > newest for name in found))
        walk.whole_threads.add(number)
        reading = self._comments(walk, number, list(found.values()), self._clock.now())
        count = ThreadCount(
            native_thread_id=f"post:{number}", expected=1 + total, fetched=1 + n_held
        )
        yield _batch(walk.community, reading, count=count)

    def _comment_feed(self, walk: FeedWalk) -> _Feed | None:
        """Read the site's newest comments; None where it has no such feed, or nothing changed."""
        try:
            feed = self._feed(f"{self._spec.url}/comments", walk=walk)
        except Gone:
            return None  # entries say how many comments they have, so what is missing is counted
        walk.complete = walk.complete and feed.whole
        return None if feed.not_modified else feed

    def _newest_comments(self, walk: FeedWalk, feed: _Feed) -> Iterator[Batch]:
        """Yield the site's newest comments, on entries that were not read as a whole."""
        by_entry: dict[int, list[FeedItem]] = {}
        for item in feed.items:
            try:
                by_entry.setdefault(self._number_of(walk, item), []).append(item)
            except Gone:
                continue  # its entry is there no more
        whole_site = not walk.community.community.startswith(CATEGORY)
        for number, items in by_entry.items():
            inside = whole_site or f"post:{number}" in walk.known.threads
            if inside and number not in walk.whole_threads:
                yield _batch(walk.community, self._comments(walk, number, items, feed.fetched_at))
        walk.note_comments(feed.items)

    def _comments(
        self, walk: FeedWalk, entry: int, items: Sequence[FeedItem], fetched_at: datetime
    ) -> Reading:
        context = self.context(walk.community.community, fetched_at)
        return read_feed(
            items,
            lambda item: build_feed_comment(context, item, entry),
            what=f"the comments of {self._spec.source}",
        )

    def _feed(self, place: str, *, number: int = 1, walk: FeedWalk | None = None) -> _Feed:
        """Read a feed in the form that the site has; a walk's first page as it was last time."""
        forms = (self._form,) if self._form else FORMS
        for form in forms:
            try:
                return self._feed_in(form, place, number=number, walk=walk)
            except (Gone, ParseError):
                if form == forms[-1]:
                    raise
        raise ParseError(f"{self._spec.source} has no feed")

    def _feed_in(self, form: str, place: str, *, number: int, walk: FeedWalk | None) -> _Feed:
        address = f"{place.rstrip('/')}/{form}" if "?" not in place else f"{place}&{PLAIN[form]}"
        asks: dict[str, str | int] = {"paged": number} if number > 1 else {}
        if walk and walk.community.community.startswith(CATEGORY):
            asks["cat"] = walk.community.community.removeprefix(CATEGORY)
        conditional = walk is not None and number == 1 and not walk.all_pages
        validator = walk.known.validators.get(address) if walk and conditional else None
        response = self._client.get(address, params=asks, validator=validator)
        items, whole = self._read(response)
        self._form = form
        if walk and number == 1:
            walk.validators[address] = response.validator
        return _Feed(items, whole, response.fetched_at, response.not_modified)

    def _read(self, response: Response) -> tuple[list[FeedItem], bool]:
        if response.not_modified:
            return [], True
        return feed_items(response.content, what=f"a feed of {self._spec.source}")

    def context(self, community: str, fetched_at: datetime) -> ReadContext:
        """Say where and when something of the site was read."""
        return read_context(self._spec, community=community, fetched_at=fetched_at, keys=self._keys)


def _batch(community: Community, reading: Reading, *, count: ThreadCount | None = None) -> Batch:
    missing = (count.expected or 0) - count.fetched if count else 0
    return Batch(
        source=community.source,
        community=community.community,
        posts=reading.posts,
        threads=(count,) if count else (),
        expected=len(reading.posts) + sum(reading.drops.values()) + missing,
        fetched=len(reading.posts),
        drops=reading.drops,
        complete=reading.complete and not missing,
    )


def _comment_page(address: str, number: int) -> str:
    """Return the address of one of several pages of comments."""
    if "?" in address:
        return f"{address}&cpage={number}"
    return f"{address.rstrip('/')}/comment-page-{number}/"
