"""A simulated study whose posts are in the warehouse at once: no sites, no nights, no flow."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from itertools import groupby
from operator import attrgetter
from pathlib import Path

import pytest

from flows import stages
from flows.night import Night, open_warehouse, prepare_night
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.base import SourceSpec
from harvesters.simulation.as_posts import posts_as_read
from harvesters.simulation.world import World
from warehouse.gateway import Warehouse
from warehouse.landing import write_segment
from warehouse.records import SegmentHeader

FIRST_MONDAY = date(2026, 1, 5)
NIGHT_BEGINS = time(2, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SimulatedStudy:
    """An open warehouse that holds a world's posts, indexed, as the last night would read them."""

    world: World
    warehouse: Warehouse
    night: Night


@contextmanager
def simulated_study(
    root: Path, *, seed: int, nights: int, scale: float
) -> Iterator[SimulatedStudy]:
    """Make a study under a folder; what it makes is bounded by the arguments alone."""
    simulation = Simulation(seed=seed, start=FIRST_MONDAY, nights=nights, scale=scale)
    world = simulation.world()
    home = make_simulated_home(root / "home", simulation)
    with pytest.MonkeyPatch.context() as environment:
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        environment.setenv("XDG_CONFIG_HOME", str(root / "config"))
        write_settings(home, _specs(world))
        moment = datetime.combine(world.end, NIGHT_BEGINS)
        night = prepare_night(home.root, flow="gate", as_of=moment)
    with open_warehouse(night) as warehouse:
        warehouse.start_run(night.run)
        stages.register(warehouse, night)
        _land(world, night)
        stages.load_pending(warehouse)
        stages.index(warehouse)
        yield SimulatedStudy(world, warehouse, night)


def _specs(world: World) -> list[SourceSpec]:
    return [
        SourceSpec(
            source=site.source,
            platform=site.platform,
            url="http://127.0.0.1",
            communities=tuple(c.record() for c in world.communities if c.source == site.source),
        )
        for site in world.sources
    ]


def _land(world: World, night: Night) -> None:
    """Land every post that can be read when the night begins, a segment for each community."""
    moment = night.clock.now()
    for site in world.sources:
        posts = sorted(
            posts_as_read(world, site.source, moment, night.keys), key=attrgetter("community")
        )
        for community, members in groupby(posts, key=attrgetter("community")):
            landed = list(members)
            header = SegmentHeader(
                run_id=night.run.run_id,
                source=site.source,
                community=community,
                activity="harvest",
                harvested_at=moment,
                final=True,
                fetched=len(landed),
            )
            write_segment(night.home.landing, header, posts=landed)
