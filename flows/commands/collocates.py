"""`valuetalk collocates`: the company that a word keeps."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import exports, selections, session

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def collocates(
    node: selections.NodeArgument,
    home: session.HomeOption = None,
    *,
    span: selections.SpanOption = 5,
    side: selections.SideOption = "both",
    least: selections.LeastOption = 5,
    order: Annotated[
        str,
        typer.Option(metavar="log_dice|mi3|log_likelihood|n_near", help="What comes first."),
    ] = "log_dice",
    most: selections.MostOption = 50,
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    duplicates: selections.DuplicatesOption = False,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show the words that stand near a word more than elsewhere.

    Example: valuetalk collocates value --span 4 --order log_likelihood
    """
    from flows.corpus.company import ALL_SIDES, ASSOCIATIONS

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    chosen = selections.Selection(where=where, saved=saved, duplicates=duplicates)
    by = selections.one_of("--order", order, ASSOCIATIONS)
    on = selections.one_of("--side", side, ALL_SIDES)
    with selections.asked(home, chosen, saying="Counting what is near") as (corpus, within):
        stands = selections.say_counts(corpus, node, within)
        found = corpus.collocates(node, span=span, side=on, least=least, order=by, within=within)
    if stands and not found.num_rows:
        typer.echo(f"No word stands near it {least} times; --least asks for fewer.", err=True)
    delivery.give(found.slice(0, most), what=f"collocates {node}{chosen.described()}")
