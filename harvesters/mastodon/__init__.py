"""Mastodon: public statuses of hashtags and of whole servers, as one server shows them.

A first harvest goes back page by page from the newest status; later ones go forward by `min_id`,
which leaves no gap. A status that reaches the server late gets an id of the time at which it was
written, so each night begins one day before the newest status known. Works with servers that speak
the same API, whose ids need not be numbers. What is kept is said in `mastodon_statuses`.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from harvesters.base import Gone, HarvestError, ParseError, SourceSpec
from harvesters.batching import merge_batches
from harvesters.client import Params, PoliteClient, Response
from harvesters.json_fields import MalformedItem, json_list, json_object, time_field
from harvesters.mastodon.contexts import Contexts, WholeThread
from harvesters.mastodon.statuses import (
    NOT_PUBLIC,
    OPTED_OUT,
    Consent,
    Threads,
    age,
    build_status,
    consent_of,
    ids,
    parse_context,
    parse_statuses,
)
from harvesters.mastodon.timelines import (
    FEDERATED,
    LOCAL,
    Access,
    Timeline,
    closed,
    domain_of,
    timeline_of,
)
from harvesters.posts import ReadContext
from harvesters.reading import read_context, read_items
from harvesters.rechecking import front_page_answers, gone, grouped, look_at, recheck_groups
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

__all__ = ["MastodonHarvester", "parse_context", "parse_statuses"]

PAGE_SIZE = 40  # the API's maximum
MAX_PAGES = 1000
STATUSES_A_RECHECK = 20  # more in one question is refused as invalid
OVERLAP = timedelta(days=1)
NO_SUCH_ROUTE = (404, 405)
NEEDS_LOGIN = 422  # what older servers answer where a preview is switched off
HIDDEN = {OPTED_OUT: OPTED_OUT, NOT_PUBLIC: "removed"}
_Ask = Callable[[Mapping[str, str]], tuple[list[Any], datetime]]


class MastodonHarvester:
    """Reads timelines of one server.

    Communities are tags (`peersupport`), up to five tags in one (`peersupport+carers`), `local`
    (what the server's own people post in public) and `public` (all that reached the server, which
    is whatever its people happen to follow: hard to interpret, so rather name tags). The option
    `contexts = true` reads the threads of what was found; `consent` is in `consent_of`. A secret
    `token` reads as a member, under the server's terms for its API.
    """

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
        self._token = spec.secrets.get("token")
        self._instance: Mapping[str, Any] | None = None
        self._asks_many = True

    def communities(self) -> Iterator[Community]:
        """Yield the configured timelines; a server has no list of its own."""
        yield from self._spec.communities

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield the statuses of a timeline; `since` bounds a first harvest."""
        timeline = timeline_of(community.community, self._spec.source)
        access = Access.read(self._about(), timeline.feed)
        own_only = access.require(timeline, self._spec.source, member=self._token is not None)
        threads = Threads(known)
        contexts = Contexts(known, threads, self._around)
        walk = _Walk(community, consent_of(self._spec, by_tag=timeline.by_tag), contexts)
        after = known.cursor.get("after")
        marks = _Marks(str(after) if after else None, access=str(access))
        ask = partial(self._page, timeline, own_only=own_only)
        batches = (
            self._forward(walk, ask, marks, str(after))
            if after
            else self._backward(walk, ask, marks, since)
        )
        whole = self._spec.options.get("contexts") is True
        for batch in merge_batches(batches):
            found, failure = self._threads_of(walk, batch) if whole else ([], None)
            yield replace(batch, posts=tuple(threads.resolve(batch.posts)))
            yield from found
            if failure:
                raise failure
        if whole:
            yield from self._known_threads(walk)

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
                self._instance = json_object(self._get(what).content, what=what)
            except Gone:
                self._instance = {}  # another software, or older than 4.0
        return self._instance

    def _get(
        self, address: str, *, params: Params | None = None, accept: Collection[int] = ()
    ) -> Response:
        headers = {"Authorization": f"Bearer {self._token}"} if self._token else None
        return self._client.get(
            address, params=params, accept=accept, headers=headers, own_terms=bool(self._token)
        )

    def _forward(self, walk: "_Walk", ask: _Ask, marks: "_Marks", position: str) -> Iterator[Batch]:
        """Go from the status at `position` to the present."""
        for _ in range(MAX_PAGES):
            page, fetched_at = ask({"min_id": position})
            names = ids(page)
            if any(age(native_id) <= age(position) for native_id in names):
                raise _out_of_bounds(self._spec.source)
            marks.note(page, fetched_at)
            yield self._batch(walk, page, fetched_at, cursor=marks.as_cursor())
            if not names:
                return
            position = max(names, key=age)
        raise _too_long(self._spec.source)

    def _backward(
        self, walk: "_Walk", ask: _Ask, marks: "_Marks", since: datetime | None
    ) -> Iterator[Batch]:
        """Go from the newest status back to `since`; there is a cursor when that is reached."""
        position: str | None = None
        for _ in range(MAX_PAGES):
            page, fetched_at = ask({} if position is None else {"max_id": position})
            names = ids(page)
            if position and any(age(native_id) >= age(position) for native_id in names):
                raise _out_of_bounds(self._spec.source)
            marks.note(page, fetched_at)
            wanted = [item for item in page if not _is_before(item, since)]
            done = not names or not wanted
            cursor = marks.as_cursor() if done else None
            yield self._batch(walk, wanted, fetched_at, cursor=cursor)
            if done:
                return
            position = min(names, key=age)
        raise _too_long(self._spec.source)

    def _page(
        self, timeline: Timeline, bounds: Mapping[str, str], *, own_only: bool
    ) -> tuple[list[Any], datetime]:
        address = f"{self._spec.url}/api/v1/{timeline.path}"
        local = {"local": "true"} if own_only else {}
        parameters = {"limit": PAGE_SIZE, **timeline.parameters, **local, **bounds}
        response = self._get(address, params=parameters, accept=(NEEDS_LOGIN,))
        if response.status == NEEDS_LOGIN:
            raise closed(self._spec.source)
        return json_list(response.content, what=address), response.fetched_at

    def _batch(
        self,
        walk: "_Walk",
        items: Sequence[Any],
        fetched_at: datetime,
        *,
        cursor: Mapping[str, CursorValue] | None,
    ) -> Batch:
        walk.contexts.note(items)
        context = self._context(walk.community.community, fetched_at)
        build = partial(build_status, context, consent=walk.consent)
        reading = read_items(items, build, what=self._spec.url)
        return Batch(
            source=walk.community.source,
            community=walk.community.community,
            posts=reading.posts,
            cursor=cursor,
            expected=len(items),
            fetched=len(reading.posts),
            drops=reading.drops,
            complete=reading.complete,
        )

    def _around(self, native_id: str) -> tuple[Mapping[str, Any], datetime]:
        address = f"{self._spec.url}/api/v1/statuses/{quote(native_id, safe='')}/context"
        response = self._get(address)
        return json_object(response.content, what="a context"), response.fetched_at

    def _threads_of(
        self, walk: "_Walk", batch: Batch | None = None
    ) -> tuple[list[Batch], HarvestError | None]:
        """Read the threads that were noted, without what the timeline's batch holds already.

        What was read before a failure comes back with it.
        """
        held = {post.native_id for post in batch.posts} if batch else set()
        found: list[Batch] = []
        try:
            for whole in walk.contexts.whole_threads():
                found.append(self._thread_batch(walk, whole, held))  # noqa: PERF401 # may fail
        except HarvestError as failure:
            return found, failure
        return found, None

    def _known_threads(self, walk: "_Walk") -> Iterator[Batch]:
        """Yield the known threads that went on, and whether any was left for another night."""
        watched = walk.contexts.watched(self._clock.now())
        for start in range(0, len(watched), STATUSES_A_RECHECK):
            shown = self._many(watched[start : start + STATUSES_A_RECHECK])
            if shown is None:
                return  # an older server: threads are read when the timeline shows them
            walk.contexts.note(list(shown.values()))
            found, failure = self._threads_of(walk)
            yield from found
            if failure:
                raise failure
        if walk.contexts.left_out:
            yield Batch(
                source=walk.community.source,
                community=walk.community.community,
                drops={"thread_left": walk.contexts.left_out},
                complete=False,
            )

    def _thread_batch(self, walk: "_Walk", whole: WholeThread, held: Collection[str]) -> Batch:
        items = [item for item in whole.items if item["id"] not in held]
        context = self._context(walk.community.community, whole.fetched_at)
        build = partial(build_status, context, consent=consent_of(self._spec, by_tag=False))
        reading = read_items(items, build, what=self._spec.url)
        return Batch(
            source=walk.community.source,
            community=walk.community.community,
            posts=tuple(walk.contexts.threads.resolve(reading.posts)),
            threads=(
                ThreadCount(
                    native_thread_id=whole.native_id,
                    expected=whole.expected,
                    fetched=len(whole.items),
                ),
            ),
            expected=len(items) + max(0, whole.expected - len(whole.items)),
            fetched=len(reading.posts),
            drops=reading.drops,
            complete=reading.complete and whole.is_whole,
        )

    def _context(self, community: str, fetched_at: datetime) -> ReadContext:
        return read_context(
            self._spec,
            community=community,
            fetched_at=fetched_at,
            keys=self._keys,
            host=domain_of(self._about()),
        )

    def _look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        shown = self._believed([ref.native_id for ref in refs])
        if shown is None:
            shown = {}
            for ref in refs:
                item = self._one(ref.native_id)
                shown |= {ref.native_id: item} if item else {}
        seen_at = self._clock.now()
        for ref in refs:
            if ref.native_id not in shown:
                yield gone(ref, reason="not_found", seen_at=seen_at)
                continue
            context = replace(self._context(ref.community, seen_at), known_hash=ref.content_hash)
            consent = consent_of(self._spec, by_tag=ref.community not in (LOCAL, FEDERATED))
            build = partial(build_status, context, shown[ref.native_id], known=ref, consent=consent)
            yield look_at(ref, build, seen_at=seen_at, reasons=HIDDEN)

    def _believed(self, names: Sequence[str]) -> dict[str, Any] | None:
        """Ask for several statuses at once; None where they have to be asked for one by one.

        Ids that are not there are left out; that is believed when the first of them is not found
        by itself either.
        """
        shown = self._many(names)
        missing = [name for name in names if shown is not None and name not in shown]
        if missing and self._one(missing[0]) is not None:
            self._asks_many = False
            return None
        return shown

    def _many(self, names: Sequence[str]) -> dict[str, Any] | None:
        """Return those of several statuses that are there; None where a server cannot tell."""
        if not self._asks_many:
            return None
        address = f"{self._spec.url}/api/v1/statuses"
        response = self._get(address, params={"id[]": list(names)}, accept=NO_SUCH_ROUTE)
        if response.status in NO_SUCH_ROUTE:
            self._asks_many = False
            return None
        listed = json_list(response.content, what=address)
        shown = {name: item for item in listed for name in ids([item])}
        if len(shown) != len(listed) or not shown.keys() <= set(names):
            raise ParseError(f"{address} answered with other statuses than were asked for")
        return shown

    def _one(self, native_id: str) -> dict[str, Any] | None:
        """Ask for one status; None where it is not there."""
        address = f"{self._spec.url}/api/v1/statuses/{quote(native_id, safe='')}"
        try:
            response = self._get(address)
        except Gone:
            return None
        item = json_object(response.content, what="a status")
        if item.get("id") != native_id:
            raise ParseError(f"{self._spec.source} answered with another status than asked for")
        return item


