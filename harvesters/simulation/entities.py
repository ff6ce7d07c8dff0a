"""What a simulated world consists of: communities, people, posts with their versions."""

from bisect import bisect_right
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal

from warehouse.records import Community, CommunityRole, PostKind

Platform = Literal["wordpress", "discourse", "mastodon", "feed"]
DeletionReason = Literal["author", "moderator"]

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


def milliseconds(moment: datetime) -> int:
    """Return an aware time as whole milliseconds since 1970."""
    return (moment - EPOCH) // _MILLISECOND


def from_milliseconds(count: int) -> datetime:
    """Return the time so many milliseconds after 1970."""
    return EPOCH + timedelta(milliseconds=count)


@dataclass(frozen=True, slots=True, kw_only=True)
class SimSource:
    """One simulated site: `home` is the address that its own texts give it."""

    source: str
    platform: Platform
    title: str
    home: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimCommunity:
    """One simulated community, as its study would describe it."""

    source: str
    community: str
    name: str
    country: str
    role: CommunityRole
    tags: tuple[str, ...] = ()

    def record(self) -> Community:
        """Return the community as a configured source names it."""
        return Community(
            source=self.source,
            community=self.community,
            name=self.name,
            country=self.country,
            role=self.role,
            tags=self.tags,
        )


@dataclass(frozen=True, slots=True)
class SimAuthor:
    """An invented person or bot.

    `handle` is the account as the platform's answers give it: a user name, `name@home` for an
    account of another Mastodon server, the number of a registered WordPress user, else a name.
    """

    number: int
    handle: str
    display: str
    bot: bool = False


@dataclass(frozen=True, slots=True)
class Version:
    """A post as it stood from `at` on; `raw` is the platform's own text, `html` what it shows."""

    at: datetime
    html: str
    raw: str
    title: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SimPost:
    """One invented post or comment, with its whole life and the truth that was planted in it.

    Ids named `native` are those that harvesters give; `number` and `thread` are the platform's
    whole numbers, `position` the place in the thread from 1. `visible_from` lies after
    `created_at` where a comment was held for moderation. `placeholder_until` is set where the
    platform shows an empty post for a while after its author deleted it.
    """

    source: str
    community: str
    native_id: str
    native_thread_id: str
    native_parent_id: str | None
    number: int
    thread: int
    position: int
    kind: PostKind
    author: SimAuthor
    parent: int | None
    quoted: int | None
    slug: str
    night: int
    created_at: datetime
    visible_from: datetime
    versions: tuple[Version, ...]
    deleted_at: datetime | None
    deletion_reason: DeletionReason | None
    placeholder_until: datetime | None
    topic: str
    frames: frozenset[str]
    automated: bool
    repeats: str | None
    identifiers: tuple[str, ...]

    @property
    def handle(self) -> str:
        """The account that wrote it."""
        return self.author.handle

    def version_at(self, moment: datetime) -> int:
        """Return the position in `versions` of the one that stood at `moment`."""
        if len(self.versions) == 1:
            return 0
        return max(0, bisect_right([version.at for version in self.versions], moment) - 1)

    def is_visible(self, moment: datetime) -> bool:
        """Whether its text could be read at `moment`."""
        if moment < self.visible_from:
            return False
        return self.deleted_at is None or moment < self.deleted_at


@dataclass(frozen=True, slots=True)
class Reblog:
    """A Mastodon boost: an entry of a timeline that repeats somebody's post."""

    number: int
    at: datetime
    author: SimAuthor
    of: int
