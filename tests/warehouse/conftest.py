"""A study on disk for the warehouse's own tests: invented posts, landed and loaded by hand."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.protection.keys import KeyRing
from warehouse.rechecks import RecheckPolicy
from warehouse.records import LoadCounts, Post, SegmentHeader, Sighting, VirtualClock

NIGHT = timedelta(days=1)


class Study:
    """A home, its keys, and short ways to land what a harvest would."""

    def __init__(self, root: Path, clock: VirtualClock) -> None:
        self.home = Home(root / "home")
        self.clock = clock
        self.keys = KeyRing.create(root / "keys" / "study.key")
        self.run_id = "run1"

    def open(self, **policy: Any) -> Warehouse:
        return Warehouse.open(
            self.home, keys=self.keys, clock=self.clock, recheck=RecheckPolicy(**policy)
        )

    def post(self, native_id: str, text: str = "We waited long", **changes: Any) -> Post:
        now = self.clock.now()
        made = Post(
            source="forum",
            community="board",
            native_id=native_id,
            native_thread_id="t1",
            native_parent_id=None,
            kind="comment",
            author_key=self.keys.author_key("discourse", "forum.example", f"user of {native_id}"),
            created_at=now,
            edited_at=None,
            harvested_at=now,
            title="",
            text=text,
            own_text=text,
            language="en",
            url=f"https://forum.example/p/{native_id}",
            content_hash=self.keys.content_hash(text),
            text_version=1,
        )
        return replace(made, **changes)

    def saw(self, outcome: str, native_id: str, **changes: Any) -> Sighting:
        values = {"source": "forum", "community": "board", "seen_at": self.clock.now(), **changes}
        return Sighting(native_id=native_id, outcome=outcome, **values)  # type: ignore[arg-type]

    def header(self, **changes: Any) -> SegmentHeader:
        values: dict[str, Any] = {
            "run_id": self.run_id,
            "source": "forum",
            "community": "board",
            "activity": "harvest",
            "harvested_at": self.clock.now(),
            "final": True,
        }
        return SegmentHeader(**{**values, **changes})

    def land(self, *rows: Post | Sighting, **header: Any) -> Path:
        return write_segment(
            self.home.landing,
            self.header(**header),
            posts=[row for row in rows if isinstance(row, Post)],
            sightings=[row for row in rows if isinstance(row, Sighting)],
        )

    def next_night(self) -> datetime:
        self.clock.sleep(NIGHT.total_seconds())
        return self.clock.now()


class Loaded:
    """An open warehouse of a study, with rows as tuples."""

    def __init__(self, study: Study, warehouse: Warehouse) -> None:
        self.study = study
        self.warehouse = warehouse

    def load(self, *rows: Post | Sighting, **header: Any) -> LoadCounts:
        return self.warehouse.load(self.study.land(*rows, **header))

    def rows(self, sql: str, parameters: Sequence[object] | None = None) -> list[tuple[Any, ...]]:
        table = self.warehouse.query(sql, parameters)
        return [*zip(*(column.to_pylist() for column in table.columns), strict=True)]

    def one(self, sql: str, parameters: Sequence[object] | None = None) -> Any:
        ((value,),) = self.rows(sql, parameters)
        return value


@pytest.fixture
def study(tmp_path: Path, clock: VirtualClock) -> Study:
    """A home with keys and nothing in it."""
    return Study(tmp_path, clock)


@pytest.fixture
def loaded(study: Study) -> Iterator[Loaded]:
    """The open warehouse of an empty study."""
    with study.open() as warehouse:
        yield Loaded(study, warehouse)
