"""What processes that ended have left half-written or put out of memory, anywhere under the home.

Only the one writer, who holds the lock, may remove it: whoever writes releases, exports, models or
sheets holds that lock too.
"""

import shutil
from pathlib import Path

from warehouse.home import Home
from warehouse.release.swap import remove_half_swapped

_READING = 3600.0  # seconds; no query of a reader takes so long without writing to its folder


def remove_leftovers(home: Home, *, clock_file: Path) -> None:
    """Remove half of a release, an export, a model or a sheet, and what readers put on disk.

    A reader of the release puts rows beside it while memory is short; what was not written to in
    the hour before `clock_file` was touched is nobody's any more.
    """
    for place in (home.controlled / "parquet", home.public):
        if place.parent.is_dir():
            remove_half_swapped(place)
    for folder in (home.exports, home.sheets, home.models, home.coding):
        for file in folder.rglob("*.tmp"):
            file.unlink(missing_ok=True)
    for file in home.controlled.glob(".*.tmp*"):
        _remove(file)
    oldest = clock_file.stat().st_mtime - _READING
    for spilled in home.controlled.glob("*.tmp"):
        if _last_written(spilled) < oldest:
            _remove(spilled)


def _last_written(path: Path) -> float:
    return max((part.stat().st_mtime for part in (path, *path.rglob("*"))), default=0.0)


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
