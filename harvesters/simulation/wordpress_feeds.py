"""The simulated blog's feeds and pages, RSS and Atom, as version 6 of WordPress writes them.

A feed of entries is paged; feeds of comments show the ten newest, of the site or of one entry.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from html import escape

import numpy as np

from harvesters.simulation.answers import HTML, XML, Answer, Question, http_date, whole
from harvesters.simulation.dress import texturized
from harvesters.simulation.entities import SimPost, from_milliseconds, milliseconds
from harvesters.simulation.world import Shelf

FEED_ITEMS = 10
ATOM = "application/atom+xml; charset=utf-8"
NOT_FOUND = Answer(404, b"<!DOCTYPE html><title>Page not found</title>", HTML)


class WordPressFeeds:
    """Writes the feeds and pages of one site.

    Parameters
    ----------
    posts, comments : Shelf
        What the site holds.
    title, base : str
        Its name, and the address that it is served at.
    """

    def __init__(self, posts: Shelf, comments: Shelf, *, title: str, base: str) -> None:
        self._posts = posts
        self._comments = comments
        self._title = title
        self._base = base
        self._of_entry: dict[int, list[SimPost]] = {}
        for comment in comments.posts:
            self._of_entry.setdefault(comment.thread, []).append(comment)

    def link(self, post: SimPost) -> str:
        """Return the address of an entry."""
        return f"{self._base}/{post.created_at:%Y/%m}/{post.slug}-{post.number}/"

    def answer(self, question: Question) -> Answer | None:
        """Answer a question for a feed or a page; None for anything else."""
        path = question.path.strip("/")
        if question.one("feed"):  # as in /?p=12&feed=atom
            return self._of_one(
                question.one("p") or "", question, atom=question.one("feed") == "atom"
            )
        place, atom = path.removesuffix("feed/atom"), path.endswith("feed/atom")
        if not atom:
            place = path.removesuffix("feed")
        if place == path:
            return self._page(question)
        if not place:
            return self._entries(question, atom=atom)
        if place == "comments/":
            return self._comment_feed(self._comments.posts, question, atom=atom)
        return self._of_one(place.strip("/"), question, atom=atom)

    def _of_one(self, name: str, question: Question, *, atom: bool) -> Answer:
        entry = self._named(name, question.now)
        shown = self._of_entry.get(entry.number, []) if entry else []
        return self._comment_feed(shown, question, atom=atom) if entry else NOT_FOUND

    def _entries(self, question: Question, *, atom: bool) -> Answer:
        rows = np.flatnonzero(self._posts.visible(question.now))[::-1]
        paged = max(1, whole(question.one("paged"), otherwise=1) or 1)
        shown = rows[(paged - 1) * FEED_ITEMS : paged * FEED_ITEMS]
        if not len(shown) and paged > 1:
            return NOT_FOUND
        posts = [self._posts.posts[row] for row in shown]
        items = [self._entry(post, question.now, atom=atom) for post in posts]
        newest = [v.at for row in rows for v in self._posts.posts[row].versions]
        newest += [c.visible_from for c in self._comments.posts]
        past = [milliseconds(moment) for moment in newest if moment <= question.now]
        modified = http_date(from_milliseconds(max(past, default=0)))
        body = self._frame(items, atom=atom)
        return Answer(200, body, ATOM if atom else XML, (("Last-Modified", modified),))

    def _comment_feed(
        self, comments: Sequence[SimPost], question: Question, *, atom: bool
    ) -> Answer:
        shown = [comment for comment in comments if comment.is_visible(question.now)]
        newest = sorted(shown, key=lambda c: (c.created_at, c.number))[-FEED_ITEMS:][::-1]
        items = [self._comment(comment, question.now, atom=atom) for comment in newest]
        return Answer(200, self._frame(items, atom=atom), ATOM if atom else XML)

    def _frame(self, items: Sequence[str], *, atom: bool) -> bytes:
        frame = _ATOM if atom else _RSS
        title = escape(self._title)
        return frame.format(title=title, base=self._base, items="\n".join(items)).encode()

    def _entry(self, post: SimPost, now: datetime, *, atom: bool) -> str:
        said = post.versions[post.version_at(now)]
        return (_ATOM_ENTRY if atom else _RSS_ENTRY).format(
            title=texturized(said.title),
            link=self.link(post),
            guid=f"{self._base}/?p={post.number}",
            author=escape(post.author.display),
            date=_rfc_2822(post.created_at),
            published=_iso(post.created_at),
            updated=_iso(said.at),
            n_comments=sum(c.is_visible(now) for c in self._of_entry.get(post.number, [])),
            html=said.html,
        )

    def _comment(self, comment: SimPost, now: datetime, *, atom: bool) -> str:
        entry = self._posts.find(comment.thread)
        page = self.link(entry) if entry else f"{self._base}/"
        entry_guid = f"{self._base}/?p={comment.thread}"
        nested = comment.parent not in (None, comment.thread)
        return (_ATOM_COMMENT if atom else _RSS_COMMENT).format(
            link=f"{page}#comment-{comment.number}",
            guid=f"{page}#comment-{comment.number}",
            answers=f"{page}#comment-{comment.parent}" if nested else entry_guid,
            author=escape(comment.author.display),
            date=_rfc_2822(comment.created_at),
            published=_iso(comment.created_at),
            html=comment.versions[comment.version_at(now)].html,
        )

    def _named(self, slug: str, now: datetime) -> SimPost | None:
        name = slug.rpartition("-")[2]
        post = self._posts.find(int(name)) if name.isdigit() else None
        return post if post is not None and post.is_visible(now) else None

    def _page(self, question: Question) -> Answer | None:
        """Show an article to people: by `/?p=12` or by its address, which ends in the number."""
        name = question.one("p") or question.path.strip("/")
        post = self._named(name, question.now)
        if post is None:
            return None
        said = post.versions[post.version_at(question.now)]
        shown = [c for c in self._of_entry.get(post.number, []) if c.is_visible(question.now)]
        comments = "\n".join(self._shown(c, shown, question.now) for c in _top(post, shown))
        page = (
            f"<!DOCTYPE html>\n<html lang='en-GB'><head><title>{escape(said.title)}</title>"
            f"<link rel='shortlink' href='{self._base}/?p={post.number}' /></head>"
            f"<body class='single postid-{post.number}'><article><h1>{escape(said.title)}</h1>\n"
            f"<div class='entry-content'>{said.html}</div></article>\n"
            f"<ol class='comment-list'>{comments}</ol></body></html>"
        )
        return Answer(200, page.encode(), HTML)

    def _shown(self, comment: SimPost, shown: Sequence[SimPost], now: datetime) -> str:
        replies = [c for c in shown if c.parent == comment.number]
        inner = "".join(self._shown(reply, shown, now) for reply in replies)
        return (
            f"<li id='comment-{comment.number}' class='comment'>"
            f"<b class='fn'>{escape(comment.author.display)}</b>"
            f"<time datetime='{comment.created_at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}+00:00'></time>"
            f"<div class='comment-content'>{comment.versions[comment.version_at(now)].html}</div>"
            f"<ol class='children'>{inner}</ol></li>"
        )


def _top(post: SimPost, shown: Sequence[SimPost]) -> list[SimPost]:
    """Return the comments that answer the entry, or a comment that is not shown."""
    numbers = {comment.number for comment in shown}
    return [c for c in shown if c.parent in (None, post.number) or c.parent not in numbers]


def _rfc_2822(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%a, %d %b %Y %H:%M:%S} +0000"


def _iso(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}Z"


_RSS = """<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"
	xmlns:content="http://purl.org/rss/1.0/modules/content/"
	xmlns:dc="http://purl.org/dc/elements/1.1/"
	xmlns:slash="http://purl.org/rss/1.0/modules/slash/"
	>
