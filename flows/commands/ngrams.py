"""`valuetalk ngrams`: sequences of words, and the bundles that many people use."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import exports, selections, session

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def ngrams(
    n: Annotated[int, typer.Argument(min=2, max=6, help="Words of a sequence.")] = 4,
    home: session.HomeOption = None,
    *,
    least: Annotated[int, typer.Option(min=1, help="Times that a sequence stands.")] = 20,
    bundles: Annotated[
        bool,
        typer.Option(
            "--bundles",
            help="Only lexical bundles of 3 to N words; pieces of longer ones are merged.",
        ),
    ] = False,
    per_million: Annotated[
        float, typer.Option(min=0, help="With --bundles: times in a million words.")
    ] = 10,
    posts: Annotated[int, typer.Option(min=1, help="With --bundles: posts that have it.")] = 5,
    people: Annotated[int, typer.Option(min=1, help="With --bundles: authors who use it.")] = 5,
    most: selections.MostOption = 50,
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    duplicates: selections.DuplicatesOption = False,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show the most frequent sequences of words, or the lexical bundles among them.

    Example: valuetalk ngrams 5 --bundles --people 10
    """
    from analysis.corpus.bundles import BundleRule

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    chosen = selections.Selection(where=where, saved=saved, duplicates=duplicates)
    rule = BundleRule(per_million=per_million, min_posts=posts, min_authors=people)
    with selections.asked(home, chosen, saying="Counting sequences") as (corpus, within):
        found = (
            corpus.bundles(min(3, n), n, rule=rule, within=within)
            if bundles
            else corpus.ngrams(n, least=least, within=within)
        )
        selections.say_sizes(corpus, within, what="Selection")
    if not found.num_rows:
        lower = "--per-million, --posts or --people" if bundles else "--least"
        typer.echo(f"No sequence is so frequent; a lower {lower} shows rarer ones.", err=True)
    kind = " --bundles" if bundles else ""
    delivery.give(found.slice(0, most), what=f"ngrams {n}{kind}{chosen.described()}")
