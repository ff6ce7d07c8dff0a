"""Frames: how often each one is expressed, over time, in each community."""

from collections.abc import Iterable, Sequence

from analysis.dashboard.calendar import day
from analysis.dashboard.comparisons import is_thin
from analysis.dashboard.figures import Cell, CommunityInfo, Figures, FrameInfo, Row
from analysis.dashboard.markup import Html, disclosure, element, escape, join
from analysis.dashboard.panels import Grid, Subject, own_scale, panel
from analysis.dashboard.screens.layout import community_key, screen

LEAD = "Share of counted posts that express a frame. A post may express several frames or none."
CONTENT_NOTE = (
    "Paraphrases and composites approved by a person: nobody's own words. They may touch on "
    "distress; places to find help are at the foot of this page."
)


def frames_screen(figures: Figures, grid: Grid) -> Html:
    """Return small multiples, frame by community, with the definition of each frame."""
    own = own_grids(figures, grid)
    broken = any(row["kind"] == "break" for row in figures.table("changes"))
    rows = (_frame_row(figures, frame, grid, own[frame.key]) for frame in figures.frames)
    return screen(
        figures,
        "frames",
        "How often is each frame expressed?",
        LEAD,
        legend(figures, figures.frame_series.values(), breaks=broken),
        *rows,
    )


def panel_anchor(frame: FrameInfo, community: CommunityInfo, figures: Figures) -> str:
    """Return the id of a panel, by which sentences link to it."""
    return f"f{figures.frames.index(frame) + 1}-c{figures.communities.index(community) + 1}"


def frame_panel(
    figures: Figures,
    frame: FrameInfo,
    community: CommunityInfo,
    grid: Grid,
    *,
    anchor: str,
    heading: str,
) -> Html:
    """Return the panel of one frame in one community."""
    subject = Subject(
        anchor=anchor,
        heading=heading,
        sentence=f"{frame.name} in {community.name}",
        keys={"f": frame.key, "c": community_key(community)},
    )
    cells = figures.frame_series.get((frame.key, community.key), ())
    return panel(subject, cells, grid, breaks=figures.breaks(frame.key, community.key))


def _frame_row(figures: Figures, frame: FrameInfo, grid: Grid, own: Grid) -> Html:
    panels = (
        frame_panel(
            figures,
            frame,
            community,
            grid,
            anchor=panel_anchor(frame, community, figures),
            heading=community.name,
        )
        for community in figures.communities
    )
    return element(
        "article",
        element(
            "header",
            element("h3", frame.name, element("small", f"family: {frame.family}", class_="tag")),
            element("p", frame.definition),
            _examples(figures, frame),
        ),
        element("div", *panels, class_="panels"),
        class_="row",
        data_f=frame.key,
        data_axes=f"axes-{own.name}",
        data_stretch=f"{grid.y.high / own.y.high:.4f}",
    )


def own_grids(figures: Figures, grid: Grid) -> dict[str, Grid]:
    """Return for each frame the grid on a scale of its own, which a reader may choose."""
    return {
        frame.key: own_scale(
            grid,
            f"{grid.name}-{place}",
            [
                figures.frame_series.get((frame.key, community.key), ())
                for community in figures.communities
            ],
        )
        for place, frame in enumerate(figures.frames, start=1)
    }


def _examples(figures: Figures, frame: FrameInfo) -> Html:
    found = [row for row in figures.table("examples") if row["frame"] == frame.key]
    if not found:
        return Html()
    items = (element("li", element("q", row["text"]), " ", _origin(row)) for row in found)
    return disclosure(
        f"Examples ({len(found)})",
        element("p", CONTENT_NOTE, class_="hint"),
        element("ul", *items),
        class_="examples",
    )


def _origin(row: Row) -> Html:
    month = day(row["month"]).split(" ", 1)[1]
    return element("small", f"{row['kind']}, {month}")


def legend(figures: Figures, series: Iterable[Sequence[Cell]], *, breaks: bool = False) -> Html:
    """Return the key to what the panels show, and the numbered events."""
    key = _key(figures, [cell for cells in series for cell in cells])
    if breaks:
        key["break"] = "series breaks"
    items = [
        element("li", element("svg", *_sample(kind), **_SAMPLE), text) for kind, text in key.items()
    ]
    for place, event in enumerate(figures.table("events"), start=1):
        mark = element("b", str(place), class_="evn")
        items.append(element("li", mark, f"{event['label']}, {day(event['day'])}"))
    return element("ul", *items, class_="legend", aria_label="Key to the panels")


def _key(figures: Figures, cells: Sequence[Cell]) -> dict[str, str]:
    level = f"{figures.about.confidence * 100:g}%"
    states = {cell.state for cell in cells}
    key = {"ribbon": f"share with its {level} interval"}
    if any(cell.band_lower is not None for cell in cells):
        key["band"] = f"{level} band that holds the whole line"
    if any(is_thin(cell) or not cell.over for cell in cells):
        key["ring"] = "harvested in part, or period not over"
    return key | {state: text for state, text in _EMPTY.items() if state in states}


_EMPTY = {
    "withheld": "withheld to protect people",
    "refused": "refused: too little was coded",
    "absent": "no figure",
}
_SAMPLE = {"viewBox": "0 0 26 14", "aria_hidden": "true"}
_LINE = element("path", d="M1 8L25 5", class_="line")


def _sample(kind: str) -> list[Html]:
    if kind == "ribbon":
        area = element("path", d="M1 4L25 1V9L1 12Z", class_="ribbon")
        return [area, _LINE, element("path", d="M13 6.5h0", class_="dot")]
    if kind == "band":
        return [element("path", d="M1 2L25 0V11L1 14Z", class_="band")]
    if kind == "ring":
        ring = element("path", d="M13 7h0", class_="dot ring")
        return [ring, element("path", d="M13 7h0", class_="hole")]
    if kind == "break":
        return [element("path", d="M13 0V14", class_="break")]
    return [element("rect", x=1, y=1, width=24, height=12, class_=kind)]


def event_sources(figures: Figures) -> Html:
    """Return the events with where they are documented, as text: the page links to nowhere."""
    rows = (
        element("li", join([escape(f"{event['label']}, {day(event['day'])}"), _source(event)]))
        for event in figures.table("events")
    )
    return element("ol", *rows)


def _source(event: Row) -> Html:
    return element("small", f" {event['url']}", class_="address") if event["url"] else Html()
