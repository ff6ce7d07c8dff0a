"""Simulated coders: they know the planted frames and err by a fixed, repeatable chance.

What a coder says of a post depends on coder, post and frame alone, so that it can also be asked
what the same coders would have said of posts that they were never given.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import NamedTuple

from harvesters.simulation.entities import SimPost
from harvesters.simulation.truth import FRAMES

ERROR = 0.10
CODED_TWICE = 0.10


class SimCoding(NamedTuple):
    """What one coder says of one frame of one post: 1 present, 0 absent."""

    coder: str
    frame: str
    value: int


@dataclass(frozen=True, slots=True)
class SimulatedCoder:
    """A coder that turns a planted code round with probability `error`."""

    name: str
    seed: int = 0
    error: float = ERROR

    def value(self, post: SimPost, frame: str) -> int:
        """Return this coder's code of a frame of a post."""
        wrong = _uniform(self.seed, self.name, post.source, post.native_id, frame) < self.error
        return int((frame in post.frames) != wrong)


@dataclass(frozen=True, slots=True)
class CodingTeam:
    """Coders that share the posts out: one each, and a share of all to every one of them."""

    coders: tuple[SimulatedCoder, ...] = (
        SimulatedCoder("simulated-1"),
        SimulatedCoder("simulated-2"),
    )
    seed: int = 0
    coded_twice: float = CODED_TWICE

    def assigned(self, post: SimPost) -> tuple[SimulatedCoder, ...]:
        """Return who codes a post: all, for a share `coded_twice` of posts, else one."""
        draw = _uniform(self.seed, "assigned", post.source, post.native_id)
        if draw < self.coded_twice:
            return self.coders
        rest = (draw - self.coded_twice) / (1 - self.coded_twice)
        return (self.coders[int(rest * len(self.coders))],)

    def codes(self, post: SimPost) -> list[SimCoding]:
        """Return every code that the post gets."""
        return [
            SimCoding(coder.name, frame, coder.value(post, frame))
            for coder in self.assigned(post)
            for frame in FRAMES
        ]

    def expected_value(self, post: SimPost, frame: str) -> float:
        """Return the mean code of a post over the coders that code it, were it drawn."""
        coders = self.assigned(post)
        return sum(coder.value(post, frame) for coder in coders) / len(coders)

    def expected_share(self, posts: Sequence[SimPost], frame: str) -> float:
        """Return the share of a frame that the team would find, had it coded all these posts."""
        if not posts:
            raise ValueError("there is no share among no posts; choose a period that has some")
        return sum(self.expected_value(post, frame) for post in posts) / len(posts)


TEAM = CodingTeam()


def simulated_codings(post: SimPost) -> list[SimCoding]:
    """Return what the usual two coders, `simulated-1` and `simulated-2`, say of a post."""
    return TEAM.codes(post)


def _uniform(seed: int, *parts: str) -> float:
    """Return a number from 0 to 1 that depends on seed and words alone, in every process."""
    key = seed.to_bytes(8, "big", signed=True)
    digest = blake2b("\x1f".join(parts).encode(), key=key, digest_size=8).digest()
    return int.from_bytes(digest, "big") / 2**64
