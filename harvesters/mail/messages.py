"""Reads one mail (RFC 5322, MIME): who wrote what, when, and in answer to what.

Every archive of mailing lists comes here: exports, months, mailboxes on disk. A stranger's mail may
be broken or hostile, so lines, parts and lengths are bounded, and whatever the standard library
raises means one mail that cannot be read, never a lost archive. A mail's id may spell a person's
address; only its hash is kept, the one by which Mailman's archives name mails.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from email.errors import MessageError
from email.message import Message
from email.parser import BytesParser
from email.policy import Compat32

from harvesters.mail.headers import (
    LONGEST_HEADER,
    Moment,
    Sender,
    archive_hash,
    as_text,
    bounded,
    decoded,
    demunged,
    message_id_of,
    message_ids_of,
    moment_of,
    received_moment,
    sender_of,
    thread_subject,
)
from harvesters.mail.html import mail_html_to_text
from harvesters.mail.text import (
    LONGEST_BODY,
    quotes_marked,
    unflowed,
    without_additions,
    without_author,
    without_signature,
)
from harvesters.markup import Markup, plain_to_text

LONGEST_MAIL = 2_000_000  # bytes that are read: text comes first, what is cut off are attachments
_LONGEST_HEAD = 500_000
_MOST_PARTS = 1_000
_BROKEN = (AssertionError, AttributeError, LookupError, MessageError, RecursionError, TypeError)
_END_OF_HEAD = re.compile(rb"\r?\n\r?\n")
_BOUNDARY = re.compile(rb"^--", re.MULTILINE)
_VIA = re.compile(r"^(.*?)\s+via\s+\S", re.IGNORECASE)
_NO = re.compile(r"^\s*no\b", re.IGNORECASE)
_YES = re.compile(r"^\s*yes\b", re.IGNORECASE)
_OPT_OUT_LINE = re.compile(r"^\s*x-no-archive:\s*yes\b", re.IGNORECASE)
_BULK = frozenset({"bulk", "junk", "auto_reply"})
_LIST_MARKS = ("list-id", "list-post", "x-beenthere", "x-mailing-list")
_BY_MACHINE = ("x-autoreply", "x-autorespond", "x-failed-recipients")
_DIGEST = re.compile(r"\bdigest,? vol(?:ume)?\b|\bdigest of\b", re.IGNORECASE)
_AUTO_SUBJECT = re.compile(
    r"^\s*(?:automatic reply|auto-?reply|out of (?:the )?office|undeliver|delivery status notif|"
    r"mail delivery (?:failed|system)|returned mail)",
    re.IGNORECASE,
)
_DAEMON = re.compile(r"^(?:mailer-daemon|postmaster|(?:[\w.-]+-)?bounces?)@", re.IGNORECASE)


class UnreadableMail(ValueError):
    """A mail cannot be read; nothing that it says is in the message."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail. Ids are archive hashes (`mail_headers.archive_hash`), never the ids themselves.

    `written` is None where neither the mail nor the servers on its way say when. `raw` is the
    author's text as it came, its transport undone, by which edits would be told.
    """

    id_hash: str | None
    parent_hash: str | None
    reference_hashes: tuple[str, ...]
    sender: Sender
    written: Moment | None
    subject: str
    body: Markup
    raw: str
    attachments: int = 0
    automated: bool = False
    opted_out: bool = False


class _BoundedPolicy(Compat32):
    """Cuts the lines of every head, so that no header costs more than it is worth."""

    def header_source_parse(self, sourcelines: list[str]) -> tuple[str, str]:
        name, value = super().header_source_parse([line[:LONGEST_HEADER] for line in sourcelines])
        return name, bounded(value)


_PARSER = BytesParser(policy=_BoundedPolicy())


def parse_mail(content: bytes, *, now: datetime, archived: str = "") -> Mail:
    """Read one mail.

    Parameters
    ----------
    content : bytes
        The mail without the line that separates it from others in a mailbox.
    now : datetime
        When it was fetched: what claims to be later was not.
    archived : str
        When the archive says that it came, for mails that do not say it themselves.

    Raises
    ------
    UnreadableMail
        If it is no mail, or one that cannot be taken apart.
    """
    try:
        message = _PARSER.parsebytes(_reduced(content))
        heads = _Heads(message)
        if not heads:
            raise UnreadableMail("no header lines")
        text, html, attachments = _texts(message)
        return _mail(message, heads, text, html, attachments, now=now, archived=archived)
    except (*_BROKEN, ValueError):
        raise UnreadableMail("a mail that the standard library cannot take apart") from None


def read_body(plain: str, author: str = "") -> Markup:
    """Return the clean text of a mail's plain body, and what of it the author wrote."""
    text = without_additions(plain.replace("\r\n", "\n").replace("\r", "\n")[:LONGEST_BODY])
    return plain_to_text(without_author(without_signature(quotes_marked(text)), author))


