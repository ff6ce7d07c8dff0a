"""The protocol of every harvester, and the tree of what can go wrong.

    HarvestError
    ├── Blocked          the host does not want this: robots.txt, login wall, challenge page
    ├── RateLimited      still throttled after every wait that Retry-After asked for
    ├── Unavailable      no useful answer after retries: connection, time-out, 5xx
    ├── Gone             the whole thing asked for is not there: 404, 410
    ├── ParseError       an answer came, but not what the platform promises
    ├── ResponseRefused  too large, too slow, or redirected to where it must not lead
    └── Unconfirmed      how the site is read was never tested: its owner's board comes first

A harvester yields what it has before it raises: everything read so far is landed, and the failure
makes the harvest partial, never lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal, Protocol

from warehouse.records import Batch, Community, Known, PostRef, Sighting


class HarvestError(Exception):
    """Something kept a harvest from being complete; the message says what, where and what to do."""


class Blocked(HarvestError):
    """The host does not want this read: robots.txt, a login wall or a challenge page."""


class RateLimited(HarvestError):
    """The host still throttles after every wait that it asked for."""


class Unavailable(HarvestError):
    """No useful answer came after all retries."""


class Gone(HarvestError):
    """What was asked for is not there (404 or 410)."""


class ParseError(HarvestError):
    """An answer came, but it is not what the platform promises."""


class ResponseRefused(HarvestError):
    """An answer was too large, too slow, or led to where it must not lead."""


class Unconfirmed(Blocked):
    """A forum is read by a profile that was never tested; `sources check` has to come first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceSpec:
    """One configured site, as its harvester sees it.

    `url` is the site's root without a trailing slash; `options` holds what only one platform knows;
    `secrets` are tokens by their meaning, kept out of the repr; `allow_private` lets a simulated
    site live on a loopback address; `profiles` is the folder of the study's own forum profiles.
    """

    source: str
    platform: str
    url: str
    communities: tuple[Community, ...] = ()
    options: Mapping[str, str | int | float | bool] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    allow_private: bool = False
    profiles: Path | None = None


Evidence = Literal["real server", "recording", "shipped template", "unverified"]
"""Against what the reading of a platform was tested, best first."""


class Harvester(Protocol):
    """Reads one configured source of one platform.

    Attributes
    ----------
    platform : str
        As the registry and the settings name it.
    evidence : str
        Against what the reading was tested (`Evidence`), with a version where that is known.
    needs_communities : bool
        Whether a source must name what to read: the platform has no list of everything.
    needs_secrets : tuple of str
        Meanings of the secrets without which nothing can be read.
    needs_approval : bool
        Whether the platform's owner has to approve of the study (`approval_ref`).
    """

    platform: ClassVar[str]
    needs_communities: ClassVar[bool]
    needs_secrets: ClassVar[tuple[str, ...]]
    needs_approval: ClassVar[bool]

    @property
    def evidence(self) -> str:
        """Against what the reading of this source was tested."""
        ...

    def communities(self) -> Iterator[Community]:
        """Yield the communities that the source's entry names, or all that the site shows."""
        ...

    def harvest(
        self, community: Community, *, since: datetime | None, known: Known
    ) -> Iterator[Batch]:
        """Yield what is new in a community since the cursor in `known`, oldest work first.

        `since` bounds a first harvest, or a backfill that goes behind the cursor. Raises a
        `HarvestError` only after everything read was yielded.
        """
        ...

    def recheck(self, posts: Sequence[PostRef]) -> Iterator[Sighting]:
        """Yield one sighting for each of `posts`, in any order."""
        ...
