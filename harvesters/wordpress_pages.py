"""Second looks at a WordPress whose REST API is closed: by the pages of its entries.

A page tells whether an entry and its comments are there. What a page shows is not letter for letter
what a feed said, so it tells no edits: those are seen while the feeds show an entry or comment.
"""

from collections.abc import Iterator, Sequence

from harvesters.base import Gone, ParseError
from harvesters.rechecking import gone, present, unknown
from harvesters.wordpress_closed import ClosedSite
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
    shown = _shown(site, address, refs)
    for ref in refs:
        if page.needs_password:
            yield gone(ref, reason="login_required", seen_at=clock.now())
        elif ref.kind == "post" or ref.native_id in shown:
            yield present(ref, seen_at=clock.now())
        elif "" in shown:
            yield unknown(ref, reason="error", seen_at=clock.now())
        else:
            yield gone(ref, reason="not_found", seen_at=clock.now())


def _shown(site: ClosedSite, address: str, refs: Sequence[PostRef]) -> frozenset[str]:
    """Return the comments that an entry shows; with an empty name among them if not all of them.

    A theme may show none on the page that its feed has, and then tells nothing of the others.
    """
    if all(ref.kind == "post" for ref in refs):
        return frozenset()
    numbers = set(site.comments_on_pages(address))
    hidden = False
    if not numbers:
        numbers = set(site.newest_on(address))
        hidden = bool(numbers)
    return frozenset({*(f"comment:{n}" for n in numbers), *([""] if hidden else [])})
