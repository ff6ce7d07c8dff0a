"""An invented study, small and healthy, that tests plant their faults in; nobody wrote it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.corpus.index import index_posts
from warehouse.migrations import packaged_migrations

RUN = "run-1"
JANUARY = date(2026, 1, 1)
FEBRUARY = date(2026, 2, 1)
LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
WAITING = "we wait for help and the waiting list grows while the service answers nobody"
MONEY = "cuts to funding cost more than care and the budget pays for neither of them"


def author(number: int) -> str:
    """Return an author key of the right form."""
    digits = [LETTERS[(number >> (5 * place)) % 32] for place in range(24)]
    return "".join(digits)


def empty_warehouse(path: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Return a new warehouse, in memory unless a path is given."""
    connection = duckdb.connect(path or ":memory:")
    connection.begin()
    for migration in packaged_migrations():
        connection.execute(migration.sql)
    connection.commit()
    return connection


def insert(connection: duckdb.DuckDBPyConnection, table: str, *rows: dict[str, Any]) -> None:
    """Append rows given by column name; columns that are not named are null."""
    columns = {name for row in rows for name in row}
    names = ", ".join(columns)
    marks = ", ".join("?" for _ in columns)
    for row in rows:
        connection.execute(
            f"INSERT INTO {table} ({names}) VALUES ({marks})", [row.get(name) for name in columns]
        )


