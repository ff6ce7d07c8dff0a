"""A subreddit, read by PRAW through the gate."""

from datetime import timedelta
from typing import Any

import httpx

from tests.contract.sites.base import ContractSite
from tests.harvesters import invented_reddit as invented


class RedditContract(ContractSite):
    platform = "reddit"
    host = "reddit.example"
    handle = "r/KindPlace"
    page = 100
    most = 1000
    secrets = dict(invented.SPEC.secrets)  # noqa: RUF012 # read only

    def __init__(self, now: Any) -> None:
        super().__init__(now)
        self._reddit = invented.InventedReddit([])

    def answer(self, request: httpx.Request) -> httpx.Response:
        self._reddit.things = self._things()
        return self._reddit(request)

    def _things(self) -> dict[str, Any]:
        made: dict[int, dict[str, Any]] = {}
        for item in sorted(self.items.values(), key=lambda item: item.number):
            hours = (item.written - invented.START) / timedelta(hours=1)
            edited = item.edited.timestamp() if item.edited else False
            common = {
                "created_utc": item.written.timestamp(),
                "author": item.author,
                "edited": edited,
            }
            if item.is_first:
                answers = sum(other.thread == item.number for other in self.items.values()) - 1
                text = {"selftext": item.text, "num_comments": answers}
                made[item.number] = invented.submission(hours, **common, **text)
                continue
            above = made.get(item.number - 1) or made.get(item.thread)
            if above:
                made[item.number] = invented.comment(hours, above, body=item.text, **common)
        return {thing["data"]["name"]: thing for thing in made.values()}
