"""What a Lemmy post or comment becomes, in both versions of the API, and what odd ones become."""

import json
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.base import ParseError
from harvesters.json_fields import MalformedItem
from harvesters.lemmy.posts import build_view, parse_views, promised_posts, withdrawn
from harvesters.posts import ReadContext
from harvesters.reading import Dropped
from tests.harvesters.invented_lemmy import HOST, URL, stamp
from warehouse.records import Post, RecordError

VERSIONS = pytest.mark.parametrize("version", ["v3", "v4"])


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="kind",
        platform="lemmy",
        host=HOST,
        community="peersupport",
        fetched_at=datetime(2026, 1, 5, 2, tzinfo=UTC),
        keys=keys,
    )


def key_of(context: ReadContext, handle: str) -> str:
    return context.keys.author_key("lemmy", HOST, handle)


def by_id(posts: list[Post]) -> dict[str, Post]:
    return {post.native_id: post for post in posts}


@VERSIONS
def test_posts_are_read(context: ReadContext, recording: Any, version: str) -> None:
    posts = by_id(parse_views(recording(f"lemmy/posts_{version}.json"), context))

    assert [*posts] == ["post:13", "post:14", "post:12", "post:11"]  # a pinned one stands first
    asked = posts["post:11"]
    heron, otter = key_of(context, "heron@far.example"), key_of(context, f"otter@{HOST}")
    assert asked.title == "What does *value* mean here?"
    assert asked.text == (
        f"My carers asked.\nvalue for money\nI said: being listened to. See author_{heron} and "
        f"author_{otter}.\nMore\nhidden words"
    )
    assert "value for money" not in asked.own_text
    assert asked.own_text.startswith("What does *value* mean here?\nMy carers asked.")
    assert (asked.kind, asked.native_thread_id, asked.author_key) == ("post", "post:11", otter)
    assert asked.url == f"https://{HOST}/post/11"
    assert asked.created_at == datetime.fromisoformat(stamp(1))
    assert (posts["post:12"].title, posts["post:12"].text) == ("Værdi 共同 🧠 and “care”", "")
    assert [name for name, post in posts.items() if post.automated] == ["post:13"]
    far = posts["post:14"]
    assert (far.author_key, far.edited_at) == (heron, datetime.fromisoformat(stamp(7)))
    assert far.item_key == context.keys.content_hash("https://far.example/post/90")


@VERSIONS
def test_comments_are_read_in_their_places(
    context: ReadContext, recording: Any, version: str
) -> None:
    comments = by_id(parse_views(recording(f"lemmy/comments_{version}.json"), context))

    assert {*comments} == {"comment:21", "comment:22", "comment:25"}
    answer, nested = comments["comment:21"], comments["comment:22"]
    assert answer.text == "Same here, café talk.\nbeing listened to\nYes!"
    assert answer.own_text == "Same here, café talk.\nYes!"
    assert (answer.native_parent_id, answer.native_thread_id) == ("post:11", "post:11")
    assert (nested.native_parent_id, nested.native_thread_id) == ("comment:21", "post:11")
    assert nested.text == f"Thank you author_{answer.author_key}"
    assert (nested.kind, nested.title, nested.url) == (
        "comment",
        "",
        f"https://{HOST}/comment/22",
    )


@VERSIONS
def test_what_was_taken_back_says_why(recording: Any, version: str) -> None:
    answer = json.loads(recording(f"lemmy/comments_{version}.json"))
    views = answer.get("comments") or answer["items"]

    assert dict(pair for view in views for pair in withdrawn(view)) == {
        "comment:23": "deleted_by_author",
        "comment:24": "removed",
    }


@VERSIONS
def test_posts_say_how_many_comments_they_have(recording: Any, version: str) -> None:
    answer = json.loads(recording(f"lemmy/posts_{version}.json"))
    views = answer.get("posts") or answer["items"]

    promised = [promise for view in views if (promise := promised_posts(view))]
    assert promised == [("post:13", 1), ("post:14", 2), ("post:12", 1), ("post:11", 3)]


@VERSIONS
@pytest.mark.parametrize(("name", "native_id"), [("post", "post:11"), ("comment", "comment:22")])
def test_an_answer_about_one_item_is_read_alike(
    context: ReadContext, recording: Any, version: str, name: str, native_id: str
) -> None:
    (alone,) = parse_views(recording(f"lemmy/{name}_{version}.json"), context)
    listed = by_id(parse_views(recording(f"lemmy/{name}s_{version}.json"), context))

    assert alone == listed[native_id]


