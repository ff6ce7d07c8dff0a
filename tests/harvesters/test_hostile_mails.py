"""Mails and mailboxes that no honest program writes: bounded in time, and never a crash."""

import gzip
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from io import BytesIO
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harvesters.base import HarvestError, ParseError, ResponseRefused
from harvesters.json_fields import MalformedItem
from harvesters.mail.mboxes import mails_of, unpacked
from harvesters.mail.messages import UnreadableMail, parse_mail
from harvesters.mail.posts import parse_mbox, read_mbox
from harvesters.mailing_list.hyperkitty import read_email
from harvesters.mailing_list.pipermail import volumes_of
from harvesters.mailing_list.public_inbox import feed_entries
from harvesters.posts import ReadContext

NOW = datetime(2026, 1, 5, tzinfo=UTC)
HEAD = b"From: Ada <ada@ward7.example>\nDate: Mon, 1 Dec 2025 09:00:00 +0000\n"
SECONDS = 4.0  # on a busy machine; without bounds each of these takes minutes or never ends
PIECES = st.sampled_from(
    [
        *(
            b"From ada@ward7.example Mon Dec  1 09:00:00 2025\n",
            b"From mboxrd@z Thu Jan  1 00:00:00\n",
        ),
        *(
            b"From: =?utf-8?b?w5g?= <a@b.example>\n",
            b"From: a at b.example (A)\n",
            b"Date: x\n",
            HEAD,
        ),
        *(
            b"Message-ID: <a@b>\n",
            b"Message-ID: <>\n",
            b"References: <a@b> <\xff>\n",
            b"Subject: =?x?q?\n",
        ),
        *(
            b"Content-Type: multipart/mixed; boundary=b\n",
            b"Content-Type: text/html; charset=\xff\n",
        ),
        *(
            b"Content-Type: multipart/digest; boundary*0=b\n",
            b"Content-Transfer-Encoding: base64\n",
        ),
        *(
            b"Content-Transfer-Encoding: x-uuencode\n",
            b"--b\n",
            b"--b--\n",
            b"\n",
            b"\n\n",
            b">From x\n",
        ),
        *(
            b"> quoted\n",
            b"-- \n",
            b"On 1 Dec A wrote:\n",
            b"-----Original Message-----\n",
            b"\r\n",
        ),
        *(
            b"Content-Type: text/plain; format=flowed\n",
            b"begin 644 x\n",
            b"<b>\x00</b>",
            b"\xf0\x9f",
        ),
    ]
)


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


def timed(read: Callable[[], object]) -> float:
    started = time.process_time()
    read()
    return time.process_time() - started


@settings(deadline=None, max_examples=150)
@given(st.binary(max_size=2_000) | st.lists(PIECES, max_size=30).map(b"".join))
def test_arbitrary_bytes_are_a_mail_or_unreadable(content: bytes) -> None:
    try:
        read = parse_mail(content, now=NOW)
    except UnreadableMail:
        return
    assert read.body.own_text is not None
    assert read.written is None or read.written.at.tzinfo is UTC


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    content=st.binary(max_size=500)
    | st.lists(PIECES, max_size=40).map(
        lambda p: b"From a Mon Dec  1 09:00:00 2025\n" + b"".join(p)
    )
)
def test_arbitrary_mailboxes_are_posts_counted_drops_or_a_parse_error(
    context: ReadContext, content: bytes
) -> None:
    try:
        n_mails = sum(1 for _ in mails_of(BytesIO(content), what="a test"))
        reading = read_mbox(content, context)
    except ParseError:
        return
    assert len(reading.posts) + sum(reading.drops.values()) == n_mails


def _nested(depth: int) -> bytes:
    opened = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n" % (n, n) for n in range(depth)
    )
    return HEAD + opened + b"\ntext\n"


