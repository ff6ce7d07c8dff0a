"""What is told of each topic: its terms, its label, and how good it is."""

from collections.abc import Mapping
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.topics.model import TopicModel
from analysis.topics.quality import npmi_coherence
from analysis.topics.reading.distinctive import frex_terms, topic_exclusivity
from analysis.topics.reading.labels import topic_labels, topic_terms
from flows.corpus_arrays import CorpusTerms
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]

KEPT_TERMS = 50
"""Terms of each topic that every version keeps, to compare versions by."""

_KNOWN = """
SELECT topic_id, born_on, n_posts, coherence FROM topics WHERE model = $model
"""
_COUNT = """
UPDATE topics SET n_posts = (
    SELECT count(*) FROM topic_posts
    WHERE topic_posts.topic_id = topics.topic_id AND topic_posts.model = topics.model AND is_counted
) WHERE model = $model
"""


def topic_rows(
    warehouse: Warehouse,
    model: TopicModel,
    *,
    line: str,
    version: int,
    day: date,
    terms: CorpusTerms | None = None,
) -> pa.Table:
    """Return the rows of `topics` that the model's topics have as of a version.

    Parameters
    ----------
    terms : CorpusTerms, optional
        Posts in which coherence is measured anew; without, topics keep what was measured last.
    """
    listed = topic_terms(model.components_, model.vocabulary_)
    measured = npmi_coherence(listed, terms.counts, terms.words) if terms else None
    named = names_of_topics(warehouse)
    known = {
        row["topic_id"]: row
        for row in warehouse.connection.execute(_KNOWN, {"model": line})
        .to_arrow_table()
        .to_pylist()
    }
    exclusive = topic_exclusivity(model.components_)
    distinctive = frex_terms(model.components_, model.vocabulary_)
    rows = []
    for row, topic_id in enumerate(model.topic_ids_.tolist()):
        before = known.get(topic_id, {"born_on": day, "coherence": None})
        coherence = before["coherence"] if measured is None else _or_none(measured[row])
        rows.append(
            {
                "model": line,
                "topic_id": topic_id,
                "terms": listed[row],
                "distinctive_terms": distinctive[row],
                "born_on": before["born_on"],
                "retired_on": None,
                "n_posts": 0,
                "coherence": coherence,
                "exclusivity": _or_none(exclusive[row]),
                "version": version,
            }
        )
    labels = topic_labels(model.components_, model.vocabulary_)
    asked = [name or label for name, label in zip(model.seed_names_, labels, strict=True)]
    called = [named.get(row["topic_id"], label) for row, label in zip(rows, asked, strict=True)]
    return _table([{**row, "label": label} for row, label in zip(rows, called, strict=True)])


def term_rows(model: TopicModel, *, line: str, version: int) -> pa.Table:
    """Return the rows of `topic_terms` of a version."""
    listed = topic_terms(model.components_, model.vocabulary_, n=KEPT_TERMS)
    weights = -np.sort(-model.components_, axis=1)[:, :KEPT_TERMS]
    return pa.Table.from_pylist(
        [
            {
                "model": line,
                "version": version,
                "topic_id": topic_id,
                "terms": terms,
                "weights": heavy[: len(terms)].tolist(),
            }
            for topic_id, terms, heavy in zip(
                model.topic_ids_.tolist(), listed, weights, strict=True
            )
        ]
    )


def names_of_topics(warehouse: Warehouse) -> Mapping[int, str]:
    """Return what people call topics."""
    found = warehouse.connection.execute("SELECT topic_id, label FROM topic_names").fetchall()
    return dict(found)


def count_posts(warehouse: Warehouse, line: str) -> None:
    """Enter how many posts each topic of a line leads; part of the caller's transaction."""
    warehouse.connection.execute(_COUNT, {"model": line})


def _or_none(value: float) -> float | None:
    return None if np.isnan(value) else float(value)


def _table(rows: list[dict[str, Any]]) -> pa.Table:
    types = {
        "terms": pa.list_(pa.string()),
        "distinctive_terms": pa.list_(pa.string()),
        "retired_on": pa.date32(),
        "coherence": pa.float64(),
        "exclusivity": pa.float64(),
    }
    columns = {name: [row[name] for row in rows] for name in rows[0]} if rows else {}
    return pa.table({name: pa.array(values, types.get(name)) for name, values in columns.items()})
