"""Bluesky: posts of chosen accounts, single threads, and searches, as an AppView shows them.

Communities are accounts (`@name.example.org` or a DID), threads (the address of a post), or, with
the study's own account, searches (`search:coproduction`) and hashtags (`tag:coproduction`). An
account's feed is walked from its newest post down to what is known. With the option `threads`, the
replies below the account's own posts are read too: where the number of replies changed, or somebody
wrote in the thread within the last days. A search ends at some ten thousand posts and is then asked
for what is older than the last of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from harvesters.base import Blocked, Gone, ParseError, ResponseRefused, SourceSpec
from harvesters.batching import merge_batches
from harvesters.bluesky.posts import (
    ACCOUNTS_HOST,
    HIDDEN,
    OPTED_OUT,
    as_post_uri,
    build_bluesky_post,
    build_listed,
    created_at,
    is_repost,
    listed,
    post_uri,
    view_of,
)
from harvesters.bluesky.session import BlueskySession, error_fields
from harvesters.bluesky.threads import DEPTH, NOT_SHOWN, ThreadReading, read_thread
from harvesters.client import Params, PoliteClient, Response
from harvesters.json_fields import (
    MalformedItem,
    as_object,
    json_object,
    object_field,
    optional_text,
    time_field,
    whole_field,
)
from harvesters.page_walk import Page, PageWalk, Place
from harvesters.posts import ReadContext
from harvesters.reading import MALFORMED, Reading, read_context, read_items
from harvesters.rechecking import front_page_answers, gone, grouped, look_at, recheck_groups
from warehouse.protection.keys import KeyRing
from warehouse.records import (
    Batch,
    Clock,
    Community,
    Known,
    PostRef,
    Sighting,
    ThreadCount,
)

APPVIEW = "https://public.api.bsky.app"
PAGE_SIZE = 100  # the API's maximum
POSTS_A_RECHECK = 25  # the API's maximum
LIVELY = timedelta(days=3)  # a thread in which somebody wrote so lately is read again
SEARCH_DEPTH = 5_000  # posts after which the end of a search is not taken for its end
BAD_REQUEST = 400
SEARCH, TAG = "search:", "tag:"
_PROFILE_LINK = "https://bsky.app/profile/"
_THREAD_FAILED = "thread_not_read"
_GONE = frozenset({"NotFound", "AccountTakedown", "AccountDeactivated", "AccountSuspended"})
_BLOCKED = frozenset({"BlockedActor", "BlockedByActor", "AuthMissing", "AuthenticationRequired"})


class BlueskyHarvester:
    """Reads accounts, threads and searches of the AT Protocol network through one AppView."""

    platform: ClassVar[str] = "bluesky"
    needs_communities: ClassVar[bool] = True
    needs_secrets: ClassVar[tuple[str, ...]] = ()
    needs_approval: ClassVar[bool] = False
    evidence = "real server: AT Protocol dev-env 0.6.7"

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec if spec.url else replace(spec, url=APPVIEW)
        self._client = client
        self._keys = keys
        self._clock = clock
        self._session = BlueskySession(spec, client)
        self._reads_threads = spec.options.get("threads") is True

    def communities(self) -> Iterator[Community]:
        """Yield the configured accounts, threads and searches; a network has no list of its own."""
        yield from self._spec.communities

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield what is new in a community; `since` bounds a first harvest.

        Raises `Blocked` for a search where the source has no account.
        """
        handle = community.community
        if handle.startswith((SEARCH, TAG)):
            batches = self._searched(community, since, known)
        elif handle.startswith(("at://", _PROFILE_LINK)):
            batches = self._one_thread(community)
        else:
            batches = self._feed(community, since, known)
        return merge_batches(batches)

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post, 25 posts a request."""
        return recheck_groups(
            grouped(posts, POSTS_A_RECHECK),
            self._look_again,
            clock=self._clock,
            site_answers=partial(front_page_answers, self._client, self._spec.url),
        )

    def _feed(self, community: Community, since: datetime | None, known: Known) -> Iterator[Batch]:
        actor = community.community.removeprefix("@")
        walk = PageWalk(Place.read(known.cursor), since, when=_listed_at, name=_listed_name)

        def ask(token: str | None) -> Page:
            params: Params = {"actor": actor, "limit": PAGE_SIZE, "filter": "posts_with_replies"}
            return _page(self._ask("app.bsky.feed.getAuthorFeed", _after(params, token)))

        for page in walk.pages(ask):
            batch = self._batch(community, page)
            if OPTED_OUT in batch.drops and not batch.posts:
                yield batch
                raise _unwilling(self._spec.source)
            yield from self._replies(community, page, known, walk.floor)
            yield replace(batch, cursor=_cursor(walk))
        yield _last(community, walk)

    def _searched(
        self, community: Community, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        if not self._session.is_possible:
            raise Blocked(
                f"{self._spec.source} searches, which Bluesky shows to accounts only; name the "
                "environment variables of the study's account in username_env and password_env, "
                "or read accounts and threads instead"
            )
        ask = _Search(self._session, community.community)
        walk = PageWalk(Place.read(known.cursor), since, when=_listed_at, name=_listed_name)
        for page in walk.pages(ask):
            yield replace(self._batch(community, page), cursor=_cursor(walk))
        yield _last(community, walk)

    def _one_thread(self, community: Community) -> Iterator[Batch]:
        uri = community.community
        if uri.startswith(_PROFILE_LINK):
            actor, _, key = uri.removeprefix(_PROFILE_LINK).partition("/post/")
            uri = f"at://{actor}/app.bsky.feed.post/{key}"
        tree, fetched_at = self._tree(uri)
        root = _root_of(tree)
        if root != _uri_of(tree):
            tree, fetched_at = self._tree(root)
        first = {root: tree}
        reading = read_thread(root, lambda name: first.pop(name, None) or self._tree(name)[0])
        yield self._thread_batch(community, root, reading, fetched_at)

    def _replies(
        self, community: Community, page: Page, known: Known, floor: datetime | None
    ) -> Iterator[Batch]:
        """Yield the threads below the account's own posts of a page, where they may have grown."""
        if not self._reads_threads:
            return
        for item in page.listed:
            root = _promising_root(item)
            if root is None or not _may_have_grown(item, root, known, page.fetched_at, floor):
                continue
            try:
                reading = read_thread(root, lambda uri: self._tree(uri)[0])
            except Gone:
                continue  # it went since the page was read: its recheck will tell
            except (ParseError, ResponseRefused):
                yield _failed(community)
                continue
            yield self._thread_batch(community, root, reading, page.fetched_at)

    def _thread_batch(
        self, community: Community, root: str, reading: ThreadReading, fetched_at: datetime
    ) -> Batch:
        context = self._context(community.community, fetched_at)
        read = read_items(
            reading.views.values(), partial(build_bluesky_post, context), what=self._spec.url
        )
        drops = Counter(read.drops) + reading.unread
        drops.update({NOT_SHOWN: reading.missing} if reading.missing else {})
        count = ThreadCount(
            native_thread_id=root,
            expected=1 + reading.promised.get(root, 0),
            fetched=1 + reading.shown.get(root, 0),
        )
        return Batch(
            source=community.source,
            community=community.community,
            posts=read.posts,
            threads=(count,),
            expected=len(reading.views) + reading.unread.total() + reading.missing,
            fetched=len(read.posts),
            drops=dict(drops),
            complete=not {MALFORMED, NOT_SHOWN} & drops.keys(),
        )

    def _batch(self, community: Community, page: Page) -> Batch:
        context = self._context(community.community, page.fetched_at)
        reading: Reading = read_items(
            page.wanted, partial(build_listed, context), what=self._spec.url
        )
        return Batch(
            source=community.source,
            community=community.community,
            posts=reading.posts,
            expected=len(page.wanted),
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
            host=ACCOUNTS_HOST,
        )

    def _tree(self, uri: str) -> tuple[Mapping[str, Any], datetime]:
        """Ask for the thread below a post; raises `Gone` where the post is not there."""
        params: Params = {"uri": uri, "depth": DEPTH, "parentHeight": 0}
        response = self._ask("app.bsky.feed.getPostThread", params)
        thread = json_object(response.content, what=self._spec.url).get("thread")
        if not isinstance(thread, Mapping):
            raise ParseError(f"{self._spec.url} answered for a thread without one")
        if thread.get("notFound") is True:
            raise Gone(f"{self._spec.url} does not show a post that was asked for")
        if thread.get("blocked") is True:
            raise Blocked(f"{self._spec.url} does not show a thread to guests; take it out")
        if not isinstance(thread.get("post"), Mapping):
            raise ParseError(f"{self._spec.url} answered for a thread without its first post")
        return thread, response.fetched_at

    def _ask(self, method: str, params: Params) -> Response:
        """Ask the AppView as a guest.

        Raises
        ------
        Gone
            If the account or post is not there; the network says so with status 400.
        """
        address = f"{self._spec.url}/xrpc/{method}"
        response = self._client.get(address, params=params, accept=(BAD_REQUEST,))
        if response.status != BAD_REQUEST:
            return response
        fields = error_fields(response.content)
        error, message = str(fields.get("error")), str(fields.get("message")).lower()
        if error in _GONE or "not found" in message:
            raise Gone(f"{self._spec.url} does not know an account or post of {self._spec.source}")
        if error in _BLOCKED:
            raise Blocked(
                f"{self._spec.url} does not show an account of {self._spec.source} to guests; take "
                "it out"
            )
        raise ParseError(
            f"{self._spec.url} refuses {method.rpartition('.')[2]}; see whether the source's url "
            "is that of an AppView and its communities are accounts or posts"
        )

    def _look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        shown = self._shown(refs)
        seen_at = self._clock.now()
        missing = [ref for ref in refs if ref.native_id not in shown]
        if missing and self._shown(missing[:1]):  # the answer was not whole
            for ref in missing:
                shown.update(self._shown([ref]))
        for ref in refs:
            view = shown.get(ref.native_id)
            if view is None:
                yield gone(ref, reason="not_found", seen_at=seen_at)
                continue
            context = replace(self._context(ref.community, seen_at), known_hash=ref.content_hash)
            build = partial(build_bluesky_post, context, view)
            yield look_at(ref, build, seen_at=seen_at, reasons=HIDDEN)

    def _shown(self, refs: Sequence[PostRef]) -> dict[str, Mapping[str, Any]]:
        """Return the posts that are there by their addresses; the others are left out."""
        asked = [ref.native_id for ref in refs]
        response = self._ask("app.bsky.feed.getPosts", {"uris": asked})
        views = json_object(response.content, what=self._spec.url).get("posts")
        if not isinstance(views, list):
            raise ParseError(f"{self._spec.url} answered without a list of posts")
        try:
            shown = {post_uri(as_object(view)): view for view in views}
        except MalformedItem:
            raise ParseError(f"{self._spec.url} answered with what is no post") from None
        if not shown.keys() <= set(asked):
            raise ParseError(f"{self._spec.url} answered with other posts than were asked for")
        return shown


