"""Posts and comments of WordPress's REST API as records."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from harvesters.json_fields import (
    json_list,
    object_field,
    optional_text,
    optional_time,
    text_field,
    time_field,
    web_address,
    whole_field,
)
from harvesters.markup import html_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, Reading, read_items
from warehouse.records import Post

NO_DATE = "no_date"
PASSWORD = "password"  # noqa: S105 # the reason why a post's text is not shown
HIDDEN = {PASSWORD: "login_required"}


def parse_posts(content: bytes, context: ReadContext) -> list[Post]:
    """Read the posts of an answer of `/wp-json/wp/v2/posts`; what is not kept is left out."""
    items = json_list(content, what=what_of("posts", context.host))
    return list(read_listed(items, context, route="posts").posts)


def parse_comments(content: bytes, context: ReadContext) -> list[Post]:
    """Read the comments of an answer of `/wp-json/wp/v2/comments`."""
    items = json_list(content, what=what_of("comments", context.host))
    return list(read_listed(items, context, route="comments").posts)


def build_blog_post(context: ReadContext, item: Mapping[str, Any]) -> Post:
    """Make the record of one post; raises `Dropped` where its text is behind a password."""
    native_id = f"post:{whole_field(item, 'id')}"
    content = object_field(item, "content")
    if content.get("protected") is True:
        raise Dropped(PASSWORD)
    created_at = _created_at(item)
    modified_at = optional_time(item, "modified_gmt")
    author = whole_field(item, "author") if item.get("author") else 0
    raw = text_field(content, "rendered")
    return build_post(
        context,
        native_id=native_id,
        native_thread_id=native_id,
        native_parent_id=None,
        kind="post",
        handle=str(author) if author else None,
        created_at=created_at,
        edited_at=modified_at if modified_at and modified_at > created_at else None,
        title=html_to_text(text_field(object_field(item, "title"), "rendered")).text,
        body=partial(html_to_text, raw),
        raw=raw,
        url=web_address(item, "link"),
    )


def build_comment(context: ReadContext, item: Mapping[str, Any]) -> Post:
    """Make the record of one comment; raises `Dropped` for what a machine sent (pingbacks)."""
    if item.get("type", "comment") != "comment":
        raise Dropped("pingback")
    thread = f"post:{whole_field(item, 'post')}"
    parent = whole_field(item, "parent") if item.get("parent") else 0
    raw = text_field(object_field(item, "content"), "rendered")
    return build_post(
        context,
        native_id=f"comment:{whole_field(item, 'id')}",
        native_thread_id=thread,
        native_parent_id=f"comment:{parent}" if parent else thread,
        kind="comment",
        handle=_commenter(item),
        created_at=_created_at(item),
        edited_at=None,
        title="",
        body=partial(html_to_text, raw),
        raw=raw,
        url=web_address(item, "link"),
    )


def builder(route: str) -> Callable[[ReadContext, Mapping[str, Any]], Post]:
    """Return what makes a record of the items of a route."""
    return build_comment if route == "comments" else build_blog_post


def read_listed(items: Sequence[Any], context: ReadContext, *, route: str) -> Reading:
    """Read the items of a list."""
    return read_items(items, partial(builder(route), context), what=what_of(route, context.host))


def what_of(route: str, place: str) -> str:
    """Say which list is meant, without what was asked of it."""
    return f"the list of {route} of {place.partition('?')[0]}"


def _created_at(item: Mapping[str, Any]) -> datetime:
    if item.get("date_gmt") is None:
        raise Dropped(NO_DATE)
    return time_field(item, "date_gmt")


def _commenter(item: Mapping[str, Any]) -> str | None:
    """Return the account number of a registered commenter, else the name that a guest gave."""
    account = whole_field(item, "author") if item.get("author") else 0
    if account:
        return str(account)
    name = optional_text(item, "author_name")
    return f"guest {name}" if name and name.strip().isdigit() else name
