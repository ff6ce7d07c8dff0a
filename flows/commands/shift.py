"""`valuetalk shift`: which words come to a word, or leave it, in the course of time."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import exports, selections, session

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def shift(
    node: selections.NodeArgument,
    earlier: Annotated[
        str, typer.Argument(help="Earlier time: 2019, 2019-03, a day, or two of them as A..B.")
    ],
    later: Annotated[str, typer.Argument(help="Later time, written alike.")],
    home: session.HomeOption = None,
    *,
    span: selections.SpanOption = 5,
    side: selections.SideOption = "both",
    least: selections.LeastOption = 5,
    most: selections.MostOption = 50,
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    duplicates: selections.DuplicatesOption = False,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show which words come to a word, or leave it, from one time to another.

    Example: valuetalk shift recovery 2012..2014 2018..2020
    """
    from flows.corpus import company
    from flows.corpus.days import days_of

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    chosen = selections.Selection(where=where, saved=saved, duplicates=duplicates)
    on = selections.one_of("--side", side, company.ALL_SIDES)
    times = days_of(earlier), days_of(later)
    company.times(*times)
    with selections.asked(home, chosen, saying="Comparing both times") as (corpus, within):
        stands = selections.say_counts(corpus, node, within)
        found = corpus.shift(node, *times, span=span, side=on, least=least, within=within)
    if stands and not found.num_rows:
        typer.echo(
            f"No word stands near it {least} times in these times; --least asks for fewer.",
            err=True,
        )
    delivery.give(
        found.slice(0, most),
        what=f"shift {node} {earlier} {later}{chosen.described()}",
        shown=(
            *("word", "n_near_earlier", "n_near_later", "log_ratio", "lower", "upper", "q_value"),
            *("n_posts_earlier", "n_posts_later", "log_dice_change"),
        ),
    )