@dataclass
class Study:
    """A warehouse that posts are added to."""

    connection: duckdb.DuckDBPyConnection = field(default_factory=empty_warehouse)
    last_id: int = 0

    def add_posts(
        self,
        n: int,
        *,
        source: str = "forum",
        community: str = "anxiety",
        month: date = JANUARY,
        authors: int | Callable[[int], str | None] = 20,
        threads: int = 10,
        text: str = WAITING,
        topic: int | None = None,
        **columns: Any,
    ) -> list[int]:
        """Add posts of a month; `authors` take turns, or are given by the post's number."""
        by = authors if callable(authors) else (lambda i: author(1000 + i % authors))
        ids = list(range(self.last_id + 1, self.last_id + n + 1))
        self.last_id += n
        first = datetime(month.year, month.month, month.day, 12, tzinfo=UTC)
        rows = [
            {
                "post_id": post_id,
                "source": source,
                "community": community,
                "thread_id": 1000 + i % threads,
                "kind": "post",
                "author_key": by(i),
                "created_at": first + timedelta(hours=i % 600),
                "harvested_at": first + timedelta(days=40),
                "title": "",
                "text": text,
                "own_text": text,
                "language": "en",
                "revision": 1,
                "text_version": 1,
                "automated": False,
                "withheld": False,
                **columns,
            }
            for i, post_id in enumerate(ids)
        ]
        self.append("posts", rows)
        if topic is not None:
            self.append(
                "post_topics",
                [{"model": "m1", "post_id": i, "topic_id": topic, "weight": 0.9} for i in ids],
            )
        return ids

    def append(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        """Append rows set-wise."""
        if not rows:
            return
        given = pa.Table.from_pylist(list(rows))
        self.connection.register("given", given)
        self.connection.execute(f"INSERT INTO {table} BY NAME SELECT * FROM given")
        self.connection.unregister("given")

    def sql(self, sql: str, *parameters: Any) -> list[tuple[Any, ...]]:
        """Run SQL on the warehouse."""
        return self.connection.execute(sql, list(parameters) or None).fetchall()

    def prevalence(self, estimate: float | None, *, n_posts: int, **columns: Any) -> None:
        """Add one figure of frame_prevalence."""
        spread = (
            {"lower": max(0.0, estimate - 0.05), "upper": min(1.0, estimate + 0.05)}
            if estimate is not None
            else {"lower": None, "upper": None}
        )
        row = {
            "run_id": RUN,
            "frame": "service_value",
            "source": "forum",
            "community": "anxiety",
            "bin": "month",
            "period": JANUARY,
            "estimate": estimate,
            **spread,
            "n_posts": n_posts,
            "n_coded": 31,
            "effective_n": 42.3,
            "borrowed": 0.0,
            "method": "difference estimator",
            "classifier": "c1",
            "codebook_version": 1,
        }
        insert(self.connection, "frame_prevalence", row | columns)

    def trend(self, share: float, *, n_posts: int, **columns: Any) -> None:
        """Add one figure of topic_trends."""
        row = {
            "run_id": RUN,
            "model": "m1",
            "topic_id": 0,
            "source": "forum",
            "community": "anxiety",
            "bin": "month",
            "period": JANUARY,
            "share": share,
            "lower": share * 0.9,
            "upper": min(1.0, share * 1.1),
            "n_posts": n_posts,
        }
        insert(self.connection, "topic_trends", row | columns)

    def change(self, **columns: Any) -> None:
        """Add one row of changes."""
        row = {
            "run_id": RUN,
            "series": "frame_prevalence",
            "frame": "service_value",
            "source": "forum",
            "community": "anxiety",
            "bin": "month",
            "period": FEBRUARY,
            "kind": "change_point",
            "estimate": 0.125,
            "lower": 0.0512,
            "upper": 0.2,
            "q_value": 0.01,
            "reason": "level shift",
        }
        insert(self.connection, "changes", row | columns)

    def example(self, text: str, **columns: Any) -> None:
        """Add one approved example."""
        row = {
            "frame": "service_value",
            "kind": "paraphrase",
            "text": text,
            "month": JANUARY,
            "post_ids": [1],
            "written_by": "coder a",
            "approved_by": "coder b",
        }
        insert(self.connection, "examples", row | columns)

    def index(self) -> None:
        """Index what is new."""
        index_posts(self.connection)


def healthy_study(path: Path | None = None) -> Study:
    """Return a study whose every figure may be public: large cells of many people."""
    study = Study(empty_warehouse(path))
    connection = study.connection
    for source, survey in (("forum", False), ("survey", True)):
        insert(
            connection,
            "sources",
            {
                "source": source,
                "platform": "discourse",
                "licence": "terms",
                "terms_note": "",
                "ethics_ref": "simulated",
                "one_post_per_person": survey,
            },
        )
    for source, community in (("forum", "anxiety"), ("forum", "carers"), ("survey", "trust")):
        insert(
            connection,
            "communities",
            {"source": source, "community": community, "name": community, "tags": ["uk"]},
        )
    insert(
        connection,
        "runs",
        {
            "run_id": RUN,
            "flow": "nightly",
            "started_at": datetime(2026, 3, 1, 2, tzinfo=UTC),
            "finished_at": datetime(2026, 3, 1, 3, tzinfo=UTC),
            "status": "complete",
            "version": "0.1.0",
        },
    )
    _add_talk(study)
    _add_figures(study)
    study.index()
    return study


def _add_talk(study: Study) -> None:
    for source, community in (("forum", "anxiety"), ("forum", "carers"), ("survey", "trust")):
        for month in (JANUARY, FEBRUARY):
            for topic, text in ((0, WAITING), (1, MONEY)):
                by: Any = (lambda _: None) if source == "survey" else 20
                study.add_posts(
                    50,
                    source=source,
                    community=community,
                    month=month,
                    topic=topic,
                    text=text,
                    authors=by,
                )


def _add_figures(study: Study) -> None:
    insert(
        study.connection,
        "frames",
        {
            "frame": "service_value",
            "name": "Service value",
            "family": "value",
            "definition": "what a service is worth",
            "codebook_version": 1,
        },
    )
    for topic, label, terms in (
        (0, "waiting list", ["wait", "help", "waiting_list"]),
        (1, "cuts & funding", ["cuts", "funding", "budget"]),
    ):
        insert(
            study.connection,
            "topics",
            {
                "model": "m1",
                "topic_id": topic,
                "label": label,
                "terms": terms,
                "born_on": JANUARY,
                "n_posts": 303,
                "coherence": 0.1,
            },
        )
        insert(
            study.connection,
            "topic_events",
            {"model": "m1", "topic_id": topic, "day": JANUARY, "event": "born", "detail": "wait"},
        )
    for source, community in (("forum", "anxiety"), ("forum", "carers"), ("survey", "trust")):
        for month in (JANUARY, FEBRUARY):
            place = {"source": source, "community": community, "period": month}
            study.prevalence(0.2345, n_posts=101, **place)
            study.trend(0.5, n_posts=100, **place)
            insert(
                study.connection,
                "coverage_by_period",
                {**place, "bin": "month", "share_complete": 1.0, "gaps": 0},
            )
    for month in (JANUARY, FEBRUARY):
        insert(
            study.connection,
            "frame_topics",
            {
                "run_id": RUN,
                "model": "m1",
                "topic_id": 0,
                "frame": "service_value",
                "bin": "month",
                "period": month,
                "share": 0.4,
                "lower": 0.3,
                "upper": 0.5,
                "n_posts": 150,
            },
        )
    study.change()
    insert(
        study.connection,
        "evaluations",
        {
            "run_id": RUN,
            "kind": "agreement",
            "frame": "service_value",
            "measure": "alpha",
            "value": 0.8,
            "n": 60,
            "version": "1",
        },
    )
    insert(
        study.connection,
        "events",
        {"event_id": 1, "day": JANUARY, "label": "A bill", "url": None, "added_by": "coder a"},
    )
    study.example("Somebody says that help came too late to matter.")
