"""Mastodon: the public statuses of hashtags, as one server shows them to guests.

A first harvest goes back page by page from the newest status; later ones go forward by `min_id`,
which leaves no gap. A status that reaches the server late gets an id of the time at which it was
written, so each night begins one day before the newest status known. Statuses of people who ask
not to be indexed or processed (`noindex`, `#nobot`) are not kept. Works with servers that speak
the same API, whose ids need not be numbers.
"""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from harvesters.base import Blocked, Gone, ParseError, SourceSpec
from harvesters.batching import merge_batches
from harvesters.client import PoliteClient
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
)
from harvesters.markup import html_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, read_context, read_items
from harvesters.rechecking import front_page_answers, gone, grouped, look_at, recheck_groups
from warehouse.protection.keys import KeyRing
from warehouse.records import (
    Batch,
    Clock,
    Community,
    CursorValue,
    Known,
    Post,
    PostRef,
    Sighting,
)

PAGE_SIZE = 40  # the API's maximum
MAX_PAGES = 1000
STATUSES_A_RECHECK = 20  # more in one question is refused as invalid
OVERLAP = timedelta(days=1)
NO_SUCH_ROUTE = (404, 405)
NEEDS_LOGIN = 422  # what older servers answer where a preview is switched off
OPTED_OUT, NOT_PUBLIC = "opted_out", "not_public"
HIDDEN = {OPTED_OUT: OPTED_OUT, NOT_PUBLIC: "removed"}
PUBLIC = frozenset({"public", "unlisted"})
_Ask = Callable[[Mapping[str, str]], tuple[list[Any], datetime]]
_NOBOT = re.compile(r"#\s*(?:<span>)?no-?bots?\b", re.IGNORECASE)
_DOMAIN = re.compile(r"[a-z0-9.-]+(?::\d+)?")


def parse_statuses(content: bytes, context: ReadContext) -> list[Post]:
    """Read the statuses of a timeline; threads are known as far as they are in the same answer."""
    items = json_list(content, what=context.host)
    reading = read_items(items, partial(build_status, context), what=context.host)
    return _Threads(Known()).resolve(reading.posts)


def build_status(
    context: ReadContext, item: Mapping[str, Any], *, known: PostRef | None = None
) -> Post:
    """Make the record of one status; a new reply stands for the time being in its parent's thread.

    A server forgets what a status replied to when that is deleted, so a `known` one stays in its
    thread and of its kind. Raises `Dropped` for boosts, for what is not public, and where the
    author wishes no processing.
    """
    if item.get("reblog") is not None:
        raise Dropped("reblog")
    if text_field(item, "visibility") not in PUBLIC:
        raise Dropped(NOT_PUBLIC)
    account = object_field(item, "account")
    if account.get("noindex") is True or _NOBOT.search(optional_text(account, "note") or ""):
        raise Dropped(OPTED_OUT)
    native_id = _status_id(item)
    parent = optional_text(item, "in_reply_to_id")
    replies = parent is not None or item.get("in_reply_to_account_id") is not None
    content = text_field(item, "content")
    return build_post(
        context,
        native_id=native_id,
        native_thread_id=known.native_thread_id if known else parent or native_id,
        native_parent_id=parent,
        kind=known.kind if known else "comment" if replies else "post",
        handle=optional_text(account, "acct"),
        created_at=time_field(item, "created_at"),
        edited_at=optional_time(item, "edited_at"),
        title=optional_text(item, "spoiler_text") or "",
        body=partial(html_to_text, content),
        raw=content,
        url=web_address(item, "url"),
        automated=account.get("bot") is True,
    )


