"""A study full of planted words, one in every field that can hold what somebody wrote."""

import os
import random
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.frames.classifier import FrameClassifier
from analysis.frames.storage import save_classifier
from flows import publish_stage, stages
from flows.commands.exports import export_rows
from flows.corpus_arrays import read_corpus, read_terms
from flows.night import Night, prepare_night
from flows.topics.beginning import NewLine
from flows.topics.stage import run_topics
from warehouse import gateway
from warehouse.gateway import Warehouse
from warehouse.home import Home
from warehouse.landing import write_segment
from warehouse.protection import fresh_copy
from warehouse.protection.hosts import host_hash
from warehouse.records import (
    Post,
    SegmentHeader,
    Sighting,
    ThreadCount,
    Validator,
    VirtualClock,
)

START = datetime(2026, 1, 5, 2, tzinfo=UTC)
NIGHT = timedelta(days=1)
SOURCES = """
[[sources]]
name = "forum"
platform = "discourse"
url = "https://forum.example"
ethics_ref = "REC 26/0123"
communities = [{ community = "carers", name = "Carers" }]

[[sources]]
name = "blog"
platform = "wordpress"
url = "https://blog.example"
ethics_ref = "REC 26/0123"
communities = [{ community = "blog", name = "Blog" }]
"""
_SENTENCES = (
    "We waited seven months for a first appointment and heard nothing.",
    "The peer group met on Tuesdays and somebody always brought biscuits.",
    "They asked what we wanted from the service, then wrote their own plan.",
    "Recovery college gave me a reason to leave the house again.",
    "Budgets were cut and the crisis team stopped answering after nine.",
    "Nobody had told my sister that she could bring an advocate.",
)


@dataclass
class Planted:
    """A post with every word that was planted for it alone."""

    post: Post
    words: set[str] = field(default_factory=set)
    shared: set[str] = field(default_factory=set)
    """Words of its author or thread, which go when the last of their posts goes."""

    @property
    def native_id(self) -> str:
        return self.post.native_id


