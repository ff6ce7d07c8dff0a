"""From the bytes of a board's or a thread's page to what a profile says is there: pure, and fast.

lxml splits the page; of a post's body only the markup is taken, without the page's own noise, other
people's names and the attributes that change from visit to visit, so that the same words always
give the same markup. harvesters.markup turns that into text later, where it is needed.
"""

import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from html import escape
from urllib.parse import urldefrag, urljoin, urlsplit

from lxml import etree, html
from lxml.html import HtmlElement

from harvesters.addresses import without_tracking
from harvesters.base import ParseError
from harvesters.html_forum.dates import DateReader, Moment
from harvesters.html_forum.fields import Field, Selector, all_values, first_value
from harvesters.html_forum.profile import PostRules, Profile

LOGIN_REQUIRED, NOT_FOUND = "login_required", "not_found"
_CHARSET = re.compile(r"charset=[\"']?([\w.:-]+)", re.IGNORECASE)
_NUMBER = re.compile(r"\d{1,3}(?:[.,'\s\u2019]\d{3})+|\d+")
_ABBREVIATED = re.compile(r"\d\s*[km]\b", re.IGNORECASE)
_HANDLE = re.compile(r"\w(?:[\w.-]*\w)?")
_AS_BROWSERS_DO = dict.fromkeys(("iso-8859-1", "latin1", "latin-1", "us-ascii", "ascii"), "cp1252")
_SAID = re.compile(  # such as "wrote:", after a name without markup if need be
    r"^\s*(?:@(?P<name>.{1,60}?)\s(?:wrote|said|schrieb|hat geschrieben|a \u00e9crit|escribi\u00f3)"
    r"|(?:@.{1,60}?\s)?[^\W\d_]+(?: [^\W\d_]+)?)\s?:"
)
_LONGEST_NAME = 100
_NO_TEXT = re.compile(  # what a tree takes from a page and nobody may then write into it
    rb"[\x00-\x08\x0b\x0c\x0e-\x1f]|\xef\xbf[\xbe\xbf]"
    rb"|&#0*(?:[0-8]|1[124-9]|2\d|3[01]|6553[45])(?!\d);?"
    rb"|&#[xX]0*(?:[0-8bcefBCEF]|1[0-9a-fA-F]|[fF]{3}[efEF])(?![0-9a-fA-F]);?"
)
_LONGEST_NUMBER = 9  # digits
_KEPT_ATTRIBUTES = frozenset({"alt", "aria-hidden", "class", "hidden", "href", "style"})


class NotShown(ParseError):
    """A page says that a thread is not there, or not for guests; `reason` says which."""

    def __init__(self, reason: str, what: str) -> None:
        super().__init__(what)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page as it was read: where it came from after redirects, when, and in which encoding."""

    content: bytes
    address: str
    fetched_at: datetime
    content_type: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedThread:
    """A row of a board's page; `n_posts` counts the first post too."""

    native_id: str
    address: str
    last_page: str | None = None
    n_posts: int | None = None
    last_post: Moment | None = None
    sticky: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class BoardPage:
    """The threads of one page of a board; `n_broken` rows could not be understood."""

    threads: tuple[ListedThread, ...]
    next_page: str | None
    n_broken: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownPost:
    """A post as a page shows it; `raw` is the stable markup of its body."""

    native_id: str
    handle: str | None
    created: Moment | None
    edited: Moment | None
    raw: str
    address: str | None
    deleted: bool = False
    automated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPage:
    """One page of a thread, its posts in the order of the page."""

    address: str
    title: str
    posts: tuple[ShownPost, ...]
    number: int | None
    n_pages: int | None
    n_posts: int | None
    next_page: str | None
    previous_page: str | None
    last_page: str | None
    fetched_at: datetime
    n_broken: int = 0

    @property
    def is_first(self) -> bool:
        """Whether it is the page on which the thread begins."""
        return self.number == 1


