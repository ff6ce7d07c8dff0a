"""An invented Lemmy server that speaks version 3, or 3 and 4, of the API, with all its fields."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

START = datetime(2025, 12, 1, 10, 0, tzinfo=UTC)  # 832 hours before the tests' clock
HOST = "lemmy.kind.example"
URL = f"https://{HOST}"
COMMUNITY = "peersupport"


def stamp(hours: float) -> str:
    return (START + timedelta(hours=hours)).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def person(name: str, home: str = HOST, **changes: Any) -> dict[str, Any]:
    return {
        "id": sum(name.encode()),
        "name": name,
        "banned": False,
        "published": stamp(-9000),
        "actor_id": f"https://{home}/u/{name}",
        "local": home == HOST,
        "deleted": False,
        "bot_account": False,
        "instance_id": 1,
        **changes,
    }


OTTER, HERON = person("otter"), person("heron", "far.example")


def post(number: int, hours: float, **changes: Any) -> dict[str, Any]:
    item = {
        "id": number,
        "name": f"What helped, number {number}",
        "body": f"It was **peers** who listened, hour {hours}.",
        "creator": OTTER,
        "community_id": 1,
        "removed": False,
        "locked": False,
        "published": stamp(hours),
        "updated": None,
        "deleted": False,
        "nsfw": False,
        "ap_id": f"{URL}/post/{number}",
        "local": True,
        "language_id": 37,
        "featured_community": False,
        "featured_local": False,
    }
    return {**item, **changes}


def comment(
    number: int, hours: float, post_number: int, *, above: str = "0", **changes: Any
) -> dict[str, Any]:
    item = {
        "id": number,
        "creator": HERON,
        "post_id": post_number,
        "content": f"So it was with me, hour {hours}.",
        "removed": False,
        "published": stamp(hours),
        "updated": None,
        "deleted": False,
        "ap_id": f"https://far.example/comment/{number + 700}",
        "local": False,
        "path": f"{above}.{number}",
        "distinguished": False,
        "language_id": 37,
    }
    return {**item, **changes}


class Lemmy:
    """Answers as a guest is answered; `version` is what the server calls itself."""

    def __init__(self, *items: dict[str, Any], version: str = "0.19.9") -> None:
        self.posts: dict[int, dict[str, Any]] = {}
        self.comments: dict[int, dict[str, Any]] = {}
        self.version = version
        self.private = False
        self.visibility = "Public"
        self.page_size = 50
        self.lists_deleted = True
        self.miscounted: dict[int, int] = {}
        self.add(*items)

    @property
    def is_v4(self) -> bool:
        return not self.version.startswith("0.")

    def add(self, *items: dict[str, Any]) -> None:
        for item in items:
            kind = self.comments if "path" in item else self.posts
            kind[item["id"]] = item

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/":
            return httpx.Response(200, text="<html>A kind server</html>")
        if path.startswith("/api/v4") and not self.is_v4:
            return httpx.Response(404)
        route = path.removeprefix("/api/v4").removeprefix("/api/v3")
        query = dict(request.url.params)
        answers: dict[str, Callable[[dict[str, str]], httpx.Response]] = {
            "/site": self._site,
            "/community": self._community,
            "/post/list": self._post_list,
            "/comment/list": self._comment_list,
            "/post": self._post,
            "/comment": self._comment,
        }
        return answers[route](query)

    def _site(self, _: dict[str, str]) -> httpx.Response:
        address = "ap_id" if self.is_v4 else "actor_id"
        site = {"id": 1, "name": "Kind", address: f"{URL}/", "instance_id": 1}
        local = {"id": 1, "private_instance": self.private}
        view = {"site": site, "local_site": local}
        return httpx.Response(200, json={"site_view": view, "version": self.version, "admins": []})

    def _community(self, query: dict[str, str]) -> httpx.Response:
        if query["name"] != COMMUNITY:
            return self._missing("community")
        counts = {"posts": self._n(self.posts), "comments": self._n(self.comments)}
        view: dict[str, Any] = {"community": self._about()}
        if self.is_v4:
            view["community"] |= counts
        else:
            view |= {"counts": {"community_id": 1, **counts}, "blocked": False}
        return httpx.Response(200, json={"community_view": view, "moderators": []})

    def _post_list(self, query: dict[str, str]) -> httpx.Response:
        assert query["sort"] == ("new" if self.is_v4 else "New")
        if query["community_name"] != COMMUNITY:
            return self._missing("community")
        shown = [p for p in self.posts.values() if not (p["deleted"] or p["removed"])]
        shown.sort(key=lambda p: (p["featured_community"], p["published"]), reverse=True)
        items, start = self._cut(shown, query)
        views = [self._post_view(item) for item in items]
        cursor = {"next_page": f"P{start + len(items):x}"} if items else {}
        name = "items" if self.is_v4 else "posts"
        return httpx.Response(200, json={name: views, **cursor})

    def _comment_list(self, query: dict[str, str]) -> httpx.Response:
        assert query["sort"] == ("new" if self.is_v4 else "New")
        shown = [
            c
            for c in self.comments.values()
            if query.get("post_id", str(c["post_id"])) == str(c["post_id"])
            and (self.lists_deleted or not (c["deleted"] or c["removed"]))
        ]
        shown.sort(key=lambda c: c["published"], reverse=True)
        items, start = self._cut(shown, query)
        views = [self._comment_view(item) for item in items]
        if self.is_v4:
            cursor = {"next_page": f"C{start + len(items):x}"} if items else {}
            return httpx.Response(200, json={"items": views, **cursor})
        assert "page_cursor" not in query
        return httpx.Response(200, json={"comments": views})

    def _cut(
        self, items: list[dict[str, Any]], query: dict[str, str]
    ) -> tuple[list[dict[str, Any]], int]:
        assert int(query["limit"]) <= 50
        start = self.page_size * (int(query.get("page", "1")) - 1)
        if "page_cursor" in query:
            start = int(query["page_cursor"][1:], 16)
        return items[start : start + self.page_size], start

    def _post(self, query: dict[str, str]) -> httpx.Response:
        item = self.posts.get(int(query["id"]))
        if item is None or item["removed"]:
            return self._missing("post")
        return httpx.Response(200, json={"post_view": self._post_view(item), "cross_posts": []})

    def _comment(self, query: dict[str, str]) -> httpx.Response:
        item = self.comments.get(int(query["id"]))
        if item is None:
            return self._missing("comment")
        return httpx.Response(200, json={"comment_view": self._comment_view(item)})

    def _missing(self, kind: str) -> httpx.Response:
        if self.is_v4:
            return httpx.Response(404, json={"error": "not_found"})
        return httpx.Response(400, json={"error": f"couldnt_find_{kind}"})

    def _post_view(self, item: dict[str, Any]) -> dict[str, Any]:
        n_comments = self._n_comments(item["id"])
        view = {"post": self._plain(item), "creator": self._person(item["creator"])}
        view["community"] = self._about()
        if self.is_v4:
            view["post"] |= {"comments": n_comments, "score": 1, "upvotes": 1, "downvotes": 0}
        else:
            counts = {"comments": n_comments, "score": 1, "upvotes": 1, "downvotes": 0}
            times = {"published": item["published"], "newest_comment_time": item["published"]}
            view["counts"] = {"post_id": item["id"], **counts, **times}
            view |= {"subscribed": "NotSubscribed", "saved": False, "unread_comments": n_comments}
        return view

    def _comment_view(self, item: dict[str, Any]) -> dict[str, Any]:
        below = self.posts.get(item["post_id"]) or post(item["post_id"], 0)
        view = {"comment": self._plain(item), "creator": self._person(item["creator"])}
        view |= {"post": self._post_view(below)["post"], "community": self._about()}
        if item["deleted"] or item["removed"]:
            view["comment"]["content"] = ""
        counts = {"score": 1, "upvotes": 1, "downvotes": 0, "child_count": 0}
        if self.is_v4:
            view["comment"] |= {**counts, "locked": False, "federation_pending": False}
        else:
            view["counts"] = {"comment_id": item["id"], **counts, "published": item["published"]}
        return view

    def _n_comments(self, number: int) -> int:
        there = [c for c in self.comments.values() if c["post_id"] == number]
        return self.miscounted.get(number, self._n({c["id"]: c for c in there}))

    @staticmethod
    def _n(items: dict[int, dict[str, Any]]) -> int:
        return sum(not (item["deleted"] or item["removed"]) for item in items.values())

    def _about(self) -> dict[str, Any]:
        about = {"id": 1, "name": COMMUNITY, "title": "Peer support", "removed": False}
        about |= {"deleted": False, "nsfw": False, "local": True, "instance_id": 1}
        about |= {"published": stamp(-9999), "actor_id": f"{URL}/c/{COMMUNITY}"}
        return self._renamed(
            {**about, "visibility": self.visibility.lower() if self.is_v4 else self.visibility}
        )

    def _person(self, account: dict[str, Any]) -> dict[str, Any]:
        return self._renamed(account)

    def _plain(self, item: dict[str, Any]) -> dict[str, Any]:
        fields = {n: v for n, v in item.items() if n != "creator" and v is not None}
        return self._renamed({**fields, "creator_id": item["creator"]["id"]})

    def _renamed(self, fields: dict[str, Any]) -> dict[str, Any]:
        """Return fields under the names of the server's version."""
        if not self.is_v4:
            return dict(fields)
        names = {"published": "published_at", "updated": "updated_at", "actor_id": "ap_id"}
        return {names.get(name, name): value for name, value in fields.items() if name != "banned"}
