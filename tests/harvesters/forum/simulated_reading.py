"""Reads simulated boards as the harvester does, page by page, for comparison with their truth."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache

import pytest

from harvesters.html_forum.dates import DateReader
from harvesters.html_forum.pages import (
    BoardPage,
    ListedThread,
    Page,
    ShownPost,
    ThreadPage,
    parse_board,
    parse_thread,
)
from harvesters.html_forum.profile import Profile, load_profile
from harvesters.simulation.forums.build import build_board
from harvesters.simulation.forums.model import Board, BoardView, ThreadView
from harvesters.simulation.forums.site import SOFTWARES, ForumSite
from harvesters.simulation.forums.software import THEMES, Theme

ENDS_AT = datetime(2026, 6, 10, 8, 0, tzinfo=UTC)
PRINT_UTC = {"flaskbb", "misago"}
LOOKS = [
    pytest.param(
        *(software, theme, version),
        marks=() if (version, theme) == (made.versions[-1], "default") else pytest.mark.slow,
        id=f"{software}-{version}-{theme}",
    )
    for software, made in SOFTWARES.items()
    for version in made.versions
    for theme in THEMES
]


def options_of(software: str, theme: Theme) -> dict[str, str]:
    """Return what a source's entry says of a board: its zone, and its language and day order."""
    zone = {} if software in PRINT_UTC else {"timezone": "Europe/London"}
    return zone | ({"date_order": "DMY", "language": "en, de"} if theme == "other" else {})


@cache
def small_board() -> Board:
    return build_board(seed=5, ends_at=ENDS_AT, threads=30, longest=60)


@dataclass(eq=False)
class Reading:
    """One look at one board, read through its profile."""

    software: str
    theme: Theme
    version: str
    site: ForumSite = field(init=False)
    profile: Profile = field(init=False)
    dates: DateReader = field(init=False)
    _listings: dict[int, list[BoardPage]] = field(default_factory=dict)
    _pages: dict[int, list[ThreadPage]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.site = ForumSite(
            small_board(), software=self.software, theme=self.theme, version=self.version
        )
        self.profile = load_profile(self.software)
        self.dates = self.profile.date_reader(options_of(self.software, self.theme))

    @property
    def view(self) -> BoardView:
        return self.site.view(ENDS_AT)

    def page(self, url: str) -> Page:
        for _ in range(5):
            target = url.removeprefix(self.site.base) or "/"
            answer = self.site.ask(target, at=ENDS_AT)
            location = dict(answer.headers).get("Location")
            if location is None or answer.status not in {301, 302, 303, 307}:
                break
            url = location if location.startswith("http") else self.site.base + location
        return Page(
            content=answer.body,
            address=url,
            fetched_at=ENDS_AT,
            content_type=answer.content_type,
        )

    def board(self, url: str) -> BoardPage:
        return parse_board(self.page(url), self.profile, self.dates)

    def thread(self, url: str) -> ThreadPage:
        return parse_thread(self.page(url), self.profile, self.dates)

    def listing(self, forum: int) -> list[BoardPage]:
        if forum not in self._listings:
            self._listings[forum] = list(self._listed(forum))
        return self._listings[forum]

    def _listed(self, forum: int) -> Iterator[BoardPage]:
        url: str | None = self.site.forum_url(forum)
        seen: set[str] = set()
        while url is not None:
            page = self.board(url)
            yield page
            fresh = {each.native_id for each in page.threads} - seen
            seen |= fresh
            url = page.next_page if fresh else None

    def pages(self, view: ThreadView) -> list[ThreadPage]:
        """Read a thread from where the listing says it is, else from its own address."""
        number = view.thread.number
        if number not in self._pages:
            listed = by_id(self.listing(view.forum)).get(self.thread_id(view))
            first = listed.address if listed else self.site.thread_url(view)
            self._pages[number] = self._read(first)
        return self._pages[number]

    def _read(self, first: str) -> list[ThreadPage]:
        pages: list[ThreadPage] = []
        url: str | None = first
        while url is not None:
            page = self.thread(url)
            pages.append(page)
            url = page.next_page
            assert len(pages) < 40
        return pages

    def thread_id(self, view: ThreadView) -> str:
        return self.site.software.thread_id(view.thread)


@cache
def read_look(software: str, theme: Theme, version: str) -> Reading:
    """Return a look whose pages are read once for all tests."""
    return Reading(software, theme, version)


def posts_of(pages: list[ThreadPage]) -> list[ShownPost]:
    return [post for page in pages for post in page.posts]


def by_id(pages: list[BoardPage]) -> dict[str, ListedThread]:
    return {each.native_id: each for page in pages for each in page.threads}
