from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from harvesters.language import detect_language
from harvesters.markup import html_to_text
from harvesters.posts import LONGEST_TEXT, TEXT_VERSION, ReadContext, build_post
from warehouse.protection.keys import KeyRing
from warehouse.records import Post

KEYS = KeyRing(study="s", author=(b"1" * 32,), content=b"2" * 32, erasure=b"3" * 32)
FETCHED = datetime(2026, 1, 5, 2, 0, tzinfo=UTC)
CONTEXT = ReadContext(
    source="grove",
    platform="discourse",
    host="forum.example",
    community="carers",
    fetched_at=FETCHED,
    keys=KEYS,
)
ANN = KEYS.author_key("discourse", "forum.example", "ann_b77")


VALUES: dict[str, Any] = {
    "native_id": "7",
    "native_thread_id": "3",
    "native_parent_id": None,
    "kind": "post",
    "handle": "Ann_B77",
    "created_at": datetime(2026, 1, 4, tzinfo=UTC),
    "edited_at": None,
    "title": "What helped us",
    "body": html_to_text("<p>We made it together.</p>"),
    "raw": "<p>We made it together.</p>",
    "url": "https://forum.example/t/what-helped-us/3/7",
}


def build(html: str = "<p>We made it together.</p>", **changed: Any) -> Post:
    return build_post(CONTEXT, **(VALUES | {"body": html_to_text(html), "raw": html} | changed))


def test_a_post_is_titled_text_under_its_context_and_pseudonym() -> None:
    post = build()
    assert (post.source, post.community, post.harvested_at) == ("grove", "carers", FETCHED)
    assert (post.title, post.text) == ("What helped us", "We made it together.")
    assert post.own_text == "What helped us\nWe made it together."
    assert post.author_key == ANN
    assert post.language == "en"
    assert post.text_version == TEXT_VERSION
    assert post.url == "https://forum.example/t/what-helped-us/3/7"
    assert post.redactions == {}


def test_own_text_of_a_comment_is_its_body_without_quotes() -> None:
    post = build("<blockquote>theirs</blockquote><p>mine</p>", kind="comment")
    assert post.text == "theirs\nmine"
    assert post.own_text == "mine"


def test_own_text_of_a_title_alone_and_of_a_body_alone() -> None:
    assert build("").own_text == "What helped us"
    assert build("").text == ""
    assert build(title="").own_text == "We made it together."


def test_the_content_hash_is_of_the_platforms_own_text() -> None:
    html = "<p>We made it together.</p>"
    assert build().content_hash == KEYS.content_hash(f"What helped us\x1f{html}")
    assert build(kind="comment").content_hash == KEYS.content_hash(html)
    assert build(raw=f"{html} ").content_hash != build().content_hash


def test_people_in_title_and_body_are_hidden_and_counted_once() -> None:
    post = build(
        "<p>Mail sam@example.org or ask <a class='mention' href='/u/sam'>@sam</a>.</p>",
        title="Dr Okonjo-Bell retires",
    )
    sam = f"author_{KEYS.author_key('discourse', 'forum.example', 'sam')}"
    assert post.title == "Dr [name] retires"
    assert post.text == f"Mail [email] or ask {sam}."
    assert post.own_text == f"{post.title}\n{post.text}"
    assert post.redactions == {"name": 1, "email": 1, "mention": 1}


def test_identifiers_in_quoted_and_own_parts_are_counted_in_the_whole_text_only() -> None:
    post = build("<blockquote>a@example.org</blockquote><p>b@example.org</p>", kind="comment")
    assert post.own_text == "[email]"
    assert post.redactions == {"email": 2}


def test_who_is_quoted_is_the_author_of_the_quoted_post() -> None:
    post = build(
        '<aside class="quote" data-username="Sam"><div class="title">Sam:</div>'
        "<blockquote>theirs</blockquote></aside>mine"
    )
    sam = KEYS.author_key("discourse", "forum.example", "sam")
    assert post.text == f"author_{sam}:\ntheirs\nmine"
    assert "sam" not in post.text.lower().replace(sam, "")


