"""bbPress: its pages show the truth, and its addresses behave as the real ones do."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "bbpress"


def read_posts(page: Any) -> Iterator[Any]:
    for header in page.css(page.tree, ".bbp-reply-header"):
        post = header.getnext()
        (body,) = page.css(post, ".bbp-reply-content")
        for element in page.css(body, "ul[class$=-revision-log], .d4p-bbt-thanks"):
            element.drop_tree()
        for element in page.css(body, ".d4p-bbp-quote-title"):
            element.text, element[:] = "", []
        yield (
            header.get("id").removeprefix("post-"),
            page.css(post, ".bbp-reply-author .bbp-author-name")[0].text_content(),
            read_time(page, page.text(header, ".bbp-reply-post-date")),
            None,
            body,
        )


def read_time(page: Any, text: str) -> datetime:
    found = re.fullmatch(r"(.+ \d{4}) (?:at|um) (\d+:\d\d(?: [ap]m)?)(?: Uhr)?", text)
    assert found, text
    return page.clock_time(found[1], found[2], order="dmy" if page.site.software.other else "mdy")


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_past_the_end(site: ForumSite, longest: ThreadView, board: Board, moment: datetime) -> None:
    last = site.software.n_pages(longest)
    answer = site.ask(site.software.thread_address(longest, last + 1), at=moment)
    assert dict(answer.headers)["Location"] == site.thread_url(longest)
    assert site.ask(site.software.forum_address(board.forums[0], 99), at=moment).status == 404


def test_permalinks_lead_to_the_page_of_the_post(
    site: ForumSite, longest: ThreadView, moment: datetime
) -> None:
    post = longest.readable[33].number
    location = dict(site.ask(f"/forums/reply/{post}/", at=moment).headers)["Location"]
    assert location == f"{site.thread_url(longest, 3)}#post-{post}"


def test_what_is_gone_or_private_is_404(site: ForumSite, board: Board, gone: BoardThread) -> None:
    view = next(
        view
        for view in site.view(gone.posts[-1].written_at).threads.values()
        if view.thread is gone
    )
    assert site.ask(site.software.thread_address(view), at=board.ends_at).status == 404
    assert site.ask(site.software.forum_address(board.forums[3]), at=board.ends_at).status == 404


def test_a_topic_bears_the_number_of_its_first_post(site: ForumSite, moment: datetime) -> None:
    first = {post.thread_id: post.post_id for post in site.truth(moment) if post.position == 0}
    assert all(thread == post for thread, post in first.items())
