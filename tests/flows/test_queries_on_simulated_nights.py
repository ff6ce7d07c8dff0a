"""The worked queries answer on the releases of simulated nights, with every measure in them."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.demo import run_plain_night
from flows.night import open_warehouse, prepare_night
from flows.publish_stage import publish
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.server import SimulatedSites
from tests.flows.watched_nights import DAY, START
from warehouse.home import Home
from warehouse.records import VirtualClock
from warehouse.release.worked_queries import worked_queries

pytestmark = pytest.mark.slow
SIMULATION = Simulation(seed=11, start=START, nights=6, scale=0.3)
MAY_BE_EMPTY = {"duplicate_families"}  # in this world nobody copies a long text
Answers = dict[str, list[dict[str, Any]]]


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """A study after two nights that measured and published, four days apart."""
    folder = tmp_path_factory.mktemp("nights")
    first = datetime.combine(START, time(2, tzinfo=UTC))
    clock = VirtualClock(first)
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        home = make_simulated_home(folder / "home", SIMULATION)
        with SimulatedSites(SIMULATION.world(), clock=clock) as sites:
            write_settings(home, sites.specs())
            for moment in (first + 2 * DAY, first + 6 * DAY):
                clock.advance_to(moment)
                run_plain_night(home, moment, analyse=True)
                night = prepare_night(home.root, flow="nightly", as_of=moment)
                with open_warehouse(night) as warehouse:
                    publish(warehouse, night)
        yield home


def answers(database: Path) -> Answers:
    """Run every query that lies beside a database on it."""
    with duckdb.connect(database, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")
        return {
            file.stem: connection.execute(file.read_text("utf-8")).to_arrow_table().to_pylist()
            for file in sorted((database.parent / "queries").iterdir())
        }


@pytest.fixture(scope="module")
def controlled(home: Home) -> Answers:
    return answers(home.controlled / "discourse.duckdb")


def rows_of(home: Home, sql: str) -> list[tuple[Any, ...]]:
    with duckdb.connect(home.database, read_only=True) as warehouse:
        warehouse.execute("SET TimeZone = 'UTC'")
        return warehouse.execute(sql).fetchall()


def test_all_answer(home: Home, controlled: Answers) -> None:
    assert set(controlled) == set(worked_queries())
    assert {name for name, rows in controlled.items() if not rows} <= MAY_BE_EMPTY
    public = answers(home.public / "trends.duckdb")
    assert set(public) == {name for name, query in worked_queries().items() if query.is_public}
    assert all(public.values())


def test_every_post_is_counted_once(home: Home, controlled: Answers) -> None:
    held = Counter(
        (community, at.date().replace(day=1))
        for community, at in rows_of(
            home, "SELECT community, created_at FROM posts WHERE NOT withheld"
        )
    )
    shown: Counter[Any] = Counter()
    for row in controlled["posts_by_month"]:
        shown[row["community"], row["period"]] += row["n_posts"]
    assert shown == held
    assert held.total() > 300


def test_only_the_figures_of_the_last_run_are_shown(home: Home, controlled: Answers) -> None:
    ((last,),) = rows_of(home, "SELECT max(run_id) FROM frame_prevalence")
    figures = rows_of(
        home,
        "SELECT run_id, frame, community, period, estimate FROM frame_prevalence ORDER BY ALL",
    )
    assert len({run_id for run_id, *_ in figures}) == 2
    names = ("frame", "community", "period", "estimate")
    shown = [tuple(row[name] for name in names) for row in controlled["frames_over_time"]]
    assert sorted(shown, key=str) == sorted(
        (tuple(f[1:]) for f in figures if f[0] == last), key=str
    )
