"""What the header lines of a mail say: text, people, ids and times, however they were written.

Headers are taken as they stand in the source and read by hand, each bounded in length: the standard
library's grammar of headers is slow on hostile ones, and raises what it does not promise.
"""

import re
from base64 import b32encode
from binascii import Error as BinasciiError
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.errors import HeaderParseError
from email.header import decode_header
from email.utils import parseaddr, parsedate_tz
from hashlib import sha1

LONGEST_HEADER = 16_384  # characters of one that are read: its beginning and its end
LONGEST_NAMES = 2_000  # of a line that names people
LONGEST_ID = 255  # Mailman cuts an id of this length by one: the same mail has then the same id
MOST_REFERENCES = 200
_EARLIEST = datetime(1971, 1, 2, tzinfo=UTC)  # before it, a clock that was never set
_LATEST_AHEAD = timedelta(days=2)
_GREATEST_OFFSET = 14 * 3600  # seconds: no zone is further from UTC
_BRACKETED = re.compile(r"<([^<>]+)>")
_BLANK = re.compile(r"\s+")
_FOLD = re.compile(r"[\r\n]+[ \t]*")
_AT = r"\s{1,3}(?:at|\(a\)|\(at\)|\[at\])\s{1,3}"
_MUNGED = re.compile(  # of `me at ann at example.org` the second half
    rf"(?<![\w.+-])([\w.+-]{{1,64}}){_AT}([\w-]{{1,63}}(?:[.\u2022][\w-]{{1,63}}){{1,8}})"
    rf"(?![\w-])(?!{_AT}[\w-]{{1,63}}[.\u2022])",
    re.IGNORECASE,
)
_IN_PARENTHESES = re.compile(r"\(([^()]*)\)\s*$")
_ADDRESS = re.compile(r"(?<![^\s<>\"(),:;])[^@\s<>\"(),:;]{1,64}@[^@\s<>\"(),:;]{1,255}")
_MASKED = re.compile(r"\.{2,}|…|\*{2,}")
_REPLY = re.compile(
    r"^\s*(?:(?:re|fwd?|aw|wg|antw|sv|vs|ref|tr|odp)\s*(?:\[\d+\]|\(\d+\)|\^\d+)?\s*[:\uff1a]\s*)+",
    re.IGNORECASE,
)
_LIST_TAG = re.compile(r"^\s*\[[^\][]{1,60}\]\s*")
_ZONE = re.compile(r"\d:\d\d(?::\d\d)?\s+(?:[+-]\d{2,4}|[A-Za-z]{1,5}\b)")
_NO_CHARSETS = frozenset(  # codecs that no mail is written in, some of them slow by design
    {"idna", "punycode", "raw_unicode_escape", "raw-unicode-escape", "undefined", "unicode_escape"}
    | {"unicode-escape"}
)
_DIGITS = re.compile(r"\d")


@dataclass(frozen=True, slots=True)
class Sender:
    """Who wrote a mail: the address in lower case, and the name beside it.

    `munged` says that the archive had hidden the address from machines, and so hides others too.
    """

    address: str | None
    name: str
    munged: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A time in UTC, and whether the mail said of which zone it is."""

    at: datetime
    zone_known: bool


def bounded(value: str) -> str:
    """Return a header's value, of a very long one its beginning and its end."""
    if len(value) <= LONGEST_HEADER:
        return value
    half = LONGEST_HEADER // 2
    return f"{value[:half]} {value[-half:]}"


def decoded(value: str) -> str:
    """Return the text of a header: unfolded, encoded words and raw bytes of any charset read."""
    text = _from_raw(_FOLD.sub(" ", bounded(value))).strip()
    if "=?" not in text:
        return text
    try:
        return "".join(_part(*part) for part in decode_header(text)).strip()
    except (HeaderParseError, ValueError, LookupError, BinasciiError):
        return text


def as_text(content: bytes, charset: str | None) -> str:
    """Read bytes in the charset that they are said to be in, or else in a likely one."""
    said = (charset or "").strip("\"' ").lower()
    for name in ("" if said in _NO_CHARSETS else said, "utf-8"):
        try:
            if name:
                return content.decode(name)
        except (LookupError, ValueError, AssertionError):
            continue
    return content.decode("cp1252", "replace")


