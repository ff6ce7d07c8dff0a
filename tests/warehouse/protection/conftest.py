"""A search of every byte of a home, for tests of what must be gone."""

from collections.abc import Callable
from pathlib import Path

import pytest


@pytest.fixture
def holding() -> Callable[..., dict[str, set[str]]]:
    """Return a function that finds which files of a folder hold which words, as they stand."""

    def find(root: Path, *words: str) -> dict[str, set[str]]:
        found = {}
        for path in sorted(root.rglob("*")):
            content = path.read_bytes() if path.is_file() else b""
            if hits := {word for word in words if word.encode() in content}:
                found[path.relative_to(root).as_posix()] = hits
        return found

    return find
