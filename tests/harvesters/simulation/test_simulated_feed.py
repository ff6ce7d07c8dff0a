"""The news site answers as a feed does: a window, validators, pages that go."""

from datetime import UTC, datetime, timedelta

import feedparser
import pytest

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.catalogue import FEED, SOURCE_BY_NAME
from harvesters.simulation.feed_site import FEED_PATH, FeedSite
from harvesters.simulation.world import World


@pytest.fixture(scope="module")
def site(world: World) -> FeedSite:
    return FeedSite(world, SOURCE_BY_NAME[FEED], base="http://127.0.0.1:1")


def ask(site: FeedSite, path: str, now: datetime, **headers: str) -> Answer:
    named = {name.replace("_", "-").title(): value for name, value in headers.items()}
    return site.answer(Question.read(path, now=now, headers=named))


def test_the_feed_shows_the_newest_forty_items(
    site: FeedSite, world: World, midwinter: datetime
) -> None:
    parsed = feedparser.parse(ask(site, FEED_PATH, midwinter).body)
    assert parsed.version == "rss20"
    assert not parsed.bozo
    newest = world.visible(FEED, midwinter)[-40:][::-1]
    assert [entry.id for entry in parsed.entries] == [post.native_id for post in newest]
    for entry, post in zip(parsed.entries, newest, strict=True):
        said = post.versions[post.version_at(midwinter)]
        assert (entry.title, entry.author) == (said.title, post.handle)
        assert datetime(*entry.published_parsed[:6], tzinfo=UTC) == post.created_at
        assert said.html.split("</p>")[0] in entry.summary


def test_validators_answer_304_until_something_changes(site: FeedSite, world: World) -> None:
    posts = world.of_source(FEED)
    calm, nxt = posts[100].created_at, posts[101].created_at
    first = ask(site, FEED_PATH, calm)
    headers = dict(first.headers)
    again = ask(site, FEED_PATH, calm, if_none_match=headers["ETag"])
    assert (again.status, again.body) == (304, b"")
    by_time = ask(site, FEED_PATH, calm, if_modified_since=headers["Last-Modified"])
    assert by_time.status == 304
    changed = ask(site, FEED_PATH, nxt, if_none_match=headers["ETag"])
    assert changed.status == 200
    assert dict(changed.headers)["ETag"] != headers["ETag"]


def test_an_edit_and_a_deletion_change_the_feed(site: FeedSite, world: World) -> None:
    edited = next(
        p
        for p in world.of_source(FEED)
        if len(p.versions) > 1
        and p.versions[1].at - p.created_at < timedelta(hours=6)
        and p.versions[0].raw != p.versions[1].raw
        and not p.deleted_at
    )
    at = edited.versions[1].at
    before, after = (ask(site, FEED_PATH, m) for m in (at - timedelta(milliseconds=1), at))
    assert dict(before.headers)["ETag"] != dict(after.headers)["ETag"]
    deleted = next(
        p
        for p in world.of_source(FEED)
        if p.deleted_at and p.deleted_at - p.created_at < timedelta(hours=5)
    )
    assert deleted.deleted_at is not None
    earlier = ask(site, FEED_PATH, deleted.deleted_at - timedelta(seconds=1)).body
    assert deleted.native_id.encode() in earlier
    assert deleted.native_id.encode() not in ask(site, FEED_PATH, deleted.deleted_at).body


def test_pages_of_items_go_when_the_items_go(site: FeedSite, world: World) -> None:
    deleted = [p for p in world.of_source(FEED) if p.deleted_at][:12]
    statuses = set()
    for post in deleted:
        assert post.deleted_at is not None
        parsed = feedparser.parse(ask(site, FEED_PATH, post.created_at).body)
        path = parsed.entries[0].link.removeprefix("http://127.0.0.1:1")
        assert ask(site, path, post.created_at).status == 200
        assert ask(site, path, post.created_at - timedelta(seconds=1)).status == 404
        statuses.add(ask(site, path, post.deleted_at).status)
    assert statuses == {404, 410}
    assert ask(site, "/news/2026/01/05/nothing-1/", deleted[0].created_at).status == 404


def test_robots_leave_the_feed_open(site: FeedSite, midwinter: datetime) -> None:
    assert b"Disallow: /search" in ask(site, "/robots.txt", midwinter).body
