"""Topics as the controlled release has them: lists, one topic, and what became of them.

What is heavy to import stays out of here, so that a list comes at once.
"""

import json
from collections.abc import Mapping
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from analysis.topics.nights.events import EVENTS, TopicEvent, describe

Row = dict[str, Any]

_LIST = """
WITH figures AS (
    FROM topic_trends WHERE run_id = (SELECT max(run_id) FROM topic_trends)
), periods AS (
    SELECT DISTINCT period, CASE bin WHEN 'week' THEN period + INTERVAL 7 DAY
                                     ELSE period + INTERVAL 1 MONTH END AS next FROM figures
), whole AS (
    SELECT coalesce(max(period) FILTER (next <= (SELECT max(started_at) FROM runs)), max(period))
        AS period FROM periods
), last AS (
    SELECT model, topic_id, period, sum(share * n_posts) / sum(n_posts) AS share
    FROM figures JOIN whole USING (period) WHERE share IS NOT NULL GROUP BY ALL
)
SELECT topic_id, label, terms, n_posts, round(share, 4) AS share, last.period,
       round(coherence, 3) AS coherence, round(exclusivity, 3) AS exclusivity, born_on, retired_on,
       model
FROM topics LEFT JOIN last USING (model, topic_id)
WHERE $all OR retired_on IS NULL ORDER BY retired_on IS NOT NULL, model, topic_id
"""
_TOPIC = """
SELECT topics.*, note, named_on FROM topics LEFT JOIN topic_names USING (topic_id)
WHERE topic_id = $topic_id ORDER BY retired_on DESC NULLS FIRST, born_on DESC LIMIT 1
"""
_EVENTS = """
SELECT day, event, topic_id, topics.label, other_id, other.label AS other_label, detail, evidence,
       topic_events.model
FROM topic_events LEFT JOIN topics USING (model, topic_id)
LEFT JOIN topics AS other ON other.model = topic_events.model AND other.topic_id = other_id
WHERE ($since IS NULL OR day >= $since)
    AND ($topic_id IS NULL OR topic_id = $topic_id OR other_id = $topic_id)
    AND ($model IS NULL OR topic_events.model = $model)
ORDER BY day, topic_events.model, topic_id NULLS FIRST, event
"""
_FRAMES = """
SELECT frame, period, share, lower, upper, n_posts FROM frame_topics
WHERE model = $model AND topic_id = $topic_id AND share IS NOT NULL
    AND run_id = (SELECT max(run_id) FROM frame_topics)
QUALIFY period = max(period) OVER () ORDER BY share DESC, frame
"""


class UnknownTopic(LookupError):
    """No topic of the release has that id; the message says how to see which there are."""

    exit_code = 2


def list_topics(release: duckdb.DuckDBPyConnection, *, retired: bool = False) -> list[Row]:
    """Return the topics in use, or all that ever were, with their share of the last whole period.

    The share is of the counted posts of all communities whose figures are told.
    """
    return release.execute(_LIST, {"all": retired}).to_arrow_table().to_pylist()


def topic_of(release: duckdb.DuckDBPyConnection, topic_id: int) -> Row:
    """Return what is known of a topic; where lines share an id, of the one that was in use last.

    Raises
    ------
    UnknownTopic
        If the release has no topic of that id.
    """
    found = release.execute(_TOPIC, {"topic_id": topic_id}).to_arrow_table().to_pylist()
    if not found:
        raise UnknownTopic(f"there is no topic {topic_id}; 'valuetalk topics list' lists them")
    return dict(found[0])


def frames_of(release: duckdb.DuckDBPyConnection, topic: Mapping[str, Any]) -> list[Row]:
    """Return the frames that posts of a topic express, of the last period that has figures."""
    values = {"model": topic["model"], "topic_id": topic["topic_id"]}
    return release.execute(_FRAMES, values).to_arrow_table().to_pylist()


def list_events(
    release: duckdb.DuckDBPyConnection,
    *,
    since: date | None = None,
    topic: Mapping[str, Any] | None = None,
) -> list[Row]:
    """Return what became of topics, in order of days; each with a sentence and its numbers."""
    values = {
        "since": since,
        "topic_id": topic["topic_id"] if topic else None,
        "model": topic["model"] if topic else None,
    }
    found: pa.Table = release.execute(_EVENTS, values).to_arrow_table()
    return [_told(row) for row in found.to_pylist()]


def _told(row: Row) -> Row:
    evidence: dict[str, float] = json.loads(row["evidence"]) if row["evidence"] else {}
    return {**row, "detail": _sentence(row, evidence), "evidence": evidence}


def _sentence(row: Row, evidence: Mapping[str, float]) -> str:
    if not evidence or row["event"] not in EVENTS:
        return str(row["detail"])
    told = ("day", "topic_id", "event", "other_id")
    return describe(TopicEvent(**{name: row[name] for name in told}, evidence=evidence))
