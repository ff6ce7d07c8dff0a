"""What every simulated forum software is: a way from questions to pages."""

import re
import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, tzinfo
from hashlib import blake2b
from typing import ClassVar, Literal, TypeVar

from harvesters.simulation.answers import Answer, Question
from harvesters.simulation.forums.bodies import text
from harvesters.simulation.forums.model import (
    Board,
    BoardForum,
    BoardPost,
    BoardThread,
    BoardView,
    Shown,
    ThreadView,
)

T = TypeVar("T")
Address = Callable[[int], str]
Theme = Literal["default", "other"]
THEMES: tuple[Theme, ...] = ("default", "other")
_NO_SLUG = re.compile(r"[^a-z0-9]+")


class ForumSoftware(ABC):
    """A software that shows a board.

    Parameters
    ----------
    board : Board
        What is shown.
    theme : Theme
        `default` is the theme that the software brings, in English; `other` differs in wrappers,
        classes, date format and mostly in language.
    version : str
        One of `versions`.
    base : str
        The address of the site, without a trailing slash.
    zone : tzinfo
        In which the board prints times.

    Attributes
    ----------
    charset : str
        In which pages are sent.
    leaves_notice : bool
        Whether guests see a notice in the place of a softly deleted post.
    shows_edits : bool
        Whether a page tells when a post was edited.
    """

    name: ClassVar[str]
    versions: ClassVar[tuple[str, ...]]
    posts_per_page: int = 20
    threads_per_page: int = 20
    charset: str = "utf-8"
    leaves_notice: ClassVar[bool] = False
    shows_edits: ClassVar[bool] = True

    def __init__(
        self, board: Board, *, theme: Theme, version: str, base: str, zone: tzinfo
    ) -> None:
        if version not in self.versions:
            known = ", ".join(self.versions)
            raise ValueError(f"{self.name} is simulated in the versions {known}, not {version!r}")
        self.board = board
        self.other = theme == "other"
        self.version = version
        self.base = base
        self.zone = zone
        self.now = board.ends_at
        self.account_numbers = {person.name: person.number for person in board.people}
        posts = [post for thread in board.threads for post in thread.posts]
        self.post_times = {post.number: post.written_at for post in posts}
        self.post_threads = {post.number: post.thread for post in posts}

    def answer(self, view: BoardView, question: Question) -> Answer:
        """Answer a request about what is seen at a moment."""
        self.now = view.moment
        return self.route(view, question)

    @abstractmethod
    def route(self, view: BoardView, question: Question) -> Answer:
        """Answer a request."""

    # how the software numbers

    def post_id(self, post: BoardPost) -> str:
        """Return the id that the software gives to a post."""
        return str(post.number)

    def thread_id(self, thread: BoardThread) -> str:
        """Return the id that the software gives to a thread."""
        return str(thread.number)

    def marked_edit(self, post: BoardPost, moment: datetime) -> datetime | None:
        """Return when a post was last edited, as far as its page tells."""
        return post.edited_at(moment) if self.shows_edits else None

    @abstractmethod
    def thread_address(self, view: ThreadView, page: int = 1) -> str:
        """Return path and query of a page of a thread."""

    @abstractmethod
    def forum_address(self, forum: BoardForum, page: int = 1) -> str:
        """Return path and query of a page of a forum."""

    # what stands on which page

    def entries(self, view: ThreadView) -> Sequence[Shown]:
        """Return what a thread's pages count."""
        if self.leaves_notice:
            return view.shown
        return tuple(entry for entry in view.shown if not entry.deleted)

    def n_pages(self, view: ThreadView) -> int:
        """Return how many pages a thread has."""
        return pages_of(len(self.entries(view)), self.posts_per_page)

    def page_of(self, view: ThreadView, post: int) -> int:
        """Return the page of its thread on which a post stands."""
        numbers = [entry.post.number for entry in self.entries(view)]
        return numbers.index(post) // self.posts_per_page + 1 if post in numbers else 1

    # what pages are made of

    def local(self, moment: datetime) -> datetime:
        """Return a time in the zone of the board."""
        return moment.astimezone(self.zone)

    def token(self, *parts: object) -> str:
        """Return what looks like a token against forged requests: it differs at every moment."""
        return digest(self.now.isoformat(), *parts)

    def html(self, page: str, *, status: int = 200) -> Answer:
        """Return a page in the charset of the software; a sign that it lacks as a reference."""
        codec = "cp1252" if self.charset.lower() == "iso-8859-1" else self.charset
        body = page.encode(codec, errors="xmlcharrefreplace")
        return Answer(status, body, f"text/html; charset={self.charset}", self.headers())

    def headers(self) -> tuple[tuple[str, str], ...]:
        """Return what the software sends besides: cookies of a session, as a rule."""
        return (("Set-Cookie", f"session={self.token('session')}; path=/; HttpOnly"),)

    def redirect(self, path: str, *, status: int = 302) -> Answer:
        """Lead elsewhere."""
        return Answer(
            status, b"", f"text/html; charset={self.charset}", (("Location", f"{self.base}{path}"),)
        )


def pages_of(count: int, size: int) -> int:
    """Return how many pages hold `count` entries; one page holds none."""
    return max(1, -(-count // size))


def on_page(items: Sequence[T], page: int, size: int) -> Sequence[T]:
    """Return the entries of a page that is counted from 1."""
    return items[(page - 1) * size : page * size]


def window(page: int, last: int, *, around: int = 2) -> list[int | None]:
    """Return the numbers of a page navigation: the ends and some around; None for a gap."""
    shown = [
        number
        for number in range(1, last + 1)
        if number in (1, last) or abs(number - page) <= around
    ]
    out: list[int | None] = []
    for number in shown:
        if out and out[-1] is not None and number - out[-1] > 1:
            out.append(None)
        out.append(number)
    return out


def slug(title: str, *, otherwise: str = "thread") -> str:
    """Return what an address keeps of a title: Latin letters without accents."""
    plain = unicodedata.normalize("NFKD", title.lower().replace("æ", "ae"))
    return _NO_SLUG.sub("-", plain.encode("ascii", "ignore").decode()).strip("-") or otherwise


def digest(*parts: object) -> str:
    """Return 32 letters that depend on the parts alone."""
    return blake2b(repr(parts).encode(), digest_size=16).hexdigest()


def whole_number(written: str | None, *, otherwise: int = 0) -> int:
    """Read a number as PHP does: what is none is the default."""
    found = re.match(r"\d{1,9}", written or "")
    return int(found.group()) if found else otherwise


def likers(board: Board, post: BoardPost) -> list[str]:
    """Return the escaped names of those who liked a post: noise that names people."""
    count = (0, 0, 1, 3, 0, 2)[post.number % 6]
    people = board.people
    return [text(people[(post.number * 7 + n) % len(people)].name) for n in range(count)]


def utc(moment: datetime) -> datetime:
    """Return a time in UTC."""
    return moment.astimezone(UTC)
