"""The export gate shows no figure of a cell of few people, and no change that would tell one.

Each cell plants a figure that must not be shown, and says where and for what reason.
"""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest

from tests.warehouse.gate.planted import CARERS, FEW, ONE, SMALL, TINY, rows_of, tiny_community
from tests.warehouse.invented import FEBRUARY, JANUARY, Study, author
from warehouse.protection.gate import pass_gate


def nine_authors(study: Study) -> None:
    tiny_community(study, 90, authors=9)
    study.prevalence(0.5, n_posts=90, **TINY)


def no_posts_at_all(study: Study) -> None:
    tiny_community(study, 0)
    study.prevalence(0.5, n_posts=500, **TINY)


def unknown_authors(study: Study) -> None:
    tiny_community(study, 200, authors=lambda _: None)
    study.prevalence(0.5, n_posts=200, **TINY)


def dominant_author(study: Study) -> None:
    tiny_community(study, 100, authors=lambda i: author(i % 20 if i < 40 else 99))
    study.prevalence(0.5, n_posts=100, **TINY)


def dominant_among_known(study: Study) -> None:
    def by(i: int) -> str | None:
        return None if i < 100 else author(i % 15 if i < 130 else 99)

    tiny_community(study, 170, authors=by)
    study.prevalence(0.5, n_posts=170, **TINY)


def authors_withheld(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, withheld=True)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_automated(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, automated=True)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_in_other_languages(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, language="cy")
    study.add_posts(20, community="tiny", authors=lambda i: author(50 + i), language=None)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_of_copies(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, duplicate_of=1)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_without_words(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(20, community="tiny", authors=author, text="...")
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def authors_of_another_period(study: Study) -> None:
    tiny_community(study, 80, authors=9)
    study.add_posts(80, community="tiny", month=FEBRUARY)
    study.index()
    study.prevalence(0.5, n_posts=100, **TINY)


def small_week_of_a_large_month(study: Study) -> None:
    week = date(2026, 2, 23)
    study.prevalence(0.5, n_posts=100, bin="week", period=week, community="carers")


def numerator(study: Study, share: float) -> None:
    study.sql("DELETE FROM frame_prevalence WHERE community = 'carers'")
    study.prevalence(share, n_posts=100, community="carers")


def numerator_of_posts_that_are_left(study: Study) -> None:
    study.sql("DELETE FROM frame_prevalence WHERE community = 'carers'")
    study.prevalence(0.05, n_posts=1000, community="carers")


def deleted_since(study: Study) -> None:
    study.sql("DELETE FROM posts WHERE community = 'carers' AND author_key <> ?", author(1000))


WEEK = {"bin": "week"}
CELLS: list[tuple[Callable[[Study], None], dict[str, Any], str]] = [
    (nine_authors, TINY, FEW),
    (no_posts_at_all, TINY, FEW),
    (unknown_authors, TINY, FEW),
    (dominant_author, TINY, ONE),
    (dominant_among_known, TINY, ONE),
    (authors_withheld, TINY, FEW),
    (authors_automated, TINY, FEW),
    (authors_in_other_languages, TINY, FEW),
    (authors_of_copies, TINY, FEW),
    (authors_without_words, TINY, FEW),
    (authors_of_another_period, TINY, FEW),
    (small_week_of_a_large_month, WEEK, FEW),
    (lambda study: numerator(study, 0.01), CARERS, SMALL),
    (lambda study: numerator(study, 0.03), CARERS, SMALL),
    (lambda study: numerator(study, 0.0749), CARERS, SMALL),
    (numerator_of_posts_that_are_left, CARERS, SMALL),
    (deleted_since, CARERS, FEW),
]


@pytest.mark.parametrize(("plant", "where", "reason"), CELLS)
def test_no_figure_of_a_disclosive_cell_is_shown(
    study: Study, plant: Callable[[Study], None], where: dict[str, Any], reason: str
) -> None:
    plant(study)
    tables = pass_gate(study.connection)
    (row,) = rows_of(tables, "frame_prevalence", **where)
    values = ("estimate", "lower", "upper", "band_lower", "band_upper", "q_value", "n_posts")
    assert all(row[name] is None for name in (*values, "n_coded", "effective_n", "borrowed"))
    assert row["refused_because"] == f"withheld: {reason}"
    assert tables.report.tables["frame_prevalence"].withheld[reason] >= 1


def test_a_refused_cell_of_few_people_keeps_its_reason_and_loses_its_counts(study: Study) -> None:
    tiny_community(study, 5)
    study.prevalence(None, n_posts=5, refused_because="7 more codings needed", **TINY)
    (row,) = rows_of(pass_gate(study.connection), "frame_prevalence", **TINY)
    assert row["refused_because"] == "7 more codings needed"
    assert row["n_posts"] is None
    assert row["n_coded"] is None


def test_bounds_without_an_estimate_are_not_shown(study: Study) -> None:
    study.prevalence(
        None, n_posts=100, frame="service_value", bin="quarter", lower=0.03, upper=0.04
    )
    (row,) = rows_of(pass_gate(study.connection), "frame_prevalence", bin="quarter")
    assert (row["estimate"], row["lower"], row["upper"]) == (None, None, None)


@pytest.mark.parametrize("kind", ["difference", "change_point", "event"])
def test_no_change_in_a_small_cell_is_shown(study: Study, kind: str) -> None:
    tiny_community(study, 90, authors=9)
    study.change(kind=kind, period=JANUARY, **TINY)
    (row,) = rows_of(pass_gate(study.connection), "changes", **TINY)
    assert [row[name] for name in ("estimate", "lower", "upper", "q_value")] == [None] * 4
    assert row["reason"] == f"withheld: {FEW}"


@pytest.mark.parametrize("at", [JANUARY, FEBRUARY])
def test_no_change_of_a_withheld_figure_is_shown(study: Study, at: date) -> None:
    study.sql(
        "UPDATE frame_prevalence SET estimate = 0.03 WHERE community = 'carers' AND period = ?", at
    )
    study.change(kind="difference", community="carers")
    (row,) = rows_of(pass_gate(study.connection), "changes", community="carers")
    assert row["estimate"] is None
    assert row["reason"] == f"withheld: {SMALL}"


def test_no_difference_of_a_withheld_topic_share_is_shown(study: Study) -> None:
    study.sql(
        "UPDATE topic_trends SET share = 0.03 WHERE community = 'carers' AND period = ?", JANUARY
    )
    study.change(kind="difference", community="carers", frame=None, topic_id=0)
    (row,) = rows_of(pass_gate(study.connection), "changes", community="carers")
    assert row["estimate"] is None


def test_no_event_is_shown_whose_periods_are_not_all_shown(study: Study) -> None:
    months = [date(2026, month, 1) for month in range(1, 8)]
    for month in months[2:]:
        study.add_posts(100, community="carers", month=month)
        study.prevalence(0.2345, n_posts=101, community="carers", period=month)
    study.index()
    study.change(kind="event", community="carers", period=months[3])
    (row,) = rows_of(pass_gate(study.connection), "changes", community="carers")
    assert row["estimate"] is not None
    study.sql(
        "UPDATE frame_prevalence SET estimate = 0.03 WHERE community = 'carers' AND period = ?",
        months[6],
    )
    (row,) = rows_of(pass_gate(study.connection), "changes", community="carers")
    assert row["estimate"] is None
    assert row["reason"] == f"withheld: {SMALL}"
