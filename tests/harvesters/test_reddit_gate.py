"""PRAW has no way round the polite client: every connection and every wait is that client's."""

import socket
import subprocess
import sys
import time
import traceback
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests
import urllib3

from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.reddit import RedditHarvester
from harvesters.registry import PLATFORMS
from tests.harvesters.client.scripted_site import AGENT
from tests.harvesters.invented_reddit import (
    PLACE,
    SPEC,
    START,
    InventedReddit,
    comment,
    served,
    submission,
)
from warehouse.protection.keys import KeyRing
from warehouse.records import Known, PostRef, VirtualClock


@pytest.fixture
def connections(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note who opens a connection; whoever is not the polite client's wire is refused."""
    connect = socket.socket.connect
    opened: list[str] = []

    def watched(self: socket.socket, address: Any) -> None:
        callers = {Path(frame.filename).name for frame in traceback.extract_stack()}
        opened.append("wire" if "wire.py" in callers else "elsewhere")
        assert opened[-1] == "wire"
        connect(self, address)

    def refused(*_: object, **__: object) -> None:
        raise AssertionError("requests opens a connection, or something waits by the wall clock")

    monkeypatch.setattr(socket.socket, "connect", watched)
    monkeypatch.setattr(urllib3.HTTPConnectionPool, "urlopen", refused)
    monkeypatch.setattr(requests.adapters.HTTPAdapter, "send", refused)
    monkeypatch.setattr(time, "sleep", refused)
    return opened


def folded_place() -> InventedReddit:
    root = submission(30, num_comments=12)
    comments = [comment(1 + n / 10, root) for n in range(12)]
    reddit = InventedReddit([root, submission(31), *comments])
    reddit.folded = {thing["data"]["name"] for thing in comments[4:]}
    return reddit


def test_no_connection_is_opened_elsewhere_and_every_request_is_counted(
    tmp_path: Path,
    clock: VirtualClock,
    keys: KeyRing,
    connections: list[str],
    ref_of: Callable[..., PostRef],
) -> None:
    reddit = folded_place()
    with (
        served(reddit) as (url, asked),
        HostGate(tmp_path / "hosts.sqlite", clock) as gate,
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock, allow_private=True) as client,
    ):
        spec = replace(SPEC, url=url, allow_private=True, options={"trees": True})
        harvester = RedditHarvester(spec, client=client, keys=keys, clock=clock)
        began = clock.now()
        since = START + timedelta(hours=20)
        batches = list(harvester.harvest(PLACE, since=since, known=Known()))
        posts = [post for batch in batches for post in batch.posts]
        reddit.tokens += 1  # the token is refused from now on
        sightings = list(harvester.recheck([ref_of(post) for post in posts]))

        assert {post.native_id for post in posts} == set(reddit.things)
        assert {sighting.outcome for sighting in sightings} == {"present"}
        assert set(connections) == {"wire"}
        assert client.traffic.requests == len(asked)
        assert client.traffic.decisions["own_terms"] == len(asked)
        assert "/robots.txt" not in asked
        kinds = {path.partition("?")[0] for path in asked}
        assert {"/api/v1/access_token", "/api/morechildren/", "/api/info/"} <= kinds
        assert (clock.now() - began).total_seconds() >= len(asked) - 1


def test_the_study_needs_credentials_approval_and_named_subreddits() -> None:
    platform = PLATFORMS["reddit"]
    assert platform.needs_approval
    assert platform.needs_communities
    assert platform.needs_secrets == ("client_id", "client_secret")


def test_the_registry_is_imported_without_praw() -> None:
    code = (
        "import harvesters.registry, sys; "
        "print(*({'praw', 'prawcore', 'requests', 'urllib3'} & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == ""
