"""Which platform a page is of, told by the marks that its software leaves, and where its terms are.

Pure functions over one page. What a page only hints at, `harvesters.probe` asks the site about.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from lxml import etree, html

from harvesters.html_forum.profile import Profile
from harvesters.json_fields import is_web_address

_FEED_TYPES = ("rss", "atom", "xml")
_FEED_STARTS = (b"<rss", b"<feed", b"<rdf:RDF")
_TERMS = re.compile(
    r"terms|conditions|\btos\b|rules|guidelines|privacy|acceptable use|code of conduct|"
    r"netiquette|legal|research",
    re.IGNORECASE,
)
_MOST_TERMS = 8
_LONGEST_LINK_TEXT = 60  # characters: what is longer is no name of a page
_HEAD = 4_000  # bytes: where a document says what it is


@dataclass(frozen=True, slots=True)
class Page:
    """One page as it came: its address after redirects, its type and its bytes."""

    url: str
    content_type: str
    content: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """What tells a platform: `sure` where no other software leaves it.

    `options` are what a source's entry should say beside its platform; `root` is where the site
    begins, where the page says so.
    """

    platform: str
    what: str
    sure: bool = True
    options: Mapping[str, str] = field(default_factory=dict)
    root: str | None = None


def recognise(page: Page) -> list[Mark]:
    """Return every mark of a platform that a page bears, the sure ones first."""
    document = parse_page(page)
    marks = [mark for find in _FINDERS for mark in find(page, document)]
    return sorted(marks, key=lambda mark: not mark.sure)


def parse_page(page: Page) -> html.HtmlElement | None:
    """Return a page's tree; None where it is no HTML."""
    if b"<" not in page.content[:_HEAD] or is_feed(page):
        return None
    try:
        return html.document_fromstring(page.content)
    except (etree.ParserError, ValueError):
        return None


def is_feed(page: Page) -> bool:
    """Tell whether a page is an RSS or Atom feed."""
    head = page.content[:_HEAD]
    typed = any(kind in page.content_type.lower() for kind in _FEED_TYPES)
    return any(start in head for start in _FEED_STARTS) and (typed or b"<html" not in head.lower())


def terms_links(page: Page) -> list[str]:
    """Return addresses that a page calls terms, rules, guidelines or privacy, in its own order."""
    document = parse_page(page)
    if document is None:
        return []
    found: dict[str, None] = {}
    for link in document.iter("a"):
        text = " ".join((link.text_content() or "").split())
        address = _joined(page.url, link.get("href"))
        if (
            address
            and len(text) <= _LONGEST_LINK_TEXT
            and (_TERMS.search(text) or _TERMS.search(address))
        ):
            found.setdefault(address.partition("#")[0])
    return list(found)[:_MOST_TERMS]


def feed_links(page: Page) -> list[str]:
    """Return the feeds that a page announces."""
    document = parse_page(page)
    if document is None:
        return []
    links = document.xpath(
        "//link[@rel='alternate'][contains(@type, 'rss') or contains(@type, 'atom')]"
    )
    addresses = (_joined(page.url, link.get("href")) for link in links)
    return [address for address in addresses if address]


def profile_marks(page: Page, profiles: Iterable[Profile]) -> list[Mark]:
    """Return a mark for each forum profile whose software a page is of."""
    document = parse_page(page)
    if document is None:
        return []
    text = page.content.decode("utf-8", "replace")
    return [
        Mark(
            platform="forum",
            what=f"it bears the marks of {profile.rules.software}",
            options={"profile": profile.name},
        )
        for profile in profiles
        if profile.recognises(document, text)
    ]


def _joined(base: str, href: str | None) -> str | None:
    try:
        address = urljoin(base, href or "")
    except ValueError:
        return None
    return address if href and is_web_address(address) else None


def _generator(document: html.HtmlElement | None) -> str:
    if document is None:
        return ""
    named = document.xpath("//meta[@name='generator' or @name='Generator']/@content")
    return str(named[0]) if named else ""


Finder = Callable[[Page, html.HtmlElement | None], list[Mark]]


def _by_generator(_: Page, document: html.HtmlElement | None) -> list[Mark]:
    said = _generator(document)
    return [
        Mark(platform=platform, what=f"its generator is {name}")
        for name, platform in (
            ("WordPress", "wordpress"),
            ("Discourse", "discourse"),
            ("Mastodon", "mastodon"),
        )
        if said.startswith(name)
    ]


def _by_links(_: Page, document: html.HtmlElement | None) -> list[Mark]:
    if document is None:
        return []
    marks = []
    for api in document.xpath("//link[@rel='https://api.w.org/']/@href")[:1]:
        root = str(api).partition("/wp-json")[0].partition("?rest_route")[0].rstrip("/")
        what = "it announces the WordPress REST API"
        marks.append(Mark(platform="wordpress", what=what, root=root or None))
    if document.xpath("//div[@id='mastodon']"):
        marks.append(Mark(platform="mastodon", what="its page holds Mastodon's application"))
    if document.xpath("//link[contains(@href, '/hyperkitty/')]"):
        marks.append(_list("hyperkitty", "its style sheets are HyperKitty's"))
    if document.xpath("//a[contains(@href, '_/text/')]") and document.xpath(
        "//a[contains(@href, 'new.atom')]"
    ):
        marks.append(_list("public-inbox", "it links to its help as public-inbox does"))
    if document.xpath("//a[contains(@href, '.txt.gz')]") and document.xpath(
        "//a[contains(@href, 'thread.html')]"
    ):
        marks.append(_list("pipermail", "it lists months as Pipermail does"))
    return marks


def _by_address(page: Page, _: html.HtmlElement | None) -> list[Mark]:
    host = (urlsplit(page.url).hostname or "").lower()
    path = urlsplit(page.url).path
    marks = []
    if host == "reddit.com" or host.endswith(".reddit.com"):
        marks.append(Mark(platform="reddit", what="its host is Reddit's"))
    if host in {"bsky.app", "public.api.bsky.app"}:
        marks.append(Mark(platform="bluesky", what="its host is Bluesky's"))
    if "/hyperkitty" in path or "/archives/list/" in path:
        marks.append(_list("hyperkitty", "its address is HyperKitty's", sure=False))
    if "/pipermail/" in path:
        marks.append(_list("pipermail", "its address is Pipermail's", sure=False))
    return marks


def _by_type(page: Page, _: html.HtmlElement | None) -> list[Mark]:
    return [Mark(platform="feed", what="it is an RSS or Atom feed")] if is_feed(page) else []


def _list(archive: str, what: str, *, sure: bool = True) -> Mark:
    return Mark(platform="mailing_list", what=what, sure=sure, options={"archive": archive})


_FINDERS: tuple[Finder, ...] = (_by_generator, _by_links, _by_address, _by_type)
