"""FlaskBB: its pages show the truth, bear what the recorded pages bear, and behave alike."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "flaskbb"


def read_posts(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, ".post-row"):
        (body,) = page.css(post, ".post-content")
        for element in page.css(body, ".post-signature"):
            element.drop_tree()
        meta = page.css(post, ".post-meta")[0]
        edited = page.css(meta, "small")
        yield (
            body.get("id").removeprefix("pid"),
            page.text(post, ".author-name"),
            read_time(page, page.css(meta, "a[href^='/post/']")[0]),
            read_time(page, edited[0]) if edited else None,
            body,
        )


def read_time(page: Any, element: Any) -> datetime:
    times = page.css(element, "time")
    if page.site.software.version == "2.2":
        return datetime.fromisoformat(times[0].get("datetime"))
    assert not times
    if page.site.software.other:
        found = re.search(r"\d\d\.\d\d\.\d{4}, \d\d:\d\d:\d\d", element.text_content())
        assert found
        return datetime.strptime(found[0], "%d.%m.%Y, %H:%M:%S").replace(tzinfo=UTC)
    found = re.search(r"\w{3} \d+, \d{4}, \d+:\d\d:\d\d [AP]M", element.text_content())
    assert found
    return datetime.strptime(found[0], "%b %d, %Y, %I:%M:%S %p").replace(tzinfo=UTC)


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_past_the_end_is_404(site: ForumSite, longest: ThreadView, moment: datetime) -> None:
    last = site.software.n_pages(longest)
    assert site.ask(site.software.thread_address(longest, last), at=moment).status == 200
    assert site.ask(site.software.thread_address(longest, last + 1), at=moment).status == 404


def test_permalinks_lead_to_the_page_of_the_post(
    site: ForumSite, longest: ThreadView, moment: datetime
) -> None:
    post = longest.readable[33].number
    location = dict(site.ask(f"/post/{post}", at=moment).headers)["Location"]
    assert location == f"{site.thread_url(longest)}?page=4#pid{post}"


def test_what_is_gone_is_404_and_closed_rooms_lead_to_the_login(
    site: ForumSite, board: Board, gone: BoardThread
) -> None:
    assert site.ask(f"/topic/{gone.number}-x", at=board.ends_at).status == 404
    assert site.ask(f"/post/{gone.posts[0].number}", at=board.ends_at).status == 404
    closed = site.ask(site.software.forum_address(board.forums[3]), at=board.ends_at)
    assert closed.status == 302
