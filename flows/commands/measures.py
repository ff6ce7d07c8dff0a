"""`valuetalk prevalence`, and how one stage of measuring runs by itself."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import session

if TYPE_CHECKING:
    from flows.night import Night
    from warehouse.gateway import Warehouse

_PANEL = "Measures"
prevalence = typer.Typer(
    name="prevalence", help="How much of the talk expresses each frame.", rich_help_panel=_PANEL
)


@prevalence.command("run")
def run_prevalence(home: session.HomeOption = None) -> None:
    """Estimate the prevalence of every frame by community and period."""
    from flows.prevalence_stage import run_prevalence as run

    run_stage(home, run)


@prevalence.command("plan")
def plan(
    home: session.HomeOption = None,
    *,
    width: Annotated[
        float, typer.Option("--width", help="Wanted width of an interval, as a share.")
    ] = 0.1,
    as_json: session.JsonOption = False,
) -> None:
    """Say how many more codings each frame and community needs."""
    from flows.commands import output
    from flows.night import open_warehouse, prepare_night
    from flows.prevalence_plan import plan_rows

    night = prepare_night(session.open_study(home).home.root, flow="plan")
    with open_warehouse(night) as warehouse:
        rows = plan_rows(warehouse, night, wanted_width=width)
    output.print_rows(rows, form=output.chosen_form(as_json=as_json))


def run_stage(home: Path | None, stage: Callable[[Warehouse, Night], str]) -> None:
    """Run one stage as a run of its own, and renew the researchers' release."""
    from flows.night import open_warehouse, prepare_night
    from warehouse.release.controlled import publish_controlled

    night = prepare_night(session.open_study(home).home.root, flow="measure")
    with open_warehouse(night) as warehouse:
        warehouse.start_run(night.run)
        said = stage(warehouse, night)
        warehouse.finish_run(night.run.run_id, status="complete")
        publish_controlled(warehouse.connection, night.home)
    typer.echo(said)
