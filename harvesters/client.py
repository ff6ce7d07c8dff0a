"""The one polite HTTP client: every request of every harvester passes here.

Before a request: the address may be read, robots.txt allows it, the host's gate gives a slot. After
it: throttling is obeyed for all processes, failures are retried with backoff, what is too large or
leads astray is refused. Every wait goes through the clock. The HTTP library stays behind this
module, and no address is ever logged or put into an error: it may spell a person's account.
"""

import logging
import ssl
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Self

import httpx

from harvesters.addresses import refuse_address, refuse_private
from harvesters.base import Blocked, ParseError, RateLimited, ResponseRefused, Unavailable
from harvesters.bodies import ACCEPTED_ENCODINGS, BrokenBody, read_body
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
from warehouse.records import Clock, Traffic, Validator

__all__ = ["Headers", "Limits", "Params", "PoliteClient", "Response"]

Params = Mapping[str, str | int | Sequence[str | int]]

_PORTS = {"http": 80, "https": 443}
_NOT_MODIFIED = 304
_INSTANT = 0.001  # seconds: what is left of a hold by rounding
_TALKATIVE = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")


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


@dataclass(frozen=True, slots=True)
class _Answer:
    url: httpx.URL
    status: int
    headers: Headers
    content: bytes


@dataclass(slots=True)
class _Effort:
    """What one read has cost so far: it bounds its waits, failures and throttlings."""

    waited: float = 0.0
    failures: int = 0
    throttled: int = 0


