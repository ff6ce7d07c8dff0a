"""The invented people of a community: who they are and how often each of them writes."""

from dataclasses import dataclass
from itertools import accumulate

from harvesters.simulation.catalogue import (
    ARTICLE_WRITERS,
    BOTS,
    HABITS,
    REMOTE_HOSTS,
    REMOTE_SHARE,
    SOURCE_BY_NAME,
)
from harvesters.simulation.draws import Draws
from harvesters.simulation.entities import SimAuthor, SimCommunity
from harvesters.simulation.grammar import Grammar

ACTIVITY_FALL = 0.55  # of the power law of how often people write
FEWEST_PEOPLE = 30
_SEPARATORS = ("_", "-", "")


@dataclass(frozen=True, slots=True)
class People:
    """The accounts of a community; `writers` open threads where only a few may."""

    authors: tuple[SimAuthor, ...]
    activity: tuple[float, ...]
    writers: tuple[SimAuthor, ...]
    bots: tuple[SimAuthor, ...]

    def anyone(self, draws: Draws) -> SimAuthor:
        """Draw who writes."""
        return self.authors[draws.weighted(self.activity)]


def invent_people(
    community: SimCommunity,
    *,
    grammar: Grammar,
    draws: Draws,
    scale: float,
    first_number: int,
    taken: set[str],
) -> People:
    """Invent the accounts of a community; `taken` are the handles of its site, which grow."""
    platform = SOURCE_BY_NAME[community.source].platform
    count = max(FEWEST_PEOPLE, round(HABITS[community.community].people * scale))
    authors = [
        _distinct(_invent(platform, grammar, draws, next_number=number), taken)
        for number in range(first_number, first_number + count)
    ]
    fall = [1 / (rank + 8) ** ACTIVITY_FALL for rank in range(count)]
    return People(
        authors=tuple(authors),
        activity=tuple(accumulate(fall)),
        writers=_writers(grammar, draws) if platform == "wordpress" else (),
        bots=_bots() if platform == "mastodon" else (),
    )


def _invent(platform: str, grammar: Grammar, draws: Draws, *, next_number: int) -> SimAuthor:
    if platform in ("wordpress", "feed"):
        name = _name(grammar.names, draws)
        if platform == "wordpress" and draws.chance(0.5):
            name = _handle(grammar.handles, draws)
        return SimAuthor(next_number, name, name)
    handle = _handle(grammar.handles, draws)
    display = handle.replace("_", " ").title()
    if platform == "mastodon":
        handle = handle.replace("-", "_")  # its user names hold no hyphens
    if platform == "mastodon" and draws.chance(REMOTE_SHARE):
        handle = f"{handle}@{draws.pick(REMOTE_HOSTS)}"
    return SimAuthor(next_number, handle, display)


def _distinct(author: SimAuthor, taken: set[str]) -> SimAuthor:
    """Return the author, under another number of the same name where the name is taken."""
    name, at, home = author.handle.partition("@")
    handle, again = author.handle, 1
    while handle.lower() in taken:
        again += 1
        handle = f"{name}{' ' if ' ' in name else ''}{again}{at}{home}"
    taken.add(handle.lower())
    if again == 1:
        return author
    return SimAuthor(author.number, handle, handle.partition("@")[0])


def _handle(words: tuple[tuple[str, ...], tuple[str, ...]], draws: Draws) -> str:
    first, second = draws.pick(words[0]), draws.pick(words[1])
    number = str(draws.below(90) + 10) if draws.chance(0.6) else ""
    separator = "_" if not number else draws.pick(_SEPARATORS)
    return f"{first}{separator}{second}{number}"


def _name(words: tuple[tuple[str, ...], tuple[str, ...]], draws: Draws) -> str:
    return f"{draws.pick(words[0])} {draws.pick(words[1])}"


def _writers(grammar: Grammar, draws: Draws) -> tuple[SimAuthor, ...]:
    """Return the registered authors of a blog, whom its answers name by number."""
    return tuple(
        SimAuthor(number, str(number), _name(grammar.names, draws))
        for number in range(1, ARTICLE_WRITERS + 1)
    )


def _bots() -> tuple[SimAuthor, ...]:
    """Return the bots, which post under every tag of their server."""
    return tuple(
        SimAuthor(number, handle, handle.replace("_", " ").title(), bot=True)
        for number, handle in enumerate(BOTS, start=1)
    )
