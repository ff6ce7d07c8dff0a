"""`valuetalk demo`: the whole way of the data on simulated communities."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import output, session

if TYPE_CHECKING:
    from flows.demo_summary import DemoSummary

commands = typer.Typer()
_DEFAULT_HOME = Path("valuetalk-demo")


@commands.command(rich_help_panel="Study")
def demo(
    home: Annotated[
        Path,
        typer.Option("--home", metavar="DIR", help="Folder of the simulated study; made afresh."),
    ] = _DEFAULT_HOME,
    *,
    as_json: session.JsonOption = False,
) -> None:
    """Harvest and measure simulated communities for 60 nights, and publish."""
    import os

    from rich.console import Console

    from flows import engine
    from flows.demo import run_demo
    from flows.demo_summary import summarise

    engine.settle_environment(os.environ)
    console = Console(stderr=as_json)
    outcome = run_demo(home, console)
    summary = summarise(outcome)
    if as_json:
        output.print_json(summary.as_record())
    else:
        _show(summary, console)
    if outcome.last_night.status != "complete":
        raise session.PartlyDone(f"the last night is partial: {outcome.last_night.error}")


def _show(summary: DemoSummary, console: object) -> None:
    del console
    output.print_rows(summary.sources, form="table", title="Posts harvested, by community")
    output.print_rows(summary.frames, form="table", title=summary.frames_title)
    output.print_rows(summary.planted, form="table", title="Planted, and what was measured")
    for line in summary.lines:
        typer.echo(line)
