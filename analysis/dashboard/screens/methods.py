"""Methods and quality: how it was measured, and how far it can be trusted."""

import re
from collections.abc import Mapping, Sequence

from analysis.dashboard import sentences
from analysis.dashboard.calendar import short_name
from analysis.dashboard.comparisons import FULL_COVERAGE
from analysis.dashboard.figures import Figures, Row, as_words
from analysis.dashboard.forest import Mark, forest, two_lines
from analysis.dashboard.markup import Html, element, escape, table
from analysis.dashboard.screens.layout import community_key, definition_list, screen
from warehouse.protection.gate import GateReport

AGREEMENT = "agreement"
ALPHA_TICKS = (0.0, 0.25, 0.5, 0.75, 1.0)
KINDS = {"classifier": "Classifier against coders", "calibration": "Calibration of its scores"}
MEASURES = {"krippendorff_alpha": "Krippendorff's alpha", "f1": "F1"}
AGREEMENT_NOTE = (
    "Agreement of coders who coded the same posts independently: 1 is perfect, 0 what chance "
    "gives. Krippendorff's own reading: from 0.80 reliable, from 0.67 for tentative conclusions."
)
LEFT_OUT_NOTE = (
    "Rows of the public tables, as the export gate left them. Withheld: the figure could tell of "
    "few people. Refused: too little was coded for an estimate. Not named: not even a row is shown."
)
STEPS = (
    (
        "Public posts are read every night; account names and identifiers are taken out in memory, "
        "and deleted posts are withdrawn."
    ),
    "People code a random sample of posts with the codebook, several of them the same posts.",
    (
        "A classifier learns from one part of the sample and gives each counted post a probability "
        "for each frame."
    ),
    (
        "The other part, which the classifier never saw, measures the share and how wrong the "
        "classifier is. So the interval covers the sampling and the classifier's errors."
    ),
    "A gate withholds every figure that could tell of few people before anything is published.",
)


def methods_screen(figures: Figures, report: GateReport) -> Html:
    """Return how the figures were made, how well it went, and what was left out."""
    return screen(
        figures,
        "methods",
        "How far can this be trusted?",
        "How the figures are made, how often coders and computer are wrong, and what is missing.",
        element(
            "div",
            _steps(figures),
            _left_out(report),
            _agreement(figures),
            *_evaluations(figures),
            _versions(figures),
            class_="cards",
        ),
        _coverage(figures),
    )


def _card(title: str, *content: str) -> Html:
    return element("article", element("h3", title), *content, class_="card")


def _steps(figures: Figures) -> Html:
    note = figures.about.coders_note
    return _card(
        "How it is measured",
        element("ol", *(element("li", step) for step in STEPS)),
        element("p", sentences.sentence(note)) if note else Html(),
    )


def _names(figures: Figures) -> dict[str, str]:
    return {frame.key: frame.name for frame in figures.frames}


def _agreement(figures: Figures) -> Html:
    rows = [row for row in figures.table("evaluations") if row["kind"] == AGREEMENT]
    if not rows:
        return _card(
            "Agreement of coders", element("p", "Not measured yet: no post has two coders.")
        )
    newest = max((row["version"] for row in rows), key=_version)
    rows = [row for row in rows if row["version"] == newest]
    names = _names(figures)
    measures = dict.fromkeys(row["measure"] for row in rows)
    plot = forest(
        [_agreement_mark(row, names, several=len(measures) > 1) for row in rows],
        ALPHA_TICKS,
        headings=("Frame", "Agreement", "Codings"),
        tick_labels=[f"{tick:g}" for tick in ALPHA_TICKS],
        caption=f"{AGREEMENT_NOTE} Measure: {', '.join(map(_measure, measures))}.",
    )
    return _card("Agreement of coders", plot)


def _version(said: str) -> tuple[int, ...]:
    """Return the numbers in the name of a version: 'codebook 10' is later than 'codebook 9'."""
    return tuple(int(number) for number in re.findall(r"\d+", said))


def _agreement_mark(row: Row, names: Mapping[str, str], *, several: bool) -> Mark:
    name = names.get(row["frame"], row["frame"])
    value, between = _value(row)
    return Mark(
        heading=two_lines(name, _measure(row["measure"])) if several else escape(name),
        estimate=row["value"],
        lower=row["lower"],
        upper=row["upper"],
        text=two_lines(value, between),
        beside=sentences.count(row["n"]),
        label=f"Agreement on {name}: {value} ({between})",
        empty="withheld" if row["value"] is None else None,
    )


def _measure(key: str) -> str:
    return MEASURES.get(key, as_words(key))


