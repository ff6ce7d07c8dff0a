"""Invision Community 4: its pages show the truth, and its addresses behave as real ones do."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "invision4"


def read_posts(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, "article.ipsComment"):
        (body,) = page.css(post, "[data-role=commentContent]")
        marks = page.css(body, "span[data-excludequote]")
        edited = read_time(page, marks[0]) if marks else None
        for element in page.css(body, "span[data-excludequote], .ipsQuote_citation"):
            element.drop_tree()
        names = [e.text_content().strip() for e in page.css(post, ".cAuthorPane_author")]
        assert names[0] == names[1]
        yield (
            post.get("id").removeprefix("elComment_"),
            names[0].removeprefix("Guest ") if names[0] != "Guest" else names[0],
            read_time(page, page.css(post, ".ipsComment_meta")[0]),
            edited,
            body,
        )


def read_time(page: Any, element: Any) -> datetime:
    return datetime.fromisoformat(page.css(element, "time")[0].get("datetime"))


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_past_the_end_leads_to_the_last_page(
    site: ForumSite, longest: ThreadView, moment: datetime
) -> None:
    last = site.software.n_pages(longest)
    answer = site.ask(site.software.thread_address(longest, last + 3), at=moment)
    assert dict(answer.headers)["Location"] == site.thread_url(longest, last)


def test_permalinks_lead_to_the_page_of_the_post(
    site: ForumSite, longest: ThreadView, moment: datetime
) -> None:
    post = longest.readable[40].number
    target = f"{site.software.thread_address(longest)}?do=findComment&comment={post}"
    location = dict(site.ask(target, at=moment).headers)["Location"]
    assert location == f"{site.thread_url(longest, 2)}#comment-{post}"


def test_what_is_gone_is_404_and_closed_rooms_are_403(
    site: ForumSite, board: Board, gone: BoardThread
) -> None:
    assert site.ask(f"/topic/{gone.number}-x/", at=board.ends_at).status == 404
    assert site.ask(site.software.forum_address(board.forums[3]), at=board.ends_at).status == 403
