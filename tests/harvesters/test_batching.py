"""Pages become batches, and a walk that fails loses nothing that it had read."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from harvesters.base import Unavailable
from harvesters.batching import merge_batches
from warehouse.records import Batch, Gap, Post, Validator

AT = datetime(2025, 3, 1, tzinfo=UTC)


def post(native_id: str, text: str = "words") -> Post:
    return Post(
        source="s",
        community="c",
        native_id=native_id,
        native_thread_id="t",
        native_parent_id=None,
        kind="post",
        author_key=None,
        created_at=AT,
        edited_at=None,
        harvested_at=AT,
        title="",
        text=text,
        own_text=text,
        language="en",
        url=None,
        content_hash=text,
        text_version=1,
    )


def page(*ids: str, **changes: object) -> Batch:
    posts = tuple(post(native_id) for native_id in ids)
    fields = {"source": "s", "community": "c", "posts": posts, "fetched": len(posts)}
    return Batch(**{**fields, **changes})  # type: ignore[arg-type]


def test_pages_are_joined_until_there_are_posts_enough() -> None:
    pages = [page("1", "2"), page("3"), page("4"), page("5")]

    batches = list(merge_batches(iter(pages), posts_each=3))

    assert [[p.native_id for p in batch.posts] for batch in batches] == [
        ["1", "2", "3"],
        ["4", "5"],
    ]


def test_a_joined_batch_adds_up_what_its_pages_say() -> None:
    gap = Gap(since=AT, until=AT + timedelta(days=1), reason="r")
    pages = [
        page("1", cursor={"n": 1}, expected=2, drops={"x": 1}),
        page("2", cursor=None, validators={"u": Validator(etag="a")}, gaps=(gap,)),
        page("3", cursor={"n": 3}, expected=4, drops={"x": 2, "y": 1}, complete=False),
        page("4", cursor=None),
    ]

    (batch,) = merge_batches(iter(pages))

    assert batch.cursor == {"n": 3}
    assert (batch.expected, batch.fetched) == (2 + 1 + 4 + 1, 4)
    assert batch.drops == {"x": 3, "y": 1}
    assert batch.validators == {"u": Validator(etag="a")}
    assert batch.gaps == (gap,)
    assert not batch.complete


def test_of_a_post_read_twice_the_later_reading_stays() -> None:
    pages = [page("1", "2"), page(posts=(post("1", "changed"),), fetched=1)]

    (batch,) = merge_batches(iter(pages))

    assert {p.native_id: p.text for p in batch.posts} == {"2": "words", "1": "changed"}


def test_what_was_read_comes_before_the_failure() -> None:
    def walk() -> Iterator[Batch]:
        yield page("1")
        yield page("2")
        raise Unavailable("no answer")

    read: list[Batch] = []
    with pytest.raises(Unavailable):
        read.extend(merge_batches(walk()))
    assert [p.native_id for batch in read for p in batch.posts] == ["1", "2"]
