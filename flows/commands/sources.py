"""`valuetalk sources`: what the settings name, what of it a night reads, and new entries."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import output, probes, session

if TYPE_CHECKING:
    from flows.setting_sections import SourceSettings
    from flows.settings import Settings

CommunityOption = Annotated[
    str | None, typer.Option(help="What to read of the site: a tag, a board, a list, a subreddit.")
]
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
    which: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|URL]...",
            help="Sources of valuetalk.toml, or addresses that none names yet; without any, the "
            "settings alone are checked and nothing is requested.",
        ),
    ] = None,
    home: session.HomeOption = None,
    *,
    community: CommunityOption = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Check the settings alone; request nothing.")
    ] = False,
    as_json: session.JsonOption = False,
) -> None:
    """Check sources: what runs the site, what it allows, what is understood of it.

    An address is looked at politely: its page, its robots.txt, one board and one thread. What is
    understood is told in counts. A forum whose profile nobody tested is to be confirmed by you.
    """
    study = session.open_study(home)
    addresses = [one for one in which or [] if "://" in one]
    names = [one for one in which or [] if "://" not in one]
    if addresses and offline:
        raise session.WrongUse("an address cannot be checked with --offline: leave one of them out")
    reports = [probes.check_address(study, url, community=community) for url in addresses]
    if names or not addresses:
        settings = study.settings
        chosen = [settings.source_named(name) for name in names] or _enabled(settings)
        if not chosen:
            raise session.CommandError("no source has enabled = true: nights read nothing yet")
        look = bool(names) and not offline
        reports += [
            probes.check_source(study, source, look=look, ask=not as_json) for source in chosen
        ]
    probes.print_reports(reports, as_json=as_json)
    if unsound := [report["source"] for report in reports if report["problem"]]:
        raise session.CommandError(f"no night can read {', '.join(map(str, unsound))} as it is")


@commands.command(name="new")
def new_source(
    url: Annotated[str, typer.Argument(help="Address of the site, or of its board or feed.")],
    home: session.HomeOption = None,
    *,
    name: Annotated[
        str | None, typer.Option(help="Short name, as in a_forum; else made from the address.")
    ] = None,
    platform: Annotated[
        str | None, typer.Option(help="What runs the site; else the site is looked at.")
    ] = None,
    community: CommunityOption = None,
    ethics_ref: Annotated[
        str | None, typer.Option(help="Reference of the ethics approval that covers it.")
    ] = None,
    organisation: Annotated[
        bool, typer.Option("--organisation", help="It is an organisation's own site.")
    ] = False,
    licence: Annotated[str, typer.Option(help="Licence of its posts.")] = "",
) -> None:
    """Write a source at the end of valuetalk.toml, after a look at its site."""
    from flows.study_file import append_source

    study = session.open_study(home)
    source = probes.entry_for(
        study,
        url,
        name=name,
        platform=platform,
        community=community,
        stated={"ethics_ref": ethics_ref, "organisation": organisation, "licence": licence},
    )
    settings = append_source(study.home, source, environ=study.environ)
    reason = settings.held_back().get(source.name)
    typer.echo(f"{source.name} was written to {study.home.settings_file} as {source.platform}.")
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
