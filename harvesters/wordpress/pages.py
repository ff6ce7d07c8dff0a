"""Second looks at a WordPress whose REST API is closed: by the pages of its entries.

A page tells whether an entry and its comments are there. Comments are compared by the entry's feed,
as far as it reaches, and beyond by the page, which spells them as the API does. An entry's page
holds what its theme adds, so an entry's edits are seen only while the site's feed shows it.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial

from harvesters.base import Gone, ParseError
from harvesters.rechecking import gone, look_at, present, unknown
from harvesters.wordpress.closed import ClosedSite
from harvesters.wordpress.feed import FeedItem, build_feed_comment
from warehouse.records import Clock, PostRef, Sighting


def look_at_pages(
    site: ClosedSite, refs: Sequence[PostRef], *, url: str, clock: Clock
) -> Iterator[Sighting]:
    """Yield one sighting for each post: entries and comments, one entry's page after another.

    The site's feed has to be there first, so that a site that is gone makes no post gone.
    """
    site.require_feed()
    threads: dict[str, list[PostRef]] = {}
    for ref in refs:
        threads.setdefault(ref.native_thread_id, []).append(ref)
    for name, of_thread in threads.items():
        try:
            yield from _look_at_thread(site, name, of_thread, url=url, clock=clock)
        except ParseError:
            for ref in of_thread:
                yield unknown(ref, reason="error", seen_at=clock.now())


def _look_at_thread(
    site: ClosedSite, name: str, refs: Sequence[PostRef], *, url: str, clock: Clock
) -> Iterator[Sighting]:
    number = name.removeprefix("post:")
    address = f"{url}/?p={number}"  # WordPress leads from here to wherever the entry lies
    try:
        page = site.page(address)
    except Gone:
        for ref in refs:
            yield gone(ref, reason="not_found", seen_at=clock.now())
        return
    if page.number is not None and str(page.number) != number:
        raise ParseError("an entry's address leads to another entry")
    shown, all_shown = _comments(site, address, refs)
    for ref in refs:
        item = shown.get(ref.native_id)
        if page.needs_password:
            yield gone(ref, reason="login_required", seen_at=clock.now())
        elif ref.kind == "post":
            yield present(ref, seen_at=clock.now())
        elif item is not None:
            yield _compared(site, ref, item, entry=int(number), clock=clock)
        elif all_shown:
            yield gone(ref, reason="not_found", seen_at=clock.now())
        else:
            yield unknown(ref, reason="error", seen_at=clock.now())


def _compared(
    site: ClosedSite, ref: PostRef, item: FeedItem, *, entry: int, clock: Clock
) -> Sighting:
    if item.published is None or item.content is None:
        return present(ref, seen_at=clock.now())
    context = replace(site.context(ref.community, clock.now()), known_hash=ref.content_hash)
    build = partial(build_feed_comment, context, item, entry)
    return look_at(ref, build, seen_at=clock.now(), reasons={})


def _comments(
    site: ClosedSite, address: str, refs: Sequence[PostRef]
) -> tuple[dict[str, FeedItem], bool]:
    """Return the comments that an entry shows, and whether one that is not among them is gone.

    A theme may show none on the page though the feed has some, and then tells nothing of the rest.
    """
    wanted = {ref.native_id for ref in refs if ref.kind == "comment"}
    if not wanted:
        return {}, True
    by_feed = {f"comment:{number}": item for number, item in site.newest_on(address).items()}
    if wanted <= by_feed.keys():
        return by_feed, True
    on_pages = site.comments_on_pages(address)
    shown = {f"comment:{number}": item for number, item in on_pages.items()} | by_feed
    return shown, bool(on_pages) or not by_feed
