"""Reads the pages of one forum through the polite client, as its profile says."""

from collections.abc import Collection
from datetime import datetime
from urllib.parse import urldefrag, urljoin, urlsplit

from harvesters.base import Blocked, Gone, ParseError
from harvesters.client import PoliteClient
from harvesters.html_forum.dates import DateReader
from harvesters.html_forum.pages import (
    LOGIN_REQUIRED,
    NOT_FOUND,
    BoardPage,
    NotShown,
    Page,
    ThreadPage,
    parse_board,
    parse_thread,
)
from harvesters.html_forum.profile import Profile

FORBIDDEN = (401, 403)
REFUSALS = 5  # in a row: a board that shows guests no thread at all does not want to be read
HOPS = 200  # pages: how often a thread may turn out to go on behind the page that was its last


class ForumReader:
    """The pages of one forum."""

    def __init__(
        self, site: str, *, client: PoliteClient, profile: Profile, dates: DateReader
    ) -> None:
        self.site = site
        self.profile = profile
        self.dates = dates
        self._client = client
        self._refused = 0

    def board_address(self, community: str) -> str:
        """Return where a board is, whose name is its path below the site's address."""
        return urljoin(f"{self.site}/", community.lstrip("/"))

    def board(self, address: str) -> tuple[BoardPage, datetime]:
        """Read a page of a board's listing, and say when it was read."""
        page = self._fetch(address)
        return parse_board(page, self.profile, self.dates), page.fetched_at

    def thread(self, address: str) -> ThreadPage:
        """Read a page of a thread.

        Raises
        ------
        NotShown
            If it is not there, or not for guests.
        """
        try:
            page = self._fetch(address, accept=FORBIDDEN)
        except Gone:
            host = urlsplit(address).netloc
            raise NotShown(NOT_FOUND, f"{host} says that a thread is not there") from None
        return parse_thread(page, self.profile, self.dates)

    def last_page(self, address: str, *, thread: str) -> ThreadPage:
        """Read the last page of a thread, beginning with the one that is thought to be it.

        Parameters
        ----------
        thread : str
            Where the thread begins.
        """
        page = self.thread(address)
        for _ in range(HOPS):
            further = self._further(page, thread)
            if further is None:
                return page
            ids = {post.native_id for post in page.posts}
            page = self.thread(further)
            if ids.issuperset(post.native_id for post in page.posts):
                return page  # the board shows its last page whatever is asked for
        raise ParseError(
            f"a thread of {urlsplit(self.site).netloc} has no last page after {HOPS} more; see "
            f"whether the profile {self.profile.name} reads the links between its pages"
        )

    def previous(self, page: ThreadPage, *, thread: str) -> str | None:
        """Return where the page before a page of a thread is; None at its beginning."""
        if page.is_first:
            return None
        if page.previous_page is not None:
            return page.previous_page
        if page.number is None:
            return None
        return self._numbered(thread, page.number - 1)

    def _further(self, page: ThreadPage, thread: str) -> str | None:
        """Return where a thread's last page is, seen from another of its pages."""
        if page.next_page is None:
            return None
        if page.last_page is not None and page.last_page != urldefrag(page.address).url:
            return page.last_page
        if page.n_pages is not None and page.number is not None and page.n_pages > page.number:
            return self._numbered(thread, page.n_pages) or page.next_page
        return page.next_page

    def _numbered(self, thread: str, number: int) -> str | None:
        pattern = self.profile.rules.thread.page_address
        if pattern is None:
            return None
        first = urldefrag(thread).url
        return first if number <= 1 else pattern.format(url=first, page=number)

    def _fetch(self, address: str, *, accept: Collection[int] = ()) -> Page:
        response = self._client.get(urldefrag(address).url, accept=accept)
        if urlsplit(response.url).netloc.lower() != urlsplit(self.site).netloc.lower():
            raise ParseError(
                f"{urlsplit(self.site).netloc} leads to another host; correct the source's url if "
                "the forum has moved"
            )
        self._note_refusal(refused=response.status in FORBIDDEN)
        return Page(
            content=response.content,
            address=response.url,
            fetched_at=response.fetched_at,
            content_type=response.headers.get("content-type", ""),
        )

    def _note_refusal(self, *, refused: bool) -> None:
        """Take a thread that guests may not see for what it is, and several in a row for a no."""
        if not refused:
            self._refused = 0
            return
        self._refused += 1
        host = urlsplit(self.site).netloc
        if self._refused >= REFUSALS:
            raise Blocked(
                f"{host} refuses {REFUSALS} pages in a row to guests; ask the host, or take the "
                "source out"
            )
        raise NotShown(
            LOGIN_REQUIRED, f"{host} shows a thread to members only, and a login is never passed"
        )
