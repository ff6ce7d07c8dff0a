"""A loader that is killed at any moment loses nothing, doubles nothing and leaves no half."""

import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.protection.keys import KeyRing
from warehouse.records import Post, SegmentHeader, Sighting, VirtualClock
from warehouse.state import read_known

REPOSITORY = Path(__file__).resolve().parents[2]
CHILD = Path(__file__).with_name("loader_child.py")
START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
KILLS = 30
SEGMENTS_A_KILL = 2
NEW_A_NIGHT = 20


@dataclass
class Plan:
    """Nights of posts, edits and deletions, and what must be held after them."""

    keys: KeyRing
    choice: random.Random = field(default_factory=lambda: random.Random(20260105))
    night: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    revisions: Counter[str] = field(default_factory=Counter)
    missed: set[str] = field(default_factory=set)
    erased: set[str] = field(default_factory=set)
    edits: int = 0

    def land_night(self, landing: Path) -> None:
        """Land one night: new posts, edits of known ones, and posts that are not found."""
        self.night += 1
        now = START + timedelta(days=self.night)
        new = [f"n{self.night}p{n}" for n in range(NEW_A_NIGHT)]
        known = sorted(set(self.texts) - self.missed)
        edited = self.choice.sample(known, min(5, len(known)))
        newly_missed = set(self.choice.sample(known, min(3, len(known)))) - set(edited)
        for native_id in [*new, *edited]:
            self.texts[native_id] = f"night {self.night} said secret{native_id}end"
            self.revisions[native_id] += 1
        gone = sorted(self.missed | newly_missed)
        write_segment(
            landing,
            SegmentHeader(
                run_id=f"night{self.night}",
                source="forum",
                community="board",
                activity="harvest",
                harvested_at=now,
                final=True,
                fetched=len(new),
                cursor={"night": self.night},
                covers_from=now,
            ),
            posts=[self._post(native_id, now) for native_id in [*new, *edited]],
            sightings=[
                Sighting(
                    source="forum",
                    community="board",
                    native_id=native_id,
                    outcome="gone",
                    seen_at=now,
                )
                for native_id in gone
            ],
        )
        self.edits += len(edited)
        for native_id in self.missed:
            del self.texts[native_id], self.revisions[native_id]
        self.erased |= self.missed
        self.missed = newly_missed

    def _post(self, native_id: str, now: datetime) -> Post:
        text = self.texts[native_id]
        return Post(
            source="forum",
            community="board",
            native_id=native_id,
            native_thread_id=native_id.split("p", maxsplit=1)[0],
            native_parent_id=None,
            kind="comment",
            author_key=None,
            created_at=now,
            edited_at=None,
            harvested_at=now,
            title="",
            text=text,
            own_text=text,
            language="en",
            url=None,
            content_hash=self.keys.content_hash(text),
            text_version=1,
        )


@dataclass(frozen=True)
class Moment:
    """When to kill: so many seconds after the child said a word for the n-th time."""

    word: str
    nth: int
    seconds: float


def run_child(home: Home, key_file: Path, *, kill_at: Moment | None) -> str:
    """Run the loader, kill it at a moment, and return what it was doing."""
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    said: list[str] = []
    with subprocess.Popen(
        [sys.executable, str(CHILD), str(home.root), str(key_file)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment,
    ) as child:
        assert child.stdout is not None
        while kill_at and said.count(kill_at.word) < kill_at.nth:
            line = child.stdout.readline()
            if not line:
                break
            said.append(line.strip())
        if kill_at:
            time.sleep(kill_at.seconds)
            child.kill()
        rest, complaints = child.communicate()
    assert complaints == ""
    return [*said, *rest.split()][-1]


@pytest.mark.slow
def test_thirty_kills_lose_double_and_halve_nothing(
    tmp_path: Path, tell: Callable[[str], None]
) -> None:
    key_file = tmp_path / "study.key"
    plan = Plan(KeyRing.create(key_file))
    home = Home(tmp_path / "home")
    home.create()
    moments = random.Random(7)
    killed_in: Counter[str] = Counter()
    for _ in range(KILLS):
        for _ in range(SEGMENTS_A_KILL):
            plan.land_night(home.landing)
        word = moments.choice(["open", "load", "load", "erase", "erase"])
        nth = 1 if word == "open" else moments.randint(1, 2)
        moment = Moment(word=word, nth=nth, seconds=moments.uniform(0.0, 0.15))
        killed_in[run_child(home, key_file, kill_at=moment)] += 1
    assert run_child(home, key_file, kill_at=None) == "done"
    tell(f"killed in: {dict(killed_in)}; inside a load: {killed_in['load']}")
    assert killed_in["load"] > 0
    assert killed_in["erase"] > 0
    assert_holds(plan, home)
    assert_no_trace(plan, home)


def assert_holds(plan: Plan, home: Home) -> None:
    clock = VirtualClock(START + timedelta(days=400))
    with Warehouse.open(home, keys=plan.keys, clock=clock) as warehouse:

        def rows(sql: str) -> list[tuple[object, ...]]:
            return warehouse.connection.execute(sql).fetchall()

        assert warehouse.pending_segments() == []
        held = rows("SELECT native_id, text, revision FROM posts JOIN locators USING (post_id)")
        assert len(held) == len(plan.texts)
        assert {str(native_id): text for native_id, text, _ in held} == plan.texts
        assert {str(native_id): revision for native_id, _, revision in held} == plan.revisions
        withheld = rows("SELECT native_id FROM posts JOIN locators USING (post_id) WHERE withheld")
        assert {native_id for (native_id,) in withheld} == plan.missed
        assert rows("SELECT count(*), count(DISTINCT post_id) FROM tombstones") == [
            (len(plan.erased), len(plan.erased))
        ]
        assert rows("SELECT count(*) FROM checks") == [(len(plan.texts),)]
        assert rows("SELECT count(*) FROM post_revisions") == [(plan.revisions.total(),)]
        assert rows("SELECT sum(n_posts) FROM threads") == [(len(plan.texts),)]
        assert rows("SELECT count(*), sum(new), sum(fetched), sum(gone) FROM harvests") == [
            (plan.night, NEW_A_NIGHT * plan.night, NEW_A_NIGHT * plan.night, len(plan.erased))
        ]
        assert rows("SELECT sum(edited) FROM harvests") == [(plan.edits,)]
        warehouse.remove_old_segments(days=10_000)
        ledger = rows("SELECT path FROM segments WHERE state = 'loaded' ORDER BY path")
        files = sorted(path.name for path in (home.landing / "forum").iterdir())
        assert [f"forum/{name}" for name in files] == [path for (path,) in ledger]
        assert len(files) == plan.night
        assert rows("SELECT * FROM pending_erasures") == rows("SELECT * FROM pending_copies") == []
    assert read_known(home.state, "forum", "board").cursor == {"night": plan.night}


def assert_no_trace(plan: Plan, home: Home) -> None:
    files = [path for path in home.root.rglob("*") if path.is_file()]
    content = {path.name: path.read_bytes() for path in files}
    kept = next(iter(sorted(plan.texts)))
    assert f"secret{kept}end".encode() in content["warehouse.duckdb"]
    for native_id in plan.erased:
        wanted = f"secret{native_id}end".encode()
        assert [name for name, found in content.items() if wanted in found] == []
