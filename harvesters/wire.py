"""One request over the network and its answer: the only module that speaks to the HTTP library.

It refuses where a request must not lead and what an answer must not be; politeness is the client's
(`harvesters.client`), which alone may use it. No address is ever logged or put into an error: it
may spell a person's account.
"""

import logging
import ssl
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from http.cookiejar import CookieJar, DefaultCookiePolicy

import httpx

from harvesters.addresses import refuse_address, refuse_private
from harvesters.base import ParseError, ResponseRefused
from harvesters.bodies import ACCEPTED_ENCODINGS, BrokenBody, read_body
from harvesters.response import Headers

Params = Mapping[str, str | int | Sequence[str | int]]
Url = httpx.URL
Transport = httpx.BaseTransport

_PORTS = {"http": 80, "https": 443}
_TALKATIVE = ("httpx", "httpcore.connection", "httpcore.http11", "httpcore.http2", "httpcore.proxy")


class Broken(Exception):
    """A request that brought nothing useful; asking again may."""


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent: `headers` are of this read alone, `body` goes with POST."""

    url: Url
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back, decoded."""

    url: Url
    status: int
    headers: Headers
    content: bytes


class Wire:
    """Sends requests; refuses private addresses, and answers that are too large or too slow.

    Parameters
    ----------
    user_agent : str
        Sent with every request.
    max_bytes : int
        Bound on an answer after decoding.
    connect_seconds, total_seconds : float
        The machine's time for connecting, and for one answer.
    transport : Transport, optional
        Stands in for the network in tests; names are then not resolved.
    allow_private : bool
        Whether loopback and private addresses may be read.
    """

    def __init__(
        self,
        *,
        user_agent: str,
        max_bytes: int,
        connect_seconds: float,
        total_seconds: float,
        transport: Transport | None,
        allow_private: bool,
    ) -> None:
        self._max_bytes = max_bytes
        self._total_seconds = total_seconds
        self._allow_private = allow_private
        self._owns_network = transport is None
        self._checked: set[str] = set()
        self._http = httpx.Client(
            transport=transport,
            verify=_certificates() if transport is None else True,
            trust_env=False,  # no proxy and no ~/.netrc credentials behind the study's back
            follow_redirects=False,
            cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            timeout=httpx.Timeout(total_seconds, connect=connect_seconds),
            headers={
                "User-Agent": user_agent,
                "Accept": "*/*",
                "Accept-Encoding": ACCEPTED_ENCODINGS,
            },
        )
        _hush()

    def close(self) -> None:
        """Close all connections."""
        self._http.close()

    def refuse_unless_web(self, target: Url) -> None:
        """Raise `ResponseRefused` for what is no public web address, or carries credentials."""
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
            refuse_private(target.host, port=port_of(target), resolve=False)

    def send(self, question: Question) -> Answer:
        """Make one request and read its body.

        Raises
        ------
        Broken
            If the connection failed or the body came damaged.
        ResponseRefused
            If the answer is too large, too slow or from where nothing may come.
        """
        deadline = time.monotonic() + self._total_seconds
        target = question.url
        try:
            self._refuse_private_name(target)
            request = self._http.build_request(
                question.method, target, headers=question.headers, content=question.body
            )
            response = self._http.send(request, stream=True)
            try:
                self._refuse_private_peer(response)
                content = self._body(response, deadline)
            finally:
                response.close()
        except httpx.InvalidURL:  # the HTTP library looks at redirects even when told not to
            raise no_address(target.host) from None
        except (httpx.TransportError, BrokenBody, OSError) as error:
            raise Broken(_kind(error)) from None
        fields = Headers(response.headers.multi_items())
        return Answer(target, response.status_code, fields, content)

    def _body(self, response: httpx.Response, deadline: float) -> bytes:
        already_read = response.is_stream_consumed  # by a stand-in for the network, decoded
        return read_body(
            (response.content,) if already_read else response.iter_raw(),
            encoding="" if already_read else response.headers.get("content-encoding", ""),
            max_bytes=self._max_bytes,
            deadline=deadline,
            host=response.url.host,
        )

    def _refuse_private_name(self, target: Url) -> None:
        if self._allow_private or not self._owns_network or target.host in self._checked:
            return
        refuse_private(target.host, port=port_of(target), resolve=True)
        self._checked.add(target.host)

    def _refuse_private_peer(self, response: httpx.Response) -> None:
        """Look at the address that was really connected to: a name may have been re-pointed."""
        stream = response.extensions.get("network_stream")
        if self._allow_private or not self._owns_network or stream is None:
            return
        peer = stream.get_extra_info("server_addr")
        if peer is not None:
            refuse_address(str(peer[0]), named=response.url.host)


def parse_url(url: str, params: Params | None = None) -> Url:
    """Return an address with `params` added to its query and without its fragment.

    Raises
    ------
    ParseError
        If it is no address.
    """
    try:
        target = httpx.URL(url)
        if params:
            target = target.copy_merge_params(dict(params))
    except (httpx.InvalidURL, ValueError):
        raise ParseError("an address was asked for that is none; check the source's url") from None
    return target.copy_with(fragment=None)


def redirected(answer: Answer) -> Url:
    """Return where a redirect leads; raises `ResponseRefused` where that is no address."""
    try:
        return answer.url.join(answer.headers["location"]).copy_with(fragment=None)
    except (httpx.InvalidURL, ValueError):
        raise no_address(answer.url.host) from None


def no_address(host: str) -> ResponseRefused:
    """Return the error for a redirect that cannot be followed."""
    return ResponseRefused(f"{host} redirects to what is no address; check the source's url")


def port_of(url: Url) -> int:
    """Return the port of an address; 0 where its scheme has none of its own."""
    return url.port or _PORTS.get(url.scheme, 0)


def gate_host(url: Url) -> str:
    """Return the name under which the gate knows an address's host: `name:port`."""
    return f"{url.host.lower()}:{port_of(url)}"


def origin_of(url: Url) -> str:
    """Return scheme, host and port of an address."""
    return f"{url.scheme}://{url.netloc.decode('ascii').lower()}"


@cache
def _certificates() -> ssl.SSLContext:
    """Load the trusted authorities (or those of `SSL_CERT_FILE`) once, which takes a while."""
    return httpx.create_ssl_context()


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
