"""What a controlled release must hold: rows and checksum of each table, SHA-256 of each file."""

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from warehouse.contents import Contents
from warehouse.home import write_private

MANIFEST: Final = "manifest.json"
FORMAT: Final = 1


def write_manifest(folder: Path, contents: Mapping[str, Contents]) -> None:
    """Write the manifest of what lies in a folder; it comes last and goes into place whole."""
    manifest = {
        "format": FORMAT,
        "tables": {table: held.as_record() for table, held in contents.items()},
        "sha256": checksums(folder),
    }
    write_private(folder / MANIFEST, json.dumps(manifest, indent=1).encode())


def checksums(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of every file of a release by its path in it, the manifest left out.

    What lies beside the release, as the rows that a reader has put out of memory, is none of it.
    """
    return {
        path.relative_to(folder).as_posix(): sha256_of(path)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and _is_released(path.relative_to(folder))
    }


def sha256_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def _is_released(path: Path) -> bool:
    beside = any(part.startswith(".") or part.endswith((".tmp", ".wal")) for part in path.parts)
    return path.as_posix() != MANIFEST and not beside