class MastodonHarvester:
    """Reads hashtags of one server; communities are tags without their `#`."""

    platform: ClassVar[str] = "mastodon"
    needs_communities: ClassVar[bool] = True
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
        self._instance: Mapping[str, Any] | None = None
        self._asks_many = True

    def communities(self) -> Iterator[Community]:
        """Yield the configured tags; a server has no list of its own."""
        yield from self._spec.communities

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield the statuses of a tag; `since` bounds a first harvest."""
        local_only = _local_only(self._about(), self._spec.source)
        threads = _Threads(known)
        after = known.cursor.get("after")
        ask = partial(self._page, community, local_only=local_only)
        batches = (
            self._forward(community, ask, str(after))
            if after
            else self._backward(community, ask, since)
        )
        for batch in merge_batches(batches):
            yield replace(batch, posts=tuple(threads.resolve(batch.posts)))

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post, twenty a request where the server is 4.3 or newer."""
        groups = grouped(posts, STATUSES_A_RECHECK)
        return recheck_groups(
            groups,
            self._look_again,
            clock=self._clock,
            site_answers=partial(front_page_answers, self._client, self._spec.url),
        )

    def _about(self) -> Mapping[str, Any]:
        """Read what the server says of itself, once: an empty timeline may be a closed one."""
        if self._instance is None:
            what = f"{self._spec.url}/api/v2/instance"
            try:
                self._instance = json_object(self._client.get(what).content, what=what)
            except Gone:
                self._instance = {}  # another software, or older than 4.0
        return self._instance

    def _forward(self, community: Community, ask: _Ask, after: str) -> Iterator[Batch]:
        """Go from the status `after` to the present."""
        marks = _Marks(after)
        position = after
        for _ in range(MAX_PAGES):
            page, fetched_at = ask({"min_id": position})
            ids = _ids(page)
            if any(_age(native_id) <= _age(position) for native_id in ids):
                raise _out_of_bounds(self._spec.source)
            marks.note(page, fetched_at)
            yield self._batch(community, page, fetched_at, cursor=marks.as_cursor())
            if not ids:
                return
            position = max(ids, key=_age)
        raise _too_long(self._spec.source)

    def _backward(self, community: Community, ask: _Ask, since: datetime | None) -> Iterator[Batch]:
        """Go from the newest status back to `since`; there is a cursor when that is reached."""
        marks = _Marks()
        position: str | None = None
        for _ in range(MAX_PAGES):
            page, fetched_at = ask({} if position is None else {"max_id": position})
            ids = _ids(page)
            if position and any(_age(native_id) >= _age(position) for native_id in ids):
                raise _out_of_bounds(self._spec.source)
            marks.note(page, fetched_at)
            wanted = [item for item in page if not _is_before(item, since)]
            done = not ids or not wanted
            cursor = marks.as_cursor() if done else None
            yield self._batch(community, wanted, fetched_at, cursor=cursor)
            if done:
                return
            position = min(ids, key=_age)
        raise _too_long(self._spec.source)

    def _page(
        self, community: Community, bounds: Mapping[str, str], *, local_only: bool
    ) -> tuple[list[Any], datetime]:
        tag = quote(community.community.removeprefix("#"), safe="")
        address = f"{self._spec.url}/api/v1/timelines/tag/{tag}"
        local = {"local": "true"} if local_only else {}
        response = self._client.get(
            address, params={"limit": PAGE_SIZE, **local, **bounds}, accept=(NEEDS_LOGIN,)
        )
        if response.status == NEEDS_LOGIN:
            raise _closed(self._spec.source)
        return json_list(response.content, what=address), response.fetched_at

    def _batch(
        self,
        community: Community,
        items: Sequence[Any],
        fetched_at: datetime,
        *,
        cursor: Mapping[str, CursorValue] | None,
    ) -> Batch:
        context = self._context(community.community, fetched_at)
        reading = read_items(items, partial(build_status, context), what=self._spec.url)
        return Batch(
            source=community.source,
            community=community.community,
            posts=reading.posts,
            cursor=cursor,
            expected=len(items),
            fetched=len(reading.posts),
            drops=reading.drops,
            complete=reading.complete,
        )

    def _context(self, community: str, fetched_at: datetime) -> ReadContext:
        return read_context(
            self._spec,
            community=community,
            fetched_at=fetched_at,
            keys=self._keys,
            host=_domain(self._about()),
        )

    def _look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        shown = self._many(refs) if self._asks_many else None
        if shown is None:
            shown = dict(filter(None, map(self._one, refs)))
        seen_at = self._clock.now()
        for ref in refs:
            if ref.native_id not in shown:
                yield gone(ref, reason="not_found", seen_at=seen_at)
                continue
            context = replace(self._context(ref.community, seen_at), known_hash=ref.content_hash)
            build = partial(build_status, context, shown[ref.native_id], known=ref)
            yield look_at(ref, build, seen_at=seen_at, reasons=HIDDEN)

    def _many(self, refs: Sequence[PostRef]) -> dict[str, Any] | None:
        """Ask for several statuses at once; None where the server cannot do that.

        Ids that are not there are left out; that is believed when the first of them is not found
        by itself either.
        """
        address = f"{self._spec.url}/api/v1/statuses"
        asked = [ref.native_id for ref in refs]
        response = self._client.get(address, params={"id[]": asked}, accept=NO_SUCH_ROUTE)
        if response.status not in NO_SUCH_ROUTE:
            listed = json_list(response.content, what=address)
            shown = {name: item for item in listed for name in _ids([item])}
            if len(shown) != len(listed) or not shown.keys() <= set(asked):
                raise ParseError(f"{address} answered with other statuses than were asked for")
            missing = [ref for ref in refs if ref.native_id not in shown]
            if not missing or self._one(missing[0]) is None:
                return shown
        self._asks_many = False
        return None

    def _one(self, ref: PostRef) -> tuple[str, Any] | None:
        """Ask for one status; None where it is not there."""
        address = f"{self._spec.url}/api/v1/statuses/{quote(ref.native_id, safe='')}"
        try:
            response = self._client.get(address)
        except Gone:
            return None
        item = json_object(response.content, what="a status")
        if item.get("id") != ref.native_id:
            raise ParseError(f"{self._spec.source} answered with another status than asked for")
        return ref.native_id, item


