"""The unmodified PRAW harvests what was recorded of the real Reddit, through the polite client."""

import json
import re
import socket
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import urllib3

from harvesters.base import SourceSpec
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.markdown import markdown_to_text
from harvesters.markup import html_to_text
from harvesters.posts import ReadContext
from harvesters.reading import read_items
from harvesters.reddit import RedditHarvester
from harvesters.reddit.things import build_thing
from tests.real_servers.reddit_replay import (
    Replay,
    answer_of,
    cassettes,
    interactions,
    replaying,
    things_in,
)
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Community, Known, PostRef, VirtualClock

pytestmark = pytest.mark.slow

LONG_AGO = datetime(2005, 6, 23, tzinfo=UTC)
WITHDRAWN = ("[deleted]", "[removed]")
SCRUBBED = re.compile(r"<[A-Z_]+>")  # what PRAW's own tests put in the place of names


class Reader:
    """A harvester of one replayed recording, with its client."""

    def __init__(self, server: Replay, client: PoliteClient, keys: KeyRing, clock: VirtualClock):
        self.server = server
        self.client = client
        self.keys = keys
        self.clock = clock
        self.sockets = 0

    def harvester(self, **options: Any) -> RedditHarvester:
        spec = SourceSpec(
            source="reddit",
            platform="reddit",
            url=self.server.url,
            secrets={"client_id": "replayed", "client_secret": "replayed"},
            options=options,
            allow_private=True,
        )
        return RedditHarvester(spec, client=self.client, keys=self.keys, clock=self.clock)

    def harvest(self, subreddit: str, **options: Any) -> list[Batch]:
        place = Community(source="reddit", community=f"r/{subreddit}", name=subreddit)
        harvester = self.harvester(**options)
        return list(harvester.harvest(place, since=LONG_AGO, known=Known()))


@pytest.fixture
def keys(tmp_path: Path) -> KeyRing:
    return KeyRing.create(tmp_path / "study.key")


@pytest.fixture
def open_reader(
    tmp_path: Path, clock: VirtualClock, keys: KeyRing, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Any]:
    with ExitStack() as stack:

        def open_one(name: str, **changes: Any) -> Reader:
            server = stack.enter_context(replaying(name, **changes))
            gate = stack.enter_context(HostGate(tmp_path / "hosts.sqlite", clock))
            agent = "valuetalk-tests/0 (+https://example.org)"
            client = stack.enter_context(
                PoliteClient(user_agent=agent, gate=gate, clock=clock, allow_private=True)
            )
            reader = Reader(server, client, keys, clock)
            _let_only_the_wire_connect(reader, monkeypatch)
            return reader

        yield open_one


