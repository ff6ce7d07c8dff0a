"""What the archives of mailing lists have in common: mails by windows of time, and a second look.

HyperKitty and public-inbox give the mails of a stretch of time as one mailbox, Pipermail those of a
month. A window that is too large for one answer is halved, one that was small is doubled. A known
mail is looked for again in the window of its date; one that is not there is looked for once more
by itself, since an archive may date it otherwise than we do.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import ClassVar, Protocol

from harvesters.base import ParseError, ResponseRefused, SourceSpec
from harvesters.client import PoliteClient
from harvesters.json_fields import MalformedItem, utc_time
from harvesters.mail.mboxes import mails_of, unpacked
from harvesters.mail.messages import Mail
from harvesters.mail.posts import (
    OPTED_OUT,
    MailThreads,
    UrlOf,
    build_mail_post,
    native_id,
    read_mails,
    read_pieces,
)
from harvesters.posts import ReadContext
from harvesters.reading import MALFORMED, Reading, read_context
from harvesters.rechecking import gone, look_at
from warehouse.protection.keys import KeyRing
from warehouse.records import (
    Batch,
    Clock,
    Community,
    CursorValue,
    Known,
    Post,
    PostRef,
    Sighting,
    ThreadCount,
    Validator,
)

FIRST_WINDOW = timedelta(days=92)
LONGEST_WINDOW = timedelta(days=1_500)
ROOMY = 3_000_000  # bytes: a window whose answer is smaller than this may be doubled
_DAY = timedelta(days=1)
MARGIN = timedelta(days=1)  # around a mail's date: zones, and archives that go by whole days
NEIGHBOURS = timedelta(days=7)  # mails that are closer are looked for together
TOGETHER = timedelta(days=31)
OLDEST_LIST = datetime(1986, 1, 1, tzinfo=UTC)
GONE_REASONS: Mapping[str, str] = {OPTED_OUT: "removed"}


class ListArchive(Protocol):
    """Software that shows the mails of lists, and how it is read."""

    kind: ClassVar[str]

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield the new mails of a list."""
        ...

    def groups(self, posts: Sequence[PostRef]) -> Sequence[Sequence[PostRef]]:
        """Put together the known mails that one answer shows."""
        ...

    def look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield a sighting of each mail of a group."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Mailbox:
    """The mails of one answer, how many could not be read, its size and when it came."""

    mails: tuple[Mail, ...]
    unreadable: int
    size: int
    fetched_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """What every archive is read with."""

    spec: SourceSpec
    client: PoliteClient
    keys: KeyRing
    clock: Clock

    def context(self, community: str, fetched_at: datetime) -> ReadContext:
        """Say where and when an answer was read."""
        return read_context(self.spec, community=community, fetched_at=fetched_at, keys=self.keys)

    def mailbox(self, content: bytes, fetched_at: datetime) -> Mailbox:
        """Read a mailbox; raises `ParseError` for what is none, such as no bytes at all."""
        what = f"an answer of {self.spec.source}"
        if not content:
            raise ParseError(f"{what} is empty where a mailbox was promised; it is asked for again")
        pieces = mails_of(unpacked(content, what=what), what=what)
        mails, unreadable = read_pieces(pieces, now=fetched_at)
        return Mailbox(
            mails=tuple(mails), unreadable=unreadable, size=len(content), fetched_at=fetched_at
        )

    def no_mails(self, fetched_at: datetime) -> Mailbox:
        """Return the mailbox of an answer that says that there are no mails."""
        return Mailbox(mails=(), unreadable=0, size=0, fetched_at=fetched_at)

    def reading(self, box: Mailbox, community: str, threads: MailThreads, url_of: UrlOf) -> Reading:
        """Make the posts of a mailbox."""
        context = self.context(community, box.fetched_at)
        return read_mails(box.mails, context, threads, unreadable=box.unreadable, url_of=url_of)

    def thread_id(self, archive_hash: str) -> str:
        """Return the id under which a thread is stored that an archive names by its hash."""
        return native_id(self.keys, archive_hash)

    def seen(self, ref: PostRef, mail: Mail, url_of: UrlOf, seen_at: datetime) -> Sighting:
        """Tell what became of a known mail that an archive still shows."""
        context = replace(self.context(ref.community, seen_at), known_hash=ref.content_hash)

        def build() -> Post:
            post = build_mail_post(context, mail, thread=None, url=url_of(mail))
            return replace(post, native_thread_id=ref.native_thread_id)

        return look_at(ref, build, seen_at=seen_at, reasons=GONE_REASONS)

    def named(self, box: Mailbox) -> dict[str, Mail]:
        """Return the mails of a mailbox by the ids under which they are stored."""
        return {
            native_id(self.keys, mail.id_hash): mail
            for mail in box.mails
            if mail.id_hash is not None
        }


