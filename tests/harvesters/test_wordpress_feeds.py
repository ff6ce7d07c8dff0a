"""Feeds and pages of a WordPress: recordings, feeds that cut, and what no WordPress would send."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.base import HarvestError, ParseError
from harvesters.posts import ReadContext
from harvesters.reading import Dropped
from harvesters.wordpress.feed import build_feed_comment, feed_items, parse_feed_posts
from harvesters.wordpress.page import read_page
from tests.harvesters.invented_blog import BLOG, SPEC, Blog, comment, post
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch, Known

CONTEXT = ReadContext(
    source="diary",
    platform="wordpress",
    host="blog.example.org",
    community="blog",
    fetched_at=datetime(2026, 11, 23, tzinfo=UTC),
    keys=KeyRing(study="s", author=(b"1" * 32,), content=b"2" * 32, erasure=b"3" * 32),
)
WRITTEN = datetime(2025, 9, 1, 10, 0, tzinfo=UTC)


def entry(number: int, *, cut: bool = False, guid: str | None = None, n: int = 0) -> str:
    date = f"{WRITTEN + timedelta(days=number):%a, %d %b %Y %H:%M:%S} +0000"
    text = f"<p>What value means, part {number}.</p>\n"
    whole = "" if cut else f"<content:encoded><![CDATA[{text}]]></content:encoded>"
    return (
        f"<item><title>Entry {number}</title><link>{SPEC.url}/entry-{number}/</link>"
        f"<dc:creator>Wren</dc:creator><pubDate>{date}</pubDate>"
        f"<guid>{guid or f'{SPEC.url}/?p={number}'}</guid>"
        f"<description><![CDATA[What value means [&hellip;]]]></description>{whole}"
        f"<slash:comments>{n}</slash:comments></item>"
    )


def remark(number: int, *, on: int) -> str:
    date = f"{WRITTEN + timedelta(days=30, hours=number):%a, %d %b %Y %H:%M:%S} +0000"
    place = f"{SPEC.url}/entry-{on}/#comment-{number}"
    return (
        f"<item><title>By: finch</title><link>{place}</link><dc:creator>finch</dc:creator>"
        f"<pubDate>{date}</pubDate><guid>{place}</guid><description>A thought</description>"
        f"<content:encoded><![CDATA[<p>A thought, number {number}.</p>\n]]></content:encoded>"
        "</item>"
    )


def rss(*items: str) -> bytes:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"'
        ' xmlns:content="http://purl.org/rss/1.0/modules/content/"'
        ' xmlns:dc="http://purl.org/dc/elements/1.1/"'
        ' xmlns:slash="http://purl.org/rss/1.0/modules/slash/">'
        f"<channel><title>Diary</title>{''.join(items)}</channel></rss>"
    ).encode()


def page(number: int, *, comments: str = "") -> str:
    return (
        f"<html><head><link rel='shortlink' href='{SPEC.url}/?p={number}'/></head><body><article>"
        f"<div class='entry-content'><p>What value means, part {number}, and to whom.</p></div>"
        f"</article>{comments}</body></html>"
    )


class ClosedBlog:
    """Answers with RSS alone: paged entries, comments of the site and of each entry, and pages."""

    def __init__(self, entries: list[str], *, paged: bool = True) -> None:
        self.entries = entries  # newest first
        self.paged = paged
        self.comments: list[str] = []
        self.of_entry: dict[str, list[str]] = {}
        self.pages: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, request.url.params
        if path.startswith("/wp-json"):
            return httpx.Response(401, json={"code": "rest_not_logged_in"})
        if path == "/feed/":
            number = int(query.get("paged", "1")) if self.paged else 1
            shown = self.entries[(number - 1) * 10 : number * 10]
            return httpx.Response(200 if shown or number == 1 else 404, content=rss(*shown))
        if path == "/comments/feed/":
            return httpx.Response(200, content=rss(*self.comments))
        if path.endswith("/feed/") and path.removesuffix("feed/") in self.of_entry:
            return httpx.Response(200, content=rss(*self.of_entry[path.removesuffix("feed/")]))
        name = f"/?p={query['p']}" if "p" in query else path
        found = self.pages.get(name)
        return httpx.Response(200, text=found) if found else httpx.Response(404, text="none")


def harvest(site: Any, blog: Any, known: Known = Known(), **options: Any) -> list[Batch]:  # noqa: B008
    spec = replace(SPEC, options=options)
    return list(site.open(spec, blog).harvest(BLOG, since=None, known=known))


def ids(batches: list[Batch]) -> set[str]:
    return {read.native_id for batch in batches for read in batch.posts}


def test_a_recorded_feed_and_page_of_a_real_wordpress_are_read(recording: Any) -> None:
    items, whole = feed_items(recording("wordpress/closed_feed.xml"), what="x")
    assert (len(items), whole) == (10, True)
    assert {item.entry_number for item in items} == {None}  # its guids are addresses
    assert [item.n_comments for item in items if item.n_comments] == [1, 32]
    assert items[0].content == (
        "<p>Entry 12 on what value means to us.</p>\n<p>Second paragraph.</p>\n"
    )

    read = read_page(recording("wordpress/closed_entry_page.html"), url="https://x/", what="x")
    assert (read.number, read.n_pages, len(read.comments)) == (6, 3, 13)
    parents = {c.comment_number: c.parent_number for c in read.comments if c.parent_number}
    assert parents == {10: 9, 11: 10, 15: 10}
    assert "Vi skaber værdi" in (read.text or "")


def test_recorded_comments_bear_their_numbers_and_pingbacks_are_dropped(recording: Any) -> None:
    items, _ = feed_items(recording("wordpress/closed_comments_feed.xml"), what="x")
    assert [item.comment_number for item in items] == list(range(36, 26, -1))
    built = build_feed_comment(CONTEXT, items[1], 6)
    assert (built.native_id, built.native_thread_id) == ("comment:35", "post:6")
    assert built.author_key == CONTEXT.keys.author_key("wordpress", "blog.example.org", "peer34")
    with pytest.raises(Exception, match="pingback"):
        build_feed_comment(CONTEXT, items[0], 4)


def test_entries_with_numbers_and_whole_texts_are_read_from_the_feed_alone() -> None:
    built = parse_feed_posts(rss(entry(1), entry(2, cut=True), entry(3, guid="tag:x")), CONTEXT)
    assert [(p.native_id, p.title, p.text) for p in built] == [
        ("post:1", "Entry 1", "What value means, part 1.")
    ]


def test_an_emoji_that_a_feed_made_a_picture_reads_and_hashes_as_the_sign() -> None:
    picture = (
        '<img src="https://s.w.org/1f9e0.png" alt="🧠" class="wp-smiley" style="height: 1em" />'
    )
    sign, drawn = (
        parse_feed_posts(rss(entry(1).replace("value", shown)), CONTEXT)[0]
        for shown in ("🧠", picture)
    )
    assert drawn.text == sign.text == "What 🧠 means, part 1."
    assert drawn.content_hash == sign.content_hash


def test_where_the_feed_cuts_the_text_comes_from_the_page_once(site: Any, known_after: Any) -> None:
    blog = ClosedBlog([entry(n, cut=True) for n in (3, 2, 1)])
    blog.pages = {f"/entry-{n}/": page(n) for n in (2, 3)}
    blog.pages["/entry-1/"] = "<html><body><article></article></body></html>"

    first = harvest(site, blog)
    assert {p.text for b in first for p in b.posts} == {
        "",
        "What value means, part 2, and to whom.",
        "What value means, part 3, and to whom.",
    }
    site.requests.clear()
    second = harvest(site, blog, known_after(first))
    assert len(site.requests) == 2 + 1  # the comments' feed is asked for as Atom first
    assert ids(second) == set()


def test_numbers_that_only_pages_tell_are_asked_for_once(site: Any, known_after: Any) -> None:
    blog = ClosedBlog([entry(n, guid=f"{SPEC.url}/entry-{n}/") for n in (2, 1)])
    blog.pages = {f"/entry-{n}/": page(70 + n) for n in (1, 2)}

    first = harvest(site, blog)
    assert ids(first) == {"post:71", "post:72"}
    blog.pages.clear()
    assert ids(harvest(site, blog, known_after(first))) == {"post:71", "post:72"}

    blog.entries.insert(0, entry(3, guid=f"{SPEC.url}/entry-3/"))
    blog.pages["/entry-3/"] = "<html><body><article>x</article></body></html>"
    with pytest.raises(ParseError, match="number of an entry"):
        harvest(site, blog, known_after(first))


def test_a_feed_that_shows_its_newest_page_only_leaves_a_gap(site: Any, known_after: Any) -> None:
    blog = ClosedBlog([entry(n) for n in range(10, 0, -1)], paged=False)
    first = harvest(site, blog)
    assert not first[-1].complete
    known = known_after(first)
    assert harvest(site, blog, known)[-1].complete

    blog.entries = [entry(n) for n in range(40, 30, -1)]
    last = harvest(site, blog, known)[-1]
    assert not last.complete
    assert [(gap.since, gap.until) for gap in last.gaps] == [
        (WRITTEN + timedelta(days=10), WRITTEN + timedelta(days=31))
    ]


def test_a_thread_that_shows_fewer_comments_than_its_entry_says_is_cut(site: Any) -> None:
    blog = ClosedBlog([entry(2), entry(1, n=14)])
    blog.of_entry["/entry-1/"] = [remark(n, on=1) for n in range(12, 2, -1)]
    blog.pages["/entry-1/"] = page(1)

    batches = harvest(site, blog)

    (count,) = [count for batch in batches for count in batch.threads]
    assert (count.native_thread_id, count.expected, count.fetched) == ("post:1", 15, 11)
    assert sum(batch.expected or 0 for batch in batches) == 2 + 14
    assert not all(batch.complete for batch in batches)


@pytest.mark.parametrize(
    "content",
    [b"", b"<html><body>Please wait</body></html>", b"{}", b"<rss", b"\x00\xff", b"<opml></opml>"],
)
def test_what_is_no_feed_is_refused(content: bytes, site: Any) -> None:
    with pytest.raises(ParseError):
        feed_items(content, what="x")

    def answer(request: httpx.Request) -> httpx.Response:
        closed = request.url.path.startswith("/wp-json")
        return httpx.Response(401 if closed else 200, content=content)

    with pytest.raises(HarvestError):
        harvest(site, answer)


def test_a_feed_that_breaks_off_is_not_whole_and_leaves_its_last_item_out() -> None:
    content = rss(entry(1), entry(2), entry(3))
    items, whole = feed_items(content[: content.rindex(b"part 3")], what="x")
    assert [item.entry_number for item in items] == [1, 2]
    assert not whole


def test_entities_of_a_feed_reach_no_file_and_grow_no_bomb() -> None:
    bomb = (
        b'<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY f SYSTEM "file:///etc/hostname">'
        b'<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>'
        b"<rss><channel><item><title>&f;&b;</title><guid>?p=1</guid></item></channel></rss>"
    )
    items, _ = feed_items(bomb, what="x")
    assert items[0].title == ""


def test_the_api_of_wordpress_com_is_asked_where_the_site_lives_there(site: Any) -> None:
    blog = Blog([post(1)], [comment(1)])

    def answer(request: httpx.Request) -> httpx.Response:
        assert request.url.host == "public-api.wordpress.com"
        start = "/wp/v2/sites/blog.example.org/"
        assert request.url.path.startswith(start)
        path = request.url.path.replace(start, "/wp-json/wp/v2/")
        return blog(httpx.Request("GET", request.url.copy_with(path=path)))

    batches = harvest(site, answer, wordpress_com=True)
    assert ids(batches) == {"post:1", "comment:1"}
    assert batches[0].posts[0].url == "https://blog.example.org/entry-1/"


def test_a_site_whose_robots_file_keeps_machines_from_its_api_can_be_read_by_feeds(
    site: Any,
) -> None:
    blog = ClosedBlog([entry(1)])
    assert ids(harvest(site, blog, rest=False)) == {"post:1"}
    assert not any("/wp-json" in asked for asked in site.asked)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<div class='entry-content'><p>Ours.</p></div><article>All</article>", "<p>Ours.</p>"),
        (
            (
                '<script type="application/ld+json">{"@graph": [{"@type": "x"}, {"articleBody": '
                '"Ours & yours.\\nNext."}]}</script><article>All</article>'
            ),
            "<p>Ours &amp; yours.</p><p>Next.</p>",
        ),
        ('<script type="application/ld+json">{"a": </script><article>All</article>', "All"),
        ('<script type="application/ld+json">[[], 1]</script><article>All</article>', "All"),
    ],
)
def test_the_text_of_a_page_is_the_themes_entry_or_what_the_page_says_of_itself(
    body: str, text: str
) -> None:
    content = f"<html><body class='postid-7'>{body}</body></html>".encode()
    read = read_page(content, url="https://x.example/", what="x")
    assert (read.number, read.text) == (7, text)


MARKS = st.sampled_from(
    [
        *("<rss>", "</rss>", "<feed xmlns='http://www.w3.org/2005/Atom'>", "</feed>", "<entry>"),
        *("<item>", "</item>", "</entry>", "<guid>?p=7</guid>", "<link>https://x.example/</link>"),
        *("<link href='http://[' />", "<pubDate>yesterday</pubDate>", "<title>x</title>", "<!--"),
        *("<updated>2025-13-45T99:00:00Z</updated>", "<![CDATA[", "]]>", "&#0;", "&x;", "\x00"),
        *("<id>#comment-99999999999999999999</id>", "<pubDate>Mon, 1 Jan 0 0:0:0 Z</pubDate>"),
        *("<li id='comment-5'>", "<div class='comment-content'>", "<time datetime='25Z'>", "</li>"),
        *("<body class='postid-99999999999999999999'>", "<article>", "comment-page-9999", "é"),
    ]
)


@given(st.lists(MARKS | st.text(max_size=5), max_size=14))
@settings(max_examples=150, deadline=None)
def test_hostile_feeds_and_pages_raise_nothing_but_parse_errors(pieces: list[str]) -> None:
    content = "".join(pieces).encode("utf-8", "surrogatepass")
    with suppress(ParseError):
        parse_feed_posts(content, CONTEXT)
    with suppress(ParseError):
        read = read_page(content, url="https://x.example/", what="x")
        for item in read.comments:
            with suppress(ValueError, Dropped):
                build_feed_comment(CONTEXT, item, 1)
