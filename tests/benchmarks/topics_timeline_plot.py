"""A drawing of topics over months: a row a topic, its share with its interval, and its events.

SVG that needs no library and follows the reader's light or dark theme. Each row has a scale of its
own, since a topic of one post in a hundred would be flat on that of the largest; the greatest
share, of months with a hundred posts or more, stands at its right end. Months with fewer posts are
dots that no line joins, months without posts are gaps. Colours are those of Okabe and Ito (Color
Universal Design, 2008), and every mark has a shape of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from html import escape
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

WIDTH, LEFT, RIGHT = 1000, 306, 88
HEAD, HEADING, ROW, CURVE, STRIP, CELL = 142, 24, 33, 21, 62, 15
TABLE_COLUMNS = 3
SCALED_FROM = 100
"""Posts that a month needs for its shares to set the scale of a row, and to be joined by a line."""
LONGEST = 55
"""Characters of a row's note, which have room beside the curve."""
MARKS = {
    "born": "M0,-5 L5,4 L-5,4 Z",
    "split": "M-4,-4 H4 V4 H-4 Z",
    "merged": "M0,-5.5 L5.5,0 L0,5.5 L-5.5,0 Z",
    "drifted": "M-1.5,-5 H1.5 V5 H-1.5 Z",
    "retired": "M0,5 L5,-4 L-5,-4 Z",
}
SAID = {
    "born": "born",
    "split": "split: one gave another",
    "merged": "merged into another",
    "drifted": "drifted: its terms changed",
    "retired": "ended",
}
COUNTED = {
    "born": "born",
    "split": "split",
    "merged": "merged",
    "drifted": "times drifted",
    "retired": "ended",
}
_STYLE = """
text{font-family:"DejaVu Sans",Verdana,sans-serif;fill:#1f2328;font-size:12px}
.muted{fill:#59636e;font-size:11px}.note{fill:#59636e;font-size:9.5px}.number{font-size:10px}
.heading{font-weight:bold;font-size:12px}.title{font-weight:bold;font-size:16px}
.end{text-anchor:end}.middle{text-anchor:middle}
.page{fill:#ffffff}.few{fill:#8c959f;opacity:.13}.grid{stroke:#d0d7de}.base{stroke:#d8dee4}
.band{fill:#56b4e9;opacity:.32}.line{stroke:#0072b2;stroke-width:1.8;fill:none}
.dots{stroke:#0072b2;stroke-width:3;stroke-linecap:round;fill:none}
.before{stroke:#6e7781;stroke-width:1.2;stroke-dasharray:3 2;fill:none}
.before-dots{stroke:#8c959f;stroke-width:2.4;stroke-linecap:round;fill:none}
.bar{fill:#8c959f}.part{fill:none;stroke:#8c959f}.cell{fill:#0072b2}
.born{fill:#009e73}.split{fill:#cc79a7}.merged{fill:#0072b2}.drifted{fill:#b57900}.retired{fill:#d55e00}
@media (prefers-color-scheme:dark){
text{fill:#e6edf3}.muted,.note{fill:#9da7b1}.page{fill:#0d1117}.grid{stroke:#30363d}
.base{stroke:#262c33}.band{opacity:.25}.line,.dots{stroke:#56b4e9}.before{stroke:#9198a1}
.before-dots{stroke:#767e87}.merged{fill:#56b4e9}.drifted{fill:#e69f00}.cell{fill:#56b4e9}
.born{fill:#00c08b}.retired{fill:#f0793a}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One topic: its shares by month with bounds (NaN where there are none), and its events.

    `note` is a line under the label; `known_from` and `known_until` are the months between which
    the model had the topic.
    """

    label: str
    note: str
    share: Floats
    lower: Floats
    upper: Floats
    known_from: int
    known_until: int
    events: Sequence[tuple[int, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What is drawn: groups of rows from the top, and under them what the posts are.

    Attributes
    ----------
    n_events : by kind of event
    n_posts : by month
    last_is_part : bool
        The last month is no whole one.
    years, by_community : posts of each community in each of the years
    """

    title: str
    n_events: Mapping[str, int]
    months: Sequence[date]
    groups: Sequence[tuple[str, Sequence[Row]]]
    n_posts: Sequence[int]
    last_is_part: bool
    years: Sequence[int]
    by_community: Sequence[tuple[str, Sequence[int]]]


def svg(drawing: Drawing) -> str:
    """Return the drawing as an SVG document."""
    top: float = HEAD
    body: list[str] = []
    for heading, rows in drawing.groups:
        if rows:
            body.append(_text(12, top + 16, heading, "heading"))
            top += HEADING
        for row in rows:
            body += _row(row, top, drawing.n_posts)
            top += ROW
    bottom = top + STRIP
    table_rows = -(-len(drawing.by_community) // TABLE_COLUMNS)
    height = bottom + 74 + CELL * table_rows
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}"',
        f' width="{WIDTH}" height="{height:.0f}" role="img" aria-labelledby="title about">',
        f'<title id="title">{escape(drawing.title)}</title>',
        f'<desc id="about">{escape(summary(drawing))}</desc>',
        f"<style>{_STYLE}</style>",
        f'<rect class="page" width="{WIDTH}" height="{height:.0f}"/>',
        *_head(drawing),
        *_few(drawing.n_posts, HEAD - 4, bottom),
        *_years(drawing, bottom),
        *body,
        *_strip(drawing, top),
        *_table(drawing, bottom + 44),
    ]
    return "\n".join([*parts, "</svg>"]) + "\n"


def summary(drawing: Drawing) -> str:
    """Return what is drawn as sentences, for those who do not see it."""
    sentences = [f"{tally(drawing)}."]
    for heading, rows in drawing.groups:
        if rows:
            sentences.append(f"{heading}:")
        for row in rows:
            events = [
                f"{SAID[event].partition(':')[0]} in {drawing.months[month]:%B %Y}"
                for month, event in row.events
            ]
            highest, month = _highest(row, drawing.n_posts)
            if month is not None:
                events.append(f"highest {highest:.1%} in {drawing.months[month]:%B %Y}")
            sentences.append(f"{row.label}: {', '.join(events)}.")
    return " ".join(sentences)


def tally(drawing: Drawing) -> str:
    """Return how many events of each kind there are."""
    n_topics = sum(len(rows) for _, rows in drawing.groups)
    told = [f"{drawing.n_events.get(kind, 0) or 'none'} {COUNTED[kind]}" for kind in MARKS]
    return f"{n_topics} topics: {', '.join(told)}"


def _x(month: float, n_months: int) -> float:
    return LEFT + (WIDTH - LEFT - RIGHT) * (month + 0.5) / n_months


def _text(x: float, y: float, text: str, style: str = "") -> str:
    named = f' class="{style}"' if style else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{named}>{escape(text)}</text>'


def _mark(event: str, x: float, y: float) -> str:
    return f'<path class="{event}" d="{MARKS[event]}" transform="translate({x:.1f},{y:.1f})"/>'


def _head(drawing: Drawing) -> Iterator[str]:
    yield _text(12, 24, drawing.title, "title")
    yield _text(
        12,
        44,
        "A row is a topic, named by its foremost terms. Its height is the share of a month's posts"
        " that the topic leads, on the row's own scale.",
        "muted",
    )
    yield _text(12, 60, f"{tally(drawing)}. Bands are cut at a row's edge.", "muted")
    x = 18.0
    for event in MARKS:
        yield _mark(event, x, 80)
        yield _text(x + 10, 84, SAID[event], "muted")
        x += 34 + 6.3 * len(SAID[event])
    x = 12.0
    yield f'<rect class="band" x="{x}" y="95" width="22" height="11"/>'
    yield f'<path class="line" d="M{x},100.5 h22"/>'
    yield _text(x + 29, 104, "share, 95 % interval", "muted")
    x += 178
    yield f'<path class="before" d="M{x},100.5 h22"/>'
    yield _text(x + 29, 104, "before the topic was there (read back by the last model)", "muted")
    x += 394
    yield f'<path class="dots" d="M{x},100.5h0M{x + 9},100.5h0M{x + 18},100.5h0"/>'
    yield _text(x + 29, 104, f"month under {SCALED_FROM} posts; gap: no posts", "muted")
    yield _text(WIDTH - 12, HEAD - 10, "highest month", "muted end")


def _few(n_posts: Sequence[int], top: float, bottom: float) -> Iterator[str]:
    """Shade the months of few posts."""
    for few, run in groupby(range(len(n_posts)), key=lambda month: n_posts[month] < SCALED_FROM):
        months = list(run)
        if few:
            first, last = (_x(each, len(n_posts)) for each in (months[0] - 0.5, months[-1] + 0.5))
            yield (
                f'<rect class="few" x="{first:.1f}" y="{top}" width="{last - first:.1f}"'
                f' height="{bottom - top:.1f}"/>'
            )


def _years(drawing: Drawing, bottom: float) -> Iterator[str]:
    n = len(drawing.months)
    for number, month in enumerate(drawing.months):
        if month.month == 1 or number == 0:
            x = _x(number - 0.5, n)
            yield f'<path class="grid" d="M{x:.1f},{HEAD - 20} V{bottom:.1f}"/>'
            yield _text(x + 4, HEAD - 10, str(month.year), "muted")
            yield _text(x + 4, bottom + 14, str(month.year), "muted")


def _highest(row: Row, n_posts: Sequence[int]) -> tuple[float, int | None]:
    """Return the greatest share of months that have posts enough, and its month."""
    told = np.where(np.array(n_posts) >= SCALED_FROM, row.share, np.nan)
    if np.isnan(told).all():
        return 0.0, None
    return float(np.nanmax(told)), int(np.nanargmax(told))


def _row(row: Row, top: float, n_posts: Sequence[int]) -> Iterator[str]:
    n_months = len(n_posts)
    bottom = top + CURVE + 2
    # What months of few posts say is mostly chance: it is cut at the row's edge.
    highest, month = _highest(row, n_posts)
    scale = CURVE / max(1.2 * highest, 1e-9)

    def y(value: float) -> float:
        return bottom - min(value * scale, CURVE)

    yield f'<path class="base" d="M{LEFT},{bottom:.1f} H{WIDTH - RIGHT}"/>'
    for run in _runs(row.share):
        points = [f"{_x(each, n_months):.1f},{y(row.upper[each]):.1f}" for each in run]
        points += [f"{_x(each, n_months):.1f},{y(row.lower[each]):.1f}" for each in reversed(run)]
        yield f'<polygon class="band" points="{" ".join(points)}"/>'
        for known, few in ((False, False), (False, True), (True, False), (True, True)):
            path = [
                (_x(each, n_months), y(row.share[each]))
                if _is_known(row, each) is known and (n_posts[each] < SCALED_FROM) is few
                else None
                for each in run
            ]
            style = ("dots" if known else "before-dots") if few else ("line" if known else "before")
            drawn = _dots(path) if few else _path(path)
            if drawn:
                yield f'<path class="{style}" d="{drawn}"/>'
    yield _text(LEFT - 10, top + (13 if row.note else 19), row.label, "end")
    if row.note:
        note = row.note if len(row.note) <= LONGEST else f"{row.note[: LONGEST - 1]}…"
        yield _text(LEFT - 10, top + 25, note, "note end")
    if month is not None:
        yield _text(WIDTH - 12, bottom - 4, f"{100 * highest:.1f} %", "muted end")
    yield from _marks(row, bottom, n_months)


def _marks(row: Row, bottom: float, n_months: int) -> Iterator[str]:
    """Draw a row's events under its curve; those of one month stand side by side."""
    for month, group in groupby(sorted(row.events), key=lambda each: each[0]):
        events = [event for _, event in group]
        for number, event in enumerate(events):
            aside = 10 * (number - (len(events) - 1) / 2)
            yield _mark(event, _x(month, n_months) + aside, bottom + 4)


def _runs(share: Floats) -> list[list[int]]:
    """Return the months that have a share, in runs without a gap."""
    seen = np.flatnonzero(~np.isnan(share))
    runs = np.split(seen, np.flatnonzero(np.diff(seen) > 1) + 1)
    return [run.tolist() for run in runs if len(run)]


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
    return "".join(parts)


def _dots(points: Sequence[tuple[float, float] | None]) -> str:
    return "".join(f"M{point[0]:.1f},{point[1]:.1f}h0" for point in points if point)


def _strip(drawing: Drawing, top: float) -> Iterator[str]:
    """Draw how many posts each month has."""
    n = len(drawing.months)
    highest = max([*drawing.n_posts, 1])
    width = (WIDTH - LEFT - RIGHT) / n - 2
    bottom = top + STRIP
    for number, count in enumerate(drawing.n_posts):
        tall = (STRIP - 20) * count / highest
        style = "part" if drawing.last_is_part and number == n - 1 else "bar"
        yield (
            f'<rect class="{style}" x="{_x(number, n) - width / 2:.1f}" y="{bottom - tall:.1f}"'
            f' width="{width:.1f}" height="{tall:.1f}"/>'
        )
    yield _text(LEFT - 10, bottom - 16, "posts a month", "end")
    about = f"shaded: under {SCALED_FROM}" + ("; outlined: no whole month" * drawing.last_is_part)
    yield _text(LEFT - 10, bottom - 3, about, "note end")
    yield _text(WIDTH - 12, bottom - 4, f"{highest:,}", "muted end")


def _table(drawing: Drawing, top: float) -> Iterator[str]:
    """Write the posts of each community in each year, the darker the more."""
    yield _text(12, top, "Posts by community and year: whose talk the shares are of", "heading")
    n_rows = -(-len(drawing.by_community) // TABLE_COLUMNS)
    highest = max((n for _, posts in drawing.by_community for n in posts), default=1)
    wide, cell = (WIDTH - 24) / TABLE_COLUMNS, 40
    for column in range(TABLE_COLUMNS):
        right = 12 + wide * (column + 1) - 14 - cell * len(drawing.years)
        for number, year in enumerate(drawing.years):
            yield _text(right + cell * (number + 0.5), top + 16, str(year), "muted middle")
        for place, (name, posts) in enumerate(
            drawing.by_community[column * n_rows : (column + 1) * n_rows]
        ):
            y = top + 22 + CELL * place
            yield _text(right - 6, y + 11, name, "muted end")
            for number, count in enumerate(posts):
                yield (
                    f'<rect class="cell" x="{right + cell * number:.1f}" y="{y}" width="{cell - 1}"'
                    f' height="{CELL - 1}" opacity="{0.5 * count / highest:.2f}"/>'
                )
                middle = right + cell * (number + 0.5)
                yield _text(middle, y + 11, str(count), "number middle")
