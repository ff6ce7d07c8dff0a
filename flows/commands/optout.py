"""`valuetalk optout`: people, threads, hosts and phrases that are to be read no more."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import output, session

if TYPE_CHECKING:
    from flows.commands.session import Study
    from warehouse.gateway import Warehouse

commands = typer.Typer(
    name="optout",
    help="Honour opt-outs: refuse what is named from now on, and take out what is held of it.",
    no_args_is_help=True,
    rich_markup_mode=None,
    rich_help_panel="People",
)

SourceOption = Annotated[
    str | None, typer.Option(help="The source where the account, thread or post is.")
]
PlatformOption = Annotated[
    str | None, typer.Option(help="Where the account is: every source of this platform.")
]


@commands.command(name="add")
def add_optout(
    home: session.HomeOption = None,
    *,
    author: Annotated[
        str | None, typer.Option(help="Handle of an account, as people write it.")
    ] = None,
    thread: Annotated[
        str | None, typer.Option(help="Address of a thread, or its native id with --source.")
    ] = None,
    host: Annotated[str | None, typer.Option(help="Host, such as forum.example.")] = None,
    phrase: Annotated[
        str | None, typer.Option(help="Words; posts that contain them in this order go.")
    ] = None,
    platform: PlatformOption = None,
    source: SourceOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Refuse an author, a thread, a host or a phrase from now on, and withdraw what is held.

    A dash instead of a value reads it from standard input, where no shell remembers it. Bytes go
    with the next erase stage; 'valuetalk erase' runs it at once.
    """
    given = {"author": author, "thread": thread, "host": host, "phrase": phrase}
    kind, value = chosen_one(given)
    study = session.open_study(home)
    with study.warehouse() as warehouse:
        withdrawn = _opt_out(
            study, warehouse, kind=kind, value=value, platform=platform, source=source
        )
        exports = warehouse.exports_concerned()
    if as_json:
        output.print_json({"withdrawn": withdrawn, "exports": output.plain_exports(exports)})
        return
    typer.echo(
        f"Recorded. {withdrawn} posts were withdrawn; 'valuetalk erase' removes their bytes now, "
        "else the next night does."
    )
    output.print_exports(exports)


@commands.command(name="list")
def list_optouts(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """List how many opt-outs of each kind there are and when they came; never of what."""
    from warehouse.protection.erasure_list import ListFile, list_file

    rows = ListFile.read(list_file(session.find_study(home).state, "optouts")).rows
    dates: dict[str, list[str]] = {}
    for _, kind, recorded_at, _ in rows:
        dates.setdefault(kind, []).append(recorded_at.date().isoformat())
    table = [
        {"kind": kind, "entries": len(days), "first": min(days), "last": max(days)}
        for kind, days in sorted(dates.items())
    ]
    columns = ("kind", "entries", "first", "last")
    output.print_rows(table, columns=columns, form=output.chosen_form(as_json=as_json))


def chosen_one(given: dict[str, str | None]) -> tuple[str, str]:
    """Return the one option that was given, read from standard input where it is a dash."""
    chosen = [(kind, value) for kind, value in given.items() if value is not None]
    if len(chosen) != 1:
        raise session.WrongUse(f"give one of {', '.join(f'--{kind}' for kind in given)}")
    kind, value = chosen[0]
    return kind, sys.stdin.read().strip() if value == "-" else value


def _opt_out(
    study: Study,
    warehouse: Warehouse,
    *,
    kind: str,
    value: str,
    platform: str | None,
    source: str | None,
) -> int:
    from flows import people

    if kind == "author":
        keys = people.author_keys(
            study.settings, warehouse.keys, value, platform=platform, source=source
        )
        return sum(warehouse.forget("author", key, register="optouts") for key in keys)
    if kind == "thread":
        if source is not None:
            study.settings.source_named(source)
        places = people.threads_of(warehouse, value, source=source)
        return sum(
            warehouse.forget("thread", place.source, place.native_id, register="optouts")
            for place in places
        )
    if kind == "phrase":
        return warehouse.forget("phrase", people.checked_phrase(value), register="optouts")
    named = people.checked_host(value)
    withdrawn = warehouse.forget("host", named, register="optouts")
    on_it = people.sources_on(study.settings, named)
    return withdrawn + sum(warehouse.forget_source(source) for source in on_it)
