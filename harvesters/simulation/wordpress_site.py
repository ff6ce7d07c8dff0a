"""The simulated blog: WordPress's REST API, field by field as version 6 answers."""

import math
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from html import unescape
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit

import numpy as np
from numpy.typing import NDArray

from harvesters.simulation.answers import (
    PLAIN,
    Answer,
    Question,
    dumps,
    json_answer,
    listed,
    whole,
)
from harvesters.simulation.dress import texturized
from harvesters.simulation.entities import SimPost, SimSource, milliseconds
from harvesters.simulation.wordpress_feeds import NOT_FOUND, WordPressFeeds
from harvesters.simulation.world import Shelf, World

API = "/wp-json/wp/v2/"
LARGEST_PAGE = 100
CATEGORY = 2
ORDERS = {
    "posts": ("date", "id", "modified", "include", "author", "title", "slug", "relevance"),
    "comments": ("date", "date_gmt", "id", "include", "post", "parent", "type"),
}
FORBIDDEN_OF_COMMENTS = ("author", "author_email", "author_exclude", "status", "type")
ROBOTS = b"User-agent: *\nDisallow: /wp-admin/\nAllow: /wp-admin/admin-ajax.php\nCrawl-delay: 1\n"
Route = Literal["posts", "comments"]


class WordPressSite:
    """Answers as one WordPress site.

    Parameters
    ----------
    world : World
        Where posts come from.
    site : SimSource
        The site of the world to show.
    base : str
        The address that it is served at, without a trailing slash.

    Attributes
    ----------
    shows_api : bool
        Whether guests may ask the REST API; feeds and pages are there in any case.
    """

    def __init__(self, world: World, site: SimSource, *, base: str) -> None:
        posts = world.of_source(site.source)
        self._site = site
        self._base = base
        self._shelves: Mapping[Route, Shelf] = {
            "posts": Shelf([post for post in posts if post.kind == "post"]),
            "comments": Shelf([post for post in posts if post.kind == "comment"]),
        }
        self._edits = _edits(self._shelves["posts"])
        self._feeds = WordPressFeeds(
            self._shelves["posts"], self._shelves["comments"], title=site.title, base=base
        )
        self.shows_api = True
        self._written: dict[tuple[Route, int, int, tuple[str, ...]], bytes] = {}
        self._thread_of = np.array(
            [post.thread for post in self._shelves["comments"].posts], dtype=np.int64
        )

    def answer(self, question: Question) -> Answer:
        """Answer one request."""
        path = question.path.rstrip("/")
        if path == "/robots.txt":
            return Answer(200, ROBOTS, PLAIN)
        if path.startswith("/wp-json") and not self.shows_api:
            return _error(401, "rest_not_logged_in", "You are not currently logged in.")
        if path == "/wp-json":
            return self._with_link(json_answer(self._root(), php=True))
        if question.path.startswith(API):
            return self._with_link(self._route(question, path.removeprefix(API).split("/")))
        return self._feeds.answer(question) or NOT_FOUND

    def _route(self, question: Question, parts: Sequence[str]) -> Answer:
        match parts:
            case ["posts" | "comments" as route]:
                return self._list(question, route)
            case ["posts" | "comments" as route, number] if number.isdigit():
                return self._single(question, route, int(number))
            case ["users"]:
                return json_answer(self._users(), php=True)
            case ["categories"]:
                return json_answer([self._category()], php=True)
        return _error(
            404, "rest_no_route", "No route was found matching the URL and request method."
        )

    def _list(self, question: Question, route: Route) -> Answer:
        if route == "comments":
            for name in FORBIDDEN_OF_COMMENTS:
                if name in question.query:
                    return _error(
                        401, "rest_forbidden_param", f"Query parameter not permitted: {name}"
                    )
        per_page = whole(question.one("per_page"), otherwise=10)
        page = whole(question.one("page"), otherwise=1)
        if per_page is None or not 1 <= per_page <= LARGEST_PAGE or page is None or page < 1:
            return _invalid("per_page" if page else "page")
        if question.one("orderby") not in (None, *ORDERS[route]):
            return _invalid("orderby")
        try:
            rows = self._found(question, route)
        except ValueError as error:
            return _invalid(str(error))
        n_pages = math.ceil(len(rows) / per_page)
        if route == "posts" and page > n_pages > 0:  # comments answer with an empty list instead
            return _error(
                400,
                "rest_post_invalid_page_number",
                "The page number requested is larger than the number of pages available.",
            )
        shown = rows[(page - 1) * per_page : page * per_page]
        fields = tuple(question.many("_fields"))
        body = listed([self._fragment(route, int(row), question.now, fields) for row in shown])
        headers = [("X-WP-Total", str(len(rows))), ("X-WP-TotalPages", str(n_pages))]
        headers += self._page_links(question, page, n_pages)
        return Answer(200, body, headers=tuple(headers))

    def _found(self, question: Question, route: Route) -> NDArray[np.intp]:
        """Return the rows that a question asks for, in order; ValueError names a parameter."""
        shelf = self._shelves[route]
        wanted = shelf.visible(question.now)
        dates = shelf.created // 1000
        times = {"": dates}
        if route == "posts":
            times["modified_"] = self._modified(question.now) // 1000
        for prefix, column in times.items():
            wanted &= column > _bound(question, f"{prefix}after", -(2**62))
            wanted &= column < _bound(question, f"{prefix}before", 2**62)
        wanted &= _membership(question, "include", shelf.numbers, absent=True)
        wanted &= ~_membership(question, "exclude", shelf.numbers, absent=False)
        if route == "comments":
            wanted &= _membership(question, "post", self._thread_of, absent=True)
        elif question.many("categories"):
            wanted &= str(CATEGORY) in question.many("categories")
        rows = np.flatnonzero(wanted)
        key = self._order_key(question, route, times, rows)
        ordered: NDArray[np.intp] = rows[np.lexsort((shelf.numbers[rows], key))]
        return ordered if question.one("order") == "asc" else ordered[::-1]

    def _order_key(
        self,
        question: Question,
        route: Route,
        times: Mapping[str, NDArray[np.int64]],
        rows: NDArray[np.intp],
    ) -> NDArray[np.int64]:
        orderby = question.one("orderby") or "date"
        if orderby == "modified":
            return times["modified_"][rows]
        if orderby == "post" and route == "comments":
            return self._thread_of[rows]
        return self._shelves[route].numbers[rows] if orderby == "id" else times[""][rows]

    def _modified(self, now: datetime) -> NDArray[np.int64]:
        """Return when each post was last changed, as known at `now`; milliseconds, (n,)."""
        modified = self._shelves["posts"].created.copy()
        moments, rows = self._edits
        known = moments <= milliseconds(now)
        np.maximum.at(modified, rows[known], moments[known])
        return modified

    def _fragment(self, route: Route, row: int, now: datetime, fields: tuple[str, ...]) -> bytes:
        post = self._shelves[route].posts[row]
        version = post.version_at(now)
        key = (route, row, version, fields)
        if key not in self._written:
            item = self._post(post, version) if route == "posts" else self._comment(post, version)
            chosen = {name: item[name] for name in item if not fields or name in fields}
            self._written[key] = dumps(chosen, php=True)
        return self._written[key]

    def _single(self, question: Question, route: Route, number: int) -> Answer:
        shelf = self._shelves[route]
        row = shelf.row_of.get(number)
        if row is None or shelf.posts[row].visible_from > question.now:
            what = "post" if route == "posts" else "comment"
            return _error(404, f"rest_{what}_invalid_id", f"Invalid {what} ID.")
        if not shelf.posts[row].is_visible(question.now):
            code = "rest_forbidden" if route == "posts" else "rest_cannot_read"
            return _error(401, code, "Sorry, you are not allowed to do that.")
        fields = tuple(question.many("_fields"))
        return Answer(200, self._fragment(route, row, question.now, fields))

    def _post(self, post: SimPost, version: int) -> dict[str, Any]:
        said, base = post.versions[version], self._base
        created, modified = _second(post.created_at), _second(said.at)
        link = self._feeds.link(post)
        excerpt = said.html.partition("</p>")[0] + "</p>\n"
        api = f"{base}/wp-json/wp/v2"
        return {
            "id": post.number,
            "date": created,
            "date_gmt": created,
            "guid": {"rendered": f"{base}/?p={post.number}"},
            "modified": modified,
            "modified_gmt": modified,
            "slug": f"{post.slug}-{post.number}",
            "status": "publish",
            "type": "post",
            "link": link,
            "title": {"rendered": texturized(said.title)},
            "content": {"rendered": said.html, "protected": False},
            "excerpt": {"rendered": excerpt, "protected": False},
            "author": post.author.number,
            "featured_media": 0,
            "comment_status": "open",
            "ping_status": "closed",
            "sticky": False,
            "template": "",
            "format": "standard",
            "meta": [],
            "categories": [CATEGORY],
            "tags": [],
            "_links": {
                "self": [{"href": f"{api}/posts/{post.number}"}],
                "collection": [{"href": f"{api}/posts"}],
                "author": [{"embeddable": True, "href": f"{api}/users/{post.author.number}"}],
                "replies": [{"embeddable": True, "href": f"{api}/comments?post={post.number}"}],
            },
        }

    def _comment(self, post: SimPost, version: int) -> dict[str, Any]:
        created = _second(post.created_at)
        article = self._shelves["posts"].find(post.thread)
        api = f"{self._base}/wp-json/wp/v2"
        page = self._feeds.link(article) if article else self._base
        return {
            "id": post.number,
            "post": post.thread,
            "parent": 0 if post.parent in (None, post.thread) else post.parent,
            "author": 0,
            "author_name": post.author.display,
            "author_url": "",
            "date": created,
            "date_gmt": created,
            "content": {"rendered": post.versions[version].html},
            "link": f"{page}#comment-{post.number}",
            "status": "approved",
            "type": "comment",
            "author_avatar_urls": {},
            "meta": [],
            "_links": {
                "self": [{"href": f"{api}/comments/{post.number}"}],
                "collection": [{"href": f"{api}/comments"}],
                "up": [
                    {"embeddable": True, "post_type": "post", "href": f"{api}/posts/{post.thread}"}
                ],
            },
        }

    def _users(self) -> list[dict[str, Any]]:
        writers = {post.author.number: post.author for post in self._shelves["posts"].posts}
        return [
            {
                "id": number,
                "name": author.display,
                "url": "",
                "description": "",
                "link": f"{self._base}/author/{number}/",
                "slug": f"writer-{number}",
                "avatar_urls": {},
                "meta": [],
            }
            for number, author in sorted(writers.items())
        ]

    def _category(self) -> dict[str, Any]:
        return {
            "id": CATEGORY,
            "count": len(self._shelves["posts"].posts),
            "description": "",
            "link": f"{self._base}/category/voices/",
            "name": "Voices",
            "slug": "voices",
            "taxonomy": "category",
            "parent": 0,
            "meta": [],
        }

    def _root(self) -> dict[str, Any]:
        return {
            "name": self._site.title,
            "description": "",
            "url": self._base,
            "home": self._base,
            "gmt_offset": "0",
            "timezone_string": "",
            "namespaces": ["wp/v2"],
            "authentication": [],
            "routes": {},
        }

    def _page_links(self, question: Question, page: int, n_pages: int) -> list[tuple[str, str]]:
        links = []
        address = urlsplit(question.target)
        kept = [(name, value) for name, value in parse_qsl(address.query) if name != "page"]
        for rel, number in (("prev", page - 1), ("next", page + 1)):
            if 1 <= number <= n_pages:
                query = urlencode([*kept, ("page", str(number))])
                links.append(f'<{self._base}{address.path}?{query}>; rel="{rel}"')
        return [("Link", ", ".join(links))] if links else []

    def _with_link(self, answer: Answer) -> Answer:
        headers = answer.headers
        if not any(name == "Link" for name, _ in headers):
            headers = (*headers, ("Link", f'<{self._base}/wp-json/>; rel="https://api.w.org/"'))
        return Answer(answer.status, answer.body, answer.content_type, (*headers, ("Allow", "GET")))


