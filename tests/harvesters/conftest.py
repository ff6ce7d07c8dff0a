"""What every harvester's tests need: keys, and a site that is answered by a function."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest

from harvesters.base import Harvester, SourceSpec
from harvesters.client import PoliteClient
from harvesters.gate import HostGate
from harvesters.registry import open_harvester
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Known, KnownThread, Post, PostRef, VirtualClock

Answer = Callable[[httpx.Request], httpx.Response]


class FunctionSite:
    """A site whose answers a function gives, read through the real polite client.

    `requests` holds what was asked for, robots.txt left out.
    """

    def __init__(self, folder: Path, clock: VirtualClock, keys: KeyRing) -> None:
        self.requests: list[httpx.Request] = []
        self.clock = clock
        self.keys = keys
        self._gate = HostGate(folder / "hosts.sqlite", clock)
        self._clients: list[PoliteClient] = []

    def open(self, spec: SourceSpec, answer: Answer) -> Harvester:
        """Return the harvester of a site that `answer` answers for."""

        def handle(request: httpx.Request) -> httpx.Response:
            if request.url.path == "/robots.txt":
                return httpx.Response(404)
            self.requests.append(request)
            return answer(request)

        client = PoliteClient(
            user_agent="valuetalk-tests/0 (+https://example.org)",
            gate=self._gate,
            clock=self.clock,
            transport=httpx.MockTransport(handle),
        )
        self._clients.append(client)
        return open_harvester(spec, client=client, keys=self.keys, clock=self.clock)

    def close(self) -> None:
        for client in self._clients:
            client.close()

    @property
    def asked(self) -> list[str]:
        """The path and query of every request."""
        return [request.url.raw_path.decode() for request in self.requests]


def _known_after(batches: list[Batch]) -> Known:
    """Return what the loader would know after loading `batches` into an empty warehouse."""
    threads: dict[str, KnownThread] = {}
    validators: dict[str, Any] = {}
    cursor: Any = {}
    for batch in batches:
        cursor = cursor if batch.cursor is None else dict(batch.cursor)
        validators.update(batch.validators)
        for post in batch.posts:
            held = threads.get(post.native_thread_id)
            threads[post.native_thread_id] = KnownThread(
                last_native_id=post.native_id,
                last_post_at=post.created_at,
                n_posts=1 + (held.n_posts if held else 0),
            )
    return Known(cursor=cursor, threads=threads, validators=validators)


def _ref_of(post: Post, **changes: Any) -> PostRef:
    """Return a harvested post as the loader would list it for a recheck."""
    ref = PostRef(
        source=post.source,
        community=post.community,
        native_id=post.native_id,
        native_thread_id=post.native_thread_id,
        kind=post.kind,
        url=post.url,
        content_hash=post.content_hash,
        created_at=post.created_at,
    )
    return replace(ref, **changes)


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "study.key")


@pytest.fixture
def site(tmp_path: Path, clock: VirtualClock, keys: KeyRing) -> Any:
    function_site = FunctionSite(tmp_path, clock, keys)
    yield function_site
    function_site.close()


@pytest.fixture
def known_after() -> Callable[[list[Batch]], Known]:
    return _known_after


@pytest.fixture
def ref_of() -> Callable[..., PostRef]:
    return _ref_of


@pytest.fixture
def recording() -> Callable[[str], bytes]:
    """Read one of the answers under tests/recordings, by its path there."""
    folder = Path(__file__).resolve().parents[1] / "recordings"
    return lambda name: (folder / name).read_bytes()
