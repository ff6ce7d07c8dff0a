"""An invented AppView with the account's server before it: accounts, posts, threads, searches."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs

import httpx

START = datetime(2025, 12, 1, 10, 0, tzinfo=UTC)  # 832 hours before the tests' clock
ORGANISATION = "did:plc:organisation22222222222"
READER = "did:plc:reader44444444444444444"
HANDLES = {ORGANISATION: "listening.example", READER: "otter.kind.example"}
OPTED_OUT = "!no-unauthenticated"


def stamp(hours: float) -> str:
    moment = START + timedelta(hours=hours)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03}Z"


def uri(key: str, did: str = ORGANISATION) -> str:
    return f"at://{did}/app.bsky.feed.post/{key}"


def label(value: str, did: str = READER) -> dict[str, Any]:
    return {"src": did, "uri": did, "val": value, "cts": stamp(0)}


def post(key: str, hours: float, *, did: str = ORGANISATION, **changes: Any) -> dict[str, Any]:
    """Return a post as an AppView shows it; fields of the record are given by their names."""
    record = {"$type": "app.bsky.feed.post", "text": f"What value means, hour {hours}."}
    record["createdAt"] = stamp(hours)
    for name in ("text", "reply", "facets", "createdAt", "langs"):
        if name in changes:
            record[name] = changes.pop(name)
    return {
        "uri": uri(key, did),
        "cid": f"bafy{key}",
        "author": {"did": did, "handle": HANDLES[did], "labels": []},
        "record": record,
        "replyCount": 0,
        "repostCount": 0,
        "likeCount": 0,
        "quoteCount": 0,
        "indexedAt": stamp(hours),
        "labels": [],
        **changes,
    }


def reply(
    key: str, hours: float, to: dict[str, Any], *, did: str = READER, **changes: Any
) -> dict[str, Any]:
    above = to["record"].get("reply", {}).get("root", {"uri": to["uri"], "cid": to["cid"]})
    answers = {"root": above, "parent": {"uri": to["uri"], "cid": to["cid"]}}
    return post(key, hours, did=did, reply=answers, **changes)


class AppView:
    """Answers `app.bsky.feed.*` about what it holds, newest first, and begins sessions."""

    def __init__(self, *posts: dict[str, Any], page_size: int = 100) -> None:
        self.posts: dict[str, dict[str, Any]] = {}
        self.reposts: list[dict[str, Any]] = []
        self.blocked: set[str] = set()
        self.page_size = page_size
        self.depth = 100
        self.search_depth = 10_000
        self.tokens = iter(f"token{n}" for n in range(1, 100))
        self.access = ""
        self.password = "app-password"
        self.add(*posts)

    def add(self, *posts: dict[str, Any]) -> None:
        for item in posts:
            self.posts[item["uri"]] = item
            above = self._parent(item)
            if above in self.posts:
                self.posts[above]["replyCount"] += 1

    def delete(self, name: str) -> None:
        above = self._parent(self.posts.pop(name))
        if above in self.posts:
            self.posts[above]["replyCount"] -= 1

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/":
            return httpx.Response(200, text="This is an AppView.")
        method = request.url.path.removeprefix("/xrpc/").rpartition(".")[2]
        query = parse_qs(request.url.query.decode())
        one = {name: values[0] for name, values in query.items()}
        if method == "getPosts":
            return self._several(query["uris"])
        answers = {
            "getAuthorFeed": lambda: self._feed(one),
            "getPostThread": lambda: self._thread(one["uri"]),
            "searchPosts": lambda: self._search(one, request.headers.get("authorization")),
            "createSession": lambda: self._begin(request),
            "refreshSession": lambda: self._refresh(request),
        }
        return answers[method]()

    def _feed(self, query: dict[str, str]) -> httpx.Response:
        dids = [d for d, handle in HANDLES.items() if query["actor"] in (d, handle)]
        if not dids:
            return error("InvalidRequest", "Profile not found")
        assert query["filter"] == "posts_with_replies"
        own = [{"post": item} for item in self.posts.values() if item["author"]["did"] == dids[0]]
        items = sorted([*own, *self.reposts], key=_feed_time, reverse=True)
        return self._page("feed", items, query)

    def _page(self, name: str, items: list[Any], query: dict[str, str]) -> httpx.Response:
        size = min(int(query["limit"]), self.page_size)
        assert size <= 100
        start = int(query.get("cursor", "0").partition("__")[0])
        page = items[start : start + size]
        more = {"cursor": f"{start + len(page)}__bafy"} if page else {}
        return httpx.Response(200, json={name: page, **more})

    def _thread(self, name: str) -> httpx.Response:
        if name not in self.posts:
            return error("NotFound", f"Post not found: {name}")
        return httpx.Response(200, json={"thread": self._node(name, self.depth)})

    def _node(self, name: str, depth: int) -> dict[str, Any]:
        kind = "app.bsky.feed.defs#"
        if name in self.blocked:
            return {"$type": f"{kind}blockedPost", "uri": name, "blocked": True, "author": {}}
        node: dict[str, Any] = {"$type": f"{kind}threadViewPost", "post": self.posts[name]}
        if depth > 0:
            below = [u for u, item in self.posts.items() if self._parent(item) == name]
            node["replies"] = [self._node(u, depth - 1) for u in below]
        return node

    def _several(self, names: list[str]) -> httpx.Response:
        assert len(names) <= 25
        shown = [self.posts[n] for n in names if n in self.posts and n not in self.blocked]
        return httpx.Response(200, json={"posts": shown})

    def _search(self, query: dict[str, str], bearer: str | None) -> httpx.Response:
        if bearer is None:
            return httpx.Response(403, json={})
        if bearer != f"Bearer {self.access}":
            return error("ExpiredToken", "Token has expired")
        assert query["sort"] == "latest"
        until = query.get("until", "9999")
        hits = [p for p in self.posts.values() if query["q"] in p["record"]["text"]]
        hits = sorted((p for p in hits if p["indexedAt"] < until), key=_post_time, reverse=True)
        return self._page("posts", hits[: self.search_depth], query)

    def _begin(self, request: httpx.Request) -> httpx.Response:
        account = json.loads(request.content)
        if account != {"identifier": "study.example", "password": self.password}:
            return httpx.Response(401, json={"error": "AuthenticationRequired"})
        return self._session()

    def _refresh(self, request: httpx.Request) -> httpx.Response:
        if request.headers["authorization"] != f"Bearer refresh-{self.access.split('-')[0]}":
            return error("ExpiredToken", "Token has been revoked")
        return self._session()

    def _session(self) -> httpx.Response:
        self.access = next(self.tokens)
        tokens = {"accessJwt": self.access, "refreshJwt": f"refresh-{self.access}"}
        return httpx.Response(200, json={**tokens, "did": READER, "handle": "study.example"})

    @staticmethod
    def _parent(item: dict[str, Any]) -> str | None:
        answers: str | None = item["record"].get("reply", {}).get("parent", {}).get("uri")
        return answers


def error(name: str, message: str) -> httpx.Response:
    return httpx.Response(400, json={"error": name, "message": message})


def _post_time(item: dict[str, Any]) -> str:
    claimed: str = item["record"]["createdAt"]
    return min(claimed, item["indexedAt"])


def _feed_time(item: dict[str, Any]) -> str:
    reason = item.get("reason")
    return str(reason["indexedAt"]) if reason else _post_time(item["post"])
