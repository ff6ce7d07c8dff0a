"""`valuetalk index`, `kwic` and `sql`: the corpus, its lines and its tables.

What is printed comes from the controlled release; what is written to a file goes through the
controlled door, which names its recipient.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import output, session

if TYPE_CHECKING:
    import pyarrow as pa

commands = typer.Typer()
_PANEL = "Corpus"

ToOption = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="PERSON",
        help="Write a CSV file for this person under controlled/exports, and record it.",
    ),
]


@commands.command(rich_help_panel=_PANEL)
def index(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """Index the own words of posts that are new or were edited."""
    from dataclasses import asdict

    from warehouse.corpus.index import index_posts

    with session.open_study(home).warehouse() as warehouse:
        counts = asdict(index_posts(warehouse.connection))
    output.print_rows([counts], form=output.chosen_form(as_json=as_json))


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
    to: ToOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show a word in its context (keyword in context)."""
    from flows.released import open_released
    from warehouse.corpus import concordance

    with open_released(session.find_study(home)) as connection:
        found = concordance.kwic(
            connection,
            word,
            width=width,
            lines=lines,
            seed=seed,
            source=source,
            community=community,
        )
    if not found.num_rows:
        typer.echo("No released post has that word; give one word as it is written.", err=True)
    if to is not None:
        _export(home, found, to=to, what=f"kwic {word}")
        return
    output.print_rows(found.to_pylist(), form=output.chosen_form(as_json=as_json))


@commands.command(rich_help_panel=_PANEL)
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT statement; - reads standard input.")],
    home: session.HomeOption = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 1000,
    form: Annotated[
        str, typer.Option("--format", metavar="table|json|csv", help="How to print the rows.")
    ] = "table",
    to: ToOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Query the controlled release; nothing can be changed by it."""
    from flows.released import ask, open_released

    chosen = output.form_named("json" if as_json else form)
    text = sys.stdin.read() if query == "-" else query
    with open_released(session.find_study(home)) as connection:
        answer = ask(connection, text, limit=limit)
    if answer.cut:
        typer.echo(f"Only the first {limit} rows are shown; --limit gives more.", err=True)
    if to is not None:
        _export(home, answer.rows, to=to, what=f"sql {text.strip()}")
        return
    rows = answer.rows.to_pylist(maps_as_pydicts="strict")
    output.print_rows(rows, columns=answer.rows.column_names, form=chosen)


def _export(home: Path | None, rows: pa.Table, *, to: str, what: str) -> None:
    from flows.commands.exports import export_rows

    study = session.open_study(home)
    with study.warehouse() as warehouse:
        written = export_rows(warehouse, study.home, rows, to=to, what=what, now=study.clock.now())
    typer.echo(f"{rows.num_rows} rows were written to {written} and recorded as given to {to}.")
