"""Read what labelling tools export: Label Studio and doccano, which were given a sheet's CSV.

Both hand on the columns that they were given, so each row still has its item. What differs is where
the labels stand. Label Studio: JSON has tasks with `annotations` of `result`s of type `choices`;
JSON-MIN and CSV have a row an annotation, the choices under the name of the control, one as it is,
several as `{"choices": [...]}`. doccano: JSON and JSON lines have `label`, a list; CSV has one
cell, joined by `#`. doccano exports posts that nobody has looked at like those that have no label,
so there a label `none` says that a post was read and expresses no frame. In both, a label `skip`
says that it was skipped.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Literal

from flows.coding.importing_rows import ReturnedRow
from flows.coding.sheet_table import ITEM, NOTE, OWN_COLUMNS

Tool = Literal["label studio", "doccano"]
Entry = Mapping[str, Any]

NONE: Final = "none"
SKIP: Final = "skip"
_STUDIO_MARK: Final = "annotation_id"
_STUDIO_OWN: Final = frozenset(
    {"id", "annotator", _STUDIO_MARK, "created_at", "updated_at", "lead_time", "agreement"}
)


def tool_of(entries: Sequence[Entry]) -> Tool | None:
    """Return which tool exported some objects."""
    if entries and all("annotations" in e or _STUDIO_MARK in e for e in entries):
        return "label studio"
    if entries and all("label" in e or "labels" in e for e in entries):
        return "doccano"
    return None


def is_label_studio(header: Sequence[str]) -> bool:
    """Whether a table with this header is Label Studio's."""
    return _STUDIO_MARK in header


def label_studio_rows(entries: Sequence[Entry]) -> Iterator[ReturnedRow]:
    """Yield a row for each annotation; one for a task that has none."""
    for line, entry in enumerate(entries, start=1):
        if "annotations" in entry:
            yield from _task_rows(line, entry)
        else:
            yield _flat_row(line, entry)


def _task_rows(line: int, task: Entry) -> Iterator[ReturnedRow]:
    data = task.get("data")
    item = str(data.get(ITEM, "")) if isinstance(data, Mapping) else ""
    annotations = [a for a in task.get("annotations") or () if isinstance(a, Mapping)]
    if not annotations:
        yield ReturnedRow(line=line, item=item)
    for annotation in annotations:
        skipped = bool(annotation.get("was_cancelled"))
        results = [r for r in annotation.get("result") or () if isinstance(r, Mapping)]
        labels = [label for result in results for label in _choices(result.get("value"))]
        yield _labelled(
            line, item, [SKIP] if skipped else labels, said_at=_time(annotation.get("updated_at"))
        )


def _flat_row(line: int, entry: Entry) -> ReturnedRow:
    item = str(entry.get(ITEM, "")).strip()
    if entry.get(_STUDIO_MARK) in (None, ""):  # a task that nobody has annotated
        return ReturnedRow(line=line, item=item)
    controls = [k for k in entry if k not in OWN_COLUMNS and k not in _STUDIO_OWN]
    labels = [label for name in controls for label in _choices(entry[name])]
    return _labelled(line, item, labels, said_at=_time(entry.get("updated_at")))


def _choices(value: object) -> list[str]:
    """Return the labels of one control, in whichever of its forms they come."""
    if isinstance(value, str) and value.lstrip()[:1] in ("{", "["):
        try:
            value = json.loads(value)
        except json.JSONDecodeError:
            return [value] if isinstance(value, str) else []
    if isinstance(value, Mapping):
        return _choices(value.get("choices", []))
    if isinstance(value, list):
        return [label for part in value for label in _choices(part)]
    text = str(value).strip() if isinstance(value, str) else ""
    return [text] if text else []


def doccano_rows(entries: Sequence[Entry]) -> Iterator[ReturnedRow]:
    """Yield a row for each example."""
    for line, entry in enumerate(entries, start=1):
        said = entry.get("label", entry.get("labels"))
        labels = said.split("#") if isinstance(said, str) else said
        texts = [str(label).strip() for label in labels or () if str(label).strip()]
        meta = entry.get("meta")
        item = entry.get(ITEM) or (meta.get(ITEM) if isinstance(meta, Mapping) else "")
        comments = entry.get("Comments") or ()
        notes = [comments] if isinstance(comments, str) else [str(c) for c in comments]
        row = ReturnedRow(line=line, item=str(item or "").strip())
        note = "; ".join(part for part in (*notes, str(entry.get(NOTE) or "")) if part)
        yield _labelled(line, row.item, texts, note=note) if texts else row


def _labelled(
    line: int,
    item: str,
    labels: Sequence[str],
    *,
    note: str = "",
    said_at: datetime | None = None,
) -> ReturnedRow:
    plain = tuple(dict.fromkeys(label for label in labels if label.lower() != NONE))
    skipped = any(label.lower() == SKIP for label in plain)
    others = tuple(label for label in plain if label.lower() != SKIP)
    return ReturnedRow(
        line=line,
        item=item,
        state="skipped" if skipped else "coded",
        labels=others,
        note=note,
        said_at=said_at,
    )


def _time(value: object) -> datetime | None:
    if not isinstance(value, str):
        return None
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        return None
    return read if read.tzinfo else None
