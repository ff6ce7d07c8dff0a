"""How many comments each thread promises and how many are held, over one night of a subreddit.

`num_comments` is Reddit's promise; it goes on counting some of what was removed. So a thread whose
tree was read to its end may stay below it, and is read again only when it lacks more than before.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from harvesters.json_fields import MalformedItem
from harvesters.reddit.listing import Mark
from harvesters.reddit.things import age_of, fullname, promised_comments, thread_of
from warehouse.records import Known, ThreadCount

MAX_OWED = 500  # threads that one night leaves to the next
OWED = "owed"


class ThreadNight:
    """Counts the threads that a night meets, and says whose trees are to be read.

    Attributes
    ----------
    requests : int
        What the trees of the night have cost so far.
    """

    def __init__(self, known: Known) -> None:
        self.requests = 0
        self._known = known.threads
        self._owed = str(known.cursor.get(OWED) or "").split()
        self._promised: dict[str, int] = {}
        self._new: dict[str, set[str]] = {}
        self._read: set[str] = set()
        self._cut: set[str] = set()

    def note(self, things: Sequence[Mapping[str, Any]], mark: Mark | None) -> None:
        """Take down things of a listing; what is not newer than its mark is held already."""
        for thing in things:
            try:
                name, thread = fullname(thing), thread_of(thing)
                promised = promised_comments(thing)
            except MalformedItem:
                continue  # counted where posts are made
            if promised is not None:
                self._promised[thread] = max(promised, self._promised.get(thread, 0))
            fresh = mark is None or age_of(name) > age_of(mark.name)
            new = self._new.setdefault(thread, set())
            if fresh or thread not in self._known:
                new.add(name)

    def wanted(self) -> list[str]:
        """Return the threads whose trees are to be read: owed ones, then those that lack most."""
        lacking = {
            thread: lack
            for thread in self._promised
            if (lack := self._lack(thread) - self._accepted(thread)) > 0
        }
        most = sorted(lacking, key=lambda thread: (-lacking[thread], thread))
        return list(dict.fromkeys([*self._owed, *most]))

    def read(
        self, thread: str, things: Sequence[Mapping[str, Any]], *, whole: bool, alone: bool
    ) -> ThreadCount:
        """Take down a tree that was read.

        One that was cut is owed to the next night, unless it had a whole night's requests `alone`
        and would stop at the same place again.
        """
        names: set[str] = set()
        for thing in things:
            try:
                names.add(fullname(thing))
            except MalformedItem:
                continue
        (self._read if whole or alone else self._cut).add(thread)
        promised = promised_comments(things[0]) if things else None
        return ThreadCount(
            native_thread_id=thread,
            expected=None if promised is None else promised + 1,
            fetched=len(names),
        )

    def vanished(self, thread: str) -> None:
        """Forget a thread that is not there any more; its posts' rechecks will say why."""
        self._read.add(thread)

    def owed(self) -> list[str]:
        """Return the threads that are left to the next night."""
        return [thread for thread in self.wanted() if thread not in self._read][:MAX_OWED]

    def counts(self) -> tuple[ThreadCount, ...]:
        """Return the counts of the threads of whose trees nothing was read."""
        return tuple(
            ThreadCount(native_thread_id=thread, expected=promised + 1, fetched=self._held(thread))
            for thread, promised in self._promised.items()
            if thread not in self._read | self._cut
        )

    def _held(self, thread: str) -> int:
        known = self._known.get(thread)
        return (known.n_posts if known else 0) + len(self._new.get(thread, ()))

    def _lack(self, thread: str) -> int:
        return self._promised[thread] + 1 - self._held(thread)

    def _accepted(self, thread: str) -> int:
        """Return how many posts a thread lacked when it was last read."""
        known = self._known.get(thread)
        return max(0, known.expected - known.n_posts) if known and known.expected else 0
