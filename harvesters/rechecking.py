"""What a second look at known posts saw: present, edited, gone or unknown, one sighting a post.

That a post is gone is believed only beside a post of the same site that is there: a site that moves
house, or shows guests nothing any more, answers "not found" to everything. Where few posts were
asked for and none of them is there, the site's front page has to answer instead.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from harvesters.base import Blocked, HarvestError, ParseError
from harvesters.client import PoliteClient
from harvesters.posts import Unchanged
from harvesters.reading import Dropped
from warehouse.records import Clock, Post, PostRef, Sighting

FEW = 5  # posts: more that are gone together, with none that is there, look like a site that moved
NO_CONTROL = "no_control"


def recheck_groups(
    groups: Iterable[Sequence[PostRef]],
    ask: Callable[[Sequence[PostRef]], Iterable[Sighting]],
    *,
    clock: Clock,
    site_answers: Callable[[], bool],
) -> Iterator[Sighting]:
    """Ask for one group of posts after another.

    A group whose answer cannot be read is unknown and the next is asked for; after any other
    failure the host is left in peace and all that is left is unknown. A post is never gone because
    a host failed. The failure is raised when every post has its sighting.

    Parameters
    ----------
    site_answers : callable
        Tells whether the site's front page is there (see `front_page_answers`).
    """
    held: list[Sighting] = []
    healthy = False
    failure: HarvestError | None = None
    try:
        for sighting in _asked(groups, ask, clock=clock):
            healthy = healthy or sighting.outcome in {"present", "edited"}
            if sighting.outcome == "gone" and not healthy:
                held.append(sighting)
                continue
            yield sighting
            if healthy and held:
                yield from held
                held.clear()
    except HarvestError as error:
        failure = error
    if held:
        believed = failure is None and len(held) <= FEW and site_answers()
        yield from held if believed else map(_without_control, held)
    if failure is not None:
        raise failure


def front_page_answers(client: PoliteClient, url: str) -> bool:
    """Tell whether a site's front page is there for everybody to read."""
    try:
        client.get(url)
    except HarvestError:
        return False
    return True


def _without_control(sighting: Sighting) -> Sighting:
    return replace(sighting, outcome="unknown", reason=NO_CONTROL)


def _asked(
    groups: Iterable[Sequence[PostRef]],
    ask: Callable[[Sequence[PostRef]], Iterable[Sighting]],
    *,
    clock: Clock,
) -> Iterator[Sighting]:
    failure: HarvestError | None = None
    stopped = False
    for group in groups:
        if not stopped:
            try:
                yield from list(ask(group))
                continue
            except HarvestError as error:
                failure = failure or error
                stopped = not isinstance(error, ParseError)
        reason = "blocked" if isinstance(failure, Blocked) else "error"
        for ref in group:
            yield unknown(ref, reason=reason, seen_at=clock.now())
    if failure is not None:
        raise failure


def grouped(posts: Sequence[PostRef], size: int) -> Iterator[Sequence[PostRef]]:
    """Cut posts into groups of at most `size`."""
    for start in range(0, len(posts), size):
        yield posts[start : start + size]


def look_at(
    ref: PostRef, build: Callable[[], Post], *, seen_at: datetime, reasons: Mapping[str, str]
) -> Sighting:
    """Tell what became of a post that an answer still holds.

    `reasons` says which reasons for dropping an item mean that the post is gone, and as what; an
    item dropped for another reason, or broken, leaves its post unknown.
    """
    try:
        return compared(ref, build())
    except Unchanged:
        return present(ref, seen_at=seen_at)
    except Dropped as dropped:
        if dropped.reason in reasons:
            return gone(ref, reason=reasons[dropped.reason], seen_at=seen_at)
    except ValueError:  # broken, as in `reading.read_items`
        pass
    return unknown(ref, reason="error", seen_at=seen_at)


def compared(ref: PostRef, post: Post) -> Sighting:
    """Tell whether a post reads as it did: by the keyed hash of the platform's own text."""
    edited = post.content_hash != ref.content_hash
    return Sighting(
        source=ref.source,
        community=ref.community,
        native_id=ref.native_id,
        outcome="edited" if edited else "present",
        seen_at=post.harvested_at,
        post=post if edited else None,
    )


def present(ref: PostRef, *, seen_at: datetime) -> Sighting:
    """Say that a post is still there, its text not compared."""
    return Sighting(
        source=ref.source,
        community=ref.community,
        native_id=ref.native_id,
        outcome="present",
        seen_at=seen_at,
    )


def gone(ref: PostRef, *, reason: str, seen_at: datetime) -> Sighting:
    """Say that a sound answer no longer holds a post, and why."""
    return Sighting(
        source=ref.source,
        community=ref.community,
        native_id=ref.native_id,
        outcome="gone",
        seen_at=seen_at,
        reason=reason,
    )


def unknown(ref: PostRef, *, reason: str, seen_at: datetime) -> Sighting:
    """Say that a post could not be seen, which tells nothing of whether it is there."""
    return Sighting(
        source=ref.source,
        community=ref.community,
        native_id=ref.native_id,
        outcome="unknown",
        seen_at=seen_at,
        reason=reason,
    )
