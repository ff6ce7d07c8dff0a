"""Mastodon's statuses as records: what is kept of them, whose, and in which thread.

Not kept are boosts, what is not public, and statuses of people who ask not to be read by machines:
`noindex`, or `#nobot` in the profile. A hashtag is put on to be found. Where a status was found
without one, by a server's whole timeline or as a reply, an account that its owner keeps out of
discovery or search (`discoverable` or `indexable` false) is left alone too.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal

from harvesters.base import SourceSpec
from harvesters.json_fields import (
    MalformedItem,
    json_list,
    json_object,
    object_field,
    optional_text,
    optional_time,
    text_field,
    time_field,
    web_address,
)
from harvesters.markup import html_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, read_items
from warehouse.records import Known, Post, PostRef

OPTED_OUT, NOT_PUBLIC = "opted_out", "not_public"
PUBLIC = frozenset({"public", "unlisted"})
Consent = Literal["opt_out", "found", "opt_in"]
_NOBOT = re.compile(r"#\s*(?:<span>)?no-?bots?\b", re.IGNORECASE)
_OPENNESS = ("discoverable", "indexable")


def parse_statuses(content: bytes, context: ReadContext) -> list[Post]:
    """Read the statuses of a timeline; threads are known as far as they are in the same answer."""
    items = json_list(content, what=context.host)
    reading = read_items(items, partial(build_status, context), what=context.host)
    return Threads(Known()).resolve(reading.posts)


def parse_context(content: bytes, context: ReadContext) -> list[Post]:
    """Read what stands before and after a status in its thread."""
    answer = json_object(content, what=context.host)
    items = [item for name in ("ancestors", "descendants") for item in listed(answer, name)]
    reading = read_items(items, partial(build_status, context, consent="found"), what=context.host)
    return Threads(Known()).resolve(reading.posts)


def build_status(
    context: ReadContext,
    item: Mapping[str, Any],
    *,
    known: PostRef | None = None,
    consent: Consent = "opt_out",
) -> Post:
    """Make the record of one status; a new reply stands for the time being in its parent's thread.

    A server forgets what a status replied to when that is deleted, so a `known` one stays in its
    thread and of its kind. Raises `Dropped` for boosts, for what is not public, and where the
    author wishes no processing.
    """
    if item.get("reblog") is not None:
        raise Dropped("reblog")
    if text_field(item, "visibility") not in PUBLIC:
        raise Dropped(NOT_PUBLIC)
    account = object_field(item, "account")
    if not _may_be_read(account, consent):
        raise Dropped(OPTED_OUT)
    native_id = _status_id(item)
    parent = optional_text(item, "in_reply_to_id")
    replies = parent is not None or item.get("in_reply_to_account_id") is not None
    content = text_field(item, "content")
    return build_post(
        context,
        native_id=native_id,
        native_thread_id=known.native_thread_id if known else parent or native_id,
        native_parent_id=parent,
        kind=known.kind if known else "comment" if replies else "post",
        handle=optional_text(account, "acct"),
        created_at=time_field(item, "created_at"),
        edited_at=optional_time(item, "edited_at"),
        title=optional_text(item, "spoiler_text") or "",
        body=partial(html_to_text, content),
        raw=content,
        url=web_address(item, "url"),
        automated=account.get("bot") is True,
        item=optional_text(item, "uri"),
    )


def consent_of(spec: SourceSpec, *, by_tag: bool) -> Consent:
    """Return whose statuses a source keeps: by its option `consent`, else by how they are found.

    `opt_out` leaves out who refuses, `found` also who keeps out of discovery or search, `opt_in`
    everybody who did not choose both.
    """
    match spec.options.get("consent"):
        case "opt_in":
            return "opt_in"
        case "opt_out":
            return "opt_out"
    return "opt_out" if by_tag else "found"


def _may_be_read(account: Mapping[str, Any], consent: Consent) -> bool:
    if account.get("noindex") is True or _NOBOT.search(optional_text(account, "note") or ""):
        return False
    if consent == "found":
        return all(account.get(name) is not False for name in _OPENNESS)
    return consent == "opt_out" or all(account.get(name) is True for name in _OPENNESS)


class Threads:
    """Finds the first status of a reply's conversation, as far as its statuses are known."""

    def __init__(self, known: Known) -> None:
        self._parents: dict[str, str] = {}
        self._thread_of = {name: name for name in known.threads}
        self._thread_of |= {t.last_native_id: name for name, t in known.threads.items()}

    def note(self, items: Sequence[Any]) -> None:
        """Take down what statuses reply to, whether they are kept or not."""
        for item in items:
            parent = optional_text(item, "in_reply_to_id") if isinstance(item, dict) else None
            if parent:
                self._parents.update(dict.fromkeys(ids([item]), parent))

    def resolve(self, posts: Sequence[Post]) -> list[Post]:
        """Return posts in their threads."""
        for post in posts:
            if post.native_parent_id:
                self._parents[post.native_id] = post.native_parent_id
        return [
            replace(post, native_thread_id=self.root(post.native_parent_id))
            if post.native_parent_id
            else post
            for post in posts
        ]

    def root(self, native_id: str) -> str:
        """Return the thread of a status."""
        met: set[str] = set()
        while native_id not in met and native_id not in self._thread_of:
            met.add(native_id)
            native_id = self._parents.get(native_id, native_id)
        return self._thread_of.get(native_id, native_id)


def _status_id(item: Mapping[str, Any]) -> str:
    native_id = text_field(item, "id")
    if not native_id:
        raise MalformedItem("id is empty")
    return native_id


def listed(answer: Mapping[str, Any], name: str) -> list[Any]:
    """Return a list of an answer, or nothing where there is none."""
    value = answer.get(name)
    return value if isinstance(value, list) else []


def ids(items: Sequence[Any]) -> list[str]:
    """Return the ids of those items that have one."""
    return [
        item["id"]
        for item in items
        if isinstance(item, dict) and isinstance(item.get("id"), str) and item["id"]
    ]


def age(native_id: str) -> tuple[int, str]:
    """Order ids by age: numbers, or texts of equal length, that count up."""
    return len(native_id), native_id
