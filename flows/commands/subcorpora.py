"""`valuetalk corpus`: selections of posts that are saved by name, and texts that repeat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import duplicates, output, selections, session

if TYPE_CHECKING:
    from flows.corpus import Corpus
    from flows.corpus.subcorpora import Subcorpus

commands = typer.Typer(
    name="corpus",
    help="Save selections of posts by name, and see which texts repeat.",
    rich_help_panel=selections.PANEL,
)
commands.add_typer(duplicates.commands)

NameArgument = Annotated[str, typer.Argument(metavar="NAME", help="Name of the sub-corpus.")]


@commands.command("save")
def save(
    name: NameArgument,
    home: session.HomeOption = None,
    *,
    where: Annotated[
        str, typer.Option(metavar="SQL", help="The condition that selects its posts.")
    ],
    note: Annotated[str, typer.Option(help="What it is for.", show_default=False)] = "",
    as_json: session.JsonOption = False,
) -> None:
    """Save a condition by name, with the hash of what it says.

    Example: valuetalk corpus save carers_uk --where "role = 'carers' AND country = 'GB'"
    """
    from flows.corpus.subcorpora import save_subcorpus
    from warehouse.records import WallClock

    with selections.asked(home, selections.Selection(where=where)) as (corpus, _):
        study = session.find_study(home)
        saved = save_subcorpus(study, name, where=where, note=note, now=WallClock().now())
        row = _described(corpus, saved)
    _print(row, as_json=as_json)


@commands.command("list")
def list_(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """List the saved sub-corpora with their definitions."""
    from flows.corpus.subcorpora import read_subcorpora

    rows = [
        {
            "name": each.name,
            "definition": each.definition,
            "sha256": each.sha256 if as_json else each.sha256[:12],
            "note": each.note,
            "saved_at": each.saved_at,
        }
        for each in read_subcorpora(session.find_study(home)).values()
    ]
    if not rows:
        typer.echo("No sub-corpus is saved; 'valuetalk corpus save' saves one.", err=True)
    output.print_rows(rows, form=output.chosen_form(as_json=as_json))


@commands.command("show")
def show(
    name: NameArgument,
    home: session.HomeOption = None,
    *,
    as_json: session.JsonOption = False,
) -> None:
    """Show what a sub-corpus is, and what it comes to in the release."""
    with selections.asked(home, selections.Selection(), saying="Counting") as (corpus, _):
        row = _described(corpus, corpus.subcorpus(name))
    _print(row, as_json=as_json)


@commands.command("remove")
def remove(name: NameArgument, home: session.HomeOption = None) -> None:
    """Forget a sub-corpus; its posts stay."""
    from flows.corpus.subcorpora import remove_subcorpus

    remove_subcorpus(session.find_study(home), name)
    typer.echo(f"{name} is no longer saved; its posts stay.")


def _described(corpus: Corpus, saved: Subcorpus) -> dict[str, object]:
    """Return a definition with what it comes to, and what of it does not count."""
    within = corpus.population(saved.definition)
    (size,) = corpus.sizes(within).to_pylist()
    out = {row["reason"]: row["n_posts"] for row in corpus.left_out(within).to_pylist()}
    return {
        "name": saved.name,
        "definition": saved.definition,
        "sha256": saved.sha256,
        "note": saved.note,
        "saved_at": saved.saved_at,
        **size,
        "left_out_automated": out.get("automated", 0),
        "left_out_duplicates": out.get("duplicate", 0),
    }


def _print(row: dict[str, object], *, as_json: bool) -> None:
    if as_json:
        output.print_json(row)
        return
    output.print_rows([{"what": key, "value": value} for key, value in row.items()])
