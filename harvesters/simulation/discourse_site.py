"""The simulated forum: Discourse's JSON as guests get it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from html import escape
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
from harvesters.simulation.catalogue import CATEGORY_SLUGS
from harvesters.simulation.entities import SimPost, SimSource, from_milliseconds, milliseconds
from harvesters.simulation.world import Shelf, World

POSTS_A_PAGE = 50  # of /posts.json
POSTS_OF_A_TOPIC = 20  # that are shown at once
TOPICS_A_PAGE = 30
PLACEHOLDER = "(post deleted by author)"
ROBOTS = b"User-agent: *\nDisallow: /admin/\nDisallow: /auth/\nDisallow: /u/\n"
_NOT_FOUND = {
    "errors": ["The requested URL or resource could not be found."],
    "error_type": "not_found",
}


class DiscourseSite:
    """Answers as one Discourse forum.

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
        self._communities = [c for c in world.communities if c.source == site.source]
        self._shelf = Shelf(world.of_source(site.source))
        self._gone = self._shelf.deleted.copy()
        for row, post in enumerate(self._shelf.posts):
            if post.placeholder_until is not None:
                self._gone[row] = milliseconds(post.placeholder_until)
        self._topics: tuple[SimPost, ...] = tuple(
            post for post in self._shelf.posts if post.kind == "post"
        )
        self._place = {post.thread: place for place, post in enumerate(self._topics)}
        self._topic_of = np.array(
            [self._place[post.thread] for post in self._shelf.posts], dtype=np.int64
        )
        self._rows_of = _rows_by_topic(self._topic_of, len(self._topics))
        self._written: dict[tuple[int, int, int, bool, bool], bytes] = {}

    def answer(self, question: Question) -> Answer:
        """Answer one request."""
        parts = [part for part in question.path.removesuffix(".json").split("/") if part]
        match parts:
            case ["robots.txt"]:
                return Answer(200, ROBOTS, PLAIN)
            case ["site"]:
                return json_answer({"categories": self._categories(question.now)})
            case ["categories"]:
                return json_answer(self._category_list(question.now))
            case ["latest"] | ["c", *_]:
                return self._topic_list(question, parts)
            case ["posts", *rest]:
                return self._posts(question, rest)
            case ["t", *rest]:
                return self._topics_route(question, rest)
        return json_answer(_NOT_FOUND, status=404)

    def _posts(self, question: Question, rest: Sequence[str]) -> Answer:
        if not rest:
            return self._latest_posts(question)
        if len(rest) == 1 and rest[0].isdigit():
            return self._single(question, int(rest[0]))
        return json_answer(_NOT_FOUND, status=404)

    def _topics_route(self, question: Question, rest: Sequence[str]) -> Answer:
        """Answer `/t/<id>`, `/t/<id>/posts`, `/t/<slug>/<id>` and `/t/<slug>/<id>/<number>`."""
        numbers = [int(part) for part in rest[:2] if part.isdigit()]
        if not numbers:
            return json_answer(_NOT_FOUND, status=404)
        if list(rest[1:]) == ["posts"]:
            return self._topic_posts(question, numbers[0])
        return self._topic(question, numbers[0])

    def _shown(self, now: datetime) -> NDArray[np.bool_]:
        """Return which posts guests see, empty placeholders among them, (n,)."""
        moment = milliseconds(now)
        shown: NDArray[np.bool_] = (self._shelf.visible_from <= moment) & (moment < self._gone)
        return shown

    def _latest_posts(self, question: Question) -> Answer:
        before = whole(question.one("before"), otherwise=0)
        if before is None:
            return json_answer(_NOT_FOUND, status=404)
        shown = self._shown(question.now)
        if before > 0:
            shown &= self._shelf.numbers < before
        rows = np.flatnonzero(shown)[-POSTS_A_PAGE:][::-1]
        items = [self._fragment(int(row), question.now, raw=True, titled=True) for row in rows]
        return Answer(200, b'{"latest_posts":' + listed(items) + b"}")

    def _single(self, question: Question, number: int) -> Answer:
        row = self._shelf.row_of.get(number)
        if row is None or not self._shown(question.now)[row]:
            return json_answer(_NOT_FOUND, status=404)
        return Answer(200, self._fragment(row, question.now, raw=True))

    def _rows(self, question: Question, topic: int) -> NDArray[np.intp] | None:
        """Return the rows of a topic that guests see; None where the topic is gone."""
        place = self._place.get(topic)
        if place is None:
            return None
        rows = self._rows_of[place]
        shown: NDArray[np.intp] = rows[self._shown(question.now)[rows]]
        return shown if len(shown) and shown[0] == rows[0] else None

    def _topic_posts(self, question: Question, topic: int) -> Answer:
        rows = self._rows(question, topic)
        if rows is None:
            return json_answer(_NOT_FOUND, status=404)
        wanted = {int(text) for text in question.many("post_ids") if text.isdigit()}
        chosen = [row for row in rows if int(self._shelf.numbers[row]) in wanted]
        raw = question.one("include_raw") == "true"
        shown = chosen if wanted else list(rows[:POSTS_OF_A_TOPIC])
        items = [self._fragment(int(row), question.now, raw=raw) for row in shown]
        return Answer(200, b'{"post_stream":{"posts":%b},"id":%d}' % (listed(items), topic))

    def _topic(self, question: Question, topic: int) -> Answer:
        rows = self._rows(question, topic)
        if rows is None:
            return json_answer(_NOT_FOUND, status=404)
        if not question.path.endswith(".json"):
            return self._page(question, rows)
        page = max(1, whole(question.one("page"), otherwise=1) or 1)
        raw = question.one("include_raw") == "true"
        first = (page - 1) * POSTS_OF_A_TOPIC
        items = [
            self._fragment(int(row), question.now, raw=raw)
            for row in rows[first : first + POSTS_OF_A_TOPIC]
        ]
        stream = b",".join(b"%d" % self._shelf.numbers[row] for row in rows)
        about = dumps(self._about(rows, question.now))
        posts = b'"post_stream":{"posts":%b,"stream":[%b]},' % (listed(items), stream)
        return Answer(200, b"{" + posts + about.removeprefix(b"{"))

    def _about(self, rows: NDArray[np.intp], now: datetime) -> dict[str, Any]:
        root = self._shelf.posts[int(rows[0])]
        title = root.versions[root.version_at(now)].title
        last = self._shelf.posts[int(rows[-1])]
        return {
            "id": root.thread,
            "title": title,
            "fancy_title": escape(title, quote=False),
            "posts_count": len(rows),
            "created_at": iso_milliseconds(root.created_at),
            "views": 0,
            "reply_count": len(rows) - 1,
            "last_posted_at": iso_milliseconds(last.created_at),
            "visible": True,
            "closed": False,
            "archived": False,
            "archetype": "regular",
            "slug": root.slug,
            "category_id": int(root.community),
            "deleted_at": None,
            "highest_post_number": last.position,
        }

    def _page(self, question: Question, rows: NDArray[np.intp]) -> Answer:
        """Show a topic to people."""
        about = self._about(rows, question.now)
        bodies = [self._said(self._shelf.posts[int(row)], question.now)[0] for row in rows]
        title = escape(about["title"])
        page = f"<!DOCTYPE html>\n<title>{title}</title>\n<h1>{title}</h1>\n" + "<hr>".join(bodies)
        return Answer(200, page.encode(), HTML)

    def _said(self, post: SimPost, now: datetime) -> tuple[str, str, int, datetime]:
        """Return HTML, Markdown, version number and time of the last change."""
        version = post.version_at(now)
        if post.deleted_at is not None and now >= post.deleted_at:
            return f"<p>{PLACEHOLDER}</p>", PLACEHOLDER, version + 2, post.deleted_at
        said = post.versions[version]
        return said.html, said.raw, version + 1, said.at

    def _fragment(
        self, row: int, now: datetime, *, raw: bool = False, titled: bool = False
    ) -> bytes:
        post = self._shelf.posts[row]
        root = self._topics[self._topic_of[row]]
        html, markdown, version, changed_at = self._said(post, now)
        key = (row, version, root.version_at(now), raw, titled)
        if key not in self._written:
            title = root.versions[root.version_at(now)].title
            item = self._post(post, html, version, changed_at)
            item["topic_slug"] = root.slug
            if titled:
                item |= {
                    "topic_title": title,
                    "topic_html_title": escape(title, quote=False),
                    "category_id": int(post.community),
                }
            if raw:
                item["raw"] = markdown
            self._written[key] = dumps(item)
        return self._written[key]

    def _post(self, post: SimPost, html: str, version: int, changed_at: datetime) -> dict[str, Any]:
        parent = None if post.parent is None else self._shelf.find(post.parent)
        answered = parent.position if parent is not None and parent.position > 1 else None
        return {
            "id": post.number,
            "name": post.author.display,
            "username": post.author.handle,
            "avatar_template": f"/letter_avatar_proxy/v4/{post.author.handle[0]}/{{size}}.png",
            "created_at": iso_milliseconds(post.created_at),
            "cooked": html,
            "post_number": post.position,
            "post_type": 1,
            "updated_at": iso_milliseconds(changed_at),
            "reply_count": 0,
            "reply_to_post_number": answered,
            "quote_count": 0 if post.quoted is None else 1,
            "incoming_link_count": 0,
            "reads": 1,
            "score": 0.2,
            "yours": False,
            "topic_id": post.thread,
            "display_username": post.author.display,
            "version": version,
            "can_edit": False,
            "can_delete": False,
            "can_recover": False,
            "can_wiki": False,
            "user_title": None,
            "actions_summary": [],
            "moderator": False,
            "admin": False,
            "staff": False,
            "user_id": post.author.number,
            "hidden": False,
            "trust_level": 1,
            "deleted_at": None,
            "user_deleted": post.deleted_at == changed_at,
            "edit_reason": None,
            "can_view_edit_history": True,
            "wiki": False,
        }

    def _topic_list(self, question: Question, parts: Sequence[str]) -> Answer:
        """Answer `/latest.json` or `/c/<slug>/<id>.json`, most lately used topics first."""
        category = next((part for part in parts[1:] if part.isdigit()), None)
        if parts[0] == "c" and category not in CATEGORY_SLUGS:
            return json_answer(_NOT_FOUND, status=404)
        counts, last = self._activity(question.now)
        places = [
            int(place)
            for place in np.argsort(-last, kind="stable")
            if counts[place] and (category is None or self._topics[place].community == category)
        ]
        page = max(0, whole(question.one("page"), otherwise=0) or 0)
        shown = places[page * TOPICS_A_PAGE : (page + 1) * TOPICS_A_PAGE]
        listing: dict[str, Any] = {
            "can_create_topic": False,
            "topics": [self._summary(place, counts, last, question.now) for place in shown],
        }
        if len(places) > (page + 1) * TOPICS_A_PAGE:
            listing["more_topics_url"] = f"/{'/'.join(parts)}?page={page + 1}"
        return json_answer({"users": [], "topic_list": listing})

    def _activity(self, now: datetime) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return of every topic how many posts guests see and when the last was written."""
        rows = np.flatnonzero(self._shown(now))
        counts = np.bincount(self._topic_of[rows], minlength=len(self._topics))
        last = np.zeros(len(self._topics), dtype=np.int64)
        np.maximum.at(last, self._topic_of[rows], self._shelf.created[rows])
        return counts, last

    def _summary(
        self, place: int, counts: NDArray[np.int64], last: NDArray[np.int64], now: datetime
    ) -> dict[str, Any]:
        root = self._topics[place]
        title = root.versions[root.version_at(now)].title
        used_at = iso_milliseconds(from_milliseconds(int(last[place])))
        return {
            "id": root.thread,
            "title": title,
            "fancy_title": escape(title, quote=False),
            "slug": root.slug,
            "posts_count": int(counts[place]),
            "reply_count": int(counts[place]) - 1,
            "highest_post_number": self._highest(place, now),
            "image_url": None,
            "created_at": iso_milliseconds(root.created_at),
            "last_posted_at": used_at,
            "bumped": True,
            "bumped_at": used_at,
            "unseen": False,
            "pinned": False,
            "visible": True,
            "closed": False,
            "archived": False,
            "views": 0,
            "like_count": 0,
            "archetype": "regular",
            "category_id": int(root.community),
            "posters": [],
        }

    def _highest(self, place: int, now: datetime) -> int:
        rows = self._rows_of[place]
        return self._shelf.posts[int(rows[self._shown(now)[rows]][-1])].position

    def _categories(self, now: datetime) -> list[dict[str, Any]]:
        counts, _ = self._activity(now)
        return [
            {
                "id": int(entry.community),
                "name": entry.name,
                "color": "0E76BD",
                "text_color": "FFFFFF",
                "slug": CATEGORY_SLUGS[entry.community],
                "topic_count": self._n_topics(entry.community, counts),
                "post_count": self._n_posts(entry.community, counts),
                "description": None,
                "topic_url": None,
                "read_restricted": False,
                "permission": None,
            }
            for entry in self._communities
        ]

    def _n_topics(self, community: str, counts: NDArray[np.int64]) -> int:
        return sum(
            1
            for topic, count in zip(self._topics, counts, strict=True)
            if count and topic.community == community
        )

    def _n_posts(self, community: str, counts: NDArray[np.int64]) -> int:
        return sum(
            int(count)
            for topic, count in zip(self._topics, counts, strict=True)
            if topic.community == community
        )

    def _category_list(self, now: datetime) -> Mapping[str, Any]:
        return {
            "featured_users": [],
            "category_list": {
                "can_create_category": False,
                "can_create_topic": False,
                "categories": self._categories(now),
            },
        }


def _rows_by_topic(topic_of: NDArray[np.int64], count: int) -> list[NDArray[np.intp]]:
    order = np.argsort(topic_of, kind="stable")
    return np.split(order, np.searchsorted(topic_of[order], np.arange(1, count)))
