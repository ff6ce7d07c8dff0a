"""`valuetalk sources`: what the settings name, what of it a night reads, and new entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import output, session

if TYPE_CHECKING:
    from flows.setting_sections import SourceSettings
    from flows.settings import Settings

commands = typer.Typer(
    name="sources",
    help="List, check and add sources.",
    no_args_is_help=True,
    rich_markup_mode=None,
    rich_help_panel="Study",
)


@commands.command(name="list")
def list_sources(
    home: session.HomeOption = None,
    *,
    runnable: Annotated[
        bool, typer.Option("--runnable", help="Only those that a night reads.")
    ] = False,
    as_json: session.JsonOption = False,
) -> None:
    """List the sources, and why a night leaves one out."""
    settings = session.open_study(home).settings
    shown = settings.runnable_sources() if runnable else settings.sources
    held_back = settings.held_back()
    _print([_row(source, held_back) for source in shown], as_json=as_json)


@commands.command(name="check")
def check_sources(
    names: Annotated[
        list[str] | None, typer.Argument(help="Sources; every enabled one if none is named.")
    ] = None,
    home: session.HomeOption = None,
    *,
    as_json: session.JsonOption = False,
) -> None:
    """Check that a night may read these sources; nothing is requested from them."""
    settings = session.open_study(home).settings
    chosen = [settings.source_named(name) for name in names or []] or _enabled(settings)
    rows = [_row(source, settings.held_back()) for source in chosen]
    if not rows:
        raise session.CommandError("no source has enabled = true: nights read nothing yet")
    _print(rows, as_json=as_json)
    missing = [row["source"] for row in rows if not row["read_at_night"]]
    if missing:
        raise session.CommandError(f"a night leaves out {', '.join(map(str, missing))}")


@commands.command(name="new")
def new_source(
    name: Annotated[str, typer.Argument(help="Short name of the source, as in a_forum.")],
    platform: Annotated[str, typer.Option(help="What runs the site, for example wordpress.")],
    url: Annotated[str, typer.Option(help="Address of the site.")],
    home: session.HomeOption = None,
    *,
    ethics_ref: Annotated[
        str | None, typer.Option(help="Reference of the ethics approval that covers it.")
    ] = None,
    organisation: Annotated[
        bool, typer.Option("--organisation", help="It is an organisation's own site.")
    ] = False,
    licence: Annotated[str, typer.Option(help="Licence of its posts.")] = "",
) -> None:
    """Write a new source at the end of valuetalk.toml."""
    from flows.setting_sections import SourceSettings
    from flows.settings import section_from
    from flows.study_file import append_source

    study = session.open_study(home)
    values = {"name": name, "platform": platform, "url": url, "ethics_ref": ethics_ref}
    source = section_from(
        SourceSettings, {**values, "organisation": organisation, "licence": licence}
    )
    settings = append_source(study.home, source, environ=study.environ)
    reason = settings.held_back().get(name)
    typer.echo(f"{name} was written to {study.home.settings_file}.")
    typer.echo(f"No night reads it yet: {reason}." if reason else "The next night reads it.")


def _row(source: SourceSettings, held_back: dict[str, str]) -> dict[str, object]:
    return {
        "source": source.name,
        "platform": source.platform,
        "read_at_night": source.name not in held_back,
        "reason": held_back.get(source.name),
        "ethics_ref": source.ethics_ref,
        "organisation": source.organisation,
        "url": source.url,
        "communities": [community.name for community in source.communities],
        "access": source.access,
        "terms_note": source.terms_note,
        "checked": source.checked,
    }


def _print(rows: list[dict[str, object]], *, as_json: bool) -> None:
    columns = None if as_json else ("source", "platform", "read_at_night", "reason")
    output.print_rows(rows, columns=columns, form=output.chosen_form(as_json=as_json))


def _enabled(settings: Settings) -> list[SourceSettings]:
    return [source for source in settings.sources if source.enabled]
