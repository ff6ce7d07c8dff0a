"""One harvester of each platform, before an invented site that tests write, edit and break."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from harvesters.base import Harvester, HarvestError
from harvesters.client import Limits, PoliteClient
from harvesters.gate import HostGate
from harvesters.registry import open_harvester
from tests.contract.sites.base import ContractSite
from tests.contract.sites.every import SITES
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Known, KnownThread, Post, PostRef, Sighting, VirtualClock

Break = Callable[[httpx.Request, httpx.Response], httpx.Response | Exception]


class Reader:
    """Harvests a contract site through the real polite client, and keeps what a loader would."""

    def __init__(
        self, site: ContractSite, folder: Path, clock: VirtualClock, keys: KeyRing
    ) -> None:
        self.site = site
        self.clock = clock
        self.keys = keys
        self.robots = httpx.Response(404)
        self.requests: list[str] = []
        self.break_with: Break = lambda _, response: response
        self.held: dict[str, Post] = {}
        self.batches: list[Batch] = []
        self._gate = HostGate(folder / "hosts.sqlite", clock, spacing=1.0)
        self._clients: list[PoliteClient] = []

    def open(self) -> Harvester:
        client = PoliteClient(
            user_agent="valuetalk-tests/0 (+https://example.org)",
            gate=self._gate,
            clock=self.clock,
            limits=Limits(tries=3),
            transport=httpx.MockTransport(self._handle),
        )
        self._clients.append(client)
        return open_harvester(self.site.spec, client=client, keys=self.keys, clock=self.clock)

    def close(self) -> None:
        for client in self._clients:
            client.close()
        self._gate.close()

    def _handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/robots.txt":
            return self.robots
        self.requests.append(request.url.raw_path.decode())
        answer = self.break_with(request, self.site.answer(request))
        if isinstance(answer, Exception):
            raise answer
        return answer

    def harvest(self) -> HarvestError | None:
        """Read what is new, keep it, and return what stopped the reading."""
        try:
            for batch in self.open().harvest(self.site.community, since=None, known=self.known()):
                self.batches.append(batch)
                self.held.update((post.native_id, post) for post in batch.posts)
        except HarvestError as error:
            return error
        return None

    def known(self) -> Known:
        """Return what the loader would write of the past."""
        threads: dict[str, KnownThread] = {}
        for post in sorted(self.held.values(), key=lambda post: post.created_at):
            before = threads.get(post.native_thread_id)
            threads[post.native_thread_id] = KnownThread(
                last_native_id=post.native_id,
                last_post_at=post.created_at,
                n_posts=1 + (before.n_posts if before else 0),
            )
        cursor: Any = {}
        validators: dict[str, Any] = {}
        expected: dict[str, int] = {}
        for batch in self.batches:
            cursor = cursor if batch.cursor is None else dict(batch.cursor)
            validators.update(batch.validators)
            expected |= {
                thread.native_thread_id: thread.expected
                for thread in batch.threads
                if thread.expected is not None
            }
        known = {
            name: KnownThread(
                last_native_id=thread.last_native_id,
                last_post_at=thread.last_post_at,
                n_posts=thread.n_posts,
                expected=expected.get(name),
            )
            for name, thread in threads.items()
        }
        return Known(cursor=cursor, threads=known, validators=validators)

    def recheck(self, *posts: Post) -> list[Sighting]:
        return list(self.open().recheck([self.ref(post) for post in posts]))

    @staticmethod
    def ref(post: Post) -> PostRef:
        return PostRef(
            source=post.source,
            community=post.community,
            native_id=post.native_id,
            native_thread_id=post.native_thread_id,
            kind=post.kind,
            url=post.url,
            content_hash=post.content_hash,
            created_at=post.created_at,
        )

    def with_word(self, number: int) -> list[Post]:
        """Return the held posts that bear the word of one item."""
        word = f"word{number}."
        return [post for post in self.held.values() if word in post.text]


@pytest.fixture(scope="session")
def keys(tmp_path_factory: pytest.TempPathFactory) -> KeyRing:
    return KeyRing.create(tmp_path_factory.mktemp("keys") / "study.key")


@pytest.fixture(params=sorted(SITES))
def reader(
    request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock, keys: KeyRing
) -> Iterator[Reader]:
    made = Reader(SITES[request.param](clock.now), tmp_path, clock, keys)
    yield made
    made.close()
