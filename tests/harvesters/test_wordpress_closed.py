"""The simulated blog with its REST API closed, compared with what the API showed of it."""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import ParseError, SourceSpec
from harvesters.simulation.answers import Question
from harvesters.simulation.wordpress_site import WordPressSite
from harvesters.simulation.world import World, build_world
from warehouse.records import Batch, Community, Known, Post, VirtualClock

BASE = "https://voices.example"
NIGHT = datetime(2025, 3, 20, 2, tzinfo=UTC)


@pytest.fixture(scope="module")
def world() -> World:
    return build_world(seed=11, start=date(2025, 3, 3), nights=30, scale=0.5)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NIGHT)


class Blog:
    """The simulated blog, answering the tests' client at their clock's time."""

    def __init__(self, world: World, site: Any) -> None:
        (self.source,) = (s for s in world.sources if s.platform == "wordpress")
        self.shown = WordPressSite(world, self.source, base=BASE)
        self._site = site
        self.spec = SourceSpec(source="voices", platform="wordpress", url=BASE)
        self.community = Community(source="voices", community="blog", name="Voices")

    def __call__(self, request: httpx.Request) -> httpx.Response:
        target = request.url.raw_path.decode()
        answer = self.shown.answer(Question.read(target, now=self._site.clock.now()))
        headers = {"Content-Type": answer.content_type, **dict(answer.headers)}
        return httpx.Response(answer.status, content=answer.body, headers=headers)

    def harvest(self, known: Known = Known(), since: Any = None) -> list[Batch]:  # noqa: B008
        harvester = self._site.open(self.spec, self)
        return list(harvester.harvest(self.community, since=since, known=known))

    def recheck(self, refs: Any) -> dict[str, tuple[str, str | None]]:
        sightings = self._site.open(self.spec, self).recheck(refs)
        return {s.native_id: (s.outcome, s.reason) for s in sightings}


@pytest.fixture
def blog(world: World, site: Any) -> Blog:
    return Blog(world, site)


def posts(batches: list[Batch]) -> dict[str, Post]:
    return {post.native_id: post for batch in batches for post in batch.posts}


def known_with_counts(known_after: Any, batches: list[Batch]) -> Known:
    """Return what the loader knows, with the newest post and the count of every thread."""
    known = known_after(batches)
    expected = {t.native_thread_id: t.expected for b in batches for t in b.threads}
    held: dict[str, list[Post]] = {}
    for post in posts(batches).values():
        held.setdefault(post.native_thread_id, []).append(post)
    threads = {}
    for name, thread in known.threads.items():
        last = max(held[name], key=lambda p: (p.created_at, int(p.native_id.partition(":")[2])))
        threads[name] = replace(
            thread,
            last_native_id=last.native_id,
            last_post_at=last.created_at,
            n_posts=len(held[name]),
            expected=expected.get(name),
        )
    return replace(known, threads=threads)


SAME: dict[str, Callable[[Post], Any]] = {
    "thread": lambda post: post.native_thread_id,
    "kind": lambda post: post.kind,
    "written": lambda post: post.created_at,
    "title": lambda post: post.title,
    "text": lambda post: post.text,
    "own text": lambda post: post.own_text,
    "content": lambda post: post.content_hash,
    "link": lambda post: post.url,
}


def test_feeds_and_pages_show_post_for_post_what_the_api_showed(blog: Blog) -> None:
    by_api = posts(blog.harvest())
    blog.shown.shows_api = False
    batches = blog.harvest()
    by_feeds = posts(batches)

    assert len(by_api) > 60
    assert by_feeds.keys() == by_api.keys()
    for what, read in SAME.items():
        different = [n for n in by_api if read(by_api[n]) != read(by_feeds[n])]
        assert not different, (what, len(different))
    shown = {**dict.fromkeys(by_api), **{post.native_thread_id: None for post in by_api.values()}}
    for name, post in by_api.items():  # a page shows what answers a deleted comment by itself
        parent = post.native_parent_id if post.native_parent_id in shown else None
        assert by_feeds[name].native_parent_id in {parent, post.native_thread_id, None}
        assert parent is None or by_feeds[name].native_parent_id == parent
    comments = [n for n in by_api if n.startswith("comment:")]
    assert all(by_feeds[n].author_key == by_api[n].author_key for n in comments)
    assert all(batch.complete for batch in batches)
    counts = [t for batch in batches for t in batch.threads]
    assert counts
    assert all(count.expected == count.fetched for count in counts)


