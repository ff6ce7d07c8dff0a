"""What the demo shows at its end: what came in, the planted truth, and what was measured."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import fmean
from typing import Any

import duckdb

from flows.demo import Demo
from flows.night import Night, open_warehouse, prepare_night
from flows.truth import Cell, compare_with_truth, modelled_topic
from harvesters.simulation.truth import PlantedEvent
from warehouse.gateway import Warehouse

WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoSummary:
    """Rows and lines for people; `as_record` for machines."""

    sources: list[dict[str, Any]]
    frames: list[dict[str, Any]]
    planted: list[dict[str, Any]]
    lines: list[str]
    covered: int
    measured: int
    shown: int
    public: int
    frames_title: str = (
        "Shares of frames, averaged over communities and weeks (coded by simulated coders with "
        "10 % error)"
    )

    def as_record(self) -> dict[str, Any]:
        """Return everything as one mapping."""
        return {
            "sources": self.sources,
            "frames": self.frames,
            "planted": self.planted,
            "cells_covered": self.covered,
            "cells_measured": self.measured,
            "public_cells_shown": self.shown,
            "public_cells": self.public,
            "lines": self.lines,
        }


def summarise(demo: Demo) -> DemoSummary:
    """Read the demo's home, and set what was measured beside what was planted."""
    night = prepare_night(demo.home.root, flow="demo", as_of=demo.ended_at)
    with open_warehouse(night) as warehouse:
        cells = compare_with_truth(warehouse, night)
        sources = warehouse.query(_SOURCES).to_pylist()
        truth = demo.simulation.world().truth
        planted = [
            _event_row(warehouse, night, cells, event)
            for event in (*truth.births, *truth.deaths, *truth.events)
        ]
    measured = [cell for cell in cells if cell.covered is not None]
    covered = sum(bool(cell.covered) for cell in measured)
    shown, public = _public_cells(demo)
    return DemoSummary(
        sources=sources,
        frames=_frame_rows(measured),
        planted=planted,
        covered=covered,
        measured=len(measured),
        shown=shown,
        public=public,
        lines=[
            (
                f"Intervals hold what the coders would have said of every post in {covered} of "
                f"{len(measured)} cells; {len(cells) - len(measured)} cells were refused."
            ),
            f"{shown} of {public} public cells passed the export gate.",
            f"Researchers' release: {demo.home.controlled / 'discourse.duckdb'}",
            f"Dashboard: {demo.home.public / 'dashboard.html'}",
        ],
    )


_SOURCES = """
SELECT c.source, c.community, c.role, c.country,
    count(p.post_id) AS posts,
    count(p.post_id) FILTER (WHERE p.revision > 1) AS edited,
    (SELECT count(*) FROM tombstones t
     WHERE t.source = c.source AND t.community = c.community) AS gone,
    count(DISTINCT p.author_key) AS authors
FROM communities c LEFT JOIN posts p USING (source, community)
GROUP BY ALL ORDER BY ALL
"""


def _frame_rows(cells: Sequence[Cell]) -> list[dict[str, Any]]:
    by_frame: defaultdict[str, list[Cell]] = defaultdict(list)
    for cell in cells:
        by_frame[cell.frame].append(cell)
    return [
        {
            "frame": frame,
            "planted": round(fmean(cell.planted for cell in group), 3),
            "coders would say": round(fmean(cell.codable for cell in group), 3),
            "coder error makes": round(fmean(cell.codable - cell.planted for cell in group), 3),
            "measured": round(fmean(cell.estimate or 0.0 for cell in group), 3),
            "mean width": round(
                fmean((cell.upper or 0.0) - (cell.lower or 0.0) for cell in group), 3
            ),
            "cells covered": f"{sum(bool(cell.covered) for cell in group)}/{len(group)}",
        }
        for frame, group in by_frame.items()
    ]


def _event_row(
    warehouse: Warehouse, night: Night, cells: Sequence[Cell], event: PlantedEvent
) -> dict[str, Any]:
    """Return the figure before and after a planted event, in the communities that it touched."""
    if event.kind in ("birth", "death"):
        before, after = _topic_figures(warehouse, night, event)
    else:
        touched = [
            cell
            for cell in cells
            if cell.frame == event.name and cell.community in event.communities
        ]
        before = _mean(cell for cell in touched if cell.period + WEEK <= event.day)
        after = _mean(cell for cell in touched if cell.period >= event.day)
    return {
        "planted": event.label,
        "day": event.day.isoformat(),
        "communities": len(event.communities),
        "measured before": before,
        "measured after": after,
    }


def _mean(cells: Any) -> float | None:
    estimates = [cell.estimate for cell in cells if cell.estimate is not None]
    return round(fmean(estimates), 3) if estimates else None


def _topic_figures(
    warehouse: Warehouse, night: Night, event: PlantedEvent
) -> tuple[float | None, float | None]:
    """Return the mean share of the model's matching topic in the weeks before and after."""
    rows = warehouse.query(
        """
        SELECT avg(share) FILTER (WHERE period + 7 <= ?) AS before,
               avg(share) FILTER (WHERE period >= ?) AS after
        FROM topic_trends
        WHERE run_id = (SELECT max(run_id) FROM topic_trends)
            AND list_contains(?, community) AND topic_id = ?
        """,
        [
            event.day,
            event.day,
            list(event.communities),
            modelled_topic(warehouse, night, event.name),
        ],
    ).to_pylist()
    return _rounded(rows[0]["before"]), _rounded(rows[0]["after"])


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, 3)


def _public_cells(demo: Demo) -> tuple[int, int]:
    with duckdb.connect(str(demo.home.public / "trends.duckdb"), read_only=True) as trends:
        row = trends.execute("SELECT count(estimate), count(*) FROM frame_prevalence").fetchone()
    shown, public = row or (0, 0)
    return int(shown), int(public)
