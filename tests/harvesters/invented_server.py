"""An invented Mastodon server that answers timelines, contexts and questions for statuses."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from harvesters.base import SourceSpec
from warehouse.records import Batch, Community, Known

URL = "https://web.kind.example"
SPEC = SourceSpec(source="fedi", platform="mastodon", url=URL)
TAG = Community(source="fedi", community="peersupport", name="#peersupport")
START = datetime(2025, 10, 1, 10, 0, tzinfo=UTC)


def number(hours: float) -> int:
    """Return an id as Mastodon makes it, from the time of writing."""
    return int((START + timedelta(hours=hours)).timestamp() * 1000) << 16


def account(name: str = "heron", **changes: Any) -> dict[str, Any]:
    return {"acct": name, "bot": False, "noindex": False, "note": "", **changes}


def status(hours: float, *, to: float | None = None, **changes: Any) -> dict[str, Any]:
    written = START + timedelta(hours=hours)
    return {
        "id": str(number(hours)),
        "uri": f"https://kind.example/users/heron/statuses/{number(hours)}",
        "created_at": f"{written:%Y-%m-%dT%H:%M:%S}.000Z",
        "in_reply_to_id": None if to is None else str(number(to)),
        "in_reply_to_account_id": None if to is None else "11",
        "replies_count": 0,
        "spoiler_text": "",
        "visibility": "public",
        "url": f"https://kind.example/@heron/{number(hours)}",
        "edited_at": None,
        "content": f"<p>What value means, hour {hours}.</p>",
        "reblog": None,
        "tags": [{"name": "peersupport"}],
        "account": account(),
        **changes,
    }


class Server:
    """Answers timelines with `min_id` and `max_id`, statuses, and contexts.

    `replies_count` counts the direct replies that are held; guests see `descendants` of them.
    """

    def __init__(
        self, statuses: list[dict[str, Any]], *, asks_many: bool = True, descendants: int = 60
    ) -> None:
        self.statuses = {int(item["id"]): item for item in statuses}
        self.asks_many = asks_many
        self.descendants = descendants
        self.instance: dict[str, Any] = {"domain": "kind.example", "version": "4.5.0"}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, request.url.params
        if path == "/":
            return httpx.Response(200, text="A kind server.")
        if path == "/api/v2/instance":
            return httpx.Response(200, json=self.instance)
        if path == "/api/v1/statuses":
            return self._several(query.get_list("id[]"))
        if path.endswith("/context"):
            return self._context(int(path.split("/")[-2]))
        if path.startswith("/api/v1/statuses/"):
            item = self.statuses.get(int(path.rpartition("/")[2]))
            answer = httpx.Response(200, json=self._counted(item)) if item else None
            return answer or httpx.Response(404, json={})
        return self._timeline(path, query)

    def _timeline(self, path: str, query: httpx.QueryParams) -> httpx.Response:
        assert int(query["limit"]) <= 40
        if path == "/api/v1/timelines/public":
            wanted = set()
        else:
            wanted = {path.removeprefix("/api/v1/timelines/tag/"), *query.get_list("any[]")}
        shown = {
            native_id
            for native_id, item in self.statuses.items()
            if (not wanted or wanted & {tag["name"] for tag in item["tags"]})
            and ("local" not in query or "@" not in item["account"]["acct"])
        }
        names = sorted(shown)
        if "max_id" in query:
            names = [i for i in names if i < int(query["max_id"])]
        if "min_id" in query:
            names = [i for i in names if i > int(query["min_id"])][:40]
        page = [self._counted(self.statuses[i]) for i in reversed(names[-40:])]
        return httpx.Response(200, json=page)

    def _counted(self, item: dict[str, Any]) -> dict[str, Any]:
        replies = [s for s in self.statuses.values() if s["in_reply_to_id"] == item["id"]]
        return item | {"replies_count": len(replies)}

    def _context(self, native_id: int) -> httpx.Response:
        if native_id not in self.statuses:
            return httpx.Response(404, json={"error": "Record not found"})
        before: list[int] = []
        parent = self.statuses[native_id]["in_reply_to_id"]
        while parent and int(parent) in self.statuses:
            before.insert(0, int(parent))
            parent = self.statuses[int(parent)]["in_reply_to_id"]
        after, level = list[int](), {str(native_id)}
        while level:
            found = [i for i, s in sorted(self.statuses.items()) if s["in_reply_to_id"] in level]
            after += found
            level = {str(i) for i in found}
        shown = {"ancestors": before[-40:], "descendants": after[: self.descendants]}
        answer = {
            name: [self._counted(self.statuses[i]) for i in ids] for name, ids in shown.items()
        }
        return httpx.Response(200, json=answer)

    def _several(self, names: list[str]) -> httpx.Response:
        if not self.asks_many:
            return httpx.Response(404, json={"error": "Not found"})
        assert len(names) <= 20
        found = [self._counted(self.statuses[int(n)]) for n in names if int(n) in self.statuses]
        return httpx.Response(200, json=found)

    def add(self, *items: dict[str, Any]) -> None:
        self.statuses.update({int(item["id"]): item for item in items})


def harvest(
    site: Any,
    server: Any,
    known: Known = Known(),  # noqa: B008
    since: datetime | None = None,
    *,
    spec: SourceSpec = SPEC,
    community: Community = TAG,
) -> list[Batch]:
    return list(site.open(spec, server).harvest(community, since=since, known=known))


def ids(batches: list[Batch]) -> list[int]:
    return [int(read.native_id) for batch in batches for read in batch.posts]
