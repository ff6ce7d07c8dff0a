from datetime import UTC, date, datetime, timedelta

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from analysis.prevalence import estimate_prevalence
from analysis.series import first_day, frame_topic_shares, periods_of, topic_shares


@given(day=st.dates(min_value=date(1950, 1, 1), max_value=date(2100, 1, 1)))
def test_a_day_lies_in_its_month_and_in_the_week_from_monday(day: date) -> None:
    month, week = periods_of([day], "month"), periods_of([day], "week")
    assert month.first_day[int(month.number[0])] == day.replace(day=1)
    assert week.first_day[int(week.number[0])] == day - timedelta(days=day.weekday())


def test_numbers_run_on_without_gaps_over_the_years() -> None:
    days = [date(2025, 12, 20), date(2026, 1, 5), date(2026, 2, 1)]
    assert np.diff(periods_of(days, "month").number).tolist() == [1, 1]
    weeks = periods_of([date(2025, 12, 28) + timedelta(days=7 * n) for n in range(5)], "week")
    assert np.diff(weeks.number).tolist() == [1] * 4
    assert first_day(int(weeks.number[0]), "week") == date(2025, 12, 22)


def test_times_of_arrow_and_numpy_are_taken_as_they_are_in_utc() -> None:
    moment = datetime(2026, 1, 31, 23, 59, tzinfo=UTC)
    column = pa.chunked_array([pa.array([moment], pa.timestamp("us", tz="UTC"))])
    assert list(periods_of(column, "month").first_day.values()) == [date(2026, 1, 1)]
    as_numpy = np.array(["2026-02-01T00:00"], dtype="datetime64[us]")
    assert list(periods_of(as_numpy, "month").first_day.values()) == [date(2026, 2, 1)]


def test_no_dates_are_in_no_periods_and_a_missing_one_is_refused() -> None:
    empty = periods_of([], "week")
    assert (len(empty.number), dict(empty.first_day)) == (0, {})
    with pytest.raises(ValueError, match="a date is missing"):
        periods_of(np.array(["NaT"], dtype="datetime64[D]"), "week")
    with pytest.raises(ValueError, match="write 'week' or 'month'"):
        periods_of([date(2026, 1, 1)], "year")  # type: ignore[arg-type] # on purpose


def test_shares_are_those_counted_one_by_one() -> None:
    draw = np.random.default_rng(0)
    leading = draw.integers(-1, 3, 300)
    period, group = draw.integers(7, 10, 300), draw.integers(0, 2, 300) * 5
    table = topic_shares(leading, period, group=group, author=draw.integers(0, 80, 300), n_topics=3)
    assert table.num_rows == 3 * 2 * 3
    for row in table.to_pylist():
        cell = (period == row["period"]) & (group == row["group"])
        assert row["n_posts"] == cell.sum()
        assert row["share"] == pytest.approx((leading[cell] == row["topic"]).mean())
        assert 0 <= row["lower"] <= row["share"] <= row["upper"] <= 1


def test_posts_of_authors_who_keep_to_a_topic_are_less_certain() -> None:
    draw = np.random.default_rng(1)
    author = np.repeat(np.arange(60), 10)
    faithful = draw.integers(0, 4, 60)[author]
    mixed = draw.integers(0, 4, 600)
    width = {}
    for name, leading in (("faithful", faithful), ("mixed", mixed)):
        table = topic_shares(leading, np.zeros(600), author=author, n_topics=4)
        width[name] = np.mean(np.array(table["upper"]) - np.array(table["lower"]))
    assert width["faithful"] > 2.5 * width["mixed"]


def test_a_cell_of_one_author_has_no_figures() -> None:
    leading = np.array([0, 0, 1, 0, 1, 1])
    author = np.array([4, 4, 4, 1, 2, -1])
    table = topic_shares(leading, [1, 1, 1, 2, 2, 2], author=author, n_topics=2).to_pylist()
    single = [row for row in table if row["period"] == 1]
    assert all(row["share"] is None and row["upper"] is None for row in single)
    assert all(row["n_posts"] == 3 for row in single)
    assert all(row["share"] is not None for row in table if row["period"] == 2)


def test_unknown_authors_count_as_different_people() -> None:
    draw = np.random.default_rng(2)
    leading = draw.integers(0, 3, 200)
    unknown = topic_shares(leading, np.zeros(200), author=np.full(200, -1), n_topics=3)
    different = topic_shares(leading, np.zeros(200), author=np.arange(200), n_topics=3)
    assert unknown.equals(different)
    assert topic_shares(leading, np.zeros(200), n_topics=3).equals(different)


