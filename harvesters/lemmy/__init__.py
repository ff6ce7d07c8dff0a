"""Lemmy: posts and comments of communities, as one server shows them to guests.

Communities are `name`, or `name@server` for what the server holds of another one's. Posts and
comments are walked apart, newest first, down to what is known. A post says how many comments it
has; where that is not what is held, since a comment reached the server late or was missed, its
thread is read by itself. The server's own id of an item differs from server to server, its `ap_id`
does not.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import partial
from itertools import groupby
from typing import Any, ClassVar

from harvesters.base import Blocked, Gone, ParseError, SourceSpec
from harvesters.batching import merge_batches
from harvesters.client import Params, PoliteClient
from harvesters.json_fields import MalformedItem, as_object, whole_field
from harvesters.lemmy.api import Kind, LemmyApi
from harvesters.lemmy.posts import (
    HIDDEN,
    build_view,
    native_id,
    promised_posts,
    published_at,
    why_hidden,
    withdrawn,
)
from harvesters.page_walk import Page, PageWalk, Place
from harvesters.posts import ReadContext
from harvesters.reading import read_context, read_items
from harvesters.rechecking import front_page_answers, gone, look_at, recheck_groups
from warehouse.protection.keys import KeyRing
from warehouse.records import (
    Batch,
    Clock,
    Community,
    CursorValue,
    Known,
    PostRef,
    Sighting,
    ThreadCount,
)

THREADS_A_NIGHT = 50  # that are read by themselves; the others wait for the next night
WORTH_LISTING = 3  # comments of one thread that are rather looked for in its list
LISTED_PAGES = 4  # of a thread's list; what is not on them is asked for by itself
THREAD_WAITS = "thread_not_read"
NOT_LISTED = "not_listed"
_CLOSED = frozenset({"private", "local_only_private", "localonly"})
_KINDS: tuple[Kind, ...] = ("post", "comment")


class LemmyHarvester:
    """Reads communities of one Lemmy server by version 3 or 4 of its API."""

    platform: ClassVar[str] = "lemmy"
    needs_communities: ClassVar[bool] = True
    needs_secrets: ClassVar[tuple[str, ...]] = ()
    needs_approval: ClassVar[bool] = False
    evidence = "shipped template: API types 0.19.9 and 1.0.0-beta.2"

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec
        self._client = client
        self._keys = keys
        self._clock = clock
        self._api = LemmyApi(spec, client)

    def communities(self) -> Iterator[Community]:
        """Yield the configured communities; a server has too many to read them all."""
        yield from self._spec.communities

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield what is new in a community; `since` bounds a first harvest."""
        return merge_batches(self._batches(community, since, known))

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post; the comments of a thread are asked for together."""
        ordered = sorted(posts, key=lambda ref: ref.native_thread_id)
        groups = [list(refs) for _, refs in groupby(ordered, key=lambda r: r.native_thread_id)]
        return recheck_groups(
            groups,
            self._look_again,
            clock=self._clock,
            site_answers=partial(front_page_answers, self._client, self._spec.url),
        )

    def _batches(
        self, community: Community, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        is_first = not known.cursor
        promised = self._promised_by(community) if is_first else None
        walks = {
            kind: PageWalk(
                Place.read(known.cursor, prefix=f"{kind}_"), since, when=_when, name=_name
            )
            for kind in _KINDS
        }
        threads = _Threads(known)
        n_read = 0
        cursor = dict(known.cursor)
        for kind, walk in walks.items():
            for page in walk.pages(partial(self._api.page, kind, _bounds(kind, community))):
                threads.note(page, comments=kind == "comment")
                cursor |= _cursor(walk, kind)
                batch = self._batch(community, page, threads.told)
                n_read += batch.expected or 0
                yield replace(batch, cursor=dict(cursor) or None)
            cursor |= _cursor(walk, kind)
        whole = all(walk.finished and walk.sound for walk in walks.values())
        if whole:
            yield from self._uneven(community, threads)
        short = max(0, (promised or 0) - n_read) if whole and since is None else 0
        yield Batch(
            source=community.source,
            community=community.community,
            threads=threads.even(),
            cursor=dict(cursor) or None,
            expected=short,
            drops={NOT_LISTED: short} if short else {},
            complete=whole and not short,
        )

    def _promised_by(self, community: Community) -> int:
        """Return how many posts and comments a community has, before it is read at all.

        Raises `Blocked` where guests may not read it.
        """
        view = self._api.community(community.community)
        about = view.get("community")
        if not isinstance(about, Mapping):
            raise ParseError(f"{self._spec.url} answered for a community without one")
        if str(about.get("visibility", "")).lower() in _CLOSED:
            raise Blocked(
                f"a community of {self._spec.source} is for its members only; take it out"
            )
        counts = view.get("counts", about)
        try:
            return sum(whole_field(as_object(counts), name) for name in ("posts", "comments"))
        except MalformedItem:
            return 0

    def _uneven(self, community: Community, threads: "_Threads") -> Iterator[Batch]:
        """Read by themselves the threads that hold another number of posts than they promise."""
        uneven = threads.uneven()
        for thread, promised in uneven[:THREADS_A_NIGHT]:
            bounds: Params = {"post_id": thread.partition(":")[2]}
            walk = PageWalk(Place(), None, when=_when, name=_name)
            met: set[str] = set()
            for page in walk.pages(partial(self._api.page, "comment", bounds)):
                met |= _there(page)
                yield self._batch(community, page, threads.told)
            count = ThreadCount(native_thread_id=thread, expected=promised, fetched=1 + len(met))
            yield _counted(community, count, whole=walk.finished and 1 + len(met) >= promised)
        waiting = len(uneven[THREADS_A_NIGHT:])
        if waiting:
            yield Batch(
                source=community.source,
                community=community.community,
                drops={THREAD_WAITS: waiting},
                complete=False,
            )

    def _batch(self, community: Community, page: Page, told: set[str]) -> Batch:
        context = self._context(community.community, page.fetched_at)
        build = partial(build_view, context, site=self._spec.url)
        reading = read_items(page.wanted, build, what=self._spec.url)
        return Batch(
            source=community.source,
            community=community.community,
            posts=reading.posts,
            sightings=tuple(_sightings(context, page, told)),
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
            host=self._api.domain,
        )

    def _look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        shown = self._listed_again(refs)
        for ref in refs:
            view = shown.get(ref.native_id)
            if view is None:
                kind: Kind = "post" if ref.kind == "post" else "comment"
                view = self._api.one(kind, int(ref.native_id.partition(":")[2]))
            seen_at = self._clock.now()
            if view is None:
                yield gone(ref, reason="not_found", seen_at=seen_at)
                continue
            context = replace(self._context(ref.community, seen_at), known_hash=ref.content_hash)
            build = partial(build_view, context, view, site=self._spec.url)
            yield look_at(ref, build, seen_at=seen_at, reasons=HIDDEN)

    def _listed_again(self, refs: Sequence[PostRef]) -> dict[str, Mapping[str, Any]]:
        """Return what the first pages of a thread show of its comments that are wanted."""
        wanted = {ref.native_id for ref in refs if ref.kind == "comment"}
        shown: dict[str, Mapping[str, Any]] = {}
        if len(wanted) < WORTH_LISTING:
            return shown
        bounds: Params = {"post_id": refs[0].native_thread_id.partition(":")[2]}
        token: str | None = None
        for _ in range(LISTED_PAGES):
            try:
                page = self._api.page("comment", bounds, token)
            except Gone:
                break  # the thread is gone; each comment is asked for by itself
            shown |= {name: view for view in page.listed if (name := _name(view)) in wanted}
            token = page.after
            if token is None or shown.keys() == wanted:
                break
        return shown


@dataclass
class _Threads:
    """Compares how many posts threads promise with how many of them are known.

    `told` are the items of which a walk has said that they are no more.
    """

    known: Known
    told: set[str] = field(default_factory=set)
    promised: dict[str, int] = field(default_factory=dict)
    seen: dict[str, set[str]] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)

    def note(self, page: Page, *, comments: bool) -> None:
        """Take down a page: what its threads promise, and what of them is new."""
        for view in page.listed:
            with_promise = _promise(view)
            if with_promise is not None and (not comments or with_promise[0] in self.promised):
                self.promised[with_promise[0]] = with_promise[1]
        newest = Place.read(self.known.cursor, prefix="comment_" if comments else "post_").newest
        for view in page.wanted:
            name, moment = _name(view), _when(view)
            if name is None or moment is None or not _is_there(view):
                continue
            if not comments and name not in self.known.threads:
                self.begun.add(name)
            if comments and (newest is None or moment > newest):
                self.seen.setdefault(_thread(view), set()).add(name)

    def even(self) -> tuple[ThreadCount, ...]:
        """Return the counts of the threads that hold what they promise, where these are new."""
        return tuple(
            ThreadCount(native_thread_id=thread, expected=promised, fetched=promised)
            for thread, promised in self._changed()
            if self._held(thread) == promised
        )

    def uneven(self) -> list[tuple[str, int]]:
        """Return the threads that hold another number of posts than they promise."""
        return [
            (thread, promised)
            for thread, promised in self._changed()
            if self._held(thread) != promised
        ]

    def _changed(self) -> Iterator[tuple[str, int]]:
        for thread, promised in self.promised.items():
            held = self.known.threads.get(thread)
            if thread in self.begun or (held is not None and held.expected != promised):
                yield thread, promised

    def _held(self, thread: str) -> int:
        held = self.known.threads.get(thread)
        return (held.n_posts if held else 1) + len(self.seen.get(thread, ()))


def _bounds(kind: Kind, community: Community) -> Params:
    bounds: Params = {"community_name": community.community}
    return {**bounds, "show_nsfw": "true"} if kind == "post" else bounds


def _cursor(walk: PageWalk, kind: Kind) -> Mapping[str, CursorValue]:
    place = walk.place()
    return {} if place is None else place.as_cursor(prefix=f"{kind}_")


def _counted(community: Community, count: ThreadCount, *, whole: bool) -> Batch:
    return Batch(
        source=community.source,
        community=community.community,
        threads=(count,),
        complete=whole,
    )


def _sightings(context: ReadContext, page: Page, told: set[str]) -> Iterator[Sighting]:
    """Yield once each item, as long as it is not told, whose text was taken back."""
    reasons = {
        name: reason
        for view in page.listed
        if isinstance(view, Mapping)
        for name, reason in withdrawn(view)
        if name not in told
    }
    told.update(reasons)
    for name, reason in reasons.items():
        yield Sighting(
            source=context.source,
            community=context.community,
            native_id=name,
            outcome="gone",
            seen_at=context.fetched_at,
            reason=reason,
        )


def _there(page: Page) -> set[str]:
    return {name for view in page.listed if (name := _name(view)) and _is_there(view)}


def _is_there(view: Mapping[str, Any]) -> bool:
    try:
        return why_hidden(view["comment" if "comment" in view else "post"]) is None
    except MalformedItem:
        return False


def _thread(view: Mapping[str, Any]) -> str:
    return f"post:{view['comment'].get('post_id')}"


def _promise(view: Any) -> tuple[str, int] | None:
    try:
        return promised_posts(as_object(view))
    except MalformedItem:
        return None


def _when(view: Any) -> datetime | None:
    try:
        return published_at(as_object(view))
    except MalformedItem:
        return None


def _name(view: Any) -> str | None:
    try:
        return native_id(as_object(view))
    except MalformedItem:
        return None
