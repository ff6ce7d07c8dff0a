"""The simulated Mastodon server: tag timelines and statuses as guests get them."""

from collections import deque
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from harvesters.simulation.answers import (
    HTML,
    PLAIN,
    Answer,
    Question,
    dumps,
    iso_milliseconds,
    json_answer,
    listed,
    whole,
)
from harvesters.simulation.dress import profile_address, status_address
from harvesters.simulation.entities import (
    Reblog,
    SimAuthor,
    SimPost,
    SimSource,
    milliseconds,
)
from harvesters.simulation.world import Shelf, World

LONGEST_PAGE, USUAL_PAGE = 40, 20
MOST_IDS = 20  # of one question for several statuses
MOST_ANCESTORS, MOST_DESCENDANTS = 40, 60  # that guests are shown
LIMIT, LIMIT_MINUTES = 300, 5
ROBOTS = b"User-agent: GPTBot\nDisallow: /\n\nUser-agent: *\nDisallow: /media_proxy/\n"
_MISSING = {"error": "Record not found"}


class MastodonSite:
    """Answers as one Mastodon server.

    Its accounts live on the site's own name, whatever address it is served at, so that pseudonyms
    and texts do not depend on a port.

    Parameters
    ----------
    world : World
        Where posts come from.
    site : SimSource
        The site of the world to show.
    base : str
        The address that it is served at, without a trailing slash.
    """

    def __init__(self, world: World, site: SimSource, *, base: str) -> None:
        self._site = site
        self._base = base
        self._shelf = Shelf(world.of_source(site.source))
        self._children: dict[int, list[SimPost]] = {}
        for post in self._shelf.posts:
            if post.parent is not None:
                self._children.setdefault(post.parent, []).append(post)
        tags = [c.community for c in world.communities if c.source == site.source]
        self._timelines = {tag: _Timeline(tag, self._shelf, world.reblogs) for tag in tags}
        self._written: dict[tuple[int, int, int, bool, bool], bytes] = {}
        self._asked: deque[datetime] = deque(maxlen=LIMIT)

    def answer(self, question: Question) -> Answer:
        """Answer one request."""
        parts = [part for part in question.path.split("/") if part]
        if parts == ["robots.txt"]:
            return Answer(200, ROBOTS, PLAIN)
        found = self._route(question, parts)
        limits = self._limits(question.now)
        return Answer(found.status, found.body, found.content_type, (*found.headers, *limits))

    def _route(self, question: Question, parts: Sequence[str]) -> Answer:
        match parts:
            case ["api", "v2", "instance"]:
                return json_answer(self._instance())
            case ["api", "v1", "timelines", "tag", tag]:
                return self._timeline(question, tag)
            case ["api", "v1", "statuses"]:
                return self._several(question)
            case ["api", "v1", "statuses", number]:
                return self._single(question, number)
            case ["api", "v1", "statuses", number, "context"]:
                return self._context(question, number)
            case ["api", "v1", "statuses", number, "history"]:
                return self._history(question, number)
            case [name, number] if name.startswith("@"):
                return self._page(question, number)
        return json_answer(_MISSING, status=404)

    def _limits(self, now: datetime) -> tuple[tuple[str, str], ...]:
        """Return the headers that say how much may still be asked; nothing is refused."""
        span = timedelta(minutes=LIMIT_MINUTES)
        self._asked.append(now)
        recent = sum(1 for asked in self._asked if asked > now - span)
        minutes = now.minute // LIMIT_MINUTES * LIMIT_MINUTES
        reset = now.replace(minute=minutes, second=0, microsecond=0) + span
        return (
            ("X-RateLimit-Limit", str(LIMIT)),
            ("X-RateLimit-Remaining", str(LIMIT - recent)),
            ("X-RateLimit-Reset", f"{reset:%Y-%m-%dT%H:%M:%S.%f}Z"),
        )

    def _timeline(self, question: Question, tag: str) -> Answer:
        timeline = self._timelines.get(tag.lower())
        limit = whole(question.one("limit"), otherwise=USUAL_PAGE)
        bounds = {
            name: whole(question.one(name), otherwise=-1)
            for name in ("max_id", "since_id", "min_id")
        }
        if timeline is None or limit is None or None in bounds.values():
            return json_answer([])
        limit = max(1, min(limit, LONGEST_PAGE))
        rows = timeline.page(question.now, limit=limit, bounds=bounds)
        items = [self._entry(timeline, int(row), question.now) for row in rows]
        headers: tuple[tuple[str, str], ...] = ()
        if len(rows):
            address = f"{self._base}/api/v1/timelines/tag/{tag}?limit={limit}"
            older, newer = timeline.numbers[rows[-1]], timeline.numbers[rows[0]]
            link = f'<{address}&max_id={older}>; rel="next", <{address}&min_id={newer}>; rel="prev"'
            headers = (("Link", link),)
        return Answer(200, listed(items), headers=headers)

    def _several(self, question: Question) -> Answer:
        wanted = dict.fromkeys(question.many("id"))
        if len(wanted) > MOST_IDS:
            return json_answer({"error": "Validation failed"}, status=422)
        posts = [self._find(name, question.now) for name in wanted]
        return Answer(200, listed([self._status(p, question.now) for p in posts if p is not None]))

    def _single(self, question: Question, name: str) -> Answer:
        post = self._find(name, question.now)
        if post is None:
            return json_answer(_MISSING, status=404)
        return Answer(200, self._status(post, question.now))

    def _find(self, name: str, now: datetime) -> SimPost | None:
        post = self._shelf.find(int(name)) if name.isascii() and name.isdigit() else None
        return post if post is not None and post.is_visible(now) else None

    def _context(self, question: Question, name: str) -> Answer:
        post = self._find(name, question.now)
        if post is None:
            return json_answer(_MISSING, status=404)
        above = [self._status(p, question.now) for p in self._ancestors(post, question.now)]
        below = [self._status(p, question.now) for p in self._descendants(post, question.now)]
        body = b'{"ancestors":%b,"descendants":%b}' % (listed(above), listed(below))
        return Answer(200, body)

    def _ancestors(self, post: SimPost, now: datetime) -> list[SimPost]:
        found: deque[SimPost] = deque()
        while post.parent is not None and len(found) < MOST_ANCESTORS:
            above = self._find(str(post.parent), now)
            if above is None:
                break
            found.appendleft(above)
            post = above
        return list(found)

    def _descendants(self, post: SimPost, now: datetime) -> list[SimPost]:
        found: list[SimPost] = []
        waiting = list(reversed(self._children.get(post.number, ())))
        while waiting and len(found) < MOST_DESCENDANTS:
            reply = waiting.pop()
            if reply.is_visible(now):
                found.append(reply)
                waiting.extend(reversed(self._children.get(reply.number, ())))
        return found

    def _history(self, question: Question, name: str) -> Answer:
        post = self._find(name, question.now)
        if post is None:
            return json_answer(_MISSING, status=404)
        known = post.versions[: post.version_at(question.now) + 1]
        return json_answer(
            [
                {
                    "content": version.html,
                    "spoiler_text": "",
                    "sensitive": False,
                    "created_at": iso_milliseconds(version.at),
                    "account": self._account(post.author),
                    "media_attachments": [],
                    "emojis": [],
                }
                for version in known
            ]
        )

    def _page(self, question: Question, number: str) -> Answer:
        """Show a status to people."""
        post = self._find(number, question.now)
        if post is None:
            return Answer(404, b"<!DOCTYPE html><title>Not found</title>", HTML)
        said = post.versions[post.version_at(question.now)].html
        page = f"<!DOCTYPE html>\n<title>{self._site.title}</title>\n{said}"
        return Answer(200, page.encode(), HTML)

    def _entry(self, timeline: "_Timeline", row: int, now: datetime) -> bytes:
        entry = timeline.entries[row]
        if isinstance(entry, SimPost):
            return self._status(entry, now)
        of = self._shelf.posts[self._shelf.row_of[entry.of]]
        boost = self._frame(entry.number, entry.author, entry.at)
        boost["content"] = of.versions[of.version_at(now)].html
        del boost["reblog"]
        return dumps(boost).removesuffix(b"}") + b',"reblog":%b}' % self._status(of, now)

    def _status(self, post: SimPost, now: datetime, *, nested: bool = False) -> bytes:
        """Write a status as it stands at a moment."""
        version = post.version_at(now)
        quoted = None if post.quoted is None or nested else self._shelf.find(post.quoted)
        parent = None if post.parent is None else self._find(str(post.parent), now)
        n_replies = sum(1 for r in self._children.get(post.number, ()) if r.is_visible(now))
        quote_stands = quoted is not None and quoted.is_visible(now)
        key = (post.number, version, n_replies, parent is not None, nested)
        if quoted is not None and quote_stands:
            return self._quoting(post, quoted, now, parent=parent, n_replies=n_replies)
        if key not in self._written:
            status = self._described(post, version, parent=parent, n_replies=n_replies)
            if post.quoted is not None and not nested:
                status["quote"] = {"state": "deleted", "quoted_status": None}
            self._written[key] = dumps(status)
        return self._written[key]

    def _quoting(
        self,
        post: SimPost,
        quoted: SimPost,
        now: datetime,
        *,
        parent: SimPost | None,
        n_replies: int,
    ) -> bytes:
        status = self._described(post, post.version_at(now), parent=parent, n_replies=n_replies)
        del status["quote"]
        inner = self._status(quoted, now, nested=True)
        return dumps(status).removesuffix(b"}") + (
            b',"quote":{"state":"accepted","quoted_status":%b}}' % inner
        )

    def _described(
        self, post: SimPost, version: int, *, parent: SimPost | None, n_replies: int
    ) -> dict[str, Any]:
        said = post.versions[version]
        addressed = None if post.parent is None else self._shelf.find(post.parent)
        status = self._frame(post.number, post.author, post.created_at)
        return status | {
            "in_reply_to_id": None if parent is None else str(parent.number),
            "in_reply_to_account_id": None if addressed is None else str(addressed.author.number),
            "replies_count": n_replies,
            "edited_at": None if version == 0 else iso_milliseconds(said.at),
            "content": said.html,
            "mentions": [] if addressed is None else [self._mention(addressed.author)],
            "tags": [{"name": post.community, "url": f"{self._site.home}/tags/{post.community}"}],
            "quote": None,
        }

    def _frame(self, number: int, author: SimAuthor, at: datetime) -> dict[str, Any]:
        """Return the fields that a status and a boost share."""
        address = status_address(author, number, home=self._site.home)
        return {
            "id": str(number),
            "created_at": iso_milliseconds(at),
            "in_reply_to_id": None,
            "in_reply_to_account_id": None,
            "sensitive": False,
            "spoiler_text": "",
            "visibility": "public",
            "language": "en",
            "uri": address,
            "url": address,
            "replies_count": 0,
            "reblogs_count": 0,
            "favourites_count": 0,
            "edited_at": None,
            "content": "",
            "reblog": None,
            "account": self._account(author),
            "media_attachments": [],
            "mentions": [],
            "tags": [],
            "emojis": [],
            "quote": None,
            "card": None,
            "poll": None,
        }

    def _account(self, author: SimAuthor) -> dict[str, Any]:
        address = profile_address(author, home=self._site.home)
        return {
            "id": str(author.number),
            "username": author.handle.partition("@")[0],
            "acct": author.handle,
            "display_name": author.display,
            "locked": False,
            "bot": author.bot,
            "discoverable": True,
            "indexable": True,
            "group": False,
            "created_at": "2023-01-01T00:00:00.000Z",
            "note": "",
            "url": address,
            "uri": address,
            "followers_count": 0,
            "following_count": 0,
            "statuses_count": 0,
            "noindex": False,
            "emojis": [],
            "roles": [],
            "fields": [],
        }

    def _mention(self, author: SimAuthor) -> dict[str, str]:
        return {
            "id": str(author.number),
            "username": author.handle.partition("@")[0],
            "url": profile_address(author, home=self._site.home),
            "acct": author.handle,
        }

    def _instance(self) -> Mapping[str, Any]:
        feeds = {"local": "public", "remote": "public"}
        return {
            "domain": self._site.home.partition("://")[2],
            "title": self._site.title,
            "version": "4.5.0",
            "source_url": "https://github.com/mastodon/mastodon",
            "description": "Invented people talk here.",
            "languages": ["en"],
            "configuration": {
                "statuses": {"max_characters": 1000},
                "timelines_access": {"live_feeds": feeds, "hashtag_feeds": feeds},
            },
            "registrations": {"enabled": False},
            "api_versions": {"mastodon": 7},
            "rules": [],
        }


