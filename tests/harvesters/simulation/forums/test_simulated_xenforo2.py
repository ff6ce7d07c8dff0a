"""XenForo 2: its pages show the truth, and its addresses behave as the real ones do."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite
from harvesters.simulation.forums.xenforo2 import REDIRECT_NUMBERS

SOFTWARE = "xenforo2"


def read_posts(page: Any) -> Iterator[Any]:
    for article in page.css(page.tree, "article.message--post"):
        (body,) = page.css(article, ".message-userContent .bbWrapper")
        for element in page.css(body, ".bbCodeBlock-title, .bbCodeBlock-expandLink"):
            element.drop_tree()
        edits = page.css(article, ".message-lastEdit time")
        yield (
            article.get("data-content").removeprefix("post-"),
            article.get("data-author"),
            moment_of(page.css(article, ".message-attribution-main time")[0]),
            moment_of(edits[0]) if edits else None,
            body,
        )


def moment_of(time: Any) -> datetime:
    return datetime.strptime(time.get("datetime"), "%Y-%m-%dT%H:%M:%S%z")


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_past_the_end_leads_to_the_last_page(
    site: ForumSite, longest: ThreadView, moment: datetime
) -> None:
    thread, last = longest, site.software.n_pages(longest)
    assert last > 2
    answer = site.ask(site.software.thread_address(thread, last + 3), at=moment)
    assert answer.status == 303
    assert dict(answer.headers)["Location"] == site.thread_url(thread, last)


def test_permalinks_lead_to_the_page_of_the_post(
    site: ForumSite, longest: ThreadView, moment: datetime
) -> None:
    post = longest.readable[45].number
    wanted = f"{site.thread_url(longest, 3)}#post-{post}"
    for target in (f"/posts/{post}/", f"/goto/post?id={post}"):
        assert dict(site.ask(target, at=moment).headers)["Location"] == wanted


def test_what_is_gone_is_404_and_closed_rooms_are_403(
    site: ForumSite, board: Board, gone: BoardThread, moment: datetime
) -> None:
    assert site.ask(f"/threads/x.{gone.number}/", at=board.ends_at).status == 404
    assert site.ask(f"/posts/{gone.posts[0].number}/", at=board.ends_at).status == 404
    assert site.ask("/forums/members-room.7/", at=moment).status == 403
    closed = next(thread for thread in board.threads if thread.forum == 7)
    assert b"You must be logged-in" in site.ask(f"/posts/{closed.posts[0].number}/", at=moment).body


def test_a_moved_thread_leaves_a_redirect(site: ForumSite, board: Board) -> None:
    moved = max(
        (thread for thread in board.threads if thread.moved_at is not None),
        key=lambda thread: thread.posts[0].number,
    )
    stub = REDIRECT_NUMBERS + moved.number
    listing = site.ask("/forums/service-users.2/", at=board.ends_at).body.decode()
    assert f"js-threadListItem-{stub}" in listing
    answer = site.ask(f"/threads/caring-for-my-brother.{stub}/", at=board.ends_at)
    assert answer.status == 301
    assert dict(answer.headers)["Location"].endswith(f".{moved.number}/")
