"""Room on the disk, asked for before anything is written."""

import shutil
from pathlib import Path

from warehouse.errors import DiskFull

_SPARE = 64 << 20
_GIGABYTE = 1e9


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of every file under a folder; none where there is nothing."""
    if path.is_dir():
        return sum(part.stat().st_size for part in path.rglob("*") if part.is_file())
    return path.stat().st_size if path.is_file() else 0


def require_space(folder: Path, needed: int, *, what: str) -> None:
    """Refuse to begin what the disk has no room for.

    Parameters
    ----------
    folder : Path
        Where it would be written.
    needed : int
        Its bytes, as far as they can be told.
    what : str
        What would be written, for the message.

    Raises
    ------
    DiskFull
        If less is free, some room for everything else included.
    """
    free = shutil.disk_usage(folder).free
    if free < needed + _SPARE:
        raise DiskFull(
            f"{what} needs {(needed + _SPARE) / _GIGABYTE:.1f} GB in {folder} and "
            f"{free / _GIGABYTE:.1f} GB are free; free some, then run the same command again: "
            "nothing was changed"
        )
