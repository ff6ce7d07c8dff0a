"""Cuts an mbox into its mails, as a stream, and takes back what the format had escaped.

A mail begins with a line `From …` after an empty line. Archives are known that leave the same word
unescaped within a text, so the line must end with a year, or be the mark of public-inbox, and a
header line must follow it. Of a mail only so much is held as is ever read.
"""

import gzip
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import IO

from harvesters.base import ParseError, ResponseRefused
from harvesters.mail.messages import LONGEST_MAIL

LONGEST_LINE = 1_000_000  # bytes taken at once; a longer line comes in pieces
MOST_UNPACKED = 1_000_000_000  # bytes of one answer; what unpacks to more is an attack
_STRICT = b"From mboxrd@z "
_QUOTED_CLOSE = re.compile(rb">+[^>\s]")
_GZIP = b"\x1f\x8b"
_FROM = re.compile(
    rb"From (?:mboxrd@z |(?=[^\n]{0,300}\d:\d\d)(?=[^\n]{0,300}\b(?:19|20)\d\d\b)\S)"
)
_ARCHIVED = re.compile(rb"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun),? .*")
_HEADER = re.compile(rb"[!-9;-~]{1,100}[ \t]*:|From |>From ")
_ESCAPED = re.compile(rb"^>+From ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Piece:
    """The bytes of one mail, and when the mailbox says that it came; "" where it does not."""

    content: bytes
    archived: str


def mails_of(stream: IO[bytes], *, what: str) -> Iterator[Piece]:
    """Yield the mails of an mbox in order, holding one at a time.

    Raises
    ------
    ParseError
        If it does not begin as an mbox does, before the first mail. Nothing at all is an empty one.
    """
    current: _Open | None = None
    blank = True
    waiting = _first_line(stream, what)  # a line that begins a mail if a header line follows
    for line in _lines(stream):
        if waiting is not None:
            if current is None or _HEADER.match(line):
                if current is not None:
                    yield current.close()
                current = _Open(waiting)
            else:
                current.add(waiting)
            waiting = None
        if blank and line.startswith(b"From ") and _FROM.match(line):
            waiting = line
        elif current is not None:
            current.add(line)
        blank = not line.strip()
    if current is not None:
        yield current.close()


def unpacked(content: bytes, *, what: str) -> IO[bytes]:
    """Return an answer's bytes as a stream, unpacked where they are a gzip file.

    Raises
    ------
    ParseError
        While it is read, where the file is damaged or cut.
    ResponseRefused
        Where it unpacks to more than any list writes.
    """
    if not content.startswith(_GZIP):
        return BytesIO(content)
    return _Unpacked(gzip.GzipFile(fileobj=BytesIO(content)), what)


class _Open:
    """A mail that is being read; what is beyond its bound is let go."""

    def __init__(self, begins: bytes) -> None:
        self._archived = _archived(begins)
        self._strict = begins.startswith(_STRICT)
        self._lines: list[bytes] = []
        self._size = 0

    def add(self, line: bytes) -> None:
        if self._size < LONGEST_MAIL:
            self._lines.append(line)
            self._size += len(line)

    def close(self) -> Piece:
        content = b"".join(self._lines)
        if _ESCAPED.search(content):
            content = b"".join(self._unescaped())
        return Piece(content, self._archived)

    def _unescaped(self) -> Iterator[bytes]:
        """Take back the escaping, which most archives do so that a quoted line looks the same.

        There, the line is a quoted one if the line above it is quoted without a blank as well.
        """
        before = b""
        for line in self._lines:
            in_quotation = _QUOTED_CLOSE.match(before) is not None and not self._strict
            yield line[1:] if _ESCAPED.match(line) and not in_quotation else line
            before = line


class _Unpacked(BytesIO):
    """A gzip file that is read line by line and never further than is allowed."""

    def __init__(self, file: gzip.GzipFile, what: str) -> None:
        super().__init__()
        self._file = file
        self._what = what
        self._size = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        line = self._told(lambda: self._file.readline(LONGEST_LINE if size is None else size))
        self._size += len(line)
        if self._size > MOST_UNPACKED:
            raise ResponseRefused(f"{self._what} unpacks to more than any list writes")
        return line

    def _told(self, read: Callable[[], bytes]) -> bytes:
        try:
            return read()
        except (EOFError, OSError, zlib.error):
            raise ParseError(
                f"{self._what} sent a damaged or unfinished mailbox; the next harvest asks again"
            ) from None


def _lines(stream: IO[bytes]) -> Iterable[bytes]:
    return iter(lambda: stream.readline(LONGEST_LINE), b"")


def _first_line(stream: IO[bytes], what: str) -> bytes | None:
    """Return the first line that says anything; None where none does."""
    line = next((line for line in _lines(stream) if line.strip()), None)
    if line is not None and not line.removeprefix(b"\xef\xbb\xbf").startswith(b"From "):
        raise ParseError(
            f"{what} is no mailbox, which begins with a line `From …`; see whether the address is "
            "right and may be read without a login"
        )
    return line


def _archived(line: bytes) -> str:
    found = _ARCHIVED.search(line)
    return found.group().decode("ascii", "replace") if found else ""
