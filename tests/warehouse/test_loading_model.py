"""The loader against a model in plain Python that takes one row at a time."""

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.protection.keys import KeyRing
from warehouse.records import LoadCounts, Post, SegmentHeader, Sighting, VirtualClock

START = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
IDS = "abcd"
CONFIRM_AFTER = 2

times = st.integers(min_value=-30, max_value=3).map(lambda hours: timedelta(hours=hours))
ids = st.sampled_from(IDS)
rows = st.one_of(
    st.tuples(
        st.sampled_from(["post", "edited"]),
        ids,
        times,
        st.sampled_from("XYZ"),
        st.integers(min_value=1, max_value=2),
        st.booleans(),
        st.none() | ids,
    ),
    st.tuples(st.sampled_from(["present", "gone", "gone", "unknown"]), ids, times),
)
steps = st.lists(
    st.one_of(
        st.lists(rows, max_size=6),
        st.lists(rows, max_size=6),
        st.lists(rows, max_size=6),
        st.sampled_from([("forget", native_id) for native_id in IDS]),
    ),
    min_size=1,
    max_size=6,
)
sources = itertools.count()


@dataclass
class Held:
    life: int
    parent: str | None
    text: str
    version: int
    anonymous: bool
    seen: datetime
    revisions: list[str] = field(default_factory=list)
    misses: int = 0
    first_missed: datetime | None = None
    parent_life: int | None = None


class Model:
    """What is held, kept by the rules as they are written, one row after the other."""

    def __init__(self) -> None:
        self.held: dict[str, Held] = {}
        self.lives = itertools.count(1)
        self.gone: Counter[str] = Counter()
        self.erased: set[str] = set()

    def load(self, posts: list[Post], sightings: list[Sighting]) -> Counter[str]:
        edited = [sighting.post for sighting in sightings if sighting.post]
        refused = {row.native_id for row in [*posts, *edited, *sightings]} & self.erased
        counts: Counter[str] = Counter()
        events: list[tuple[datetime, Post | Sighting]] = [
            *((post.harvested_at, post) for post in [*posts, *edited]),
            *((sighting.seen_at, sighting) for sighting in sightings),
        ]
        for moment, row in sorted(events, key=lambda event: event[0]):
            if row.native_id in refused:
                counts["refused"] += 1
            elif isinstance(row, Post):
                counts[self._post(row, moment)] += 1
            else:
                counts[self._sighting(row, moment)] += 1
        return counts

    def _post(self, post: Post, moment: datetime) -> str:
        held = self.held.get(post.native_id)
        anonymous = post.author_key is None
        if held is None:
            parent = post.native_parent_id if post.native_parent_id != post.native_id else None
            held = Held(next(self.lives), parent, post.text, post.text_version, anonymous, moment)
            held.revisions = [post.content_hash]
            self.held[post.native_id] = held
            self._link(post.native_id)
            return "new"
        stale = moment < held.seen
        if post.content_hash != held.revisions[-1]:
            if stale:
                return "unchanged"
            held.revisions.append(post.content_hash)
            held.text, held.version, held.anonymous = post.text, post.text_version, anonymous
            self._back(held, moment)
            return "edited"
        if post.text_version > held.version or (not stale and anonymous and not held.anonymous):
            held.text, held.version, held.anonymous = post.text, post.text_version, anonymous
        if not stale:
            self._back(held, moment)
        return "unchanged"

    def _sighting(self, sighting: Sighting, moment: datetime) -> str:
        if sighting.outcome == "edited":
            return "present"
        held = self.held.get(sighting.native_id)
        if held is None or sighting.outcome == "unknown":
            return "unknown"
        if sighting.outcome == "present":
            if moment >= held.seen:
                self._back(held, moment)
            return "present"
        if moment < held.seen:
            return "unknown"
        if held.misses == 0 or moment > held.seen:
            held.misses += 1
        if held.misses >= CONFIRM_AFTER:
            self.gone[sighting.native_id] += 1
            del self.held[sighting.native_id]
            return "confirmed"
        held.first_missed = held.first_missed or moment
        held.seen = moment
        return "missed"

    def forget(self, native_id: str) -> None:
        self.erased.add(native_id)
        if self.held.pop(native_id, None):
            self.gone[native_id] += 1

    def _back(self, held: Held, moment: datetime) -> None:
        held.misses, held.first_missed, held.seen = 0, None, moment

    def _link(self, arrived: str) -> None:
        """Link the newcomer to its parent, and to the newcomer those who waited for it."""
        newcomer = self.held[arrived]
        if newcomer.parent in self.held:
            newcomer.parent_life = self.held[newcomer.parent].life
        for held in self.held.values():
            if held.parent == arrived and held.parent_life is None:
                held.parent_life = newcomer.life

    def expected(self) -> dict[str, tuple[Any, ...]]:
        alive = {held.life: native_id for native_id, held in self.held.items()}
        return {
            native_id: (
                held.text,
                held.version,
                len(held.revisions),
                held.anonymous,
                held.misses > 0,
                held.misses,
                held.first_missed,
                held.seen,
                held.revisions,
                alive.get(held.parent_life or 0),
            )
            for native_id, held in self.held.items()
        }


