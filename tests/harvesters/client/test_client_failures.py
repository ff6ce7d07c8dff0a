"""Servers that break, and what the polite client makes of it: tries, waits and errors."""

import socket
import struct
from collections.abc import Callable
from itertools import pairwise

import pytest

from harvesters.base import Blocked, Unavailable
from harvesters.client import PoliteClient
from harvesters.gate import FAILURES_TO_OPEN
from tests.harvesters.client.scripted_site import Answer, Handler, Site


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
