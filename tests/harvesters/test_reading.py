"""What strangers' servers may send: no value in a field breaks a harvest, every loss counts."""

import copy
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from harvesters.base import ParseError, SourceSpec
from harvesters.discourse import build_discourse_post
from harvesters.json_fields import MalformedItem, json_list, json_object, utc_time
from harvesters.mastodon import build_status
from harvesters.posts import ReadContext
from harvesters.reading import Dropped, read_context, read_items, site_host
from harvesters.wordpress.items import build_blog_post, build_comment
from warehouse.records import Post

HOSTILE: list[Any] = [
    None,
    True,
    0,
    -1,
    2**70,
    1e308,
    "",
    " ",
    "\x00",
    "x" * 300_000,
    "0000-00-00T00:00:00",
    "9999-12-31T23:59:59-23:59",
    "javascript:alert(1)",
    "http://[",
    "<p" * 5000,
    [],
    [[]],
    {},
    {"id": {}},
]
BUILDERS: list[tuple[str, Callable[..., Post]]] = [
    ("wordpress/posts_p1.json", build_blog_post),
    ("wordpress/comments_p1.json", build_comment),
    ("discourse/posts_latest.json", build_discourse_post),
    ("mastodon/tag.json", build_status),
]


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="s",
        platform="wordpress",
        host="site.example",
        community="c",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=keys,
    )


def spoiled(item: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield copies of an item with one field lost or replaced by each hostile value."""
    places = [(name,) for name in item]
    places += [
        (n, inner) for n, value in item.items() if isinstance(value, dict) for inner in value
    ]
    for place in places:
        for value in [*HOSTILE, "lost"]:
            changed = copy.deepcopy(item)
            target = changed if len(place) == 1 else changed[place[0]]
            if value == "lost":
                del target[place[-1]]
            else:
                target[place[-1]] = value
            yield changed


@pytest.mark.parametrize(("name", "build"), BUILDERS, ids=[b.__name__ for _, b in BUILDERS])
def test_no_value_in_any_field_does_more_than_drop_its_item(
    context: ReadContext, recording: Any, name: str, build: Callable[..., Post]
) -> None:
    answer = json.loads(recording(name))
    item = (answer["latest_posts"] if isinstance(answer, dict) else answer)[0]
    sound = build(context, item)
    outcomes: dict[bool, int] = {True: 0, False: 0}

    for changed in spoiled(item):
        reading = read_items([changed, item], lambda one: build(context, one), what="a test")
        kept = len(reading.posts) == 2
        outcomes[kept] += 1
        assert reading.posts[-1].content_hash == sound.content_hash
        assert len(reading.posts) + sum(reading.drops.values()) == 2

    assert min(outcomes.values()) > 10


def test_items_are_counted_by_the_reason_they_were_dropped_for() -> None:
    def build(item: Any) -> Post:
        if item["id"] == 1:
            raise Dropped("hidden")
        raise MalformedItem("no words")

    reading = read_items([{"id": 1}, {"id": 2}, {"id": 1}, 7], build, what="a test")

    assert reading.posts == ()
    assert reading.drops == {"hidden": 2, "malformed": 2}
    assert not reading.complete


def test_an_answer_of_broken_items_only_is_not_the_platforms() -> None:
    with pytest.raises(ParseError, match="none of the 5 items from the list"):
        read_items([None] * 5, lambda _: pytest.fail("not reached"), what="the list")
    assert read_items([None] * 4, lambda _: pytest.fail("not reached"), what="x").drops == {
        "malformed": 4
    }


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://Forum.Example.org/t", "forum.example.org"),
        ("https://forum.example.org:443", "forum.example.org"),
        ("http://forum.example.org:80", "forum.example.org"),
        ("http://127.0.0.1:8443", "127.0.0.1:8443"),
    ],
)
def test_a_sites_host_carries_its_port_only_where_it_is_not_the_usual_one(
    url: str, host: str
) -> None:
    assert site_host(url) == host


def test_a_context_names_the_sites_host_unless_another_is_given(keys: Any) -> None:
    spec = SourceSpec(source="s", platform="mastodon", url="https://web.kind.example")
    at = datetime(2026, 1, 5, tzinfo=UTC)

    own = read_context(spec, community="c", fetched_at=at, keys=keys)
    other = read_context(spec, community="c", fetched_at=at, keys=keys, host="kind.example")

    assert (own.host, other.host) == ("web.kind.example", "kind.example")


def test_answers_must_be_what_was_asked_for() -> None:
    assert json_list(b"[1]", what="x") == [1]
    assert json_object(b'{"a": 1}', what="x") == {"a": 1}
    for content in (b"", b"<html>", b"{}", b"\xff\xfe", b"[" * 200_000):
        with pytest.raises(ParseError):
            json_list(content, what="x")
    with pytest.raises(ParseError):
        json_object(b"[]", what="x")


def test_a_time_without_a_zone_is_utc_and_none_is_refused_without_being_quoted() -> None:
    assert utc_time("2025-03-01T10:00:00", name="date") == datetime(2025, 3, 1, 10, tzinfo=UTC)
    assert utc_time("2025-03-01T10:00:00-02:00", name="date").hour == 12
    with pytest.raises(MalformedItem) as refusal:
        utc_time("when ann wrote", name="date")
    assert "ann" not in str(refusal.value)
