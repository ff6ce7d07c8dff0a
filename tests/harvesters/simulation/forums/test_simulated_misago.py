"""Misago: its pages show the truth, and its addresses behave as the real ones do."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from harvesters.simulation.forums.misago import POSTS_TAIL
from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import ForumSite

SOFTWARE = "misago"


def read_posts(page: Any) -> Iterator[Any]:
    for post in page.css(page.tree, "li.post"):
        bodies = page.css(post, ".post-body > article.misago-markup")
        if not bodies:
            continue  # hidden
        for element in page.css(bodies[0], ".quote-heading"):
            element.text, element[:] = "", []
        (time,) = page.css(post, "time[itemprop=datePublished]")
        yield (
            post.get("id").removeprefix("post-"),
            page.text(post, ".post-side [itemprop=author]"),
            datetime.fromisoformat(time.get("datetime")),
            None,
            bodies[0],
        )


def test_pages_show_the_truth(site: ForumSite, verify: Any) -> None:
    verify(site, read_posts)


def test_past_the_end_is_404(site: ForumSite, longest: ThreadView, moment: datetime) -> None:
    last = site.software.n_pages(longest)
    assert site.ask(site.software.thread_address(longest, last), at=moment).status == 200
    assert site.ask(site.software.thread_address(longest, last + 1), at=moment).status == 404


def test_a_few_posts_make_no_page(site: ForumSite, moment: datetime) -> None:
    size = site.software.posts_per_page
    for view in site.view(moment).threads.values():
        count = len(view.shown)
        if size < count <= size + POSTS_TAIL:
            assert site.software.n_pages(view) == 1
            return
    raise AssertionError("the board has no thread of such a length")


def test_permalinks_lead_to_the_page_of_the_post(
    site: ForumSite, longest: ThreadView, moment: datetime
) -> None:
    post = longest.readable[-1].number
    target = f"{site.software.thread_address(longest)}post/{post}/"
    location = dict(site.ask(target, at=moment).headers)["Location"]
    last = site.software.n_pages(longest)
    assert location == f"{site.thread_url(longest, last)}#post-{post}"


def test_what_is_gone_is_404_and_closed_rooms_are_403(
    site: ForumSite, board: Board, gone: BoardThread
) -> None:
    assert site.ask(f"/t/x/{gone.number}/", at=board.ends_at).status == 404
    closed = site.ask(site.software.forum_address(board.forums[3]), at=board.ends_at)
    assert closed.status == 403


def test_a_hidden_post_leaves_a_notice(site: ForumSite, board: Board) -> None:
    view = next(
        view
        for view in site.view(board.ends_at).threads.values()
        if any(entry.deleted for entry in view.shown)
    )
    deleted = next(entry.post for entry in view.shown if entry.deleted)
    page = site.software.page_of(view, deleted.number)
    html = site.ask(site.software.thread_address(view, page), at=board.ends_at).body.decode()
    assert f'id="post-{deleted.number}" class="post post-hidden' in html
    assert "This post is hidden." in html


def test_pages_are_turned_as_each_version_does(
    site: ForumSite, longest: ThreadView, moment: datetime, page: Any
) -> None:
    last = site.software.n_pages(longest)
    middle = page(site, site.software.thread_address(longest, 2), moment)
    (nav, _) = middle.css(middle.tree, ".toolbar nav")
    links = [link.get("href") for link in middle.css(nav, "a")]

    later = site.software.version == "0.39"
    assert nav.get("class") == ("thread-paginator" if later else "misago-pagination")
    assert links == [site.software.thread_address(longest, n) for n in (1, 1, 3, last)]
    first = page(site, site.software.thread_address(longest), moment)
    assert len(first.css(first.tree, ".toolbar button[disabled]")) == (4 if later else 0)