class _Broken(Exception):
    """A request that brought nothing useful; asking again may."""


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
    transport : httpx.BaseTransport, optional
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
        transport: httpx.BaseTransport | None = None,
        allow_private: bool = False,
    ) -> None:
        self._gate = gate
        self._clock = clock
        self._limits = limits
        self._allow_private = allow_private
        self._owns_network = transport is None
        self._checked: set[str] = set()
        self._traffic = Traffic()
        self._robots = Robots(
            gate=gate,
            clock=clock,
            product=user_agent.partition("/")[0].strip(),
            fetch=self._fetch_robots,
        )
        self._http = httpx.Client(
            transport=transport,
            verify=_certificates() if transport is None else True,
            trust_env=False,  # no proxy and no ~/.netrc credentials behind the study's back
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(limits.total_seconds, connect=limits.connect_seconds),
            headers={
                "User-Agent": user_agent,
                "Accept": "*/*",
                "Accept-Encoding": ACCEPTED_ENCODINGS,
            },
        )
        _hush()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close all connections; the gate stays open."""
        self._http.close()

    @property
    def traffic(self) -> Traffic:
        """What all reads have cost so far, robots.txt and retries included."""
        return self._traffic

    def get(
        self,
        url: str,
        *,
        params: Params | None = None,
        validator: Validator | None = None,
        accept: Collection[int] = (),
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

        Raises
        ------
        Blocked, RateLimited, Unavailable, Gone, ParseError, ResponseRefused
            As `harvesters.base` says.
        """
        effort = _Effort()
        known = validator if validator is not None else Validator()
        conditions = self._conditions(known)
        target = _parse(url, params)
        for _ in range(self._limits.redirects + 1):
            spacing = self._allow(target)
            answer = self._fetch(target, conditions, spacing, effort)
            if answer.status in accept or not is_redirect(answer.status, answer.headers):
                return self._respond(answer, known, conditions, accept)
            target = _redirected(answer)
        raise _too_many_redirects(url)

    def _allow(self, target: httpx.URL) -> float:
        """Return the spacing that robots.txt asks for, if the address may be read at all."""
        self._refuse_unless_web(target)
        return self._robots.spacing(_origin(target), str(target))

    def _refuse_unless_web(self, target: httpx.URL) -> None:
        if target.scheme not in _PORTS or not target.host:
            raise ResponseRefused(
                f"an address with scheme {target.scheme or 'none'!r} was asked for; only http and "
                "https are read"
            )
        if target.userinfo:
            raise ResponseRefused(
                f"an address of {target.host} carries a user name or password; take it out of the "
                "source's url"
            )
        if not self._allow_private:
            refuse_private(target.host, port=_port(target), resolve=False)

    def _fetch(
        self, target: httpx.URL, headers: Mapping[str, str], spacing: float, effort: _Effort
    ) -> _Answer:
        """Send until there is an answer that is neither throttled nor a passing failure."""
        host = _gate_host(target)
        while True:
            self._await_slot(host, spacing, effort)
            try:
                answer = self._send(target, headers)
            except _Broken as error:
                self._fail(target, effort, f"{target.host} gave no answer ({error})")
                continue
            if is_challenge(answer.headers):
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
        while (wait := self._gate.reserve(host, spacing)) > 0:
            throttled = min(wait, self._gate.held_for(host))
            self._wait(host, wait, effort)
            self._count(throttled_seconds=throttled)
            if self._gate.held_for(host) < _INSTANT:
                self._gate.woken(host, spacing)
                return

    def _wait(self, host: str, seconds: float, effort: _Effort) -> None:
        if effort.waited + seconds > self._limits.waiting_seconds:
            raise RateLimited(
                f"{host} asks for a wait of {seconds:,.0f} s, and one read waits "
                f"{self._limits.waiting_seconds:,.0f} s at most; the next harvest goes on from the "
                "cursor"
            )
        effort.waited += seconds
        self._clock.sleep(seconds)

    def _fail(self, target: httpx.URL, effort: _Effort, what: str) -> None:
        """Wait before the next try, or give up."""
        host = _gate_host(target)
        effort.failures += 1
        if effort.failures >= self._limits.tries:
            self._gate.failed(host)
            raise Unavailable(
                f"{what}, {effort.failures} times; the next harvest goes on from the cursor"
            )
        wait = backoff(effort.failures - 1, base=self._limits.backoff_seconds, salt=str(target))
        self._wait(host, wait, effort)

    def _hold_back(self, host: str, answer: _Answer, effort: _Effort) -> None:
        """Hold back every process's next request to a host that throttles."""
        effort.throttled += 1
        now = self._clock.now()
        asked = retry_after(answer.headers, now)
        if asked is None:
            asked = rate_limit_reset(answer.headers, now)
        announced = asked is not None
        if asked is None:
            asked = self._limits.unannounced_seconds * 2 ** (effort.throttled - 1)
        self._gate.push_back(host, now + timedelta(seconds=asked))
        if effort.throttled >= (self._limits.throttles if announced else self._limits.tries):
            raise RateLimited(
                f"{host} still throttles after {effort.throttled} waits; the next harvest goes on "
                "from the cursor"
            )

    def _settle(self, host: str, answer: _Answer) -> None:
        """Take note of a useful answer: the host is well, and may have used up its allowance."""
        self._gate.answered(host)
        now = self._clock.now()
        pause = rate_limit_reset(answer.headers, now)
        if pause:
            self._gate.push_back(host, now + timedelta(seconds=pause))

    def _send(self, target: httpx.URL, headers: Mapping[str, str]) -> _Answer:
        """Make one request and read its body.

        Raises
        ------
        _Broken
            If the connection failed or the body came damaged.
        ResponseRefused
            If the answer is too large, too slow or from where nothing may come.
        """
        deadline = time.monotonic() + self._limits.total_seconds
        self._count(requests=1)
        try:
            self._refuse_private_name(target)
            request = self._http.build_request("GET", target, headers=headers)
            response = self._http.send(request, stream=True)
            try:
                self._refuse_private_peer(response)
                content = self._body(response, deadline)
            finally:
                response.close()
        except httpx.InvalidURL:  # the HTTP library looks at redirects even when told not to
            raise _no_address(target.host) from None
        except (httpx.TransportError, BrokenBody, OSError) as error:
            raise _Broken(_kind(error)) from None
        fields = Headers(response.headers.multi_items())
        return _Answer(target, response.status_code, fields, content)

    def _body(self, response: httpx.Response, deadline: float) -> bytes:
        already_read = response.is_stream_consumed  # by a stand-in for the network, decoded
        return read_body(
            (response.content,) if already_read else response.iter_raw(),
            encoding="" if already_read else response.headers.get("content-encoding", ""),
            max_bytes=self._limits.max_bytes,
            deadline=deadline,
            host=response.url.host,
        )

    def _refuse_private_name(self, target: httpx.URL) -> None:
        if self._allow_private or not self._owns_network or target.host in self._checked:
            return
        refuse_private(target.host, port=_port(target), resolve=True)
        self._checked.add(target.host)

    def _refuse_private_peer(self, response: httpx.Response) -> None:
        """Look at the address that was really connected to: a name may have been re-pointed."""
        stream = response.extensions.get("network_stream")
        if self._allow_private or not self._owns_network or stream is None:
            return
        peer = stream.get_extra_info("server_addr")
        if peer is not None:
            refuse_address(str(peer[0]), named=response.url.host)

    def _fetch_robots(self, url: str) -> tuple[int, bytes]:
        """Read a robots.txt, following its redirects; `UNREACHABLE` where nothing useful came."""
        effort = _Effort()
        target = httpx.URL(url)
        try:
            for _ in range(self._limits.redirects + 1):
                self._refuse_unless_web(target)
                answer = self._fetch(target, {}, 0.0, effort)
                if not is_redirect(answer.status, answer.headers):
                    return answer.status, answer.content
                target = _redirected(answer)
        except Unavailable:
            return UNREACHABLE, b""
        return 404, b""  # RFC 9309: after five redirects it counts as absent

    def _conditions(self, known: Validator) -> dict[str, str]:
        if known.trusted >= self._limits.full_every - 1:
            return {}
        conditions = {"If-None-Match": known.etag, "If-Modified-Since": known.last_modified}
        return {name: value for name, value in conditions.items() if value}

    def _respond(
        self,
        answer: _Answer,
        known: Validator,
        conditions: Mapping[str, str],
        accept: Collection[int],
    ) -> Response:
        unchanged = answer.status == _NOT_MODIFIED and bool(conditions)
        if not (unchanged or is_success(answer.status) or answer.status in accept):
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

    def _count(
        self, *, requests: int = 0, not_modified: int = 0, throttled_seconds: float = 0.0
    ) -> None:
        self._traffic = Traffic(
            requests=self._traffic.requests + requests,
            not_modified=self._traffic.not_modified + not_modified,
            throttled_seconds=self._traffic.throttled_seconds + throttled_seconds,
        )