def batch_of(
    community: Community,
    reading: Reading,
    *,
    since: datetime | None = None,
    expected: int | None = None,
    cursor: Mapping[str, CursorValue] | None = None,
    threads: Sequence[ThreadCount] = (),
    validators: Mapping[str, Validator] | None = None,
) -> Batch:
    """Make the batch of a mailbox: mails since `since`, counted against `expected` of all."""
    posts = tuple(p for p in reading.posts if since is None or p.created_at >= since)
    older = len(reading.posts) - len(posts)
    read = len(posts) + sum(reading.drops.values())
    promised = read if expected is None else max(expected - older, read)
    return Batch(
        source=community.source,
        community=community.community,
        posts=posts,
        threads=tuple(threads),
        validators=validators or {},
        cursor=cursor,
        expected=promised,
        fetched=len(posts),
        drops=reading.drops,
        complete=MALFORMED not in reading.drops and promised == read,
    )


def first_moment(
    known: Known, since: datetime | None, *, overlap: timedelta, kind: str
) -> datetime:
    """Return from when on a list is read: before the end of the last harvest, or `since`."""
    read_to = known.cursor.get("read_to")
    if known.cursor.get("archive") == kind and isinstance(read_to, str):
        try:
            return utc_time(read_to, name="cursor") - overlap
        except (MalformedItem, OverflowError):
            pass
    return since or OLDEST_LIST


def windows(
    start: datetime, end: datetime, fetch: Callable[[datetime, datetime], Mailbox]
) -> Iterator[tuple[Mailbox, datetime, datetime]]:
    """Yield the mailbox of one window of whole days after another, with the window's bounds.

    Raises
    ------
    ResponseRefused
        If one day's mails are too many for one answer.
    """
    start, end = _midnight(start), _midnight(end) + _DAY
    step = FIRST_WINDOW
    while start < end:
        until = min(start + step, end)
        try:
            box = fetch(start, until)
        except ResponseRefused:
            if until - start <= _DAY:
                raise
            step = timedelta(days=(until - start).days // 2)
            continue
        yield box, start, until
        start = until
        if box.size < ROOMY:
            step = min(step * 2, LONGEST_WINDOW)


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def neighbours(posts: Sequence[PostRef]) -> list[list[PostRef]]:
    """Group known mails of one list that were written at about the same time."""
    groups: list[list[PostRef]] = []
    for ref in sorted(posts, key=lambda ref: (ref.community, ref.created_at)):
        group = groups[-1] if groups else []
        near = (
            group
            and group[0].community == ref.community
            and ref.created_at - group[-1].created_at <= NEIGHBOURS
            and ref.created_at - group[0].created_at <= TOGETHER
        )
        if near:
            group.append(ref)
        else:
            groups.append([ref])
    return groups


def look_in_window(
    desk: Desk,
    refs: Sequence[PostRef],
    fetch: Callable[[str, datetime, datetime], Mailbox],
    *,
    by_itself: Callable[[PostRef], Mail | None],
    url_of: Callable[[str, Mail], str | None],
) -> Iterator[Sighting]:
    """Look for known mails in the window of their dates, and for the missing by themselves."""
    community = refs[0].community
    start = min(ref.created_at for ref in refs) - MARGIN
    end = max(ref.created_at for ref in refs) + MARGIN
    shown: dict[str, Mail] = {}
    for box, _, _ in windows(start, end, partial(fetch, community)):
        shown |= desk.named(box)
    for ref in refs:
        mail = shown.get(ref.native_id) or by_itself(ref)
        seen_at = desk.clock.now()
        if mail is None:
            yield gone(ref, reason="removed", seen_at=seen_at)
        else:
            yield desk.seen(ref, mail, partial(url_of, community), seen_at)