def test_both_versions_give_the_same_posts(context: ReadContext, recording: Any) -> None:
    for name in ("posts", "comments"):
        third = parse_views(recording(f"lemmy/{name}_v3.json"), context)
        fourth = parse_views(recording(f"lemmy/{name}_v4.json"), context)
        assert third == fourth


def view_of(recording: Any, name: str, version: str = "v3") -> dict[str, Any]:
    answer = json.loads(recording(f"lemmy/{name}_{version}.json"))
    view: dict[str, Any] = answer[f"{name}_view"]
    return view


def test_an_edit_of_the_title_or_the_words_changes_the_hash(
    context: ReadContext, recording: Any
) -> None:
    view = view_of(recording, "post")
    before = build_view(context, view).content_hash
    view["counts"]["score"] = 99
    assert build_view(context, view).content_hash == before

    view["post"]["name"] = "What does it mean?"
    retitled = build_view(context, view).content_hash
    view["post"]["body"] = "Nothing."
    assert len({before, retitled, build_view(context, view).content_hash}) == 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("[my page](https://far.example/u/heron)", "author_{heron}"),
        ("[@heron@far.example](https://far.example/u/heron)", "author_{heron}"),
        ("[see](/u/heron@far.example)", "author_{heron}"),
        ("[see](/u/otter)", "author_{otter}"),
        ("[see](https://lemmy.kind.example/u/heron@far.example)", "author_{heron}"),
        ("join [us](https://far.example/c/peersupport)", "join us"),
    ],
)
def test_a_link_to_an_account_is_a_mention(
    context: ReadContext, recording: Any, words: str, expected: str
) -> None:
    view = view_of(recording, "comment")
    view["comment"]["content"] = words

    keys = {"heron": key_of(context, "heron@far.example"), "otter": key_of(context, "otter")}
    assert build_view(context, view).text == expected.format(**keys)


@pytest.mark.parametrize(
    ("part", "change"),
    [
        ("comment", {"path": "0.21"}),
        ("comment", {"path": "22"}),
        ("comment", {"path": "0.x.22"}),
        ("comment", {"deleted": "yes"}),
        ("comment", {"published": "soon"}),
        ("creator", {"name": "an@other"}),
        ("creator", {"name": ""}),
        ("creator", {"actor_id": "", "local": False}),
        ("creator", {"bot_account": 1}),
    ],
)
def test_what_lemmy_would_not_send_is_malformed(
    context: ReadContext, recording: Any, part: str, change: dict[str, Any]
) -> None:
    view = view_of(recording, "comment")
    view[part] |= change

    with pytest.raises(MalformedItem):
        build_view(context, view)


@pytest.mark.parametrize("content", [b"", b"<html>", b"[]", b"{}", b'{"posts": 1}', b"[" * 9000])
def test_what_is_no_answer_is_a_parse_error(context: ReadContext, content: bytes) -> None:
    with pytest.raises(ParseError):
        parse_views(content, context)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=8,
)
FIELDS = [
    *(("comment",), ("post",), ("creator",), ("counts",), ("community",), ("comment", "id")),
    *(("comment", "path"), ("comment", "content"), ("comment", "post_id"), ("comment", "ap_id")),
    *(("comment", "published"), ("comment", "updated"), ("comment", "deleted")),
    *(("comment", "published_at"), ("comment", "updated_at"), ("comment", "removed")),
    *(("creator", "name"), ("creator", "actor_id"), ("creator", "ap_id"), ("creator", "local")),
    *(("creator", "bot_account"), ("post", "id"), ("post", "deleted"), ("post", "comments")),
]


@given(path=st.sampled_from(FIELDS), value=ANYTHING)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_in_the_place_of_a_field_is_dropped_or_read(
    context: ReadContext, recording: Any, path: tuple[str, ...], value: Any
) -> None:
    view = view_of(recording, "comment")
    (view if len(path) == 1 else view[path[0]])[path[-1]] = value

    assert all(isinstance(reason, str) for _, reason in withdrawn(view))
    with suppress(MalformedItem):
        promised_posts(view)
    try:
        read = build_view(context, view, site=URL)
    except (MalformedItem, RecordError, Dropped):
        return
    assert read.native_id.startswith("comment:")


@given(body=st.text(max_size=300))
@settings(max_examples=100, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_words_are_read(context: ReadContext, recording: Any, body: str) -> None:
    view = view_of(recording, "comment")
    view["comment"]["content"] = body

    read = build_view(context, view)
    assert len(read.own_text) <= max(len(read.text), 1)
