"""Reading single mails: invented ones of every kind that programs write, and broken ones."""

from datetime import UTC, datetime
from email.message import EmailMessage

import pytest

from harvesters.mail.headers import archive_hash, sender_of, thread_subject
from harvesters.mail.messages import Mail, parse_mail

NOW = datetime(2026, 1, 5, tzinfo=UTC)
HEAD = "From: Ada Umoh <ada@ward7.example>\nDate: Mon, 1 Dec 2025 09:00:00 +0000\n"


def mail(body: str = "Being heard.", head: str = "", *, top: str = HEAD) -> Mail:
    return parse_mail(f"{top}{head}\n{body}".encode(), now=NOW)


def own(body: str, head: str = "") -> str:
    return mail(body, head).body.own_text


@pytest.mark.parametrize(
    ("date", "expected"),
    [
        ("Mon, 1 Dec 2025 09:00:00 +0100", "2025-12-01 08:00"),
        ("1 Dec 2025 09:00 EST", "2025-12-01 14:00"),
        ("Mon, 01 Dec 25 09:00:00 GMT", "2025-12-01 09:00"),
        ("Mon, 1 Dec 2025 09:00:00 -0000", "2025-12-01 09:00"),
        ("Mon Dec  1 09:00:00 2025", "2025-12-01 09:00"),
        ("Mon, 1 Dec 2025 09:00:00 +9900", "2025-12-01 09:00"),  # no such zone
        ("Mon,  1 Dec 2025\n 09:00:00 +0000 (GMT Standard Time)", "2025-12-01 09:00"),
    ],
)
def test_dates_are_read_in_utc_however_they_are_written(date: str, expected: str) -> None:
    written = mail(top=f"From: a@b.example\nDate: {date}\n").written

    assert written is not None
    assert f"{written.at:%Y-%m-%d %H:%M}" == expected


@pytest.mark.parametrize(
    ("date", "known"),
    [("Mon, 1 Dec 2025 09:00:00 +0000", True), ("Mon, 1 Dec 2025 09:00:00", False)],
)
def test_a_date_without_a_zone_is_utc_and_noted(date: str, known: bool) -> None:
    written = mail(top=f"From: a@b.example\nDate: {date}\n").written

    assert written is not None
    assert (written.at, written.zone_known) == (datetime(2025, 12, 1, 9, tzinfo=UTC), known)


@pytest.mark.parametrize(
    "date", ["Date: Fri, 13 Dec 2041 01:00:00 +0000\n", "Date: 1 Jan 1970 00:00:00 +0000\n", ""]
)
def test_an_absurd_date_gives_way_to_when_the_mail_was_received(date: str) -> None:
    top = f"From: a@b.example\n{date}"
    received = "Received: from a by b;\n\tTue, 2 Dec 2025 10:00:00 +0200\n"

    by_server = mail(top=f"{top}{received}").written
    by_archive = parse_mail(
        f"{top}\n\nHello".encode(), now=NOW, archived="Wed Dec  3 10:00:00 2025"
    )

    assert by_server is not None
    assert by_server.at == datetime(2025, 12, 2, 8, tzinfo=UTC)
    assert by_archive.written is not None
    assert by_archive.written.at == datetime(2025, 12, 3, 10, tzinfo=UTC)
    assert mail(top=top).written is None


@pytest.mark.parametrize(
    ("written", "address", "name"),
    [
        ("Ada Umoh <Ada@Ward7.Example>", "ada@ward7.example", "Ada Umoh"),
        ("ada at ward7.example (Ada Umoh)", "ada@ward7.example", "Ada Umoh"),
        ("ada (a) ward7.example", "ada@ward7.example", ""),
        (
            "=?utf-8?q?Mira_=C3=98rsted?= <mira@people.example>",
            "mira@people.example",
            "Mira Ørsted",
        ),
        ("mira at people.example (=?iso-8859-1?Q?Mira_=D8?=)", "mira@people.example", "Mira Ø"),
        ('"Umoh, Ada" <ada@ward7.example>', "ada@ward7.example", "Umoh, Ada"),
        ("ada@ward7.example", "ada@ward7.example", ""),
        ("ad...@ward7.example (Ada)", None, "Ada"),
        ("Ada", None, "Ada"),
        ("", None, ""),
    ],
)
def test_who_wrote_is_found_however_archives_write_it(
    written: str, address: str | None, name: str
) -> None:
    sender = sender_of(written)

    assert sender.address == address
    assert sender.name in {name, ""} if address is None else sender.name == name