def _value(row: Row) -> tuple[str, str]:
    if row["value"] is None:
        return sentences.DASH, "not measured"
    if row["lower"] is None or row["upper"] is None:
        return f"{row['value']:.2f}", "no interval computed"
    return f"{row['value']:.2f}", f"{row['lower']:.2f} to {row['upper']:.2f}"


def _evaluations(figures: Figures) -> list[Html]:
    rows = [row for row in figures.table("evaluations") if row["kind"] != AGREEMENT]
    kinds = dict.fromkeys(row["kind"] for row in rows)
    return [
        _card(
            KINDS.get(kind, kind),
            element(
                "div", _pivot([r for r in rows if r["kind"] == kind], figures), class_="scroll"
            ),
        )
        for kind in kinds
    ]


def _pivot(rows: Sequence[Row], figures: Figures) -> Html:
    names = _names(figures)
    measures = list(dict.fromkeys(row["measure"] for row in rows))
    held = {(row["frame"], row["measure"]): row for row in rows}
    bare = all(row["lower"] is None or row["upper"] is None for row in rows)
    body = []
    for frame in dict.fromkeys(row["frame"] for row in rows):
        found = [held.get((frame, measure)) for measure in measures]
        counted = next(row["n"] for row in found if row is not None)
        values = [_entry(row, bare=bare) for row in found]
        body.append([names.get(frame, frame), *values, sentences.count(counted)])
    titles = [_measure(measure) for measure in measures]
    caption = "No interval is computed for these measures." if bare else None
    return table(["Frame", *titles, "Posts"], body, caption=caption)


def _entry(row: Row | None, *, bare: bool) -> str:
    if row is None:
        return sentences.DASH
    value, between = _value(row)
    return value if bare else two_lines(value, between)


def _coverage(figures: Figures) -> Html:
    rows = {
        (row["source"], row["community"], row["period"]): row
        for row in figures.table("coverage_by_period")
    }
    if not rows:
        return _card("Coverage", element("p", "No coverage was published."))
    bin_ = figures.about.bin
    head = element(
        "tr",
        element("th", "Community", scope="col"),
        *(
            element("th", element("span", short_name(p, bin_, year=False)), scope="col")
            for p in figures.periods
        ),
    )
    body = [
        element(
            "tr",
            element("th", community.name, scope="row"),
            *(_coverage_cell(rows.get((*community.key, p))) for p in figures.periods),
            data_c=community_key(community),
        )
        for community in figures.communities
    ]
    caption = (
        "Share of each period's days that were harvested completely, in percent; in brackets the "
        "gaps of that period. Counted, not estimated."
    )
    grid = element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", *body),
        class_="coverage",
    )
    return _card("Coverage", element("div", grid, class_="scroll"))


def _coverage_cell(row: Row | None) -> Html:
    if row is None or row["share_complete"] is None:
        return element("td", sentences.DASH, class_="none")
    text = f"{row['share_complete'] * 100:.0f}"
    if row["gaps"]:
        text += f" ({row['gaps']})"
    low = row["share_complete"] < FULL_COVERAGE
    return element("td", text, class_="low" if low else None)


def _left_out(report: GateReport) -> Html:
    cut = {
        name: done
        for name, done in sorted(report.tables.items())
        if done.refused or done.withheld or done.left_out
    }
    whole = [name for name, done in sorted(report.tables.items()) if name not in cut and done.shown]
    rows = [
        [
            two_lines(name, _reasons({**done.withheld, **done.left_out})),
            sentences.count(done.shown),
            sentences.count(sum(done.withheld.values())),
            sentences.count(done.refused),
            sentences.count(sum(done.left_out.values())),
        ]
        for name, done in cut.items()
    ]
    headings = ["Table", "Shown", "Withheld", "Refused", "Not named"]
    return _card(
        "What is left out, and why",
        element("p", LEFT_OUT_NOTE, class_="hint"),
        table(headings, rows, class_="gate") if rows else Html(),
        element("p", f"Shown whole: {', '.join(whole)}.", class_="hint") if whole else Html(),
    )


def _reasons(counts: Mapping[str, int]) -> str:
    return "; ".join(f"{as_words(reason)}: {n:,}" for reason, n in sorted(counts.items()))


def _versions(figures: Figures) -> Html:
    about = figures.about
    rows = figures.table("frame_prevalence")
    pairs = [
        ("valuetalk", about.version),
        ("Run", about.run_id),
        ("Estimator", _distinct(rows, "method")),
        ("Classifier", _distinct(rows, "classifier")),
        ("Codebook version", _distinct(rows, "codebook_version")),
        ("Topic model", _distinct(figures.table("topics"), "model")),
    ]
    return _card("Versions", definition_list(*pairs))


def _distinct(rows: Sequence[Row], column: str) -> str:
    found = dict.fromkeys(str(row[column]) for row in rows if row[column] is not None)
    return ", ".join(found) or "none"
