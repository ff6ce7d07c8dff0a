"""`valuetalk dispersion`: how evenly a word is spread over posts and people."""

from __future__ import annotations

import typer

from flows.commands import exports, selections, session

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def dispersion(
    node: selections.NodeArgument,
    home: session.HomeOption = None,
    *,
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    duplicates: selections.DuplicatesOption = False,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show how evenly a word is spread over posts, threads, communities and people.

    Example: valuetalk dispersion empowerment --corpus carers
    """
    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    chosen = selections.Selection(where=where, saved=saved, duplicates=duplicates)
    with selections.asked(home, chosen, saying="Counting by part") as (corpus, within):
        selections.say_counts(corpus, node, within)
        found = corpus.dispersion(node, within=within)
    delivery.give(found, what=f"dispersion {node}{chosen.described()}")
