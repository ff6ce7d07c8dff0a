"""`valuetalk backup` and `restore`: a study in one file, and back."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import session

if TYPE_CHECKING:
    from warehouse.home import Home
    from warehouse.protection.keys import KeyRing

commands = typer.Typer()
_PANEL = "People"


@commands.command(rich_help_panel=_PANEL)
def backup(
    file: Annotated[
        Path | None, typer.Argument(help="The file to write; beside the home where none is named.")
    ] = None,
    home: session.HomeOption = None,
) -> None:
    """Write the study into one private file: without its keys, with its list of erasures."""
    from flows.settings import key_file
    from warehouse.backup import back_up

    study = session.open_study(home)
    root, now = study.home.root, study.clock.now()
    place = file or root.with_name(f"{root.name}-{now:%Y%m%dT%H%M%S}.tar.zst")
    counts = back_up(
        study.home,
        place.expanduser().absolute(),
        keys=study.keys(),
        clock=study.clock,
        leave_out=[key_file(study.home, study.settings, study.environ)],
    )
    typer.echo(
        f"{counts.files} files ({counts.size / 1e6:.1f} MB) were written to {place}. The keys are "
        "not in it: keep a copy of them elsewhere."
    )


@commands.command(rich_help_panel=_PANEL)
def restore(
    file: Annotated[Path, typer.Argument(help="A backup.")],
    home: session.HomeOption = None,
    *,
    lists: Annotated[
        Path | None,
        typer.Option(
            metavar="DIR",
            help="The home, or its state folder, whose list of erasures is the newest.",
        ),
    ] = None,
) -> None:
    """Make a study from a backup in an empty home, without what was erased or opted out since."""
    from flows import stages
    from warehouse.backup import restore as restore_backup
    from warehouse.records import WallClock

    target = session.find_home(home)
    folders = _list_folders(lists, target.root)
    counts = restore_backup(
        file.expanduser().absolute(),
        target,
        keys_of=lambda staged: _keys(staged, target),
        clock=WallClock(),
        lists=folders,
        derive=stages.index,
    )
    typer.echo(
        f"{counts.files} files were restored to {target.root}, and {counts.erased} posts taken "
        "out that were erased, deleted or opted out since."
    )
    if not folders:
        typer.echo(
            "Only the backup's own list of erasures was applied: if there is a newer one, remove "
            f"{target.root} and restore again with --lists."
        )


def _list_folders(named: Path | None, target: Path) -> list[Path]:
    """Return the folders of state whose lists hold: the one that was named, else the living home's.

    The living home is where commands find one without `--home`.
    """
    from warehouse.protection.erasure_list import LISTS, list_file

    living = Path(os.environ.get("VALUETALK_HOME") or session.DEFAULT_HOME)
    root = (named or living).expanduser().absolute()
    folders = [
        folder
        for folder in (root, root / "state")
        if any(list_file(folder, name).is_file() for name in LISTS)
    ]
    if named is not None and not folders:
        raise session.WrongUse(
            f"there is no list of erasures in {named}; name the home, or its state folder"
        )
    return [folder for folder in folders if named or not folder.is_relative_to(target)]


def _keys(staged: Home, target: Home) -> KeyRing:
    """Return the keys of an unpacked study."""
    from flows.settings import key_file, load_settings
    from warehouse.protection.keys import KeyRing

    settings = load_settings(staged)
    if staged.is_simulated and not os.environ.get("VALUETALK_KEY_FILE"):
        raise session.WrongUse(
            "the key of a simulated home is named after its place; name it in VALUETALK_KEY_FILE"
        )
    return KeyRing.read(key_file(target, settings))
