"""The one polite HTTP client: every request of every harvester passes here.

Before a request: the address may be read, robots.txt allows it, the host's gate gives a slot. After
it: throttling is obeyed for all processes, failures are retried with backoff, what is too large or
leads astray is refused. Every wait goes through the clock, every decision is counted. The network
stays behind `harvesters.wire`, and no address is ever logged or put into an error: it may spell a
person's account.
"""

from collections.abc import Collection, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Self

from harvesters.base import Blocked, HarvestError, RateLimited, ResponseRefused, Unavailable
from harvesters.decisions import Decision, DecisionLog
from harvesters.gate import HostGate
from harvesters.judgement import (
    is_challenge,
    is_login,
    is_redirect,
    is_success,
    is_throttled,
    is_worth_retrying,
    status_error,
)
from harvesters.response import Headers, Response
from harvesters.retry import backoff, rate_limit_reset, retry_after
from harvesters.robots import UNREACHABLE, Robots
from harvesters.wire import (
    Answer,
    Broken,
    Params,
    Question,
    Transport,
    Url,
    Wire,
    gate_host,
    origin_of,
    parse_url,
    redirected,
)
from warehouse.records import Clock, Traffic, Validator

__all__ = ["Headers", "Limits", "Params", "PoliteClient", "Response"]

