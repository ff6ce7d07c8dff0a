"""From the items of one answer to posts, with every item that is not kept counted by its reason."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from harvesters.base import ParseError, SourceSpec
from harvesters.json_fields import as_object
from harvesters.posts import ReadContext
from warehouse.protection.keys import KeyRing
from warehouse.records import Post

MALFORMED = "malformed"
_ENOUGH_TO_DOUBT = 5  # items: fewer broken ones are counted, so that one cannot stop every night
_DEFAULT_PORTS = {"http": 80, "https": 443}


class Dropped(Exception):
    """An item was understood and is deliberately not kept; `reason` is counted."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The posts of one answer, and what was not kept, by reason."""

    posts: tuple[Post, ...] = ()
    drops: Mapping[str, int] = field(default_factory=dict)

    @property
    def complete(self) -> bool:
        """Whether every item could be understood."""
        return MALFORMED not in self.drops


def read_items(
    items: Iterable[object], build: Callable[[Mapping[str, Any]], Post], *, what: str
) -> Reading:
    """Build the post of each item.

    An item that the platform would not send is counted as `malformed`; an answer of several items
    that holds nothing else is not the platform's, and raises `ParseError`.
    """
    posts: list[Post] = []
    drops: Counter[str] = Counter()
    for item in items:
        try:
            posts.append(build(as_object(item)))
        except Dropped as dropped:
            drops[dropped.reason] += 1
        except ValueError:  # MalformedItem, RecordError, and what parsers say of odd input
            drops[MALFORMED] += 1
    if set(drops) == {MALFORMED} and not posts and drops[MALFORMED] >= _ENOUGH_TO_DOUBT:
        raise ParseError(
            f"none of the {drops[MALFORMED]} items from {what} has the fields that the platform "
            "promises; see whether the site runs another version or another software"
        )
    return Reading(posts=tuple(posts), drops=dict(drops))


def site_host(url: str) -> str:
    """Return a site's host in lower case, with its port where that is not the scheme's."""
    address = urlsplit(url)
    host = (address.hostname or "").lower()
    if address.port is None or address.port == _DEFAULT_PORTS.get(address.scheme):
        return host
    return f"{host}:{address.port}"


def read_context(
    spec: SourceSpec, *, community: str, fetched_at: datetime, keys: KeyRing, host: str = ""
) -> ReadContext:
    """Say where and when an answer of a configured site was read."""
    return ReadContext(
        source=spec.source,
        platform=spec.platform,
        host=host or site_host(spec.url),
        community=community,
        fetched_at=fetched_at,
        keys=keys,
    )
