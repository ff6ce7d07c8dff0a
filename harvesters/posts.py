"""The one place where what a platform said becomes a `Post`: pseudonymised, redacted, in memory."""

import re
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise
from typing import Any, NotRequired, TypedDict, Unpack
from urllib.parse import unquote, urlsplit

from harvesters.addresses import without_tracking
from harvesters.boilerplate import is_boilerplate
from harvesters.language import detect_language, detect_languages
from harvesters.markup import MARKUP_VERSION, Markup, clean
from warehouse.protection.hosts import host_hash
from warehouse.protection.keys import SEPARATOR, KeyRing, canonical_account
from warehouse.protection.mentions import MENTIONS_VERSION, replace_mentions
from warehouse.protection.redaction import REDACTOR_VERSION, redact
from warehouse.records import Post, PostKind

TEXT_VERSION = 10_000 * MARKUP_VERSION + 100 * MENTIONS_VERSION + REDACTOR_VERSION
LONGEST_TEXT = 200_000  # characters: no person's post is longer; what is, is a dump or an attack
_USER_SEGMENTS = frozenset({"u", "user", "users", "author", "profile", "member", "members"})
_TELLING = re.compile(r"(?=.*[\d_.\-\s]).{4,}")


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """Where and when an answer was read, and the keys that its people are hidden by.

    `host` is the home host of accounts without one in their handle: the site's own, lower case,
    with its port where that is not the scheme's. `known_hash` is the content hash of the one post
    that a recheck is about: as long as it holds, nothing of the post needs to be worked out again.
    """

    source: str
    platform: str
    host: str
    community: str
    fetched_at: datetime
    keys: KeyRing
    known_hash: str | None = None


class Unchanged(Exception):  # not a failure: what most rechecks find
    """The platform's own text is the known one."""


class PostParts(TypedDict):
    """What a platform says of one post or comment.

    `raw` is the platform's own text of the body, before any cleaning: edits are told by its keyed
    hash. A `url` that spells the account's name is left out. A `body` that is a function is asked
    only where it is needed. `item` is the id that the post bears on every server that shows it
    (an ActivityPub address, a Message-ID): its keyed hash lets one item enter once. `automated`
    says that the platform flags a machine; what reads as a template is marked without it.
    """

    native_id: str
    native_thread_id: str
    native_parent_id: str | None
    kind: PostKind
    handle: str | None
    created_at: datetime
    edited_at: datetime | None
    title: str
    body: Markup | Callable[[], Markup]
    raw: str
    url: str | None
    automated: NotRequired[bool]
    item: NotRequired[str | None]


@dataclass(frozen=True, slots=True)
class Draft:
    """A post that is protected, and lacks nothing but its language."""

    own_text: str
    _fields: dict[str, Any]

    def post(self, language: str | None) -> Post:
        """Return the record."""
        return Post(own_text=self.own_text, language=language, **self._fields)


def build_post(context: ReadContext, **parts: Unpack[PostParts]) -> Post:
    """Make the record of one post or comment; `PostParts` says of what.

    Raises
    ------
    Unchanged
        If the context knows the post's hash and it still holds.
    """
    draft = draft_post(context, **parts)
    return draft.post(detect_language(draft.own_text))


def finished(drafts: Sequence[Draft]) -> list[Post]:
    """Return the records of many posts; their languages are told together, which is faster."""
    languages = detect_languages([draft.own_text for draft in drafts])
    return [draft.post(language) for draft, language in zip(drafts, languages, strict=True)]


