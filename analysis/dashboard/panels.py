"""Small multiples: one panel a series, with its numbers; all panels of a screen share one scale."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby

from analysis.dashboard import sentences
from analysis.dashboard.calendar import WEEK, position, short_name
from analysis.dashboard.charts import Columns, Linear, line_path, nice_ticks, ribbon_path, stretches
from analysis.dashboard.comparisons import is_thin
from analysis.dashboard.figures import Cell, Figures
from analysis.dashboard.markup import Html, disclosure, element, escape, join, number, table

WIDTH, LEFT, RIGHT, TOP, BOTTOM = 160.0, 25.0, 2.0, 11.0, 13.0
DOTS_UP_TO = 40  # more dots than this run into each other
ROW_BUDGET = 1500  # table rows over all panels of a screen; the data files hold every row


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """What the panels of a screen share: scales, periods, events and the room for numbers."""

    name: str
    x: Columns
    y: Linear
    periods: tuple[date, ...]
    bin_: str
    height: float
    rows_shown: int
    with_coded: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What one panel is about."""

    anchor: str
    heading: str
    sentence: str
    keys: Mapping[str, str]


def make_grid(
    figures: Figures, name: str, series: Sequence[Sequence[Cell]], *, height: float
) -> Grid:
    """Return the grid of a screen: its y scale reaches the highest bound of any interval."""
    top = max((c.upper or c.estimate or 0.0 for cells in series for c in cells), default=0.0)
    return Grid(
        name=name,
        x=Columns(len(figures.periods), LEFT, WIDTH - RIGHT),
        y=Linear(0.0, top or 1.0, height - BOTTOM, TOP),
        periods=figures.periods,
        bin_=figures.about.bin,
        height=height,
        rows_shown=max(12, ROW_BUDGET // max(len(series), 1)),
        with_coded=name == "frames",
    )


def own_scale(grid: Grid, name: str, series: Sequence[Sequence[Cell]]) -> Grid:
    """Return the grid of one row of panels on a scale that reaches its own highest bound only."""
    highest = [c.band_upper or c.upper or c.estimate or 0.0 for cells in series for c in cells]
    top = min(max(highest, default=0.0) or grid.y.high, grid.y.high)
    return replace(grid, name=name, y=replace(grid.y, high=top))


def axes(grid: Grid, figures: Figures) -> Html:
    """Return what every panel of a grid refers to: lines, labels and numbered event rules."""
    x0, x1 = LEFT, WIDTH - RIGHT
    parts: list[Html] = []
    # the last tick lies above the scale, or on its top
    ticks = [t for t in nice_ticks(grid.y.high, at_most=4) if t <= grid.y.high]
    for tick in ticks:
        y = grid.y(tick)
        parts.append(element("path", d=f"M{number(x0)} {number(y)}H{number(x1)}", class_="g"))
        label = f"{tick * 100:g}%" if tick == ticks[-1] else f"{tick * 100:g}"
        parts.append(element("text", label, x=x0 - 3, y=y + 3, class_="yl"))
    if grid.periods:
        parts += _ends(grid)
    for place, event in enumerate(figures.table("events"), start=1):
        at = position(event["day"], grid.periods, grid.bin_)
        if at is not None:
            parts += _event_rule(grid.x.edge(at), str(place), grid)
    return element("g", *parts, id=f"axes-{grid.name}")


def _ends(grid: Grid) -> list[Html]:
    y = grid.height - 3
    first, last = grid.periods[0], grid.periods[-1]
    year = grid.bin_ != WEEK or first.year != last.year
    left = element("text", short_name(first, grid.bin_, year=year), x=LEFT, y=y)
    if first == last:
        return [left]
    right = short_name(last, grid.bin_, year=year)
    return [left, element("text", right, x=WIDTH - RIGHT, y=y, class_="end")]


def _event_rule(x: float, label: str, grid: Grid) -> list[Html]:
    bottom = number(grid.height - BOTTOM)
    return [
        element("path", d=f"M{number(x)} {number(TOP - 1)}V{bottom}", class_="ev"),
        element("text", label, x=x, y=TOP - 2, class_="evl"),
    ]


def panel(
    subject: Subject, cells: Sequence[Cell], grid: Grid, *, breaks: Mapping[date, str]
) -> Html:
    """Return one small chart with its caption, its one-sentence summary and its numbers."""
    return element(
        "figure",
        element(
            "figcaption",
            element("b", subject.heading),
            " ",
            element("span", _latest(cells), class_="now"),
        ),
        element(
            "svg",
            element("use", href=f"#axes-{grid.name}"),
            *_marks(cells, grid, breaks),
            viewBox=f"0 0 {number(WIDTH)} {number(grid.height)}",
            role="img",
            aria_label=sentences.describe_series(subject.sentence, cells, bin_=grid.bin_),
        ),
        disclosure("Numbers", numbers(cells, grid, breaks)),
        id=subject.anchor,
        class_="panel",
        **{f"data_{key}": value for key, value in subject.keys.items()},
    )


def _latest(cells: Sequence[Cell]) -> str:
    over = [c for c in cells if c.over]
    if over:
        return sentences.caption(over[-1])
    return f"{sentences.caption(cells[-1])} so far" if cells else "no figure"


def numbers(cells: Sequence[Cell], grid: Grid, breaks: Mapping[date, str]) -> Html:
    """Return the table behind a panel: share, interval, counts, and reasons for what is empty."""
    headings = ["Week of" if grid.bin_ == WEEK else "Month", "Share", "Interval", "Posts"]
    headings += [*(["Coded"] if grid.with_coded else []), "Note"]
    kept = cells[-grid.rows_shown :]
    rows = [_row(cell, grid, breaks.get(cell.period)) for cell in kept]
    caption = None
    if len(kept) < len(cells):
        caption = f"The newest {len(kept)} of {len(cells)} periods; the data files hold all."
    return table(headings, rows, caption=caption)


def _row(cell: Cell, grid: Grid, broken: str | None) -> list[str]:
    share = sentences.DASH if cell.estimate is None else sentences.percent(cell.estimate)
    between = sentences.DASH
    if cell.lower is not None and cell.upper is not None:
        between = sentences.interval(cell.lower, cell.upper)
    coded = [sentences.count(cell.n_coded)] if grid.with_coded else []
    remarks = [sentences.note(cell), f"series breaks here: {broken}" if broken else ""]
    note = "; ".join(filter(None, remarks))
    return [
        short_name(cell.period, grid.bin_),
        share,
        between,
        sentences.count(cell.n_posts),
        *coded,
        note,
    ]


def _marks(cells: Sequence[Cell], grid: Grid, breaks: Mapping[date, str]) -> list[Html]:
    cut = {i for i, c in enumerate(cells) if c.period in breaks}
    # a period that is not over stands alone: its figure will still move
    cut |= {i for i, c in enumerate(cells) if not c.over}
    held = [c.has_interval for c in cells]
    runs = stretches(held, breaks=cut)
    # the group is what a scale of its own stretches
    drawn = element("g", *_areas(cells, runs, grid), *_dots(cells, grid))
    rules = [
        _break_rule(grid.x.edge(index), grid)
        for index, cell in enumerate(cells)
        if cell.period in breaks
    ]
    return [*_empty_columns(cells, grid), drawn, *rules]


def _empty_columns(cells: Sequence[Cell], grid: Grid) -> list[Html]:
    parts = []
    states = groupby(enumerate(cells), key=lambda pair: pair[1].state)
    for state, run in states:
        places = [index for index, _ in run]
        if state == "published":
            continue
        parts.append(
            element(
                "rect",
                x=grid.x.edge(places[0]),
                y=TOP,
                width=grid.x.width * len(places),
                height=grid.height - BOTTOM - TOP,
                class_=state,
            )
        )
    return parts


def _areas(cells: Sequence[Cell], runs: Sequence[range], grid: Grid) -> list[Html]:
    """Return band, ribbon and line of all stretches; a stretch of one period is a whisker."""
    paths = {"band": "", "ribbon": "", "line": "", "whisker": ""}
    for run in runs:
        held = [cells[i] for i in run]
        xs = [grid.x.centre(i) for i in run]
        lower = [grid.y(c.lower or 0.0) for c in held]
        upper = [grid.y(c.upper or 0.0) for c in held]
        if len(held) == 1:
            paths["whisker"] += f"M{number(xs[0])} {number(upper[0])}V{number(lower[0])}"
            continue
        if all(c.band_lower is not None and c.band_upper is not None for c in held):
            low = [grid.y(c.band_lower or 0.0) for c in held]
            high = [grid.y(c.band_upper or 0.0) for c in held]
            paths["band"] += ribbon_path(xs, low, high)
        middle = [grid.y(c.estimate or 0.0) for c in held]
        paths["ribbon"] += ribbon_path(xs, lower, upper)
        paths["line"] += line_path(list(zip(xs, middle, strict=True)))
    return [element("path", d=d, class_=name) for name, d in paths.items() if d]


def _dots(cells: Sequence[Cell], grid: Grid) -> list[Html]:
    if len(cells) > DOTS_UP_TO:
        return []
    full: list[str] = []
    hollow: list[str] = []
    for index, cell in enumerate(cells):
        if cell.estimate is None:
            continue
        dot = f"M{number(grid.x.centre(index))} {number(grid.y(cell.estimate))}h0"
        (full if cell.over and not is_thin(cell) else hollow).append(dot)
    parts = [element("path", d="".join(full), class_="dot")] if full else []
    if hollow:
        ring = "".join(hollow)
        parts += [
            element("path", d=ring, class_="dot ring"),
            element("path", d=ring, class_="hole"),
        ]
    return parts


def _break_rule(x: float, grid: Grid) -> Html:
    return element(
        "path", d=f"M{number(x)} {number(TOP)}V{number(grid.height - BOTTOM)}", class_="break"
    )


def definitions(figures: Figures, grids: Sequence[Grid]) -> Html:
    """Return the axes and hatchings that the panels of a page refer to."""
    patterns = join(
        [
            _pattern("hatch-withheld", "M-1 1L1 -1M0 5L5 0M4 6L6 4", 5),
            _pattern("hatch-refused", "M2 2h0", 4),
        ]
    )
    held = element("defs", patterns, *(axes(grid, figures) for grid in grids))
    return element("svg", held, class_="definitions", aria_hidden="true", width=0, height=0)


def _pattern(name: str, path: str, size: int) -> Html:
    return element(
        "pattern",
        element("path", d=path),
        id=escape(name),
        width=size,
        height=size,
        patternUnits="userSpaceOnUse",
    )
