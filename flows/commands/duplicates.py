"""`valuetalk corpus duplicates`: the texts that were posted again and again."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import exports, selections, session

commands = typer.Typer()


@commands.command("duplicates")
def duplicates(
    home: session.HomeOption = None,
    *,
    by: Annotated[
        str,
        typer.Option(
            metavar="posts|authors|communities|sources|hours|verbatim",
            help="Which families come first: the largest, or those posted in the fewest hours.",
        ),
    ] = "posts",
    least: Annotated[int, typer.Option(min=2, help="Posts that a family needs.")] = 2,
    most: selections.MostOption = 20,
    to: exports.ToOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show families of near-duplicates in counts: posts, authors, communities, hours.

    Example: valuetalk corpus duplicates --by authors --least 5
    """
    from warehouse.corpus.copies import ORDERS, copy_counts

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=None)
    order = selections.one_of("--by", by, ORDERS)
    with selections.asked(home, selections.Selection(), saying="Counting") as (corpus, _):
        counts = copy_counts(corpus.connection)
        found = corpus.duplicates(by=order, least=least, most=most)
    typer.echo(
        f"Copies of earlier posts: {counts.copies:,}, in {counts.families:,} families,"
        f" {counts.families - counts.shown:,} of them of one author and not shown.",
        err=True,
    )
    delivery.give(
        found,
        what=f"corpus duplicates --by {by} --least {least} --most {most}",
        shown=(
            *("original", "n_posts", "n_authors", "n_communities", "span_hours"),
            *("share_verbatim", "n_words", "n_sources", "first_at", "last_at"),
        ),
    )
