"""What the tests of forums share: an invented board that is read through the polite client."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from harvesters.base import SourceSpec
from harvesters.html_forum.profile import load_profile
from tests.harvesters.forum.invented_board import SITE, InventedBoard
from warehouse.records import Batch, Community, Known, KnownThread


class Nights:
    """Harvests a board night after night, with what the loader would know in between."""

    def __init__(self, site: Any, board: InventedBoard) -> None:
        self.site = site
        self.board = board
        self.community = Community(source="board", community=board.community, name="Talk")
        self.spec = SourceSpec(
            source="board",
            platform="forum",
            url=SITE,
            communities=(self.community,),
            options={
                "profile": board.style,
                "timezone": "Europe/London",
                "confirmed": load_profile(board.style).digest,
            },
        )
        self.read: list[Batch] = []

    def open(self, answer: Any = None) -> Any:
        return self.site.open(self.spec, answer or self.board)

    def known(self) -> Known:
        """Return what the loader would know: of a post read twice, the later reading."""
        threads: dict[str, KnownThread] = {}
        seen: set[str] = set()
        cursor: Any = {}
        for batch in self.read:
            cursor = cursor if batch.cursor is None else dict(batch.cursor)
            for post in batch.posts:
                held = threads.get(post.native_thread_id)
                newer = held is None or post.created_at >= held.last_post_at
                threads[post.native_thread_id] = KnownThread(
                    last_native_id=post.native_id if newer or held is None else held.last_native_id,
                    last_post_at=post.created_at if newer or held is None else held.last_post_at,
                    n_posts=(held.n_posts if held else 0) + (post.native_id not in seen),
                    expected=held.expected if held else None,
                )
                seen.add(post.native_id)
            for count in batch.threads:
                held = threads.get(count.native_thread_id)
                if held is not None and count.expected is not None:
                    threads[count.native_thread_id] = replace(held, expected=count.expected)
        return Known(cursor=cursor, threads=threads)

    def night(self, answer: Any = None, *, since: datetime | None = None) -> list[Batch]:
        """Harvest once; what was read before a failure counts as loaded."""
        self.site.clock.advance_to(max(self.site.clock.now(), self.board.clock))
        self.site.requests.clear()
        known = self.known()
        batches: list[Batch] = []
        harvester = self.open(answer)
        try:
            for batch in harvester.harvest(self.community, since=since, known=known):
                batches.append(batch)
                self.read.append(batch)
        finally:
            self.last = batches
        return batches

    @property
    def ids(self) -> list[str]:
        return [post.native_id for batch in self.last for post in batch.posts]

    @property
    def all_ids(self) -> set[str]:
        return {post.native_id for batch in self.read for post in batch.posts}


@pytest.fixture(params=["xenforo2", pytest.param("phpbb3", marks=pytest.mark.slow)])
def board(request: pytest.FixtureRequest) -> InventedBoard:
    return InventedBoard(request.param)


@pytest.fixture
def nights(site: Any, board: InventedBoard) -> Nights:
    return Nights(site, board)


@pytest.fixture
def nights_of(site: Any) -> Callable[[InventedBoard], Nights]:
    return lambda board: Nights(site, board)
