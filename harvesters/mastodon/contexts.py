"""Whole threads around the statuses that a Mastodon timeline shows: their contexts.

A timeline shows a status that bears the tag, and seldom the replies to it. Guests see 40 statuses
before one and 60 after it, 20 deep. How many there are is known from `replies_count`, which counts
direct replies: a thread has one status more than all its statuses have replies, and one that shows
fewer is cut. Threads that are known already are asked about for two weeks after their newest
status: by their first status and their newest, twenty a request, and read again where one of these
has more replies than before.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from harvesters.base import Gone, ParseError
from harvesters.json_fields import MalformedItem, optional_text, optional_whole
from harvesters.mastodon.statuses import Threads, age, ids, listed
from warehouse.records import Known

WATCHED = timedelta(days=14)
MAX_CONTEXTS = 200  # of one harvest; what is left is asked for the next night, and counted

Read = Callable[[str], tuple[Mapping[str, Any], datetime]]


@dataclass(frozen=True, slots=True)
class WholeThread:
    """All statuses of a thread that the server shows, and how many it says there are."""

    native_id: str
    items: Sequence[Mapping[str, Any]]
    expected: int
    fetched_at: datetime

    @property
    def is_whole(self) -> bool:
        """Whether as many statuses are shown as there are replies to the shown ones."""
        return len(self.items) >= self.expected


class Contexts:
    """Finds which threads of a harvest to read as a whole, and reads each of them once.

    Parameters
    ----------
    known : Known
        What is held of the community's threads.
    threads : Threads
        Learns from every context what replies to what.
    read : callable
        Returns the context of a status by its id, and when it was read.
    """

    def __init__(self, known: Known, threads: Threads, read: Read) -> None:
        self.left_out = 0
        self.threads = threads
        self._known = known
        self._read = read
        self._done: set[str] = set()
        self._noted: dict[str, Mapping[str, Any]] = {}

    def note(self, items: Sequence[Any]) -> None:
        """Take down statuses of the timeline whose threads may hold more than is known."""
        self.threads.note(items)
        for item in items:
            for native_id in ids([item]):
                if item.get("reblog") is None and self._has_more(native_id, item):
                    self._noted[native_id] = item

    def watched(self, now: datetime) -> list[str]:
        """Return the ids, first and newest, of known threads that may have gone on."""
        names: list[str] = []
        for native_id, thread in self._known.threads.items():
            if now - thread.last_post_at <= WATCHED and native_id not in self._done:
                names += dict.fromkeys((native_id, thread.last_native_id))
        return names

    def whole_threads(self) -> Iterator[WholeThread]:
        """Yield the threads of what was noted, oldest first; the notes are then forgotten."""
        noted, self._noted = self._noted, {}
        for native_id in sorted(noted, key=age):
            if self.threads.root(native_id) in self._done:
                continue
            if len(self._done) >= MAX_CONTEXTS:
                self.left_out += 1
                continue
            try:
                yield self._around(native_id, noted[native_id])
            except Gone:
                continue  # deleted between two requests: the recheck finds that out

    def _has_more(self, native_id: str, item: Mapping[str, Any]) -> bool:
        root = self.threads.root(native_id)
        thread = self._known.threads.get(root)
        replies = _n_replies(item)
        if thread is None or thread.expected is None:
            return replies > 0 or _parent(item) is not None
        if native_id == root:
            return 1 + replies > thread.expected
        is_new = age(native_id) > age(thread.last_native_id)
        return is_new or (native_id == thread.last_native_id and replies > 0)

    def _around(self, native_id: str, item: Mapping[str, Any]) -> WholeThread:
        """Read the thread of a status: down from its first one, which its own context names."""
        shown: dict[str, Mapping[str, Any]] = {native_id: item}
        before, fetched_at = self._shown(native_id, shown)
        first = before[0] if before else native_id
        if first != native_id:
            _, fetched_at = self._shown(first, shown)
        name = self.threads.root(first)
        self._done.add(name)
        expected = 1 + sum(_n_replies(status) for status in shown.values())
        return WholeThread(name, list(shown.values()), expected, fetched_at)

    def _shown(
        self, native_id: str, shown: dict[str, Mapping[str, Any]]
    ) -> tuple[list[str], datetime]:
        """Add what stands around a status to `shown`; returns the ids before it."""
        answer, fetched_at = self._read(native_id)
        if not isinstance(answer.get("descendants"), list):
            raise ParseError(
                "a context came without descendants; see whether the server speaks Mastodon's API"
            )
        before = listed(answer, "ancestors")
        around = [item for item in (*before, *listed(answer, "descendants")) if ids([item])]
        self.threads.note(around)
        for item in around:
            shown.setdefault(item["id"], item)
        return ids(before), fetched_at


def _n_replies(item: Mapping[str, Any]) -> int:
    try:
        return optional_whole(item, "replies_count") or 0
    except MalformedItem:
        return 0


def _parent(item: Mapping[str, Any]) -> str | None:
    return optional_text(item, "in_reply_to_id")
