"""`valuetalk thread`: the whole conversation in which a hit stands."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import exports, selections, session

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def thread(
    thread_id: Annotated[
        int | None, typer.Argument(metavar="[ID]", help="thread_id, as posts have it.")
    ] = None,
    home: session.HomeOption = None,
    *,
    post: Annotated[
        int | None,
        typer.Option(metavar="ID", help="post_id of a post in it, as every line gives it."),
    ] = None,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show a whole conversation in reading order; who wrote is a letter, A for who began.

    Example: valuetalk thread --post 1234
    """
    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    if (thread_id is None) is (post is None):
        raise session.WrongUse("name one conversation, by its thread_id or by --post")
    with selections.asked(home, selections.Selection()) as (corpus, _):
        wanted = corpus.thread_of(post) if post is not None else thread_id
        found = corpus.thread(-1 if wanted is None else wanted)
    if not found.num_rows:
        typer.echo("No released post is in that conversation.", err=True)
    delivery.give(found, what=f"thread {wanted}")
