"""What communities, roles and countries talk about more than others, and how topics change.

Every week, and for a new line of models at once, the weights of topics in all counted posts are
explained by community and period (`analysis.topics.over_time.effects`), with what was harvested of
each period taken into account.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from scipy.sparse import csr_array

from analysis.series import Bin, first_day, periods_of
from analysis.topics.over_time.effects import TopicEffects, topic_effects
from flows.arrow_rows import arrow_rows, coded, days, list_of, nullable, repeated, small, values_of
from flows.night import Night
from flows.topics.lines import current_line
from warehouse.gateway import Warehouse

Integers = NDArray[np.int64]

EVERY = timedelta(days=7)
METHOD = "jackknife of authors"
PERIOD = "period"

_LAST = """
SELECT max(started_at) AS made_at FROM runs
WHERE run_id IN (SELECT run_id FROM topic_effects WHERE model = ?) AND run_id <> ?
"""
_POSTS = """
SELECT post_id, source, community, author_key, (created_at AT TIME ZONE 'UTC')::DATE AS day
FROM topic_posts JOIN posts USING (post_id)
WHERE topic_posts.model = ? AND topic_posts.is_counted ORDER BY post_id
"""
_WEIGHTS = """
SELECT post_id, topic_id, weight FROM post_topics WHERE model = ? ORDER BY post_id, topic_id
"""
# Days on which nothing was tried count as not harvested, once a community was harvested at all.
_COMPLETE = """
WITH days AS (
    SELECT source, community,
           unnest(generate_series(min(day), max(day), INTERVAL 1 DAY))::DATE AS day
    FROM coverage GROUP BY source, community
)
SELECT source, community, date_trunc('{bin}', day)::DATE AS period,
       avg(coalesce((status = 'complete')::INTEGER, 0)) AS share_complete
FROM days LEFT JOIN coverage USING (source, community, day) GROUP BY ALL ORDER BY ALL
"""
_COMMUNITIES = "SELECT source, community, role, country FROM communities"


def estimate_effects(warehouse: Warehouse, night: Night) -> str:
    """Store the effects of the topics in use for this run, where the last ones are a week old.

    Returns
    -------
    str
        What to note of it; empty where nothing was due.
    """
    line = current_line(warehouse)
    if line is None:
        return ""
    model = line.model
    last = warehouse.query(_LAST, [model, night.run.run_id]).to_pylist()
    made_at = last[0]["made_at"] if last else None
    if made_at is not None and night.clock.now() - made_at < EVERY:
        return ""
    corpus = _read(warehouse, model, night.settings.study.bin)
    if not len(corpus.topic_ids):
        return ""
    found = topic_effects(
        corpus.weights,
        corpus.period,
        group=corpus.group,
        author=corpus.author,
        terms=_terms(warehouse, corpus.groups),
        share_complete=_share_complete(warehouse, corpus.groups, night.settings.study.bin),
        random_state=night.settings.analysis.seed,
    )
    rows = _rows(night, model, corpus, found)
    warehouse.replace("topic_effects", rows, keys=["run_id"])
    return f"effects of community and period on {len(corpus.topic_ids)} topics"


class _Corpus(NamedTuple):
    """Counted posts with their topics' weights, (n, n_topics)."""

    weights: csr_array
    period: Integers
    group: Integers
    author: Integers
    groups: list[tuple[str, str]]
    topic_ids: Integers


def _read(warehouse: Warehouse, model: str, bin_: Bin) -> _Corpus:
    posts = warehouse.query(_POSTS, [model])
    weights = warehouse.query(_WEIGHTS, [model])
    post_ids = values_of(posts, "post_id").astype(np.int64)
    row = np.searchsorted(post_ids, values_of(weights, "post_id"))
    row = np.minimum(row, max(len(post_ids) - 1, 0))
    kept = np.flatnonzero(
        post_ids[row] == values_of(weights, "post_id") if len(post_ids) else np.zeros(0)
    )
    topic_ids, column = np.unique(values_of(weights, "topic_id")[kept], return_inverse=True)
    pairs = list(zip(list_of(posts, "source"), list_of(posts, "community"), strict=True))
    groups = sorted(set(pairs))
    numbers = {pair: number for number, pair in enumerate(groups)}
    return _Corpus(
        weights=csr_array(
            (values_of(weights, "weight")[kept], (row[kept], column)),
            shape=(len(post_ids), len(topic_ids)),
        ),
        period=periods_of(posts["day"], bin_).number,
        group=np.array([numbers[pair] for pair in pairs], dtype=np.int64),
        author=coded(posts, "author_key"),
        groups=groups,
        topic_ids=topic_ids.astype(np.int64),
    )


def _terms(
    warehouse: Warehouse, groups: Sequence[tuple[str, str]]
) -> dict[str, Sequence[str | None]]:
    """Return the terms with the level of each community; a community is named by its number."""
    known = {
        (row["source"], row["community"]): row for row in warehouse.query(_COMMUNITIES).to_pylist()
    }
    terms: dict[str, Sequence[str | None]] = {
        "community": [str(number) for number in range(len(groups))]
    }
    for term in ("role", "country"):
        terms[term] = [known.get(pair, {}).get(term) for pair in groups]
    return terms


def _share_complete(
    warehouse: Warehouse, groups: Sequence[tuple[str, str]], bin_: Bin
) -> dict[tuple[int, int], float]:
    rows = warehouse.query(_COMPLETE.format(bin=bin_))
    numbers = {pair: number for number, pair in enumerate(groups)}
    periods = periods_of(rows["period"], bin_).number
    return {
        (numbers[row["source"], row["community"]], int(period)): row["share_complete"]
        for row, period in zip(rows.to_pylist(), periods, strict=True)
        if (row["source"], row["community"]) in numbers
    }


def _rows(night: Night, model: str, corpus: _Corpus, found: TopicEffects) -> pa.Table:
    parts = [_level_rows(corpus, found.levels), _period_rows(night, found)]
    rows = pa.concat_tables(parts, promote_options="default")
    n = rows.num_rows
    named = {
        "run_id": repeated(night.run.run_id, n),
        "model": repeated(model, n),
        "topic_id": small(corpus.topic_ids[values_of(rows, "topic")]),
        "bin": repeated(night.settings.study.bin, n),
        "method": repeated(METHOD, n),
    }
    for name, values in named.items():
        rows = rows.append_column(name, values)
    return rows.drop_columns(["topic"])


def _level_rows(corpus: _Corpus, levels: pa.Table) -> pa.Table:
    named = [
        (*corpus.groups[int(level)], "") if term == "community" else ("", "", level)
        for term, level in zip(list_of(levels, "term"), list_of(levels, "level"), strict=True)
    ]
    columns: dict[str, Any] = {
        name: pa.array([row[place] for row in named], pa.string())
        for place, name in enumerate(("source", "community", "level"))
    }
    return arrow_rows(
        {name: levels[name] for name in levels.column_names if name not in ("level", "p_value")}
        | columns
    )


def _period_rows(night: Night, found: TopicEffects) -> pa.Table:
    """Return the rows of the course; their `q_value` is that of the whole course being level."""
    curve, n = found.curve, found.curve.num_rows
    bin_ = night.settings.study.bin
    q_value = values_of(found.changes, "q_value").astype(np.float64)
    return arrow_rows(
        {name: curve[name] for name in curve.column_names if name != "period"}
        | {
            "term": repeated(PERIOD, n),
            **{name: repeated("", n) for name in ("source", "community", "level")},
            "period": days([first_day(number, bin_) for number in list_of(curve, "period")]),
            "q_value": nullable(q_value[values_of(curve, "topic")]),
        }
    )
