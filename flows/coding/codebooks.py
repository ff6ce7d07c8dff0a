"""The study's codebook: which file it is, its versions as they were recorded, and what they change.

Every version that anything was coded by is kept in the tables `codebooks`, `frames` and
`frame_guides`. Recording refuses a codebook that changed and kept its version.
"""

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from analysis.codebook import VALUE_FRAMES, Codebook, CodebookError, Frame, load_codebook
from analysis.codebook_checks import check_version, counts_from
from flows.setting_sections import CodingSettings
from warehouse.gateway import Warehouse
from warehouse.home import Home, write_private
from warehouse.results import replace_rows

OWN_FILE = "codebook.yaml"
"""Where `code begin` puts the copy that a study edits."""

_BOOKS = "SELECT codebook_version, name, language, notes FROM codebooks ORDER BY codebook_version"
_FRAMES = """
SELECT codebook_version, frame, name, family, definition, includes, excludes, sources, plain,
    examples
FROM frames JOIN frame_guides USING (codebook_version, frame)
ORDER BY codebook_version, position
"""
_TEXTS = pa.list_(pa.string())


def codebook_file(home: Home, settings: CodingSettings) -> Path:
    """Return the file of the study's codebook: its own, else the one that comes with us."""
    return home.root / settings.codebook if settings.codebook else VALUE_FRAMES


def study_codebook(home: Home, settings: CodingSettings) -> Codebook:
    """Read the study's codebook; raises `CodebookError` as `load_codebook` does."""
    return load_codebook(codebook_file(home, settings))


def begin_codebook(home: Home) -> Path:
    """Copy the codebook that comes with us into the study, to be edited; return the file.

    Raises
    ------
    CodebookError
        If the study has such a file already.
    """
    path = home.root / OWN_FILE
    if path.exists():
        raise CodebookError(f"{path} is there already; edit it, or move it away first")
    write_private(path, VALUE_FRAMES.read_bytes())
    return path


def recorded_versions(connection: duckdb.DuckDBPyConnection) -> list[Codebook]:
    """Return every version that was recorded, the earliest first; of a warehouse or a release."""
    frames: dict[int, list[Frame]] = {}
    for row in connection.execute(_FRAMES).to_arrow_table().to_pylist():
        frames.setdefault(row["codebook_version"], []).append(
            Frame(
                key=row["frame"],
                name=row["name"],
                family=row["family"],
                definition=row["definition"],
                include=tuple(row["includes"]),
                exclude=tuple(row["excludes"]),
                sources=tuple(row["sources"]),
                plain=row["plain"],
                examples=tuple(row["examples"]),
            )
        )
    return [
        Codebook(
            name=row["name"],
            version=row["codebook_version"],
            language=row["language"],
            notes=tuple(row["notes"]),
            frames=tuple(frames.get(row["codebook_version"], ())),
        )
        for row in connection.execute(_BOOKS).to_arrow_table().to_pylist()
    ]


def record_codebook(warehouse: Warehouse, codebook: Codebook, *, day: date) -> None:
    """Store a version of the codebook, as all that is coded and measured by it needs.

    Raises
    ------
    CodebookError
        If it says something else than its version was recorded to say, or a later one is in use.
    """
    stored = recorded_versions(warehouse.connection)
    check_version(codebook, stored)
    since = counts_from(codebook, stored)
    rows = _rows(codebook, since)
    if codebook.version not in {known.version for known in stored}:
        rows["codebooks"] = _book(codebook, day)
    with warehouse.transaction() as connection:
        for table, new in rows.items():
            replace_rows(connection, table, new, keys=["codebook_version"])


def _book(codebook: Codebook, day: date) -> pa.Table:
    return pa.table(
        {
            "codebook_version": pa.array([codebook.version], pa.int32()),
            "name": [codebook.name],
            "language": [codebook.language],
            "notes": pa.array([list(codebook.notes)], _TEXTS),
            "digest": [codebook.digest],
            "recorded_on": pa.array([day], pa.date32()),
        }
    )


def _rows(codebook: Codebook, since: dict[str, int]) -> dict[str, pa.Table]:
    frames = codebook.frames
    keys = {
        "codebook_version": pa.array([codebook.version] * len(frames), pa.int32()),
        "frame": [frame.key for frame in frames],
    }
    return {
        "frames": pa.table(
            {
                **keys,
                "name": [frame.name for frame in frames],
                "family": [frame.family for frame in frames],
                "definition": [frame.definition for frame in frames],
            }
        ),
        "frame_guides": pa.table(
            {
                **keys,
                "position": pa.array(range(len(frames)), pa.int32()),
                "includes": _texts([frame.include for frame in frames]),
                "excludes": _texts([frame.exclude for frame in frames]),
                "sources": _texts([frame.sources for frame in frames]),
                "plain": [frame.plain for frame in frames],
                "examples": _texts([frame.examples for frame in frames]),
                "counts_from": pa.array([since[frame.key] for frame in frames], pa.int32()),
            }
        ),
    }


def _texts(values: Sequence[Sequence[str]]) -> Any:
    return pa.array([list(texts) for texts in values], _TEXTS)
