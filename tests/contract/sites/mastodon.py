"""A Mastodon server: the timeline of one tag, statuses by id."""

from typing import Any

import httpx

from tests.contract.sites.base import ContractSite, Item, found, stamp

FIRST_ID = 110_000_000_000_000_000


class MastodonContract(ContractSite):
    platform = "mastodon"
    host = "kind.example"
    handle = "coproduction"
    markup = True
    page = 40

    def answer(self, request: httpx.Request) -> httpx.Response:
        path, query = request.url.path, request.url.params
        if path == "/":
            return httpx.Response(200, text="A server")
        if path == "/api/v2/instance":
            return found({"domain": self.host, "version": "4.5.0"})
        if path == "/api/v1/statuses":
            asked = query.get_list("id[]")
            return found([self._shown(i) for i in self.newest_first() if self._id(i) in asked])
        if path.startswith("/api/v1/statuses/"):
            named = path.rpartition("/")[2]
            one = [self._shown(i) for i in self.items.values() if self._id(i) == named]
            return found(one[0] if one else None)
        listed = list(self.newest_first())
        if "max_id" in query:
            listed = [i for i in listed if int(self._id(i)) < int(query["max_id"])]
        if "min_id" in query:
            listed = [i for i in listed if int(self._id(i)) > int(query["min_id"])][-40:]
        return found([self._shown(item) for item in listed[:40]])

    @staticmethod
    def _id(item: Item) -> str:
        return str(FIRST_ID + item.number)

    def _shown(self, item: Item) -> dict[str, Any]:
        native_id = self._id(item)
        parent = str(FIRST_ID + item.parent) if item.parent in self.items else None
        return {
            "id": native_id,
            "uri": f"https://{self.host}/statuses/{native_id}",
            "url": f"https://{self.host}/statuses/{native_id}",
            "created_at": stamp(item.written),
            "edited_at": stamp(item.edited) if item.edited else None,
            "in_reply_to_id": parent,
            "in_reply_to_account_id": None,
            "visibility": "public",
            "spoiler_text": "",
            "content": f"<p>{item.text}</p>",
            "reblog": None,
            "account": {"acct": item.author, "bot": False, "note": "", "noindex": False},
        }