def thread_subject(value: str) -> str:
    """Return a subject without `Re:` and its likes and without the list's `[tag]`."""
    text = _BLANK.sub(" ", decoded(value))
    while True:
        shorter = _LIST_TAG.sub("", _REPLY.sub("", text, count=1), count=1)
        if shorter == text or not shorter.strip():
            return text.strip()
        text = shorter


def sender_of(value: str) -> Sender:
    """Read who a `From` names; addresses that archives hide from machines are made whole."""
    text = _FOLD.sub(" ", value[:LONGEST_NAMES])
    munged = "@" not in text and _MUNGED.search(text) is not None
    whole = demunged(text) if munged else text
    try:
        name, address = parseaddr(whole)
    except (ValueError, IndexError, TypeError):
        name, address = "", ""
    found = _ADDRESS.search(address) or _ADDRESS.search(whole)
    beside = _IN_PARENTHESES.search(whole)
    name = decoded(name or (beside.group(1) if beside else ""))
    handle = found.group().lower().strip(".") if found else None
    if handle and _MASKED.search(handle):
        handle = None  # nobody can tell whose it is, and others share it
    return Sender(handle, "" if "@" in name else name, munged)


def demunged(text: str) -> str:
    """Return `text` with `ann at example.org` and the like as addresses again."""
    return _MUNGED.sub(lambda found: f"{found[1]}@{found[2]}".replace("\u2022", "."), text)


def message_id_of(value: str) -> str | None:
    """Return a mail's id without its brackets, as every archive writes it; None for none."""
    found = _BRACKETED.search(value)
    text = _BLANK.sub("", found.group(1) if found else value).strip("<>")
    if len(text) >= LONGEST_ID:
        text = text[: LONGEST_ID - 1]
    return text or None


def message_ids_of(value: str) -> Iterator[str]:
    """Yield the ids that `References` or `In-Reply-To` names, in order."""
    for found in _BRACKETED.findall(bounded(value))[:MOST_REFERENCES]:
        if (name := message_id_of(f"<{found}>")) is not None:
            yield name


def archive_hash(message_id: str) -> str:
    """Return the hash by which Mailman's archives name a mail: base32 of SHA-1 of its id."""
    content = message_id.encode("utf-8", "surrogateescape")
    return b32encode(sha1(content, usedforsecurity=False).digest()).decode("ascii")


def moment_of(value: str, *, now: datetime) -> Moment | None:
    """Read a time; None where it is none, or one at which nobody can have written."""
    text = _FOLD.sub(" ", value)[:200]
    if not _DIGITS.search(text):
        return None
    try:
        parts = parsedate_tz(text)
        if parts is None:
            return None
        offset = parts[9]
        if offset is not None and abs(offset) > _GREATEST_OFFSET:
            offset = None
        written = datetime(*parts[:6], tzinfo=UTC) - timedelta(seconds=offset or 0)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
    if not _EARLIEST < written < now + _LATEST_AHEAD:
        return None
    return Moment(written, zone_known=_ZONE.search(text) is not None)


def received_moment(values: Iterable[str], *, now: datetime) -> Moment | None:
    """Return the time at which the last server received a mail that says no time itself."""
    for value in values:
        moment = moment_of(bounded(value).rpartition(";")[2], now=now)
        if moment is not None:
            return moment
    return None


def _part(content: bytes | str, charset: str | None) -> str:
    if isinstance(content, str):
        return content
    # what stands between encoded words comes back in this encoding
    return as_text(content, charset) if charset else content.decode("raw-unicode-escape")


def _from_raw(text: str) -> str:
    """Return a header's text where raw bytes stand in it without a charset."""
    if text.isascii():
        return text
    try:
        return as_text(text.encode("ascii", "surrogateescape"), None)
    except UnicodeEncodeError:  # text already, from a source that was no file
        return text.encode("utf-8", "replace").decode("utf-8")
