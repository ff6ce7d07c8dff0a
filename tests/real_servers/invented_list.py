"""Eighty invented mails in twenty threads, as their writers sent them and as they are to be read.

`Letter.own` is what its writer wrote, said here and not worked out of the mail.
"""

import base64
import quopri
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.header import Header
from hashlib import sha1

LIST = "coprod@lists.example"
PEOPLE = {
    "mira": ("Mira Ørsted", "mira.orsted@people.example"),
    "jonas": ("Jonas Bell", "Jonas.Bell@Mail.Example"),
    "ada": ("Ada Umoh", "ada@ward7.example"),
    "ravi": ("Ravi Nair", "ravi.nair@users.example"),
    "wen": ("温 文", "wen@people.example"),
}
FOOTER = (
    "_______________________________________________\n"
    "Coprod mailing list -- coprod@lists.example\n"
    "To unsubscribe send an email to coprod-leave@lists.example\n"
)


@dataclass(frozen=True)
class Letter:
    """One mail: its ids, its writer, when, about what, and what it says."""

    name: str
    parent: "Letter | None"
    person: str
    written: datetime
    subject: str
    own: str
    quoted: str = ""
    form: str = "plain"

    @property
    def root(self) -> "Letter":
        return self if self.parent is None else self.parent.root

    @property
    def message_id(self) -> str:
        # as some programs make it: it spells who wrote
        return f"{self.name}.{PEOPLE[self.person][1].lower()}"

    @property
    def text(self) -> str:
        """What the mail says in all, the signature and footer aside."""
        marked = "".join(f"> {line}\n" for line in self.quoted.splitlines())
        return f"{marked}{self.own}"

    def source(self) -> bytes:
        """Return the mail as it travels."""
        head, body = _FORMS[self.form](self)
        who, address = PEOPLE[self.person]
        lines = [
            f"From: {Header(who, 'utf-8').encode() if not who.isascii() else who} <{address}>",
            f"To: {LIST}",
            f"Subject: {self._subject()}",
            f"Date: {self.written:%a, %d %b %Y %H:%M:%S %z}",
            f"Message-ID: <{self.message_id}>",
            "MIME-Version: 1.0",
        ]
        if self.parent is not None:
            chain: list[str] = []
            above: Letter | None = self.parent
            while above is not None:
                chain.append(f"<{above.message_id}>")
                above = above.parent
            lines += [f"In-Reply-To: <{self.parent.message_id}>"]
            lines += ["References: " + "\n ".join(reversed(chain))]
        return "\n".join([*lines, *head]).encode() + b"\n\n" + body + b"\n"

    def _subject(self) -> str:
        subject = self.subject if self.parent is None else f"Re: {self.root.subject}"
        return subject if subject.isascii() else Header(subject, "utf-8").encode()

    def body(self) -> str:
        attribution = ""
        if self.quoted and self.parent is not None:
            who, address = PEOPLE[self.parent.person]
            attribution = f"On {self.parent.written:%a, %d %b %Y}, {who} <{address}> wrote:\n"
        marked = "".join(f"> {line}\n" for line in self.quoted.splitlines())
        return f"{attribution}{marked}{self.own}\n"


def _plain(letter: Letter) -> tuple[list[str], bytes]:
    head = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return head, letter.body().encode()


def _signed(letter: Letter) -> tuple[list[str], bytes]:
    head = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    signature = f"-- \n{PEOPLE[letter.person][0]}\nInvented Ward 7\n\n"
    return head, (letter.body() + signature + FOOTER).encode()


def _quoted_printable(letter: Letter) -> tuple[list[str], bytes]:
    head = ["Content-Type: text/plain; charset=utf-8"]
    return (
        [*head, "Content-Transfer-Encoding: quoted-printable"],
        quopri.encodestring(letter.body().encode()),
    )


