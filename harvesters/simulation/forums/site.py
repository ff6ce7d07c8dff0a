"""One board on one simulated forum software: a site that answers, and the truth about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from zoneinfo import ZoneInfo

from harvesters.simulation.answers import PLAIN, Answer, Question
from harvesters.simulation.forums.bbpress import BbPress
from harvesters.simulation.forums.flaskbb import FlaskBB
from harvesters.simulation.forums.invision4 import Invision4
from harvesters.simulation.forums.khoros import Khoros
from harvesters.simulation.forums.misago import Misago
from harvesters.simulation.forums.model import (
    Board,
    BoardPost,
    BoardView,
    Quoted,
    ThreadView,
    plain_text,
)
from harvesters.simulation.forums.mybb18 import MyBB18
from harvesters.simulation.forums.phpbb3 import PhpBB3
from harvesters.simulation.forums.smf2 import SMF2
from harvesters.simulation.forums.software import ForumSoftware, Theme
from harvesters.simulation.forums.vbulletin4 import VBulletin4
from harvesters.simulation.forums.vbulletin5 import VBulletin5
from harvesters.simulation.forums.xenforo2 import XenForo2

SOFTWARES: Mapping[str, type[ForumSoftware]] = {
    software.name: software
    for software in (
        XenForo2,
        PhpBB3,
        VBulletin4,
        SMF2,
        MyBB18,
        FlaskBB,
        Misago,
        BbPress,
        VBulletin5,
        Invision4,
        Khoros,
    )
}
LONDON = ZoneInfo("Europe/London")


@dataclass(frozen=True, slots=True)
class TruePost:
    """A post as a reader must get it.

    `author` is None for guests and deleted accounts, of whom the page shows `shown_name`.
    `text` holds what is quoted as well, `own_text` does not; lines of both are paragraphs, items
    and lines of code. Who is quoted stands in `quotes`, in the order of the page, inner quotations
    after outer ones, and in no text. `edited_at` is None where the page bears no mark.
    """

    post_id: str
    thread_id: str
    forum_id: str
    thread_title: str
    position: int
    author: str | None
    shown_name: str
    created_at: datetime
    edited_at: datetime | None
    text: str
    own_text: str
    quotes: tuple[str, ...]


class ForumSite:
    """A board on a forum software, as one site.

    Parameters
    ----------
    board : Board
        What is shown.
    software : str
        One of `SOFTWARES`.
    theme : Theme
        `default` or `other`.
    version : str, optional
        One that the software is simulated in; by default the last.
    base : str
        Address of the site, without a trailing slash.
    zone : tzinfo
        Time zone of the board.
    crawl_delay : float, optional
        Seconds that robots.txt asks for.
    posts_per_page, threads_per_page : int, optional
        Other than the software's own.
    """

    def __init__(
        self,
        board: Board,
        *,
        software: str,
        theme: Theme = "default",
        version: str | None = None,
        base: str = "http://forum.example",
        zone: tzinfo = LONDON,
        crawl_delay: float | None = None,
        posts_per_page: int | None = None,
        threads_per_page: int | None = None,
    ) -> None:
        made = SOFTWARES[software]
        self.board = board
        self.software = made(
            board, theme=theme, version=version or made.versions[-1], base=base, zone=zone
        )
        if posts_per_page is not None:
            self.software.posts_per_page = posts_per_page
        if threads_per_page is not None:
            self.software.threads_per_page = threads_per_page
        self._crawl_delay = crawl_delay
        self._view = BoardView(board, board.ends_at)

    @property
    def base(self) -> str:
        """The address of the site."""
        return self.software.base

    @base.setter
    def base(self, address: str) -> None:
        self.software.base = address

    def answer(self, question: Question) -> Answer:
        """Answer one request."""
        if question.path == "/robots.txt":
            return self._robots()
        return self.software.answer(self.view(question.now), question)

    def ask(self, target: str, *, at: datetime) -> Answer:
        """Answer a request for path and query: what a mock transport needs."""
        return self.answer(Question.read(target, now=at))

    def view(self, moment: datetime) -> BoardView:
        """Return what a guest finds at a moment."""
        if self._view.moment != moment:
            self._view = BoardView(self.board, moment)
        return self._view

    def forum_url(self, forum: int) -> str:
        """Return the address of the first page of a forum."""
        found = next(entry for entry in self.board.forums if entry.number == forum)
        return f"{self.base}{self.software.forum_address(found)}"

    def thread_url(self, view: ThreadView, page: int = 1) -> str:
        """Return the address of a page of a thread."""
        return f"{self.base}{self.software.thread_address(view, page)}"

    def truth(self, at: datetime, *, forum: int | None = None) -> list[TruePost]:
        """Return every post that a guest can read at a moment, thread by thread."""
        view = BoardView(self.board, at)
        return [
            self._true(thread, post, position, at)
            for thread in view.threads.values()
            if not view.members_only(thread.forum) and forum in (None, thread.forum)
            for position, post in enumerate(thread.readable)
        ]

    def _true(self, view: ThreadView, post: BoardPost, position: int, at: datetime) -> TruePost:
        version = post.version_at(at)
        return TruePost(
            post_id=self.software.post_id(post),
            thread_id=self.software.thread_id(view.thread),
            forum_id=str(view.forum),
            thread_title=view.thread.title,
            position=position,
            author=post.author.name if post.author else None,
            shown_name=post.shown_name,
            created_at=post.written_at,
            edited_at=self.software.marked_edit(post, at),
            text=plain_text(version.pieces),
            own_text=plain_text(version.pieces, quotes=False),
            quotes=tuple(_quoted_names(version.pieces)),
        )

    def _robots(self) -> Answer:
        lines = ["User-agent: *", "Disallow: /login/", "Disallow: /search.php"]
        if self._crawl_delay is not None:
            lines.append(f"Crawl-delay: {self._crawl_delay:g}")
        return Answer(200, ("\n".join(lines) + "\n").encode(), PLAIN)


def truth(
    board: Board, *, at: datetime, software: str, version: str | None = None
) -> list[TruePost]:
    """Return what a reader must get from a board on a software at a moment, post for post."""
    return ForumSite(board, software=software, version=version).truth(at)


def _quoted_names(pieces: tuple[object, ...]) -> list[str]:
    names: list[str] = []
    for piece in pieces:
        if isinstance(piece, Quoted):
            names += [piece.author, *_quoted_names(piece.pieces)]
    return names
