"""The export gate: the one door through which anything becomes public. It has no bypass.

It reads an allow-list of tables and columns, fails on any column that nobody has judged, holds
every figure to the cell rules, hides rare words, lets approved paraphrases by, and reports what it
showed and what it withheld. What it returns, `PublicTables`, cannot be made anywhere else, and the
public release and the dashboard accept nothing else.
"""

import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import InitVar, dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from warehouse.protection.allowed import PUBLIC, GateError, check_tables
from warehouse.protection.cells import count_cells
from warehouse.protection.disclosure import (
    COUNT_STEP,
    FIGURES,
    LEAST_NUMERATOR,
    TELL_CHANGES,
    WITHHELD,
    judged,
)
from warehouse.protection.redaction import redact
from warehouse.protection.wording import HIDDEN, rare_words, verbatim_examples
from warehouse.tokeniser import MENTION

__all__ = ["GateError", "GateReport", "PublicTables", "TableReport", "pass_gate"]

_ONLY_THE_GATE = object()
_PSEUDONYM = re.compile(MENTION)
EXAMPLE_KINDS = ("paraphrase", "composite")


@dataclass(frozen=True, slots=True, kw_only=True)
class TableReport:
    """What the gate did with the rows of one table.

    `shown` rows carry values, `refused` ones the estimator's reason for having none, `withheld`
    counts the others by the gate's reason; `left_out` ones are not even named. `words_hidden`
    counts words replaced. `run_ids` says whose figures these are.
    """

    shown: int
    refused: int
    withheld: Mapping[str, int]
    left_out: Mapping[str, int]
    words_hidden: int = 0
    run_ids: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GateReport:
    """What the gate showed and withheld, a report a table."""

    tables: Mapping[str, TableReport]

    def as_record(self) -> dict[str, Any]:
        """Return the report as plain values, tables and reasons in alphabetical order."""
        return {
            name: {
                "shown": table.shown,
                "refused": table.refused,
                "withheld": dict(sorted(table.withheld.items())),
                "left_out": dict(sorted(table.left_out.items())),
                "words_hidden": table.words_hidden,
                "run_ids": list(table.run_ids),
            }
            for name, table in sorted(self.tables.items())
        }


@dataclass(frozen=True, kw_only=True)
class PublicTables:
    """Tables that passed the gate, the only thing that may be published; made by `pass_gate`.

    `periods` gives, for each bin, the periods that the figures speak of, in order.
    """

    tables: Mapping[str, pa.Table]
    report: GateReport
    periods: Mapping[str, tuple[date, ...]]
    passed: InitVar[object]

    def __post_init__(self, passed: object) -> None:
        """Refuse to be made by anybody but the gate."""
        if passed is not _ONLY_THE_GATE:
            raise GateError("public tables are made by pass_gate only; nothing else may be public")


def pass_gate(
    connection: duckdb.DuckDBPyConnection, *, run_id: str | None = None, language: str = "en"
) -> PublicTables:
    """Return what may be public of the warehouse.

    Parameters
    ----------
    run_id : str, optional
        The run whose figures are shown; a table in which it has none shows those of the latest
        finished run that has some.
    language : str
        The codebook's language, which the counted posts are in.

    Raises
    ------
    GateError
        If the warehouse holds a public table or column that is not on the allow-list, a bin finer
        than a week, or a pseudonym in a text that would be shown. Nothing is exported then.
    """
    connection.begin()
    try:
        check_tables(connection)
        count_cells(connection, language=language)
        connection.execute(_RUNS, {"run_id": run_id})
        _judge_tables(connection)
        passed = {table: _read(connection, table) for table in PUBLIC}
    finally:
        connection.rollback()  # the temporary tables go; nothing else was written
    tables = {table: shown for table, (shown, _) in passed.items()}
    _refuse_pseudonyms(tables)
    return PublicTables(
        tables=MappingProxyType(tables),
        report=GateReport(
            tables=MappingProxyType({table: report for table, (_, report) in passed.items()})
        ),
        periods=_periods(tables),
        passed=_ONLY_THE_GATE,
    )


# Whose figures are shown: the named run's, else the latest finished one's that has some. An
# evaluation of each kind may be of another run; changes belong to the series that they are in.
_RUNS = """
CREATE TEMP TABLE gate_runs AS
WITH held AS (
    SELECT DISTINCT 'frame_prevalence' AS table_name, '' AS part, run_id FROM frame_prevalence
    UNION ALL SELECT DISTINCT 'topic_trends', '', run_id FROM topic_trends
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
_POSTS_GONE = """
rowid IN (
    SELECT made.row FROM (SELECT rowid AS row, unnest(post_ids) AS post_id FROM examples) AS made
    ANTI JOIN (SELECT post_id FROM posts WHERE NOT withheld) USING (post_id)
)
"""
_LEFT_OUT: Mapping[str, tuple[tuple[str, str], ...]] = {
    "frame_prevalence": (_COMMUNITY, _FRAME),
    "topic_trends": (_COMMUNITY, _TOPIC),
    "frame_topics": (_TOPIC, _FRAME),
    "changes": (_COMMUNITY,),
    "coverage_by_period": (_COMMUNITY,),
    "topic_events": (_TOPIC,),
    "examples": (
        _FRAME,
        ("approved_by IS NULL", "not_approved"),
        ("withdrawn_on IS NOT NULL", "withdrawn"),
        (f"kind NOT IN {EXAMPLE_KINDS}", "no_paraphrase"),
        (_POSTS_GONE, "post_withheld_or_gone"),
    ),
}


def _judge_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Make `gate_<table>` of every public table: its public columns, withheld and left_out."""
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


