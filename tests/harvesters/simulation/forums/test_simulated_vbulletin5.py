"""vBulletin 5: its pages show the truth, and its addresses behave as the real ones do."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "vbulletin5"
WHEN = re.compile(r"(Today|Yesterday|Heute|Gestern|\d\d[-.]\d\d[-.]\d{4}), (\d\d:\d\d(?: [AP]M)?)")


def read_posts(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, "li.b-post"):
        (body,) = page.css(post, ".js-post__content-text")
        for element in page.css(body, ".bbcode_postedby, .bbcode_description"):
            element.drop_tree()
        (time,) = page.css(post, "time[itemprop=dateCreated]")
        edited = page.css(post, ".b-post__edit")
        read = read_time(page, time)
        naive = datetime.fromisoformat(time.get("datetime"))
        assert (naive.hour, naive.minute) == (
            read.astimezone(page.site.software.zone).hour,
            read.minute,
        )
        published = post.get("data-node-publishdate")
        assert published is None or abs(int(published) - read.timestamp()) < 60
        yield (
            post.get("data-node-id"),
            page.text(post, ".b-userinfo .author"),
            datetime.fromtimestamp(int(published), UTC) if published else read,
            read_time(page, edited[0]) if edited else None,
            body,
        )


def read_time(page: Any, element: Any) -> datetime:
    for link in page.css(element, "a, .author"):
        link.drop_tree()
    found = WHEN.search(element.text_content())
    assert found
    return page.clock_time(found[1], found[2], order="dmy" if page.site.software.other else "mdy")


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
    post = longest.readable[40].number
    answer = site.ask(f"/node/{post}", at=moment)
    target = dict(answer.headers)["Location"].removeprefix(site.base).partition("#")[0]
    assert str(post) in [read[0] for read in read_posts(page(site, target, moment))]


def test_what_is_gone_is_404_and_closed_rooms_are_403(
    site: ForumSite, board: Board, gone: BoardThread
) -> None:
    assert site.ask(f"/node/{gone.posts[0].number}", at=board.ends_at).status == 404
    assert site.ask(site.software.forum_address(board.forums[3]), at=board.ends_at).status == 403
