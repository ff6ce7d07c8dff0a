"""Faults strike as planned, are the same for the same seed, are counted, and spare robots.txt."""

import json
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from harvesters.simulation.faults import KINDS, FaultKind, Faults, PlannedFault
from harvesters.simulation.server import SimulatedSites
from harvesters.simulation.world import World
from warehouse.records import VirtualClock

NOW = datetime(2026, 1, 14, 2, 0, tzinfo=UTC)
POSTS = "/posts.json"


@contextmanager
def forum(world: World, faults: Faults) -> Iterator[tuple[httpx.Client, VirtualClock]]:
    clock = VirtualClock(NOW)
    with (
        SimulatedSites(world, clock=clock, faults=faults) as sites,
        httpx.Client(base_url=sites.url("sim_forum")) as client,
    ):
        yield client, clock


def planned(kind: FaultKind, **more: int) -> Faults:
    return Faults(plan=[PlannedFault(kind, POSTS, **more)])


def test_throttling_names_seconds_and_refuses_until_they_have_passed(small_world: World) -> None:
    faults = planned("rate_limited")
    with forum(small_world, faults) as (client, clock):
        first = client.get(POSTS)
        assert (first.status_code, first.headers["retry-after"]) == (429, "30")
        clock.sleep(10)
        early = client.get("/latest.json")
        assert (early.status_code, early.headers["retry-after"]) == (429, "20")
        clock.sleep(20)
        assert client.get(POSTS).status_code == 200
    assert faults.counts == {"rate_limited": 2}
    (impolite,) = faults.early
    assert (impolite.site, impolite.target) == ("sim_forum", "/latest.json")
    assert impolite.allowed_at - impolite.at == timedelta(seconds=20)


def test_throttling_may_name_a_date(small_world: World) -> None:
    with forum(small_world, planned("rate_limited_date")) as (client, _):
        later = parsedate_to_datetime(client.get(POSTS).headers["retry-after"])
    assert later == NOW + timedelta(seconds=30)


def test_unavailable_and_garbage(small_world: World) -> None:
    with forum(small_world, planned("unavailable", times=2)) as (client, _):
        assert [client.get(POSTS).status_code for _ in range(3)] == [503, 503, 200]
    with forum(small_world, planned("garbage", after=1)) as (client, _):
        answers = [client.get(POSTS) for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 200, 200]
    assert answers[1].headers["content-type"].startswith("text/html")
    assert "Checking your browser" in answers[1].text
    assert answers[2].json() == answers[0].json()


def test_a_reset_breaks_the_connection(small_world: World) -> None:
    faults = planned("reset")
    with forum(small_world, faults) as (client, _):
        with pytest.raises((httpx.ReadError, httpx.RemoteProtocolError)):
            client.get(POSTS)
        assert client.get(POSTS).status_code == 200


def test_a_truncated_body_is_shorter_than_promised(small_world: World) -> None:
    with forum(small_world, planned("truncated")) as (client, _):
        with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
            client.get(POSTS)
        assert client.get(POSTS).json()["latest_posts"]


def test_a_slow_answer_comes_late_but_whole(small_world: World) -> None:
    faults = planned("slow")
    faults.slow_seconds = 0.3
    with forum(small_world, faults) as (client, _):
        began = time.monotonic()
        assert client.get(POSTS).json()["latest_posts"]
        assert time.monotonic() - began >= 0.3


@pytest.mark.parametrize("site", ["sim_forum", "sim_blog"])
def test_a_wrong_encoding_is_no_utf8(small_world: World, site: str) -> None:
    faults = Faults(plan=[PlannedFault("wrong_encoding", "p", times=9)])
    path = {"sim_forum": POSTS, "sim_blog": "/wp-json/wp/v2/comments?per_page=100"}[site]
    with SimulatedSites(small_world, clock=VirtualClock(NOW), faults=faults) as sites:
        answer = httpx.get(sites.url(site) + path)
    with pytest.raises(UnicodeDecodeError):
        answer.content.decode()


def test_a_repeated_page_is_the_one_before(small_world: World) -> None:
    with forum(small_world, planned("repeated_page", after=1)) as (client, _):
        first = client.get(POSTS).json()["latest_posts"]
        target = f"{POSTS}?before={first[-1]['id']}"
        assert client.get(target).json()["latest_posts"] == first
        assert client.get(target).json()["latest_posts"][0]["id"] < first[-1]["id"]


def strikes(faults: Faults, count: int = 3000) -> list[FaultKind | None]:
    targets = [f"/t/{number}.json" for number in range(count)]
    return [faults.strike("sim_forum", target, now=NOW) for target in targets]


RATES: dict[FaultKind, float] = {"unavailable": 0.05, "reset": 0.03, "garbage": 0.02}


def test_chance_is_the_same_for_the_same_seed_and_keeps_its_rates() -> None:
    drawn = strikes(Faults(seed=7, rates=RATES))
    assert drawn == strikes(Faults(seed=7, rates=RATES))
    assert drawn != strikes(Faults(seed=8, rates=RATES))
    counts = Counter(drawn)
    for kind, rate in RATES.items():
        assert abs(counts[kind] - 3000 * rate) < 4 * (3000 * rate) ** 0.5


def test_chance_depends_on_the_request_and_not_on_the_order() -> None:
    forwards = Faults(seed=1, rates={"reset": 0.5})
    backwards = Faults(seed=1, rates={"reset": 0.5})
    targets = [f"/{number}" for number in range(50)]
    one = {t: forwards.strike("sim_blog", t, now=NOW) for t in targets}
    other = {t: backwards.strike("sim_blog", t, now=NOW) for t in reversed(targets)}
    assert one == other


def test_patience_always_helps_and_robots_are_spared() -> None:
    faults = Faults(seed=1, rates={"unavailable": 1.0}, at_most=2)
    answers = [faults.strike("sim_blog", "/x", now=NOW) for _ in range(6)]
    assert answers == ["unavailable", "unavailable", None] * 2
    assert faults.strike("sim_blog", "/robots.txt", now=NOW) is None


def test_every_kind_can_be_served(small_world: World) -> None:
    plan = [PlannedFault(kind, f"probe={kind}") for kind in KINDS]
    faults = Faults(plan=plan, retry_after=1, slow_seconds=0.01)
    with forum(small_world, faults) as (client, clock):
        for kind in KINDS:
            try:
                client.get(f"{POSTS}?probe={kind}")
            except httpx.TransportError:
                assert kind in ("reset", "truncated")
            clock.sleep(2)
    assert faults.counts == dict.fromkeys(KINDS, 1)
    assert not faults.early


def test_the_log_names_faults(small_world: World) -> None:
    faults = planned("reset")
    clock = VirtualClock(NOW)
    with SimulatedSites(small_world, clock=clock, faults=faults) as sites:
        with pytest.raises(httpx.TransportError):
            httpx.get(sites.url("sim_forum") + POSTS)
        httpx.get(sites.url("sim_forum") + POSTS)
        log = sites.requests
    assert [(record.status, record.fault) for record in log] == [(0, "reset"), (200, None)]


def test_impossible_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="no fault 'flood'"):
        PlannedFault("flood", "/")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="together at most 1"):
        Faults(rates={"reset": 0.7, "slow": 0.7})
    with pytest.raises(ValueError, match="no fault"):
        Faults(rates=json.loads('{"flood": 0.1}'))
