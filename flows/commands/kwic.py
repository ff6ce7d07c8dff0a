"""`valuetalk kwic`: a word or a query in its context, from the controlled release."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import exports, selections, session

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def kwic(
    node: selections.NodeArgument,
    home: session.HomeOption = None,
    *,
    width: selections.WidthOption = 8,
    lines: selections.LinesOption = 100,
    posts: Annotated[
        int, typer.Option(min=0, help="Whole posts, drawn at random, in place of lines.")
    ] = 0,
    seed: selections.SeedOption = 0,
    sort: Annotated[
        str, typer.Option(help="place, time, random, or words beside the node such as 1R,2R,1L.")
    ] = "place",
    spread: Annotated[
        str | None,
        typer.Option(
            metavar="week|month|year",
            help="Deal the lines over communities and periods of this length.",
        ),
    ] = None,
    source: Annotated[str | None, typer.Option(help="Only posts of this source.")] = None,
    community: Annotated[str | None, typer.Option(help="Only posts of this community.")] = None,
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    duplicates: selections.DuplicatesOption = False,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show a word in its context (keyword in context).

    Example: valuetalk kwic recovery --sort 1R --where "role = 'carers'"
    """
    from flows.corpus.timeline import BINS
    from warehouse.corpus.concordance import check_sort
    from warehouse.corpus.population import equal_to

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    only = equal_to(source=source, community=community)
    both = " AND ".join(f"({each})" for each in (only, where) if each.strip())
    chosen = selections.Selection(where=both, saved=saved, duplicates=duplicates)
    if posts and spread is not None:
        raise session.WrongUse("--posts draws whole posts, and --spread lines: leave one out")
    over = None if spread is None else selections.one_of("--spread", spread, BINS)
    with selections.asked(home, chosen, saying="Looking for it") as (corpus, within):
        check_sort(sort)
        selections.say_counts(corpus, node, within)
        found = (
            corpus.sample(node, posts=posts, seed=seed, within=within)
            if posts
            else corpus.kwic(
                node,
                width=width,
                lines=lines,
                seed=seed,
                sort=sort,
                spread=over,
                within=within,
            )
        )
    delivery.give(found, what=f"kwic {node}{chosen.described()}")