def test_the_authors_own_telling_name_is_hidden_and_a_word_is_not() -> None:
    assert build("<p>Yours, ann_b77 (Ann_B77)</p>").text == f"Yours, author_{ANN} (author_{ANN})"
    assert build("<p>there is hope yet</p>", handle="hope").text == "there is hope yet"


@pytest.mark.parametrize(
    "url",
    [
        "https://forum.example/@ann_b77/12",
        "https://forum.example/u/Ann_B77/activity/12",
        "https://forum.example/users/ann%5Fb77/statuses/12",
        "https://forum]example/t/12",
    ],
)
def test_an_address_that_spells_the_account_or_cannot_be_read_is_left_out(url: str) -> None:
    assert build(url=url).url is None


def test_an_address_that_only_shares_a_word_with_the_account_stays() -> None:
    assert build(url="https://forum.example/news/12", handle="news").url is not None


def test_a_deleted_account_has_no_key() -> None:
    assert build(handle=None).author_key is None
    assert build(handle="  ").author_key is None


def test_no_account_name_is_left_in_any_field() -> None:
    post = build(
        "<p>@ann_b77 ann_b77 <a class='mention' href='/u/ann_b77'>@ann_b77</a></p>",
        title="by ann_b77",
        url="https://forum.example/u/ann_b77/7",
    )
    assert "ann_b77" not in repr(post).lower()


def test_a_remote_account_of_a_federated_platform_keeps_its_home_host() -> None:
    context = ReadContext(
        source="s",
        platform="mastodon",
        host="a.example",
        community="c",
        fetched_at=FETCHED,
        keys=KEYS,
    )
    post = build_post(
        context,
        native_id="1",
        native_thread_id="1",
        native_parent_id=None,
        kind="post",
        handle="ann@b.example",
        created_at=FETCHED,
        edited_at=None,
        title="",
        body=html_to_text("<p>@ann@b.example @bea</p>"),
        raw="x",
        url=None,
    )
    assert post.author_key == KEYS.author_key("mastodon", "b.example", "ann")
    bea = KEYS.author_key("mastodon", "a.example", "bea")
    assert post.text == f"author_{post.author_key} author_{bea}"


def test_a_title_is_one_clean_line() -> None:
    assert build(title=" What\n helped \u202e us\x00 ").title == "What helped us"


def test_an_absurd_length_is_cut() -> None:
    assert len(build("a " * LONGEST_TEXT).text) <= LONGEST_TEXT


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("We wrote the policy together with the people it is about.", "en"),
        ("WE WROTE THE POLICY TOGETHER", "en"),
        ("first line of it\nsecond line of it", "en"),
        ("Das Krankenhaus hat uns sehr geholfen", "de"),
        ("Merci beaucoup pour votre aide à tous", "fr"),
        ("Vi skaber værdi sammen med borgerne", "da"),
        ("", None),
        ("Thank you", None),
        ("author_abcdefghijklmnopqrstuvwx [email] https://x.example/a/b/c 12 34", None),
    ],
)
def test_the_language_of_a_text_is_found_offline(text: str, language: str | None) -> None:
    assert detect_language(text) == language


def test_an_item_bears_one_key_wherever_it_is_read_and_the_id_itself_is_kept_nowhere() -> None:
    uri = "https://kind.example/users/wren/statuses/1"
    here = build(item=uri)
    there = build_post(
        replace(CONTEXT, source="mirror", host="mirror.example"),
        **(VALUES | {"native_id": "91", "item": uri}),
    )
    assert here.item_key == there.item_key == KEYS.content_hash(uri)
    assert build().item_key is None
    assert build(item="").item_key is None
    assert "wren" not in repr(here)


def test_a_posts_link_is_stored_without_tracking() -> None:
    post = build(url="https://forum.example/t/what-helped-us/3/7?utm_source=mail&page=2")
    assert post.url == "https://forum.example/t/what-helped-us/3/7?page=2"


def test_a_template_is_automated_whatever_the_platform_says_and_a_quoted_one_is_not() -> None:
    template = "<p>I am a bot, and this action was performed automatically.</p>"
    assert build(template).automated
    assert build("<p>Hello.</p>", automated=True).automated
    assert not build(f"<blockquote>{template}</blockquote><p>It made me laugh.</p>").automated