class Garden:
    """A study, its warehouse while it is open, and what was planted in it."""

    def __init__(self, place: Path, *, seed: int) -> None:
        self.place = place
        self.home = Home(place / "study")
        self.clock = VirtualClock(START)
        self.planted: list[Planted] = []
        self._random = random.Random(seed)
        self._used: set[str] = set()

    def word(self) -> str:
        """Return a word that nothing else begins like."""
        while True:
            letters = "".join(self._random.choices("abcdefghijklmnoprstuvwxy", k=18))
            if letters[:10] not in self._used:
                self._used.add(letters[:10])
                return f"zq{letters}"

    def night(self) -> Night:
        return prepare_night(self.home.root, flow="nightly", clock=self.clock)

    def open(self) -> Warehouse:
        night = self.night()
        return Warehouse.open(self.home, keys=night.keys, clock=self.clock)

    def next_night(self) -> None:
        self.clock.sleep(NIGHT.total_seconds())

    # ---- posts

    def thread(
        self, n_posts: int, *, source: str = "forum", author: str | None = None
    ) -> list[Planted]:
        """Plant a thread: an opening post with a title and its answers."""
        thread_id, of_author = self.word(), {self.word()} if author else set()
        made: list[Planted] = []
        while len(made) < n_posts:
            parent = made[0].native_id if made else None
            made.append(self._plant(source, thread_id, parent, author, of_author))
        self.planted += made
        return made

    def _plant(
        self,
        source: str,
        thread_id: str,
        parent: str | None,
        author: str | None,
        of_author: set[str],
    ) -> Planted:
        keys = self.night().keys
        native_id, url, title, quoted, own = (self.word() for _ in range(5))
        opening = parent is None
        sentence = self._random.choice(_SENTENCES)
        spoken = " ".join([sentence, own, *of_author])
        now = self.clock.now()
        post = Post(
            source=source,
            community="carers" if source == "forum" else "blog",
            native_id=native_id,
            native_thread_id=thread_id,
            native_parent_id=parent,
            kind="post" if opening else "comment",
            author_key=keys.author_key("discourse", f"{source}.example", author or native_id),
            created_at=now,
            edited_at=None,
            harvested_at=now,
            title=title if opening else "",
            text=f"> {quoted}\n{spoken}",
            own_text=f"{title}\n{spoken}" if opening else spoken,
            language="en",
            url=f"https://{source}.example/t/{title}/{thread_id}/{url}",
            content_hash=keys.content_hash(spoken),
            text_version=1,
            host_key=host_hash(keys, f"{source}.example"),
        )
        words = {native_id, url, quoted, own} | {title}
        return Planted(post, words, {thread_id, *of_author})

    # ---- what a harvest and a recheck land

    def land(self, planted: Sequence[Planted], **header: Any) -> Path:
        """Land posts of one source as a harvest does, with counts and validators of threads."""
        first = planted[0].post
        threads = sorted({p.post.native_thread_id for p in planted})
        pages = {f"https://{first.source}.example/t/{t}.json": Validator(etag="a") for t in threads}
        pages |= {p.post.url: Validator(etag="b") for p in planted if p.post.url}
        values: dict[str, Any] = {
            "threads": tuple(
                ThreadCount(native_thread_id=t, expected=9, fetched=3) for t in threads
            ),
            "validators": pages,
            "cursor": {"newest": 7},
            **header,
        }
        return write_segment(
            self.home.landing,
            self._header(first.source, first.community, **values),
            posts=[p.post for p in planted],
        )

    def land_gone(self, planted: Sequence[Planted]) -> None:
        """Land what a recheck says of posts that are there no more."""
        now = self.clock.now()
        for source in sorted({p.post.source for p in planted}):
            of_source = [p.post for p in planted if p.post.source == source]
            sightings = [
                Sighting(
                    source=source,
                    community=post.community,
                    native_id=post.native_id,
                    outcome="gone",
                    seen_at=now,
                    reason="not_found",
                )
                for post in of_source
            ]
            header = self._header(source, of_source[0].community, activity="recheck")
            write_segment(self.home.landing, header, sightings=sightings)

    def _header(self, source: str, community: str, **values: Any) -> SegmentHeader:
        given = {"activity": "harvest", **values}
        return SegmentHeader(
            run_id="r",
            source=source,
            community=community,
            harvested_at=self.clock.now(),
            final=True,
            author_links=self.night().keys.links,
            **given,
        )

    def land_all(self) -> None:
        """Land every planted post, a segment a source."""
        for source in sorted({p.post.source for p in self.planted}):
            self.land([p for p in self.planted if p.post.source == source])

    def edit(self, planted: Planted) -> None:
        """Let a post be edited: what it said before is superseded, and its words stay its own."""
        said = self.word()
        planted.words.add(said)
        now = self.clock.now()
        planted.post = replace(
            planted.post,
            text=f"{planted.post.text} {said}",
            own_text=f"{planted.post.own_text} {said}",
            content_hash=self.night().keys.content_hash(said),
            harvested_at=now,
            edited_at=now,
        )

    # ---- what a night makes of it

    def load(self, warehouse: Warehouse) -> None:
        stages.load_landed(warehouse, self.night())

    def derive(self, warehouse: Warehouse) -> None:
        """Index, fit a topic model, train a classifier, and publish both releases."""
        night = self.night()
        stages.index(warehouse)
        said = run_topics(warehouse, night, new=NewLine(n_topics=2))
        assert said.startswith("topics of"), said
        self._train(warehouse, night)
        publish_stage.publish(warehouse, night)

    def _train(self, warehouse: Warehouse, night: Night) -> None:
        corpus = read_corpus(warehouse, night)
        terms = read_terms(warehouse, night, corpus.post_ids)
        coded = np.zeros((len(corpus.post_ids), 1))
        coded[::2] = 1
        classifier = FrameClassifier(n_folds=2).fit(terms.counts, coded, terms.words)
        save_classifier(classifier, self.home.models / "tfidf_logistic_1_9")

    def post_ids(self, warehouse: Warehouse, planted: Sequence[Planted]) -> list[int]:
        rows = warehouse.query("SELECT native_id, post_id FROM locators").to_pylist()
        ids = {row["native_id"]: row["post_id"] for row in rows}
        return [ids[p.native_id] for p in planted]

    # ---- what lies around it

    def code(self, warehouse: Warehouse, planted: Sequence[Planted]) -> None:
        """Leave coding sheets, examples and exports of posts."""
        ids = self.post_ids(warehouse, planted)
        lines = [f"{i},{p.post.own_text!r},1" for i, p in zip(ids, planted, strict=True)]
        sheet = "\n".join(["post_id,text,value", *lines])
        (self.home.coding / "wave1.csv").write_text(sheet, encoding="utf-8")
        examples = []
        for post_id, p in zip(ids, planted, strict=True):
            with zipfile.ZipFile(self.home.coding / f"{post_id}.xlsx", "w") as book:
                book.writestr("xl/sheet.xml", f"<v>{post_id}</v><t>{p.post.own_text}</t>")
            said = self.word()
            p.words.add(said)
            examples.append(self._example(post_id, said))
        warehouse.replace("examples", pa.Table.from_pylist(examples), keys=[])
        now = self.clock.now()
        for to, columns in (("Dr A", ("post_id", "text")), ("Dr B", ("node", "text"))):
            rows = [
                {"post_id": i, "node": "waited", "text": p.post.own_text}
                for i, p in zip(ids, planted, strict=True)
            ]
            export_rows(
                warehouse, self.home, rows, columns=columns, to=to, what="kwic waited", now=now
            )

    def _example(self, post_id: int, said: str) -> dict[str, Any]:
        return {
            "frame": "service_value",
            "kind": "clear",
            "text": f"Somebody says {said}",
            "month": START.date().replace(day=1),
            "post_ids": [post_id],
            "written_by": "coder a",
            "approved_by": "coder b",
            "withdrawn_on": None,
        }

    def litter(self, planted: Sequence[Planted]) -> None:
        """Leave what ended processes leave: half-written files, spilled rows, broken segments."""
        home = self.home
        said = " ".join(p.post.text for p in planted)
        for path in _litter(home):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(said, encoding="utf-8")
        whole = self.land(planted)
        half = whole.read_bytes()[:-9]
        whole.write_bytes(half)  # put aside when it is read
        waiting = [*_litter(home), whole]
        _make_old(waiting, home.state / "warehouse.lock")


