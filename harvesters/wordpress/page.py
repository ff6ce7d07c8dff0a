"""One entry's page of a WordPress, for what its feeds leave out: number, text and comments.

Themes differ, WordPress's own marks do not: the short link and the body's class bear the entry's
number, every comment its own as an id, and a reply lies inside the comment that it answers.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from itertools import islice

from lxml import etree, html

from harvesters.base import ParseError
from harvesters.json_fields import MalformedItem, optional_text, parse_json, utc_time
from harvesters.wordpress.feed import LARGEST, PINGBACK, FeedItem

MOST_COMMENTS = 2000  # of one page: more is an attack
_CONTENT = (
    "entry-content",
    "wp-block-post-content",
    "post-content",
    "post-entry",
    "article-content",
)
_COMMENT_TEXT = ("comment-content", "wp-block-comment-content", "comment-text", "comment-body")
_COMMENT_AUTHOR = ("fn", "wp-block-comment-author-name", "comment-author")
_SHORT = re.compile(r"[?&]p=(\d{1,19})\b")
_SHORT_HEADER = re.compile(r"[?&]p=(\d{1,19})>;\s*rel=\"?shortlink")
_BODY = re.compile(r"\bpostid-(\d{1,19})\b")
_COMMENT_ID = re.compile(r"(?:li-|div-)?comment-(\d{1,19})")
_COMMENT_PAGE = re.compile(r"comment-page-(\d{1,4})\b|[?&]cpage=(\d{1,4})\b")
_DECLARED = re.compile(r"^\s*<\?xml[^>]*\?>")  # lxml takes no text that declares an encoding
_MENTIONED = re.compile(r"\b(?:pingback|trackback)\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class BlogPage:
    """What an entry's page shows; `n_pages` is how many pages its comments are spread over."""

    number: int | None
    text: str | None
    needs_password: bool
    comments: tuple[FeedItem, ...]
    n_pages: int


def read_page(content: bytes, *, url: str, what: str, links: str = "") -> BlogPage:
    """Read an entry's page; raises `ParseError` where it is no page of a WordPress.

    `links` is the answer's header `Link`, which names the short link whatever the theme shows.
    """
    source = content.decode("utf-8", "replace")
    named = _matched(_SHORT_HEADER, links)
    try:
        root = html.document_fromstring(_DECLARED.sub("", source, count=1) or "<html></html>")
    except (etree.ParserError, etree.XMLSyntaxError, ValueError, RecursionError) as error:
        raise _no_page(what) from error
    number = named or _entry_number(root)
    comments = tuple(islice(_comments(root, source, url), MOST_COMMENTS))
    text = _text(root)
    if number is None and not comments and text is None:
        raise _no_page(what)
    return BlogPage(
        number=number,
        text=text,
        needs_password=b"post-password-form" in content,
        comments=comments,
        n_pages=_n_pages(source),
    )


def _no_page(what: str) -> ParseError:
    return ParseError(
        f"{what} shows no entry of a WordPress; see whether a cache or a login answers instead"
    )


def _entry_number(root: "html.HtmlElement") -> int | None:
    for link in root.iterfind(".//link[@rel='shortlink']"):
        number = _matched(_SHORT, link.get("href") or "")
        if number is not None:
            return number
    body = root.find("body")
    found = _matched(_BODY, (body.get("class") or "") if body is not None else "")
    if found is not None:
        return found
    for field in root.iterfind(".//input[@name='comment_post_ID']"):
        return _matched(re.compile(r"^(\d{1,19})$"), field.get("value") or "")
    return None


def _text(root: "html.HtmlElement") -> str | None:
    element = _by_class(root, _CONTENT)
    if element is not None:
        return _inner(element)
    described = next(filter(None, map(_article_body, root.iterfind(".//script"))), None)
    if described is not None:
        return "".join(f"<p>{escape(line)}</p>" for line in described.splitlines())
    article = root.find(".//article")
    return None if article is None else _inner(article)


def _article_body(script: "html.HtmlElement") -> str | None:
    """Return the text that a page's JSON-LD says it has."""
    if script.get("type") != "application/ld+json":
        return None
    try:
        said = parse_json((script.text or "").encode("utf-8", "replace"), what="a page's JSON-LD")
    except ParseError:
        return None
    items = said if isinstance(said, list) else [said]
    graphs = [
        i["@graph"] for i in items if isinstance(i, dict) and isinstance(i.get("@graph"), list)
    ]
    for item in [*items, *(item for graph in graphs for item in graph)]:
        if isinstance(item, dict) and optional_text(item, "articleBody"):
            return optional_text(item, "articleBody")
    return None


