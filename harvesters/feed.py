"""RSS and Atom feeds: the newest items of a site that has no better interface.

A feed shows its newest ten to fifty items and forgets the others without a word. What may have
been lost between two harvests is recorded as a gap; whether an old item still stands is seen at its
own address. Some servers keep an ETag though the feed changed and some send every feed anew, so
the polite client reads in full every so often, and a hash of the body tells an unchanged feed.

An item without a date is dropped and counted: the time of its harvest would be a made-up one.
"""

import calendar
import io
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from hashlib import sha256
from typing import Any, ClassVar
from urllib.parse import urljoin, urlsplit

import feedparser

from harvesters.base import Blocked, Gone, ParseError, ResponseRefused, SourceSpec
from harvesters.client import PoliteClient, Response
from harvesters.json_fields import MalformedItem, is_web_address, utc_time
from harvesters.markup import Markup, html_to_text, plain_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, read_context, read_items
from harvesters.rechecking import (
    compared,
    front_page_answers,
    gone,
    present,
    recheck_groups,
    unknown,
)
from warehouse.protection.keys import KeyRing
from warehouse.records import (
    Batch,
    Clock,
    Community,
    Gap,
    Known,
    Post,
    PostRef,
    Sighting,
    Validator,
)

WHOLE_FEED = "feed"
NO_DATE = "no_date"
AGED_OUT = "the feed no longer reached back to the last harvest"
LONGEST_ID = 500  # characters; a longer guid is replaced by its hash
CLOSED = (401, 403)
BLOCKS_IN_A_ROW = 3  # one item may have moved behind a login; after three the site is left alone
_ENDINGS = (b"</rss>", b"</feed>", b"</rdf:RDF>")


def parse_feed(content: bytes, context: ReadContext, *, address: str | None = None) -> list[Post]:
    """Read the items of an RSS or Atom feed; what is not kept is left out."""
    entries, _ = feed_entries(content, what=context.host)
    build = partial(build_item, context, address=address or f"https://{context.host}/")
    return list(read_items(entries, build, what=context.host).posts)


def feed_entries(content: bytes, *, what: str) -> tuple[list[Mapping[str, Any]], bool]:
    """Return the entries of a feed, each id once, and whether the feed came whole.

    The last entry of a feed that breaks off is left out: its text may be cut.
    """
    try:  # as a stream, since feedparser takes bytes for the name of a file first
        parsed = feedparser.parse(
            io.BytesIO(content), sanitize_html=False, resolve_relative_uris=False
        )
    except (ValueError, LookupError, TypeError, AttributeError, RecursionError):
        parsed = {}  # it fails so on an encoding that is no word, among other things
    if not parsed.get("version"):
        raise ParseError(
            f"{what} answered with something that is neither RSS nor Atom; check the feed's address"
        )
    whole = not parsed.get("bozo") or any(ending in content for ending in _ENDINGS)
    entries: dict[object, Mapping[str, Any]] = {}
    for number, entry in enumerate(parsed.entries if whole else parsed.entries[:-1]):
        entries.setdefault(entry.get("id") or entry.get("link") or number, entry)
    return list(entries.values()), whole


def build_item(context: ReadContext, entry: Mapping[str, Any], *, address: str) -> Post:
    """Make the record of one item; raises `Dropped` where it has no date."""
    published = _time(entry, "published_parsed")
    updated = _time(entry, "updated_parsed")
    created_at = published or updated
    if created_at is None:
        raise Dropped(NO_DATE)
    native_id = _native_id(entry)
    raw, body = _body(entry)
    return build_post(
        context,
        native_id=native_id,
        native_thread_id=native_id,
        native_parent_id=None,
        kind="post",
        handle=entry.get("author") or None,
        created_at=created_at,
        edited_at=updated if updated and updated > created_at else None,
        title=_read_text(entry.get("title_detail")).text,
        body=body,
        raw=raw,
        url=_url(entry, address),
    )


