"""Reddit's "things": from the JSON of a submission (t3) or a comment (t1) to a post.

Fields are read with a default, since recordings and dumps of other years lack some. The live API
and dumps hold the same things, so that both are read here by the same rules.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from harvesters.base import ParseError
from harvesters.json_fields import (
    MalformedItem,
    as_object,
    is_web_address,
    json_object,
    object_field,
    optional_text,
    optional_whole,
    text_field,
)
from harvesters.markdown import markdown_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, read_items
from warehouse.records import Post, Sighting

HOST = "reddit.com"
SITE = "https://www.reddit.com"
DELETED_BY_AUTHOR, REMOVED, ACCOUNT_DELETED = "deleted_by_author", "removed", "account_deleted"
WITHDRAWN = {reason: reason for reason in (DELETED_BY_AUTHOR, REMOVED, ACCOUNT_DELETED)}
CROSSPOST = "crosspost"
SUBMISSION, COMMENT = "t3_", "t1_"

_FULLNAME = re.compile(r"t[13]_[0-9a-z]{1,13}")
_BY_AUTHOR = frozenset({"deleted", "author"})
_DELETED_TEXTS = frozenset({"[deleted]", "[deleted by user]"})
_REMOVED_TEXTS = frozenset({"[removed]", "[ removed by reddit ]", "[removed by reddit]"})
_STAFF = frozenset({"moderator", "admin"})
_MACHINES = frozenset({"automoderator", "automod", "reddit", "bot", "modmail"})
_BOT_NAME = re.compile(r"[-_][Bb]ot\d*$|[a-z0-9]B(?:ot|OT)\d*$|^[Bb]ot[-_]|-ModTeam$|_BOT$")


def parse_listing(content: bytes, context: ReadContext) -> list[Post]:
    """Read one answer of a listing as the API sends it; what was withdrawn is left out."""
    what = context.host
    data = json_object(content, what=what).get("data")
    children = data.get("children") if isinstance(data, dict) else None
    if not isinstance(children, list):
        raise ParseError(f"{what} answered with JSON that is no listing")
    return list(read_items(children, partial(_build_child, context), what=what).posts)


def _build_child(context: ReadContext, child: Mapping[str, Any]) -> Post:
    return build_thing(context, object_field(child, "data"))


def build_thing(context: ReadContext, thing: Mapping[str, Any]) -> Post:
    """Make the record of one submission or comment.

    Raises `Dropped` for what was deleted or removed, for what a deleted account left behind (the
    platform's terms ask to forget it), and for a crosspost that adds no word of its own.
    """
    name = fullname(thing)
    reason = why_withdrawn(thing)
    if reason:
        raise Dropped(reason)
    if name.startswith(SUBMISSION):
        return _build_submission(context, thing, name)
    return _build_comment(context, thing, name)


def _build_submission(context: ReadContext, thing: Mapping[str, Any], name: str) -> Post:
    title = text_field(thing, "title")
    body = own_body(thing)
    if body is None:
        raise Dropped(CROSSPOST)
    return build_post(
        context,
        native_id=name,
        native_thread_id=name,
        native_parent_id=None,
        kind="post",
        handle=handle_of(thing),
        created_at=_epoch(thing, "created_utc"),
        edited_at=edited_at(thing),
        title=title,
        body=partial(markdown_to_text, body),
        raw=body,
        url=_permalink(thing),
        automated=is_automated(thing),
    )


def _build_comment(context: ReadContext, thing: Mapping[str, Any], name: str) -> Post:
    body = text_field(thing, "body")
    return build_post(
        context,
        native_id=name,
        native_thread_id=_fullname(thing, "link_id"),
        native_parent_id=_fullname(thing, "parent_id"),
        kind="comment",
        handle=handle_of(thing),
        created_at=_epoch(thing, "created_utc"),
        edited_at=edited_at(thing),
        title="",
        body=partial(markdown_to_text, body),
        raw=body,
        url=_permalink(thing),
        automated=is_automated(thing),
    )


def fullname(thing: Mapping[str, Any]) -> str:
    """Return a thing's own id with its kind: `t1_…` a comment, `t3_…` a submission."""
    return _fullname(thing, "name")


def thread_of(thing: Mapping[str, Any]) -> str:
    """Return the submission that a thing stands under, or is."""
    name = fullname(thing)
    return name if name.startswith(SUBMISSION) else _fullname(thing, "link_id")


def age_of(name: str) -> int:
    """Return the number of a fullname; numbers count up as things are written."""
    return int(name[len(SUBMISSION) :], 36)


def created_at(thing: Mapping[str, Any]) -> datetime:
    """Return when a thing was written."""
    return _epoch(thing, "created_utc")


def promised_comments(thing: Mapping[str, Any]) -> int | None:
    """Return how many comments the thread of a thing has, where it says so."""
    return optional_whole(thing, "num_comments")


def handle_of(thing: Mapping[str, Any]) -> str | None:
    """Return the account that wrote a thing; None where it is deleted."""
    if thing.get("author", "") is None:
        return None
    author = text_field(thing, "author")  # what has none at all is broken, not deleted
    return None if author.lower() in _DELETED_TEXTS else author


def why_withdrawn(thing: Mapping[str, Any]) -> str | None:
    """Return why a thing is no longer to be kept; None where it stands.

    The category is Reddit's own word; without it the placeholders in the place of text tell, and
    a text without an account is what a deleted account left.
    """
    category = optional_text(thing, "removed_by_category")
    if category:
        return DELETED_BY_AUTHOR if category.lower() in _BY_AUTHOR else REMOVED
    return placeholder(thing) or (None if handle_of(thing) else ACCOUNT_DELETED)


def placeholder(thing: Mapping[str, Any]) -> str | None:
    """Return what a placeholder in the place of a title or a text says; None without one."""
    texts = {
        text.strip().lower()
        for name in ("title", "selftext", "body")
        if (text := optional_text(thing, name)) and len(text) < 40  # noqa: PLR2004 # placeholders are short
    }
    if texts & _REMOVED_TEXTS:
        return REMOVED
    return DELETED_BY_AUTHOR if texts & _DELETED_TEXTS else None


def own_body(thing: Mapping[str, Any]) -> str | None:
    """Return a submission's own text; None for a crosspost that only repeats another one.

    A crosspost shows the other submission's text, which is counted where it was written.
    """
    body = optional_text(thing, "selftext") or ""
    other = _crossposted(thing)
    if other is None:
        return body
    body = "" if body.strip() == (optional_text(other, "selftext") or "").strip() else body
    same_title = (optional_text(thing, "title") or "").strip() == (
        optional_text(other, "title") or ""
    ).strip()
    return None if same_title and not body.strip() else body


def is_automated(thing: Mapping[str, Any]) -> bool:
    """Tell whether a machine wrote a thing, or staff by template.

    Staff speak as people too: what a moderator marks as official counts as a template only where
    it is pinned as well.
    """
    staff = optional_text(thing, "distinguished") in _STAFF
    return (staff and thing.get("stickied") is True) or names_machine(handle_of(thing) or "")


def names_machine(handle: str) -> bool:
    """Tell whether an account's name declares it a machine or a moderators' shared account."""
    return handle.lower() in _MACHINES or _BOT_NAME.search(handle) is not None


def edited_at(thing: Mapping[str, Any]) -> datetime | None:
    """Return when a thing was edited; old edits are marked without a time."""
    edited = thing.get("edited")
    return None if edited is None or isinstance(edited, bool) else _epoch(thing, "edited")


def withdrawn(
    things: Sequence[object], context: ReadContext, *, seen_at: datetime
) -> list[Sighting]:
    """Return the sightings of what an answer shows as deleted or removed."""
    sightings = []
    for thing in things:
        try:
            item = as_object(thing)
            name, reason = fullname(item), why_withdrawn(item)
        except MalformedItem:
            continue  # counted where posts are made
        if reason:
            sightings.append(
                Sighting(
                    source=context.source,
                    community=context.community,
                    native_id=name,
                    outcome="gone",
                    seen_at=seen_at,
                    reason=reason,
                )
            )
    return sightings


def _crossposted(thing: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return the submission that a crosspost repeats; an empty one where it is not shown."""
    others = thing.get("crosspost_parent_list")
    if isinstance(others, list) and others and isinstance(others[0], Mapping):
        return others[0]
    return {} if optional_text(thing, "crosspost_parent") else None


def _permalink(thing: Mapping[str, Any]) -> str | None:
    path = optional_text(thing, "permalink")
    if path is None or not path.startswith("/"):
        return None
    address = SITE + path
    return address if is_web_address(address) else None


def _fullname(thing: Mapping[str, Any], field: str) -> str:
    name = text_field(thing, field)
    if not _FULLNAME.fullmatch(name):
        raise MalformedItem(f"{field} is no id of a submission or comment")
    return name


def _epoch(thing: Mapping[str, Any], field: str) -> datetime:
    value = thing.get(field)
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise MalformedItem(f"{field} is no time")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (ValueError, OverflowError, OSError) as error:
        raise MalformedItem(f"{field} is no time") from error
