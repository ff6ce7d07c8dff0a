"""A rotation or a restore that is killed anywhere leaves the old or the new, each whole."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pytest

from warehouse import gateway
from warehouse.backup import back_up
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.landing import read_segment, write_segment
from warehouse.protection import fresh_copy
from warehouse.protection.fresh_copy import connect_private
from warehouse.protection.keys import KeyRing
from warehouse.records import Post, SegmentHeader, VirtualClock

REPOSITORY = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("people_child.py")
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
KILLS = 10
POSTS_A_SEGMENT = 200
SECRET = "quokkaserenade"
STEPS = ("begin", "advance_rows", "advance_segments", "write_lists", "copy_afresh")


@dataclass
class Place:
    """A home with its keys, whose authors are known by name."""

    home: Home
    key_file: Path
    clock: VirtualClock

    def keys(self) -> KeyRing:
        return KeyRing.read(self.key_file)

    def open(self, home: Home | None = None) -> Warehouse:
        return Warehouse.open(home or self.home, keys=self.keys(), clock=self.clock)

    def land(self, number: int) -> Path:
        keys = self.keys()
        names = [f"user{number}-{n}" for n in range(POSTS_A_SEGMENT)]
        authors = [keys.author_key("discourse", "forum.example", name) for name in names]
        posts = [
            Post(
                source="forum",
                community="board",
                native_id=name,
                native_thread_id="t1",
                native_parent_id=None,
                kind="comment",
                author_key=author,
                created_at=self.clock.now(),
                edited_at=None,
                harvested_at=self.clock.now(),
                title="",
                text=f"author_{other} said {SECRET}{name}end",
                own_text="",
                language="en",
                url=None,
                content_hash=keys.content_hash(name),
                text_version=1,
            )
            for name, author, other in zip(names, authors, authors[1:] + authors[:1], strict=True)
        ]
        header = SegmentHeader(
            run_id=f"r{number}",
            source="forum",
            community="board",
            activity="harvest",
            harvested_at=self.clock.now(),
            final=True,
            author_links=keys.links,
        )
        return write_segment(self.home.landing, header, posts=posts)


@pytest.fixture(autouse=True)
def _uncompressed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Store databases so that the bytes of a text can be searched for."""

    def connect(path: Path) -> duckdb.DuckDBPyConnection:
        connection = connect_private(path)
        connection.execute("SET force_compression = 'uncompressed'")
        return connection

    for module in (gateway, fresh_copy):
        monkeypatch.setattr(module, "connect_private", connect)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A home with two loaded segments and one that waits."""
    made = Place(Home(tmp_path / "home"), tmp_path / "keys" / "study.key", VirtualClock(START))
    KeyRing.create(made.key_file)
    made.home.create()
    with made.open() as warehouse:
        for number in range(2):
            warehouse.load(made.land(number))
            made.clock.sleep(timedelta(days=1).total_seconds())
        author = made.keys().author_key("discourse", "forum.example", "somebody")
        warehouse.forget("author", author, register="optouts")
    made.land(2)
    return made


def run_child(*arguments: Path | str, kill: tuple[str, float] | None) -> str:
    """Run the child, kill it so many seconds after it said a word, and return its last one."""
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, str(CHILD), *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
    ) as child:
        assert child.stdout is not None
        while kill and kill[0] not in said and (line := child.stdout.readline()):
            said.append(line.strip())
        if kill:
            time.sleep(kill[1])
            child.kill()
        rest, complaints = child.communicate()
    assert complaints == ""
    return [*said, *rest.split()][-1]


def assert_all_under_one_chain(place: Place, home: Home, *, chains: list[KeyRing]) -> None:
    """Every author and mention is under the newest key, and no byte of an older one is left."""
    keys = chains[-1]
    with place.open(home) as warehouse:
        rows = warehouse.connection.execute(
            "SELECT native_id, author_key, text FROM posts JOIN locators USING (post_id)"
        ).fetchall()
    assert rows
    authors = {name: keys.author_key("discourse", "forum.example", name) for name, _, _ in rows}
    assert {name: author for name, author, _ in rows} == authors
    for path in home.landing.rglob("*.parquet"):
        segment = read_segment(path)
        assert segment.header.author_links == keys.links
        for name, author in zip(
            *map(segment.rows.column, ("native_id", "author_key")), strict=True
        ):
            expected = keys.author_key("discourse", "forum.example", name.as_py())
            assert author.as_py() == expected
    content = [path.read_bytes() for path in home.root.rglob("*") if path.is_file()]
    held = b"".join(content)
    assert all(text.split()[0].encode() in held for _, _, text in rows[:5])
    for old in chains[:-1]:
        for name in [*authors][:40]:
            key = old.author_key("discourse", "forum.example", name)
            assert key.encode() not in held


@pytest.mark.slow
def test_a_killed_rotation_is_old_or_new_everywhere(
    place: Place, tell: Callable[[str], None]
) -> None:
    moments = random.Random(11)
    killed_in: Counter[str] = Counter()
    chains = [place.keys()]
    for turn in range(KILLS):
        kill = (STEPS[turn % len(STEPS)], moments.uniform(0.0, 0.15))
        killed_in[run_child("rotate", place.home.root, place.key_file, kill=kill)] += 1
        keys = place.keys()
        if keys.links > chains[-1].links:
            chains.append(keys)
        assert keys.links == chains[-1].links
        assert_all_under_one_chain(place, place.home, chains=chains)
    tell(f"killed in: {dict(killed_in)}; rotations begun: {len(chains) - 1}")
    assert len(chains) > len(STEPS)
    with place.open() as warehouse:
        (waiting,) = warehouse.pending_segments()
        assert warehouse.load(waiting).new == POSTS_A_SEGMENT
    assert_all_under_one_chain(place, place.home, chains=chains)


@pytest.mark.slow
def test_a_killed_restore_leaves_no_home_or_a_whole_one(
    place: Place, tmp_path: Path, tell: Callable[[str], None]
) -> None:
    file = tmp_path / "b.tar.zst"
    back_up(place.home, file, keys=place.keys(), clock=place.clock)
    chains = [place.keys()]
    erased = [f"user0-{n}" for n in range(50)]
    with place.open() as warehouse:
        warehouse.rotate_keys(place.key_file)
        for name in erased:
            warehouse.forget("post", "forum", name)
    chains.append(place.keys())
    moments = random.Random(12)
    killed_in: Counter[str] = Counter()
    steps = ("begin", "_unpack", "advance_rows", "write_lists", "copy_afresh")
    for turn in range(KILLS):
        home = Home(tmp_path / "again" / str(turn))
        home.root.parent.mkdir(exist_ok=True)
        arguments = ("restore", home.root, place.key_file, file, place.home.state)
        kill = (steps[turn % len(steps)], moments.uniform(0.0, 0.2))
        killed_in[run_child(*arguments, kill=kill)] += 1
        if not home.root.exists():
            assert run_child(*arguments, kill=None) == "done"
        assert not home.root.with_name(f".{home.root.name}.restoring").exists()
        assert_all_under_one_chain(place, home, chains=chains)
        held = b"".join(p.read_bytes() for p in home.root.rglob("*") if p.is_file())
        assert f"{SECRET}user1-0end".encode() in held
        assert not [name for name in erased if f"{SECRET}{name}end".encode() in held]
    tell(f"killed in: {dict(killed_in)}")
    assert len(killed_in) > 1
