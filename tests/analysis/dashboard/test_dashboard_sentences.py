"""Figures in plain words."""

from datetime import date

import pytest

from analysis.dashboard import sentences
from analysis.dashboard.comparisons import Comparison, Difference
from analysis.dashboard.figures import Cell, CommunityInfo, FrameInfo

WEEK = date(2026, 3, 2)
FRAME = FrameInfo(key="a", name="Economic value", family="value", definition="")
PLACE = CommunityInfo(key=("s", "c"), name="Harbour Forum", country=None, role=None, tags=())


def comparison(difference: Difference | None, q_value: float | None) -> Comparison:
    return Comparison(
        frame=FRAME,
        community=PLACE,
        earlier=Cell(period=WEEK, estimate=0.123, lower=0.096, upper=0.15),
        later=Cell(period=date(2026, 4, 20), estimate=0.19, lower=0.16, upper=0.22),
        difference=difference,
        q_value=q_value,
        obstacle=None if difference else "withheld: few",
    )


ROSE = comparison(Difference(0.067, 0.021, 0.113), 0.01)
FLAT = comparison(Difference(-0.01, -0.05, 0.03), 0.6)
HIDDEN = comparison(None, None)


@pytest.mark.parametrize(
    ("share", "text"), [(0.123, "12.3%"), (0.12, "12%"), (0.0, "0%"), (1.0, "100%")]
)
def test_shares_claim_no_more_digits_than_they_have(share: float, text: str) -> None:
    assert sentences.percent(share) == text


def test_differences_carry_their_sign() -> None:
    assert sentences.points(0.067) == "+6.7"
    assert sentences.points(-0.067) == "\N{MINUS SIGN}6.7"
    assert sentences.points(-0.0004) == "0.0"


def test_a_small_share_is_not_written_as_none() -> None:
    tiny = Cell(period=WEEK, estimate=0.003, lower=0.0, upper=0.01)
    assert sentences.caption(tiny) == "<1% (0\N{EN DASH}1)"


def test_a_figure_comes_with_its_interval_or_the_reason_for_none() -> None:
    assert sentences.share_with_interval(FLAT.earlier) == "12.3% (9.6 to 15%)"
    bare = Cell(period=WEEK, estimate=0.2)
    assert sentences.share_with_interval(bare) == "20% (no interval: none published)"
    hidden = Cell(period=WEEK, reason="withheld: fewer than 10 authors")
    assert sentences.share_with_interval(hidden) == "withheld: fewer than 10 authors"


def test_a_clear_change_is_told_with_its_figures() -> None:
    assert sentences.what_changed(ROSE) == "Economic value rose in Harbour Forum"
    assert sentences.evidence(ROSE, bin_="week") == (
        "12.3% (9.6 to 15%) of posts in the week of 2 March 2026, 19% (16 to 22%) in the week of "
        "20 April 2026: +6.7 (+2.1 to +11.3) points."
    )


def test_no_clear_change_is_said_outright() -> None:
    since = "March 2026"
    assert sentences.headline([FLAT, FLAT], since=since) == (
        "No clear change since March 2026, in any of 2 comparisons."
    )
    assert sentences.headline([FLAT, HIDDEN], since=since) == (
        "No clear change since March 2026, in any of 1 comparison; 1 cannot be made."
    )
    assert sentences.headline([HIDDEN], since=since) == (
        "Nothing can be compared with March 2026 yet."
    )
    assert sentences.headline([ROSE, FLAT, FLAT], since=since) == (
        "1 clear change since March 2026, and no clear change in 2 other comparisons."
    )
    assert sentences.headline([ROSE], since=since) == "1 clear change since March 2026."


def test_a_series_is_described_in_one_sentence() -> None:
    cells = [FLAT.earlier, Cell(period=date(2026, 3, 9), reason="withheld: few"), FLAT.later]
    assert sentences.describe_series("Economic value in Harbour Forum", cells, bin_="week") == (
        "Economic value in Harbour Forum: 12.3% (9.6 to 15%) in the week of 2 March 2026, "
        "19% (16 to 22%) in the week of 20 April 2026; no figure in 1 of 3 periods."
    )
    assert sentences.describe_series("X", [cells[1]], bin_="week") == (
        "X: no figure in any of 1 period."
    )


def test_a_note_says_what_is_missing_and_what_is_not_over() -> None:
    partly = Cell(period=WEEK, estimate=0.1, lower=0.0, upper=0.2, coverage=5 / 7, over=False)
    assert sentences.note(partly) == "the period is not over; 71% harvested completely"
    assert sentences.note(Cell(period=WEEK, reason="4 more codings needed")) == (
        "4 more codings needed"
    )
    assert sentences.note(FLAT.earlier) == ""


def test_a_note_of_the_study_becomes_a_sentence() -> None:
    assert sentences.sentence("coded by hand") == "Coded by hand."
    assert sentences.sentence("") == ""
