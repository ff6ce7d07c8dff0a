"""Take sheets back: judge what was said, compare it with what is stored, store it at once.

What was said later replaces what the same coder said of the same post before, by the same version
of the codebook, and is counted; what was said before in the same words changes nothing. Codings by
other versions are kept, and the newest version decides what else is kept of a coder and post.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
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
_FORGET_CODINGS = """
DELETE FROM codings WHERE (post_id, coder, codebook_version) IN (
    SELECT (unnest($posts::BIGINT[]), unnest($coders::VARCHAR[]), unnest($versions::INTEGER[])))
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
_CODING_KEYS: Final = ("post_id", "coder", "frame", "codebook_version")

Place = tuple[int, str]
"""A post and a coder."""
Values = Mapping[str, float]


@dataclass(frozen=True, slots=True)
class _Said:
    """What a coder says of a post, by version of the codebook, in a form that can be compared."""

    values: Mapping[int, Values] = field(default_factory=dict)
    reason: str = ""
    note: str = ""


@dataclass(slots=True)
class _Changes:
    """What is stored, as it is to be, and the rows that change it."""

    stored: dict[Place, _Said]
    codings: dict[tuple[int, str, int], Judged] = field(default_factory=dict)
    skips: dict[Place, Judged] = field(default_factory=dict)
    notes: dict[Place, Judged] = field(default_factory=dict)

    @property
    def posts(self) -> list[int]:
        """Posts of which anything changes."""
        coded = {post for post, _, _ in self.codings}
        return sorted(coded | {post for post, _ in (*self.skips, *self.notes)})

    def enter(self, row: Judged, handed: Handed) -> None:
        """Enter a row, as far as it says something else than what is there."""
        place, version = (handed.post_id, row.coder), handed.codebook_version
        before = self.stored.get(place, _Said())
        after = self.stored[place] = _said_after(row, version, before)
        if after.values != before.values:
            self.codings[(*place, version)] = row
        if after.reason != before.reason:
            self.skips[place] = row
        if after.note != before.note:
            self.notes[place] = row


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
    changes = _Changes(_stored(warehouse, posts))
    taken = [_compared(file, changes) for file in judged]
    if changes.posts and not dry_run:
        with warehouse.transaction() as connection:
            _store(connection, changes, now=now)
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


def _compared(file: TakenFile, changes: _Changes) -> TakenFile:
    """Count what is new beside what is stored, and enter what changes it."""
    counts = Counter[str]()
    for row in file.rows:
        if row.handed is None or (row.outcome == "untouched" and not row.note):
            continue
        before = changes.stored.get((row.handed.post_id, row.coder))
        changes.enter(row, row.handed)
        if changes.stored[row.handed.post_id, row.coder] == before:
            counts["unchanged"] += 1
        elif before is None or _is_beside(row, row.handed, before):
            counts["new"] += 1
        else:
            counts["replaced"] += 1
    return replace(
        file, new=counts["new"], replaced=counts["replaced"], unchanged=counts["unchanged"]
    )


def _is_beside(row: Judged, handed: Handed, before: _Said) -> bool:
    """Return whether a row stands beside codings by other versions and replaces nothing."""
    versions = before.values
    others = bool(versions) and handed.codebook_version not in versions
    return others and not before.reason and row.outcome != "untouched"


def _said_after(row: Judged, version: int, before: _Said) -> _Said:
    """Return what is said of a post after this row: a note alone leaves the rest as it was."""
    own = before.values.get(version, {})
    # Frames that left the codebook are not read again from a sheet; their codings are kept.
    values = {**before.values, version: {**own, **row.values}}
    if any(known > version for known in before.values):
        return replace(before, values=values) if row.outcome == "coded" else before
    if row.outcome == "untouched":
        return replace(before, note=row.note)
    others = {known: said for known, said in before.values.items() if known != version}
    note = row.note or (before.note if others else "")
    if row.outcome == "skipped":
        return _Said(others, row.reason, note)
    # Codings and a skip stand together only where the skip is of a later version.
    is_skipped_since = bool(before.reason) and values[version] == own
    return before if is_skipped_since else _Said(values, "", note)


def _stored(warehouse: Warehouse, posts: Sequence[int]) -> dict[Place, _Said]:
    asked: Any = {"posts": posts}
    found: dict[Place, _Said] = {}
    values: dict[Place, dict[int, dict[str, float]]] = {}
    for row in warehouse.query(_CODINGS, asked).to_pylist():
        said = values.setdefault((row["post_id"], row["coder"]), {})
        said.setdefault(row["codebook_version"], {})[row["frame"]] = row["value"]
    found |= {place: _Said(said) for place, said in values.items()}
    for row in warehouse.query(_SKIPS, asked).to_pylist():
        place = (row["post_id"], row["coder"])
        found[place] = replace(found.get(place, _Said()), reason=row["reason"])
    for row in warehouse.query(_NOTES, asked).to_pylist():
        place = (row["post_id"], row["coder"])
        found[place] = replace(found.get(place, _Said()), note=row["note"])
    return found


def _store(connection: duckdb.DuckDBPyConnection, changes: _Changes, *, now: datetime) -> None:
    """Put what was said in the place of what the same coders said of the same posts."""
    gone = [key for key, row in changes.codings.items() if row.outcome == "skipped"]
    posts, coders, versions = ([key[part] for key in gone] for part in range(3))
    connection.execute(_FORGET_CODINGS, {"posts": posts, "coders": coders, "versions": versions})
    for table, changed in (("skips", changes.skips), ("coding_notes", changes.notes)):
        posts, coders = [post for post, _ in changed], [coder for _, coder in changed]
        connection.execute(_FORGET.format(table=table), {"posts": posts, "coders": coders})
    for table, rows in _rows(changes, now=now).items():
        keys = _CODING_KEYS if table == "codings" else ("post_id", "coder")
        if rows:
            replace_rows(connection, table, pa.Table.from_pylist(rows), keys=keys)
    connection.execute(_STATES, {"posts": changes.posts})


def _rows(changes: _Changes, *, now: datetime) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of each table; what a later row took back has none."""
    codings = [
        {"frame": frame, "value": value, "codebook_version": version, "coded_at": _at(row, now)}
        | {"post_id": post_id, "coder": coder, "wave": _wave(row)}
        for (post_id, coder, version), row in changes.codings.items()
        for frame, value in row.values.items()
    ]
    skips = [
        {"post_id": post_id, "coder": coder, "wave": _wave(row)}
        | {"reason": row.reason, "skipped_at": _at(row, now)}
        for (post_id, coder), row in changes.skips.items()
        if row.outcome == "skipped"
    ]
    notes = [
        {"post_id": post_id, "coder": coder, "note": row.note, "noted_at": _at(row, now)}
        for (post_id, coder), row in changes.notes.items()
        if row.note
    ]
    return {"codings": codings, "skips": skips, "coding_notes": notes}


def _at(row: Judged, now: datetime) -> datetime:
    return min(row.said_at or now, now)


def _wave(row: Judged) -> int | None:
    return row.handed.wave if row.handed else None
