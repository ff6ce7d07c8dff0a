"""An invented board: what its people wrote, as it was said and as it is to be read.

`Entry.own` is what its writer wrote, said here and not worked out of the pages. Of sixteen topics
one has 26 posts, one a single post and the others three; two posts and two topics are taken back
before anybody reads the board. Topics are written side by side, so that ids follow the clock.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

PEOPLE = ("miraorsted", "jonasbell7", "adaumoh", "ravinair", "wenwen5")
LEFT = "goneaway9"  # an account that is deleted; its posts stay
LONG, HIDDEN_TOPIC, DELETED_TOPIC = 0, 13, 14
TITLES = {
    LONG: "Værdi & samskabelse 🧠 共同生产",
    HIDDEN_TOPIC: "Hidden before anybody read it",
    DELETED_TOPIC: "Deleted before anybody read it",
}


@dataclass(frozen=True)
class Entry:
    """One post: which topic it is in, where there, by whom, when, and what it says."""

    number: int
    topic: int
    position: int
    person: str
    written: datetime
    own: str
    quoted: int | None = None
    hidden: bool = False
    mentions: str | None = None

    @property
    def title(self) -> str:
        return TITLES.get(self.topic, f"Peer support on ward {self.topic}")

    @property
    def is_shown(self) -> bool:
        return not self.hidden and self.topic not in (HIDDEN_TOPIC, DELETED_TOPIC)

    def as_json(self) -> dict[str, Any]:
        """Return what a script that seeds a board needs."""
        return asdict(self) | {"written": self.written.isoformat(), "title": self.title}


def entries(start: datetime) -> list[Entry]:
    """Return the posts in the order in which they were written, 40 minutes apart."""
    made: list[Entry] = []
    first: dict[int, int] = {}
    length: dict[int, int] = {}
    for topic in _order():
        number = len(made)
        position = length.get(topic, 0)
        length[topic] = position + 1
        people = (*PEOPLE, LEFT) if topic == 3 else PEOPLE
        quoted = first.get(topic) if position % 3 == 1 else None
        made.append(
            Entry(
                number=number,
                topic=topic,
                position=position,
                person=people[(number * 3 + position) % len(people)],
                written=start + timedelta(minutes=40 * number, seconds=number % 60),
                own=_words(topic, position),
                quoted=quoted,
                hidden=topic == LONG and position in (4, 17),
                mentions="adaumoh" if topic == 5 and position == 2 else None,
            )
        )
        first.setdefault(topic, number)
    return made


def _order() -> Sequence[int]:
    """Name the topic of each post: all begin, the long one grows, the others are answered."""
    begun = list(range(16))
    long = [LONG] * 25
    answers = [topic for _ in range(2) for topic in (*range(1, 13), HIDDEN_TOPIC, DELETED_TOPIC)]
    mixed = [topic for pair in zip(long, answers, strict=False) for topic in pair]
    return [*begun, *mixed, *answers[len(long) :]]


def _words(topic: int, position: int) -> str:
    if topic == LONG and position == 0:
        return "Hvad er værdi? Vi skaber den sammen, 价值 & 🧠, and <nobody> alone."
    if position % 5 == 3:
        return f"From experience, point {position} of {topic}.\n\nWe decide together, or nobody."
    return f"On ward {topic}, view {position} says: café talk is worth more than a form."
