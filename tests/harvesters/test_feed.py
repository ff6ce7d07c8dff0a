"""The feed harvester against an invented news site, and feeds that break the rules."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, Gone, HarvestError, ParseError, SourceSpec
from harvesters.feed import parse_feed
from harvesters.posts import ReadContext
from warehouse.records import Batch, Community, Gap, Known

SPEC = SourceSpec(source="news", platform="feed", url="https://news.example")
FEED = Community(source="news", community="/feed.xml", name="News")
START = datetime(2025, 11, 1, 10, 0, tzinfo=UTC)


def item(native_id: int, text: str | None = None, *, date: bool = True) -> str:
    written = START + timedelta(days=native_id)
    dated = f"<pubDate>{written:%a, %d %b %Y %H:%M:%S} +0000</pubDate>" if date else ""
    return (
        f"<item><title>Item {native_id}</title><link>https://news.example/items/{native_id}</link>"
        f'<guid isPermaLink="false">n-{native_id}</guid><author>press{native_id}@news.example'
        f"</author>{dated}<description>&lt;p&gt;{text or f'What value means, {native_id}.'}"
        "&lt;/p&gt;</description></item>"
    )


def rss(items: Sequence[str]) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>News</title>'
        f"{''.join(items)}</channel></rss>"
    ).encode()


class News:
    """Shows the newest `window` items in its feed, each item at its own address."""

    def __init__(self, ids: Sequence[int], *, window: int = 5) -> None:
        self.items = {native_id: item(native_id) for native_id in ids}
        self.window = window
        self.etag = '"1"'

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/feed.xml":
            if request.headers.get("If-None-Match") == self.etag:
                return httpx.Response(304)
            shown = sorted(self.items, reverse=True)[: self.window]
            body = rss([self.items[native_id] for native_id in shown])
            return httpx.Response(200, content=body, headers={"ETag": self.etag})
        native_id = int(request.url.path.rpartition("/")[2])
        found = native_id in self.items
        return httpx.Response(200, content=b"<p>An item</p>") if found else httpx.Response(410)


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="news",
        platform="feed",
        host="news.example",
        community="/feed.xml",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=keys,
    )


def harvest(
    site: Any,
    answer: Any,
    known: Known = Known(),  # noqa: B008
    since: datetime | None = None,
) -> Batch:
    (batch,) = site.open(SPEC, answer).harvest(FEED, since=since, known=known)
    return batch


def ids(batch: Batch) -> list[str]:
    return [read.native_id for read in batch.posts]


def test_an_atom_feed_is_read_with_its_times_links_and_texts(
    context: ReadContext, recording: Any
) -> None:
    second, first = parse_feed(recording("feed/news.atom"), context)

    assert second.native_id == second.native_thread_id == "tag:news.example,2025:2"
    assert second.created_at == datetime(2025, 11, 2, 21, 30, tzinfo=UTC)
    assert second.edited_at == datetime(2025, 11, 3, 10, tzinfo=UTC)
    assert second.url == "https://news.example/news/2"
    assert second.title == "Value & voice"
    assert second.text == "People decide together. 共同生产\nQuoted elsewhere."
    assert second.own_text == "Value & voice\nPeople decide together. 共同生产"
    assert second.author_key == context.keys.author_key("feed", "news.example", "Ida Invented")
    assert first.text == "Short, and 3 < 4."
    assert (first.created_at, first.edited_at) == (datetime(2025, 11, 1, 8, tzinfo=UTC), None)
    assert first.author_key is None


def test_a_recorded_wordpress_feed_is_read_in_full_and_not_by_its_excerpts(
    context: ReadContext, recording: Any
) -> None:
    posts = parse_feed(recording("feed/wordpress_feed.xml"), context)

    assert len(posts) == 10
    assert posts[0].text == "Entry 12 on what value means to us.\nSecond paragraph."
    assert posts[0].created_at == datetime(2026, 3, 12, 10, tzinfo=UTC)
    assert posts[0].edited_at is None


def test_a_feed_that_says_it_has_not_changed_costs_one_request_and_yields_nothing(
    site: Any, known_after: Any
) -> None:
    news = News(range(5))
    known = known_after([harvest(site, news)])
    site.requests.clear()

    again = harvest(site, news, known)

    assert len(site.requests) == 1
    assert (again.posts, again.cursor, again.complete) == ((), None, True)
    assert again.validators["https://news.example/feed.xml"].trusted == 1


def test_an_unchanged_body_is_told_without_validators_too(site: Any, known_after: Any) -> None:
    news = News(range(5))
    known = replace(known_after([harvest(site, news)]), validators={})

    assert harvest(site, news, known).posts == ()
    news.items[2] = item(2, "Other words.")
    changed = harvest(site, news, known)
    assert [p.text for p in changed.posts if p.native_id == "n-2"] == ["Other words."]


def test_items_that_aged_out_unseen_leave_a_gap(site: Any, known_after: Any) -> None:
    news = News(range(5))
    known = known_after([harvest(site, news)])
    news.items.update({native_id: item(native_id) for native_id in range(5, 12)})
    news.etag = '"2"'

    batch = harvest(site, news, known)

    assert ids(batch) == [f"n-{native_id}" for native_id in (11, 10, 9, 8, 7)]
    (gap,) = batch.gaps
    assert isinstance(gap, Gap)
    assert (gap.since, gap.until) == (START + timedelta(days=4), START + timedelta(days=7))
    assert not batch.complete

    news.items[12] = item(12)
    news.etag = '"3"'
    assert harvest(site, news, known_after([batch])).gaps == ()


def test_items_without_a_date_are_counted_and_those_before_the_bound_left_out(site: Any) -> None:
    feed = rss([item(4), item(3, date=False), item(2), item(1)])

    batch = harvest(
        site, lambda _: httpx.Response(200, content=feed), since=START + timedelta(days=2)
    )

    assert ids(batch) == ["n-4", "n-2"]
    assert batch.drops == {"no_date": 1}
    assert (batch.expected, batch.fetched, batch.complete) == (3, 2, True)


def test_an_item_from_the_future_does_not_hide_later_gaps(site: Any) -> None:
    feed = rss([item(5000), item(1)])

    batch = harvest(site, lambda _: httpx.Response(200, content=feed))

    assert batch.cursor is not None
    assert batch.cursor["newest"] == site.clock.now().isoformat()


def test_a_feed_that_breaks_off_loses_its_cut_item_only_and_is_not_complete(site: Any) -> None:
    whole = rss([item(4), item(3), item(2)])
    cut = whole[: whole.index(b"What value means, 2.") + 9]

    batch = harvest(site, lambda _: httpx.Response(200, content=cut))

    assert ids(batch) == ["n-4", "n-3"]
    assert not batch.complete


def test_a_feed_with_careless_xml_is_read_whole(site: Any) -> None:
    careless = rss([item(4), item(3).replace("Item 3", "Us & them")])

    batch = harvest(site, lambda _: httpx.Response(200, content=careless))

    assert ids(batch) == ["n-4", "n-3"]
    assert batch.complete


def test_an_id_that_comes_twice_is_one_item_and_items_without_guid_go_by_their_link(
    site: Any,
) -> None:
    bare = item(1).replace('<guid isPermaLink="false">n-1</guid>', "")
    batch = harvest(
        site, lambda _: httpx.Response(200, content=rss([item(2), item(2, "Again."), bare]))
    )

    assert ids(batch)[0] == "n-2"
    assert len(batch.posts) == 2
    assert batch.posts[1].native_id == sha256(b"https://news.example/items/1").hexdigest()
    assert batch.posts[0].text == "What value means, 2."


@pytest.mark.parametrize(
    "content",
    [b"<html><body>Log in</body></html>", b'{"items": []}', b"", b"/etc/passwd", b"\x00\xff\xfe"],
)
def test_what_is_no_feed_is_refused(site: Any, content: bytes) -> None:
    with pytest.raises(ParseError, match="neither RSS nor Atom"):
        harvest(site, lambda _: httpx.Response(200, content=content))


def test_entities_in_a_feed_reach_no_file_and_do_not_explode(context: ReadContext) -> None:
    head = '<?xml version="1.0"?><!DOCTYPE r [<!ENTITY f SYSTEM "file:///etc/passwd">%s]>'
    laughs = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' if n else '<!ENTITY l0 "ha">' for n in range(10)
    )
    body = rss([item(1, "&f;"), item(2, "&l9;")]).decode().partition("?>")[2]

    try:
        posts = parse_feed((head % laughs + body).encode(), context)
    except ParseError:
        posts = []

    assert all("root:" not in post.text and len(post.text) < 1000 for post in posts)


def test_a_feed_that_is_gone_or_closed_says_so(site: Any) -> None:
    for status, error in ((404, Gone), (403, Blocked)):
        with pytest.raises(error):
            harvest(site, lambda _, s=status: httpx.Response(s))


@pytest.mark.parametrize(
    ("community", "options", "address"),
    [
        ("/feed.xml", {}, "https://news.example/feed.xml"),
        ("https://other.example/rss", {}, "https://other.example/rss"),
        ("main", {"feed": "/atom.xml"}, "https://news.example/atom.xml"),
        ("main", {}, "https://news.example"),
    ],
)
def test_a_community_is_a_feeds_address_or_stands_for_the_sources_own(
    site: Any, community: str, options: dict[str, Any], address: str
) -> None:
    spec = replace(SPEC, options=options)
    harvester = site.open(spec, lambda _: httpx.Response(200, content=rss([item(1)])))
    place = Community(source="news", community=community, name="n")

    list(harvester.harvest(place, since=None, known=Known()))

    assert str(site.requests[0].url) == address


def test_a_recheck_compares_what_the_feed_shows_and_looks_at_the_pages_of_the_rest(
    site: Any, ref_of: Any
) -> None:
    news = News(range(8), window=8)
    refs = [ref_of(read) for read in harvest(site, news).posts]
    refs.append(replace(refs[0], native_id="n-99", url=None))
    news.window = 4
    news.items[7] = item(7, "Other words.")
    del news.items[1]
    site.requests.clear()

    seen = {s.native_id: (s.outcome, s.reason) for s in site.open(SPEC, news).recheck(refs)}

    assert seen == {
        "n-7": ("edited", None),
        "n-6": ("present", None),
        "n-5": ("present", None),
        "n-4": ("present", None),
        "n-3": ("present", None),
        "n-2": ("present", None),
        "n-1": ("gone", "not_found"),
        "n-0": ("present", None),
        "n-99": ("unknown", "error"),
    }
    assert len(site.requests) == 1 + 4


def test_a_page_that_leads_to_the_front_page_or_a_login_leaves_its_item_unknown(
    site: Any, ref_of: Any
) -> None:
    refs = [ref_of(read) for read in harvest(site, News(range(5))).posts]

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/feed.xml":
            return httpx.Response(200, content=rss([]))
        if request.url.path == "/":
            return httpx.Response(200, content=b"<p>Welcome</p>")
        places = {"/items/0": "/", "/items/1": "/login", "/items/2": "/login"}
        if request.url.path in places:
            return httpx.Response(302, headers={"Location": places[request.url.path]})
        return httpx.Response(403 if request.url.path == "/items/3" else 200, content=b"x")

    seen = {s.native_id: (s.outcome, s.reason) for s in site.open(SPEC, answer).recheck(refs)}

    assert seen == {
        "n-0": ("unknown", "error"),
        "n-1": ("unknown", "blocked"),
        "n-2": ("unknown", "blocked"),
        "n-3": ("unknown", "login_required"),
        "n-4": ("present", None),
    }


def test_a_site_that_blocks_page_after_page_is_left_alone(site: Any, ref_of: Any) -> None:
    refs = [ref_of(read) for read in harvest(site, News(range(5))).posts]
    site.requests.clear()
    challenge = httpx.Response(403, headers={"cf-mitigated": "challenge"})
    seen: list[Any] = []

    def answer(request: httpx.Request) -> httpx.Response:
        is_feed = request.url.path == "/feed.xml"
        return httpx.Response(200, content=rss([])) if is_feed else challenge

    with pytest.raises(Blocked):
        seen.extend(site.open(SPEC, answer).recheck(refs))

    assert [(s.outcome, s.reason) for s in seen] == [("unknown", "blocked")] * 5
    assert len(site.requests) == 1 + 3


def test_no_failure_of_the_host_makes_an_item_gone(site: Any, ref_of: Any) -> None:
    refs = [ref_of(read) for read in harvest(site, News(range(3))).posts]
    seen: list[Any] = []

    with pytest.raises(HarvestError):
        seen.extend(site.open(SPEC, lambda _: httpx.Response(503)).recheck(refs))

    assert [s.outcome for s in seen] == ["unknown"] * 3
