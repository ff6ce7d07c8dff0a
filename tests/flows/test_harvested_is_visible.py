"""Nights of a simulated study over real HTTP, from the sites to the release, against the world.

What a platform cannot show is no failure, but it has to be known: the run tells it at its end.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from html import unescape
from itertools import pairwise
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest

from harvesters.feed import AGED_OUT
from harvesters.simulation.dress import texturized
from harvesters.simulation.entities import SimPost
from harvesters.simulation.oracle import content_of
from tests.flows.watched_nights import (
    DAY,
    POLICY,
    SOURCES,
    START,
    Night,
    Plan,
    Snapshot,
    Study,
    run_study,
)
from warehouse.protection.keys import SEPARATOR, KeyRing

FAST = Plan(seed=22, nights=11, missed=frozenset({8}), scale=0.35, feed_window=14)
LONG = Plan(seed=3, nights=30, missed=frozenset({8, 18, 19}), scale=0.5, feed_window=24)


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


def test_what_no_read_could_show_is_counted(study: Study, tell: Callable[[str], None]) -> None:
    table = {source: _counts(study, source) for source in SOURCES}
    title = f"{len(study.nights)} nights to {study.moments[-1]:%d %B}"
    tell(_printed(table, title=title))
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
    return "\n".join(lines)
