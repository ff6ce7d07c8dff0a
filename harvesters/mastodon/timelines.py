"""Which timelines of a Mastodon server there are, and to whom the server shows them.

From version 4.5 on a server says of its live and its hashtag feeds, for its own people's statuses
and for those that reached it from elsewhere, whether they are public, for members, or switched off.
A timeline that is closed answers with an empty list on some versions, so this is read first.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from harvesters.base import Blocked, ParseError
from harvesters.json_fields import optional_text

LOCAL, FEDERATED = "local", "public"  # communities that are no tags
LARGEST_ANY = 5  # tags: the one in the address and four that may stand in its place
_DOMAIN = re.compile(r"[a-z0-9.-]+(?::\d+)?")
_LEVELS = frozenset({"public", "authenticated", "disabled"})


@dataclass(frozen=True, slots=True)
class Timeline:
    """One timeline: its path, what its question always says, and the feed that it belongs to."""

    path: str
    parameters: Mapping[str, str | list[str]]
    feed: str

    @property
    def by_tag(self) -> bool:
        """Whether people put a tag on what is listed here."""
        return self.feed == "hashtag_feeds"


def timeline_of(community: str, source: str) -> Timeline:
    """Return the timeline that a community names: `local`, `public`, `tag` or `tag+tag`."""
    if community == LOCAL:
        return Timeline("timelines/public", {"local": "true"}, "live_feeds")
    if community == FEDERATED:
        return Timeline("timelines/public", {}, "live_feeds")
    first, *others = [name.strip().removeprefix("#") for name in community.split("+")]
    if not first or not all(others) or 1 + len(others) > LARGEST_ANY:
        raise ParseError(
            f"a community of {source} is no timeline; name `local`, `public`, a tag, or up to "
            f"{LARGEST_ANY} tags joined by +"
        )
    more: dict[str, str | list[str]] = {"any[]": others} if others else {}
    return Timeline(f"timelines/tag/{quote(first, safe='')}", more, "hashtag_feeds")


@dataclass(frozen=True, slots=True)
class Access:
    """To whom a server shows one feed; empty where it does not say."""

    feed: str
    local: str = ""
    remote: str = ""

    @classmethod
    def read(cls, about: Mapping[str, Any], feed: str) -> "Access":
        """Read it from what the server says of itself."""
        found: object = about
        for name in ("configuration", "timelines_access", feed):
            found = found.get(name) if isinstance(found, Mapping) else None
        if not isinstance(found, Mapping):
            return cls(feed)
        levels = {name: found.get(name) for name in ("local", "remote")}
        return cls(feed, **{n: v for n, v in levels.items() if isinstance(v, str) and v in _LEVELS})

    def require(self, timeline: Timeline, source: str, *, member: bool) -> bool:
        """Tell whether only this server's own people's statuses are shown.

        Raises `Blocked` where nothing is shown, or not what the timeline is for.
        """
        open_to = {"", "public", "authenticated"} if member else {"", "public"}
        if self.local not in open_to:
            raise closed(source)
        own_only = self.remote not in open_to
        if own_only and timeline.feed == "live_feeds" and not timeline.parameters:
            raise Blocked(
                f"{source} does not show its federated timeline; name the community `local`"
            )
        return own_only

    def __str__(self) -> str:
        """Return what is recorded of it; nothing where the server says nothing."""
        if not self.local and not self.remote:
            return ""
        return f"{self.feed} local={self.local or 'unknown'} remote={self.remote or 'unknown'}"


def closed(source: str) -> Blocked:
    """Return the error that stands for a timeline which guests do not see."""
    return Blocked(
        f"{source} shows tag timelines, or its live ones, to nobody or to its members only; ask "
        "its admins, or take the source out"
    )


def domain_of(about: Mapping[str, Any]) -> str:
    """Return the name that the server's accounts carry; it need not be the web address."""
    domain = (optional_text(about, "domain") or "").lower()
    return domain if _DOMAIN.fullmatch(domain) else ""
