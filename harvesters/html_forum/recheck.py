"""A second look at known posts of a forum: the pages that should hold them, and who is missing.

A post is looked up by its own address. One that is nowhere is gone only if the page on which it
stood was read, with the posts that were before and after it, or if the thread itself is not there.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import pairwise
from urllib.parse import urldefrag

from harvesters.base import SourceSpec
from harvesters.html_forum.pages import LOGIN_REQUIRED, NOT_FOUND, NotShown, ShownPost, ThreadPage
from harvesters.html_forum.posts import DELETED, Addresses, build_forum_post
from harvesters.html_forum.reader import ForumReader
from harvesters.reading import read_context
from harvesters.rechecking import gone, look_at, unknown
from warehouse.protection.keys import KeyRing
from warehouse.records import Clock, PostRef, Sighting

REMOVED, ERROR = "removed", "error"
_PAGE = re.compile(r"/page[/-]\d+(?=/|$)")
MOST_PAGES = 30  # of one thread and recheck


@dataclass
class _Look:
    """What was read of one thread: pages, posts by id, addresses that were tried."""

    pages: list[ThreadPage] = field(default_factory=list)
    shown: dict[str, tuple[ThreadPage, ShownPost]] = field(default_factory=dict)
    tried: dict[str, bool] = field(default_factory=dict)

    def add(self, page: ThreadPage) -> None:
        self.pages.append(page)
        self.tried[urldefrag(page.address).url] = True
        for post in page.posts:
            self.shown.setdefault(post.native_id, (page, post))

    def has_place_of(self, ref: PostRef) -> bool:
        """Tell whether the pages hold the place at which a post stood, it being there or not."""
        return any(_surrounds(run, ref) for run in self._runs())

    def _runs(self) -> Iterator[list[ThreadPage]]:
        """Yield the pages that follow one another."""
        numbered = {page.number: page for page in self.pages if page.number is not None}
        yield from ([page] for page in self.pages if page.number is None)
        run: list[ThreadPage] = []
        numbers = sorted(numbered)
        for number, following in pairwise([*numbers, -1]):
            run.append(numbered[number])
            if following != number + 1:
                yield run
                run = []


class ForumRecheck:
    """Looks at the known posts of one thread at a time."""

    def __init__(
        self, reader: ForumReader, *, spec: SourceSpec, keys: KeyRing, clock: Clock
    ) -> None:
        self._reader = reader
        self._clock = clock
        self._spec = spec
        self._keys = keys
        self._addresses = Addresses(reader.site, reader.profile)

    def look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post of a thread."""
        look = _Look()
        try:
            lost = self._find(refs, look)
        except NotShown as error:
            lost = error.reason
        for ref in refs:
            yield self._sighting(ref, look, lost)

    def _find(self, refs: Sequence[PostRef], look: _Look) -> str | None:
        """Read the pages that should hold the posts; returns why there is no thread any more."""
        for ref in sorted(refs, key=lambda each: each.created_at, reverse=True):
            if ref.native_id not in look.shown and not look.has_place_of(ref):
                self._read(self._address_of(ref), look)
        missing = [ref for ref in refs if ref.native_id not in look.shown]
        for ref in missing:  # a post may have been moved to another thread
            self._read(self._address_of(ref), look)
        missing = [ref for ref in missing if ref.native_id not in look.shown]
        if not missing:
            return None
        if not look.pages:
            address = self._addresses.of_thread(refs[0].native_thread_id) or _begin_of(refs[0].url)
            if address is None or not self._read(address, look):
                return NOT_FOUND
        for ref in missing:
            self._walk_to(ref, look)
        return None

    def _read(self, address: str | None, look: _Look) -> bool:
        """Read a page that was not read yet; tells whether it is there."""
        if address is None:
            return False
        address = urldefrag(address).url
        if address in look.tried:
            return look.tried[address]
        if len(look.pages) >= MOST_PAGES:
            return False
        try:
            look.add(self._reader.thread(address))
        except NotShown as error:
            if error.reason == LOGIN_REQUIRED:
                raise
            look.tried[address] = False
            return False
        look.tried[address] = True
        return True

    def _address_of(self, ref: PostRef) -> str | None:
        permalink = self._reader.profile.rules.post.permalink
        if permalink is not None:
            known = permalink.format(thread=ref.native_thread_id, post=ref.native_id)
            return f"{self._reader.site}/{known}"
        return ref.url or self._addresses.of_thread(ref.native_thread_id)

    def _walk_to(self, ref: PostRef, look: _Look) -> None:
        """Read pages until the place of a post was seen: from its nearest later page back."""
        first = self._addresses.of_thread(ref.native_thread_id) or look.pages[0].address
        if not look.has_place_of(ref):
            look.add(self._reader.last_page(look.pages[-1].address, thread=first))
        while not look.has_place_of(ref):
            address = self._reader.previous(look.pages[-1], thread=first)
            if address is None or not self._read(address, look):
                return

    def _sighting(self, ref: PostRef, look: _Look, lost: str | None) -> Sighting:
        found = look.shown.get(ref.native_id)
        if found is not None:
            return self._compared(ref, *found)
        seen_at = self._clock.now()
        if lost == NOT_FOUND:
            return gone(ref, reason=NOT_FOUND, seen_at=seen_at)
        if lost is not None:
            return unknown(ref, reason=lost, seen_at=seen_at)
        if look.has_place_of(ref):
            return gone(ref, reason=REMOVED, seen_at=seen_at)
        return unknown(ref, reason=ERROR, seen_at=seen_at)

    def _compared(self, ref: PostRef, page: ThreadPage, shown: ShownPost) -> Sighting:
        context = read_context(
            self._spec, community=ref.community, fetched_at=page.fetched_at, keys=self._keys
        )
        build = partial(
            build_forum_post,
            page,
            replace(context, known_hash=ref.content_hash),
            shown,
            thread=ref.native_thread_id,
            addresses=self._addresses,
            kind=ref.kind,
        )
        reasons = {DELETED: self._reader.profile.rules.post.deleted_reason}
        return look_at(ref, build, seen_at=page.fetched_at, reasons=reasons)


def _begin_of(url: str | None) -> str | None:
    """Return the first page of a thread by the address of a post on one of its pages."""
    return None if url is None else _PAGE.sub("", urldefrag(url).url)


def _surrounds(run: Sequence[ThreadPage], ref: PostRef) -> bool:
    """Tell whether a run of pages begins before a post and ends after it."""
    times = [post.created for page in run for post in page.posts if post.created is not None]
    begins = run[0].is_first or any(each.latest <= ref.created_at for each in times)
    ends = run[-1].next_page is None or any(each.earliest > ref.created_at for each in times)
    return begins and ends
