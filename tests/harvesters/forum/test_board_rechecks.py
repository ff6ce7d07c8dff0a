"""A second look at the posts of an invented board: what is believed gone, and what is not."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from harvesters.base import Blocked, HarvestError, Unconfirmed
from harvesters.html_forum.profile import ProfileError
from tests.harvesters.forum.invented_board import InventedBoard


def refs_of(nights: Any, ref_of: Any) -> list[Any]:
    nights.night()
    nights.site.requests.clear()
    return [ref_of(post) for batch in nights.read for post in batch.posts]


def outcomes(nights: Any, refs: list[Any], answer: Any = None) -> dict[int, tuple[str, str | None]]:
    seen = list(nights.open(answer).recheck(refs))
    assert len(seen) == len(refs)
    return {int(s.native_id): (s.outcome, s.reason) for s in seen}


def test_a_recheck_tells_present_edited_and_removed_posts_apart(nights: Any, ref_of: Any) -> None:
    board = nights.board
    for thread in (1, 2):
        board.open(thread, n_posts=12)
    refs = refs_of(nights, ref_of)
    posts = list(board.threads[1].posts)
    posts[3].body = "<p>Other words now, about respite care.</p>"
    board.threads[2].title = "Another title"
    for lost in (0, 5, 11):
        board.threads[1].posts.remove(posts[lost])

    seen = {int(s.native_id): s for s in nights.open().recheck(refs)}

    told = {name: (s.outcome, s.reason) for name, s in seen.items()}
    first_of_two = board.threads[2].posts[0].id
    expected = dict.fromkeys(told, ("present", None))
    expected |= {posts[3].id: ("edited", None), first_of_two: ("edited", None)}
    expected |= {posts[lost].id: ("gone", "removed") for lost in (0, 5, 11)}
    assert told == expected
    edited = seen[posts[3].id].post
    assert edited is not None
    assert "respite care" in edited.text
    retitled = seen[first_of_two].post
    assert retitled is not None
    assert (retitled.title, retitled.kind) == ("Another title", "post")


def test_a_recheck_costs_pages_and_not_posts(nights: Any, ref_of: Any) -> None:
    board = nights.board
    board.open(1, n_posts=50)
    refs = refs_of(nights, ref_of)

    told = outcomes(nights, refs)

    assert set(told.values()) == {("present", None)}
    redirects = 2 if board.style == "xenforo2" else 1
    assert len(nights.site.requests) <= redirects * 10


def test_a_single_old_post_costs_few_requests_whether_it_is_there_or_not(
    nights: Any, ref_of: Any
) -> None:
    board = nights.board
    talk = board.open(1, n_posts=30)
    board.open(2, n_posts=1)
    refs = refs_of(nights, ref_of)
    wanted = [ref for ref in refs if int(ref.native_id) == talk.posts[12].id]
    control = [ref for ref in refs if ref.native_thread_id == "2"]
    assert outcomes(nights, wanted) == {talk.posts[12].id: ("present", None)}
    assert len(nights.site.requests) <= 2
    lost = talk.posts.pop(12)
    nights.site.requests.clear()

    told = outcomes(nights, [*wanted, *control])

    assert told[lost.id] == ("gone", "removed")
    assert len(nights.site.requests) <= 9


def test_a_post_that_was_moved_to_another_thread_is_there(nights: Any, ref_of: Any) -> None:
    board = nights.board
    one, two = board.open(1, n_posts=4), board.open(2, n_posts=4)
    refs = refs_of(nights, ref_of)
    moved = one.posts.pop(2)
    two.posts.append(moved)

    told = outcomes(nights, [ref for ref in refs if ref.native_thread_id == "1"])

    assert told[moved.id] == ("present", None)


def test_a_thread_that_is_gone_takes_its_posts_with_it(nights: Any, ref_of: Any) -> None:
    board = nights.board
    for thread in (1, 2):
        board.open(thread, n_posts=7)
    refs = refs_of(nights, ref_of)
    del board.threads[1]

    told = outcomes(nights, refs)

    assert {told[int(ref.native_id)] for ref in refs if ref.native_thread_id == "1"} == {
        ("gone", "not_found")
    }
    assert {told[int(ref.native_id)] for ref in refs if ref.native_thread_id == "2"} == {
        ("present", None)
    }


def test_a_thread_for_members_leaves_its_posts_unknown_and_the_others_seen(
    nights: Any, ref_of: Any
) -> None:
    board = nights.board
    for thread in (1, 2):
        board.open(thread, n_posts=7)
    refs = refs_of(nights, ref_of)
    board.threads[1].members_only = True

    told = outcomes(nights, refs)

    assert {told[int(ref.native_id)] for ref in refs if ref.native_thread_id == "1"} == {
        ("unknown", "login_required")
    }
    assert {told[int(ref.native_id)] for ref in refs if ref.native_thread_id == "2"} == {
        ("present", None)
    }


def test_a_placeholder_is_a_deletion(
    nights_of: Callable[[InventedBoard], Any], ref_of: Any
) -> None:
    board = InventedBoard("xenforo2")
    talk = board.open(1, n_posts=4)
    nights = nights_of(board)
    refs = refs_of(nights, ref_of)
    talk.posts[2].placeholder = True

    told = outcomes(nights, refs)

    assert told[talk.posts[2].id] == ("gone", "removed")
    assert told[talk.posts[1].id] == ("present", None)


def test_a_whole_site_that_answers_not_found_takes_nothing_away(nights: Any, ref_of: Any) -> None:
    for thread in range(1, 5):
        nights.board.open(thread, n_posts=3)
    refs = refs_of(nights, ref_of)

    told = outcomes(nights, refs, lambda _: httpx.Response(404))

    assert set(told.values()) == {("unknown", "no_control")}


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html><body>Checking your browser</body></html>"),
        httpx.Response(200, content=b""),
        httpx.Response(502),
        httpx.Response(403, headers={"cf-mitigated": "challenge"}),
        httpx.Response(302, headers={"Location": "https://board.example/login"}),
    ],
)
def test_no_failure_of_the_host_makes_a_post_gone(
    nights: Any, ref_of: Any, answer: httpx.Response
) -> None:
    for thread in range(1, 7):
        nights.board.open(thread, n_posts=2)
    refs = refs_of(nights, ref_of)
    seen: list[Any] = []

    def handle(_: httpx.Request) -> httpx.Response:
        return httpx.Response(answer.status_code, content=answer.content, headers=answer.headers)

    with pytest.raises(HarvestError):
        seen.extend(nights.open(handle).recheck(refs))

    assert {s.outcome for s in seen} == {"unknown"}
    assert len(seen) == len(refs)


def test_a_board_that_refuses_every_thread_is_left_in_peace(nights: Any, ref_of: Any) -> None:
    for thread in range(1, 30):
        nights.board.open(thread)
    refs = refs_of(nights, ref_of)
    seen: list[Any] = []

    with pytest.raises(Blocked):
        seen.extend(nights.open(lambda _: httpx.Response(403)).recheck(refs))

    assert {s.outcome for s in seen} == {"unknown"}
    assert len(seen) == len(refs)
    assert len(nights.site.requests) <= 6


def test_an_unconfirmed_profile_leaves_every_post_unknown(
    nights_of: Callable[[InventedBoard], Any], ref_of: Any
) -> None:
    board = InventedBoard("xenforo2")
    board.open(1, n_posts=3)
    nights = nights_of(board)
    refs = refs_of(nights, ref_of)
    for options, error in (({"profile": "xenforo2"}, Unconfirmed), ({}, ProfileError)):
        nights.spec = replace(nights.spec, options=options)
        seen: list[Any] = []
        with pytest.raises(error):
            seen.extend(nights.open().recheck(refs))
        assert {s.outcome for s in seen} == {"unknown"}
        assert len(seen) == len(refs)
    assert nights.site.requests == []


def test_noise_around_a_body_is_no_edit(nights: Any, ref_of: Any) -> None:
    board = nights.board
    talk = board.open(1, n_posts=3)
    link = '<p>See <a href="/x?a=1&amp;sid={sid}" id="l{n}" data-token="{n}">this</a> page.</p>'
    for n, post in enumerate(talk.posts):
        post.body = link.format(sid="0b" * 16, n=n)
    refs = refs_of(nights, ref_of)
    for n, post in enumerate(talk.posts):
        post.body = link.format(sid="0c" * 16, n=n + 50) + "<!-- served in 3 ms -->"
    board.clock += timedelta(hours=1)

    assert set(outcomes(nights, refs).values()) == {("present", None)}
