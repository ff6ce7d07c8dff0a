"""A board, and checks that hold for every forum software; each test brings a reader of its own."""

import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import lxml.html
import pytest
from lxml.cssselect import CSSSelector

from harvesters.simulation.forums.build import build_board
from harvesters.simulation.forums.model import Board, BoardThread, ThreadView
from harvesters.simulation.forums.site import SOFTWARES, ForumSite, TruePost
from harvesters.simulation.forums.software import THEMES

LONDON = ZoneInfo("Europe/London")
ENDS = datetime(2026, 4, 9, 18, 30, 20, tzinfo=UTC)  # British summer time began in its last month
MONTHS = {
    name: number
    for names in (
        "jan feb mar apr may jun jul aug sep oct nov dec",
        "jan feb mär apr mai jun jul aug sep okt nov dez",
    )
    for number, name in enumerate(names.split(), 1)
}


@cache
def compiled(selector: str) -> CSSSelector:
    return CSSSelector(selector, translator="html")


@dataclass(frozen=True)
class Page:
    """A page as a reader gets it."""

    tree: lxml.html.HtmlElement
    site: ForumSite
    now: datetime

    def css(self, element: lxml.html.HtmlElement, selector: str) -> list[lxml.html.HtmlElement]:
        """Select below an element; what was compiled once is kept."""
        return compiled(selector)(element)

    def text(self, element: lxml.html.HtmlElement, selector: str) -> str:
        """Return the words of the one element that is selected."""
        (found,) = compiled(selector)(element)
        return found.text_content().strip()

    def clock_time(self, day: str, hour: str, *, order: str) -> datetime:
        """Read a day (or today, yesterday) and an hour of the board's clock."""
        return datetime.combine(self._day(day, order), _hour(hour), LONDON).astimezone(UTC)

    def ago(self, minutes: int) -> datetime:
        """Return the moment so many minutes before the page was asked for."""
        return self.now - timedelta(minutes=minutes)

    def _day(self, day: str, order: str) -> date:
        today = self.now.astimezone(LONDON).date()
        word = day.strip().lower()
        if word in ("today", "heute"):
            return today
        if word in ("yesterday", "gestern"):
            return today - timedelta(days=1)
        parts = re.findall(r"\d+|[^\W\d_]{3,}", word)
        if len(parts) == 4:  # the day of the week stands before
            parts = parts[1:]
        found = dict(zip(order, parts, strict=True))
        month = found["m"] if found["m"].isdigit() else MONTHS[found["m"][:3]]
        year = int(found["y"])
        return date(year + 2000 * (year < 100), int(month), int(found["d"]))


def _hour(hour: str) -> time:
    found = re.fullmatch(r"(\d{1,2}):(\d\d)(?::\d\d)?\s*([ap]m)?", hour.strip().lower())
    assert found, hour
    hours = int(found[1])
    if found[3]:
        hours = hours % 12 + 12 * (found[3] == "pm")
    return time(hours, int(found[2]))


Read = tuple[str, str, datetime, datetime | None, lxml.html.HtmlElement]
Reader = Callable[[Page], Iterator[Read]]  # native id, author, written, edited, body


@pytest.fixture(scope="session")
def board() -> Board:
    """A small board with every kind of thread."""
    return build_board(seed=3, ends_at=ENDS, threads=30, longest=64)


@pytest.fixture(scope="session")
def moment() -> datetime:
    """A moment five days before the end, when posts are minutes, hours and years old."""
    return ENDS - timedelta(days=5)


def normal(text: str) -> str:
    """Collapse blanks and drop what has no width, so that texts can be compared."""
    return " ".join(re.sub("[\u200b\u200e\u200f]", "", text).split())


