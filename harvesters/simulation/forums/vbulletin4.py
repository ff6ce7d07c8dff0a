"""A board as vBulletin 3.8 and 4.2 show it."""

import re
from collections.abc import Sequence
from typing import Protocol

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.model import (
    BoardForum,
    BoardView,
    Shown,
    ThreadView,
)
from harvesters.simulation.forums.software import (
    on_page,
    pages_of,
    slug,
    whole_number,
)
from harvesters.simulation.forums.vbulletin4_lists import ListPages
from harvesters.simulation.forums.vbulletin4_parts import VBulletinParts
from harvesters.simulation.forums.vbulletin4_tables import TablePages

_FRIENDLY = re.compile(r"(\d+)(?:-[^/]*)?(?:/page(\d+))?")


class Pages(Protocol):
    """What one generation of the software writes."""

    def page(self, title: str, content: str) -> str:
        """Return a page around its content."""

    def index(self, view: BoardView) -> str:
        """Return the list of forums."""

    def forum(
        self, forum: BoardForum, page: int, last: int, rows: Sequence[ThreadView], sticky: bool
    ) -> str:
        """Return a page of a forum."""

    def thread(self, thread: ThreadView, page: int, shown: Sequence[Shown]) -> str:
        """Return a page of a thread."""

    def login(self) -> str:
        """Return the form that asks to log in."""


class VBulletin4(VBulletinParts):
    """vBulletin 3.8 (tables) and 4.2 (lists); both send the Windows code page as ISO-8859-1.

    A board of version 4.2 in the default theme has titles in its addresses.
    """

    name = "vbulletin4"
    versions = ("3.8", "4.2")
    posts_per_page = 10
    threads_per_page = 20
    charset = "ISO-8859-1"
    leaves_notice = True

    @property
    def pages(self) -> Pages:
        """The pages of the version."""
        return TablePages(self) if self.old else ListPages(self)

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return the cookies of the last visit."""
        return (
            ("Set-Cookie", f"bblastvisit={int(self.now.timestamp())}; path=/"),
            ("Set-Cookie", "bblastactivity=0; path=/"),
        )

    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return the address of a page of a thread."""
        return self._address("showthread.php", "t", view.thread.number, view.thread.title, page)

    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return the address of a page of a forum."""
        return self._address("forumdisplay.php", "f", forum.number, forum.title, page)

    def _address(self, script: str, letter: str, number: int, title: str, page: int) -> str:
        if self.old or self.other:
            return f"/{script}?{letter}={number}" + (f"&page={page}" if page > 1 else "")
        friendly = f"/{script}?{number}-{slug(title)}"
        return friendly + (f"/page{page}" if page > 1 else "")

    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""
        script = question.path.lstrip("/")
        if script in ("", "index.php", "forum.php"):
            return self.html(self.pages.index(view))
        if script == "forumdisplay.php":
            number, page = _number_and_page(question, "f")
            return self._forum(view, number, page)
        if script == "showthread.php":
            return self._thread(view, question)
        if script == "login.php":
            return self.html(self.pages.login())
        return self.html(self.pages.page("Not Found", "<p>Not Found</p>"), status=404)

    def _forum(self, view: BoardView, number: int, page: int) -> Answer:
        forum = view.forums.get(number)
        if forum is None:
            return self._invalid("Forum")
        if forum.members_only:
            return self._members()
        listed = view.listed(number)
        sticky = [entry for entry in listed if entry.thread.sticky]
        plain = sorted(
            [*(entry for entry in listed if not entry.thread.sticky), *view.moved_away(number)],
            key=lambda entry: -entry.last.number,
        )
        last = pages_of(len(plain), self.threads_per_page)
        page = min(page, last)
        rows = [*(sticky if page == 1 else []), *on_page(plain, page, self.threads_per_page)]
        return self.html(self.pages.forum(forum, page, last, rows, page == 1 and bool(sticky)))

    def _thread(self, view: BoardView, question: Question) -> Answer:
        number, page = _number_and_page(question, "t")
        post = whole_number(question.one("p"))
        thread = view.thread_of(post) if post else view.thread(number)
        if thread is None:
            return self._invalid("Post" if post else "Thread")
        if view.members_only(thread.forum):
            return self._members()
        page = self.page_of(thread, post) if post else min(page, self.n_pages(thread))
        shown = on_page(self.entries(thread), page, self.posts_per_page)
        return self.html(self.pages.thread(thread, page, shown))

    def _invalid(self, what: str) -> Answer:
        said = (
            f"Invalid {what} specified. If you followed a valid link, please notify the "
            '<a href="sendmessage.php">administrator</a>'
        )
        content = f'<div class="panel"><div class="blockrow restore">{said}</div></div>'
        status = 200 if self.old else 404
        return self.html(self.pages.page("vBulletin Message", content), status=status)

    def _members(self) -> Answer:
        return self.html(self.pages.login(), status=200 if self.old else 403)


def _number_and_page(question: Question, letter: str) -> tuple[int, int]:
    """Read `?t=12&page=3` as well as `?12-title/page3`."""
    page = whole_number(question.one("page"), otherwise=1) or 1
    if question.one(letter) is not None:
        return whole_number(question.one(letter)), page
    for key in question.query:
        found = _FRIENDLY.fullmatch(key)
        if found:
            return int(found[1]), int(found[2] or page)
    return 0, page
