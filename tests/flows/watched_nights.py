"""A simulated study over real HTTP, night by night, and what the warehouse held after each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb

from flows.demo import run_plain_night
from flows.night import open_warehouse, prepare_night
from flows.settings import key_file, load_settings
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.simulation.entities import SimPost
from harvesters.simulation.oracle import Expectation, content_of, what_reads_show
from harvesters.simulation.server import SimulatedSites
from harvesters.simulation.world import World
from warehouse.home import Home
from warehouse.protection.keys import KeyRing
from warehouse.rechecks import RecheckPolicy
from warehouse.records import LoadCounts, VirtualClock
from warehouse.release.controlled import publish_controlled
from warehouse.state import read_due

START = date(2026, 1, 5)
DAY = timedelta(days=1)
EVERYTHING = 5000  # posts a night may read again: more than a source has
SOURCES = ("sim_blog", "sim_forum", "sim_social", "sim_feed")
POLICY = RecheckPolicy()


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How long a study runs, which nights it missed, how busy its sites are, how short the feed.

    `feed_window` is in items: less than a busy day has, so that some are gone by the next night.
    The seeds are of worlds in which every source has edits and deletions within the time.
    """

    seed: int
    nights: int
    missed: frozenset[int]
    scale: float
    feed_window: int


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """What the warehouse held at one moment, as rows."""

    held: Mapping[tuple[str, str], Mapping[str, Any]]
    revisions: Mapping[int, Sequence[tuple[int, str]]]
    tombstones: Mapping[int, Mapping[str, Any]]
    harvests: Sequence[Mapping[str, Any]]
    coverage: Mapping[tuple[str, date], str]
    released: frozenset[int]


@dataclass(frozen=True, kw_only=True)
class Night:
    """One night: which posts it was asked to read again, what it loaded and what stood then."""

    moment: datetime
    due: Mapping[str, frozenset[str]]
    loaded: LoadCounts
    after: Snapshot


@dataclass(frozen=True, kw_only=True)
class Life:
    """What the reads of one post can show: its contents in turn, and when it was missed."""

    post: SimPost
    contents: tuple[tuple[str, str], ...]
    missed: tuple[datetime, ...]

    @property
    def is_confirmed(self) -> bool:
        return len(self.missed) >= POLICY.confirm_after


@dataclass(frozen=True, kw_only=True)
class Study:
    """A study after its nights, and after two more in which nothing happened on the sites."""

    home: Home
    world: World
    keys: KeyRing
    nights: Sequence[Night]
    quiet: Sequence[Night]

    @property
    def moments(self) -> list[datetime]:
        return [night.moment for night in self.nights]

    @property
    def end(self) -> Snapshot:
        return self.nights[-1].after

    def expected(self, source: str) -> Expectation:
        return what_reads_show(self.world, source, self.moments)

    def lives(self, source: str) -> dict[str, Life]:
        return {
            native_id: self._life(entry.post, entry.first_seen)
            for native_id, entry in self.expected(source).seen.items()
        }

    def _life(self, post: SimPost, first_seen: datetime) -> Life:
        asked = [n.moment for n in self.nights if post.native_id in n.due[post.source]]
        listed = self.moments if post.native_id.startswith("post:") else []  # edited articles
        read = [
            moment
            for moment in sorted({first_seen, *asked, *listed})
            if self._shows_text(post, moment)
        ]
        contents = [content_of(post, post.version_at(moment)) for moment in read]
        return Life(
            post=post,
            contents=tuple(content for content, _ in groupby(contents)),
            missed=tuple(moment for moment in asked if not post.is_visible(moment)),
        )

    def _shows_text(self, post: SimPost, moment: datetime) -> bool:
        if post.source != "sim_feed":
            return post.is_visible(moment)
        shown = self.world.visible("sim_feed", moment)[-self.world.feed_window :]
        return any(item.native_id == post.native_id for item in shown)


def snapshot(home: Home, released: frozenset[int] = frozenset()) -> Snapshot:
    with duckdb.connect(home.database, read_only=True) as connection:
        connection.execute("SET TimeZone = 'UTC'")

        def rows(query: str) -> list[dict[str, Any]]:
            return connection.execute(query).to_arrow_table().to_pylist()

        held = rows(
            "SELECT posts.*, native_id, last_post_at, n_posts AS n_in_thread FROM posts "
            "JOIN locators USING (post_id) JOIN threads USING (thread_id)"
        )
        revisions = rows("SELECT * FROM post_revisions ORDER BY post_id, revision")
        snapshot = Snapshot(
            held={(row["source"], row["native_id"]): row for row in held},
            revisions={
                post_id: [(row["revision"], row["content_hash"]) for row in of_post]
                for post_id, of_post in groupby(revisions, lambda row: int(row["post_id"]))
            },
            tombstones={row["post_id"]: row for row in rows("FROM tombstones")},
            harvests=rows("FROM harvests"),
            coverage={
                (row["community"], row["day"]): row["status"] for row in rows("FROM coverage")
            },
            released=released,
        )
        assert len(held) == len(snapshot.held) == rows("SELECT count(*) AS n FROM posts")[0]["n"]
    return snapshot


def run_night(home: Home, moment: datetime, *, publish: bool = False) -> Night:
    due = {
        source: frozenset(ref.native_id for ref in read_due(home.state, source, limit=EVERYTHING))
        for source in SOURCES
    }
    loaded = run_plain_night(home, moment, analyse=False)
    released: frozenset[int] = frozenset()
    if publish:
        night = prepare_night(home.root, flow="test", as_of=moment)
        with open_warehouse(night) as warehouse:
            publish_controlled(warehouse.connection, home)
        with duckdb.connect(home.controlled / "discourse.duckdb", read_only=True) as release:
            ids = release.execute("SELECT post_id FROM posts").fetchall()
        released = frozenset(post_id for (post_id,) in ids)
    return Night(moment=moment, due=due, loaded=loaded, after=snapshot(home, released))


def run_study(plan: Plan, folder: Path) -> Study:
    simulation = Simulation(seed=plan.seed, start=START, nights=plan.nights, scale=plan.scale)
    world = replace(simulation.world(), feed_window=plan.feed_window)
    home = make_simulated_home(folder / "home", simulation)
    first = datetime.combine(START, time(2, tzinfo=UTC))
    moments = [first + n * DAY for n in range(1, plan.nights + 1) if n not in plan.missed]
    clock = VirtualClock(first)
    with SimulatedSites(world, clock=clock) as sites:
        write_settings(home, sites.specs())
        text = home.settings_file.read_text()
        wanted = f"recheck_budget = {EVERYTHING}\nspacing_seconds = 0.0"
        home.settings_file.write_text(text.replace("recheck_budget = 100", wanted))
        nights = []
        for moment in moments:
            clock.advance_to(moment)
            nights.append(run_night(home, moment, publish=moment == moments[-1]))
        quiet = [run_night(home, moments[-1] + n * DAY) for n in (1, 2)]
    settings = load_settings(home)
    assert settings.harvest.recheck_budget == EVERYTHING
    keys = KeyRing.read(key_file(home, settings))
    return Study(home=home, world=world, keys=keys, nights=nights, quiet=quiet)
