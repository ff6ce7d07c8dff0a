"""Levels, changes, breaks and events of the prevalence series of a run, into the tables.

A change of level is told where it is probable, a break where the series is known to begin anew, and
an event with what moved at it. No change is told at a break, and no event over one.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa

from analysis.intervals import benjamini_hochberg
from analysis.series import Bin, first_day, periods_of
from analysis.series.breaks import find_breaks
from analysis.series.contrasts import SPAN, Contrast, event_contrast
from analysis.series.levels import Shares, effective_shares, from_elsewhere, on_logit_scale
from analysis.series.segments import Course, course, false_discovery_rates
from flows.night import Night
from warehouse.gateway import Warehouse

SERIES = "frame_prevalence"
Row = dict[str, Any]

_NUMBERS = ("estimate", "lower", "upper", "n_coded", "effective_n", "borrowed")
_SHARES = """
SELECT frame, source, community, period, estimate, lower, upper, n_coded, effective_n, borrowed,
       classifier, codebook_version
FROM frame_prevalence WHERE run_id = ? AND bin = ? ORDER BY frame, source, community, period
"""
# Only days that were tried count. Of the period that goes on the newest day is never whole: whether
# it has a gap shows when it is over.
_COVERED = """
SELECT source, community, period, gaps / nullif(gaps + round(
    share_complete * date_diff('day', period, period + CASE bin WHEN 'week' THEN INTERVAL 7 DAY
                                                       ELSE INTERVAL 1 MONTH END)), 0) AS missed
FROM coverage_by_period
WHERE bin = $bin AND period + CASE bin WHEN 'week' THEN INTERVAL 7 DAY
                                       ELSE INTERVAL 1 MONTH END <= $today::DATE
"""
_EVENTS = "SELECT event_id, day, label FROM events ORDER BY day, event_id"
_LEVELS: dict[str, pa.DataType] = {
    **dict.fromkeys(("run_id", "series", "frame", "source", "community", "bin"), pa.string()),
    "period": pa.date32(),
    **dict.fromkeys(("level", "lower", "upper", "change_probability"), pa.float64()),
}
_CHANGES: dict[str, pa.DataType] = {
    **dict.fromkeys(("run_id", "series", "frame", "source", "community", "bin"), pa.string()),
    "period": pa.date32(),
    "kind": pa.string(),
    **dict.fromkeys(("estimate", "lower", "upper", "q_value"), pa.float64()),
    "reason": pa.string(),
}


@dataclass(frozen=True, slots=True)
class _Series:
    """One frame in one community, over consecutive periods from number `start` on."""

    frame: str
    source: str
    community: str
    bin: Bin
    start: int
    shares: Shares
    breaks: Mapping[int, str]

    def row(self, place: int, **columns: Any) -> Row:
        """Return what every row of the tables begins with, for the period at a place."""
        return {
            "series": SERIES,
            "frame": self.frame,
            "source": self.source,
            "community": self.community,
            "bin": self.bin,
            "period": first_day(self.start + place, self.bin),
            **columns,
        }


def save_series(warehouse: Warehouse, night: Night) -> str:
    """Store levels and changes of the run's prevalence; returns how many of which kind."""
    series = _read(warehouse, night)
    courses = [
        course(on_logit_scale(each.shares, cuts=each.breaks), breaks=each.breaks) for each in series
    ]
    levels = [row for pair in zip(series, courses, strict=True) for row in _level_rows(*pair)]
    changes = [
        *_break_rows(series),
        *_change_rows(series, courses),
        *_event_rows(series, warehouse.query(_EVENTS).to_pylist()),
    ]
    run = night.run.run_id
    for table, rows, columns in (
        ("series_levels", levels, _LEVELS),
        ("changes", changes, _CHANGES),
    ):
        filled = [{"run_id": run, **row} for row in rows]
        warehouse.replace(table, pa.Table.from_pylist(filled, pa.schema(columns)), keys=["run_id"])
    told = [
        sum(row["kind"] == kind for row in changes) for kind in ("change_point", "break", "event")
    ]
    return f"{len(series)} series: {told[0]} changes of level, {told[1]} breaks, {told[2]} events"


def _read(warehouse: Warehouse, night: Night) -> list[_Series]:
    bin_ = night.settings.study.bin
    rows = warehouse.query(_SHARES, [night.run.run_id, bin_]).to_pylist()
    missed = {
        (row["source"], row["community"], row["period"]): row["missed"]
        for row in _covered(warehouse, bin_, night.clock.now().date()).to_pylist()
    }
    by_key: dict[tuple[str, str, str], list[Row]] = {}
    for row in rows:
        by_key.setdefault((row["frame"], row["source"], row["community"]), []).append(row)
    return [_series(key, some, missed, bin_) for key, some in by_key.items()]