def draft_post(
    context: ReadContext,
    *,
    native_id: str,
    native_thread_id: str,
    native_parent_id: str | None,
    kind: PostKind,
    handle: str | None,
    created_at: datetime,
    edited_at: datetime | None,
    title: str,
    body: Markup | Callable[[], Markup],
    raw: str,
    url: str | None,
    automated: bool = False,
    item: str | None = None,
) -> Draft:
    """As `build_post`, without the post's language."""
    content_hash = context.keys.content_hash(f"{title}{SEPARATOR}{raw}" if kind == "post" else raw)
    if content_hash == context.known_hash:
        raise Unchanged(native_id)
    body = body() if callable(body) else body
    protector = _Protector(context, handle)
    clean_title = protector.protect(clean(title).replace("\n", " "))
    text = protector.protect(body.text[:LONGEST_TEXT])
    own_body = text if body.own_text == body.text else protector.again(body.own_text[:LONGEST_TEXT])
    own_parts = (clean_title, own_body) if kind == "post" else (own_body,)
    own_text = "\n".join(part for part in own_parts if part)
    fields = {
        "source": context.source,
        "community": context.community,
        "native_id": native_id,
        "native_thread_id": native_thread_id,
        "native_parent_id": native_parent_id,
        "kind": kind,
        "author_key": protector.author_key,
        "created_at": created_at,
        "edited_at": edited_at,
        "harvested_at": context.fetched_at,
        "title": clean_title,
        "text": text,
        "url": _link(url, protector.names),
        "content_hash": content_hash,
        "text_version": TEXT_VERSION,
        "automated": automated or is_boilerplate(own_body),
        "redactions": dict(protector.counts),
        "item_key": context.keys.content_hash(item) if item else None,
        "host_key": host_hash(context.keys, protector.home_host),
    }
    return Draft(own_text, fields)


class _Protector:
    """Hides people in the texts of one post, and counts what it hid."""

    def __init__(self, context: ReadContext, handle: str | None) -> None:
        self.counts: Counter[str] = Counter()
        self.author_key: str | None = None
        self.names: frozenset[str] = frozenset()
        self.home_host = context.host
        self._context = context
        self._telling_names: tuple[str, ...] = ()
        if handle and handle.strip():
            self._know_author(handle)

    def _know_author(self, handle: str) -> None:
        context = self._context
        self.author_key = context.keys.author_key(context.platform, context.host, handle)
        self.home_host, full = canonical_account(context.platform, context.host, handle)
        self.names = frozenset({full, full.partition("@")[0], handle.strip().lower()})
        # a name that is also a word ("hope") cannot be told from the word; a telling one can
        longest_first = sorted(self.names, key=len, reverse=True)
        self._telling_names = tuple(name for name in longest_first if _TELLING.fullmatch(name))

    def protect(self, text: str) -> str:
        """Return `text` without people's identifiers, counting them."""
        return self._hide(text, self.counts)

    def again(self, text: str) -> str:
        """Return a part of a protected text without identifiers, not counting them twice."""
        return self._hide(text, Counter())

    def _hide(self, text: str, counts: Counter[str]) -> str:
        if not text:
            return text
        context = self._context
        mentions = replace_mentions(
            text, platform=context.platform, host=context.host, keys=context.keys
        )
        if mentions.counts:
            counts.update(mentions.counts)
        redacted = redact(self._hide_own_names(mentions.text, counts))
        if redacted.counts:
            counts.update(redacted.counts)
        return redacted.text

    def _hide_own_names(self, text: str, counts: Counter[str]) -> str:
        if not self._telling_names:
            return text
        lowered = text.lower()
        for name in self._telling_names:
            if name in lowered:  # seldom, and a pattern costs more than all else here
                pattern = re.compile(rf"(?<![\w@]){re.escape(name)}(?!\w)", re.IGNORECASE)
                text, hits = pattern.subn(f"author_{self.author_key}", text)
                counts.update({"mention": hits} if hits else {})
        return text


def _link(url: str | None, names: frozenset[str]) -> str | None:
    """Return what is kept of a post's address."""
    return None if url is None or _names_account(url, names) else without_tracking(url)


def _names_account(url: str, names: frozenset[str]) -> bool:
    """Tell whether an address spells the account: as `/@name`, or after a word such as `users`.

    One that cannot be read counts as if it did, since nobody can say that it does not.
    """
    if not names:
        return False
    try:
        segments = unquote(urlsplit(url).path).lower().split("/")
    except ValueError:
        return True
    return any(
        segment.removeprefix("@") in names and (segment[0] == "@" or before in _USER_SEGMENTS)
        for before, segment in pairwise(segments)
        if segment
    )
