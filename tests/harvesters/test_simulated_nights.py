"""All four harvesters over several nights of the simulated sites, compared with their world."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.registry import open_harvester
from harvesters.simulation.faults import Faults, PlannedFault
from harvesters.simulation.oracle import what_reads_show
from harvesters.simulation.server import SimulatedSites
from harvesters.simulation.world import World, build_world
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Known, Post, PostRef, VirtualClock

FIRST = datetime(2025, 3, 3, 2, tzinfo=UTC)
NIGHTS = 10


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(seed=5, start=date(2025, 3, 3), nights=NIGHTS, scale=0.4)


class Study:
    """Harvests the simulated sites night after night, and keeps what a loader would."""

    def __init__(self, folder: Path, keys: KeyRing, sites: SimulatedSites, clock: Any) -> None:
        self.clock = clock
        self.readings: dict[tuple[str, str], list[Post]] = {}
        self.read_at: dict[str, list[datetime]] = {}
        self._keys = keys
        self._sites = sites
        self._gate = HostGate(folder / "hosts.sqlite", clock)
        self._batches: dict[tuple[str, str], list[Batch]] = {}

    def harvest(self, known_after: Any) -> dict[str, int]:
        """Harvest every site once; returns the requests that each cost."""
        cost: dict[str, int] = {}
        for spec in self._sites.specs():
            self.read_at.setdefault(spec.source, []).append(self.clock.now())
            with self._client() as client:
                site = open_harvester(spec, client=client, keys=self._keys, clock=self.clock)
                for community in site.communities():
                    held = self._batches.setdefault((spec.source, community.community), [])
                    known = known_after(held) if held else Known()
                    for batch in list(site.harvest(community, since=None, known=known)):
                        held.append(batch)
                        for post in batch.posts:
                            key = (post.source, post.native_id)
                            self.readings.setdefault(key, []).append(post)
                cost[spec.source] = client.traffic.requests
        return cost

    def recheck(self, source: str, refs: list[PostRef]) -> dict[str, str]:
        (spec,) = (spec for spec in self._sites.specs() if spec.source == source)
        with self._client() as client:
            site = open_harvester(spec, client=client, keys=self._keys, clock=self.clock)
            return {s.native_id: s.outcome for s in site.recheck(refs)}

    def _client(self) -> PoliteClient:
        return PoliteClient(
            user_agent="valuetalk-tests/0 (+https://example.org)",
            gate=self._gate,
            clock=self.clock,
            allow_private=True,
        )


@pytest.mark.parametrize("faulty", [False, True], ids=["well", "failing now and then"])
def test_every_post_that_a_night_could_see_is_read_and_missed_when_it_goes(
    world: World, keys: KeyRing, tmp_path: Path, known_after: Any, ref_of: Any, faulty: bool
) -> None:
    plan = [
        PlannedFault("unavailable", "/posts.json", times=2, after=3),
        PlannedFault("rate_limited", "/timelines/tag/", times=3, after=4),
        PlannedFault("reset", "/wp-json/wp/v2/comments", times=2, after=2),
        PlannedFault("truncated", "/feed.xml", times=1, after=2),
    ]
    clock = VirtualClock(FIRST + timedelta(days=1))
    faults = Faults(plan=plan) if faulty else None
    with SimulatedSites(world, clock=clock, faults=faults) as sites:
        study = Study(tmp_path, keys, sites, clock)
        for night in range(1, NIGHTS + 1):
            clock.advance_to(FIRST + timedelta(days=night))
            study.harvest(known_after)
        for source, reads in study.read_at.items():
            shown = what_reads_show(world, source, reads)
            read = {name for of, name in study.readings if of == source}
            assert read == set(shown.seen)
            refs = [ref_of(study.readings[source, name][-1]) for name in read]
            outcomes = study.recheck(source, refs)
            stand = {post.native_id for post in world.visible(source, clock.now())}
            assert {name for name, seen in outcomes.items() if seen == "gone"} == read - stand


def test_a_night_without_news_costs_the_listings_only(
    world: World, keys: KeyRing, tmp_path: Path, known_after: Any
) -> None:
    clock = VirtualClock(FIRST + timedelta(days=NIGHTS + 1))
    with SimulatedSites(world, clock=clock) as sites:
        study = Study(tmp_path, keys, sites, clock)
        study.harvest(known_after)
        clock.sleep(3600)

        cost = study.harvest(known_after)

    assert cost["sim_blog"] <= 4  # changed posts, published posts, a week of comments
    assert cost["sim_forum"] == 1  # both categories
    assert cost["sim_social"] <= 1 + 2 * 3  # the server, and a day of each tag
    assert cost["sim_feed"] == 1