def parse_board(page: Page, profile: Profile, dates: DateReader) -> BoardPage:
    """Read the threads of a board's page.

    Raises
    ------
    ParseError
        If it is no such page.
    """
    rules = profile.rules.board
    tree = page_tree(page)
    if rules.marker.first(tree) is None:
        raise _not_shown(tree, page, profile, "board")
    here = _Here(tree, page)
    threads: list[ListedThread] = []
    n_broken = 0
    for row in rules.thread.all(tree):
        if rules.skip is not None and rules.skip.first(row) is not None:
            continue
        native_id = first_value(rules.thread_id, row)
        address = here.link(rules.link, row)
        if not native_id or address is None:
            n_broken += 1
            continue
        last_post = _moment(rules.last_post, row, dates, page)
        threads.append(
            ListedThread(
                native_id=native_id,
                address=address,
                last_page=here.link(rules.last_page, row, last=True),
                n_posts=_count(rules.count, row, plus=rules.counts == "replies"),
                last_post=last_post,
                sticky=rules.sticky is not None and rules.sticky.first(row) is not None,
            )
        )
    return BoardPage(
        threads=tuple(threads), next_page=here.link(rules.next_page, tree), n_broken=n_broken
    )


def parse_thread(page: Page, profile: Profile, dates: DateReader) -> ThreadPage:
    """Read the posts of a thread's page.

    Raises
    ------
    NotShown
        If the page says that the thread is not there, or not for guests.
    ParseError
        If it is no page of a thread.
    """
    rules = profile.rules.thread
    tree = page_tree(page)
    if rules.marker.first(tree) is None:
        raise _not_shown(tree, page, profile, "thread")
    here = _Here(tree, page)
    previous = here.link(rules.previous_page, tree)
    number = _largest(rules.page_number, tree) or (1 if previous is None else None)
    reader = _PostReader(profile, dates, here)
    # what is read of the page is read before the posts' bodies are taken apart
    title = first_value(rules.title, tree)
    n_posts = _count(rules.count, tree, plus=rules.counts == "replies")
    n_pages = _largest(rules.page_count, tree)
    links = (here.link(rules.next_page, tree), here.link(rules.last_page, tree, last=True))
    posts, n_broken = reader.read_all(tree)
    if not posts:
        raise ParseError(
            f"a page of {here.host} is marked as a thread and shows no post that the profile "
            f"{profile.name} can read; see whether the board has another theme or version"
        )
    return ThreadPage(
        address=page.address,
        title=title,
        posts=tuple(posts),
        number=number,
        n_pages=max(n_pages, number or 1) if n_pages else None,
        n_posts=n_posts,
        next_page=links[0],
        previous_page=previous,
        last_page=links[1],
        fetched_at=page.fetched_at,
        n_broken=n_broken,
    )