class _Timeline:
    """The statuses and boosts of a tag, oldest first."""

    def __init__(self, tag: str, shelf: Shelf, reblogs: Sequence[Reblog]) -> None:
        entries: list[SimPost | Reblog] = [p for p in shelf.posts if p.community == tag]
        own = {entry.number for entry in entries}
        entries += [reblog for reblog in reblogs if reblog.of in own]
        self.entries = sorted(entries, key=lambda entry: entry.number)
        self.numbers = np.array([entry.number for entry in self.entries], dtype=np.int64)
        spans = [_span(entry, shelf) for entry in self.entries]
        self._from = np.array([span[0] for span in spans], dtype=np.int64)
        self._until = np.array([span[1] for span in spans], dtype=np.int64)

    def page(
        self, now: datetime, *, limit: int, bounds: Mapping[str, int | None]
    ) -> NDArray[np.intp]:
        """Return the rows of one page, newest first; bounds below 0 are not given."""
        moment = milliseconds(now)
        wanted = (self._from <= moment) & (moment < self._until)
        below = bounds["max_id"] or 0
        if below >= 0:
            wanted &= self.numbers < below
        above = max(bounds["since_id"] or 0, bounds["min_id"] or 0)
        wanted &= self.numbers > above
        rows = np.flatnonzero(wanted)
        forward = (bounds["min_id"] or 0) >= 0
        chosen: NDArray[np.intp] = (rows[:limit] if forward else rows[-limit:])[::-1]
        return chosen


def _span(entry: SimPost | Reblog, shelf: Shelf) -> tuple[int, int]:
    if isinstance(entry, Reblog):
        row = shelf.row_of[entry.of]
        return milliseconds(entry.at), int(shelf.deleted[row])
    row = shelf.row_of[entry.number]
    return int(shelf.visible_from[row]), int(shelf.deleted[row])
