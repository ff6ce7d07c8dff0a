"""Every shipped profile on every simulated theme and version: post for post with what was planted.

The pages were written without a look at the profiles, and the profiles without a look at the pages.
"""

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise

import pytest

from harvesters.html_forum.dates import Moment
from harvesters.html_forum.pages import NotShown, ParseError, page_tree
from harvesters.html_forum.profile import Profile, load_profile, shipped_names
from harvesters.markup import clean, html_to_text
from harvesters.simulation.forums.model import ThreadView
from harvesters.simulation.forums.site import SOFTWARES
from harvesters.simulation.forums.software import Theme
from tests.harvesters.forum.simulated_reading import (
    ENDS_AT,
    LOOKS,
    Reading,
    by_id,
    posts_of,
    read_look,
    small_board,
)

WHOLE_NAME = re.compile("^@\ufdd0([0-9a-f]+)\ufdd1:$", re.MULTILINE)
ACCOUNTS = {person.name for person in small_board().people}
# a plugin alone says who is quoted, and not of what was typed
QUOTED_AT_TIMES_UNNAMED = {"bbpress"}
NEVER_NAMES_QUOTED = ("bbpress", "2.5")
MAIN = small_board().forums[0].number
CLOSED_ROOM = small_board().forums[-1].number
ROUNDED = timedelta(seconds=1)
# the row of a closed thread bears a lock in the place of a star
STICKY_UNTOLD_IF_CLOSED = {"flaskbb"}

every_look = pytest.mark.parametrize(("software", "theme", "version"), LOOKS)


def test_every_shipped_profile_is_compared_with_simulated_boards() -> None:
    assert set(SOFTWARES) == set(shipped_names())


@every_look
def test_a_listing_holds_every_thread_with_its_count_and_last_post(
    software: str, theme: Theme, version: str
) -> None:
    reading = read_look(software, theme, version)
    pages = reading.listing(MAIN)
    listed = by_id(pages)
    views = reading.view.listed(MAIN)

    assert [page.n_broken for page in pages] == [0] * len(pages)
    assert sorted(listed) == sorted(reading.thread_id(view) for view in views)
    assert [name for name, each in listed.items() if not each.sticky] == [
        reading.thread_id(view) for view in views if not listed[reading.thread_id(view)].sticky
    ]
    for view in views:
        each = listed[reading.thread_id(view)]
        assert each.n_posts in counts(reading, view)
        assert says(each.last_post, view.last.written_at)
        if not (view.thread.closed and software in STICKY_UNTOLD_IF_CLOSED):
            assert each.sticky == view.thread.sticky


@every_look
def test_a_thread_is_read_post_for_post(software: str, theme: Theme, version: str) -> None:
    reading = read_look(software, theme, version)
    truth = reading.site.truth(ENDS_AT)
    n_compared = n_named = 0
    for view in reading.view.threads.values():
        planted = [each for each in truth if each.thread_id == reading.thread_id(view)]
        if not planted:
            continue
        pages = reading.pages(view)
        shown = [post for post in posts_of(pages) if not post.deleted]

        assert [page.n_broken for page in pages] == [0] * len(pages)
        assert {clean(page.title) for page in pages} == {clean(planted[0].thread_title)}
        assert [post.native_id for post in shown] == [each.post_id for each in planted]
        assert [post.handle for post in shown] == [each.author for each in planted]
        for post, each in zip(shown, planted, strict=True):
            assert says(post.created, each.created_at)
            if reading.site.software.shows_edits:
                assert (post.edited is None) == (each.edited_at is None)
                assert each.edited_at is None or says(post.edited, each.edited_at)
            body = html_to_text(post.raw)
            assert clean(WHOLE_NAME.sub("", body.text)) == clean(each.text)
            assert body.own_text == clean(each.own_text)
            named = quoted_in(body.text)
            assert set(named) <= set(each.quotes)
            if software not in QUOTED_AT_TIMES_UNNAMED:
                assert accounts(named) == accounts(each.quotes)
            n_named += len(accounts(named))
            n_compared += 1
    assert n_compared == len(truth) > 300
    assert n_named > 30 or (software, version) == NEVER_NAMES_QUOTED


@every_look
def test_the_pages_of_a_thread_lead_to_each_other_and_are_counted(
    software: str, theme: Theme, version: str
) -> None:
    reading = read_look(software, theme, version)
    for view in reading.view.listed(MAIN):
        pages = reading.pages(view)
        numbers = list(range(1, reading.site.software.n_pages(view) + 1))

        assert [page.number for page in pages] == numbers
        assert {page.n_posts for page in pages} <= {None, *counts(reading, view)}
        assert pages[-1].next_page is None
        assert pages[0].previous_page is None
        for before, page in pairwise(pages):
            if page.previous_page is not None:
                again = reading.thread(page.previous_page)
                assert [p.native_id for p in again.posts] == [p.native_id for p in before.posts]
            else:
                assert reading.profile.rules.thread.page_address is not None


@every_look
def test_softly_deleted_posts_are_notices_or_nothing(
    software: str, theme: Theme, version: str
) -> None:
    reading = read_look(software, theme, version)
    found: list[str] = []
    planted: list[str] = []
    for view in reading.view.listed(MAIN):
        pages = reading.pages(view)
        found += [post.native_id for post in posts_of(pages) if post.deleted]
        planted += [
            reading.site.software.post_id(entry.post) for entry in view.shown if entry.deleted
        ]

    assert planted
    assert found == (planted if reading.site.software.leaves_notice else [])


@every_look
def test_a_room_for_members_and_a_thread_that_is_gone_are_no_threads(
    software: str, theme: Theme, version: str
) -> None:
    reading = read_look(software, theme, version)
    closed = [v for v in reading.view.threads.values() if v.forum == CLOSED_ROOM]
    gone = [t for t in reading.site.board.threads if t.number not in reading.view.threads]
    early = reading.site.view(gone[0].posts[0].written_at)
    addresses = [
        *(reading.site.thread_url(view) for view in closed),
        reading.site.thread_url(early.threads[gone[0].number]),
    ]

    assert closed
    for address in addresses:
        with pytest.raises((NotShown, ParseError)):
            reading.thread(address)


@every_look
def test_the_software_is_recognised_by_its_own_marks_alone(
    software: str, theme: Theme, version: str
) -> None:
    reading = read_look(software, theme, version)
    page = reading.page(reading.site.forum_url(MAIN))
    tree = page_tree(page)
    text = page.content.decode("utf-8", "replace")

    found = {each.name for each in every_profile() if each.recognises(tree, text)}

    assert found == {software}


@cache
def every_profile() -> list[Profile]:
    return [load_profile(name) for name in shipped_names()]


def quoted_in(text: str) -> list[str]:
    """Return the names that a text holds over its quotations, in their order."""
    return [bytes.fromhex(found).decode() for found in WHOLE_NAME.findall(text)]


def accounts(names: Iterable[str]) -> list[str]:
    """Return those names that are of accounts; guests bear any name, and some of them none."""
    return [name for name in names if name in ACCOUNTS]


def counts(reading: Reading, view: ThreadView) -> set[int]:
    """Return how many posts a board may say that a thread has: with or without its notices."""
    return {len(view.readable), len(reading.site.software.entries(view))}


def says(moment: Moment | None, truth: datetime) -> bool:
    """Tell whether a time that a page shows can be the true one."""
    return moment is not None and moment.earliest - ROUNDED <= truth <= moment.latest
