"""Topics: fit or apply the model, store each post's topics, and their shares over time."""

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from analysis.series import topic_shares
from analysis.topics.labels import topic_labels, topic_terms
from analysis.topics.model import TopicModel, leading_topics
from analysis.topics.quality import npmi_coherence
from analysis.topics.storage import load_topic_model, save_topic_model
from flows.arrow_rows import arrow_rows, days, list_of, nullable, repeated, small, with_column
from flows.corpus_arrays import CorpusArrays, CorpusTerms, read_corpus, read_terms
from flows.night import Night
from warehouse.gateway import Warehouse

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

LEAST_POSTS_A_TOPIC = 10
"""A model needs at least so many counted posts for each of its topics."""
LEAST_WEIGHT = 0.05
"""Weights under this share of a post are not stored."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Fitted:
    """A model with its name and the day on which it was fitted."""

    name: str
    born_on: date
    model: TopicModel


def run_topics(warehouse: Warehouse, night: Night, *, n_topics: int | None = None) -> str:
    """Fit a model where none is or the last is too old, apply it, and store topics and trends.

    Parameters
    ----------
    n_topics : int, optional
        Fit anew with so many topics, whatever the age of the last model.
    """
    corpus = read_corpus(warehouse, night)
    k = n_topics or night.settings.analysis.topics
    if len(corpus.post_ids) < k * LEAST_POSTS_A_TOPIC:
        return (
            f"no topics: {len(corpus.post_ids)} posts count, "
            f"and {k} topics need at least {k * LEAST_POSTS_A_TOPIC}"
        )
    terms = read_terms(warehouse, night, corpus.post_ids)
    current = None if n_topics else _current(warehouse, night)
    fitted = current or _fit(night, terms, k)
    weights = fitted.model.transform(terms.counts, terms.words)
    leading = leading_topics(weights)
    if current is None:
        _store_topics(warehouse, fitted, terms, leading)
    _store_post_topics(warehouse, fitted.name, corpus, weights)
    _store_trends(warehouse, night, fitted, corpus, leading)
    return f"topics of {len(corpus.post_ids)} posts by the model {fitted.name}"


def _file(night: Night, name: str) -> Path:
    return night.home.models / name


def _current(warehouse: Warehouse, night: Night) -> _Fitted | None:
    """Return the model in use, or None where one has to be fitted."""
    rows = warehouse.query(
        "SELECT model, max(born_on) AS born_on FROM topics WHERE retired_on IS NULL GROUP BY ALL"
    ).to_pylist()
    today = night.clock.now().date()
    for row in rows:
        young = today - row["born_on"] < timedelta(days=night.settings.analysis.refit_days)
        if young:
            model = load_topic_model(_file(night, row["model"]))
            return _Fitted(name=row["model"], born_on=row["born_on"], model=model)
    return None


def _fit(night: Night, terms: CorpusTerms, n_topics: int) -> _Fitted:
    today = night.clock.now().date()
    name = f"nmf_{today:%Y%m%d}_{night.run.run_id[-6:]}"
    model = TopicModel(n_topics=n_topics, random_state=night.settings.analysis.seed)
    model.fit(terms.counts, terms.words)
    save_topic_model(model, _file(night, name))
    return _Fitted(name=name, born_on=today, model=model)


def _store_topics(
    warehouse: Warehouse, fitted: _Fitted, terms: CorpusTerms, leading: Integers
) -> None:
    """Store a new model's topics and retire those of the model before it."""
    earlier = warehouse.query("SELECT * FROM topics WHERE retired_on IS NULL")
    retired = with_column(earlier, "retired_on", days([fitted.born_on] * earlier.num_rows))
    warehouse.replace("topics", retired, keys=["model", "topic_id"])
    listed = topic_terms(fitted.model.components_, fitted.model.vocabulary_)
    n = len(listed)
    rows = arrow_rows(
        {
            "model": repeated(fitted.name, n),
            "topic_id": small(range(n)),
            "label": topic_labels(fitted.model.components_, fitted.model.vocabulary_),
            "terms": listed,
            "born_on": days([fitted.born_on] * n),
            "retired_on": days([None] * n),
            "n_posts": np.bincount(leading[leading >= 0], minlength=n),
            "coherence": nullable(npmi_coherence(listed, terms.counts, terms.words)),
        }
    )
    warehouse.replace("topics", rows, keys=["model"])
    _store_events(warehouse, fitted, retired, n)


def _store_events(warehouse: Warehouse, fitted: _Fitted, retired: pa.Table, n: int) -> None:
    gone = retired.num_rows
    rows = arrow_rows(
        {
            "model": [fitted.name] * n + list_of(retired, "model"),
            "topic_id": small([*range(n), *list_of(retired, "topic_id")]),
            "day": days([fitted.born_on] * (n + gone)),
            "event": ["born"] * n + ["retired"] * gone,
            "detail": ["a model was fitted"] * n + ["a newer model took its place"] * gone,
        }
    )
    warehouse.replace("topic_events", rows, keys=["model", "topic_id", "event"])


def _store_post_topics(
    warehouse: Warehouse, name: str, corpus: CorpusArrays, weights: Floats
) -> None:
    """Store each post's topics by the model in use; those by earlier models go."""
    row, topic = np.nonzero(weights >= LEAST_WEIGHT)
    rows = arrow_rows(
        {
            "model": repeated(name, len(row)),
            "post_id": corpus.post_ids[row],
            "topic_id": small(topic),
            "weight": weights[row, topic],
        }
    )
    warehouse.replace("post_topics", rows, keys=[])


def _store_trends(
    warehouse: Warehouse, night: Night, fitted: _Fitted, corpus: CorpusArrays, leading: Integers
) -> None:
    table = topic_shares(
        leading,
        corpus.period,
        group=corpus.group,
        author=corpus.author,
        n_topics=fitted.model.n_topics,
    )
    n = table.num_rows
    group = list_of(table, "group")
    rows = arrow_rows(
        {
            "run_id": repeated(night.run.run_id, n),
            "model": repeated(fitted.name, n),
            "topic_id": small(list_of(table, "topic")),
            "source": [corpus.groups[number][0] for number in group],
            "community": [corpus.groups[number][1] for number in group],
            "bin": repeated(night.settings.study.bin, n),
            "period": days([corpus.periods[number] for number in list_of(table, "period")]),
            "share": table["share"],
            "lower": table["lower"],
            "upper": table["upper"],
            "n_posts": table["n_posts"],
        }
    )
    warehouse.replace("topic_trends", rows, keys=["run_id"])
