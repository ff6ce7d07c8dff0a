"""Nights of a simulated study over real HTTP, from the sites to the release, against the world.

What a platform cannot show is no failure, but it has to be known: `pytest -s` prints it.
"""

import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from html import unescape
from itertools import groupby, pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from flows.demo import run_plain_night
from flows.night import open_warehouse, prepare_night
from flows.settings import key_file, load_settings
from flows.simulated_home import Simulation, make_simulated_home, write_settings
from harvesters.feed import AGED_OUT
from harvesters.simulation.dress import texturized
from harvesters.simulation.entities import SimPost
from harvesters.simulation.oracle import Expectation, content_of, what_reads_show
from harvesters.simulation.server import SimulatedSites
from harvesters.simulation.world import World
from warehouse.home import Home
from warehouse.protection.keys import SEPARATOR, KeyRing
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


FAST = Plan(seed=22, nights=11, missed=frozenset({8}), scale=0.35, feed_window=14)
LONG = Plan(seed=3, nights=30, missed=frozenset({8, 18, 19}), scale=0.5, feed_window=24)


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


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(FAST, id="eleven nights"),
        pytest.param(LONG, id="thirty nights", marks=pytest.mark.slow),
    ],
)
def study(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("study")
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("XDG_CONFIG_HOME", str(folder / "config"))
        environment.delenv("VALUETALK_KEY_FILE", raising=False)
        yield run_study(request.param, folder)


@pytest.mark.parametrize("source", SOURCES)
def test_every_post_that_a_night_could_see_is_there_once_and_no_other(
    study: Study, source: str
) -> None:
    expected = study.expected(source)
    ids: dict[int, tuple[str, str]] = {}
    for night in (*study.nights, *study.quiet):
        for key, row in night.after.held.items():
            assert ids.setdefault(row["post_id"], key) == key  # no number is ever given again
    assert len(set(ids.values())) == len(ids)
    lives = study.lives(source)
    held = {native_id for of, native_id in study.end.held if of == source}
    buried = {ids[post_id][1] for post_id, row in _tombstones(study.end, source).items()}
    assert not held & buried
    assert held | buried == set(expected.seen)
    assert held == {name for name, life in lives.items() if not life.is_confirmed}
    assert _sum(study, source, "new") == len(expected.seen) > 50


def _tombstones(snapshot: Snapshot, source: str) -> dict[int, Mapping[str, Any]]:
    return {key: row for key, row in snapshot.tombstones.items() if row["source"] == source}


def _sum(study: Study, source: str, column: str) -> int:
    return sum(row[column] for row in study.end.harvests if row["source"] == source)


@pytest.mark.parametrize("source", SOURCES)
def test_what_is_held_of_a_post_is_what_its_site_says_of_it(study: Study, source: str) -> None:
    for native_id, life in study.lives(source).items():
        row = study.end.held.get((source, native_id))
        if row is None:
            continue
        post = life.post
        assert row["created_at"] == post.created_at
        assert (row["kind"], row["community"]) == (post.kind, post.community)
        assert row["automated"] == post.automated


@pytest.mark.parametrize("source", SOURCES)
def test_every_change_between_two_reads_is_a_revision_with_its_own_text(
    study: Study, source: str
) -> None:
    lives = study.lives(source)
    for native_id, life in lives.items():
        row = study.end.held.get((source, native_id))
        if row is None:
            continue
        hashes = [_hash(study.keys, life.post, content) for content in life.contents]
        assert study.end.revisions[row["post_id"]] == list(enumerate(hashes, start=1))
        assert row["revision"] == len(hashes)
    edits = sum(len(life.contents) - 1 for life in lives.values())
    assert _sum(study, source, "edited") == edits  # of posts that are erased by now, too
    assert edits > 0 or source == "sim_feed"  # whose items leave the feed within a day or two


def _hash(keys: KeyRing, post: SimPost, content: tuple[str, str]) -> str:
    title, raw = content
    if post.source == "sim_blog":
        title = unescape(texturized(title))  # WordPress sets typographic quotes
    return keys.content_hash(f"{title}{SEPARATOR}{raw}" if post.kind == "post" else raw)


@pytest.mark.parametrize("source", SOURCES)
def test_a_night_reads_every_post_again_whose_turn_it_is(study: Study, source: str) -> None:
    tried: dict[str, datetime] = {}
    for before, night in pairwise(study.nights):
        held = {name: row for (of, name), row in before.after.held.items() if of == source}
        for name in held.keys() & (before.due[source] | (held.keys() - tried.keys())):
            tried[name] = before.moment
        turn = {name for name, row in held.items() if _is_due(row, tried[name], before.moment)}
        assert night.due[source] == turn
        if night.moment - study.moments[0] < timedelta(days=POLICY.active_days):
            assert turn == held.keys()


def _is_due(row: Mapping[str, Any], tried: datetime, now: datetime) -> bool:
    """Tell whether a post's turn comes by the night after `now`."""
    if row["withheld"] or now - row["last_post_at"] <= timedelta(days=POLICY.active_days):
        return True
    nights = (now - row["created_at"]) / DAY / POLICY.age_per_night
    return tried + DAY * min(POLICY.longest_interval, max(1, nights)) <= now + DAY


@pytest.mark.parametrize("source", SOURCES)
def test_a_deletion_is_withheld_when_missed_and_a_tombstone_when_confirmed(
    study: Study, source: str
) -> None:
    lives = study.lives(source)
    confirmed = [life for life in lives.values() if life.is_confirmed]
    tombstones = sorted(
        (_night(row["first_missed_at"]), _night(row["confirmed_at"]))
        for row in _tombstones(study.end, source).values()
    )
    assert tombstones == sorted(life.missed[:2] for life in confirmed)
    assert _sum(study, source, "gone") == len(confirmed) > 0
    waiting = {name for name, life in lives.items() if life.missed and not life.is_confirmed}
    rows = {name: row for (of, name), row in study.end.held.items() if of == source}
    assert {name for name, row in rows.items() if row["withheld"]} == waiting
    shown = {row["post_id"] for name, row in rows.items() if name not in waiting}
    assert study.end.released & {row["post_id"] for row in rows.values()} == shown


def _night(moment: datetime) -> datetime:
    """Return when the night of a read began: some sites ask for a second between two requests."""
    return moment.replace(minute=0, second=0)


def test_nothing_is_kept_of_what_is_erased(study: Study) -> None:
    buried = study.end.tombstones.keys()
    assert buried
    assert not buried & study.end.revisions.keys()
    assert not buried & study.end.released
    assert study.end.released == {
        r["post_id"] for r in study.end.held.values() if not r["withheld"]
    }


def test_what_a_feed_forgot_between_two_nights_is_a_gap(study: Study) -> None:
    expected = study.expected("sim_feed")
    assert len(expected.aged_out) >= 5
    of_feed = [row for row in study.end.harvests if row["source"] == "sim_feed"]
    gaps = [gap for row in of_feed for gap in row["gaps"]]
    assert {gap["reason"] for gap in gaps} == {AGED_OUT}
    for name in expected.aged_out:
        written = study.world.post("sim_feed", name).created_at
        assert any(gap["since"] < written < gap["until"] for gap in gaps)
    assert all((row["status"] == "partial") == bool(row["gaps"]) for row in of_feed)
    assert {row["status"] for row in of_feed} == {"partial", "complete"}
    others = [row for row in study.end.harvests if row["source"] != "sim_feed"]
    assert all(row["status"] == "complete" and not row["gaps"] for row in others)


def test_no_day_with_a_gap_ever_counts_as_complete(study: Study) -> None:
    coverage = study.quiet[-1].after.coverage
    incomplete = {
        study.world.post("sim_feed", name).created_at.date()
        for name in study.expected("sim_feed").aged_out
    }
    days = {START + n * DAY for n in range((study.moments[-1].date() - START).days + 1)}
    assert {coverage["/feed.xml", day] for day in incomplete} == {"partial"}
    assert "complete" in {coverage["/feed.xml", day] for day in days}
    for community in ("blog", "5", "6", "openminds", "mhpractice"):
        assert {coverage[community, day] for day in days} == {"complete"}


def test_nights_without_news_change_nothing_but_find_and_confirm_deletions(study: Study) -> None:
    before = study.end
    waiting = {key for key, row in before.held.items() if row["withheld"]}
    assert waiting
    for night in study.quiet:
        loaded, after, missing = night.loaded, night.after, _missing(study, night)
        assert (loaded.new, loaded.edited, loaded.refused) == (0, 0, 0)
        assert waiting <= missing  # what was missed is looked for the next night
        assert (loaded.confirmed, loaded.missed) == (len(waiting), len(missing - waiting))
        assert before.held.keys() - after.held.keys() == waiting
        erased = {before.held[key]["post_id"] for key in waiting}
        assert after.tombstones.keys() == before.tombstones.keys() | erased
        assert after.revisions == {n: v for n, v in before.revisions.items() if n not in erased}
        for key, row in after.held.items():
            assert _content(row) == _content(before.held[key])
        waiting = {key for key, row in after.held.items() if row["withheld"]}
        assert waiting == missing - (before.held.keys() - after.held.keys())
        before = after


def _missing(study: Study, quiet: Night) -> set[tuple[str, str]]:
    """Return the posts of a night's turn that the sites, where time stands still, do not show."""
    return {
        (source, name)
        for source in SOURCES
        for name in quiet.due[source]
        if not study.world.post(source, name).is_visible(study.moments[-1])
    }


def _content(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return a post without what a deletion changes of it and of other posts of its thread."""
    others = ("withheld", "last_post_at", "n_in_thread", "parent_id", "duplicate_of")
    return {name: value for name, value in row.items() if name not in others}


def test_no_name_and_no_identifier_is_in_any_file(study: Study) -> None:
    names = {post.handle.lower() for post in study.world.posts if not post.handle.isdigit()}
    planted = {value.lower() for post in study.world.posts for value in post.identifiers}
    assert len(names) > 200
    assert len(planted) > 10
    places = dict(_texts(study.home.root))
    some_post = next(iter(study.end.held.values()))
    assert any(some_post["text"].lower() in text for text in places)  # the search finds texts
    everything = "\n".join(places)
    found = {value for value in names | planted if value in everything}
    where = {place for text, place in places.items() if any(value in text for value in found)}
    assert not found, f"{len(found)} names or identifiers stand in {sorted(where)}"


def _texts(root: Path) -> Iterator[tuple[str, str]]:
    """Yield what the files of a home say, in lower case, and in which file.

    What is compressed is read by columns, native ids and addresses too; all else by bytes.
    """
    for path in sorted(path for path in root.rglob("*") if path.is_file()):
        place = str(path.relative_to(root))
        if path.suffix == ".parquet":
            table = pq.read_table(path)
            yield str(table.schema.metadata).lower(), f"{place}, header"
            values = [(name, table.column(name).to_pylist()) for name in table.column_names]
        elif path.suffix == ".duckdb":
            values = list(_columns(path))
        else:
            yield path.read_bytes().decode("utf-8", errors="replace").lower(), place
            continue
        for name, column in values:
            yield from ((str(value).lower(), f"{place}, {name}") for value in column)


def _columns(database: Path) -> Iterator[tuple[str, list[str]]]:
    with duckdb.connect(database, read_only=True) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal "
            "AND regexp_matches(data_type, 'VARCHAR|JSON|BLOB')"
        ).fetchall()
        assert len(columns) > 50
        for table, column in columns:
            query = f"SELECT DISTINCT {column}::VARCHAR FROM {table} WHERE {column} IS NOT NULL"
            rows = connection.execute(query).fetchall()
            yield f"{table}.{column}", [value for (value,) in rows]


def test_what_no_read_could_show_is_counted(study: Study) -> None:
    table = {source: _counts(study, source) for source in SOURCES}
    title = f"{len(study.nights)} nights to {study.moments[-1]:%d %B}"
    sys.stdout.write(_printed(table, title=title))
    for source, counts in table.items():
        groups = ("seen", "too short-lived", "aged out", "after the last night")
        assert sum(counts[name] for name in groups) == len(study.world.of_source(source))
        assert counts["seen"] == counts["held"] + counts["tombstones"]
    assert table["sim_feed"]["aged out"] > 0
    assert table["sim_blog"]["too short-lived"] > 0
    assert table["sim_feed"]["edits not visible"] > 0


def _counts(study: Study, source: str) -> dict[str, int]:
    expected, lives = study.expected(source), study.lives(source)
    held = [row for (of, _), row in study.end.held.items() if of == source]
    edits = sum(len(life.contents) - 1 for life in lives.values())
    made = sum(_edits_made(life.post, until=study.moments[-1]) for life in lives.values())
    gaps = [gap for row in study.end.harvests if row["source"] == source for gap in row["gaps"]]
    return {
        "written": len(study.world.of_source(source)),
        "seen": len(expected.seen),
        "held": len(held),
        "withheld": sum(row["withheld"] for row in held),
        "tombstones": len(_tombstones(study.end, source)),
        "edits seen": edits,
        "edits not visible": made - edits,
        "too short-lived": len(expected.too_short_lived),
        "aged out": len(expected.aged_out),
        "gaps recorded": len(gaps),
        "after the last night": len(expected.not_yet),
    }


def _edits_made(post: SimPost, *, until: datetime) -> int:
    """Count the changes of words that its author made before it went."""
    end = min(until, post.deleted_at or until)
    stood = [n for n, version in enumerate(post.versions) if n == 0 or version.at <= end]
    return sum(content_of(post, before) != content_of(post, n) for before, n in pairwise(stood))


def _printed(table: Mapping[str, Mapping[str, int]], *, title: str) -> str:
    lines = [f"{title:<24}" + "".join(f"{source:>12}" for source in table)]
    for name in table[SOURCES[0]]:
        cells = "".join(f"{counts[name]:>12}" for counts in table.values())
        lines.append(f"  {name:<22}{cells}")
    return "\n" + "\n".join(lines) + "\n"
