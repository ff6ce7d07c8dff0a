"""Every decision of politeness is counted under its kind, and logged without an address."""

import logging
from collections.abc import Callable
from datetime import timedelta

import pytest

from harvesters.base import HarvestError
from harvesters.client import Limits, PoliteClient
from harvesters.decisions import KINDS
from harvesters.gate import HostGate
from tests.harvesters.client.scripted_site import AGENT, Answer, Site
from warehouse.records import Validator, VirtualClock


class Visit:
    """A read of one page, as often as wanted; its failures are expected."""

    def __init__(self, site: Site, client: PoliteClient, gate: HostGate) -> None:
        self.site = site
        self.client = client
        self.gate = gate

    def __call__(self, *answers: Answer, times: int = 1, **options: object) -> None:
        self.site.script["/a"] = list(answers)
        for _ in range(times):
            try:
                self.client.get(f"{self.site.url}/a", **options)  # type: ignore[arg-type] # tests' own
            except HarvestError:
                continue


def spaced(visit: Visit) -> None:
    visit(Answer(), times=2)


def held(visit: Visit) -> None:
    visit.gate.push_back(visit.site.host, visit.site.clock.now() + timedelta(seconds=60))
    visit(Answer())


def retry_after(visit: Visit) -> None:
    visit(Answer(429, headers={"Retry-After": "3"}), Answer())


def rate_limit(visit: Visit) -> None:
    visit(Answer(headers={"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": "9"}))


def throttled(visit: Visit) -> None:
    visit(Answer(429), Answer())


def retried(visit: Visit) -> None:
    visit(Answer(502), Answer())


def gave_up(visit: Visit) -> None:
    visit(Answer(502))


def robots_denied(visit: Visit) -> None:
    visit.site.script["/robots.txt"] = [Answer(body=b"User-agent: *\nDisallow: /a\n")]
    visit(Answer())


def robots_unreachable(visit: Visit) -> None:
    visit.site.script["/robots.txt"] = [Answer(500)]
    visit(Answer())


def own_terms(visit: Visit) -> None:
    visit(Answer(), own_terms=True)


def challenge(visit: Visit) -> None:
    visit(Answer(403, headers={"cf-mitigated": "challenge"}))


def login_wall(visit: Visit) -> None:
    visit(Answer(302, headers={"Location": "/login"}))


def refused(visit: Visit) -> None:
    visit(Answer(body=b"x" * 2_000))


def budget_spent(visit: Visit) -> None:
    visit.gate.daily_budget = 1
    visit(Answer())


def left_alone(visit: Visit) -> None:
    visit(Answer(502), times=6)


def conditional(visit: Visit) -> None:
    visit(Answer(304), validator=Validator(etag='"one"'))


def full_read(visit: Visit) -> None:
    visit(Answer(), validator=Validator(etag='"one"', trusted=6))


PROVOKED: dict[str, Callable[[Visit], None]] = {
    provoke.__name__: provoke
    for provoke in (
        *(spaced, held, retry_after, rate_limit, throttled, retried, gave_up, robots_denied),
        *(robots_unreachable, own_terms, challenge, login_wall, refused, budget_spent),
        *(left_alone, conditional, full_read),
    )
}


@pytest.fixture
def visit(site: Site, gate: HostGate, clock: VirtualClock) -> Visit:
    limits = Limits(max_bytes=1_000)
    client = PoliteClient(
        user_agent=AGENT, gate=gate, clock=clock, limits=limits, allow_private=True
    )
    return Visit(site, client, gate)


def test_every_kind_of_decision_is_provoked_below() -> None:
    assert sorted(PROVOKED) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_decision_is_counted_and_logged_without_an_address(
    visit: Visit, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="valuetalk.politeness")
    PROVOKED[kind](visit)
    visit.client.close()

    decisions = visit.client.traffic.decisions
    assert decisions[kind] >= 1
    assert caplog.messages.count(f"{visit.site.host} {kind}") == decisions[kind]
    assert len(caplog.messages) == sum(decisions.values())
    assert not any("/a" in message for message in caplog.messages)


@pytest.mark.parametrize(
    ("kind", "count"),
    [
        *(("spaced", 2), ("retry_after", 1), ("rate_limit", 1), ("throttled", 1), ("retried", 1)),
        *(("gave_up", 1), ("robots_denied", 1), ("own_terms", 1), ("challenge", 1)),
        *(("login_wall", 1), ("refused", 1), ("budget_spent", 1), ("conditional", 1)),
        *(("full_read", 1), ("left_alone", 1)),
    ],
)
def test_a_decision_is_counted_once_each_time(visit: Visit, kind: str, count: int) -> None:
    PROVOKED[kind](visit)
    visit.client.close()
    assert visit.client.traffic.decisions[kind] == count


def test_requests_are_those_that_the_site_saw_and_the_traffic_of_a_part_is_a_difference(
    visit: Visit,
) -> None:
    spaced(visit)
    before = visit.client.traffic
    assert before.requests == len(visit.site.asked) == 3  # robots.txt among them
    retried(visit)
    visit.client.close()
    since = visit.client.traffic.minus(before)
    assert since.requests == len(visit.site.asked) - 3 == 2
    assert since.decisions["retried"] == 1
    assert "gave_up" not in since.decisions


def test_refused_credentials_count_as_a_login_wall(visit: Visit) -> None:
    visit(Answer(401), Answer(403), times=2)
    visit.client.close()
    assert visit.client.traffic.decisions["login_wall"] == 2