class _PostReader:
    """Reads the posts of one page."""

    def __init__(self, profile: Profile, dates: DateReader, here: "_Here") -> None:
        self._rules: PostRules = profile.rules.post
        self._body = profile.rules.body
        self._dates = dates
        self._here = here

    def read_all(self, tree: HtmlElement) -> tuple[list[ShownPost], int]:
        posts: dict[str, ShownPost] = {}
        n_broken = 0
        for element in self._rules.each.all(tree):
            if _marked(self._rules.skip, element):
                continue
            try:
                post = self._read(element)
            except ValueError:  # markup that no tree can hold
                post = None
            if post is None:
                n_broken += 1
            else:
                posts.setdefault(post.native_id, post)
        return list(posts.values()), n_broken

    def _read(self, element: HtmlElement) -> ShownPost | None:
        rules, page = self._rules, self._here.page
        native_id = first_value(rules.id, element)
        deleted = _marked(rules.deleted, element)
        body = rules.body.first(element)
        if not native_id or (body is None and not deleted):
            return None
        created = _moment(rules.time, element, self._dates, page)
        edited = _moment(rules.edited, element, self._dates, page)
        return ShownPost(
            native_id=native_id,
            handle=self._handle(element),
            created=created,
            edited=edited,
            address=self._here.link(rules.link, element, fragment=True),
            deleted=deleted,
            automated=_marked(rules.automated, element),
            raw="" if body is None else self._stable(body),
        )

    def _handle(self, element: HtmlElement) -> str | None:
        name = first_value(self._rules.author, element)
        guest = _marked(self._rules.guest, element)
        return None if guest or self._is_guest(name) else name or None

    def _is_guest(self, name: str) -> bool:
        return any(pattern.fullmatch(name) for pattern in self._rules.guest_names)

    def _stable(self, body: HtmlElement) -> str:
        """Return the markup of a body: quotations marked as such, names and noise gone."""
        rules = self._body
        for selector in rules.drop:
            _remove(selector, body)
        cites = [
            cite for selector in rules.attributions for cite in self._attributed(selector, body)
        ]
        for selector in rules.mentions:
            _rename(selector, body)
        for selector in rules.quotes:
            for quote in selector.all(body):
                if quote is not body:
                    quote.tag = "blockquote"
        etree.strip_tags(body, etree.Comment, etree.ProcessingInstruction)
        for element in body.iter():
            _clean_attributes(element)
        for cite, name in cites:
            cite.set("data-username", name)
        return _inner(body)

    def _attributed(
        self, selector: Selector, body: HtmlElement
    ) -> Iterator[tuple[HtmlElement, str]]:
        """Put an empty element in the place of who is quoted, and yield it with the name."""
        for element in selector.all(body):
            if element is body or element.getparent() is None:
                continue
            said = _SAID.match(element.tail or "")
            name = first_value(self._body.quoted, element)
            if said is not None:
                element.tail = (element.tail or "")[said.end() :]
                name = name or " ".join((said["name"] or "").split())
            if 0 < len(name) <= _LONGEST_NAME and not self._is_guest(name):
                cite = html.Element("cite")
                element.addprevious(cite)
                yield cite, name
            element.drop_tree()


class _Here:
    """Where a page lies: its links lead on only within the same host."""

    def __init__(self, tree: HtmlElement, page: Page) -> None:
        self.page = page
        self.host = urlsplit(page.address).netloc.lower()
        base = next((str(each) for each in tree.xpath("//base/@href")), "")
        self._base = self._own(base, page.address) or page.address if base else page.address

    def link(
        self,
        fields: tuple[Field, ...],
        element: HtmlElement,
        *,
        last: bool = False,
        fragment: bool = False,
    ) -> str | None:
        """Return the address that a field gives, without fragment and tracking."""
        for field in fields:
            found = list(field.values(element))
            for href in reversed(found) if last else found:
                address = self._own(href, self._base)
                if address is not None:
                    return address if fragment else urldefrag(address).url
        return None

    def _own(self, href: str, base: str) -> str | None:
        if href.startswith("#"):
            return None
        try:
            address = urljoin(base, href)
            parts = urlsplit(address)
            own = parts.scheme in {"http", "https"} and parts.netloc.lower() == self.host
        except ValueError:
            return None
        return without_tracking(address) if own else None


def page_tree(page: Page) -> HtmlElement:
    """Return the tree of a page; raises `ParseError` where there is none."""
    content, encoding = _decoded(page)
    try:
        parser = html.HTMLParser(encoding=encoding)
        return html.document_fromstring(_NO_TEXT.sub(b"", content), parser=parser)
    except (etree.LxmlError, ValueError, AssertionError) as error:
        raise ParseError(
            f"{urlsplit(page.address).netloc} answered with {len(page.content)} bytes that are no "
            "page; see whether the source's url is right"
        ) from error