def _base64(letter: Letter) -> tuple[list[str], bytes]:
    text = letter.body()
    charset = "iso-8859-1" if max(map(ord, text)) < 0x100 else "utf-8"
    head = [f"Content-Type: text/plain; charset={charset}", "Content-Transfer-Encoding: base64"]
    return head, base64.encodebytes(text.encode(charset))


def _html(letter: Letter) -> tuple[list[str], bytes]:
    quoted = f"<blockquote>{letter.quoted}</blockquote>" if letter.quoted else ""
    page = f"<html><body>{quoted}<p>{letter.own}</p></body></html>\n"
    head = ["Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: 8bit"]
    return head, page.encode()


def _alternative(letter: Letter) -> tuple[list[str], bytes]:
    mark = f"=_{sha1(letter.name.encode()).hexdigest()[:20]}"
    parts = [("text/plain", letter.body()), ("text/html", f"<p>Not this: {letter.own}</p>\n")]
    encoded = "charset=utf-8\nContent-Transfer-Encoding: 8bit"
    pieces = (f"--{mark}\nContent-Type: {kind}; {encoded}\n\n{text}\n" for kind, text in parts)
    body = "".join(pieces)
    return [
        f'Content-Type: multipart/alternative; boundary="{mark}"'
    ], f"{body}--{mark}--\n".encode()


_FORMS = {
    "plain": _plain,
    "signed": _signed,
    "quoted-printable": _quoted_printable,
    "base64": _base64,
    "html": _html,
    "alternative": _alternative,
}


def letters(start: datetime) -> list[Letter]:
    """Return the mails, twelve hours apart, oldest first: one thread of 40, six of 5, 13 of one."""
    people, forms = list(PEOPLE), list(_FORMS)
    made: list[Letter] = []

    def write(parent: Letter | None, subject: str, own: str, **more: str) -> Letter:
        number = len(made)
        letter = Letter(
            name=f"m{number}",
            parent=parent,
            person=people[number * 3 % len(people)],
            written=start + timedelta(hours=12 * number),
            subject=subject,
            own=own,
            quoted=more.get("quoted", ""),
            form=more.get("form", forms[number % len(forms)]),
        )
        made.append(letter)
        return letter

    root = write(
        None,
        "Værdi og samskabelse 共同生产 🧠",
        "Hvad er værdi? Vi skaber den sammen, 价值.",
        form="plain",
    )
    for number in range(1, 40):
        # a chain of answers to answers, and every fourth to the first mail
        parent = root if number % 4 == 0 else made[-1]
        own = f"From where I stand, answer {number} says: café talk is worth more than a form."
        if number % 7 == 0:
            own = f"From experience, point {number}.\nWe decide together, or nobody does."
        quoted = parent.own if number % 3 and parent.own.count("\n") == 0 else ""
        form = forms[number % len(forms)]
        if form == "html" and "\n" in own:
            form = "plain"
        write(parent, "", own, quoted=quoted, form=form)
    for topic in range(6):
        first = write(
            None,
            f"Peer support on ward {topic}",
            f"Who decides on ward {topic}?",
            form="signed",
        )
        for number in range(4):
            parent = made[-1] if number % 2 else first
            write(
                parent,
                "",
                f"Ward {topic}, view {number}: being heard is what counts.",
                quoted=parent.own,
                form=forms[number],
            )
    for topic in range(13):
        write(None, f"Notice {topic}", f"A short notice, number {topic}, about the open day.")
    return made


def as_mbox(mails: Sequence[Letter]) -> bytes:
    """Return the mails as an mbox (mboxrd)."""
    parts = []
    for mail in mails:
        lines = [
            b">" + line if line.lstrip(b">").startswith(b"From ") else line
            for line in mail.source().split(b"\n")
        ]
        stamp = f"From {PEOPLE[mail.person][1]} {mail.written:%a %b %d %H:%M:%S %Y}\n"
        parts.append(stamp.encode() + b"\n".join(lines) + b"\n")
    return b"".join(parts)
