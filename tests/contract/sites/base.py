"""What a site of the contract is: a few invented posts, and a platform's way of showing them."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, ClassVar

import httpx

from harvesters.base import SourceSpec
from warehouse.records import Community

SPACING = timedelta(minutes=30)
HISTORY = timedelta(days=5)
A_THREAD = 10


@dataclass(frozen=True, kw_only=True)
class Item:
    """One post: every tenth begins a thread, the others answer the one before them."""

    number: int
    author: str
    text: str
    written: datetime
    edited: datetime | None = None

    @property
    def thread(self) -> int:
        """The number of the post that began its thread."""
        return self.number - (self.number - 1) % A_THREAD

    @property
    def is_first(self) -> bool:
        return self.number == self.thread

    @property
    def parent(self) -> int | None:
        return None if self.is_first else self.number - 1


class ContractSite:
    """Invented posts, served as one platform serves them; a subclass a platform.

    Class attributes
    ----------------
    platform : as the registry names it
    host : the site's host
    handle : what to read, as a community of the platform
    page : posts of a page, so that the suite can write several pages
    shows_old : whether everything that was written can still be read (a feed forgets)
    tells_authors : whether what is read is of several people
    edits : whether a post can be changed after it was written
    markup : whether a text is sent as HTML that people may have written themselves
    most : posts of a listing that the platform shows at all, however many there are
    unchanged_requests : most requests of a harvest where nothing has changed
    """

    platform: ClassVar[str]
    host: ClassVar[str]
    handle: ClassVar[str]
    page: ClassVar[int] = 50
    shows_old: ClassVar[bool] = True
    tells_authors: ClassVar[bool] = True
    edits: ClassVar[bool] = True
    markup: ClassVar[bool] = False
    most: ClassVar[int | None] = None
    unchanged_requests: ClassVar[int] = 5
    options: ClassVar[dict[str, str | int | float | bool]] = {}
    secrets: ClassVar[dict[str, str]] = {}

    def __init__(self, now: Callable[[], datetime]) -> None:
        self.items: dict[int, Item] = {}
        self.now = now
        self.history = HISTORY
        self.spacing = SPACING
        self._last = 0

    @property
    def spec(self) -> SourceSpec:
        return SourceSpec(
            source=f"the_{self.platform}",
            platform=self.platform,
            url=f"https://{self.host}",
            communities=(self.community,),
            options=self.options,
            secrets=self.secrets,
        )

    @property
    def community(self) -> Community:
        return Community(
            source=f"the_{self.platform}", community=self.handle, name="What it is called"
        )

    def write(self, text: str, *, author: str = "orla_fenwick") -> int:
        """Add a post and return its number."""
        self._last += 1
        written = self.now() - self.history + self._last * self.spacing
        self.items[self._last] = Item(number=self._last, author=author, text=text, written=written)
        return self._last

    def fill(self, n: int) -> None:
        """Add so many posts by several people, each with a word of its own."""
        for _ in range(n):
            number = self._last + 1
            self.write(
                f"Being asked made a difference, word{number}.", author=f"person_{number % 7}"
            )

    def edit(self, number: int, text: str) -> None:
        self.items[number] = replace(self.items[number], text=text, edited=self.now())

    def delete(self, number: int) -> None:
        del self.items[number]

    def newest_first(self) -> Iterator[Item]:
        return iter(sorted(self.items.values(), key=lambda item: -item.number))

    def answer(self, request: httpx.Request) -> httpx.Response:
        """Answer one request as the platform does."""
        raise NotImplementedError


def stamp(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"


def found(value: Any) -> httpx.Response:
    """Return a JSON answer, or 404 where there is nothing."""
    return httpx.Response(200, json=value) if value is not None else httpx.Response(404, json={})
