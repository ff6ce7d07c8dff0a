"""The sites over real HTTP: quick, kept alive, on loopback only, led by the clock."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from harvesters.simulation.server import SimulatedSites
from harvesters.simulation.world import World
from warehouse.records import VirtualClock


@pytest.fixture
def late() -> VirtualClock:
    """A clock that stands in the small world's tenth night."""
    return VirtualClock(datetime(2026, 1, 14, 2, 0, tzinfo=UTC))


def test_each_site_has_a_port_of_loopback_alone(small_world: World, late: VirtualClock) -> None:
    with SimulatedSites(small_world, clock=late) as sites:
        urls = [spec.url for spec in sites.specs()]
        assert len(set(urls)) == 4
        assert all(url.startswith("http://127.0.0.1:") for url in urls)
        if sys.platform == "linux":
            with socket.socket() as probe:
                port = int(urls[0].rpartition(":")[2])
                probe.bind(("127.0.0.2", port))  # fails where the server has every address


def test_specs_describe_sources_and_communities(small_world: World, late: VirtualClock) -> None:
    with SimulatedSites(small_world, clock=late) as sites:
        specs = sites.specs()
    assert [spec.source for spec in specs] == ["sim_blog", "sim_forum", "sim_social", "sim_feed"]
    assert [spec.platform for spec in specs] == ["wordpress", "discourse", "mastodon", "feed"]
    communities = [community for spec in specs for community in spec.communities]
    assert len(communities) == 6
    assert all(c.role and c.country for c in communities)
    assert all(spec.allow_private for spec in specs)


def test_the_clock_decides_what_is_shown(small_world: World, late: VirtualClock) -> None:
    with SimulatedSites(small_world, clock=late) as sites, httpx.Client() as client:
        target = f"{sites.url('sim_forum')}/posts.json"
        before = client.get(target).json()["latest_posts"]
        late.advance_to(late.now() + timedelta(days=1))
        after = client.get(target).json()["latest_posts"]
    assert (
        max(i["created_at"] for i in before)
        < "2026-01-14T02"
        <= max(i["created_at"] for i in after)
    )


def test_answers_over_http_are_those_of_the_site(small_world: World, late: VirtualClock) -> None:
    with SimulatedSites(small_world, clock=late) as sites, httpx.Client() as client:
        blog = sites.url("sim_blog")
        listing = client.get(f"{blog}/wp-json/wp/v2/posts", params={"per_page": 3})
        assert listing.headers["content-type"].startswith("application/json")
        assert listing.headers["x-wp-total"]
        assert listing.json()[0]["link"].startswith(f"{blog}/2026/01/")
        assert client.get(listing.json()[0]["link"]).status_code == 200
        feed = client.get(f"{sites.url('sim_feed')}/feed.xml")
        known = {"If-None-Match": feed.headers["etag"]}
        assert client.get(f"{sites.url('sim_feed')}/feed.xml", headers=known).status_code == 304
        for site in small_world.sources:
            robots = client.get(f"{sites.url(site.source)}/robots.txt")
            assert robots.headers["content-type"].startswith("text/plain")


def test_one_connection_serves_many_requests_quickly(
    small_world: World, late: VirtualClock
) -> None:
    with SimulatedSites(small_world, clock=late) as sites, httpx.Client() as client:
        targets = [
            f"{sites.url('sim_forum')}/posts.json",
            f"{sites.url('sim_social')}/api/v1/timelines/tag/openminds?limit=40",
            f"{sites.url('sim_blog')}/wp-json/wp/v2/comments?per_page=100",
        ]
        for target in targets:
            client.get(target)
        busy = time.process_time()
        quickest = min(timed(client, target) for _ in range(20) for target in targets)
        busy = time.process_time() - busy
    assert busy / 60 < 0.004  # client and server together; the server's part is under 1 ms
    assert quickest < 0.02  # no waiting for acknowledgements, which costs 40 ms each time


def timed(client: httpx.Client, target: str) -> float:
    began = time.perf_counter()
    assert client.get(target).status_code == 200
    return time.perf_counter() - began


def test_requests_are_taken_down(small_world: World, late: VirtualClock) -> None:
    with SimulatedSites(small_world, clock=late) as sites:
        with httpx.Client(headers={"User-Agent": "tester/1"}) as client:
            client.get(f"{sites.url('sim_feed')}/feed.xml")
            late.sleep(5)
            client.get(f"{sites.url('sim_forum')}/posts/1.json?x=1")
        first, second = sites.requests
    assert (first.site, first.target, first.status) == ("sim_feed", "/feed.xml", 200)
    assert (second.site, second.target, second.status) == ("sim_forum", "/posts/1.json?x=1", 404)
    assert second.at - first.at == timedelta(seconds=5)
    assert second.monotonic > first.monotonic
    assert first.user_agent == "tester/1"


def test_leaving_ends_connections_and_frees_the_ports(
    small_world: World, late: VirtualClock
) -> None:
    client = httpx.Client()
    with SimulatedSites(small_world, clock=late) as sites:
        url = sites.url("sim_feed")
        client.get(f"{url}/feed.xml")
    with pytest.raises(httpx.TransportError):
        client.get(f"{url}/feed.xml")
    client.close()
    first_port = int(url.rpartition(":")[2])
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", first_port))


def test_ports_can_be_kept(small_world: World, late: VirtualClock) -> None:
    first_port = four_free_ports()
    for _ in range(2):
        with SimulatedSites(small_world, clock=late, first_port=first_port) as sites:
            urls = [spec.url for spec in sites.specs()]
            assert urls == [f"http://127.0.0.1:{first_port + place}" for place in range(4)]
            assert httpx.get(f"{urls[3]}/feed.xml").status_code == 200


def four_free_ports() -> int:
    """Find four ports in a row below those that the system gives out by itself."""
    for first in range(21_000 + os.getpid() % 1000, 30_000, 7):
        with ExitStack() as stack:
            probes = [stack.enter_context(socket.socket()) for _ in range(4)]
            try:
                for place, probe in enumerate(probes):
                    probe.bind(("127.0.0.1", first + place))
            except OSError:
                continue
            return first
    pytest.skip("no four free ports in a row")


def test_it_can_be_served_from_the_command_line() -> None:
    command = [sys.executable, "-m", "harvesters.simulation", "--nights", "2", "--scale", "0.2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(6)]
        forum = next(line for line in lines if line.startswith("discourse"))
        answer = httpx.get(f"{forum.split()[1]}/posts.json")
        process.send_signal(signal.SIGINT)
        rest = process.stdout.read()
    assert json.loads(answer.content)["latest_posts"]
    assert (
        sum(line.split()[0] in ("wordpress", "discourse", "mastodon", "feed") for line in lines)
        == 4
    )
    assert "Stopped." in rest
    assert process.returncode == 0
