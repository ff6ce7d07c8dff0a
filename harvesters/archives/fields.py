"""Which column of a foreign table means what, and what the values in it mean.

Reddit and Pushshift dumps, 4CAT exports and plain tables are known by their column names; anything
else is said by a mapping from role to column.
"""

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from typing import Any

from harvesters.archives.files import ArchiveError, Row
from harvesters.archives.reddit_rows import EXTRAS

ROLES: Mapping[str, tuple[str, ...]] = {
    "id": ("id", "post_id", "comment_id"),
    "thread": ("thread_id", "thread"),
    "parent": ("parent_id", "parent"),
    "author": ("author", "author_name"),
    "community": ("community", "subreddit"),
    "created_at": ("created_at", "created_utc", "timestamp", "date"),
    "title": ("title", "subject"),
    "text": ("text", "body", "selftext"),
    "url": ("url", "permalink"),
}
"""The roles that a column can have, and the names by which plain tables and 4CAT tell them."""

_REDDIT_ROLES: Mapping[str, tuple[str, ...]] = {
    "id": ("name", "id"),
    "thread": ("link_id",),
    "parent": ("parent_id",),
    "author": ("author",),
    "community": ("subreddit",),
    "created_at": ("created_utc",),
    "title": ("title",),
    "text": ("selftext", "body"),
    "url": ("permalink",),  # `url` is what a post links to
}
_REDDIT_MARKS = frozenset({"id", "subreddit", "created_utc"})
_WITHDRAWN = frozenset({"[deleted]", "[removed]"})
_MILLISECONDS_FROM = 1e11  # epoch numbers above this count milliseconds: as seconds, year 5138
_MICROSECONDS_FROM = 1e14
_BRITISH_DATES = ("%d/%m/%Y", "%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")


@dataclass(frozen=True, slots=True, kw_only=True)
class Layout:
    """Which columns have which role; of several the first that is filled in a row counts.

    `platform` and `host` are where the accounts of the table live; `text_is_own` says that the
    text was named by hand, so that a row without it holds nothing of its own.
    """

    platform: str
    host: str
    columns: Mapping[str, tuple[str, ...]]
    text_is_own: bool = False

    @property
    def is_reddit(self) -> bool:
        """Whether ids are Reddit's."""
        return self.platform == "reddit"

    @property
    def wanted(self) -> frozenset[str]:
        """Every column that is read."""
        named = frozenset(name for names in self.columns.values() for name in names)
        return named | EXTRAS if self.is_reddit else named

    def value(self, row: Row, role: str) -> Any:
        """Return a row's value in a role; None where it has none."""
        for name in self.columns.get(role, ()):
            value = row.get(name)
            if (
                value is not None
                and value != ""
                and not (isinstance(value, float) and math.isnan(value))
            ):
                return value
        return None


def find_layout(fields: Sequence[str], mapping: Mapping[str, str] | None, *, source: str) -> Layout:
    """Tell the roles of a table's columns; what `mapping` names goes before what is recognised.

    Raises
    ------
    ArchiveError
        If the mapping names a role or a column that there is not, or if no column says when a
        post was written or what it says.
    """
    named = dict(mapping or {})
    _require_known(named, fields)
    is_reddit = set(fields) >= _REDDIT_MARKS
    known = _REDDIT_ROLES if is_reddit else ROLES
    columns = {
        role: (named[role],) if role in named else _present(known[role], fields, every=is_reddit)
        for role in ROLES
    }
    for role, what in (("created_at", "when a post was written"), ("text", "what a post says")):
        if not columns[role] and not (role == "text" and columns["title"]):
            raise ArchiveError(
                f"no column says {what} among {', '.join(fields)}; name it in the mapping, as in "
                f"{role}=column"
            )
    return Layout(
        platform="reddit" if is_reddit else "archive",
        host="reddit.com" if is_reddit else source,
        columns={role: names for role, names in columns.items() if names},
        text_is_own="text" in named,
    )


def read_text(value: Any) -> tuple[str, bool]:
    """Return a text, entities resolved, and whether the platform had withdrawn it."""
    if value is None:
        return "", False
    text = value if isinstance(value, str) else str(value)
    bare = text.strip()
    if bare.startswith("[") and bare.lower() in _WITHDRAWN:
        return "", True
    return (html.unescape(text) if "&" in text else text), False


def read_handle(value: Any) -> str | None:
    """Return the account that wrote a row; deleted accounts are nobody."""
    handle = "" if value is None else str(value).strip()
    return None if not handle or handle.lower() in _WITHDRAWN else handle


def read_time(value: Any) -> datetime | None:
    """Return an aware time; None where a value is none.

    Understood are times and dates of Parquet, ISO 8601, seconds (milli-, microseconds) since 1970,
    and day-first dates as the British write them (31/12/2025). Without a zone it is UTC.
    """
    try:
        return _time(value)
    except (ValueError, OverflowError, OSError):
        return None


def _time(value: Any) -> datetime | None:
    if isinstance(value, datetime):
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
    if isinstance(value, date):
        return datetime.combine(value, time(), UTC)
    if isinstance(value, int | float) and not isinstance(value, bool):
        return _epoch(float(value))
    text = value.strip() if isinstance(value, str) else ""
    if not text:
        return None
    number = _number(text)
    return _written_time(text) if number is None else _epoch(number)


def _written_time(text: str) -> datetime:
    if "/" in text:
        return _british(text)
    moment = datetime.fromisoformat(text.removesuffix(" UTC"))
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _british(text: str) -> datetime:
    for pattern in _BRITISH_DATES:
        try:
            return datetime.strptime(text, pattern).replace(tzinfo=UTC)
        except ValueError:
            continue
    raise ValueError("no date that is known")


def _number(text: str) -> float | None:
    """Return an epoch number; eight digits are a date of ISO 8601's basic form."""
    if len(text) == len("20251231") and text.isdigit():
        return None
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None


def _epoch(number: float) -> datetime | None:
    if not math.isfinite(number) or number <= 0:
        return None
    if number >= _MICROSECONDS_FROM:
        number /= 1e6
    elif number >= _MILLISECONDS_FROM:
        number /= 1e3
    return datetime.fromtimestamp(number, UTC)


def _present(names: tuple[str, ...], fields: Sequence[str], *, every: bool) -> tuple[str, ...]:
    """Return the names that a table has: one, or where rows differ, all in order."""
    present = tuple(name for name in names if name in fields)
    return present if every else present[:1]


def _require_known(named: Mapping[str, str], fields: Sequence[str]) -> None:
    for role, column in named.items():
        if role not in ROLES:
            raise ArchiveError(
                f"the mapping names {role!r}, which is no role; the roles are {', '.join(ROLES)}"
            )
        if column not in fields:
            raise ArchiveError(
                f"the mapping names column {column!r}, which the file has not; its columns are "
                f"{', '.join(fields)}"
            )