_NOT_MODIFIED = 304
_INSTANT = 0.001  # seconds: what is left of a hold by rounding
_CREDENTIALS = frozenset({"authorization", "cookie"})
_CREDENTIAL_REFUSALS = (401, 403)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one read may cost.

    `max_bytes` counts after decoding; `total_seconds` is the machine's time for one answer;
    `waiting_seconds` bounds all waits of one read, beyond which it is `RateLimited`; `full_every`:
    every so many reads of an address its validator is not trusted, since servers lie about them.
    """

    max_bytes: int = 20_000_000
    connect_seconds: float = 10.0
    total_seconds: float = 30.0
    tries: int = 4
    backoff_seconds: float = 2.0
    unannounced_seconds: float = 10.0
    waiting_seconds: float = 3_600.0
    throttles: int = 20
    redirects: int = 5
    full_every: int = 7


@dataclass(slots=True)
class _Effort:
    """What one read has cost so far: it bounds its waits, failures and throttlings."""

    waited: float = 0.0
    failures: int = 0
    throttled: int = 0


class PoliteClient:
    """Reads addresses politely.

    Parameters
    ----------
    user_agent : str
        Names the software and a contact, `valuetalk/0.1 (+contact)`; the part before the slash is
        the product that robots.txt files address.
    gate : HostGate
        Shared by all processes of the machine.
    clock : Clock
        All waits and times come from it.
    limits : Limits
        What one read may cost.
    transport : Transport, optional
        Stands in for the network in tests; names are then not resolved.
    allow_private : bool
        Whether loopback and private addresses may be read: for simulated sources only.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        gate: HostGate,
        clock: Clock,
        limits: Limits = Limits(),
        transport: Transport | None = None,
        allow_private: bool = False,
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._limits = limits
        self._decisions = DecisionLog()
        self._traffic = Traffic()
        self._wire = Wire(
            user_agent=user_agent,
            max_bytes=limits.max_bytes,
            connect_seconds=limits.connect_seconds,
            total_seconds=limits.total_seconds,
            transport=transport,
            allow_private=allow_private,
        )
        self._robots = Robots(
            gate=gate,
            clock=clock,
            product=user_agent.partition("/")[0].strip(),
            fetch=self._fetch_robots,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; the gate stays open."""
        self._wire.close()

    @property
    def traffic(self) -> Traffic:
        """What all reads have cost so far, robots.txt and retries included."""
        return replace(self._traffic, decisions=dict(self._decisions.counts))

    def get(
        self,
        url: str,
        *,
        params: Params | None = None,
        validator: Validator | None = None,
        accept: Collection[int] = (),
        headers: Mapping[str, str] | None = None,
        own_terms: bool = False,
    ) -> Response:
        """Read one address.

        Parameters
        ----------
        url : str
            Absolute http(s) address.
        params : mapping, optional
            Added to the address's query.
        validator : Validator, optional
            Of the last read: unchanged content is then answered as `not_modified`.
        accept : collection of int
            Statuses that are returned though they are errors.
        headers : mapping, optional
            Sent with this read; credentials among them never follow to another origin.
        own_terms : bool
            Whether the address is of an API that is used with credentials under its own terms: the
            source's approval then takes the place of robots.txt, and all else holds.

        Raises
        ------
        Blocked, RateLimited, Unavailable, Gone, ParseError, ResponseRefused
            As `harvesters.base` says.
        """
        known = validator if validator is not None else Validator()
        target = parse_url(url, params)
        conditions = self._conditions(known, target)
        question = Question(target, headers={**(headers or {}), **conditions})
        effort = _Effort()
        for _ in range(self._limits.redirects + 1):
            answer = self._ask(question, effort, own_terms=own_terms)
            if answer.status in accept or not is_redirect(answer.status, answer.headers):
                return self._respond(answer, known, conditions, accept)
            question = self._follow(question, answer)
        self._decide("refused", gate_host(target))
        raise ResponseRefused(f"{target.host} redirects without end; check the source's url")

    def post(
        self,
        url: str,
        *,
        body: bytes,
        content_type: str,
        headers: Mapping[str, str] | None = None,
        accept: Collection[int] = (),
        own_terms: bool = False,
    ) -> Response:
        """Send a question that is too long or too secret for an address: never to write anything.

        It is asked again after a failure like any read; redirects are not followed. Arguments and
        errors as for `get`.
        """
        target = parse_url(url)
        fields = {**(headers or {}), "Content-Type": content_type}
        answer = self._ask(Question(target, "POST", fields, body), _Effort(), own_terms=own_terms)
        return self._respond(answer, Validator(), {}, accept)

    def alone(self, url: str) -> AbstractContextManager[None]:
        """Keep all other processes of the machine from what they too ask a host under this lock."""
        return self._gate.alone(gate_host(parse_url(url)))

    def _ask(self, question: Question, effort: _Effort, *, own_terms: bool) -> Answer:
        """Send a question if the address may be read at all."""
        target, host = question.url, gate_host(question.url)
        try:
            self._wire.refuse_unless_web(target)
            if own_terms:
                self._decide("own_terms", host)
                spacing = 0.0
            else:
                spacing = self._robots_spacing(target, host)
            return self._fetch(question, spacing, effort)
        except ResponseRefused:
            self._decide("refused", host)
            raise

    def _robots_spacing(self, target: Url, host: str) -> float:
        try:
            return self._robots.spacing(origin_of(target), str(target))
        except Blocked:
            self._decide("robots_denied", host)
            raise
        except Unavailable:
            self._decide("robots_unreachable", host)
            raise

    def _fetch(self, question: Question, spacing: float, effort: _Effort) -> Answer:
        """Send until there is an answer that is neither throttled nor a passing failure."""
        target, host = question.url, gate_host(question.url)
        while True:
            self._await_slot(host, spacing, effort)
            self._count(requests=1)
            try:
                answer = self._wire.send(question)
            except Broken as error:
                self._fail(target, effort, f"{target.host} gave no answer ({error})")
                continue
            if is_challenge(answer.headers):
                self._decide("challenge", host)
                raise Blocked(
                    f"{target.host} sent a challenge page, which is never evaded; ask the host, or "
                    "take the source out"
                )
            if is_throttled(answer.status, answer.headers):
                self._hold_back(host, answer, effort)
            elif is_worth_retrying(answer.status):
                self._fail(target, effort, f"{target.host} answered {answer.status}")
            else:
                self._settle(host, answer)
                return answer

    def _await_slot(self, host: str, spacing: float, effort: _Effort) -> None:
        """Book a slot and wait for it; book another if the host was pushed back meanwhile."""
        while (wait := self._reserve(host, spacing)) > 0:
            throttled = min(wait, self._gate.held_for(host))
            self._decide("held" if throttled > _INSTANT else "spaced", host)
            self._wait(host, wait, effort)
            self._count(throttled_seconds=throttled)
            if self._gate.held_for(host) < _INSTANT:
                self._gate.woken(host, spacing)
                return

    def _reserve(self, host: str, spacing: float) -> float:
        try:
            return self._gate.reserve(host, spacing)
        except HarvestError as error:
            self._decide("budget_spent" if isinstance(error, RateLimited) else "left_alone", host)
            raise

    def _wait(self, host: str, seconds: float, effort: _Effort) -> None:
        if effort.waited + seconds > self._limits.waiting_seconds:
            self._decide("gave_up", host)
            raise RateLimited(
                f"{host} asks for a wait of {seconds:,.0f} s, and one read waits "
                f"{self._limits.waiting_seconds:,.0f} s at most; the next harvest goes on from the "
                "cursor"
            )
        effort.waited += seconds
        self._clock.sleep(seconds)

    def _fail(self, target: Url, effort: _Effort, what: str) -> None:
        """Wait before the next try, or give up."""
        host = gate_host(target)
        effort.failures += 1
        if effort.failures >= self._limits.tries:
            self._gate.failed(host)
            self._decide("gave_up", host)
            raise Unavailable(
                f"{what}, {effort.failures} times; the next harvest goes on from the cursor"
            )
        self._decide("retried", host)
        wait = backoff(effort.failures - 1, base=self._limits.backoff_seconds, salt=str(target))
        self._wait(host, wait, effort)

    def _hold_back(self, host: str, answer: Answer, effort: _Effort) -> None:
        """Hold back every process's next request to a host that throttles."""
        effort.throttled += 1
        now = self._clock.now()
        kind: Decision = "retry_after"
        asked = retry_after(answer.headers, now)
        if asked is None:
            kind, asked = "rate_limit", rate_limit_reset(answer.headers, now)
        if asked is None:
            kind = "throttled"
            asked = self._limits.unannounced_seconds * 2 ** (effort.throttled - 1)
        self._decide(kind, host)
        self._gate.push_back(host, now + timedelta(seconds=asked))
        most = self._limits.tries if kind == "throttled" else self._limits.throttles
        if effort.throttled >= most:
            self._decide("gave_up", host)
            raise RateLimited(
                f"{host} still throttles after {effort.throttled} waits; the next harvest goes on "
                "from the cursor"
            )

    def _settle(self, host: str, answer: Answer) -> None:
        """Take note of a useful answer: the host is well, and may have used up its allowance."""
        self._gate.answered(host)
        now = self._clock.now()
        pause = rate_limit_reset(answer.headers, now)
        if pause:
            self._decide("rate_limit", host)
            self._gate.push_back(host, now + timedelta(seconds=pause))

    def _follow(self, question: Question, answer: Answer) -> Question:
        """Return the question that a redirect leads to, without credentials on another origin."""
        target = redirected(answer)
        if is_login(target.path):
            self._decide("login_wall", gate_host(answer.url))
            raise Blocked(
                f"{answer.url.host} redirects to a login wall, which is never passed; take the "
                "source out, or ask the host"
            )
        if origin_of(target) == origin_of(question.url):
            return replace(question, url=target)
        kept = {n: v for n, v in question.headers.items() if n.lower() not in _CREDENTIALS}
        return replace(question, url=target, headers=kept)

    def _fetch_robots(self, url: str) -> tuple[int, bytes]:
        """Read a robots.txt, following its redirects; `UNREACHABLE` where nothing useful came."""
        effort = _Effort()
        target = parse_url(url)
        try:
            for _ in range(self._limits.redirects + 1):
                self._wire.refuse_unless_web(target)
                answer = self._fetch(Question(target), 0.0, effort)
                if not is_redirect(answer.status, answer.headers):
                    return answer.status, answer.content
                target = self._follow(Question(target), answer).url
        except Unavailable:
            return UNREACHABLE, b""
        return 404, b""  # RFC 9309: after five redirects it counts as absent

    def _conditions(self, known: Validator, target: Url) -> dict[str, str]:
        named = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
        conditions = {name: value for name, value in named.items() if value}
        if not conditions:
            return {}
        trusted = known.trusted < self._limits.full_every - 1
        self._decide("conditional" if trusted else "full_read", gate_host(target))
        return conditions if trusted else {}

    def _respond(
        self,
        answer: Answer,
        known: Validator,
        conditions: Mapping[str, str],
        accept: Collection[int],
    ) -> Response:
        unchanged = answer.status == _NOT_MODIFIED and bool(conditions)
        if not (unchanged or is_success(answer.status) or answer.status in accept):
            if answer.status in _CREDENTIAL_REFUSALS:
                self._decide("login_wall", gate_host(answer.url))
            raise status_error(answer.status, answer.url.host)
        if unchanged:
            self._count(not_modified=1)
        return Response(
            url=str(answer.url),
            status=answer.status,
            headers=answer.headers,
            content=b"" if unchanged else answer.content,
            not_modified=unchanged,
            validator=_next_validator(answer, known, unchanged=unchanged),
            fetched_at=self._clock.now(),
        )

    def _decide(self, kind: Decision, host: str) -> None:
        self._decisions.note(kind, host)

    def _count(
        self, *, requests: int = 0, not_modified: int = 0, throttled_seconds: float = 0.0
    ) -> None:
        self._traffic = Traffic(
            requests=self._traffic.requests + requests,
            not_modified=self._traffic.not_modified + not_modified,
            throttled_seconds=self._traffic.throttled_seconds + throttled_seconds,
        )


def _next_validator(answer: Answer, known: Validator, *, unchanged: bool) -> Validator:
    if not is_success(answer.status) and not unchanged:
        return Validator()
    etag = answer.headers.get("etag")
    last_modified = answer.headers.get("last-modified")
    if not unchanged:
        return Validator(etag=etag, last_modified=last_modified)
    return Validator(
        etag=etag or known.etag,
        last_modified=last_modified or known.last_modified,
        trusted=known.trusted + 1,
    )
