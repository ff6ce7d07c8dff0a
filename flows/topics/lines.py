"""Lines of topic models: what each is called, which is in use, and its versions on disk.

A line is one model over its updates and refits; its name stays the same. Each version that is taken
is a file of its own beside the one before it, and the row in `topic_versions`, which commits with
all that the version says of posts, tells which of them counts. A process that is ended in between
leaves a file that no row names: the night is done again from the version before, and the file
written anew.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from warehouse.gateway import Warehouse
from warehouse.home import Home

_CURRENT = """
SELECT model, max(version) FILTER (accepted) AS version, max(day) AS last_day,
       max(day) FILTER (kind IN ('fit', 'refit')) AS fitted_on
FROM topic_versions WHERE model = (
    SELECT model FROM topic_versions WHERE kind = 'fit'
    ORDER BY day DESC, length(model) DESC, model DESC LIMIT 1
) GROUP BY model
"""
_NAMED = """
SELECT DISTINCT model FROM (
    SELECT model FROM topic_versions UNION SELECT model FROM topics UNION
    SELECT model FROM topic_events
) WHERE starts_with(model, ?)
"""
_NEXT_ID = """
SELECT coalesce(max(topic_id), -1) + 1 FROM (
    SELECT topic_id FROM topics UNION ALL SELECT topic_id FROM topic_events UNION ALL
    SELECT topic_id FROM topic_terms UNION ALL SELECT topic_id FROM topic_names
)
"""
PREFIX = "nmf"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line in use: its version, when it was last applied, and last fitted or tried to be."""

    model: str
    version: int
    last_day: date
    fitted_on: date


def current_line(warehouse: Warehouse) -> Line | None:
    """Return the line in use, None where no model with versions was fitted yet."""
    rows = warehouse.query(_CURRENT).to_pylist()
    return Line(**rows[0]) if rows else None


def new_name(warehouse: Warehouse, day: date) -> str:
    """Return a name for a line that begins on a day: no other line's, and the same if tried again.

    It tells the day; a second line of a day has a number after it.
    """
    name = f"{PREFIX}_{day:%Y%m%d}"
    taken = {row["model"] for row in warehouse.query(_NAMED, [name]).to_pylist()}
    numbered = (name if n == 1 else f"{name}_{n}" for n in range(1, len(taken) + 2))
    return next(each for each in numbered if each not in taken)


def next_topic_id(warehouse: Warehouse) -> int:
    """Return the first id that no topic of the study ever had."""
    row = warehouse.connection.execute(_NEXT_ID).fetchone()
    return int(row[0]) if row else 0


def saved_version(home: Home, model: str, version: int) -> Path:
    """Return the path of a version, without ending."""
    return home.models / f"{model}_v{version:05d}"


def remove_other_versions(saved: Iterable[Path], kept: Collection[Path]) -> None:
    """Remove all that is saved but some: what it knew of words nobody would look after."""
    for path in saved:
        if path not in kept:
            path.with_name(f"{path.name}.json").unlink(missing_ok=True)
            for archive in path.parent.glob(f"{path.name}-{'[0-9a-f]' * 16}.npz"):
                archive.unlink()
