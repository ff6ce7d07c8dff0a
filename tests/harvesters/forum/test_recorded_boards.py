"""Pages of real servers with invented text, read by the shipped profiles.

Misago's pages are compared with what its own API said of the same threads at the same time.
"""

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from harvesters.html_forum.pages import (
    NOT_FOUND,
    BoardPage,
    NotShown,
    Page,
    ThreadPage,
    parse_board,
    parse_thread,
)
from harvesters.html_forum.posts import parse_posts
from harvesters.html_forum.profile import Profile, load_profile
from harvesters.posts import ReadContext

FLASKBB = "http://127.0.0.1:8802"
MISAGO = "http://127.0.0.1:8808"
READ_AT = {
    FLASKBB: datetime(2026, 11, 22, 19, 34, 27, tzinfo=UTC),
    MISAGO: datetime(2026, 11, 22, 19, 50, 9, tzinfo=UTC),
}


def page_of(recording: Any, name: str, site: str, path: str) -> Page:
    return Page(
        content=recording(f"forum/{name}"), address=f"{site}{path}", fetched_at=READ_AT[site]
    )


def board(profile: Profile, page: Page) -> BoardPage:
    return parse_board(page, profile, profile.date_reader({}))


def thread(profile: Profile, page: Page) -> ThreadPage:
    return parse_thread(page, profile, profile.date_reader({}))


@pytest.fixture
def flaskbb() -> Profile:
    return load_profile("flaskbb")


@pytest.fixture
def misago() -> Profile:
    return load_profile("misago")


def test_the_listing_of_flaskbb_is_read_over_both_pages(flaskbb: Profile, recording: Any) -> None:
    first = board(flaskbb, page_of(recording, "flaskbb/forum_p1.html", FLASKBB, "/forum/2-c"))
    second = board(flaskbb, page_of(recording, "flaskbb/forum_p2.html", FLASKBB, "/forum/2-c"))

    assert first.next_page == f"{FLASKBB}/forum/2-co-production?page=2"
    assert second.next_page is None
    assert [int(each.native_id) for each in (*first.threads, *second.threads)] == [
        *range(15, 3, -1)
    ]
    assert {each.n_posts for each in first.threads} == {2}
    long = second.threads[-1]
    assert (long.n_posts, long.last_page) == (32, f"{FLASKBB}/topic/4?page=4")
    last_post = long.last_post
    assert last_post is not None
    assert READ_AT[FLASKBB] - last_post.at == timedelta(minutes=3)


def test_the_pages_of_a_topic_of_flaskbb_are_read_to_the_last_post(
    flaskbb: Profile, recording: Any
) -> None:
    first_page = page_of(recording, "flaskbb/topic_p1.html", FLASKBB, "/topic/4-x")
    first = thread(flaskbb, first_page)
    second = thread(
        flaskbb, page_of(recording, "flaskbb/topic_p2.html", FLASKBB, "/topic/4?page=2")
    )

    assert (first.number, second.number, first.n_pages) == (1, 2, 4)
    assert first.title == "Værdi & samskabelse 🧠 共同生产"
    html = first_page.content.decode()
    assert [post.native_id for post in first.posts] == re.findall(r'id="pid(\d+)"', html)
    assert len(second.posts) == 10
    assert [post.raw for post in second.posts] == [
        f"<p>Reply {n} in topic 1</p>" for n in range(12, 22)
    ]
    names = re.findall(r'author-name"><h4><a[^>]*>(\w+)<', html)
    assert [post.handle for post in first.posts] == names
    times = r'<time datetime="([^"]+)" data-what_to_display="date-and-time"'
    every = re.findall(times, html)
    (edited,) = re.findall(rf"Last modified: {times}", html)
    created = [time for time in every if time != edited]
    assert [post.created and post.created.at.isoformat() for post in first.posts] == created
    assert [post.edited.at.isoformat() for post in first.posts if post.edited] == [edited]


def test_a_quotation_of_flaskbb_leaves_the_authors_own_words(
    flaskbb: Profile, recording: Any, keys: Any
) -> None:
    context = ReadContext(
        source="s",
        platform="forum",
        host="127.0.0.1:8802",
        community="forum/2-co-production",
        fetched_at=READ_AT[FLASKBB],
        keys=keys,
    )
    posts = parse_posts(
        recording("forum/flaskbb/topic_p1.html"),
        context,
        profile=flaskbb,
        dates=flaskbb.date_reader({}),
        thread="4",
        address=f"{FLASKBB}/topic/4-x",
    )
    quoting = next(post for post in posts if post.native_id == "9")
    quoted = posts[3]

    assert quoting.own_text == "I quote and disagree."
    assert "Opening post 1." in quoting.text
    assert "mira" not in quoting.text
    assert f"author_{posts[3].author_key}:\nOpening post 1." in quoting.text
    assert (posts[0].kind, posts[1].kind) == ("post", "comment")
    assert posts[1].text == "Reply 1 in topic 1"
    assert "价值是什么" in quoted.text
    assert quoting.url == f"{FLASKBB}/topic/post/9"


