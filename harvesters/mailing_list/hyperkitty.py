"""HyperKitty, the archive of Mailman 3: mailboxes by date, counts of threads, REST where need be.

One export brings all mails of a stretch of time, each with its own date; the thread pages of the
site would bring only the first mail. An export says nothing of `References`, so a reply to a mail
that lies outside is left to its thread: the list of threads counts the mails of each, and a thread
of which more is promised than is known is read as a whole. `page=` is ignored by the server without
a word; lists are walked by `offset`, until they bring nothing new.

Where the site's owner has switched the export off, the mails are read one by one.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from urllib.parse import quote

from harvesters.base import Blocked, Gone, ParseError, ResponseRefused
from harvesters.batching import merge_batches
from harvesters.client import Params
from harvesters.json_fields import (
    MalformedItem,
    json_object,
    object_field,
    text_field,
    time_field,
    whole_field,
)
from harvesters.mail.headers import (
    Moment,
    Sender,
    archive_hash,
    message_id_of,
    sender_of,
    thread_subject,
)
from harvesters.mail.messages import Mail, read_body, trimmed
from harvesters.mail.posts import MailThreads
from harvesters.mailing_list.archives import (
    Desk,
    Mailbox,
    batch_of,
    first_moment,
    look_in_window,
    neighbours,
    windows,
)
from harvesters.reading import MALFORMED, Reading
from warehouse.records import Batch, Community, Known, Post, PostRef, Sighting, ThreadCount

OVERLAP = timedelta(days=7)  # a moderated mail comes days after its date
PAGE = 100
MOST_PAGES = 1_000
MOST_THREADS = 200  # read as a whole in one harvest; the others follow
MOST_SINGLE_MAILS = 500  # read one by one in one harvest
SWITCHED_OFF = 400
_MESSAGE = re.compile(r"/message/([A-Z2-7]{32})/?$")
_THREAD = re.compile(r"/thread/([A-Z2-7]{32})/")
_EMAIL = re.compile(r"/email/([A-Z2-7]{32})/")


class HyperKitty:
    """Reads the lists of one HyperKitty; a community is a list's address."""

    kind: ClassVar[str] = "hyperkitty"

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._listings: dict[str, list[Mapping[str, Any]]] = {}

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield the mails of a list, then those threads that are not whole."""
        return merge_batches(self._batches(community, since, known))

    def groups(self, posts: Sequence[PostRef]) -> Sequence[Sequence[PostRef]]:
        """Put together mails of about the same time."""
        return neighbours(posts)

    def look_again(self, refs: Sequence[PostRef]) -> Iterator[Sighting]:
        """Look for mails where they stood."""
        return look_in_window(
            self._desk, refs, self.export, by_itself=self._by_itself, url_of=self.url_of
        )

    def _batches(
        self, community: Community, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        self._listings.clear()
        now = self._desk.clock.now()
        start = first_moment(known, since, overlap=OVERLAP, kind=self.kind)
        walk = _Walk(self._desk, self, community, known, since=None if known.cursor else since)
        for box, _, until in windows(start, now, partial(self.export, community.community)):
            cursor = {"archive": self.kind, "read_to": min(until, now).isoformat()}
            yield walk.batch(box, cursor)
        yield from walk.whole_threads(start)

    def export(self, community: str, start: datetime, until: datetime) -> Mailbox:
        """Read the mails whose dates lie in a window of whole days."""
        bounds = {"start": f"{start:%Y-%m-%d}", "end": f"{until:%Y-%m-%d}"}
        return self._exported(community, bounds) or self._one_by_one(community, start, until)

    def thread(self, community: str, thread: str) -> Mailbox:
        """Read all mails of a thread."""
        box = self._exported(community, {"thread": thread})
        return box or self._single_mails(
            community, list(self.listed(community, f"thread/{thread}/emails/"))
        )

    def listed(self, community: str, path: str) -> Iterator[Mapping[str, Any]]:
        """Yield the items of a list of the REST interface.

        Raises
        ------
        ParseError
            If it is no list, or one without an end.
        """
        address = f"{self._desk.spec.url}/api/list/{quote(community, safe='@')}/{path}"
        met: set[str] = set()
        for page in range(MOST_PAGES):
            params: Params = {"format": "json", "limit": PAGE, "offset": page * PAGE}
            answer = json_object(self._desk.client.get(address, params=params).content, what=path)
            items = answer.get("results")
            if not isinstance(items, list):
                raise ParseError(f"a list of {self._desk.spec.source} holds no results")
            fresh = [i for i in items if isinstance(i, dict) and str(i.get("url")) not in met]
            met.update(str(item.get("url")) for item in fresh)
            yield from fresh
            if not fresh or not answer.get("next"):
                return
        raise ParseError("a list of a HyperKitty does not end; see whether a cache answers for it")

    def list_url(self, community: str) -> str:
        """Return the address of a list's pages."""
        return f"{self._desk.spec.url}/list/{quote(community, safe='@')}"

    def url_of(self, community: str, mail: Mail) -> str | None:
        """Return the address of a mail."""
        return mail.id_hash and f"{self.list_url(community)}/message/{mail.id_hash}/"

    def _exported(self, community: str, wanted: Mapping[str, str]) -> Mailbox | None:
        """Read what an export holds; None where the site's owner has switched it off."""
        address = f"{self.list_url(community)}/export/mails.mbox.gz"
        response = self._desk.client.get(address, params=wanted, accept=(SWITCHED_OFF,))
        if response.status == SWITCHED_OFF:
            return None
        return self._desk.mailbox(response.content, response.fetched_at)

    def _by_itself(self, ref: PostRef) -> Mail | None:
        """Ask for one mail by the hash that its address holds."""
        found = _MESSAGE.search(ref.url or "")
        if found is None:
            return None
        item = self._detail(ref.community, found.group(1))
        return None if item is None else read_email(item, self._desk.clock.now())

    def _detail(self, community: str, id_hash: str) -> Mapping[str, Any] | None:
        address = f"{self._desk.spec.url}/api/list/{quote(community, safe='@')}/email/{id_hash}/"
        try:
            response = self._desk.client.get(address, params={"format": "json"})
        except Gone:
            return None
        return json_object(response.content, what="a mail's address")

    def _one_by_one(self, community: str, start: datetime, end: datetime) -> Mailbox:
        """Read the mails of a window without the export: those that the list names."""
        if community not in self._listings:
            self._listings[community] = list(self.listed(community, "emails/"))
        wanted = [i for i in self._listings[community] if _is_within(i, start, end)]
        return self._single_mails(community, wanted)

    def _single_mails(self, community: str, items: Sequence[Mapping[str, Any]]) -> Mailbox:
        if len(items) > MOST_SINGLE_MAILS:
            raise ResponseRefused(
                f"a list of {self._desk.spec.source} has no export, and {len(items)} mails of one "
                "day would be read one by one; ask its owner for the export"
            )
        mails: list[Mail] = []
        unreadable = 0
        for item in items:
            try:
                id_hash = text_field(item, "message_id_hash")
                detail = self._detail(community, id_hash)
                if detail is not None:
                    mails.append(read_email(detail, self._desk.clock.now()))
            except MalformedItem:
                unreadable += 1
        fetched_at = self._desk.clock.now()
        return Mailbox(mails=tuple(mails), unreadable=unreadable, size=0, fetched_at=fetched_at)


