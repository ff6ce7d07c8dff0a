"""`valuetalk erase`: take posts out to the bytes, now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import optout, output, session

if TYPE_CHECKING:
    from flows.night import Night
    from warehouse.gateway import Warehouse

commands = typer.Typer()


@commands.command(rich_help_panel="People")
def erase(
    home: session.HomeOption = None,
    *,
    post: Annotated[
        str | None, typer.Option(help="Address of a post, or its native id with --source.")
    ] = None,
    thread: Annotated[
        str | None, typer.Option(help="Address of a thread, or its native id with --source.")
    ] = None,
    author: Annotated[
        str | None, typer.Option(help="Handle of an account, as people write it.")
    ] = None,
    platform: optout.PlatformOption = None,
    source: optout.SourceOption = None,
    whole_source: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="A whole source; asks for its name again, or --yes."),
    ] = None,
    yes: Annotated[
        str | None, typer.Option(metavar="NAME", help="The source's name again, without asking.")
    ] = None,
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish the public release anew, too.")
    ] = False,
    as_json: session.JsonOption = False,
) -> None:
    """Erase a post, a thread, an author or a source for good; without any, what waits for it.

    A dash instead of a value reads it from standard input. The researchers' release is renewed at
    once. Whom exports were given to that may hold what was erased is listed, so that they can be
    told.
    """
    from flows import stages
    from flows.night import open_warehouse, prepare_night

    night = prepare_night(session.find_study(home).root, flow="erase")
    given = {"post": post, "thread": thread, "author": author, "whole-source": whole_source}
    named = optout.chosen_one(given) if any(v is not None for v in given.values()) else None
    if whole_source is not None:
        _confirm(whole_source, yes)
    with open_warehouse(night) as warehouse:
        withdrawn = _forget(night, warehouse, *named, platform, source) if named else 0
        exports = warehouse.exports_concerned()
        erased = stages.erase(warehouse, night)
        _renew(warehouse, night, publish=publish)
    if as_json:
        counts = {"withdrawn": withdrawn, "erased": erased, "published": publish}
        output.print_json({**counts, "exports": output.plain_exports(exports)})
        return
    typer.echo(
        f"{erased} posts were erased from rows, segments and files, and from the researchers' "
        "release. "
        + ("The public one was published anew." if publish else "The next night publishes anew.")
    )
    output.print_exports(exports)


def _renew(warehouse: Warehouse, night: Night, *, publish: bool) -> None:
    """Publish the releases without what went; one that cannot be made anew is withdrawn."""
    from flows import stages
    from flows.publish_stage import publish as publish_releases
    from warehouse.release.controlled import publish_controlled
    from warehouse.release.swap import withdraw_folder

    try:
        stages.index(warehouse)
        if publish:
            publish_releases(warehouse, night)
        elif (night.home.controlled / "discourse.duckdb").exists():
            publish_controlled(warehouse.connection, night.home)
    except BaseException:
        withdraw_folder(night.home.controlled)
        raise


def _confirm(source: str, yes: str | None) -> None:
    typed = yes if yes is not None else typer.prompt(f"Type {source} to erase all of it")
    if typed != source:
        raise session.WrongUse(f"{typed!r} is not {source!r}; nothing was erased")


def _forget(
    night: Night,
    warehouse: Warehouse,
    kind: str,
    value: str,
    platform: str | None,
    source: str | None,
) -> int:
    from flows import people

    settings = night.settings
    if source is not None:
        settings.source_named(source)
    if kind == "whole-source":
        return warehouse.forget("source", people.held_source(warehouse, value))
    if kind == "author":
        keys = people.author_keys(settings, night.keys, value, platform=platform, source=source)
        return sum(warehouse.forget("author", key) for key in keys)
    if kind == "post":
        found = people.posts_of(warehouse, value, source=source)
        return sum(warehouse.forget("post", one.source, one.native_id) for one in found)
    found = people.threads_of(warehouse, value, source=source)
    return sum(warehouse.forget("thread", one.source, one.native_id) for one in found)
