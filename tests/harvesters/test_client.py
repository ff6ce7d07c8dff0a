"""The polite client against a real server on this machine, and against a stand-in for names."""

import email.utils
import gzip
import json
import logging
import multiprocessing
import socket
import struct
import threading
import time
import tracemalloc
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from pathlib import Path

import httpx
import pytest

from harvesters.base import (
    Blocked,
    Gone,
    HarvestError,
    ParseError,
    RateLimited,
    ResponseRefused,
    Unavailable,
)
from harvesters.client import Limits, PoliteClient
from harvesters.gate import FAILURES_TO_OPEN, HostGate
from warehouse.records import Clock, Validator, VirtualClock, WallClock

AGENT = "valuetalk/0.1 (+study@example.org)"
ALLOW_ALL = b"User-agent: *\nDisallow: /private/\n"


@dataclass
class Answer:
    """One scripted answer; `act` may do with the socket what it likes instead."""

    status: int = 200
    body: bytes = b"hello"
    headers: dict[str, str] = field(default_factory=dict)
    act: Callable[["Handler"], None] | None = None


@dataclass
class Asked:
    path: str
    headers: dict[str, str]
    at: float
    virtual: datetime
    connection: int


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # one packet an answer
    server: "Site"

    def do_GET(self) -> None:
        site = self.server
        site.asked.append(
            Asked(
                path=self.path,
                headers={name.lower(): value for name, value in self.headers.items()},
                at=time.monotonic(),
                virtual=site.clock.now(),
                connection=self.client_address[1],
            )
        )
        script = site.script.get(self.path.partition("?")[0], [Answer(404, b"nothing")])
        answer = script.pop(0) if len(script) > 1 else script[0]
        if answer.act is not None:
            answer.act(self)
            return
        self.send_response(answer.status)
        for name, value in answer.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answer.headers:
            self.send_header("Content-Length", str(len(answer.body)))
        self.end_headers()
        self.wfile.write(answer.body)

    def log_message(self, *_: object) -> None:
        pass


class Site(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, clock: Clock) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.clock = clock
        self.asked: list[Asked] = []
        self.script: dict[str, list[Answer]] = {"/robots.txt": [Answer(body=ALLOW_ALL)]}
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.host = f"127.0.0.1:{self.server_port}"

    def pages(self) -> list[Asked]:
        return [asked for asked in self.asked if asked.path != "/robots.txt"]

    def handle_error(self, *_: object) -> None:
        pass


