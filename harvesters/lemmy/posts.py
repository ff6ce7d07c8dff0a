"""One Lemmy post or comment, in the names that version 3 or 4 of the API gives its fields.

What an author deleted and what moderators removed stays listed as an empty shell with a mark; it is
dropped by that reason. Posts and comments are counted apart, so an id says which of them it is.
"""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from harvesters.base import ParseError
from harvesters.json_fields import (
    MalformedItem,
    json_object,
    object_field,
    optional_text,
    text_field,
    utc_time,
    web_address,
    whole_field,
)
from harvesters.markdown import markdown_to_text
from harvesters.markup import Markup
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, read_items
from warehouse.records import Post

BY_AUTHOR, REMOVED = "deleted_by_author", "removed"
HIDDEN = {BY_AUTHOR: BY_AUTHOR, REMOVED: REMOVED}
_PATH = re.compile(r"0(?:\.\d{1,19})+")
_NAME = re.compile(r"[\w.-]{1,255}")
_SPOILER = re.compile(r"^\s*:::(?:\s*spoiler\b)?", re.IGNORECASE | re.MULTILINE)
_ACCOUNT_LINK = re.compile(
    r"\[[^\[\]]*\]\([ \t]*(?:https?://(?P<host>[\w.-]+(?::\d{1,5})?))?/(?:u/|users/|@)"
    r"(?P<name>[\w.-]+)(?:@(?P<home>[\w.-]+))?/?[ \t]*\)",
    re.IGNORECASE,
)


def parse_views(content: bytes, context: ReadContext) -> list[Post]:
    """Read the posts or comments of a listing, or the one of an answer about it alone."""
    views = listed(json_object(content, what=context.host), what=context.host)
    return list(read_items(views, partial(build_view, context), what=context.host).posts)


def listed(answer: Mapping[str, Any], *, what: str) -> list[Any]:
    """Return the items of an answer: of version 4, of version 3, or about one item."""
    for name in ("items", "posts", "comments"):
        if isinstance(answer.get(name), list):
            items: list[Any] = answer[name]
            return items
    for name in ("comment_view", "post_view"):
        if isinstance(answer.get(name), Mapping):
            return [answer[name]]
    raise ParseError(
        f"{what} answered without posts or comments; see whether the source's url is that of a "
        "Lemmy server"
    )


def build_view(context: ReadContext, view: Mapping[str, Any], *, site: str | None = None) -> Post:
    """Make the record of a post or comment; raises `Dropped` for an empty shell."""
    item = _item(view)
    reason = why_hidden(item)
    if reason:
        raise Dropped(reason)
    creator, is_comment = object_field(view, "creator"), "comment" in view
    number = whole_field(item, "id")
    thread, parent = _place(item) if is_comment else (native_post(number), None)
    text = text_field(item, "content") if is_comment else optional_text(item, "body") or ""
    return build_post(
        context,
        native_id=native_id(view),
        native_thread_id=thread,
        native_parent_id=parent,
        kind="comment" if is_comment else "post",
        handle=_handle(creator, context.host),
        created_at=published_at(view),
        edited_at=_edited_at(item),
        title="" if is_comment else text_field(item, "name"),
        body=partial(_body, text, context.host),
        raw=text,
        url=f"{site or f'https://{context.host}'}/{'comment' if is_comment else 'post'}/{number}",
        automated=_flag(creator, "bot_account"),
        item=optional_text(item, "ap_id"),
    )


def native_id(view: Mapping[str, Any]) -> str:
    """Return the id of a post or comment within its source."""
    kind = "comment" if "comment" in view else "post"
    return f"{kind}:{whole_field(_item(view), 'id')}"


def native_post(number: int) -> str:
    """Return the id of a post within its source."""
    return f"post:{number}"


def published_at(view: Mapping[str, Any]) -> datetime:
    """Return when a post or comment was written."""
    item = _item(view)
    name = "published_at" if "published_at" in item else "published"
    return utc_time(text_field(item, name), name=name)


def promised_posts(view: Mapping[str, Any]) -> tuple[str, int] | None:
    """Return a thread's id and how many posts it promises, where a view says so.

    Comments that are deleted or removed are not among those that a post counts.
    """
    post = object_field(view, "post")
    if why_hidden(post):
        return None
    counts = view.get("counts")
    if "comments" in post:
        number = whole_field(post, "comments")
    elif "comment" not in view and isinstance(counts, Mapping):
        number = whole_field(counts, "comments")
    else:
        return None
    return native_post(whole_field(post, "id")), 1 + number


def withdrawn(view: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield what a view says is no more, and why: itself, and the post that it stands below."""
    for kind in ("post", "comment"):
        item = view.get(kind)
        if not isinstance(item, Mapping):
            continue
        try:
            reason = why_hidden(item)
            if reason:
                yield f"{kind}:{whole_field(item, 'id')}", reason
        except MalformedItem:
            continue


def why_hidden(item: Mapping[str, Any]) -> str | None:
    """Tell why an item is an empty shell, or None where it is not."""
    if _flag(item, "deleted"):
        return BY_AUTHOR
    return REMOVED if _flag(item, "removed") else None


def _item(view: Mapping[str, Any]) -> Mapping[str, Any]:
    return object_field(view, "comment" if "comment" in view else "post")


def _place(comment: Mapping[str, Any]) -> tuple[str, str]:
    """Return a comment's thread and what it answers; its path names all above it, from 0."""
    thread = native_post(whole_field(comment, "post_id"))
    path = text_field(comment, "path")
    above, _, number = path.rpartition(".")
    if not _PATH.fullmatch(path) or number != str(whole_field(comment, "id")):
        raise MalformedItem("path does not lead to the comment")
    parent = above.rpartition(".")[2]
    return thread, f"comment:{parent}" if parent != "0" else thread


def _edited_at(item: Mapping[str, Any]) -> datetime | None:
    for name in ("updated_at", "updated"):
        if item.get(name) is not None:
            return utc_time(text_field(item, name), name=name)
    return None


def _handle(creator: Mapping[str, Any], host: str) -> str:
    """Return `name@home`; the home is that of the account's address."""
    name = text_field(creator, "name")
    if not _NAME.fullmatch(name):
        raise MalformedItem("name is none of an account")
    address = web_address(creator, "ap_id") or web_address(creator, "actor_id")
    if address is None:
        if not _flag(creator, "local"):
            raise MalformedItem("an account of another server has no address")
        return f"{name}@{host}"
    return f"{name}@{urlsplit(address).netloc}"


def _flag(item: Mapping[str, Any], name: str) -> bool:
    """Return a mark that is there or not; one that is anything else says nothing that is safe."""
    value = item.get(name)
    if value is not None and not isinstance(value, bool):
        raise MalformedItem(f"{name} is neither true nor false")
    return value is True


def _body(text: str, host: str) -> Markup:
    """Return clean text; a link to an account becomes the account, whatever words it bears."""

    def account(link: re.Match[str]) -> str:
        return f"@{link['name']}@{link['home'] or link['host'] or host}"

    return markdown_to_text(_SPOILER.sub("", _ACCOUNT_LINK.sub(account, text)))
