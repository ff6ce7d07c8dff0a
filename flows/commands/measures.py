"""`valuetalk topics`, `frames` and `prevalence`: the measures, one at a time."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import output, session, topics_evaluate

if TYPE_CHECKING:
    from flows.night import Night
    from warehouse.gateway import Warehouse

_PANEL = "Measures"
topics = typer.Typer(name="topics", help="Topics that a model finds.", rich_help_panel=_PANEL)
frames = typer.Typer(
    name="frames", help="Frames that the codebook defines.", rich_help_panel=_PANEL
)
prevalence = typer.Typer(
    name="prevalence", help="How much of the talk expresses each frame.", rich_help_panel=_PANEL
)

topics_evaluate.register(topics)


@topics.command("fit")
def fit_topics(
    home: session.HomeOption = None,
    *,
    k: Annotated[int, typer.Option("--k", min=2, help="How many topics.")] = 20,
) -> None:
    """Fit a new topic model to the counted posts, and publish its topics to researchers."""
    from flows.topic_stage import run_topics

    _run(home, lambda warehouse, night: run_topics(warehouse, night, n_topics=k))


@topics.command("update")
def update_topics(home: session.HomeOption = None) -> None:
    """Apply the model in use to all counted posts; fit one where there is none."""
    from flows.topic_stage import run_topics

    _run(home, run_topics)


@topics.command("list")
def list_topics(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """List the topics in use: label, terms, posts, coherence."""
    from flows.released import open_released

    with open_released(session.find_study(home)) as connection:
        found = connection.execute(
            "SELECT topic_id, label, array_to_string(terms, ' ') AS terms, n_posts,"
            " round(coherence, 3) AS coherence FROM topics WHERE retired_on IS NULL"
            " ORDER BY topic_id",
        ).to_arrow_table()
    output.print_rows(found.to_pylist(), form=output.chosen_form(as_json=as_json))


@frames.command("score")
def score_frames(home: session.HomeOption = None) -> None:
    """Train on the coded train pool where it has grown, and score every counted post."""
    from flows.frame_stage import run_frames

    _run(home, run_frames)


@prevalence.command("run")
def run_prevalence(home: session.HomeOption = None) -> None:
    """Estimate the prevalence of every frame by community and period."""
    from flows.prevalence_stage import run_prevalence as run

    _run(home, run)


def _run(home: Path | None, stage: Callable[[Warehouse, Night], str]) -> None:
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