def _comments(root: "html.HtmlElement", source: str, url: str) -> Iterator[FeedItem]:
    met: set[int] = set()
    for element in root.iter("li", "div", "article", "section"):
        number = _comment_number(element)
        if number is None or number in met:
            continue
        met.add(number)
        mentions = _MENTIONED.search(element.get("class") or "") is not None
        yield FeedItem(
            guid=f"#comment-{number}",
            link=f"{url.partition('#')[0]}#comment-{number}",
            title="",
            author=_author(element),
            published=_time(element),
            updated=None,
            content=PINGBACK if mentions else _comment_text(element, source, number),
            n_comments=None,
            replies_to=_answered(element, number),
        )


def _comment_number(element: "html.HtmlElement") -> int | None:
    found = _COMMENT_ID.fullmatch(element.get("id") or "")
    return int(found.group(1)) if found and int(found.group(1)) < LARGEST else None


def _answered(element: "html.HtmlElement", number: int) -> str:
    for above in element.iterancestors():
        other = _comment_number(above)
        if other is not None and other != number:
            return f"#comment-{other}"
    return ""


def _own(element: "html.HtmlElement") -> Iterator["html.HtmlElement"]:
    """Yield what lies in a comment and in no comment inside it; no recursion."""
    own = _comment_number(element)
    waiting = list(reversed(element))
    while waiting:
        child = waiting.pop()
        if not isinstance(child.tag, str):
            continue
        number = _comment_number(child)
        if number is not None and number != own:
            continue
        yield child
        waiting.extend(reversed(child))


def _author(element: "html.HtmlElement") -> str | None:
    for name in _COMMENT_AUTHOR:
        for child in _own(element):
            if name in (child.get("class") or "").split():
                return " ".join("".join(child.itertext()).split()) or None
    return None


def _comment_text(element: "html.HtmlElement", source: str, number: int) -> str | None:
    """Return the HTML of a comment as the page spells it, which is how the API spells it too."""
    for name in _COMMENT_TEXT:
        for child in _own(element):
            if name in (child.get("class") or "").split():
                spelt = _spelt(source, number, name)
                return f"{(spelt or _inner(child)).strip()}\n"
    return None


def _spelt(source: str, number: int, name: str) -> str | None:
    """Return what lies between the tags of a comment's text, or None where that is not plain."""
    place = re.search(rf"""id=["'](?:li-|div-)?comment-{number}["']""", source)
    opens = re.compile(rf"""<(\w+)\b[^<>]*\bclass=["'][^"'<>]*\b{name}\b[^<>]*>""")
    opening = opens.search(source, place.end()) if place else None
    if opening is None:
        return None
    depth = 1
    for tag in re.compile(rf"<(/?){opening[1]}\b[^<>]*>").finditer(source, opening.end()):
        depth += -1 if tag[1] else 1
        if depth == 0:
            return source[opening.end() : tag.start()]
    return None


def _time(element: "html.HtmlElement") -> datetime | None:
    """Return the time of a comment: with its zone, or not at all."""
    for child in _own(element):
        stamp = (child.get("datetime") or "").strip() if child.tag == "time" else ""
        if re.search(r"(?:Z|[+-]\d\d:?\d\d)$", stamp):
            try:
                return utc_time(stamp, name="a comment's time")
            except MalformedItem:
                return None
    return None


def _inner(element: "html.HtmlElement") -> str:
    parts = [element.text or ""]
    parts += [html.tostring(child, encoding="unicode") for child in element]
    return "".join(parts)


def _by_class(root: "html.HtmlElement", names: tuple[str, ...]) -> "html.HtmlElement | None":
    for name in names:
        for element in root.iter("div", "section", "article"):
            if name in (element.get("class") or "").split():
                return element
    return None


def _n_pages(source: str) -> int:
    return max((int(a or b) for a, b in _COMMENT_PAGE.findall(source)), default=1)


def _matched(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.search(text)
    return int(found.group(1)) if found and int(found.group(1)) < LARGEST else None
