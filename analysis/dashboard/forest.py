"""Forest plots: one row a figure, with dot, whisker and the numbers beside them."""

from collections.abc import Sequence
from dataclasses import dataclass

from analysis.dashboard.charts import Linear
from analysis.dashboard.markup import Attribute, Html, element, join, number

WIDTH, HEIGHT, MARGIN = 200.0, 18.0, 8.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """One row: its heading, the figure with its bounds, and what stands beside it.

    `empty` is the state of a figure that is not there; `keys` is what a filter finds the row by.
    """

    heading: Html
    estimate: float | None
    lower: float | None
    upper: float | None
    text: Html
    beside: str
    label: str
    empty: str | None = None
    keys: tuple[tuple[str, str], ...] = ()


def forest(
    marks: Sequence[Mark],
    ticks: Sequence[float],
    *,
    headings: tuple[str, str, str],
    tick_labels: Sequence[str],
    caption: str,
) -> Html:
    """Return the plot as a table whose middle column is drawn.

    Parameters
    ----------
    marks : sequence of Mark
        The rows, in the order in which they are read.
    ticks, tick_labels : sequences of equal length
        Round values at equal steps across the scale, and how they are written.
    headings : tuple of three str
        Headings of the rows, of the figure and of what stands beside it.
    caption : str
        One sentence that says what the plot shows.
    """
    x = Linear(ticks[0], ticks[-1], MARGIN, WIDTH - MARGIN)
    axis = element("div", *(element("span", label) for label in tick_labels), class_="axis")
    head = element(
        "tr",
        element("th", headings[0], scope="col"),
        element("td", axis, class_="plot", aria_hidden="true"),
        element("th", headings[1], scope="col"),
        element("th", headings[2], scope="col"),
    )
    return element(
        "table",
        element("caption", caption),
        element("thead", head),
        element("tbody", *(_row(mark, ticks, x) for mark in marks)),
        class_="forest",
    )


def two_lines(first: str, second: str) -> Html:
    """Return a text with a smaller one under it."""
    return join([first, element("small", second, class_="under")])


def _row(mark: Mark, ticks: Sequence[float], x: Linear) -> Html:
    keys: dict[str, Attribute] = {f"data_{name}": value for name, value in mark.keys}
    drawn = "plot" if mark.empty is None else f"plot {mark.empty}"
    return element(
        "tr",
        element("th", mark.heading, scope="row"),
        element("td", _whisker(mark, ticks, x), class_=drawn),
        element("td", mark.text),
        element("td", mark.beside),
        **keys,
    )


def _whisker(mark: Mark, ticks: Sequence[float], x: Linear) -> Html:
    middle = number(HEIGHT / 2)
    lines = "".join(f"M{number(x(tick))} 0V{number(HEIGHT)}" for tick in ticks)
    parts = [element("path", d=lines, class_="g")]
    if mark.lower is not None and mark.upper is not None:
        path = f"M{number(x(mark.lower))} {middle}H{number(x(mark.upper))}"
        parts.append(element("path", d=path, class_="whisker"))
    if mark.estimate is not None:
        path = f"M{number(x(mark.estimate))} {middle}h0"
        parts.append(element("path", d=path, class_="dot big"))
    return element(
        "svg",
        *parts,
        viewBox=f"0 0 {number(WIDTH)} {number(HEIGHT)}",
        preserveAspectRatio="none",  # grid lines run through rows of any height
        role="img",
        aria_label=mark.label,
    )
