"""A blog by WordPress's REST API: threads are articles, answers are comments."""

from typing import Any

import httpx

from tests.contract.sites.base import ContractSite, Item


class WordPressContract(ContractSite):
    platform = "wordpress"
    host = "blog.example.org"
    handle = "blog"
    markup = True
    page = 100

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/":
            return httpx.Response(200, text="A blog")
        query = dict(request.url.params)
        if request.url.path.endswith("/types"):
            return httpx.Response(200, json={})
        route, _, native_id = request.url.path.removeprefix("/wp-json/wp/v2/").partition("/")
        shown = [self._shown(i) for i in self.items.values() if i.is_first == (route == "posts")]
        if native_id:
            one = [item for item in shown if str(item["id"]) == native_id]
            return httpx.Response(200, json=one[0]) if one else httpx.Response(404, json={})
        if "include" in query:
            wanted = {int(number) for number in query["include"].split(",")}
            shown = [item for item in shown if item["id"] in wanted]
        for name, field in (("modified_after", "modified_gmt"), ("after", "date_gmt")):
            if name in query:
                shown = [item for item in shown if item[field] > query[name].removesuffix("Z")]
        order = "modified_gmt" if query.get("orderby") == "modified" else "date_gmt"
        shown.sort(key=lambda item: (item[order], item["id"]))
        size, number = int(query["per_page"]), int(query.get("page", "1"))
        n_pages = -(-len(shown) // size)
        if number > max(1, n_pages):
            code = "rest_post_invalid_page_number"
            return httpx.Response(400, json={"code": code})
        headers = {"X-WP-Total": str(len(shown)), "X-WP-TotalPages": str(n_pages)}
        start = (number - 1) * size
        return httpx.Response(200, json=shown[start : start + size], headers=headers)

    def _shown(self, item: Item) -> dict[str, Any]:
        written = f"{item.written:%Y-%m-%dT%H:%M:%S}"
        link = f"https://{self.host}/entry-{item.thread}/"
        common = {
            "id": item.number,
            "date_gmt": written,
            "modified_gmt": f"{item.edited or item.written:%Y-%m-%dT%H:%M:%S}",
            "content": {"rendered": f"<p>{item.text}</p>", "protected": False},
        }
        if item.is_first:
            title = {"rendered": "A title"}
            return {**common, "title": title, "link": link, "author": 3, "type": "post"}
        parent = item.parent if item.parent != item.thread else 0
        return {
            **common,
            "post": item.thread,
            "parent": parent,
            "author": 0,
            "author_name": item.author,
            "link": f"{link}#comment-{item.number}",
            "type": "comment",
        }
