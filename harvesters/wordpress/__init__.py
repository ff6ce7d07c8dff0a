"""WordPress: posts and comments of a site by its REST API, from version 5.7 on.

Posts are walked by their time of change, oldest first. The walk moves the lower bound of its
question instead of counting pages, so that a post edited meanwhile shifts nothing out of sight;
pages are counted only among more than a hundred posts of one second (an import). A scheduled post
keeps the time of its last change when it appears, so what was published since is asked for too.
Comments carry no time of change and appear late when they are held for moderation: each night
reads the last `COMMENT_OVERLAP` again.

Where a site closes its API to guests, its feeds and pages are read instead (see `closed`); the API
is asked again every seventh night, and ids are the same by either way.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from harvesters.base import Blocked, Gone, ParseError, SourceSpec
from harvesters.batching import merge_batches
from harvesters.client import Params, PoliteClient, Response
from harvesters.json_fields import (
    MalformedItem,
    json_list,
    json_object,
    optional_time,
)
from harvesters.reading import Reading, read_context, site_host
from harvesters.rechecking import front_page_answers, gone, grouped, look_at, recheck_groups
from harvesters.wordpress.closed import ClosedSite
from harvesters.wordpress.items import (
    HIDDEN,
    builder,
    parse_comments,
    parse_posts,
    read_listed,
    what_of,
)
from harvesters.wordpress.memory import FeedWalk, Memory
from harvesters.wordpress.pages import look_at_pages
from harvesters.wordpress.walk import Page, Position, Tally
from warehouse.protection.keys import KeyRing
from warehouse.records import (
    Batch,
    Clock,
    Community,
    Known,
    PostRef,
    Sighting,
)

__all__ = ["WordPressHarvester", "parse_comments", "parse_posts"]

WHOLE_SITE = "blog"
CATEGORY = "category:"
BAD_REQUEST = 400
CLOSED = (401, 403)  # what a trashed or private item is answered with, or everything
NO_ROUTE = 404
WORDPRESS_COM = "https://public-api.wordpress.com/wp/v2/sites"
PAGE_SIZE = 100  # the API's maximum
MAX_PAGES = 5000
POST_OVERLAP = timedelta(hours=2)  # the server compares local times, which repeat in autumn
COMMENT_OVERLAP = timedelta(days=7)  # how long a comment may wait for its moderator
ONE_SECOND = timedelta(seconds=1)  # the resolution of the server's times
POST_FIELDS = "id,date_gmt,modified_gmt,link,title,content,author,type"
COMMENT_FIELDS = "id,post,parent,author,author_name,date_gmt,content,link,type"


class ApiClosed(Blocked):
    """The REST API of a site does not answer guests."""


@dataclass(frozen=True, slots=True)
class _Listing:
    """One way to list one kind of item: what it is ordered and bounded by."""

    route: str
    order: str
    bound: str
    time: str
    fields: str


MODIFIED_POSTS = _Listing("posts", "modified", "modified_after", "modified_gmt", POST_FIELDS)
PUBLISHED_POSTS = _Listing("posts", "date", "after", "date_gmt", POST_FIELDS)
COMMENTS = _Listing("comments", "date", "after", "date_gmt", COMMENT_FIELDS)


class WordPressHarvester:
    """Reads one WordPress site.

    Communities are `blog` (the whole site) and `category:<id>`; comments of a category are those
    on posts that are known to be in it. The option `comments = false` leaves comments out where a
    site does not show them; `rest = false` never asks the API; `wordpress_com = true` asks the one
    that wordpress.com has for its sites.
    """

    platform: ClassVar[str] = "wordpress"
    needs_communities: ClassVar[bool] = False
    needs_secrets: ClassVar[tuple[str, ...]] = ()
    needs_approval: ClassVar[bool] = False
    evidence = "real server: WordPress 6.1"

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec
        self._client = client
        self._keys = keys
        self._clock = clock
        self._pages_and_feeds = ClosedSite(spec, client=client, keys=keys, clock=clock)
        self._has_answered = False
        self._is_closed: bool | None = True if spec.options.get("rest") is False else None

    def communities(self) -> Iterator[Community]:
        """Yield the configured communities, or the whole site."""
        yield from self._spec.communities or (
            Community(source=self._spec.source, community=WHOLE_SITE, name=self._spec.source),
        )

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield posts and comments that are new or changed; `since` bounds a first harvest."""
        yield from merge_batches(self._batches(community, since, known))

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post, a hundred posts a request."""
        groups: list[Sequence[PostRef]] = []
        for route in ("posts", "comments"):
            of_route = [ref for ref in posts if _route(ref.native_id) == route]
            groups.extend(grouped(of_route, PAGE_SIZE))
        return recheck_groups(
            groups,
            self._look_again,
            clock=self._clock,
            site_answers=partial(front_page_answers, self._client, self._spec.url),
        )

    def _batches(
        self, community: Community, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        memory = Memory.read(known.cursor)
        position = Position.read(known.cursor)
        self._has_answered = position.modified is not None and not memory.nights
        if not self._is_closed and not memory.says_closed:
            try:
                for batch in self._by_api(community, since, known, position):
                    self._is_closed = False
                    yield batch
            except ApiClosed:
                if self._is_closed is False:
                    raise  # a part of it only, such as the comments
            else:
                return
        self._is_closed = True
        walk = FeedWalk(community, since=since, known=known, memory=memory)
        yield from self._pages_and_feeds.batches(walk, kept=position.as_cursor())

    def _by_api(
        self, community: Community, since: datetime | None, known: Known, position: Position
    ) -> Iterator[Batch]:
        threads = set(known.threads)
        for batch in self._post_batches(community, since, position):
            threads.update(post.native_id for post in batch.posts)
            yield batch
        if self._spec.options.get("comments", True):
            whole_site = not community.community.startswith(CATEGORY)
            yield from self._comment_batches(
                community, since, position, threads=None if whole_site else threads
            )

    def _post_batches(
        self, community: Community, since: datetime | None, position: Position
    ) -> Iterator[Batch]:
        seen: set[int] = set()
        first = position.modified is None
        starts = {
            MODIFIED_POSTS: since if first else _back(position.modified, POST_OVERLAP),
            PUBLISHED_POSTS: since if first else _back(position.published, POST_OVERLAP),
        }
        for listing, start in starts.items():
            if listing is PUBLISHED_POSTS and start is None:
                continue  # the first walk was unbounded and met every post
            for page in self._pages(listing, community, start, seen):
                reading = self._read_page(page, community, listing.route)
                if listing is MODIFIED_POSTS:
                    position.advance("modified", page.newest)
                position.advance("published", *(post.created_at for post in reading.posts))
                yield _batch(community, page, reading, position)

    def _comment_batches(
        self,
        community: Community,
        since: datetime | None,
        position: Position,
        *,
        threads: set[str] | None,
    ) -> Iterator[Batch]:
        start = _back(position.commented, COMMENT_OVERLAP) or since
        for page in self._pages(COMMENTS, community, start, set()):
            reading = self._read_page(page, community, COMMENTS.route)
            if threads is not None:
                kept = tuple(p for p in reading.posts if p.native_thread_id in threads)
                reading = Reading(posts=kept, drops=reading.drops)
            position.advance("commented", page.newest)
            yield _batch(community, page, reading, position)

    def _pages(
        self, listing: _Listing, community: Community, start: datetime | None, seen: set[int]
    ) -> Iterator[Page]:
        """Walk a listing from `start` on, moving the bound with what was read."""
        bound, number = start, 1
        tally = Tally()
        for _ in range(MAX_PAGES):
            response = self._ask(listing, community, bound, number)
            if response is None:
                return
            what = what_of(listing.route, response.url)
            items = json_list(response.content, what=what)
            total, n_pages = _totals(response, what=what)
            times = [moment for item in items if (moment := _time_of(item, listing.time))]
            _require_bound(times, bound, listing, what=what)
            promised = max(0, min(PAGE_SIZE, total - PAGE_SIZE * (number - 1)))
            withheld = max(0, promised - len(items))
            tally.add(items, withheld=withheld, total=total)
            fresh = [item for item in items if _is_fresh(item, seen)]
            newest = times[-1] if times else None
            last = number >= n_pages
            whole = not last or tally.is_whole
            yield Page(fresh, withheld, newest, response.fetched_at, whole)
            if last:
                return
            # behind a page with items held back, the bound would count these again
            moved = newest - ONE_SECOND if newest and fresh and not withheld else None
            if moved and (bound is None or moved > bound):
                bound, number = moved, 1
            else:
                number += 1
        raise ParseError(
            f"the list of {listing.route} of {self._spec.source} did not end after {MAX_PAGES} "
            "pages; the next harvest goes on from here"
        )

    def _ask(
        self, listing: _Listing, community: Community, bound: datetime | None, number: int
    ) -> Response | None:
        """Ask for one page; None where the server says that there is no such page."""
        parameters: dict[str, str | int] = {
            "per_page": PAGE_SIZE,
            "orderby": listing.order,
            "order": "asc",
            "page": number,
            "_fields": listing.fields,
        }
        if bound is not None:
            parameters[listing.bound] = f"{bound:%Y-%m-%dT%H:%M:%SZ}"
        if listing.route == "posts" and community.community.startswith(CATEGORY):
            parameters["categories"] = community.community.removeprefix(CATEGORY)
        response = self._list(listing.route, parameters)
        if response.status != BAD_REQUEST:
            return response
        code = json_object(response.content, what=what_of(listing.route, response.url)).get("code")
        if number > 1 and str(code).endswith("invalid_page_number"):
            return None
        raise ParseError(
            f"{self._address(listing.route)} refused the question as invalid; see whether "
            f"community {community.community} exists there"
        )

    def _list(self, route: str, parameters: Params) -> Response:
        """Ask for a list; raises `ApiClosed` where the API does not answer guests.

        A page in the place of an answer may be a passing failure: it is taken for a closed API only
        where the API has not answered before and answers nothing else either.
        """
        response = self._client.get(
            self._address(route), params=parameters, accept=(BAD_REQUEST, *CLOSED, NO_ROUTE)
        )
        refused = response.status in (*CLOSED, NO_ROUTE)
        if not refused and not _is_page(response):
            return response
        if not refused and (self._has_answered or self._answers()):
            raise ParseError(
                f"{self._spec.source} answered with a page in the place of {route}; the next "
                "harvest asks again"
            )
        raise ApiClosed(
            f"{self._spec.source} does not show {route} of its REST API to guests; ask its "
            "owner, or set the option comments = false where only comments are closed"
        )

    def _answers(self) -> bool:
        """Tell whether the API answers a question that every WordPress answers to guests."""
        response = self._client.get(self._address("types"), accept=(*CLOSED, NO_ROUTE))
        return response.status not in (*CLOSED, NO_ROUTE) and not _is_page(response)

    def _address(self, route: str) -> str:
        if self._spec.options.get("wordpress_com") is True:
            return f"{WORDPRESS_COM}/{site_host(self._spec.url)}/{route}"
        return f"{self._spec.url}/wp-json/wp/v2/{route}"

    def _read_page(self, page: Page, community: Community, route: str) -> Reading:
        context = read_context(
            self._spec,
            community=community.community,
            fetched_at=page.fetched_at,
            keys=self._keys,
        )
        return read_listed(page.items, context, route=route)

    def _look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        if not self._is_closed:
            try:
                yield from self._look_in_list(refs)
            except ApiClosed:
                if not self._asked_whether_closed():
                    raise
            else:
                return
        yield from look_at_pages(self._pages_and_feeds, refs, url=self._spec.url, clock=self._clock)

    def _asked_whether_closed(self) -> bool:
        """Tell whether the API is closed as a whole, and not some of its items or comments only."""
        if self._is_closed is None:
            try:
                self._list("posts", {"per_page": 1, "_fields": "id"})
            except ApiClosed:
                self._is_closed = True
        return self._is_closed is True

    def _look_in_list(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        route = _route(refs[0].native_id)
        asked = [ref.native_id.partition(":")[2] for ref in refs]
        parameters: Params = {
            "include": ",".join(asked),
            "per_page": PAGE_SIZE,
            "_fields": COMMENT_FIELDS if route == "comments" else POST_FIELDS,
        }
        response = self._list(route, parameters)
        what = what_of(route, response.url)
        items = json_list(response.content, what=what)
        _totals(response, what=what)  # a cache or a challenge page that says 200 has none
        shown = {str(item.get("id")): item for item in items if isinstance(item, dict)}
        missing = [name for name in asked if name not in shown]
        sound = shown.keys() <= set(asked) and (not missing or self._is_absent(route, missing[0]))
        if not sound:
            raise ParseError(
                f"{what} does not hold what was asked for; see whether a cache answers in the "
                "place of WordPress"
            )
        for ref, name in zip(refs, asked, strict=True):
            yield self._seen(ref, shown.get(name), response.fetched_at)

    def _is_absent(self, route: str, name: str) -> bool:
        """Tell whether an item that a list lacks is not shown by itself either.

        A list may be a stale or a wrong one, so one missing item speaks for the others.
        """
        try:
            response = self._client.get(f"{self._address(route)}/{name}", accept=CLOSED)
        except Gone:
            return True
        return response.status in CLOSED

    def _seen(self, ref: PostRef, item: Any, seen_at: datetime) -> Sighting:
        if item is None:
            return gone(ref, reason="not_found", seen_at=seen_at)
        context = replace(
            read_context(self._spec, community=ref.community, fetched_at=seen_at, keys=self._keys),
            known_hash=ref.content_hash,
        )
        build = builder(_route(ref.native_id))
        return look_at(ref, partial(build, context, item), seen_at=seen_at, reasons=HIDDEN)


def _batch(community: Community, page: Page, reading: Reading, position: Position) -> Batch:
    drops = Counter(reading.drops)
    if page.withheld:
        drops["withheld"] += page.withheld
    return Batch(
        source=community.source,
        community=community.community,
        posts=reading.posts,
        cursor=position.as_cursor(),
        expected=len(reading.posts) + drops.total(),
        fetched=len(reading.posts),
        drops=dict(drops),
        complete=reading.complete and page.whole,
    )


def _route(native_id: str) -> str:
    return "comments" if native_id.startswith("comment:") else "posts"


def _totals(response: Response, *, what: str) -> tuple[int, int]:
    """Return how many items and pages WordPress says there are; no other software says it."""
    try:
        return int(response.headers["X-WP-Total"]), int(response.headers["X-WP-TotalPages"])
    except (KeyError, ValueError) as error:
        raise ParseError(
            f"{what} came without X-WP-Total; see whether a cache or a security plugin answers "
            "in the place of WordPress"
        ) from error


def _require_bound(
    times: Sequence[datetime], bound: datetime | None, listing: _Listing, *, what: str
) -> None:
    if bound is not None and times and min(times) < bound - POST_OVERLAP:
        raise ParseError(
            f"{what} ignores {listing.bound}; the site needs WordPress 5.7 or newer, without a "
            "cache in front of its REST API"
        )


def _is_fresh(item: Any, seen: set[int]) -> bool:
    native_id = item.get("id") if isinstance(item, dict) else None
    if not isinstance(native_id, int):
        return True
    fresh = native_id not in seen
    seen.add(native_id)
    return fresh


def _time_of(item: Any, name: str) -> datetime | None:
    try:
        return optional_time(item, name) if isinstance(item, dict) else None
    except MalformedItem:
        return None


def _back(moment: datetime | None, overlap: timedelta) -> datetime | None:
    return None if moment is None else moment - overlap


def _is_page(response: Response) -> bool:
    return response.content.lstrip()[:1] == b"<"
