"""Take sheets back: judge what was said, compare it with what is stored, store it at once.

What was said later replaces what the same coder said of the same post before, and is counted; what
was said before in the same words changes nothing.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import duckdb
import pyarrow as pa

from analysis.codebook import Codebook
from flows.coding.importing_judging import Handed, HandedOut, Judged, judge_file
from flows.coding.importing_rows import ReturnedFile, SheetUnreadable
from warehouse.gateway import Warehouse
from warehouse.protection.redaction import redact
from warehouse.results import replace_rows

_ITEMS = """
SELECT i.item, i.sheet, s.coder, s.codebook_version, s.frames, i.post_id, d.wave,
       p.revision <> i.revision AS is_edited
FROM sheet_items i JOIN sheets s USING (sheet) JOIN draws d USING (post_id)
JOIN posts p USING (post_id)
WHERE i.item IN (SELECT unnest($items::VARCHAR[]))
    AND i.post_id NOT IN (SELECT post_id FROM pending_erasures)
"""
_SHEETS = """
SELECT sheet, items FROM sheets
WHERE sheet IN (SELECT unnest($sheets::VARCHAR[])) OR list_has_any(items, $items::VARCHAR[])
"""
_CODINGS = """
SELECT post_id, coder, frame, value, codebook_version FROM codings
WHERE post_id IN (SELECT unnest($posts::BIGINT[]))
"""
_SKIPS = """
SELECT post_id, coder, reason FROM skips WHERE post_id IN (SELECT unnest($posts::BIGINT[]))
"""
_NOTES = """
SELECT post_id, coder, note FROM coding_notes WHERE post_id IN (SELECT unnest($posts::BIGINT[]))
"""
_FORGET = """
DELETE FROM {table} WHERE (post_id, coder) IN (
    SELECT (unnest($posts::BIGINT[]), unnest($coders::VARCHAR[])))
"""
_STATES = """
UPDATE draws SET state = CASE
    WHEN post_id IN (SELECT post_id FROM codings) THEN 'coded'
    WHEN post_id NOT IN (SELECT post_id FROM skips) OR post_id IN (
        SELECT post_id FROM assignments WHERE (post_id, coder) NOT IN (
            SELECT (post_id, coder) FROM skips)) THEN 'drawn'
    ELSE 'skipped' END
