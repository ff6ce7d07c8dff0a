"""The public tables as the page reads them: a cell a period, with its reason where empty."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal, TypeVar

import pyarrow as pa

from analysis.dashboard.about import About
from analysis.dashboard.calendar import next_period, periods_between

Row = Mapping[str, Any]
State = Literal["published", "withheld", "refused", "absent"]
CommunityKey = tuple[str, str]
TopicKey = tuple[str, int]
Key = TypeVar("Key", str, TopicKey)

WITHHELD = "withheld"
NO_ROW = "no figure in the published tables"
NO_REASON = "not published; the table gives no reason"
WITHHELD_TOPIC = "withheld: not enough people behind the figure"
OF_PARENT = (
    "too few codings of its own; its whole source, or all communities together:"
    " {estimate}% ({lower} to {upper}%)"
)
NO_POSTS = "no counted posts in this period"
FAMILIES = ("value", "participation", "stance")
ROLES = ("service_users", "carers", "practitioners", "movement", "policy", "mixed")
REQUIRED = ("communities", "frames", "frame_prevalence")


class MissingTable(ValueError):
    """A table that the page cannot do without is not among the public ones."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One figure of one period, or the reason for there being none."""

    period: date
    estimate: float | None = None
    lower: float | None = None
    upper: float | None = None
    band_lower: float | None = None
    band_upper: float | None = None
    n_posts: int | None = None
    n_coded: int | None = None
    version: int | None = None
    reason: str | None = None
    over: bool = True
    coverage: float | None = None

    @property
    def state(self) -> State:
        """Return whether the figure is there, and if not, who left it out."""
        if self.estimate is not None:
            return "published"
        if self.reason == NO_ROW:
            return "absent"
        return "withheld" if (self.reason or "").startswith(WITHHELD) else "refused"

    @property
    def has_interval(self) -> bool:
        """Return whether the figure has both bounds."""
        return self.estimate is not None and self.lower is not None and self.upper is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class CommunityInfo:
    """What a community is compared by."""

    key: CommunityKey
    name: str
    country: str | None
    role: str | None
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FrameInfo:
    """A frame as the codebook defines it."""

    key: str
    name: str
    family: str
    definition: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicInfo:
    """A topic as its model found it."""

    key: TopicKey
    label: str
    terms: tuple[str, ...]
    born_on: date
    retired_on: date | None
    n_posts: int | None
    coherence: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """Everything that the screens draw, read once."""

    about: About
    periods: tuple[date, ...]
    last_complete: date | None
    communities: tuple[CommunityInfo, ...]
    frames: tuple[FrameInfo, ...]
    topics: tuple[TopicInfo, ...]
    frame_series: Mapping[tuple[str, CommunityKey], tuple[Cell, ...]]
    topic_series: Mapping[tuple[TopicKey, CommunityKey], tuple[Cell, ...]]
    rows: Mapping[str, tuple[Row, ...]]

    @property
    def over(self) -> tuple[date, ...]:
        """Return the periods that are over."""
        last = self.last_complete
        return tuple(p for p in self.periods if last is not None and p <= last)

    def table(self, name: str) -> tuple[Row, ...]:
        """Return the rows of a public table; empty where it was not published."""
        return self.rows.get(name, ())

    def breaks(self, frame: str, community: CommunityKey) -> dict[date, str]:
        """Return the periods at which a series breaks, with the reasons."""
        return {
            row["period"]: row["reason"]
            for row in self.table("changes")
            if row["kind"] == "break"
            and row["frame"] in (frame, None)
            and (row["source"], row["community"]) == community
        }


def read_figures(tables: Mapping[str, pa.Table], about: About) -> Figures:
    """Read the public tables of one bin.

    Raises
    ------
    MissingTable
        If communities, frames or frame_prevalence is not there.
    """
    for name in REQUIRED:
        if name not in tables:
            raise MissingTable(f"the public tables lack {name!r}; build the release again")
    rows = {name: _rows_of(tables[name], about.bin) for name in sorted(tables)}
    periods = _all_periods(rows, about.bin)
    last_complete = about.last_complete_period or _newest_over(periods, about)
    communities = _communities(rows)
    coverage = {
        (row["source"], row["community"], row["period"]): row["share_complete"]
        for row in rows.get("coverage_by_period", ())
    }
    shape = _Shape(periods, last_complete, coverage, tuple(c.key for c in communities))
    topics = tuple(_topic(row) for row in rows.get("topics", ()))
    return Figures(
        about=about,
        periods=periods,
        last_complete=last_complete,
        communities=communities,
        frames=_frames(rows["frames"]),
        topics=tuple(sorted(topics, key=_topic_order)),
        frame_series=_series(rows["frame_prevalence"], shape, _frame_key, _frame_cell),
        topic_series=_series(rows.get("topic_trends", ()), shape, _topic_key, _topic_cell),
        rows=rows,
    )


@dataclass(frozen=True, slots=True)
class _Shape:
    """What every series has in common."""

    periods: tuple[date, ...]
    last_complete: date | None
    coverage: Mapping[tuple[str, str, date], float]
    communities: tuple[CommunityKey, ...]


