"""What a simulated board holds, and what of it a guest sees at a moment.

Nothing here knows of a forum software: `harvesters.simulation.forums.site` draws these records in
the markup of each.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Deletion = Literal["soft", "hard"]


@dataclass(frozen=True, slots=True)
class Words:
    """A paragraph."""

    text: str


@dataclass(frozen=True, slots=True)
class Code:
    """Lines that keep their blanks."""

    text: str


@dataclass(frozen=True, slots=True)
class Link:
    """A sentence with a link in it."""

    before: str
    label: str
    address: str
    after: str


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, which has no words."""

    address: str


@dataclass(frozen=True, slots=True)
class Items:
    """A list with bullets."""

    items: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Quoted:
    """Words of another post, said again; `post` is None where somebody typed the quote by hand."""

    author: str
    post: int | None
    pieces: "tuple[Piece, ...]"


Piece = Words | Code | Link | Picture | Items | Quoted


@dataclass(frozen=True, slots=True)
class BoardPerson:
    """An account."""

    number: int
    name: str
    title: str
    joined: datetime
    signature: str = ""


@dataclass(frozen=True, slots=True)
class BoardVersion:
    """The words of a post from a moment on.

    `marked` tells whether the software writes below the post that it was edited; boards leave the
    mark away for quick corrections and for what moderators do silently.
    """

    at: datetime
    pieces: tuple[Piece, ...]
    marked: bool = True


@dataclass(frozen=True, slots=True)
class BoardPost:
    """A post. `author` is None for guests and deleted accounts, of whom `shown_name` is left."""

    number: int
    thread: int
    author: BoardPerson | None
    shown_name: str
    written_at: datetime
    versions: tuple[BoardVersion, ...]
    deletion: Deletion | None = None
    deleted_at: datetime | None = None
    restored_at: datetime | None = None

    def version_at(self, moment: datetime) -> BoardVersion:
        """Return the words that stand at a moment."""
        return [version for version in self.versions if version.at <= moment][-1]

    def edited_at(self, moment: datetime) -> datetime | None:
        """Return when the post was last edited with a mark; None where it bears no mark."""
        marked = [v.at for v in self.versions[1:] if v.at <= moment and v.marked]
        return marked[-1] if marked else None

    def gone_at(self, moment: datetime) -> Deletion | None:
        """Return how the post is deleted at a moment; None while it can be read."""
        if self.deleted_at is None or moment < self.deleted_at:
            return None
        if self.restored_at is not None and moment >= self.restored_at:
            return None
        return self.deletion


@dataclass(frozen=True, slots=True)
class BoardThread:
    """A thread. A moved one leaves a line in its old forum that leads to the new place."""

    number: int
    forum: int
    title: str
    posts: tuple[BoardPost, ...]
    sticky: bool = False
    closed: bool = False
    views: int = 0
    moved_to: int | None = None
    moved_at: datetime | None = None
    deletion: Deletion | None = None
    deleted_at: datetime | None = None

    def forum_at(self, moment: datetime) -> int:
        """Return the forum in which the thread is at a moment."""
        if self.moved_to is not None and self.moved_at is not None and self.moved_at <= moment:
            return self.moved_to
        return self.forum


@dataclass(frozen=True, slots=True)
class BoardForum:
    """A forum of the board: the page that lists threads. Guests are asked to log in to some."""

    number: int
    title: str
    description: str
    category: str
    members_only: bool = False


@dataclass(frozen=True, slots=True)
class Board:
    """Everything that was and will be written on a board until `ends_at`."""

    name: str
    starts_at: datetime
    ends_at: datetime
    people: tuple[BoardPerson, ...]
    forums: tuple[BoardForum, ...]
    threads: tuple[BoardThread, ...]


@dataclass(frozen=True, slots=True)
class Shown:
    """A post as it is in its thread at a moment; `deleted` is one that left a notice at most."""

    post: BoardPost
    deleted: bool


@dataclass(frozen=True, slots=True)
class ThreadView:
    """A thread at a moment, with what was posted by then; hard deleted posts are in no view."""

    thread: BoardThread
    forum: int
    shown: tuple[Shown, ...]

    @property
    def readable(self) -> tuple[BoardPost, ...]:
        """The posts that a guest can read."""
        return tuple(entry.post for entry in self.shown if not entry.deleted)

    @property
    def first(self) -> BoardPost:
        """The post that opened the thread."""
        return self.shown[0].post

    @property
    def last(self) -> BoardPost:
        """The last post that can be read."""
        return self.readable[-1]


class BoardView:
    """What a guest finds on a board at a moment.

    Parameters
    ----------
    board : Board
        Whose posts.
    moment : datetime
        What was posted, edited, moved or deleted later has not happened.
    """

    def __init__(self, board: Board, moment: datetime) -> None:
        self.board = board
        self.moment = moment
        self.forums = {forum.number: forum for forum in board.forums}
        self.threads = {view.thread.number: view for view in self._views()}
        self._posts = {
            entry.post.number: view for view in self.threads.values() for entry in view.shown
        }

    def thread(self, number: int) -> ThreadView | None:
        """Return a thread that is there; None otherwise."""
        return self.threads.get(number)

    def thread_of(self, post: int) -> ThreadView | None:
        """Return the thread that holds a post, deleted softly or not; None where it is gone."""
        return self._posts.get(post)

    def listed(self, forum: int) -> list[ThreadView]:
        """Return the threads of a forum: sticky ones, then by their last post, newest first."""
        return _by_last_post(view for view in self.threads.values() if view.forum == forum)

    def moved_away(self, forum: int) -> list[ThreadView]:
        """Return the threads that left a forum and of which a line stays there."""
        return _by_last_post(
            view
            for view in self.threads.values()
            if view.thread.forum == forum and view.forum != forum
        )

    def members_only(self, forum: int) -> bool:
        """Tell whether guests are asked to log in to read a forum."""
        return self.forums[forum].members_only

    def _views(self) -> Iterator[ThreadView]:
        for thread in self.board.threads:
            gone = thread.deleted_at is not None and thread.deleted_at <= self.moment
            shown = () if gone else tuple(self._shown(thread.posts))
            if any(not entry.deleted for entry in shown):
                yield ThreadView(thread, thread.forum_at(self.moment), shown)

    def _shown(self, posts: Sequence[BoardPost]) -> Iterator[Shown]:
        for post in posts:
            gone = post.gone_at(self.moment)
            if post.written_at <= self.moment and gone != "hard":
                yield Shown(post, deleted=gone == "soft")


def plain_text(pieces: Sequence[Piece], *, quotes: bool = True) -> str:
    """Return the words of pieces, one line each; with what they quote, or without it."""
    lines: list[str] = []
    for piece in pieces:
        if isinstance(piece, Quoted):
            lines.append(plain_text(piece.pieces) if quotes else "")
        elif isinstance(piece, Items):
            lines.extend(piece.items)
        elif isinstance(piece, Link):
            lines.append(f"{piece.before}{piece.label}{piece.after}")
        elif not isinstance(piece, Picture):
            lines.append(piece.text)
    return "\n".join(line for line in lines if line)


def _by_last_post(views: Iterator[ThreadView]) -> list[ThreadView]:
    return sorted(
        views,
        key=lambda view: (not view.thread.sticky, -view.last.number),
    )
