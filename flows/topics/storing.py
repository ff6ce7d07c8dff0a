"""What a fit or a night says of topics, as rows; each function is part of a transaction."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.topics.model import TopicModel
from analysis.topics.nights.events import TopicEvent
from flows.arrow_rows import arrow_rows, days, list_of, repeated, small, with_column
from flows.corpus_arrays import CorpusTerms
from flows.topics.assigning import Assigned, store_assigned
from flows.topics.describing import count_posts, term_rows, topic_rows
from flows.topics.posts import let_leave
from flows.topics.sentences import FITTED, REPLACED, sentence_of
from warehouse.gateway import Warehouse
from warehouse.results import replace_rows

Integers = NDArray[np.int64]

_END = "UPDATE topics SET retired_on = $day WHERE model = $model AND topic_id = $topic_id"
_MERGE = (
    "UPDATE topic_posts SET topic_id = $other WHERE model = $model AND topic_id = $topic_id",
    """
    UPDATE post_topics SET weight = post_topics.weight + gone.weight
    FROM (FROM post_topics WHERE model = $model AND topic_id = $topic_id) AS gone
    WHERE post_topics.model = $model AND post_topics.topic_id = $other
        AND post_topics.post_id = gone.post_id
    """,
    """
    DELETE FROM post_topics WHERE model = $model AND topic_id = $topic_id AND post_id IN (
        SELECT post_id FROM post_topics WHERE model = $model AND topic_id = $other)
    """,
    "UPDATE post_topics SET topic_id = $other WHERE model = $model AND topic_id = $topic_id",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A version that was made, taken or refused, with the events that led to it."""

    kind: str
    version: int
    accepted: bool
    score: float | None
    reason: str
    n_posts: int
    events: Sequence[TopicEvent] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Stored:
    """The model in use after a fit or a night: its line, version and digest."""

    line: str
    version: int
    day: date
    digest: str
    model: TopicModel


def store_fit(
    warehouse: Warehouse, stored: Stored, *, terms: CorpusTerms, assigned: Assigned
) -> None:
    """Store the topics of a new line, and retire those of the lines before it.

    Parameters
    ----------
    terms : the posts that the model was fitted to
    assigned : all posts with their topics
    """
    connection = warehouse.connection
    earlier = connection.execute("SELECT * FROM topics WHERE retired_on IS NULL").to_arrow_table()
    ended = with_column(earlier, "retired_on", days([stored.day] * earlier.num_rows))
    replace_rows(connection, "topics", ended, keys=["model", "topic_id"])
    ids = stored.model.topic_ids_.tolist()
    n_posts = terms.counts.shape[0]
    found = {"topics": float(len(ids)), "posts": float(n_posts), "terms_version": 1.0}
    events = arrow_rows(
        {
            "model": [stored.line] * len(ids) + list_of(ended, "model"),
            "topic_id": small([*ids, *list_of(ended, "topic_id")]),
            "day": days([stored.day] * (len(ids) + ended.num_rows)),
            "event": ["born"] * len(ids) + ["retired"] * ended.num_rows,
            "detail": [FITTED] * len(ids) + [REPLACED] * ended.num_rows,
            "evidence": pa.array(
                [evidence_json(found)] * len(ids) + [None] * ended.num_rows, pa.string()
            ),
        }
    )
    replace_rows(connection, "topic_events", events, keys=["model", "topic_id", "event"])
    step = Step(
        kind="fit",
        version=1,
        accepted=True,
        score=None,
        reason=f"{len(ids)} topics were found in {n_posts:,} posts",
        n_posts=n_posts,
    )
    _store_versions(warehouse, stored, [step])
    store_assigned(warehouse, assigned, version=1, all_posts=True)
    _store_topics(warehouse, stored, measured=terms)


def store_night(
    warehouse: Warehouse,
    stored: Stored,
    *,
    steps: Sequence[Step],
    assigned: Sequence[Assigned],
    left: Integers,
    measured: CorpusTerms | None,
    moves: bool,
) -> None:
    """Store what a night made of the line in use.

    Parameters
    ----------
    steps : the versions that were made, in order
    assigned : posts with their topics
    left : posts that count no more
    measured : posts in which the topics' coherence is measured, where all were read
    moves : whether all posts were assigned anew, so that it is told how many moved
    """
    let_leave(warehouse, left)
    events = [event for step in steps for event in step.events]
    store_events(warehouse, stored.line, events)
    for rows in assigned:
        store_assigned(warehouse, rows, version=stored.version if moves else None)
    if steps:
        _store_versions(warehouse, stored, steps)
    if any(step.accepted for step in steps):
        _store_topics(warehouse, stored, measured=measured)
    else:
        count_posts(warehouse, stored.line)


def store_events(warehouse: Warehouse, line: str, events: Sequence[TopicEvent]) -> None:
    """Store what became of a line's topics, and what follows from it; part of a transaction."""
    for event in events:
        values = {"model": line, "topic_id": event.topic_id}
        if event.event in ("retired", "merged"):
            warehouse.connection.execute(_END, {**values, "day": event.day})
        if event.event == "merged":
            for sql in _MERGE:
                warehouse.connection.execute(sql, {**values, "other": event.other_id})
    if not events:
        return
    rows = arrow_rows(
        {
            "model": repeated(line, len(events)),
            "topic_id": pa.array([event.topic_id for event in events], pa.int32()),
            "day": days([event.day for event in events]),
            "event": [event.event for event in events],
            "other_id": pa.array([event.other_id for event in events], pa.int32()),
            "detail": [sentence_of(event.event, other=event.other_id) for event in events],
            "evidence": pa.array([evidence_json(event.evidence) for event in events], pa.string()),
        }
    )
    replace_rows(
        warehouse.connection, "topic_events", rows, keys=["model", "topic_id", "day", "event"]
    )


def evidence_json(evidence: Mapping[str, float]) -> str | None:
    """Return numbers as JSON in the order of their names; None where there are none."""
    known = {name: value for name, value in sorted(evidence.items()) if math.isfinite(value)}
    return json.dumps(known) if known else None


def _store_versions(warehouse: Warehouse, stored: Stored, steps: Sequence[Step]) -> None:
    n = len(steps)
    rows = arrow_rows(
        {
            "model": repeated(stored.line, n),
            "version": small([step.version for step in steps]),
            "day": days([stored.day] * n),
            "kind": [step.kind for step in steps],
            "accepted": [step.accepted for step in steps],
            "score": pa.array([step.score for step in steps], pa.float64()),
            "reason": [step.reason for step in steps],
            "n_posts": [step.n_posts for step in steps],
            "digest": [
                stored.digest if step.accepted and step.version == stored.version else ""
                for step in steps
            ],
        }
    )
    warehouse.connection.register("made_versions", rows)
    warehouse.connection.execute("INSERT INTO topic_versions BY NAME FROM made_versions")
    warehouse.connection.unregister("made_versions")


def _store_topics(warehouse: Warehouse, stored: Stored, *, measured: CorpusTerms | None) -> None:
    rows = topic_rows(
        warehouse,
        stored.model,
        line=stored.line,
        version=stored.version,
        day=stored.day,
        terms=measured,
    )
    connection = warehouse.connection
    replace_rows(connection, "topics", rows, keys=["model", "topic_id"])
    terms = term_rows(stored.model, line=stored.line, version=stored.version)
    replace_rows(connection, "topic_terms", terms, keys=["model", "version"])
    count_posts(warehouse, stored.line)
