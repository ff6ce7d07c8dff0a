"""From a platform's HTML or plain text to clean text, and to the part that the author wrote.

A stranger's HTML is sanitised first, so that only the tags and attributes that are read here are
left. BeautifulSoup then reads the body of one post at a time; a whole page is split before it comes
here, and markup that only breaks lines needs no tree. What a page hides from its readers is left
out, but for the ends of links that Mastodon cuts short: redaction has to see the whole address,
which may spell a name. Account names that only markup tells apart (mentions, quote attributions)
come out as `@name` or `@name@host`, the form that the pseudonymiser knows. Who is quoted, as
Discourse says it and `<cite data-username="…">`, which a forum's reader writes, is a whole name:
it may be of several words, or one that a mention could not be told by.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from urllib.parse import unquote, urlsplit

import nh3
from bs4 import BeautifulSoup
from bs4.element import NavigableString, PageElement, PreformattedString, Tag

from warehouse.protection.mentions import whole_name

MARKUP_VERSION = 3

_BLOCKS = frozenset(
    (
        *("address", "article", "aside", "blockquote", "br", "caption", "dd", "details", "div"),
        *("dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "h1", "h2", "h3"),
        *("h4", "h5", "h6", "header", "hr", "li", "main", "nav", "ol", "p", "pre", "section"),
        *("summary", "table", "td", "th", "tr", "ul"),
    )
)
_DROPPED = frozenset(
    (
        *("audio", "button", "canvas", "embed", "head", "iframe", "input", "math", "noscript"),
        *("object", "script", "select", "style", "svg", "template", "textarea", "title", "video"),
    )
)
_CODE = frozenset({"head", "iframe", "noscript", "script", "style", "template", "title"})
_INLINE = frozenset(
    (
        *("a", "abbr", "b", "cite", "code", "del", "em", "font", "i", "img", "ins", "kbd", "mark"),
        *("q", "s", "small", "span", "strike", "strong", "sub", "sup", "time", "tt", "u"),
    )
)
_SANITISER = nh3.Cleaner(
    tags=set(_BLOCKS | _INLINE | _DROPPED - _CODE),
    clean_content_tags=set(_CODE),
    attributes={
        "*": {"aria-hidden", "class", "data-username", "hidden", "style"},
        "a": {"href"},
        "img": {"alt"},
    },
    link_rel=None,
    url_schemes={"http", "https"},
)
_SPACED_CODE = re.compile(rf"(?=<(?:{'|'.join(sorted(_CODE))})\b)", re.IGNORECASE)
DEEPEST = 500  # tags within tags
_ANY_TAG = re.compile(r"<(/?)([a-zA-Z][^\s/<>]*)[^<>]*>")
_VOID = frozenset({"br", "hr", "img", "input", "li", "p", "td", "th", "tr"})  # closed by the next
_TOKEN = re.compile(r"<[^<>\"]*(?:\"[^\"]*\"[^<>\"]*)*>")
_BARE_LINK = re.compile(
    r'<(?:a|span)(?: (?:href="[^"]*"|class="(?:mention hashtag|invisible|ellipsis|)"))+>'
)
_MEANINGFUL = frozenset({"blockquote", "cite", "img"}) | _DROPPED
_SIMPLE_BLOCKS = frozenset(
    form for name in _BLOCKS - _MEANINGFUL for form in (f"<{name}>", f"</{name}>")
)
_SIMPLE_INLINE = frozenset(
    form for name in _INLINE - _MEANINGFUL for form in (f"<{name}>", f"</{name}>")
)
_QUOTE_CLASSES = frozenset(
    (
        *("quote", "quote-inline", "bbcodeblock--quote", "bbp-quote", "quotebox", "onebox"),
        *("bbcode_quote", "ipsquote", "lia-quote", "mycode_quote", "quotecontent"),
    )
)
_DROPPED_CLASSES = frozenset(
    (
        *("signature", "lightbox-wrapper", "bbcodeblock-title", "bbp-quote-title"),
        *("d4p-bbp-quote-title", "quote-author", "quoteauthor", "quoteheader"),
        *("bbcode_postedby", "ipsquote_citation", "quotetitle"),
        *("screen-reader-text", "sr-only", "visually-hidden"),
    )
)
_HIDING_STYLE = re.compile(
    r"(?:^|;)\s*(?:display\s*:\s*none|visibility\s*:\s*hidden)\b", re.IGNORECASE
)
_TEXTLESS = re.compile(r"[<&]")
# control characters, soft hyphens, zero widths, bidirectional marks and overrides, lone surrogates
_INVISIBLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x84\x86-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e"
    "\u2060-\u2069\ufeff\ufff9-\ufffb\ufffe\uffff\ud800-\udfff]"
)
_TO_COLLAPSE = ("  ", " \n", "\n ", "\t")
_BREAKS = re.compile("\r\n?|[\x0b\x0c\x85\u2028\u2029]")
_PROFILE = re.compile(r"^/(?:@|(?:users?|u|members?|profile|author)/)([^/]+)/?$", re.IGNORECASE)
_QUOTED_LINE = re.compile(r"^\s*>")
_ATTRIBUTION = re.compile(r"^(?=.{0,300}:\s*$).*\b(?:wrote|writes|said|schrieb|skrev|a écrit)\b")
_ATTRIBUTION_START = re.compile(r"^(?:On|Am|Le|Den|El)\b")
_SIGNATURE = re.compile(r"\n-- ?\n(?!(?:.*\n){8})")  # what is longer is no signature
_UNPARSABLE = re.compile("[\x00\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Markup:
    """The clean text of a body, and the part of it that is no quotation."""

    text: str
    own_text: str


def clean(text: str) -> str:
    """Return `text` in NFC, without invisible characters, blanks collapsed, empty lines dropped."""
    plain = text.isascii() and text.replace("\n", " ").replace("\t", " ").isprintable()
    if plain and not any(blank in text for blank in _TO_COLLAPSE):
        text = text.strip()
        return text if "\n\n" not in text else "\n".join(filter(None, text.split("\n")))
    if not plain:
        text = unicodedata.normalize("NFC", _INVISIBLE.sub("", _BREAKS.sub("\n", text)))
    lines = (" ".join(line.split()) for line in text.split("\n"))  # thrice as fast as patterns
    return "\n".join(line for line in lines if line)


def html_to_text(html: str) -> Markup:
    """Read the HTML of one body.

    Paragraphs, line breaks and list items become lines. Block quotations, Discourse quotes and
    link previews, Mastodon's quote line and bbPress quotes stay in `text` and leave `own_text`.
    """
    if not _TEXTLESS.search(html):
        text = clean(html)
        return Markup(text, text)
    html = sanitised(html)
    simple = _simple_text(html)
    if simple is not None:
        text = clean(simple)
        return Markup(text, text)
    return _read_tree(html)


def _simple_text(html: str) -> str | None:
    """Return the text of sanitised markup whose tags do no more than break lines, else None."""
    breaks: dict[str, str] = {}
    for token in set(_TOKEN.findall(html)):
        if token in _SIMPLE_BLOCKS:
            breaks[token] = "\n"
        elif token not in _SIMPLE_INLINE and not _BARE_LINK.fullmatch(token):
            return None
    return unescape(_TOKEN.sub(lambda found: breaks.get(found[0], ""), html))


def _read_tree(html: str) -> Markup:
    soup = BeautifulSoup(f"<div>{html}</div>", "lxml")
    every: list[str] = []
    own: list[str] = []
    for piece, quoted in _pieces(soup):
        every.append(piece)
        own.append("\n" if quoted else piece)
    text = clean("".join(every))
    own_text = text if every == own else clean("".join(own))
    return Markup(text, own_text)


def sanitised(html: str) -> str:
    """Return HTML without scripts, handlers, styles' rules, comments and any tag not read here.

    What is nested without end is cut off where it begins to be: no person writes that, and the
    sanitiser would take time as the square of its depth.
    """
    spaced = _SPACED_CODE.sub(" ", _UNPARSABLE.sub("", html))
    return _SANITISER.clean(_flattened(spaced))


def _flattened(html: str) -> str:
    """Return HTML without the tags that could lie deeper than `DEEPEST`."""
    if html.count("<") <= DEEPEST:
        return html
    depth = 0

    def shallow(tag: re.Match[str]) -> str:
        nonlocal depth
        if tag[2].lower() in _VOID:
            return tag[0]
        depth = max(0, depth - 1) if tag[1] else depth + 1
        return "\n" if depth >= DEEPEST else tag[0]

    return _ANY_TAG.sub(shallow, html)


def plain_to_text(plain: str) -> Markup:
    """Read plain text whose quoted lines start with `>`; a mail's signature is left out.

    A line that says who wrote the quotation below it is dropped: it names a person.
    """
    if "--" in plain:
        plain = _SIGNATURE.split(_BREAKS.sub("\n", plain), maxsplit=1)[0]
    text = clean(plain)
    if ">" not in text:
        return Markup(text, text)
    lines = text.split("\n")
    quoted = [_QUOTED_LINE.match(line) is not None for line in lines]
    attributed = _attributions(lines, quoted)
    every = [line for place, line in enumerate(lines) if place not in attributed]
    own = [
        line for place, line in enumerate(lines) if place not in attributed and not quoted[place]
    ]
    return Markup("\n".join(every), "\n".join(own))


def _attributions(lines: list[str], quoted: list[bool]) -> set[int]:
    """Return the places of lines that say who wrote the quotation below; some are broken in two."""
    places: set[int] = set()
    for place in range(len(lines) - 1):
        if quoted[place] or not quoted[place + 1] or not _ATTRIBUTION.match(lines[place]):
            continue
        places.add(place)
        broken = place > 0 and not _ATTRIBUTION_START.match(lines[place])
        if broken and not quoted[place - 1] and _ATTRIBUTION_START.match(lines[place - 1]):
            places.add(place - 1)
    return places


def _pieces(soup: BeautifulSoup) -> Iterator[tuple[str, bool]]:
    """Yield the text in order with whether it is quoted; no recursion, so depth does no harm."""
    waiting: list[tuple[PageElement | str, bool]] = [(soup, False)]
    while waiting:
        element, quoted = waiting.pop()
        if isinstance(element, Tag):
            replacement = _replacement(element)
            if replacement is not None:
                yield replacement, quoted or _is_attribution(element)
                continue
            quoted = quoted or _is_quote(element)
            block = element.name in _BLOCKS
            if block:
                yield "\n", quoted
                waiting.append(("\n", quoted))
            waiting.extend((child, quoted) for child in reversed(element.contents))
        elif not isinstance(element, PreformattedString):
            yield str(element) if isinstance(element, NavigableString) else "\n", quoted


def _classes(tag: Tag) -> frozenset[str]:
    value = tag.get("class")
    if value is None:
        return frozenset()
    names = value.split() if isinstance(value, str) else value
    return frozenset(name.lower() for name in names)


def _is_quote(tag: Tag) -> bool:
    return tag.name == "blockquote" or (
        bool(tag.attrs) and not _QUOTE_CLASSES.isdisjoint(_classes(tag))
    )


def _is_attribution(tag: Tag) -> bool:
    return tag.name == "cite" and bool(tag.get("data-username"))


def _replacement(tag: Tag) -> str | None:
    """Return what stands for a tag and all in it; None where its content is read on."""
    if tag.name in _DROPPED:
        return " "
    if tag.name == "img":
        return _image(tag)
    if tag.name == "cite":
        return _cited(tag)
    if not tag.attrs:
        return None
    if _is_hidden(tag):
        return " "
    classes = _classes(tag)
    if tag.name == "a" and "mention" in classes and "hashtag" not in classes:
        return _mention(tag)
    if "title" in classes and tag.parent is not None and tag.parent.get("data-username"):
        return f"{whole_name(str(tag.parent['data-username']))}:\n"
    return None if _DROPPED_CLASSES.isdisjoint(classes) else " "


def _cited(tag: Tag) -> str | None:
    if _is_attribution(tag):
        return f"\n{whole_name(str(tag['data-username']))}:\n"
    hidden = _ATTRIBUTION.match(clean(tag.get_text())) or _is_hidden(tag)
    return " " if hidden or not _DROPPED_CLASSES.isdisjoint(_classes(tag)) else None


def _is_hidden(tag: Tag) -> bool:
    return (
        tag.has_attr("hidden")
        or tag.get("aria-hidden") == "true"
        or _HIDING_STYLE.search(str(tag.get("style") or "")) is not None
    )


def _image(tag: Tag) -> str:
    """Return the sign that an emoji image stands for; other pictures have no words."""
    return (
        str(tag.get("alt") or "")
        if not _classes(tag).isdisjoint({"emoji", "wp-smiley", "smilie--emoji"})
        else " "
    )


def _mention(tag: Tag) -> str:
    visible = tag.get_text().strip()
    try:
        address = urlsplit(str(tag.get("href") or ""))
    except ValueError:  # such as http://[ : what a reader sees still is a name
        address = urlsplit("")
    named = _PROFILE.match(unquote(address.path))
    name = named.group(1) if named else visible.removeprefix("@")
    if "@" in name or not address.hostname:
        return f"@{name.removeprefix('@')}"
    return f"@{name}@{address.netloc}"
