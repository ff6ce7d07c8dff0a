"""Forums without an API, read by profile: boards of XenForo, phpBB, vBulletin and others.

Communities are boards, named by their path below the source's url. A night reads a board's listing
from the newest activity down to what the last complete listing has seen, opens the threads that
changed, each at its last page, and walks back to the newest known post. What a page looks like is
said by a profile (`harvesters.html_forum.profile`); one that was never tested yields nothing until
somebody has confirmed it on the very board (option `confirmed`).
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from functools import cached_property, partial
from typing import ClassVar

from harvesters.base import HarvestError, SourceSpec, Unconfirmed
from harvesters.batching import merge_batches
from harvesters.client import PoliteClient
from harvesters.html_forum.night import BoardNight
from harvesters.html_forum.profile import Profile, ProfileError, load_profile
from harvesters.html_forum.reader import ForumReader
from harvesters.html_forum.recheck import ForumRecheck
from harvesters.posts import ReadContext
from harvesters.reading import read_context
from harvesters.rechecking import front_page_answers, recheck_groups, unknown
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Clock, Community, Known, PostRef, Sighting

POSTS_A_BATCH = 250  # some ten pages at a request a second: little is lost when a night is cut off


class HtmlForumHarvester:
    """Reads the boards of one forum by a profile."""

    platform: ClassVar[str] = "forum"
    needs_communities: ClassVar[bool] = True
    needs_secrets: ClassVar[tuple[str, ...]] = ()
    needs_approval: ClassVar[bool] = False

    def __init__(
        self, spec: SourceSpec, *, client: PoliteClient, keys: KeyRing, clock: Clock
    ) -> None:
        self._spec = spec
        self._client = client
        self._keys = keys
        self._clock = clock

    @cached_property
    def profile(self) -> Profile:
        """The profile that the source names; raises `ProfileError`."""
        name = self._spec.options.get("profile")
        if not isinstance(name, str):
            raise ProfileError(
                f'source {self._spec.source} names no profile; write profile = "xenforo2" or '
                "another into the options of its entry"
            )
        return load_profile(name, self._spec.profiles)

    @property
    def evidence(self) -> str:
        """Against what the profile was tested."""
        try:
            return self.profile.evidence
        except ProfileError:
            return "unverified"

    def communities(self) -> Iterator[Community]:
        """Yield the boards that the source's entry names."""
        yield from self._spec.communities

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield what was posted on a board since its last harvest, thread by thread."""
        night = BoardNight(
            self._reader(), community, known, since=since, context=self._context(community)
        )
        yield from merge_batches(night.batches(), posts_each=POSTS_A_BATCH)

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each post, thread by thread, by the pages that should hold it."""
        threads: dict[str, list[PostRef]] = {}
        for ref in posts:
            threads.setdefault(ref.native_thread_id, []).append(ref)
        try:
            recheck = ForumRecheck(
                self._reader(), spec=self._spec, keys=self._keys, clock=self._clock
            )
        except HarvestError:
            seen_at = self._clock.now()
            yield from (unknown(ref, reason="error", seen_at=seen_at) for ref in posts)
            raise
        yield from recheck_groups(
            threads.values(),
            recheck.look_again,
            clock=self._clock,
            site_answers=partial(front_page_answers, self._client, self._spec.url),
        )

    def _reader(self) -> ForumReader:
        """Return the reader of the forum, if its profile was tested or confirmed."""
        profile, options = self.profile, self._spec.options
        if not profile.is_tested and options.get("confirmed") != profile.digest:
            raise Unconfirmed(
                f"source {self._spec.source} is read by the profile {profile.name}, which nobody "
                "has tested or which has changed since; run `valuetalk sources check` on its board "
                "and confirm what it read"
            )
        dates = profile.date_reader(options)
        return ForumReader(self._spec.url, client=self._client, profile=profile, dates=dates)

    def _context(self, community: Community) -> ReadContext:
        return read_context(
            self._spec,
            community=community.community,
            fetched_at=self._clock.now(),
            keys=self._keys,
        )
