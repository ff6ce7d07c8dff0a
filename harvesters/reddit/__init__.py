"""Reddit: subreddits through its API, with the study's own credentials and Reddit's approval.

Each night reads what is new among a subreddit's submissions and its comments, down to what is
known. Whole trees of comments cost a request for every branch that Reddit folds away, so they are
read on demand (option `trees`), for threads that promise more comments than are held, with a
bounded number of requests a night. What was deleted or removed, and what a deleted account left,
is gone at the first sight of it. Profiles are not read: a person is no community.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, ClassVar

from harvesters.base import Gone, HarvestError, ParseError, SourceSpec
from harvesters.batching import merge_batches
from harvesters.client import PoliteClient
from harvesters.posts import ReadContext
from harvesters.reading import read_context, read_items
from harvesters.rechecking import gone, grouped, look_at, recheck_groups, unknown
from harvesters.reddit.listing import ListingWalk, Mark, bound_as_cursor, read_bound
from harvesters.reddit.things import HOST, WITHDRAWN, build_thing, withdrawn
from harvesters.reddit.threads import ThreadNight
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

if TYPE_CHECKING:
    from harvesters.reddit.api import RedditApi

THINGS_A_RECHECK = 100
LISTINGS = ("new", "comments")
TREE_REQUESTS = 200  # a night and subreddit, unless option `tree_requests` says otherwise
_SUBREDDIT = re.compile(r"/?(?:r/)?(?!u_)([A-Za-z0-9_]{2,21})/?")


class RedditHarvester:
    """Reads subreddits; a community is `r/name` or `name`."""

    platform: ClassVar[str] = "reddit"
    needs_communities: ClassVar[bool] = True
    needs_secrets: ClassVar[tuple[str, ...]] = ("client_id", "client_secret")
    needs_approval: ClassVar[bool] = True
    evidence = "recording"

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec
        self._client = client
        self._keys = keys
        self._clock = clock
        self._open: dict[str, bool] = {}

    def communities(self) -> Iterator[Community]:
        """Yield the configured subreddits; Reddit has no list worth reading."""
        yield from self._spec.communities

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield what is new in a subreddit; `since` bounds a first harvest."""
        yield from merge_batches(self._batches(community, since, known))

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post, a hundred a request."""
        return recheck_groups(
            grouped(posts, THINGS_A_RECHECK),
            self._look_again,
            clock=self._clock,
            site_answers=lambda: True,  # what is missing was believed beside an open subreddit
        )

    @cached_property
    def _api(self) -> "RedditApi":
        from harvesters.reddit.api import RedditApi  # noqa: PLC0415 # PRAW takes long to import

        return RedditApi(self._spec, self._client)

    def _batches(
        self, community: Community, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        subreddit = subreddit_of(community.community, self._spec.source)
        night = ThreadNight(known)
        bound = read_bound(known.cursor) or since
        cursor = {**known.cursor, **bound_as_cursor(bound)}
        for listing in LISTINGS:
            mark = Mark.read(known.cursor, listing)
            walk = ListingWalk(mark, bound)
            for things in walk.pages(partial(self._page, subreddit, listing), now=self._clock.now):
                night.note(things, mark)
                yield self._batch(community, things)
            cursor |= walk.mark.as_cursor(listing) if walk.mark else {}
            yield self._end_of(community, cursor, walk)
        if self._spec.options.get("trees") is True:
            yield from self._trees(community, cursor, night)
        else:
            yield _bare(community, threads=night.counts())

    def _page(
        self, subreddit: str, listing: str, after: str | None
    ) -> tuple[Sequence[Mapping[str, Any]], str | None]:
        page = self._api.page(subreddit, listing, after=after)
        for thing in page.things:
            if str(thing.get("subreddit", subreddit)).lower() != subreddit.lower():
                raise ParseError(
                    f"{self._spec.source} answered with another subreddit than was asked for; "
                    "check the names of its communities"
                )
        return page.things, page.after

    def _batch(
        self,
        community: Community,
        things: Sequence[Mapping[str, Any]],
        *,
        threads: tuple[ThreadCount, ...] = (),
        whole: bool = True,
    ) -> Batch:
        context = self._context(community.community)
        reading = read_items(things, partial(build_thing, context), what=self._spec.source)
        return Batch(
            source=community.source,
            community=community.community,
            posts=reading.posts,
            sightings=tuple(withdrawn(things, context, seen_at=context.fetched_at)),
            threads=threads,
            expected=len(things),
            fetched=len(reading.posts),
            drops=reading.drops,
            complete=reading.complete and whole,
        )

    def _end_of(
        self, community: Community, cursor: Mapping[str, CursorValue], walk: ListingWalk
    ) -> Batch:
        return replace(
            _bare(community),
            cursor=cursor,
            gaps=walk.gaps,
            complete=walk.complete,
        )

    def _trees(
        self, community: Community, cursor: Mapping[str, CursorValue], night: ThreadNight
    ) -> Iterator[Batch]:
        """Read the threads that lack comments, as far as the night's requests allow."""
        budget = int(self._spec.options.get("tree_requests", TREE_REQUESTS))
        failure: HarvestError | None = None
        for name in night.wanted():
            left = budget - night.requests
            if left <= 0 or failure is not None:
                break
            before = self._client.traffic.requests
            try:
                tree = self._api.tree(name, requests=left)
            except Gone:
                night.vanished(name)
                continue
            except HarvestError as error:
                failure = error
                continue
            finally:
                night.requests += self._client.traffic.requests - before
            things = (tree.submission, *tree.comments)
            failure = tree.failure
            alone = left == budget and failure is None
            count = night.read(name, things, whole=tree.whole, alone=alone)
            yield self._batch(community, things, threads=(count,), whole=tree.whole)
        owed = night.owed()
        end = replace(_bare(community, threads=night.counts()), complete=not owed)
        yield replace(end, cursor={**cursor, "owed": " ".join(owed)})
        if failure is not None:
            raise failure

    def _context(self, community: str) -> ReadContext:
        return read_context(
            self._spec,
            community=community,
            fetched_at=self._clock.now(),
            keys=self._keys,
            host=HOST,
        )

    def _look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        things = self._api.info([ref.native_id for ref in refs])
        shown = {str(thing.get("name")): thing for thing in things}
        if len(shown) != len(things) or not shown.keys() <= {ref.native_id for ref in refs}:
            raise ParseError(f"{self._spec.source} answered with other posts than were asked for")
        seen_at = self._clock.now()
        for ref in refs:
            thing = shown.get(ref.native_id)
            if thing is None:
                yield self._missing(ref, seen_at)
                continue
            context = replace(self._context(ref.community), known_hash=ref.content_hash)
            build = partial(build_thing, context, thing)
            yield look_at(ref, build, seen_at=seen_at, reasons=WITHDRAWN)

    def _missing(self, ref: PostRef, seen_at: datetime) -> Sighting:
        """Judge a post that is not there: a subreddit that closed shows nothing of what it has."""
        subreddit = subreddit_of(ref.community, self._spec.source)
        if subreddit not in self._open:
            self._open[subreddit] = self._api.shows(subreddit)
        if self._open[subreddit]:
            return gone(ref, reason="not_found", seen_at=seen_at)
        return unknown(ref, reason="blocked", seen_at=seen_at)


def subreddit_of(community: str, source: str) -> str:
    """Return the name of a subreddit; raises `ParseError` for what is none."""
    named = _SUBREDDIT.fullmatch(community)
    if named is None:
        raise ParseError(
            f"{source} names a community that is no subreddit; write its name as in r/mentalhealth "
            "(profiles of people are not read)"
        )
    return named[1]


def _bare(community: Community, *, threads: tuple[ThreadCount, ...] = ()) -> Batch:
    return Batch(source=community.source, community=community.community, threads=threads)
