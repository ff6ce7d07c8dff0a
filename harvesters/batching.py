"""Joins the pages of a walk into batches that are worth a segment."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from warehouse.records import Batch, Post

POSTS_A_BATCH = 1000  # a few megabytes in memory


def merge_batches(batches: Iterator[Batch], *, posts_each: int = POSTS_A_BATCH) -> Iterator[Batch]:
    """Join the batches of one walk until they hold `posts_each` posts.

    When the walk fails, what it had read is yielded before the failure goes on.
    """
    waiting: list[Batch] = []
    try:
        for batch in batches:
            waiting.append(batch)
            if sum(len(held.posts) for held in waiting) >= posts_each:
                yield _merged(waiting)
                waiting = []
    except Exception:
        if waiting:
            yield _merged(waiting)
        raise
    if waiting:
        yield _merged(waiting)


def _merged(batches: Sequence[Batch]) -> Batch:
    """Join batches of one community; of a post read twice the later reading stays."""
    posts: dict[str, Post] = {}
    for batch in batches:
        for post in batch.posts:
            posts.pop(post.native_id, None)
            posts[post.native_id] = post
    cursors = [batch.cursor for batch in batches if batch.cursor is not None]
    return Batch(
        source=batches[0].source,
        community=batches[0].community,
        posts=tuple(posts.values()),
        sightings=tuple(sighting for batch in batches for sighting in batch.sightings),
        threads=tuple({t.native_thread_id: t for b in batches for t in b.threads}.values()),
        validators={name: v for batch in batches for name, v in batch.validators.items()},
        cursor=cursors[-1] if cursors else None,
        expected=_expected(batches),
        fetched=sum(batch.fetched for batch in batches),
        drops=_total(batch.drops for batch in batches),
        gaps=tuple(gap for batch in batches for gap in batch.gaps),
        complete=all(batch.complete for batch in batches),
    )


def _expected(batches: Sequence[Batch]) -> int | None:
    if all(batch.expected is None for batch in batches):
        return None
    return sum(batch.fetched if batch.expected is None else batch.expected for batch in batches)


def _total(counts: Iterator[Mapping[str, int]]) -> dict[str, int]:
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)
