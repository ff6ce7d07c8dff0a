"""What the WordPress harvester makes of recorded and invented posts and comments."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from harvesters.posts import ReadContext
from harvesters.wordpress import parse_comments, parse_posts
from tests.harvesters.invented_blog import comment, post


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="diary",
        platform="wordpress",
        host="blog.example.org",
        community="blog",
        fetched_at=datetime(2026, 1, 5, tzinfo=UTC),
        keys=keys,
    )


def test_recorded_posts_come_with_their_own_utc_times_titles_and_texts(
    context: ReadContext, recording: Any
) -> None:
    posts = parse_posts(recording("wordpress/posts_p1.json"), context)

    assert [read.native_id for read in posts] == [
        "post:4",
        "post:5",
        "post:6",
        "post:10",
        "post:11",
    ]
    assert posts[0].created_at == datetime(2026, 3, 1, 10, tzinfo=UTC)
    assert posts[0].edited_at is None
    assert posts[0].title == "Co-production diary 1"
    assert posts[0].text == "Entry 1 on what value means to us.\nSecond paragraph."
    assert posts[0].kind == "post"
    assert posts[0].native_thread_id == "post:4"
    assert "共同生产 🧠" in posts[2].title
    assert "&" in posts[2].title
    assert "מה ערך? 价值是什么? 😀 & <b>" in posts[2].text


def test_recorded_comments_hang_below_their_post_or_comment_and_keep_quotations_apart(
    context: ReadContext, recording: Any
) -> None:
    first = parse_comments(recording("wordpress/comments_p1.json"), context)
    second = parse_comments(recording("wordpress/comments_p2.json"), context)
    by_id = {read.native_id: read for read in (*first, *second)}

    assert len(by_id) == 32
    assert by_id["comment:2"].native_parent_id == "post:6"
    assert by_id["comment:11"].native_parent_id == "comment:10"
    assert {read.native_thread_id for read in by_id.values()} == {"post:6"}
    assert by_id["comment:9"].own_text == "I disagree: the service sells to us."
    assert by_id["comment:9"].text.startswith("Vi skaber værdi sammen")
    assert "مرحبا" in by_id["comment:6"].text


def test_a_registered_author_is_one_person_and_a_guest_called_by_a_number_is_another(
    context: ReadContext,
) -> None:
    items = [
        comment(1, author=2, author_name="Mira"),
        comment(2, author=2, author_name="Mira Renamed"),
        comment(3, author=0, author_name="2"),
        comment(4, author=0, author_name="  "),
    ]
    first, renamed, guest, nameless = parse_comments(json.dumps(items).encode(), context)

    assert first.author_key == renamed.author_key is not None
    assert guest.author_key not in {None, first.author_key}
    assert nameless.author_key is None
    assert parse_posts(json.dumps([post(1, author=2)]).encode(), context)[0].author_key == (
        first.author_key
    )
