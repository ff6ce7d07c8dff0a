"""A drawing of topics over months: a row a topic, its share with its interval, and its events.

SVG that needs no library. Each row has a scale of its own, since a topic of one post in a hundred
would be flat on that of the largest; the greatest share, of months with a hundred posts or more,
stands at its right end.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH, LEFT, RIGHT = 1000, 296, 84
ROW, INSIDE, TOP, STRIP = 27, 20, 64, 46
SCALED_FROM = 100
"""Posts that a month needs for its shares to set the scale of a row."""
INK, MUTED, LINE, BAND, BEFORE = "#1f2328", "#656d76", "#0550ae", "#b6d3f2", "#8c959f"
MARKS = {
    "born": ("#1a7f37", "M0,-6 L6,5 L-6,5 Z"),
    "retired": ("#cf222e", "M0,6 L6,-5 L-6,-5 Z"),
    "merged": ("#8250df", "M0,-6 L6,0 L0,6 L-6,0 Z"),
    "split": ("#8250df", "M-5,-5 H5 V5 H-5 Z"),
    "drifted": ("#9a6700", "M-1.5,-8 H1.5 V8 H-1.5 Z"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One topic: its shares by month with bounds (NaN where there are none), and its events.

    `begun` is what it was called at first, where that was something else; `known_from` and
    `known_until` are the months between which the model had the topic.
    """

    label: str
    begun: str
    share: Floats
    lower: Floats
    upper: Floats
    known_from: int
    known_until: int
    events: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What is drawn: rows from the top, and under them how many posts and communities a month."""

    title: str
    months: Sequence[date]
    rows: Sequence[Row]
    n_posts: Sequence[int]
    n_communities: Sequence[int]


def svg(drawing: Drawing) -> str:
    """Return the drawing as an SVG document."""
    height = TOP + ROW * len(drawing.rows) + STRIP + 34
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}"',
        f' width="{WIDTH}" height="{height}" font-family="DejaVu Sans, Verdana, sans-serif"',
        ' role="img">',
        f"<title>{escape(drawing.title)}</title>",
        f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
        _text(12, 20, drawing.title, size=14, weight="bold"),
        *_legend(),
        *_years(drawing, TOP + ROW * len(drawing.rows) + STRIP),
    ]
    for number, row in enumerate(drawing.rows):
        parts += _row(row, TOP + ROW * number, drawing.n_posts)
    parts += _strip(drawing, TOP + ROW * len(drawing.rows))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _x(month: float, n_months: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (month + 0.5) / n_months


def _text(
    x: float,
    y: float,
    text: str,
    *,
    size: float = 12,
    fill: str = INK,
    anchor: str = "start",
    weight: str = "normal",
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" text-anchor="{anchor}"'
        f' font-weight="{weight}">{escape(text)}</text>'
    )


def _legend() -> Iterator[str]:
    x = LEFT + 6.0
    for name, (fill, path) in MARKS.items():
        yield f'<path d="{path}" fill="{fill}" transform="translate({x:.1f},38)"/>'
        yield _text(x + 10, 42, name, size=11, fill=MUTED)
        x += 26 + 7.2 * len(name)
    yield f'<line x1="{x}" y1="38" x2="{x + 20}" y2="38" stroke="{LINE}" stroke-width="2"/>'
    yield f'<rect x="{x}" y="33" width="20" height="10" fill="{BAND}" opacity=".6"/>'
    yield _text(x + 25, 42, "share, 95 %", size=11, fill=MUTED)
    x += 106
    yield (
        f'<line x1="{x}" y1="38" x2="{x + 20}" y2="38" stroke="{BEFORE}" stroke-width="1.5"'
        ' stroke-dasharray="3 2"/>'
    )
    yield _text(x + 25, 42, "not known then", size=11, fill=MUTED)


def _years(drawing: Drawing, bottom: float) -> Iterator[str]:
    n = len(drawing.months)
    for number, month in enumerate(drawing.months):
        if month.month == 1:
            x = _x(number - 0.5, n)
            yield f'<line x1="{x:.1f}" y1="{TOP - 8}" x2="{x:.1f}" y2="{bottom}" stroke="#d0d7de"/>'
            yield _text(x + 3, TOP - 2, str(month.year), size=11, fill=MUTED)
            yield _text(x + 3, bottom + 14, str(month.year), size=11, fill=MUTED)


def _row(row: Row, top: float, n_posts: Sequence[int]) -> Iterator[str]:
    n_months = len(n_posts)
    bottom = top + ROW - 4
    seen = np.flatnonzero(~np.isnan(row.share))
    # What months of few posts say is mostly chance: it is cut at the row's edge.
    told = row.share[[n >= SCALED_FROM for n in n_posts]]
    highest = float(np.nanmax(told)) if not np.isnan(told).all() else 0.0
    scale = INSIDE / max(1.25 * highest, 1e-9)

    def y(value: float) -> float:
        return bottom - min(value * scale, INSIDE + 2)

    points = [(number, _x(number, n_months)) for number in seen.tolist()]
    upper = [f"{x:.1f},{y(row.upper[number]):.1f}" for number, x in points]
    lower = [f"{x:.1f},{y(row.lower[number]):.1f}" for number, x in reversed(points)]
    yield f'<line x1="{LEFT}" y1="{bottom}" x2="{WIDTH - RIGHT}" y2="{bottom}" stroke="#eaeef2"/>'
    yield f'<polygon points="{" ".join([*upper, *lower])}" fill="{BAND}" opacity=".55"/>'
    for known, style in (
        (False, f'stroke="{BEFORE}" stroke-width="1.2" stroke-dasharray="3 2"'),
        (True, f'stroke="{LINE}" stroke-width="1.8"'),
    ):
        path = _path(
            [
                (x, y(row.share[number])) if _is_known(row, number) is known else None
                for number, x in points
            ]
        )
        yield f'<path d="{path}" fill="none" {style}/>'
    yield _text(LEFT - 8, bottom - (10 if row.begun else 5), row.label, size=12, anchor="end")
    if row.begun:
        begun = f"at first: {row.begun}"
        yield _text(LEFT - 8, bottom + 1, begun, size=9.5, anchor="end", fill=MUTED)
    yield _text(WIDTH - RIGHT + 6, bottom - 4, f"≤ {100 * highest:.1f} %", size=11, fill=MUTED)
    for month, event in row.events:
        fill, mark = MARKS[event]
        x = _x(month, n_months)
        yield (
            f'<path d="{mark}" fill="{fill}" stroke="#ffffff" stroke-width="1"'
            f' transform="translate({x:.1f},{bottom - 5:.1f})"/>'
        )


def _is_known(row: Row, month: int) -> bool:
    return row.known_from <= month <= row.known_until


def _path(points: Sequence[tuple[float, float] | None]) -> str:
    parts, pen = [], "M"
    for point in points:
        if point is None:
            pen = "M"
            continue
        parts.append(f"{pen}{point[0]:.1f},{point[1]:.1f}")
        pen = "L"
    return " ".join(parts)


def _strip(drawing: Drawing, top: float) -> Iterator[str]:
    """Draw how many posts and communities each month has."""
    n = len(drawing.months)
    highest = max([*drawing.n_posts, 1])
    width = (WIDTH - LEFT - RIGHT) / n - 1.5
    bottom = top + STRIP
    for number, count in enumerate(drawing.n_posts):
        tall = (STRIP - 14) * count / highest
        yield (
            f'<rect x="{_x(number, n) - width / 2:.1f}" y="{bottom - tall:.1f}"'
            f' width="{width:.1f}" height="{tall:.1f}" fill="{BEFORE}"/>'
        )
    first, last = drawing.n_communities[0], drawing.n_communities[-1]
    yield _text(LEFT - 8, bottom - 16, "posts a month", size=12, anchor="end", fill=MUTED)
    communities = f"of {first} communities at first, {last} at last"
    yield _text(LEFT - 8, bottom - 2, communities, size=11, anchor="end", fill=MUTED)
    yield _text(WIDTH - RIGHT + 6, bottom - 4, f"≤ {highest:,}", size=11, fill=MUTED)
