"""Which posts are copies of which: one decision for every post, in the order of time.

A post is a copy where an earlier original is nearly the same, and the earliest such original is
its; every other post is an original. So each copy is nearly the same as the original that it names,
there are no chains, and the families follow from the posts alone: the order in which nights brought
them changes nothing.

Posts of the past whose decision stands take part as they are. `decide` says which of these its
decisions unsettle; the caller gives them and what they are compared with, and asks again.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from warehouse.corpus.minhash import MOST_DIFFERING_BITS

FirstAlike = Callable[[int, Sequence[int]], int]
"""Which of some posts is the first that is nearly the same as another, by place; or `LONE`."""

LONE = -1
"""In the place of an original: the post is one itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Neighbourhood:
    """Posts in the order of time, and what they share.

    Attributes
    ----------
    is_open : (n,) bool
        Whether the post is to be decided; the others are decided.
    originals : (n,) int
        For decided posts the place of their original, or `LONE`.
    sketches : sequence of int
        A sketch of 128 bits a post.
    owners, buckets : (m,) int
        Which post holds which band key, in the order of the posts; keys that only one post holds
        may be left out.
    """

    is_open: NDArray[np.bool_]
    originals: NDArray[np.int64]
    sketches: Sequence[int]
    owners: NDArray[np.int64]
    buckets: NDArray[np.int64]


@dataclass(slots=True)
class Decisions:
    """What was decided, and what stands no more.

    Attributes
    ----------
    originals : dict of int to int
        The original of each post that was open and shares a key with another; or `LONE`.
    unsettled : set of int
        Decided posts that have to be decided again.
    """

    originals: dict[int, int] = field(default_factory=dict)
    unsettled: set[int] = field(default_factory=set)


def decide(posts: Neighbourhood, first_alike: FirstAlike) -> Decisions:
    """Decide the open posts in order; `first_alike` is asked of likely posts, earliest first."""
    made = Decisions()
    so_far: dict[int, list[int]] = {}
    settled = _settled_by_bucket(posts)
    is_open, originals = posts.is_open.tolist(), posts.originals.tolist()
    for place, held in _buckets_by_post(posts):
        if is_open[place]:
            earlier = {q for bucket in held for q in so_far.get(bucket, ())}
            original = first_alike(place, _likely(posts.sketches, place, earlier))
            made.originals[place] = original
            if original == LONE and settled:
                later = {q for bucket in held for q in settled.get(bucket, ()) if q > place}
                doubtful = {q for q in later if not LONE < originals[q] <= place}
                for other in _likely(posts.sketches, place, doubtful - made.unsettled):
                    made.unsettled |= {first_alike(place, [other])} - {LONE}
        else:
            original = originals[place]
        if original == LONE:
            for bucket in held:
                so_far.setdefault(bucket, []).append(place)
    return made


def _buckets_by_post(posts: Neighbourhood) -> list[tuple[int, list[int]]]:
    owners, counts = np.unique(posts.owners, return_counts=True)
    ends = np.cumsum(counts)
    buckets = posts.buckets.tolist()
    spans = zip(owners.tolist(), (ends - counts).tolist(), ends.tolist(), strict=True)
    return [(owner, buckets[start:end]) for owner, start, end in spans]


def _settled_by_bucket(posts: Neighbourhood) -> dict[int, list[int]]:
    """Return the decided posts of each bucket that come after the first open post."""
    first = int(np.argmax(posts.is_open)) if posts.is_open.any() else 0
    is_wanted = ~posts.is_open[posts.owners] & (posts.owners > first)
    settled: dict[int, list[int]] = {}
    owners, buckets = posts.owners[is_wanted].tolist(), posts.buckets[is_wanted].tolist()
    for owner, bucket in zip(owners, buckets, strict=True):
        settled.setdefault(bucket, []).append(owner)
    return settled


def _likely(sketches: Sequence[int], place: int, others: Iterable[int]) -> list[int]:
    """Return the posts whose sketches say that they may be nearly the same, in order."""
    own = sketches[place]
    return sorted(
        other for other in others if (own ^ sketches[other]).bit_count() <= MOST_DIFFERING_BITS
    )
