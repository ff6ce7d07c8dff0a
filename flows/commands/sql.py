"""`valuetalk sql`: any question that SQL can put to the controlled release, which it only reads.

What is printed comes from the controlled release; what is written to a file goes through the
controlled door, which names its recipient.
"""

from __future__ import annotations

import sys
from itertools import dropwhile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from flows.commands import exports, output, session

if TYPE_CHECKING:
    import pyarrow as pa

commands = typer.Typer()
_PLAN = ["explain_key", "explain_value"]
_MOST = 1_000_000_000


@commands.command(rich_help_panel="Corpus")
def sql(
    query: Annotated[
        str | None, typer.Argument(help="One SELECT statement; - reads standard input.")
    ] = None,
    home: session.HomeOption = None,
    *,
    file: Annotated[
        Path | None, typer.Option("--file", metavar="FILE", help="Read the query from a file.")
    ] = None,
    example: Annotated[
        str | None, typer.Option(metavar="NAME", help="Run a worked query; --list names them.")
    ] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Print the query instead of running it.")
    ] = False,
    listed: Annotated[bool, typer.Option("--list", help="List the worked queries.")] = False,
    limit: Annotated[int, typer.Option(min=1, max=_MOST, help="Most rows.")] = 1000,
    timeout: Annotated[float, typer.Option(min=0, help="Most seconds that it may take.")] = 600,
    form: Annotated[
        str,
        typer.Option(
            "--format",
            metavar="table|json|csv|parquet",
            help="How to print the rows, or what file to write with --to (csv or parquet).",
        ),
    ] = "table",
    to: exports.ToOption = None,
    names: exports.NamesOption = None,
    as_json: session.JsonOption = False,
) -> None:
    """Query the controlled release; nothing can be changed by it."""
    if listed:
        _list_worked_queries(as_json=as_json)
        return
    text = _query(query, file=file, example=example)
    if show:
        typer.echo(text.rstrip("\n"))
        return
    exports.check_names(names, to=to)
    wanted = "json" if as_json else form
    if to is not None:
        kind = exports.file_kind_named(wanted)
        rows = _answer(text, home, limit=limit, seconds=timeout)
        exports.hand_over(home, rows, to=to, what=f"sql {_asked(text)}", names=names, kind=kind)
        return
    if wanted == "parquet":
        raise session.WrongUse("a Parquet file is for somebody: say with --to who gets it")
    chosen = output.form_named(wanted)
    rows = _answer(text, home, limit=limit, seconds=timeout)
    values = _values(rows)
    if rows.column_names == _PLAN and chosen == "table":  # drawn over many lines
        typer.echo("\n".join(str(row["explain_value"]) for row in values))
        return
    output.print_rows(values, columns=rows.column_names, form=chosen)


def _values(rows: pa.Table) -> list[dict[str, object]]:
    try:
        return rows.to_pylist(maps_as_pydicts="strict")
    except (OverflowError, ValueError):
        raise session.WrongUse(
            "a time in the answer lies beyond the years 1 to 9999: cast it to VARCHAR"
        ) from None


def _query(query: str | None, *, file: Path | None, example: str | None) -> str:
    """Return the SQL that is asked for in one of the three ways; raises `WrongUse`."""
    if sum(given is not None for given in (query, file, example)) != 1:
        raise session.WrongUse(
            "give one query: as text, with --file, or with --example a worked one (see --list)"
        )
    if example is not None:
        return _worked(example)
    if file is not None:
        return file.read_text(encoding="utf-8")
    return sys.stdin.read() if query == "-" else str(query)


def _asked(text: str) -> str:
    """Return a query as the record of an export has it: without the comment at its head."""
    lines = text.strip().splitlines()
    return "\n".join(dropwhile(lambda line: line.startswith("--"), lines)) or text.strip()


def _worked(name: str) -> str:
    from difflib import get_close_matches

    from warehouse.release.worked_queries import worked_queries

    queries = worked_queries()
    if name in queries:
        return queries[name].sql
    near = get_close_matches(name, queries, n=1)
    meant = f"; did you mean {near[0]}?" if near else ";"
    raise session.WrongUse(
        f"there is no worked query {name}{meant} 'valuetalk sql --list' lists all"
    )


def _list_worked_queries(*, as_json: bool) -> None:
    from warehouse.release.worked_queries import worked_queries

    rows = [{"query": q.name, "question": q.question} for q in worked_queries().values()]
    output.print_rows(rows, form=output.chosen_form(as_json=as_json))


def _answer(text: str, home: Path | None, *, limit: int, seconds: float) -> pa.Table:
    """Return the first rows of the answer; says on standard error where there are more."""
    from rich.console import Console

    from flows.asking import ask
    from flows.progress import querying
    from flows.released import open_released

    with open_released(session.find_study(home)) as connection:
        answer = ask(
            connection,
            text,
            limit=limit,
            seconds=seconds,
            watched=querying(Console(stderr=True)),
        )
    if answer.cut:
        typer.echo(f"Only the first {limit} rows are shown; --limit gives more.", err=True)
    return answer.rows
