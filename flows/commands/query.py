"""`valuetalk query`: sequences of words, from the controlled release."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import exports, selections, session

if TYPE_CHECKING:
    from flows.corpus.queries import QueryLines

commands = typer.Typer()


@commands.command(rich_help_panel=selections.PANEL)
def query(
    query: Annotated[
        str,
        typer.Argument(
            help='A pattern such as \'[word="co-?produc.*"] []{0,3} "value"\', or plain words.'
        ),
    ],
    home: session.HomeOption = None,
    *,
    strategy: Annotated[
        str,
        typer.Option(
            metavar="standard|shortest|longest|traditional",
            help="Which of several matches at one place count.",
        ),
    ] = "standard",
    width: selections.WidthOption = 8,
    lines: selections.LinesOption = 100,
    seed: selections.SeedOption = 0,
    sort: Annotated[
        str, typer.Option(help="place, time, random, or words beside the match such as 1R,2R,1L.")
    ] = "place",
    where: selections.WhereOption = "",
    saved: selections.SavedOption = None,
    duplicates: selections.DuplicatesOption = False,
    show_sql: Annotated[
        bool, typer.Option("--sql", help="Print the SQL that finds all matches; run nothing.")
    ] = False,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show where a sequence of words stands, with gaps and alternatives, in its context.

    Example: valuetalk query '"value" []{0,3} "money|care"' --sort 1L
    """
    from typing import get_args

    from flows.corpus.queries import query_lines
    from warehouse.corpus import cql

    delivery = selections.Delivery(home=home, as_json=as_json, to=to, names=names)
    chosen = selections.Selection(where=where, saved=saved, duplicates=duplicates)
    rule = selections.one_of("--strategy", strategy, get_args(cql.Strategy))
    with selections.asked(home, chosen, saying="Looking for it") as (corpus, within):
        if show_sql:
            sql = cql.compile_query(corpus.connection, query, population=within, strategy=rule)
            typer.echo(sql)
            return
        found = query_lines(
            corpus.connection,
            query,
            within,
            strategy=rule,
            width=width,
            lines=lines,
            seed=seed,
            sort=sort,
        )
        nowhere = [] if found.with_duplicates.hits else cql.absent(corpus.connection, query)
    typer.echo(_counts_of(found, nowhere), err=True)
    if cql.parse(query).capped:
        typer.echo(
            f"*, + and {{n,}} repeat a word up to {cql.MOST_WORDS} times, a group up to"
            f" {cql.MOST_GROUPS} times.",
            err=True,
        )
    delivery.give(found.lines, what=f"query {query}{chosen.described()}")


def _counts_of(found: QueryLines, nowhere: list[str]) -> str:
    once, every = found.counts, found.with_duplicates
    if not every.hits:
        lacking = f", and none at all has {' or '.join(nowhere)}" if nowhere else ""
        return f"No released post of this selection has a match of that query{lacking}."
    return (
        f"{once.hits:,} hits in {once.posts:,} posts, each text once;"
        f" {every.hits:,} in {every.posts:,} with duplicates."
    )
