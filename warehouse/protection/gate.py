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
from warehouse.protection.disclosure import WITHHELD
from warehouse.protection.evidence import coarse_evidence
from warehouse.protection.judging import judge_tables
from warehouse.protection.redaction import redact
from warehouse.protection.wording import hide_rare_words, verbatim_examples
from warehouse.tokeniser import MENTION

__all__ = ["GateError", "GateReport", "PublicTables", "TableReport", "pass_gate"]

_ONLY_THE_GATE = object()
_PSEUDONYM = re.compile(MENTION)


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
        judge_tables(connection, run_id=run_id)
        read = {table: _read(connection, table) for table in PUBLIC}
        tables, hidden = hide_rare_words(connection, _with_coarse_evidence(read))
        reports = {
            table: _report(connection, table, hidden=hidden.get(table, 0)) for table in PUBLIC
        }
    finally:
        connection.rollback()  # the temporary tables go; nothing else was written
    _refuse_pseudonyms(tables)
    return PublicTables(
        tables=MappingProxyType(tables),
        report=GateReport(tables=MappingProxyType(reports)),
        periods=_periods(tables),
        passed=_ONLY_THE_GATE,
    )


def _read(connection: duckdb.DuckDBPyConnection, table: str) -> pa.Table:
    """Return the rows of a table that are named, in order."""
    if table == "examples":
        _leave_out_examples(connection)
    columns = ", ".join(PUBLIC[table].public)
    order = ", ".join(f"{column} NULLS FIRST" for column in PUBLIC[table].order)
    return connection.execute(
        f"SELECT {columns} FROM gate_{table} WHERE left_out IS NULL ORDER BY {order}"
    ).to_arrow_table()


def _with_coarse_evidence(tables: Mapping[str, pa.Table]) -> dict[str, pa.Table]:
    events = tables["topic_events"]
    place = events.column_names.index("evidence")
    coarse = [coarse_evidence(text) for text in events.column(place).to_pylist()]
    changed = events.set_column(place, "evidence", pa.array(coarse, pa.string()))
    return {**tables, "topic_events": changed}


def _report(connection: duckdb.DuckDBPyConnection, table: str, *, hidden: int) -> TableReport:
    refused = (
        f"refused_because IS NOT NULL AND NOT starts_with(refused_because, '{WITHHELD}')"
        if "refused_because" in PUBLIC[table].public
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