def read_email(item: Mapping[str, Any], now: datetime) -> Mail:
    """Read a mail as the REST interface gives it; raises `MalformedItem`."""
    message_id = message_id_of(text_field(item, "message_id"))
    content = text_field(item, "content").replace("\r\n", "\n")
    who = sender_of(str(object_field(item, "sender").get("address") or ""))
    name = item.get("sender_name")
    sender = Sender(who.address, name if isinstance(name, str) else "")
    parent = _EMAIL.search(str(item.get("parent") or ""))
    thread = _THREAD.search(str(item.get("thread") or ""))
    own = archive_hash(message_id) if message_id else None
    roots = [thread.group(1)] if thread and thread.group(1) != own else []
    attachments = item.get("attachments")
    written = time_field(item, "date")
    return Mail(
        id_hash=own,
        parent_hash=parent.group(1) if parent else None,
        reference_hashes=tuple(roots),
        sender=sender,
        written=Moment(written, zone_known=True) if written <= now + timedelta(days=2) else None,
        subject=thread_subject(text_field(item, "subject")),
        body=read_body(content, sender.name),
        raw=trimmed(content),
        attachments=len(attachments) if isinstance(attachments, list) else 0,
    )


def _is_within(item: Mapping[str, Any], start: datetime, end: datetime) -> bool:
    try:
        return start <= time_field(item, "date") < end
    except MalformedItem:
        return False


