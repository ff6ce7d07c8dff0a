"""Pages that no forum sends: a reader answers with `ParseError`, or with what can be read."""

import random
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.base import ParseError
from harvesters.html_forum.pages import Page, parse_board, parse_thread, whole_number
from harvesters.html_forum.posts import parse_posts
from harvesters.html_forum.profile import Profile, load_profile, shipped_names
from harvesters.posts import ReadContext
from tests.harvesters.forum.invented_board import SITE, InventedBoard

NOW = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
PROFILES = {name: load_profile(name) for name in shipped_names()}
GENEROUS = 0.060  # CPU seconds for a page of 185 kB; measured are about 10 ms


def page_of(content: bytes, content_type: str = "text/html; charset=utf-8") -> Page:
    return Page(content=content, address=f"{SITE}/x", fetched_at=NOW, content_type=content_type)


def sound_pages() -> list[tuple[Profile, bytes]]:
    pages = []
    for style in ("xenforo2", "phpbb3"):
        board = InventedBoard(style)
        talk = board.open(1, n_posts=3)
        talk.posts[1].body = "<blockquote><cite>Mira wrote:</cite>Words</blockquote><p>Mine</p>"
        pages.append((PROFILES[style], board._thread(talk, 1, 1).encode()))
        pages.append((PROFILES[style], board._listing(1).encode()))
    return pages


SOUND = sound_pages()
NO_TEXT = ("\x01", "\x1b", "\ufffe", "&#1;", "&#x1b", "&#12;", "&#65534;", "&#xFFFF;", "&#x00c")


def read_any(profile: Profile, page: Page, keys: Any) -> None:
    """Read a page in every way; nothing but `ParseError` may come out."""
    dates = profile.date_reader({})
    context = ReadContext(
        source="s", platform="forum", host="board.example", community="c", fetched_at=NOW, keys=keys
    )
    for read in (
        lambda: parse_board(page, profile, dates),
        lambda: parse_thread(page, profile, dates),
        lambda: parse_posts(
            page.content, context, profile=profile, dates=dates, thread="1", address=page.address
        ),
    ):
        with suppress(ParseError):
            read()


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    place=st.integers(min_value=0, max_value=len(SOUND) - 1),
    cuts=st.lists(st.tuples(st.floats(0, 1), st.binary(max_size=12)), max_size=6),
    kept=st.floats(0, 1),
)
def test_no_mutated_page_stops_a_reader(
    keys: Any, place: int, cuts: list[tuple[float, bytes]], kept: float
) -> None:
    profile, content = SOUND[place]
    mutated = bytearray(content)
    for where, inserted in cuts:
        at = int(where * len(mutated))
        mutated[at : at + len(inserted)] = inserted
    read_any(profile, page_of(bytes(mutated[: int(kept * len(mutated)) + 1])), keys)


@settings(
    max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    name=st.sampled_from(shipped_names()),
    content=st.binary(max_size=300)
    | st.text(max_size=300).map(lambda t: t.encode("utf-8", "replace")),
    content_type=st.sampled_from(
        ["", "text/html", "text/html; charset=utf-7", "text/html; charset=base64", "charset=x-none"]
    ),
)
def test_no_bytes_stop_a_reader(keys: Any, name: str, content: bytes, content_type: str) -> None:
    read_any(PROFILES[name], page_of(content, content_type), keys)


@pytest.mark.parametrize(
    "body",
    [
        "<div>" * 5000 + "deep",
        "<blockquote>" * 3000 + "deep",
        "<p>\x00\ud800</p>".encode("utf-8", "surrogatepass").decode("utf-8", "replace"),
        "<a href='http://[broken'>x</a>",
        "<a class=mention href='//['>@x</a>",
        "&#0;&#x110000;&nosuch;",
        *(f"<blockquote><cite>a wrote:</cite>{sign}x</blockquote>" for sign in NO_TEXT),
        "<!-- " * 400,
        "<script>" * 50,
        "<p " + "a=1 " * 5000 + ">x</p>",
        "<blockquote><cite data-username=mira>wrote:</cite>x</blockquote>",
        "<blockquote><cite>" + "mira " * 5000 + "wrote:</cite>x</blockquote>",
        "<blockquote><cite><cite>mira wrote:</cite> wrote:</cite></blockquote>" * 300,
    ],
)
def test_a_hostile_body_is_read_or_refused(keys: Any, body: str) -> None:
    for style in ("xenforo2", "phpbb3"):
        board = InventedBoard(style)
        talk = board.open(1, n_posts=2)
        talk.posts[0].body = body
        read_any(PROFILES[style], page_of(board._thread(talk, 1, 1).encode()), keys)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("12", 12),
        ("1,234 replies", 1234),
        ("1.234.567", 1_234_567),
        ("1 234", 1234),
        ("1\u202f234", 1234),
        ("1'234", 1234),
        ("1.2K", None),
        ("3K", None),
        ("none", None),
        ("", None),
        ("9" * 40, None),
        ("٣", None),
        ("Page 2 of 5", 2),
    ],
)
def test_whole_numbers_are_read_with_their_groups(text: str, expected: int | None) -> None:
    assert whole_number(text) == expected


def test_a_page_of_25_posts_is_read_within_its_time(keys: Any, tell: Callable[[str], None]) -> None:
    content = page_of_185_kb()
    profile = PROFILES["xenforo2"]
    dates = profile.date_reader({})
    context = ReadContext(
        source="s", platform="forum", host="board.example", community="c", fetched_at=NOW, keys=keys
    )
    page = page_of(content)
    parse_thread(page, profile, dates)
    posts = parse_posts(
        content, context, profile=profile, dates=dates, thread="1", address=page.address
    )
    splitting = cpu_seconds(lambda: parse_thread(page, profile, dates))
    size = f"{len(posts)} posts of {len(content) // 1000} kB"
    tell(f"{size}: split in {1000 * splitting:.1f} ms of CPU")

    assert len(posts) == 25
    assert splitting < GENEROUS


def cpu_seconds(read: Any) -> float:
    """Return the least time of several readings, which a busy machine disturbs least."""
    times = []
    for _ in range(5):
        began = time.process_time()
        read()
        times.append(time.process_time() - began)
    return min(times)


def page_of_185_kb() -> bytes:
    board = InventedBoard("xenforo2", per_page=25)
    talk = board.open(1, n_posts=25)
    words = ["group", "library", "respite", "recovery", "carers", "met", "spoke", "about", "our"]
    draw = random.Random(7)
    for place, post in enumerate(talk.posts):
        sentences = "".join(f"<p>{' '.join(draw.choices(words, k=60))}.</p>" for _ in range(12))
        quote = '<blockquote class="bbCodeBlock--quote"><div>quoted</div></blockquote>'
        post.body = (quote if place % 3 == 0 else "") + sentences
    page = board._thread(talk, 1, 1)
    filling = '<li class="nav"><a href="/x" class="y" data-z="1">A link of the page</a></li>'
    rest = max(0, 185_000 - len(page)) // len(filling)
    return page.replace("</body>", f"<ul>{filling * rest}</ul></body>").encode()