def running(site: Site) -> Iterator[Site]:
    thread = threading.Thread(target=site.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield site
    site.shutdown()
    site.server_close()
    thread.join()


@pytest.fixture
def site(clock: VirtualClock) -> Iterator[Site]:
    yield from running(Site(clock))


@pytest.fixture
def other_site(clock: VirtualClock) -> Iterator[Site]:
    yield from running(Site(clock))


@pytest.fixture
def gate(tmp_path: Path, clock: VirtualClock) -> Iterator[HostGate]:
    with HostGate(tmp_path / "hosts.sqlite", clock, spacing=1.0) as gate:
        yield gate


@pytest.fixture
def client(gate: HostGate, clock: VirtualClock) -> Iterator[PoliteClient]:
    with PoliteClient(user_agent=AGENT, gate=gate, clock=clock, allow_private=True) as client:
        yield client


def waited(clock: VirtualClock, work: Callable[[], object]) -> float:
    before = clock.now()
    work()
    return (clock.now() - before).total_seconds()


# --- reading -------------------------------------------------------------------------------------


def test_an_answer_is_plain_values(site: Site, client: PoliteClient, clock: VirtualClock) -> None:
    site.script["/a"] = [Answer(body=b'{"n": 1}', headers={"X-WP-Total": "7", "ETag": '"v1"'})]
    response = client.get(f"{site.url}/a?page=1", params={"per_page": 100, "id[]": ["1", "2"]})
    assert (response.url, response.status) == (
        f"{site.url}/a?page=1&per_page=100&id%5B%5D=1&id%5B%5D=2",
        200,
    )
    assert response.json() == {"n": 1}
    assert response.headers["x-wp-total"] == response.headers.get("X-WP-Total") == "7"
    assert response.validator == Validator(etag='"v1"')
    assert not response.not_modified
    assert response.fetched_at == clock.now()


def test_the_client_names_itself_and_asks_for_what_it_can_read(
    site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer()]
    client.get(f"{site.url}/a")
    assert [asked.headers["user-agent"] for asked in site.asked] == [AGENT, AGENT]
    assert site.asked[1].headers["accept-encoding"] == "gzip, deflate"


def test_what_promised_json_and_is_none_is_a_parse_error(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(body=b"<html>", headers={"Content-Type": "text/html"})]
    with pytest.raises(ParseError, match=r"promised JSON.*6 bytes.*text/html"):
        client.get(f"{site.url}/a").json()


def test_one_connection_serves_many_reads(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer()]
    for _ in range(20):
        client.get(f"{site.url}/a")
    assert len({asked.connection for asked in site.asked}) == 1


def test_cookies_are_never_sent_back(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(headers={"Set-Cookie": "session=1; Path=/"})]
    for _ in range(2):
        client.get(f"{site.url}/a")
    assert all("cookie" not in asked.headers for asked in site.asked)


@pytest.mark.parametrize(
    ("status", "error"),
    [
        *((404, Gone), (410, Gone), (401, Blocked), (403, Blocked), (451, Blocked)),
        *((400, ParseError), (418, ParseError), (304, ParseError), (300, ParseError)),
    ],
)
def test_a_status_that_is_not_to_be_read_raises_at_once(
    site: Site, client: PoliteClient, status: int, error: type[HarvestError]
) -> None:
    site.script["/secret-page"] = [Answer(status)]
    with pytest.raises(error) as raised:
        client.get(f"{site.url}/secret-page")
    assert len(site.pages()) == 1
    assert "secret-page" not in str(raised.value)


def test_an_accepted_status_is_returned(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(400, b'{"code": "rest_post_invalid_page_number"}')]
    response = client.get(f"{site.url}/a", accept=(400,))
    assert response.status == 400
    assert response.json()["code"] == "rest_post_invalid_page_number"


def test_traffic_counts_requests_unchanged_answers_and_throttled_time(
    site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer(429, headers={"Retry-After": "30"}), Answer(), Answer(304)]
    client.get(f"{site.url}/a")
    before = client.traffic
    client.get(f"{site.url}/a", validator=Validator(etag='"v"'))
    assert before.requests == len(site.asked) - 1 == 3
    assert before.throttled_seconds == pytest.approx(30, abs=1)
    since = client.traffic.minus(before)
    assert (since.requests, since.not_modified, since.throttled_seconds) == (1, 1, 0)


# --- conditional reads ---------------------------------------------------------------------------


def test_every_seventh_reread_is_a_full_one(site: Site, client: PoliteClient) -> None:
    def conditional(handler: Handler) -> None:
        known = handler.headers.get("If-None-Match") == '"v1"'
        body = b"" if known else b"words"
        handler.send_response(304 if known else 200)
        handler.send_header("ETag", '"v1"')
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    site.script["/a"] = [Answer(act=conditional)]
    validator, seen = None, []
    for _ in range(15):
        response = client.get(f"{site.url}/a", validator=validator)
        validator = response.validator
        seen.append((response.status, response.content))
        assert response.not_modified == (response.status == 304)
    full, unchanged = (200, b"words"), (304, b"")
    assert seen == [full, *[unchanged] * 6] * 2 + [full]
    assert client.traffic.not_modified == 12


def test_last_modified_alone_is_a_validator_too(site: Site, client: PoliteClient) -> None:
    stamp = "Mon, 05 Jan 2026 00:00:00 GMT"
    site.script["/a"] = [Answer(headers={"Last-Modified": stamp}), Answer(304)]
    first = client.get(f"{site.url}/a")
    second = client.get(f"{site.url}/a", validator=first.validator)
    assert site.asked[-1].headers["if-modified-since"] == stamp
    assert second.validator == Validator(last_modified=stamp, trusted=1)


# --- throttling and failures ---------------------------------------------------------------------


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


def test_a_burst_of_503_is_ridden_out_with_growing_waits(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(503)] * 3 + [Answer()]
    assert client.get(f"{site.url}/a").content == b"hello"
    times = [asked.virtual for asked in site.pages()]
    waits = [(late - early).total_seconds() for early, late in pairwise(times)]
    assert [low <= wait <= 2 * low for low, wait in zip((1, 2, 4), waits, strict=True)] == [
        True
    ] * 3


@pytest.mark.parametrize("status", [500, 502, 503, 504, 408])
def test_a_server_that_stays_broken_is_unavailable(
    site: Site, client: PoliteClient, status: int
) -> None:
    site.script["/a"] = [Answer(status)]
    with pytest.raises(Unavailable, match=f"answered {status}, 4 times"):
        client.get(f"{site.url}/a")
    assert len(site.pages()) == 4


def _reset(handler: Handler) -> None:
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()


def _truncated(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.wfile.write(b"only this")
    handler.close_connection = True


@pytest.mark.parametrize("fault", [_reset, _truncated])
def test_a_broken_connection_or_body_is_asked_for_again(
    site: Site, client: PoliteClient, fault: Callable[[Handler], None]
) -> None:
    site.script["/a"] = [Answer(act=fault), Answer(act=fault), Answer(body=b"whole")]
    assert client.get(f"{site.url}/a").content == b"whole"
    site.script["/b"] = [Answer(act=fault)]
    with pytest.raises(Unavailable, match="gave no answer"):
        client.get(f"{site.url}/b")


def test_a_closed_port_is_unavailable(client: PoliteClient) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with pytest.raises(Unavailable):
        client.get(f"http://127.0.0.1:{port}/a")


def test_a_host_that_keeps_failing_is_left_alone(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(500)]
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(Unavailable):
            client.get(f"{site.url}/a")
    asked = len(site.asked)
    with pytest.raises(Unavailable, match="left alone"):
        client.get(f"{site.url}/a")
    assert len(site.asked) == asked


def test_a_challenge_page_is_blocked_and_never_asked_again(
    site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer(503, headers={"cf-mitigated": "challenge"})]
    with pytest.raises(Blocked, match="challenge"):
        client.get(f"{site.url}/a")
    assert len(site.pages()) == 1


# --- size and time -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("encoding", "encode"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda body: zlib.compress(body, wbits=-15)),
        ("gzip", lambda body: gzip.compress(body[:9000]) + gzip.compress(body[9000:])),
        ("identity", bytes),
    ],
)
def test_compressed_bodies_are_decoded(
    site: Site, client: PoliteClient, encoding: str, encode: Callable[[bytes], bytes]
) -> None:
    body = json.dumps(list(range(200_000))).encode()
    site.script["/a"] = [Answer(body=encode(body), headers={"Content-Encoding": encoding})]
    assert client.get(f"{site.url}/a").content == body