def test_beyond_the_end_flaskbb_says_that_there_is_nothing(
    flaskbb: Profile, recording: Any
) -> None:
    page = page_of(recording, "flaskbb/topic_past_end.html", FLASKBB, "/topic/4?page=99")

    with pytest.raises(NotShown) as error:
        thread(flaskbb, page)

    assert error.value.reason == NOT_FOUND


@pytest.mark.parametrize("kind", ["forum", "topic"])
def test_what_was_deleted_from_a_flaskbb_is_not_there_though_the_answer_is_ok(
    flaskbb: Profile, kind: str
) -> None:
    said = f"<title>None Unknown Error</title><p>Could not load {kind} data</p>".encode()
    page = Page(content=said, address=f"{FLASKBB}/topic/15", fetched_at=READ_AT[FLASKBB])

    with pytest.raises(NotShown) as error:
        thread(flaskbb, page)
    assert error.value.reason == NOT_FOUND


def test_a_page_in_the_theme_of_flaskbb_2_0_is_read(flaskbb: Profile) -> None:
    said = b"""<div class="topic-view"><div class="row controls-row"><ul class="pagination">
        <li class="disabled"><a href="#">Pages:</a></li><li><a href="/topic/1?page=1">1</a></li>
        <li class="active"><a href="#">2</a></li><li><a href="/topic/1?page=3">3</a></li>
        <li><a href="/topic/1?page=3">&raquo;</a></li></ul></div>
        <div class="panel-heading topic-head"><a href="/topic/1">Ward 7</a></div>
        <div id="37" class="row post-row"><div class="author-name"><h4><a href="/user/mira">mira</a>
        </h4></div><div class="post-meta"><div class="pull-left">
        <a href="/post/37">03 November 2026 - 10:10</a></div></div>
        <div class="post-content" id="pid37"><p>We decide together.</p></div></div></div>"""
    page = thread(
        flaskbb,
        Page(content=said, address=f"{FLASKBB}/topic/1?page=2", fetched_at=READ_AT[FLASKBB]),
    )

    assert (page.number, page.n_pages, page.title) == (2, 3, "Ward 7")
    assert page.next_page == f"{FLASKBB}/topic/1?page=3"
    (post,) = page.posts
    assert (post.native_id, post.handle, post.raw) == ("37", "mira", "<p>We decide together.</p>")
    assert post.created is not None
    assert post.created.at == datetime(2026, 11, 3, 10, 10, tzinfo=UTC)


def test_the_listing_of_misago_says_what_its_api_says(misago: Profile, recording: Any) -> None:
    listing = board(misago, page_of(recording, "misago/index.html", MISAGO, "/"))
    said = json.loads(recording("forum/misago/api_threads.json"))["results"]

    assert [(each.native_id, each.n_posts) for each in listing.threads] == [
        (str(each["id"]), each["replies"] + 1) for each in said
    ]
    for each, truth in zip(listing.threads, said, strict=True):
        last_post = each.last_post
        assert last_post is not None
        at = datetime.fromisoformat(truth["last_post_on"])
        assert last_post.earliest <= at < last_post.latest
        assert each.sticky == (truth["weight"] > 0)
    assert listing.next_page is None
    assert listing.n_broken == 0


def test_a_thread_of_misago_says_what_its_api_says(misago: Profile, recording: Any) -> None:
    page = thread(misago, page_of(recording, "misago/thread_p1.html", MISAGO, "/t/x/22/"))
    said = json.loads(recording("forum/misago/api_posts.json"))

    assert (page.title, page.n_posts) == (said["title"], said["replies"] + 1)
    assert [
        (post.native_id, post.handle, post.created and post.created.at, post.edited)
        for post in page.posts
    ] == [
        (str(each["id"]), each["poster_name"], datetime.fromisoformat(each["posted_on"]), None)
        for each in said["results"]
    ]
    for post, truth in zip(page.posts, said["results"], strict=True):
        assert _words(post.raw) == _words(truth["content"])
    assert (page.number, page.next_page, page.previous_page) == (1, None, None)


def _words(html: str) -> list[str]:
    return re.sub(r"<[^>]+>|&[#\w]+;|['\"]", " ", html).split()
