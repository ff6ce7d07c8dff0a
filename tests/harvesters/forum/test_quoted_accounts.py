"""Who is quoted bears the key of that account's own posts, and no name is left in a record."""

import re
from functools import cache

import pytest
from lxml import html

from harvesters.html_forum.fields import first_value
from harvesters.html_forum.posts import Addresses, parse_posts, read_posts
from harvesters.html_forum.profile import load_profile
from harvesters.markup import clean
from harvesters.posts import ReadContext
from harvesters.simulation.forums.model import ThreadView
from harvesters.simulation.forums.site import TruePost
from harvesters.simulation.forums.software import Theme
from tests.harvesters.forum.invented_board import SITE, InventedBoard
from tests.harvesters.forum.simulated_reading import ENDS_AT, LOOKS, Reading, read_look, small_board
from warehouse.protection.keys import KeyRing
from warehouse.records import Post

MAIN = small_board().forums[0].number
ACCOUNTS = {person.name for person in small_board().people}
UNNAMED = {"bbpress"}  # a plugin alone says who is quoted, and not of what was typed
OVER_QUOTATION = re.compile("^author_([a-z2-7]{24}):$", re.MULTILINE)
every_look = pytest.mark.parametrize(("software", "theme", "version"), LOOKS)


@every_look
def test_a_quoted_account_has_the_key_of_its_own_posts(
    keys: KeyRing, software: str, theme: Theme, version: str
) -> None:
    compared = matched(read_look(software, theme, version), keys)
    own_keys = {each.author: post.author_key for post, each in compared if each.author is not None}
    n_quoted = 0
    for post, each in compared:
        known = [key for key in OVER_QUOTATION.findall(post.text) if key in own_keys.values()]
        expected = [own_keys[name] for name in each.quotes if name in own_keys]
        if software not in UNNAMED:
            assert known == expected
        assert not OVER_QUOTATION.search(post.own_text)
        assert post.redactions.get("mention", 0) >= len(known)
        n_quoted += len(known)
    assert n_quoted > 10 or software in UNNAMED


@every_look
def test_the_account_stands_before_its_words(
    keys: KeyRing, software: str, theme: Theme, version: str
) -> None:
    compared = matched(read_look(software, theme, version), keys)
    quoting = [(post, each) for post, each in compared if OVER_QUOTATION.search(post.text)]

    assert quoting or software in UNNAMED
    for post, each in quoting:
        lines = post.text.split("\n")
        own = clean(each.own_text).split("\n")
        over = [place for place, line in enumerate(lines) if OVER_QUOTATION.fullmatch(line)]
        for place in over:
            assert lines[place + 1] not in own


@every_look
def test_no_name_of_an_account_is_left_in_a_record(
    keys: KeyRing, software: str, theme: Theme, version: str
) -> None:
    reading = read_look(software, theme, version)
    compared = matched(reading, keys)
    said = "\n".join(f"{each.thread_title}\n{each.text}" for _, each in compared).lower()
    handles = {name for name in ACCOUNTS if name.lower() not in said}
    records = "\n".join(repr(post) for post, _ in compared).lower()

    assert len(handles) > 30
    assert [name for name in handles if name.lower() in records] == []
    assert "\ufdd0" not in records


@cache
def matched(reading: Reading, keys: KeyRing) -> list[tuple[Post, TruePost]]:
    """Return the posts of the main forum, as they would be stored, beside what was planted."""
    truth = {each.post_id: each for each in reading.site.truth(ENDS_AT, forum=MAIN)}
    return [
        (post, truth[post.native_id])
        for view in reading.view.listed(MAIN)
        for post in stored(reading, view, keys)
    ]


def context_of(keys: KeyRing) -> ReadContext:
    return ReadContext(
        source="board",
        platform="forum",
        host="forum.example",
        community="main",
        fetched_at=ENDS_AT,
        keys=keys,
    )


def stored(reading: Reading, view: ThreadView, keys: KeyRing) -> list[Post]:
    thread = reading.thread_id(view)
    context = context_of(keys)
    addresses = Addresses(reading.site.base, reading.profile)
    return [
        post
        for page in reading.pages(view)
        for post in read_posts(page, page.posts, context, thread=thread, addresses=addresses).posts
    ]


@pytest.mark.parametrize(
    ("style", "markup", "named"),
    [
        ("phpbb3", "<blockquote><div><cite>Mira B wrote:</cite>{}</div></blockquote>", "Mira B"),
        ("phpbb3", "<blockquote><div><cite>Guest wrote:</cite>{}</div></blockquote>", None),
        ("phpbb3", "<blockquote class=uncited><div>{}</div></blockquote>", None),
        ("phpbb3", f"<blockquote><cite>{'mira ' * 40}wrote:</cite>{{}}</blockquote>", None),
        (
            "xenforo2",
            (
                "<blockquote class=bbCodeBlock--quote data-quote='Mira B'>"
                "<div class=bbCodeBlock-title>Mira B sagte:</div>{}</blockquote>"
            ),
            "Mira B",
        ),
        (
            "xenforo2",
            "<div class=bbCodeBlock--code><div class=bbCodeBlock-title>Code:</div>{}</div>",
            None,
        ),
        ("xenforo2", "<p data-username=mira class=title>{}</p>", None),
    ],
)
def test_only_a_line_that_says_who_is_quoted_names_an_account(
    keys: KeyRing, style: str, markup: str, named: str | None
) -> None:
    board = InventedBoard(style)
    talk = board.open(1, n_posts=2)
    talk.posts[1].body = markup.format("words")
    profile = load_profile(style)
    posts = parse_posts(
        board._thread(talk, 1, 1).encode(),
        context_of(keys),
        profile=profile,
        dates=profile.date_reader({}),
        thread="1",
        address=f"{SITE}/x",
    )

    key = keys.author_key("forum", "forum.example", named) if named else ""
    assert posts[1].text == (f"author_{key}:\nwords" if named else "words")


@pytest.mark.parametrize(
    ("said", "named"),
    [
        ("<a href='/u/mira/5/'>@mira</a>, post: 12, topic: 3 has written:", "mira"),
        ("@mira, post: 12, topic: 3 has written:", "mira"),
        ("mira has written:", "mira"),
        ("Quoted message:", ""),
    ],
)
def test_misago_names_the_account_and_where_it_wrote(said: str, named: str) -> None:
    (heading,) = html.fragments_fromstring(f"<div class='quote-heading'>{said}</div>")

    assert first_value(load_profile("misago").rules.body.quoted, heading) == named
