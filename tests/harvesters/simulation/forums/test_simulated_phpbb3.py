"""phpBB 3: its pages show the truth, and its addresses behave as the real ones do."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "phpbb3"


def read_posts(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, "div.post[id^=p]"):
        (body,) = page.css(post, ".content")
        for element in page.css(body, "cite, .codebox > p"):
            element.drop_tree()
        notices = [n for n in page.css(post, ".notice") if EDITED.search(n.text_content())]
        yield (
            post.get("id")[1:],
            page.css(post, "p.author .username, p.author .username-coloured")[0].text_content(),
            moment_in(page, page.css(post, "p.author")[0]),
            moment_in(page, notices[0]) if notices else None,
            body,
        )


EDITED = re.compile(r"^\s*(Last edited by|Zuletzt geändert von)")
IN_FULL = re.compile(r"(\w{3} \w{3} \d\d, \d{4}) (\d+:\d\d [ap]m)")
GERMAN = re.compile(r"(Heute|Gestern|\d+\. \w{3} \d{4}), (\d\d:\d\d)")


def moment_in(page: Any, element: Any) -> datetime:
    for link in page.css(element, "a.username, a.username-coloured, span.username"):
        link.text = ""  # a name may look like a date
    times = page.css(element, "time")
    if page.site.software.version == "3.3":
        return datetime.fromisoformat(times[0].get("datetime"))
    assert not times
    text = element.text_content()
    full, german = IN_FULL.search(text), GERMAN.search(text)
    if full:
        return page.clock_time(full[1], full[2], order="mdy")
    if german:
        return page.clock_time(german[1], german[2], order="dmy")
    if "vor weniger als einer Minute" in text:
        return page.ago(0)
    return page.ago(int(re.search(r"vor (\d+) Minuten", text)[1]))


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_words_for_the_days_and_minutes_just_gone(
    site: ForumSite, board: Board, verify: Any
) -> None:
    newest = max(post.written_at for thread in board.threads for post in thread.posts)
    verify(site, read_posts, at=newest, days=9)


def test_past_the_end_is_the_last_page_again(
    site: ForumSite, longest: ThreadView, moment: datetime, page: Any
) -> None:
    last = site.software.n_pages(longest)
    shown = [
        [read[0] for read in read_posts(page(site, target, moment))]
        for target in (
            site.software.thread_address(longest, last),
            site.software.thread_address(longest, last + 4),
        )
    ]
    assert shown[0] == shown[1] != []


def test_permalinks_show_the_page_of_the_post(
    site: ForumSite, longest: ThreadView, moment: datetime, page: Any
) -> None:
    post = str(longest.readable[33].number)
    ids = [read[0] for read in read_posts(page(site, f"/viewtopic.php?p={post}", moment))]
    assert ids.index(post) == 3


def test_what_is_gone_is_404_and_closed_rooms_ask_to_log_in(
    site: ForumSite, board: Board, gone: BoardThread, moment: datetime
) -> None:
    answer = site.ask(f"/viewtopic.php?t={gone.number}", at=board.ends_at)
    assert (answer.status, b"does not exist" in answer.body) == (404, True)
    closed = site.ask("/viewforum.php?f=7", at=moment)
    assert (closed.status, b'id="login"' in closed.body) == (200, True)
