"""An invented Reddit of one subreddit, which answers PRAW as far as harvesters ask."""

import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs

import httpx

from harvesters.base import SourceSpec
from warehouse.records import Community

SPEC = SourceSpec(
    source="reddit",
    platform="reddit",
    url="https://reddit.example",
    secrets={"client_id": "invented-id", "client_secret": "invented-secret"},
)
PLACE = Community(source="reddit", community="r/KindPlace", name="r/KindPlace")
BEGIN = 1_762_000_000.0
START = datetime.fromtimestamp(BEGIN, UTC)
HOUR = 3600.0


def base36(number: int) -> str:
    digits = "0123456789abcdefghijklmnopqrstuvwxyz"
    return (base36(number // 36) if number >= 36 else "") + digits[number % 36]


def submission(hours: float, **changes: Any) -> dict[str, Any]:
    """Return a submission; its id counts up with the hours."""
    name = base36(10**8 + round(hours * 1000))
    return {
        "kind": "t3",
        "data": {
            "id": name,
            "name": f"t3_{name}",
            "author": "heron",
            "subreddit": "KindPlace",
            "title": f"What value means, hour {hours}",
            "selftext": "Ask us.",
            "edited": False,
            "created_utc": BEGIN + hours * HOUR,
            "num_comments": 0,
            **changes,
        },
    }


def comment(hours: float, under: dict[str, Any], **changes: Any) -> dict[str, Any]:
    """Return a comment under a submission or another comment."""
    name = base36(2 * 10**8 + round(hours * 1000))
    thread = under["data"].get("link_id", under["data"]["name"])
    return {
        "kind": "t1",
        "data": {
            "id": name,
            "name": f"t1_{name}",
            "author": "wren",
            "subreddit": "KindPlace",
            "body": f"Words of hour {hours}.",
            "edited": False,
            "replies": "",
            "created_utc": BEGIN + hours * HOUR,
            "link_id": thread,
            "parent_id": under["data"]["name"],
            **changes,
        },
    }


def listing(things: list[dict[str, Any]], after: str | None = None) -> dict[str, Any]:
    return {"kind": "Listing", "data": {"after": after, "children": things}}


class InventedReddit:
    """Answers for its `things`; shows `cap` of a listing at most, as Reddit does.

    `folded` comments of a tree are shown behind a fold of their own each.
    """

    def __init__(self, things: list[dict[str, Any]], *, cap: int = 1000) -> None:
        self.things = {thing["data"]["name"]: thing for thing in things}
        self.cap = cap
        self.kind = "public"
        self.page_size = 100
        self.folded: set[str] = set()
        self.tokens = 0

    def add(self, *things: dict[str, Any]) -> None:
        self.things |= {thing["data"]["name"]: thing for thing in things}

    def change(self, name: str, **changes: Any) -> None:
        thing = self.things[name]
        self.things[name] = {**thing, "data": {**thing["data"], **changes}}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path.rstrip("/")
        if path == "/api/v1/access_token":
            return self._token(request)
        if request.headers.get("authorization") != f"bearer token-{self.tokens}":
            refusal = {"www-authenticate": 'Bearer realm="reddit", error="invalid_token"'}
            return httpx.Response(401, json={"error": 401}, headers=refusal)
        query = request.url.params
        if path in {"/r/KindPlace/new", "/r/KindPlace/comments"}:
            return self._listing("t3_" if path.endswith("new") else "t1_", query)
        if path == "/r/KindPlace/about":
            return self._about()
        if path == "/api/info":
            found = [self.things[n] for n in query["id"].split(",") if n in self.things]
            return httpx.Response(200, json=listing(found))
        if path == "/api/morechildren":
            return self._more_children(request)
        if path.startswith("/comments/"):
            return self._tree(path.split("/")[2])
        return httpx.Response(302, headers={"Location": "/subreddits/search?q=x"})

    def _token(self, request: httpx.Request) -> httpx.Response:
        identity = b64encode(b"invented-id:invented-secret").decode()
        if request.headers["authorization"] != f"Basic {identity}":
            return httpx.Response(401, json={"message": "Unauthorized", "error": 401})
        assert parse_qs(request.content.decode()) == {"grant_type": ["client_credentials"]}
        self.tokens += 1
        token = {"access_token": f"token-{self.tokens}", "expires_in": 86400, "scope": "*"}
        return httpx.Response(200, json={**token, "token_type": "bearer"})

    def _listing(self, kind: str, query: httpx.QueryParams) -> httpx.Response:
        assert query["limit"] == "100"
        newest = sorted(
            (thing for name, thing in self.things.items() if name.startswith(kind)),
            key=lambda thing: -thing["data"]["created_utc"],
        )[: self.cap]
        names = [thing["data"]["name"] for thing in newest]
        start = names.index(query["after"]) + 1 if query.get("after") in names else 0
        page = newest[start : start + self.page_size]
        more = start + len(page) < len(newest)
        return httpx.Response(200, json=listing(page, page[-1]["data"]["name"] if more else None))

    def _about(self) -> httpx.Response:
        if self.kind == "private":
            return httpx.Response(403, json={"reason": "private", "error": 403})
        about = {"display_name": "KindPlace", "subreddit_type": self.kind, "id": "2k", "name": "t5"}
        return httpx.Response(200, json={"kind": "t5", "data": about})

    def _tree(self, name: str) -> httpx.Response:
        root = self.things.get(f"t3_{name}")
        if root is None:
            return httpx.Response(404, json={"message": "Not Found", "error": 404})
        return httpx.Response(200, json=[listing([root]), listing(self._under(f"t3_{name}"))])

    def _under(self, name: str) -> list[dict[str, Any]]:
        children = [t for t in self.things.values() if t["data"].get("parent_id") == name]
        shown = [
            {**t, "data": {**t["data"], "replies": self._replies(t["data"]["name"])}}
            for t in children
            if t["data"]["name"] not in self.folded
        ]
        return [*shown, *self._folds(children)]

    def _replies(self, name: str) -> Any:
        under = self._under(name)
        return listing(under) if under else ""

    def _folds(self, children: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for data in (t["data"] for t in children if t["data"]["name"] in self.folded):
            fold = {"id": data["id"], "name": data["name"], "parent_id": data["parent_id"]}
            yield {"kind": "more", "data": {**fold, "count": 1, "children": [data["id"]]}}

    def _more_children(self, request: httpx.Request) -> httpx.Response:
        asked = parse_qs(request.content.decode())["children"][0].split(",")
        found = [self.things[f"t1_{name}"] for name in asked if f"t1_{name}" in self.things]
        for thing in found:  # what stands under them comes along, one after another
            name = thing["data"]["name"]
            found += [t for t in self.things.values() if t["data"].get("parent_id") == name]
        answer = {"json": {"errors": [], "data": {"things": found}}}
        return httpx.Response(200, content=json.dumps(answer))


@contextmanager
def served(reddit: InventedReddit) -> Iterator[tuple[str, list[str]]]:
    """Serve an invented Reddit on this machine; yields its address and the paths asked for."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1

        def do_GET(self) -> None:
            asked.append(self.path)
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            url = f"http://reddit.example{self.path}"
            fields = dict(self.headers.items())
            answer = reddit(httpx.Request(self.command, url, headers=fields, content=body))
            self.send_response(answer.status_code)
            for name, value in answer.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer.content)

        do_POST = do_GET  # noqa: N815 # the name that the server looks for

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", asked
        server.shutdown()
        thread.join()