@pytest.mark.parametrize("damage", [lambda body: body[:-20], lambda body: body[:50] + b"x" * 50])
def test_a_damaged_compressed_body_is_asked_for_again(
    site: Site, client: PoliteClient, damage: Callable[[bytes], bytes]
) -> None:
    packed = gzip.compress(b"words " * 1000 + bytes(range(256)))
    header = {"Content-Encoding": "gzip"}
    site.script["/a"] = [Answer(body=damage(packed), headers=header), Answer(body=b"whole")]
    assert client.get(f"{site.url}/a").content == b"whole"


def test_a_decompression_bomb_is_refused_without_being_unpacked(
    site: Site, gate: HostGate, clock: VirtualClock
) -> None:
    bomb = gzip.compress(bytes(100_000_000), compresslevel=9)
    site.script["/a"] = [Answer(body=bomb, headers={"Content-Encoding": "gzip"})]
    limits = Limits(max_bytes=2_000_000)
    with PoliteClient(
        user_agent=AGENT, gate=gate, clock=clock, limits=limits, allow_private=True
    ) as client:
        tracemalloc.start()
        with pytest.raises(ResponseRefused, match="more than 2,000,000 bytes"):
            client.get(f"{site.url}/a")
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert peak < 10_000_000
    assert len(site.pages()) == 1