class FeedHarvester:
    """Reads feeds of one site.

    A community is the feed's address, as a path (`/feed/`) or in full; any other handle stands for
    the feed at the option `feed`, or else at the source's own address.
    """

    platform: ClassVar[str] = "feed"
    needs_communities: ClassVar[bool] = False
    needs_secrets: ClassVar[tuple[str, ...]] = ()
    needs_approval: ClassVar[bool] = False
    evidence = "recording"

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec
        self._client = client
        self._keys = keys
        self._clock = clock
        self._blocked_in_a_row = 0

    def communities(self) -> Iterator[Community]:
        """Yield the configured feeds, or the source's own."""
        yield from self._spec.communities or (
            Community(source=self._spec.source, community=WHOLE_FEED, name=self._spec.source),
        )

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield the items that the feed shows, or an empty batch where it has not changed."""
        address = self._address(community.community)
        response = self._client.get(address, validator=known.validators.get(address))
        validators = {address: response.validator}
        body = self._keys.content_hash(sha256(response.content).hexdigest())
        if response.not_modified or body == known.cursor.get("body"):
            yield Batch(
                source=community.source, community=community.community, validators=validators
            )
            return
        last_newest = known.cursor.get("newest")
        yield self._batch(
            community,
            response,
            since=since,
            last=utc_time(last_newest, name="cursor") if isinstance(last_newest, str) else None,
            body=body,
            validators=validators,
        )

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post: by its text while the feed shows it, else by its page.

        An item's page tells only whether it is there: 404 and 410 mean gone.
        """
        feeds: dict[str, Mapping[str, Post]] = {}
        self._blocked_in_a_row = 0
        return recheck_groups(
            [[ref] for ref in posts],
            partial(self._look_again, feeds),
            clock=self._clock,
            site_answers=partial(front_page_answers, self._client, self._spec.url),
        )

    def _batch(
        self,
        community: Community,
        response: Response,
        *,
        since: datetime | None,
        last: datetime | None,
        body: str,
        validators: Mapping[str, Validator],
    ) -> Batch:
        what = f"the feed of {self._spec.source}"
        entries, whole = feed_entries(response.content, what=what)
        context = self._context(community.community, response.fetched_at)
        build = partial(build_item, context, address=self._address(community.community))
        reading = read_items(entries, build, what=what)
        written = [min(post.created_at, response.fetched_at) for post in reading.posts]
        posts = tuple(p for p in reading.posts if since is None or p.created_at >= since)
        gaps = _gaps(written, last)
        newest = max([*written, *([last] if last else [])], default=None)
        return Batch(
            source=community.source,
            community=community.community,
            posts=posts,
            validators=validators,
            cursor={"newest": newest.isoformat() if newest else None, "body": body},
            expected=len(posts) + sum(reading.drops.values()),
            fetched=len(posts),
            drops=reading.drops,
            gaps=gaps,
            complete=whole and reading.complete and not gaps,
        )

    def _address(self, community: str) -> str:
        if community.startswith(("https://", "http://")):
            return community
        path = community if community.startswith("/") else str(self._spec.options.get("feed", ""))
        return f"{self._spec.url}{path}"

    def _context(self, community: str, fetched_at: datetime) -> ReadContext:
        return read_context(self._spec, community=community, fetched_at=fetched_at, keys=self._keys)

    def _look_again(
        self, feeds: dict[str, Mapping[str, Post]], refs: Sequence[PostRef]
    ) -> Iterator[Sighting]:
        for ref in refs:
            if ref.community not in feeds:
                feeds[ref.community] = self._read_now(ref.community)
            post = feeds[ref.community].get(ref.native_id)
            yield compared(ref, post) if post else self._look_at_page(ref)

    def _read_now(self, community: str) -> Mapping[str, Post]:
        """Read a feed whatever was known of it; one that cannot be read shows nothing."""
        address = self._address(community)
        try:
            response = self._client.get(address)
            posts = parse_feed(
                response.content, self._context(community, response.fetched_at), address=address
            )
        except (ParseError, Gone):
            return {}
        return {post.native_id: post for post in posts}

    def _look_at_page(self, ref: PostRef) -> Sighting:
        if ref.url is None:
            return unknown(ref, reason="error", seen_at=self._clock.now())
        try:
            response = self._client.get(ref.url, accept=CLOSED)
        except Gone:
            return gone(ref, reason="not_found", seen_at=self._clock.now())
        except ResponseRefused:
            return unknown(ref, reason="error", seen_at=self._clock.now())
        except Blocked:
            self._blocked_in_a_row += 1
            if self._blocked_in_a_row >= BLOCKS_IN_A_ROW:
                raise
            return unknown(ref, reason="blocked", seen_at=self._clock.now())
        self._blocked_in_a_row = 0
        if response.status in CLOSED:
            return unknown(ref, reason="login_required", seen_at=response.fetched_at)
        if _is_front_page(response.url) and not _is_front_page(ref.url):
            return unknown(ref, reason="error", seen_at=response.fetched_at)
        return present(ref, seen_at=response.fetched_at)


def _gaps(written: Sequence[datetime], last: datetime | None) -> tuple[Gap, ...]:
    """Return the stretch before a feed's oldest item where the last harvest does not reach it."""
    if last is None or not written or min(written) <= last:
        return ()
    return (Gap(since=last, until=min(written), reason=AGED_OUT),)


def _native_id(entry: Mapping[str, Any]) -> str:
    guid, link = entry.get("id"), entry.get("link")
    if guid and len(guid) <= LONGEST_ID:
        return str(guid)
    if guid or link:
        return sha256(str(guid or link).encode()).hexdigest()
    raise MalformedItem("an item has neither id nor link")


def _body(entry: Mapping[str, Any]) -> tuple[str, Markup]:
    """Return an item's text as it came and as it reads: its full content, else its summary."""
    detail = next(iter(entry.get("content") or ()), None) or entry.get("summary_detail")
    return str((detail or {}).get("value") or ""), _read_text(detail)


def _read_text(detail: Mapping[str, Any] | None) -> Markup:
    text = str((detail or {}).get("value") or "")
    is_html = "html" in str((detail or {}).get("type") or "")
    return html_to_text(text) if is_html else plain_to_text(text)


def _time(entry: Mapping[str, Any], name: str) -> datetime | None:
    """Return a time of an entry; feedparser gives UTC."""
    value = entry[name] if name in entry else None  # noqa: SIM401 # get() warns for some names
    if value is None:
        return None
    try:
        return datetime.fromtimestamp(calendar.timegm(value), UTC)
    except (ValueError, OverflowError, OSError, TypeError):
        return None


def _url(entry: Mapping[str, Any], address: str) -> str | None:
    link = entry.get("link")
    try:
        url = urljoin(address, link) if isinstance(link, str) and link else ""
    except ValueError:
        return None
    return url if is_web_address(url) else None


def _is_front_page(url: str) -> bool:
    parts = urlsplit(url)
    return parts.path in {"", "/"} and not parts.query
