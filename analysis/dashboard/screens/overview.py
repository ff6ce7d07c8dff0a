"""Overview: what changed, in plain sentences."""

from collections.abc import Sequence

from analysis.dashboard import sentences
from analysis.dashboard.calendar import period_name
from analysis.dashboard.comparisons import Comparison, since_first, since_previous
from analysis.dashboard.figures import Figures, Row
from analysis.dashboard.markup import Html, disclosure, element, join, table
from analysis.dashboard.panels import Grid
from analysis.dashboard.screens.frames import frame_panel, panel_anchor
from analysis.dashboard.screens.layout import community_key, screen

QUESTION = "What changed?"
NOTHING_YET = "Nothing can be compared yet: a comparison needs two complete periods."
SHOWN = 6
GLYPHS = {1: "\N{BLACK UP-POINTING TRIANGLE}", -1: "\N{BLACK DOWN-POINTING TRIANGLE}", 0: "="}
CLASSES = {1: "up", -1: "down", 0: "flat"}
RULE = (
    "A change is called clear when it stands out from zero with at most 5 in 100 such calls "
    "expected to be wrong (Benjamini and Hochberg, over all comparisons of the list). The interval "
    "of a difference is the square root of the summed squared half-widths of the two intervals "
    "(Newcombe), which takes the two periods as independent of each other."
)


def overview_screen(figures: Figures, grid: Grid) -> Html:
    """Return the clear changes in plain sentences, and outright where there is none."""
    bin_ = figures.about.bin
    if len(figures.over) < 2:  # noqa: PLR2004 # two periods make a comparison
        return screen(figures, "overview", QUESTION, NOTHING_YET, _reading(figures))
    long_run, last_step = since_first(figures), since_previous(figures)
    first = period_name(figures.periods[0], bin_)
    return screen(
        figures,
        "overview",
        QUESTION,
        sentences.headline(long_run, since=first),
        _clear_changes(figures, long_run, grid),
        _matrix(figures, long_run, first),
        element(
            "div",
            element("div", _last_step(figures, last_step), _marked_changes(figures)),
            element("div", _reading(figures), element("p", RULE, class_="hint")),
            class_="cards",
        ),
        _all(f"All comparisons since {first}", long_run),
        _all("All comparisons with the period before", last_step),
    )


def _strength(found: Comparison) -> tuple[float, float]:
    size = abs(found.difference.estimate) if found.difference else 0.0
    return (1.0 if found.p_value is None else found.p_value, -size)


def _clear_changes(figures: Figures, found: Sequence[Comparison], grid: Grid) -> Html:
    clear = sorted((c for c in found if c.direction), key=_strength)
    items = [_change(figures, c, grid) for c in clear[:SHOWN]]
    if not items:
        return Html()
    hidden = len(clear) - len(items)
    more = f"{sentences.plural(hidden, 'more clear change')} in the grid below." if hidden else ""
    return join([element("ul", *items, class_="changes"), element("p", more) if more else Html()])


def _change(figures: Figures, found: Comparison, grid: Grid) -> Html:
    anchor = panel_anchor(found.frame, found.community, figures)
    thin = " One of the two was harvested in part only." if found.thin else ""
    chart = frame_panel(
        figures,
        found.frame,
        found.community,
        grid,
        anchor=f"o-{anchor}",
        heading=found.frame.name,
    )
    return element(
        "li",
        element(
            "div",
            element(
                "p",
                element("span", GLYPHS[found.direction], class_=CLASSES[found.direction]),
                " ",
                element("a", sentences.what_changed(found), href=f"#{anchor}"),
                class_="what",
            ),
            element("p", sentences.evidence(found, bin_=figures.about.bin) + thin),
        ),
        chart,
    )


def _matrix(figures: Figures, found: Sequence[Comparison], first: str) -> Html:
    by_key = {(c.frame.key, c.community.key): c for c in found}
    head = [element("th", "Frame", scope="col")]
    head += [
        element("th", element("span", c.name), scope="col", data_c=community_key(c))
        for c in figures.communities
    ]
    rows = [
        element(
            "tr",
            element("th", frame.name, scope="row"),
            *(_matrix_cell(figures, by_key[frame.key, c.key]) for c in figures.communities),
            data_f=frame.key,
        )
        for frame in figures.frames
    ]
    caption = (
        f"Change in points since {first}, with the interval of the difference. "
        f"{GLYPHS[1]} clear rise, {GLYPHS[-1]} clear fall; grey: no clear change. "
    )
    narrow = "= no clear change, ? not comparable: the list below has figures and reasons."
    return element(
        "table",
        element("caption", caption, element("span", narrow, class_="narrow")),
        element("thead", element("tr", *head)),
        element("tbody", *rows),
        class_="matrix",
    )


