"""Compare: how communities differ in a frame."""

from collections.abc import Sequence

from analysis.dashboard import sentences
from analysis.dashboard.calendar import period_name
from analysis.dashboard.charts import nice_ticks
from analysis.dashboard.figures import NO_ROW, Cell, CommunityInfo, Figures, FrameInfo
from analysis.dashboard.forest import Mark, forest, two_lines
from analysis.dashboard.markup import Html, element
from analysis.dashboard.screens.layout import community_key, named_community, screen

NOT_A_RANKING = (
    "Communities stand in the order of their role and name, not of the figures: different places "
    "talk differently, and none is better for it. Each frame has its own scale. Intervals that "
    "overlap do not show that two communities are alike."
)


def compare_screen(figures: Figures) -> Html:
    """Return one forest plot a frame: the last complete period in every community."""
    if figures.last_complete is None:
        return screen(figures, "compare", "How do places differ?", "No period is complete yet.")
    when = period_name(figures.last_complete, figures.about.bin)
    cards = (_card(figures, frame) for frame in figures.frames)
    return screen(
        figures,
        "compare",
        "How do places differ?",
        f"The same frame in every community, in {when}, the last complete one.",
        element("p", NOT_A_RANKING, class_="hint"),
        element("div", *cards, class_="cards"),
    )


def _card(figures: Figures, frame: FrameInfo) -> Html:
    pairs = [(c, _latest(figures, frame, c)) for c in figures.communities]
    ticks = nice_ticks(max((c.upper or c.estimate or 0.0 for _, c in pairs), default=0.0))
    return element(
        "article",
        element("h3", frame.name),
        forest(
            [_mark(frame, community, cell) for community, cell in pairs],
            ticks,
            headings=("Community", "Share", "Posts"),
            tick_labels=[f"{t * 100:g}" for t in ticks[:-1]] + [f"{ticks[-1] * 100:g}%"],
            caption=_summary([cell for _, cell in pairs]),
        ),
        class_="card",
        data_f=frame.key,
    )


def _latest(figures: Figures, frame: FrameInfo, community: CommunityInfo) -> Cell:
    cells = figures.frame_series.get((frame.key, community.key), ())
    for cell in cells:
        if cell.period == figures.last_complete:
            return cell
    return Cell(period=figures.periods[-1], reason=NO_ROW)


def _mark(frame: FrameInfo, community: CommunityInfo, cell: Cell) -> Mark:
    published = cell.estimate is not None
    remark = sentences.note(cell) if published else ""
    beside = sentences.count(cell.n_posts) + (f"; {remark}" if remark else "")
    return Mark(
        heading=named_community(community),
        estimate=cell.estimate,
        lower=cell.lower,
        upper=cell.upper,
        text=two_lines(*sentences.share_in_two_lines(cell)),
        beside=beside,
        label=f"{frame.name} in {community.name}: {sentences.share_with_interval(cell)}",
        empty=None if published else cell.state,
        keys=(("c", community_key(community)),),
    )


def _summary(cells: Sequence[Cell]) -> str:
    there = [c for c in cells if c.estimate is not None]
    missing = f"no figure in {len(cells) - len(there)} of {len(cells)}"
    if not there:
        return f"{missing[0].upper()}{missing[1:]} communities."
    low = min(there, key=lambda c: c.estimate or 0.0)
    high = max(there, key=lambda c: c.estimate or 0.0)
    text = (
        f"From {sentences.share_with_interval(low)} to {sentences.share_with_interval(high)} "
        "of posts"
    )
    return f"{text}; {missing}." if len(there) < len(cells) else f"{text}."
