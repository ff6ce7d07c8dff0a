"""What a harvester that read at given moments could have seen, worked out from the world alone."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from harvesters.simulation.catalogue import SOURCE_BY_NAME
from harvesters.simulation.entities import SimPost
from harvesters.simulation.world import World


@dataclass(frozen=True, slots=True)
class SeenPost:
    """What the reads show of one post.

    `versions` are positions in the post's own versions, one for each change of words that two
    reads in a row can tell (A, B, A are three); `missing_at` is the first read after which it was
    seen and is gone.
    """

    post: SimPost
    first_seen: datetime
    last_seen: datetime
    versions: tuple[int, ...]
    missing_at: datetime | None


@dataclass(frozen=True, slots=True)
class Expectation:
    """What reads of one source can show.

    Attributes
    ----------
    seen : mapping from native id to SeenPost
        Posts that at least one read shows.
    too_short_lived : frozenset of str
        Posts that were written and gone again, or never let through, between two reads.
    aged_out : frozenset of str
        Feed items that stood at a read, but had left the feed's window.
    not_yet : frozenset of str
        Posts that come after the last read.
    """

    source: str
    reads: tuple[datetime, ...]
    seen: Mapping[str, SeenPost]
    too_short_lived: frozenset[str]
    aged_out: frozenset[str]
    not_yet: frozenset[str]

    @property
    def n_revisions(self) -> int:
        """How many versions of all posts a reader that always looks at everything meets."""
        return sum(len(entry.versions) for entry in self.seen.values())

    @property
    def missing(self) -> dict[str, datetime]:
        """The first read at which each vanished post is missing."""
        return {
            native_id: entry.missing_at
            for native_id, entry in self.seen.items()
            if entry.missing_at is not None
        }


def what_reads_show(world: World, source: str, reads: Sequence[datetime]) -> Expectation:
    """Work out what a harvester sees that reads all of a source at each of these moments.

    Parameters
    ----------
    world : World
        Where the posts live.
    source : str
        Which source.
    reads : sequence of datetime
        Moments of reading, in any order.

    Raises
    ------
    ValueError
        If there are no moments.
    """
    if not reads:
        raise ValueError("nothing can be said of no reads; give at least one moment")
    moments = tuple(sorted(reads))
    shown = [frozenset(_shown(world, source, moment)) for moment in moments]
    seen: dict[str, SeenPost] = {}
    unseen: dict[str, SimPost] = {}
    for post in world.of_source(source):
        at = [moment for moment, ids in zip(moments, shown, strict=True) if post.native_id in ids]
        if at:
            seen[post.native_id] = _seen(post, at, moments)
        else:
            unseen[post.native_id] = post
    not_yet = {key for key, post in unseen.items() if post.visible_from > moments[-1]}
    stood = {key for key, post in unseen.items() if any(map(post.is_visible, moments))}
    return Expectation(
        source=source,
        reads=moments,
        seen=seen,
        too_short_lived=frozenset(unseen.keys() - not_yet - stood),
        aged_out=frozenset(stood),
        not_yet=frozenset(not_yet),
    )


def content_of(post: SimPost, version: int) -> tuple[str, str]:
    """Return what makes two versions different posts to a reader: title and platform's text."""
    said = post.versions[version]
    return (said.title if post.kind == "post" else "", said.raw)


def _shown(world: World, source: str, moment: datetime) -> Iterator[str]:
    posts = world.visible(source, moment)
    if SOURCE_BY_NAME[source].platform == "feed":
        posts = posts[-world.feed_window :]
    return (post.native_id for post in posts)


def _seen(post: SimPost, at: Sequence[datetime], reads: Sequence[datetime]) -> SeenPost:
    versions: list[int] = []
    for moment in at:
        version = post.version_at(moment)
        if not versions or content_of(post, version) != content_of(post, versions[-1]):
            versions.append(version)
    missing = [moment for moment in reads if moment > at[-1] and not post.is_visible(moment)]
    return SeenPost(
        post=post,
        first_seen=at[0],
        last_seen=at[-1],
        versions=tuple(versions),
        missing_at=missing[0] if missing else None,
    )
