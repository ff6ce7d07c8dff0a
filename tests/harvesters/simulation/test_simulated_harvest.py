"""The harvesters and the simulation meet over HTTP: what is harvested is what was visible."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.registry import open_harvester
from harvesters.simulation.as_posts import posts_as_read
from harvesters.simulation.faults import Faults
from harvesters.simulation.oracle import what_reads_show
from harvesters.simulation.server import SimulatedSites
from harvesters.simulation.world import World
from warehouse.protection.keys import KeyRing
from warehouse.records import Known, Post, VirtualClock

FIRST_READ = datetime(2026, 1, 6, 2, tzinfo=UTC)
NIGHTS = 6


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "study.key")


def nightly(
    world: World, source: str, keys: KeyRing, folder: Path, faults: Faults | None = None
) -> Iterator[tuple[datetime, str, list[Post]]]:
    """Harvest a source night after night as flows do: cursors go on, the clock moves."""
    clock = VirtualClock(FIRST_READ)
    known: dict[str, Known] = {}
    with SimulatedSites(world, clock=clock, faults=faults) as sites:
        spec = next(entry for entry in sites.specs() if entry.source == source)
        for night in range(NIGHTS):
            clock.advance_to(FIRST_READ + timedelta(days=night))
            gate = HostGate(folder / "hosts.sqlite", clock, spacing=0.0)
            with PoliteClient(
                user_agent="tests (+https://example.org)",
                gate=gate,
                clock=clock,
                allow_private=True,
            ) as client:
                harvester = open_harvester(spec, client=client, keys=keys, clock=clock)
                for community in harvester.communities():
                    state = known.get(community.community, Known())
                    read_at, posts = clock.now(), []
                    validators, cursor = dict(state.validators), state.cursor
                    for batch in harvester.harvest(community, since=None, known=state):
                        posts.extend(batch.posts)
                        validators.update(batch.validators)
                        cursor = batch.cursor or cursor
                    known[community.community] = Known(cursor=cursor, validators=validators)
                    yield read_at, sites.url(source), posts


@pytest.mark.parametrize("source", ["sim_blog", "sim_forum", "sim_social", "sim_feed"])
def test_harvested_is_visible(
    small_world: World, source: str, keys: KeyRing, tmp_path: Path
) -> None:
    harvested: dict[str, Post] = {}
    reads = set()
    for read_at, _, posts in nightly(small_world, source, keys, tmp_path):
        reads.add(read_at)
        harvested |= {post.native_id: post for post in posts}
    expected = what_reads_show(small_world, source, sorted(reads)).seen
    assert set(harvested) == set(expected)
    assert len(harvested) > 50
    for native_id, post in harvested.items():
        invented = expected[native_id].post
        assert post.created_at == invented.created_at
        assert (post.kind, post.community) == (invented.kind, invented.community)
        assert post.automated == invented.automated
        assert not any(value in post.text for value in invented.identifiers)


@pytest.mark.parametrize("source", ["sim_blog", "sim_social"])
def test_passing_faults_cost_no_post_and_retry_after_is_kept(
    small_world: World, source: str, keys: KeyRing, tmp_path: Path
) -> None:
    faults = Faults(
        seed=2,
        rates={"unavailable": 0.1, "rate_limited": 0.1, "rate_limited_date": 0.05, "reset": 0.1},
    )
    harvested: set[str] = set()
    reads = set()
    for read_at, _, posts in nightly(small_world, source, keys, tmp_path, faults):
        reads.add(read_at)
        harvested |= {post.native_id for post in posts}
    assert len(faults.counts) >= 3
    assert not faults.early
    assert set(what_reads_show(small_world, source, sorted(reads)).seen) <= harvested


@pytest.mark.parametrize("source", ["sim_blog", "sim_forum", "sim_social", "sim_feed"])
def test_posts_without_http_are_those_of_a_harvest(
    small_world: World, source: str, keys: KeyRing, tmp_path: Path
) -> None:
    harvested: dict[str, Post] = {}
    base, moment = "", FIRST_READ
    for read_at, url, posts in nightly(small_world, source, keys, tmp_path):
        if read_at >= FIRST_READ + timedelta(days=1):
            break
        base, moment = url, read_at
        harvested |= {post.native_id: post for post in posts}
    direct = {p.native_id: p for p in posts_as_read(small_world, source, moment, keys, base=base)}
    assert harvested.keys() <= direct.keys()
    for native_id, post in harvested.items():
        other = direct[native_id]
        for name in ("content_hash", "author_key", "text", "own_text", "title", "created_at"):
            assert getattr(post, name) == getattr(other, name), name
        assert post.native_thread_id == other.native_thread_id


@pytest.mark.parametrize("source", ["sim_blog", "sim_forum", "sim_social", "sim_feed"])
def test_every_visible_post_is_read_without_http(
    small_world: World, source: str, keys: KeyRing
) -> None:
    moment = datetime(2026, 1, 16, 2, tzinfo=UTC)
    posts = list(posts_as_read(small_world, source, moment, keys))
    assert sorted(post.native_id for post in posts) == sorted(
        post.native_id for post in small_world.visible(source, moment)
    )
    assert sum(post.language == "en" for post in posts) >= 0.98 * len(posts)
