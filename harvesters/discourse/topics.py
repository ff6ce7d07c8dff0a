"""Whether topics of a Discourse were read to their last post, and the rest of those that were not.

The list of posts that a night walks says nothing of how long its topics are. Their category's list
does, thirty topics a request: `posts_count` is what guests may see, small actions of moderators
among it. A topic of which less is known, such as one that began before the first harvest's bound,
is read as a whole: its page names all its posts, which are then asked for twenty at a time.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from harvesters.base import Gone, ParseError
from harvesters.json_fields import MalformedItem, optional_whole, whole_field
from warehouse.records import Known, KnownThread

POSTS_A_REQUEST = 20
MAX_LISTS = 100  # pages of a category's list
MAX_TOPICS = 200  # of one harvest; the others are counted, and read when they go on

Ask = Callable[[str, Mapping[str, Any]], tuple[dict[str, Any], datetime] | None]


@dataclass(slots=True)
class Met:
    """The posts of a category that a night's walk met, by topic, whether they are kept or not."""

    posts: dict[int, set[int]] = field(default_factory=dict)

    def note(self, items: Sequence[Mapping[str, Any]]) -> None:
        """Take down the posts of a page."""
        for item in items:
            try:
                topic, post = whole_field(item, "topic_id"), whole_field(item, "id")
            except MalformedItem:
                continue
            self.posts.setdefault(topic, set()).add(post)


@dataclass(frozen=True, slots=True)
class WholeTopic:
    """A topic's count, and the posts that the walk did not meet; none where it met them all."""

    native_id: str
    expected: int
    fetched: int
    items: Sequence[Mapping[str, Any]]
    fetched_at: datetime


class Topics:
    """Compares the topics that a walk met with what the category's list says of them.

    Parameters
    ----------
    known : Known
        What is held of the community's threads.
    met : Met
        What the walk met.
    ask : callable
        Reads an answer by its path; None where guests may not see it.
    """

    def __init__(self, known: Known, met: Met, ask: Ask) -> None:
        self.left_out = 0
        self._known = known
        self._met = met
        self._ask = ask

    def whole_topics(self, category: str) -> Iterator[WholeTopic]:
        """Yield what became of every topic that the walk met and the list still shows."""
        n_read = 0
        for topic, count, listed_at in self._listed(category):
            held = self._held(topic)
            if count <= held:
                yield WholeTopic(str(topic), count, count, (), listed_at)
            elif n_read >= MAX_TOPICS:
                self.left_out += 1
            else:
                n_read += 1
                try:
                    yield self._read(topic, count)
                except Gone:
                    continue  # deleted between two requests: the recheck finds that out

    def _held(self, topic: int) -> int:
        """Return how many posts of a topic are known; one without a count is held to be unknown."""
        known = self._known.threads.get(str(topic))
        if known is None:
            return len(self._met.posts[topic])
        return (known.expected or 0) + self._n_new(topic, known)

    def _went_on(self, topic: int) -> bool:
        known = self._known.threads.get(str(topic))
        return known is None or known.expected is None or self._n_new(topic, known) > 0

    def _n_new(self, topic: int, known: KnownThread) -> int:
        newest = int(known.last_native_id) if known.last_native_id.isdecimal() else 0
        return sum(post > newest for post in self._met.posts[topic])

    def _listed(self, category: str) -> Iterator[tuple[int, int, datetime]]:
        """Yield topics that went on with their counts, until all were seen or the list ends."""
        wanted = {topic for topic in self._met.posts if self._went_on(topic)}
        seen: set[int] = set()
        for number in range(MAX_LISTS):
            if not wanted:
                return
            answer = self._ask(f"/c/{category}/l/latest.json", {"page": number} if number else {})
            if answer is None:
                return
            listed = answer[0].get("topic_list")
            topics = listed.get("topics") if isinstance(listed, Mapping) else None
            if not isinstance(topics, list):
                raise ParseError(
                    "a category's list came without topics; see whether the forum is a Discourse "
                    "that shows its categories to guests"
                )
            fresh = {t: n for t, n in map(_counted, topics) if t is not None and t not in seen}
            if not fresh:
                return
            seen |= fresh.keys()
            for topic, count in fresh.items():
                if topic in wanted and count is not None:
                    yield topic, count, answer[1]
            wanted -= fresh.keys()

    def _read(self, topic: int, count: int) -> WholeTopic:
        """Read those posts of a topic that the walk did not meet."""
        answer = self._ask(f"/t/{topic}.json", {"include_raw": "true"})
        if answer is None:
            raise Gone("guests may not see a topic any more")
        about, fetched_at = answer
        about_post = {
            "topic_title": about.get("title"),
            "topic_slug": about.get("slug"),
            "topic_id": topic,
        }
        shown = {item["id"]: item for item in _posts(about)}
        named = [n for n in _stream(about) if n not in shown and n not in self._met.posts[topic]]
        for start in range(0, len(named), POSTS_A_REQUEST):
            some = named[start : start + POSTS_A_REQUEST]
            asked = {"post_ids[]": some, "include_raw": "true"}
            more = self._ask(f"/t/{topic}/posts.json", asked)
            shown |= {item["id"]: item for item in _posts(more[0] if more else {})}
        met = self._met.posts[topic]
        items = [about_post | item for name, item in sorted(shown.items()) if name not in met]
        expected = optional_count(about, "posts_count") or count
        fetched = min(expected, len(shown.keys() | met))
        return WholeTopic(str(topic), expected, fetched, items, fetched_at)


def _counted(topic: object) -> tuple[int | None, int | None]:
    """Return a listed topic's id and count."""
    if not isinstance(topic, Mapping):
        return None, None
    return optional_count(topic, "id"), optional_count(topic, "posts_count")


def optional_count(item: Mapping[str, Any], name: str) -> int | None:
    """Return a whole number, or None where there is something else."""
    try:
        return optional_whole(item, name)
    except MalformedItem:
        return None


def _posts(about: Mapping[str, Any]) -> list[dict[str, Any]]:
    stream = about.get("post_stream")
    posts = stream.get("posts") if isinstance(stream, Mapping) else None
    listed = posts if isinstance(posts, list) else []
    return [p for p in listed if isinstance(p, dict) and optional_count(p, "id") is not None]


def _stream(about: Mapping[str, Any]) -> list[int]:
    stream = about.get("post_stream")
    names = stream.get("stream") if isinstance(stream, Mapping) else None
    listed = names if isinstance(names, list) else []
    return [n for n in dict.fromkeys(n for n in listed if type(n) is int) if n > 0]