def _decoded(page: Page) -> tuple[bytes, str | None]:
    """Return a page in UTF-8, or as it came where only the page itself names its encoding."""
    named = _CHARSET.search(page.content_type)
    try:
        codec = _AS_BROWSERS_DO.get(named[1].lower(), named[1]) if named else "utf-8"
        text = page.content.decode(codec, "replace" if named else "strict")
    except (LookupError, UnicodeError):
        return page.content, None
    return text.encode("utf-8", "replace"), "utf-8"


def _not_shown(tree: HtmlElement, page: Page, profile: Profile, kind: str) -> ParseError:
    """Say why a page is not what was asked for."""
    marks = profile.rules.marks
    host = urlsplit(page.address).netloc
    text = " ".join(str(tree.text_content()).lower().split())
    if _any(marks.missing, tree) or any(each.lower() in text for each in marks.missing_texts):
        return NotShown(NOT_FOUND, f"{host} says that a {kind} is not there")
    if _any(marks.login, tree) or any(each.lower() in text for each in marks.login_texts):
        return NotShown(
            LOGIN_REQUIRED, f"{host} shows a {kind} to members only, and a login is never passed"
        )
    return ParseError(
        f"{host} answered with a page that is no {kind} of {profile.rules.software}: the marker of "
        f"the profile {profile.name} is not there; see whether the profile fits and guests may read"
    )


def _any(selectors: tuple[Selector, ...], tree: HtmlElement) -> bool:
    return any(selector.first(tree) is not None for selector in selectors)


def _marked(selector: Selector | None, element: HtmlElement) -> bool:
    return selector is not None and selector.first(element) is not None


def _moment(
    fields: tuple[Field, ...], element: HtmlElement, dates: DateReader, page: Page
) -> Moment | None:
    """Return the first time that can be read of what the fields give."""
    for field in fields:
        for text in field.values(element):
            moment = dates.read(text, fetched_at=page.fetched_at)
            if moment is not None:
                return moment
    return None


def _count(fields: tuple[Field, ...], element: HtmlElement, *, plus: bool) -> int | None:
    count = whole_number(first_value(fields, element)) if fields else None
    return None if count is None else count + plus


def _largest(fields: tuple[Field, ...], element: HtmlElement) -> int | None:
    numbers = [whole_number(value) for value in all_values(fields, element)] if fields else []
    return max((number for number in numbers if number), default=None)


def whole_number(text: str) -> int | None:
    """Return the first number of a text, its thousands grouped or not; 1.2K is none."""
    found = _NUMBER.search(text)
    if found is None or _ABBREVIATED.search(text):
        return None
    digits = "".join(sign for sign in found[0] if sign.isdigit())
    return int(digits) if len(digits) <= _LONGEST_NUMBER and digits.isascii() else None


def _remove(selector: Selector, body: HtmlElement) -> None:
    """Take elements out of a body."""
    for element in selector.all(body):
        if element is not body and element.getparent() is not None:
            element.drop_tree()


def _rename(selector: Selector, body: HtmlElement) -> None:
    """Write the mentions of accounts as `@name`; a name of several words leaves no trace."""
    for element in selector.all(body):
        name = str(element.text_content()).strip().removeprefix("@")
        if element is body or element.getparent() is None:
            continue
        said = f"@{name}" if _HANDLE.fullmatch(name) else " "
        for child in list(element):
            element.remove(child)
        element.text = said
        element.drop_tag()


def _clean_attributes(element: HtmlElement) -> None:
    kept = {name: element.attrib[name] for name in _KEPT_ATTRIBUTES if name in element.attrib}
    element.attrib.clear()  # all at once: lxml reads names that it cannot delete one by one
    if "href" in kept:
        kept["href"] = without_tracking(kept["href"])
    for name in sorted(kept):
        with suppress(ValueError):  # control characters, which lxml reads and does not write
            element.set(name, kept[name])


def _inner(body: HtmlElement) -> str:
    parts = [escape(body.text or "", quote=False)]
    parts.extend(str(etree.tostring(child, encoding="unicode", method="html")) for child in body)
    return "".join(parts).strip()