class _Search:
    """Asks for page after page of a search, and for what is older where the search gives out."""

    def __init__(self, session: BlueskySession, community: str) -> None:
        words = community.removeprefix(SEARCH)
        self._words = f"#{community.removeprefix(TAG)}" if community.startswith(TAG) else words
        self._session = session
        self._n_seen = 0  # since the search was last bounded
        self._oldest: datetime | None = None
        self._fetched_at: datetime | None = None

    def __call__(self, token: str | None) -> Page:
        """Return the page at a token: a bound in time and the search's own cursor."""
        until, _, cursor = (token or "").partition(" ")
        params: Params = {"q": self._words, "sort": "latest", "limit": PAGE_SIZE}
        bound: Params = {"until": until} if until else {}
        try:
            page = _page(
                self._session.get(
                    "app.bsky.feed.searchPosts", _after({**params, **bound}, cursor or None)
                )
            )
        except ParseError:
            if self._n_seen < SEARCH_DEPTH or self._fetched_at is None:
                raise
            return Page(listed=(), after=self._older(), fetched_at=self._fetched_at)
        self._fetched_at = page.fetched_at
        times = [time for time in map(_listed_at, page.listed) if time is not None]
        self._n_seen += len(page.listed)
        self._oldest = min([*times, *filter(None, [self._oldest])], default=None)
        if page.after is not None:
            return replace(page, after=f"{until} {page.after}")
        return replace(page, after=self._older() if self._n_seen >= SEARCH_DEPTH else None)

    def _older(self) -> str | None:
        self._n_seen = 0
        if self._oldest is None:
            return None
        bound = self._oldest + timedelta(milliseconds=1)  # the bound itself is left out
        return f"{bound.isoformat(timespec='milliseconds').replace('+00:00', 'Z')} "


