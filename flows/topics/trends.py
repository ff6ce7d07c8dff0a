"""Shares of topics in communities and periods, from counts by author: no token is read for them."""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.series import periods_of
from analysis.topics.over_time.shares import bootstrapped_shares
from flows.arrow_rows import arrow_rows, days, list_of, repeated, small, values_of
from flows.night import Night
from flows.topics.posts import coded
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


def topic_trends(warehouse: Warehouse, night: Night, model: str) -> pa.Table:
    """Return the rows of `topic_trends` of a line for this run."""
    bin_ = night.settings.study.bin
    counts = warehouse.connection.execute(
        _COUNTS.format(bin=bin_), {"model": model}
    ).to_arrow_table()
    n = values_of(counts, "n").astype(np.int64)
    topic_ids, leading = _coded(values_of(counts, "topic_id"))
    groups, group = _numbered(counts)
    period, first_days = periods_of(counts["period"], bin_)
    table = bootstrapped_shares(
        np.repeat(leading, n),
        np.repeat(period, n),
        group=np.repeat(group, n),
        author=np.repeat(coded(counts, "author_key"), n),
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
