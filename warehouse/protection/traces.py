"""What still names posts that are erased: the addresses of pages on which they were read.

A validator of a page is kept under the page's address, and addresses bear ids of posts and threads
and words of titles. Whoever loses a validator reads a page once more.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self
from urllib.parse import unquote

_PARTS = (  # what an id may be in an address: a whole part, one with an ending, or in a slug
    re.compile(r"[^/?&=#]+"),
    re.compile(r"[\w-]+"),
    re.compile(r"[^\W_]+"),
    re.compile(r"\d+"),
)


@dataclass(frozen=True, slots=True)
class Traces:
    """The ids of erased posts and of their threads, and the addresses of the posts."""

    ids: frozenset[str] = frozenset()
    urls: frozenset[str] = frozenset()

    @classmethod
    def of(cls, ids: Iterable[str | None], urls: Iterable[str | None]) -> Self:
        """Collect the traces of some posts; what is not known of one is left out."""
        return cls(
            ids=frozenset(id_ for id_ in ids if id_),
            urls=frozenset(_plain(url) for url in urls if url),
        )

    def joined(self, other: "Traces") -> "Traces":
        """Return the traces of both."""
        return Traces(self.ids | other.ids, self.urls | other.urls)

    def in_address(self, address: str) -> bool:
        """Whether an address bears one of the ids as a part of its own, or leads to a post."""
        return not (
            self.ids.isdisjoint(_parts(address)) and self.urls.isdisjoint(_beginnings(address))
        )


def _parts(address: str) -> set[str]:
    plain = unquote(address)
    return {part for pattern in _PARTS for part in pattern.findall(plain)}


def _beginnings(address: str) -> Iterator[str]:
    """Yield the address and what it lies under."""
    plain = _plain(address)
    while plain:
        yield plain
        plain = plain.rpartition("/")[0]


def _plain(address: str) -> str:
    return address.partition("://")[2].partition("#")[0].rstrip("/")
