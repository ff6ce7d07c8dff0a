"""public-inbox: the mails that its search finds by the time at which they were received.

A search is answered as one mailbox (POST), with every header as it was. Its page says how many
mails it found, which is what the mailbox is counted against. An inbox without a search index has
only its feed of newest mails: the threads of those are then read, each as a mailbox.

Addresses of mails spell their Message-ID, and so perhaps a person's address: none is kept. A known
mail is found again by its date.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import ClassVar
from urllib.parse import quote, unquote

from harvesters.base import Gone, ParseError
from harvesters.batching import merge_batches
from harvesters.mail.headers import archive_hash, message_id_of
from harvesters.mail.messages import Mail
from harvesters.mail.posts import MailThreads
from harvesters.mailing_list.archives import (
    Desk,
    Mailbox,
    batch_of,
    first_moment,
    look_in_window,
    neighbours,
    windows,
)
from warehouse.records import Batch, Community, CursorValue, Known, PostRef, Sighting

OVERLAP = timedelta(days=3)  # servers' clocks differ, and some mails wait on their way
NOTHING_FOUND = 404
NO_SUCH_MAIL = (300, 404)
MOST_SUMMARIES = 200  # a page of results shows so many; of more it only guesses the number
MOST_FEED_PAGES = 200
MOST_THREADS = 500
_EMPTY = b"No results found"
_RESULTS = re.compile(rb"Results 1-(\d+) of (\d+)\b")
_SEARCH_FORM = re.compile(rb"name=[\"']?q[\"'\s>]")
_LINK = re.compile(r"<link\s+href=\"([^\"]+)\"")
_UPDATED = re.compile(r"<updated>(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ)</updated>")
_STAMP = "%Y%m%d%H%M%S"


class PublicInbox:
    """Reads the inboxes of one public-inbox; a community is an inbox's name or path."""

    kind: ClassVar[str] = "public-inbox"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._searchable: dict[str, bool] = {}
        self._feeds: dict[str, tuple[datetime, Mailbox]] = {}

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield the mails that an inbox received since the last harvest."""
        return merge_batches(self._batches(community, since, known))

    def groups(self, posts: Sequence[PostRef]) -> Sequence[Sequence[PostRef]]:
        """Put together mails of about the same time."""
        return neighbours(posts)

    def look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        """Look for mails by their dates, and for the missing by when they were received.

        Groups come oldest first, so that a feed is read once for all of them.
        """
        received: dict[str, Mail] | None = None

        def by_itself(ref: PostRef) -> Mail | None:
            nonlocal received
            if not self._has_search(ref.community, Known()):
                return None
            if received is None:
                first, last = (f(r.created_at for r in refs) for f in (min, max))
                box = self.search(ref.community, "rt", first - OVERLAP, last + OVERLAP)
                received = self._desk.named(box)
            return received.get(ref.native_id)

        return look_in_window(
            self._desk, refs, self._by_date, by_itself=by_itself, url_of=self.url_of
        )

    def search(self, community: str, field: str, start: datetime, until: datetime) -> Mailbox:
        """Read the mails whose date (`dt`) or time of receipt (`rt`) lies in a window."""
        address = f"{self.inbox_url(community)}?q={_query(field, start, until)}&x=m"
        response = self._desk.client.post(
            address,
            body=b"",
            content_type="application/x-www-form-urlencoded",
            accept=(NOTHING_FOUND,),
        )
        if response.status != NOTHING_FOUND:
            return self._desk.mailbox(response.content, response.fetched_at)
        if _EMPTY not in response.content:
            raise Gone(f"an inbox of {self._desk.spec.source} is not there; check its community")
        return self._desk.no_mails(response.fetched_at)

    def inbox_url(self, community: str) -> str:
        """Return the address of an inbox, with a slash at its end."""
        name = community.strip("/")
        return f"{self._desk.spec.url}/{quote(name)}/" if name else f"{self._desk.spec.url}/"

    def url_of(self, community: str, mail: Mail) -> str | None:
        """Return an address that shows a mail by its date."""
        if mail.written is None:
            return None
        moment = f"{mail.written.at:{_STAMP}}"
        return f"{self.inbox_url(community)}?q=dt:{moment}..{moment}"

    def _batches(
        self, community: Community, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        now = self._desk.clock.now()
        start = first_moment(known, since, overlap=OVERLAP, kind=self.kind)
        bound = None if known.cursor else since
        name = community.community
        threads = MailThreads()
        if not self._has_search(name, known):
            yield self._by_feed(community, start, now, since=bound)
            return
        for box, begin, until in windows(start, now, partial(self.search, name, "rt")):
            threads.note(box.mails)
            reading = self._desk.reading(box, name, threads, partial(self.url_of, name))
            end = min(until, now).isoformat()
            counted = self._count(name, begin, until) if box.mails else 0
            yield batch_of(
                community,
                reading,
                since=bound,
                expected=counted,
                cursor=dict[str, CursorValue](archive=self.kind, read_to=end, search=True),
            )

    def _by_date(self, community: str, start: datetime, until: datetime) -> Mailbox:
        if self._has_search(community, Known()):
            return self.search(community, "dt", start, until)
        read_from, box = self._feeds.get(community, (None, None))
        if box is None or read_from is None or start < read_from:
            box, whole = self._feed_threads(community, start)
            if not whole:
                raise ParseError(
                    f"an inbox of {self._desk.spec.source} has no search, and too many threads to "
                    "be looked at again; ask its owner for a search index"
                )
            self._feeds[community] = (start, box)
        return box

    def _count(self, community: str, start: datetime, until: datetime) -> int | None:
        """Return how many mails the page of a search promises; None where it only guesses."""
        query = _query("rt", start, until)
        address = f"{self.inbox_url(community)}?q={query}&l={MOST_SUMMARIES}"
        response = self._desk.client.get(address, accept=(NOTHING_FOUND,))
        found = _RESULTS.search(response.content)
        return int(found.group(2)) if found and found.group(1) == found.group(2) else None

    def _has_search(self, community: str, known: Known) -> bool:
        """Tell whether an inbox can be searched; once seen, it is remembered."""
        if known.cursor.get("search") is True:
            return True
        if community not in self._searchable:
            page = self._desk.client.get(self.inbox_url(community)).content
            self._searchable[community] = _SEARCH_FORM.search(page) is not None
        return self._searchable[community]

    def _by_feed(
        self, community: Community, start: datetime, now: datetime, *, since: datetime | None
    ) -> Batch:
        name = community.community
        box, whole = self._feed_threads(name, start)
        threads = MailThreads()
        threads.note(box.mails)
        reading = self._desk.reading(box, name, threads, partial(self.url_of, name))
        cursor = dict[str, CursorValue](archive=self.kind, read_to=now.isoformat(), search=False)
        batch = batch_of(community, reading, since=since or start, cursor=cursor)
        return replace(batch, complete=batch.complete and whole)

    def _feed_threads(self, community: str, start: datetime) -> tuple[Mailbox, bool]:
        """Read the threads of the mails that the feed names since a time, and whether all."""
        mails: dict[str | None, Mail] = {}
        unreadable = size = read = 0
        fetched_at = self._desk.clock.now()
        for address, id_hash in self._newest(community, start):
            if id_hash in mails:
                continue
            if read >= MOST_THREADS:
                return _box(mails, unreadable, size, fetched_at), False
            response = self._desk.client.get(f"{address}t.mbox.gz", accept=NO_SUCH_MAIL)
            if response.status in NO_SUCH_MAIL:  # deleted since the feed was read
                continue
            box = self._desk.mailbox(response.content, response.fetched_at)
            mails |= {mail.id_hash: mail for mail in box.mails}
            unreadable, size, read = unreadable + box.unreadable, size + box.size, read + 1
        return _box(mails, unreadable, size, fetched_at), True

    def _newest(self, community: str, start: datetime) -> Iterator[tuple[str, str]]:
        """Yield address and archive hash of the mails in the feed, newest first."""
        inbox = self.inbox_url(community)
        params: dict[str, str] = {}
        met: set[str] = set()
        for _ in range(MOST_FEED_PAGES):
            response = self._desk.client.get(f"{inbox}new.atom", params=params)
            entries = feed_entries(response.content)
            fresh = [(link, at) for link, at in entries if link not in met]
            for link, at in fresh:
                met.add(link)
                name = link.rstrip("/").rpartition("/")[2]
                message_id = message_id_of(unquote(name))
                if at >= start and message_id is not None:
                    yield f"{inbox}{name}/", archive_hash(message_id)
            oldest = min((at for _, at in fresh), default=None)
            if oldest is None or oldest < start:
                return
            params = {"t": f"{oldest:{_STAMP}}"}
        raise ParseError("an inbox's feed does not end; see whether a cache answers for it")


def feed_entries(content: bytes) -> list[tuple[str, datetime]]:
    """Return link and time of the entries of an inbox's feed; raises `ParseError` for no feed."""
    text = content.decode("utf-8", "replace")
    if "<feed" not in text[:2_000]:
        raise ParseError("a public-inbox answered with no feed; check the source's url")
    entries = (_entry(piece.partition("</entry>")[0]) for piece in text.split("<entry>")[1:])
    return [entry for entry in entries if entry is not None]


def _entry(text: str) -> tuple[str, datetime] | None:
    link, updated = _LINK.search(text), _UPDATED.search(text)
    try:
        return (link[1], datetime.fromisoformat(updated[1])) if link and updated else None
    except ValueError:
        return None


def _query(field: str, start: datetime, until: datetime) -> str:
    """Return the query for a window of which the end is not among what is asked for."""
    last = until - timedelta(seconds=1)
    if field == "rt":
        return f"rt:{start.timestamp():.0f}..{last.timestamp():.0f}"
    return f"{field}:{start:{_STAMP}}..{last:{_STAMP}}"


def _box(
    mails: dict[str | None, Mail], unreadable: int, size: int, fetched_at: datetime
) -> Mailbox:
    return Mailbox(
        mails=tuple(mails.values()), unreadable=unreadable, size=size, fetched_at=fetched_at
    )
