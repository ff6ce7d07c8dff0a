"""Shares of a night are those of its posts, though what is as it was is not made anew."""

from datetime import date
from typing import Any

import pytest

from analysis.topics.over_time.shares import bootstrapped_shares
from flows.topics import trends
from flows.topics.stage import run_topics
from tests.flows.topics.nights import Forum, change, rows_of
from warehouse.corpus.index import index_posts
from warehouse.gateway import Warehouse

EXPECTED = """
WITH counted AS (
    SELECT community, date_trunc('month', created_at AT TIME ZONE 'UTC')::DATE AS period,
           topic_posts.topic_id
    FROM topic_posts JOIN posts USING (post_id) WHERE is_counted
), cells AS (SELECT community, period, count(*) AS n_posts FROM counted GROUP BY ALL)
SELECT community, period, topics.topic_id, n_posts, round((
    SELECT count(*) FROM counted WHERE counted.topic_id = topics.topic_id
        AND counted.community = cells.community AND counted.period = cells.period) / n_posts, 9)
FROM cells CROSS JOIN (SELECT DISTINCT topic_id FROM counted WHERE topic_id IS NOT NULL) AS topics
ORDER BY ALL
"""
STORED = """
SELECT community, period, topic_id, n_posts, round(share, 9) FROM topic_trends WHERE run_id = ?
ORDER BY ALL
"""
ALL_OF = "SELECT * EXCLUDE run_id FROM topic_trends WHERE run_id = ? ORDER BY ALL"
MARCH, APRIL = date(2026, 3, 1), date(2026, 4, 1)
OF_MARCH = f"SELECT * EXCLUDE run_id FROM topic_trends WHERE run_id = ? AND period = '{MARCH}'"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[set[date] | None]:
    """Return the periods whose figures each night made; None where it made all."""
    months: list[set[date] | None] = []

    def told(*arguments: Any, only: Any, **options: Any) -> Any:
        since_1970 = None if only is None else {int(period) for _, period in only}
        months.append(since_1970 and {date(1970 + n // 12, n % 12 + 1, 1) for n in since_1970})
        return bootstrapped_shares(*arguments, only=only, **options)

    monkeypatch.setattr(trends, "bootstrapped_shares", told)
    return months


def _night(forum: Forum, warehouse: Warehouse, *, status: str = "complete") -> str:
    night = forum.night()
    warehouse.start_run(night.run)
    index_posts(warehouse.connection)
    run_topics(warehouse, night)
    if status != "running":
        warehouse.finish_run(night.run.run_id, status=status)
    return night.run.run_id


def _next(forum: Forum, warehouse: Warehouse, days: int = 1, **options: Any) -> str:
    forum.next_night(days)
    forum.write(warehouse, 30)
    return _night(forum, warehouse, **options)


def _begin(forum: Forum, warehouse: Warehouse) -> str:
    """Begin on a Monday in April with posts of March, too."""
    forum.write(warehouse, 240)
    return _next(forum, warehouse, days=35)


def _check(warehouse: Warehouse, run: str, *, held: set[str]) -> None:
    assert rows_of(warehouse, STORED, run) == rows_of(warehouse, EXPECTED)
    assert {r for (r,) in rows_of(warehouse, "SELECT DISTINCT run_id FROM topic_trends")} == held


def test_a_night_makes_the_cells_that_changed_and_takes_over_the_others(
    forum: Forum, made: list[set[date] | None]
) -> None:
    with forum.opened() as warehouse:
        monday = _begin(forum, warehouse)
        _check(warehouse, monday, held={monday})
        tuesday = _next(forum, warehouse)
        _check(warehouse, tuesday, held={monday, tuesday})
        wednesday = _next(forum, warehouse)
        _check(warehouse, wednesday, held={tuesday, wednesday})
        assert made == [None, {APRIL}, {APRIL}]
        first = rows_of(warehouse, f"{OF_MARCH} ORDER BY ALL", tuesday)
        assert first == rows_of(warehouse, f"{OF_MARCH} ORDER BY ALL", wednesday) != []


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE posts SET withheld = true WHERE post_id = 3",
        (
            "UPDATE posts SET author_key = (SELECT min(author_key) FROM posts)"
            f" WHERE created_at < '{APRIL}' AND community = 'carers'"
        ),
        f"UPDATE posts SET withheld = true WHERE created_at < '{APRIL}'",
    ],
    ids=["a post less", "one author left", "no post left"],
)
def test_what_changed_of_earlier_posts_changes_their_cell(
    forum: Forum, made: list[set[date] | None], sql: str
) -> None:
    with forum.opened() as warehouse:
        _begin(forum, warehouse)
        before = _next(forum, warehouse)
        change(warehouse, sql)
        after = _next(forum, warehouse)
        of_one = "SELECT count(*) FROM topic_trends WHERE run_id = ? AND share IS NULL"
        assert made[-1] == {MARCH, APRIL}
        if "author_key" in sql:
            assert rows_of(warehouse, of_one, before) == [(0,)] != rows_of(warehouse, of_one, after)
        else:
            _check(warehouse, after, held={before, after})


def test_the_figures_of_the_last_finished_run_stay_until_another_is_finished(
    forum: Forum,
) -> None:
    with forum.opened() as warehouse:
        _begin(forum, warehouse)
        shown = _next(forum, warehouse)
        figures = rows_of(warehouse, ALL_OF, shown)
        broken = _next(forum, warehouse, status="running")
        _check(warehouse, broken, held={shown, broken})
        failed = _next(forum, warehouse, status="failed")
        _check(warehouse, failed, held={shown, failed})
        assert rows_of(warehouse, ALL_OF, shown) == figures
        last = _next(forum, warehouse)
        _check(warehouse, last, held={shown, last})


def test_a_week_begins_with_all_figures_anew(forum: Forum, made: list[set[date] | None]) -> None:
    with forum.opened() as warehouse:
        _begin(forum, warehouse)
        run = _next(forum, warehouse, days=7)
        _check(warehouse, run, held={run, *_finished(warehouse)})
        assert made == [None, None]


def _finished(warehouse: Warehouse) -> list[str]:
    return [r for (r,) in rows_of(warehouse, "SELECT run_id FROM runs WHERE status = 'complete'")]
