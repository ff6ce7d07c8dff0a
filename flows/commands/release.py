"""`valuetalk release`: look whether the releases are what was published."""

from __future__ import annotations

from dataclasses import asdict

import typer

from flows.commands import output, session

commands = typer.Typer(
    name="release",
    help="Releases: what named researchers get, and what is public.",
    no_args_is_help=True,
    rich_markup_mode=None,
    rich_help_panel="Results",
)


@commands.callback()
def _releases() -> None:
    """Keep `verify` a command of the group while it is the only one."""


@commands.command(name="verify")
def verify(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """Read every byte and every column of both releases, and compare them with their manifests."""
    from warehouse.release.verifying import verify_releases

    study = session.find_study(home)
    verified = verify_releases(study)
    if not verified:
        raise session.CommandError(
            f"there is no release under {study.root} yet; 'valuetalk nightly' publishes"
        )
    for name in sorted({"controlled", "public"} - {one.release for one in verified}):
        typer.echo(f"There is no {name} release here; 'valuetalk nightly' publishes it.", err=True)
    if as_json:
        output.print_json([asdict(one) for one in verified])
    else:
        rows = [
            {
                "release": one.release,
                "files": one.files,
                "tables": one.tables,
                "rows": one.rows,
                "differences": len(one.wrong),
            }
            for one in verified
        ]
        output.print_rows(rows)
    wrong = [f"{one.release} release: {what}" for one in verified for what in one.wrong]
    if wrong:
        more = f" (and {len(wrong) - 1} more differences)" if len(wrong) > 1 else ""
        raise session.CommandError(
            f"{wrong[0]}{more}; publish it again with 'valuetalk erase --publish'"
        )
