"""What people call topics. A name and a note stick to a topic's id, whatever its terms become."""

import unicodedata
from datetime import date

import pyarrow as pa

from flows.arrow_rows import arrow_rows, days, small
from warehouse.gateway import Warehouse
from warehouse.results import replace_rows

LONGEST_LABEL = 80

_HELD = "SELECT label, terms, distinctive_terms FROM topics WHERE topic_id = $topic_id"
_CALL = "UPDATE topics SET label = $label WHERE topic_id = $topic_id"
_LABEL_TERMS = 3


class NameRefused(ValueError):
    """A topic cannot be called that; the message says why and what to do."""

    exit_code = 2


def name_topic(
    warehouse: Warehouse, topic_id: int, label: str, *, note: str | None, day: date
) -> None:
    """Call a topic by a name, and note what it is; without a note the one before stays.

    Raises
    ------
    NameRefused
        If there is no such topic, or the name is empty, too long or of several lines.
    """
    called = " ".join(unicodedata.normalize("NFC", label).split())
    if not called or len(called) > LONGEST_LABEL:
        raise NameRefused(
            f"a name of {len(called)} characters is none; give one to {LONGEST_LABEL} of them"
        )
    with warehouse.transaction() as connection:
        _require(warehouse, topic_id)
        before = connection.execute(
            "SELECT note FROM topic_names WHERE topic_id = $topic_id", {"topic_id": topic_id}
        ).fetchone()
        kept = before[0] if before else ""
        row = arrow_rows(
            {
                "topic_id": small([topic_id]),
                "label": pa.array([called]),
                "note": pa.array([kept if note is None else unicodedata.normalize("NFC", note)]),
                "named_on": days([day]),
            }
        )
        replace_rows(connection, "topic_names", row, keys=["topic_id"])
        connection.execute(_CALL, {"label": called, "topic_id": topic_id})


def unname_topic(warehouse: Warehouse, topic_id: int) -> None:
    """Call a topic by its terms again, and forget the note; raises `NameRefused`."""
    with warehouse.transaction() as connection:
        _, terms, distinctive = _require(warehouse, topic_id)
        connection.execute("DELETE FROM topic_names WHERE topic_id = ?", [topic_id])
        label = ", ".join((distinctive or terms)[:_LABEL_TERMS]) or "no terms"
        connection.execute(_CALL, {"label": label, "topic_id": topic_id})


def _require(warehouse: Warehouse, topic_id: int) -> tuple[str, list[str], list[str] | None]:
    """Return label and terms of the one topic of that id; raises `NameRefused`."""
    found = warehouse.connection.execute(_HELD, {"topic_id": topic_id}).fetchall()
    if not found:
        raise NameRefused(f"there is no topic {topic_id}; 'valuetalk topics list' lists them")
    if len(found) > 1:
        raise NameRefused(
            f"{len(found)} topics of earlier lines are called {topic_id}; only a topic whose id is"
            " its own can be named: begin a line with 'valuetalk topics fit'"
        )
    label, terms, distinctive = found[0]
    return label, terms, distinctive