def test_lists_that_write_in_their_own_name_still_name_the_person() -> None:
    head = 'From: "Ada Umoh via Voices" <voices@lists.example>\nTo: voices@lists.example\n'

    with_reply = mail(top=f"{head}Reply-To: Ada Umoh <ada@ward7.example>\n")
    without = mail(top=head)

    assert (with_reply.sender.address, with_reply.sender.name) == ("ada@ward7.example", "Ada Umoh")
    assert without.sender.address is None  # the list is no person


@pytest.mark.parametrize(
    "subject",
    [
        "Værdi 共同",
        "Re: Værdi 共同",
        "[Voices] Re: [Voices] AW: RE: Værdi 共同",
        "=?utf-8?b?UmU6IFbDpnJkaSDlhbHlkIw=?=",
        "Re: =?utf-8?q?V=C3=A6rdi?=\n =?utf-8?b?IOWFseWQjA==?=",
        "Re[2]: Fwd: Værdi 共同",
    ],
)
def test_a_threads_subject_is_the_same_for_the_mail_and_its_replies(subject: str) -> None:
    assert thread_subject(subject) == "Værdi 共同"


def test_ids_are_kept_as_mailmans_hashes_only() -> None:
    # the hash that a HyperKitty gave this very id
    read = mail(
        head="Message-ID: <m1@example.org>\nIn-Reply-To: <m0@example.org> (Ada's of Monday)\n"
    )

    assert read.id_hash == "HL7TZQG27IZ6Q6XFBMJO2K5ZFY7C2UAC"
    assert read.parent_hash == archive_hash("m0@example.org") == "BVSCBOU3U45ZJB3Z43RKKV5XMPXCGZOP"


def test_references_stand_in_for_a_missing_in_reply_to_and_may_be_folded() -> None:
    read = mail(head="References: <a@x.example>\n\t<b@x.example>\n <c@x.example>\n")

    assert read.reference_hashes == tuple(
        map(archive_hash, ("a@x.example", "b@x.example", "c@x.example"))
    )
    assert read.parent_hash == archive_hash("c@x.example")


@pytest.mark.parametrize(
    ("charset", "content"),
    [
        ("utf-8", "Værdi 共同".encode()),
        ("iso-8859-1", "Værdi".encode("latin-1")),
        ("windows-1252", "“Værdi”".encode("cp1252")),
        ("no-such-charset", "Værdi 共同".encode()),
        ("us-ascii", "Værdi".encode("cp1252")),  # mislabelled, as old programs did
        ("gb18030", "价值".encode("gb18030")),
    ],
)
def test_texts_of_every_charset_are_read(charset: str, content: bytes) -> None:
    head = f"{HEAD}Content-Type: text/plain; charset={charset}\nContent-Transfer-Encoding: 8bit\n\n"

    text = parse_mail(head.encode() + content, now=NOW).body.text

    assert text in {"Værdi 共同", "Værdi", "“Værdi”", "价值"}


def test_transport_encodings_and_attachments_are_those_of_the_standard_library() -> None:
    made = EmailMessage()
    made["From"] = "Ada Umoh <ada@ward7.example>"
    made["Date"] = "Mon, 1 Dec 2025 09:00:00 +0000"
    made.set_content("Værdi er ikke penge. 共同生产 🧠\n" * 3, cte="quoted-printable")
    made.add_alternative("<p>Not this.</p>", subtype="html", cte="base64")
    made.add_attachment(b"\x89PNG" * 100, maintype="image", subtype="png", filename="a.png")
    made.add_attachment("A list of names", filename="names.txt")

    read = parse_mail(made.as_bytes(), now=NOW)

    assert read.body.text == "\n".join(["Værdi er ikke penge. 共同生产 🧠"] * 3)
    assert read.attachments == 2


def test_flowed_lines_are_joined_and_each_depth_of_quotation_by_itself() -> None:
    body = (
        "> A quoted line that \n> goes on.\n>> Deeper, and \n>> on.\n"
        "My own line is long and \nfolded.\n From here it was stuffed.\n-- \nAda\n"
    )

    read = mail(body, "Content-Type: text/plain; format=flowed\n").body

    assert read.own_text == "My own line is long and folded.\nFrom here it was stuffed."
    assert read.text.startswith("> A quoted line that goes on.\n>> Deeper, and on.\n")
    assert (
        own("Foot\nball \nclub", "Content-Type: text/plain; format=flowed; delsp=yes\n")
        == "Foot\nballclub"
    )


