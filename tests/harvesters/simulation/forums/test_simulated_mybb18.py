"""MyBB 1.8: its pages show the truth, and its addresses behave as the real ones do."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "mybb18"
WHEN = re.compile(r"(Today|Yesterday|Heute|Gestern|\d\d[-.]\d\d[-.]\d{4}), (\d\d:\d\d(?: [AP]M)?)")


def read_posts(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, "div.post"):
        (body,) = page.css(post, ".post_body")
        for element in page.css(body, "blockquote > cite, .codeblock > .title"):
            element.text, element[:] = "", []
        (when,) = page.css(post, ".post_date")
        edited = page.css(when, ".edited_post")
        at = read_time(page, edited[0]) if edited else None
        page.css(when, ".post_edit")[0].drop_tree()
        yield (
            post.get("id").removeprefix("post_"),
            page.text(post, ".author_information .largetext"),
            read_time(page, when),
            at,
            body,
        )


def read_time(page: Any, element: Any) -> datetime:
    for link in page.css(element, "a"):
        link.drop_tree()  # a name may look like a time
    hidden = " ".join(span.get("title") for span in page.css(element, "span[title]"))
    found = WHEN.search(hidden) or WHEN.search(element.text_content())
    assert found, element.text_content()
    return page.clock_time(found[1], found[2], order="dmy" if page.site.software.other else "mdy")


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_what_was_just_written_has_words(site: ForumSite, board: Board, verify: Any) -> None:
    newest = max(post.written_at for thread in board.threads for post in thread.posts)
    verify(site, read_posts, at=newest, days=9)


def test_past_the_end_is_the_first_page(
    site: ForumSite, longest: ThreadView, moment: datetime, page: Any
) -> None:
    last = site.software.n_pages(longest)
    targets = [site.software.thread_address(longest, n) for n in (1, last + 5)]
    shown = [[read[0] for read in read_posts(page(site, t, moment))] for t in targets]
    assert shown[0] == shown[1] != []


def test_permalinks_show_the_page_of_the_post(
    site: ForumSite, longest: ThreadView, moment: datetime, page: Any
) -> None:
    post = longest.readable[33].number
    targets = (
        f"/showthread.php?pid={post}",
        f"/showthread.php?tid={longest.thread.number}&pid={post}",
        f"/thread-{longest.thread.number}-post-{post}.html",
    )
    for target in targets:
        assert str(post) in [read[0] for read in read_posts(page(site, target, moment))]


def test_what_is_gone_is_an_error_under_200(
    site: ForumSite, board: Board, gone: BoardThread
) -> None:
    answer = site.ask(f"/showthread.php?tid={gone.number}", at=board.ends_at)
    assert (answer.status, b"thread does not exist" in answer.body) == (200, True)
    closed = site.ask("/forumdisplay.php?fid=7", at=board.ends_at)
    assert closed.status == (200 if site.software.version == "1.8.5" else 403)
    assert b"not logged in" in closed.body
