"""Shares of topics in communities and periods, from counts by author: no token is read for them.

Figures are made anew for the cells whose posts or topics are others than when those of an earlier
run were made; the others are taken over, so that a night costs what is new. How alike posts of one
author are is estimated from all cells every night. It moves slowly, so what was taken over may rest
on an estimate of some days before: the first run of each week makes every cell anew, and so does
one with a topic more or less.

Besides the figures of this run those of the last finished one stay, which a release shows until
this one is finished. Those of the run before it become this run's where they still hold, and go
where they do not.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, time, timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.series import periods_of
from analysis.topics.over_time.shares import bootstrapped_shares
from flows.arrow_rows import arrow_rows, coded, days, list_of, repeated, small, values_of
from flows.night import Night
from warehouse.gateway import Warehouse

Integers = NDArray[np.int64]

_COUNTS = """
SELECT source, community,
       date_trunc('{bin}', (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period,
       topic_id, author_key, count(*) AS n
FROM topic_posts JOIN posts USING (post_id)
WHERE topic_posts.model = $model AND topic_posts.is_counted
GROUP BY ALL ORDER BY ALL
"""
_EARLIER = """
WITH held AS (
    SELECT run_id, bool_or(model = $model AND bin = $bin) AS is_alike
    FROM topic_trends WHERE run_id <> $run GROUP BY run_id
)
SELECT run_id, is_alike AND coalesce(started_at >= $monday, false) AS is_usable,
       coalesce(status IN ('complete', 'partial') AND finished_at IS NOT NULL, false) AS is_finished
FROM held LEFT JOIN runs USING (run_id) ORDER BY run_id DESC
"""
_CHANGED = """
CREATE OR REPLACE TEMP TABLE changed_cells AS
WITH before AS (
    FROM topic_trends WHERE run_id = $before AND model = $model AND bin = $bin
), led AS (
    SELECT source, community, period, topic_id, sum(n) AS n FROM counted GROUP BY ALL
), cells AS (
    SELECT source, community, period, sum(n) AS n_posts,
           count(DISTINCT author_key) + coalesce(sum(n) FILTER (author_key IS NULL), 0) < 2
               AS of_one_author
    FROM counted GROUP BY ALL
), topics_changed AS (
    SELECT topic_id FROM (SELECT DISTINCT topic_id FROM led WHERE topic_id IS NOT NULL) AS now
    FULL JOIN (SELECT DISTINCT topic_id, true AS was FROM before) AS earlier USING (topic_id)
    WHERE was IS NULL OR now.topic_id IS NULL
), held AS (
    SELECT source, community, period, any_value(before.n_posts) AS n_posts,
           bool_or(share IS NULL) AS was_of_one_author,
           bool_or(abs(share * before.n_posts - coalesce(n, 0)) > 0.5) AS has_moved
    FROM before LEFT JOIN led USING (source, community, period, topic_id) GROUP BY ALL
)
SELECT source, community, period FROM cells FULL JOIN held USING (source, community, period)
WHERE cells.n_posts IS DISTINCT FROM held.n_posts OR of_one_author <> was_of_one_author OR has_moved
    OR EXISTS (FROM topics_changed)
ORDER BY ALL
"""
_COPY = """
INSERT INTO topic_trends BY NAME
SELECT topic_trends.* REPLACE ($run AS run_id)
FROM topic_trends ANTI JOIN changed_cells USING (source, community, period)
WHERE run_id = $before AND model = $model AND bin = $bin
"""
_DROP = """
DELETE FROM topic_trends WHERE run_id = $before
    AND (source, community, period) IN (FROM changed_cells)
"""
_MOVE = """
UPDATE topic_trends SET run_id = $run
WHERE run_id = $before AND model = $model AND bin = $bin
"""
_FORGET = "DELETE FROM topic_trends WHERE run_id <> $run AND run_id <> $finished"


class _Earlier(NamedTuple):
    """Runs that left figures: the last finished one, and the one whose figures are taken over."""

    finished: str | None
    before: str | None


def store_trends(warehouse: Warehouse, night: Night, model: str) -> None:
    """Store the rows of `topic_trends` of a line for this run; part of the caller's transaction."""
    connection, run = warehouse.connection, night.run.run_id
    of = {"model": model, "bin": night.settings.study.bin}
    connection.execute("DELETE FROM topic_trends WHERE run_id = ?", [run])
    earlier = _earlier(warehouse, night, of)
    counts = connection.execute(_COUNTS.format(bin=of["bin"]), {"model": model}).to_arrow_table()
    changed = None
    if earlier.before is not None:
        connection.register("counted", counts)
        connection.execute(_CHANGED, {**of, "before": earlier.before})
        changed = connection.execute("FROM changed_cells").to_arrow_table()
        connection.unregister("counted")
        _take_over(warehouse, earlier, {**of, "run": run})
    connection.register("made_trends", _made(night, model, counts, changed))
    connection.execute("INSERT INTO topic_trends BY NAME FROM made_trends")
    connection.unregister("made_trends")
    connection.execute(_FORGET, {"run": run, "finished": earlier.finished or ""})


def _earlier(warehouse: Warehouse, night: Night, of: Mapping[str, str]) -> _Earlier:
    today = night.clock.now().astimezone(UTC).date()
    monday = datetime.combine(today - timedelta(days=today.weekday()), time(), UTC)
    values = {**of, "run": night.run.run_id, "monday": monday}
    held = warehouse.connection.execute(_EARLIER, values).fetchall()
    finished = next((run_id for run_id, _, is_finished in held if is_finished), None)
    usable = [run_id for run_id, is_usable, _ in held if is_usable]
    spare = [run_id for run_id in usable if run_id != finished]
    return _Earlier(finished, next(iter(spare or usable), None))


def _take_over(warehouse: Warehouse, earlier: _Earlier, of: Mapping[str, str]) -> None:
    """Give this run the figures of an earlier one that still hold."""
    connection, before = warehouse.connection, earlier.before
    if before == earlier.finished:
        connection.execute(_COPY, {**of, "before": before})
    else:
        connection.execute(_DROP, {"before": before})
        connection.execute(_MOVE, {**of, "before": before})


def _made(night: Night, model: str, counts: pa.Table, changed: pa.Table | None) -> pa.Table:
    """Return the rows of the cells that changed, or of all of them."""
    bin_ = night.settings.study.bin
    n = values_of(counts, "n").astype(np.int64)
    topic_ids, leading = _coded(values_of(counts, "topic_id"))
    groups, group = _numbered(counts)
    period, first_days = periods_of(counts["period"], bin_)
    only = None
    if changed is not None:
        number = {pair: place for place, pair in enumerate(groups)}
        pairs = zip(list_of(changed, "source"), list_of(changed, "community"), strict=True)
        group_of = [number.get(pair, -1) for pair in pairs]  # a cell may have lost all its posts
        only = np.stack([group_of, periods_of(changed["period"], bin_).number], axis=1)
    table = bootstrapped_shares(
        np.repeat(leading, n),
        np.repeat(period, n),
        group=np.repeat(group, n),
        author=np.repeat(coded(counts, "author_key"), n),
        only=only,
        n_topics=len(topic_ids),
        random_state=night.settings.analysis.seed,
    )
    return _rows(night, model, table, topic_ids, groups, first_days)


def _rows(
    night: Night,
    model: str,
    table: pa.Table,
    topic_ids: list[int],
    groups: list[tuple[str, str]],
    first_days: Any,
) -> pa.Table:
    n = table.num_rows
    group = list_of(table, "group")
    return arrow_rows(
        {
            "run_id": repeated(night.run.run_id, n),
            "model": repeated(model, n),
            "topic_id": small(np.array(topic_ids, dtype=np.int64)[values_of(table, "topic")]),
            "source": [groups[number][0] for number in group],
            "community": [groups[number][1] for number in group],
            "bin": repeated(night.settings.study.bin, n),
            "period": days([first_days[number] for number in list_of(table, "period")]),
            **{name: table[name] for name in ("share", "lower", "upper", "n_posts")},
        }
    )


def _coded(topic_ids: NDArray[Any]) -> tuple[list[int], Integers]:
    """Return the topics there are, and the number of each row's among them, -1 for none."""
    known = ~np.isnan(topic_ids.astype(np.float64))
    codes = np.full(len(topic_ids), -1, dtype=np.int64)
    found, codes[known] = np.unique(topic_ids[known].astype(np.int64), return_inverse=True)
    return found.tolist(), codes


def _numbered(counts: pa.Table) -> tuple[list[tuple[str, str]], Integers]:
    """Return the pairs of source and community, in order, and the number of each row's."""
    both = [coded(counts, name) for name in ("source", "community")]
    _, first, number = np.unique(
        both[0] * (both[1].max(initial=0) + 1) + both[1], return_index=True, return_inverse=True
    )
    held = counts.select(["source", "community"]).take(first)
    pairs = list(zip(list_of(held, "source"), list_of(held, "community"), strict=True))
    order = sorted(range(len(pairs)), key=pairs.__getitem__)
    return [pairs[place] for place in order], np.argsort(order)[number].astype(np.int64)