WHERE post_id IN (SELECT unnest($posts::BIGINT[]))
"""
_SAID: Final = ("codings", "skips", "coding_notes")

Place = tuple[int, str]
"""A post and a coder."""


@dataclass(frozen=True, slots=True)
class _Said:
    """What a coder says of a post, in a form that can be compared."""

    values: frozenset[tuple[str, float]] = frozenset()
    codebook_version: int | None = None
    reason: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class TakenFile:
    """What became of one file.

    Attributes
    ----------
    name, kind : str
        The file, and what wrote it: page, xlsx, csv, label studio, doccano; empty if unreadable.
    rows : tuple of Judged
        Every row with its outcome.
    new, replaced, unchanged : int
        Rows of codings, skips and notes, beside what was stored.
    trouble : str
        Why the file was refused as a whole; else empty.
    """

    name: str
    kind: str = ""
    rows: tuple[Judged, ...] = ()
    new: int = 0
    replaced: int = 0
    unchanged: int = 0
    trouble: str = ""

    def count(self, outcome: str) -> int:
        """Return how many rows came to an outcome."""
        return sum(row.outcome == outcome for row in self.rows)

    @property
    def remarks(self) -> Mapping[str, int]:
        """What is to be told of rows that were taken, with how many."""
        taken = (row for row in self.rows if row.outcome in ("coded", "skipped"))
        return Counter(remark for row in taken for remark in row.remarks)

    @property
    def refusals(self) -> Mapping[str, int]:
        """Reasons for refused rows and refused values, with how many."""
        counted = Counter(row.why for row in self.rows if row.outcome == "refused")
        for row in self.rows:
            counted.update(row.refused_values)
        return counted


def take_back(
    warehouse: Warehouse,
    files: Sequence[ReturnedFile | SheetUnreadable],
    codebook: Codebook,
    *,
    now: datetime,
    coder: str | None = None,
    dry_run: bool = False,
) -> list[TakenFile]:
    """Store what files say, all in one transaction, and return what became of each row.

    Parameters
    ----------
    warehouse : Warehouse
        The study's.
    files : sequence of ReturnedFile or SheetUnreadable
        What came back, in the order in which it is taken; a later file replaces an earlier one.
    codebook : Codebook
        The study's codebook as it is.
    now : datetime
        When it is taken; codings without a time of their own have this.
    coder : str, optional
        Who coded; without, those to whom the sheets were handed out.
    dry_run : bool
        Store nothing.
    """
    readable = [file for file in files if isinstance(file, ReturnedFile)]
    handed_out = _handed_out(warehouse, readable)
    judged = [_judged(file, handed_out, codebook, coder) for file in files]
    posts = sorted({row.handed.post_id for file in judged for row in file.rows if row.handed})
    stored = _stored(warehouse, posts)
    said: dict[Place, Judged] = {}
    taken = [_compared(file, stored, said) for file in judged]
    if said and not dry_run:
        with warehouse.transaction() as connection:
            _store(connection, said, now=now)
    return taken


def _handed_out(warehouse: Warehouse, files: Sequence[ReturnedFile]) -> HandedOut:
    items = sorted({row.item for file in files for row in file.rows if row.item})
    named = sorted({file.sheet for file in files if file.sheet is not None})
    rows = warehouse.query(_ITEMS, {"items": items}).to_pylist()  # type: ignore[arg-type]
    sheets = warehouse.query(_SHEETS, {"sheets": named, "items": items}).to_pylist()  # type: ignore[arg-type]
    known = {row.pop("item"): Handed(**{**row, "frames": tuple(row["frames"])}) for row in rows}
    issued = {item for row in sheets for item in row["items"]}
    return HandedOut(
        items=known, erased=issued - set(known), sheets={row["sheet"] for row in sheets}
    )


def _judged(
    file: ReturnedFile | SheetUnreadable,
    handed_out: HandedOut,
    codebook: Codebook,
    coder: str | None,
) -> TakenFile:
    if isinstance(file, SheetUnreadable):
        return TakenFile(name="", trouble=str(file))
    try:
        rows = judge_file(file, handed_out, codebook, coder=coder)
    except SheetUnreadable as error:
        return TakenFile(name=file.name, kind=file.kind, trouble=str(error))
    cleaned = (replace(row, note=redact(row.note).text) if row.note else row for row in rows)
    return TakenFile(name=file.name, kind=file.kind, rows=tuple(cleaned))


def _compared(file: TakenFile, stored: dict[Place, _Said], said: dict[Place, Judged]) -> TakenFile:
    """Count what is new beside what is stored, and enter it in both."""
    counts = Counter[str]()
    for row in file.rows:
        if row.handed is None or (row.outcome == "untouched" and not row.note):
            continue
        place = (row.handed.post_id, row.coder)
        before = stored.get(place)
        says = _said_by(row, before)
        if says == before:
            counts["unchanged"] += 1
            continue
        counts["new" if before is None else "replaced"] += 1
        stored[place] = says
        earlier = said.get(place)
        said[place] = (
            replace(earlier, note=row.note) if earlier and row.outcome == "untouched" else row
        )
    return replace(
        file, new=counts["new"], replaced=counts["replaced"], unchanged=counts["unchanged"]
    )


def _said_by(row: Judged, before: _Said | None) -> _Said:
    """Return what is said of a post after this row: a note alone leaves the rest as it was."""
    if row.outcome == "untouched":
        return replace(before or _Said(), note=row.note)
    version = row.handed.codebook_version if row.handed and row.outcome == "coded" else None
    return _Said(frozenset(row.values.items()), version, row.reason, row.note)


def _stored(warehouse: Warehouse, posts: Sequence[int]) -> dict[Place, _Said]:
    asked: Any = {"posts": posts}
    found: dict[Place, _Said] = {}
    values: dict[Place, list[tuple[str, float]]] = {}
    for row in warehouse.query(_CODINGS, asked).to_pylist():
        place = (row["post_id"], row["coder"])
        values.setdefault(place, []).append((row["frame"], row["value"]))
        found[place] = _Said(frozenset(values[place]), row["codebook_version"])
    for row in warehouse.query(_SKIPS, asked).to_pylist():
        place = (row["post_id"], row["coder"])
        found[place] = replace(found.get(place, _Said()), reason=row["reason"])
    for row in warehouse.query(_NOTES, asked).to_pylist():
        place = (row["post_id"], row["coder"])
        found[place] = replace(found.get(place, _Said()), note=row["note"])
    return found


def _store(
    connection: duckdb.DuckDBPyConnection, said: Mapping[Place, Judged], *, now: datetime
) -> None:
    """Put what was said in the place of what the same coders said of the same posts."""
    whole = [place for place, row in said.items() if row.outcome != "untouched"]
    for table in _SAID:
        places = list(said) if table == "coding_notes" else whole
        posts, coders = [post for post, _ in places], [coder for _, coder in places]
        connection.execute(_FORGET.format(table=table), {"posts": posts, "coders": coders})
    for table, rows in _rows(said, now=now).items():
        if rows:
            replace_rows(connection, table, pa.Table.from_pylist(rows), keys=("post_id", "coder"))
    connection.execute(_STATES, {"posts": [post for post, _ in said]})


def _rows(said: Mapping[Place, Judged], *, now: datetime) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {table: [] for table in _SAID}
    for (post_id, coder), row in said.items():
        if row.handed is None:
            continue
        at = min(row.said_at or now, now)
        who = {"post_id": post_id, "coder": coder}
        told = {**who, "wave": row.handed.wave}
        version = row.handed.codebook_version
        rows["codings"] += [
            {**told, "frame": f, "value": v, "codebook_version": version, "coded_at": at}
            for f, v in row.values.items()
        ]
        if row.outcome == "skipped":
            rows["skips"].append({**told, "reason": row.reason, "skipped_at": at})
        if row.note:
            rows["coding_notes"].append({**who, "note": row.note, "noted_at": at})
    return rows
