"""Builds a board from a seed: who wrote what when, and what became of it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import accumulate

from harvesters.simulation.catalogue import HABITS
from harvesters.simulation.draws import Draws
from harvesters.simulation.forums.curiosities import GUEST_NAMES, NAMES, TITLES
from harvesters.simulation.forums.model import (
    Board,
    BoardForum,
    BoardPerson,
    BoardPost,
    BoardThread,
    Deletion,
)
from harvesters.simulation.forums.posting import Poster
from harvesters.simulation.grammar import Grammar, load_grammar
from harvesters.simulation.writing import Phrasebook, Writer

MAIN, OTHER, NEWS, CLOSED_ROOM = 2, 3, 5, 7
LIVELY = timedelta(days=30)  # before the end, in which posts still come, change and go
PAST = timedelta(days=3 * 365)
GUEST_SHARE = 0.04
EDIT_SHARE = 0.06
LIVELY_EDIT_SHARE = 0.25
DELETION_SHARE = 0.05
FORUMS = (
    BoardForum(MAIN, "Service users", "For people who use services & survivors", "Talk"),
    BoardForum(OTHER, "Families and carers", "For those who look after somebody", "Talk"),
    BoardForum(NEWS, "News of the board", "What the team has to say", "About"),
    BoardForum(CLOSED_ROOM, "Members' room", "Seen after login", "About", members_only=True),
)


@dataclass(slots=True)
class Plan:
    """A thread before its posts are written."""

    forum: int
    times: list[datetime]
    title: str = ""
    sticky: bool = False
    closed: bool = False
    whole: bool = False
    curious: bool = False
    moved_at: datetime | None = None
    deletion: Deletion | None = None
    deleted_at: datetime | None = None


def build_board(*, seed: int, ends_at: datetime, threads: int = 200, longest: int = 230) -> Board:
    """Build a board; the same arguments give the same board to the last letter.

    Parameters
    ----------
    seed : int
        Another seed, another board.
    ends_at : datetime
        Aware time of the last event. Three years before it the board opens; in its last thirty
        days about a tenth of the threads live, the others rest.
    threads : int
        Threads of the main forum, at least 30.
    longest : int
        Posts of the longest thread, at least 60.
    """
    if ends_at.tzinfo is None:
        raise ValueError("a board ends at an aware time; add tzinfo=UTC")
    if threads < 30 or longest < 60:  # noqa: PLR2004 # below, the special threads find no room
        raise ValueError("a board has at least 30 threads and one of at least 60 posts")
    ends_at = ends_at.replace(microsecond=0)
    draws = Draws(seed, 201)
    grammar = load_grammar()
    people = _people(grammar, draws, starts_at=ends_at - PAST)
    plans = _plans(Draws(seed, 202), ends_at=ends_at, threads=threads, longest=longest)
    plans.sort(key=lambda plan: plan.times[0])
    book = Phrasebook(grammar, seed=seed)
    writer = Writer(book, draws=Draws(seed, 203), habits=HABITS["5"])
    maker = _Maker(people, plans, writer, Draws(seed, 204), ends_at)
    return Board(
        name="Open Door Community",
        starts_at=ends_at - PAST,
        ends_at=ends_at,
        people=people,
        forums=FORUMS,
        threads=tuple(maker.threads()),
    )


def _people(grammar: Grammar, draws: Draws, *, starts_at: datetime) -> tuple[BoardPerson, ...]:
    first, second = grammar.handles
    made = {
        f"{draws.pick(first)}{draws.pick(('_', '-', ' ', ''))}{draws.pick(second)}"
        for _ in range(40)
    }
    names = [*NAMES, *sorted(made)]
    signatures = (
        "",
        "",
        "",
        "Be kind.\nWaiting since 2019.",
        "Views are mine \u2013 posted from a bus",
    )
    return tuple(
        BoardPerson(
            number=number,
            name=name,
            title=draws.pick(("Member", "Regular", "Moderator", "Newcomer")),
            joined=starts_at - timedelta(days=1 + draws.below(900), minutes=draws.below(1440)),
            signature=draws.pick(signatures),
        )
        for number, name in enumerate(names, start=4)
    )


class _Clockwork:
    """Draws times of posts."""

    def __init__(self, draws: Draws, ends_at: datetime) -> None:
        self.draws = draws
        self.ends_at = ends_at

    def days_before(self, days: float) -> datetime:
        """Return the time so many days before the end, in whole seconds."""
        return self.ends_at - timedelta(seconds=round(days * 86400))

    def spread(self, count: int, *, first: float, last: float) -> list[datetime]:
        """Return ascending times between two distances from the end, in days."""
        days = sorted((self.draws.between(last, first) for _ in range(count)), reverse=True)
        days[0] = first
        return [self.days_before(day) for day in days]

    def replies(self, count: int, *, first: float) -> list[datetime]:
        """Return the times of a thread whose posts follow each other within days."""
        times, day = [self.days_before(first)], first
        for _ in range(count - 1):
            day -= self.draws.between(0.004, 1.2)
            if day <= 0:
                break
            times.append(self.days_before(day))
        return times


def _plans(draws: Draws, *, ends_at: datetime, threads: int, longest: int) -> list[Plan]:
    clock = _Clockwork(draws, ends_at)
    special = _special(clock, longest)
    lively = max(6, threads // 12)
    plain = [
        Plan(MAIN, clock.replies(1 + draws.below(7), first=draws.between(0.3, LIVELY.days)))
        for _ in range(lively)
    ]
    old = [
        Plan(
            MAIN,
            clock.replies(
                1 + draws.below(6), first=draws.between(LIVELY.days + 15, PAST.days - 20)
            ),
            closed=draws.chance(0.05),
        )
        for _ in range(threads - len(special) - lively)
    ]
    elsewhere = [
        Plan(OTHER, clock.replies(1 + draws.below(9), first=draws.between(5, 700)))
        for _ in range(max(4, threads // 10))
    ]
    news = [Plan(NEWS, clock.replies(1, first=day), closed=True) for day in (900, 420, 17.5)]
    closed_room = [Plan(CLOSED_ROOM, clock.replies(4, first=day)) for day in (600, 12)]
    return special + plain + old + elsewhere + news + closed_room


def _special(clock: _Clockwork, longest: int) -> list[Plan]:
    """Return the threads that every board has in its main forum."""
    at = clock.days_before
    return [
        Plan(MAIN, clock.replies(3, first=1090), "House rules", sticky=True, closed=True),
        Plan(MAIN, clock.spread(26, first=1000, last=0.4), "Say hello here", sticky=True),
        Plan(MAIN, clock.spread(longest, first=800, last=0.2), "What does value mean to you?"),
        Plan(MAIN, clock.spread(60, first=500, last=400), TITLES[0], whole=True),
        Plan(MAIN, clock.spread(50, first=390, last=300), TITLES[1], whole=True),
        Plan(MAIN, clock.spread(20, first=290, last=200), TITLES[2], whole=True, closed=True),
        Plan(MAIN, clock.spread(22, first=150, last=3), "Odds and ends", whole=True, curious=True),
        Plan(MAIN, clock.spread(12, first=40, last=11), "Caring for my brother", moved_at=at(10)),
        Plan(MAIN, clock.spread(4, first=600, last=590), "Where do I put this?", moved_at=at(580)),
        Plan(MAIN, clock.spread(5, first=25, last=8), deletion="soft", deleted_at=at(6)),
        Plan(MAIN, clock.spread(3, first=20, last=7), deletion="hard", deleted_at=at(4)),
        Plan(MAIN, clock.spread(3, first=700, last=690), deletion="hard", deleted_at=at(600)),
    ]


@dataclass(frozen=True, slots=True)
class _Maker:
    """Turns plans into threads; posts get their numbers in the order in which they were written."""

    people: Sequence[BoardPerson]
    plans: Sequence[Plan]
    writer: Writer
    draws: Draws
    ends_at: datetime

    def threads(self) -> list[BoardThread]:
        """Write every thread."""
        order = sorted(
            (time, thread, place)
            for thread, plan in enumerate(self.plans)
            for place, time in enumerate(plan.times)
        )
        numbers = {(thread, place): 11 + n for n, (_, thread, place) in enumerate(order)}
        return [self._thread(index, numbers) for index in range(len(self.plans))]

    def _thread(self, index: int, numbers: dict[tuple[int, int], int]) -> BoardThread:
        plan, number = self.plans[index], 3 + index
        poster = Poster(self.writer, self.draws, curious=plan.curious)
        posts: list[BoardPost] = []
        for place, time in enumerate(plan.times):
            post = self._post(numbers[index, place], number, time)
            versions = poster.versions(
                post, posts, edited=None if plan.curious else self._edited(time)
            )
            post = replace(post, versions=versions)
            posts.append(post if plan.whole or place == 0 else self._perhaps_deleted(post))
        return BoardThread(
            number=number,
            forum=plan.forum,
            title=plan.title or poster.title(),
            posts=tuple(posts),
            sticky=plan.sticky,
            closed=plan.closed,
            views=len(posts) * 7 + self.draws.below(2000),
            moved_to=OTHER if plan.moved_at else None,
            moved_at=plan.moved_at,
            deletion=plan.deletion,
            deleted_at=plan.deleted_at,
        )

    def _post(self, number: int, thread: int, time: datetime) -> BoardPost:
        if self.draws.chance(GUEST_SHARE):
            return BoardPost(number, thread, None, self.draws.pick(GUEST_NAMES), time, ())
        weights = list(accumulate(1 / (rank + 4) for rank in range(len(self.people))))
        person = self.people[self.draws.weighted(weights)]
        return BoardPost(number, thread, person, person.name, time, ())

    def _edited(self, time: datetime) -> timedelta | None:
        lively = self.ends_at - time < LIVELY
        if not self.draws.chance(LIVELY_EDIT_SHARE if lively else EDIT_SHARE):
            return None
        if not lively and self.draws.chance(0.2):  # years later, while the thread rests
            day = self.ends_at - timedelta(days=self.draws.between(0.1, LIVELY.days - 1))
            return timedelta(seconds=round((day - time).total_seconds()))
        hours = self.draws.between(0.1, 30 if self.draws.chance(0.5) else 300)
        return timedelta(seconds=round(hours * 3600))

    def _perhaps_deleted(self, post: BoardPost) -> BoardPost:
        if not self.draws.chance(DELETION_SHARE):
            return post
        hours = self.draws.between(0.3, 40 if self.draws.chance(0.5) else 6000)
        at = post.written_at + timedelta(seconds=round(hours * 3600))
        deletion: Deletion = "soft" if self.draws.chance(0.6) else "hard"
        back = deletion == "soft" and self.draws.chance(0.2)
        return replace(
            post,
            deletion=deletion,
            deleted_at=at,
            restored_at=at + timedelta(days=2, hours=5) if back else None,
        )
