"""Mails become posts: recorded answers of real archives, threads, ids and keys."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from io import BytesIO
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harvesters.json_fields import json_object
from harvesters.mail.headers import Sender, archive_hash
from harvesters.mail.mboxes import mails_of
from harvesters.mail.messages import Mail
from harvesters.mail.posts import (
    MailThreads,
    build_mail_post,
    native_id,
    parse_mbox,
    read_mbox,
)
from harvesters.mailing_list.hyperkitty import read_email
from harvesters.markup import Markup
from harvesters.posts import ReadContext
from warehouse.records import Post

NOW = datetime(2026, 11, 27, tzinfo=UTC)
FROM = "From ada@ward7.example Mon Dec  1 09:00:00 2025\n"


@pytest.fixture
def context(keys: Any) -> ReadContext:
    return ReadContext(
        source="voices",
        platform="mailing_list",
        host="lists.example",
        community="voices",
        fetched_at=NOW,
        keys=keys,
    )


def mail(name: str, *, parent: str | None = None, references: tuple[str, ...] = ()) -> Mail:
    return Mail(
        id_hash=name,
        parent_hash=parent,
        reference_hashes=references,
        sender=Sender("a@b.example", ""),
        written=None,
        subject="",
        body=Markup("", ""),
        raw="",
    )


def threads_of(*mails: Mail) -> dict[str, str | None]:
    threads = MailThreads()
    threads.note(mails)
    return {str(m.id_hash): threads.thread_of(m) for m in mails}


def without_url(posts: list[Post]) -> dict[str, tuple[object, ...]]:
    return {
        p.native_id: (
            *(p.native_thread_id, p.native_parent_id, p.kind, p.author_key, p.created_at),
            *(p.title, p.text, p.own_text, p.content_hash, p.item_key),
        )
        for p in posts
    }


def test_two_archives_of_one_list_give_the_same_posts(context: ReadContext, recording: Any) -> None:
    exported = parse_mbox(recording("mailing_list/hyperkitty_export.mbox.gz"), context)
    searched = parse_mbox(recording("mailing_list/public_inbox_thread.mbox.gz"), context)

    assert len(exported) == len(searched) == 61
    assert without_url(exported) == without_url(searched)
    assert len({post.author_key for post in exported}) == 2
    assert {post.native_thread_id for post in exported} == {exported[0].native_id}


def test_every_reply_has_its_own_date_and_text(context: ReadContext, recording: Any) -> None:
    posts = parse_mbox(recording("mailing_list/hyperkitty_export.mbox.gz"), context)

    gaps = {later.created_at - earlier.created_at for earlier, later in pairwise(posts)}
    assert gaps == {timedelta(hours=1)}
    assert [p.own_text for p in posts[1:]] == [f"Reply {n}: I disagree." for n in range(1, 61)]
    assert posts[1].text == "> Vi skaber værdi sammen.\nReply 1: I disagree."


def test_a_mail_of_the_rest_interface_is_the_mail_of_the_export(
    context: ReadContext, recording: Any
) -> None:
    item = json_object(recording("mailing_list/hyperkitty_email.json"), what="a mail")
    read = read_email(item, NOW)
    exported = parse_mbox(recording("mailing_list/hyperkitty_export.mbox.gz"), context)

    post = build_mail_post(context, read, thread=read.reference_hashes[0])

    assert without_url([post])[post.native_id] == without_url(exported)[post.native_id]


def test_a_single_mail_of_public_inbox_is_the_mail_of_its_thread(
    context: ReadContext, recording: Any
) -> None:
    (single,) = parse_mbox(recording("mailing_list/public_inbox_raw.eml"), context)
    thread = parse_mbox(recording("mailing_list/public_inbox_thread.mbox.gz"), context)

    assert without_url([single])[single.native_id] == without_url(thread)[single.native_id]


def test_a_month_of_pipermail_is_read_with_whole_addresses_and_without_names(
    context: ReadContext, recording: Any
) -> None:
    first, second, third = parse_mbox(
        recording("mailing_list/pipermail_2025-December.txt"), context
    )

    assert first.title == "What does it mean to be heard?"
    assert first.text == (
        f"We were asked for our views again. Write to me at author_{first.author_key} or to\n"
        "[email] if you want to speak about it.\n"
        "From the outside it looks like co-production. It is not."
    )
    assert "people.example" not in first.text
    assert "ward7" not in first.text
    assert first.author_key == context.keys.author_key(
        "mailing_list", "", "mira.orsted@people.example"
    )
    assert second.own_text == "Being asked is not the same as deciding."
    assert second.text == f"> We were asked for our views again.\n{second.own_text}"
    assert second.created_at == datetime(2025, 12, 1, 20, 40, tzinfo=UTC)
    assert second.author_key == context.keys.author_key(
        "mailing_list", "elsewhere.example", "jonas.bell@mail.example"
    )
    assert third.own_text == "Then who holds the budget?"
    assert "Jonas" not in third.text
    assert {p.native_thread_id for p in (first, second, third)} == {first.native_id}
    assert (second.native_parent_id, third.native_parent_id) == (first.native_id, second.native_id)


def test_no_id_spells_an_address(context: ReadContext, recording: Any) -> None:
    posts = parse_mbox(recording("mailing_list/pipermail_2025-December.txt"), context)

    for post in posts:
        assert not any("@" in str(v) or "orsted" in str(v) for v in without_url([post]).items())


@pytest.mark.parametrize(
    ("head", "reason"),
    [
        ("X-No-Archive: yes\nDate: Mon, 1 Dec 2025 09:00:00 +0000\n", "opted_out"),
        ("Date: never\n", "no_date"),
        ("In-Reply-To: <a@b>\nDate: Mon, 1 Dec 2025 09:00:00 +0000\n", "empty"),
    ],
)
def test_what_is_not_kept_is_counted_by_its_reason(
    context: ReadContext, head: str, reason: str
) -> None:
    body = "" if reason == "empty" else "Hello"
    begin = "From mboxrd@z Thu Jan  1 00:00:00 1970\n" if reason == "no_date" else FROM
    reading = read_mbox(f"{begin}From: a@b.example\n{head}\n{body}\n".encode(), context)

    assert (reading.posts, dict(reading.drops)) == ((), {reason: 1})


def test_a_mail_without_an_id_is_known_again_by_what_it_says(context: ReadContext) -> None:
    def read(body: str) -> Post:
        source = f"{FROM}From: a@b.example\nDate: Mon, 1 Dec 2025 09:00:00 +0000\n\n{body}\n"
        (post,) = parse_mbox(source.encode(), context)
        return post

    assert read("Hello").native_id == read("Hello").native_id != read("Goodbye").native_id


def test_an_attachment_is_counted_among_what_was_taken_out(context: ReadContext) -> None:
    source = (
        f"{FROM}From: a@b.example\nDate: Mon, 1 Dec 2025 09:00:00 +0000\n"
        "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello\n--b\n"
        "Content-Type: application/pdf\n\nnames of people\n--b--\n"
    )
    (post,) = parse_mbox(source.encode(), context)

    assert (post.text, post.redactions) == ("Hello", {"attachment": 1})


def test_threads_follow_references_and_replies_in_any_order() -> None:
    found = threads_of(
        mail("d", parent="c"),  # newest first, as some archives have it
        mail("c", parent="b", references=("a", "b")),
        mail("b", parent="a"),
        mail("a"),
        mail("x", parent="outside"),
        mail("y", parent="x"),
    )

    assert found == {"a": "a", "b": "a", "c": "a", "d": "a", "x": "outside", "y": "outside"}


def test_a_client_that_cuts_references_does_not_split_a_thread() -> None:
    found = threads_of(
        mail("a"),
        mail("b", parent="a", references=("a",)),
        mail("c", parent="b", references=("b",)),
    )

    assert set(found.values()) == {"a"}


def test_replies_in_a_circle_end_and_agree() -> None:
    found = threads_of(mail("a", parent="b"), mail("b", parent="c"), mail("c", parent="a"))

    assert len(set(found.values())) == 1
    assert threads_of(mail("a", parent="a")) == {"a": "a"}


@given(st.lists(st.integers(0, 30), min_size=1, max_size=30), st.randoms(use_true_random=False))
def test_the_order_of_mails_does_not_matter_to_threads(parents: list[int], random: Any) -> None:
    mails = [
        mail(f"m{n}", parent=f"m{parent}" if parent < n else None)
        for n, parent in enumerate(parents)
    ]
    roots: dict[str, str] = {}
    for one in mails:  # a parent comes before its replies here
        roots[str(one.id_hash)] = roots[one.parent_hash] if one.parent_hash else str(one.id_hash)
    shuffled = list(mails)
    random.shuffle(shuffled)

    assert threads_of(*shuffled) == roots


def test_a_thread_that_only_its_hash_is_known_of_is_the_thread_of_its_mails(
    context: ReadContext, recording: Any
) -> None:
    first, *_ = parse_mbox(recording("mailing_list/hyperkitty_export.mbox.gz"), context)
    listed = json_object(recording("mailing_list/hyperkitty_thread_emails.json"), what="a thread")
    named = Counter(item["thread"].split("/")[-2] for item in listed["results"])

    assert {native_id(context.keys, thread) for thread in named} == {first.native_thread_id}
    assert archive_hash("m0@example.org") in named


@pytest.mark.parametrize(
    ("begin", "written", "expected"),
    [
        (
            "From mboxrd@z Thu Jan  1 00:00:00 1970\n",
            ">From here\n>>From x\n",
            "From here\n>From x",
        ),
        (FROM, ">From here\n", "From here"),
        (FROM, "> a quote\n>From here\n", "> a quote\nFrom here"),
        (FROM, ">a quote\n>From here\n", ">a quote\n>From here"),  # the quotation goes on
        (FROM, "\nFrom here to there, 2025\n", "From here to there, 2025"),  # nobody escaped it
    ],
)
def test_what_an_mbox_escaped_is_taken_back(begin: str, written: str, expected: str) -> None:
    source = f"{begin}From: a@b.example\n\n{written}\n{FROM}From: c@d.example\n\nNext\n"

    first, second = mails_of(BytesIO(source.encode()), what="a test")

    assert first.content.decode().partition("\n\n")[2].strip() == expected
    assert second.content == b"From: c@d.example\n\nNext\n"
