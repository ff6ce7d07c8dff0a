"""Environments for servers that are Python packages: made once, and kept for later runs."""

import fcntl
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@contextmanager
def kept(name: str) -> Iterator[tuple[Path, bool]]:
    """Yield a folder that later runs find again, and whether it has yet to be filled.

    No two processes fill it at once; it counts as filled when the context ends without an error.
    """
    temporary = Path(tempfile.gettempdir()) / "valuetalk-cache"
    folder = Path(os.environ.get("VALUETALK_CACHE") or temporary) / name
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_name(f"{name}.lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        is_filled = (folder / "complete").exists()
        if not is_filled:
            shutil.rmtree(folder, ignore_errors=True)
        yield folder, not is_filled
        (folder / "complete").touch()


def environment(
    name: str,
    packages: Sequence[str],
    *,
    alone: Sequence[str] = (),
    python: str = sys.executable,
) -> str:
    """Return the Python of an environment that holds packages; skips where they cannot be had.

    Those of `alone` come without what they say that they need.
    """
    with kept(f"{name}-py{_minor(python)}") as (folder, is_empty):
        own = folder / "bin" / "python"
        if is_empty:
            subprocess.run([python, "-m", "venv", str(folder)], check=True, capture_output=True)
            install = [str(own), "-m", "pip", "install", "-q"]
            commands = [[*install, *packages], [*install, "--no-deps", *(alone or packages)]]
            for command in commands:
                done = subprocess.run(command, check=False, capture_output=True)
                if done.returncode != 0:
                    pytest.skip(f"{name} cannot be installed: the package index does not answer")
    return str(own)


def find_python(version: str) -> str:
    """Return a Python of a version such as 3.12, or skip: none is downloaded."""
    for candidate in _candidates(version):
        if Path(candidate).is_file() and _minor(candidate) == int(version.partition(".")[2]):
            return candidate
    pytest.skip(f"no Python {version} (uv python find --no-python-downloads {version})")


def _candidates(version: str) -> Iterator[str]:
    uv = os.environ.get("UV") or shutil.which("uv") or str(ROOT / ".uv" / "bin" / "uv")
    if Path(uv).is_file():
        command = [uv, "python", "find", "--no-python-downloads", "--no-project", version]
        found = subprocess.run(command, check=False, capture_output=True, text=True)
        yield found.stdout.strip()
    # pyenv puts no version on the path that is not switched on, and uv stops at its stand-ins
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    yield from (str(each / "bin/python") for each in sorted(pyenv.glob(f"versions/{version}.*")))


def _minor(python: str) -> int:
    if python == sys.executable:
        return sys.version_info.minor
    asked = [python, "-c", "import sys; print(sys.version_info.minor)"]
    done = subprocess.run(asked, check=False, capture_output=True, text=True)
    return int(done.stdout) if done.returncode == 0 else -1
