"""What holds for every board: deterministic, changing with time, of one truth in many looks."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx
import lxml.html
import pytest

from harvesters.simulation.faults import Faults, PlannedFault
from harvesters.simulation.forums.build import build_board
from harvesters.simulation.forums.model import Board, BoardView, Items, Quoted, Words, plain_text
from harvesters.simulation.forums.serving import answer_requests, serve_forums
from harvesters.simulation.forums.site import SOFTWARES, ForumSite
from harvesters.simulation.forums.software import THEMES
from warehouse.records import VirtualClock

VARIANTS = [
    (name, version, theme)
    for name, software in SOFTWARES.items()
    for version in software.versions
    for theme in THEMES
]


def test_the_same_arguments_build_the_same_board(board: Board) -> None:
    again = build_board(seed=3, ends_at=board.ends_at, threads=30, longest=64)
    assert again == board
    other = build_board(seed=4, ends_at=board.ends_at, threads=30, longest=64)
    assert (
        other.threads[5].posts[0].versions[0].pieces != board.threads[5].posts[0].versions[0].pieces
    )


def test_a_board_of_full_size_is_mostly_old() -> None:
    board = build_board(seed=1, ends_at=datetime.fromisoformat("2026-03-01T12:00:00+00:00"))
    view = BoardView(board, board.ends_at)
    threads = view.listed(2)
    recent = board.ends_at - timedelta(days=30)
    lively = [thread for thread in threads if thread.last.written_at > recent]
    assert 190 <= len(threads) <= 200
    assert 10 <= len(lively) <= 40
    assert max(len(thread.readable) for thread in threads) > 200


def test_every_kind_of_post_and_thread_is_there(board: Board, moment: datetime) -> None:
    view = BoardView(board, moment)
    posts = [post for thread in view.threads.values() for post in thread.readable]
    bodies = [post.version_at(moment).pieces for post in posts]
    assert () in bodies
    assert any(len(body) == 1 and isinstance(body[0], Quoted) for body in bodies)
    assert any(
        isinstance(piece, Quoted) and any(isinstance(inner, Quoted) for inner in piece.pieces)
        for body in bodies
        for piece in body
    )
    assert any(post.author is None for post in posts)
    assert any(post.edited_at(moment) for post in posts)
    later = BoardView(board, board.ends_at)
    assert set(view.threads) - set(later.threads)  # deleted since
    assert any(
        later.threads[n].forum != thread.forum or thread.thread.moved_at
        for n, thread in view.threads.items()
        if n in later.threads
    )
    assert any(entry.deleted for thread in later.threads.values() for entry in thread.shown)


def test_posts_appear_change_and_go(board: Board) -> None:
    nights = [board.ends_at - timedelta(days=days) for days in range(30, -1, -1)]
    changes: Counter[str] = Counter()
    site = ForumSite(board, software="xenforo2")
    truths = ({post.post_id: post for post in site.truth(night)} for night in nights)
    for old, new in pairwise(truths):
        changes["written"] += len(new.keys() - old.keys())
        changes["gone"] += len(old.keys() - new.keys())
        changes["edited"] += sum(old[n].text != new[n].text for n in old.keys() & new.keys())
        changes["moved"] += sum(old[n].forum_id != new[n].forum_id for n in old.keys() & new.keys())
    assert changes["written"] > 30
    assert changes["gone"] > 5
    assert changes["edited"] > 0
    assert changes["moved"] > 0


def test_own_words_are_the_words_without_quotations() -> None:
    inner = Quoted("b", 2, (Words("in"), Items(("one", "two"))))
    pieces = (Words("a"), Quoted("c", 3, (inner, Words("out"))), Words("z"))
    assert plain_text(pieces) == "a\nin\none\ntwo\nout\nz"
    assert plain_text(pieces, quotes=False) == "a\nz"


@pytest.mark.parametrize(("name", "version", "theme"), VARIANTS)
def test_pages_are_deterministic_and_well_formed(
    board: Board, moment: datetime, name: str, version: str, theme: str
) -> None:
    pages = []
    for _ in range(2):
        site = ForumSite(board, software=name, version=version, theme=theme)  # type: ignore[arg-type]
        view = next(v for v in site.view(moment).threads.values() if "Odds" in v.thread.title)
        targets = [
            "/",
            site.software.forum_address(board.forums[0]),
            site.software.thread_address(view),
        ]
        pages.append([site.ask(target, at=moment) for target in targets])
    assert pages[0] == pages[1]
    for answer in pages[0]:
        assert answer.status == 200
        tree = lxml.html.fromstring(answer.body)
        assert tree.tag == "html"
        assert len(tree.xpath("//body")) == 1
        ids = [element.get("id") for element in tree.xpath("//*[@id]")]
        assert len(ids) - len(set(ids)) <= 4  # what software repeats stays rare
        assert b"None" not in answer.body
        assert b"{self" not in answer.body


@pytest.mark.parametrize("name", SOFTWARES)
def test_versions_and_themes_look_different(board: Board, moment: datetime, name: str) -> None:
    shapes = set()
    for version in SOFTWARES[name].versions:
        for theme in THEMES:
            site = ForumSite(board, software=name, version=version, theme=theme)
            view = next(v for v in site.view(moment).threads.values() if "Odds" in v.thread.title)
            body = site.ask(site.software.thread_address(view), at=moment).body
            tree = lxml.html.fromstring(body)
            shapes.add(
                tuple((e.tag, e.get("class"), sorted(e.keys())) for e in tree.iter("*")).__repr__()
            )
    assert len(shapes) == len(SOFTWARES[name].versions) * len(THEMES)


@pytest.mark.parametrize("name", SOFTWARES)
def test_boards_list_every_thread_that_can_be_read(
    board: Board, moment: datetime, name: str, page: Callable[..., Any]
) -> None:
    site = ForumSite(board, software=name)
    view = site.view(moment)
    forum = board.forums[0]
    words = ""
    for number in range(1, 8):
        target = site.software.forum_address(forum, number)
        if site.ask(target, at=moment).status == 200:
            words += " ".join(page(site, target, moment).tree.text_content().split())
    for thread in view.listed(forum.number):
        assert " ".join(thread.thread.title.split()) in words


def test_a_served_board_follows_clock_and_faults(board: Board, moment: datetime) -> None:
    site = ForumSite(board, software="xenforo2", crawl_delay=2)
    clock = VirtualClock(moment)
    faults = Faults(plan=[PlannedFault("garbage", "/forums/", times=1)])
    target = site.software.forum_address(board.forums[0])
    with (
        serve_forums({"forum": site}, clock=clock, faults=faults) as served,
        httpx.Client() as client,
    ):
        url = served.url("forum")
        assert "Crawl-delay: 2" in client.get(f"{url}/robots.txt").text
        assert "structItem" not in client.get(url + target).text
        before = client.get(url + target).text
        clock.advance_to(board.ends_at)
        after = client.get(url + target).text
        assert [request.status for request in served.requests] == [200] * 4
    assert before != after


def test_a_transport_without_a_port_answers_alike(board: Board, moment: datetime) -> None:
    site = ForumSite(board, software="phpbb3", base="http://forum.example")
    handler = answer_requests(site, clock=VirtualClock(moment))
    with httpx.Client(transport=httpx.MockTransport(handler)) as client:
        target = site.software.forum_address(board.forums[0])
        answer = client.get(f"http://forum.example{target}")
    assert answer.content == site.ask(target, at=moment).body
    assert answer.headers["content-type"] == "text/html; charset=utf-8"


def test_what_is_no_board_is_refused(board: Board) -> None:
    with pytest.raises(ValueError, match=r"3\.2, 3\.3"):
        ForumSite(board, software="phpbb3", version="2.0")
    with pytest.raises(ValueError, match="aware"):
        build_board(seed=1, ends_at=board.ends_at.replace(tzinfo=None))
    with pytest.raises(ValueError, match="30 threads"):
        build_board(seed=1, ends_at=board.ends_at, threads=3)


def test_truth_does_not_follow_later_changes_of_records(board: Board, moment: datetime) -> None:
    site = ForumSite(board, software="xenforo2")
    first = site.truth(moment)[0]
    assert replace(first, text="") != first
    assert len({post.post_id for post in site.truth(moment)}) == len(site.truth(moment))