def test_html_alone_is_read_and_its_quotations_are_kept_apart() -> None:
    page = (
        "<html><head><style>p{}</style></head><body><p>My own &amp; only words.</p>"
        '<div class="gmail_quote"><div class="gmail_attr">On Mon, Jonas Bell &lt;'
        '<a href="mailto:jonas@mail.example">jonas@mail.example</a>&gt; wrote:<br></div>'
        "<blockquote>What he said.</blockquote></div></body></html>"
    )

    read = mail(page, "Content-Type: text/html\n").body

    assert read.own_text == "My own & only words."
    assert read.text == "My own & only words.\nWhat he said."


def test_what_outlook_copies_below_an_html_mail_is_quoted() -> None:
    page = (
        "<html><body><p>Mine.</p><div id=appendonsend></div><hr><div id=divRplyFwdMsg>"
        "<b>From:</b> Jonas Bell &lt;jonas@mail.example&gt;<br><b>Sent:</b> 1 December</div>"
        "<div>His words.</div></body></html>"
    )

    read = mail(page, "Content-Type: text/html\n").body

    assert read.own_text == "Mine."
    assert read.text == "Mine.\nHis words."


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("Mine.\n\nOn Mon, 1 Dec 2025, Jonas Bell wrote:\n> His.\n", "Mine."),
        (
            "On Mon, Dec 1, 2025 at 9:15 AM Jonas Bell\n<j@mail.example> wrote:\n\n> His.\nMine.\n",
            "Mine.",
        ),
        ("Jonas Bell <j@mail.example> schrieb:\n> His.\n\nMine.", "Mine."),
        (
            "Mine.\n\n-----Original Message-----\nFrom: Jonas\nSent: 1 Dec\nTo: all\n\nHis.\n",
            "Mine.",
        ),
        ("Mine.\n\nFrom: Jonas Bell\nSent: 01 December\nTo: Voices\nSubject: x\n\nHis.", "Mine."),
        ("Mine.\n-- \nAda Umoh\nInvented Street 1\n\n> His.\n", "Mine."),
        (
            "Mine.\n\n___________________________________\nVoices mailing list\nv@l.example\n",
            "Mine.",
        ),
        ("Mine.\n\nBest wishes,\nAda\n", "Mine.\nBest wishes,"),
        ("From: me, to: you, a love letter.", "From: me, to: you, a love letter."),
        ("Said so:\n> His.\nMine.", "Said so:\nMine."),
    ],
)
def test_what_others_wrote_and_what_the_list_added_is_not_the_authors(
    body: str, expected: str
) -> None:
    assert own(body) == expected


def test_what_is_quoted_without_marks_stays_in_the_text_as_a_quotation_without_names() -> None:
    head = "-----Original Message-----\nFrom: Jonas Bell\nSent: 1 Dec\nTo: Ada\n"
    body = f"Mine.\n\n{head}\nHis words.\n"

    assert mail(body).body.text == "Mine.\n> His words."


@pytest.mark.parametrize("written", ["Ada Umoh", '"Umoh, Ada"', "ADA  UMOH"])
def test_the_authors_own_name_is_taken_out(written: str) -> None:
    top = f"From: {written} <ada@ward7.example>\n"

    read = mail("I, Ada Umoh, was there. Ada stays.\n\nAda Umoh", top=top).body

    assert read.own_text == "I, [name], was there. Ada stays."


@pytest.mark.parametrize(
    ("head", "body"),
    [
        ("X-No-Archive: Yes\n", "Hello"),
        ("X-Archive: no\n", "Hello"),
        ("Archive: no\n", "Hello"),
        ("Restrict: no-external-archive\n", "Hello"),
        ("", "X-No-Archive: yes\n\nHello"),
    ],
)
def test_authors_who_ask_not_to_be_archived_are_heard(head: str, body: str) -> None:
    assert mail(body, head).opted_out
    assert not mail("Hello", "X-No-Archive: no\n").opted_out


@pytest.mark.parametrize(
    ("head", "automated"),
    [
        ("Auto-Submitted: auto-replied\n", True),
        ("Auto-Submitted: no\n", False),
        ("Precedence: bulk\n", True),
        ("Precedence: bulk\nList-Id: <voices.lists.example>\n", False),  # the list software's
        ("Precedence: list\n", False),
        ("Subject: Voices Digest, Vol 12, Issue 3\n", True),
        ("Subject: Out of office: Re: voices\n", True),
        ("Return-Path: <>\n", True),
        ("Content-Type: multipart/report; boundary=x\n", True),
    ],
)
def test_machines_and_digests_are_told_from_people(head: str, automated: bool) -> None:
    assert mail(head=head).automated is automated