def _let_only_the_wire_connect(reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fail where anything but the polite client's wire opens a connection or waits by itself."""
    connect = socket.socket.connect

    def watched(self: socket.socket, address: Any) -> None:
        callers = {Path(frame.filename).name for frame in traceback.extract_stack()}
        assert "wire.py" in callers, "a connection was opened outside of the polite client"
        reader.sockets += 1
        connect(self, address)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("requests opened a connection, or something waited by the wall clock")

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", refused)
    monkeypatch.setattr(time, "sleep", refused)


def posts_of(batches: list[Batch]) -> dict[str, Any]:
    return {post.native_id: post for batch in batches for post in batch.posts}


def recorded(name: str) -> dict[str, dict[str, Any]]:
    """Return the things of a recording by their names, read without any code under test."""
    answers = map(answer_of, interactions(name))
    return {thing["data"]["name"]: thing["data"] for a in answers for thing in things_in(a)}


def fate(thing: dict[str, Any]) -> str:
    """Say by the raw fields what should become of a thing."""
    text = thing.get("body", thing.get("selftext"))
    if text in WITHDRAWN:
        return "deleted_by_author" if text == "[deleted]" else "removed"
    return "account_deleted" if thing["author"] == "[deleted]" else "kept"


def test_a_tree_of_1412_comments_is_read_whole_through_the_gate(
    open_reader: Any, clock: VirtualClock
) -> None:
    reader = open_reader("TestCommentForest.test_replace__all_large")
    things = recorded("TestCommentForest.test_replace__all_large")
    comments = {name: thing for name, thing in things.items() if name.startswith("t1_")}
    fates = Counter(map(fate, comments.values()))
    reader.server._things = {"t3_n49rw": reader.server._things["t3_n49rw"]}  # no stream of comments
    began = clock.now()

    batches = reader.harvest("announcements", trees=True, tree_requests=500)

    posts = posts_of(batches)
    assert len(comments) == 1428
    assert posts.keys() == {"t3_n49rw"} | {n for n, t in comments.items() if fate(t) == "kept"}
    drops: Counter[str] = Counter()
    for batch in batches:
        drops.update(batch.drops)
    assert drops == {name: count for name, count in fates.items() if name != "kept"}
    (count,) = {t for batch in batches for t in batch.threads}
    assert (count.expected, count.fetched) == (1413, 1429)
    assert all(batch.complete for batch in batches)
    for name, post in posts.items():
        assert post.native_parent_id == things[name].get("parent_id")
    assert {post.native_thread_id for post in posts.values()} == {"t3_n49rw"}

    traffic = reader.client.traffic
    assert traffic.requests == len(reader.server.requests) == 1 + 2 + 236
    assert traffic.decisions["own_terms"] == traffic.requests
    assert reader.sockets >= 1
    assert not reader.server.overlapped
    assert (clock.now() - began).total_seconds() >= traffic.requests - 1


@pytest.mark.parametrize(
    ("name", "listing"),
    [("TestSubredditListings.test_new", "t3_"), ("TestSubredditListings.test_comments", "t1_")],
)
def test_recorded_listings_are_paged_by_what_came_last(
    open_reader: Any, name: str, listing: str
) -> None:
    reader = open_reader(name, page_size=25)
    things = recorded(name)
    batches = reader.harvest("askreddit")

    expected = {thing for thing, data in things.items() if fate(data) == "kept"}
    assert posts_of(batches).keys() == expected
    assert len(expected) >= 95
    asked = [path for _, path in reader.server.requests if "after=" in path]
    assert len(asked) == len(set(asked)) == 3
    assert all(f"after={listing}" in path for path in asked)
    assert reader.client.traffic.requests == len(reader.server.requests) == 1 + 4 + 1


def test_the_recheck_of_recorded_things_tells_why_each_is_gone(
    open_reader: Any, keys: KeyRing, clock: VirtualClock
) -> None:
    reader = open_reader("TestReddit.test_info")
    things = recorded("TestReddit.test_info")
    context = context_of(keys, clock)
    harvest = read_items(things.values(), partial(build_thing, context), what="a recording")
    hashes = {post.native_id: post.content_hash for post in harvest.posts}
    asked = {
        name
        for interaction in interactions("TestReddit.test_info")
        for name in re.findall(r"t[13]_[0-9a-z]+", interaction["request"]["uri"])
    }
    refs = [
        PostRef(
            source="reddit",
            community="r/place",
            native_id=name,
            native_thread_id="t3_thread",
            kind="post" if name.startswith("t3_") else "comment",
            url=None,
            content_hash=hashes.get(name, "of another text"),
            created_at=clock.now(),
        )
        for name in sorted(asked)
    ]

    seen = {s.native_id: s for s in reader.harvester().recheck(refs)}

    assert seen.keys() == asked
    for name, sighting in seen.items():
        expected = fate(things[name]) if name in things else "not_found"
        assert (sighting.reason or "kept") == expected
        assert sighting.outcome == ("present" if expected == "kept" else "gone")
    reasons = Counter(s.reason for s in seen.values())
    assert (reasons["deleted_by_author"], reasons["removed"]) == (9, 8)
    assert reader.client.traffic.requests == len(reader.server.requests) == 1 + 2 + 1


def context_of(keys: KeyRing, clock: VirtualClock) -> ReadContext:
    return ReadContext(
        source="reddit",
        platform="reddit",
        host="reddit.com",
        community="r/place",
        fetched_at=clock.now(),
        keys=keys,
    )


@pytest.fixture(scope="module")
def everything() -> dict[str, dict[str, Any]]:
    """Every submission and comment of all recordings, of twenty years."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(cassettes().glob("*.json")):
        try:
            recording = json.loads(path.read_text())["interactions"]
        except ValueError:
            continue  # some hold pictures
        for interaction in recording:
            if "raw_json=1" in interaction["request"]["uri"]:
                for thing in things_in(answer_of(interaction)):
                    if "name" in thing["data"]:
                        found.setdefault(thing["data"]["name"], thing["data"])
    return found


def test_things_of_every_year_are_read(
    everything: dict[str, dict[str, Any]], keys: KeyRing, clock: VirtualClock
) -> None:
    build = partial(build_thing, context_of(keys, clock))
    posted = [
        t for t in everything.values() if "author" in t and {"selftext", "link_id"} & t.keys()
    ]
    reading = read_items(posted, build, what="the recordings")
    assert len(posted) > 9_000
    assert reading.drops.get("malformed", 0) == 1  # PRAW's tests broke it on purpose
    assert len({post.created_at.year for post in reading.posts}) > 10


def test_markdown_becomes_the_text_that_reddit_itself_shows(
    everything: dict[str, dict[str, Any]],
) -> None:
    """Reddit sends its own rendering along: an oracle that is not ours."""
    same = own = total = 0
    for thing in everything.values():
        source = thing.get("body") or thing.get("selftext")
        shown = thing.get("body_html") or thing.get("selftext_html")
        if not source or not shown or SCRUBBED.search(source):
            continue
        ours, theirs = markdown_to_text(source), html_to_text(shown)
        total += 1
        same += ours.text.split() == theirs.text.split()
        own += ours.own_text.split() == theirs.own_text.split()
    assert total > 6_000
    assert same / total >= 0.99
    assert own / total >= 0.99