class _Walk:
    """One harvest of one list: what came, and which threads it did not make whole."""

    def __init__(
        self,
        desk: Desk,
        archive: HyperKitty,
        community: Community,
        known: Known,
        *,
        since: datetime | None,
    ) -> None:
        self._desk = desk
        self._archive = archive
        self._community = community
        self._known = known
        self._since = since
        self._threads = MailThreads()
        self._fresh: Counter[str] = Counter()
        self._deferred: list[Mail] = []
        self._landed: set[str] = set()

    def batch(self, box: Mailbox, cursor: Mapping[str, str]) -> Batch:
        """Make the batch of a window; replies to mails that lie outside wait for their thread."""
        self._threads.note(box.mails)
        outside = [mail for mail in box.mails if self._threads.is_outside(mail)]
        self._deferred += outside
        left = {id(mail) for mail in outside}
        inside = tuple(mail for mail in box.mails if id(mail) not in left)
        reading = self._reading(
            Mailbox(
                mails=inside,
                unreadable=box.unreadable,
                size=box.size,
                fetched_at=box.fetched_at,
            )
        )
        self._count(reading.posts)
        return batch_of(self._community, reading, since=self._since, cursor=cursor)

    def whole_threads(self, start: datetime) -> Iterator[Batch]:
        """Yield the threads with mails that the windows did not bring, as far as they go."""
        counts: list[ThreadCount] = []
        wanting: list[tuple[str, int]] = []
        try:
            for thread, expected in self._active(start):
                whole = self._whole(self._desk.thread_id(thread), expected)
                counts += [whole] if whole else []
                wanting += [] if whole else [(thread, expected)]
        except (Blocked, Gone):  # an archive that keeps its REST interface closed
            yield self._batch_without_counts()
            return
        yield self._counted(counts, complete=len(wanting) <= MOST_THREADS)
        for thread, expected in wanting[:MOST_THREADS]:
            yield self._whole_thread(thread, expected)

    def _active(self, start: datetime) -> Iterator[tuple[str, int]]:
        """Yield the threads in which somebody wrote since, and how many mails each has."""
        for item in self._archive.listed(self._community.community, "threads/"):
            try:
                thread = text_field(item, "thread_id")
                expected = whole_field(item, "replies_count") + 1
                if time_field(item, "date_active") < start:
                    return
            except MalformedItem:
                continue
            yield thread, expected

    def _whole(self, native_thread_id: str, expected: int) -> ThreadCount | None:
        """Return a thread's count if all that it promises is known."""
        before = self._known.threads.get(native_thread_id)
        fresh = self._fresh[native_thread_id]
        promised_before = (before.expected or before.n_posts) if before else 0
        if expected != promised_before + fresh:
            return None
        held = fresh + (before.n_posts if before else 0)
        return ThreadCount(native_thread_id=native_thread_id, expected=expected, fetched=held)

    def _whole_thread(self, thread: str, expected: int) -> Batch:
        box = self._archive.thread(self._community.community, thread)
        for mail in box.mails:
            if mail.id_hash is not None:
                self._threads.tell(mail.id_hash, thread)
        reading = self._reading(box)
        left_out = sum(n for reason, n in reading.drops.items() if reason != MALFORMED)
        count = ThreadCount(
            native_thread_id=self._desk.thread_id(thread),
            expected=expected,
            fetched=len(reading.posts) + left_out,
        )
        fresh = [post for post in reading.posts if post.native_id not in self._landed]
        return batch_of(
            self._community,
            Reading(posts=tuple(fresh), drops=reading.drops),
            since=self._since,
            expected=expected - (len(reading.posts) - len(fresh)),
            threads=[count],
        )

    def _batch_without_counts(self) -> Batch:
        """Make the batch of the replies that waited: their parents stand for their threads."""
        box = Mailbox(
            mails=tuple(self._deferred), unreadable=0, size=0, fetched_at=self._desk.clock.now()
        )
        return batch_of(self._community, self._reading(box), since=self._since)

    def _counted(self, counts: Sequence[ThreadCount], *, complete: bool) -> Batch:
        return Batch(
            source=self._community.source,
            community=self._community.community,
            threads=tuple(counts),
            complete=complete,
        )

    def _reading(self, box: Mailbox) -> Reading:
        name = self._community.community
        return self._desk.reading(box, name, self._threads, partial(self._archive.url_of, name))

    def _count(self, posts: Sequence[Post]) -> None:
        for post in posts:
            too_old = self._since is not None and post.created_at < self._since
            if too_old or post.native_id in self._landed:
                continue
            self._landed.add(post.native_id)
            before = self._known.threads.get(post.native_thread_id)
            if before is None or post.created_at > before.last_post_at:
                self._fresh[post.native_thread_id] += 1
