"""An invented forum that is read night by night, its talk of known topics, without a network."""

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.new_study import begin_study
from flows.night import Night, prepare_night
from flows.topics.stage import run_topics
from tests.warehouse.invented import author
from warehouse.corpus.index import index_posts
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.records import VirtualClock

START = datetime(2026, 3, 2, 2, tzinfo=UTC)
TALK: Mapping[str, Sequence[str]] = {
    "waiting": ("waiting", "list", "months", "referral", "letter", "appointment", "clinic"),
    "peers": ("peer", "group", "biscuits", "tuesday", "circle", "welcome", "kettle"),
    "money": ("budget", "cuts", "funding", "council", "grant", "closure", "spending"),
}
APPS = ("app", "phone", "download", "login", "screen", "notification", "password")
COMMON = ("service", "people", "helped", "week", "asked", "really", "somebody", "maybe")


@dataclass
class Forum:
    """A study of one forum with three communities, whose posts are put into its warehouse."""

    home: Home
    environ: Mapping[str, str]
    clock: VirtualClock = field(default_factory=lambda: VirtualClock(START))
    settings: Mapping[str, Any] = field(default_factory=dict)
    last_id: int = 0

    @contextmanager
    def opened(self) -> Iterator[Warehouse]:
        night = self.night()
        with Warehouse.open(self.home, keys=night.keys, clock=self.clock) as warehouse:
            yield warehouse

    def night(self) -> Night:
        night = prepare_night(self.home.root, flow="nightly", clock=self.clock)
        analysis = night.settings.analysis.model_copy(update=dict(self.settings))
        return replace(night, settings=replace(night.settings, analysis=analysis))

    def run(self, warehouse: Warehouse, **options: Any) -> str:
        """Index what is new, and run the topic stage."""
        index_posts(warehouse.connection)
        return run_topics(warehouse, self.night(), **options)

    def next_night(self, days: int = 1) -> None:
        self.clock.sleep(timedelta(days=days).total_seconds())

    def write(
        self,
        warehouse: Warehouse,
        n: int,
        *,
        about: Mapping[str, Sequence[str]] = TALK,
        seed: int = 1,
    ) -> list[int]:
        """Put posts of the day before into the warehouse, about each in turn; return their ids."""
        rng = random.Random(seed * 100_003 + self.last_id)
        names = list(about)
        ids = list(range(self.last_id + 1, self.last_id + n + 1))
        self.last_id += n
        texts = [_sentence(rng, about[names[number % len(names)]]) for number in range(n)]
        put(warehouse, [self.row(i, text) for i, text in zip(ids, texts, strict=True)])
        return ids

    def row(self, post_id: int, text: str) -> dict[str, Any]:
        written = self.clock.now() - timedelta(hours=3 + post_id % 20)
        return {
            "post_id": post_id,
            "source": "forum",
            "community": ("carers", "users", "allies")[post_id % 3],
            "thread_id": post_id // 4,
            "kind": "post",
            "author_key": author(100 + post_id % 41),
            "created_at": written,
            "harvested_at": self.clock.now(),
            "title": "",
            "text": text,
            "own_text": text,
            "language": "en",
            "revision": 1,
            "text_version": 1,
            "automated": False,
            "withheld": False,
        }


def _sentence(rng: random.Random, words: Sequence[str]) -> str:
    return " ".join(rng.sample(list(words), 4) + rng.sample(COMMON, 3))


def begin_forum(place: Path) -> Forum:
    """Begin a study; `place` also holds its key."""
    place.mkdir(exist_ok=True)
    home, environ = Home(place / "study"), {"XDG_CONFIG_HOME": str(place / "config")}
    begin_study(home, environ=environ, name="A study", contact="study@example.org")
    text = home.settings_file.read_text(encoding="utf-8")
    source = (
        '\n[[sources]]\nname = "forum"\nplatform = "discourse"\nurl = "https://forum.example"\n'
    )
    home.settings_file.write_text(
        text[: text.index("[[sources]]")] + source + 'ethics_ref = "REC 26/0123"\n',
        encoding="utf-8",
    )
    return Forum(home, environ, settings={"topics": 3, "refit_days": 1000})


def put(warehouse: Warehouse, rows: Sequence[Mapping[str, Any]]) -> None:
    """Append posts."""
    given = pa.Table.from_pylist([dict(row) for row in rows])
    with warehouse.transaction() as connection:
        connection.register("given", given)
        connection.execute("INSERT INTO posts BY NAME FROM given")
        connection.unregister("given")


def change(warehouse: Warehouse, sql: str, *values: object) -> None:
    """Change rows by hand."""
    with warehouse.transaction() as connection:
        connection.execute(sql, list(values))


def rows_of(warehouse: Warehouse, sql: str, *values: object) -> list[tuple[Any, ...]]:
    """Return rows as tuples."""
    return [tuple(row.values()) for row in warehouse.query(sql, list(values)).to_pylist()]


def contents(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """Return all that the stage has stored, but for which run made the trends."""
    tables = ("topics", "topic_events", "topic_versions", "topic_terms", "topic_moves")
    tables += ("post_topics", "topic_posts")
    held = {table: rows_of(warehouse, f"FROM {table} ORDER BY ALL") for table in tables}
    trends = "SELECT DISTINCT * EXCLUDE run_id FROM topic_trends ORDER BY ALL"
    return {**held, "topic_trends": rows_of(warehouse, trends)}


def cover(warehouse: Warehouse, forum: Forum, *, without: str = "") -> None:
    """Enter that the last day was read to its end, and the present one begun."""
    today = forum.clock.now().date()
    days = [(today - timedelta(days=1), "complete"), (today, "partial")]
    rows = [
        {"source": "forum", "community": name, "day": day, "status": status, "n_posts": 9}
        for name in ("carers", "users", "allies")
        for day, status in days
        if name != without
    ]
    warehouse.replace("coverage", pa.Table.from_pylist(rows), keys=["source", "community", "day"])
