"""Builds a simulated world: communities, their posts with every version, and the planted truth."""

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from harvesters.simulation.catalogue import (
    COMMUNITIES,
    FEED_WINDOW,
    SOURCES,
)
from harvesters.simulation.entities import (
    Reblog,
    SimAuthor,
    SimCommunity,
    SimPost,
    SimSource,
    Version,
    milliseconds,
)
from harvesters.simulation.grammar import load_grammar
from harvesters.simulation.numbering import Numbered, number_source
from harvesters.simulation.population import Population
from harvesters.simulation.truth import Plan, Truth, make_truth, plan_community
from harvesters.simulation.writing import Phrasebook

__all__ = [
    "Reblog",
    "Shelf",
    "SimAuthor",
    "SimCommunity",
    "SimPost",
    "SimSource",
    "Truth",
    "Version",
    "World",
    "build_world",
]

NEVER = 2**62  # milliseconds: later than any question


class Shelf:
    """Posts in the order of their numbers, with arrays that tell at once which can be read.

    Parameters
    ----------
    posts : sequence of SimPost
        Of one source and one kind of number.
    """

    def __init__(self, posts: Sequence[SimPost]) -> None:
        self.posts: tuple[SimPost, ...] = tuple(sorted(posts, key=lambda post: post.number))
        self.numbers = _column(self.posts, lambda post: post.number)
        self.created = _column(self.posts, lambda post: milliseconds(post.created_at))
        self.visible_from = _column(self.posts, lambda post: milliseconds(post.visible_from))
        self.deleted = _column(self.posts, lambda post: _or_never(post.deleted_at))
        self.row_of: Mapping[int, int] = {post.number: row for row, post in enumerate(self.posts)}

    def visible(self, moment: datetime) -> NDArray[np.bool_]:
        """Return which posts can be read at a moment, (n,)."""
        now = milliseconds(moment)
        visible: NDArray[np.bool_] = (self.visible_from <= now) & (now < self.deleted)
        return visible

    def find(self, number: int) -> SimPost | None:
        """Return the post of a number, whether it can be read or not."""
        row = self.row_of.get(number)
        return None if row is None else self.posts[row]


@dataclass(frozen=True)
class World:
    """Everything that was invented; made by `build_world` alone.

    `posts` are ordered by source, then by platform number; `feed_window` is how many items the
    feed shows.
    """

    seed: int
    start: date
    nights: int
    scale: float
    sources: tuple[SimSource, ...]
    communities: tuple[SimCommunity, ...]
    posts: tuple[SimPost, ...]
    reblogs: tuple[Reblog, ...]
    truth: Truth
    feed_window: int
    _by_source: dict[str, tuple[SimPost, ...]] = field(default_factory=dict, repr=False)

    @property
    def end(self) -> date:
        """The day after the last one with posts."""
        return self.start + timedelta(days=self.nights)

    def of_source(self, source: str) -> tuple[SimPost, ...]:
        """Return all posts of a source, deleted ones too."""
        if source not in self._by_source:
            self._by_source[source] = tuple(p for p in self.posts if p.source == source)
        return self._by_source[source]

    def of_community(self, community: str) -> tuple[SimPost, ...]:
        """Return all posts of a community, deleted ones too."""
        return tuple(post for post in self.posts if post.community == community)

    def visible(self, source: str, moment: datetime) -> list[SimPost]:
        """Return the posts of a source that anybody could read at a moment."""
        posts, starts, ends = self._spans[source]
        now = milliseconds(moment)
        return [posts[row] for row in np.flatnonzero((starts <= now) & (now < ends))]

    def post(self, source: str, native_id: str) -> SimPost:
        """Return one post by its native id; KeyError where there is none."""
        return self._by_native_id[source, native_id]

    def community(self, community: str) -> SimCommunity:
        """Return one community by its id; KeyError where there is none."""
        return {entry.community: entry for entry in self.communities}[community]

    @cached_property
    def digest(self) -> str:
        """SHA-256 over everything that was invented, to tell worlds apart."""
        total = hashlib.sha256()
        for part in self._parts():
            total.update(part.encode())
        return total.hexdigest()

    @cached_property
    def _by_native_id(self) -> dict[tuple[str, str], SimPost]:
        return {(post.source, post.native_id): post for post in self.posts}

    @cached_property
    def _spans(
        self,
    ) -> dict[str, tuple[tuple[SimPost, ...], NDArray[np.int64], NDArray[np.int64]]]:
        spans = {}
        for site in self.sources:
            posts = self.of_source(site.source)
            starts = _column(posts, lambda post: milliseconds(post.visible_from))
            ends = _column(posts, lambda post: _or_never(post.deleted_at))
            spans[site.source] = (posts, starts, ends)
        return spans

    def _parts(self) -> Iterator[str]:
        for post in self.posts:
            frames = ",".join(sorted(post.frames))
            yield (
                f"{post.source}|{post.native_id}|{post.native_thread_id}|{post.native_parent_id}|"
                f"{post.handle}|{post.topic}|{frames}|{post.visible_from}|{post.deleted_at}|"
                f"{post.deletion_reason}|{post.quoted}|{post.repeats}\n"
            )
            for version in post.versions:
                yield f"{version.at}|{version.title}|{version.raw}|{version.html}\n"
        for reblog in self.reblogs:
            yield f"{reblog.number}|{reblog.at}|{reblog.author.handle}|{reblog.of}\n"