def _covered(warehouse: Warehouse, bin_: Bin, today: date) -> pa.Table:
    return warehouse.connection.execute(_COVERED, {"bin": bin_, "today": today}).to_arrow_table()


def _series(
    key: tuple[str, str, str],
    rows: Sequence[Row],
    missed: Mapping[tuple[str, str, date], float | None],
    bin_: Bin,
) -> _Series:
    numbers = periods_of([row["period"] for row in rows], bin_).number
    start, length = int(numbers[0]), int(numbers[-1] - numbers[0]) + 1
    columns = {name: np.full(length, np.nan) for name in _NUMBERS}
    by: list[Row | None] = [None] * length
    for place, row in zip((numbers - start).tolist(), rows, strict=True):
        if row["estimate"] is not None:
            by[place] = row
            for name, values in columns.items():
                values[place] = np.nan if row[name] is None else row[name]
    place_of = key[1:]
    gone = [missed.get((*place_of, first_day(start + t, bin_))) for t in range(length)]
    breaks = find_breaks(
        classifier=[None if row is None else row["classifier"] for row in by],
        codebook=[None if row is None else row["codebook_version"] for row in by],
        missed=np.array([np.nan if share is None else share for share in gone]),
    )
    elsewhere = from_elsewhere(columns["n_coded"], columns["effective_n"], columns["borrowed"])
    shares = effective_shares(
        columns["estimate"], columns["lower"], columns["upper"], borrowed=elsewhere
    )
    return _Series(*key, bin_, start, shares, breaks)


def _level_rows(series: _Series, found: Course) -> Iterator[Row]:
    levels, probability = found.levels, found.probabilities.probability
    for place in np.flatnonzero(~np.isnan(levels.level)).tolist():
        chance = probability[place]
        yield series.row(
            place,
            level=levels.level[place],
            lower=levels.lower[place],
            upper=levels.upper[place],
            change_probability=None if np.isnan(chance) else chance,
        )


def _break_rows(series: Sequence[_Series]) -> list[Row]:
    """Return a row a break; one of every frame of a community, such as a gap, names no frame."""
    n_frames = Counter((each.source, each.community) for each in series)
    rows: dict[tuple[Any, ...], list[Row]] = {}
    for each in series:
        for place, reason in each.breaks.items():
            row = each.row(place, kind="break", reason=reason)
            key = (each.source, each.community, row["period"], reason)
            rows.setdefault(key, []).append(row)
    return [
        row
        for key, some in rows.items()
        for row in ([some[0] | {"frame": None}] if len(some) == n_frames[key[:2]] else some)
    ]


def _change_rows(series: Sequence[_Series], courses: Sequence[Course]) -> list[Row]:
    told = [
        (each, point) for each, found in zip(series, courses, strict=True) for point in found.told
    ]
    rates = false_discovery_rates([point.probability for _, point in told])
    return [
        each.row(
            point.period,
            kind="change_point",
            estimate=point.difference,
            lower=point.lower,
            upper=point.upper,
            q_value=rate,
            reason=f"the level changed then or a {each.bin} beside it, with probability"
            f" {point.probability:.2f}",
        )
        for (each, point), rate in zip(told, rates.tolist(), strict=True)
    ]


def _event_rows(series: Sequence[_Series], events: Sequence[Row]) -> list[Row]:
    rows = []
    for event in events:
        found = [(each, *_around(each, event["day"])) for each in series]
        ranked = [
            contrast.p_value if isinstance(contrast, Contrast) else np.nan
            for _, _, contrast in found
        ]
        rates = benjamini_hochberg(ranked)
        rows += [
            _event_row(each, place, contrast, rate, event)
            for (each, place, contrast), rate in zip(found, rates.tolist(), strict=True)
            if isinstance(contrast, Contrast)
        ]
    return rows


def _around(series: _Series, day: date) -> tuple[int, Contrast | str]:
    place = int(periods_of([day], series.bin).number[0]) - series.start
    return place, event_contrast(series.shares, place, breaks=series.breaks)


def _event_row(series: _Series, place: int, contrast: Contrast, rate: float, event: Row) -> Row:
    reason = (
        f"{event['label']} ({event['day']}): {SPAN} {series.bin}s after it beside {SPAN} before,"
        f" rank {contrast.rank} among it and {contrast.n_placebos} other dates"
    )
    return series.row(
        place,
        kind="event",
        estimate=contrast.difference,
        lower=contrast.lower,
        upper=contrast.upper,
        q_value=rate,
        reason=reason,
    )
