"""An organisation's account on Bluesky, which answers itself in threads."""

from datetime import timedelta

import httpx

from tests.contract.sites.base import ContractSite
from tests.harvesters import invented_appview as appview


class BlueskyContract(ContractSite):
    platform = "bluesky"
    host = "public.api.bsky.example"
    handle = "listening.example"
    page = 100
    tells_authors = False

    def answer(self, request: httpx.Request) -> httpx.Response:
        return self._view()(request)

    def _view(self) -> appview.AppView:
        view = appview.AppView()
        shown: dict[int, dict[str, object]] = {}
        for item in sorted(self.items.values(), key=lambda item: item.number):
            hours = (item.written - appview.START) / timedelta(hours=1)
            key, text = f"key{item.number:09d}", {"text": item.text}
            above = shown.get(item.parent or 0)
            made = (
                appview.reply(key, hours, above, did=appview.ORGANISATION, **text)
                if above
                else appview.post(key, hours, **text)
            )
            shown[item.number] = made
            view.add(made)
        return view