<channel>
	<title>{title}</title>
	<link>{base}</link>
	<description></description>
	<language>en-GB</language>
	<generator>https://wordpress.org/?v=6.1.9</generator>
{items}
</channel>
</rss>
"""
_RSS_ENTRY = """	<item>
		<title>{title}</title>
		<link>{link}</link>
		<dc:creator><![CDATA[{author}]]></dc:creator>
		<pubDate>{date}</pubDate>
		<guid isPermaLink="false">{guid}</guid>
		<description><![CDATA[{html}]]></description>
		<content:encoded><![CDATA[{html}]]></content:encoded>
		<slash:comments>{n_comments}</slash:comments>
	</item>"""
_RSS_COMMENT = """	<item>
		<title>By: {author}</title>
		<link>{link}</link>
		<dc:creator><![CDATA[{author}]]></dc:creator>
		<pubDate>{date}</pubDate>
		<guid isPermaLink="false">{guid}</guid>
		<description><![CDATA[{html}]]></description>
		<content:encoded><![CDATA[{html}]]></content:encoded>
	</item>"""
_ATOM = """<?xml version="1.0" encoding="UTF-8"?><feed
	xmlns="http://www.w3.org/2005/Atom"
	xmlns:thr="http://purl.org/syndication/thread/1.0"
	xml:lang="en-GB">
	<title type="text">{title}</title>
	<link rel="alternate" type="text/html" href="{base}" />
	<id>{base}/feed/atom/</id>
	<generator uri="https://wordpress.org/" version="6.1.9">WordPress</generator>
{items}
</feed>
"""
_ATOM_ENTRY = """	<entry>
		<author>
			<name>{author}</name>
		</author>
		<title type="html"><![CDATA[{title}]]></title>
		<link rel="alternate" type="text/html" href="{link}" />
		<id>{guid}</id>
		<updated>{updated}</updated>
		<published>{published}</published>
		<summary type="html"><![CDATA[{html}]]></summary>
		<content type="html" xml:base="{link}"><![CDATA[{html}]]></content>
		<link rel="replies" type="text/html" href="{link}#comments" thr:count="{n_comments}"/>
		<thr:total>{n_comments}</thr:total>
	</entry>"""
_ATOM_COMMENT = """	<entry>
		<title>By: {author}</title>
		<link rel="alternate" href="{link}" type="text/html" />
		<author>
			<name>{author}</name>
		</author>
		<id>{guid}</id>
		<updated>{published}</updated>
		<published>{published}</published>
		<content type="html" xml:base="{link}"><![CDATA[{html}]]></content>
		<thr:in-reply-to ref="{answers}" href="{link}" type="text/html" />
	</entry>"""
