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
_QUICKLY_READ = 100  # rows in which names are found without a word on how long it takes

ToOption = Annotated[
    str | None,
    typer.Option(
        "--to",
        metavar="PERSON",
        help="Write a CSV file for this person under controlled/exports, and record it.",
    ),
]
NamesOption = Annotated[
    bool | None,
    typer.Option(
        "--names/--no-names",
        help="With --to: take out people's names by the model of the extra 'names', or leave them"
        " in; taken out where the extra is installed.",
        show_default=False,
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
    names: NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Show a word in its context (keyword in context)."""
    from flows.released import open_released
    from warehouse.corpus import concordance

    _check_names(names, to=to)
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
        _export(home, found, to=to, what=f"kwic {word}", names=names)
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
    names: NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Query the controlled release; nothing can be changed by it."""
    from flows.released import ask, open_released

    _check_names(names, to=to)
    chosen = output.form_named("json" if as_json else form)
    text = sys.stdin.read() if query == "-" else query
    with open_released(session.find_study(home)) as connection:
        answer = ask(connection, text, limit=limit)
    if answer.cut:
        typer.echo(f"Only the first {limit} rows are shown; --limit gives more.", err=True)
    if to is not None:
        _export(home, answer.rows, to=to, what=f"sql {text.strip()}", names=names)
        return
    rows = answer.rows.to_pylist(maps_as_pydicts="strict")
    output.print_rows(rows, columns=answer.rows.column_names, form=chosen)


def _check_names(names: bool | None, *, to: str | None) -> None:
    if names and to is None:
        raise session.WrongUse("--names takes names out of a file: say with --to who gets it")


def _export(home: Path | None, rows: pa.Table, *, to: str, what: str, names: bool | None) -> None:
    from flows.commands.exports import export_rows

    leaving, taken_out = _cleared(rows, names=names)
    study = session.open_study(home)
    with study.warehouse() as warehouse:
        written = export_rows(
            warehouse,
            study.home,
            leaving,
            columns=rows.column_names,
            to=to,
            what=what + taken_out,
            now=study.clock.now(),
        )
    typer.echo(f"{rows.num_rows} rows were written to {written} and recorded as given to {to}.")


def _cleared(rows: pa.Table, *, names: bool | None) -> tuple[list[dict[str, object]], str]:
    """Return the rows as they may leave, and what the record says was taken out of them."""
    from flows.commands.exports import text_columns, without_names
    from warehouse.protection.names import NAMES_VERSION, NameRedactor
    from warehouse.protection.names_model import INSTALL, is_installed

    leaving: list[dict[str, object]] = rows.to_pylist(maps_as_pydicts="strict")
    texts = text_columns(rows.schema)
    if not texts or names is False:
        return leaving, ""
    if names is None and not is_installed():
        typer.echo(
            f"Names that no context tells stay in {', '.join(texts)}: the model that finds them is"
            f" not installed; {INSTALL} installs it.",
            err=True,
        )
        return leaving, ""
    if rows.num_rows > _QUICKLY_READ:
        typer.echo("Looking for names: a thousand long posts take two minutes.", err=True)
    cleared = without_names(leaving, columns=texts, redactor=NameRedactor())
    typer.echo(f"Names taken out of {', '.join(texts)}: {cleared.n_names}.", err=True)
    return cleared.rows, f" (names taken out, version {NAMES_VERSION})"