def trimmed(text: str) -> str:
    """Return a text without what transport may change: blanks at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.split("\n")).strip()


def _mail(
    message: Message,
    heads: "_Heads",
    text: str,
    html: str,
    attachments: int,
    *,
    now: datetime,
    archived: str,
) -> Mail:
    sender = _writer(heads)
    plain = demunged(text) if sender.munged else text
    raw = trimmed(plain) or trimmed(html)
    body = read_body(plain, sender.name) if plain.strip() else mail_html_to_text(html, sender.name)
    return Mail(
        id_hash=_hash_of(heads.first("message-id")),
        parent_hash=next(iter(heads.ids("in-reply-to")), None)
        or next(iter(reversed(heads.ids("references"))), None),
        reference_hashes=heads.ids("references"),
        sender=sender,
        written=moment_of(heads.first("date"), now=now)
        or received_moment(heads.every("received"), now=now)
        or moment_of(archived, now=now),
        subject=thread_subject(heads.first("subject")),
        body=body,
        raw=raw,
        attachments=attachments,
        automated=_is_automated(message, heads, sender),
        opted_out=_has_opted_out(heads, plain),
    )


class _Heads:
    """The top head of a mail, names in lower case."""

    def __init__(self, message: Message) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in message.raw_items():
            self._values.setdefault(name.lower(), []).append(str(value))

    def __bool__(self) -> bool:
        return bool(self._values)

    def first(self, name: str) -> str:
        return self._values.get(name, [""])[0]

    def every(self, name: str) -> Sequence[str]:
        return self._values.get(name, ())

    def has(self, *names: str) -> bool:
        return any(name in self._values for name in names)

    def ids(self, name: str) -> tuple[str, ...]:
        return tuple(archive_hash(found) for found in message_ids_of(self.first(name)))


def _reduced(content: bytes) -> bytes:
    """Return a mail without what lies beyond its bounds: of its head, its parts, its length."""
    content = content[:LONGEST_MAIL]
    end = _END_OF_HEAD.search(content)
    if end is None or end.start() > _LONGEST_HEAD:
        # one line that fills the head must not hide the lines behind it
        head, body = (content[: end.start()], content[end.start() :]) if end else (content, b"")
        lines = [line[:LONGEST_HEADER] for line in head.split(b"\n")]
        content = b"\n".join(lines)[:_LONGEST_HEAD] + body
    for number, boundary in enumerate(_BOUNDARY.finditer(content)):
        if number >= _MOST_PARTS:
            return content[: boundary.start()]
    return content


def _texts(message: Message) -> tuple[str, str, int]:
    """Return the plain text of a mail, its HTML, and how many attachments it has.

    A text that is marked as an attachment counts only where the mail says nothing else: some
    archives keep an HTML mail so.
    """
    found: dict[str, list[str]] = {"plain": [], "html": [], "attached_html": []}
    attachments = 0
    waiting = [message]
    while waiting:
        part = waiting.pop()
        kind = part.get_content_type()
        if kind == "message/rfc822" or (kind == "multipart/digest" and part is not message):
            attachments += 1
        elif part.is_multipart():
            parts = part.get_payload()
            waiting += [p for p in reversed(parts) if isinstance(p, Message)]  # type: ignore[arg-type]
        elif kind not in {"text/plain", "text/html"}:
            attachments += 1
        elif part.get_content_disposition() != "attachment":
            found["html" if kind == "text/html" else "plain"].append(_decoded(part))
        else:
            attachments += 1
            if kind == "text/html":
                found["attached_html"].append(_decoded(part))
    plain = "\n".join(text for text in found["plain"] if text.strip())
    html = "\n".join(found["html"])
    return plain, html if html.strip() else "\n".join(found["attached_html"][:1]), attachments


def _decoded(part: Message) -> str:
    content = part.get_payload(decode=True)
    if not isinstance(content, bytes):
        return ""
    charset = part.get_param("charset")
    text = as_text(content, charset if isinstance(charset, str) else part.get_content_charset())
    text = text[:LONGEST_BODY].replace("\r\n", "\n").replace("\r", "\n")
    if str(part.get_param("format", "")).lower() == "flowed":
        return unflowed(text, delete_space=str(part.get_param("delsp", "")).lower() == "yes")
    return text


def _writer(heads: _Heads) -> Sender:
    """Return who wrote a mail; lists that put themselves into `From` name the person elsewhere."""
    sender = sender_of(heads.first("from"))
    via = _VIA.match(sender.name)
    if via is None:
        return sender
    named = ("x-original-from", "x-mailfrom", "reply-to")
    others = (sender_of(heads.first(name)) for name in named if heads.has(name))
    own = next((o for o in others if o.address and o.address != sender.address), None)
    name = via.group(1).strip("\"' ")
    lists = " ".join([*heads.every("to"), *heads.every("cc"), *heads.every("list-post")]).lower()
    is_list = bool(sender.address) and str(sender.address) in lists
    address = own.address if own else (None if is_list else sender.address)
    return Sender(address, name, sender.munged)


def _is_automated(message: Message, heads: _Heads, sender: Sender) -> bool:
    submitted = heads.first("auto-submitted").strip()
    if (submitted and not _NO.match(submitted)) or heads.has(*_BY_MACHINE):
        return True
    if message.get_content_type() in {"multipart/digest", "multipart/report"}:
        return True
    # old list software stamps every mail as bulk: then it says nothing of this one
    if heads.first("precedence").strip().lower() in _BULK and not heads.has(*_LIST_MARKS):
        return True
    if heads.first("return-path").strip() == "<>" or _DAEMON.match(sender.address or ""):
        return True
    subject = decoded(heads.first("subject"))
    return _AUTO_SUBJECT.search(subject) is not None or _DIGEST.search(subject) is not None


def _has_opted_out(heads: _Heads, plain: str) -> bool:
    """Tell whether the author asked not to be archived, in any of the ways there are."""
    return (
        _YES.match(heads.first("x-no-archive")) is not None
        or _NO.match(heads.first("archive")) is not None
        or _NO.match(heads.first("x-archive")) is not None
        or "no-external-archive" in heads.first("restrict").lower()
        or _OPT_OUT_LINE.match(plain) is not None
    )


def _hash_of(value: str) -> str | None:
    message_id = message_id_of(bounded(value))
    return archive_hash(message_id) if message_id else None
