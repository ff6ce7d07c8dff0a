"""Nights on an invented board: what is walked, what it costs, what is counted, where it goes on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, HarvestError, ParseError, RateLimited, Unconfirmed
from harvesters.html_forum import night as forum_night
from harvesters.html_forum.profile import ProfileError
from tests.harvesters.forum.invented_board import InventedBoard
from warehouse.records import Batch


def complete(batches: list[Batch]) -> bool:
    return all(batch.complete for batch in batches)


def counts(batches: list[Batch]) -> dict[str, tuple[int | None, int]]:
    return {
        count.native_thread_id: (count.expected, count.fetched)
        for batch in batches
        for count in batch.threads
    }


def test_a_first_night_reads_every_post_of_every_thread_once(nights: Any) -> None:
    board = nights.board
    for thread in range(1, 46):
        board.open(thread, n_posts=thread % 13 + 1)

    batches = nights.night()

    assert sorted(nights.ids) == sorted(board.all_ids())
    assert len(nights.ids) == len(set(nights.ids))
    assert complete(batches)
    assert counts(batches) == {
        str(talk.id): (len(talk.posts), len(talk.posts)) for talk in board.threads.values()
    }
    assert sum(batch.expected or 0 for batch in batches) == len(board.all_ids())


def test_the_second_night_of_an_unchanged_board_of_200_threads_costs_two_requests(
    nights: Any,
) -> None:
    for thread in range(1, 201):
        nights.board.open(thread, n_posts=1 + thread % 3, sticky=thread in (3, 4))
    nights.night()

    batches = nights.night()

    assert len(nights.site.requests) <= 2
    assert nights.ids == []
    assert complete(batches)


def test_a_night_opens_what_changed_at_its_last_page_only(nights: Any) -> None:
    board = nights.board
    for thread in range(1, 61):
        board.open(thread, n_posts=12)
    nights.night()
    new = [str(board.reply(thread).id) for thread in (7, 33) for _ in range(2)]

    batches = nights.night()

    assert sorted(nights.ids) == sorted(new)
    assert len(nights.site.requests) <= 2 + 2 + 1  # two pages of listing, two threads
    assert counts(batches) == {"7": (14, 14), "33": (14, 14)}


def test_a_thread_that_grew_by_pages_is_walked_back_to_the_known_post(nights: Any) -> None:
    board = nights.board
    board.open(1, n_posts=8)
    nights.night()
    new = [str(board.reply(1).id) for _ in range(23)]

    nights.night()

    assert sorted(nights.ids) == new
    assert complete(nights.last)


def test_the_walk_ends_by_time_where_the_known_post_is_gone(nights: Any) -> None:
    board = nights.board
    talk = board.open(1, n_posts=30)
    nights.night()
    talk.posts.pop()
    new = str(board.reply(1).id)

    nights.night()

    assert new in nights.ids
    assert len(nights.ids) <= board.per_page
    assert len(nights.site.requests) <= 3


def test_posts_that_moderators_put_among_old_ones_are_found_by_the_count(nights: Any) -> None:
    board = nights.board
    talk = board.open(1, n_posts=30)
    board.open(2, n_posts=3)
    late = talk.posts.pop(7)
    nights.night()
    talk.posts.insert(7, late)
    new = str(board.reply(1).id)

    batches = nights.night()

    assert {str(late.id), new} <= set(nights.ids)
    assert complete(batches)
    assert counts(batches) == {"1": (31, 31)}
    nights.night()
    assert nights.ids == []


def test_since_bounds_a_first_night_and_makes_no_thread_look_cut(nights: Any) -> None:
    board = nights.board
    for thread in range(1, 100):
        board.open(thread, n_posts=1)
    for _ in range(40):
        board.reply(5)
    bound = board.clock - timedelta(minutes=7 * 12)

    batches = nights.night(since=bound)

    wanted = {
        str(post.id)
        for talk in board.threads.values()
        for post in talk.posts
        if post.at >= bound - timedelta(minutes=1)
    }
    assert set(nights.ids) == wanted
    assert complete(batches)
    assert counts(batches) == {"5": (None, len(wanted))}
    new = str(board.reply(5).id)
    nights.night(since=bound)
    assert nights.ids == [new]


def test_a_board_that_is_read_whole_again_after_a_backfill_bound_reads_new_threads(
    nights: Any,
) -> None:
    board = nights.board
    board.open(1, n_posts=3)
    nights.night(since=board.clock + timedelta(days=1))
    assert nights.ids == []
    board.open(2, n_posts=2)

    nights.night(since=board.clock - timedelta(days=1))

    assert nights.ids
    assert {"2"} <= set(counts(nights.last))


def test_sticky_threads_end_no_listing_and_are_read_when_they_change(nights: Any) -> None:
    board = nights.board
    for thread in range(1, 26):
        board.open(thread, sticky=True)
    for thread in range(26, 60):
        board.open(thread)
    nights.night()
    assert nights.all_ids == board.all_ids()
    new = {str(board.reply(1).id), str(board.reply(30).id)}

    nights.night()

    assert set(nights.ids) == new


@pytest.mark.parametrize(
    "fails_at",
    [
        pytest.param(place, marks=() if place in {1, 10, 19, 28} else pytest.mark.slow)
        for place in range(1, 30, 3)
    ],
)
def test_a_night_that_is_cut_short_anywhere_loses_nothing(nights: Any, fails_at: int) -> None:
    board = nights.board
    for thread in range(1, 31):
        board.open(thread, n_posts=13 if thread % 5 == 0 else 2)
    n_answers = 0

    def answer(request: httpx.Request) -> httpx.Response:
        nonlocal n_answers
        n_answers += 1
        if n_answers > fails_at:
            return httpx.Response(429, headers={"Retry-After": "90000"})
        return board(request)

    with pytest.raises(RateLimited):
        nights.night(answer)
    nights.site.clock.sleep(100_000)
    board.clock = nights.site.clock.now()
    board.reply(10)
    board.open(31, n_posts=3)

    nights.night()

    assert nights.all_ids == board.all_ids()
    assert complete(nights.last)


def test_a_thread_cut_by_its_cap_is_counted_and_read_on_the_next_night(
    nights: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forum_night, "THREAD_PAGES", 3)
    board = nights.board
    board.open(1, n_posts=40)
    board.open(2, n_posts=2)

    first = nights.night()
    assert not complete(first)
    assert counts(first)["1"] == (40, 15)
    n_nights = 1
    while not complete(nights.last):
        board.reply(1)
        nights.night()
        n_nights += 1
        assert n_nights < 8

    assert nights.all_ids == board.all_ids()


def test_a_listing_cut_by_its_cap_is_not_complete_and_starts_again(
    nights: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = nights.board
    for thread in range(1, 81):
        board.open(thread)
    with monkeypatch.context() as patch:
        patch.setattr(forum_night, "BOARD_PAGES", 2)
        assert not complete(nights.night())

    assert complete(nights.night())
    assert nights.all_ids == board.all_ids()


def test_posts_of_guests_have_no_author_and_placeholders_are_withdrawn(
    nights_of: Callable[[InventedBoard], Any],
) -> None:
    board = InventedBoard("xenforo2")
    board.open(1, n_posts=2)
    guest = board.reply(1, guest=True)
    removed = board.reply(1, placeholder=True)
    nights = nights_of(board)

    (batch,) = nights.night()

    posts = {post.native_id: post for post in batch.posts}
    assert posts[str(guest.id)].author_key is None
    assert all(post.author_key for name, post in posts.items() if name != str(guest.id))
    assert str(removed.id) not in posts
    assert [(s.native_id, s.reason) for s in batch.sightings] == [(str(removed.id), "removed")]
    assert batch.drops == {"deleted": 1}
    assert batch.complete


def test_a_post_without_a_date_is_dropped_and_counted(nights: Any) -> None:
    board = nights.board
    board.open(1, n_posts=3)
    last = str(board.threads[1].last.id)

    def answer(request: httpx.Request) -> httpx.Response:
        text = board(request).text
        at = board.threads[1].last.at.isoformat()
        broken = text.replace(f'<time datetime="{at}">x</time></p>', "soon</p>").replace(
            f'<li><time datetime="{at}">x</time></li>', "<li>soon</li>"
        )
        return httpx.Response(200, text=broken, headers={"Content-Type": "text/html"})

    (batch,) = nights.night(answer)

    assert batch.drops == {"no_date": 1}
    assert last not in nights.ids
    assert not batch.complete


def test_a_thread_that_is_gone_or_closed_meanwhile_is_counted_and_the_others_read(
    nights: Any,
) -> None:
    board = nights.board
    for thread in (1, 2, 3):
        board.open(thread, n_posts=2)
    board.threads[1].members_only = True

    def answer(request: httpx.Request) -> httpx.Response:
        if "t.2" in str(request.url) or "t=2" in str(request.url):
            return httpx.Response(404)
        return board(request)

    batches = nights.night(answer)

    drops = [dict(batch.drops) for batch in batches]
    assert {"login_required": 1, "thread_not_found": 1} in drops
    assert {batch.native_thread_id for b in batches for batch in b.posts} == {"3"}
    assert not complete(batches)


def test_a_thread_that_cannot_be_read_is_tried_again_the_next_night(nights: Any) -> None:
    board = nights.board
    for thread in (1, 2):
        board.open(thread, n_posts=2)

    def answer(request: httpx.Request) -> httpx.Response:
        if "t.2" in str(request.url) or "t=2" in str(request.url):
            return httpx.Response(200, text="<html><body>Back soon</body></html>")
        return board(request)

    batches = nights.night(answer)
    assert [dict(batch.drops) for batch in batches] == [{"unreadable_thread": 1}]
    assert not complete(batches)

    nights.night()

    assert nights.all_ids == board.all_ids()
    assert complete(nights.last)


def test_a_board_whose_threads_cannot_be_read_at_all_is_refused(nights: Any) -> None:
    board = nights.board
    for thread in range(1, 10):
        board.open(thread)

    def answer(request: httpx.Request) -> httpx.Response:
        answered = board(request)
        listing = "forum" in request.url.path
        return answered if listing else httpx.Response(200, text="<html><body>hi</body></html>")

    with pytest.raises(ParseError, match="marker"):
        nights.night(answer)


def test_a_board_that_suddenly_shows_nothing_is_not_believed(nights: Any) -> None:
    board = nights.board
    board.open(1, n_posts=2)
    nights.night()
    cursor = nights.known().cursor
    board.threads.clear()

    (batch,) = nights.night()

    assert not batch.complete
    assert batch.cursor == {**cursor, "whole": False}


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (httpx.Response(200, text="<html><body>Checking</body></html>"), ParseError),
        (httpx.Response(200, content=b""), ParseError),
        (httpx.Response(200, content=b"\x00\xff\xfe"), ParseError),
        (httpx.Response(403), Blocked),
        (httpx.Response(404), HarvestError),
        (httpx.Response(302, headers={"Location": "https://elsewhere.example/x"}), ParseError),
    ],
)
def test_an_answer_that_is_no_board_is_refused(nights: Any, answer: Any, error: Any) -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.host == "elsewhere.example":
            return httpx.Response(200, text="<p>hi</p>")
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    with pytest.raises(error):
        nights.night(handle)


def test_the_session_of_a_visit_stays_out_of_requests_and_links(
    nights_of: Callable[[InventedBoard], Any],
) -> None:
    board = InventedBoard("phpbb3")
    board.open(1, n_posts=2)
    nights = nights_of(board)

    nights.night()

    assert not any("sid=" in asked for asked in nights.site.asked)
    urls = [post.url for batch in nights.last for post in batch.posts]
    assert urls == [f"https://board.example/viewtopic.php?p={name}" for name in nights.ids]


def test_a_profile_that_nobody_tested_yields_nothing_until_it_is_confirmed(
    nights_of: Callable[[InventedBoard], Any],
) -> None:
    board = InventedBoard("xenforo2")
    talk = board.open(1)
    nights = nights_of(board)
    confirmed = nights.spec
    options = {name: v for name, v in confirmed.options.items() if name != "confirmed"}
    for wrong in (options, options | {"confirmed": "0" * 64}):
        nights.spec = replace(confirmed, options=wrong)
        with pytest.raises(Unconfirmed, match="sources check"):
            nights.night()
        assert nights.site.requests == []
        assert nights.open().evidence == "unverified"

    nights.spec = confirmed
    nights.night()
    assert nights.ids == [str(talk.last.id)]


def test_a_source_without_a_profile_is_refused_with_what_to_write(nights: Any) -> None:
    for options, said in (({}, "names no profile"), ({"profile": "nntp"}, "xenforo2")):
        nights.spec = replace(nights.spec, options=options)
        with pytest.raises(ProfileError, match=said):
            nights.night()
        assert nights.open().evidence == "unverified"


def test_the_evidence_of_a_tested_profile_is_told(
    nights_of: Callable[[InventedBoard], Any],
) -> None:
    nights = nights_of(InventedBoard("phpbb3"))

    assert nights.open().evidence == "shipped template: phpBB 3.3 prosilver"
