"""One way to read whatever is imported: tables, mails, transcripts, told apart by their names.

Tables come as blocks of rows that are still to be protected, which several processes can share;
mails and transcripts, which are read with regard to each other, as batches.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path

from harvesters.archives.mailboxes import is_mailbox, read_mailbox
from harvesters.archives.tables import RowBlock, read_blocks
from harvesters.archives.transcripts import read_transcript
from harvesters.archives.turns import READERS as TRANSCRIPTS
from warehouse.protection.keys import KeyRing
from warehouse.records import Batch

Part = Batch | RowBlock
"""A part of a file that becomes one batch: what is still to be protected, or the batch itself."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Import:
    """What one import of files has in common.

    Attributes
    ----------
    source, community : str
        Where posts belong that name no community themselves.
    keys : KeyRing
        What pseudonyms, hashes and missing ids are made with.
    harvested_at : datetime
        The time of the import.
    mapping : mapping from role to column, optional
        What the columns of tables mean, where their names do not say it.
    day : date, optional
        When the talk of a transcript was.
    facilitators : tuple of str
        Speakers of transcripts whose turns are no participants'.
    met : Counter
        How often each row without an id was met, over all files.
    """

    source: str
    community: str
    keys: KeyRing
    harvested_at: datetime
    mapping: Mapping[str, str] | None = None
    day: date | None = None
    facilitators: tuple[str, ...] = ()
    met: Counter[str] = field(default_factory=Counter)


def read_file(path: Path, wanted: Import) -> Iterator[Batch]:
    """Yield the posts of a file in batches, in its order; raises `ArchiveError`."""
    for part in read_parts(path, wanted):
        yield protected(part)


def protected(part: Part) -> Batch:
    """Return the posts of a part of a file."""
    return part if isinstance(part, Batch) else part.protected()


def read_parts(path: Path, wanted: Import) -> Iterator[Part]:
    """Yield the parts of a file in its order, each of which becomes a batch.

    Raises
    ------
    ArchiveError
        If the file cannot be used, or where it breaks off, after everything before that place.
    """
    if is_transcript(path):
        return read_transcript(
            path,
            source=wanted.source,
            community=wanted.community,
            keys=wanted.keys,
            harvested_at=wanted.harvested_at,
            day=wanted.day,
            facilitators=wanted.facilitators,
        )
    if is_mailbox(path):
        return read_mailbox(
            path,
            source=wanted.source,
            community=wanted.community,
            keys=wanted.keys,
            harvested_at=wanted.harvested_at,
        )
    return read_blocks(
        path,
        source=wanted.source,
        community=wanted.community,
        mapping=wanted.mapping,
        keys=wanted.keys,
        harvested_at=wanted.harvested_at,
        met=wanted.met,
    )


def is_transcript(path: Path) -> bool:
    """Tell whether a file's name says that it is a transcript."""
    return path.suffix.lower() in TRANSCRIPTS
