"""Figures in plain words: shares, intervals, changes, and what a chart shows."""

from collections.abc import Sequence

from analysis.dashboard.calendar import period_name
from analysis.dashboard.comparisons import Comparison, Difference, is_thin
from analysis.dashboard.figures import Cell

MINUS = "\N{MINUS SIGN}"
DASH = "\N{EN DASH}"
NOT_OVER = "the period is not over"


def percent(share: float) -> str:
    """Return a share in percent with at most one decimal: 12.3%."""
    return f"{_hundredths(share)}%"


def whole_percent(share: float) -> str:
    """Return a share in whole percent, for captions: 12%, or <1%."""
    if 0 < share < 0.005:  # noqa: PLR2004 # half a percent would read as none
        return "<1%"
    return f"{share * 100:.0f}%"


def points(size: float) -> str:
    """Return a signed difference in percentage points: +6.7."""
    text = f"{abs(size) * 100:.1f}"
    if text == "0.0":
        return text
    return f"{'+' if size > 0 else MINUS}{text}"


def _hundredths(share: float) -> str:
    # the gate rounds to whole percents where posts are few; a zero would claim more than it says
    return f"{share * 100:.1f}".removesuffix(".0")


def count(n: int | None) -> str:
    """Return a count with thousands separated, or a dash where it was withheld."""
    return DASH if n is None else f"{n:,}"


def sentence(text: str) -> str:
    """Return a text as a sentence: with a capital and a full stop."""
    return text and f"{text[0].upper()}{text[1:].removesuffix('.')}."


def plural(n: int, noun: str) -> str:
    """Return a count with its noun: 1 period, 2 periods."""
    if noun.endswith("y"):
        return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun[:-1]}ies"
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun}s"


def interval(lower: float, upper: float) -> str:
    """Return an interval of shares: 9.6 to 15.0%."""
    return f"{_hundredths(lower)} to {percent(upper)}"


def share_with_interval(cell: Cell) -> str:
    """Return a figure with its interval, or the reason for there being none."""
    if cell.estimate is None:
        return cell.reason or "not published"
    if cell.lower is None or cell.upper is None:
        return f"{percent(cell.estimate)} (no interval: {cell.reason or 'none published'})"
    return f"{percent(cell.estimate)} ({interval(cell.lower, cell.upper)})"


def share_in_two_lines(cell: Cell) -> tuple[str, str]:
    """Return a figure and its interval apart, or what stands for them."""
    if cell.estimate is None:
        return cell.state, (cell.reason or "").removeprefix(f"{cell.state}: ")
    if cell.lower is None or cell.upper is None:
        return percent(cell.estimate), f"no interval: {cell.reason or 'none published'}"
    return percent(cell.estimate), interval(cell.lower, cell.upper)


def caption(cell: Cell) -> str:
    """Return a figure for the caption of a small chart: 12% (10-15)."""
    if cell.estimate is None:
        return cell.state if cell.state != "absent" else "no figure"
    if cell.lower is None or cell.upper is None:
        return f"{whole_percent(cell.estimate)} (no interval)"
    low, high = whole_percent(cell.lower).removesuffix("%"), whole_percent(cell.upper)
    return f"{whole_percent(cell.estimate)} ({low}{DASH}{high.removesuffix('%')})"


def note(cell: Cell) -> str:
    """Return what a reader must know of a figure beside its interval."""
    remarks = []
    if cell.estimate is None or not cell.has_interval:
        remarks.append(cell.reason or "no interval published")
    if not cell.over:
        remarks.append(NOT_OVER)
    if is_thin(cell) and cell.coverage is not None:
        remarks.append(f"{cell.coverage * 100:.0f}% harvested completely")
    return "; ".join(remarks)


def difference_with_interval(found: Difference) -> str:
    """Return a difference in points with its interval: +6.7 (+2.1 to +11.3)."""
    return f"{points(found.estimate)} ({points(found.lower)} to {points(found.upper)})"


def what_changed(found: Comparison) -> str:
    """Return one clear change in a few words."""
    verb = "rose" if found.direction > 0 else "fell"
    return f"{found.frame.name} {verb} in {found.community.name}"


def evidence(found: Comparison, *, bin_: str) -> str:
    """Return the figures behind a comparison."""
    if found.difference is None or found.earlier is None or found.later is None:
        return f"No comparison: {found.obstacle}."
    return (
        f"{share_with_interval(found.earlier)} of posts in "
        f"{period_name(found.earlier.period, bin_)}, {share_with_interval(found.later)} in "
        f"{period_name(found.later.period, bin_)}: {difference_with_interval(found.difference)} "
        "points."
    )


def headline(found: Sequence[Comparison], *, since: str) -> str:
    """Return how many comparisons show a clear change, or outright that none does."""
    possible = [c for c in found if c.difference is not None]
    clear = [c for c in possible if c.direction]
    if not possible:
        return f"Nothing can be compared with {since} yet."
    rest = len(possible) - len(clear)
    if not clear:
        text = f"No clear change since {since}, in any of {plural(rest, 'comparison')}"
    else:
        text = f"{plural(len(clear), 'clear change')} since {since}"
        text += f", and no clear change in {plural(rest, 'other comparison')}" if rest else ""
    impossible = len(found) - len(possible)
    return f"{text}; {impossible} cannot be made." if impossible else f"{text}."


def describe_series(subject: str, cells: Sequence[Cell], *, bin_: str) -> str:
    """Return one sentence that says what a chart of a series shows."""
    there = [c for c in cells if c.estimate is not None]
    missing = len(cells) - len(there)
    if not there:
        return f"{subject}: no figure in any of {plural(len(cells), 'period')}."
    text = f"{subject}: {share_with_interval(there[-1])} in {period_name(there[-1].period, bin_)}"
    if len(there) > 1:
        first = f"{share_with_interval(there[0])} in {period_name(there[0].period, bin_)}"
        text = f"{subject}: {first}, {share_with_interval(there[-1])} in "
        text += period_name(there[-1].period, bin_)
    if missing:
        text += f"; no figure in {missing} of {plural(len(cells), 'period')}"
    return text + "."
