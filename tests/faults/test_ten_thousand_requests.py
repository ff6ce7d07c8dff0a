"""Ten thousand requests to sites of which one in seven goes wrong: nothing lost, nothing doubled.

Clients and sites share one virtual clock, so that what the sites saw can be held against what they
asked for: every Retry-After kept, and no two requests closer together than allowed.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import duckdb
import pytest

from flows import stages
from flows.night import open_warehouse, prepare_night
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.faults import KINDS, Faults
from harvesters.simulation.server import RequestRecord, SimulatedSites
from warehouse.home import Home
from warehouse.records import VirtualClock

pytestmark = pytest.mark.slow

START = date(2026, 1, 5)
NIGHTS = 24
ENOUGH = 10_000
SHARE = 0.15
SPACING = 1.0
SIMULATION = Simulation(seed=11, start=START, nights=NIGHTS, scale=0.5)


class Run:
    """Nights against failing sites until enough was asked, then two against sound ones."""

    def __init__(
        self, home: Home, sites: SimulatedSites, faults: Faults, clock: VirtualClock
    ) -> None:
        self.home = home
        self.world = SIMULATION.world()
        self.faults = faults
        self.requests: list[RequestRecord] = []
        self.statuses: Counter[str] = Counter()
        self.decisions: Counter[str] = Counter()
        self._sites = sites
        self._clock = clock

    def nights(self) -> None:
        for number in range(1, NIGHTS + 1):
            self._night(number)
        number = NIGHTS
        while len(self._sites.requests) < ENOUGH:
            number += 1
            self._night(number)
        self.struck = Counter(self.faults.counts)
        self.faults.rates = {}
        for extra in (1, 2):
            self._night(number + extra)
        self.requests = self._sites.requests

    def _night(self, number: int) -> None:
        moment = datetime(2026, 1, 5, 2, tzinfo=UTC) + number * timedelta(days=1)
        self._clock.advance_to(moment)
        night = prepare_night(self.home.root, flow="nightly", clock=self._clock)
        for source in night.settings.runnable_sources():
            stages.harvest_source(night, source)
            stages.recheck_source(night, source)
        with open_warehouse(night) as warehouse:
            stages.load_landed(warehouse, night)
            stages.erase(warehouse, night)


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("faulty")
    clock = VirtualClock(datetime(2026, 1, 5, 2, tzinfo=UTC))
    rates: Any = dict.fromkeys(KINDS, SHARE / len(KINDS))
    faults = Faults(seed=4, rates=rates, slow_seconds=0.0)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        home = make_simulated_home(folder / "home", SIMULATION)
        with SimulatedSites(SIMULATION.world(), clock=clock, faults=faults) as sites:
            write_settings(home, sites.specs())
            text = home.settings_file.read_text()
            wanted = f"recheck_budget = 150\nspacing_seconds = {SPACING}\nrequests_a_day = 100000"
            home.settings_file.write_text(text.replace("recheck_budget = 100", wanted))
            made = Run(home, sites, faults, clock)
            made.nights()
            yield made


def rows(run: Run, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(run.home.database, read_only=True) as connection:
        return connection.execute(sql).fetchall()


def test_faults_of_every_kind_struck_as_often_as_they_should(
    run: Run, tell: Callable[[str], None]
) -> None:
    total = sum(run.struck.values())
    faulty = [r for r in run.requests if r.fault is not None]
    tell(f"{len(run.requests)} requests, {len(faulty)} faults: {dict(run.struck)}")
    assert len(run.requests) >= ENOUGH
    assert set(run.struck) == set(KINDS)
    assert total >= 0.12 * ENOUGH


def test_every_retry_after_was_kept(run: Run) -> None:
    assert run.struck["rate_limited"] + run.struck["rate_limited_date"] > 100
    assert run.faults.early == []


def test_no_host_was_asked_faster_than_allowed(run: Run) -> None:
    sites = {record.site for record in run.requests}
    for site in sites:
        times = [record.at for record in run.requests if record.site == site]
        gaps = [(after - before).total_seconds() for before, after in pairwise(times)]
        assert min(gaps) >= SPACING - 0.001, site
    assert sites == {"sim_blog", "sim_forum", "sim_social", "sim_feed"}


@pytest.mark.parametrize("source", ["sim_blog", "sim_forum", "sim_social"])
def test_nothing_is_lost_doubled_or_erased_for_a_fault(run: Run, source: str) -> None:
    held = [
        native_id
        for (native_id,) in rows(run, f"SELECT native_id FROM locators WHERE source = '{source}'")
    ]
    assert len(held) == len(set(held))
    now = max(record.at for record in run.requests)
    posts = {post.native_id: post for post in run.world.posts if post.source == source}
    visible = {name for name, post in posts.items() if post.is_visible(now)}
    assert set(held) >= visible
    assert all(name in posts for name in held)
    buried = rows(run, f"SELECT count(*) FROM tombstones WHERE source = '{source}'")[0][0]
    gone = sum(not post.is_visible(now) for post in posts.values())
    assert 0 < buried <= gone


def test_no_revision_is_a_faults_doing(run: Run) -> None:
    revised = rows(
        run,
        "SELECT source, native_id, max(revision) FROM post_revisions JOIN locators USING (post_id) "
        "GROUP BY ALL HAVING max(revision) > 1",
    )
    posts = {(post.source, post.native_id): post for post in run.world.posts}
    assert revised
    for source, native_id, revision in revised:
        assert revision <= len(posts[source, native_id].versions), (source, native_id)


def test_what_went_wrong_is_counted_with_the_harvests(
    run: Run, tell: Callable[[str], None]
) -> None:
    counted = dict(
        rows(
            run,
            "SELECT kind, sum(n)::BIGINT FROM (SELECT unnest(map_keys(decisions)) AS kind, "
            "unnest(map_values(decisions)) AS n FROM harvests) GROUP BY kind",
        )
    )
    tell(f"decisions: {counted}")
    assert counted["retry_after"] == run.struck["rate_limited"] + run.struck["rate_limited_date"]
    assert counted["retried"] + counted.get("gave_up", 0) >= run.struck["reset"]
    (requests,) = rows(run, "SELECT sum(requests)::BIGINT FROM harvests")[0]
    assert requests == len(run.requests)
