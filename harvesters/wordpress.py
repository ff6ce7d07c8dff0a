"""WordPress: posts and comments of a site by its REST API, from version 5.7 on.

Posts are walked by their time of change, oldest first. The walk moves the lower bound of its
question instead of counting pages, so that a post edited meanwhile shifts nothing out of sight;
pages are counted only among more than a hundred posts of one second (an import). A scheduled post
keeps the time of its last change when it appears, so what was published since is asked for too.
Comments carry no time of change and appear late when they are held for moderation: each night
reads the last `COMMENT_OVERLAP` again.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from harvesters.base import Gone, ParseError, SourceSpec
from harvesters.batching import merge_batches
from harvesters.client import PoliteClient, Response
from harvesters.json_fields import (
    MalformedItem,
    json_list,
    json_object,
    object_field,
    optional_text,
    optional_time,
    text_field,
    time_field,
    web_address,
    whole_field,
)
from harvesters.markup import html_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, Reading, read_context, read_items
from harvesters.rechecking import front_page_answers, gone, grouped, look_at, recheck_groups
from harvesters.wordpress_walk import Page, Position, Tally
from warehouse.protection.keys import KeyRing
from warehouse.records import (
    Batch,
    Clock,
    Community,
    Known,
    Post,
    PostRef,
    Sighting,
)

WHOLE_SITE = "blog"
CATEGORY = "category:"
BAD_REQUEST = 400
CLOSED = (401, 403)  # what a trashed or private item is answered with
PAGE_SIZE = 100  # the API's maximum
MAX_PAGES = 5000
POST_OVERLAP = timedelta(hours=2)  # the server compares local times, which repeat in autumn
COMMENT_OVERLAP = timedelta(days=7)  # how long a comment may wait for its moderator
ONE_SECOND = timedelta(seconds=1)  # the resolution of the server's times
POST_FIELDS = "id,date_gmt,modified_gmt,link,title,content,author,type"
COMMENT_FIELDS = "id,post,parent,author,author_name,date_gmt,content,link,type"
NO_DATE = "no_date"
PASSWORD = "password"  # noqa: S105 # the reason why a post's text is not shown
HIDDEN = {PASSWORD: "login_required"}


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


def parse_posts(content: bytes, context: ReadContext) -> list[Post]:
    """Read the posts of an answer of `/wp-json/wp/v2/posts`; what is not kept is left out."""
    items = json_list(content, what=_what("posts", context.host))
    return list(_read(items, context, route="posts").posts)


def parse_comments(content: bytes, context: ReadContext) -> list[Post]:
    """Read the comments of an answer of `/wp-json/wp/v2/comments`."""
    items = json_list(content, what=_what("comments", context.host))
    return list(_read(items, context, route="comments").posts)


def build_blog_post(context: ReadContext, item: Mapping[str, Any]) -> Post:
    """Make the record of one post; raises `Dropped` where its text is behind a password."""
    native_id = f"post:{whole_field(item, 'id')}"
    content = object_field(item, "content")
    if content.get("protected") is True:
        raise Dropped(PASSWORD)
    created_at = _created_at(item)
    modified_at = optional_time(item, "modified_gmt")
    author = whole_field(item, "author") if item.get("author") else 0
    raw = text_field(content, "rendered")
    return build_post(
        context,
        native_id=native_id,
        native_thread_id=native_id,
        native_parent_id=None,
        kind="post",
        handle=str(author) if author else None,
        created_at=created_at,
        edited_at=modified_at if modified_at and modified_at > created_at else None,
        title=html_to_text(text_field(object_field(item, "title"), "rendered")).text,
        body=partial(html_to_text, raw),
        raw=raw,
        url=web_address(item, "link"),
    )


def build_comment(context: ReadContext, item: Mapping[str, Any]) -> Post:
    """Make the record of one comment; raises `Dropped` for what a machine sent (pingbacks)."""
    if item.get("type", "comment") != "comment":
        raise Dropped("pingback")
    thread = f"post:{whole_field(item, 'post')}"
    parent = whole_field(item, "parent") if item.get("parent") else 0
    raw = text_field(object_field(item, "content"), "rendered")
    return build_post(
        context,
        native_id=f"comment:{whole_field(item, 'id')}",
        native_thread_id=thread,
        native_parent_id=f"comment:{parent}" if parent else thread,
        kind="comment",
        handle=_commenter(item),
        created_at=_created_at(item),
        edited_at=None,
        title="",
        body=partial(html_to_text, raw),
        raw=raw,
        url=web_address(item, "link"),
    )


class WordPressHarvester:
    """Reads one WordPress site.

    Communities are `blog` (the whole site) and `category:<id>`; comments of a category are those
    on posts that are known to be in it. The option `comments = false` leaves comments out where a
    site does not show them.
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
        position = Position.read(known.cursor)
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
            what = _what(listing.route, response.url)
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
        response = self._client.get(
            self._address(listing.route), params=parameters, accept=(BAD_REQUEST,)
        )
        if response.status != BAD_REQUEST:
            return response
        code = json_object(response.content, what=_what(listing.route, response.url)).get("code")
        if number > 1 and str(code).endswith("invalid_page_number"):
            return None
        raise ParseError(
            f"{self._address(listing.route)} refused the question as invalid; see whether "
            f"community {community.community} exists there"
        )

    def _address(self, route: str) -> str:
        return f"{self._spec.url}/wp-json/wp/v2/{route}"

    def _read_page(self, page: Page, community: Community, route: str) -> Reading:
        context = read_context(
            self._spec,
            community=community.community,
            fetched_at=page.fetched_at,
            keys=self._keys,
        )
        return _read(page.items, context, route=route)

    def _look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        route = _route(refs[0].native_id)
        asked = [ref.native_id.partition(":")[2] for ref in refs]
        response = self._client.get(
            self._address(route),
            params={
                "include": ",".join(asked),
                "per_page": PAGE_SIZE,
                "_fields": COMMENT_FIELDS if route == "comments" else POST_FIELDS,
            },
        )
        what = _what(route, response.url)
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
        build = _builder(_route(ref.native_id))
        return look_at(ref, partial(build, context, item), seen_at=seen_at, reasons=HIDDEN)


def _builder(route: str) -> Callable[[ReadContext, Mapping[str, Any]], Post]:
    return build_comment if route == "comments" else build_blog_post


def _read(items: Sequence[Any], context: ReadContext, *, route: str) -> Reading:
    return read_items(items, partial(_builder(route), context), what=_what(route, context.host))


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


def _what(route: str, place: str) -> str:
    return f"the list of {route} of {place.partition('?')[0]}"


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


def _created_at(item: Mapping[str, Any]) -> datetime:
    if item.get("date_gmt") is None:
        raise Dropped(NO_DATE)
    return time_field(item, "date_gmt")


def _commenter(item: Mapping[str, Any]) -> str | None:
    """Return the account number of a registered commenter, else the name that a guest gave."""
    account = whole_field(item, "author") if item.get("author") else 0
    if account:
        return str(account)
    name = optional_text(item, "author_name")
    return f"guest {name}" if name and name.strip().isdigit() else name


def _back(moment: datetime | None, overlap: timedelta) -> datetime | None:
    return None if moment is None else moment - overlap
