"""A thread of Bluesky read as far as the AppView shows it, and what of it is not shown.

An answer is a tree that ends at a depth; where a post promises more replies than the tree holds,
the tree below that post is asked for by itself.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from harvesters.base import Gone
from harvesters.bluesky.posts import post_uri
from harvesters.json_fields import MalformedItem, optional_whole

DEPTH = 100  # levels of one answer: deeper nesting is beyond what JSON is read with
MAX_QUESTIONS = 100  # of one thread
NOT_FOUND, BLOCKED = "not_found", "blocked"
NOT_SHOWN = "not_shown"

AskThread = Callable[[str], Mapping[str, Any]]


@dataclass(slots=True)
class ThreadReading:
    """The posts of a thread, first its root, and how many replies could not be read, by reason."""

    views: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    unread: Counter[str] = field(default_factory=Counter)
    promised: dict[str, int] = field(default_factory=dict)
    shown: dict[str, int] = field(default_factory=dict)

    @property
    def missing(self) -> int:
        """How many replies were promised and not shown in any form."""
        return sum(max(0, n - self.shown[uri]) for uri, n in self.promised.items())

    def note(self, uri: str, view: Mapping[str, Any], n_replies: int) -> None:
        """Take down a post with the number of replies that stand below it in the answer."""
        self.views[uri] = view
        self.promised[uri] = _promised(view)
        self.shown[uri] = max(n_replies, self.shown.get(uri, 0))

    def is_cut_at(self, uri: str) -> bool:
        """Tell whether a post promises more replies than were shown."""
        return self.promised[uri] > self.shown[uri]


def read_thread(root: str, ask: AskThread) -> ThreadReading:
    """Read a thread from its first post on.

    Parameters
    ----------
    root : str
        Address of the first post.
    ask : callable
        Gives the tree of an answer below a post; raises `Gone` where that post is not there.
    """
    reading = ThreadReading()
    waiting, asked = deque([root]), {root}
    n_questions = 0
    while waiting and n_questions < MAX_QUESTIONS:
        uri = waiting.popleft()
        n_questions += 1
        try:
            tree = ask(uri)
        except Gone:
            if uri == root:
                raise
            continue  # it went while the thread was read
        for met in _note_tree(tree, reading):
            if reading.is_cut_at(met) and met not in asked:
                waiting.append(met)
                asked.add(met)
    return reading


def _note_tree(tree: Mapping[str, Any], reading: ThreadReading) -> Iterator[str]:
    """Take down every post of a tree and yield its address; no recursion, so depth does no harm."""
    waiting: list[object] = [tree]
    while waiting:
        node = waiting.pop()
        view = node.get("post") if isinstance(node, Mapping) else None
        if not isinstance(node, Mapping) or not isinstance(view, Mapping):
            reading.unread[_why_unread(node)] += 1
            continue
        replies = node.get("replies")
        replies = replies if isinstance(replies, list) else []
        try:
            uri = post_uri(view)
        except MalformedItem:
            uri = f"malformed {len(reading.views)}"  # to be counted when its post is made
        reading.note(uri, view, len(replies))
        yield uri
        waiting.extend(reversed(replies))


def _why_unread(node: object) -> str:
    if isinstance(node, Mapping) and node.get("notFound") is True:
        return NOT_FOUND
    return BLOCKED if isinstance(node, Mapping) and node.get("blocked") is True else "malformed"


def _promised(view: Mapping[str, Any]) -> int:
    try:
        return optional_whole(view, "replyCount") or 0
    except MalformedItem:
        return 0
