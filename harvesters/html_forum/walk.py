"""How a board is walked: which threads changed, from which page back, and where a walk was cut.

A thread is read from its last page back to the newest post that is known. What a walk could not
reach, the position remembers, so that a later harvest goes on there and nothing is missed in
between. `listed_to` is the newest activity that the last complete listing showed, in the board's
own clock: below it a listing needs not be read again.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from harvesters.html_forum.pages import ListedThread, ShownPost
from harvesters.json_fields import MalformedItem, utc_time
from warehouse.records import CursorValue, Known, KnownThread

MOST_CUT = 200  # threads that wait to be read on: more, and the listing is not believed complete


@dataclass(frozen=True, slots=True)
class Stop:
    """Where a walk back through a thread ends: at a post, before a time, or before `since`."""

    native_id: str = ""
    at: datetime | None = None
    since: datetime | None = None

    @classmethod
    def before(cls, known: KnownThread | None, since: datetime | None) -> "Stop":
        """Return where the walk through a thread ends, of which something may be known."""
        if known is None:
            return cls(since=since)
        return cls(known.last_native_id, known.last_post_at)

    def as_texts(self) -> tuple[str | None, ...]:
        """Return the form that is stored."""
        return self.native_id, _text(self.at), _text(self.since)

    def cut(self, posts: Sequence[ShownPost]) -> tuple[list[ShownPost], bool, bool]:
        """Return the posts of a page that are wanted, whether the end is met, and if by `since`."""
        ids = [post.native_id for post in posts]
        if self.native_id and self.native_id in ids:
            return list(posts[ids.index(self.native_id) + 1 :]), True, False
        bound = self.at or self.since
        if bound is None:
            return list(posts), False, False
        older = [post for post in posts if post.created and post.created.latest < bound]
        wanted = [post for post in posts if post not in older]
        return wanted, bool(older), bool(older) and self.at is None


@dataclass(frozen=True, slots=True)
class Cut:
    """A walk that was not finished: the page to go on with, the thread's first, and the end."""

    address: str
    first: str
    stop: Stop


@dataclass(slots=True)
class Position:
    """What the next harvest goes on from; `cut` names the threads whose walk was not finished."""

    listed_to: datetime | None = None
    whole: bool = False
    cut: dict[str, "Cut"] = field(default_factory=dict)

    @classmethod
    def read(cls, cursor: Mapping[str, CursorValue]) -> "Position":
        """Read what the last harvest left; what nobody can read counts as nothing."""
        try:
            waiting = json.loads(str(cursor.get("cut") or "{}"))
            cut = {
                str(thread): Cut(str(address), str(first), Stop(str(stop), _time(at), _time(since)))
                for thread, (address, first, stop, at, since) in waiting.items()
            }
            return cls(_time(cursor.get("listed_to")), bool(cursor.get("whole")), cut)
        except (ValueError, TypeError, AttributeError):
            return cls()

    def as_cursor(self) -> dict[str, CursorValue]:
        """Return the form that is stored."""
        waiting = {
            thread: [cut.address, cut.first, *cut.stop.as_texts()]
            for thread, cut in self.cut.items()
        }
        return {
            "listed_to": _text(self.listed_to),
            "whole": self.whole,
            "cut": json.dumps(waiting) if waiting else None,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Compares what a listing shows of threads with what is known of them."""

    known: Known
    position: Position
    since: datetime | None

    def has_changed(self, thread: ListedThread) -> bool:
        """Tell whether a thread is to be opened."""
        held = self.known.threads.get(thread.native_id)
        if held is None:
            bound = self.position.listed_to or self.since
            return bound is None or thread.last_post is None or thread.last_post.latest >= bound
        if thread.n_posts is not None and held.expected is not None:
            if thread.n_posts != held.expected:
                return True
            return self._is_later(thread, held, surely=True)
        return self._is_later(thread, held, surely=False)

    def _is_later(self, thread: ListedThread, held: KnownThread, *, surely: bool) -> bool:
        """Tell whether a thread's activity is newer than its newest known post.

        What was there when the listing was last complete is not newer, whatever became of it.
        """
        if thread.last_post is None:
            return False
        to = self.position.listed_to
        seen_before = to is not None and thread.last_post.latest < to
        shown = thread.last_post.earliest if surely else thread.last_post.latest
        return not seen_before and shown > held.last_post_at

    def ends_with(self, threads: Sequence[ListedThread]) -> bool:
        """Tell whether nothing below these threads of a page can have changed."""
        ordinary = [thread for thread in threads if not thread.sticky]
        bound = self.position.listed_to or self.since
        return bool(ordinary) and all(self._is_old(thread, bound) for thread in ordinary)

    def _is_old(self, thread: ListedThread, bound: datetime | None) -> bool:
        if thread.last_post is not None:
            return bound is not None and thread.last_post.latest < bound
        known = thread.native_id in self.known.threads
        return self.position.whole and known and not self.has_changed(thread)


def newest_activity(threads: Sequence[ListedThread], *, fetched_at: datetime) -> datetime | None:
    """Return the newest activity that the first page of a listing shows."""
    shown = [each.last_post.earliest for each in threads if each.last_post and not each.sticky]
    return min(max(shown), fetched_at) if shown else None


def promised(held: KnownThread | None, *, cut: bool) -> int:
    """Return how many posts of a thread are accounted for before it is read on.

    What a thread promised when it was last read whole counts, since posts may have been dropped or
    erased since.
    """
    if held is None:
        return 0
    return held.n_posts if cut else max(held.n_posts, held.expected or 0)


def _time(value: object) -> datetime | None:
    try:
        return utc_time(value, name="cursor") if isinstance(value, str) else None
    except MalformedItem:
        return None


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat()