def _matrix_cell(figures: Figures, found: Comparison) -> Html:
    key = community_key(found.community)
    if found.difference is None:
        later = found.later
        word = "not comparable"
        if later is not None and not later.has_interval:
            word = later.state if later.state in ("withheld", "refused") else "no figure"
        return element("td", element("small", word), class_="none", data_c=key)
    glyph = element("i", GLYPHS[found.direction]) if found.direction else Html()
    low, high = found.difference.lower, found.difference.upper
    return element(
        "td",
        glyph,
        element(
            "a",
            sentences.points(found.difference.estimate),
            href=f"#{panel_anchor(found.frame, found.community, figures)}",
        ),
        element("small", f"{sentences.points(low)} to {sentences.points(high)}"),
        class_=CLASSES[found.direction],
        data_c=key,
    )


def _last_step(figures: Figures, found: Sequence[Comparison]) -> Html:
    bin_ = figures.about.bin
    since, now = (period_name(period, bin_) for period in figures.over[-2:])
    clear = sorted((c for c in found if c.direction), key=_strength)
    items = (
        element(
            "li",
            element("b", sentences.what_changed(c)),
            ": ",
            sentences.evidence(c, bin_=bin_),
        )
        for c in clear
    )
    return join(
        [
            element("h3", f"The newest {bin_} beside the one before"),
            element("p", f"In {now}: {sentences.headline(found, since=since)}"),
            element("ul", *items) if clear else Html(),
        ]
    )


def _marked_changes(figures: Figures) -> Html:
    names = {f.key: f.name for f in figures.frames}
    places = {c.key: c.name for c in figures.communities}
    items = []
    for row in figures.table("changes"):
        if row["kind"] not in ("change_point", "break") or row["frame"] is None:
            continue
        where = places.get((row["source"], row["community"]), row["community"])
        subject = f"{names.get(row['frame'], row['frame'])} in {where}"
        what = "breaks" if row["kind"] == "break" else "changes level"
        text = f"{subject} {what} at {period_name(row['period'], figures.about.bin)}"
        items.append(element("li", f"{text}{_size(row)}: {row['reason']}."))
    if not items:
        return Html()
    return join([element("h3", "Change points and breaks"), element("ul", *items)])


def _size(row: Row) -> str:
    if row["estimate"] is None:
        return ""
    if row["lower"] is None or row["upper"] is None:
        return f" by {sentences.points(row['estimate'])} points (no interval published)"
    low, high = sentences.points(row["lower"]), sentences.points(row["upper"])
    return f" by {sentences.points(row['estimate'])} points ({low} to {high})"


def _reading(figures: Figures) -> Html:
    level = f"{figures.about.confidence * 100:g}%"
    return element(
        "div",
        element("h3", "How to read this"),
        element(
            "p",
            "A ",
            element("b", "frame"),
            " is a way of talking about what mental health services are worth, defined by a "
            "codebook; ",
            element("a", "the definitions", href="#frames"),
            " stand beside the charts. Shares are of the public posts that were counted, never "
            "of people, and say nothing about any one person. An ",
            element("b", "interval"),
            f" such as (9.6 to 15.0%) is the range in which the true share lies in {level} of "
            "such cases; a figure without one says why. Counts of posts are counted, not "
            "estimated, and may be rounded to protect people.",
        ),
        class_="reading",
    )


def _all(summary: str, found: Sequence[Comparison]) -> Html:
    rows = []
    for c in found:
        change, verdict = sentences.DASH, f"cannot be compared: {c.obstacle}"
        if c.difference is not None:
            change = sentences.difference_with_interval(c.difference)
            verdict = {1: "clear rise", -1: "clear fall", 0: "no clear change"}[c.direction]
        rows.append(
            [
                f"{c.frame.name}, {c.community.name}",
                sentences.share_with_interval(c.earlier) if c.earlier else sentences.DASH,
                sentences.share_with_interval(c.later) if c.later else sentences.DASH,
                change,
                verdict,
            ]
        )
    headings = ["Series", "Earlier", "Later", "Difference, points", "Verdict"]
    return disclosure(summary, element("div", table(headings, rows), class_="scroll"))
