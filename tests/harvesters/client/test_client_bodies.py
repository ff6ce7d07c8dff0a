"""Bodies that are packed, damaged, too large or too slow for the polite client."""

import gzip
import json
import time
import tracemalloc
import zlib
from collections.abc import Callable

import pytest

from harvesters.base import ResponseRefused, Unavailable
from harvesters.client import Limits, PoliteClient
from harvesters.gate import HostGate
from tests.harvesters.client.scripted_site import AGENT, Answer, Handler, Site
from warehouse.records import VirtualClock


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
    for _ in range(400):
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
        assert time.monotonic() - started < 15