def test_a_body_that_is_too_large_is_refused(
    site: Site, gate: HostGate, clock: VirtualClock
) -> None:
    site.script["/a"] = [Answer(body=b"x" * 1001)]
    site.script["/b"] = [Answer(body=b"x" * 1000)]
    with PoliteClient(
        user_agent=AGENT, gate=gate, clock=clock, limits=Limits(max_bytes=1000), allow_private=True
    ) as client:
        with pytest.raises(ResponseRefused):
            client.get(f"{site.url}/a")
        assert len(client.get(f"{site.url}/b").content) == 1000


def test_an_encoding_that_nobody_asked_for_is_refused(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(headers={"Content-Encoding": "br"})]
    with pytest.raises(ResponseRefused, match="'br'"):
        client.get(f"{site.url}/a")


def _dripping(handler: Handler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"x")
        handler.wfile.flush()
        time.sleep(0.05)


def _silent(handler: Handler) -> None:
    time.sleep(1.0)
    handler.close_connection = True


def test_an_answer_that_drips_is_refused_and_one_that_never_comes_is_unavailable(
    site: Site, gate: HostGate, clock: VirtualClock
) -> None:
    site.script["/drip"] = [Answer(act=_dripping)]
    site.script["/silent"] = [Answer(act=_silent)]
    limits = Limits(total_seconds=0.4, tries=2)
    with PoliteClient(
        user_agent=AGENT, gate=gate, clock=clock, limits=limits, allow_private=True
    ) as client:
        started = time.monotonic()
        with pytest.raises(ResponseRefused, match="too slowly"):
            client.get(f"{site.url}/drip")
        with pytest.raises(Unavailable, match="ReadTimeout"):
            client.get(f"{site.url}/silent")
        assert time.monotonic() - started < 3


# --- robots.txt ----------------------------------------------------------------------------------


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


# --- redirects and addresses ---------------------------------------------------------------------


def test_redirects_are_followed_to_another_host_under_its_own_robots(
    site: Site, other_site: Site, client: PoliteClient
) -> None:
    site.script["/a"] = [Answer(302, headers={"Location": "/b#part"})]
    site.script["/b"] = [Answer(301, headers={"Location": f"{other_site.url}/c"})]
    other_site.script["/c"] = [Answer(body=b"there")]
    response = client.get(f"{site.url}/a")
    assert (response.url, response.content) == (f"{other_site.url}/c", b"there")
    assert [asked.path for asked in other_site.asked] == ["/robots.txt", "/c"]
    site.script["/d"] = [Answer(302, headers={"Location": f"{other_site.url}/private/x"})]
    with pytest.raises(Blocked, match=f"{other_site.host}/robots"):
        client.get(f"{site.url}/d")


def test_redirects_without_end_are_refused(site: Site, client: PoliteClient) -> None:
    site.script["/a"] = [Answer(302, headers={"Location": "/a"})]
    with pytest.raises(ResponseRefused, match="redirects without end"):
        client.get(f"{site.url}/a")
    assert len(site.pages()) == 6


@pytest.mark.parametrize("target", ["file:///etc/passwd", "ftp://x.example/", "javascript:1", "//"])
def test_redirects_out_of_the_web_are_refused(
    site: Site, client: PoliteClient, target: str
) -> None:
    site.script["/a"] = [Answer(302, headers={"Location": target})]
    with pytest.raises(ResponseRefused):
        client.get(f"{site.url}/a")


@pytest.mark.parametrize("wall", ["/login", "/session/sso/login", "/wp-login.php", "/auth/sign_in"])
def test_a_redirect_to_a_login_wall_is_blocked(site: Site, client: PoliteClient, wall: str) -> None:
    site.script |= {"/a": [Answer(302, headers={"Location": wall})], wall: [Answer()]}
    with pytest.raises(Blocked, match="login wall"):
        client.get(f"{site.url}/a")
    assert len(site.pages()) == 1


def test_credentials_in_an_address_are_refused_and_not_repeated(client: PoliteClient) -> None:
    with pytest.raises(ResponseRefused) as raised:
        client.get("https://ann:hunter2@forum.example/")
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize("url", ["forum.example/a", "", "https://", "http://[::1", "/a"])
def test_what_is_no_address_is_refused_in_words(client: PoliteClient, url: str) -> None:
    with pytest.raises(HarvestError):
        client.get(url)