def _page(response: Response) -> Page:
    what = "the AppView"
    answer = json_object(response.content, what=what)
    cursor = optional_text(answer, "cursor")
    return Page(listed=listed(answer, what=what), after=cursor, fetched_at=response.fetched_at)


def _after(params: Params, token: str | None) -> Params:
    return params if token is None else {**params, "cursor": token}


def _cursor(walk: PageWalk) -> Mapping[str, Any] | None:
    place = walk.place()
    return None if place is None else place.as_cursor()


def _last(community: Community, walk: PageWalk) -> Batch:
    return Batch(
        source=community.source,
        community=community.community,
        cursor=_cursor(walk),
        complete=walk.finished and walk.sound,
    )


def _unwilling(source: str) -> Blocked:
    return Blocked(
        f"an account of {source} asks not to be shown without a login; take it out, or ask its "
        "owner"
    )


def _failed(community: Community) -> Batch:
    return Batch(
        source=community.source,
        community=community.community,
        drops={_THREAD_FAILED: 1},
        complete=False,
    )


def _listed_at(item: Any) -> datetime | None:
    """Return the time by which a listing orders an item: of a repost that of passing it on."""
    try:
        listing = as_object(item)
        if listing.get("reason") is not None:
            return time_field(object_field(listing, "reason"), "indexedAt")
        view = as_object(view_of(listing))
        claimed, indexed = created_at(view), time_field(view, "indexedAt")
        return min(claimed, indexed)
    except MalformedItem:
        return None