@dataclass(frozen=True, slots=True)
class _Walk:
    """What one harvest of one timeline carries along."""

    community: Community
    consent: Consent
    contexts: Contexts


class _Marks:
    """Where the next harvest begins: a day before the newest status, among those that were met."""

    def __init__(self, after: str | None, *, access: str) -> None:
        self._after = after
        self._access = access
        self._met: dict[str, datetime] = {}

    def note(self, page: Sequence[Any], fetched_at: datetime) -> None:
        """Take down a page; what lies well behind the newest is forgotten again."""
        for item in page:
            for native_id in ids([item]):
                with suppress(MalformedItem):
                    self._met[native_id] = min(time_field(item, "created_at"), fetched_at)
        if not self._met:
            return
        edge = max(self._met.values()) - OVERLAP
        behind = [name for name, written in self._met.items() if written <= edge]
        if behind:
            self._after = max([*behind, *filter(None, [self._after])], key=age)
            self._met = {n: at for n, at in self._met.items() if age(n) > age(self._after)}

    def as_cursor(self) -> dict[str, CursorValue] | None:
        """Return the position, and to whom the server shows the feed, as far as it is known."""
        after = self._after or min(self._met, key=age, default=None)
        said = {"after": after, "access": self._access}
        return {name: value for name, value in said.items() if value} or None


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