def page_text(element: lxml.html.HtmlElement) -> str:
    """Return the words of a body, emoji pictures by their alternative text."""
    parts: list[str] = []
    for node in element.iter():
        if node.tag == "img" and "emoji" in (node.get("class") or ""):
            parts.append(node.get("alt"))
        elif isinstance(node.tag, str) and node.tag in ("p", "br", "li", "div", "blockquote"):
            parts.append("\n")
        if isinstance(node.tag, str):
            parts.append(node.text or "")
        if node is not element:
            parts.append(node.tail or "")
    return "".join(parts)


def _variants(metafunc: pytest.Metafunc) -> list[Any]:
    versions = SOFTWARES[metafunc.module.SOFTWARE].versions
    return [
        pytest.param(
            (version, theme),
            marks=[pytest.mark.slow] if version != versions[-1] and theme == "other" else [],
            id=f"{version}-{theme}",
        )
        for version in versions
        for theme in THEMES
    ]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run a module's tests for every version and theme of its `SOFTWARE`."""
    if "variant" in metafunc.fixturenames:
        metafunc.parametrize("variant", _variants(metafunc))


@pytest.fixture
def site(board: Board, variant: tuple[str, str], request: pytest.FixtureRequest) -> ForumSite:
    """The board in one version and theme of the module's software."""
    version, theme = variant
    return ForumSite(board, software=request.module.SOFTWARE, version=version, theme=theme)


@pytest.fixture
def longest(site: ForumSite, moment: datetime) -> ThreadView:
    """The thread with most posts."""
    return max(site.view(moment).threads.values(), key=lambda view: len(view.readable))


@pytest.fixture
def gone(board: Board) -> BoardThread:
    """A thread that is deleted at the board's end."""
    return next(thread for thread in board.threads if thread.deleted_at is not None)


@pytest.fixture
def page() -> Callable[..., Page]:
    """Ask a site for a page that must be there."""

    def asked(site: ForumSite, target: str, at: datetime) -> Page:
        answer = site.ask(target, at=at)
        assert answer.status == 200, target
        charset = answer.content_type.partition("charset=")[2]
        parser = lxml.html.HTMLParser(
            encoding="cp1252" if charset.lower() == "iso-8859-1" else charset
        )
        return Page(lxml.html.fromstring(answer.body, parser=parser), site, at)

    return asked


@pytest.fixture
def verify(moment: datetime, page: Callable[..., Page]) -> Callable[..., None]:
    """Compare every page of every thread with the truth, as a test's own reader sees it."""

    def compare(site: ForumSite, reader: Reader, *, at: datetime = moment, days: int = 0) -> None:
        views = _open_threads(site, at)
        truth = {post.post_id: post for post in site.truth(at)}
        if days:  # only what was written lately
            views = [view for view in views if at - view.first.written_at < timedelta(days=days)]
            threads = {site.software.thread_id(view.thread) for view in views}
            truth = {key: post for key, post in truth.items() if post.thread_id in threads}
        assert truth
        seen: Counter[str] = Counter()
        for view in views:
            for number in range(1, site.software.n_pages(view) + 1):
                for read in reader(page(site, site.software.thread_address(view, number), at)):
                    seen[read[0]] += 1
                    _same(read, truth[read[0]])
        assert set(seen) == set(truth)
        assert set(seen.values()) == {1}

    return compare


def _open_threads(site: ForumSite, at: datetime) -> list[ThreadView]:
    view = site.view(at)
    return [entry for entry in view.threads.values() if not view.members_only(entry.forum)]


def _same(read: Read, true: TruePost) -> None:
    _, author, created, edited, element = read
    assert normal(author) == normal(true.shown_name)
    assert abs(created - true.created_at) < timedelta(minutes=1), (created, true)
    assert (edited is None) == (true.edited_at is None), (edited, true)
    if edited is not None and true.edited_at is not None:
        assert abs(edited - true.edited_at) < timedelta(minutes=1), (edited, true)
    body, place = normal(page_text(element)), 0
    for line in map(normal, true.text.splitlines()):
        place = body.find(line, place)
        assert place >= 0, (line, body)
    assert bool(body) == bool(normal(true.text)), body