def _listed_name(item: Any) -> str | None:
    try:
        listing = as_object(item)
        reason = "repost" if is_repost(listing) else "post"
        return f"{reason} {post_uri(as_object(view_of(listing)))}"
    except MalformedItem:
        return None


def _promising_root(item: Any) -> str | None:
    """Return the address of an account's own first post, unless nobody has answered it."""
    try:
        listing = as_object(item)
        view = as_object(view_of(listing))
        if is_repost(listing) or object_field(view, "record").get("reply") is not None:
            return None
        return None if view.get("replyCount") == 0 else post_uri(view)
    except MalformedItem:
        return None


def _may_have_grown(
    item: Any, root: str, known: Known, now: datetime, floor: datetime | None
) -> bool:
    held = known.threads.get(root)
    if held is None:
        listed_at = _listed_at(item)
        return floor is None or (listed_at is not None and listed_at >= floor)
    if held.last_post_at > now - LIVELY:
        return True
    try:
        promised = 1 + whole_field(view_of(item), "replyCount")
    except MalformedItem:
        return False
    return held.expected != promised


def _uri_of(tree: Mapping[str, Any]) -> str | None:
    return optional_text(object_field(tree, "post"), "uri")


def _root_of(tree: Mapping[str, Any]) -> str:
    """Return the address of the first post of the thread that an answer is about."""
    try:
        view = object_field(tree, "post")
        reply = object_field(view, "record").get("reply")
        if reply is None:
            return post_uri(view)
        return as_post_uri(str(object_field(as_object(reply), "root").get("uri")))
    except MalformedItem:
        raise ParseError("the AppView answered for a thread with what is no post") from None