CURRENT = """
SELECT l.native_id, text, text_version, p.revision, author_key IS NULL, withheld, n_missed,
       first_missed_at, last_checked_at,
       (SELECT list(r.content_hash ORDER BY r.revision) FROM post_revisions r
        WHERE r.post_id = p.post_id),
       parents.native_id, c.content_hash
FROM posts p JOIN locators l USING (post_id) JOIN checks c USING (post_id)
LEFT JOIN locators parents ON parents.post_id = p.parent_id
WHERE p.source = $source
"""


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Warehouse]:
    root: Path = tmp_path_factory.mktemp("model")
    keys = KeyRing.create(root / "study.key")
    with Warehouse.open(Home(root / "home"), keys=keys, clock=VirtualClock(START)) as opened:
        yield opened


def as_records(
    segment: list[tuple[Any, ...]], source: str, night: datetime, keys: KeyRing
) -> tuple[list[Post], list[Sighting]]:
    posts: list[Post] = []
    sightings: list[Sighting] = []
    for what, native_id, offset, *rest in segment:
        place = {"source": source, "community": "board", "native_id": native_id}
        moment = night + offset
        if what not in {"post", "edited"}:
            sightings.append(Sighting(**place, outcome=what, seen_at=moment))
            continue
        text, version, anonymous, parent = rest
        post = Post(
            **place,
            native_thread_id="t",
            native_parent_id=parent,
            kind="comment",
            author_key=None if anonymous else "a" * 24,
            created_at=START,
            edited_at=None,
            harvested_at=moment,
            title="",
            text=f"{text} cleaned by {version}",
            own_text=text,
            language=None,
            url=None,
            content_hash=keys.content_hash(text),
            text_version=version,
        )
        if what == "post":
            posts.append(post)
        else:
            sightings.append(Sighting(**place, outcome="edited", seen_at=moment, post=post))
    return posts, sightings


def check(warehouse: Warehouse, story: list[Any]) -> None:
    source, model = f"s{next(sources)}", Model()
    for n, step in enumerate(story):
        night = START + timedelta(days=n)
        if isinstance(step, tuple):
            warehouse.forget("post", source, step[1])
            model.forget(step[1])
            continue
        posts, sightings = as_records(step, source, night, warehouse.keys)
        header = SegmentHeader(
            run_id="r", source=source, community="board", activity="harvest", harvested_at=night
        )
        segment = write_segment(warehouse.home.landing, header, posts=posts, sightings=sightings)
        counts = warehouse.load(segment)
        assert counts == LoadCounts(**model.load(posts, sightings))
    compare(warehouse, source, model)


def compare(warehouse: Warehouse, source: str, model: Model) -> None:
    found = warehouse.connection.execute(CURRENT, {"source": source}).fetchall()
    assert {row[0]: row[1:-1] for row in found} == model.expected()
    assert all(row[-1] == row[-3][-1] for row in found)
    ids_ever = warehouse.connection.execute(
        "SELECT post_id FROM posts WHERE source = $source UNION ALL "
        "SELECT post_id FROM tombstones WHERE source = $source",
        {"source": source},
    ).fetchall()
    assert len(ids_ever) == len(set(ids_ever)) == len(model.held) + model.gone.total()
    threads = warehouse.connection.execute(
        "SELECT n_posts FROM threads WHERE source = $source", {"source": source}
    ).fetchall()
    assert threads == ([(len(model.held),)] if model.held else [])


@given(steps)
@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_loader_holds_what_the_model_holds(warehouse: Warehouse, story: list[Any]) -> None:
    check(warehouse, story)


@pytest.mark.slow
@given(steps)
@settings(
    max_examples=250, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_the_loader_holds_what_the_model_holds_at_length(
    warehouse: Warehouse, story: list[Any]
) -> None:
    check(warehouse, story)
