"""What every command shares: the study it works on, and how it ends.

Exit codes: 0 done, 1 failed, 2 wrong use, 3 partial. An error is one sentence on standard error;
its traceback is shown only with `--debug`.
"""

from __future__ import annotations

import errno
import os
import sys
import traceback
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from warehouse.home import Home
from warehouse.records import Clock, WallClock

if TYPE_CHECKING:  # these pull DuckDB and pydantic, and `valuetalk --help` must not wait for them
    from collections.abc import Mapping
    from types import TracebackType

    from flows.settings import Settings
    from warehouse.gateway import Warehouse
    from warehouse.protection.keys import KeyRing

DEFAULT_HOME = Path("valuetalk-home")
OWN_PACKAGES = ("flows", "harvesters", "analysis", "warehouse")

_ADVICE = {
    errno.EACCES: "let the account that runs valuetalk own it",
    errno.EPERM: "let the account that runs valuetalk own it",
    errno.ENOSPC: "free some space, then run the same command again",
    errno.ENOENT: "check the name",
    errno.ENOTDIR: "a file stands where a folder has to be: move it away",
    errno.EEXIST: "something else stands where it has to be: move that away",
}

HomeOption = Annotated[
    Path | None,
    typer.Option(
        "--home",
        metavar="DIR",
        envvar="VALUETALK_HOME",
        help="The study's folder; ./valuetalk-home where nothing else is said.",
        show_default=False,
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]


class CommandError(Exception):
    """A command failed; the message is one sentence with what is wrong and what to do."""

    exit_code = 1


class WrongUse(CommandError):
    """A command was asked for something that cannot be."""

    exit_code = 2


class PartlyDone(CommandError):
    """Some of the work failed, for example a source; the rest is complete and recorded."""

    exit_code = 3


def find_home(home: Path | None) -> Home:
    """Return the home that `--home` or `$VALUETALK_HOME` names, else `./valuetalk-home`."""
    return Home((home or DEFAULT_HOME).expanduser().absolute())


def find_study(home: Path | None) -> Home:
    """Return the home of the study that is meant; raises `WrongUse` where there is none."""
    place = find_home(home)
    if not place.settings_file.is_file():
        raise WrongUse(
            f"there is no study at {place.root} (no {place.settings_file.name}): "
            "name its folder with --home, or begin one with 'valuetalk init'"
        )
    return place


@dataclass(frozen=True, slots=True)
class Study:
    """One study: its home, its settings and, opened when asked for, its keys and its warehouse."""

    home: Home
    settings: Settings
    clock: Clock
    environ: Mapping[str, str] = field(repr=False)

    def keys(self) -> KeyRing:
        """Return the pseudonym keys; raises `KeyFileError` where the key file is missing."""
        from flows.settings import key_file
        from warehouse.protection.keys import KeyRing

        return KeyRing.read(key_file(self.home, self.settings, self.environ))

    def warehouse(self) -> Warehouse:
        """Open the warehouse as its one writer; a context manager that closes it."""
        from warehouse.gateway import Warehouse

        return Warehouse.open(self.home, keys=self.keys(), clock=self.clock)


def open_study(
    home: Path | None, *, clock: Clock | None = None, environ: Mapping[str, str] | None = None
) -> Study:
    """Read the settings of the study at `home`; raises `WrongUse` where there is no study."""
    from flows.settings import load_settings

    place = find_study(home)
    environ = os.environ if environ is None else environ
    return Study(place, load_settings(place, environ), clock or WallClock(), environ)


def report_error(error: Exception, *, debug: bool) -> int:
    """Say on standard error what went wrong; return the exit code.

    An unknown error is named by its type and place alone, since its message may quote a post.
    """
    if debug:
        traceback.print_exception(error)
    sys.stderr.write(f"valuetalk: {_sentence(error)}\n")
    return int(getattr(error, "exit_code", CommandError.exit_code))


def _sentence(error: Exception) -> str:
    if type(error).__module__.split(".")[0] in OWN_PACKAGES:
        return str(error)
    if isinstance(error, OSError) and error.filename is not None:
        what = (error.strerror or type(error).__name__).lower()
        advice = _ADVICE.get(error.errno or 0, "put that right, then run the same command again")
        return f"{error.filename}: {what}; {advice}"
    return (
        f"an unexpected {type(error).__name__} {_place(error.__traceback__)}; "
        "run again with --debug for the traceback, which may quote texts of the study"
    )


def _place(trace: TracebackType | None) -> str:
    """Return the innermost line of our own code, by its path inside the project."""
    root = Path(__file__).resolve().parents[2]
    frames = [(Path(frame.filename), frame.lineno) for frame in traceback.extract_tb(trace)]
    own = [
        (path.relative_to(root), line)
        for path, line in frames
        if any(path.is_relative_to(root / package) for package in OWN_PACKAGES)
    ]
    return f"at {own[-1][0]}, line {own[-1][1]}" if own else "outside valuetalk's own code"
