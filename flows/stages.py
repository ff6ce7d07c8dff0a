"""The stages of a night up to the index, as plain functions without Prefect.

Harvest and recheck read the network and write segments; they never open the warehouse. Load, erase
and index work on the open warehouse. `flows.tasks` wraps the stages for Prefect; the commands and
the demo call them as they are.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice

from flows.model_words import forget_unused_words
from flows.night import Night
from flows.setting_sections import SourceSettings
from harvesters.base import Blocked, Harvester, HarvestError, RateLimited, Unavailable
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.registry import open_harvester
from warehouse.corpus.duplicates import find_duplicates
from warehouse.corpus.index import index_posts
from warehouse.gateway import Warehouse
from warehouse.landing import write_segment
from warehouse.protection.erasure_list import is_erased_source, opted_out_hosts
from warehouse.protection.hosts import host_hash
from warehouse.records import (
    Activity,
    Batch,
    Community,
    HarvestStatus,
    Known,
    LoadCounts,
    PostRef,
    SegmentHeader,
    Sighting,
    Traffic,
)
from warehouse.registers import register_met_communities
from warehouse.state import read_due, read_known

SIGHTINGS_A_SEGMENT = 2_000


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityReport:
    """What one pass over one community came to; counts only."""

    source: str
    community: str
    activity: Activity
    status: HarvestStatus
    fetched: int
    requests: int
    landed: bool
    error: str | None = None
    transient: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Indexed:
    """What indexing came to: posts, tokens and words that are new, and near-duplicates.

    `copies` are posts that turned out to be copies, or copies of another post than was thought;
    `no_copies` such that are none any more.
    """

    posts: int = 0
    tokens: int = 0
    new_words: int = 0
    copies: int = 0
    no_copies: int = 0


@contextmanager
def polite_client(night: Night, source: SourceSettings) -> Iterator[PoliteClient]:
    """Open the one client through which a source may be read."""
    harvest = night.settings.harvest
    gate = HostGate(
        night.home.hosts,
        night.clock,
        spacing=harvest.spacing_seconds,
        daily_budget=harvest.requests_a_day,
    )
    with PoliteClient(
        user_agent=night.user_agent,
        gate=gate,
        clock=night.clock,
        allow_private=night.settings.spec_of(source).allow_private,
    ) as client:
        yield client


def harvest_source(
    night: Night, source: SourceSettings, *, since: datetime | None = None
) -> list[CommunityReport]:
    """Harvest every community of a source into segments.

    A failure ends one community only: what was read is landed, and the failure is recorded.

    Parameters
    ----------
    since : datetime, optional
        Read again from this time on, whatever the stored cursor says.
    """
    if has_opted_out(night, source):
        return _refuse(night, source)
    with polite_client(night, source) as client:
        harvester = open_harvester(
            night.settings.spec_of(source), client=client, keys=night.keys, clock=night.clock
        )
        return [
            _harvest_community(night, harvester, client, community, since=since)
            for community in harvester.communities()
        ]


def has_opted_out(night: Night, source: SourceSettings) -> bool:
    """Whether the host of a source has opted out, or the source was erased as a whole."""
    return _why_not_read(night, source) is not None


def _why_not_read(night: Night, source: SourceSettings) -> str | None:
    if is_erased_source(night.home.state, night.keys, source.name):
        return "it was erased as a whole"
    if host_hash(night.keys, source.url) in opted_out_hosts(night.home.state):
        return "its host has opted out"
    return None


def _refuse(night: Night, source: SourceSettings) -> list[CommunityReport]:
    """Record for every community of a source that may not be read that it was not."""
    refusal = Blocked(
        f"{source.name} is not read, since {_why_not_read(night, source)}; set enabled = false in "
        f"its entry in {night.home.settings_file.name}"
    )
    named = [community.community for community in source.communities] or [source.name]
    passes = [_Landing(night, source.name, name, "harvest", evidence="") for name in named]
    return [one.finish(refusal, Traffic(), covers_from=None) for one in passes]


def _harvest_community(
    night: Night,
    harvester: Harvester,
    client: PoliteClient,
    community: Community,
    *,
    since: datetime | None,
) -> CommunityReport:
    started = night.clock.now()
    before = client.traffic
    known = (
        Known() if since else read_known(night.home.state, community.source, community.community)
    )
    bound = since or started - timedelta(days=night.settings.harvest.history_days)
    landing = _Landing(
        night, community.source, community.community, "harvest", evidence=harvester.evidence
    )
    failure: HarvestError | None = None
    try:
        for batch in harvester.harvest(community, since=bound, known=known):
            landing.add(batch)
    except HarvestError as error:
        failure = error
    covers_from = known.last_complete_at or bound
    return landing.finish(failure, client.traffic.minus(before), covers_from=covers_from)


def recheck_source(night: Night, source: SourceSettings) -> list[CommunityReport]:
    """Read the posts of a source again whose turn has come."""
    budget = night.settings.harvest.recheck_budget
    due = read_due(night.home.state, source.name, limit=budget)
    if not due or has_opted_out(night, source):
        return []
    with polite_client(night, source) as client:
        harvester = open_harvester(
            night.settings.spec_of(source), client=client, keys=night.keys, clock=night.clock
        )
        by_community: dict[str, list[PostRef]] = {}
        for post in due:
            by_community.setdefault(post.community, []).append(post)
        return [
            _recheck_community(night, harvester, client, posts) for posts in by_community.values()
        ]


def _recheck_community(
    night: Night, harvester: Harvester, client: PoliteClient, posts: list[PostRef]
) -> CommunityReport:
    before = client.traffic
    landing = _Landing(
        night, posts[0].source, posts[0].community, "recheck", evidence=harvester.evidence
    )
    failure: HarvestError | None = None
    try:
        for sightings in _chunks(harvester.recheck(posts), SIGHTINGS_A_SEGMENT):
            landing.add_sightings(sightings)
    except HarvestError as error:
        failure = error
    landing.expected = len(posts)
    return landing.finish(failure, client.traffic.minus(before), covers_from=None)


def _chunks(items: Iterable[Sighting], size: int) -> Iterator[tuple[Sighting, ...]]:
    iterator = iter(items)
    while chunk := tuple(islice(iterator, size)):
        yield chunk


class _Landing:
    """Lands the batches of one pass over one community; the last one says how it ended.

    One batch is held back, so that the usual small harvest is a single segment.
    """

    def __init__(
        self, night: Night, source: str, community: str, activity: Activity, *, evidence: str
    ) -> None:
        self._night = night
        self._source = source
        self._community = community
        self._activity = activity
        self._evidence = evidence
        self._held: Batch | None = None
        self._whole = True
        self.expected: int | None = None
        self._fetched = 0
        self._landed = False

    def add(self, batch: Batch) -> None:
        """Land the batch before this one, and hold this one."""
        if self._held is not None:
            self._write(self._held, final=False)
        self._held = batch
        self._fetched += batch.fetched
        self._whole = self._whole and batch.complete

    def add_sightings(self, sightings: tuple[Sighting, ...]) -> None:
        """Land the sightings of a recheck."""
        unknown = sum(sighting.outcome == "unknown" for sighting in sightings)
        self.add(
            Batch(
                source=self._source,
                community=self._community,
                sightings=sightings,
                fetched=len(sightings) - unknown,
                complete=unknown == 0,
            )
        )

    def finish(
        self, failure: HarvestError | None, traffic: Traffic, *, covers_from: datetime | None
    ) -> CommunityReport:
        """Land the held batch with the end of the pass, and report."""
        status = _status(failure, whole=self._whole, landed=self._fetched > 0)
        held = self._held or Batch(source=self._source, community=self._community)
        self._write(
            held,
            final=True,
            status=status,
            error=str(failure) if failure else None,
            traffic=traffic,
            covers_from=covers_from if status == "complete" else None,
        )
        return CommunityReport(
            source=self._source,
            community=self._community,
            activity=self._activity,
            status=status,
            fetched=self._fetched,
            requests=traffic.requests,
            landed=self._fetched > 0,
            error=str(failure) if failure else None,
            transient=isinstance(failure, Unavailable | RateLimited),
        )

    def _write(
        self,
        batch: Batch,
        *,
        final: bool,
        status: HarvestStatus = "complete",
        error: str | None = None,
        traffic: Traffic | None = None,
        covers_from: datetime | None = None,
    ) -> None:
        header = SegmentHeader(
            run_id=self._night.run.run_id,
            source=batch.source,
            community=batch.community,
            activity=self._activity,
            harvested_at=self._night.clock.now(),
            final=final,
            status=status,
            error=error,
            expected=self.expected if final and self.expected is not None else batch.expected,
            fetched=batch.fetched,
            drops=batch.drops,
            gaps=batch.gaps,
            threads=batch.threads,
            validators=batch.validators,
            cursor=batch.cursor,
            covers_from=covers_from,
            traffic=traffic or Traffic(),
            evidence=self._evidence,
            author_links=self._night.keys.links,
        )
        write_segment(
            self._night.home.landing, header, posts=batch.posts, sightings=batch.sightings
        )


def _status(failure: HarvestError | None, *, whole: bool, landed: bool) -> HarvestStatus:
    if isinstance(failure, Blocked):
        return "blocked"
    if failure is not None:
        return "partial" if landed else "failed"
    return "complete" if whole else "partial"


def load_landed(warehouse: Warehouse, night: Night) -> LoadCounts:
    """Load every segment that is not loaded yet, and write the state that harvests read."""
    register(warehouse, night)
    counts = load_pending(warehouse)
    warehouse.write_state()
    return counts


def register(warehouse: Warehouse, night: Night) -> None:
    """Enter the configured sources, so that what they yield can be loaded."""
    settings = night.settings
    warehouse.register_sources([settings.info_of(source) for source in settings.sources])


def load_pending(warehouse: Warehouse) -> LoadCounts:
    """Load what has landed so far, and enter the communities that it came from."""
    counts = LoadCounts()
    for segment in warehouse.pending_segments():
        counts = counts.plus(warehouse.load(segment))
    with warehouse.transaction() as connection:
        register_met_communities(connection)
    return counts


def erase(warehouse: Warehouse, night: Night) -> int:
    """Remove what is confirmed as gone from every file, and what has outlived its days."""
    harvest = night.settings.harvest
    warehouse.drop_superseded_texts(days=harvest.superseded_days)
    warehouse.remove_old_segments(days=harvest.landing_days)
    return warehouse.erase_confirmed()


def index(warehouse: Warehouse) -> Indexed:
    """Tokenise what is new or edited, and find out what of it are copies of other posts.

    Words that nobody uses any more leave stored models too.
    """
    counts = index_posts(warehouse.connection)
    copies = find_duplicates(warehouse.connection)
    forget_unused_words(warehouse)
    return Indexed(
        posts=counts.posts,
        tokens=counts.tokens,
        new_words=counts.new_words,
        copies=copies.copies,
        no_copies=copies.freed,
    )
