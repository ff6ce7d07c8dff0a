"""What is wrong or doubtful about a codebook, and what it changes for what was coded before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import duckdb

from analysis.codebook import Codebook, CodebookError, codebook_errors, load_codebook
from analysis.codebook_checks import change_between, check_version, counts_from, doubts_of
from flows.coding.codebooks import recorded_versions

_HAS_BOOKS = "SELECT count(*) FROM duckdb_tables() WHERE table_name = 'codebooks'"
_CODED = """
SELECT frame, codebook_version, count(*) AS n FROM codings GROUP BY ALL
"""
_OTHER_LANGUAGE = (
    "language is {book}, and the study counts posts in {study}: one of them is to be changed"
)
_RENAMED = (
    "{key} seems to be called {successor} now; its {coded} codings stay under {key} and do not"
    " count for {successor}: keep the key, and change the name alone"
)
_REDEFINED = (
    "{key} means something else than in version {before}, so {coded} codings by earlier versions do"
    " not count for it; where only words changed, write since: {before} into it"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing about a codebook; an error refuses it, a warning does not."""

    level: Literal["error", "warning", "note"]
    file: str
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """What a study has: versions of its codebook, and codings by frame and version."""

    versions: Sequence[Codebook] = ()
    codings: Mapping[tuple[str, int], int]


def read_recorded(connection: duckdb.DuckDBPyConnection) -> Recorded:
    """Return what a release, or a warehouse, has of codebooks and codings."""
    row = connection.execute(_HAS_BOOKS).fetchone()
    if not row or not row[0]:  # a release that was made by an earlier version of valuetalk
        return Recorded(codings={})
    coded = connection.execute(_CODED).fetchall()
    return Recorded(
        versions=recorded_versions(connection),
        codings={(frame, version): n for frame, version, n in coded},
    )


def lint(
    path: Path, recorded: Recorded | None = None, *, language: str | None = None
) -> list[Remark]:
    """Return what there is to say of a codebook, errors first.

    Parameters
    ----------
    path : Path
        The file.
    recorded : Recorded, optional
        What the study has; without it the codebook is judged by itself.
    language : str, optional
        The language whose posts the study counts.
    """
    errors = [_of_error(path, error) for error in codebook_errors(path)]
    if errors:
        return errors
    codebook = load_codebook(path)
    found = [
        Remark(level="warning", file=path.name, said=f"{doubt.where} {doubt.advice}")
        for doubt in doubts_of(codebook)
    ]
    if language not in (None, codebook.language):
        found.insert(
            0,
            Remark(
                level="warning",
                file=path.name,
                said=_OTHER_LANGUAGE.format(book=codebook.language, study=language),
            ),
        )
    if recorded is not None:
        try:
            check_version(codebook, recorded.versions)
        except CodebookError as error:
            found.insert(0, Remark(level="error", file=path.name, said=str(error)))
        found += [
            Remark(level=level, file=path.name, said=said)
            for level, said in _of_change(codebook, recorded)
        ]
    return found


def _of_error(path: Path, error: CodebookError) -> Remark:
    return Remark(level="error", file=path.name, said=str(error).removeprefix(f"{path.name}: "))


def _of_change(
    codebook: Codebook, recorded: Recorded
) -> Iterator[tuple[Literal["warning", "note"], str]]:
    """Yield what becomes of codings by earlier versions."""
    earlier = [known for known in recorded.versions if known.version < codebook.version]
    if not earlier:
        return
    change = change_between(earlier[-1], codebook)
    for key in change.removed:
        coded = sum(n for (frame, _), n in recorded.codings.items() if frame == key)
        successor = change.renamed.get(key)
        if successor is None:
            yield "note", f"{key} is no frame any more; its {coded} codings are kept"
        else:
            yield "warning", _RENAMED.format(key=key, successor=successor, coded=coded)
    since = counts_from(codebook, recorded.versions)
    for key in change.redefined:
        coded = sum(
            n for (frame, by), n in recorded.codings.items() if frame == key and by < since[key]
        )
        if coded:
            yield "warning", _REDEFINED.format(key=key, before=earlier[-1].version, coded=coded)
