"""What robots.txt allows and asks for (RFC 9309), read once a day for all processes."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from protego import Protego

from harvesters.base import Blocked, Unavailable
from harvesters.gate import HostGate, RobotsCopy
from warehouse.records import Clock

FRESH_HOURS = 24.0
UNREACHABLE_HOURS = 0.25  # a host that is down is asked again soon, and left alone until then
LONGEST_FILE = 512_000  # bytes; RFC 9309 asks for at least 500 KiB
UNREACHABLE = 0  # stands for a status: no answer, or 5xx

Fetch = Callable[[str], tuple[int, bytes]]


@dataclass(frozen=True, slots=True)
class _Rules:
    expires_at: datetime
    reachable: bool
    parsed: Protego | None
    spacing: float


class Robots:
    """Asks an origin's robots.txt before every request.

    Parameters
    ----------
    gate : HostGate
        Keeps the copies that all processes share.
    clock : Clock
        Tells when a copy is too old.
    product : str
        The product token of the User-Agent.
    fetch : callable
        Reads one address and returns status and content; status 0 where nothing useful came.
    """

    def __init__(self, *, gate: HostGate, clock: Clock, product: str, fetch: Fetch) -> None:
        self._gate = gate
        self._clock = clock
        self._product = product
        self._fetch = fetch
        self._rules: dict[str, _Rules] = {}

    def spacing(self, origin: str, url: str) -> float:
        """Return the seconds between requests that `origin` asks for, if it allows `url`.

        Raises
        ------
        Blocked
            If robots.txt disallows the address.
        Unavailable
            If robots.txt cannot be reached, which means that nothing may be read.
        """
        rules = self._rules.get(origin)
        if rules is None or rules.expires_at <= self._clock.now():
            rules = self._read(origin)
            self._rules[origin] = rules
        if not rules.reachable:
            raise Unavailable(
                f"{origin}/robots.txt cannot be read, so nothing of the host may be; the next "
                "harvest asks again"
            )
        if rules.parsed is not None and not rules.parsed.can_fetch(url, self._product):
            raise Blocked(
                f"{origin}/robots.txt disallows the page that was asked for to {self._product}; "
                "ask the host, or take the source out"
            )
        return rules.spacing

    def _read(self, origin: str) -> _Rules:
        copy = self._gate.robots(origin)
        if copy is None:
            status, content = self._fetch(f"{origin}/robots.txt")
            copy = self._keep(origin, status, content)
        if copy.status == UNREACHABLE or not copy.body:
            return _Rules(copy.expires_at, copy.status != UNREACHABLE, None, 0.0)
        parsed = Protego.parse(copy.body)
        return _Rules(copy.expires_at, True, parsed, _asked_spacing(parsed, self._product))

    def _keep(self, origin: str, status: int, content: bytes) -> RobotsCopy:
        readable = 200 <= status < 300  # noqa: PLR2004 # anything else that answered allows all
        body = content[:LONGEST_FILE].decode("utf-8-sig", "replace") if readable else ""
        hours = FRESH_HOURS if status != UNREACHABLE else UNREACHABLE_HOURS
        return self._gate.keep_robots(origin, status=status, body=body, hours=hours)


def _asked_spacing(parsed: Protego, product: str) -> float:
    delay = float(parsed.crawl_delay(product) or 0.0)
    rate = parsed.request_rate(product)
    between = rate.seconds / rate.requests if rate is not None and rate.requests else 0.0
    return max(delay, float(between))
