"""What a Bluesky post becomes: from recordings of a real AppView, and from odd invented ones."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.base import ParseError
from harvesters.bluesky.posts import ACCOUNTS_HOST, build_bluesky_post, parse_posts
from harvesters.json_fields import MalformedItem
from harvesters.posts import ReadContext
from harvesters.reading import Dropped
from tests.harvesters.invented_appview import (
    HANDLES,
    OPTED_OUT,
    ORGANISATION,
    READER,
    label,
    post,
    reply,
    stamp,
    uri,
)
from warehouse.records import RecordError


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="sky",
        platform="bluesky",
        host=ACCOUNTS_HOST,
        community="@listening.example",
        fetched_at=datetime(2026, 11, 22, 20, tzinfo=UTC),
        keys=keys,
    )


def key_of(context: ReadContext, did: str) -> str:
    return context.keys.author_key("bluesky", ACCOUNTS_HOST, did)


def test_a_real_author_feed_is_read_page_by_page(context: ReadContext, recording: Any) -> None:
    first = parse_posts(recording("bluesky/authorfeed_p1.json"), context)
    second = parse_posts(recording("bluesky/authorfeed_p2.json"), context)

    assert [p.text for p in [*first, *second]] == [
        f"Diary {n}: value of peer work" for n in range(120, 20, -1)
    ]
    assert {p.author_key for p in first} == {key_of(context, "did:plc:4ixieuyic5hbngrzehbs7ls3")}
    assert first[0].created_at == datetime(2026, 3, 1, 13, 40, tzinfo=UTC)
    assert {(p.kind, p.native_parent_id, p.url, p.edited_at) for p in first} == {
        ("post", None, None, None)
    }
    assert all(p.item_key == context.keys.content_hash(p.native_id) for p in first)


def test_a_real_thread_is_read_with_its_replies_and_signs(
    context: ReadContext, recording: Any
) -> None:
    posts = parse_posts(recording("bluesky/thread.json"), context)

    assert len(posts) == 70
    root = posts[0]
    assert {p.native_thread_id for p in posts} == {root.native_id}
    assert root.text == "Værdi & samskabelse: 价值是什么? 😀 #coproduction https://example.org/x"
    assert [p.kind for p in posts].count("comment") == 69
    direct = [p for p in posts if p.native_parent_id == root.native_id]
    assert len(direct) == 62
    assert {p.author_key for p in posts} > {root.author_key}


def test_a_real_search_and_a_real_question_for_posts_are_read(
    context: ReadContext, recording: Any
) -> None:
    assert len(parse_posts(recording("bluesky/searchposts.json"), context)) == 25
    (edited,) = parse_posts(recording("bluesky/posts_edited.json"), context)
    assert edited.text == "Reply 12 edited by putRecord"
    assert edited.native_id.endswith("/3n2wegafgoc2o")
    assert (edited.kind, edited.native_thread_id.rpartition("/")[2]) == ("comment", "3n2weg7mlqs2o")


def test_a_quotation_is_read_and_is_not_the_authors_own_text(
    context: ReadContext, recording: Any
) -> None:
    (quoting,) = parse_posts(recording("bluesky/quotes.json"), context)

    assert quoting.own_text.endswith(": value is collective")
    quoted = "Værdi & samskabelse: 价值是什么? 😀 #coproduction https://example.org/x"
    assert quoting.text == f"{quoting.own_text}\n{quoted}"


def quote_of(quoted: dict[str, Any], **changes: Any) -> dict[str, Any]:
    view = {"$type": "app.bsky.embed.record#viewRecord", "value": quoted["record"], **changes}
    return {"record": {**view, "author": quoted["author"], "uri": quoted["uri"]}}


def test_a_quotation_beside_pictures_is_read_too(context: ReadContext) -> None:
    quoted = post("1", 0, did=READER, text="Peers kept me going.")
    embed = {"$type": "app.bsky.embed.recordWithMedia#view", "record": quote_of(quoted)}

    read = build_bluesky_post(context, post("2", 1, text="So true.", embed=embed))

    assert (read.own_text, read.text) == ("So true.", "So true.\nPeers kept me going.")


def test_words_of_people_who_opted_out_are_not_kept_where_others_quote_them(
    context: ReadContext,
) -> None:
    quoted = post("1", 0, did=READER, text="Only for those with a login.")
    quoted["author"]["labels"] = [label(OPTED_OUT)]

    read = build_bluesky_post(context, post("2", 1, text="See this.", embed=quote_of(quoted)))

    assert read.text == "See this."


def facet(text: str, covered: str, **feature: Any) -> dict[str, Any]:
    start = text.encode().index(covered.encode())
    index = {"byteStart": start, "byteEnd": start + len(covered.encode())}
    return {"index": index, "features": [feature]}


def test_mentions_carry_the_key_of_the_account_whatever_its_handle(context: ReadContext) -> None:
    text = "Grüße 😀 @old-name.example and thanks"
    mention = facet(text, "@old-name.example", did=READER)
    read = build_bluesky_post(context, post("1", 0, text=text, facets=[mention]))

    assert read.text == f"Grüße 😀 author_{key_of(context, READER)} and thanks"
    assert read.redactions == {"mention": 1}
    answer = build_bluesky_post(context, reply("2", 1, post("1", 0)))
    assert answer.author_key == key_of(context, READER)


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (f"ask {ORGANISATION} please", "ask author_{own} please"),
        (f"see https://bsky.app/profile/{ORGANISATION}/post/3kabc now", "see author_{own} now"),
        ("https://bsky.app/profile/listening.example/post/3kabc", "author_{own}"),
        ("bsky.app/profile/Listening.Example", "author_{own}"),
        (f"at://{ORGANISATION}/app.bsky.feed.post/3kabc", "author_{own}"),
        (
            "write to @Listening.example, or listening.example",
            "write to author_{own}, or author_{own}",
        ),
        ("see https://listening.example/news/1 for more", "see author_{own} for more"),
        ("we are not listening.example.org", "we are not listening.example.org"),
        ("hello @heron.example", "hello author_{heron}"),
        ("https://bsky.app/profile/heron.example", "author_{heron}"),
    ],
)
def test_no_account_is_left_in_a_text(context: ReadContext, words: str, expected: str) -> None:
    read = build_bluesky_post(context, post("1", 0, text=words))

    keys = {"own": key_of(context, ORGANISATION), "heron": key_of(context, "heron.example")}
    assert read.text == expected.format(**keys)
    assert read.own_text == read.text
    assert read.redactions.get("mention", 0) == expected.count("{")


@pytest.mark.parametrize(
    ("covered", "target", "shown"),
    [
        ("example.org/news/2026...", "https://example.org/news/2026/value", None),
        ("www.example.org/news", "https://www.example.org/news", None),
        ("our report", "https://example.org/report", "our report"),
        ("example.org/x", "javascript:alert(1)", "example.org/x"),
    ],
)
def test_a_link_that_the_app_cut_short_is_whole_again(
    context: ReadContext, covered: str, target: str, shown: str | None
) -> None:
    text = f"Read {covered} today"
    read = build_bluesky_post(
        context, post("1", 0, text=text, facets=[facet(text, covered, uri=target)])
    )

    assert read.text == f"Read {shown or target} today"


@pytest.mark.parametrize(
    ("claimed", "indexed", "expected"),
    [
        (stamp(1), stamp(2), stamp(1)),
        ("2099-01-01T00:00:00Z", stamp(2), stamp(2)),
        ("2021-12-31T23:59:59Z", stamp(2), stamp(2)),
        ("0001-01-01T00:00:00Z", stamp(2), stamp(2)),
        ("0001-01-01T00:00:00+14:00", stamp(2), stamp(2)),
        ("yesterday", stamp(2), stamp(2)),
    ],
)
def test_a_time_that_cannot_be_is_replaced_by_that_of_the_index(
    context: ReadContext, claimed: str, indexed: str, expected: str
) -> None:
    read = build_bluesky_post(context, post("1", 0, createdAt=claimed, indexedAt=indexed))

    assert read.created_at == datetime.fromisoformat(expected)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"author": {"did": ORGANISATION, "labels": [label(OPTED_OUT)]}}, "opted_out"),
        ({"author": {"did": ORGANISATION, "labels": [label("!takedown")]}}, "removed"),
        ({"labels": [label("!hide")]}, "removed"),
    ],
)
def test_what_may_not_be_shown_is_left_out(
    context: ReadContext, change: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Dropped) as dropped:
        build_bluesky_post(context, post("1", 0, **change))

    assert dropped.value.reason == reason


def test_a_label_that_was_taken_back_says_nothing_and_a_bot_is_automated(
    context: ReadContext,
) -> None:
    taken_back = {**label(OPTED_OUT), "neg": True}
    author = {"did": ORGANISATION, "handle": "handle.invalid", "labels": [taken_back, label("bot")]}

    assert build_bluesky_post(context, post("1", 0, author=author)).automated
    assert not build_bluesky_post(context, post("2", 0)).automated


def test_an_edit_of_the_words_alone_changes_the_hash(context: ReadContext) -> None:
    before = build_bluesky_post(context, post("1", 0))
    recounted = build_bluesky_post(context, post("1", 0, cid="bafyother", likeCount=9))
    edited = build_bluesky_post(context, post("1", 0, cid="bafyother", text="Corrected."))

    assert before.content_hash == recounted.content_hash != edited.content_hash
    assert before.native_id == edited.native_id


def test_an_account_that_writes_as_another_is_malformed(context: ReadContext) -> None:
    with pytest.raises(MalformedItem):
        build_bluesky_post(context, post("1", 0, uri=uri("1", READER)))


@pytest.mark.parametrize(
    "content", [b"", b"<html>", b"[]", b"{}", b'{"feed": 1}', b'{"thread": []}', b"[" * 5000]
)
def test_what_is_no_answer_is_a_parse_error(context: ReadContext, content: bytes) -> None:
    with pytest.raises(ParseError):
        parse_posts(content, context)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = [
    *(("uri",), ("cid",), ("indexedAt",), ("labels",), ("embed",), ("replyCount",), ("author",)),
    *(("author", "did"), ("author", "handle"), ("author", "labels"), ("record",)),
    *(("record", "text"), ("record", "createdAt"), ("record", "reply"), ("record", "facets")),
    *(("record", "$type"), ("record", "reply", "root"), ("record", "reply", "parent", "uri")),
    *(("embed", "record"), ("embed", "record", "value"), ("embed", "record", "author")),
    *(("embed", "record", "labels"), ("record", "facets", 0, "index"), ("record", "facets", 0)),
    *(("record", "facets", 0, "index", "byteEnd"), ("record", "facets", 0, "features")),
]


def put(item: Any, path: tuple[str | int, ...], value: Any) -> None:
    for step in path[:-1]:
        item = item[step]
    item[path[-1]] = value


@given(path=st.sampled_from(FIELDS), value=ANYTHING)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_anything_in_the_place_of_a_field_is_dropped_or_read(
    context: ReadContext, path: tuple[str | int, ...], value: Any
) -> None:
    quoted = post("0", 0, text="Quoted.")
    item = reply("1", 1, post("0", 0), text="hello @a.example", embed=quote_of(quoted, labels=[]))
    item["record"]["facets"] = [facet("hello @a.example", "@a.example", did=READER)]
    put(item, path, value)

    try:
        read = build_bluesky_post(context, item)
    except (MalformedItem, RecordError, Dropped):
        return
    assert read.native_id == uri("1", READER)
    assert HANDLES[READER] not in read.text
