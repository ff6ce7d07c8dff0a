"""Which rows of each public table are read, and what the rules make of each of them."""

from collections.abc import Mapping

import duckdb

from warehouse.protection.allowed import PUBLIC
from warehouse.protection.disclosure import (
    COUNT_STEP,
    FIGURES,
    LEAST_NUMERATOR,
    TELL_CHANGES,
    judged,
)

EXAMPLE_KINDS = ("paraphrase", "composite")

# Whose figures are shown: the named run's, else the latest finished one's that has some. An
# evaluation of each kind may be of another run; changes belong to the series that they are in.
_RUNS = """
CREATE TEMP TABLE gate_runs AS
WITH held AS (
    SELECT DISTINCT 'frame_prevalence' AS table_name, '' AS part, run_id FROM frame_prevalence
    UNION ALL SELECT DISTINCT 'topic_trends', '', run_id FROM topic_trends
    UNION ALL SELECT DISTINCT 'topic_effects', '', run_id FROM topic_effects
    UNION ALL SELECT DISTINCT 'frame_topics', '', run_id FROM frame_topics
    UNION ALL SELECT DISTINCT 'evaluations', kind, run_id FROM evaluations
), chosen AS (
    SELECT table_name, part, run_id FROM held LEFT JOIN runs USING (run_id)
    WHERE run_id = $run_id OR (status IN ('complete', 'partial') AND finished_at IS NOT NULL)
    QUALIFY row_number() OVER (
        PARTITION BY table_name, part
        ORDER BY run_id IS NOT DISTINCT FROM $run_id DESC, finished_at DESC, run_id
    ) = 1
)
FROM chosen UNION ALL
SELECT DISTINCT 'changes', '', run_id FROM chosen
WHERE table_name IN ('frame_prevalence', 'topic_trends')
"""
_OF_RUN = "run_id IN (SELECT run_id FROM gate_runs WHERE table_name = '{table}')"
_OF_KIND = "(kind, run_id) IN (SELECT (part, run_id) FROM gate_runs WHERE table_name = '{table}')"
_BY_RUN = {
    "frame_prevalence": _OF_RUN,
    "topic_trends": _OF_RUN,
    "topic_effects": _OF_RUN,
    "frame_topics": _OF_RUN,
    "changes": _OF_RUN,
    "evaluations": _OF_KIND,
}

# Why a row is not even named. A key that the study does not know might be somebody's name.
_COMMUNITY = (
    "(source, community) NOT IN (SELECT (source, community) FROM communities)",
    "unknown_community",
)
_FRAME = ("frame NOT IN (SELECT frame FROM frames)", "unknown_frame")
_TOPIC = ("(model, topic_id) NOT IN (SELECT (model, topic_id) FROM topics)", "unknown_topic")
# An event of the whole model names no topic.
_EVENT = (
    f"model NOT IN (SELECT model FROM topics) OR (topic_id IS NOT NULL AND {_TOPIC[0]})",
    _TOPIC[1],
)
_GIVEN = "SELECT {0} FROM communities WHERE {0} IS NOT NULL"
_LEVELS = (
    ("term NOT IN ('community', 'role', 'country', 'period')", "unknown_term"),
    (f"term = 'community' AND {_COMMUNITY[0]}", "unknown_community"),
    (f"term = 'role' AND level NOT IN ({_GIVEN.format('role')})", "unknown_level"),
    (f"term = 'country' AND level NOT IN ({_GIVEN.format('country')})", "unknown_level"),
    ("term IN ('community', 'period') AND level <> ''", "unknown_level"),
    ("term <> 'community' AND (source <> '' OR community <> '')", "unknown_community"),
)
_POSTS_GONE = """
rowid IN (
    SELECT made.row FROM (SELECT rowid AS row, unnest(post_ids) AS post_id FROM examples) AS made
    ANTI JOIN (SELECT post_id FROM posts WHERE NOT withheld) USING (post_id)
)
"""
_LEFT_OUT: Mapping[str, tuple[tuple[str, str], ...]] = {
    "frame_prevalence": (_COMMUNITY, _FRAME),
    "topic_trends": (_COMMUNITY, _TOPIC),
    "topic_effects": (_TOPIC, *_LEVELS),
    "frame_topics": (_TOPIC, _FRAME),
    "changes": (_COMMUNITY,),
    "coverage_by_period": (_COMMUNITY,),
    "topic_events": (_EVENT,),
    "examples": (
        _FRAME,
        ("approved_by IS NULL", "not_approved"),
        ("withdrawn_on IS NOT NULL", "withdrawn"),
        (f"kind NOT IN {EXAMPLE_KINDS}", "no_paraphrase"),
        (_POSTS_GONE, "post_withheld_or_gone"),
    ),
}


def judge_tables(connection: duckdb.DuckDBPyConnection, *, run_id: str | None) -> None:
    """Make `gate_<table>` of every public table: its public columns, `withheld` and `left_out`.

    It needs the cells that `count_cells` makes; `run_id` is the run whose figures are preferred.
    """
    connection.execute(_RUNS, {"run_id": run_id})
    for table in (name for name in PUBLIC if name != "changes"):
        connection.execute(_judge(table))
    connection.execute(TELL_CHANGES)
    connection.execute(_judge("changes"))


def _judge(table: str) -> str:
    cases = " ".join(
        f"WHEN {condition} THEN '{reason}'" for condition, reason in _LEFT_OUT.get(table, ())
    )
    left_out = f"CASE {cases} END" if cases else "NULL"
    which = _BY_RUN.get(table, "true").format(table=table)
    if table in FIGURES:
        shown = judged(table)
    else:
        columns = ", ".join(
            _TREATED.get((table, column), column) for column in PUBLIC[table].public
        )
        extra = "row, post_ids," if table == "examples" else ""
        shown = f"SELECT {columns}, {extra} NULL AS withheld, left_out FROM figure"
    return f"""
    CREATE TEMP TABLE gate_{table} AS
    WITH figure AS (
        SELECT *, rowid AS row, {left_out} AS left_out FROM {table} WHERE {which}
    )
    {shown}
    """


# A topic of fewer than 8 posts is shown without their number; an example, with its month only.
_TREATED = {
    ("topics", "n_posts"): (
        f"CASE WHEN n_posts NOT BETWEEN 1 AND {LEAST_NUMERATOR - 1}"
        f" THEN (round(n_posts / {COUNT_STEP}) * {COUNT_STEP})::BIGINT END AS n_posts"
    ),
    ("examples", "month"): "date_trunc('month', month)::DATE AS month",
}
