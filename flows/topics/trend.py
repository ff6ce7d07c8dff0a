"""One topic's share of all counted posts over time, from the controlled release."""

from collections.abc import Mapping
from typing import Any

import duckdb
import numpy as np

from analysis.series import periods_of, topic_shares
from flows.arrow_rows import coded, list_of, values_of

Row = dict[str, Any]

_COUNTS = """
SELECT date_trunc($bin, (created_at AT TIME ZONE 'UTC')::DATE)::DATE AS period, author_key,
       topic_posts.topic_id IS NOT DISTINCT FROM $topic_id AS is_led, count(*) AS n
FROM topic_posts JOIN posts USING (post_id) WHERE model = $model GROUP BY ALL ORDER BY ALL
"""
_BIN = "SELECT bin FROM topic_trends WHERE run_id = (SELECT max(run_id) FROM topic_trends) LIMIT 1"


def trend_of(release: duckdb.DuckDBPyConnection, topic: Mapping[str, Any]) -> list[Row]:
    """Return a topic's share of all counted posts by period, with intervals by author.

    Empty for a topic of an earlier line, whose posts have other topics by now.
    """
    (bin_,) = release.execute(_BIN).fetchone() or ("month",)
    values = {"bin": bin_, "topic_id": topic["topic_id"], "model": topic["model"]}
    counts = release.execute(_COUNTS, values).to_arrow_table()
    if not counts.num_rows:
        return []
    n = values_of(counts, "n").astype(np.int64)
    period, first_days = periods_of(counts["period"], bin_)
    table = topic_shares(
        np.repeat(np.where(values_of(counts, "is_led"), 0, -1), n),
        np.repeat(period, n),
        author=np.repeat(coded(counts, "author_key"), n),
        n_topics=1,
    )
    columns = ("share", "lower", "upper", "n_posts")
    figures = [list_of(table, name) for name in columns]
    return [
        {"period": first_days[number], **dict(zip(columns, row, strict=True))}
        for number, *row in zip(list_of(table, "period"), *figures, strict=True)
    ]
