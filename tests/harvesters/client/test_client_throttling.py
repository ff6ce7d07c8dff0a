"""The polite client waits as long as a host asks, and two clients wait for each other."""

import email.utils
import multiprocessing
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from harvesters.base import RateLimited
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from tests.harvesters.client.scripted_site import AGENT, Answer, Site, running
from warehouse.records import VirtualClock, WallClock


def waited(clock: VirtualClock, work: Callable[[], object]) -> float:
    before = clock.now()
    work()
    return (clock.now() - before).total_seconds()


def test_retry_after_in_seconds_is_waited_for(
    site: Site, client: PoliteClient, clock: VirtualClock
) -> None:
    site.script["/a"] = [Answer(429, headers={"Retry-After": "7"})] * 2 + [Answer()]
    assert waited(clock, lambda: client.get(f"{site.url}/a")) >= 14
    first, second, third = (asked.virtual for asked in site.pages())
    assert second - first >= timedelta(seconds=7)
    assert third - second >= timedelta(seconds=7)


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_as_a_date_is_waited_for(
    site: Site, client: PoliteClient, clock: VirtualClock, status: int
) -> None:
    until = clock.now() + timedelta(seconds=95)
    stamp = email.utils.format_datetime(until, usegmt=True)
    site.script["/a"] = [Answer(status, headers={"Retry-After": stamp}), Answer()]
    client.get(f"{site.url}/a")
    assert until <= site.pages()[1].virtual < until + timedelta(seconds=2)


def test_what_one_client_is_told_holds_the_others_back(
    site: Site, client: PoliteClient, tmp_path: Path, clock: VirtualClock
) -> None:
    site.script["/a"] = [Answer(429, headers={"Retry-After": "7200"})]
    site.script["/b"] = [Answer()]
    with pytest.raises(RateLimited, match="asks for a wait"):
        client.get(f"{site.url}/a")
    with (
        HostGate(tmp_path / "hosts.sqlite", clock) as gate,
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock, allow_private=True) as other,
        pytest.raises(RateLimited),
    ):
        other.get(f"{site.url}/b")
    assert [asked.path for asked in site.pages()] == ["/a"]


def test_a_slot_booked_before_the_host_was_pushed_back_is_not_used(
    site: Site, client: PoliteClient, gate: HostGate, clock: VirtualClock
) -> None:
    site.script["/a"] = [Answer()]
    client.get(f"{site.url}/a")
    until = clock.now() + timedelta(seconds=60)
    moved = clock.sleep

    def pushed_back_by_another_while_waiting(seconds: float) -> None:
        gate.push_back(site.host, until)
        moved(seconds)

    clock.sleep = pushed_back_by_another_while_waiting  # type: ignore[method-assign]
    client.get(f"{site.url}/a")
    assert site.pages()[-1].virtual >= until


def test_endless_throttling_ends_in_rate_limited(
    site: Site, client: PoliteClient, clock: VirtualClock
) -> None:
    site.script["/a"] = [Answer(429, headers={"Retry-After": "0"})]
    with pytest.raises(RateLimited, match="still throttles"):
        client.get(f"{site.url}/a")
    assert len(site.pages()) <= 20
    site.script["/b"] = [Answer(429)]
    before = clock.now()
    with pytest.raises(RateLimited):
        client.get(f"{site.url}/b")
    assert clock.now() - before >= timedelta(seconds=10 + 20 + 40)
    assert sum(asked.path == "/b" for asked in site.asked) == 4


@pytest.mark.parametrize("form", ["iso", "epoch", "seconds"])
def test_a_used_up_rate_limit_pushes_the_next_request_back(
    site: Site, client: PoliteClient, clock: VirtualClock, form: str
) -> None:
    until = clock.now() + timedelta(seconds=120)
    reset = {"iso": until.isoformat(), "epoch": f"{until.timestamp():.0f}", "seconds": "120"}[form]
    limit = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": reset}
    site.script["/a"] = [Answer(headers=limit), Answer()]
    client.get(f"{site.url}/a")
    assert clock.now() < until
    client.get(f"{site.url}/a")
    assert clock.now() >= until


def test_a_rate_limit_with_something_left_waits_for_nothing_more(
    site: Site, client: PoliteClient, clock: VirtualClock
) -> None:
    limit = {"X-RateLimit-Remaining": "12", "X-RateLimit-Reset": "120"}
    site.script["/a"] = [Answer(headers=limit)]
    assert waited(clock, lambda: [client.get(f"{site.url}/a") for _ in range(3)]) < 5


def _read_with_the_wall_clock(path: Path, url: str, count: int) -> None:
    clock = WallClock()
    with (
        HostGate(path, clock, spacing=0.05) as gate,
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock, allow_private=True) as client,
    ):
        for _ in range(count):
            client.get(url)


def test_two_processes_keep_one_hosts_spacing_together(tmp_path: Path) -> None:
    for site in running(Site(WallClock())):
        site.script["/a"] = [Answer()]
        spawn = multiprocessing.get_context("spawn")
        arguments = (tmp_path / "hosts.sqlite", f"{site.url}/a", 12)
        readers = [
            spawn.Process(target=_read_with_the_wall_clock, args=arguments) for _ in range(2)
        ]
        for reader in readers:
            reader.start()
        for reader in readers:
            reader.join(200)
        assert [reader.exitcode for reader in readers] == [0, 0]
        times = sorted(asked.at for asked in site.asked)
        assert len(site.pages()) == 24
        assert len({asked.connection for asked in site.asked}) == 2
        # a slot is met a little late on a busy machine, and never early
        for first, early in enumerate(times):
            for steps, late in enumerate(times[first:]):
                assert late - early >= 0.05 * steps - 0.1
