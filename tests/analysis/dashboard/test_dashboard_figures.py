"""The public tables as the page reads them."""

from datetime import UTC, date, datetime

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from analysis.dashboard.about import About
from analysis.dashboard.figures import MissingTable, read_figures

HERE = ("harbour", "board-1")


def cells_of(tables: dict[str, pa.Table], about: About, frame: str = "economic_value"):
    return read_figures(tables, about).frame_series[frame, HERE]


def test_every_row_becomes_its_cell(tables: dict[str, pa.Table], about: About) -> None:
    figures = read_figures(tables, about)
    rows = tables["frame_prevalence"].to_pylist()
    assert len(figures.frame_series) == 54
    for row in rows:
        cells = figures.frame_series[row["frame"], (row["source"], row["community"])]
        cell = cells[figures.periods.index(row["period"])]
        assert (cell.estimate, cell.lower, cell.upper) == (
            row["estimate"],
            row["lower"],
            row["upper"],
        )
        assert (cell.n_posts, cell.n_coded) == (row["n_posts"], row["n_coded"])
        assert (cell.state == "published") == (row["estimate"] is not None)


def test_who_left_a_figure_out_is_told_apart(tables: dict[str, pa.Table], about: About) -> None:
    figures = read_figures(tables, about)
    hidden = figures.frame_series["economic_value", ("kite", "tag-minds")][0]
    assert (hidden.state, hidden.reason) == ("withheld", "withheld: fewer than 10 authors")
    refused = figures.frame_series["economic_value", ("nurses", "list")][4]
    assert (refused.state, refused.reason) == ("refused", "4 more codings needed")


def test_a_figure_of_a_whole_source_is_not_drawn_as_one_of_the_community(
    tables: dict[str, pa.Table], about: About
) -> None:
    rows = tables["frame_prevalence"].to_pylist()
    at = next(place for place, row in enumerate(rows) if row["estimate"] is not None)
    rows[at] |= {"borrowed": 1.0, "estimate": 0.12, "lower": 0.08, "upper": 0.174}
    lent = {**tables, "frame_prevalence": pa.Table.from_pylist(rows)}
    row = rows[at]
    series = read_figures(lent, about).frame_series
    cells = series[row["frame"], (row["source"], row["community"])]
    (cell,) = (each for each in cells if each.period == row["period"])
    assert cell.estimate is None
    assert cell.band_upper is None
    assert cell.reason is not None
    assert cell.reason.endswith("all communities together: 12% (8 to 17%)")


def test_a_period_without_a_row_leaves_its_gap(tables: dict[str, pa.Table], about: About) -> None:
    rows = tables["frame_prevalence"]
    gone = pc.equal(rows["period"], pa.scalar(date(2026, 3, 23)))
    cells = cells_of({**tables, "frame_prevalence": rows.filter(pc.invert(gone))}, about)
    assert [c.period for c in cells][3] == date(2026, 3, 23)
    assert cells[3].state == "absent"


def test_the_last_complete_period_ended_before_the_page_was_built(
    tables: dict[str, pa.Table], about: About
) -> None:
    assert read_figures(tables, about).last_complete == date(2026, 4, 20)
    assert [c.over for c in cells_of(tables, about)] == [True] * 8 + [False]


def test_the_caller_may_say_which_period_is_the_last_complete_one(
    tables: dict[str, pa.Table],
) -> None:
    about = About(
        study="s",
        contact="c",
        licence="l",
        simulated=False,
        coders_note="",
        built_at=datetime(2026, 5, 30, tzinfo=UTC),
        run_id="r",
        version="v",
        bin="week",
        last_complete_period=date(2026, 4, 6),
    )
    assert read_figures(tables, about).over[-1] == date(2026, 4, 6)


def test_of_two_runs_the_newer_is_shown(tables: dict[str, pa.Table], about: About) -> None:
    rows = tables["frame_prevalence"].to_pylist()
    older = {**rows[0], "run_id": "20200101T020000", "estimate": 0.99}
    both = pa.Table.from_pylist([*rows, older], schema=tables["frame_prevalence"].schema)
    assert cells_of({**tables, "frame_prevalence": both}, about)[0].estimate == rows[0]["estimate"]


def test_rows_of_another_bin_are_left_out(tables: dict[str, pa.Table], about: About) -> None:
    rows = tables["frame_prevalence"].to_pylist()
    monthly = {**rows[0], "bin": "month", "period": date(2019, 1, 1)}
    both = pa.Table.from_pylist([*rows, monthly], schema=tables["frame_prevalence"].schema)
    figures = read_figures({**tables, "frame_prevalence": both}, about)
    assert figures.periods[0] == date(2026, 3, 2)


def test_of_two_codebooks_the_newer_defines_the_frame(
    tables: dict[str, pa.Table], about: About
) -> None:
    rows = tables["frames"].to_pylist()
    newer = {**rows[0], "codebook_version": 2, "definition": "Redefined."}
    both = pa.Table.from_pylist([newer, *rows])
    frames = read_figures({**tables, "frames": both}, about).frames
    assert len(frames) == 9
    assert [f.definition for f in frames if f.key == rows[0]["frame"]] == ["Redefined."]


def test_communities_stand_in_the_order_of_role_and_name(
    tables: dict[str, pa.Table], about: About
) -> None:
    roles = [c.role for c in read_figures(tables, about).communities]
    assert roles == ["service_users", "carers", "practitioners", "movement", "movement", "policy"]


def test_a_missing_table_is_told(tables: dict[str, pa.Table], about: About) -> None:
    without = {name: table for name, table in tables.items() if name != "frames"}
    with pytest.raises(MissingTable, match="the public tables lack 'frames'"):
        read_figures(without, about)
