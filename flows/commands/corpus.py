"""`valuetalk index` and `sql`: the corpus and its tables.

What is printed comes from the controlled release; what is written to a file goes through the
controlled door, which names its recipient.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from flows.commands import exports, output, session

commands = typer.Typer()
_PANEL = "Corpus"


@commands.command(rich_help_panel=_PANEL)
def index(home: session.HomeOption = None, *, as_json: session.JsonOption = False) -> None:
    """Index the own words of posts that are new or were edited."""
    from dataclasses import asdict

    from warehouse.corpus.index import index_posts

    with session.open_study(home).warehouse() as warehouse:
        counts = asdict(index_posts(warehouse.connection))
    output.print_rows([counts], form=output.chosen_form(as_json=as_json))


@commands.command(rich_help_panel=_PANEL)
def sql(
    query: Annotated[str, typer.Argument(help="One SELECT statement; - reads standard input.")],
    home: session.HomeOption = None,
    *,
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 1000,
    form: Annotated[
        str, typer.Option("--format", metavar="table|json|csv", help="How to print the rows.")
    ] = "table",
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Query the controlled release; nothing can be changed by it."""
    from flows.released import ask, open_released

    exports.check_names(names, to=to)
    chosen = output.form_named("json" if as_json else form)
    text = sys.stdin.read() if query == "-" else query
    with open_released(session.find_study(home)) as connection:
        answer = ask(connection, text, limit=limit)
    if answer.cut:
        typer.echo(f"Only the first {limit} rows are shown; --limit gives more.", err=True)
    if to is not None:
        exports.hand_over(home, answer.rows, to=to, what=f"sql {text.strip()}", names=names)
        return
    rows = answer.rows.to_pylist(maps_as_pydicts="strict")
    output.print_rows(rows, columns=answer.rows.column_names, form=chosen)
