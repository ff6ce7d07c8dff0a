"""Data and citation: how the figures may be used."""

from collections.abc import Mapping
from urllib.parse import urlsplit

import pyarrow as pa

from analysis.dashboard import sentences
from analysis.dashboard.calendar import day
from analysis.dashboard.figures import Figures
from analysis.dashboard.forest import two_lines
from analysis.dashboard.markup import Html, element, escape, join
from analysis.dashboard.screens.frames import event_sources
from analysis.dashboard.screens.layout import definition_list, screen

WHAT = {
    "communities": "places, with what they are compared by",
    "frames": "the codebook",
    "frame_prevalence": "share of counted posts that express a frame, with intervals",
    "topics": "topics that a model found",
    "topic_trends": "share of counted posts whose leading topic it is",
    "topic_effects": "how topics differ between communities, roles and countries, and over time",
    "topic_events": "changes of topic identity",
    "frame_topics": "how often a frame goes with a topic",
    "coverage_by_period": "how much of a period was harvested completely",
    "evaluations": "how well coders agree and the classifier does",
    "changes": "differences and breaks of the series",
    "events": "what happened in the world",
    "examples": "approved paraphrases",
}


def data_screen(figures: Figures, tables: Mapping[str, pa.Table]) -> Html:
    """Return what can be downloaded, how to cite it, and whom to ask."""
    about = figures.about
    built = day(about.built_at.date())
    cite = (
        f"{about.study} ({about.built_at.year}). Public figures of {built}, run {about.run_id}, "
        f"made with valuetalk {about.version}."
    )
    return screen(
        figures,
        "data",
        "How may I use this?",
        "The figures of this page are inside this file. Each table can be saved as CSV without "
        "a network; the same tables are in the release beside it.",
        element(
            "div",
            element("div", element("h3", "Tables"), _downloads(tables)),
            element(
                "div",
                element("h3", "Cite as"),
                element("p", cite, class_="cite"),
                element("h3", "Licence, questions, opting out"),
                definition_list(
                    ("Licence", linked(about.licence)),
                    ("Contact", linked(about.contact)),
                    ("Opting out", _opting_out(about.contact)),
                    ("Built", f"{built}, {about.built_at:%H:%M} UTC"),
                ),
                *_events(figures),
            ),
            class_="cards",
        ),
    )


def linked(address: str) -> Html:
    """Return an address as a link where it is a web or mail address, else as text."""
    parts = urlsplit(address)
    if parts.scheme in ("http", "https") and parts.netloc:
        return element("a", address, href=address, rel="noreferrer")
    if "@" in address and " " not in address and not parts.scheme:
        return element("a", address, href=f"mailto:{address}")
    return escape(address)


def _opting_out(contact: str) -> Html:
    return join(
        [
            (
                "If you write in one of these places, you can ask for your posts to be left out: "
                "write to "
            ),
            linked(contact),
            ". No account is needed, and no reason.",
        ]
    )


def _downloads(tables: Mapping[str, pa.Table]) -> Html:
    head = element(
        "tr",
        element("th", "Table", scope="col"),
        element("th", "Rows", scope="col"),
    )
    rows = (
        element(
            "tr",
            element("th", two_lines(name, WHAT.get(name, "")), scope="row", data_table=name),
            element("td", sentences.count(tables[name].num_rows)),
        )
        for name in sorted(tables)
    )
    body = element("tbody", *rows)
    return element("table", element("thead", head), body, class_="downloads")


def _events(figures: Figures) -> list[Html]:
    if not figures.table("events"):
        return []
    return [element("h3", "Events marked on the charts"), event_sources(figures)]