def zipf(draw: np.random.Generator, n: int) -> np.ndarray:
    return np.minimum(draw.zipf(1.8, n), 60)


def geometric(draw: np.random.Generator, n: int) -> np.ndarray:
    return draw.geometric(0.3, n)


@pytest.mark.parametrize("posts_of", [geometric, zipf])
def test_intervals_cover_the_share_among_authors_like_these(posts_of) -> None:  # type: ignore[no-untyped-def] # a parameter
    share = np.array([0.35, 0.25, 0.15, 0.1, 0.06, 0.04, 0.02, 0.015, 0.01, 0.005])
    draw = np.random.default_rng(3)
    inside, naive = [], []
    for _ in range(60):
        leading, period, author = [], [], []
        for month in range(5):
            n_posts = posts_of(draw, 60)
            of_author = np.repeat(np.arange(60), n_posts)
            leaning = np.cumsum(draw.dirichlet(3 * share, 60), axis=1)[of_author]
            leading.append((draw.random(len(of_author))[:, None] > leaning[:, :-1]).sum(axis=1))
            period.append(np.full(len(of_author), month))
            author.append(of_author)
        columns = [np.concatenate(parts) for parts in (leading, period, author)]
        table = topic_shares(columns[0], columns[1], author=columns[2], n_topics=10)
        truth = np.repeat(share, 5)
        inside.append((np.array(table["lower"]) <= truth) & (truth <= np.array(table["upper"])))
        found, n = np.array(table["share"]), np.array(table["n_posts"])
        naive.append(np.abs(found - truth) <= 1.96 * np.sqrt(truth * (1 - truth) / n))
    by_topic = np.mean(inside, axis=0).reshape(10, 5).mean(axis=1)
    assert np.mean(inside) >= 0.95
    assert by_topic.min() >= 0.93
    assert np.mean(naive, axis=0).reshape(10, 5)[:4].mean() < 0.85


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000))
def test_the_order_of_posts_changes_no_share(seed: int) -> None:
    draw = np.random.default_rng(seed)
    columns = np.stack(
        [
            draw.integers(-1, 3, 120),
            draw.integers(0, 3, 120),
            draw.integers(0, 2, 120),
            draw.integers(-1, 30, 120),
        ]
    )
    tables = []
    for order in (np.arange(120), draw.permutation(120)):
        leading, period, group, author = columns[:, order]
        tables.append(topic_shares(leading, period, group=group, author=author, n_topics=3))
    for name in ("share", "lower", "upper"):
        np.testing.assert_allclose(np.array(tables[0][name]), np.array(tables[1][name]))
    assert (
        tables[0]
        .select(["topic", "group", "period", "n_posts"])
        .equals(tables[1].select(["topic", "group", "period", "n_posts"]))
    )


def test_no_posts_have_no_shares_and_an_unknown_topic_is_refused() -> None:
    assert topic_shares([], [], n_topics=3).num_rows == 0
    with pytest.raises(ValueError, match="leads with topic 3"):
        topic_shares([3], [0], n_topics=3)


def test_frames_within_topics_are_estimated_from_codings_without_posts_that_have_none() -> None:
    draw = np.random.default_rng(4)
    n = 900
    topic = draw.integers(-1, 2, n)
    scores = draw.random((n, 2))
    coded = (draw.random((n, 2)) < scores).astype(float)
    index = np.flatnonzero(draw.random(n) < 0.3)
    author = draw.integers(0, 300, n)
    table = frame_topic_shares(
        scores,
        np.zeros(n),
        topic,
        coded_index=index,
        coded_values=coded[index],
        inclusion_probability=np.full(len(index), 0.3),
        clusters=(author,),
    )
    assert table.group.tolist() == [0, 1, 0, 1]
    assert table.n_posts.tolist() == [(topic == t).sum() for t in (0, 1)] * 2
    truth = np.concatenate([[coded[topic == t, f].mean() for t in (0, 1)] for f in (0, 1)])
    assert ((table.lower <= truth) & (truth <= table.upper)).all()
    only = topic >= 0
    place = np.cumsum(only) - 1
    inside = index[only[index]]
    direct = estimate_prevalence(
        scores[only],
        np.zeros(only.sum()),
        group=topic[only],
        coded_index=place[inside],
        coded_values=coded[inside],
        inclusion_probability=np.full(len(inside), 0.3),
        clusters=[author[only]],
    )
    np.testing.assert_allclose(table.estimate, direct.estimate)
