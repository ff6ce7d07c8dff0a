"""`valuetalk kwic`: a word in its context, from the controlled release."""

from __future__ import annotations

from typing import Annotated

import typer

from flows.commands import exports, output, session

commands = typer.Typer()
_PANEL = "Corpus"


@commands.command(rich_help_panel=_PANEL)
def kwic(
    word: Annotated[str, typer.Argument(help="The word to look for.")],
    home: session.HomeOption = None,
    *,
    width: Annotated[int, typer.Option(min=1, help="Words of context on each side.")] = 8,
    lines: Annotated[int, typer.Option(min=1, help="Most lines, drawn at random.")] = 100,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the draw.")] = 0,
    source: Annotated[str | None, typer.Option(help="Only posts of this source.")] = None,
    community: Annotated[str | None, typer.Option(help="Only posts of this community.")] = None,
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show a word in its context (keyword in context)."""
    from flows.released import open_released
    from warehouse.corpus import concordance
    from warehouse.corpus.population import Population, equal_to

    exports.check_names(names, to=to)
    with open_released(session.find_study(home)) as connection:
        found = concordance.kwic(
            connection,
            word,
            width=width,
            lines=lines,
            seed=seed,
            population=Population(where=equal_to(source=source, community=community)),
        )
    if not found.num_rows:
        typer.echo("No released post has that word; give one word as it is written.", err=True)
    if to is not None:
        exports.hand_over(home, found, to=to, what=f"kwic {word}", names=names)
        return
    output.print_rows(found.to_pylist(), form=output.chosen_form(as_json=as_json))
