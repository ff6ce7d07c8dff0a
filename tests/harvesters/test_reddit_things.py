"""Submissions and comments of an invented subreddit, read from answers as Reddit sends them."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from harvesters.base import ParseError
from harvesters.json_fields import MalformedItem
from harvesters.posts import ReadContext
from harvesters.reading import Dropped, read_items
from harvesters.reddit.things import (
    build_thing,
    names_machine,
    parse_listing,
    why_withdrawn,
)
from warehouse.records import Post


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="reddit",
        platform="reddit",
        host="reddit.com",
        community="r/KindPlace",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=keys,
    )


def read(recording: Any, name: str, context: ReadContext) -> dict[str, Post]:
    return {post.native_id: post for post in parse_listing(recording(f"reddit/{name}"), context)}


def things(recording: Any, name: str) -> dict[str, dict[str, Any]]:
    listing = json.loads(recording(f"reddit/{name}"))
    return {child["data"]["name"]: child["data"] for child in listing["data"]["children"]}


def test_a_submission_is_read_with_title_text_times_and_address(
    recording: Any, context: ReadContext
) -> None:
    post = read(recording, "new.json", context)["t3_1pk0ah"]
    assert (post.kind, post.native_thread_id, post.native_parent_id) == ("post", "t3_1pk0ah", None)
    assert post.title == "What helped after discharge — 共同生产, Fürsorge 🧠"
    wren = context.keys.author_key("reddit", "reddit.com", "wren_at_dawn")
    assert post.text == (
        "Peer support did.\nthe crisis team never rang\n"
        f"The group on Tuesdays, with author_{wren}.\ntea\ntime\nbefore\nafter\nalone\ntogether\n"
        "See the timetable and the hard part."
    )
    assert "crisis team" not in post.own_text
    assert post.own_text.startswith(post.title)
    assert post.created_at == datetime.fromtimestamp(1762000900, UTC)
    assert post.edited_at == datetime.fromtimestamp(1762000950, UTC)
    assert post.url == "https://www.reddit.com/r/KindPlace/comments/1pk0ah/invented/"
    assert post.author_key == context.keys.author_key("reddit", "reddit.com", "u/Heron_by_water")


def test_a_link_without_words_of_its_own_has_its_title(
    recording: Any, context: ReadContext
) -> None:
    post = read(recording, "new.json", context)["t3_1pk0ab"]
    assert (post.text, post.own_text) == ("", "A leaflet about advocacy")


def test_a_comment_is_read_in_its_thread_without_the_quotation_it_answers(
    recording: Any, context: ReadContext
) -> None:
    posts = read(recording, "comments.json", context)
    reply = posts["t1_nx0ae"]
    assert (reply.kind, reply.native_thread_id) == ("comment", "t3_1pk0aa")
    assert reply.native_parent_id == "t1_nx0ab"
    assert reply.text == "nobody asks us\nThey did ask us, once."
    assert reply.own_text == "They did ask us, once."
    assert posts["t1_nx0ab"].redactions == {"phone": 1, "email": 1}


def test_machines_and_pinned_templates_are_marked_and_moderators_who_speak_are_people(
    recording: Any, context: ReadContext
) -> None:
    posts = read(recording, "new.json", context) | read(recording, "comments.json", context)
    assert {name for name, post in posts.items() if post.automated} == {"t3_1pk0ag", "t1_nx0ad"}
    assert not posts["t1_nx0ac"].automated


@pytest.mark.parametrize(
    ("handle", "machine"),
    [
        *[(name, True) for name in ("AutoModerator", "RemindMeBot", "kind_bot", "Kind-Bot2")],
        *[(name, True) for name in ("KindPlace-ModTeam", "haiku_BOT", "Bot-of-kindness")],
        *[(name, False) for name in ("abbot", "Talbot", "bottle", "robotics_fan", "heron")],
        *[(name, False) for name in ("botany_bay", "sabot", "ModTeamFan", "")],
    ],
)
def test_accounts_declare_themselves_machines_by_their_names(handle: str, *, machine: bool) -> None:
    assert names_machine(handle) is machine


def test_a_crosspost_is_kept_for_its_own_title_alone(recording: Any, context: ReadContext) -> None:
    posts = read(recording, "new.json", context)
    assert "t3_1pk0af" not in posts
    assert posts["t3_1pk0ae"].own_text == "My answer to those who ask if it is worth it"
    repeated = things(recording, "new.json")["t3_1pk0ae"] | {
        "selftext": "They ask what value means."
    }
    assert build_thing(context, repeated).text == ""
    with pytest.raises(Dropped, match="crosspost"):
        build_thing(context, things(recording, "new.json")["t3_1pk0af"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({}, None),
        ({"author": "[deleted]", "selftext": "[deleted]"}, "deleted_by_author"),
        ({"author": "[deleted]", "title": "[deleted by user]"}, "deleted_by_author"),
        ({"author": "[deleted]", "removed_by_category": "deleted"}, "deleted_by_author"),
        ({"removed_by_category": "author"}, "deleted_by_author"),
        ({"selftext": "[removed]"}, "removed"),
        ({"title": "[ Removed by Reddit ]"}, "removed"),
        ({"removed_by_category": "moderator"}, "removed"),
        ({"removed_by_category": "anti_evil_ops", "selftext": "[deleted]"}, "removed"),
        ({"author": "[deleted]", "selftext": "[removed]"}, "removed"),
        ({"author": "[deleted]"}, "account_deleted"),
        ({"author": None}, "account_deleted"),
        ({"selftext": "They wrote [deleted] again."}, None),
    ],
)
def test_why_a_thing_is_withdrawn(
    recording: Any, changes: dict[str, Any], reason: str | None
) -> None:
    thing = things(recording, "new.json")["t3_1pk0aa"] | changes
    assert why_withdrawn(thing) == reason


def test_what_names_no_author_at_all_is_broken_and_not_gone(recording: Any) -> None:
    thing = things(recording, "new.json")["t3_1pk0aa"]
    del thing["author"]
    with pytest.raises(MalformedItem):
        why_withdrawn(thing)


def test_things_of_other_years_lack_fields_and_are_read(
    recording: Any, context: ReadContext
) -> None:
    young = things(recording, "comments.json")["t1_nx0ab"]
    kept = ("name", "body", "author", "link_id", "parent_id", "created_utc")
    post = build_thing(context, {field: young[field] for field in kept} | {"edited": True})
    assert (post.url, post.edited_at, post.automated) == (None, None, False)


def test_broken_things_are_counted_and_sound_ones_kept(
    recording: Any, context: ReadContext
) -> None:
    listing = json.loads(recording("reddit/hostile.json"))["data"]["children"]
    items = [child.get("data") if isinstance(child, dict) else child for child in listing]
    reading = read_items(items, lambda item: build_thing(context, item), what="a test")
    assert {post.native_id for post in reading.posts} == {"t3_1pk1aa", "t1_nx1ad"}
    assert reading.drops == {"malformed": 10}
    assert reading.posts[0].title == "<script>alert(1)</script> reversed"
    assert read(recording, "hostile.json", context).keys() == {"t3_1pk1aa", "t1_nx1ad"}


@pytest.mark.parametrize(
    "content", [b"<html>", b"[]", b"null", b'{"data": {"children": "x"}}', b"\xff", b"[" * 100_000]
)
def test_an_answer_that_is_no_listing_is_refused(content: bytes, context: ReadContext) -> None:
    with pytest.raises(ParseError):
        parse_listing(content, context)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=6,
)
_FIELDS = ("name", "title", "selftext", "body", "author", "link_id", "parent_id", "created_utc")
_MORE = ("edited", "removed_by_category", "crosspost_parent_list", "permalink", "stickied")
_NAMES = st.sampled_from(["t1_abc", "t3_abc", "t1_", "t3_" + "z" * 99, "t2_abc"])
_THING = st.fixed_dictionaries({}, optional=dict.fromkeys((*_FIELDS, *_MORE), _JSON | _NAMES))


@settings(max_examples=60, deadline=None)
@given(thing=_THING)
def test_no_thing_raises_anything_but_what_is_counted(thing: dict[str, Any], keys: Any) -> None:
    context = ReadContext(
        source="reddit",
        platform="reddit",
        host="reddit.com",
        community="c",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=keys,
    )
    reading = read_items([thing], lambda item: build_thing(context, item), what="a test")
    assert len(reading.posts) + sum(reading.drops.values()) == 1
