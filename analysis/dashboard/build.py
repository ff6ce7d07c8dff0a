"""The page: one file that opens by double click, asks no network and works without scripts."""

import base64
import hashlib
from collections.abc import Mapping
from importlib.resources import files
from string import Template

import pyarrow as pa

from analysis.dashboard.about import About
from analysis.dashboard.calendar import day, period_name
from analysis.dashboard.embedded import embed
from analysis.dashboard.figures import Figures, read_figures
from analysis.dashboard.markup import Html, element, escape, join, number
from analysis.dashboard.panels import definitions, make_grid
from analysis.dashboard.screens.compare import compare_screen
from analysis.dashboard.screens.data import data_screen
from analysis.dashboard.screens.frames import frames_screen, own_grids
from analysis.dashboard.screens.layout import community_key
from analysis.dashboard.screens.methods import methods_screen
from analysis.dashboard.screens.overview import overview_screen
from analysis.dashboard.screens.topics import topics_screen
from warehouse.protection.gate import GateReport, PublicTables

__all__ = ["build_dashboard", "build_page"]

SCREENS = (
    ("overview", "What changed"),
    ("frames", "Frames"),
    ("compare", "Compare"),
    ("topics", "Topics"),
    ("methods", "Methods and quality"),
    ("data", "Data and citation"),
)
FRAME_HEIGHT, TOPIC_HEIGHT = 100.0, 74.0


def build_dashboard(tables: PublicTables, about: About) -> str:
    """Return the public page of what passed the export gate.

    Raises
    ------
    TypeError
        If `tables` are not `PublicTables`: the page shows nothing past the gate.
    """
    if type(tables) is not PublicTables:
        raise TypeError(f"the page shows only what pass_gate returns, not {type(tables).__name__}")
    return build_page(tables.tables, tables.report, about)


def build_page(tables: Mapping[str, pa.Table], report: GateReport, about: About) -> str:
    """Return the page; the same tables, report and particulars give the same bytes.

    Parameters
    ----------
    tables : mapping of str to Table
        Public tables by name; empty cells carry their reason in `refused_because`.
    report : GateReport
        What the gate showed and withheld.
    about : About
        What the page says of itself.

    Raises
    ------
    MissingTable
        If communities, frames or frame_prevalence is not there.
    """
    figures = read_figures(tables, about)
    frame_grid = make_grid(
        figures, "frames", list(figures.frame_series.values()), height=FRAME_HEIGHT
    )
    topic_grid = make_grid(
        figures, "topics", list(figures.topic_series.values()), height=TOPIC_HEIGHT
    )
    grids = [frame_grid, topic_grid, *own_grids(figures, frame_grid).values()]
    content = join(
        [
            overview_screen(figures, frame_grid),
            frames_screen(figures, frame_grid),
            compare_screen(figures),
            topics_screen(figures, topic_grid),
            methods_screen(figures, report),
            data_screen(figures, tables),
        ]
    )
    style, script = _part("page.css"), _part("page.js")
    return Template(_part("page.html")).substitute(
        style_hash=_digest(style),
        script_hash=_digest(script),
        style=style,
        script=script,
        left=number(frame_grid.x.start),
        right=number(frame_grid.x.end),
        periods=str(frame_grid.x.count),
        study=escape(about.study),
        dates=_dates(figures),
        navigation=join(element("a", title, href=f"#{anchor}") for anchor, title in SCREENS),
        filters=_filters(figures),
        definitions=definitions(figures, grids),
        content=content,
        support=_support(about),
        data=embed(tables),
    )


def _part(name: str) -> str:
    return files("analysis.dashboard").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


def _dates(figures: Figures) -> Html:
    built = f"built {day(figures.about.built_at.date())}"
    if figures.last_complete is None:
        return escape(f"No complete period yet, {built}")
    return escape(f"To {period_name(figures.last_complete, figures.about.bin)}, {built}")


def _filters(figures: Figures) -> Html:
    frames = [("", "All frames"), *((f.key, f.name) for f in figures.frames)]
    places = [("", "All communities"), *((community_key(c), c.name) for c in figures.communities)]
    return element(
        "form",
        _choice("f", "Frame", frames),
        _choice("c", "Community", places),
        _choice("s", "Scale", [("", "Same for all"), ("own", "Own for each frame")]),
        element("button", "Copy link to this view", type="button", id="copy"),
        id="filters",
    )


def _choice(name: str, label: str, options: list[tuple[str, str]]) -> Html:
    items = (element("option", text, value=value) for value, text in options)
    return element("label", f"{label} ", element("select", *items, name=name))


def _support(about: About) -> Html:
    if not about.support_lines:
        return Html()
    lines = (element("li", line) for line in about.support_lines)
    return join(
        [
            element("p", "If any of this touches you, people are there to listen:"),
            element("ul", *lines),
        ]
    )