PRIVATE = [
    "http://127.0.0.1:{port}/a",
    "http://localhost:{port}/a",
    "http://127.1.2.3:{port}/a",
    "http://[::1]:{port}/a",
    "http://[::ffff:127.0.0.1]:{port}/a",
    "http://10.0.0.7/a",
    "http://192.168.1.1/a",
    "http://169.254.169.254/latest/meta-data/",
    "http://0.0.0.0:{port}/a",
    "http://[fd00::1]/a",
    "http://[64:ff9b::7f00:1]/a",
    "http://printer.local/a",
]


@pytest.mark.parametrize("target", PRIVATE)
def test_a_redirect_to_a_private_address_is_refused_before_any_request(
    site: Site, gate: HostGate, clock: VirtualClock, target: str
) -> None:
    asked: list[str] = []

    def public_site(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.host)
        if request.url.path == "/robots.txt":
            return httpx.Response(404)
        return httpx.Response(302, headers={"Location": target.format(port=site.server_port)})

    with (
        PoliteClient(
            user_agent=AGENT, gate=gate, clock=clock, transport=httpx.MockTransport(public_site)
        ) as client,
        pytest.raises(ResponseRefused, match="not a public address"),
    ):
        client.get("https://forum.example/start")
    assert set(asked) == {"forum.example"}
    assert site.asked == []


def test_a_name_that_resolves_to_a_private_address_is_refused(
    site: Site, gate: HostGate, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(*_: object, **__: object) -> list[tuple[object, ...]]:
        public = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))
        private = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", site.server_port))
        return [public, private]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with (
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock) as client,
        pytest.raises(ResponseRefused, match=r"forum\.example is not a public address"),
    ):
        client.get(f"http://forum.example:{site.server_port}/a")
    assert site.asked == []


def test_a_name_that_is_pointed_elsewhere_after_the_check_brings_nothing(
    site: Site, gate: HostGate, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    site.script["/a"] = [Answer(body=b"inside")]
    truth = socket.getaddrinfo
    lookups = 0

    def resolve(_: object, port: object, *rest: object, **named: object) -> object:
        nonlocal lookups
        lookups += 1
        if lookups == 1:
            return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("93.184.215.14", 80))]
        return truth("127.0.0.1", port, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with (
        PoliteClient(user_agent=AGENT, gate=gate, clock=clock) as client,
        pytest.raises(ResponseRefused, match="not a public address"),
    ):
        client.get(f"http://forum.example:{site.server_port}/a")
    assert site.pages() == []


# --- what is seen of it --------------------------------------------------------------------------


def test_no_address_is_ever_logged(
    site: Site, client: PoliteClient, caplog: pytest.LogCaptureFixture
) -> None:
    for name in ("httpx", "httpcore", "httpcore.http11", "httpcore.connection"):
        logging.getLogger(name).setLevel(logging.DEBUG)
    site.script["/@ann_b77"] = [Answer(500), Answer()]
    with caplog.at_level(logging.DEBUG):
        client.get(f"{site.url}/@ann_b77")
    assert "ann_b77" not in caplog.text


def test_a_read_costs_little_of_the_machine(gate: HostGate, clock: VirtualClock) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return httpx.Response(200, content=b"User-agent: *\nDisallow: /private/\n")

    with PoliteClient(
        user_agent=AGENT, gate=gate, clock=clock, transport=httpx.MockTransport(answer)
    ) as client:
        client.get("https://forum.example/")
        started = time.process_time()
        for number in range(300):
            client.get(f"https://forum.example/t/{number}")
        assert (time.process_time() - started) / 300 < 0.003


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
            reader.join(30)
        assert [reader.exitcode for reader in readers] == [0, 0]
        times = sorted(asked.at for asked in site.asked)
        assert len(site.pages()) == 24
        assert len({asked.connection for asked in site.asked}) == 2
        # a slot is met a little late on a busy machine, and never early
        for first, early in enumerate(times):
            for steps, late in enumerate(times[first:]):
                assert late - early >= 0.05 * steps - 0.1
