"""Nights on simulated boards of every software, through the polite client: nothing is missed."""

from dataclasses import replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import pytest

from harvesters.base import SourceSpec
from harvesters.html_forum.profile import load_profile
from harvesters.simulation.forums.build import build_board
from harvesters.simulation.forums.model import Board
from harvesters.simulation.forums.serving import answer_requests
from harvesters.simulation.forums.site import SOFTWARES, ForumSite, TruePost
from tests.harvesters.forum.conftest import Nights
from tests.harvesters.forum.simulated_reading import options_of
from warehouse.records import Community, Post

FAST = {"flaskbb"}  # the nights of an invented board are of xenforo2
every_software = pytest.mark.parametrize(
    "software",
    [
        pytest.param(name, marks=() if name in FAST else pytest.mark.slow)
        for name in sorted(SOFTWARES)
    ],
)
WEEK = timedelta(days=7)


@cache
def lively_board(ends_at: datetime) -> Board:
    return build_board(seed=11, ends_at=ends_at, threads=40, longest=60)


class SimulatedNights(Nights):
    """Harvests the main forum of a simulated board."""

    def __init__(self, site: Any, software: str) -> None:
        self.starts_at = site.clock.now()
        self.simulated = ForumSite(
            lively_board(self.starts_at + 2 * WEEK), software=software, base="http://forum.example"
        )
        self.forum = self.simulated.board.forums[0]
        path = self.simulated.software.forum_address(self.forum).lstrip("/")
        self.site = site
        self.board = self  # type: ignore[assignment]
        self.clock = self.starts_at
        self.community = Community(source="board", community=path, name=self.forum.title)
        self.spec = SourceSpec(
            source="board",
            platform="forum",
            url=self.simulated.base,
            communities=(self.community,),
            options={
                "profile": software,
                "confirmed": load_profile(software).digest,
                **options_of(software, "default"),
            },
        )
        self.read = []

    def open(self, answer: Any = None) -> Any:
        return self.site.open(
            self.spec, answer or answer_requests(self.simulated, clock=self.site.clock)
        )

    def truth(self) -> list[TruePost]:
        return self.simulated.truth(self.site.clock.now(), forum=self.forum.number)

    def posts(self) -> dict[str, Post]:
        return {post.native_id: post for batch in self.read for post in batch.posts}

    def restored_since(self, moment: datetime) -> set[str]:
        """Return the posts that came back within old pages, which only a recheck can see."""
        return {
            self.simulated.software.post_id(post)
            for thread in self.simulated.board.threads
            for post in thread.posts
            if post.restored_at is not None and post.restored_at >= moment
        }


@every_software
def test_two_nights_read_every_post_of_a_board(site: Any, software: str) -> None:
    nights = SimulatedNights(site, software)
    expected = nights.truth()
    nights.night()
    first = nights.posts()

    assert {each.post_id for each in expected} <= set(first)
    for each in expected:
        post = first[each.post_id]
        assert post.native_thread_id == each.thread_id
        assert (post.author_key is None) == (each.author is None)
        assert (post.kind == "post") == (each.position == 0) or each.position > 0
        assert abs(post.created_at - each.created_at) < timedelta(minutes=1)
    between = site.clock.now()

    site.clock.advance_to(nights.starts_at + WEEK)
    expected = nights.truth()
    nights.night()

    missing = {each.post_id for each in expected} - set(nights.posts())
    assert missing <= nights.restored_since(between - WEEK)
    assert len(site.requests) < 40


@every_software
def test_a_second_night_at_once_costs_a_handful_of_requests(site: Any, software: str) -> None:
    nights = SimulatedNights(site, software)
    nights.night()
    nights.night()

    assert len(site.requests) <= 5
    assert nights.ids == []


@every_software
def test_a_recheck_tells_what_was_deleted_edited_and_left_alone(
    site: Any, software: str, ref_of: Any
) -> None:
    nights = SimulatedNights(site, software)
    nights.night()
    held = nights.posts()
    site.clock.advance_to(nights.starts_at + timedelta(days=11))  # two threads are deleted by then
    there = {each.post_id: each for each in nights.simulated.truth(site.clock.now())}
    wanted = lively_refs(nights, held, ref_of)

    seen = {s.native_id: s for s in nights.open().recheck(wanted)}

    assert len(seen) == len(wanted) > 40
    wrong = {
        name: (s.outcome, s.reason)
        for name, s in seen.items()
        if (s.outcome in {"present", "edited"}) != (name in there) and s.outcome != "unknown"
    }
    assert wrong == {}
    outcomes = [s.outcome for s in seen.values()]
    assert outcomes.count("unknown") <= UNKNOWN_ALLOWED.get(software, 0)
    assert "gone" in outcomes or software in UNKNOWN_ALLOWED
    assert "edited" in outcomes
    unedited = {
        name
        for name, s in seen.items()
        if s.outcome == "edited" and not edited_since(nights, name, nights.starts_at)
    }
    assert unedited == set()


# a topic that is gone and one that guests may not see answer alike, so its posts stay unknown
UNKNOWN_ALLOWED = {"smf2": 12}


def lively_refs(nights: SimulatedNights, held: dict[str, Post], ref_of: Any) -> list[Any]:
    """Return the posts of the threads that changed lately, as the loader would list them."""
    threads = {
        post.native_thread_id
        for post in held.values()
        if post.created_at >= nights.starts_at - 3 * WEEK
    }
    return [
        replace(ref_of(post), kind=post.kind)
        for post in held.values()
        if post.native_thread_id in threads
    ]


def edited_since(nights: SimulatedNights, native_id: str, moment: datetime) -> bool:
    software = nights.simulated.software
    return any(
        version.at >= moment - timedelta(hours=1)
        for thread in nights.simulated.board.threads
        for post in thread.posts
        if software.post_id(post) == native_id
        for version in post.versions[1:]
    )
