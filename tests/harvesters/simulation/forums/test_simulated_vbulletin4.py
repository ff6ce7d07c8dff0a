"""vBulletin 3.8 and 4.2: their pages show the truth, and their addresses behave as real ones do."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "vbulletin4"
WHEN = re.compile(
    r"(Today|Yesterday|Heute|Gestern|\d\d[-.]\d\d[-.]\d{4})[,\s]+(?:at |um )?(\d\d:\d\d(?: [AP]M)?)"
)


def read_posts(page: Any) -> Iterator[Any]:
    return tables(page) if page.site.software.version == "3.8" else lists(page)


def tables(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, "table[id^=post]"):
        bodies = page.css(post, "div[id^=post_message_]")
        if not bodies:
            continue  # a notice
        for quote in page.css(bodies[0], "td.alt2 > div:first-child, div.smallfont"):
            quote.drop_tree()
        notes = page.css(post, "div.smallfont > em")
        yield (
            post.get("id")[4:],
            page.css(post, "div[id^=postmenu_]")[0].xpath("string(a | text())"),
            read_time(page, page.css(post, "td.thead")[0].text_content()),
            read_time(page, notes[0].text_content()) if notes else None,
            bodies[0],
        )


def lists(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, "li.postcontainer:not(.postbitdeleted)"):
        (body,) = page.css(post, "div[id^=post_message_] > blockquote")
        for quote in page.css(body, ".bbcode_postedby, .bbcode_description"):
            quote.drop_tree()
        notes = page.css(post, ".lastedited")
        yield (
            post.get("id")[5:],
            page.css(post, ".username_container .username")[0].text_content(),
            read_time(page, page.text(post, ".postdate")),
            read_time(page, notes[0].text_content()) if notes else None,
            body,
        )


def read_time(page: Any, text: str) -> datetime:
    found = list(WHEN.finditer(text))[-1]  # an edit mark begins with a name
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
    post = longest.readable[33].number
    ids = [read[0] for read in read_posts(page(site, f"/showthread.php?p={post}", moment))]
    assert str(post) in ids


def test_what_is_gone_is_an_error_text(
    site: ForumSite, board: Board, gone: BoardThread, moment: datetime
) -> None:
    old = site.software.version == "3.8"
    answer = site.ask(f"/showthread.php?t={gone.number}", at=board.ends_at)
    assert (answer.status, b"Invalid Thread specified" in answer.body) == (
        200 if old else 404,
        True,
    )
    closed = site.ask("/forumdisplay.php?f=7", at=moment)
    assert (closed.status, b"You are not logged in" in closed.body) == (200 if old else 403, True)


def test_a_deleted_post_leaves_a_notice(site: ForumSite, board: Board) -> None:
    view = next(
        view
        for view in site.view(board.ends_at).threads.values()
        if any(entry.deleted for entry in view.shown)
    )
    deleted = next(entry.post.number for entry in view.shown if entry.deleted)
    target = site.software.thread_address(view, site.software.page_of(view, deleted))
    html = site.ask(target, at=board.ends_at).body.decode("cp1252")
    assert f"post_message_{deleted}" not in html
    assert re.search(rf'id="post_?{deleted}"', html)


def test_old_pages_say_their_title_in_the_navigation(
    site: ForumSite, longest: ThreadView, moment: datetime, page: Any
) -> None:
    shown = page(site, site.software.thread_address(longest), moment)
    titles = [" ".join(e.text_content().split()) for e in shown.css(shown.tree, "td.navbar strong")]
    old = site.software.version == "3.8"
    assert titles == ([" ".join(longest.thread.title.split())] if old else [])


def test_a_sticky_thread_bears_a_mark(
    site: ForumSite, board: Board, moment: datetime, page: Any
) -> None:
    sticky = [
        v.thread.number for v in site.view(moment).listed(board.forums[0].number) if v.thread.sticky
    ]
    shown = page(site, site.software.forum_address(board.forums[0]), moment)
    marks = shown.css(shown.tree, "td[id^=td_threadtitle_] img[src*=sticky]")
    marked = [int(mark.xpath("string(ancestor::td/@id)").rpartition("_")[2]) for mark in marks]
    assert marked == (sticky if site.software.version == "3.8" else [])


def test_pages_are_in_the_windows_code_page(site: ForumSite, moment: datetime) -> None:
    answer = site.ask("/", at=moment)
    assert answer.content_type == "text/html; charset=ISO-8859-1"
    view = next(v for v in site.view(moment).threads.values() if "\u2013" in v.thread.title)
    body = site.ask(site.software.thread_address(view), at=moment).body
    assert b"\x96" in body
