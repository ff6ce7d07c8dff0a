"""Khoros: its pages show the truth, and its addresses behave as the real ones do."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "khoros"


def read_posts(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, ".MessageView"):
        (body,) = page.css(post, ".lia-message-body-content")
        edited = page.css(post, ".lia-message-edited-on")
        yield (
            page.css(post, "[data-lia-message-uid]")[0].get("data-lia-message-uid"),
            page.text(post, ".UserName"),
            read_time(page, page.css(post, ".lia-message-posted-on")[0]),
            read_time(page, edited[0]) if edited else None,
            own(page, body),
        )


def own(page: Any, body: Any) -> Any:
    for quotation in page.css(body, "blockquote"):
        for link in page.css(quotation, "a[href*=viewprofilepage]"):
            link.drop_tree()
    return body


def read_time(page: Any, element: Any) -> datetime:
    friendly = page.css(element, ".local-friendly-date")
    words = friendly[0].get("title") if friendly else element.text_content()
    assert words.strip().startswith("\u200e") or "\u200e" in words
    found = re.search(r"([\d-]{10})\s+(\d\d:\d\d(?: [AP]M)?)", words)
    assert found, words
    return page.clock_time(found[1], found[2], order="ymd" if page.site.software.other else "dmy")


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_past_the_end_is_the_last_page(
    site: ForumSite, longest: ThreadView, moment: datetime, page: Any
) -> None:
    last = site.software.n_pages(longest)
    targets = [site.software.thread_address(longest, n) for n in (last, last + 5)]
    shown = [[read[0] for read in read_posts(page(site, t, moment))] for t in targets]
    assert shown[0] == shown[1] != []


def test_permalinks_show_the_page_of_the_post(
    site: ForumSite, longest: ThreadView, moment: datetime, page: Any
) -> None:
    post = longest.readable[33].number
    target = f"/t5/Service-Users/Any-words/m-p/{post}"
    assert str(post) in [read[0] for read in read_posts(page(site, target, moment))]


def test_what_is_gone_is_404_and_closed_rooms_lead_to_the_login(
    site: ForumSite, board: Board, gone: BoardThread
) -> None:
    target = f"/t5/Service-Users/Any-words/td-p/{gone.posts[0].number}"
    assert site.ask(target, at=board.ends_at).status == 404
    assert site.ask(site.software.forum_address(board.forums[3]), at=board.ends_at).status == 302
