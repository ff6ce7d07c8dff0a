"""Whole folders that take the place of old ones."""

import shutil
from pathlib import Path

from warehouse.home import make_private, make_private_folder


def fresh_folder(place: Path) -> Path:
    """Return a new, empty private folder beside `place`, whose successor it will be.

    What a crash has left there is removed; a `place` that a crash has moved aside comes back.
    """
    remove_half_swapped(place)
    new = _beside(place, "new")
    make_private_folder(new)
    return new


def remove_half_swapped(place: Path) -> None:
    """Remove what a crash has left beside `place`, or put it back where it was moved aside."""
    new, old = _beside(place, "new"), _beside(place, "old")
    if old.exists() and not place.exists():
        old.rename(place)
    for leftover in (new, old):
        if leftover.exists():
            shutil.rmtree(leftover)


def swap_folder(new: Path, place: Path) -> None:
    """Put `new` in `place`, private; files that are open in the old folder stay readable."""
    make_private(new)
    old = _beside(place, "old")
    if place.exists():
        place.rename(old)
    new.rename(place)
    if old.exists():
        shutil.rmtree(old)


def withdraw_folder(place: Path) -> None:
    """Remove a release and what lies beside it: it holds what nobody may read any more."""
    remove_half_swapped(place)
    shutil.rmtree(place, ignore_errors=True)


def _beside(place: Path, mark: str) -> Path:
    return place.with_name(f".{place.name}.{mark}")
