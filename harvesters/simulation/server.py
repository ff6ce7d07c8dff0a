"""Serves a simulated world over real HTTP, one loopback port a site."""

import socket
import struct
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, ClassVar, Self

from harvesters.base import SourceSpec
from harvesters.simulation.answers import Answer, Question, Site
from harvesters.simulation.discourse_site import DiscourseSite
from harvesters.simulation.entities import SimSource
from harvesters.simulation.faults import (
    FaultKind,
    Faults,
    endpoint,
    garbage,
    throttled,
    unavailable,
    wrongly_encoded,
)
from harvesters.simulation.feed_site import FeedSite
from harvesters.simulation.front_page import front_page
from harvesters.simulation.mastodon_site import MastodonSite
from harvesters.simulation.wordpress_site import WordPressSite
from harvesters.simulation.world import World
from warehouse.records import Clock

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.05  # how soon a server notices that it shall stop
_SITES: Mapping[str, Any] = {
    "wordpress": WordPressSite,
    "discourse": DiscourseSite,
    "mastodon": MastodonSite,
    "feed": FeedSite,
}
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)  # SO_LINGER on, for no time: the kernel sends RST
_NO_BODY = (204, 304)


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request that a site received.

    `target` is path and query; `monotonic` is the machine's clock in seconds, `at` the clock that
    was passed; `status` is 0 where the connection was reset.
    """

    site: str
    target: str
    monotonic: float
    at: datetime
    status: int
    user_agent: str
    fault: FaultKind | None


SiteMaker = Callable[[str], Site]


class ServedSites:
    """Sites of any kind, served while the context is open.

    What a site shows is decided by the clock at the time of each request, so a test moves the
    clock and harvests the same sites again.

    Parameters
    ----------
    makers : mapping from source to SiteMaker
        What makes each site when its address is known.
    clock : Clock
        The sites' present.
    faults : Faults, optional
        What goes wrong.
    first_port : int
        Port of the first site, the others follow; 0 takes any that are free.
    """

    def __init__(
        self,
        makers: Mapping[str, SiteMaker],
        *,
        clock: Clock,
        faults: Faults | None = None,
        first_port: int = 0,
    ) -> None:
        self._makers = makers
        self._clock = clock
        self._faults = faults
        self._first_port = first_port
        self._servers: dict[str, _SiteServer] = {}
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Start to serve."""
        try:
            for position, source in enumerate(self._makers):
                port = self._first_port + position if self._first_port else 0
                self._servers[source] = _SiteServer(
                    port, source=source, clock=self._clock, faults=self._faults
                )
        except OSError:
            self._stop()
            raise
        for source, make in self._makers.items():
            server = self._servers[source]
            server.site = make(server.address)
            server.shows = self._front_page_of(source)
            thread = threading.Thread(
                target=server.serve_forever, args=(POLL_SECONDS,), name=source, daemon=True
            )
            thread.start()
            self._threads.append(thread)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Stop, closing what connections are open."""
        self._stop()

    def url(self, source: str) -> str:
        """Return the address of one site, without a trailing slash."""
        return self._servers[source].address

    @property
    def requests(self) -> list[RequestRecord]:
        """What was asked so far, in the order of the machine's clock."""
        records = [record for server in self._servers.values() for record in list(server.log)]
        return sorted(records, key=lambda record: record.monotonic)

    def _front_page_of(self, _: str) -> SimSource | None:
        """Return whose front page is served beside the site; None where the site has its own."""
        return None

    def _stop(self) -> None:
        for server in self._servers.values():
            if server.site is not None:
                server.shutdown()
            server.close_all()
            server.server_close()
        for thread in self._threads:
            thread.join()


class SimulatedSites(ServedSites):
    """The four sites of a world, served while the context is open.

    Parameters
    ----------
    world : World
        Whose posts are shown.
    clock : Clock
        The sites' present.
    faults : Faults, optional
        What goes wrong.
    first_port : int
        Port of the first site, the others follow; 0 takes any that are free. Keep ports between
        runs where a study goes on: the blog's and the forum's accounts belong to host and port.

    Examples
    --------
    >>> with SimulatedSites(world, clock=clock) as sites:
    ...     specs = sites.specs()
    """

    def __init__(
        self, world: World, *, clock: Clock, faults: Faults | None = None, first_port: int = 0
    ) -> None:
        self._world = world
        makers = {site.source: _maker(world, site) for site in world.sources}
        super().__init__(makers, clock=clock, faults=faults, first_port=first_port)

    def specs(self) -> list[SourceSpec]:
        """Return the sites as configured sources."""
        return [
            SourceSpec(
                source=site.source,
                platform=site.platform,
                url=self.url(site.source),
                communities=tuple(
                    c.record() for c in self._world.communities if c.source == site.source
                ),
                allow_private=True,
            )
            for site in self._world.sources
        ]

    def _front_page_of(self, source: str) -> SimSource | None:
        return next(site for site in self._world.sources if site.source == source)


