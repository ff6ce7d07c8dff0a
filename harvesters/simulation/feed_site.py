"""The simulated news site: an RSS feed of its newest items, and a page for each."""

from datetime import datetime
from hashlib import sha256
from html import escape

import numpy as np

from harvesters.simulation.answers import HTML, PLAIN, XML, Answer, Question, http_date
from harvesters.simulation.entities import SimPost, SimSource, from_milliseconds, milliseconds
from harvesters.simulation.world import Shelf, World

FEED_PATH = "/feed.xml"
ROBOTS = b"User-agent: *\nDisallow: /search\n"


class FeedSite:
    """Answers as one news site.

    Parameters
    ----------
    world : World
        Where items come from.
    site : SimSource
        The site of the world to show.
    base : str
        The address that it is served at, without a trailing slash.
    window : int, optional
        How many items the feed shows; the world's own number without it.
    """

    def __init__(
        self, world: World, site: SimSource, *, base: str, window: int | None = None
    ) -> None:
        self._site = site
        self._base = base
        self._window = window or world.feed_window
        self._shelf = Shelf(world.of_source(site.source))
        self._changes = _changes(self._shelf)
        self._feeds: dict[int, tuple[bytes, str]] = {}

    def answer(self, question: Question) -> Answer:
        """Answer one request."""
        if question.path == "/robots.txt":
            return Answer(200, ROBOTS, PLAIN)
        if question.path == FEED_PATH:
            return self._feed(question)
        return self._page(question)

    def _feed(self, question: Question) -> Answer:
        """Answer with the feed, or with 304 where the reader has it already.

        Nothing changes between two changes, so each state of the feed is written once.
        """
        state = int(np.searchsorted(self._changes, milliseconds(question.now), side="right"))
        if state not in self._feeds:
            body = self._write(question.now)
            self._feeds[state] = (body, f'"{sha256(body).hexdigest()[:24]}"')
        body, etag = self._feeds[state]
        changed_at = int(self._changes[state - 1]) if state else 0
        modified = http_date(from_milliseconds(changed_at))
        headers = (("ETag", etag), ("Last-Modified", modified))
        known = question.headers.get("If-None-Match")
        unchanged = (
            known == etag if known else question.headers.get("If-Modified-Since") == modified
        )
        if unchanged:
            return Answer(304, b"", XML, headers)
        return Answer(200, body, XML, headers)

    def _write(self, now: datetime) -> bytes:
        rows = np.flatnonzero(self._shelf.visible(now))[-self._window :][::-1]
        items = [self._item(self._shelf.posts[row], now) for row in rows]
        feed = _FEED.format(
            title=escape(self._site.title),
            base=self._base,
            path=FEED_PATH,
            items="\n".join(items),
        )
        return feed.encode()

    def _item(self, post: SimPost, now: datetime) -> str:
        said = post.versions[post.version_at(now)]
        return _ITEM.format(
            title=escape(said.title, quote=False),
            link=self._link(post),
            guid=post.native_id,
            author=escape(post.author.display, quote=False),
            date=f"{post.created_at:%a, %d %b %Y %H:%M:%S} +0000",
            html=escape(said.html, quote=False),
        )

    def _link(self, post: SimPost) -> str:
        return f"{self._base}/news/{post.created_at:%Y/%m/%d}/{post.slug}-{post.number}/"

    def _page(self, question: Question) -> Answer:
        """Show one item to people; what was withdrawn is 410 or, as often, 404."""
        number = question.path.rstrip("/").rpartition("-")[2]
        post = self._shelf.find(int(number)) if number.isdigit() else None
        if post is None or question.now < post.visible_from:
            return Answer(404, b"<!DOCTYPE html><title>Not found</title>", HTML)
        if not post.is_visible(question.now):
            status = 410 if post.number % 2 else 404
            return Answer(status, b"<!DOCTYPE html><title>Withdrawn</title>", HTML)
        said = post.versions[post.version_at(question.now)]
        title = escape(said.title)
        page = (
            f"<!DOCTYPE html>\n<html lang='en-GB'><head><title>{title}</title></head>"
            f"<body><article><h1>{title}</h1>\n{said.html}</article></body></html>"
        )
        return Answer(200, page.encode(), HTML)


def _changes(shelf: Shelf) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Return every moment at which an item comes, changes or goes, in order."""
    moments = {milliseconds(version.at) for post in shelf.posts for version in post.versions}
    moments |= {milliseconds(p.deleted_at) for p in shelf.posts if p.deleted_at is not None}
    return np.array(sorted(moments), dtype=np.int64)


_FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:dc="http://purl.org/dc/elements/1.1/" \
xmlns:atom="http://www.w3.org/2005/Atom">
<channel>
<title>{title}</title>
<link>{base}</link>
<atom:link href="{base}{path}" rel="self" type="application/rss+xml"/>
<description>News of services, invented.</description>
<language>en-gb</language>
{items}
</channel>
</rss>
"""
_ITEM = """<item>
<title>{title}</title>
<link>{link}</link>
<guid isPermaLink="false">{guid}</guid>
<dc:creator>{author}</dc:creator>
<pubDate>{date}</pubDate>
<description>{html}</description>
</item>"""
