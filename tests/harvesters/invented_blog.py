"""An invented blog that answers as the REST API of WordPress does, and short ways to harvest it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx

from harvesters.base import SourceSpec
from warehouse.records import Batch, Community, Known

SPEC = SourceSpec(source="diary", platform="wordpress", url="https://blog.example.org")
BLOG = Community(source="diary", community="blog", name="Diary")
START = datetime(2025, 3, 1, 10, 0, tzinfo=UTC)


def post(native_id: int, *, modified: datetime | None = None, **changes: Any) -> dict[str, Any]:
    written = START + timedelta(hours=6 * native_id)
    return {
        "id": native_id,
        "date_gmt": f"{written:%Y-%m-%dT%H:%M:%S}",
        "modified_gmt": f"{modified or written:%Y-%m-%dT%H:%M:%S}",
        "link": f"https://blog.example.org/entry-{native_id}/",
        "title": {"rendered": f"Entry {native_id}"},
        "content": {"rendered": f"<p>What value means, part {native_id}.</p>", "protected": False},
        "author": 2,
        "type": "post",
        "categories": [7 if native_id % 2 else 8],
        **changes,
    }


def comment(native_id: int, *, on: int = 1, **changes: Any) -> dict[str, Any]:
    written = START + timedelta(hours=1 + 3 * native_id)
    return {
        "id": native_id,
        "post": on,
        "parent": 0,
        "author": 0,
        "author_name": f"guest number {native_id}",
        "date_gmt": f"{written:%Y-%m-%dT%H:%M:%S}",
        "content": {"rendered": f"<p>A thought, number {native_id}.</p>"},
        "link": f"https://blog.example.org/entry-{on}/#comment-{native_id}",
        "type": "comment",
        **changes,
    }


class Blog:
    """Answers as WordPress does: bounds are exclusive, unreadable items are counted and skipped."""

    def __init__(self, posts: list[dict[str, Any]], comments: list[dict[str, Any]] = ()) -> None:  # type: ignore[assignment]
        self.posts = list(posts)
        self.comments = list(comments)
        self.unreadable: set[int] = set()
        self.before_answer: Callable[[], None] = lambda: None

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.before_answer()
        query = dict(request.url.params)
        route, _, native_id = request.url.path.removeprefix("/wp-json/wp/v2/").partition("/")
        is_posts = route == "posts"
        items = {"posts": self.posts, "comments": self.comments}[route]
        if native_id:
            found = [item for item in items if str(item["id"]) == native_id]
            return httpx.Response(200, json=found[0]) if found else httpx.Response(401, json={})
        for name, field in (("modified_after", "modified_gmt"), ("after", "date_gmt")):
            if name in query:
                assert query[name].endswith("Z"), "a bound without a zone is the site's local time"
                items = [item for item in items if item[field] > query[name].removesuffix("Z")]
        if "include" in query:
            wanted = {int(name) for name in query["include"].split(",")}
            items = [item for item in items if item["id"] in wanted]
        if "categories" in query:
            items = [item for item in items if int(query["categories"]) in item["categories"]]
        order = "modified_gmt" if query.get("orderby") == "modified" else "date_gmt"
        items = sorted(items, key=lambda item: (item[order], item["id"]))
        size, number = int(query["per_page"]), int(query.get("page", "1"))
        n_pages = -(-len(items) // size)
        if is_posts and number > max(1, n_pages):
            answer = {"code": "rest_post_invalid_page_number", "message": "", "data": {}}
            return httpx.Response(400, json=answer)
        page = items[(number - 1) * size : number * size]
        shown = [item for item in page if item["id"] not in self.unreadable]
        totals = {"X-WP-Total": str(len(items)), "X-WP-TotalPages": str(n_pages)}
        return httpx.Response(200, json=shown, headers=totals)


def harvest(site: Any, blog: Any, known: Known = Known(), since: Any = None) -> list[Batch]:  # noqa: B008
    return list(site.open(SPEC, blog).harvest(BLOG, since=since, known=known))


def ids(batches: list[Batch]) -> list[str]:
    return [read.native_id for batch in batches for read in batch.posts]
