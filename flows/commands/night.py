"""`valuetalk nightly`, `recheck`, `backfill`, `harvest` and `schedule`: the night and its parts."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from flows.commands import session

if TYPE_CHECKING:
    from flows.summary import NightSummary

commands = typer.Typer()
_PANEL = "Night"


@commands.command(rich_help_panel=_PANEL)
def nightly(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """Harvest, recheck, load, erase, index, measure and publish, once."""
    _finish(_run("nightly", home), as_json=as_json)


@commands.command(rich_help_panel=_PANEL)
def recheck(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """Read known posts again for edits and deletions, then everything after a harvest."""
    _finish(_run("recheck", home), as_json=as_json)


@commands.command(rich_help_panel=_PANEL)
def backfill(
    source: Annotated[str, typer.Argument(help="Name of the source in valuetalk.toml.")],
    since: Annotated[str, typer.Option(help="Day from which to read again, as 2024-01-31.")],
    home: session.HomeOption = None,
    *,
    as_json: session.JsonOption = False,
) -> None:
    """Harvest one source again from a day on, behind its cursor."""
    from datetime import UTC, date, datetime, time

    try:
        start = datetime.combine(date.fromisoformat(since), time(), UTC)
    except ValueError:
        raise session.WrongUse(f"--since {since} is not a day: write it as 2024-01-31") from None
    _finish(_run("backfill", home, source=source, since=start), as_json=as_json)


@commands.command(rich_help_panel=_PANEL)
def harvest(
    source: Annotated[str | None, typer.Argument(help="Only this source.")] = None,
    home: session.HomeOption = None,
    *,
    as_json: session.JsonOption = False,
) -> None:
    """Harvest and load without Prefect, analysis or publishing."""
    from flows import stages
    from flows.night import open_warehouse, prepare_night
    from flows.summary import NightSummary

    night = prepare_night(session.find_home(home).root, flow="harvest")
    every = night.settings.runnable_sources()
    chosen = every if source is None else (night.settings.runnable_source(source),)
    reports = [report for one in chosen for report in stages.harvest_source(night, one)]
    with open_warehouse(night) as warehouse:
        warehouse.start_run(night.run)
        load = stages.load_landed(warehouse, night)
        indexed = stages.index(warehouse)
        summary = NightSummary(
            run_id=night.run.run_id,
            reports=tuple(reports),
            load=load,
            indexed=indexed.posts,
            copies=indexed.copies,
        )
        warehouse.finish_run(night.run.run_id, status=summary.status, error=summary.error)
    _finish(summary, as_json=as_json)


@commands.command(rich_help_panel=_PANEL)
def schedule(home: session.HomeOption = None) -> None:
    """Deploy the night to your Prefect server: 02:00 Europe/London, one at a time."""
    from flows.engine import deploy

    typer.echo(deploy(session.open_study(home).home))


def _run(flow: str, home: Path | None, **parameters: Any) -> NightSummary:
    import os

    from flows import engine

    study = session.open_study(home)
    engine.settle_environment(os.environ)
    return engine.run_entrypoint(flow, home=str(study.home.root), **parameters)


def _finish(summary: NightSummary, *, as_json: bool) -> None:
    from dataclasses import asdict

    from flows.commands import output

    if as_json:
        output.print_json(asdict(summary) | {"status": summary.status})
    else:
        typer.echo(summary.markdown())
    if summary.status == "failed":
        raise session.CommandError(summary.error or "the night failed: see 'valuetalk status'")
    if summary.status == "partial":
        raise session.PartlyDone(f"the night is partial: {summary.error or 'see valuetalk status'}")