@cache
def _certificates() -> ssl.SSLContext:
    """Load the trusted authorities (or those of `SSL_CERT_FILE`) once, which takes a while."""
    return httpx.create_ssl_context()


def _next_validator(answer: _Answer, known: Validator, *, unchanged: bool) -> Validator:
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


def _parse(url: str, params: Params | None) -> httpx.URL:
    try:
        target = httpx.URL(url)
        if params:
            target = target.copy_merge_params(dict(params))
    except (httpx.InvalidURL, ValueError):
        raise ParseError("an address was asked for that is none; check the source's url") from None
    return target.copy_with(fragment=None)


def _redirected(answer: _Answer) -> httpx.URL:
    host = answer.url.host
    try:
        target = answer.url.join(answer.headers["location"]).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError):
        raise _no_address(host) from None
    if is_login(target.path):
        raise Blocked(
            f"{host} redirects to a login wall, which is never passed; take the source out, or ask "
            "the host"
        )
    return target


def _no_address(host: str) -> ResponseRefused:
    return ResponseRefused(f"{host} redirects to what is no address; check the source's url")


def _too_many_redirects(url: str) -> ResponseRefused:
    return ResponseRefused(f"{httpx.URL(url).host} redirects without end; check the source's url")


def _port(url: httpx.URL) -> int:
    return url.port or _PORTS[url.scheme]


def _gate_host(url: httpx.URL) -> str:
    return f"{url.host.lower()}:{_port(url)}"


def _origin(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.netloc.decode('ascii').lower()}"


def _kind(error: Exception) -> str:
    """Name what went wrong without its message, which may hold an address."""
    return type(error).__name__ if not isinstance(error, BrokenBody) else str(error)


def _hush() -> None:
    """Keep the HTTP library from logging addresses, whatever the logging is configured to."""
    for name in _TALKATIVE:
        logger = logging.getLogger(name)
        if _silent not in logger.filters:
            logger.addFilter(_silent)


def _silent(record: logging.LogRecord) -> bool:
    return record.levelno > logging.INFO
