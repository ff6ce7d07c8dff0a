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
    publish: Annotated[
        bool, typer.Option("--publish", help="Publish both releases anew, without what went.")
    ] = False,
    as_json: session.JsonOption = False,
) -> None:
    """Erase a post, a thread or an author for good; without any, erase what waits for it.

    A dash instead of a value reads it from standard input. Whom exports were given to that may hold
    what was erased is listed, so that they can be told.
    """
    from flows import stages
    from flows.night import open_warehouse, prepare_night
    from flows.publish_stage import publish as publish_releases

    night = prepare_night(session.find_study(home).root, flow="erase")
    given = {"post": post, "thread": thread, "author": author}
    named = optout.chosen_one(given) if any(v is not None for v in given.values()) else None
    with open_warehouse(night) as warehouse:
        withdrawn = _forget(night, warehouse, *named, platform, source) if named else 0
        exports = warehouse.exports_concerned()
        erased = stages.erase(warehouse, night)
        if publish:
            publish_releases(warehouse, night)
    if as_json:
        counts = {"withdrawn": withdrawn, "erased": erased, "published": publish}
        output.print_json({**counts, "exports": output.plain_exports(exports)})
        return
    typer.echo(
        f"{erased} posts were erased from rows, segments and files. "
        + ("Both releases were published anew." if publish else "The next night publishes anew.")
    )
    output.print_exports(exports)


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
    if kind == "author":
        keys = people.author_keys(settings, night.keys, value, platform=platform, source=source)
        return sum(warehouse.forget("author", key) for key in keys)
    if kind == "post":
        found = people.posts_of(warehouse, value, source=source)
        return sum(warehouse.forget("post", one.source, one.native_id) for one in found)
    found = people.threads_of(warehouse, value, source=source)
    return sum(warehouse.forget("thread", one.source, one.native_id) for one in found)
