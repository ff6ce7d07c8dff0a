"""`valuetalk events`: what happened in the world, to look at series beside."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import output, session

commands = typer.Typer(
    name="events",
    help="What happened in the world, and what moved then.",
    no_args_is_help=True,
    rich_help_panel="Measures",
)
_LISTED = """
SELECT event_id, day, label, url, count(changes.kind) AS n_compared
FROM events LEFT JOIN (
    SELECT * FROM changes WHERE kind = 'event' AND run_id = (
        SELECT arg_max(run_id, started_at) FROM runs WHERE run_id IN (
            SELECT run_id FROM frame_prevalence))
) AS changes ON starts_with(changes.reason, label || ' (' || day || '):')
GROUP BY ALL ORDER BY day, event_id
"""


@commands.command("add")
def add(
    day: Annotated[str, typer.Argument(metavar="DAY", help="When, as 2024-07-04.")],
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What happened; it is public.")],
    home: session.HomeOption = None,
    *,
    url: Annotated[
        str | None, typer.Option(help="A public page about it.", show_default=False)
    ] = None,
) -> None:
    """Enter an event; from the next measuring on, series are compared before and after it.

    Example: valuetalk events add 2024-07-04 "General election"
    """
    from flows.events import add_event
    from warehouse.release.controlled import publish_controlled

    study = session.open_study(home)
    with study.warehouse() as warehouse:
        event = add_event(warehouse, day, label, url=url)
        publish_controlled(warehouse.connection, study.home)
    if event.label != " ".join(label.split()):
        typer.echo("What may name a person was taken out of the label.", err=True)
    typer.echo(
        f"Event {event.event_id}: {event.label} ({event.day}). 'valuetalk prevalence run' compares"
        " shares before and after it, as the next night does."
    )


@commands.command("list")
def list_(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """List events, and how many series were compared before and after each."""
    from flows.released import open_released

    with open_released(session.find_study(home)) as connection:
        rows = connection.execute(_LISTED).to_arrow_table()
    output.print_rows(
        rows.to_pylist(), columns=rows.column_names, form=output.chosen_form(as_json=as_json)
    )
