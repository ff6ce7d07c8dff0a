"""SMF 2: its pages show the truth, and its addresses behave as the real ones do."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "smf2"
WHEN = re.compile(
    r"(Today|Yesterday|Heute|Gestern|[^\W\d]{3,} \d\d, \d{4}|\d+\. [^\W\d]{3,} \d{4})"
    r"(?:,| at| um) (\d\d:\d\d(?::\d\d)?(?: [AP]M)?)"
)


def read_posts(page: Any) -> Iterator[Any]:
    old = page.site.software.version == "2.0"
    for post in page.css(page.tree, ".post_wrapper"):
        (body,) = page.css(post, ".inner")
        for element in page.css(body, ".topslice_quote, blockquote > cite, .codeheader"):
            element.text, element[:] = "", []
        when = page.css(post, ".keyinfo > .smalltext" if old else ".postinfo > a.smalltext")[0]
        (modified,) = page.css(post, ".modified")
        edited = modified.text_content().strip()
        yield (
            body.get("id")[4:],
            page.text(post, ".poster h4"),
            read_time(page, when.text_content()),
            read_time(page, edited) if edited else None,
            body,
        )


def read_time(page: Any, text: str) -> datetime:
    found = WHEN.search(" ".join(text.split()))
    assert found, text
    return page.clock_time(found[1], found[2], order="dmy" if page.site.software.other else "mdy")


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_days_just_gone_have_words(site: ForumSite, board: Board, verify: Any) -> None:
    newest = max(post.written_at for thread in board.threads for post in thread.posts)
    verify(site, read_posts, at=newest, days=9)


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
    post = longest.readable[40].number
    answer = site.ask(f"/index.php?msg={post}", at=moment)
    target = dict(answer.headers)["Location"].removeprefix(site.base).partition("#")[0]
    assert str(post) in [read[0] for read in read_posts(page(site, target, moment))]


def test_what_is_gone_or_closed_asks_to_log_in(
    site: ForumSite, board: Board, gone: BoardThread
) -> None:
    for target in (f"/index.php?topic={gone.number}.0", "/index.php?board=7.0"):
        answer = site.ask(target, at=board.ends_at)
        assert (answer.status, b'id="frmLogin"' in answer.body) == (200, True)


def test_a_moved_topic_leaves_a_redirect_in_the_newer_version(
    site: ForumSite, board: Board
) -> None:
    listing = site.ask(site.software.forum_address(board.forums[0]), at=board.ends_at).body
    assert (b"MOVED: Caring" in listing) == (site.software.version == "2.1")
