"""Judge what came back: each row is a coding, a skip, untouched, or refused with a reason.

Pure, and nothing is dropped: every row has one outcome, and a value that cannot be taken from a row
that can is counted beside it.
"""

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, Literal

from analysis.codebook import Codebook
from flows.coding.importing_rows import ReturnedFile, ReturnedRow, SheetUnreadable
from flows.coding.sheet_contents import SKIP_REASONS, UNSAID

Outcome = Literal["coded", "skipped", "untouched", "repeated", "refused"]

NO_ITEM: Final = "no item"
UNKNOWN: Final = "unknown item"
ERASED: Final = "post erased meanwhile"
BAD_STATE: Final = "state is neither coded nor skipped"
BAD_VALUE: Final = "a value is neither 0 nor 1"
INCOMPLETE: Final = "some frames are empty and the state is not coded"
BOTH: Final = "both skipped and coded"
REPEATED: Final = "said twice, differently"
UNKNOWN_FRAME: Final = "unknown frame"
REMOVED_FRAME: Final = "frame removed from the codebook"

OTHER_VERSION: Final = "by another version of the codebook"
EDITED: Final = "post edited since"
OTHER_CODER: Final = "by another coder than it was given to"

_VALUES = {"1": 1.0, "1.0": 1.0, "true": 1.0, "0": 0.0, "0.0": 0.0, "false": 0.0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Handed:
    """An item that was handed out: its sheet, and the post that it stands for."""

    sheet: str
    coder: str
    codebook_version: int
    frames: tuple[str, ...]
    post_id: int
    wave: int
    is_edited: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedOut:
    """All that was handed out and is asked about: by item, and the items of erased posts."""

    items: Mapping[str, Handed]
    erased: Collection[str] = ()
    sheets: Collection[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """What becomes of a row.

    Attributes
    ----------
    line, item, outcome
        The row and what it is.
    why : str
        Why it was refused; else empty.
    handed : Handed, optional
        What it stands for; None where it was refused.
    coder : str
        Who said it.
    values : mapping of frame to 1.0 or 0.0
        The codes, of a coding.
    reason, note, said_at
        Of a skip; of either; when.
    remarks : tuple of str
        What is to be told of a row that was taken.
    refused_values : mapping of reason to number
        Values beside the codes that could not be taken.
    """

    line: int
    item: str
    outcome: Outcome
    why: str = ""
    handed: Handed | None = None
    coder: str = ""
    values: Mapping[str, float] = field(default_factory=dict)
    reason: str = ""
    note: str = ""
    said_at: datetime | None = None
    remarks: tuple[str, ...] = ()
    refused_values: Mapping[str, int] = field(default_factory=dict)


def judge_file(
    returned: ReturnedFile, handed_out: HandedOut, codebook: Codebook, *, coder: str | None = None
) -> list[Judged]:
    """Return what becomes of each row of a file, in order.

    Parameters
    ----------
    returned : ReturnedFile
        What came back.
    handed_out : HandedOut
        What its items stand for.
    codebook : Codebook
        The study's codebook as it is.
    coder : str, optional
        Who coded; without, those to whom the sheets were handed out.

    Raises
    ------
    SheetUnreadable
        If the file says that it is a sheet which was never handed out.
    """
    if returned.sheet is not None and returned.sheet not in handed_out.sheets:
        raise SheetUnreadable(
            f"{returned.name} belongs to no sheet that this study handed out; name the study with"
            " --home, or ask for the right file"
        )
    judged = [_judge(row, returned, handed_out, codebook, coder) for row in returned.rows]
    return _without_repeats(judged)


def _judge(
    row: ReturnedRow,
    returned: ReturnedFile,
    handed_out: HandedOut,
    codebook: Codebook,
    coder: str | None,
) -> Judged:
    handed = handed_out.items.get(row.item)
    if handed is None or returned.sheet not in (None, handed.sheet):
        known = ERASED if row.item in handed_out.erased else UNKNOWN
        return _refused(row, known if row.item else NO_ITEM)
    begun = Judged(
        line=row.line,
        item=row.item,
        outcome="untouched",
        handed=handed,
        coder=coder or handed.coder,
        note=row.note,
        said_at=row.said_at,
        remarks=_remarks(handed, codebook, coder),
    )
    read = _read_cells(row, handed, codebook)
    return _decided(row, begun, read, empty_is_0=returned.kind != "page")


def _refused(row: ReturnedRow, why: str) -> Judged:
    return Judged(line=row.line, item=row.item, outcome="refused", why=why)


def _remarks(handed: Handed, codebook: Codebook, coder: str | None) -> tuple[str, ...]:
    said = {
        OTHER_VERSION: handed.codebook_version != codebook.version,
        EDITED: handed.is_edited,
        OTHER_CODER: coder is not None and coder != handed.coder,
    }
    return tuple(remark for remark, holds in said.items() if holds)


@dataclass(frozen=True, slots=True)
class _Cells:
    """The codes of a row as they can be read; `bad` counts what stands where a code should."""

    values: Mapping[str, float]
    missing: tuple[str, ...]
    bad: int
    refused: Mapping[str, int]


def _read_cells(row: ReturnedRow, handed: Handed, codebook: Codebook) -> _Cells:
    asked = [frame for frame in handed.frames if frame in codebook.keys]
    cells = _of_labels(row.labels, handed, codebook) if row.labels is not None else row.cells
    values = {frame: _VALUES.get(cells[frame].lower()) for frame in asked if frame in cells}
    beside = [
        REMOVED_FRAME if frame in handed.frames else UNKNOWN_FRAME
        for frame in cells
        if frame not in asked
    ]
    return _Cells(
        values={frame: value for frame, value in values.items() if value is not None},
        missing=tuple(frame for frame in asked if frame not in values),
        bad=sum(value is None for value in values.values()),
        refused=Counter(beside),
    )


def _of_labels(
    labels: Sequence[str] | None, handed: Handed, codebook: Codebook
) -> Mapping[str, str]:
    """Return labels as cells; a frame may be called by its key or by its name."""
    named = {_plain(frame.name): frame.key for frame in codebook.frames}
    named |= {_plain(key): key for key in (*codebook.keys, *handed.frames)}
    return {named.get(_plain(label), label): "1" for label in labels or ()}


def _plain(name: str) -> str:
    return " ".join(name.lower().replace("_", " ").split())


def _decided(row: ReturnedRow, begun: Judged, read: _Cells, *, empty_is_0: bool) -> Judged:
    """Return the outcome of a row whose item is known."""
    taken = replace(begun, refused_values=read.refused)
    if row.state not in ("", "coded", "skipped"):
        return _refused(row, BAD_STATE)
    if read.bad:
        return _refused(row, BAD_VALUE)
    if row.state == "skipped" or (row.reason and not read.values and row.state == ""):
        return _refused(row, BOTH) if any(read.values.values()) else _skipped(row, taken)
    if row.state == "" and not read.values:
        return taken
    if read.missing and not (row.state == "coded" and empty_is_0):
        return _refused(row, INCOMPLETE)
    values = dict.fromkeys(read.missing, 0.0) | dict(read.values)
    return replace(taken, outcome="coded", values=values)


def _skipped(row: ReturnedRow, taken: Judged) -> Judged:
    """Return a skip; a reason that is none of ours is kept in the note."""
    reason = row.reason or UNSAID
    known = reason in SKIP_REASONS
    extra = "" if known else reason
    return replace(
        taken,
        outcome="skipped",
        reason=reason if known else "other",
        note="; ".join(part for part in (extra, row.note) if part),
    )


def _without_repeats(judged: Sequence[Judged]) -> list[Judged]:
    """Return the rows with one at most for each item; where two differ, neither is taken."""
    said: dict[tuple[str, str], list[Judged]] = {}
    for row in judged:
        if row.outcome in ("coded", "skipped"):
            said.setdefault((row.item, row.coder), []).append(row)
    kept = []
    for row in judged:
        same = said.get((row.item, row.coder), [row])
        if row.outcome not in ("coded", "skipped") or len(same) == 1:
            kept.append(row)
        elif len({_substance(one) for one in same}) > 1:
            kept.append(replace(row, outcome="refused", why=REPEATED, handed=None))
        elif row is same[0]:
            kept.append(row)
        else:
            kept.append(Judged(line=row.line, item=row.item, outcome="repeated"))
    return kept


def _substance(row: Judged) -> tuple[object, ...]:
    return (row.outcome, row.reason, frozenset(row.values.items()))
