"""A news site by its feed, which shows the newest items only, and its items' own pages."""

from html import escape

import httpx

from tests.contract.sites.base import ContractSite, Item


class FeedContract(ContractSite):
    platform = "feed"
    host = "news.example"
    handle = "/feed.xml"
    markup = True
    page = 30
    shows_old = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path == "/feed.xml":
            shown = list(self.newest_first())[: self.page]
            items = "".join(self._shown(item) for item in shown)
            head = '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel>'
            return httpx.Response(200, text=f"{head}<title>News</title>{items}</channel></rss>")
        if path == "/":
            return httpx.Response(200, text="News")
        there = int(path.rpartition("/")[2]) in self.items
        return httpx.Response(200 if there else 410, text="<p>An item</p>")

    def _shown(self, item: Item) -> str:
        body = escape(f"<p>{item.text}</p>")
        return (
            f"<item><title>A title</title><guid isPermaLink='false'>n-{item.number}</guid>"
            f"<link>https://{self.host}/items/{item.number}</link><author>{item.author}</author>"
            f"<pubDate>{item.written:%a, %d %b %Y %H:%M:%S} +0000</pubDate>"
            f"<description>{body}</description></item>"
        )