def _maker(world: World, site: SimSource) -> SiteMaker:
    def make(address: str) -> Site:
        made: Site = _SITES[site.platform](world, site, base=address)
        return made

    return make


class _SiteServer(ThreadingHTTPServer):
    """One site on one port."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 64

    def __init__(self, port: int, *, source: str, clock: Clock, faults: Faults | None) -> None:
        super().__init__((LOOPBACK, port), _Handler)
        self.source = source
        self.clock = clock
        self.faults = faults
        self.site: Site | None = None
        self.shows: SimSource | None = None
        self.address = f"http://{LOOPBACK}:{self.server_address[1]}"
        self.log: list[RequestRecord] = []
        self._last_answers: dict[str, Answer] = {}
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()

    def answer(self, question: Question) -> tuple[Answer, FaultKind | None]:
        """Answer a question, with what the faults make of it."""
        if self.site is None:
            return unavailable(), None
        faults, key = self.faults, endpoint(question.target)
        kind = None
        if faults is not None:
            kind = faults.strike(self.source, question.target, now=question.now)
        if faults is not None and kind in ("rate_limited", "rate_limited_date"):
            allowed_at = faults.retry_at(self.source)
            return throttled(kind, now=question.now, allowed_at=allowed_at), kind
        if kind == "unavailable":
            return unavailable(), kind
        if kind == "garbage":
            return garbage(), kind
        with self._lock:
            answer = self._front_page(question) or self.site.answer(question)
            last = self._last_answers.get(key, answer)
            self._last_answers[key] = answer
        if kind == "wrong_encoding":
            return wrongly_encoded(answer), kind
        return (last if kind == "repeated_page" else answer), kind

    def _front_page(self, question: Question) -> Answer | None:
        return front_page(self.shows, question, base=self.address) if self.shows else None

    def process_request(self, request: Any, client_address: Any) -> None:
        """Take down the connection, so that it can be closed at the end."""
        with self._lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection when its client is done."""
        with self._lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def close_all(self) -> None:
        """Close every connection that is still open."""
        with self._lock:
            waiting, self._open = self._open, set()
        for connection in waiting:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of clients that hang up."""


class _Handler(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with kept connections; every response leaves in one piece."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _SiteServer
    _reasons: ClassVar[Mapping[int, str]] = {status.value: status.phrase for status in HTTPStatus}

    def do_GET(self) -> None:
        """Answer a request."""
        server, now = self.server, self.server.clock.now()
        question = Question.read(self.path, now=now, headers=self.headers)  # type: ignore[arg-type]
        answer, fault = server.answer(question)
        server.log.append(
            RequestRecord(
                site=server.source,
                target=self.path,
                monotonic=time.monotonic(),
                at=now,
                status=0 if fault == "reset" else answer.status,
                user_agent=self.headers.get("User-Agent", ""),
                fault=fault,
            )
        )
        if fault == "reset":
            self._reset()
        elif fault == "slow" and server.faults is not None:
            time.sleep(server.faults.slow_seconds)
            self._send(answer)
        else:
            self._send(answer, cut=fault == "truncated")

    def _send(self, answer: Answer, *, cut: bool = False) -> None:
        lines = [
            f"HTTP/1.1 {answer.status} {self._reasons.get(answer.status, '')}",
            f"Date: {self.date_time_string()}",
        ]
        lines += [f"{name}: {value}" for name, value in answer.headers]
        if answer.status not in _NO_BODY:
            lines.append(f"Content-Type: {answer.content_type}")
            lines.append(f"Content-Length: {len(answer.body)}")
        if cut:
            lines.append("Connection: close")
            self.close_connection = True
        body = answer.body[: len(answer.body) // 2] if cut else answer.body
        self.wfile.write(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1") + body)

    def _reset(self) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
        self.close_connection = True
        self.connection.close()

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 # the base's name
        """Write nothing to the terminal; `SimulatedSites.requests` has it all."""