def _edits(shelf: Shelf) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    edits = [
        (milliseconds(version.at), row)
        for row, post in enumerate(shelf.posts)
        for version in post.versions[1:]
    ]
    moments = np.array([moment for moment, _ in edits], dtype=np.int64)
    return moments, np.array([row for _, row in edits], dtype=np.intp)


def _bound(question: Question, name: str, otherwise: int) -> int:
    """Return a time parameter in whole seconds since 1970."""
    text = question.one(name)
    if text is None:
        return otherwise
    try:
        moment = datetime.fromisoformat(unescape(text))
    except ValueError:
        raise ValueError(name) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(seconds=1)


def _membership(
    question: Question, name: str, column: NDArray[np.int64], *, absent: bool
) -> NDArray[np.bool_]:
    values = question.many(name)
    if not values:
        return np.full(len(column), absent)
    if not all(value.isdigit() for value in values):
        raise ValueError(name)
    found: NDArray[np.bool_] = np.isin(column, np.array([int(v) for v in values], dtype=np.int64))
    return found


def _second(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}"


def _error(status: int, code: str, message: str) -> Answer:
    return json_answer(
        {"code": code, "message": message, "data": {"status": status}}, status=status, php=True
    )


def _invalid(name: str) -> Answer:
    return _error(400, "rest_invalid_param", f"Invalid parameter(s): {name}")
