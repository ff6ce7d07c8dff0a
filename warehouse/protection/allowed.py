"""The allow-list of the public release: every table and column that may leave, and nothing else."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import duckdb


class GateError(RuntimeError):
    """The export gate was given something that it does not know, so nothing is exported."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """The columns of a table that are exported, those that are known and stay, and the order."""

    public: tuple[str, ...]
    private: tuple[str, ...] = ()
    order: tuple[str, ...]


PUBLIC: Mapping[str, Columns] = MappingProxyType(
    {
        "communities": Columns(
            public=("source", "community", "name", "country", "role", "tags"),
            order=("source", "community"),
        ),
        "frames": Columns(
            public=("frame", "name", "family", "definition", "codebook_version"),
            order=("codebook_version", "frame"),
        ),
        "topics": Columns(
            public=(
                *("model", "topic_id", "label", "terms", "distinctive_terms", "born_on"),
                *("retired_on", "n_posts", "coherence", "exclusivity", "version"),
            ),
            order=("model", "topic_id"),
        ),
        "topic_events": Columns(
            public=("model", "topic_id", "day", "event", "other_id", "detail", "evidence"),
            order=("model", "topic_id", "day", "event", "other_id", "detail"),
        ),
        "topic_trends": Columns(
            public=(
                *("run_id", "model", "topic_id", "source", "community", "bin", "period"),
                *("share", "lower", "upper", "n_posts"),
            ),
            order=("model", "topic_id", "source", "community", "bin", "period"),
        ),
        "topic_effects": Columns(
            public=(
                *("run_id", "model", "topic_id", "term", "source", "community", "level", "bin"),
                *("period", "estimate", "lower", "upper", "band_lower", "band_upper"),
                *("difference", "difference_lower", "difference_upper", "q_value"),
                *("n_posts", "n_authors", "share_seen", "share_complete", "refused_because"),
                "method",
            ),
            order=("model", "topic_id", "term", "source", "community", "level", "bin", "period"),
        ),
        "frame_prevalence": Columns(
            public=(
                *("run_id", "frame", "source", "community", "bin", "period", "estimate"),
                *("lower", "upper", "band_lower", "band_upper", "q_value", "n_posts"),
                *("n_coded", "effective_n", "borrowed", "refused_because", "method"),
                *("classifier", "codebook_version"),
            ),
            order=("frame", "source", "community", "bin", "period", "method"),
        ),
        "frame_topics": Columns(
            public=(
                *("run_id", "model", "topic_id", "frame", "bin", "period"),
                *("share", "lower", "upper", "n_posts"),
            ),
            order=("model", "topic_id", "frame", "bin", "period"),
        ),
        "coverage_by_period": Columns(
            public=("source", "community", "bin", "period", "share_complete", "gaps"),
            order=("source", "community", "bin", "period"),
        ),
        "evaluations": Columns(
            public=(
                *("run_id", "kind", "frame", "measure", "value", "lower", "upper", "n"),
                "version",
            ),
            order=("kind", "frame", "measure", "version"),
        ),
        "changes": Columns(
            public=(
                *("run_id", "series", "frame", "topic_id", "source", "community", "bin"),
                *("period", "kind", "estimate", "lower", "upper", "q_value", "reason"),
            ),
            order=(
                *("series", "frame", "topic_id", "source", "community", "bin", "period"),
                *("kind", "reason", "estimate"),
            ),
        ),
        "events": Columns(
            public=("event_id", "day", "label", "url"),
            private=("added_by",),
            order=("event_id",),
        ),
        "examples": Columns(
            public=("frame", "kind", "text", "month"),
            private=("post_ids", "written_by", "approved_by", "withdrawn_on"),
            order=("frame", "month", "kind", "text"),
        ),
    }
)

_COLUMNS = """
SELECT table_name, column_name FROM duckdb_columns()
WHERE database_name = current_database() AND schema_name = 'main' AND NOT internal
"""
_MARKED_PUBLIC = """
SELECT table_name FROM duckdb_tables()
WHERE database_name = current_database() AND schema_name = 'main' AND comment LIKE '[P]%'
"""


def check_tables(connection: duckdb.DuckDBPyConnection) -> None:
    """Compare the warehouse with the allow-list.

    Raises
    ------
    GateError
        If a table is missing, lacks a column or has one that nobody has judged, or if a table is
        marked public (`[P]` in its comment) without being on the list.
    """
    held: dict[str, set[str]] = {}
    for table, column in connection.execute(_COLUMNS).fetchall():
        held.setdefault(table, set()).add(column)
    for table, columns in PUBLIC.items():
        known = {*columns.public, *columns.private}
        if unknown := held.get(table, set()) - known:
            raise GateError(
                f"{table} has columns that the export gate does not know"
                f" ({', '.join(sorted(unknown))}); judge them in warehouse/protection/allowed.py"
            )
        if missing := known - held.get(table, set()):
            raise GateError(
                f"{table} lacks the columns {', '.join(sorted(missing))}; migrate the warehouse"
            )
    marked = {table for (table,) in connection.execute(_MARKED_PUBLIC).fetchall()}
    if foreign := marked - set(PUBLIC):
        raise GateError(
            f"the export gate does not know the table {', '.join(sorted(foreign))};"
            " judge its columns in warehouse/protection/allowed.py"
        )
