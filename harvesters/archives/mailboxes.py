"""Import of mails that somebody kept: mbox files, also compressed, single mails, and Maildirs.

A mailbox is read as a stream, a few thousand mails at a time. A reply whose thread began further
ahead in the file belongs to it all the same, since mails name the mails that they answer.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from harvesters.archives.files import COMPRESSIONS, ArchiveError, explained, unpacked_file
from harvesters.base import ParseError
from harvesters.mail.mboxes import Piece, mails_of
from harvesters.mail.messages import LONGEST_MAIL
from harvesters.mail.posts import PLATFORM, MailThreads, read_mails, read_pieces
from harvesters.posts import ReadContext
from harvesters.reading import MALFORMED
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch

BATCH_MAILS = 2_000
MBOX, MAIL = ".mbox", ".eml"
_MAILDIR = ("cur", "new")


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxDescription:
    """What an import of a mailbox would read: shown by a dry run."""

    kind: str
    n_mails: int
    n_unreadable: int
    n_without_date: int
    n_opted_out: int
    n_attachments: int


def is_mailbox(path: Path) -> bool:
    """Tell whether a file's name, or what a folder holds, says that it is mails."""
    return _kind(path) is not None


def read_mailbox(
    path: Path,
    *,
    source: str,
    community: str,
    keys: KeyRing,
    harvested_at: datetime,
    batch_mails: int = BATCH_MAILS,
) -> Iterator[Batch]:
    """Yield the mails of a mailbox in batches.

    Parameters
    ----------
    path : Path
        An mbox (.mbox, also .gz or .zst), a mail (.eml), or a Maildir.
    source, community : str
        Where the mails are to belong.
    keys : KeyRing
        What pseudonyms and ids are made with: the same as for a harvest of a list's archive.
    harvested_at : datetime
        The time of the import.
    batch_mails : int
        Mails of a batch.

    Raises
    ------
    ArchiveError
        If the file is no mailbox, or where it breaks off, after everything before that place.

    Notes
    -----
    Every mail is a post or counted in `drops`: `opted_out` (its author asked not to be archived),
    `no_date`, `empty`, `malformed`.
    """
    context = ReadContext(
        source=source,
        platform=PLATFORM,
        host=source,
        community=community,
        fetched_at=harvested_at.astimezone(UTC),
        keys=keys,
    )
    threads = MailThreads()
    for pieces in _blocks(_pieces(path), batch_mails):
        mails, unreadable = read_pieces(pieces, now=context.fetched_at)
        threads.note(mails)
        try:
            reading = read_mails(mails, context, threads, unreadable=unreadable)
        except ParseError:
            raise ArchiveError(f"{path.name} holds no mails that can be read") from None
        yield Batch(
            source=source,
            community=community,
            posts=reading.posts,
            expected=len(pieces),
            fetched=len(reading.posts),
            drops=reading.drops,
            complete=MALFORMED not in reading.drops,
        )


def describe_mailbox(path: Path, *, now: datetime) -> MailboxDescription:
    """Count what an import would find in a mailbox, without making a post of it."""
    n_mails = n_unreadable = n_without_date = n_opted_out = n_attachments = 0
    for pieces in _blocks(_pieces(path), BATCH_MAILS):
        mails, unreadable = read_pieces(pieces, now=now)
        n_mails += len(pieces)
        n_unreadable += unreadable
        n_without_date += sum(mail.written is None for mail in mails)
        n_opted_out += sum(mail.opted_out for mail in mails)
        n_attachments += sum(mail.attachments for mail in mails)
    return MailboxDescription(
        kind=str(_kind(path)),
        n_mails=n_mails,
        n_unreadable=n_unreadable,
        n_without_date=n_without_date,
        n_opted_out=n_opted_out,
        n_attachments=n_attachments,
    )


def _kind(path: Path) -> str | None:
    if path.is_dir():
        return "Maildir" if all((path / name).is_dir() for name in _MAILDIR) else None
    suffixes = [suffix.lower() for suffix in path.suffixes]
    kinds = suffixes[:-1] if suffixes and suffixes[-1] in COMPRESSIONS else suffixes
    return {MBOX: "mbox", MAIL: "mail"}.get(kinds[-1]) if kinds else None


def _pieces(path: Path) -> Iterator[Piece]:
    if path.is_dir():
        yield from _maildir(path)
        return
    compression = COMPRESSIONS.get(path.suffix.lower())
    with explained(path), unpacked_file(path, compression) as stream:
        if _kind(path) == "mail":
            yield Piece(stream.read(LONGEST_MAIL), "")
            return
        try:
            yield from mails_of(stream, what=path.name)
        except ParseError as error:
            raise ArchiveError(str(error)) from None


def _maildir(path: Path) -> Iterator[Piece]:
    """Yield the mails of a Maildir by the names of their files, which tell when they came."""
    files = (file for name in _MAILDIR for file in (path / name).iterdir() if file.is_file())
    for file in sorted(files, key=lambda file: file.name):
        with file.open("rb") as stream:
            yield Piece(stream.read(LONGEST_MAIL), "")


def _blocks(pieces: Iterator[Piece], size: int) -> Iterator[list[Piece]]:
    """Cut a stream into lists; what came before a failure is yielded before it is raised."""
    block: list[Piece] = []
    try:
        for piece in pieces:
            block.append(piece)
            if len(block) >= size:
                yield block
                block = []
    except ArchiveError:
        if block:
            yield block
        raise
    if block:
        yield block