class _Marks:
    """Where the next harvest begins: a day before the newest status, among those that were met."""

    def __init__(self, after: str | None = None) -> None:
        self._after = after
        self._met: dict[str, datetime] = {}

    def note(self, page: Sequence[Any], fetched_at: datetime) -> None:
        """Take down a page; what lies well behind the newest is forgotten again."""
        for item in page:
            for native_id in _ids([item]):
                with suppress(MalformedItem):
                    self._met[native_id] = min(time_field(item, "created_at"), fetched_at)
        if not self._met:
            return
        edge = max(self._met.values()) - OVERLAP
        behind = [name for name, written in self._met.items() if written <= edge]
        if behind:
            self._after = max([*behind, *filter(None, [self._after])], key=_age)
            self._met = {n: at for n, at in self._met.items() if _age(n) > _age(self._after)}

    def as_cursor(self) -> dict[str, CursorValue] | None:
        """Return the position; None where no status has ever been met."""
        after = self._after or min(self._met, key=_age, default=None)
        return None if after is None else {"after": after}


class _Threads:
    """Finds the first status of a reply's conversation, as far as its statuses are known."""

    def __init__(self, known: Known) -> None:
        self._parents: dict[str, str] = {}
        self._thread_of = {t.last_native_id: name for name, t in known.threads.items()}

    def resolve(self, posts: Sequence[Post]) -> list[Post]:
        """Return posts in their threads."""
        for post in posts:
            if post.native_parent_id:
                self._parents[post.native_id] = post.native_parent_id
        return [
            replace(post, native_thread_id=self._root(post.native_parent_id))
            if post.native_parent_id
            else post
            for post in posts
        ]

    def _root(self, native_id: str) -> str:
        met: set[str] = set()
        while native_id not in met and native_id not in self._thread_of:
            met.add(native_id)
            native_id = self._parents.get(native_id, native_id)
        return self._thread_of.get(native_id, native_id)


def _local_only(about: Mapping[str, Any], source: str) -> bool:
    """Tell whether guests see statuses of this server's own people only.

    Raises `Blocked` where they see none; servers before 4.5 do not say.
    """
    access: object = about
    for name in ("configuration", "timelines_access", "hashtag_feeds"):
        access = access.get(name) if isinstance(access, Mapping) else None
    if not isinstance(access, Mapping):
        return False
    if access.get("local", "public") != "public":
        raise _closed(source)
    return bool(access.get("remote", "public") != "public")


def _closed(source: str) -> Blocked:
    return Blocked(
        f"{source} shows tag timelines to nobody or to its members only; ask its admins, or take "
        "the source out"
    )


def _domain(about: Mapping[str, Any]) -> str:
    """Return the name that the server's accounts carry; it need not be the web address."""
    domain = (optional_text(about, "domain") or "").lower()
    return domain if _DOMAIN.fullmatch(domain) else ""


def _status_id(item: Mapping[str, Any]) -> str:
    native_id = text_field(item, "id")
    if not native_id:
        raise MalformedItem("id is empty")
    return native_id


def _ids(items: Sequence[Any]) -> list[str]:
    return [
        item["id"]
        for item in items
        if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]
    ]


def _age(native_id: str) -> tuple[int, str]:
    """Order ids by age: numbers, or texts of equal length, that count up."""
    return len(native_id), native_id


def _is_before(item: Any, since: datetime | None) -> bool:
    try:
        return since is not None and time_field(item, "created_at") < since
    except (MalformedItem, AttributeError):
        return False


def _out_of_bounds(source: str) -> ParseError:
    return ParseError(
        f"{source} answers with statuses beyond min_id or max_id; see whether a cache answers in "
        "the place of the server"
    )


def _too_long(source: str) -> ParseError:
    return ParseError(
        f"a tag of {source} did not end after {MAX_PAGES} pages; harvest from a later day"
    )
