"""`valuetalk keyness`: the words that tell one selection of posts from another."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import exports, selections, session

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def keyness(
    home: session.HomeOption = None,
    *,
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    against: Annotated[
        str | None,
        typer.Option(metavar="NAME", help="Compare with this saved sub-corpus, not with the rest."),
    ] = None,
    against_where: Annotated[
        str, typer.Option(metavar="SQL", help="The same by a condition.", show_default=False)
    ] = "",
    duplicates: selections.DuplicatesOption = False,
    side: Annotated[
        str,
        typer.Option(metavar="target|reference|both", help="Whose words: used more by which side."),
    ] = "target",
    order: Annotated[
        str, typer.Option(metavar="log_likelihood|log_ratio|z", help="What comes first.")
    ] = "log_likelihood",
    least: Annotated[int, typer.Option(min=1, help="Times that a word stands in both sides.")] = 5,
    most: selections.MostOption = 50,
    draws: Annotated[
        int, typer.Option(min=0, help="Draws of the bootstrap; 0 for bounds in closed form.")
    ] = 999,
    seed: selections.SeedOption = 0,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show the words that a selection of posts uses more than another, or than the rest.

    Example: valuetalk keyness --where "role = 'carers'" --against-where "role = 'service_users'"
    """
    from analysis.corpus.resampling import MIN_DRAWS
    from flows.corpus.contrast import ORDERS, SIDES
    from flows.corpus.selecting import narrowed

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    chosen = selections.Selection(where=where, saved=saved, duplicates=duplicates)
    other = selections.Selection(where=against_where, saved=against, duplicates=duplicates)
    if not chosen.described().removesuffix(" --duplicates"):
        raise session.WrongUse("say with --where or --corpus whose words are wanted")
    if 0 < draws < MIN_DRAWS:
        raise session.WrongUse(
            f"--draws {draws} are too few for bounds: give {MIN_DRAWS} or more, or 0 for bounds in"
            " closed form"
        )
    by = selections.one_of("--order", order, ORDERS)
    of = selections.one_of("--side", side, SIDES)
    with selections.asked(home, chosen, saying="Comparing both sides") as (corpus, target):
        rest_of = corpus.population(duplicates=duplicates)
        reference = (
            corpus.population(other.where, saved=other.saved) if against or other.where else None
        )
        found = corpus.keyness(
            target,
            reference,
            within=rest_of,
            least=least,
            words=most,
            order=by,
            side=of,
            draws=draws,
            seed=seed,
        )
        rest = narrowed(rest_of, f"(\n{target.where}\n) IS NOT TRUE")
        selections.say_sizes(corpus, target, what="Target")
        selections.say_sizes(corpus, reference or rest, what="Reference" if reference else "Rest")
    if not found.num_rows:
        typer.echo(f"No word that stands {least} times is used more there.", err=True)
    against_said = f" --against{other.described()}" if reference else ""
    delivery.give(
        found,
        what=f"keyness{chosen.described()}{against_said}",
        shown=(
            *("word", "n_target", "n_reference", "log_ratio", "lower", "upper", "q_clustered"),
            *("n_posts_target", "n_posts_reference", "log_likelihood", "z"),
        ),
    )