@pytest.mark.parametrize(
    "content",
    [
        HEAD + b"Subject: " + b"x" * 10_000_000 + b"\n\nHello",
        HEAD + b"".join(b"Subject: x\n y\n" for _ in range(700_000)) + b"\nHello",
        HEAD + b"Content-Type: text/plain" + b'; a="' * 2_000_000 + b"\n\nHello",
        HEAD + b"References: " + b"<" * 5_000_000 + b"\n\nHello",
        b"From: " + b"a@" * 4_000_000 + b"\nDate: 1 Dec 2025 09:00:00 +0000\n\nHello",
        b"From: " + b"a at " * 2_000_000 + b"\n\nHello",
        HEAD + b"Subject: " + b"=?utf-8?q?" * 500_000 + b"\n\nHello",
        HEAD + b"\n" + b"> " * 3_000_000,
        HEAD + b"\n" + b"_" * 30 + b"\n" + b"From: x\n" * 300_000,
        HEAD + b"\n" + b">\n" * 1_000_000 + b"On 1 wrote:\n",
        HEAD + b"Content-Type: text/html\n\n" + b"<div>" * 300_000,
        HEAD + b"Content-Type: text/html\n\n<i class=gmail_attr>" + b"<div>" * 4_900,
        HEAD + b"Content-Type: multipart/mixed; boundary=b\n\n" + b"--b\n\nx\n" * 500_000,
        HEAD + b"Content-Type: text/plain; charset=punycode\n\n" + b"ab-" * 300_000,
        HEAD + b"Content-Type: text/plain; charset=idna\n\n" + b"xn--a" * 300_000,
        _nested(200),
        _nested(20_000),
    ],
    ids=lambda content: content[70:110].decode("ascii", "replace"),
)
def test_a_mail_that_would_cost_too_much_is_bounded(content: bytes) -> None:
    def read() -> None:
        with suppress(UnreadableMail):
            parse_mail(content, now=NOW)

    assert timed(read) < SECONDS


def test_a_header_of_ten_megabytes_does_not_hide_what_stands_behind_it() -> None:
    content = b"X-Long: " + b"x" * 1_500_000 + b"\n" + HEAD + b"\nHello"

    assert parse_mail(content, now=NOW).sender.address == "ada@ward7.example"


def test_a_bomb_of_gzip_is_refused_and_a_cut_one_is_no_mailbox(monkeypatch: Any) -> None:
    monkeypatch.setattr("harvesters.mail.mboxes.MOST_UNPACKED", 5_000_000)
    mbox = b"From a Mon Dec  1 09:00:00 2025\n" + HEAD + b"\nHello\n"
    bomb = gzip.compress(mbox + (b"x" * 9_999 + b"\n") * 1_000)

    with pytest.raises(ResponseRefused):
        list(mails_of(unpacked(bomb, what="a test"), what="a test"))
    for broken in (gzip.compress(mbox)[:-9], gzip.compress(mbox)[:30] + b"\x00" * 40):
        with pytest.raises(ParseError):
            list(mails_of(unpacked(broken, what="a test"), what="a test"))


@pytest.mark.parametrize(
    "page",
    [b"<html>Please log in</html>", b"\n\n{}", gzip.compress(b"<html>", mtime=0), b"\xff\xfe"],
)
def test_a_page_in_the_place_of_a_mailbox_is_a_parse_error(
    context: ReadContext, page: bytes
) -> None:
    with pytest.raises(ParseError):
        parse_mbox(page, context)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = ("message_id", "sender", "subject", "date", "content", "parent", "thread", "attachments")


@settings(deadline=None, max_examples=150)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: JSON | st.sampled_from(["2025-12-01T09:00:00Z", {"address": "a (a) b.example"}])
            for name in FIELDS
        },
    )
)
def test_arbitrary_json_in_the_place_of_a_mail_is_malformed(item: dict[str, Any]) -> None:
    with suppress(MalformedItem):
        assert read_email(item, NOW).sender is not None


@given(st.binary(max_size=300) | st.lists(PIECES, max_size=5).map(b"".join))
def test_arbitrary_pages_name_no_volumes_and_no_entries(page: bytes) -> None:
    assert volumes_of(page) == ()
    with suppress(ParseError):
        assert feed_entries(b"<feed>" + page) == []


def test_volumes_of_no_time_are_left_out() -> None:
    names = ("9999-December", "0000", "2025q9", "20251301", "Week-of-Mon-00000000")

    assert volumes_of("".join(f'<a href="{name}.txt">' for name in names).encode()) == ()


def test_no_error_quotes_what_people_wrote(context: ReadContext) -> None:
    with pytest.raises(HarvestError) as failure:
        parse_mbox(b"Dear Mira Invented, call 020 7946 0000", context)

    assert "Mira" not in str(failure.value)
