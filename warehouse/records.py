"""The records that pass between the parts: frozen, typed, standard library only.

Every part of valuetalk speaks in these records, so this module imports nothing of the project and
nothing from PyPI. Times are aware and UTC; a record with a naive time or an empty id cannot be
made. Native ids and links appear in `Post`, `PostRef` and `Sighting` only: they travel in
segments and under `state/`, and the warehouse keeps them in the private table `locators`.
"""

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Literal, Protocol

PostKind = Literal["post", "comment"]
Outcome = Literal["present", "edited", "gone", "unknown"]
Activity = Literal["harvest", "recheck", "import"]
HarvestStatus = Literal["complete", "partial", "failed", "blocked"]
CommunityRole = Literal["service_users", "carers", "practitioners", "movement", "policy", "mixed"]
CursorValue = str | int | float | bool | None


class RecordError(ValueError):
    """A record was given a value that it must not hold."""


class Clock(Protocol):
    """The one source of "now" and of every wait."""

    def now(self) -> datetime:
        """Return the current time, aware and UTC."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait so many seconds."""
        ...


class WallClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """Return the machine's time in UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Block for so many seconds."""
        if seconds > 0:
            time.sleep(seconds)


class VirtualClock:
    """A clock that moves only when told to, for simulations and tests.

    Parameters
    ----------
    start : datetime
        Aware time at which the clock stands.
    """

    def __init__(self, start: datetime) -> None:
        self._now = require_utc(start, "start")
        self._moving = threading.Lock()

    def now(self) -> datetime:
        """Return the time at which the clock stands."""
        return self._now

    def sleep(self, seconds: float) -> None:
        """Move the clock forward instead of waiting."""
        with self._moving:
            self._now += timedelta(seconds=max(0.0, seconds))

    def advance_to(self, moment: datetime) -> None:
        """Move the clock to `moment`; a clock never goes back."""
        with self._moving:
            self._now = max(self._now, require_utc(moment, "moment"))


def require_utc(moment: datetime, name: str) -> datetime:
    """Return `moment` in UTC, or refuse a naive time."""
    if moment.tzinfo is None or moment.utcoffset() is None:
        raise RecordError(f"{name} is a naive time ({moment.isoformat()}); give one with its zone")
    return moment.astimezone(UTC)


def _require_ids(record: object, *names: str) -> None:
    for name in names:
        if not getattr(record, name):
            raise RecordError(f"{type(record).__name__}.{name} is empty; every record needs its id")


def _make_utc(record: object, *names: str) -> None:
    for name in names:
        moment = getattr(record, name)
        if moment is not None:
            object.__setattr__(record, name, require_utc(moment, name))


