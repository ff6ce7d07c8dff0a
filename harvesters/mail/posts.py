"""From mails to posts: whose they are, which thread they belong to, by what ids they are known.

A Message-ID may spell a person's address, and native ids lie in segments: so a post's ids are keyed
hashes of the archive hash of the Message-ID. Mailman's archives name mails and threads by the same
hash, so that a mail has one id whichever archive shows it, and a thread that only its first mail's
hash is known of is the same thread.

The author is the address, at home on its own domain: one account on all lists and archives.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from harvesters.mail.mboxes import Piece, mails_of, unpacked
from harvesters.mail.messages import Mail, UnreadableMail, parse_mail
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, Reading, read_items
from warehouse.protection.keys import BY_ADDRESS, SEPARATOR, KeyRing
from warehouse.records import Post

PLATFORM = BY_ADDRESS
NO_DATE, OPTED_OUT, EMPTY = "no_date", "opted_out", "empty"
UrlOf = Callable[[Mail], str | None]
MOST_STEPS = 10_000  # from a reply to its thread's root


class MailThreads:
    """Finds the thread of every mail by the mails that it names, over all mails read so far.

    A thread is named by the hash of its first mail; where that mail was never seen, by the first
    reference to it. `outside` are replies whose thread only the archive can tell.
    """

    def __init__(self) -> None:
        self._parents: dict[str, tuple[str, ...]] = {}
        self._threads: dict[str, str] = {}
        self._told: set[str] = set()

    def note(self, mails: Iterable[Mail]) -> None:
        """Remember what mails say of their place."""
        for mail in mails:
            if mail.id_hash is not None:
                self._parents.setdefault(mail.id_hash, _named(mail))

    def tell(self, id_hash: str, thread: str) -> None:
        """Remember the thread of a mail that its archive told."""
        self._threads[id_hash] = thread
        self._told.add(thread)

    def thread_of(self, mail: Mail) -> str | None:
        """Return the hash that names a mail's thread; None for a mail that has no id."""
        if mail.id_hash in self._threads:
            return self._threads[mail.id_hash]
        named = _named(mail)
        told = next((self._threads[n] for n in named if n in self._threads), None)
        thread = told or (self._root(named[0]) if named else mail.id_hash)
        if mail.id_hash is not None and thread is not None:
            self._threads[mail.id_hash] = thread
        return thread

    def is_outside(self, mail: Mail) -> bool:
        """Tell whether a reply names neither its thread's first mail nor one that leads to it."""
        if mail.id_hash in self._threads or mail.reference_hashes or not _named(mail):
            return False
        root = self._root(_named(mail)[0])
        return root not in self._parents and root not in self._told

    def _root(self, name: str) -> str:
        """Follow replies to the first mail; where they turn in a circle, its least name stands."""
        seen = {name: None}
        for _ in range(MOST_STEPS):
            if name in self._threads:
                return self._threads[name]
            above = self._parents.get(name, ())
            if not above:
                return name
            name = above[0]
            if name in seen:
                return min(seen)
            seen[name] = None
        return name


def _named(mail: Mail) -> tuple[str, ...]:
    """Return the mails that a reply names, the furthest up first."""
    if mail.parent_hash is None or mail.parent_hash in mail.reference_hashes:
        named = mail.reference_hashes
    else:
        named = (*mail.reference_hashes, mail.parent_hash)
    return tuple(name for name in named if name != mail.id_hash)


def native_id(keys: KeyRing, id_hash: str) -> str:
    """Return the id under which a mail or thread is stored."""
    return keys.content_hash(SEPARATOR.join(("message-id", id_hash)))


def parse_mbox(content: bytes, context: ReadContext) -> list[Post]:
    """Read the mails of an mbox, also of a gzip one; what is not kept is left out."""
    return list(read_mbox(content, context).posts)


def read_mbox(content: bytes, context: ReadContext) -> Reading:
    """Read the mails of an mbox with the threads that they form among themselves."""
    pieces = mails_of(unpacked(content, what=context.host), what=context.host)
    mails, unreadable = read_pieces(pieces, now=context.fetched_at)
    threads = MailThreads()
    threads.note(mails)
    return read_mails(mails, context, threads, unreadable=unreadable)


def read_pieces(pieces: Iterable[Piece], *, now: datetime) -> tuple[list[Mail], int]:
    """Read the mails of a mailbox; also return how many could not be read."""
    mails: list[Mail] = []
    unreadable = 0
    for piece in pieces:
        try:
            mails.append(parse_mail(piece.content, now=now, archived=piece.archived))
        except UnreadableMail:
            unreadable += 1
    return mails, unreadable


def read_mails(
    mails: Sequence[Mail],
    context: ReadContext,
    threads: MailThreads,
    *,
    unreadable: int = 0,
    url_of: UrlOf = lambda _: None,
) -> Reading:
    """Make the posts of mails; each is counted as a post or as a drop, unreadable ones too."""

    def build(item: Mapping[str, Mail]) -> Post:
        mail = item["mail"]
        return build_mail_post(context, mail, thread=threads.thread_of(mail), url=url_of(mail))

    items: list[object] = [{"mail": mail} for mail in mails]
    return read_items([*items, *[None] * unreadable], build, what=context.host)


def build_mail_post(
    context: ReadContext, mail: Mail, *, thread: str | None, url: str | None = None
) -> Post:
    """Make the record of one mail.

    Raises `Dropped` where its author asked not to be archived, or it has no date or no text.
    """
    if mail.opted_out:
        raise Dropped(OPTED_OUT)
    if mail.written is None:
        raise Dropped(NO_DATE)
    if not mail.body.text and not (mail.subject and mail.parent_hash is None):
        raise Dropped(EMPTY)
    keys = context.keys
    own = native_id(keys, mail.id_hash) if mail.id_hash else _made_id(context, mail)
    named = (mail.parent_hash, *reversed(mail.reference_hashes))
    parent = next((name for name in named if name not in {None, mail.id_hash}), None)
    post = build_post(
        context,
        native_id=own,
        native_thread_id=native_id(keys, thread) if thread else own,
        native_parent_id=native_id(keys, parent) if parent else None,
        kind="comment" if parent else "post",
        handle=mail.sender.address,
        created_at=mail.written.at,
        edited_at=None,
        title="" if parent else mail.subject,
        body=mail.body,
        raw=mail.raw,
        url=url,
        automated=mail.automated,
    )
    taken_out = {"attachment": mail.attachments} if mail.attachments else {}
    return replace(post, item_key=own, redactions={**post.redactions, **taken_out})


def _made_id(context: ReadContext, mail: Mail) -> str:
    """Return an id for a mail that has none, of what it says and when."""
    written = mail.written.at.isoformat() if mail.written else ""
    parts = ("no-message-id", written, mail.sender.address or "", mail.subject, mail.raw)
    return context.keys.content_hash(SEPARATOR.join(parts))