def build_world(*, seed: int, start: date, nights: int, scale: float = 1.0) -> World:
    """Invent a world; the same arguments give the same world, to the last letter.

    Parameters
    ----------
    seed : int
        From 0; another seed gives other people, words and movements.
    start : date
        First day with posts, in UTC; a Monday makes whole weeks.
    nights : int
        Days with posts. Topics are born and die and events happen at fixed parts of this time.
    scale : float
        1 gives about 220 posts a day, 35 to 40 in every community.

    Raises
    ------
    ValueError
        If `nights`, `scale` or `seed` is out of range.
    """
    if seed < 0 or nights < 1 or scale <= 0:
        raise ValueError(
            f"seed {seed}, nights {nights}, scale {scale}: a world needs a seed from 0, at least "
            "one night and a scale above 0"
        )
    plans = {
        community.community: plan_community(community, seed=seed, nights=nights)
        for community in COMMUNITIES
    }
    populations = _populate(plans, seed=seed, start=start, nights=nights, scale=scale)
    numbered = [
        number_source(
            site,
            [populations[c.community] for c in COMMUNITIES if c.source == site.source],
            seed=seed,
        )
        for site in SOURCES
    ]
    posts = tuple(post for part in numbered for post in part.posts)
    return World(
        seed=seed,
        start=start,
        nights=nights,
        scale=scale,
        sources=SOURCES,
        communities=COMMUNITIES,
        posts=posts,
        reblogs=_reblogs(numbered),
        truth=make_truth(plans, start=start, nights=nights, n_posts=_counts(posts, nights)),
        feed_window=max(FEED_WINDOW, round(FEED_WINDOW * scale)),
    )


def _populate(
    plans: Mapping[str, Plan], *, seed: int, start: date, nights: int, scale: float
) -> dict[str, Population]:
    """Let every community live through all nights."""
    book = Phrasebook(load_grammar(), seed=seed)
    taken: dict[str, set[str]] = {site.source: set() for site in SOURCES}
    populations: dict[str, Population] = {}
    for community in COMMUNITIES:
        population = Population(
            community,
            plan=plans[community.community],
            book=book,
            seed=seed,
            start=start,
            scale=scale,
            taken=taken[community.source],
        )
        population.live(nights)
        populations[community.community] = population
    return populations


def _reblogs(numbered: Sequence[Numbered]) -> tuple[Reblog, ...]:
    return tuple(reblog for part in numbered for reblog in part.reblogs)


def _counts(posts: Sequence[SimPost], nights: int) -> dict[str, NDArray[np.int64]]:
    """Count the posts of people in every night, (nights,) for each community."""
    counts = {c.community: np.zeros(nights, dtype=np.int64) for c in COMMUNITIES}
    for post in posts:
        if not post.automated and post.repeats is None:
            counts[post.community][post.night] += 1
    return counts


def _column(posts: Sequence[SimPost], read: Callable[[SimPost], int]) -> NDArray[np.int64]:
    return np.array([read(post) for post in posts], dtype=np.int64)


def _or_never(moment: datetime | None) -> int:
    return NEVER if moment is None else milliseconds(moment)
