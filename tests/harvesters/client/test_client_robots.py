"""The polite client keeps robots.txt: its rules, its spacing, and what holds without one."""

from itertools import pairwise

import pytest

from harvesters.base import Blocked, Unavailable
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from tests.harvesters.client.scripted_site import AGENT, ALLOW_ALL, Answer, Site
from warehouse.records import VirtualClock


def test_a_disallowed_page_is_never_asked_for(site: Site, client: PoliteClient) -> None:
    site.script["/private/diary"] = [Answer()]
    with pytest.raises(Blocked, match=r"robots\.txt disallows") as raised:
        client.get(f"{site.url}/private/diary")
    assert [asked.path for asked in site.asked] == ["/robots.txt"]
    assert "diary" not in str(raised.value)


def test_rules_for_our_product_win_over_those_for_all(site: Site, client: PoliteClient) -> None:
    robots = b"User-agent: *\nAllow: /\n\nUser-agent: ValueTalk\nDisallow: /*?page=\nAllow: /a\n"
    site.script |= {"/robots.txt": [Answer(body=robots)], "/a": [Answer()], "/b": [Answer()]}
    client.get(f"{site.url}/a")
    client.get(f"{site.url}/b")
    with pytest.raises(Blocked):
        client.get(f"{site.url}/b?page=2")


@pytest.mark.parametrize("status", [404, 401, 403, 410])
def test_a_robots_file_that_is_not_there_allows_all(
    site: Site, client: PoliteClient, status: int
) -> None:
    site.script |= {"/robots.txt": [Answer(status)], "/private/x": [Answer()]}
    assert client.get(f"{site.url}/private/x").status == 200


def test_a_robots_file_that_cannot_be_read_disallows_all_for_a_while(
    site: Site, client: PoliteClient, clock: VirtualClock
) -> None:
    site.script |= {"/robots.txt": [Answer(500)] * 4 + [Answer(body=ALLOW_ALL)], "/a": [Answer()]}
    for _ in range(2):
        with pytest.raises(Unavailable, match=r"robots\.txt"):
            client.get(f"{site.url}/a")
    assert site.pages() == []
    clock.sleep(3600)
    assert client.get(f"{site.url}/a").status == 200


def test_robots_files_are_read_once_a_day_by_all_clients(
    site: Site, client: PoliteClient, gate: HostGate, clock: VirtualClock
) -> None:
    site.script["/a"] = [Answer()]
    with PoliteClient(user_agent=AGENT, gate=gate, clock=clock, allow_private=True) as other:
        for reader in (client, other, client):
            reader.get(f"{site.url}/a")
        assert len(site.asked) - len(site.pages()) == 1
        clock.sleep(25 * 3600)
        for reader in (client, other):
            reader.get(f"{site.url}/a")
        assert len(site.asked) - len(site.pages()) == 2


@pytest.mark.parametrize(
    ("rule", "spacing"), [(b"Crawl-delay: 7.5", 7.5), (b"Request-rate: 1/10", 10), (b"", 1)]
)
def test_the_host_sees_the_spacing_that_it_asked_for(
    site: Site, client: PoliteClient, rule: bytes, spacing: float
) -> None:
    site.script |= {"/robots.txt": [Answer(body=b"User-agent: *\n" + rule)], "/a": [Answer()]}
    for _ in range(4):
        client.get(f"{site.url}/a")
    times = [asked.virtual for asked in site.pages()]
    gaps = [(late - early).total_seconds() for early, late in pairwise(times)]
    assert gaps == pytest.approx([spacing] * 3)
