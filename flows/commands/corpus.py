"""`valuetalk index`: the token index of the corpus."""

from __future__ import annotations

import typer

from flows.commands import output, session

commands = typer.Typer()
_PANEL = "Corpus"


@commands.command(rich_help_panel=_PANEL)
def index(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """Index the own words of posts that are new or were edited, and find copies among them."""
    from dataclasses import asdict

    from flows import stages

    with session.open_study(home).warehouse() as warehouse:
        counts = asdict(stages.index(warehouse))
    output.print_rows([counts], form=output.chosen_form(as_json=as_json))
