"""Where coders differ: a list to decide by, and decisions that stand for what all of them said.

Only codings that count for the codebook as it is are compared. A decision keeps its version, as a
coding does; who decides is a label.
"""

import csv
import io
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from analysis.codebook import Codebook
from analysis.codebook_checks import counts_from
from flows.arrow_rows import with_column
from flows.coding.codebooks import recorded_versions
from flows.coding.labels import CodingError, coder_label
from flows.corpus.mentions import masked
from warehouse.gateway import Warehouse

COLUMNS = ("post_id", "frame", "codebook_version", "said", "text", "value", "decided_by")
_NEEDED = ("post_id", "frame", "value")
_VALUES: Mapping[str, float] = {"1": 1.0, "1.0": 1.0, "0": 0.0, "0.0": 0.0}

_DIFFER = """
WITH counted AS (
    SELECT post_id, coder, frame, value FROM codings JOIN counting USING (frame)
    WHERE codebook_version BETWEEN since AND $version
    QUALIFY row_number() OVER (
        PARTITION BY post_id, coder, frame ORDER BY codebook_version DESC, coded_at DESC
    ) = 1
), differing AS (
    SELECT post_id, frame,
        string_agg(coder || ': ' || value::INTEGER, ', ' ORDER BY coder) AS said
    FROM counted GROUP BY ALL HAVING min(value) < max(value)
)
SELECT post_id, frame, position, said, own_text AS text FROM differing
JOIN counting USING (frame)
JOIN posts USING (post_id)
ANTI JOIN (
    SELECT post_id, frame FROM adjudications JOIN counting USING (frame)
    WHERE codebook_version BETWEEN since AND $version
) AS decided USING (post_id, frame)
WHERE NOT withheld ORDER BY post_id, position
"""
_CODED = "SELECT DISTINCT post_id, frame FROM codings WHERE post_id IN (SELECT post_id FROM posts)"
_POSTS = "SELECT DISTINCT post_id FROM draws WHERE post_id IN (SELECT post_id FROM posts)"


def disagreements(warehouse: Warehouse, codebook: Codebook) -> pa.Table:
    """Return what is to be decided: `COLUMNS`, the last two empty, in the order of posts.

    Pseudonyms in texts are shown as somebody, as wherever texts are read.
    """
    since = counts_from(codebook, recorded_versions(warehouse.connection))
    counting = pa.table(
        {
            "frame": pa.array(list(since), pa.string()),
            "since": pa.array(list(since.values()), pa.int32()),
            "position": pa.array(range(len(since)), pa.int32()),
        }
    )
    warehouse.connection.register("counting", counting)
    try:
        rows = warehouse.query(_DIFFER, {"version": codebook.version})  # type: ignore[arg-type]
    finally:
        warehouse.connection.unregister("counting")
    rows, n = masked(rows), rows.num_rows
    added: dict[str, Any] = {
        "codebook_version": pa.array([codebook.version] * n, pa.int32()),
        "value": pa.array([""] * n, pa.string()),
        "decided_by": pa.array([""] * n, pa.string()),
    }
    for name, values in added.items():
        rows = with_column(rows, name, values)
    return rows.select(COLUMNS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """What became of the rows of a file: decisions that were stored, and the others by reason."""

    decided: int
    empty: int
    refused: Mapping[str, int]


def take_decisions(
    warehouse: Warehouse, file: Path, codebook: Codebook, *, by: str | None, now: datetime
) -> Taken:
    """Store the decisions of a file, all that can be taken at once.

    Parameters
    ----------
    warehouse : Warehouse
        The study's.
    file : Path
        The list with its column `value` filled in: 1, 0, or empty where nothing was decided.
    codebook : Codebook
        The study's codebook as it is.
    by : str, optional
        Label of who decided, for rows that do not say it.
    now : datetime
        When it is taken.

    Raises
    ------
    CodingError
        If the file is no such list, or nobody is said to have decided.
    """
    label = None if by is None else coder_label(by)
    rows = _read(file)
    judge = _Judge(warehouse, codebook, label)
    decisions: dict[tuple[int, str], dict[str, Any]] = {}
    reasons: Counter[str] = Counter()
    for row in rows:
        found = judge.decision(row)
        if isinstance(found, str):
            reasons[found] += 1
        else:
            place = found["post_id"], found["frame"]
            if decisions.get(place, found) != found:
                reasons["decided twice, differently (the first was taken)"] += 1
            decisions.setdefault(place, found)
    if decisions:
        stored = pa.Table.from_pylist(
            [{**decision, "decided_at": now} for decision in decisions.values()]
        )
        warehouse.replace("adjudications", stored, keys=["post_id", "frame", "codebook_version"])
    empty = reasons.pop(_EMPTY, 0)
    return Taken(decided=len(decisions), empty=empty, refused=dict(reasons))


_EMPTY = "nothing decided"


class _Judge:
    """Tells what each row of a file decides, or why it cannot be taken."""

    def __init__(self, warehouse: Warehouse, codebook: Codebook, by: str | None) -> None:
        self._posts = {row["post_id"] for row in warehouse.query(_POSTS).to_pylist()}
        self._coded = {
            (row["post_id"], row["frame"]) for row in warehouse.query(_CODED).to_pylist()
        }
        self._codebook = codebook
        self._by = by

    def decision(self, row: Mapping[str, str]) -> dict[str, Any] | str:
        value, frame, number = (row[name].strip() for name in ("value", "frame", "post_id"))
        by = row.get("decided_by", "").strip() or self._by
        version = row.get("codebook_version", "").strip() or str(self._codebook.version)
        if not value:
            return _EMPTY
        if value not in _VALUES:
            return "a value is neither 0 nor 1"
        if not number.isdecimal() or int(number) not in self._posts:
            return "no such post was drawn, or it was erased meanwhile"
        if frame not in self._codebook.keys:
            return "no frame of the codebook"
        if (int(number), frame) not in self._coded:
            return "nobody coded the post for the frame"
        if not version.isdecimal() or not 1 <= int(version) <= self._codebook.version:
            return "no version of the codebook"
        if by is None:
            raise CodingError("say who decided, by a label: with --by, or in the column decided_by")
        return {
            "post_id": int(number),
            "frame": frame,
            "value": _VALUES[value],
            "decided_by": coder_label(by),
            "codebook_version": int(version),
        }


def _read(file: Path) -> Sequence[Mapping[str, str]]:
    try:
        text = file.read_text(encoding="utf-8-sig")
        head = text.splitlines()[0] if text.strip() else ""
        delimiter = max(",;\t", key=head.count)  # spreadsheets save by the habits of a country
        rows = [*csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restval="")]
    except FileNotFoundError:
        raise CodingError(f"{file}: no such file; name the list that was filled in") from None
    except (OSError, UnicodeDecodeError, csv.Error):
        raise CodingError(
            f"{file}: cannot be read as a table; save the list as CSV in UTF-8"
        ) from None
    names = list(rows[0]) if rows else head.split(delimiter)
    if missing := [name for name in _NEEDED if name not in names]:
        raise CodingError(
            f"{file}: has no column {', '.join(missing)}; fill in the list that"
            " 'valuetalk code adjudicate --to PERSON' writes"
        )
    return [{key: value or "" for key, value in row.items() if key is not None} for row in rows]
