"""A board without an API, in the markup of XenForo, read by its profile."""

from html import escape

import httpx

from harvesters.base import SourceSpec
from harvesters.html_forum.profile import load_profile
from tests.contract.sites.base import ContractSite
from tests.harvesters.forum.invented_board import Entry, InventedBoard, Talk

PROFILE = "xenforo2"


class ForumContract(ContractSite):
    platform = "forum"
    host = "board.example"
    handle = "forums/talk.2/"
    page = 50

    @property
    def spec(self) -> SourceSpec:
        digest = load_profile(PROFILE).digest
        options = {"profile": PROFILE, "confirmed": digest, "timezone": "Europe/London"}
        return SourceSpec(
            source="the_forum",
            platform="forum",
            url=f"https://{self.host}",
            communities=(self.community,),
            options=options,
        )

    def answer(self, request: httpx.Request) -> httpx.Response:
        board = InventedBoard(PROFILE)
        for number in sorted(self.items):
            item = self.items[number]
            talk = board.threads.setdefault(item.thread, Talk(item.thread, "A title"))
            body = f"<p>{escape(item.text)}</p>"
            talk.posts.append(Entry(number, item.author, item.written, body, edited=item.edited))
        return board(request)
