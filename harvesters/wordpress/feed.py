"""WordPress's own feeds, as records that bear the ids of its REST API.

An Atom or RSS feed of WordPress says nearly what the API says: the text as rendered, the number of
an entry in its guid (`?p=12`), of a comment in its address (`#comment-45`), and Atom alone what a
comment replies to. So a site that is read by its feeds, and later by its API, is one set of posts.
Authors are known by the name that is shown, where the API gives the number of an account.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import partial

from lxml import etree

from harvesters.base import ParseError
from harvesters.json_fields import MalformedItem, is_web_address, utc_time
from harvesters.markup import html_to_text
from harvesters.posts import ReadContext, build_post
from harvesters.reading import Dropped, Reading, read_items
from warehouse.records import Post

NO_DATE = "no_date"
PINGBACK = "[\u2026]"  # what WordPress begins the text of a pingback with
NO_TEXT = "excerpt_only"
LARGEST = 2**63
_ENTRY = re.compile(r"[?&]p=(\d{1,19})\b")
_COMMENT = re.compile(r"#comment-(\d{1,19})\b")
# what WordPress puts before a reply, in feeds only: "In reply to X.", with a link to the comment
_ANSWERED = re.compile(
    r"^\s*<p>[^<>]{0,60}<a href=\"[^\"]*#comment-(\d{1,19})\"[^<>]*>[^<>]*</a>[^<>]{0,30}</p>\s*"
)
# an emoji that WordPress turned into a picture, for feed readers only
_EMOJI = re.compile(r"<img [^<>]*?alt=\"([^\"<>]{1,16})\"[^<>]*?class=\"wp-smiley\"[^<>]*?>")
_PREFIXES = {
    "http://purl.org/rss/1.0/modules/content/": "content:",
    "http://purl.org/rss/1.0/modules/slash/": "slash:",
    "http://purl.org/dc/elements/1.1/": "dc:",
    "http://purl.org/syndication/thread/1.0": "thr:",
}
_ENDINGS = (b"</rss>", b"</feed>")
_ENTRY_NAMES = ("item", "entry")


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedItem:
    """An entry or a comment as a feed shows it; `content` is None where it shows an excerpt."""

    guid: str
    link: str
    title: str
    author: str | None
    published: datetime | None
    updated: datetime | None
    content: str | None
    n_comments: int | None
    replies_to: str

    @property
    def entry_number(self) -> int | None:
        """The number of the entry, where the guid or what a comment answers tells it."""
        return _number(_ENTRY, self.guid) or _number(_ENTRY, self.replies_to)

    @property
    def comment_number(self) -> int | None:
        """The number of the comment."""
        return _number(_COMMENT, self.guid) or _number(_COMMENT, self.link)

    @property
    def parent_number(self) -> int | None:
        """The number of the comment that is replied to."""
        return _number(_COMMENT, self.replies_to)

    @property
    def page(self) -> str:
        """The address of the entry's page, without a comment's place on it."""
        page = self.link.partition("#")[0]
        return re.sub(r"comment-page-\d+/?$|[?&]cpage=\d+", "", page)


def feed_items(content: bytes, *, what: str) -> tuple[list[FeedItem], bool]:
    """Return the items of a feed and whether it came whole; its last one is left out if not."""
    parser = etree.XMLParser(
        recover=True, resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False
    )
    try:
        root = etree.fromstring(content.strip(), parser)
    except (etree.XMLSyntaxError, ValueError):
        root = None
    if root is None or not (_local(root) == "feed" or root.find("channel") is not None):
        raise ParseError(
            f"{what} answered with something that is no feed of WordPress; see whether the site "
            "is a WordPress that has its feeds switched on"
        )
    found = [element for element in root.iter() if _local(element) in _ENTRY_NAMES]
    whole = content.rstrip().endswith(_ENDINGS)
    return [_item(element) for element in (found if whole else found[:-1])], whole


def parse_feed_posts(content: bytes, context: ReadContext) -> list[Post]:
    """Read the entries of a feed whose guids tell their numbers and that shows whole texts."""
    items, _ = feed_items(content, what=context.host)

    def build(item: FeedItem) -> Post:
        if item.entry_number is None:
            raise Dropped("no_number")
        return build_feed_post(context, item, item.entry_number)

    return list(read_feed(items, build, what=context.host).posts)


def read_feed(
    items: Iterable[FeedItem], build: Callable[[FeedItem], Post], *, what: str
) -> Reading:
    """Build the post of each item, as `read_items` does."""
    return read_items(({"item": item} for item in items), lambda i: build(i["item"]), what=what)


def build_feed_post(
    context: ReadContext, item: FeedItem, number: int, *, text: str | None = None
) -> Post:
    """Make the record of an entry; `text` is the HTML of its page where the feed cuts it.

    Raises `Dropped` where there is no date or no whole text.
    """
    if item.published is None:
        raise Dropped(NO_DATE)
    if item.content is None and text is None:
        raise Dropped(NO_TEXT)
    raw = item.content if item.content is not None else html_to_text(text or "").text
    native_id = f"post:{number}"
    edited = item.updated if item.updated and item.updated > item.published else None
    return build_post(
        context,
        native_id=native_id,
        native_thread_id=native_id,
        native_parent_id=None,
        kind="post",
        handle=item.author,
        created_at=item.published,
        edited_at=edited,
        title=html_to_text(item.title).text,
        body=partial(html_to_text, raw if item.content is not None else text or ""),
        raw=raw,
        url=item.link if is_web_address(item.link) else None,
    )


def build_feed_comment(context: ReadContext, item: FeedItem, entry: int) -> Post:
    """Make the record of a comment on the entry with a number; pingbacks are `Dropped`."""
    number = item.comment_number
    if number is None:
        raise MalformedItem("a comment has no number")
    if item.published is None:
        raise Dropped(NO_DATE)
    raw = item.content or ""
    if raw.strip().removeprefix("<p>").startswith((PINGBACK, "[&#8230;]")):
        raise Dropped("pingback")
    thread = f"post:{entry}"
    name = item.author
    return build_post(
        context,
        native_id=f"comment:{number}",
        native_thread_id=thread,
        native_parent_id=f"comment:{item.parent_number}" if item.parent_number else thread,
        kind="comment",
        handle=f"guest {name}" if name and name.strip().isdigit() else name,
        created_at=item.published,
        edited_at=None,
        title="",
        body=partial(html_to_text, raw),
        raw=raw,
        url=item.link if is_web_address(item.link) else None,
    )


def _item(element: "etree._Element") -> FeedItem:
    texts: dict[str, str] = {}
    link = ""
    author: str | None = None
    replies_to = ""
    for child in element:
        name = _qualified(child) if isinstance(child.tag, str) else ""
        if name == "link":
            if child.get("rel", "alternate") == "alternate":
                link = link or (child.get("href") or child.text or "").strip()
        elif name == "author":
            author = "".join(_texts(child, "name")) or author
        elif name == "thr:in-reply-to":
            replies_to = child.get("ref") or child.get("href") or ""
        elif name:
            texts.setdefault(name, child.text or "")
    guid = (texts.get("guid") or texts.get("id") or "").strip()
    content = texts.get("content:encoded", texts.get("content"))
    answered = _ANSWERED.match(content or "") if "#comment-" in guid else None
    if content and answered and (not replies_to or f"#comment-{answered[1]}" in replies_to):
        content = content[answered.end() :]
        replies_to = replies_to or f"#comment-{answered[1]}"
    return FeedItem(
        guid=guid,
        link=link,
        title=texts.get("title", "").strip(),
        author=(author or texts.get("dc:creator") or "").strip() or None,
        published=_time(texts.get("published") or texts.get("pubDate")),
        updated=_time(texts.get("updated")),
        content=None if content is None else _EMOJI.sub(r"\1", content),
        n_comments=_whole(texts.get("thr:total") or texts.get("slash:comments")),
        replies_to=replies_to,
    )


def _qualified(element: "etree._Element") -> str:
    """Return a name, with its prefix where elements of other vocabularies share it."""
    space, _, name = str(element.tag).rpartition("}")
    if not space or space.endswith("2005/Atom"):
        return name
    return _PREFIXES.get(space.removeprefix("{"), "other") + name


def _local(element: "etree._Element") -> str:
    return element.tag.rpartition("}")[2] if isinstance(element.tag, str) else ""


def _texts(element: "etree._Element", name: str) -> Iterator[str]:
    for child in element:
        if _local(child) == name:
            yield (child.text or "").strip()


def _number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found.group(1)) if found and int(found.group(1)) < LARGEST else None


def _whole(text: str | None) -> int | None:
    stripped = (text or "").strip()
    return int(stripped) if stripped.isdecimal() and len(stripped) < 10 else None  # noqa: PLR2004


def _time(text: str | None) -> datetime | None:
    """Return a time as Atom (ISO 8601) or RSS (RFC 2822) writes it."""
    if not text or not text.strip():
        return None
    try:
        return utc_time(text.strip(), name="a feed's time")
    except MalformedItem:
        pass
    try:
        moment = parsedate_to_datetime(text.strip())
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, TypeError, OverflowError, IndexError):
        return None
