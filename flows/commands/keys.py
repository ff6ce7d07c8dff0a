"""`valuetalk keys`: rotate the author key, or destroy the keys and close the study."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import session

commands = typer.Typer(
    name="keys",
    help="Rotate or destroy the study's pseudonym keys.",
    no_args_is_help=True,
    rich_markup_mode=None,
    rich_help_panel="People",
)


@commands.command(name="rotate")
def rotate(home: session.HomeOption = None) -> None:
    """Give every author another pseudonym, everywhere; nobody is erased, nothing is an edit.

    A run that is ended on the way is gone on with by the next command that opens the study.
    """
    from flows.settings import key_file
    from warehouse.release.controlled import DATABASE, publish_controlled

    study = session.open_study(home)
    place = key_file(study.home, study.settings, study.environ)
    with study.warehouse() as warehouse:
        counts = warehouse.rotate_keys(place)
        if (study.home.controlled / DATABASE).is_file():
            publish_controlled(warehouse.connection, study.home)
        links = warehouse.keys.links
    typer.echo(
        f"The author key has {links} links; {counts.authors} pseudonyms and {counts.texts} texts "
        f"were brought forward. Copy {place} to where you keep its copy: the old copy is too old."
    )


@commands.command(name="destroy")
def destroy(
    home: session.HomeOption = None,
    *,
    yes: Annotated[
        str | None, typer.Option("--yes", metavar="NAME", help="The study's name, to confirm.")
    ] = None,
) -> None:
    """Overwrite the keys and close the study for good: nothing is harvested or loaded any more."""
    from flows.settings import key_file
    from warehouse.protection.keys import destroy as destroy_keys

    study = session.open_study(home)
    name = study.settings.study.name
    if yes is None:
        yes = typer.prompt(f"This cannot be undone. Type the study's name ({name}) to destroy it")
    if yes.strip() != name:
        raise session.WrongUse(f"nothing was destroyed: confirm with the study's name, '{name}'")
    place = key_file(study.home, study.settings, study.environ)
    with study.warehouse():  # nobody else may be writing with these keys
        destroy_keys(place)
    typer.echo(
        f"The keys at {place} are destroyed and the study is closed. Destroy every copy of that "
        "file too: no tool can know where they are."
    )
