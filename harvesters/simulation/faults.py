"""Faults that a real site has now and then: planned for a path, or drawn by seeded chance."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import blake2b
from threading import Lock
from typing import Literal, get_args

from harvesters.simulation.answers import HTML, Answer, http_date

FaultKind = Literal[
    "rate_limited",
    "rate_limited_date",
    "unavailable",
    "reset",
    "truncated",
    "slow",
    "garbage",
    "wrong_encoding",
    "repeated_page",
]
KINDS: tuple[FaultKind, ...] = get_args(FaultKind)
SPARED = ("/robots.txt",)  # from chance: a site whose robots.txt fails may not be read at all
GARBAGE = (
    b"<!DOCTYPE html><html><head><title>Just a moment</title></head>"
    b"<body><h1>Checking your browser</h1><p>This page takes a few seconds.</p></body></html>"
)


@dataclass(frozen=True, slots=True)
class PlannedFault:
    """A fault of every request whose target holds `path`, on `site` or on any.

    It spares the first `after` such requests and strikes the next `times`.
    """

    kind: FaultKind
    path: str
    site: str | None = None
    times: int = 1
    after: int = 0

    def __post_init__(self) -> None:
        """Refuse a kind that is none."""
        _require_kind(self.kind)

    def matches(self, site: str, target: str) -> bool:
        """Tell whether a request is meant."""
        return self.path in target and self.site in (None, site)


@dataclass(frozen=True, slots=True)
class EarlyRequest:
    """A request that came before the Retry-After of its site had elapsed by the clock."""

    site: str
    target: str
    at: datetime
    allowed_at: datetime


@dataclass
class Faults:
    """What goes wrong, and a count of what went wrong.

    Parameters
    ----------
    seed : int
        Chance depends on seed, site, target and how often the target was asked, on nothing else.
    rates : mapping from kind to float, optional
        How often each kind strikes; together at most 1.
    plan : sequence of PlannedFault, optional
        Faults of certain paths; they come before chance.
    retry_after : int
        Seconds that a throttling answer asks for.
    at_most : int
        How often in a row chance may strike the same target, so that patience always helps.
    slow_seconds : float
        How long a slow answer takes, in seconds of the real world.

    Attributes
    ----------
    counts : Counter
        Faults that struck, by kind.
    early : list of EarlyRequest
        Requests that ignored a Retry-After; each was refused again.
    """

    seed: int = 0
    rates: Mapping[FaultKind, float] = field(default_factory=dict)
    plan: Sequence[PlannedFault] = ()
    retry_after: int = 30
    at_most: int = 2
    slow_seconds: float = 0.2
    counts: Counter[str] = field(default_factory=Counter, init=False)
    early: list[EarlyRequest] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        """Refuse unknown kinds and impossible rates."""
        for kind in self.rates:
            _require_kind(kind)
        if any(rate < 0 for rate in self.rates.values()) or sum(self.rates.values()) > 1:
            raise ValueError(
                "fault rates are shares of all requests: none below 0, together at most 1"
            )
        self._lock = Lock()
        self._asked: Counter[tuple[str, str]] = Counter()
        self._in_a_row: Counter[tuple[str, str]] = Counter()
        self._matched: Counter[int] = Counter()
        self._allowed_at: dict[str, datetime] = {}

    def strike(self, site: str, target: str, *, now: datetime) -> FaultKind | None:
        """Decide what goes wrong with a request, and count it."""
        with self._lock:
            self._asked[site, target] += 1
            kind = self._penalty(site, target, now) or self._planned(site, target)
            kind = kind or self._drawn(site, target)
            self._in_a_row[site, target] = 0 if kind is None else self._in_a_row[site, target] + 1
            if kind is None:
                return None
            self.counts[kind] += 1
            if kind in ("rate_limited", "rate_limited_date"):
                allowed_at = self._allowed_at.get(site, now)
                if allowed_at <= now:
                    allowed_at = now + timedelta(seconds=self.retry_after)
                self._allowed_at[site] = allowed_at
            return kind

    def retry_at(self, site: str) -> datetime:
        """Return from when on a throttled site may be asked again."""
        with self._lock:
            return self._allowed_at[site]

    def _penalty(self, site: str, target: str, now: datetime) -> FaultKind | None:
        allowed_at = self._allowed_at.get(site)
        if allowed_at is None or now >= allowed_at:
            return None
        self.early.append(EarlyRequest(site, target, now, allowed_at))
        return "rate_limited"

    def _planned(self, site: str, target: str) -> FaultKind | None:
        struck: FaultKind | None = None
        for position, planned in enumerate(self.plan):
            if not planned.matches(site, target):
                continue
            met = self._matched[position]
            self._matched[position] += 1
            if struck is None and planned.after <= met < planned.after + planned.times:
                struck = planned.kind
        return struck

    def _drawn(self, site: str, target: str) -> FaultKind | None:
        if not self.rates or target in SPARED or self._in_a_row[site, target] >= self.at_most:
            return None
        draw = _uniform(self.seed, site, target, self._asked[site, target])
        for kind, rate in self.rates.items():
            if draw < rate:
                return kind
            draw -= rate
        return None


def throttled(kind: FaultKind, *, now: datetime, allowed_at: datetime) -> Answer:
    """Return the 429 of a site that wants to be left alone until `allowed_at`."""
    seconds = max(1, -int(-(allowed_at - now).total_seconds() // 1))
    later = http_date(allowed_at + timedelta(microseconds=999_999))  # HTTP's dates have no parts
    value = later if kind == "rate_limited_date" else str(seconds)
    return Answer(429, b'{"error":"Too many requests"}', headers=(("Retry-After", value),))


def unavailable() -> Answer:
    """Return a 503 that promises nothing."""
    return Answer(503, b"<h1>503 Service Unavailable</h1>", HTML)


def garbage() -> Answer:
    """Return the page of a gatekeeper in place of what was asked for, as if all were well."""
    return Answer(200, GARBAGE, HTML)


def wrongly_encoded(answer: Answer) -> Answer:
    """Return an answer whose bytes are not in the encoding that it names."""
    body = answer.body.decode(errors="replace").encode("cp1252", errors="replace")
    if body.isascii():
        body = body[:-1] + b"\x92" + body[-1:]
    return Answer(answer.status, body, answer.content_type, answer.headers)


def endpoint(target: str) -> str:
    """Return what the pages of one listing have in common: the path."""
    return target.partition("?")[0]


def _uniform(seed: int, *parts: object) -> float:
    text = json.dumps([seed, *parts])
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "big") / 2**64


def _require_kind(kind: str) -> None:
    if kind not in KINDS:
        raise ValueError(f"there is no fault {kind!r}; there are {', '.join(KINDS)}")