def _litter(home: Home) -> Iterator[Path]:
    yield home.root / "warehouse.duckdb.tmp" / "duckdb_temp_block-1.block"
    yield home.root / "warehouse.duckdb.fresh"
    yield home.landing / ".rewriting" / "20260105T020000000000-00000000-a.parquet"
    yield home.landing / "forum" / ".20260105T020000000000-00000000-a.parquet.77.tmp"
    yield home.state / "known" / "forum" / ".carers.json.77.tmp"
    yield home.controlled / ".discourse.duckdb.tmp"
    yield home.controlled / ".discourse.duckdb.tmp.wal"
    yield home.controlled / ".parquet.new" / "posts.parquet"
    yield home.controlled / "discourse.duckdb.tmp" / "duckdb_temp_block-2.block"
    yield home.public.with_name(".latest.new") / "dashboard.html"
    yield home.exports / ".20260105T020000-aaaaaaaa.csv.77.tmp"
    yield home.coding / ".wave1.csv.77.tmp"
    yield home.models / "nmf.npz.tmp"
    yield home.models / "nmf_old-0123456789abcdef.npz"


def _make_old(paths: Sequence[Path], lock: Path) -> None:
    at = lock.stat().st_mtime - 7200
    for path in paths:
        os.utime(path, (at, at))
        os.utime(path.parent, (at, at))


def store_uncompressed(monkeypatch: Any) -> None:
    """Let databases be stored so that the bytes of a text can be searched for."""
    original = fresh_copy.connect_private

    def connect(path: Path) -> Any:
        connection = original(path)
        connection.execute("SET force_compression = 'uncompressed'")
        return connection

    for module in (gateway, fresh_copy):
        monkeypatch.setattr(module, "connect_private", connect)