def _read(connection: duckdb.DuckDBPyConnection, table: str) -> tuple[pa.Table, TableReport]:
    """Return a table as it is shown, and what the gate did with its rows."""
    if table == "examples":
        _leave_out_examples(connection)
    columns = ", ".join(PUBLIC[table].public)
    order = ", ".join(f"{column} NULLS FIRST" for column in PUBLIC[table].order)
    shown = connection.execute(
        f"SELECT {columns} FROM gate_{table} WHERE left_out IS NULL ORDER BY {order}"
    ).to_arrow_table()
    hidden = 0
    for column in _WORDED.get(table, ()):
        shown, n = _hide_rare_words(connection, shown, column)
        hidden += n
    return shown, _report(connection, table, hidden)


def _report(connection: duckdb.DuckDBPyConnection, table: str, hidden: int) -> TableReport:
    refused = (
        f"refused_because IS NOT NULL AND NOT starts_with(refused_because, '{WITHHELD}')"
        if table == "frame_prevalence"
        else "false"
    )
    rows = connection.execute(
        f"""
        SELECT left_out, CASE WHEN {refused} THEN NULL ELSE withheld END, {refused}, count(*)
        FROM gate_{table} GROUP BY ALL
        """
    ).fetchall()
    left_out: Counter[str] = Counter()
    withheld: Counter[str] = Counter()
    shown = refusals = 0
    for why_left_out, why_withheld, is_refused, n in rows:
        if why_left_out is not None:
            left_out[why_left_out] += n
        elif is_refused:
            refusals += n
        elif why_withheld is not None:
            withheld[why_withheld] += n
        else:
            shown += n
    runs = connection.execute(
        "SELECT DISTINCT run_id FROM gate_runs WHERE table_name = $table ORDER BY run_id",
        {"table": table},
    ).fetchall()
    return TableReport(
        shown=shown,
        refused=refusals,
        withheld=MappingProxyType(dict(withheld)),
        left_out=MappingProxyType(dict(left_out)),
        words_hidden=hidden,
        run_ids=tuple(run for (run,) in runs),
    )


def _leave_out_examples(connection: duckdb.DuckDBPyConnection) -> None:
    """Leave out examples that carry an identifier or somebody's own words."""
    connection.execute(
        """
        CREATE OR REPLACE TEMP TABLE gate_candidates AS
        SELECT row, text, post_ids FROM gate_examples WHERE left_out IS NULL
        """
    )
    texts = connection.execute("SELECT row, text FROM gate_candidates").fetchall()
    named = [row for row, text in texts if redact(text).counts]
    copied = sorted(verbatim_examples(connection))
    for rows, reason in ((named, "identifier"), (copied, "verbatim")):
        connection.execute(
            "UPDATE gate_examples SET left_out = $reason WHERE list_contains($rows, row)",
            {"reason": reason, "rows": rows},
        )


# Columns made of words that people wrote.
_WORDED = {"topics": ("label", "terms"), "topic_events": ("detail",)}


def _hide_rare_words(
    connection: duckdb.DuckDBPyConnection, table: pa.Table, column: str
) -> tuple[pa.Table, int]:
    """Replace rare words of a text column piece by piece, those of a list by whole elements."""
    values: list[Any] = table.column(column).to_pylist()
    flat = [text for value in values for text in (value if isinstance(value, list) else [value])]
    rare = rare_words(connection, flat)
    if not any(rare.values()):
        return table, 0
    shown: list[str | list[str]] = [
        [HIDDEN if any(rare[piece] for piece in term.split()) else term for term in value]
        if isinstance(value, list)
        else " ".join(HIDDEN if rare[piece] else piece for piece in value.split())
        for value in values
    ]
    place = table.column_names.index(column)
    field = table.schema.field(column)
    hidden = sum(value.count(HIDDEN) for value in shown)
    return table.set_column(place, field, pa.array(shown, field.type)), hidden


def _texts(table: pa.Table, column: str) -> list[str]:
    """Return the texts of a column, those of lists one by one; none where it holds no text."""
    values = table.column(column).combine_chunks()
    if pa.types.is_list(values.type):
        values = pc.list_flatten(values)
    return [text for text in values.unique().to_pylist() if isinstance(text, str)]


def _refuse_pseudonyms(tables: Mapping[str, pa.Table]) -> None:
    """Fail if anything that would be shown names a person's key."""
    for name, table in tables.items():
        for column in table.column_names:
            if any(_PSEUDONYM.search(text) for text in _texts(table, column)):
                raise GateError(
                    f"{name}.{column} holds a pseudonym; take it out before the next publishing"
                )


def _periods(tables: Mapping[str, pa.Table]) -> Mapping[str, tuple[date, ...]]:
    found: dict[str, set[date]] = {}
    for name in ("frame_prevalence", "topic_trends", "frame_topics"):
        pairs = tables[name].select(["bin", "period"]).group_by(["bin", "period"]).aggregate([])
        for row in pairs.to_pylist():
            found.setdefault(row["bin"], set()).add(row["period"])
    return MappingProxyType({bin_: tuple(sorted(days)) for bin_, days in sorted(found.items())})