def _rows_of(table: pa.Table, bin_: str) -> tuple[Row, ...]:
    rows: list[dict[str, Any]] = table.to_pylist()
    return tuple(row for row in rows if row.get("bin", bin_) == bin_)


def _all_periods(rows: Mapping[str, Sequence[Row]], bin_: str) -> tuple[date, ...]:
    found = {
        row["period"] for name in ("frame_prevalence", "topic_trends") for row in rows.get(name, ())
    }
    return periods_between(min(found), max(found), bin_) if found else ()


def _newest_over(periods: Sequence[date], about: About) -> date | None:
    built_on = about.built_at.date()
    over = [period for period in periods if next_period(period, about.bin) <= built_on]
    return over[-1] if over else None


def _communities(rows: Mapping[str, Sequence[Row]]) -> tuple[CommunityInfo, ...]:
    known = {(row["source"], row["community"]): row for row in rows["communities"]}
    for name in ("frame_prevalence", "topic_trends"):
        for row in rows.get(name, ()):
            known.setdefault((row["source"], row["community"]), {})
    found = (
        CommunityInfo(
            key=key,
            name=row.get("name") or key[1],
            country=row.get("country"),
            role=row.get("role"),
            tags=tuple(row.get("tags") or ()),
        )
        for key, row in known.items()
    )
    return tuple(sorted(found, key=lambda c: (_role_order(c.role), c.name.casefold(), c.key)))


def _role_order(role: str | None) -> int:
    return ROLES.index(role) if role in ROLES else len(ROLES)


def _frames(rows: Sequence[Row]) -> tuple[FrameInfo, ...]:
    """Return the frames of the newest codebook, family by family."""
    newest = {row["frame"]: row for row in sorted(rows, key=lambda row: row["codebook_version"])}
    found = (
        FrameInfo(
            key=row["frame"], name=row["name"], family=row["family"], definition=row["definition"]
        )
        for row in newest.values()
    )
    return tuple(sorted(found, key=_frame_order))


def _frame_order(frame: FrameInfo) -> tuple[int, str, str]:
    known = FAMILIES.index(frame.family) if frame.family in FAMILIES else len(FAMILIES)
    return known, frame.name.casefold(), frame.key


def _topic(row: Row) -> TopicInfo:
    return TopicInfo(
        key=(row["model"], row["topic_id"]),
        label=row["label"],
        terms=tuple(row["terms"] or ()),
        born_on=row["born_on"],
        retired_on=row["retired_on"],
        n_posts=row["n_posts"],
        coherence=row["coherence"],
    )


def _topic_order(topic: TopicInfo) -> tuple[bool, int, TopicKey]:
    return topic.retired_on is not None, -(topic.n_posts or 0), topic.key


def _frame_key(row: Row) -> str:
    return str(row["frame"])


def _topic_key(row: Row) -> TopicKey:
    return row["model"], row["topic_id"]


def _series(
    rows: Sequence[Row],
    shape: _Shape,
    key_of: Callable[[Row], Key],
    cell_of: Callable[[Row], dict[str, Any]],
) -> dict[tuple[Key, CommunityKey], tuple[Cell, ...]]:
    """Return one cell a period of every series; of several runs the newest one's figure."""
    newest: dict[tuple[Key, CommunityKey, date], Row] = {}
    for row in sorted(rows, key=_run_of):
        newest[key_of(row), (row["source"], row["community"]), row["period"]] = row
    keys = dict.fromkeys((key, community) for key, community, _ in newest)
    return {
        (key, community): tuple(
            _cell(newest.get((key, community, period)), period, community, shape, cell_of)
            for period in shape.periods
        )
        for key, community in keys
    }


def _run_of(row: Row) -> str:
    return row.get("run_id") or ""


def _cell(
    row: Row | None,
    period: date,
    community: CommunityKey,
    shape: _Shape,
    cell_of: Callable[[Row], dict[str, Any]],
) -> Cell:
    values = {"reason": NO_ROW} if row is None else cell_of(row)
    return Cell(
        period=period,
        over=shape.last_complete is not None and period <= shape.last_complete,
        coverage=shape.coverage.get((*community, period)),
        **values,
    )


def _frame_cell(row: Row) -> dict[str, Any]:
    empty = row["estimate"] is None
    names = ("estimate", "lower", "upper", "band_lower", "band_upper", "n_posts", "n_coded")
    values = {name: row[name] for name in names}
    reason = as_words(row["refused_because"] or "") or (NO_REASON if empty else None)
    if not empty and (row["borrowed"] or 0) >= 1:
        # the figure of a whole source, or of all, is no figure of this community
        values |= dict.fromkeys(names[:5])
        reason = OF_PARENT.format(**{name: round(row[name] * 100) for name in names[:3]})
    return {**values, "version": row["codebook_version"], "reason": reason}


def as_words(key: str) -> str:
    """Return a key of the tables as people read it: fewer_than_10_authors without its lines."""
    return key.replace("_", " ")


def _topic_cell(row: Row) -> dict[str, Any]:
    reason = None
    if row["share"] is None:
        reason = NO_POSTS if row["n_posts"] == 0 else WITHHELD_TOPIC
    return {
        "estimate": row["share"],
        "lower": row["lower"],
        "upper": row["upper"],
        "n_posts": row["n_posts"],
        "reason": reason,
    }
