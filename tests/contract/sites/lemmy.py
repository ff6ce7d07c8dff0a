"""A community on a Lemmy server: posts with their comments."""

from datetime import timedelta
from typing import Any

import httpx

from tests.contract.sites.base import ContractSite, Item
from tests.harvesters import invented_lemmy as invented


class LemmyContract(ContractSite):
    platform = "lemmy"
    host = invented.HOST
    handle = invented.COMMUNITY
    page = 50

    def answer(self, request: httpx.Request) -> httpx.Response:
        return invented.Lemmy(*map(self._shown, self.items.values()))(request)

    def _shown(self, item: Item) -> dict[str, Any]:
        hours = (item.written - invented.START) / timedelta(hours=1)
        changed = None
        if item.edited:
            changed = invented.stamp((item.edited - invented.START) / timedelta(hours=1))
        common = {"creator": invented.person(item.author), "updated": changed}
        if item.is_first:
            return invented.post(item.number, hours, body=item.text, **common)
        path = [str(n) for n in range(item.thread + 1, item.number) if n in self.items]
        above = ".".join(["0", *path])
        changes = {"content": item.text, **common}
        return invented.comment(item.number, hours, item.thread, above=above, **changes)