def test_the_next_night_costs_two_feeds_and_finds_what_is_new(
    blog: Blog, site: Any, known_after: Any
) -> None:
    blog.shown.shows_api = False
    known = known_with_counts(known_after, blog.harvest())
    site.requests.clear()
    quiet = blog.harvest(known)
    assert len(site.requests) == 2
    assert all(batch.complete for batch in quiet)

    site.clock.advance_to(NIGHT + timedelta(days=2))
    later = blog.harvest(known)
    blog.shown.shows_api = True
    expected = posts(blog.harvest())
    new = expected.keys() - {name for name in expected if expected[name].created_at < NIGHT}
    assert new
    assert new <= posts(later).keys()


def test_a_closed_api_is_asked_again_every_seventh_night_and_opening_it_copies_nothing(
    blog: Blog, site: Any, known_after: Any
) -> None:
    blog.shown.shows_api = False
    held = blog.harvest()
    asked = []
    for _ in range(7):
        site.requests.clear()
        held += blog.harvest(known_with_counts(known_after, held))
        asked.append(any("/wp-json/" in address for address in site.asked))
    assert asked == [False] * 6 + [True]

    before = posts(held)
    blog.shown.shows_api = True
    for _ in range(7):
        site.requests.clear()
        held += blog.harvest(known_with_counts(known_after, held))
    assert any("/wp-json/" in address for address in site.asked)
    assert "closed_nights" not in (held[-1].cursor or {})
    after = posts(held)
    assert after.keys() == before.keys()
    assert all(after[n].content_hash == before[n].content_hash for n in before)


def test_pages_tell_what_is_gone_where_the_api_is_closed(
    blog: Blog, site: Any, ref_of: Any
) -> None:
    read = posts(blog.harvest())
    site.clock.advance_to(NIGHT + timedelta(days=12))
    by_api = blog.recheck([ref_of(post) for post in read.values()])
    blog.shown.shows_api = False
    by_pages = blog.recheck([ref_of(post) for post in read.values()])

    gone = {name for name, (outcome, _) in by_api.items() if outcome == "gone"}
    assert gone
    # comments of an entry that is gone stand in the API for a while, and on no page
    of_gone_entries = {n for n in read if read[n].native_thread_id in gone}
    assert gone <= {n for n, (outcome, _) in by_pages.items() if outcome == "gone"}
    assert {n for n, seen in by_pages.items() if seen[0] == "gone"} <= gone | of_gone_entries
    assert {outcome for outcome, _ in by_pages.values()} == {"present", "gone"}


@pytest.mark.parametrize(
    "refusal",
    [
        httpx.Response(401, json={"code": "rest_not_logged_in"}),
        httpx.Response(403, json={"code": "rest_forbidden"}),
        httpx.Response(404, json={"code": "rest_no_route"}),
        httpx.Response(404, text="<!DOCTYPE html><title>Not found</title>"),
        httpx.Response(200, text="<!DOCTYPE html><title>Voices</title>"),
    ],
    ids=["401", "403", "no route", "no page", "a page"],
)
def test_every_way_of_closing_the_api_leads_to_the_feeds(
    blog: Blog, site: Any, refusal: httpx.Response
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path.startswith("/wp-json"):
            return httpx.Response(refusal.status_code, content=refusal.content)
        return blog(request)

    harvester = site.open(blog.spec, answer)
    batches = list(
        harvester.harvest(blog.community, since=NIGHT - timedelta(days=2), known=Known())
    )

    assert posts(batches)
    asked_twice = refusal.status_code == 200  # a page may be a passing failure
    assert sum("/wp-json" in address for address in site.asked) == 1 + asked_twice


def test_a_passing_page_in_the_place_of_an_answer_closes_nothing(
    blog: Blog, site: Any, known_after: Any
) -> None:
    page = httpx.Response(200, text="<!DOCTYPE html><title>Checking your browser</title>")
    first = list(site.open(blog.spec, blog).harvest(blog.community, since=None, known=Known()))

    def interrupted(request: httpx.Request) -> httpx.Response:
        closed = request.url.path.startswith("/wp-json")
        return httpx.Response(200, content=page.content) if closed else blog(request)

    site.requests.clear()
    harvester = site.open(blog.spec, interrupted)
    with pytest.raises(ParseError, match="the next harvest asks again"):
        list(harvester.harvest(blog.community, since=None, known=known_after(first)))
    assert not any("feed" in address for address in site.asked)
