"""A Discourse forum: the site-wide list, topics by id."""

from typing import Any

import httpx

from tests.contract.sites.base import ContractSite, Item, found, stamp


class DiscourseContract(ContractSite):
    platform = "discourse"
    host = "forum.example.org"
    handle = "5"
    page = 50

    def answer(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, request.url.params
        if path == "/":
            return httpx.Response(200, text="A forum")
        if path == "/posts.json":
            before = int(query.get("before") or 10**9)
            listed = [item for item in self.newest_first() if item.number < before][:50]
            return httpx.Response(200, json={"latest_posts": [self._shown(i) for i in listed]})
        if path.startswith("/posts/"):
            item = self.items.get(int(path.removeprefix("/posts/").removesuffix(".json")))
            return found(item and self._shown(item))
        topic = int(path.split("/")[2].removesuffix(".json"))
        of_topic = {i.number: self._shown(i) for i in self.items.values() if i.thread == topic}
        if not of_topic:
            return found(None)
        if path.endswith("/posts.json"):
            wanted = [int(number) for number in query.get_list("post_ids[]")]
            posts = [of_topic[number] for number in wanted if number in of_topic]
            return found({"id": topic, "post_stream": {"posts": posts}})
        stream = {"posts": list(of_topic.values())[:20], "stream": sorted(of_topic)}
        about = {"id": topic, "title": "A title", "posts_count": len(of_topic)}
        return found({**about, "highest_post_number": 10, "post_stream": stream})

    @staticmethod
    def _shown(item: Item) -> dict[str, Any]:
        place = item.number - item.thread + 1
        return {
            "id": item.number,
            "username": item.author,
            "created_at": stamp(item.written),
            "updated_at": stamp(item.edited or item.written),
            "cooked": f"<p>{item.text}</p>",
            "raw": item.text,
            "post_number": place,
            "post_type": 1,
            "reply_to_post_number": place - 1 if place > 2 else None,
            "version": 2 if item.edited else 1,
            "topic_id": item.thread,
            "topic_slug": f"topic-{item.thread}",
            "topic_title": "A title",
            "category_id": 5,
            "hidden": False,
            "deleted_at": None,
            "user_deleted": False,
        }