@dataclass(frozen=True, slots=True, kw_only=True)
class Community:
    """One subreddit, board, instance tag, list or blog of a source, with what it is compared by.

    `community` is the platform's own handle of it (board id, tag, `blog`), `name` what people read.
    """

    source: str
    community: str
    name: str
    country: str | None = None
    role: CommunityRole | None = None
    tags: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        """Refuse empty ids."""
        _require_ids(self, "source", "community", "name")


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceInfo:
    """What the warehouse records about a configured source."""

    source: str
    platform: str
    licence: str
    ethics_ref: str | None
    terms_note: str = ""
    one_post_per_person: bool = False
    communities: tuple[Community, ...] = ()

    def __post_init__(self) -> None:
        """Refuse empty ids."""
        _require_ids(self, "source", "platform")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """One post or comment as it stood when it was read, pseudonymised and redacted.

    `content_hash` is the keyed HMAC of the platform's own text before cleaning and redaction;
    `own_text` is title, newline, body without quotes for a post, body without quotes for a
    comment; `redactions` counts what was taken out, by kind. `item_key` is the keyed hash of an id
    that the item bears on every server that shows it, where the platform has such ids; `host_key`
    is the keyed hash of the account's home host, by which a host can opt out.
    """

    source: str
    community: str
    native_id: str
    native_thread_id: str
    native_parent_id: str | None
    kind: PostKind
    author_key: str | None
    created_at: datetime
    edited_at: datetime | None
    harvested_at: datetime
    title: str
    text: str
    own_text: str
    language: str | None
    url: str | None
    content_hash: str
    text_version: int
    automated: bool = False
    redactions: Mapping[str, int] = field(default_factory=dict)
    item_key: str | None = None
    host_key: str | None = None

    def __post_init__(self) -> None:
        """Refuse empty ids and naive times; turn times into UTC."""
        _require_ids(self, "source", "community", "native_id", "native_thread_id", "content_hash")
        _make_utc(self, "created_at", "edited_at", "harvested_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class PostRef:
    """A known post whose turn for a recheck has come."""

    source: str
    community: str
    native_id: str
    native_thread_id: str
    kind: PostKind
    url: str | None
    content_hash: str
    created_at: datetime
    missed: bool = False

    def __post_init__(self) -> None:
        """Refuse empty ids and naive times."""
        _require_ids(self, "source", "community", "native_id", "native_thread_id")
        _make_utc(self, "created_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sighting:
    """What a recheck saw of one post.

    `post` is there exactly when `outcome` is `edited`; `reason` says why a post is gone or unknown
    (`deleted_by_author`, `removed`, `not_found`, `login_required`, `blocked`, `error`).
    """

    source: str
    community: str
    native_id: str
    outcome: Outcome
    seen_at: datetime
    reason: str | None = None
    post: Post | None = None

    def __post_init__(self) -> None:
        """Refuse empty ids, naive times, and an edit without its text."""
        _require_ids(self, "source", "community", "native_id")
        _make_utc(self, "seen_at")
        if (self.outcome == "edited") != (self.post is not None):
            raise RecordError(
                f"a sighting carries its post exactly when edited, not {self.outcome}"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadCount:
    """How many posts a thread promises and how many of them are known after this batch."""

    native_thread_id: str
    expected: int | None
    fetched: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Validator:
    """HTTP validators of one address, and how often they were trusted since the last full read."""

    etag: str | None = None
    last_modified: str | None = None
    trusted: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A stretch of time whose posts the platform may have shown and shows no more."""

    since: datetime
    until: datetime
    reason: str

    def __post_init__(self) -> None:
        """Turn times into UTC."""
        _make_utc(self, "since", "until")


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityCount:
    """What of one community lies in a batch of several."""

    community: str
    expected: int
    fetched: int
    drops: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """What one step of a harvest of one community yields; it becomes one segment.

    `cursor` is the position from which the next harvest goes on once this batch is loaded; None
    leaves the stored one. `expected` and `fetched` count posts of this batch; `complete` is False
    where something that the platform promised was not read (`drops`, `gaps`, `threads` say what).
    Archives mix their communities: a batch of such rows says in `communities` what it has of each,
    and bears the source's name in the place of a community.
    """

    source: str
    community: str
    posts: tuple[Post, ...] = ()
    sightings: tuple[Sighting, ...] = ()
    threads: tuple[ThreadCount, ...] = ()
    validators: Mapping[str, Validator] = field(default_factory=dict)
    cursor: Mapping[str, CursorValue] | None = None
    expected: int | None = None
    fetched: int = 0
    drops: Mapping[str, int] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    complete: bool = True
    communities: tuple[CommunityCount, ...] = ()

    def __post_init__(self) -> None:
        """Refuse empty ids."""
        _require_ids(self, "source", "community")


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownThread:
    """What is known of a thread: its newest post, how many posts are held, how many it promised.

    `expected` is the count that the platform gave when the thread was last read; it differs from
    `n_posts` where posts were dropped or erased.
    """

    last_native_id: str
    last_post_at: datetime
    n_posts: int
    expected: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """What a harvester must know of the past of one community; written by the loader."""

    cursor: Mapping[str, CursorValue] = field(default_factory=dict)
    threads: Mapping[str, KnownThread] = field(default_factory=dict)
    validators: Mapping[str, Validator] = field(default_factory=dict)
    last_complete_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One execution of a flow or command, with the version that ran."""

    run_id: str
    flow: str
    started_at: datetime
    version: str

    def __post_init__(self) -> None:
        """Refuse empty ids and naive times."""
        _require_ids(self, "run_id", "flow", "version")
        _make_utc(self, "started_at")


@dataclass(frozen=True, slots=True, kw_only=True)
class Traffic:
    """What a harvest cost its host, and how often each decision of politeness was taken."""

    requests: int = 0
    not_modified: int = 0
    throttled_seconds: float = 0.0
    decisions: Mapping[str, int] = field(default_factory=dict)

    def minus(self, earlier: "Traffic") -> "Traffic":
        """Return the traffic since `earlier`."""
        decided = {
            name: count - earlier.decisions.get(name, 0) for name, count in self.decisions.items()
        }
        return Traffic(
            requests=self.requests - earlier.requests,
            not_modified=self.not_modified - earlier.not_modified,
            throttled_seconds=self.throttled_seconds - earlier.throttled_seconds,
            decisions={name: count for name, count in decided.items() if count},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class SegmentHeader:
    """What a segment says of itself beside its rows; stored in the Parquet metadata.

    `final` marks the last segment of an activity of a community in a run: it carries status,
    error and traffic. `evidence` says against what the reading of the platform was tested.
    `covers_from` is the time since which a complete harvest has seen everything. `author_links`
    says how many links of the author chain the author keys in it bear. `communities` are those of
    a batch that mixes several, and `community` is the source's name then.
    """

    run_id: str
    source: str
    community: str
    activity: Activity
    harvested_at: datetime
    final: bool = False
    status: HarvestStatus = "complete"
    error: str | None = None
    expected: int | None = None
    fetched: int = 0
    drops: Mapping[str, int] = field(default_factory=dict)
    gaps: tuple[Gap, ...] = ()
    threads: tuple[ThreadCount, ...] = ()
    validators: Mapping[str, Validator] = field(default_factory=dict)
    cursor: Mapping[str, CursorValue] | None = None
    covers_from: datetime | None = None
    traffic: Traffic = field(default_factory=Traffic)
    evidence: str = ""
    author_links: int = 1
    communities: tuple[CommunityCount, ...] = ()

    def __post_init__(self) -> None:
        """Refuse empty ids and naive times."""
        _require_ids(self, "run_id", "source", "community")
        _make_utc(self, "harvested_at", "covers_from")


@dataclass(frozen=True, slots=True, kw_only=True)
class LoadCounts:
    """What loading one segment changed.

    Every row of a segment is counted once: `new + edited + unchanged + present + missed + confirmed
    + unknown + refused + elsewhere` is the number of rows. `elsewhere` are items that another
    source holds already.
    """

    new: int = 0
    edited: int = 0
    unchanged: int = 0
    present: int = 0
    missed: int = 0
    confirmed: int = 0
    unknown: int = 0
    refused: int = 0
    elsewhere: int = 0
    already_loaded: bool = False

    def plus(self, other: "LoadCounts") -> "LoadCounts":
        """Return the sum of two counts."""
        return LoadCounts(
            new=self.new + other.new,
            edited=self.edited + other.edited,
            unchanged=self.unchanged + other.unchanged,
            present=self.present + other.present,
            missed=self.missed + other.missed,
            confirmed=self.confirmed + other.confirmed,
            unknown=self.unknown + other.unknown,
            refused=self.refused + other.refused,
            elsewhere=self.elsewhere + other.elsewhere,
        )
