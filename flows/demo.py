"""The demo: simulated communities harvested for sixty nights, measured, and published.

Nights before the last call the stages as they are; the last one is the real Prefect flow against a
temporary server of its own, which starts in the background while the others run.
"""

from concurrent.futures import ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

from rich.console import Console

from flows import stages
from flows.coding.simulated import code_simulated
from flows.frame_stage import run_frames
from flows.night import Night, open_warehouse, prepare_night
from flows.prefect_server import TemporaryServer
from flows.prevalence_stage import run_prevalence
from flows.progress import Ticker, ticking
from flows.setting_sections import SourceSettings
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from flows.summary import NightSummary
from flows.topics.effects import estimate_effects
from flows.topics.stage import run_topics
from harvesters.simulation.server import SimulatedSites
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.records import LoadCounts, VirtualClock

SIMULATION = Simulation(seed=1, start=date(2026, 1, 5), nights=60, scale=0.5)
ANALYSED_NIGHTS = frozenset({20, 40})
"""Nights after which the whole analysis runs, besides the last."""
TOPICS_FROM = 20
"""The night from which on topics are followed every night, since that is how they keep identity."""
RECHECK_EVERY = 2
"""A real night rechecks always; here every other one does, so that sixty pass in minutes."""
NIGHT_BEGINS = time(2, tzinfo=UTC)
NIGHTS_BESIDE_SERVER = 12
"""How long before the last night Prefect's server starts, since that takes 15 s and more."""
LOOK_EVERY_SECONDS = 0.2
"""How often a demo night looks for newly landed segments."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Demo:
    """What the demo left behind."""

    home: Home
    simulation: Simulation
    ended_at: datetime
    load: LoadCounts
    last_night: NightSummary


def run_demo(root: Path, console: Console, simulation: Simulation = SIMULATION) -> Demo:
    """Run the demo in a home that is new or marked as simulated.

    Raises
    ------
    NotSimulated
        If the folder holds something else.
    """
    home = make_simulated_home(root, simulation)
    site_clock = VirtualClock(_night(simulation, 0))
    with (
        SimulatedSites(simulation.world(), clock=site_clock) as sites,
        ticking(console, "nights", simulation.nights) as tick,
    ):
        write_settings(home, sites.specs())
        early = max(0, simulation.nights - NIGHTS_BESIDE_SERVER)
        load = LoadCounts()
        for number in range(1, early):
            load = load.plus(_plain(home, simulation, number, site_clock, tick))
        with TemporaryServer(home.root / "prefect") as server:
            for number in range(max(1, early), simulation.nights):
                load = load.plus(_plain(home, simulation, number, site_clock, tick))
            moment = _night(simulation, simulation.nights)
            site_clock.advance_to(moment)
            last = _run_as_flow(server, home, moment)
            tick(f"{moment:%a %d %b}: by Prefect, {last.status}")
    return Demo(
        home=home,
        simulation=simulation,
        ended_at=moment,
        load=load.plus(last.load),
        last_night=last,
    )


def _plain(
    home: Home, simulation: Simulation, number: int, site_clock: VirtualClock, tick: Ticker
) -> LoadCounts:
    moment = _night(simulation, number)
    site_clock.advance_to(moment)
    counts = run_plain_night(
        home,
        moment,
        recheck=number % RECHECK_EVERY == 0,
        analyse=number in ANALYSED_NIGHTS,
        follow_topics=number >= TOPICS_FROM,
    )
    tick(f"{moment:%a %d %b}: {counts.new} new, {counts.edited} edited")
    return counts


def run_plain_night(
    home: Home,
    moment: datetime,
    *,
    recheck: bool = True,
    analyse: bool = False,
    follow_topics: bool = False,
) -> LoadCounts:
    """Run one night without Prefect: harvest, load, erase, index, and what else is asked for.

    Sixty nights have to pass in minutes, so what has landed is loaded while others still harvest.
    """
    night = prepare_night(home.root, flow="nightly", as_of=moment)
    with open_warehouse(night) as warehouse:
        # the harvests beside it need the other core
        warehouse.connection.execute("SET threads = 1")
        warehouse.start_run(night.run)
        counts = _read_and_load(warehouse, night, recheck=recheck)
        stages.erase(warehouse, night)
        stages.index(warehouse)
        if analyse:
            _analyse(warehouse, night)
        elif follow_topics:
            run_topics(warehouse, night, trends=False)
        warehouse.finish_run(night.run.run_id, status="complete")
    return counts


def _read_and_load(warehouse: Warehouse, night: Night, *, recheck: bool) -> LoadCounts:
    """Read each source in a thread of its own, and load what lands meanwhile."""

    def read(source: SourceSettings) -> None:
        stages.harvest_source(night, source)
        if recheck:
            stages.recheck_source(night, source)

    counts = LoadCounts()
    stages.register(warehouse, night)
    with ThreadPoolExecutor() as readers:
        reading = [readers.submit(read, source) for source in night.settings.runnable_sources()]
        while wait(reading, timeout=LOOK_EVERY_SECONDS).not_done:
            counts = counts.plus(stages.load_pending(warehouse))
    for source in reading:
        source.result()
    return counts.plus(stages.load_landed(warehouse, night))


def _analyse(warehouse: Warehouse, night: Night) -> None:
    code_simulated(warehouse, night)
    run_topics(warehouse, night)
    estimate_effects(warehouse, night)
    run_frames(warehouse, night)
    run_prevalence(warehouse, night)


def _run_as_flow(server: TemporaryServer, home: Home, moment: datetime) -> NightSummary:
    server.wait()
    server.settle()
    from flows.engine import run_entrypoint

    return run_entrypoint("nightly", home=str(home.root), as_of=moment)


def _night(simulation: Simulation, number: int) -> datetime:
    """Return when a night begins: the first follows the first day."""
    return datetime.combine(simulation.start + timedelta(days=number), NIGHT_BEGINS)
